"""Faults held out, by somebody who did not know the suite: of caches, of making anew, of keys and settings."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from tests.independent.app import Api
from tests.independent.asking import Step, delete, get, make, patch
from tests.independent.faults.catalogue import DEPLOYED, Later, declare_as, fault
from tests.independent.faults.conceived import (
    BEDROCK,
    FULL,
    PLAIN_SETTINGS,
    SECRETS,
    THREE,
    TWO,
    UNKNOWN,
    Entries,
    _entries,
    _first_id,
)
from tests.independent.judging import SETTINGS_SECRETS, Members, parse_uuid
from tests.independent.values import Answer, Key, Provider, Refusal, Request


@fault("rules.name-unique", make(), make())
class TakenNamesGetANumber(Api):
    """A create of a taken name answers 201, and gets a number behind its name."""

    def op_create(self, request: Request) -> Answer:
        name, number = request.data["name"], 1
        while self.find_by_name(request.data["name"]):
            number += 1
            request.data["name"] = f"{name}-{number}"
        return super().op_create(request)


@fault("rules.atomic", make(), make(api_keys=["dummy-key"]), get("p"), quick=False)
class ConflictAddsItsKeys(Api):
    """A create that is refused for its name has added its keys to the provider of that name."""

    def check_unique(self, name: str) -> None:
        taken = self.find_by_name(name)
        if taken:
            new = [Key(self.new_id(), plain, self.now()) for plain in self.request.data.get("api_keys", ())]
            self.save(replace(taken, keys=(*taken.keys, *new)))
        super().check_unique(name)


@fault("rules.atomic", make(), patch(settings=FULL, enabled=True), get("p"), profiles=DEPLOYED, quick=False)
class UnfitPatchIsHalfKept(Api):
    """A PATCH that does not fit the provider's type or settings is refused, and has changed the other members."""

    def judge_fit(self, provider: Provider, change: Members) -> None:
        try:
            super().judge_fit(provider, change)
        except Refusal:
            names = ("display_name", "enabled", "base_url")
            self.save(replace(provider, **{name: change[name] for name in names if name in change}))
            raise


# --- caches, and what is made anew


@fault("rules.repeatable", get("p"), make(), get("p"), quick=False)
class NotFoundIsRemembered(Api):
    """A get that found nothing finds nothing later, either, when something was created under that name."""

    def op_get(self, request: Request) -> Answer:
        missed = self.__dict__.setdefault("missed", set())
        try:
            if request.key in missed:
                raise Refusal(404, "There is no such provider.")
            return super().op_get(request)
        except Refusal as refusal:
            if refusal.status == 404:
                missed.add(request.key)
            raise


@fault("rules.lookup", make(), _first_id(get), patch(enabled=True), _first_id(get), quick=False)
class GetsAreRememberedByTheirPath(Api):
    """A get is remembered until a PATCH of the same path: one by name leaves what was read by id."""

    def op_get(self, request: Request) -> Answer:
        answer = super().op_get(request)
        return self.__dict__.setdefault("gets", {}).setdefault(request.key, answer)  # type: ignore[no-any-return]

    def op_patch(self, request: Request) -> Answer:
        answer = super().op_patch(request)
        self.__dict__.get("gets", {}).pop(request.key, None)
        return answer

    def op_delete(self, request: Request) -> Answer:
        answer = super().op_delete(request)
        self.__dict__.pop("gets", None)
        return answer


@fault("model.drill", make(), make("q"), get(), delete("p"), get(), quick=False)
class ListIsRememberedUntilSomethingIsNewer(Api):
    """A list is remembered until the latest updated_at is another, which most deletes do not change."""

    def op_list(self, request: Request) -> Answer:
        answer = super().op_list(request)
        newest = max((row.updated_at for row in self.providers.values()), default=None)
        at, remembered = self.__dict__.get("listed_at", (None, answer))
        if at == newest:
            return remembered  # type: ignore[no-any-return]
        self.__dict__["listed_at"] = newest, answer
        return answer


@fault("rules.name-reuse", make(), delete(), make(), _first_id(get), quick=False)
class OldIdsLeadToWhatHasTheNameNow(Api):
    """The id of a deleted provider finds the one that was made anew under its name."""

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        self.__dict__.setdefault("aliases", {})[provider.id] = provider.name

    def find_by_id(self, key: str) -> Provider | None:
        return super().find_by_id(key) or self.find_by_name(self.__dict__.get("aliases", {}).get(key, ""))


@fault("rules.name-reuse", make(), _first_id(delete), make(), quick=False)
class DeleteByIdLeavesTheNameTaken(Api):
    """The name of what was deleted by its id stays taken; after a delete by name it is free."""

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        if self.parse_id(self.request.key):
            self.__dict__.setdefault("taken", set()).add(provider.name)

    def check_unique(self, name: str) -> None:
        super().check_unique(name)
        if name in self.__dict__.get("taken", ()):
            raise Refusal(409, f"{name} exists.", [("name", "is in use")])


@fault("rules.name-reuse", make(), delete(), make(), quick=False)
class EqualCreatesAreOne(Api):
    """A create of the very same body as one before is answered as that one, and keeps nothing."""

    def op_create(self, request: Request) -> Answer:
        self.authorise(request)
        self.check_unique(request.data["name"])
        answers = self.__dict__.setdefault("answers", {})
        if request.body not in answers:
            answers[request.body] = super().op_create(request)
        return answers[request.body]  # type: ignore[no-any-return]


@fault("rules.lookup", get("6ba7b810-9dad-11d1-80b4-00c04fd430c8"), profiles=DEPLOYED, quick=False)
class IdsOfOtherVersionsAreMalformed(Api):
    """An id that is a UUID of another version than 4 answers 400."""

    def find(self, key: str) -> Provider:
        canonical = parse_uuid(key)
        if canonical and canonical[14] != "4":
            raise Refusal(400, "That is no UUID of version 4.")
        return super().find(key)


# --- keys


def _merging(merge: Callable[[Provider, Entries, tuple[Key, ...]], tuple[Key, ...]]) -> type:
    class Merging(Api):
        def merge_keys(self, provider: Provider, entries: Entries, moment: datetime) -> tuple[Key, ...]:
            return merge(provider, entries, super().merge_keys(provider, entries, moment))

    return Merging


def _all_in_a_mix(old: Provider, entries: Entries, new: tuple[Key, ...]) -> tuple[Key, ...]:
    is_mix = any(key in old.keys for key in new) and any(key not in old.keys for key in new)
    return (*new, *(key for key in old.keys if key not in new)) if is_mix else new


def _all_the_last(old: Provider, entries: Entries, new: tuple[Key, ...]) -> tuple[Key, ...]:
    fresh = [key for key in new if key not in old.keys]
    return tuple(key if key in old.keys else replace(key, plain=fresh[-1].plain) for key in new)


def _skipping(old: Provider, entries: Entries, new: tuple[Key, ...]) -> tuple[Key, ...]:
    left = list(old.keys)
    for key in left:
        if key not in new:
            left.remove(key)  # shifts the next one into the place that was just looked at
    return (*new, *(key for key in left if key not in new)) if entries else new


MERGING: list[tuple[str, str, Any, list[Step | Later], str]] = [
    ("patch-that-keeps-and-adds-removes-nothing", "A PATCH that both keeps and adds keys removes none.",
     _all_in_a_mix, [TWO, _entries(1, {"api_key": "dummy-key-three"})], "rules.key-set"),
    ("new-keys-of-a-patch-are-all-the-last", "The new keys of a PATCH all have the plain text of the last one.",
     _all_the_last, [make(), patch(api_keys=[{"api_key": "dummy-key-one"}, {"api_key": "other-key-two"}])],
     "rules.mask"),
    ("every-second-neighbour-is-not-removed", "Of keys side by side that a PATCH does not name every second one stays.",
     _skipping, [THREE, _entries(2)], "rules.key-set"),
]  # fmt: skip
for _id, _sentence, _merge, _probe, _check in MERGING:
    declare_as(_id, _sentence, _merging(_merge), _check, *_probe, profiles=DEPLOYED, quick=False)


@fault("rules.atomic", TWO, patch(api_keys=[{"api_key": "dummy-key-three"}, {"id": UNKNOWN}]), get("p"),
       profiles=DEPLOYED, quick=False)  # fmt: skip
class RefusedPatchHasAddedItsNewKeys(Api):
    """A PATCH that is refused for an unknown key has added its new ones."""

    def merge_keys(self, provider: Provider, entries: Entries, moment: datetime) -> tuple[Key, ...]:
        try:
            return super().merge_keys(provider, entries, moment)
        except Refusal:
            new = [Key(self.new_id(), entry["api_key"], moment) for entry in entries if entry.get("api_key")]
            self.save(replace(provider, keys=(*provider.keys, *new)))
            raise


@fault("rules.key-times", TWO, patch(enabled=True), profiles=DEPLOYED, quick=False)
class PatchWithoutKeysMakesThemAnew(Api):
    """A PATCH without keys writes the rows of the keys that are there anew, and with them their times."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        if "api_keys" in change:
            return new
        return replace(new, keys=tuple(replace(key, created_at=new.updated_at) for key in new.keys))


@fault("model.drill", TWO, patch(api_keys=[]), patch(api_keys=[{"api_key": "dummy-key-one"}]), profiles=DEPLOYED,
       quick=False)  # fmt: skip
class KeysAddedAgainAreTheOldOnes(Api):
    """A key that was removed by one PATCH and is added by a later one has its old id and time."""

    def merge_keys(self, provider: Provider, entries: Entries, moment: datetime) -> tuple[Key, ...]:
        removed = self.__dict__.setdefault("removed", {})
        new = super().merge_keys(provider, entries, moment)
        back = tuple(removed.pop((provider.id, key.plain), key) if key not in provider.keys else key for key in new)
        removed.update({(provider.id, key.plain): key for key in provider.keys if key not in new})
        return back


@fault("rules.key-set", make(api_keys=[f"{n:x}-dummy-key" for n in range(11)]), profiles=DEPLOYED, quick=False)
class KeysAreInOrderOfPlacesAsText(Api):
    """Keys are in order of their places as text, so that of more than ten the eleventh comes third."""

    def view(self, provider: Provider) -> Members:
        shown = super().view(provider)
        keys = shown["api_keys"]
        return {**shown, "api_keys": [keys[place] for place in sorted(range(len(keys)), key=str)]}


@fault("rules.mask", make(api_keys=["a dummy key b"]), profiles=DEPLOYED, quick=False)
class MasksLoseBlanksBesideTheDots(Api):
    """The parts of a key that a mask shows lose the blanks at their ends."""

    def mask(self, plain: str) -> str:
        return super().mask(plain).replace(" ...", "...").replace("... ", "...")


@fault("rules.mask", make(api_keys=["ZHVtbXkta2V5LTE=="]), profiles=DEPLOYED, quick=False)
class KeysLoseTheirPadding(Api):
    """Keys lose equal signs at their end, as padding of base 64, which their masks show."""

    def mask(self, plain: str) -> str:
        return super().mask(plain.rstrip("=") or plain)


# --- settings


def _settling(merge: Callable[[Members, Members, Members], Members]) -> type:
    class Settling(Api):
        def merge_settings(self, stored: Members | None, new: Members) -> Members:
            return merge(stored or {}, new, super().merge_settings(stored, new))

    return Settling


def _before_colon(old: Members, new: Members, merged: Members) -> Members:
    return {**merged, "model": merged["model"].partition(":")[0]} if "model" in merged else merged


def _by_region(old: Members, new: Members, merged: Members) -> Members:
    return old if old.get("region") and old["region"] == new.get("region") else merged


def _secrets_alone(old: Members, new: Members, merged: Members) -> Members:
    texts = ("region", "model", "small_fast_model")
    return merged if any(new.get(name) is not None for name in texts) else {**old, **merged}


SETTINGS: list[tuple[str, str, Any, list[Step | Later], str]] = [
    ("settings-model-ends-at-a-colon", "The model of settings ends before its first colon.", _before_colon,
     [make(type="bedrock", settings={**FULL, "model": "anthropic.claude-v2:1"})], "model.drill"),
    ("settings-of-the-same-region-are-the-same", "A PATCH of settings whose region is there already changes nothing.",
     _by_region, [BEDROCK, patch(settings={**FULL, "model": "haiku"})], "rules.settings"),
    ("settings-empty-members-keep-what-was", "A PATCH with an empty member of settings keeps what was there.",
     lambda old, new, merged: {**merged, **{n: old[n] for n in ("region", "model") if new.get(n) == "" and n in old}},
     [BEDROCK, patch(settings={**PLAIN_SETTINGS, "model": ""})], "model.drill"),
    ("settings-of-secrets-alone-keep-the-rest", "A PATCH of settings that has secrets alone keeps the other members.",
     _secrets_alone, [BEDROCK, patch(settings={"_type": "bedrock", "_version": 1, **SECRETS})], "model.drill"),
]  # fmt: skip
for _id, _sentence, _settle, _probe, _check in SETTINGS:
    declare_as(_id, _sentence, _settling(_settle), _check, *_probe, profiles=DEPLOYED, quick=False)


@fault("model.drill", make(type="anthropic"), patch(settings=FULL), profiles=DEPLOYED, quick=False)
class SettingsOfAPatchChangeTheType(Api):
    """A PATCH that sets bedrock settings makes the provider one of type bedrock."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        return replace(new, type="bedrock") if "settings" in change else new


@fault("rules.settings-secrets", BEDROCK, patch(settings={**PLAIN_SETTINGS, "access_key_secret": ""}),
       profiles=DEPLOYED, quick=False)  # fmt: skip
class ClearedSecretsTakeTheSettingsAlong(Api):
    """A PATCH that clears a secret of settings removes the settings."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        cleared = any(change.get("settings", {}).get(name) == "" for name in SETTINGS_SECRETS)
        return replace(new, settings=None) if cleared else new


@fault("rules.list-matches-get", BEDROCK, get(), profiles=DEPLOYED, quick=False)
class ListShowsTheFirstSettingsOfAType(Api):
    """A list shows for all providers with settings those of the first one of their type."""

    def view_settings(self, provider: Provider) -> Any:
        if self.request.operation == "list" and provider.settings:
            rows = [row for row in self.listed() if row.settings and row.type == provider.type]
            return super().view_settings(rows[0])
        return super().view_settings(provider)
