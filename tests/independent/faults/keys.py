"""Faults of key sets: what a PATCH makes of the keys that were there and of those it names."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from tests.independent.app import Api
from tests.independent.asking import Reply, Step, get, make, patch
from tests.independent.faults.catalogue import DEPLOYED, fault
from tests.independent.judging import Faults, Members, parse_uuid
from tests.independent.values import Key, Provider, Refusal

Entries = list[Members]
Keys = tuple[Key, ...]
NOBODY = "00000000-0000-4000-8000-000000000000"
PLAIN = "dummy-key-0009"
TWO = make(api_keys=["dummy-key-0001", "dummy-key-0002"])


def kept(*indices: int, plain: str = "", **more: Any) -> Any:
    """Return a PATCH that keeps keys of the provider made first, by their index, and adds one."""

    def step(seen: list[Reply]) -> Step:
        stored = seen[0].json["api_keys"]
        entries = [{"id": stored[index]["id"]} for index in indices]
        return patch(api_keys=entries + ([{"api_key": plain}] if plain else []), **more)

    return step


@fault("rules.key-set", TWO, kept(1))
class PatchRemovesNoKey(Api):
    """A PATCH adds keys, and never removes one."""

    def merge_keys(self, provider: Provider, entries: Entries, moment: datetime) -> Keys:
        new = super().merge_keys(provider, entries, moment)
        return (*provider.keys, *(key for key in new if key not in provider.keys)) if entries else new


@fault("rules.key-set", TWO, patch(api_keys=[{"api_key": PLAIN}]))
class NewKeysAreAddedToTheOldOnes(Api):
    """A PATCH of new keys alone keeps the old ones."""

    def merge_keys(self, provider: Provider, entries: Entries, moment: datetime) -> Keys:
        new = super().merge_keys(provider, entries, moment)
        return (*provider.keys, *new) if entries and not any("id" in entry for entry in entries) else new


@fault("rules.key-set", TWO, kept(0, plain=PLAIN))
class KeptKeysAreLostBesideNewOnes(Api):
    """A PATCH with new keys removes the ones that it keeps."""

    def merge_keys(self, provider: Provider, entries: Entries, moment: datetime) -> Keys:
        new = super().merge_keys(provider, entries, moment)
        fresh = tuple(key for key in new if key not in provider.keys)
        return fresh or new


@fault("rules.key-set", TWO, kept(0, plain=PLAIN))
class NewKeysAreLostBesideKeptOnes(Api):
    """A PATCH that keeps a key adds none."""

    def merge_keys(self, provider: Provider, entries: Entries, moment: datetime) -> Keys:
        new = super().merge_keys(provider, entries, moment)
        return tuple(key for key in new if key in provider.keys) or new


@fault("rules.key-set", TWO, kept(0, 1))
class KeptKeysGetNewIds(Api):
    """A key that is kept gets a new id."""

    def merge_keys(self, provider: Provider, entries: Entries, moment: datetime) -> Keys:
        return tuple(replace(key, id=self.new_id()) for key in super().merge_keys(provider, entries, moment))


@fault("rules.key-times", TWO, kept(0, 1))
class KeptKeysGetANewTime(Api):
    """A key that is kept was created at the time of the PATCH."""

    def merge_keys(self, provider: Provider, entries: Entries, moment: datetime) -> Keys:
        return tuple(replace(key, created_at=moment) for key in super().merge_keys(provider, entries, moment))


@fault("rules.key-set", TWO, kept(0))
class KeptKeysLoseTheirMask(Api):
    """A key that is kept is replaced by an empty one."""

    def merge_keys(self, provider: Provider, entries: Entries, moment: datetime) -> Keys:
        new = super().merge_keys(provider, entries, moment)
        return tuple(replace(key, plain="") if key in provider.keys else key for key in new)


@fault("rules.key-set", TWO, kept(1))
class TheFirstKeyIsAlwaysKept(Api):
    """A PATCH never removes the first key."""

    def merge_keys(self, provider: Provider, entries: Entries, moment: datetime) -> Keys:
        new = super().merge_keys(provider, entries, moment)
        return (provider.keys[0], *new) if entries and provider.keys and provider.keys[0] not in new else new


@fault("rules.key-set", TWO, patch(api_keys=[]))
class TheLastKeyCannotBeRemoved(Api):
    """A PATCH that removes all keys is refused."""

    def merge_keys(self, provider: Provider, entries: Entries, moment: datetime) -> Keys:
        if not entries:
            raise Refusal(400, "keep one key")
        return super().merge_keys(provider, entries, moment)


@fault("rules.key-id-known", TWO, kept(0), kept(0, 1))
class RemovedKeysComeBack(Api):
    """A key that was removed can be kept again by its id."""

    def merge_keys(self, provider: Provider, entries: Entries, moment: datetime) -> Keys:
        known = self.__dict__.setdefault("known", {}).setdefault(provider.id, {})
        known |= {key.id: key for key in provider.keys}
        return super().merge_keys(replace(provider, keys=tuple(known.values())), entries, moment)


@fault("rules.key-set", TWO, kept(0), patch(enabled=True))
class RemovedKeysComeBackWithTheNextPatch(Api):
    """The PATCH after a removal of keys brings them back."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        full = self.__dict__.setdefault("full", {})
        if "api_keys" in change:
            full[provider.id] = provider.keys
            return new
        return replace(new, keys=full.pop(provider.id, new.keys))


def _foreign(seen: list[Reply]) -> Step:
    return patch("q", api_keys=[{"id": seen[0].json["api_keys"][0]["id"]}])


@fault("rules.key-id-known", TWO, make("q"), _foreign)
class KeysOfOthersAreKnown(Api):
    """The id of another provider's key gives that key to this one, too."""

    def merge_keys(self, provider: Provider, entries: Entries, moment: datetime) -> Keys:
        named = {parse_uuid(entry.get("id") or "") for entry in entries if entry.get("id")}
        foreign = tuple(k for row in self.listed() for k in row.keys if k.id in named and row.id != provider.id)
        return super().merge_keys(replace(provider, keys=(*provider.keys, *foreign)), entries, moment)


@fault("rules.key-id-known", TWO, patch(api_keys=[{"id": NOBODY}]))
class UnknownKeyIdsAreIgnored(Api):
    """An id that is no key is passed over."""

    def merge_keys(self, provider: Provider, entries: Entries, moment: datetime) -> Keys:
        known = {key.id for key in provider.keys}
        good = [e for e in entries if e.get("api_key") is not None or parse_uuid(e.get("id") or "") in known]
        return super().merge_keys(provider, good, moment)


@fault("rules.key-id-known", TWO, patch(api_keys=[{"id": NOBODY}]))
class UnknownKeyIdsAnswer404(Api):
    """An id that is no key answers 404."""

    def merge_keys(self, provider: Provider, entries: Entries, moment: datetime) -> Keys:
        try:
            return super().merge_keys(provider, entries, moment)
        except Refusal as refusal:
            raise Refusal(404, refusal.message) from refusal


@fault("schema.server-error", TWO, patch(api_keys=[{"id": "nope"}]))
class KeyIdsThatAreNoUuidAnswer500(Api):
    """An id of a key that is no UUID answers 500."""

    def judge_entry_id(self, place: str, key_id: str, seen: set[str]) -> Faults:
        if parse_uuid(key_id) is None:
            raise Refusal(500, "badly formed hexadecimal UUID string")
        return super().judge_entry_id(place, key_id, seen)


@fault("rules.key-id-once", TWO, kept(0, 0))
class KeyIdsMayBeNamedTwice(Api):
    """One key may be named twice, and is then there twice."""

    def judge_entry_id(self, place: str, key_id: str, seen: set[str]) -> Faults:
        return super().judge_entry_id(place, key_id, set())


@fault("rules.key-id-once", TWO, kept(0, 0), profiles=DEPLOYED)
class KeyIdsNamedTwiceBlameTheEntry(Api):
    """Where a key is named twice the entry is blamed instead of its id."""

    def judge_entry_id(self, place: str, key_id: str, seen: set[str]) -> Faults:
        found = super().judge_entry_id(place, key_id, seen)
        return [(place, why) for _, why in found]


@fault("rules.key-id-known", TWO, patch(api_keys=[{"api_key": PLAIN}, {"id": NOBODY}]))
class KeysAreJudgedOneByOne(Api):
    """An unknown key id after a good entry is let pass: only the first entry is judged."""

    def merge_keys(self, provider: Provider, entries: Entries, moment: datetime) -> Keys:
        known = {key.id for key in provider.keys}
        rest = [e for e in entries[1:] if e.get("api_key") is not None or parse_uuid(e.get("id") or "") in known]
        return super().merge_keys(provider, [*entries[:1], *rest], moment)


@fault(
    "rules.key-entries",
    TWO,
    lambda seen: patch(api_keys=[{"id": seen[0].json["api_keys"][0]["id"].upper()}]),
    profiles=DEPLOYED,
    quick=False,
)
class KeyIdsInCapitalsAreUnknown(Api):
    """The id of a key in capitals is not known."""

    def merge_keys(self, provider: Provider, entries: Entries, moment: datetime) -> Keys:
        told = [
            (f"api_keys[{n}].id", "unknown")
            for n, e in enumerate(entries)
            if (e.get("id") or "") != (e.get("id") or "").lower()
        ]
        if told:
            self.refuse(told)
        return super().merge_keys(provider, entries, moment)


def _both(seen: list[Reply]) -> Step:
    return patch(api_keys=[{"id": seen[0].json["api_keys"][0]["id"], "api_key": PLAIN}])


@fault("rules.key-entry-one", TWO, _both, profiles=DEPLOYED)
class EntriesMayHaveBoth(Api):
    """An entry may have both an id and a plain text."""

    def judge_entry(self, place: str, entry: Members, seen: set[str]) -> Faults:
        if entry.get("id") is not None and entry.get("api_key") is not None:
            return self.judge_entry_id(place, entry["id"], seen)
        return super().judge_entry(place, entry, seen)


@fault("rules.key-entry-one", TWO, patch(api_keys=[{}]), profiles=DEPLOYED)
class EntriesMayHaveNeither(Api):
    """An entry may have neither an id nor a plain text, and is passed over."""

    def judge_entries(self, entries: Entries) -> Faults:
        entries[:] = [entry for entry in entries if entry.get("id") is not None or entry.get("api_key") is not None]
        return super().judge_entries(entries)


@fault("rules.key-entries", TWO, patch(api_keys=[{"api_key": " dummy"}]), profiles=DEPLOYED)
class PatchTakesSpacedKeys(Api):
    """A PATCH takes keys with white space at their ends, though a create does not."""

    def judge_entry(self, place: str, entry: Members, seen: set[str]) -> Faults:
        return [told for told in super().judge_entry(place, entry, seen) if not told[0].endswith(".api_key")]


@fault("rules.key-entries", TWO, patch(api_keys=[{"api_key": ""}]), profiles=DEPLOYED)
class PatchTakesEmptyKeys(Api):
    """A PATCH takes empty keys."""

    def judge_entry(self, place: str, entry: Members, seen: set[str]) -> Faults:
        return [] if entry.get("api_key") == "" and entry.get("id") is None else super().judge_entry(place, entry, seen)


@fault("rules.key-set", make(api_keys=["dummy-key-0001", "dummy-key-0002"]), profiles=DEPLOYED)
class CreateReversesKeys(Api):
    """A create keeps its keys in reverse."""

    def make(self, members: Members) -> Provider:
        new = super().make(members)
        return replace(new, keys=new.keys[::-1])


@fault("rules.key-set", make(api_keys=["dummy-key-2", "dummy-key-1"]), profiles=DEPLOYED)
class KeysAreSorted(Api):
    """Keys are kept in order of their plain texts."""

    def make(self, members: Members) -> Provider:
        return super().make({**members, "api_keys": sorted(members.get("api_keys", ()))})


@fault("rules.key-set", TWO)
class CreateKeepsOneKey(Api):
    """A create keeps the first of its keys alone."""

    def make(self, members: Members) -> Provider:
        return super().make({**members, "api_keys": members.get("api_keys", [])[:1]})


@fault("rules.key-set", make(api_keys=["dummy-key-0001"]))
class CreateKeepsNoKey(Api):
    """A create ignores its keys."""

    def make(self, members: Members) -> Provider:
        return super().make({**members, "api_keys": []})


@fault("rules.key-set", TWO)
class KeysShareOneId(Api):
    """All keys of a provider have the same id."""

    def make(self, members: Members) -> Provider:
        new = super().make(members)
        return replace(new, keys=tuple(replace(key, id=new.keys[0].id) for key in new.keys))


@fault("rules.key-set", TWO, get("p"))
class KeyIdsChangeWithEveryAnswer(Api):
    """Ids of keys are made anew for every answer."""

    def view_key(self, key: Key) -> dict[str, Any]:
        shown = super().view_key(key)
        return {**shown, "id": self.new_id()} if self.request.operation == "get" else shown


@fault("rules.key-set", make(api_keys=[f"dummy-key-{n}" for n in range(6)]), quick=False)
class OnlyFiveKeysAreKept(Api):
    """Keys beyond the fifth are dropped."""

    def make(self, members: Members) -> Provider:
        return super().make({**members, "api_keys": members.get("api_keys", [])[:5]})


@fault("rules.key-set", TWO, make("q", api_keys=["dummy-key-0003"]), kept(1), get("q"), quick=False)
class RemovalTakesKeysOfOthers(Api):
    """A removal of keys takes those of the provider made last along."""

    def merge_keys(self, provider: Provider, entries: Entries, moment: datetime) -> Keys:
        new = super().merge_keys(provider, entries, moment)
        last = max(self.listed(), key=lambda row: row.created_at)
        if len(new) < len(provider.keys) and last.id != provider.id:
            self.save(replace(last, keys=()))
        return new
