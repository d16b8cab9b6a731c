"""Faults of ports: what databases do to what is kept, and gateways to what passes them."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tests.independent.app import Api
from tests.independent.asking import COLLECTION, Reply, Step, delete, get, make, patch
from tests.independent.faults.catalogue import BOTH, DEPLOYED, declare_as, fault
from tests.independent.judging import Faults, Members, parse_uuid
from tests.independent.values import Answer, Provider, Refusal, Request

KEY = "dummy-key-0001"
Keys = list[dict[str, Any]]


def _keys(count: int) -> list[str]:
    return [f"dummy-key-{number:04d}" for number in range(count)]


def _id(replies: list[Reply]) -> str:
    return str(replies[0].json["id"])


def _patch_keys(entries: Callable[[Keys], Keys]) -> Callable[[list[Reply]], Step]:
    return lambda replies: patch(api_keys=entries(replies[0].json["api_keys"]))


class _Kept(Api):
    """What is not kept as it was given."""

    def kept(self, provider: Provider) -> Provider:
        raise NotImplementedError

    def make(self, members: Members) -> Provider:
        return self.kept(super().make(members))

    def changed(self, provider: Provider, change: Members) -> Provider:
        return self.kept(super().changed(provider, change))


def _kept(name: str, change: Callable[[str], str]) -> type:
    class Kept(_Kept):
        def kept(self, provider: Provider) -> Provider:
            new: dict[str, Any] = {name: change(getattr(provider, name))}
            return replace(provider, **new)

    return Kept


def _cut(text: str) -> str:
    return text if text.isascii() else text.encode()[:255].decode("utf-8", "replace")


def _by_port(text: str) -> str:
    return re.sub(r"^(https://[^/?#]*):443(?=[/?#]|$)", r"\1", text)


# id, sentence, member, change, probe, check, profiles
COLUMNS: list[tuple[str, str, str, Callable[[str], str], list[Any], str, tuple[str, ...]]] = [
    ("default-port-is-dropped", "Port 443 of an https URL is dropped, as URL parsers do.", "base_url", _by_port,
     [make(base_url="https://e.com:443/v1")], "rules.base-url-kept", BOTH),
    ("double-slashes-of-base-url-are-one", "Double slashes in the path of a base URL become one: path.Clean.",
     "base_url", lambda v: re.sub(r"(?<!:)/{2,}", "/", v), [make(base_url="https://e.com//v1")], "rules.base-url-kept",
     BOTH),
    ("display-name-ends-without-blanks", "Blanks at the end of a display name are lost, as in a column of CHAR.",
     "display_name", lambda v: v.rstrip(" "), [make(display_name="One ")], "rules.unicode", BOTH),
    ("display-name-has-three-bytes-a-character", "Characters beyond the basic plane become question marks: utf8mb3.",
     "display_name", lambda v: re.sub("[\U00010000-\U0010ffff]", "?", v), [make(display_name="a\U0001f600")],
     "rules.unicode", BOTH),
    ("display-name-is-cut-by-bytes", "A display name beyond ASCII is cut after 255 bytes.", "display_name", _cut,
     [make(display_name="ä" * 130)], "rules.long-values", BOTH),
]  # fmt: skip
for _name, _sentence, _member, _change, _probe, _check, _profiles in COLUMNS:
    declare_as(_name, _sentence, _kept(_member, _change), _check, *_probe, profiles=_profiles)


def _ordered(key: Callable[[Provider], Any]) -> type:
    class Ordered(Api):
        def listed(self) -> list[Provider]:
            return sorted(super().listed(), key=key)

    return Ordered


def _natural(row: Provider) -> list[Any]:
    return [part.zfill(20) if part.isdigit() else part for part in re.split("([0-9]+)", row.name)]


@fault("rules.list-order", make("pb"), make("p-c"), get(), profiles=DEPLOYED)
class ListOrderIsThatOfALocale(_ordered(lambda row: row.name.replace("-", ""))):  # type: ignore[misc]
    """Dashes do not count in the order of a list: the collation is en_US."""


@fault("rules.list-order", make("p9"), make("p10"), get(), profiles=DEPLOYED)
class ListOrderIsNatural(_ordered(_natural)):  # type: ignore[misc]
    """Digits count as numbers in the order of a list."""


@fault("rules.many-listed", *[make(f"p{n:03d}") for n in range(96)], get(), quick=False)
class ListIsTheFirstBatch(Api):
    """A list ends after 101 entries: the first batch of a cursor."""

    def listed(self) -> list[Provider]:
        return super().listed()[:101]


class _Views(Api):
    """What shows the keys of a provider otherwise."""

    def view(self, provider: Provider) -> dict[str, Any]:
        shown = super().view(provider)
        return {**shown, "api_keys": self.chosen(shown["api_keys"])}

    def chosen(self, keys: Keys) -> Keys:
        raise NotImplementedError


@fault("rules.key-set", make(api_keys=_keys(28)), get())
class ListShowsTwentySevenKeys(_Views):
    """A list shows the first 27 keys of a provider: GROUP_CONCAT is full."""

    def chosen(self, keys: Keys) -> Keys:
        return keys[:27] if self.request.operation == "list" else keys


@fault("rules.mask", make(api_keys=_keys(11)), get("p"), profiles=DEPLOYED)
class EleventhKeyComesThird(_Views):
    """Keys are read in the order of their position as text: 0, 1, 10, 2."""

    def chosen(self, keys: Keys) -> Keys:
        if self.request.operation == "create":
            return keys
        return [key for _, key in sorted(enumerate(keys), key=lambda pair: str(pair[0]))]


@fault("rules.timestamps", make(), patch(enabled=False), profiles=DEPLOYED)
class UnchangingPatchKeepsTheTime(Api):
    """A PATCH that sets what is there does not move updated_at: nothing is dirty."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        same = replace(new, updated_at=provider.updated_at) == provider
        return provider if same else new


@fault("rules.timestamps", make(), patch(api_keys=[{"api_key": KEY}]), profiles=DEPLOYED)
class KeysAloneKeepTheTime(Api):
    """A PATCH of keys alone does not move updated_at: another table."""

    def changed(self, provider: Provider, change: Members) -> Provider:
        new = super().changed(provider, change)
        return replace(new, updated_at=provider.updated_at) if set(change) == {"api_keys"} else new


@fault("rules.key-times", make(), patch(api_keys=[{"api_key": KEY}]), profiles=DEPLOYED)
class KeysOfPatchesHaveNoTime(Api):
    """A key that a PATCH adds has the time zero of Go."""

    def merge_keys(self, provider: Provider, entries: Keys, moment: datetime) -> Any:
        keys = super().merge_keys(provider, entries, moment)
        old = {key.id for key in provider.keys}
        return tuple(key if key.id in old else replace(key, created_at=datetime(1, 1, 1, tzinfo=UTC)) for key in keys)


@fault("rules.key-set", make(api_keys=_keys(2)), _patch_keys(lambda keys: [{"id": k["id"]} for k in keys[::-1]]),
       profiles=DEPLOYED)  # fmt: skip
class KeptKeysShareAnArray(Api):
    """Where a PATCH names kept keys in another order, one overwrites another: the new slice is the old one's array."""

    def merge_keys(self, provider: Provider, entries: Keys, moment: datetime) -> Any:
        result = super().merge_keys(provider, entries, moment)
        array, ids = list(provider.keys), [key.id for key in provider.keys]
        for at, key in enumerate(result):
            chosen = array[ids.index(key.id)] if key.id in ids else key
            array[at : at + 1] = [chosen]
        return tuple(array[: len(result)])


def _twice(keys: Keys) -> Keys:
    return [{"id": keys[0]["id"]}, {"id": f"urn:uuid:{keys[0]['id']}"}]


@fault("rules.key-id-once", make(api_keys=[KEY]), _patch_keys(_twice), profiles=DEPLOYED)
class OneKeyIdInTwoSpellingsIsTwo(Api):
    """An id that is named twice in different spellings is not seen to be the same."""

    def judge_entry_id(self, place: str, key_id: str, seen: set[str]) -> Faults:
        spelt = key_id in seen
        seen.add(key_id)
        return super().judge_entry_id(place, key_id, {parse_uuid(key_id) or ""} if spelt else set())


BEDROCK = {"_type": "bedrock", "_version": 1, "region": "us-east-1"}


@fault("rules.settings", make(type="bedrock", settings={**BEDROCK, "small_fast_model": "s"}), patch(settings=BEDROCK),
       profiles=DEPLOYED)  # fmt: skip
class SmallFastModelIsCoalesced(Api):
    """New settings without a small fast model keep the stored one."""

    def merge_settings(self, stored: Any, new: Any) -> dict[str, Any]:
        old = {name: value for name, value in (stored or {}).items() if name == "small_fast_model"}
        return {**old, **super().merge_settings(stored, new)}


@fault("rules.settings-secrets", make(type="bedrock", settings={**BEDROCK, "access_key": "a"}),
       patch(settings={**BEDROCK, "access_key": ""}), profiles=DEPLOYED)  # fmt: skip
class ClearedSecretsAreShownEmpty(Api):
    """A secret that was cleared is shown as a member with an empty text."""

    def view_settings(self, provider: Provider) -> Any:
        shown = super().view_settings(provider)
        empty = {name: "" for name, v in (provider.settings or {}).items() if name.startswith("access_key") and not v}
        return {**shown, **empty} if shown else shown


class _Softly(Api):
    """What marks rows as deleted; ``gone`` are these, the last one last."""

    @property
    def gone(self) -> list[Provider]:
        return self.__dict__.setdefault("_gone", [])  # type: ignore[no-any-return]

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        self.gone.append(provider)

    def ghost(self, name: str) -> Provider | None:
        return next((row for row in reversed(self.gone) if name in {row.name, row.id}), None)


@fault("rules.name-reuse", make(), delete(), make(), delete())
class SecondDeleteOfANameFails(_Softly):
    """Deleting a second provider of one name answers 500: name and mark are unique together."""

    def op_delete(self, request: Request) -> Answer:
        if self.ghost(self.find(request.key).name):
            self.authorise(request)
            raise Refusal(500, "duplicate key value violates unique constraint")
        return super().op_delete(request)


@fault("rules.name-reuse", make(api_keys=[KEY]), delete(), make())
class NameBringsKeysBack(_Softly):
    """A create of a name that was deleted has the keys of then, where it brings none."""

    def make(self, members: Members) -> Provider:
        new, ghost = super().make(members), self.ghost(members["name"])
        return replace(new, keys=ghost.keys) if ghost and not new.keys and not new.settings else new


@fault("model.drill", make("a-name-of-thirty-two-characters-1"), make("a-name-of-thirty-two-characters-2"))
class NamesAreUniqueBy32Characters(Api):
    """A create answers 409 where the first 32 characters of a name are in use: a prefix index."""

    def check_unique(self, name: str) -> None:
        alike = (taken for taken in list(self.names) if len(name) > 32 and taken[:32] == name[:32])
        super().check_unique(next(alike, name))


class _Cache(Api):
    """A gateway that remembers the answers of gets by their path, and forgets a path that is written to."""

    def respond(self, request: Request) -> Answer:
        cache: dict[str, Answer] = self.__dict__.setdefault("cache", {})
        if request.method != "GET" or not request.path.startswith(f"{COLLECTION}/"):
            self.written(request, cache)
            return super().respond(request)
        if request.path in cache and self.fits(request):
            return cache[request.path]
        answer = super().respond(request)
        if answer.status == 200:
            cache[request.path] = answer
        return answer

    def written(self, request: Request, cache: dict[str, Answer]) -> None:
        cache.pop(request.path, None)

    def fits(self, request: Request) -> bool:
        user = self.user_of(self.credential(request))
        return user is not None and user.owner


@fault("rules.key-set", make(), lambda replies: get(_id(replies)), patch(enabled=True),
       lambda replies: get(_id(replies)))  # fmt: skip
class CacheForgetsThePathWrittenAlone(_Cache):
    """A provider that was read by id is answered so again after it was changed by name, and the other way round."""


@fault("rules.unauthenticated", make(), get("p"), get("p", token=None))
class CacheServesAnybody(_Cache):
    """What an owner has read is answered to anybody until the next write."""

    def written(self, request: Request, cache: dict[str, Answer]) -> None:
        if request.method not in {"GET", "HEAD"}:
            cache.clear()

    def fits(self, request: Request) -> bool:
        return True


@fault("rules.name-reuse", make(), delete(), make())
class EqualCreatesAreReplayed(Api):
    """A create with the very bytes of an earlier one answers what that was answered, and creates nothing."""

    def op_create(self, request: Request) -> Answer:
        self.authorise(request)
        self.check_unique(request.data["name"])
        done = self.__dict__.setdefault("done", {})
        if request.body not in done:
            done[request.body] = super().op_create(request)
        return done[request.body]  # type: ignore[no-any-return]


@fault("rules.key-set", make(api_keys=_keys(6)), delete())
class SlowDeleteIsTriedTwice(Api):
    """The delete of a provider of more than five keys is done, tried again by the gateway, and answers 404."""

    def op_delete(self, request: Request) -> Answer:
        slow = len(self.find(request.key).keys) > 5
        answer = super().op_delete(request)
        return super().op_delete(request) if slow else answer
