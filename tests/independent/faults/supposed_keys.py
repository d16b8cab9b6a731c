"""Faults for two conditions at once, II: of keys, members and values."""

import re
from dataclasses import replace
from datetime import datetime
from typing import Any

from tests.independent.app import Api
from tests.independent.asking import Reply, Step, delete, get, make, patch
from tests.independent.faults.catalogue import DEPLOYED, fault
from tests.independent.faults.state import FULL, _Members
from tests.independent.judging import Faults, Members, parse_uuid
from tests.independent.values import Answer, Key, Provider, Refusal, Request

KEY = "dummy-key-0001"
LONG = "a" * 63
HEX = "0123456789abcdef0123456789abcdef"


def first_key(seen: list[Reply]) -> str:
    """Return the id of the first key of what was made first."""
    return str(seen[0].json["api_keys"][0]["id"])


# --- members that go together -----------------------------------------------------------------------------------------


@fault("model.sequence", FULL, patch(enabled=False, api_keys=[]))
class PatchThatSwitchesOffLeavesTheKeys(_Members):
    """A PATCH that switches off does not change the keys."""

    def patched(self, members: Members) -> Members:
        return {n: v for n, v in members.items() if n != "api_keys" or members.get("enabled") is not False}


@fault("model.sequence", make(), patch(enabled=False, display_name="x"))
class PatchOfTheSameSwitchEndsThere(Api):
    """A PATCH that sets the switch to what it is changes nothing else."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        same = change.get("enabled") is provider.enabled
        return super().changed(provider, {"enabled": provider.enabled} if same else change)


@fault("model.sequence", FULL, patch(api_keys=[{"api_key": "dummy-key-0002"}]))
class ReplacingAllKeysSwitchesOff(Api):
    """A PATCH that replaces every key by new ones switches the provider off."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        entries = change.get("api_keys")
        if provider.keys and entries and not any(entry.get("id") for entry in entries):
            change = {"enabled": False, **change}
        return super().changed(provider, change)


@fault("model.sequence", make(enabled=True, base_url="http://e.com"))
class PlainHttpIsCreatedSwitchedOff(_Members):
    """A provider of an http URL is created switched off."""

    def created(self, members: Members) -> Members:
        return {**members, "enabled": False} if members["base_url"].lower().startswith("http:") else members


@fault("rules.timestamps", make(api_keys=[KEY]), patch(enabled=True))
class SwitchingOnWithKeysMovesCreatedAt(Api):
    """A PATCH that switches on a provider with keys moves its created_at."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        return replace(new, created_at=new.updated_at) if provider.keys and new.enabled > provider.enabled else new


@fault("rules.lookup", make(f"{LONG}b"), make(f"{LONG}c"), get(f"{LONG}c"))
class LongNamesAreFoundByTheirFirst63Letters(Api):
    """A get by a name of more than 63 letters finds the first provider whose name begins with those 63."""

    def find_by_name(self, name: str) -> Provider | None:
        found = super().find_by_name(name)
        if found and self.request.operation == "get" and len(name) > 63:
            return next(row for row in self.providers.values() if row.name[:63] == name[:63])
        return found


@fault("rules.unicode", make(), patch(display_name="\u0436" * 128))
class PatchedTitlesAreCutAfter255Bytes(_Members):
    """A PATCH cuts a display name after 255 bytes."""

    def patched(self, members: Members) -> Members:
        if "display_name" not in members:
            return members
        return {**members, "display_name": members["display_name"].encode()[:255].decode(errors="ignore")}


@fault("rules.list-matches-get", make(base_url="https://me:dummy@e.com/v1"), get())
class ListsHidePasswordsOfUrls(Api):
    """A list shows a base URL with its password struck out."""

    def op_list(self, request: Request) -> Answer:
        rows = super().op_list(request).data
        return Answer(
            200, [{**r, "base_url": re.sub(r"^([^/]*//[^/@:]*:)[^/@]*@", r"\1xxxxx@", r["base_url"])} for r in rows]
        )


@fault("rules.every-type", make(type="openai-compat"), patch(enabled=True))
class PatchCallsCompatibleOnesOpenai(Api):
    """A PATCH of a provider of type openai-compat answers the type openai."""

    def op_patch(self, request: Request) -> Answer:
        answer = super().op_patch(request)
        return Answer(200, {**answer.data, "type": answer.data["type"].removesuffix("-compat")})


@fault("rules.name-unique", make(), make(type="azure"), profiles=DEPLOYED)
class NamesAreUniqueForEachType(Api):
    """Providers of different types may have the same name."""

    def check_unique(self, name: str) -> None:
        if any(row.name == name and row.type == self.request.data["type"] for row in self.listed()):
            super().check_unique(name)

    def remove(self, provider: Provider) -> None:
        self.names.setdefault(provider.name, provider.id)
        super().remove(provider)


@fault("rules.lookup", make(HEX), delete(HEX), profiles=DEPLOYED)
class NamesThatAreIdsCanBeDeleted(Api):
    """A delete finds a name that parses as a UUID."""

    def find(self, key: str) -> Provider:
        found = self.find_by_name(key) if self.request.operation == "delete" else None
        return found or super().find(key)


@fault("rules.body-before-lookup", patch("nobody"), profiles=DEPLOYED)
class EmptyPatchesOfNobodyAreNotFound(Api):
    """A PATCH of nothing gets 404 instead of 400 where there is no such provider."""

    def judge_emptiness(self, data: Members, members: Members) -> None:
        if not members:
            self.find(self.request.key)
        super().judge_emptiness(data, members)


@fault("rules.empty-patch", make(), patch(settings=None), profiles=DEPLOYED)
class PatchOfNullSettingsAloneIsTaken(Api):
    """A PATCH with null for settings and nothing else is taken."""

    def judge_emptiness(self, data: Members, members: Members) -> None:
        if members or "settings" not in data:
            super().judge_emptiness(data, members)


@fault("rules.unknown-members", make(), patch(enabled=True, updated_at="2019-08-24T14:15:22Z"), profiles=DEPLOYED)
class PatchWithAnOldTimeIsAConflict(Api):
    """A PATCH that carries an updated_at other than the stored one gets 409."""

    def judge(self, request: Request, data: Any) -> Members:
        members = super().judge(request, data)
        told = data.get("updated_at")
        if request.operation == "patch" and told and told != self.stamp(self.find(request.key).updated_at):
            raise Refusal(409, "Somebody else was faster.")
        return members


# --- keys -------------------------------------------------------------------------------------------------------------


@fault("rules.cross-talk", make(api_keys=[KEY]), make("q", api_keys=[KEY]))
class EqualKeysShareAnId(Api):
    """A key on create has the id of the key of the same text that another provider has."""

    def make(self, members: Members) -> Provider:
        known = {key.plain: key.id for row in self.listed() for key in row.keys}
        new = super().make(members)
        return replace(new, keys=tuple(replace(key, id=known.get(key.plain, key.id)) for key in new.keys))


def _eleventh(seen: list[Reply]) -> Step:
    return patch(api_keys=[*({"id": key["id"]} for key in seen[0].json["api_keys"]), {"api_key": "dummy-key-11"}])


@fault("rules.key-set", make(api_keys=[f"dummy-key-{n:02}" for n in range(10)]), _eleventh)
class PatchToElevenKeysDropsTheFirst(Api):
    """A PATCH keeps the last ten keys of a longer list."""

    def merge_keys(self, provider: Provider, entries: Any, moment: datetime) -> tuple[Key, ...]:
        return super().merge_keys(provider, entries, moment)[-10:]


@fault("rules.key-set", make(api_keys=[f"dummy-key-{n:02}" for n in range(11)]), profiles=DEPLOYED)
class ElevenKeysAreInOrderOfText(Api):
    """More than ten keys are in the order of their places as texts: the eleventh follows the second."""

    def view(self, provider: Provider) -> dict[str, Any]:
        places = sorted(range(len(provider.keys)), key=str)
        return super().view(replace(provider, keys=tuple(provider.keys[place] for place in places)))


@fault("rules.timestamps", make(api_keys=[KEY]), lambda seen: patch(api_keys=[{"id": first_key(seen)}]),
       profiles=DEPLOYED)  # fmt: skip
class PatchOfTheSameKeysMovesNoTime(Api):
    """A PATCH that names all stored keys and nothing else does not move updated_at."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        idle = set(change) == {"api_keys"} and new.keys == provider.keys and provider.keys
        return replace(new, updated_at=provider.updated_at) if idle else new


@fault("rules.key-id-once", make(api_keys=[KEY]), lambda seen: patch(
    api_keys=[{"id": first_key(seen)}, {"id": first_key(seen).upper()}]), profiles=DEPLOYED)  # fmt: skip
class OneKeyMayBeNamedInCapitalsToo(Api):
    """A PATCH may name one key twice if the spelling differs."""

    def judge_entry_id(self, place: str, key_id: str, seen: set[str]) -> Faults:
        faults = super().judge_entry_id(place, key_id, set() if key_id not in seen else {parse_uuid(key_id) or ""})
        seen.add(key_id)
        return faults


@fault("rules.key-set", make(api_keys=[KEY]), lambda seen: patch(
    api_keys=[{"id": first_key(seen).upper()}]), profiles=DEPLOYED)  # fmt: skip
class KeptKeysTakeTheSpellingOfTheirId(Api):
    """A key that a PATCH keeps by its id in capitals has its id in capitals from then on."""

    def merge_keys(self, provider: Provider, entries: Any, moment: datetime) -> tuple[Key, ...]:
        told = {e["id"].lower(): e["id"] for e in entries if e.get("id") and "-" in e["id"]}
        keys = super().merge_keys(provider, entries, moment)
        return tuple(replace(key, id=told.get(key.id.lower(), key.id)) for key in keys)


@fault("rules.validation-fields", make(api_keys=[KEY]), lambda seen: patch(
    api_keys=[{"id": first_key(seen)}, {"api_key": ""}]), profiles=DEPLOYED)  # fmt: skip
class FaultyNewKeysAreCountedAlone(Api):
    """The index of a faulty new key counts the new keys of a PATCH alone."""

    def judge_entries(self, entries: list[Members]) -> Faults:
        new = [index for index, entry in enumerate(entries) if entry.get("api_key") is not None]
        names = {f"api_keys[{index}].api_key": f"api_keys[{place}].api_key" for place, index in enumerate(new)}
        return [(names.get(name, name), why) for name, why in super().judge_entries(entries)]


@fault("rules.mask", make(), patch(api_keys=[{"api_key": "dummy-key-0123456789"}]), profiles=DEPLOYED)
class PatchMasksTwentyLettersAsNineteen(Api):
    """The answer of a PATCH shows two letters at each end of a key of exactly twenty."""

    def mask(self, plain: str) -> str:
        shorter = len(plain) == 20 and self.request.operation == "patch"
        return f"{plain[:2]}...{plain[-2:]}" if shorter else super().mask(plain)


@fault("rules.mask", make(api_keys=["k" * 255 + "z"]), profiles=DEPLOYED)
class MasksEndAfter255Letters(Api):
    """The mask of a key of more than 255 letters shows the end of the first 255."""

    def mask(self, plain: str) -> str:
        return super().mask(plain[:255])


@fault("rules.key-entries", make(), patch(api_keys=[{"api_key": "dummy key 0001"}]), profiles=DEPLOYED)
class PatchRefusesBlanksInsideKeys(Api):
    """A PATCH refuses a new key with a blank inside, though a create takes it."""

    def key_fault(self, key: str) -> str:
        patching = self.request.operation == "patch"
        return super().key_fault(key) or ("must have no blanks" if " " in key and patching else "")
