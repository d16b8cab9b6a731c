"""Guessed faults of the lives of providers, and of their keys."""

import unicodedata
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

from tests.independent.app import Api
from tests.independent.asking import delete, get, make, patch
from tests.independent.faults.catalogue import DEPLOYED, fault
from tests.independent.faults.guessed import KEY, KEYS, REGION, Bent, by_id, rekey
from tests.independent.judging import Faults, Members, parse_uuid
from tests.independent.values import Answer, Key, Provider, Refusal, Request

# --- lives of providers


@fault("rules.deleted-is-gone", make(api_keys=KEYS[:2]), delete())
class SeveralKeysHoldTheirProvider(Api):
    """A delete removes one key before the provider: a second key violates the foreign key, and 500 is answered."""

    def remove(self, provider: Provider) -> None:
        if len(provider.keys) > 1:
            raise Refusal(500, "violates foreign key constraint")
        super().remove(provider)


@fault("rules.deleted-is-gone", make(), delete(), by_id("PATCH", enabled=True))
class PatchRevivesTheDeleted(Api):
    """A PATCH by id writes with an upsert: a deleted provider is back."""

    def remove(self, provider: Provider) -> None:
        self.__dict__.setdefault("grave", {})[provider.id] = provider
        super().remove(provider)

    def find_by_id(self, key: str) -> Provider | None:
        found = super().find_by_id(key)
        if found is None and self.request.operation == "patch":
            dead: Provider | None = self.__dict__.get("grave", {}).get(key)
            return dead if dead and dead.name not in self.names else None
        return found


@fault("rules.name-unique", make(), make(), get("p"), profiles=DEPLOYED)
class ConflictMovesUpdatedAt(Api):
    """A create that is refused for its name has moved updated_at of the provider that has it."""

    def check_unique(self, name: str) -> None:
        if found := self.find_by_name(name):
            self.save(replace(found, updated_at=self.after(found.updated_at)))
        super().check_unique(name)


@fault("rules.atomic", make(), make(api_keys=[KEY]), get("p"), profiles=DEPLOYED)
class ConflictLeavesItsKeys(Api):
    """A create that is refused for its name has stored its keys, by name: they are the other provider's now."""

    def check_unique(self, name: str) -> None:
        if found := self.find_by_name(name):
            plains = self.request.data.get("api_keys", ())
            self.save(replace(found, keys=(*found.keys, *(Key(self.new_id(), it, self.now()) for it in plains))))
        super().check_unique(name)


@fault("rules.cross-talk", make(), make("p-2"), delete(), get("p-2"))
class DeleteTakesThoseNamedAlike(Api):
    """A delete takes along every provider whose name goes on with a dash after that of the deleted."""

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        for row in list(self.providers.values()):
            if row.name.startswith(f"{provider.name}-"):
                super().remove(row)


@fault(
    "rules.cross-talk",
    make(type="bedrock", settings=REGION),
    make("q", type="bedrock", settings=REGION),
    patch(settings={**REGION, "region": "us-east-1"}),
    get("q"),
)
class EqualSettingsAreOneRow(Api):
    """Equal settings are stored once: a PATCH of them changes those of other providers too."""

    def save(self, provider: Provider) -> None:
        old = self.providers.get(provider.id)
        super().save(provider)
        if old and old.settings and old.settings != provider.settings:
            for row in list(self.providers.values()):
                if row.settings == old.settings:
                    super().save(replace(row, settings=provider.settings))


@fault("rules.cross-talk", make(api_keys=[KEY]), make("q", api_keys=[KEY]), delete(), get("q"))
class DeleteTakesEqualKeysOfOthers(Api):
    """A delete removes the provider's keys by their text: equal keys of other providers are gone too."""

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        plains = {key.plain for key in provider.keys}
        for row in list(self.providers.values()):
            self.save(replace(row, keys=tuple(key for key in row.keys if key.plain not in plains)))


@fault("rules.absent-members", make(api_keys=[KEY]), patch(base_url="https://f.com/v1"))
class KeysDoNotMoveToAnotherHost(Api):
    """A PATCH that moves the base URL to another host drops the keys, for safety."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        same = urlsplit(new.base_url).netloc == urlsplit(provider.base_url).netloc
        return new if same or "api_keys" in change else replace(new, keys=())


@fault("rules.absent-members", make(type="anthropic", settings=REGION), patch(api_keys=[]))
class EmptyKeyListTakesSettingsAway(Api):
    """A PATCH with an empty list of keys means to use keys from now on: the settings are gone."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        return replace(new, settings=None) if change.get("api_keys") == [] and "settings" not in change else new


# --- keys


@fault("rules.key-set", make(api_keys=KEYS), rekey(2))
class EverySecondUnnamedKeyStays(Api):
    """The stored keys are removed while they are walked over: of two in a row the second stays."""

    def merge_keys(self, provider: Provider, entries: list[Members], moment: datetime) -> tuple[Key, ...]:
        merged = super().merge_keys(provider, entries, moment)
        named = {key.id for key in merged}
        left = list(provider.keys)
        for key in left:
            if key.id not in named:
                left.remove(key)  # the fault itself
        return (*(key for key in left if key.id not in named), *merged)


@fault("rules.key-set", make(api_keys=[KEY]), rekey(0), profiles=DEPLOYED)
class KeptKeysAreMaskedAgain(Api):
    """A key that a PATCH keeps is stored as it was read, masked: its mask is that of a mask."""

    def merge_keys(self, provider: Provider, entries: list[Members], moment: datetime) -> tuple[Key, ...]:
        stored = {key.id for key in provider.keys}
        return tuple(
            replace(key, plain=self.mask(key.plain)) if key.id in stored else key
            for key in super().merge_keys(provider, entries, moment)
        )


@fault("rules.key-times", make(api_keys=[KEY]), patch(enabled=True))
class KeyTimesMoveWithAnyPatch(Api):
    """A PATCH without keys moves their created_at: the column is set on every update."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        if "api_keys" in change:
            return new
        return replace(new, keys=tuple(replace(key, created_at=new.updated_at) for key in new.keys))


@fault(
    "rules.key-set", make(api_keys=[f"{number:02}-dummy-key" for number in range(11)]), profiles=DEPLOYED, quick=False
)
class TenthKeyComesSecond(Api):
    """Keys are in the order of their numbers as texts: the eleventh comes third."""

    def make(self, members: Members) -> Provider:
        new = super().make(members)
        return replace(new, keys=tuple(new.keys[at] for at in sorted(range(len(new.keys)), key=str)))


@fault("rules.key-id-known", make(api_keys=[KEY]), patch(api_keys=[]), rekey(0), profiles=DEPLOYED)
class RemovedKeysMayBeNamedAgain(Api):
    """A PATCH may name a key that an earlier one removed, and has it back."""

    def merge_keys(self, provider: Provider, entries: list[Members], moment: datetime) -> tuple[Key, ...]:
        ever: dict[str, Key] = self.__dict__.setdefault("ever", {}).setdefault(provider.id, {})
        ever.update({key.id: key for key in provider.keys})
        return super().merge_keys(replace(provider, keys=tuple(ever.values())), entries, moment)


@fault(
    "rules.key-id-once",
    make(api_keys=[KEY]),
    lambda seen: patch(api_keys=[{"id": (k := seen[0].json["api_keys"][0]["id"])}, {"id": k.upper()}]),
    profiles=DEPLOYED,
    quick=False,
)
class OneKeyTwiceInTwoSpellings(Api):
    """A key's id may be named twice where it is spelt in two ways; the key is there twice then."""

    def judge_entry_id(self, place: str, key_id: str, seen: set[str]) -> Faults:
        if parse_uuid(key_id) and key_id in seen:
            return [(f"{place}.id", "is named twice")]
        seen.add(key_id)
        return super().judge_entry_id(place, key_id, set())


@fault(
    "rules.key-entry-one",
    make(api_keys=[KEY]),
    lambda seen: patch(api_keys=[{"id": seen[0].json["api_keys"][0]["id"], "api_key": ""}]),
    profiles=DEPLOYED,
)
class EmptyTextBesideAKeyIdIsNothing(Bent):
    """An entry with an id and an empty text keeps the key: empty is taken for absent."""

    def before(self, request: Request, data: Members) -> Members:
        if request.operation == "patch" and isinstance(data.get("api_keys"), list):
            data["api_keys"] = [
                {"id": entry["id"]}
                if isinstance(entry, dict) and entry.get("id") and entry.get("api_key") == ""
                else entry
                for entry in data["api_keys"]
            ]
        return data


@fault(
    "rules.unknown-members",
    make(api_keys=[KEY]),
    lambda seen: patch(api_keys=seen[0].json["api_keys"]),
    profiles=DEPLOYED,
)
class KeysAsAnsweredAreRefused(Api):
    """Key entries take no unknown member: what a get answers cannot be sent back."""

    def judge_entry(self, place: str, entry: Members, seen: set[str]) -> Faults:
        faults = super().judge_entry(place, entry, seen)
        return faults or [(f"{place}.{name}", "is unknown") for name in sorted(entry.keys() - {"id", "api_key"})]


@fault("rules.key-set", make(api_keys=[KEY]), rekey(0, {"api_key": KEY}), profiles=DEPLOYED)
class KeyThatIsThereIsNotAdded(Api):
    """A PATCH that keeps a key and adds one of the same text adds none."""

    def merge_keys(self, provider: Provider, entries: list[Members], moment: datetime) -> tuple[Key, ...]:
        stored = {key.id for key in provider.keys}
        merged = super().merge_keys(provider, entries, moment)
        kept = {key.plain for key in merged if key.id in stored}
        return tuple(key for key in merged if key.id in stored or key.plain not in kept)


@fault("rules.mask", make(api_keys=["clé-de-the\u0301"]), profiles=DEPLOYED, quick=False)
class MaskCountsWhatIsSeen(Api):
    """Masks count letters as they are seen, an accent that combines with its letter not at all."""

    def mask(self, plain: str) -> str:
        seen: list[str] = []
        for char in plain:
            if seen and unicodedata.combining(char):
                seen[-1] += char
            else:
                seen.append(char)
        masked = super().mask("x" * len(seen))
        shown = len(masked.partition("...")[0])
        return f"{''.join(seen[:shown])}...{''.join(seen[len(seen) - shown :])}" if plain else ""


@fault("rules.list-matches-get", make(api_keys=[*KEYS, "fourth-key-0004"]), get(), profiles=DEPLOYED)
class ListShowsKeysInOrderOfTheirIds(Api):
    """A list shows keys in the order of their ids, not in that in which they were stored."""

    def op_list(self, request: Request) -> Answer:
        rows = super().op_list(request).data
        return Answer(
            200, [{**row, "api_keys": sorted(row["api_keys"], key=lambda key: str(key["id"]))} for row in rows]
        )
