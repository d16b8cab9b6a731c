"""Faults that show late, elsewhere, or for two conditions at once: what was refused, removed, remembered."""

from dataclasses import replace
from typing import Any

from tests.independent.app import Api
from tests.independent.asking import delete, get, make, patch
from tests.independent.faults.catalogue import DEPLOYED, fault
from tests.independent.faults.finding import by_id
from tests.independent.judging import Members
from tests.independent.values import Answer, Key, Provider, Refusal, Request

NOBODY = "00000000-0000-4000-8000-000000000000"
KEY = "dummy-key-0001"
UNKNOWN_KEY = [{"id": NOBODY}]


class _Memory(Api):
    """What remembers more than it should."""

    @property
    def memory(self) -> dict[Any, Any]:
        return self.__dict__.setdefault("remembered_things", {})


# --- what was removed -------------------------------------------------------------------------------------------------


@fault(
    "model.sequence",
    make(enabled=True, api_keys=[KEY]),
    patch(enabled=False),
    patch(api_keys=[]),
    patch(enabled=True),
)
class SwitchingOnBringsBackTheKeys(_Memory):
    """A provider that is switched on again has the keys that it had when it was switched off."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        if provider.enabled and not new.enabled:
            self.memory[provider.id] = new.keys
        if new.enabled and not provider.enabled and "api_keys" not in change:
            return replace(new, keys=self.memory.get(provider.id, new.keys))
        return new


class _Graves(_Memory):
    """What keeps a deleted provider by its name."""

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        self.memory[provider.name] = provider


@fault("rules.name-reuse", make(display_name="One"), delete(), make(), patch(enabled=True))
class ReusedNamesGetTheOldTitleWithAPatch(_Graves):
    """The first PATCH of a provider whose name was used before brings back the display name of then."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        old = self.memory.pop(provider.name, None)
        return replace(new, display_name=old.display_name) if old and not new.display_name else new


@fault("rules.name-reuse", make(), delete(), make(), by_id(method="PATCH", enabled=True))
class PatchByADeletedIdReachesTheNextOfThatName(_Memory):
    """A PATCH by the id of a deleted provider changes the one that has its name now."""

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        self.memory[provider.id] = provider.name

    def find_by_id(self, key: str) -> Provider | None:
        found = super().find_by_id(key)
        if found is None and self.request.operation == "patch" and key in self.memory:
            return self.find_by_name(self.memory[key])
        return found


@fault("rules.cross-talk", make("p-2"), make(), delete(), get("p-2"))
class DeleteTakesLongerNamesToo(Api):
    """A delete takes all whose names begin with that name and a dash."""

    def remove(self, provider: Provider) -> None:
        for row in self.listed():
            if row.name.startswith(f"{provider.name}-"):
                super().remove(row)
        super().remove(provider)


@fault("rules.deleted-is-gone", make(api_keys=[KEY]), delete(), patch(enabled=True))
class DeletedKeyedProvidersCanBePatched(_Graves):
    """A deleted provider that was off and had keys is found, and revived, by a PATCH by name."""

    def find_by_name(self, name: str) -> Provider | None:
        found = super().find_by_name(name)
        if found is None and self.request.operation == "patch":
            grave = self.memory.get(name)
            return grave if grave and grave.keys and not grave.enabled else None
        return found


@fault("rules.key-id-known", make(api_keys=[KEY]), patch(api_keys=[]), lambda seen: patch(
    api_keys=[{"id": seen[0].json["api_keys"][0]["id"]}]), profiles=DEPLOYED)  # fmt: skip
class RemovedKeysCanBeNamedAgain(_Memory):
    """A PATCH may name a key that an earlier one removed, and has it back."""

    def merge_keys(self, provider: Provider, entries: Any, moment: Any) -> tuple[Key, ...]:
        known = self.memory.setdefault(provider.id, {})
        known.update({key.id: key for key in provider.keys})
        return super().merge_keys(replace(provider, keys=tuple(known.values())), entries, moment)


@fault("rules.key-id-known", make(api_keys=[KEY]), make("q"), delete(), lambda seen: patch(
    "q", api_keys=[{"id": seen[0].json["api_keys"][0]["id"]}]), profiles=DEPLOYED)  # fmt: skip
class KeysOfDeletedProvidersArePassedOver(_Memory):
    """A PATCH that names a key of a deleted provider is taken without it."""

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        self.memory.update({key.id: key for key in provider.keys})

    def merge_keys(self, provider: Provider, entries: Any, moment: Any) -> tuple[Key, ...]:
        return super().merge_keys(provider, [e for e in entries if e.get("id") not in self.memory], moment)


@fault("rules.name-reuse", make(), delete(), make(), delete(), make(), delete(), make(), profiles=DEPLOYED)
class NamesCanBeUsedThreeTimes(_Memory):
    """A name that three deleted providers have had cannot be used again."""

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        self.memory[provider.name] = self.memory.get(provider.name, 0) + 1

    def check_unique(self, name: str) -> None:
        super().check_unique(name)
        if self.memory.get(name, 0) >= 3:
            raise Refusal(409, "too many of that name")


@fault("rules.list-order", make("aa"), delete("aa"), get(), profiles=DEPLOYED)
class DeleteMovesTheLastIntoTheGap(_Memory):
    """After a delete the last of the list stands where the deleted one stood, until the next create."""

    def op_delete(self, request: Request) -> Answer:
        place = [row.id for row in self.listed()].index(self.find(request.key).id)
        answer = super().op_delete(request)
        self.memory["gap"] = place
        return answer

    def op_create(self, request: Request) -> Answer:
        self.memory.pop("gap", None)
        return super().op_create(request)

    def listed(self) -> list[Provider]:
        rows = super().listed()
        if rows and self.memory.get("gap", len(rows)) < len(rows) - 1:
            rows.insert(self.memory["gap"], rows.pop())
        return rows


# --- what was refused -------------------------------------------------------------------------------------------------


@fault("rules.after-refusals", make(), make(display_name="Two"), delete(), get("p"))
class RefusedNamesAreMadeOnceFree(_Memory):
    """A create that is refused for its name is done once the name is free."""

    def check_unique(self, name: str) -> None:
        try:
            super().check_unique(name)
        except Refusal:
            self.memory[name] = dict(self.request.data)
            raise

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        if waiting := self.memory.pop(provider.name, None):
            self.save(self.make(waiting))


@fault("rules.after-refusals", make(type="nope", display_name="One"), make())
class RefusedCreatesLeakIntoTheNext(_Memory):
    """What a refused create said of title and switch holds for the next one where that says nothing."""

    def judge(self, request: Request, data: Any) -> Members:
        creating = request.operation == "create"
        try:
            members = super().judge(request, data)
        except Refusal:
            if creating and isinstance(data, dict):
                kinds = {"display_name": str, "enabled": bool}
                self.memory.update({n: data[n] for n, kind in kinds.items() if isinstance(data.get(n), kind)})
            raise
        if creating:
            members = {**self.memory, **members}
            self.memory.clear()
        return members


class _Pending(_Memory):
    """What keeps the other members of a PATCH that is refused for its keys, and writes them later."""

    def merge_keys(self, provider: Provider, entries: Any, moment: Any) -> tuple[Key, ...]:
        try:
            return super().merge_keys(provider, entries, moment)
        except Refusal:
            told = self.request.data
            self.memory[provider.id] = {n: told[n] for n in ("display_name", "enabled", "base_url") if n in told}
            raise


@fault("rules.after-refusals", make(), patch(enabled=True, api_keys=UNKNOWN_KEY), patch(display_name="x"))
class RefusedPatchesAreWrittenWithTheNext(_Pending):
    """What a PATCH that was refused for its keys said of other members is written with the next one."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        waiting = self.memory.get(provider.id, {})
        new = super().changed(provider, {**waiting, **change})
        self.memory.pop(provider.id, None)
        return new


@fault(
    "rules.after-refusals",
    make(),
    make("q"),
    patch(enabled=True, api_keys=UNKNOWN_KEY),
    delete("q"),
    get("p"),
)
class RefusedPatchesAreWrittenWithADelete(_Pending):
    """What a PATCH that was refused for its keys said of other members is written when another provider is deleted."""

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        for row in self.listed():
            if waiting := self.memory.pop(row.id, None):
                self.save(replace(row, **waiting))


@fault("rules.name-unique", make(), make(api_keys=[KEY]), get("p"))
class ConflictsLeaveTheirKeys(Api):
    """The keys of a create that is refused for its name are added to the provider of that name."""

    def check_unique(self, name: str) -> None:
        found = self.find_by_name(name)
        if found and (plain := self.request.data.get("api_keys")):
            new = tuple(Key(self.new_id(), text, self.now()) for text in plain)
            self.save(replace(found, keys=found.keys + new))
        super().check_unique(name)


@fault("rules.forbidden", replace(make(), token="MEMBER_KEY"), make(), profiles=DEPLOYED)
class ForbiddenCreatesReserveTheName(_Memory):
    """The name of a create by somebody who is no owner cannot be used by an owner afterwards."""

    def op_create(self, request: Request) -> Answer:
        try:
            self.authorise(request)
        except Refusal:
            self.memory[request.data["name"]] = True
            raise
        if request.data["name"] in self.memory:
            raise Refusal(409, "reserved")
        return super().op_create(request)


@fault("rules.after-refusals", *[get(token="nope")] * 10, get())
class TenUnknownTokensShutOutTheNext(_Memory):
    """After ten unknown tokens in turn the next good one gets 401."""

    def authenticate(self, request: Request) -> Any:
        try:
            user = super().authenticate(request)
        except Refusal:
            self.memory["in-turn"] = self.memory.get("in-turn", 0) + 1
            raise
        if self.memory.pop("in-turn", 0) >= 10:
            raise Refusal(401, "Wait a little.")
        return user


# --- what was remembered, or counted ----------------------------------------------------------------------------------


@fault("rules.unauthenticated", make(), by_id(), by_id(), lambda seen: get(seen[0].json["id"], token=None))
class WhatWasReadTwiceIsReadByAll(_Memory):
    """A provider that was read by id twice is answered from a cache to whoever asks without a token."""

    def handle(self, request: Request) -> Answer:
        times, data = self.memory.get(request.path, (0, None))
        if times >= 2 and request.method == "GET" and self.credential(request) is None:
            return Answer(200, data)
        answer = super().handle(request)
        if request.operation == "get" and self.parse_id(request.key):
            self.memory[request.path] = (times + 1, answer.data)
        elif request.operation in {"patch", "delete"}:
            self.memory.clear()
        return answer


@fault("model.sequence", make(), *[patch(display_name=f"t{n}") for n in range(10)], get("p"))
class EveryTenthPatchIsLost(Api):
    """Every tenth PATCH is answered and not kept."""

    def op_patch(self, request: Request) -> Answer:
        before = self.find(request.key)
        answer = super().op_patch(request)
        if self.tally("patches") % 10 == 0:
            self.save(before)
        return answer


@fault("rules.list-matches-get", make(api_keys=[KEY]), patch(api_keys=[]), get())
class ListsShowRemovedKeysAsNull(_Memory):
    """A list shows null for the keys of a provider whose keys were all removed."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        self.memory[new.id] = bool(provider.keys or self.memory.get(new.id)) and not new.keys
        return new

    def op_list(self, request: Request) -> Answer:
        rows = super().op_list(request).data
        return Answer(200, [{**row, "api_keys": None} if self.memory.get(row["id"]) else row for row in rows])


@fault("rules.list-matches-get", make(), patch(api_keys=[{"api_key": KEY}]), get())
class ListsMissTheTimeOfPatchesOfKeys(_Memory):
    """A list shows the updated_at from before the PATCHes that changed keys alone."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        if set(change) == {"api_keys"}:
            self.memory.setdefault(provider.id, provider.updated_at)
        else:
            self.memory.pop(provider.id, None)
        return new

    def op_list(self, request: Request) -> Answer:
        rows = super().op_list(request).data
        old = {row["id"]: self.stamp(self.memory[row["id"]]) for row in rows if row["id"] in self.memory}
        return Answer(200, [{**row, "updated_at": old.get(row["id"], row["updated_at"])} for row in rows])
