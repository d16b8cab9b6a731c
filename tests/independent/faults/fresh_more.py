"""Faults from production: caches, joins, soft deletes, keys, masks, settings and races, each under some condition."""

import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from tests.independent.app import Api
from tests.independent.asking import Reply, Step, delete, get, make, patch, post
from tests.independent.faults.catalogue import BOTH, DEPLOYED, Race, declare_as, fault
from tests.independent.judging import SETTINGS_SECRETS, Members
from tests.independent.values import Answer, Key, Provider, Refusal, Request, User

KEY = "dummy-key-0001"
BEDROCK = {"_type": "bedrock", "_version": 1, "region": "eu-west-1"}
Rows = list[Provider]


def keeping(*more: str) -> Callable[[list[Reply]], Step]:
    """Return a PATCH that keeps the first key of the first answer, and adds these."""
    return lambda replies: patch(
        api_keys=[{"id": replies[0].json["api_keys"][0]["id"]}, *({"api_key": plain} for plain in more)]
    )


def _listing(change: Callable[[Rows], Rows]) -> type:
    class Listed(Api):
        def listed(self) -> Rows:
            return change(super().listed())

    return Listed


def _numbers(row: Provider) -> list[Any]:
    return [(part.isdigit(), int(part) if part.isdigit() else part) for part in re.findall(r"\d+|\D+", row.name)]


# id, sentence, change, probe, check, profiles
LISTS = [
    ("list-joins-keys", "A list shows a provider once for each time at which keys of it were made: DISTINCT on a join.",
     lambda rows: [row for row in rows for _ in {key.created_at for key in row.keys} or {None}],
     [make(api_keys=[KEY]), keeping("dummy-key-0002"), get()], "rules.list-matches-get", BOTH),
    ("list-loses-its-twenty-sixth", "A list of more than 25 loses the first of its second page.",
     lambda rows: rows[:25] + rows[26:], [*(make(f"n{number}") for number in range(20)), get()], "rules.many-listed",
     BOTH),
    ("list-collates-without-dashes", "A list is ordered as if names had no dashes, as a locale does.",
     lambda rows: sorted(rows, key=lambda row: row.name.replace("-", "")), [make("ab"), get()], "rules.list-order",
     DEPLOYED),
    ("list-sorts-numbers", "A list has p2 before p10.", lambda rows: sorted(rows, key=_numbers),
     [make("p10"), make("p2"), get()], "rules.list-order", DEPLOYED),
]  # fmt: skip
for _id, _sentence, _change, _probe, _check, _profiles in LISTS:
    declare_as(_id, _sentence, _listing(_change), _check, *_probe, profiles=_profiles)


@fault("model.drill", make(), get(), patch(api_keys=[{"api_key": KEY}]), get())
class ListIsNotRefreshedByKeys(Api):
    """A list is remembered until a write that is more than a PATCH of keys."""

    def op_list(self, request: Request) -> Answer:
        return Answer(200, self.__dict__.setdefault("remembered", super().op_list(request).data))

    def finish(self, request: Request, answer: Answer) -> Answer:
        if request.method != "GET" and set(request.data) != {"api_keys"}:
            self.__dict__.pop("remembered", None)
        return super().finish(request, answer)


@fault("rules.name-reuse", get("p"), make(), get("p"))
class UnknownNamesAreRemembered(Api):
    """A get that found nobody is remembered until the next list, whoever is created then."""

    def op_get(self, request: Request) -> Answer:
        unknown: set[str] = self.__dict__.setdefault("unknown", set())
        if request.key in unknown and self.parse_id(request.key) is None:
            raise Refusal(404, "There is no such provider.")
        try:
            return super().op_get(request)
        except Refusal as refusal:
            if refusal.status == 404:
                unknown.add(request.key)
            raise

    def op_list(self, request: Request) -> Answer:
        self.__dict__.pop("unknown", None)
        return super().op_list(request)


@fault("rules.forbidden", make(), get("p"), lambda replies: delete(replies[0].json["id"]), get("p"))
class NameOutlivesADeleteById(Api):
    """A provider that was got by name and deleted by id is still answered by name."""

    def op_get(self, request: Request) -> Answer:
        seen: dict[str, Any] = self.__dict__.setdefault("seen", {})
        try:
            answer = super().op_get(request)
        except Refusal:
            if request.key in seen:
                return Answer(200, seen[request.key])
            raise
        if self.parse_id(request.key) is None:
            seen[request.key] = answer.data
        return answer

    def op_delete(self, request: Request) -> Answer:
        self.__dict__.setdefault("seen", {}).pop(request.key, None)
        return super().op_delete(request)


@fault("rules.name-reuse", make(), delete(), make())
class IdenticalCreateIsReplayed(Api):
    """A create of the very bytes of one before answers what that one did, and creates nothing."""

    def op_create(self, request: Request) -> Answer:
        done: dict[bytes, Answer] = self.__dict__.setdefault("done", {})
        self.authorise(request)
        self.check_unique(request.data["name"])
        return done[request.body] if request.body in done else done.setdefault(request.body, super().op_create(request))


class _Graves(Api):
    @property
    def graves(self) -> dict[str, Provider]:
        """The deleted, by id and by name."""
        return self.__dict__.setdefault("_graves", {})  # type: ignore[no-any-return]

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        self.graves[provider.id] = self.graves[provider.name] = provider


@fault("rules.deleted-is-gone", make(), delete(),
       lambda replies: patch(replies[0].json["id"], display_name="x"))  # fmt: skip
class PatchReachesTheDeleted(_Graves):
    """A PATCH by the id of a deleted provider answers 200: its UPDATE does not look at deleted_at."""

    def op_patch(self, request: Request) -> Answer:
        grave = self.graves.get(self.parse_id(request.key) or "")
        return super().op_patch(request) if grave is None else Answer(200, self.view(self.changed(grave, request.data)))


@fault("rules.name-reuse", make(api_keys=[KEY]), delete(), make())
class ReusedNameBringsKeysBack(_Graves):
    """A create without keys has those of the deleted provider of that name."""

    def make(self, members: Members) -> Provider:
        grave = self.graves.get(members["name"])
        return replace(super().make(members), **({"keys": grave.keys} if grave and "api_keys" not in members else {}))


@fault("rules.auth-carriers", make(), patch(base_url="https://f.com"), patch(base_url="https://f.com"))
class PatchOfTheSameAnswers204(Api):
    """A PATCH of nothing but values that are there already answers 204."""

    def op_patch(self, request: Request) -> Answer:
        before = self.find(request.key)
        answer = super().op_patch(request)
        return Answer(204) if all(getattr(before, n, ...) == value for n, value in request.data.items()) else answer


@fault("model.drill", make(type="nope", display_name="left"), make())
class RefusedCreateLeavesItsDisplayName(Api):
    """A create without display name takes that of a refused one before it: a decoder's object is used again."""

    left: str | None = None

    def judge(self, request: Request, data: Any) -> Members:
        if request.operation != "create" or not isinstance(data, dict):
            return super().judge(request, data)
        told, self.left = ({"display_name": self.left} if isinstance(self.left, str) else {}), data.get("display_name")
        members = super().judge(request, {**told, **data})
        self.left = None
        return members


@fault("rules.cross-talk", make(api_keys=[KEY]), make("q", api_keys=[KEY]), delete(), get("q"))
class KeysOfOneTextGoTogether(Api):
    """A delete removes its keys from every provider that has one of the same text."""

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        gone = {key.plain for key in provider.keys}
        for row in self.listed():
            self.save(replace(row, keys=tuple(key for key in row.keys if key.plain not in gone)))


@fault("model.drill", make(), make("p-2"), patch(enabled=True), get("p-2"))
class PatchReachesLongerNames(Api):
    """A PATCH by name switches all providers whose name continues it after a dash."""

    def op_patch(self, request: Request) -> Answer:
        answer = super().op_patch(request)
        for row in self.listed():
            if row.name.startswith(f"{request.key}-") and "enabled" in request.data:
                self.save(replace(row, enabled=request.data["enabled"]))
        return answer


@fault("rules.mask", make(api_keys=[f"dummy-key-{number:04d}" for number in range(11)]), profiles=DEPLOYED)
class ElevenKeysAreOrderedAsText(Api):
    """More than ten keys of a create are in the order of their positions as text: 0, 1, 10, 2."""

    def make(self, members: Members) -> Provider:
        made = super().make(members)
        return replace(made, keys=tuple(made.keys[at] for at in sorted(range(len(made.keys)), key=str)))


def _merging(change: Callable[[Api, Provider], Provider]) -> type:
    class Merged(Api):
        def merge_keys(self, provider: Provider, entries: list[Members], moment: datetime) -> tuple[Key, ...]:
            return super().merge_keys(change(self, provider), entries, moment)

    return Merged


def _ever(api: Api, provider: Provider) -> Provider:
    ever: dict[str, Key] = api.__dict__.setdefault(f"ever-{provider.id}", {})
    ever |= {key.id: key for key in provider.keys}
    return replace(provider, keys=tuple(ever.values()))


def _of_type(api: Api, provider: Provider) -> Provider:
    return replace(provider, keys=tuple(key for row in api.listed() if row.type == provider.type for key in row.keys))


declare_as("removed-keys-can-be-named", "A PATCH may name a key that was removed, which brings it back.",
           _merging(_ever), "rules.key-id-known", make(api_keys=[KEY]), patch(api_keys=[]), keeping(),
           profiles=DEPLOYED)  # fmt: skip
declare_as("keys-move-within-a-type", "A PATCH may name a key of another provider of the same type.",
           _merging(_of_type), "rules.key-id-known", make("q", api_keys=[KEY]), make(), keeping(),
           profiles=DEPLOYED)  # fmt: skip


@fault("rules.key-set", make(api_keys=[KEY]), patch(api_keys=[{"api_key": KEY}]), profiles=DEPLOYED)
class RepeatedKeyIsTheStoredOne(Api):
    """A PATCH that adds the text of a stored key has that key, and no new one."""

    def merge_keys(self, provider: Provider, entries: list[Members], moment: datetime) -> tuple[Key, ...]:
        stored = {key.plain: key for key in provider.keys}
        return tuple(dict.fromkeys(stored.get(k.plain, k) for k in super().merge_keys(provider, entries, moment)))


@fault("rules.key-set", make(api_keys=[KEY, "dummy-key-0002"]), keeping(), profiles=DEPLOYED)
class KeysAreRemovedByNewOnesAlone(Api):
    """A PATCH that only names keys removes none; one that adds a key or names nothing does."""

    def merge_keys(self, provider: Provider, entries: list[Members], moment: datetime) -> tuple[Key, ...]:
        keys = super().merge_keys(provider, entries, moment)
        return provider.keys if keys and set(keys) <= set(provider.keys) else keys


@fault("rules.timestamps", make(api_keys=[KEY]), patch(api_keys=[]), profiles=DEPLOYED)
class KeyPatchLeavesUpdatedAt(Api):
    """A PATCH of keys alone does not move updated_at: they are in another table."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        return replace(new, updated_at=provider.updated_at) if set(change) == {"api_keys"} else new


@fault("rules.timestamps", make(), patch(enabled=True), profiles=DEPLOYED)
class UpdatedAtMovesOnceAMinute(Api):
    """A PATCH within a minute of the last change does not move updated_at."""

    def after(self, before: datetime) -> datetime:
        present = super().after(before)
        return before if present - before < timedelta(minutes=1) else present


@fault("rules.mask", make(api_keys=["sk-ant-api03-abcdefgh"]), profiles=DEPLOYED)
class MaskShowsTheVendorsPrefix(Api):
    """The mask of a long key that starts with sk- shows all up to its second dash."""

    def mask(self, plain: str) -> str:
        found = re.match(r"sk-\w+-", plain) if len(plain) >= 20 else None
        return f"{found[0]}...{plain[-4:]}" if found else super().mask(plain)


@fault("rules.mask", make(api_keys=["\U0001f511" * 4]), profiles=DEPLOYED)
class MaskCountsInUtf16(Api):
    """How much a mask shows is decided by the key's length in UTF-16."""

    def mask(self, plain: str) -> str:
        units = len(plain.encode("utf-16-le")) // 2
        shown = next((shown for least, shown in ((20, 4), (10, 2), (5, 1)) if units >= least), 0)
        return f"{plain[:shown]}...{plain[len(plain) - shown :]}" if plain else ""


@fault("rules.settings-secrets", make(type="bedrock", settings={**BEDROCK, "access_key": "AKIADUMMY"}),
       Step("PATCH", "p", {"settings": {**BEDROCK, "access_key": ""}}), profiles=DEPLOYED)  # fmt: skip
class ClearedSecretIsShownEmpty(Api):
    """A secret of settings that was cleared is shown as an empty text."""

    def view_settings(self, provider: Provider) -> Any:
        empty = {name: "" for name in SETTINGS_SECRETS if (provider.settings or {}).get(name) == ""}
        return {**super().view_settings(provider), **empty} if empty else super().view_settings(provider)


@fault("rules.settings", make(type="bedrock", settings={**BEDROCK, "small_fast_model": "m"}),
       patch(settings=BEDROCK), profiles=DEPLOYED)  # fmt: skip
class OmittedSmallModelIsKept(Api):
    """New settings without small_fast_model keep the old one; region and model are replaced."""

    def merge_settings(self, stored: dict[str, Any] | None, new: dict[str, Any]) -> dict[str, Any]:
        kept = {name: value for name, value in (stored or {}).items() if name == "small_fast_model"}
        return super().merge_settings(stored, {**kept, **new})


class _Unlocked(Api):
    """A PATCH that takes no lock: what it read may be old when it writes."""

    def perform(self, request: Request) -> Answer:
        return self.op_patch(request) if request.operation == "patch" else super().perform(request)

    def changed(self, provider: Provider, change: Members) -> Provider:
        time.sleep(0.02)
        return super().changed(provider, change)


@fault(
    "rules.concurrency",
    Race(
        [make()],
        [patch(enabled=True), patch(display_name="x"), patch(base_url="https://f.com")],
        get("p"),
        lambda reply: [reply.json[name] for name in ("enabled", "display_name", "base_url")],
    ),
)
class PatchesAtOnceLoseOne(_Unlocked):
    """Of PATCHes of several members at the same time the last one wins all."""


@fault("rules.unauthenticated", make(), get("p"), get("p", token=None))
class CacheServesWhoeverAsks(Api):
    """A provider that was read is answered from a cache to those who have no good token."""

    def respond(self, request: Request) -> Answer:
        answer = super().respond(request)
        cache: dict[str, Any] = self.__dict__.setdefault("cache", {})
        if request.operation == "get" and answer.status == 200:
            cache[request.path] = answer.data
        if answer.status == 401 and request.method == "GET" and request.path in cache:
            return Answer(200, cache[request.path])
        return answer


@fault("rules.unauthenticated", make(), post({"name": "p"}, token=None), profiles=DEPLOYED)
class AnonymousIsToldOfATakenName(Api):
    """A create without a token answers 409 where the name is taken."""

    def authenticate(self, request: Request) -> User:
        try:
            return super().authenticate(request)
        except Refusal:
            found = re.search(rb'"name": ?("[^"]*")', request.body)
            if request.method == "POST" and found:
                self.check_unique(json.loads(found[1]))
            raise


@fault("rules.forbidden", make(), Step("PATCH", "p", {"enabled": True}, token="MEMBER_KEY"),
       Step("PATCH", "p", {"display_name": "x"}, token="MEMBER_KEY"), profiles=DEPLOYED)  # fmt: skip
class MemberMayRename(Api):
    """Somebody who is no owner may PATCH the display name, if nothing else is in the body."""

    def authorise(self, request: Request) -> None:
        if request.operation != "patch" or set(request.data) != {"display_name"}:
            super().authorise(request)
