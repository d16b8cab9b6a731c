"""Rules that are missing: what must be refused is taken."""

import json
import re
from collections.abc import Callable
from typing import Any

from tests.independent.app import Api
from tests.independent.asking import Step, make, patch, post
from tests.independent.faults.catalogue import BOTH, DEPLOYED, declare_as, fault
from tests.independent.judging import PATCH_MEMBERS, TYPES, WHITE, Faults, Members
from tests.independent.values import Refusal, Request


def _names(pattern: str) -> type:
    class Names(Api):
        def judge_name(self, value: str) -> Faults:
            return [] if re.search(pattern, value) else super().judge_name(value)

    return Names


# id, sentence, what is taken besides, a name of that kind
NAMES = [
    ("names-may-have-capitals", "A name may have capitals.", r"^[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*$", "Capital"),
    ("names-may-have-underscores", "A name may have underscores.", r"^[a-z0-9_]+(?:-[a-z0-9_]+)*$", "under_score"),
    ("names-may-have-dots", "A name may have dots.", r"^[a-z0-9.]+(?:-[a-z0-9.]+)*$", "a.b"),
    ("names-may-have-blanks", "A name may have blanks.", r"^[a-z0-9]+(?:[- ][a-z0-9]+)*$", "a b"),
    ("names-may-begin-with-a-dash", "A name may begin with a dash.", r"^-?[a-z0-9]+(?:-[a-z0-9]+)*$", "-a"),
    ("names-may-end-with-a-dash", "A name may end with a dash.", r"^[a-z0-9]+(?:-[a-z0-9]+)*-?$", "a-"),
    ("names-may-have-double-dashes", "A name may have two dashes in a row.", r"^[a-z0-9]+(?:-+[a-z0-9]+)*$", "a--b"),
    ("names-may-end-with-a-newline", "A name may end with a newline, which $ lets pass.", r"^[a-z0-9]+(?:-[a-z0-9]+)*$",
     "a\n"),
    ("names-may-have-other-letters", "A name may have letters of other scripts.", r"^[^\W_A-Z]+(?:-[^\W_A-Z]+)*\Z",
     "süd"),
    ("names-may-have-other-digits", "A name may have digits of other scripts.", r"^[a-z\d]+(?:-[a-z\d]+)*\Z", "p٣"),
    ("names-may-be-empty", "A name may be empty.", r"^\Z", ""),
    ("names-may-be-a-dash", "A name may be one dash.", r"^-\Z", "-"),
    ("names-need-one-good-word", "A name is good where some part of it is.", r"[a-z0-9]", "a!b"),
    ("names-may-have-slashes", "A name may have a slash.", r"^[a-z0-9]+(?:[-/][a-z0-9]+)*\Z", "a/b"),
]  # fmt: skip
for _id, _sentence, _pattern, _name in NAMES:
    declare_as(_id, _sentence, _names(_pattern), "rules.name-pattern", make(_name), profiles=DEPLOYED,
               quick=_id not in {"names-may-have-other-digits", "names-may-be-a-dash"})  # fmt: skip


def _urls(taken: Callable[[str], bool], operation: str = "") -> type:
    class Urls(Api):
        def is_base_url(self, value: str) -> bool:
            return super().is_base_url(value) or (operation in {"", self.request.operation} and taken(value))

    return Urls


URLS = [
    ("base-url-may-be-anything", "A base URL may be any text.", lambda u: True, "", make(base_url="nonsense")),
    ("base-url-may-be-empty", "A base URL may be empty.", lambda u: u == "", "", make(base_url="")),
    ("base-url-may-lack-a-scheme", "A base URL may lack a scheme.", lambda u: re.match(r"[a-z.]+(/|$)", u) is not None,
     "", make(base_url="e.com/v1")),
    ("base-url-may-be-a-path", "A base URL may be a path.", lambda u: u.startswith("/"), "", make(base_url="/v1")),
    ("base-url-may-begin-with-slashes", "A base URL may begin with two slashes.", lambda u: u.startswith("//"), "",
     make(base_url="//e.com/v1")),
    ("base-url-may-be-ftp", "A base URL may be of ftp.", lambda u: u.startswith("ftp://"), "",
     make(base_url="ftp://e.com")),
    ("base-url-may-be-of-any-scheme", "A base URL may be of any scheme.",
     lambda u: re.match(r"[a-z]+://\w", u) is not None, "", make(base_url="ws://e.com")),
    ("base-url-may-be-a-file", "A base URL may be a file.", lambda u: u.startswith("file:///"), "",
     make(base_url="file:///etc/passwd")),
    ("base-url-may-be-script", "A base URL may be a script.", lambda u: u.startswith("javascript:"), "",
     make(base_url="javascript:alert(1)")),
    ("base-url-may-lack-a-host", "A base URL may lack a host.",
     lambda u: re.fullmatch(r"https?://(/.*)?", u) is not None, "", make(base_url="https://")),
    ("base-url-may-lack-a-host-before-a-path", "A base URL may lack a host before its path.",
     lambda u: re.fullmatch(r"https?:///.+", u) is not None, "", make(base_url="https:///v1")),
    ("base-url-may-lack-slashes", "A base URL may lack the slashes after its scheme.",
     lambda u: re.match(r"https?:\w", u) is not None, "", make(base_url="https:e.com")),
    ("base-url-may-have-a-port-alone", "A base URL may have a port without a host.",
     lambda u: re.match(r"https?://:\d", u) is not None, "", make(base_url="https://:8080")),
    ("base-url-may-be-anything-on-patch", "A PATCH takes any text as base URL.", lambda u: u != "", "patch",
     patch(base_url="nonsense")),
    ("base-url-may-be-empty-on-patch", "A PATCH takes an empty base URL.", lambda u: u == "", "patch",
     patch(base_url="")),
]  # fmt: skip
for _id, _sentence, _taken, _operation, _step in URLS:
    _probe = [make(), _step] if _operation else [_step]
    declare_as(_id, _sentence, _urls(_taken, _operation), "rules.base-url", *_probe, profiles=DEPLOYED,
               quick=_id not in {"base-url-may-have-a-port-alone", "base-url-may-be-script"})  # fmt: skip


def _plain(taken: Callable[[str], bool]) -> type:
    class Plain(Api):
        def key_fault(self, key: str) -> str:
            return "" if taken(key) else super().key_fault(key)

    return Plain


KEYS = [
    ("keys-may-be-empty", "A key may be empty.", lambda k: k == "", ""),
    ("keys-may-be-blank", "A key may be white space.", lambda k: k != "" and not k.strip(), "  "),
    ("keys-may-begin-with-a-blank", "A key may begin with a blank.", lambda k: k.rstrip(WHITE) == k, " dummy"),
    ("keys-may-end-with-a-blank", "A key may end with a blank.", lambda k: k.lstrip(WHITE) == k and k != "", "dummy "),
    ("keys-may-end-with-a-newline", "A key may end with a newline.", lambda k: k.rstrip("\n") == k.strip(WHITE) != "",
     "dummy\n"),
    ("keys-may-begin-with-a-tab", "A key may begin with a tab.", lambda k: k.strip("\t") == k.strip(WHITE) != "",
     "\tdummy"),
    ("keys-may-end-with-wide-blanks", "A key may end with blanks that are not ASCII.",
     lambda k: k == k.strip(" \t\r\n\v\f") and k != "", "dummy\u00a0"),
]  # fmt: skip
for _id, _sentence, _taken_key, _key in KEYS:
    declare_as(_id, _sentence, _plain(_taken_key), "rules.key-entries", make(api_keys=[_key]), profiles=DEPLOYED,
               quick=_id != "keys-may-end-with-wide-blanks")  # fmt: skip


class _Changed(Api):
    """What changes a body before it is judged."""

    def judge(self, request: Request, data: Any) -> Members:
        return super().judge(request, self.amended(dict(data)) if isinstance(data, dict) else data)

    def amended(self, data: Members) -> Members:
        raise NotImplementedError


def _amending(operation: str, amend: Callable[[Members], Members]) -> type:
    class Amending(_Changed):
        def amended(self, data: Members) -> Members:
            return amend(data) if operation in {"", self.request.operation} else data

    return Amending


def _at(name: str, change: Callable[[Any], Any]) -> Callable[[Members], Members]:
    return lambda data: {**data, name: change(data[name])} if name in data else data


def _stripped(value: Any) -> Any:
    return [key.strip() if isinstance(key, str) else key for key in value] if isinstance(value, list) else value


def _switch(value: Any) -> Any:
    return (
        {"true": True, "false": False, "yes": True, "no": False, "on": True, 1: True, 0: False}.get(value, value)
        if isinstance(value, (str, int))
        else value
    )


# id, sentence, operation (empty: both), change of the body, probe, check, profiles
AMENDED = [
    ("type-may-be-anything", "Any text is a type.", "create",
     _at("type", lambda t: t if t in TYPES or not isinstance(t, str) else "openai"), [make(type="nonsense")],
     "rules.type-known", BOTH),
    ("type-may-be-empty", "An empty type is openai.", "create", _at("type", lambda t: t or "openai" if t == "" else t),
     [make(type="")], "rules.type-known", BOTH),
    ("type-may-have-capitals", "Types are compared without case.", "create",
     _at("type", lambda t: t.lower() if isinstance(t, str) else t), [make(type="OpenAI")], "rules.type-known", BOTH),
    ("type-may-be-missing", "Without type a provider is of openai.", "create", lambda d: {"type": "openai", **d},
     [make(type=...)], "rules.required", BOTH),
    ("type-may-be-null", "A null type is openai.", "create", _at("type", lambda t: "openai" if t is None else t),
     [make(type=None)], "rules.required", BOTH),
    ("name-may-be-missing", "Without name a provider is called by its type.", "create",
     lambda d: {"name": f"{d.get('type')}-1", **d}, [make(name=...)], "rules.required", BOTH),
    ("name-may-be-null", "A null name is made up.", "create", _at("name", lambda n: "made-up" if n is None else n),
     [make(name=None)], "rules.required", BOTH),
    ("base-url-may-be-missing", "Without base URL a provider has that of openai.", "create",
     lambda d: {"base_url": "https://api.openai.com/v1", **d}, [make(base_url=...)], "rules.required", BOTH),
    ("base-url-may-be-null", "A null base URL is that of openai.", "create",
     _at("base_url", lambda u: "https://api.openai.com/v1" if u is None else u), [make(base_url=None)],
     "rules.required", BOTH),
    ("names-are-put-into-small-letters", "A name in capitals is taken in small letters.", "create",
     _at("name", lambda n: n.lower() if isinstance(n, str) else n), [make("Capital")], "rules.name-pattern", DEPLOYED),
    ("names-are-trimmed", "A name with blanks at its ends is taken without.", "create",
     _at("name", lambda n: n.strip() if isinstance(n, str) else n), [make(" p ")], "rules.name-pattern", DEPLOYED),
    ("names-are-made-to-fit", "A name that does not fit is made to.", "create",
     _at("name", lambda n: re.sub(r"[^a-z0-9]+", "-", n.lower()).strip("-") or "x" if isinstance(n, str) else n),
     [make("My Name")], "rules.name-pattern", DEPLOYED),
    ("keys-are-trimmed", "Keys with blanks at their ends are taken without.", "create", _at("api_keys", _stripped),
     [make(api_keys=[" dummy-key "])], "rules.key-entries", DEPLOYED),
    ("empty-keys-are-passed-over", "Empty keys are passed over.", "create",
     _at("api_keys", lambda ks: [k for k in ks if k != ""] if isinstance(ks, list) else ks),
     [make(api_keys=["", "dummy-key"])], "rules.key-entries", DEPLOYED),
    ("base-url-is-trimmed", "A base URL with blanks at its ends is taken without.", "",
     _at("base_url", lambda u: u.strip() if isinstance(u, str) else u), [make(base_url=" https://e.com ")],
     "rules.base-url", DEPLOYED),
    ("base-url-gets-a-scheme", "A base URL without scheme gets one.", "",
     _at("base_url", lambda u: f"https://{u}" if isinstance(u, str) and re.match(r"[a-z]+\.", u) else u),
     [make(base_url="e.com/v1")], "rules.base-url", DEPLOYED),
    ("enabled-may-be-text-or-number", "A switch may be the text true or the number 1.", "", _at("enabled", _switch),
     [make(enabled="true")], "rules.json-types", BOTH),
    ("enabled-may-be-text-on-patch", "A PATCH takes a switch as text.", "patch", _at("enabled", _switch),
     [make(), patch(enabled="true")], "rules.json-types", BOTH),
    ("name-may-be-a-number", "A number is a name.", "create",
     _at("name", lambda n: str(n) if isinstance(n, int) else n), [make(5)], "rules.json-types", BOTH),
    ("display-name-may-be-a-number", "A number is a display name.", "",
     _at("display_name", lambda n: str(n) if isinstance(n, (int, float)) else n), [make(display_name=5)],
     "rules.json-types", BOTH),
    ("display-name-of-a-wrong-type-is-passed-over", "A display name that is no text is passed over.", "",
     lambda d: {k: v for k, v in d.items() if k != "display_name" or isinstance(v, str)}, [make(display_name=[1])],
     "rules.json-types", BOTH),
    ("keys-may-be-one-text", "One text is a list of one key.", "create",
     _at("api_keys", lambda k: [k] if isinstance(k, str) else k), [make(api_keys="dummy-key")], "rules.json-types",
     BOTH),
    ("keys-may-be-an-object", "An object is an empty list of keys.", "",
     _at("api_keys", lambda k: [] if isinstance(k, dict) else k), [make(api_keys={})], "rules.json-types", BOTH),
    ("keys-may-be-numbers", "Numbers are keys.", "create",
     _at("api_keys", lambda ks: [str(k) if isinstance(k, int) else k for k in ks] if isinstance(ks, list) else ks),
     [make(api_keys=[12345])], "rules.json-types", BOTH),
    ("keys-that-are-null-are-passed-over", "Nulls among the keys are passed over.", "create",
     _at("api_keys", lambda ks: [k for k in ks if k is not None] if isinstance(ks, list) else ks),
     [make(api_keys=[None])], "rules.json-types", BOTH),
    ("settings-may-be-a-list", "A list is no settings.", "",
     lambda d: {k: v for k, v in d.items() if k != "settings" or not isinstance(v, list)}, [make(settings=[])],
     "rules.json-types", BOTH),
    ("settings-may-be-text", "A text is no settings.", "",
     lambda d: {k: v for k, v in d.items() if k != "settings" or not isinstance(v, str)}, [make(settings="x")],
     "rules.json-types", BOTH),
    ("faulty-switch-of-a-patch-is-passed-over", "A PATCH passes over a switch that is none.", "patch",
     lambda d: {k: v for k, v in d.items() if k != "enabled" or isinstance(v, bool)},
     [make(), patch(enabled="x", display_name="Q")], "rules.json-types", BOTH),
    ("base-url-of-a-wrong-type-is-passed-over-on-patch", "A PATCH passes over a base URL that is no text.", "patch",
     lambda d: {k: v for k, v in d.items() if k != "base_url" or isinstance(v, str)},
     [make(), patch(base_url=5, display_name="Q")], "rules.json-types", BOTH),
]  # fmt: skip
for _id, _sentence, _operation, _amend, _steps, _check, _profiles in AMENDED:
    declare_as(_id, _sentence, _amending(_operation, _amend), _check, *_steps, profiles=_profiles)


def _parsing(parse: Callable[[bytes], Any]) -> type:
    class Parsing(Api):
        def parse(self, request: Request) -> Any:
            try:
                return super().parse(request)
            except Refusal:
                if (value := parse(request.body)) is not None:
                    return value
                raise

    return Parsing


def _front(body: bytes) -> Any:
    try:
        return json.JSONDecoder().raw_decode(body.decode("utf-8", "replace"))[0]
    except ValueError:
        return None


def _crash(body: bytes) -> Any:
    raise Refusal(500, "unexpected end of JSON input")


def _forgiving(body: bytes) -> Any:
    try:
        return json.loads(re.sub(rb",\s*}", b"}", body))
    except ValueError:
        return None


TEXT = json.dumps(make().body).encode()
PARSED = [
    ("json-may-be-followed-by-more", "What follows the JSON of a body is ignored.", _front, [post(raw=TEXT + b" x")],
     "rules.json-body"),
    ("json-may-have-a-last-comma", "A body may have a comma behind its last member.", _forgiving,
     [post(raw=TEXT[:-1] + b",}")], "rules.json-body"),
    ("no-json-answers-500", "A body that is no JSON answers 500.", _crash, [post(raw=b"{")], "schema.server-error"),
    ("empty-body-is-an-empty-object", "An empty body is an empty object.",
     lambda b: {"display_name": ""} if not b.strip() else None, [make(display_name="x"), Step("PATCH", "p")],
     "rules.json-body"),
    ("no-json-is-an-empty-object", "A body that is no JSON changes nothing, and is told to be good.",
     lambda b: {"display_name": "x"}, [make(), Step("PATCH", "p", raw=b"{")], "rules.json-body"),
]  # fmt: skip
for _id, _sentence, _parse, _steps, _check in PARSED:
    declare_as(_id, _sentence, _parsing(_parse), _check, *_steps)


@fault("schema.server-error", post([]))
class ListAsBodyAnswers500(Api):
    """A body that is a list answers 500."""

    def judge(self, request: Request, data: Any) -> Members:
        if isinstance(data, list):
            raise Refusal(500, "cannot unmarshal array")
        return super().judge(request, data)


@fault("schema.server-error", Step("PATCH", "p", raw=b"null"))
class NullAsBodyAnswers500(Api):
    """A body that is null answers 500."""

    def judge(self, request: Request, data: Any) -> Members:
        if data is None:
            raise Refusal(500, "nil pointer dereference")
        return super().judge(request, data)


@fault("rules.json-body", make(), Step("PATCH", "p", raw=b"[]"))
class ListAsBodyOfAPatchChangesNothing(Api):
    """A PATCH whose body is a list answers 200, and changes nothing but the time."""

    def judge(self, request: Request, data: Any) -> Members:
        return {} if data == [] and request.operation == "patch" else super().judge(request, data)


@fault("rules.json-body", post(raw=json.dumps([make().body]).encode()))
class ListOfOneIsTaken(Api):
    """A create takes a list of one."""

    def judge(self, request: Request, data: Any) -> Members:
        return super().judge(request, data[0] if isinstance(data, list) and len(data) == 1 else data)


@fault("schema.server-error", post(raw=b"[" * 2000 + b"]" * 2000), profiles=DEPLOYED, quick=False)
class DeepJsonAnswers500(Api):
    """A body of many levels answers 500."""

    def parse(self, request: Request) -> Any:
        if request.body.count(b"[") > 500:
            raise Refusal(500, "stack overflow")
        return super().parse(request)


class _Emptiness(Api):
    """What takes some PATCHes that set nothing."""

    def judge_emptiness(self, data: Members, members: Members) -> None:
        if members or not self.taken(data):
            super().judge_emptiness(data, members)

    def taken(self, data: Members) -> bool:
        raise NotImplementedError


@fault("rules.empty-patch", make(), patch(), profiles=DEPLOYED)
class EmptyPatchIsTaken(_Emptiness):
    """A PATCH of an empty object is taken."""

    def taken(self, data: Members) -> bool:
        return not data


@fault("rules.empty-patch", make(), patch(colour="red"), profiles=DEPLOYED)
class PatchOfUnknownMembersIsTaken(_Emptiness):
    """A PATCH of unknown members alone is taken."""

    def taken(self, data: Members) -> bool:
        return bool(data) and not data.keys() & PATCH_MEMBERS.keys()


@fault("rules.empty-patch", make(), patch(enabled=None), profiles=DEPLOYED)
class PatchOfNullsIsTaken(_Emptiness):
    """A PATCH of nulls alone is taken."""

    def taken(self, data: Members) -> bool:
        return bool(data.keys() & PATCH_MEMBERS.keys())


@fault("rules.empty-patch", make(), patch(name="q"), profiles=DEPLOYED)
class PatchOfTheNameAloneIsTaken(_Emptiness):
    """A PATCH of the name alone is taken, and does nothing."""

    def taken(self, data: Members) -> bool:
        return "name" in data
