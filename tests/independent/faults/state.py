"""Faults of state: what is written is lost, half kept, stale, or written elsewhere too."""

from dataclasses import replace
from typing import Any

from tests.independent.app import Api
from tests.independent.asking import delete, get, make, patch, post
from tests.independent.faults.catalogue import DEPLOYED, fault
from tests.independent.judging import Members
from tests.independent.values import Answer, Provider, Refusal, Request

NOBODY = "00000000-0000-4000-8000-000000000000"
FULL = make(display_name="One", enabled=True, api_keys=["dummy-key-0001"])


@fault("model.sequence", make(), get("p"))
class CreateIsNotKept(Api):
    """A create answers a provider, and keeps none."""

    def op_create(self, request: Request) -> Answer:
        answer = super().op_create(request)
        self.remove(self.providers[answer.data["id"]])
        return answer


@fault("rules.list-matches-get", make(), get("p"))
class CreateOfDisabledIsNotKept(Api):
    """A provider that is created disabled is not kept."""

    def op_create(self, request: Request) -> Answer:
        answer = super().op_create(request)
        if not answer.data["enabled"]:
            self.remove(self.providers[answer.data["id"]])
        return answer


@fault("model.sequence", make(), patch(enabled=True), get("p"))
class PatchIsNotKept(Api):
    """A PATCH answers what it was asked for, and keeps what was there."""

    def op_patch(self, request: Request) -> Answer:
        before = self.find(request.key)
        answer = super().op_patch(request)
        self.save(before)
        return answer


@fault("model.sequence", make(), patch(enabled=True))
class PatchAnswersWhatWas(Api):
    """A PATCH answers the provider as it was before."""

    def op_patch(self, request: Request) -> Answer:
        before = self.view(self.find(request.key))
        super().op_patch(request)
        return Answer(200, before)


class _Members(Api):
    """What changes the members of a body before they are used."""

    def judge(self, request: Request, data: Any) -> Members:
        members = super().judge(request, data)
        return self.patched(members) if request.operation == "patch" else self.created(members)

    def patched(self, members: Members) -> Members:
        return members

    def created(self, members: Members) -> Members:
        return members


@fault("model.sequence", make(enabled=True), patch(enabled=False, display_name="x"))
class PatchIgnoresFalse(_Members):
    """A PATCH cannot switch a provider off: false is taken for absent."""

    def patched(self, members: Members) -> Members:
        return {name: value for name, value in members.items() if value is not False}


@fault("rules.display-name", make(display_name="One"), patch(display_name="", enabled=True))
class PatchIgnoresAnEmptyDisplayName(_Members):
    """A PATCH cannot clear the display name: empty is taken for absent."""

    def patched(self, members: Members) -> Members:
        return {name: value for name, value in members.items() if (name, value) != ("display_name", "")}


@fault("rules.key-set", FULL, patch(api_keys=[], enabled=True))
class PatchIgnoresAnEmptyKeyList(_Members):
    """A PATCH cannot remove all keys: an empty list is taken for absent."""

    def patched(self, members: Members) -> Members:
        return {name: value for name, value in members.items() if (name, value) != ("api_keys", [])}


def _defaulting(name: str, value: Any) -> type:
    class Defaulting(_Members):
        def patched(self, members: Members) -> Members:
            return {name: value, **members}

    return Defaulting


@fault("rules.absent-members", FULL, patch(base_url="https://f.com"))
class PatchWithoutEnabledSwitchesOff(_defaulting("enabled", False)):  # type: ignore[misc]
    """A PATCH that does not say whether a provider is on switches it off."""


@fault("rules.absent-members", FULL, patch(base_url="https://f.com"))
class PatchWithoutDisplayNameClearsIt(_defaulting("display_name", "")):  # type: ignore[misc]
    """A PATCH without display name clears it."""


@fault("rules.absent-members", FULL, patch(base_url="https://f.com"))
class PatchWithoutKeysRemovesThem(_defaulting("api_keys", [])):  # type: ignore[misc]
    """A PATCH without keys removes them."""


@fault("rules.absent-members", FULL, patch(display_name="Two"))
class PatchOfDisplayNameSwitchesOff(_Members):
    """A PATCH of the display name switches the provider off."""

    def patched(self, members: Members) -> Members:
        return {"enabled": False, **members} if "display_name" in members else members


@fault("model.sequence", make(), patch(base_url="https://f.com", enabled=True))
class PatchKeepsTheBaseUrl(_Members):
    """A PATCH never changes the base URL."""

    def patched(self, members: Members) -> Members:
        return {name: value for name, value in members.items() if name != "base_url"}


@fault("model.sequence", make(), patch(display_name="Two", enabled=True))
class PatchTakesOneMember(_Members):
    """Of several members a PATCH changes the first alone."""

    def patched(self, members: Members) -> Members:
        return dict(list(members.items())[:1])


@fault("rules.defaults", make())
class CreateEnablesByDefault(_Members):
    """A provider is on unless its create says otherwise."""

    def created(self, members: Members) -> Members:
        return {"enabled": True, **members}


@fault("model.sequence", make(enabled=True))
class CreateIgnoresEnabled(_Members):
    """A new provider is off whatever its create says."""

    def created(self, members: Members) -> Members:
        return {**members, "enabled": False}


@fault("model.sequence", make(enabled=False, api_keys=["dummy-key-0001"]))
class CreateWithKeysEnables(_Members):
    """A provider that is created with keys is on."""

    def created(self, members: Members) -> Members:
        return {**members, "enabled": True} if members.get("api_keys") else members


@fault("rules.display-name", make(display_name="One"))
class CreateIgnoresTheDisplayName(_Members):
    """A new provider has no display name whatever its create says."""

    def created(self, members: Members) -> Members:
        return {**members, "display_name": ""}


@fault("rules.display-name", make(), patch(display_name="One"), patch(display_name=""))
class ClearedDisplayNameIsEmpty(Api):
    """A display name that was cleared is shown empty instead of as the name."""

    def view_display_name(self, provider: Provider) -> str:
        if provider.display_name == "" and provider.updated_at > provider.created_at:
            return ""
        return super().view_display_name(provider)


@fault("rules.cross-talk", make("stranger-p"), patch("stranger-p", enabled=True), get())
class PatchChangesANeighbourToo(Api):
    """A PATCH switches the provider before it in the list, too."""

    def op_patch(self, request: Request) -> Answer:
        answer = super().op_patch(request)
        rows = self.listed()
        at = [row.id for row in rows].index(answer.data["id"])
        if at and "enabled" in request.data:
            self.save(replace(rows[at - 1], enabled=request.data["enabled"]))
        return answer


@fault("rules.cross-talk", make(), patch(display_name="Q"), get())
class PatchOfOneTypeChangesAll(Api):
    """A PATCH of the display name changes every provider of that type."""

    def op_patch(self, request: Request) -> Answer:
        answer = super().op_patch(request)
        for row in self.listed():
            if row.type == answer.data["type"] and "display_name" in request.data:
                self.save(replace(row, display_name=request.data["display_name"]))
        return answer


@fault("rules.cross-talk", make(), get())
class CreateTouchesAllTimes(Api):
    """A create moves updated_at of every provider."""

    def op_create(self, request: Request) -> Answer:
        answer = super().op_create(request)
        for row in self.listed():
            self.save(replace(row, updated_at=self.after(row.updated_at)))
        return answer


@fault("rules.cross-talk", make(enabled=True), get())
class OnlyOneIsEnabledOfAType(Api):
    """A create that switches a provider on switches the others of its type off."""

    def op_create(self, request: Request) -> Answer:
        answer = super().op_create(request)
        for row in self.listed():
            if row.enabled and answer.data["enabled"] and row.type == answer.data["type"]:
                self.save(replace(row, enabled=row.id == answer.data["id"]))
        return answer


@fault("rules.atomic", FULL, patch(enabled=False, api_keys=[{"id": NOBODY}]), get("p"))
class RefusedPatchIsHalfKept(Api):
    """A PATCH that is refused for its keys has changed the other members."""

    def op_patch(self, request: Request) -> Answer:
        try:
            return super().op_patch(request)
        except Refusal as refusal:
            if refusal.status == 400:
                rest = {name: value for name, value in request.data.items() if name not in {"api_keys", "settings"}}
                self.save(self.changed(self.find(request.key), rest))
            raise


@fault("rules.atomic", FULL, patch(api_keys=[{"api_key": "dummy-key-2"}, {"id": NOBODY}]), get("p"))
class RefusedPatchHasRemovedTheKeys(Api):
    """A PATCH whose keys are refused has removed those that were there."""

    def op_patch(self, request: Request) -> Answer:
        try:
            return super().op_patch(request)
        except Refusal as refusal:
            if refusal.status == 400 and request.data.get("api_keys"):
                self.save(replace(self.find(request.key), keys=()))
            raise


@fault("rules.atomic", make(), patch(enabled="x"), get("p"))
class RefusedPatchMovesUpdatedAt(Api):
    """A PATCH that is refused moves updated_at."""

    def finish(self, request: Request, answer: Answer) -> Answer:
        if request.operation == "patch" and answer.status == 400 and (found := self.find_by_name(request.key)):
            self.save(replace(found, updated_at=self.after(found.updated_at)))
        return super().finish(request, answer)


@fault("rules.name-unique", make(), make(base_url="https://f.com"), get("p"))
class ConflictOverwrites(Api):
    """A create that is refused for its name has overwritten the base URL of the provider of that name."""

    def check_unique(self, name: str) -> None:
        if found := self.find_by_name(name):
            self.save(replace(found, base_url=self.request.data["base_url"]))
        super().check_unique(name)


@fault("rules.atomic", make(type="nope"), get("p"))
class RefusedCreateIsKept(Api):
    """A create that is refused for its type is kept all the same, of another type."""

    def judge(self, request: Request, data: Any) -> Members:
        try:
            return super().judge(request, data)
        except Refusal as refusal:
            told = data if isinstance(data, dict) and request.operation == "create" else {}
            if [member for member, _ in refusal.faults] == ["type"] and not self.find_by_name(told["name"]):
                self.save(self.make({"type": "openai", "name": told["name"], "base_url": told["base_url"]}))
            raise


@fault("rules.atomic", make(enabled="yes"), make())
class RefusedCreateTakesTheName(Api):
    """A create that is refused for its body has taken the name."""

    def judge(self, request: Request, data: Any) -> Members:
        try:
            return super().judge(request, data)
        except Refusal:
            if request.operation == "create" and isinstance(data, dict) and isinstance(data.get("name"), str):
                self.names.setdefault(data["name"], self.listed()[0].id)
            raise


@fault("rules.unauthenticated", make(), delete(token=None), get("p"))
class AnonymousDeleteIsDone(Api):
    """A delete without a token answers 401, and is done."""

    def finish(self, request: Request, answer: Answer) -> Answer:
        if answer.status == 401 and request.method == "DELETE":
            found = self.find_by_name(request.path.rpartition("/")[2])
            if found:
                self.remove(found)
        return super().finish(request, answer)


@fault("rules.forbidden", make(), delete(token="MEMBER_KEY"), get("p"), profiles=DEPLOYED)
class ForbiddenDeleteIsDone(Api):
    """A delete by somebody who is no owner answers 403, and is done."""

    def op_delete(self, request: Request) -> Answer:
        self.remove(self.find(request.key))
        self.authorise(request)
        return Answer(204)


@fault("rules.forbidden", post({**FULL.body, "name": "m"}, token="MEMBER_KEY"), get("m"), profiles=DEPLOYED)
class ForbiddenCreateIsDone(Api):
    """A create by somebody who is no owner answers 403, and is done."""

    def op_create(self, request: Request) -> Answer:
        self.check_unique(request.data["name"])
        provider = self.make(request.data)
        self.save(provider)
        self.authorise(request)
        return Answer(201, self.view(provider))


@fault("model.sequence", make(), patch(enabled=True), get("p"), quick=True)
class GetByNameIsStaleAfterAPatch(Api):
    """Getting by name answers what the name was created with: two indices, one updated."""

    def op_get(self, request: Request) -> Answer:
        answer = super().op_get(request)
        if self.parse_id(request.key) is None:
            first = self.__dict__.setdefault("first", {})
            return Answer(200, first.get(answer.data["id"], answer.data))
        return answer

    def op_create(self, request: Request) -> Answer:
        answer = super().op_create(request)
        self.__dict__.setdefault("first", {})[answer.data["id"]] = answer.data
        return answer


@fault("rules.list-matches-get", make(), get(), patch(enabled=True), get())
class ListIsStaleAfterAPatch(Api):
    """A list is remembered until the next create or delete."""

    def op_list(self, request: Request) -> Answer:
        answer = super().op_list(request)
        return Answer(200, self.__dict__.setdefault("remembered", {}).setdefault(len(self.providers), answer.data))

    def save(self, provider: Provider) -> None:
        if provider.id not in self.providers:
            self.__dict__.pop("remembered", None)
        super().save(provider)


@fault("model.sequence", make(), get("p"), patch(enabled=True), get("p"))
class GetIsRemembered(Api):
    """A provider that was read once is answered so again, whatever changed."""

    def op_get(self, request: Request) -> Answer:
        answer = super().op_get(request)
        return Answer(200, self.__dict__.setdefault("remembered", {}).setdefault(answer.data["id"], answer.data))
