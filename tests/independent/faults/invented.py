"""Faults thought up by somebody who did not know the suite: of the wire, of who may ask, of what is let in."""

import json
import re
from typing import Any
from urllib.parse import parse_qsl, unquote

from tests.independent.access import TOKEN_NAME
from tests.independent.app import Api
from tests.independent.asking import COLLECTION, Step, delete, get, make, patch, post
from tests.independent.faults.catalogue import BOTH, DEPLOYED, declare_as, fault
from tests.independent.judging import Faults, parse_uuid
from tests.independent.transport import Sent
from tests.independent.values import Answer, Refusal, Request, User

GOOD = make().body

# --- the wire


@fault("schema.response", make(display_name="Größe"))
class LengthsCountCharacters(Api):
    """Content-Length counts characters, so that answers with text that is not ASCII are cut off."""

    def write(self, request: Request, answer: Answer) -> Sent:
        status, headers, payload = super().write(request, answer)
        if b"\\u" in payload:
            text = json.dumps(answer.data, ensure_ascii=False)
            payload, headers["Content-Length"] = text.encode()[: len(text)], str(len(text))
        return status, headers, payload


@fault("rules.unicode", make(display_name="Größe"))
class AnswersAreLatin1WherePossible(Api):
    """Answers are in Latin-1 where that is possible, and still say UTF-8."""

    def encode(self, data: Any) -> bytes:
        text = json.dumps(data, ensure_ascii=False)
        return super().encode(data) if text.isascii() else text.encode("latin-1", "replace")


@fault("schema.status", make(), delete())
class DeletesHaveABody(Api):
    """A delete answers 204 with an object behind it, which spoils the connection."""

    def write(self, request: Request, answer: Answer) -> Sent:
        status, headers, payload = super().write(request, answer)
        return (status, {**headers, "Content-Length": "2"}, b"{}") if status == 204 else (status, headers, payload)


def _bare(condition: Any) -> type:
    class Bare(Api):
        def write(self, request: Request, answer: Answer) -> Sent:
            status, headers, payload = super().write(request, answer)
            if condition(request, status) and payload:
                headers["Content-Type"] = "application/json"
            return status, headers, payload

    return Bare


BARE = [
    ("conflict-lacks-a-charset", "A 409 does not name its character set.", lambda r, s: s == 409, [make(), make()]),
    ("undecodable-lacks-a-charset", "What is no JSON is refused without naming a character set.",
     lambda r, s: s == 400 and r.body[:1] != b"{", [post(raw=b"nonsense")]),
    ("unknown-path-lacks-a-charset", "The 404 of an unknown path does not name its character set.",
     lambda r, s: s == 404 and not r.operation, [get("/api/v2/ai/nothing")]),
    ("refused-deletes-lack-a-charset", "A 404 to a delete does not name its character set.",
     lambda r, s: s == 404 and r.method == "DELETE", [delete("nobody")]),
]  # fmt: skip
for _id, _sentence, _condition, _probe in BARE:
    declare_as(_id, _sentence, _bare(_condition), "rules.content-type", *_probe, profiles=DEPLOYED)


@fault("rules.unauthenticated", get(token=None, headers={"Accept": "text/html"}), profiles=DEPLOYED, quick=False)
class BrowsersAreSentToThePageToSignIn(Api):
    """Without a token, whoever takes HTML gets 303 to a page instead of 401."""

    def error(self, request: Request, refusal: Refusal) -> Answer:
        if refusal.status == 401 and "text/html" in request.headers.get("accept", ""):
            return Answer(303, headers={"Location": "/login"})
        return super().error(request, refusal)


@fault("rules.not-found", make(), get("%2570"), profiles=DEPLOYED, quick=False)
class PathsAreDecodedTwice(Api):
    """The key of a path is decoded once more."""

    def route(self, request: Request) -> str:
        operation = super().route(request)
        request.key = unquote(request.key)
        return operation


@fault("rules.not-found", make(), get("p%20"))
class KeysOfPathsAreTrimmed(Api):
    """The key of a path loses the blanks at its ends."""

    def route(self, request: Request) -> str:
        operation = super().route(request)
        request.key = request.key.strip()
        return operation


@fault("rules.unknown-path", get("/api/v2/AI/providers"), profiles=DEPLOYED)
class PathsAreComparedWithoutCase(Api):
    """Paths are compared without case."""

    def route(self, request: Request) -> str:
        if request.path.lower().startswith(COLLECTION):
            request.path = COLLECTION + request.path[len(COLLECTION) :]
        return super().route(request)


@fault("rules.method-not-allowed", Step("PATCH", "", {"enabled": True}))
class PatchOfTheCollectionAnswersTheList(Api):
    """A PATCH of the whole collection answers the list."""

    def route(self, request: Request) -> str:
        return "list" if (request.method, request.path) == ("PATCH", COLLECTION) else super().route(request)


@fault("rules.content-type", make(), Step("PATCH", "p", {"enabled": True},
       headers={"Content-Type": "application/merge-patch+json"}), profiles=DEPLOYED, quick=False)  # fmt: skip
class MergePatchesAreRefused(Api):
    """A PATCH that says it is a merge patch is refused with 415."""

    def parse(self, request: Request) -> Any:
        if "merge-patch" in request.headers.get("content-type", ""):
            raise Refusal(415, "Send plain JSON.")
        return super().parse(request)


@fault("rules.content-type", post(GOOD, headers={"Content-Type": "text/xml"}), profiles=DEPLOYED, quick=False)
class BodiesThatSayXmlAreRefused(Api):
    """A body that says it is XML is refused with 415."""

    def parse(self, request: Request) -> Any:
        if "xml" in request.headers.get("content-type", ""):
            raise Refusal(415, "Send JSON.")
        return super().parse(request)


FORM = b"type=openai&name=p&base_url=https%3A%2F%2Fe.com"


def _parsing(read: Any) -> type:
    class Parsing(Api):
        def parse(self, request: Request) -> Any:
            try:
                return super().parse(request)
            except Refusal:
                if (value := read(request.body.decode("utf-8", "replace"))) is None:
                    raise
                return value

    return Parsing


def _loads(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


PARSING = [
    ("forms-are-taken", "A body of form fields is taken.", lambda text: dict(parse_qsl(text)) or None, FORM),
    ("json-may-have-comments", "A body may have comments.",
     lambda text: _loads(re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)), b"/* new */ " + json.dumps(GOOD).encode()),
    ("json-may-have-no-numbers", "A body may have NaN where a number belongs.", _loads,
     json.dumps({**GOOD, "further": float("nan")}).encode()),
    ("json-may-have-single-quotes", "A body may have single quotes.", lambda text: _loads(text.replace("'", '"')),
     str(GOOD).encode()),
]  # fmt: skip
for _id, _sentence, _read, _raw in PARSING:
    declare_as(_id, _sentence, _parsing(_read), "rules.json-body", post(raw=_raw), quick=False)


# --- who asks


def _known(change: Any) -> type:
    class Known(Api):
        def user_of(self, token: str | None) -> User | None:
            return super().user_of(token) or super().user_of(change(token) if token else None)

    return Known


TOKENS = [
    ("tokens-may-be-quoted", "A token may be in quotes.", lambda t: t.strip('"'), '"API_KEY"', BOTH),
    ("tokens-may-be-bearers", "A token may have Bearer before it.", lambda t: t.removeprefix("Bearer "),
     "Bearer API_KEY", BOTH),
    ("the-last-of-repeated-headers-counts", "Of tokens in repeated headers the last one counts.",
     lambda t: t.split(",")[-1].strip(), "nonsense, API_KEY", DEPLOYED),
    ("tokens-may-be-escaped", "A token may have escapes, as in URLs.", unquote, "API%5FKEY", BOTH),
]  # fmt: skip
for _id, _sentence, _change, _token, _profiles in TOKENS:
    declare_as(_id, _sentence, _known(_change), "rules.unauthenticated", get(token=_token), profiles=_profiles,
               quick=False)  # fmt: skip


@fault("schema.server-error", get(token="x" * 5000), quick=False)
class LongTokensAnswer500(Api):
    """A token of thousands of characters answers 500."""

    def user_of(self, token: str | None) -> User | None:
        if len(token or "") > 4000:
            raise Refusal(500, "value too long")
        return super().user_of(token)


@fault("rules.unauthenticated", get(token=None, headers={"Authorization": "Bearer API_KEY"}), profiles=DEPLOYED)
class AuthorizationIsACarrier(Api):
    """A token is looked for in Authorization, too."""

    def credential(self, request: Request) -> str | None:
        return super().credential(request) or request.headers.get("authorization", "").removeprefix("Bearer ") or None


def _cookie(matches: Any) -> type:
    class Cookie(Api):
        def carried(self, request: Request, carrier: str) -> str | None:
            if carrier == "cookie":
                return next((value for name, value in request.cookies.items() if matches(name)), None)
            return super().carried(request, carrier)

    return Cookie


COOKIES = [
    ("cookie-names-have-no-case", "The cookie is found whatever the case of its name.",
     lambda name: name.lower() == TOKEN_NAME, "Coder_Session_Token"),
    ("cookie-names-may-have-more-before", "The cookie is found by the end of its name.",
     lambda name: name.endswith(TOKEN_NAME), f"old_{TOKEN_NAME}"),
]  # fmt: skip
for _id, _sentence, _matches, _name in COOKIES:
    declare_as(_id, _sentence, _cookie(_matches), "rules.unauthenticated",
               get(token=None, headers={"Cookie": f"{_name}=API_KEY"}), profiles=DEPLOYED, quick=False)  # fmt: skip


def _remembering(operation: str, *, for_whom: Any) -> type:
    class Remembering(Api):
        def handle(self, request: Request) -> Answer:
            shelf = self.__dict__.setdefault("shelf", {})
            if request.method != "GET":
                shelf.clear()
            elif request.path in shelf and for_whom(self.user_of(self.credential(request))):
                return Answer(200, shelf[request.path])
            answer = super().handle(request)
            if request.operation == operation and request.method == "GET":
                shelf[request.path] = answer.data
            return answer

    return Remembering


REMEMBERING: list[tuple[str, str, str, Any, list[Step], tuple[str, ...]]] = [
    ("gets-from-memory-need-no-token", "What an owner has just read is answered to anybody, from a cache.", "get",
     lambda user: user is None, [make(), get("p"), get("p", token=None)], BOTH),
    ("lists-from-memory-need-no-token", "A list that an owner has just read is answered to anybody, from a cache.",
     "list", lambda user: user is None, [get(), get(token=None)], BOTH),
    ("lists-from-memory-are-for-members", "A list that an owner has just read is answered to members, from a cache.",
     "list", lambda user: user is not None and not user.owner, [get(), get(token="MEMBER_KEY")], DEPLOYED),
]  # fmt: skip
for _id, _sentence, _operation, _whom, _probe, _profiles in REMEMBERING:
    _check = "rules.forbidden" if "members" in _id else "rules.unauthenticated"
    declare_as(_id, _sentence, _remembering(_operation, for_whom=_whom), _check, *_probe, profiles=_profiles)


@fault("rules.forbidden", make(), Step("PATCH", "p", {"enabled": True}, token="MEMBER_KEY"), get("p"),
       profiles=DEPLOYED)  # fmt: skip
class ForbiddenPatchIsDone(Api):
    """A PATCH by somebody who is no owner answers 403, and is done."""

    def op_patch(self, request: Request) -> Answer:
        try:
            return super().op_patch(request)
        except Refusal as refusal:
            if refusal.status == 403:
                self.save(self.changed(self.find(request.key), request.data))
            raise


@fault("rules.unauthenticated", make(), Step("PATCH", "p", {"enabled": True}, token=None), get("p"))
class AnonymousPatchIsDone(Api):
    """A PATCH without a token answers 401, and is done."""

    def authenticate(self, request: Request) -> User:
        try:
            return super().authenticate(request)
        except Refusal:
            if request.method == "PATCH":
                request.operation = self.route(request)
                provider = self.find(request.key)
                self.save(self.changed(provider, self.judge(request, self.parse(request))))
            raise


# --- what is let in, and what is not


def _judging(member: str, bad: Any, why: str = "cannot be accepted") -> type:
    def judge(self: Any, value: Any) -> Faults:
        faults: Faults = getattr(super(kind, self), f"judge_{member}")(value)
        return faults or ([(member, why)] if bad(value) else [])

    kind = type("Judging", (Api,), {f"judge_{member}": judge})
    kind.__module__ = __name__
    return kind


ZERO = make(display_name="Zero", api_keys=["0"])
STRICT: list[tuple[str, str, str, Any, Step, str, tuple[str, ...]]] = [
    ("digits-after-a-dash-are-refused", "A word of a name may not begin with a digit.", "name",
     lambda v: re.search("-[0-9]", v), make("p-2"), "rules.name-pattern", BOTH),
    ("names-may-have-three-dashes", "A name may have three dashes.", "name", lambda v: v.count("-") > 3,
     make("a-b-c-d-e"), "rules.name-pattern", BOTH),
    ("names-end-at-128", "A name may have 128 characters.", "name", lambda v: len(v) > 128, make("n" * 200),
     "rules.long-values", DEPLOYED),
    ("names-may-not-be-ids", "A name may not be spelt as a UUID.", "name", parse_uuid,
     make("b17e1e55-0000-4000-8000-000000000001"), "rules.name-pattern", DEPLOYED),
    ("key-zero-is-refused", "The key 0 is taken for none.", "api_keys", lambda v: "0" in v, ZERO, "rules.mask", BOTH),
    ("equal-keys-are-refused", "A create may not have one key twice.", "api_keys", lambda v: len(set(v)) < len(v),
     make(api_keys=["dummy-1", "dummy-1"]), "rules.key-set", DEPLOYED),
    ("base-url-may-have-no-user", "A base URL may have no user.", "base_url", lambda v: "@" in v,
     make(base_url="https://user:dummy@e.com/v1"), "rules.base-url", DEPLOYED),
    ("base-url-may-have-no-fragment", "A base URL may have no fragment.", "base_url", lambda v: "#" in v,
     make(base_url="https://e.com/v1#top"), "rules.base-url", DEPLOYED),
]  # fmt: skip
for _id, _sentence, _member, _bad, _step, _check, _profiles in STRICT:
    declare_as(_id, _sentence, _judging(_member, _bad), _check, _step, profiles=_profiles, quick=False)


def _url(good: Any, *, patches: bool = True) -> type:
    class Url(Api):
        def is_base_url(self, value: str) -> bool:
            return super().is_base_url(value) or bool((patches or self.request.operation == "patch") and good(value))

    return Url


URLS: list[tuple[str, str, Any, str]] = [
    ("base-url-scheme-may-begin-with-http", "A scheme that begins with http is good.",
     lambda v: re.match("http[a-z]+://[a-z]", v), "httpx://e.com"),
    ("base-url-may-have-one-slash", "One slash after the scheme is enough.", lambda v: re.match("https?:/[a-z]", v),
     "https:/e.com"),
    ("base-url-may-have-a-user-alone", "A user without a host is good.", lambda v: re.match("https?://[^/]+@(/|$)", v),
     "https://user@/v1"),
    ("base-url-may-have-a-query-for-a-host", "A query without a host is good.", lambda v: re.match("https?://[?#]", v),
     "https://?region=eu"),
    ("base-url-may-have-a-blank-in-its-host", "A blank in the host is good.", lambda v: re.match("https?://e .com", v)
     or re.match(r"https?://[a-z.]+ [a-z.]+(/|$)", v), "https://e .com"),
    ("base-url-may-have-a-port-of-letters", "A port of letters is good.",
     lambda v: re.match("https?://[a-z.]+:[a-z]+(/|$)", v), "https://e.com:http/v1"),
]  # fmt: skip
for _id, _sentence, _good, _url_text in URLS:
    declare_as(_id, _sentence, _url(_good), "rules.base-url", make(base_url=_url_text), profiles=DEPLOYED, quick=False)
declare_as(
    "base-url-may-be-ftp-on-patch", "A PATCH takes a base URL of ftp.",
    _url(lambda v: v.startswith("ftp://"), patches=False), "rules.base-url", make(), patch(base_url="ftp://e.com"),
    profiles=DEPLOYED, quick=False,
)  # fmt: skip


@fault("rules.key-entries", make(api_keys=["dummy-1", ""]), profiles=DEPLOYED)
class OnlyTheFirstKeyIsJudged(Api):
    """A create judges the first of its keys alone."""

    def judge_api_keys(self, value: list[str]) -> Faults:
        return super().judge_api_keys(value[:1])
