"""Rules that are too strict: what must be taken is refused, or answers an error."""

import re
from collections.abc import Callable
from typing import Any

from tests.independent.app import Api
from tests.independent.asking import Step, get, make, patch
from tests.independent.faults.catalogue import BOTH, DEPLOYED, declare_as, fault
from tests.independent.judging import TYPES, WHITE, Faults, Members
from tests.independent.values import Refusal, Request


def _refusing(member: str, refused: Callable[[Any], Any]) -> type:
    def judge(self: Any, value: Any) -> Faults:
        sound: Faults = getattr(Api, f"judge_{member}")(self, value)
        return sound or ([(member, "is not allowed here")] if refused(value) else [])

    return type("Refusing", (Api,), {f"judge_{member}": judge, "__module__": __name__})


# id, sentence, member, what is refused, probe, check, profiles, quick
ROWS = [
    ("names-must-begin-with-a-letter", "A name must begin with a letter.", "name", lambda n: not n[0].isalpha(),
     [make("4o")], "rules.name-pattern", BOTH, True),
    ("names-must-have-two-characters", "A name must have two characters.", "name", lambda n: len(n) < 2, [make()],
     "rules.name-pattern", BOTH, True),
    ("names-must-have-a-letter", "A name must have a letter.", "name", str.isdigit, [make("42")], "rules.name-pattern",
     BOTH, False),
    ("names-may-have-one-dash", "A name may have one dash.", "name", lambda n: n.count("-") > 1, [make("a-b-c")],
     "rules.name-pattern", BOTH, True),
    ("names-may-have-no-digits", "A name may have no digits.", "name", lambda n: re.search(r"\d", n), [make("a1")],
     "rules.name-pattern", BOTH, True),
    ("names-may-have-no-dashes", "A name may have no dashes.", "name", lambda n: "-" in n, [make("a-b")],
     "rules.name-pattern", BOTH, True),
    ("names-end-at-32", "A name may have 32 characters.", "name", lambda n: len(n) > 32, [make("p" * 33)],
     "rules.long-values", BOTH, True),
    ("names-end-at-64", "A name may have 64 characters.", "name", lambda n: len(n) > 64, [make("p" * 65)],
     "rules.long-values", BOTH, False),
    ("names-may-not-be-words-of-paths", "A name may not be new or list.", "name",
     lambda n: n in {"new", "list", "default"}, [make("new")], "rules.name-pattern", BOTH, False),
    ("display-name-ends-at-64", "A display name may have 64 characters.", "display_name", lambda d: len(d) > 64,
     [make(display_name="d" * 65)], "rules.long-values", BOTH, True),
    ("display-name-ends-at-255", "A display name may have 255 characters.", "display_name", lambda d: len(d) > 255,
     [make(display_name="d" * 256)], "rules.long-values", BOTH, False),
    ("display-name-must-be-ascii", "A display name must be ASCII.", "display_name", lambda d: not d.isascii(),
     [make(display_name="é")], "rules.unicode", BOTH, True),
    ("display-name-may-have-no-symbols", "A display name may have no symbols beyond the first plane.", "display_name",
     lambda d: any(ord(c) > 0xFFFF for c in d), [make(display_name="🔑")], "rules.unicode", BOTH, False),
    ("display-name-may-not-be-empty", "A display name may not be empty.", "display_name", lambda d: d == "",
     [make(display_name="")], "rules.display-name", BOTH, True),
    ("display-name-may-have-no-quotes", "A display name may have no quotes.", "display_name", lambda d: "'" in d,
     [make(display_name="it's")], "rules.unicode", BOTH, False),
    ("display-name-may-have-no-newline", "A display name may have no newline.", "display_name", lambda d: "\n" in d,
     [make(display_name="a\nb")], "rules.unicode", BOTH, False),
    ("base-url-must-be-https", "A base URL must be of https.", "base_url", lambda u: u.startswith("http:"),
     [make(base_url="http://e.com")], "rules.base-url", BOTH, True),
    ("base-url-may-have-no-port", "A base URL may have no port.", "base_url", lambda u: re.search(r":\d", u),
     [make(base_url="https://e.com:8443")], "rules.base-url", BOTH, True),
    ("base-url-may-have-no-path", "A base URL may have no path.", "base_url", lambda u: u.count("/") > 2,
     [make(base_url="https://e.com/v1")], "rules.base-url", BOTH, True),
    ("base-url-may-have-no-query", "A base URL may have no query.", "base_url", lambda u: "?" in u,
     [make(base_url="https://e.com/v1?a=b")], "rules.base-url", BOTH, True),
    ("base-url-may-not-be-local", "A base URL may not be of this host.", "base_url", lambda u: "localhost" in u,
     [make(base_url="http://localhost:8080")], "rules.base-url", BOTH, True),
    ("base-url-may-not-be-an-address", "A base URL may not have an address for a host.", "base_url",
     lambda u: re.search(r"//\d+\.\d+\.\d+\.\d+", u), [make(base_url="http://192.0.2.1/")], "rules.base-url", BOTH,
     False),
    ("base-url-may-not-be-ipv6", "A base URL may not have an address of IPv6.", "base_url", lambda u: "[" in u,
     [make(base_url="http://[::1]:8080/v1")], "rules.base-url", BOTH, False),
    ("base-url-needs-a-dot", "The host of a base URL needs a dot.", "base_url", lambda u: "." not in u,
     [make(base_url="http://gateway/v1")], "rules.base-url", BOTH, False),
    ("base-url-scheme-must-be-small", "The scheme of a base URL must be in small letters.", "base_url",
     lambda u: not u.startswith("http"), [make(base_url="HTTPS://e.com")], "rules.base-url", DEPLOYED, False),
    ("base-url-ends-at-255", "A base URL may have 255 characters.", "base_url", lambda u: len(u) > 255,
     [make(base_url=f"https://e.com/{'a' * 250}")], "rules.long-values", BOTH, True),
    ("base-url-ends-at-1000", "A base URL may have 1000 characters.", "base_url", lambda u: len(u) > 1000,
     [make(base_url=f"https://e.com/{'a' * 1000}")], "rules.long-values", BOTH, False),
    ("keys-are-limited-to-five", "A create may have five keys.", "api_keys", lambda k: len(k) > 5,
     [make(api_keys=[f"dummy-{n}" for n in range(6)])], "rules.key-set", BOTH, False),
    ("keys-are-limited-to-one", "A create may have one key.", "api_keys", lambda k: len(k) > 1,
     [make(api_keys=["dummy-1", "dummy-2"])], "rules.key-set", BOTH, True),
    ("keys-may-not-be-empty-lists", "A create may not have an empty list of keys.", "api_keys", lambda k: not k,
     [make(api_keys=[])], "schema.positive", BOTH, True),
]  # fmt: skip
for _id, _sentence, _member, _refused, _probe, _check, _profiles, _quick in ROWS:
    declare_as(_id, _sentence, _refusing(_member, _refused), _check, *_probe, profiles=_profiles, quick=_quick)

for _type in TYPES:
    _settings: dict[str, Any] = {"_type": "bedrock", "_version": 1, "region": "r"}
    _mixin = _refusing("type", lambda sent, unknown=_type: sent == unknown)
    _step = make(type=_type, settings=_settings) if _type == "bedrock" else make(type=_type)
    declare_as(f"type-{_type}-is-unknown", f"The type {_type} is unknown.", _mixin, "rules.every-type", _step)


def _keys(refused: Callable[[str], Any]) -> type:
    class Keys(Api):
        def key_fault(self, key: str) -> str:
            return super().key_fault(key) or ("is not allowed here" if refused(key) else "")

    return Keys


KEYS = [
    ("keys-must-have-eight-characters", "A key must have eight characters.", lambda k: len(k) < 8, "abcd", "rules.mask",
     True),
    ("keys-end-at-128", "A key may have 128 characters.", lambda k: len(k) > 128, "k" * 129, "rules.long-values", True),
    ("keys-end-at-512", "A key may have 512 characters.", lambda k: len(k) > 512, "k" * 513, "rules.long-values",
     False),
    ("keys-must-be-ascii", "A key must be ASCII.", lambda k: not k.isascii(), "schlüssel-dummy", "rules.mask", True),
    ("keys-may-have-no-blank-inside", "A key may have no blank inside.",
     lambda k: any(c in WHITE for c in k.strip(WHITE)), "dummy key", "schema.positive", False),
    ("keys-must-be-words", "A key may have letters, digits and dashes.", lambda k: re.search(r"[!-,./:-@\[-^`{-~]", k),
     "dummy/+key=", "schema.positive", False),
]  # fmt: skip
for _id, _sentence, _refused_key, _key, _check, _quick in KEYS:
    declare_as(_id, _sentence, _keys(_refused_key), _check, make(api_keys=[_key]), quick=_quick)


def _bodies(refused: Callable[[Request, Members], Any]) -> type:
    class Bodies(Api):
        def judge(self, request: Request, data: Any) -> Members:
            if isinstance(data, dict) and refused(request, data):
                raise Refusal(400, "That is not taken.")
            return super().judge(request, data)

    return Bodies


CREATED = {"type", "name", "display_name", "enabled", "base_url", "api_keys", "settings"}
BODIES = [
    ("unknown-members-are-refused", "Unknown members are refused.", lambda r, d: d.keys() - CREATED,
     [make(colour="red")], "rules.unknown-members", DEPLOYED, True),
    ("unknown-members-of-a-patch-are-refused", "A PATCH with unknown members is refused.",
     lambda r, d: r.operation == "patch" and d.keys() - CREATED, [make(), patch(enabled=True, colour="red")],
     "rules.unknown-members", DEPLOYED, True),
    ("name-in-a-patch-is-refused", "A PATCH with the name beside is refused.",
     lambda r, d: r.operation == "patch" and "name" in d, [make(), patch(enabled=True, name="p")],
     "rules.unknown-members", DEPLOYED, True),
    ("display-name-is-required", "A create needs a display name.",
     lambda r, d: r.operation == "create" and "display_name" not in d, [make()], "rules.defaults", BOTH, True),
    ("enabled-is-required", "A create needs a switch.", lambda r, d: r.operation == "create" and "enabled" not in d,
     [make()], "rules.defaults", BOTH, True),
    ("keys-are-required", "A create needs keys, where it has no settings.",
     lambda r, d: r.operation == "create" and not d.get("api_keys") and not d.get("settings"), [make()],
     "rules.defaults", BOTH, True),
    ("patch-needs-all-members", "A PATCH needs the base URL, as a PUT would.",
     lambda r, d: r.operation == "patch" and "base_url" not in d, [make(), patch(enabled=True)], "rules.absent-members",
     BOTH, True),
    ("null-display-name-is-refused", "A create with a null display name is refused.",
     lambda r, d: r.operation == "create" and d.get("display_name", "") is None, [make(display_name=None)],
     "rules.defaults", DEPLOYED, True),
    ("null-enabled-is-refused", "A create with a null switch is refused.",
     lambda r, d: r.operation == "create" and d.get("enabled", "") is None, [make(enabled=None)], "rules.defaults",
     DEPLOYED, True),
    ("null-keys-are-refused", "A create with null for keys is refused.",
     lambda r, d: r.operation == "create" and d.get("api_keys", "") is None, [make(api_keys=None)], "rules.defaults",
     DEPLOYED, True),
    ("nulls-in-a-patch-are-refused", "A PATCH with a null beside a good member is refused.",
     lambda r, d: r.operation == "patch" and any(v is None for v in d.values()),
     [make(), patch(enabled=True, display_name=None)], "rules.absent-members", DEPLOYED, True),
    ("new-keys-in-a-patch-are-refused", "A PATCH may keep and remove keys, and add none.",
     lambda r, d: r.operation == "patch" and b'"api_key"' in r.body,
     [make(), patch(api_keys=[{"api_key": "dummy-key"}])], "rules.key-set", BOTH, True),
]  # fmt: skip
for _id, _sentence, _refused_body, _probe, _check, _profiles, _quick in BODIES:
    declare_as(
        _id,
        _sentence,
        _bodies(_refused_body),
        _check,
        *_probe,
        profiles=_profiles,
        quick=_quick,
    )


class _Nulls(Api):
    """What takes null on PATCH for a value instead of for absent."""

    member, value = "", None

    def judge(self, request: Request, data: Any) -> Members:
        members = super().judge(request, data)
        if request.operation == "patch" and data.get(self.member, "") is None:
            members[self.member] = self.value
        return members


@fault("rules.absent-members", make(display_name="One"), patch(enabled=True, display_name=None), profiles=DEPLOYED)
class NullClearsTheDisplayName(_Nulls):
    """A PATCH with null for the display name clears it."""

    member, value = "display_name", ""


@fault("rules.absent-members", make(enabled=True), patch(display_name="One", enabled=None), profiles=DEPLOYED)
class NullSwitchesOff(_Nulls):
    """A PATCH with null for the switch switches off."""

    member, value = "enabled", False


@fault(
    "rules.absent-members", make(api_keys=["dummy-key"]), patch(display_name="One", api_keys=None), profiles=DEPLOYED
)
class NullRemovesTheKeys(_Nulls):
    """A PATCH with null for keys removes them."""

    member, value = "api_keys", []


def _media(refused: Callable[[str], bool]) -> type:
    class Media(Api):
        def parse(self, request: Request) -> Any:
            if refused(request.headers["content-type"]):
                raise Refusal(415, "Send JSON.")
            return super().parse(request)

    return Media


def typed(media_type: str) -> Step:
    """Return a create of some content type."""
    return Step("POST", "", make().body, headers={"Content-Type": media_type})


MEDIA = [
    ("content-type-must-be-json", "A body must say that it is JSON.",
     lambda t: not t.lower().startswith("application/json"), typed("text/plain"), DEPLOYED),
    ("content-type-must-be-there", "A body must say what it is.", lambda t: not t, typed(""), DEPLOYED),
    ("content-type-may-not-be-a-form", "A body that says it is a form is refused.", lambda t: "form" in t,
     typed("application/x-www-form-urlencoded"), DEPLOYED),
    ("content-type-may-have-no-charset", "A content type may name no character set.", lambda t: ";" in t,
     typed("application/json; charset=utf-8"), BOTH),
]  # fmt: skip
for _id, _sentence, _refused_type, _step, _profiles in MEDIA:
    declare_as(_id, _sentence, _media(_refused_type), "rules.content-type", _step, profiles=_profiles)


AS_TEXT = Step("PATCH", "p", {"display_name": "y"}, headers={"Content-Type": "text/plain"})


@fault("rules.content-type", make(display_name="x"), AS_TEXT, profiles=DEPLOYED)
class BodyOfAnotherTypeIsEmpty(Api):
    """The body of a PATCH that does not say it is JSON is taken for one that switches on."""

    def parse(self, request: Request) -> Any:
        value = super().parse(request)
        if request.operation == "patch" and not request.headers["content-type"].startswith("application/json"):
            return {"enabled": True}
        return value


@fault("rules.name-unique", make(display_name="taken"), make("taken"))
class DisplayNamesAreTakenNames(Api):
    """A name that is another provider's display name is taken."""

    def check_unique(self, name: str) -> None:
        super().check_unique(name)
        if any(row.display_name == name for row in self.listed()):
            raise Refusal(409, "taken", [("name", "is in use")])


@fault("schema.positive", make(), make("q"))
class BaseUrlsAreUnique(Api):
    """Two providers may not have the same base URL."""

    def check_unique(self, name: str) -> None:
        super().check_unique(name)
        if any(row.base_url == self.request.data["base_url"] for row in self.listed()):
            raise Refusal(409, "taken", [("base_url", "is in use")])


@fault("rules.name-unique", make("abc"), make("ab"), quick=False)
class BeginningsOfNamesAreTaken(Api):
    """A name with which another one begins is taken."""

    def check_unique(self, name: str) -> None:
        super().check_unique(name)
        if any(row.name.startswith(name) for row in self.listed()):
            raise Refusal(409, "taken", [("name", "is in use")])


@fault("rules.not-found", get("%C3%A9"), profiles=DEPLOYED)
class ForeignKeysOfPathsAnswer500(Api):
    """A path that is not ASCII answers 500."""

    def find(self, key: str) -> Any:
        if not key.isascii():
            raise Refusal(500, "ordinal not in range")
        return super().find(key)
