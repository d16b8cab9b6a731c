"""Faults that show only under one more condition: of one type, when disabled, at the eleventh, on the second PATCH."""

import re
from dataclasses import replace
from typing import Any

from tests.independent.access import TOKEN_NAME
from tests.independent.app import Api
from tests.independent.asking import Reply, Step, delete, get, make, patch
from tests.independent.faults.catalogue import DEPLOYED, fault
from tests.independent.faults.listing import many
from tests.independent.judging import Members
from tests.independent.values import Answer, Key, Provider, Refusal, Request


@fault("model.sequence", make(), get("p"))
class DisabledAreNotFound(Api):
    """A provider that is off is not found by a get."""

    def op_get(self, request: Request) -> Answer:
        if not self.find(request.key).enabled:
            raise Refusal(404, "There is no such provider.")
        return super().op_get(request)


@fault("model.sequence", make(), patch(display_name="One"))
class DisabledCannotBePatched(Api):
    """A provider that is off cannot be changed, but for being switched on."""

    def op_patch(self, request: Request) -> Answer:
        if not self.find(request.key).enabled and not request.data.get("enabled"):
            raise Refusal(409, "Enable it first.")
        return super().op_patch(request)


@fault("model.sequence", make(), delete())
class DisabledCannotBeDeleted(Api):
    """A provider that is off cannot be deleted."""

    def op_delete(self, request: Request) -> Answer:
        if not self.find(request.key).enabled:
            raise Refusal(404, "There is no such provider.")
        return super().op_delete(request)


@fault("rules.key-set", make(api_keys=["dummy-key"], enabled=True), patch(enabled=False))
class SwitchingOffRemovesKeys(Api):
    """Switching a provider off removes its keys."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        return replace(new, keys=()) if provider.enabled and not new.enabled else new


@fault("model.sequence", make(), patch(api_keys=[{"api_key": "dummy-key"}]))
class AddingKeysSwitchesOn(Api):
    """A PATCH that adds keys switches the provider on."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        return replace(new, enabled=True) if len(new.keys) > len(provider.keys) else new


@fault("model.sequence", make(enabled=True, display_name="One"), patch(enabled=False))
class SwitchingOffClearsTheDisplayName(Api):
    """Switching a provider off clears its display name."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        return replace(new, display_name="") if provider.enabled and not new.enabled else new


@fault("model.sequence", make(), patch(enabled=True), patch(enabled=False))
class SecondPatchIsLost(Api):
    """The second PATCH of a provider answers 200, and changes nothing but the time."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        number = self.tally(f"patch of {provider.id}")
        return super().changed(provider, {} if number == 2 else change)


@fault("schema.server-error", make(), patch(enabled=True), patch(enabled=True), patch(enabled=True), quick=False)
class ThirdPatchAnswers500(Api):
    """The third PATCH of a provider answers 500."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        if self.tally(f"patch of {provider.id}") == 3:
            raise Refusal(500, "version conflict")
        return super().changed(provider, change)


@fault("rules.key-set", make(), patch(api_keys=[{"api_key": "dummy-1"}]), patch(api_keys=[{"api_key": "dummy-2"}]))
class SecondPatchOfKeysAddsToTheFirst(Api):
    """From the second PATCH of its keys on, keys are added, and none is removed."""

    def merge_keys(self, provider: Provider, entries: list[Members], moment: Any) -> tuple[Key, ...]:
        new = super().merge_keys(provider, entries, moment)
        if self.tally(f"keys of {provider.id}") < 2:
            return new
        return (*provider.keys, *(key for key in new if key not in provider.keys))


def _typed(kind: str) -> list[Step]:
    return [make(type=kind, display_name="One", enabled=True)]


@fault("rules.display-name", *_typed("google"), quick=False)
class GoogleLosesItsDisplayName(Api):
    """A provider of type google is created without its display name."""

    def make(self, members: Members) -> Provider:
        new = super().make(members)
        return replace(new, display_name="") if new.type == "google" else new


@fault("model.sequence", *_typed("azure"), quick=False)
class AzureIsCreatedDisabled(Api):
    """A provider of type azure is created off whatever its create says."""

    def make(self, members: Members) -> Provider:
        new = super().make(members)
        return replace(new, enabled=False) if new.type == "azure" else new


@fault("rules.timestamps", make(type="vercel"), patch(enabled=True), quick=False)
class VercelIsNeverUpdated(Api):
    """A PATCH does not move updated_at of the type vercel."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        return replace(new, updated_at=provider.updated_at) if provider.type == "vercel" else new


@fault("schema.server-error", make(type="openrouter"), get("p"), quick=False)
class OpenrouterAnswers500(Api):
    """Getting a provider of type openrouter answers 500."""

    def op_get(self, request: Request) -> Answer:
        if self.find(request.key).type == "openrouter":
            raise Refusal(500, "no adapter")
        return super().op_get(request)


@fault("rules.deleted-is-gone", make(type="anthropic"), delete(), get("p"), quick=False)
class AnthropicIsNotDeleted(Api):
    """A provider of type anthropic answers 204 to a delete, and stays."""

    def remove(self, provider: Provider) -> None:
        if provider.type != "anthropic":
            super().remove(provider)


@fault("rules.unicode", make(display_name="é"), get("p"))
class ForeignDisplayNamesAreNotRead(Api):
    """A get of a provider whose display name is not ASCII answers 500."""

    def op_get(self, request: Request) -> Answer:
        if not self.find(request.key).display_name.isascii():
            raise Refusal(500, "codec error")
        return super().op_get(request)


@fault("rules.unicode", make(display_name="é"), patch(enabled=True))
class PatchSpoilsForeignDisplayNames(Api):
    """A PATCH of something else spoils a display name that is not ASCII."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        if "display_name" in change or new.display_name.isascii():
            return new
        return replace(new, display_name=new.display_name.encode().decode("latin-1"))


def _in_capitals(method: str, **members: Any) -> Any:
    def step(seen: list[Reply]) -> Step:
        return Step(method, seen[0].json["id"].upper(), members or None)

    return step


@fault("rules.lookup", make(), _in_capitals("PATCH", enabled=True), get("p"), quick=False, profiles=DEPLOYED)
class PatchByAnIdInCapitalsIsNotKept(Api):
    """A PATCH by an id in capitals answers well, and keeps nothing."""

    def op_patch(self, request: Request) -> Answer:
        before = self.find(request.key)
        answer = super().op_patch(request)
        if request.key != request.key.lower():
            self.save(before)
        return answer


@fault("rules.deleted-is-gone", make(), _in_capitals("DELETE"), get("p"), quick=False, profiles=DEPLOYED)
class DeleteByAnIdInCapitalsIsNotDone(Api):
    """A delete by an id in capitals answers 204, and deletes nothing."""

    def remove(self, provider: Provider) -> None:
        if self.request.key == self.request.key.lower():
            super().remove(provider)


@fault("rules.deleted-is-gone", make(), lambda seen: delete(seen[0].json["id"]), get("p"))
class DeleteByIdIsNotDone(Api):
    """A delete by id answers 204, and deletes nothing."""

    def remove(self, provider: Provider) -> None:
        if not self.parse_id(self.request.key):
            super().remove(provider)


@fault("rules.auth-carriers", get(token=None, headers={"Cookie": f"{TOKEN_NAME}=API_KEY"}), profiles=DEPLOYED)
class CookieListsTheEnabledAlone(Api):
    """Whoever is signed in by cookie gets a list without what is off."""

    def listed(self) -> list[Provider]:
        return [row for row in super().listed() if row.enabled or TOKEN_NAME not in self.request.cookies]


@fault("rules.many-listed", *many(10), make("eleventh", enabled=True), quick=False)
class EleventhIsDisabled(Api):
    """From the eleventh create on providers are off."""

    def make(self, members: Members) -> Provider:
        new = super().make(members)
        return replace(new, enabled=False) if self.tally("create") > 10 else new


@fault("rules.many-listed", *many(10), make("eleventh"))
class EleventhCreateAnswers500(Api):
    """The eleventh create answers 500."""

    def make(self, members: Members) -> Provider:
        if self.tally("create") == 11:
            raise Refusal(500, "pool is exhausted")
        return super().make(members)


@fault("rules.many-listed", *many(11), patch("p010", enabled=True), get("p010"), quick=False)
class PatchOfTheEleventhIsNotKept(Api):
    """A PATCH of what was created eleventh or later answers well, and keeps nothing."""

    def make(self, members: Members) -> Provider:
        new = super().make(members)
        if self.tally("create") > 10:
            self.__dict__.setdefault("late", set()).add(new.id)
        return new

    def op_patch(self, request: Request) -> Answer:
        before = self.find(request.key)
        answer = super().op_patch(request)
        if before.id in self.__dict__.get("late", ()):
            self.save(before)
        return answer


@fault("rules.key-set", make(api_keys=[f"dummy-{n}" for n in range(11)]), quick=False)
class EleventhKeyIsNotShown(Api):
    """A provider shows ten keys."""

    def view(self, provider: Provider) -> dict[str, Any]:
        shown = super().view(provider)
        return {**shown, "api_keys": shown["api_keys"][:10]}


@fault("rules.base-url", make(base_url="https://user:dummy@e.com/v1"), quick=False, profiles=DEPLOYED)
class CredentialsInABaseUrlAreDropped(Api):
    """A base URL loses its user."""

    def make(self, members: Members) -> Provider:
        new = super().make(members)
        return replace(new, base_url=re.sub("//[^/@]*@", "//", new.base_url))
