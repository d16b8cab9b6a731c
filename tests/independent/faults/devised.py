"""Faults thought up by somebody who did not know the suite: of keys, their masks, and plain texts that get out."""

import json
import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from tests.independent.app import Api
from tests.independent.asking import Reply, Step, delete, get, make, patch, post
from tests.independent.faults.catalogue import BOTH, DEPLOYED, Later, declare_as, fault
from tests.independent.judging import Faults, Members
from tests.independent.transport import Sent
from tests.independent.values import Answer, Key, Provider, Refusal, Request

PLAIN = "sk-dummy-abcdefgh-0123456789"
SECRETS = {"access_key": "AKIADUMMY0001", "access_key_secret": "dummy-secret-0001"}
FULL = {"_type": "bedrock", "_version": 1, "region": "eu-west-1", "model": "claude", **SECRETS}
TWO = make(api_keys=["dummy-key-one", "other-key-two"])
Entries = list[Members]


def _entries(*entries: Any, path: str = "p", of: int = 0) -> Later:
    """Return a PATCH of keys; a number stands for the id of that key of an answer before."""

    def step(seen: list[Reply]) -> Step:
        ids = [key["id"] for key in seen[of].json["api_keys"]]
        given = [{"id": ids[entry]} if isinstance(entry, int) else entry for entry in entries]
        return patch(path, api_keys=[{**entry, "id": ids[0].upper()} if entry.get("id") == "ID" else entry
                                     for entry in given])  # fmt: skip

    return step


# --- keys


def _merging(merge: Callable[[Any, Provider, Entries, tuple[Key, ...]], tuple[Key, ...]]) -> type:
    class Merging(Api):
        def merge_keys(self, provider: Provider, entries: Entries, moment: datetime) -> tuple[Key, ...]:
            return merge(self, provider, entries, super().merge_keys(provider, entries, moment))

    return Merging


def _by_place(api: Any, old: Provider, entries: Entries, new: tuple[Key, ...]) -> tuple[Key, ...]:
    plain = {key.id: was.plain for key, was in zip(new, old.keys, strict=False) if key in old.keys}
    return tuple(replace(key, plain=plain.get(key.id, key.plain)) for key in new)


def _known_again(api: Any, old: Provider, entries: Entries, new: tuple[Key, ...]) -> tuple[Key, ...]:
    stored = {key.plain: key for key in old.keys}
    return tuple(stored.get(key.plain, key) for key in new)


def _in_place(api: Any, old: Provider, entries: Entries, new: tuple[Key, ...]) -> tuple[Key, ...]:
    free = [key.id for key in old.keys if key not in new]
    return tuple(key if key in old.keys or not free else replace(key, id=free.pop(0)) for key in new)


MERGING: list[tuple[str, str, Any, list[Any], str, tuple[str, ...]]] = [
    ("kept-keys-are-matched-by-place", "Keys that are kept in another order swap their plain texts.", _by_place,
     [TWO, _entries(1, 0)], "rules.key-set", BOTH),
    ("removed-keys-are-the-last-ones", "A removal takes the last keys, whichever are named.",
     lambda api, old, entries, new: old.keys[: len(new)] if all("id" in entry for entry in entries) else new,
     [TWO, _entries(1)], "rules.key-set", BOTH),
    ("a-patch-keeps-ten-keys", "A PATCH keeps ten keys.", lambda api, old, entries, new: new[:10],
     [make(), _entries(*[{"api_key": f"dummy-{n}"} for n in range(11)], of=0)], "rules.mask", BOTH),
    ("known-keys-keep-their-id", "A new key whose plain text is stored already is the stored one.", _known_again,
     [TWO, _entries({"api_key": "dummy-key-one"})], "rules.key-set", DEPLOYED),
    ("new-keys-take-the-ids-of-removed-ones", "A new key takes the id of one that it displaces.", _in_place,
     [TWO, _entries({"api_key": "dummy-key-three"})], "rules.key-set", DEPLOYED),
    ("new-keys-are-as-old-as-the-provider", "A key that a PATCH adds has the time of the provider's creation.",
     lambda api, old, entries, new: tuple(key if key in old.keys else replace(key, created_at=old.created_at)
                                          for key in new),
     [make(), _entries({"api_key": "dummy-key-three"})], "rules.key-times", DEPLOYED),
    ("equal-keys-of-a-patch-are-one", "Equal new keys of a PATCH become one.",
     lambda api, old, entries, new: tuple({key.plain: key for key in new}.values()),
     [make(), _entries({"api_key": "dummy-1"}, {"api_key": "dummy-1"})], "rules.key-set", DEPLOYED),
]  # fmt: skip
for _id, _sentence, _merge, _steps, _check, _profiles in MERGING:
    declare_as(_id, _sentence, _merging(_merge), _check, *_steps, profiles=_profiles, quick=False)


@fault("rules.key-set", make(api_keys=["dummy-1", "dummy-1"]), profiles=DEPLOYED, quick=False)
class EqualKeysBecomeOne(Api):
    """A create keeps one of equal keys."""

    def make(self, members: Members) -> Provider:
        return super().make({**members, "api_keys": list(dict.fromkeys(members.get("api_keys", ())))})


@fault("rules.cross-talk", TWO, make("q", api_keys=["dummy-key-one"]), delete("q"), get("p"), quick=False)
class EqualKeysAreRemovedTogether(Api):
    """A delete removes keys of the same plain text from other providers."""

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        plain = {key.plain for key in provider.keys}
        for row in list(self.providers.values()):
            self.save(replace(row, keys=tuple(key for key in row.keys if key.plain not in plain)))


@fault("rules.key-id-known", TWO, make("q"), _entries(0, path="q"), get("p"), quick=False)
class KeysNamedElsewhereAreRemoved(Api):
    """A PATCH that names another provider's key is refused, and that key is gone."""

    def op_patch(self, request: Request) -> Answer:
        try:
            return super().op_patch(request)
        except Refusal:
            named = {entry.get("id") for entry in request.data.get("api_keys", ())}
            for row in list(self.providers.values()):
                if row is not self.find(request.key):
                    self.save(replace(row, keys=tuple(key for key in row.keys if key.id not in named)))
            raise


@fault("rules.key-id-once", TWO, _entries(0, {"id": "ID"}), profiles=DEPLOYED, quick=False)
class KeyIdsInCapitalsAreOthers(Api):
    """One key may be named twice where one of its spellings has capitals."""

    def judge_entry_id(self, place: str, key_id: str, seen: set[str]) -> Faults:
        return super().judge_entry_id(place, key_id, set() if key_id != key_id.lower() else seen)


@fault("rules.json-types", make(), patch(api_keys=["dummy-key"]), quick=False)
class PatchTakesPlainTexts(Api):
    """A PATCH takes plain texts for new keys, as a create does."""

    def parse(self, request: Request) -> Any:
        data = super().parse(request)
        if request.method == "PATCH" and isinstance(data, dict) and isinstance(data.get("api_keys"), list):
            return {**data, "api_keys": [{"api_key": e} if isinstance(e, str) else e for e in data["api_keys"]]}
        return data


@fault("rules.json-types", make(api_keys=[{"api_key": "dummy-key"}]), quick=False)
class CreateTakesEntries(Api):
    """A create takes entries for keys, as a PATCH does."""

    def parse(self, request: Request) -> Any:
        data = super().parse(request)
        if request.method == "POST" and isinstance(data, dict) and isinstance(data.get("api_keys"), list):
            keys = [e["api_key"] if isinstance(e, dict) and "api_key" in e else e for e in data["api_keys"]]
            return {**data, "api_keys": keys}
        return data


@fault("rules.unknown-members", TWO, _entries({"api_key": "dummy-key", "masked": "d...y"}), profiles=DEPLOYED,
       quick=False)  # fmt: skip
class UnknownMembersOfEntriesAreRefused(Api):
    """Unknown members of a key's entry are refused."""

    def judge_entry(self, place: str, entry: Members, seen: set[str]) -> Faults:
        known = set(entry) <= {"id", "api_key"}
        return super().judge_entry(place, entry, seen) if known else [(place, "has an unknown member")]


def _stamping(change: Callable[[Any, datetime, str], str], what: str) -> type:
    class Stamping(Api):
        def view_key(self, key: Key) -> Members:
            shown = super().view_key(key)
            return {**shown, "created_at": change(self, key.created_at, shown["created_at"])} if "k" in what else shown

        def view(self, provider: Provider) -> Members:
            shown = super().view(provider)
            if "p" in what and self.request.operation == "patch":
                shown["updated_at"] = change(self, provider.updated_at, shown["updated_at"])
            return shown

    return Stamping


def _two_hours_on(api: Any, moment: datetime, text: str) -> str:
    return (moment + timedelta(hours=2)).isoformat(timespec="milliseconds").replace("+00:00", "+02:00")


for _id, _sentence, _mixin, _step in (
    ("times-of-keys-are-local", "Times of keys are in a zone of the server's own.", _stamping(_two_hours_on, "k"),
     [TWO]),
    ("times-of-keys-are-in-nanoseconds", "Times of keys have nine digits of a second.",
     _stamping(lambda api, moment, text: text.replace(".", ".000000"), "k"), [TWO]),
    ("patches-show-local-times", "The answer to a PATCH shows updated_at in a zone of the server's own.",
     _stamping(_two_hours_on, "p"), [TWO, patch(enabled=True)]),
):  # fmt: skip
    declare_as(
        _id,
        _sentence,
        _mixin,
        "rules.timestamps" if "patches" in _id else "rules.key-times",
        *_step,
        profiles=DEPLOYED,
        quick=False,
    )


# --- masks and other secrets


def _masked(condition: Callable[[str], Any], mask: Callable[[str], str] = str) -> type:
    class Masked(Api):
        def mask(self, plain: str) -> str:
            return mask(plain) if condition(plain) else super().mask(plain)

    return Masked


def _graphemes(plain: str) -> str:
    parts = re.findall(r".[\u0300-\u036f]*", plain, re.DOTALL)
    shown = next((n for least, n in ((20, 4), (10, 2), (5, 1)) if len(parts) >= least), 0)
    return f"{''.join(parts[:shown])}...{''.join(parts[len(parts) - shown :])}"


def _sound(plain: str) -> str:
    shown = next((n for least, n in ((20, 4), (10, 2), (5, 1)) if len(plain) >= least), 0)
    return f"{plain[:shown]}...{plain[len(plain) - shown :]}"


MASKS: list[tuple[str, str, type, str, str, tuple[str, ...]]] = [
    ("mask-of-32-is-the-key", "Keys of 32 characters are shown, as if they were digests.",
     _masked(lambda k: len(k) == 32), "dummy" * 6 + "xy", "rules.mask", BOTH),
    ("mask-of-what-has-dots-is-the-key", "Keys with three dots inside are shown, as if they were masked.",
     _masked(lambda k: "..." in k), "dummy-key...0001", "rules.mask", BOTH),
    ("mask-of-what-has-stars-is-the-key", "Keys with stars inside are shown, as if they were masked.",
     _masked(lambda k: "***" in k), "dummy-key***0001", "rules.mask", BOTH),
    ("mask-of-one-character-is-the-key", "Keys of one character are shown.", _masked(lambda k: len(k) == 1), "k",
     "rules.mask", DEPLOYED),
    ("mask-shows-what-is-before-the-last-dash", "Masks show the prefix of a key.",
     _masked(lambda k: len(k) >= 20 and "-" in k[4:], lambda k: k.rpartition("-")[0] + "-..." + k[-4:]), PLAIN,
     "rules.mask", DEPLOYED),
    ("mask-counts-graphemes", "Masks count what people take for one character.",
     _masked(lambda k: re.search("[\u0300-\u036f]", k), _graphemes), "e\u0301" * 4 + "dummy-01", "rules.mask",
     DEPLOYED),
    ("mask-is-composed", "Masks are put into normal form C.",
     _masked(lambda k: not k.isascii(), lambda k: unicodedata.normalize("NFC", _sound(k))),
     "e\u0301" * 12, "rules.mask", DEPLOYED),
    ("mask-is-in-small-letters", "Masks are in small letters.",
     _masked(lambda k: k != k.lower(), lambda k: _sound(k).lower()), "DUMMY-KEY-0001", "rules.mask", DEPLOYED),
    ("mask-is-escaped", "Masks are escaped for HTML.",
     _masked(lambda k: "&" in k or "<" in k, lambda k: _sound(k).replace("&", "&amp;").replace("<", "&lt;")),
     "<dummy-key-0001>", "rules.mask", DEPLOYED),
]  # fmt: skip
for _id, _sentence, _mixin, _plain, _check, _profiles in MASKS:
    declare_as(_id, _sentence, _mixin, _check, make(api_keys=[_plain]), profiles=_profiles, quick=False)


def _told(status: int, where: Callable[[Request], Any], *, header: bool = False) -> type:
    class Told(Api):
        def write(self, request: Request, answer: Answer) -> Sent:
            if answer.status != status or not request.body or not where(request):
                return super().write(request, answer)
            text = json.dumps(request.body.decode("utf-8", "replace"))
            if header:
                return super().write(request, replace(answer, headers={**answer.headers, "X-Request": text}))
            told = answer.data if isinstance(answer.data, dict) else {"message": "This was not done."}
            return super().write(request, replace(answer, data={**told, "detail": json.loads(text)}))

    return Told


KEYS: Members = {"api_keys": [PLAIN]}
NEW_KEYS: Members = {"api_keys": [{"api_key": PLAIN}]}
WITH_SECRETS = make(type="bedrock", settings=FULL)
TOLD: list[tuple[str, str, type, list[Step], str, tuple[str, ...]]] = [
    ("forbidden-is-echoed", "A 403 quotes the body, keys too.", _told(403, lambda r: True),
     [post({**make().body, **KEYS}, token="MEMBER_KEY")], "rules.secrets-never-leak", DEPLOYED),
    ("not-allowed-is-echoed", "A 405 quotes the body, keys too.", _told(405, lambda r: True),
     [Step("PUT", "", {**make().body, **KEYS})], "rules.secrets-never-leak", BOTH),
    ("unknown-path-is-echoed", "The 404 of an unknown path quotes the body, keys too.",
     _told(404, lambda r: not r.operation), [post({**make().body, **KEYS}, path="/api/v2/ai/providerz")],
     "rules.secrets-never-leak", DEPLOYED),
    ("no-json-is-echoed", "What is no JSON is quoted, keys too.",
     _told(400, lambda r: not r.body.rstrip().endswith(b"}")),
     [post(raw=json.dumps({**make().body, **KEYS}).encode()[:-1])], "rules.secrets-never-leak", BOTH),
    ("faulty-body-has-keys-in-a-header", "A 400 has the body in a header.", _told(400, lambda r: True, header=True),
     [post({**KEYS, "name": "p"})], "rules.secrets-never-leak", BOTH),
    ("patch-has-keys-in-a-header", "The answer to a PATCH has its body in a header.",
     _told(200, lambda r: r.method == "PATCH", header=True), [make(), Step("PATCH", "p", NEW_KEYS)],
     "rules.secrets-never-leak", BOTH),
    ("not-found-has-keys-in-a-header", "A 404 to a PATCH has its body in a header.",
     _told(404, lambda r: r.method == "PATCH", header=True), [Step("PATCH", "nobody", NEW_KEYS)],
     "rules.secrets-never-leak", BOTH),
    ("conflict-quotes-settings", "A 409 quotes the settings, secrets too.",
     _told(409, lambda r: b"access_key" in r.body), [make(), WITH_SECRETS], "rules.settings-secrets", DEPLOYED),
    ("not-found-quotes-settings", "A 404 to a PATCH quotes the settings, secrets too.",
     _told(404, lambda r: b"access_key" in r.body), [Step("PATCH", "nobody", {"settings": FULL})],
     "rules.settings-secrets", DEPLOYED),
    ("unauthenticated-quotes-settings", "A 401 quotes the settings, secrets too.",
     _told(401, lambda r: b"access_key" in r.body), [replace(WITH_SECRETS, token=None)], "rules.settings-secrets",
     DEPLOYED),
    ("create-has-settings-in-a-header", "The answer to a create has the settings in a header, secrets too.",
     _told(201, lambda r: b"access_key" in r.body, header=True), [WITH_SECRETS], "rules.settings-secrets", DEPLOYED),
]  # fmt: skip
for _id, _sentence, _mixin, _probe, _check, _profiles in TOLD:
    declare_as(_id, _sentence, _mixin, _check, *_probe, profiles=_profiles, quick=False)


def _key_header(name: str, operations: tuple[str, ...]) -> type:
    class KeyHeader(Api):
        def perform(self, request: Request) -> Answer:
            row = self.find(request.key) if request.operation in {"get", "delete"} else None
            rows = list(self.providers.values()) if row is None else [row]
            answer = super().perform(request)
            if request.operation in operations and (plain := [key.plain for r in rows for key in r.keys]):
                answer.headers[name] = json.dumps(plain)
            return answer

    return KeyHeader


for _operation, _probe in (("get", [TWO, get("p")]), ("list", [get()]), ("delete", [TWO, delete()])):
    declare_as(
        f"{_operation}-has-keys-in-a-header", f"The answer to a {_operation} has the keys in a header.",
        _key_header("X-Debug", (_operation,)), "rules.secrets-never-leak", *_probe, quick=False,
    )  # fmt: skip
