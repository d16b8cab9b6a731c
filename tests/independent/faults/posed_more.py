"""More posed faults: of texts, of whoever asks and how, of settings and key sets, of paths, and of what is at once."""

import json
import re
import time
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from html import escape
from typing import Any

from tests.independent.access import TOKEN_NAME
from tests.independent.app import Api
from tests.independent.asking import Step, delete, get, make, patch
from tests.independent.faults.catalogue import DEPLOYED, Race, declare_as, fault
from tests.independent.faults.posed import BED, KEYS, REGION, kept, key_id
from tests.independent.judging import Faults, Members
from tests.independent.transport import COLLECTION
from tests.independent.values import USERS, Answer, Key, Provider, Refusal, Request, User

# --- texts


def _of_texts(change: Callable[[str], str], operation: str) -> type:
    class Respelt(Api):
        def judge(self, request: Request, data: Any) -> Members:
            members = super().judge(request, data)
            if request.operation == operation and "display_name" in members:
                members["display_name"] = change(members["display_name"])
            return members

        def op_list(self, request: Request) -> Answer:
            answer = super().op_list(request)
            for shown in answer.data if operation == "list" else ():
                shown["display_name"] = change(shown["display_name"])
            return answer

    return Respelt


def _date(text: str) -> str:
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)", text):
        return text
    return f"{datetime.fromisoformat(text):%m/%d/%Y %H:%M:%S}"


# id, sentence, change of a display name, operation, probe
TEXTS: list[tuple[str, str, Callable[[str], str], str, list[Step]]] = [
    ("patch-composes-accents", "A PATCH composes letters and accents of a display name; a create does not.",
     lambda s: unicodedata.normalize("NFC", s), "patch", [make(), patch(display_name="Cafe\u0301")]),
    ("create-drops-direction-marks", "A create drops marks of direction and joiners from a display name.",
     lambda s: re.sub("[\u200c-\u200f\u202a-\u202e\u2066-\u2069]", "", s), "create",
     [make(display_name="\u05d0\u200f1")]),
    ("patch-ends-at-nul", "A PATCH cuts a display name at a NUL.", lambda s: s.partition("\0")[0], "patch",
     [make(), patch(display_name="a\0b")]),
    ("word-null-is-no-name", "A create takes the display names null, None and undefined for absent.",
     lambda s: "" if s.lower() in {"null", "none", "undefined"} else s, "create", [make(display_name="null")]),
    ("date-as-name-is-respelt", "A create respells a display name that is a time: its JSON library looks for dates.",
     _date, "create", [make(display_name="2024-05-01T10:00:00Z")]),
    ("patch-doubles-quotes", "A PATCH doubles single quotes: it escapes for SQL what is bound anyway.",
     lambda s: s.replace("'", "''"), "patch", [make(), patch(display_name="O'Hara")]),
    ("patch-resolves-backslashes", "A PATCH resolves backslashes in a display name a second time.",
     lambda s: re.sub(r"\\(.)", r"\1", s), "patch", [make(), patch(display_name="C:\\new")]),
    ("list-escapes-html", "A list escapes display names for HTML.", lambda s: escape(s, quote=False), "list",
     [make(display_name="R&D"), get()]),
    ("patch-knows-three-bytes", "A PATCH keeps question marks for what needs four bytes of UTF-8; a create does not.",
     lambda s: re.sub("[\U00010000-\U0010ffff]", "?", s), "patch", [make(), patch(display_name="key \U0001f511")]),
]  # fmt: skip
for _id, _sentence, _change, _operation, _probe in TEXTS:
    declare_as(_id, _sentence, _of_texts(_change, _operation), "model.drill", *_probe)


@fault("rules.mask", make(api_keys=["\U0001f511\U0001f512\U0001f513"]), profiles=DEPLOYED)
class MaskCountsSurrogates(Api):
    """Masks count what lies beyond the first plane twice."""

    def mask(self, plain: str) -> str:
        units = len(plain.encode("utf-16-le")) // 2
        shown = next((shown for least, shown in ((20, 4), (10, 2), (5, 1)) if units >= least), 0)
        return f"{plain[:shown]}...{plain[len(plain) - shown :]}" if plain else ""


@fault("rules.mask", make(), patch(api_keys=[{"api_key": f"dummy-{'x' * 300}-end"}]), profiles=DEPLOYED)
class PatchedKeyIsCutAt255(Api):
    """A key that a PATCH adds is cut at 255 characters, which its mask shows."""

    def merge_keys(self, provider: Provider, entries: list[Members], moment: datetime) -> tuple[Key, ...]:
        keys = super().merge_keys(provider, entries, moment)
        return tuple(key if key in provider.keys else replace(key, plain=key.plain[:255]) for key in keys)


@fault("rules.lookup", make("a-name-that-is-thirty-six-characters"), get("a-name-that-is-thirty-six-characters"))
class LengthMakesAnId(Api):
    """A name as long as a UUID is taken for one, and not found."""

    def find_by_name(self, name: str) -> Provider | None:
        return super().find_by_name(name) if len(name) != 36 or self.request.operation == "create" else None


@fault("model.drill", make("2024"), patch("2024", enabled=True))
class DigitsAreRowNumbers(Api):
    """A PATCH of a name of nothing but digits looks for the number of a row."""

    def find_by_name(self, name: str) -> Provider | None:
        return None if name.isdigit() and self.request.operation == "patch" else super().find_by_name(name)


@fault("model.drill", make("n" * 64 + "-a"), make("n" * 64 + "-b"))
class NamesDifferWithinSixtyFour(Api):
    """A name is taken where its first 64 characters are: the index holds no more."""

    def check_unique(self, name: str) -> None:
        super().check_unique(name)
        if any(known[:64] == name[:64] for known in self.names if len(name) > 64):
            raise Refusal(409, "Duplicate entry.")


@fault("rules.name-unique", make(), make("q", display_name="p"))
class TitleMustNotBeAName(Api):
    """A create is refused whose display name is another provider's name."""

    def op_create(self, request: Request) -> Answer:
        if self.find_by_name(request.data.get("display_name", "")):
            raise Refusal(409, "That would be confusing.")
        return super().op_create(request)


# --- what refusals tell


def _quoting(status: int, operation: str, quote: Callable[[Request], str]) -> type:
    class Quoting(Api):
        def error(self, request: Request, refusal: Refusal) -> Answer:
            answer = super().error(request, refusal)
            if refusal.status == status and request.operation == operation:
                answer.data = {**answer.data, "detail": quote(request)}
            return answer

    return Quoting


def _raw(request: Request) -> str:
    return request.body.decode("utf-8", "replace")


SECRET = {**REGION, "access_key_secret": "dummy-secret-0001"}
QUOTES = [
    ("refused-patch-quotes-its-body", "A PATCH that is refused quotes its body, settings' secrets too.", 400, "patch",
     _raw, [make(), patch(settings=SECRET)]),
    ("refused-create-quotes-what-it-read", "A create that is refused quotes the first of its body.", 400, "create",
     lambda request: _raw(request)[:200], [Step("POST", "", raw=b'{"api_keys": ["dummy-key-0001"], "name": }')]),
]  # fmt: skip
for _id, _sentence, _status, _operation, _quote, _probe in QUOTES:
    _mixin = _quoting(_status, _operation, _quote)
    declare_as(_id, _sentence, _mixin, "rules.secrets-never-leak", *_probe, profiles=DEPLOYED)


class _Refusing(Api):
    """What rewrites the faults of a body."""

    def rewrite(self, faults: Faults) -> Faults:
        raise NotImplementedError

    def refuse(self, faults: Faults) -> None:
        super().refuse(self.rewrite(faults))


@fault("rules.validation-fields", make(api_keys=[*["k"] * 10, ""]), profiles=DEPLOYED)
class IndexHasOneDigit(_Refusing):
    """The index in a field is one character, so that 10 is a colon."""

    def rewrite(self, faults: Faults) -> Faults:
        return [(re.sub(r"\d+", lambda found: chr(48 + int(found[0])), field), why) for field, why in faults]


@fault("rules.validation-fields", make(api_keys=["k", "", "k", " k"]), profiles=DEPLOYED)
class IndexCountsTheFaulty(_Refusing):
    """The index in a field counts faulty entries alone."""

    def rewrite(self, faults: Faults) -> Faults:
        at = iter(range(len(faults)))
        return [(re.sub(r"\d+", lambda _: str(next(at)), field), why) for field, why in faults]


@fault("rules.validation-fields", make(), patch(api_keys=[{}, {"api_key": "k"}, {}]), profiles=DEPLOYED)
class SameComplaintIsToldOnce(_Refusing):
    """Of faults with the same words only the last is told: they are kept by their words."""

    def rewrite(self, faults: Faults) -> Faults:
        return [(field, why) for why, field in {why: field for field, why in faults}.items()]


# --- who asks, and how


@fault("rules.first-credential-wins", get(headers={"Cookie": f"{TOKEN_NAME}=EXPIRED_KEY"}), profiles=DEPLOYED)
class ExpiredCookieIsPassedOver(Api):
    """A cookie that has expired does not count, and the next token does; an unknown one counts."""

    def carried(self, request: Request, carrier: str) -> str | None:
        token = super().carried(request, carrier)
        return None if carrier == "cookie" and token in USERS and USERS[token].expired else token


@fault("rules.unauthenticated", get(token=None, query={TOKEN_NAME: "SUSPENDED_KEY"}), profiles=DEPLOYED)
class SuspendedMayAskByQuery(Api):
    """A suspended user is served whose token is in the query."""

    def authenticate(self, request: Request) -> User:
        user = USERS.get(self.credential(request) or "")
        by_query = self.carried(request, "cookie") is None and self.carried(request, "query") is not None
        return user if user and user.suspended and by_query else super().authenticate(request)


@fault("rules.unauthenticated", get(), get(token=""))
class EmptyTokenIsTheLastUser(Api):
    """An empty token is good after a good one: the user of the request before is still there."""

    def user_of(self, token: str | None) -> User | None:
        if token == "":
            return self.__dict__.get("last")
        self.__dict__["last"] = super().user_of(token)
        return self.__dict__["last"]  # type: ignore[no-any-return]


@fault("rules.auth-carriers", get(headers={"Authorization": "Bearer of-the-proxy"}))
class AuthorizationOverrulesTheToken(Api):
    """A bearer in Authorization, as for a proxy, is taken in place of the session token."""

    def credential(self, request: Request) -> str | None:
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        return bearer if scheme == "Bearer" else super().credential(request)


@fault("rules.access", get(f"{COLLECTION}/", token=None, query={TOKEN_NAME: "API_KEY"}), profiles=DEPLOYED)
class SlashDropsTheQuery(Api):
    """Behind a slash at the end of the collection's path the query, and the token in it, are lost."""

    def handle(self, request: Request) -> Answer:
        request.query = {} if request.path.endswith("/") else request.query
        return super().handle(request)


@fault("rules.content-type", make(display_name="One"), Step("PATCH", "p", {"display_name": None, "enabled": True},
       headers={"Content-Type": "application/merge-patch+json"}), profiles=DEPLOYED)  # fmt: skip
class MergePatchClears(Api):
    """A PATCH that calls itself a merge patch clears the display name by null."""

    def judge(self, request: Request, data: Any) -> Members:
        members = super().judge(request, data)
        merge = "merge-patch" in request.headers["content-type"] and data.get("display_name", 0) is None
        return {**members, "display_name": ""} if merge else members


@fault("rules.notations", Step("POST", "", raw=json.dumps(make(display_name="é").body, ensure_ascii=False).encode(),
       headers={"Content-Type": "application/json; charset=iso-8859-1"}), profiles=DEPLOYED)  # fmt: skip
class CharsetIsBelieved(Api):
    """A body that says that it is Latin-1 is read so, though it is JSON in UTF-8."""

    def parse(self, request: Request) -> Any:
        if "iso-8859-1" in request.headers["content-type"].lower():
            request.body = request.body.decode("latin-1").encode()
        return super().parse(request)


_TRACED = {"X-Request-Id": "one"}


@fault("rules.nothing-said", make(), Step("PATCH", "p", {"enabled": True}, headers=_TRACED),
       Step("PATCH", "p", {"display_name": "x"}, headers=_TRACED))  # fmt: skip
class RequestIdMakesARetry(Api):
    """A PATCH with the request id of one before is taken for its repetition, and not done."""

    def op_patch(self, request: Request) -> Answer:
        name, traced = (request.headers.get("x-request-id"), request.key), kept(self, "traced", dict)
        if name[0] is None or name not in traced:
            traced[name] = super().op_patch(request)
        return traced[name]  # type: ignore[no-any-return]


# --- keys and settings


@fault("rules.key-set", make(api_keys=["dummy-a-01"]), patch(api_keys=[{"api_key": "dummy-b-01"}]), profiles=DEPLOYED)
class SameMaskIsTheSameKey(Api):
    """A key that a PATCH adds is taken for a stored one of the same mask, which stays."""

    def merge_keys(self, provider: Provider, entries: list[Members], moment: datetime) -> tuple[Key, ...]:
        masks = {self.mask(key.plain): key for key in provider.keys}
        keys = super().merge_keys(provider, entries, moment)
        return tuple(key if key in provider.keys else masks.get(self.mask(key.plain), key) for key in keys)


@fault("rules.name-reuse", make(api_keys=KEYS), delete(), make(), lambda r: patch(api_keys=[{"id": key_id(r)}]),
       profiles=DEPLOYED)  # fmt: skip
class ForerunnersKeysCanBeNamed(Api):
    """A PATCH may name a key of the deleted provider that had the name before, and has it again."""

    def remove(self, provider: Provider) -> None:
        super().remove(provider)
        kept(self, "left", dict)[provider.name] = provider.keys

    def merge_keys(self, provider: Provider, entries: list[Members], moment: datetime) -> tuple[Key, ...]:
        left = kept(self, "left", dict).get(provider.name, ())
        return super().merge_keys(replace(provider, keys=(*left, *provider.keys)), entries, moment)


@fault("rules.key-times", make(api_keys=KEYS), lambda r: patch(api_keys=[{"id": key_id(r)}, {"api_key": "k"}]),
       profiles=DEPLOYED)  # fmt: skip
class KeptKeysAreRewrittenWithNewOnes(Api):
    """A PATCH that adds a key gives those that it keeps its own time: all are written anew."""

    def merge_keys(self, provider: Provider, entries: list[Members], moment: datetime) -> tuple[Key, ...]:
        keys = super().merge_keys(provider, entries, moment)
        return keys if set(keys) <= set(provider.keys) else tuple(replace(key, created_at=moment) for key in keys)


def _misfit(bad: Callable[[Provider, Members], Any]) -> type:
    class Misfit(Api):
        def judge_fit(self, provider: Provider, change: Members) -> None:
            super().judge_fit(provider, change)
            if bad(provider, change):
                raise Refusal(400, "That does not fit.")

    return Misfit


BEDROCK = make(type="bedrock", settings=REGION)
MISFITS: list[tuple[str, str, Callable[[Provider, Members], Any], list[Step]]] = [
    ("settings-wait-for-keys-to-go", "A PATCH that removes all keys and sets settings is refused for the old keys.",
     lambda p, c: p.keys and "settings" in c,
     [make(type="anthropic", api_keys=KEYS), patch(settings=REGION, api_keys=[])]),
    ("no-keys-misfit-settings", "A PATCH with an empty list of keys is refused where there are settings.",
     lambda p, c: p.settings and "api_keys" in c, [BEDROCK, patch(api_keys=[], enabled=True)]),
    ("bedrock-patch-needs-a-region", "A PATCH of a bedrock provider's settings is refused without a region.",
     lambda p, c: p.type == "bedrock" and not (c.get("settings") or REGION).get("region"),
     [BEDROCK, patch(settings={**BED, "model": "m"})]),
]  # fmt: skip
for _id, _sentence, _bad, _probe in MISFITS:
    declare_as(_id, _sentence, _misfit(_bad), "model.drill", *_probe, profiles=DEPLOYED)


@fault("rules.body-before-lookup", patch("nobody"), profiles=DEPLOYED)
class EmptinessIsJudgedLate(Api):
    """A PATCH of nothing answers 404 where there is no provider; other faults of a body answer 400."""

    def judge_emptiness(self, data: Members, members: Members) -> None:
        if not members:
            self.find(self.request.key)
        super().judge_emptiness(data, members)


@fault("rules.concurrency", Race([make()], [patch(enabled=True), delete()], get("p"), lambda reply: reply.status))
class PatchRaisesTheDead(Api):
    """A PATCH brings back a provider that is deleted between its reading and its writing."""

    def perform(self, request: Request) -> Answer:
        if request.operation != "patch":
            return super().perform(request)
        with self.lock:
            found = self.find(request.key)
        time.sleep(0.03)
        with self.lock:
            if found.id not in self.providers and found.name not in self.names:
                self.save(found)
            return self.op_patch(request)
