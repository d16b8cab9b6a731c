"""Faults of ports: what the defaults of other languages and frameworks do to bodies, routes, names and tokens."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.independent.access import TOKEN_NAME
from tests.independent.app import Api
from tests.independent.asking import COLLECTION, Reply, Step, delete, get, make, patch, post
from tests.independent.faults.catalogue import BOTH, DEPLOYED, declare_as, fault
from tests.independent.judging import NAME, Faults, Members
from tests.independent.values import Answer, Provider, Refusal, Request

KEY = "dummy-key-0001"
GOOD = make().body


def _of_bodies(change: Callable[[Members, bool], Members]) -> type:
    class Ported(Api):
        def judge(self, request: Request, data: Any) -> Members:
            creating = request.operation == "create"
            return super().judge(request, change(data, creating) if isinstance(data, dict) else data)

    return Ported


def _at(name: str, change: Callable[[Any], Any], when: tuple[bool, ...] = (True, False)) -> Callable[..., Members]:
    return lambda data, creating: {**data, name: change(data[name])} if name in data and creating in when else data


def _but(name: str, value: Any) -> Callable[..., Members]:
    return lambda data, creating: {m: v for m, v in data.items() if not creating or (m, v) != (name, value)}


def _dollars(data: Members, creating: bool) -> Members:
    if any(name.startswith("$") for name in data):
        raise Refusal(400, "Operators are not allowed.")
    return data


def _strict_entries(data: Members, creating: bool) -> Members:
    entries = data.get("api_keys")
    told = [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    if not creating and any(set(entry) - {"id", "api_key"} for entry in told):
        raise Refusal(400, "Unrecognized field in api_keys.")
    return data


def _inherited(data: Members, creating: bool) -> Members:
    above = data.get("__proto__")
    return {**above, **data} if isinstance(above, dict) else data


def _unpermitted(data: Members, creating: bool) -> Members:
    return {**data, "settings": None} if creating and data.get("type") == "anthropic" else data


def _unique(keys: list[Any]) -> list[Any]:
    return list(dict.fromkeys(keys)) if all(isinstance(key, str) for key in keys) else keys


def _marked(replies: list[Reply]) -> Step:
    return patch(api_keys=[{"id": replies[0].json["api_keys"][0]["id"], "_destroy": True}])


def _listed(change: Callable[[list[Any]], Any]) -> Callable[[Any], Any]:
    return lambda value: change(value) if isinstance(value, list) else value


# id, sentence, change, probe, check, profiles
BODIES: list[tuple[str, str, Callable[..., Members], list[Any], str, tuple[str, ...]]] = [
    ("enabled-is-cast-from-numbers", "The number 1 is taken for true, as mongoose casts.",
     _at("enabled", lambda v: bool(v) if type(v) is int else v), [make(), patch(enabled=1)], "rules.json-types",
     DEPLOYED),
    ("display-name-is-cast-from-numbers", "A display name that is a number is taken for its digits.",
     _at("display_name", lambda v: str(v) if type(v) is int else v), [make(display_name=5)], "rules.json-types",
     DEPLOYED),
    ("one-key-is-taken-for-a-list", "A text is taken for a list of one key, as Jackson may.",
     _at("api_keys", lambda v: [v] if isinstance(v, str) else v, (True,)), [make(api_keys=KEY)], "rules.json-types",
     DEPLOYED),
    ("null-keys-are-dropped", "Nulls among the keys of a create are dropped, as Rails' deep munge does.",
     _at("api_keys", _listed(lambda v: [key for key in v if key is not None]), (True,)), [make(api_keys=[None, KEY])],
     "rules.json-types", DEPLOYED),
    ("blank-key-entries-are-dropped", "Key entries without members are dropped, as reject_if: :all_blank does.",
     _at("api_keys", _listed(lambda v: [entry for entry in v if entry != {}]), (False,)),
     [make(api_keys=[KEY]), patch(api_keys=[{}])], "rules.key-entry-one", DEPLOYED),
    ("key-entries-can-be-destroyed", "A key entry with the unknown member _destroy is removed, as nested attributes.",
     _at("api_keys", _listed(lambda v: [entry for entry in v if "_destroy" not in entry]), (False,)),
     [make(api_keys=[KEY]), _marked], "rules.json-types", DEPLOYED),
    ("key-entries-are-strict", "An unknown member inside a key entry is refused.", _strict_entries,
     [make(), patch(api_keys=[{"api_key": KEY, "label": "x"}])], "rules.unknown-members", DEPLOYED),
    ("equal-keys-are-one", "Keys that are given twice in a create are kept once: a set.",
     _at("api_keys", _listed(_unique), (True,)), [make(api_keys=[KEY, KEY])], "rules.key-set", DEPLOYED),
    ("proto-is-inherited", "Members of a member __proto__ are members of the body.", _inherited,
     [post({**GOOD, "__proto__": {"enabled": True}})], "rules.unknown-members", DEPLOYED),
    ("dollar-members-are-refused", "Unknown members that begin with a dollar sign are refused.", _dollars,
     [post({**GOOD, "$where": "1"})], "rules.unknown-members", DEPLOYED),
    ("type-zero-is-missing", "The first type of the enumeration is number 0 and taken for absent.",
     _but("type", "anthropic"), [make(type="anthropic")], "rules.every-type", BOTH),
    ("name-zero-is-missing", "The name 0 is taken for none, as PHP does.", _but("name", "0"), [make("0")],
     "rules.name-pattern", BOTH),
    ("blank-display-name-is-none", "A display name of blanks alone is taken for none.",
     _at("display_name", lambda v: "" if isinstance(v, str) and not v.strip() else v), [make(display_name="  ")],
     "rules.unicode", DEPLOYED),
    ("base-url-is-escaped", "An ampersand in the base URL is kept as in HTML.",
     _at("base_url", lambda v: v.replace("&", "&amp;") if isinstance(v, str) else v),
     [make(base_url="https://e.com/v1?a=1&b=2")], "rules.base-url-kept", BOTH),
    ("name-is-lowered", "The name of a create is put in lower case before it is judged.",
     _at("name", lambda v: v.lower() if isinstance(v, str) else v, (True,)), [make("P")], "rules.name-pattern",
     DEPLOYED),
    ("settings-of-anthropic-are-not-permitted", "Settings of a create of type anthropic are dropped.", _unpermitted,
     [make(type="anthropic", settings={"_type": "bedrock", "_version": 1, "region": "us-east-1"})], "rules.settings",
     DEPLOYED),
]  # fmt: skip
for _id, _sentence, _change, _probe, _check, _profiles in BODIES:
    declare_as(_id, _sentence, _of_bodies(_change), _check, *_probe, profiles=_profiles)


def _refusing(bad: Callable[[Request], bool], status: int) -> type:
    class Refusing(Api):
        def route(self, request: Request) -> str:
            if bad(request):
                headers: dict[str, Any] = {"Location": COLLECTION} if status == 301 else {}
                raise Refusal(status, "This is not served.", **headers)
            return super().route(request)

    return Refusing


def _says_json(request: Request) -> bool:
    return request.headers["content-type"].startswith("application/json")


def _by_cookie(request: Request) -> bool:
    return request.method not in {"GET", "HEAD"} and TOKEN_NAME in request.cookies


MERGE = {"Content-Type": "application/merge-patch+json"}
CHUNKED = {"Transfer-Encoding": "chunked"}
COOKIE = {"Cookie": f"{TOKEN_NAME}=API_KEY"}
PLAIN = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"}
LONG = "-".join(["long"] * 210)

# id, sentence, which requests, status, probe, check, profiles
REFUSED: list[tuple[str, str, Callable[[Request], bool], int, list[Any], str, tuple[str, ...]]] = [
    ("merge-patch-is-415", "A PATCH of another JSON type than the plain one answers 415.",
     lambda r: r.method == "PATCH" and "+json" in r.headers["content-type"], 415,
     [make(), Step("PATCH", "p", {"enabled": True}, headers=MERGE)], "rules.content-type", DEPLOYED),
    ("empty-delete-of-json-is-400", "A delete that says it is JSON and has no body is refused, as Fastify does.",
     lambda r: r.method == "DELETE" and _says_json(r) and not r.body, 400,
     [make(), delete(headers={"Content-Type": "application/json"})], "rules.nothing-said", DEPLOYED),
    ("chunked-bodies-are-411", "A body that is sent in chunks answers 411: the gateway wants a length.",
     lambda r: r.headers.get("transfer-encoding", "").lower() == "chunked", 411, [post(GOOD, headers=CHUNKED)],
     "rules.notations", BOTH),
    ("bodies-over-forty-kilobytes-are-413", "A body of more than 40 kB answers 413: less than anybody expects.",
     lambda r: len(r.body) > 40_000, 413, [make(display_name="x" * 41_000)], "rules.notations", BOTH),
    ("paths-over-a-kilobyte-are-414", "A path of more than 1024 characters answers 414.",
     lambda r: len(r.path) > 1024, 414, [make(LONG), get(LONG)], "rules.path-keys", BOTH),
    ("unknown-methods-are-501", "Methods that are not those of plain HTTP answer 501.",
     lambda r: r.method not in PLAIN, 501, [Step("PROPFIND")], "schema.server-error", DEPLOYED),
    ("post-with-a-slash-is-301", "A create at the path with a slash is sent to the other path, and loses its body.",
     lambda r: r.method == "POST" and r.path.endswith("/"), 301, [post(GOOD, f"{COLLECTION}/")],
     "rules.trailing-slash", DEPLOYED),
    ("cookies-want-a-csrf-token", "With the token in a cookie only reading is allowed: there is no CSRF token.",
     _by_cookie, 403, [make(), Step("PATCH", "p", {"enabled": True}, token=None, headers=COOKIE)],
     "rules.auth-carriers", DEPLOYED),
    ("foreign-origins-are-403", "A request that names an origin is refused: invalid CORS request.",
     lambda r: "origin" in r.headers, 403, [get(headers={"Origin": "https://e.com"})], "rules.nothing-said", DEPLOYED),
    ("firewall-reads-bodies", "A body with a quote and a comment of SQL or a script is stopped by a firewall.",
     lambda r: re.search(rb"<script|';? ?--|' or ", r.body, re.IGNORECASE) is not None, 403,
     [make(), patch(display_name="O' or O")], "model.drill", BOTH),
    ("constructor-is-taken", "The name constructor is always in use: names are members of a plain object.",
     lambda r: r.method == "POST" and re.search(rb'"name": ?"constructor"', r.body) is not None, 409,
     [make("constructor")], "model.drill", BOTH),
]  # fmt: skip
for _id, _sentence, _bad, _status, _probe, _check, _profiles in REFUSED:
    declare_as(_id, _sentence, _refusing(_bad, _status), _check, *_probe, profiles=_profiles)


def _rewriting(change: Callable[[str], str]) -> type:
    class Rewriting(Api):
        def route(self, request: Request) -> str:
            request.path = change(request.path)
            return super().route(request)

    return Rewriting


def _lowered(path: str) -> str:
    head, slash, key = path.rpartition("/")
    return f"{head}{slash}{key.lower()}" if head == COLLECTION else path


# id, sentence, change, probe, check
PATHS: list[tuple[str, str, Callable[[str], str], list[Any], str]] = [
    ("format-suffix-is-cut-off", "A path of an item may end with .json.", lambda p: p.removesuffix(".json"),
     [make(), get("p.json")], "rules.path-keys"),
    ("matrix-parameters-are-cut-off", "What follows a semicolon in a path does not count, as in Spring.",
     lambda p: p.partition(";")[0], [make(), delete("p;v=1")], "rules.path-keys"),
    ("slashes-are-merged", "Several slashes in a path are as good as one.", lambda p: re.sub("/+", "/", p),
     [make(), get(f"{COLLECTION}//p")], "rules.unknown-path"),
    ("names-are-looked-up-in-any-case", "Names are looked up as citext.", _lowered, [make(), get("P")],
     "rules.path-keys"),
    ("blanks-behind-a-name-do-not-count", "Names are looked up without the blanks behind them, as PAD SPACE does.",
     lambda p: p.rstrip(" ") if p.startswith(f"{COLLECTION}/") else p, [make(), get("p%20")], "rules.path-keys"),
]  # fmt: skip
for _id, _sentence, _path, _probe, _check in PATHS:
    declare_as(_id, _sentence, _rewriting(_path), _check, *_probe, profiles=DEPLOYED)


def _missing(missed: str) -> type:
    class Missing(Api):
        def find(self, key: str) -> Provider:
            if re.fullmatch(missed, key) and self.find_by_name(key):
                raise Refusal(404, "There is no such provider.")
            return super().find(key)

    return Missing


# id, sentence, names that are not found, one of them
MISSES = [
    ("twelve-characters-are-an-object-id", "A name of twelve characters is not found: ObjectId.isValid takes it.",
     ".{12}", "twelve-chars"),
    ("digits-are-a-row-number", "A name of digits alone is not found: it is held for a row number.", "[0-9]+", "2024"),
    ("five-hex-groups-are-a-uuid", "A name of five short groups of hex digits is held for an id: UUID.fromString.",
     "(?:[0-9a-f]{1,8}-){4}[0-9a-f]{1,12}", "a-b-c-d-e"),
]  # fmt: skip
for _id, _sentence, _missed, _name in MISSES:
    declare_as(_id, _sentence, _missing(_missed), "model.drill", make(_name), get(_name))


@fault("rules.no-json", post(raw=json.dumps(GOOD).encode() + b" {}"), profiles=DEPLOYED)
class TextAfterTheBodyIsIgnored(Api):
    """What stands behind the JSON value of a body is never read, as with a decoder of streams."""

    def parse(self, request: Request) -> Any:
        try:
            text = request.body.decode("utf-8").lstrip()
            request.body = text[: json.JSONDecoder().raw_decode(text)[1]].encode()
        except (ValueError, RecursionError):
            pass  # the sound server says so
        return super().parse(request)


class _Typed(Api):
    """What looks at the content type of a request before its body is read."""

    def parse(self, request: Request) -> Any:
        kind, _, more = request.headers["content-type"].lower().partition(";")
        self.look(request, kind.strip(), more)
        return super().parse(request)

    def look(self, request: Request, kind: str, more: str) -> None:
        raise NotImplementedError


@fault("rules.content-type", post(GOOD, headers={"Content-Type": "application/x-www-form-urlencoded"}),
       profiles=DEPLOYED)  # fmt: skip
class FormTypeIsReadAsAForm(_Typed):
    """A body that calls itself a form, as curl says unasked, is read as one: nothing is in it."""

    def look(self, request: Request, kind: str, more: str) -> None:
        if kind == "application/x-www-form-urlencoded":
            request.body = b"{}"


@fault("rules.notations", make(), Step("PATCH", "p", raw='{"display_name": "ä"}'.encode(),
       headers={"Content-Type": "application/json; charset=iso-8859-1"}), profiles=DEPLOYED)  # fmt: skip
class CharsetOfTheRequestCounts(_Typed):
    """A body is decoded as the charset of its content type says."""

    def look(self, request: Request, kind: str, more: str) -> None:
        if "8859-1" in more or "latin" in more:
            request.body = request.body.decode("latin-1").encode()


@fault("rules.secrets-never-leak", post(raw=b'{"api_keys": ["dummy-key-0001"],}'), profiles=DEPLOYED)
class SyntaxErrorsQuoteTheBody(Api):
    """The 400 for a body that is no JSON quotes it, keys too."""

    def parse(self, request: Request) -> Any:
        try:
            return super().parse(request)
        except Refusal as refusal:
            text = request.body[:200].decode("utf-8", "replace")
            raise Refusal(refusal.status, f"Unexpected token in JSON: {text}") from refusal


@fault("rules.no-json", post(raw=b"{"), profiles=DEPLOYED)
class SyntaxErrorsAnswerAPage(Api):
    """The 400 for a body that is no JSON is a page for people, as Express writes it."""

    def error(self, request: Request, refusal: Refusal) -> Answer:
        if refusal.status == 400 and "valid JSON" in refusal.message:
            return Answer(400, raw=b"<pre>SyntaxError</pre>", headers={"Content-Type": "text/html; charset=utf-8"})
        return super().error(request, refusal)


@fault("rules.unknown-path", get("p/keys"), profiles=DEPLOYED)
class DeeperPathsHaveTheErrorOfTheFramework(Api):
    """The 404 for a path below an item is that of the framework: a detail, and no message."""

    def error(self, request: Request, refusal: Refusal) -> Answer:
        if refusal.status == 404 and request.path.startswith(f"{COLLECTION}/") and not request.operation:
            return Answer(404, {"detail": "Not Found"})
        return super().error(request, refusal)


@fault("rules.path-keys", get("undefined"), profiles=DEPLOYED)
class UndefinedIsAnybody(Api):
    """The key undefined finds the first provider: a filter without value matches all."""

    def find(self, key: str) -> Provider:
        rows = self.listed()
        return rows[0] if key == "undefined" and rows and not self.find_by_name(key) else super().find(key)


@fault("rules.name-pattern", make("p\nQ"), profiles=DEPLOYED)
class NameIsJudgedLineByLine(Api):
    """One good line is enough for a name: ^ and $ are those of Ruby."""

    def judge_name(self, value: str) -> Faults:
        return [] if any(NAME.fullmatch(line) for line in value.split("\n")) else super().judge_name(value)


@fault("rules.unknown-members", make(), patch(enabled=True, type="google"), profiles=DEPLOYED)
class PatchTakesTheType(Api):
    """A PATCH changes the type, which it does not know, where it changes another member too."""

    def judge(self, request: Request, data: Any) -> Members:
        members = super().judge(request, data)
        good = request.operation == "patch" and isinstance(data.get("type"), str) and not self.judge_type(data["type"])
        return {**members, "type": data["type"]} if good else members

    def changed(self, provider: Provider, change: Members) -> Provider:
        return replace(super().changed(provider, change), type=change.get("type", provider.type))


@fault("rules.auth-carriers", get(token=None, headers={"Cookie": f"a=b; {TOKEN_NAME}=API_KEY"}), profiles=DEPLOYED)
class OnlyTheFirstCookieIsRead(Api):
    """A token in a cookie counts where that cookie is the first."""

    def carried(self, request: Request, carrier: str) -> str | None:
        first = next(iter(request.cookies), "")
        return None if carrier == "cookie" and first != TOKEN_NAME else super().carried(request, carrier)


@fault("rules.auth-carriers", make(), delete(token=None, query={TOKEN_NAME: "API_KEY"}), profiles=DEPLOYED)
class QueriesAreForReading(Api):
    """The query of a request that writes is lost on its way, and the token in it."""

    def carried(self, request: Request, carrier: str) -> str | None:
        lost = carrier == "query" and request.method not in {"GET", "HEAD"}
        return None if lost else super().carried(request, carrier)
