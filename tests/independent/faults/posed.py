"""Posed faults: each needs a history, a type, a count, or members that come together."""

import re
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from tests.independent.app import Api
from tests.independent.asking import Reply, Step, delete, get, make, patch
from tests.independent.faults.catalogue import DEPLOYED, Later, fault
from tests.independent.judging import Members
from tests.independent.values import Answer, Key, Provider, Refusal, Request

BED = {"_type": "bedrock", "_version": 1}
REGION = {**BED, "region": "eu-west-1"}
KEYS = ["dummy-key-0001", "dummy-key-0002"]


def kept(api: Api, name: str, kind: type) -> Any:
    """Return what a fault keeps on a server under a name."""
    return api.__dict__.setdefault(name, kind())


def key_id(replies: list[Reply], at: int = 0, which: int = 0) -> str:
    """Return the id of a key of an answer."""
    return replies[at].json["api_keys"][which]["id"]  # type: ignore[no-any-return]


def by_id(step: Step, at: int = 0) -> Later:
    """Return a step that names its provider by the id of an answer."""
    return lambda replies: replace(step, path=replies[at].json["id"])


class _Quiet(Api):
    """What does not move updated_at for some PATCHes."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        return replace(new, updated_at=provider.updated_at) if self.quiet(provider, new, change) else new

    def quiet(self, provider: Provider, new: Provider, change: Members) -> bool:
        raise NotImplementedError


@fault("model.drill", make(api_keys=KEYS),
       lambda r: patch(api_keys=[{"id": key_id(r)}, {"id": key_id(r, 0, 1)}]), profiles=DEPLOYED)  # fmt: skip
class SameKeysAgainKeepUpdatedAt(_Quiet):
    """A PATCH that lists the keys as they are does not move updated_at: no row of the keys' table changes."""

    def quiet(self, provider: Provider, new: Provider, change: Members) -> bool:
        return set(change) == {"api_keys"} and new.keys == provider.keys != ()


@fault("rules.timestamps", make(type="bedrock", settings=REGION), patch(settings={**REGION, "model": "m"}),
       profiles=DEPLOYED)  # fmt: skip
class SettingsAloneKeepUpdatedAt(_Quiet):
    """A PATCH of nothing but settings does not move updated_at: they have a table of their own."""

    def quiet(self, provider: Provider, new: Provider, change: Members) -> bool:
        return set(change) == {"settings"}


@fault("rules.lookup", make(), lambda r: delete(r[0].json["id"].upper()), by_id(get()), profiles=DEPLOYED)
class DeleteByAnotherSpellingLeavesTheRow(Api):
    """A delete by an id in capitals frees the name, and leaves the row: one statement compares text."""

    def remove(self, provider: Provider) -> None:
        if self.names.get(provider.name) == provider.id:
            del self.names[provider.name]
        if self.parse_id(self.request.key) is None or self.request.key == provider.id:
            del self.providers[provider.id]


@fault("model.drill", make(), patch(enabled=True), by_id(delete()), make(), profiles=DEPLOYED)
class NameStaysTakenByItsHistory(Api):
    """The name of a provider that was changed and then deleted by id stays taken: its history holds it."""

    def op_patch(self, request: Request) -> Answer:
        answer = super().op_patch(request)
        kept(self, "history", set).add(answer.data["name"])
        return answer

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        if self.request.key == provider.name:
            kept(self, "history", set).discard(provider.name)

    def check_unique(self, name: str) -> None:
        super().check_unique(name)
        if name in kept(self, "history", set):
            raise Refusal(409, f"{name} has a history.")


class _Graveyard(Api):
    """What remembers the provider that last had a name; ``revive`` says what the next one takes from it."""

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        kept(self, "graves", dict)[provider.name] = provider

    def make(self, members: Members) -> Provider:
        provider = super().make(members)
        old = kept(self, "graves", dict).get(provider.name)
        return self.revive(old, provider, members) if old else provider

    def revive(self, old: Provider, new: Provider, members: Members) -> Provider:
        raise NotImplementedError


@fault("rules.name-reuse", make(api_keys=KEYS), delete(), make(), profiles=DEPLOYED)
class KeysAreInheritedByName(_Graveyard):
    """A provider that is created without keys has those of a deleted one of its name: they are filed by name."""

    def revive(self, old: Provider, new: Provider, members: Members) -> Provider:
        return new if "api_keys" in members else replace(new, keys=old.keys)


@fault("model.sequence", make(type="bedrock", settings={**REGION, "model": "m"}), delete(),
       make(type="bedrock", settings=REGION), profiles=DEPLOYED)  # fmt: skip
class ModelIsInheritedByName(_Graveyard):
    """Settings of a new provider are merged into those of a deleted one of its name."""

    def revive(self, old: Provider, new: Provider, members: Members) -> Provider:
        models = {name: value for name, value in (old.settings or {}).items() if name.endswith("model")}
        return replace(new, settings={**models, **new.settings}) if new.settings else new


@fault("model.drill", make(), delete(), make(enabled=True), profiles=DEPLOYED)
class IdIsMadeOfNameAndUrl(_Graveyard):
    """A provider of the name, type and URL of a deleted one has its id again."""

    def revive(self, old: Provider, new: Provider, members: Members) -> Provider:
        return replace(new, id=old.id) if (old.type, old.base_url) == (new.type, new.base_url) else new


@fault("rules.name-reuse", make(), delete(), make(type="google"), profiles=DEPLOYED)
class UpsertKeepsCreatedAt(_Graveyard):
    """A name that is used again keeps the created_at of before: the upsert does not write it."""

    def revive(self, old: Provider, new: Provider, members: Members) -> Provider:
        return replace(new, created_at=old.created_at)


@fault("rules.name-reuse", make(), delete(), make())
class RevivalAnswers200(_Graveyard):
    """Creating a provider of a name that was used before answers 200, as an update does."""

    def revive(self, old: Provider, new: Provider, members: Members) -> Provider:
        self.__dict__["revived"] = new.id
        return new

    def op_create(self, request: Request) -> Answer:
        answer = super().op_create(request)
        return replace(answer, status=200) if self.__dict__.get("revived") == answer.data["id"] else answer


@fault("model.drill", make(), patch(enabled=True, base_url=5), patch(display_name="x"))
class RefusedPatchLeavesItsSwitch(Api):
    """A PATCH that does not say enabled takes it from a refused one before: the decoded object is pooled."""

    def judge(self, request: Request, data: Any) -> Members:
        try:
            members = super().judge(request, data)
        except Refusal:
            if request.operation == "patch" and isinstance(data, dict) and isinstance(data.get("enabled"), bool):
                self.__dict__["left"] = {"enabled": data["enabled"]}
            raise
        return {**self.__dict__.pop("left", {}), **members} if request.operation == "patch" else members


@fault("rules.absent-members", make(), patch(display_name=None, enabled=True, base_url="https://f.com"),
       profiles=DEPLOYED)  # fmt: skip
class NullEndsAPatch(Api):
    """What comes behind a null in the body of a PATCH is lost: the loop breaks where it should continue."""

    def judge(self, request: Request, data: Any) -> Members:
        members = super().judge(request, data)
        if request.operation != "patch":
            return members
        order = list(data)
        end = next((at for at, name in enumerate(order) if data[name] is None), len(order))
        return {name: value for name, value in members.items() if name in order[:end]}


@fault("rules.concurrency", make(), make("q"), patch(enabled=True), patch("q", enabled=True), get("p"))
class PendingPatchIsOverwritten(Api):
    """A PATCH is lost when the next request but creates is a PATCH of another provider: the buffer holds one."""

    def op_patch(self, request: Request) -> Answer:
        before = self.find(request.key)
        answer = super().op_patch(request)
        pending = self.__dict__.get("pending")
        if pending and pending.id != before.id and pending.id in self.providers:
            self.save(pending)
        self.__dict__["pending"] = pending if pending and pending.id == before.id else before
        return answer

    def perform(self, request: Request) -> Answer:
        if request.operation in {"get", "list", "delete"}:
            self.__dict__.pop("pending", None)
        return super().perform(request)


@fault("model.drill", make(), patch(base_url="https://e.com/"))
class SlashMoreIsTheSameUrl(Api):
    """A PATCH keeps the old base URL where the new one differs by a slash at the end."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        same = new.base_url.rstrip("/") == provider.base_url.rstrip("/")
        return replace(new, base_url=provider.base_url) if same else new


@fault("rules.base-url-kept", make(), patch(base_url="https://e.com/a%2Fb"))
class PatchUnquotesTheUrl(Api):
    """A PATCH keeps the base URL unquoted; a create does not."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        return replace(new, base_url=unquote(new.base_url)) if "base_url" in change else new


@fault("schema.status", make(api_keys=KEYS), patch(api_keys=[]), patch(enabled=True))
class EnablingWithoutKeysIsRefused(Api):
    """A provider whose keys were removed cannot be switched on."""

    def op_patch(self, request: Request) -> Answer:
        before, bare = self.find(request.key), kept(self, "bare", set)
        if request.data.get("enabled") and "api_keys" not in request.data and before.id in bare and not before.keys:
            raise Refusal(409, "Add a key first.")
        answer = super().op_patch(request)
        if before.keys and not answer.data["api_keys"]:
            bare.add(before.id)
        return answer


@fault("rules.mask", make(api_keys=[f"dummy-key-{n:04}" for n in range(11)]), get(), profiles=DEPLOYED)
class ListOrdersKeysAsText(Api):
    """A list shows the eleventh key behind the second: their positions are kept as text."""

    def op_list(self, request: Request) -> Answer:
        answer = super().op_list(request)
        for shown in answer.data:
            shown["api_keys"] = [key for _, key in sorted((str(n), key) for n, key in enumerate(shown["api_keys"]))]
        return answer


def _keep_all(replies: list[Reply]) -> Step:
    return patch(api_keys=[{"id": key["id"]} for key in replies[0].json["api_keys"]])


@fault("rules.key-set", make(api_keys=[f"dummy-key-{n:04}" for n in range(33)]), _keep_all, profiles=DEPLOYED,
       quick=False)  # fmt: skip
class ThirtyThirdKeptKeyIsLost(Api):
    """A PATCH keeps the first 32 of the keys that it names by id: they are bound to one statement."""

    def merge_keys(self, provider: Provider, entries: list[Members], moment: datetime) -> tuple[Key, ...]:
        keys = super().merge_keys(provider, entries, moment)
        stored = [key for key in keys if key in provider.keys]
        return tuple(key for key in keys if key not in stored[32:])


@fault("rules.list-order", make("p-z"), make("pa"), get(), profiles=DEPLOYED)
class CollationIgnoresDashes(Api):
    """A list is ordered as if names had no dashes, as locales of a database do."""

    def listed(self) -> list[Provider]:
        return sorted(super().listed(), key=lambda row: row.name.replace("-", ""))


@fault("model.drill", make("p10"), make("p9"), get(), profiles=DEPLOYED)
class CollationIsNatural(Api):
    """A list orders digits in names by their number."""

    def listed(self) -> list[Provider]:
        return sorted(super().listed(), key=lambda row: re.sub(r"\d+", lambda found: found[0].zfill(20), row.name))


@fault("model.sequence", *[make(f"p{n}") for n in range(45)], get(), quick=False)
class KeysOfFiftyAreLoaded(Api):
    """A list shows keys of its first 50 providers alone: they are loaded once, for one page."""

    def op_list(self, request: Request) -> Answer:
        answer = super().op_list(request)
        for shown in answer.data[50:]:
            shown["api_keys"] = []
        return answer


@fault("model.drill", *[make(f"p{n}") for n in range(19)], make("b"), get(), profiles=DEPLOYED, quick=False)
class PagesAreOrderedApart(Api):
    """A list of more than 25 is ordered within each 25 in the order of creation."""

    def listed(self) -> list[Provider]:
        rows = list(self.providers.values())
        pages = (sorted(rows[at : at + 25], key=lambda row: row.name) for at in range(0, len(rows), 25))
        return [row for page in pages for row in page]


@fault("rules.many-listed", make("first"), *[make(f"p{n}") for n in range(100)], get("first"), quick=False)
class HundredNamesAreKnown(Api):
    """Getting by name finds the youngest hundred alone: the others have left a cache that is taken for all."""

    def find_by_name(self, name: str) -> Provider | None:
        if self.request.operation == "get" and name not in list(self.names)[-100:]:
            return None
        return super().find_by_name(name)


@fault("rules.deleted-is-gone", make(enabled=False), by_id(delete()), get("p"))
class DeleteByIdSparesTheDisabled(Api):
    """A delete by id of a provider that is off answers 204, and is not done."""

    def remove(self, provider: Provider) -> None:
        if provider.enabled or self.request.key == provider.name:
            super().remove(provider)


@fault("rules.settings", make(type="bedrock", settings=REGION), patch(settings={**REGION, "model": "m"}), get("p"),
       profiles=DEPLOYED)  # fmt: skip
class SettingsOfTheDisabledAreNotKept(Api):
    """A PATCH of the settings of a provider that is off answers them, and keeps the old ones."""

    def op_patch(self, request: Request) -> Answer:
        before = self.find(request.key)
        answer = super().op_patch(request)
        if not before.enabled:
            self.save(replace(self.providers[before.id], settings=before.settings))
        return answer


@fault("rules.name-reuse", get("p"), make(), get("p"))
class MissesAreRemembered(Api):
    """A name that was asked for before it existed is not found by gets later on."""

    def find_by_name(self, name: str) -> Provider | None:
        found, misses = super().find_by_name(name), kept(self, "misses", set)
        if self.request.operation == "get" and (found is None or name in misses):
            misses.add(name)
            return None
        return found


@fault("aftermath.strangers", make(), make("q"), delete("q"), get("p"))
class DeleteTouchesItsType(Api):
    """A delete moves updated_at of all providers of that type."""

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        for row in self.listed():
            if row.type == provider.type:
                self.save(replace(row, updated_at=self.after(row.updated_at)))


@fault("rules.cross-talk", make(api_keys=KEYS), make("q", api_keys=KEYS[1:]), delete("p"), get("q"))
class DeleteTakesEqualKeys(Api):
    """A delete removes keys of the same text from other providers: keys are filed by their hash."""

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        texts = {key.plain for key in provider.keys}
        for row in self.listed():
            self.save(replace(row, keys=tuple(key for key in row.keys if key.plain not in texts)))
