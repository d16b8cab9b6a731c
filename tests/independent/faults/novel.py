"""Faults of caches, upgrades and shortcuts: what is remembered, mixed up, brought back or overtaken."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from tests.independent.app import Api
from tests.independent.asking import Reply, delete, get, make, patch
from tests.independent.faults.catalogue import DEPLOYED, fault
from tests.independent.judging import Members
from tests.independent.values import Answer, Key, Provider, Refusal, Request

NOBODY = "00000000-0000-4000-8000-000000000000"
KEY = "dummy-key-0001"
LONG = "a-name-of-twenty-four-xx"


def _id(replies: Sequence[Reply]) -> str:
    return str(replies[0].json["id"])


def _key_id(replies: Sequence[Reply]) -> str:
    return str(replies[0].json["api_keys"][0]["id"])


class _Memory(Api):
    """What remembers more than it should."""

    @property
    def memory(self) -> dict[Any, Any]:
        memory: dict[Any, Any] = self.__dict__.setdefault("of_fault", {})
        return memory

    def asked(self, *operations: str) -> bool:
        return hasattr(self.local, "request") and self.request.operation in operations


@fault("rules.unauthenticated", make(), get("p"), get("p", token=None))
class CacheAsksForNoToken(_Memory):
    """A path that an owner has read since the last change is answered from a cache to whoever has no token."""

    def respond(self, request: Request) -> Answer:
        if request.method == "GET" and request.path in self.memory and self.credential(request) is None:
            return self.memory[request.path]  # type: ignore[no-any-return]
        answer = super().respond(request)
        if request.method == "GET" and answer.status == 200:
            self.memory[request.path] = answer
        elif request.method != "GET":
            self.memory.clear()
        return answer


_BY_QUERY = get(token=None, query={"coder_session_token": "API_KEY"})


@fault("model.drill", _BY_QUERY, make(), _BY_QUERY, profiles=DEPLOYED)
class ListWithAQueryIsRemembered(_Memory):
    """A list whose URL has a query is answered from a cache for ever after."""

    def op_list(self, request: Request) -> Answer:
        answer = super().op_list(request)
        return Answer(200, self.memory.setdefault(str(request.query), answer.data)) if request.query else answer


@fault("model.sequence", make(), patch(enabled=True), patch(enabled=False), patch(enabled=True))
class SamePatchIsTakenForARetry(_Memory):
    """A PATCH whose body this provider has had before changes nothing: it is taken for a retry."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        seen = self.memory.setdefault(provider.id, [])
        known = change in seen
        seen.append(change)
        return super().changed(provider, {} if known else change)


@fault("rules.clients", make(), make(), profiles=DEPLOYED)
class SameCreateIsTakenForARetry(_Memory):
    """A create with the very body of an earlier one answers 201 and the provider that there is, no conflict."""

    def op_create(self, request: Request) -> Answer:
        found = self.find_by_name(request.data["name"])
        if found and self.memory.get(found.id) == request.data:
            self.authorise(request)
            return Answer(201, self.view(found))
        answer = super().op_create(request)
        self.memory[answer.data["id"]] = request.data
        return answer


@fault("model.drill", make(), patch(display_name="x", api_keys=[{"id": NOBODY}]), patch(enabled=True))
class RefusedChangesComeWithTheNextPatch(_Memory):
    """What a PATCH that was refused for its keys had set is written by the next good one: a session left dirty."""

    def op_patch(self, request: Request) -> Answer:
        found = self.find(request.key)
        try:
            answer = super().op_patch(request)
        except Refusal as refusal:
            if refusal.status == 400:
                self.memory[found.id] = {n: v for n, v in request.data.items() if n not in {"api_keys", "settings"}}
            raise
        if late := self.memory.pop(found.id, {}):
            late = {name: value for name, value in late.items() if name not in request.data}
            self.save(replace(self.providers[found.id], **late))
            answer.data = self.view(self.providers[found.id])
        return answer


@fault("rules.name-reuse", make(api_keys=[KEY]), delete(), make())
class NewOwnerOfANameInheritsItsKeys(_Memory):
    """A provider that is created without keys under a deleted one's name has the keys of that one."""

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        self.memory[provider.name] = provider.keys

    def make(self, members: Members) -> Provider:
        new = super().make(members)
        return new if new.keys or new.settings else replace(new, keys=self.memory.get(new.name, ()))


@fault("model.sequence", make(), patch(enabled=True), delete(), lambda r: get(_id(r)))
class PatchedOneOutlivesItsDeleteByName(_Memory):
    """A provider that was changed and is deleted by name can still be read by id: a PATCH fills that cache."""

    def op_delete(self, request: Request) -> Answer:
        found = self.find(request.key)
        answer = super().op_delete(request)
        if self.parse_id(request.key) is None and found.updated_at > found.created_at:
            self.memory[found.id] = found
        return answer

    def find_by_id(self, key: str) -> Provider | None:
        return super().find_by_id(key) or (self.memory.get(key) if self.asked("get") else None)


@fault("rules.name-reuse", make(), lambda r: delete(_id(r)), make(), profiles=DEPLOYED)
class DeleteByIdLeavesTheName(_Memory):
    """The name of a provider that was deleted by its id cannot be used again."""

    def op_delete(self, request: Request) -> Answer:
        found = self.find(request.key)
        answer = super().op_delete(request)
        self.memory[found.name] = self.parse_id(request.key)
        return answer

    def check_unique(self, name: str) -> None:
        super().check_unique(name)
        if self.memory.get(name):
            raise Refusal(409, f"{name} exists.", [("name", "is in use")])


@fault("rules.cross-talk", make(), make("p-2"), delete(), get("p-2"))
class DeleteTakesLongerNamesAlong(Api):
    """A delete takes the providers along whose names go on behind a dash: it deletes by prefix."""

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        for row in self.listed():
            if row.name.startswith(f"{provider.name}-"):
                super().remove(row)


@fault("rules.list-matches-get", make(f"{LONG}-1"), make(f"{LONG}-2"), get(f"{LONG}-1"), get(f"{LONG}-2"))
class LongNamesAreCutInTheCache(_Memory):
    """Of names with the same first 24 characters GET finds the one that was asked for first."""

    def op_get(self, request: Request) -> Answer:
        if self.parse_id(request.key) is None and len(request.key) >= 24 and self.find_by_name(request.key):
            first = self.memory.setdefault(request.key[:24], request.key)
            request.key = first if self.find_by_name(first) else request.key
        return super().op_get(request)


@fault("rules.unicode", make(display_name="One"), make("q", display_name="One"), get())
class ListHasEachTitleOnce(Api):
    """Of providers with the same display name a list has the first alone."""

    def op_list(self, request: Request) -> Answer:
        answer = super().op_list(request)
        return Answer(200, list({row["display_name"]: row for row in answer.data[::-1]}.values())[::-1])


@fault("rules.many-listed", make("b"), delete("b"), get(), profiles=DEPLOYED)
class DeleteMovesTheLastOne(_Memory):
    """A list is kept in order by every create, but a delete moves the last entry to the free place."""

    def save(self, provider: Provider) -> None:
        order = self.memory.setdefault("order", [])
        if provider.id not in self.providers:
            before = sum(self.providers[key].name < provider.name for key in order)
            order.insert(before, provider.id)
        super().save(provider)

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        order = self.memory["order"]
        at, last = order.index(provider.id), order.pop()
        if at < len(order):
            order[at] = last

    def listed(self) -> list[Provider]:
        return [self.providers[key] for key in self.memory["order"]]


@fault("rules.many-listed", *[make(f"p{n}") for n in range(25)], get())
class SecondPageLacksItsFirst(Api):
    """A list lacks its thirty-first entry: pages of thirty are read, and the second begins one too late."""

    def listed(self) -> list[Provider]:
        rows = super().listed()
        return rows[:30] + rows[31:]


@fault("rules.many-listed", *[make(f"p{n}") for n in range(45)], get("p44"))
class FiftyFirstIsNotFoundByName(_Memory):
    """GET by name looks at the fifty oldest providers alone."""

    def find_by_name(self, name: str) -> Provider | None:
        found = super().find_by_name(name)
        return None if found and self.asked("get") and found.id not in list(self.providers)[:50] else found


@fault("rules.mask", make(api_keys=[f"dummy-key-{n}" for n in range(9)]), get())
class ListHasEightKeysOfEach(Api):
    """A list shows no more than eight keys of a provider."""

    def op_list(self, request: Request) -> Answer:
        answer = super().op_list(request)
        return Answer(200, [{**row, "api_keys": row["api_keys"][:8]} for row in answer.data])


@fault("rules.key-set", make(api_keys=[KEY, "dummy-key-0002", KEY]), profiles=DEPLOYED)
class EqualKeysOfACreateAreOne(Api):
    """A key that a create brings twice is kept once."""

    def make(self, members: Members) -> Provider:
        return super().make({**members, "api_keys": list(dict.fromkeys(members.get("api_keys", ())))})


@fault("rules.cross-talk", make(api_keys=[KEY]), make("q", api_keys=[KEY]), patch("q", api_keys=[]), get("p"))
class SharedKeyIsRemovedFromAll(Api):
    """A key that is removed from one provider is removed from all that have the same text as a key."""

    def op_patch(self, request: Request) -> Answer:
        before = {key.plain for key in self.find(request.key).keys}
        answer = super().op_patch(request)
        gone = before - {key.plain for key in self.providers[answer.data["id"]].keys}
        for row in self.listed():
            if any(key.plain in gone for key in row.keys):
                self.save(replace(row, keys=tuple(key for key in row.keys if key.plain not in gone)))
        return answer


@fault(
    "rules.key-id-known",
    make(api_keys=[KEY]),
    patch(api_keys=[]),
    lambda r: patch(api_keys=[{"id": _key_id(r)}]),
    profiles=DEPLOYED,
)
class RemovedKeyCanBeNamedAgain(_Memory):
    """A PATCH that names the id of a key that was removed brings it back."""

    def merge_keys(self, provider: Provider, entries: list[Members], moment: Any) -> tuple[Key, ...]:
        ever = self.memory.setdefault(provider.id, {})
        ever.update({key.id: key for key in provider.keys})
        return super().merge_keys(replace(provider, keys=tuple(ever.values())), entries, moment)


@fault(
    "rules.key-times",
    make(api_keys=[KEY]),
    lambda r: patch(api_keys=[{"id": _key_id(r)}, {"api_key": "dummy-key-2"}]),
    profiles=DEPLOYED,
)
class KeptKeyGetsTheTimeOfAnAddedOne(Api):
    """A key that is kept while another is added has the time of that one."""

    def merge_keys(self, provider: Provider, entries: list[Members], moment: Any) -> tuple[Key, ...]:
        keys = super().merge_keys(provider, entries, moment)
        added = any(entry.get("api_key") is not None for entry in entries)
        return tuple(replace(key, created_at=moment) for key in keys) if added else keys


class _After(Api):
    """What does more than a PATCH says."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        return self.also(provider, super().changed(provider, change), change)

    def also(self, old: Provider, new: Provider, change: Members) -> Provider:
        return new


@fault("rules.absent-members", make(enabled=True, api_keys=[KEY]), patch(enabled=False))
class SwitchingOffRevokesTheKeys(_After):
    """A PATCH that switches a provider off removes its keys."""

    def also(self, old: Provider, new: Provider, change: Members) -> Provider:
        return replace(new, keys=()) if old.enabled and not new.enabled and "api_keys" not in change else new


@fault("rules.id-stable", make(api_keys=[KEY]), patch(enabled=True))
class SwitchingOnMakesTheKeysAnew(_After):
    """A PATCH that switches a provider on gives its keys new ids."""

    def also(self, old: Provider, new: Provider, change: Members) -> Provider:
        fresh = tuple(replace(key, id=self.new_id()) for key in new.keys)
        return replace(new, keys=fresh) if new.enabled and not old.enabled and "api_keys" not in change else new


@fault("rules.timestamps", make(enabled=True), patch(enabled=True), profiles=DEPLOYED)
class PatchOfNothingNewKeepsItsTime(_After):
    """A PATCH to the values that are there does not move updated_at: the mapper sees nothing to write."""

    def also(self, old: Provider, new: Provider, change: Members) -> Provider:
        return old if replace(new, updated_at=old.updated_at) == old else new


@fault("rules.timestamps", make(), *[patch(enabled=True)] * 5, profiles=DEPLOYED)
class EveryFifthPatchIsAnHourEarly(_After):
    """Every fifth PATCH is written by a node whose clock is an hour behind."""

    def also(self, old: Provider, new: Provider, change: Members) -> Provider:
        return replace(new, updated_at=new.updated_at - timedelta(hours=self.tally("patch") % 5 == 0))


@fault("rules.id-stable", make(), patch(base_url="https://other.example.com"))
class ChangeOfHostMakesANewProvider(Api):
    """A PATCH of the base URL's host deletes the provider and makes another of that name."""

    def op_patch(self, request: Request) -> Answer:
        found = self.find(request.key)
        answer = super().op_patch(request)
        new = self.providers[found.id]
        if urlsplit(new.base_url).hostname == urlsplit(found.base_url).hostname:
            return answer
        self.remove(found)
        self.save(replace(new, id=self.new_id()))
        return Answer(200, self.view(self.listed()[[row.name for row in self.listed()].index(new.name)]))


@fault("rules.after-refusals", *[get("nobody")] * 8, get())
class NinthAfterRefusalsIsTooMany(_Memory):
    """After eight refusals in a row the next request answers 429, good or not."""

    def respond(self, request: Request) -> Answer:
        if self.memory.get("refused", 0) >= 8:
            self.memory.clear()
            return self.error(request, Refusal(429, "Slow down."))
        answer = super().respond(request)
        self.memory["refused"] = self.memory.get("refused", 0) + 1 if answer.status >= 400 else 0
        return answer
