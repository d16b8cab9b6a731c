"""Faults from production: text, names, URLs, paths, proxies, tokens and error objects, each under some condition."""

import re
import unicodedata
from collections.abc import Callable
from itertools import count
from typing import Any
from urllib.parse import unquote

from tests.independent.access import TOKEN_NAME
from tests.independent.app import Api
from tests.independent.asking import COLLECTION, Step, delete, get, make, patch, post
from tests.independent.faults.catalogue import BOTH, DEPLOYED, declare_as, fault
from tests.independent.judging import Faults as Wrong
from tests.independent.judging import Members
from tests.independent.transport import Sent
from tests.independent.values import NOTHING, USERS, Answer, Provider, Refusal, Request, User

KEY = "dummy-key-0001"
WRITES = ("create", "patch")


def _texts(member: str, operations: tuple[str, ...], change: Callable[[str], str]) -> type:
    class Retold(Api):
        def judge(self, request: Request, data: Any) -> Members:
            if request.operation in operations and isinstance(data, dict) and isinstance(data.get(member), str):
                data = {**data, member: change(data[member])}
            return super().judge(request, data)

    return Retold


def _without_default_port(url: str) -> str:
    return re.sub(r"^(http://[^/?#]*?):80(?=[/?#]|$)|^(https://[^/?#]*?):443(?=[/?#]|$)", r"\1\2", url)


# id, sentence, member, operations, change, probe, check, profiles
TEXTS = [
    ("type-is-taken-in-any-case", "A type in capitals is taken, and made lower case.", "type", ("create",), str.lower,
     [make(type="OpenAI")], "rules.type-known", BOTH),
    ("patched-base-url-loses-its-query", "A PATCH drops the query of a base URL; a create keeps it.", "base_url",
     ("patch",), lambda url: url.partition("?")[0],
     [make(base_url="https://e.com/v1?v=1"), patch(base_url="https://e.com/v1?v=2")], "rules.base-url-kept", BOTH),
    ("base-url-loses-a-default-port", "A base URL loses its port where that is the scheme's own.", "base_url", WRITES,
     _without_default_port, [make(base_url="https://e.com:443/v1")], "rules.base-url-kept", BOTH),
    ("base-url-of-a-host-alone-gets-a-slash", "A base URL without a path gets a slash on PATCH.", "base_url",
     ("patch",), lambda url: f"{url}/" if re.fullmatch(r"https?://[^/?#]+", url) else url,
     [make(), patch(base_url="https://f.com")], "rules.base-url-kept", BOTH),
    ("display-name-of-zero-is-none", 'The display name "0" counts as empty, as in PHP.', "display_name", WRITES,
     lambda text: "" if text == "0" else text, [make(display_name="0")], "rules.unicode", BOTH),
    ("display-name-ends-at-an-emoji", "A display name ends before its first character beyond the BMP (MySQL's utf8).",
     "display_name", WRITES, lambda text: re.split("[\U00010000-\U0010ffff]", text)[0],
     [make(display_name="a\U0001f511b")], "rules.unicode", BOTH),
    ("patch-strips-tags", "A PATCH strips what looks like a tag from a display name.", "display_name", ("patch",),
     lambda text: re.sub(r"<[^>]*>", "", text), [make(display_name="<b>"), patch(display_name="<b>1</b>")],
     "rules.unicode", BOTH),
    ("patch-cuts-display-names-in-bytes", "A PATCH cuts a display name after 255 bytes.", "display_name", ("patch",),
     lambda text: text.encode()[:255].decode("utf-8", "ignore"), [make(), patch(display_name="\u044f" * 130)],
     "rules.long-values", BOTH),
]  # fmt: skip
for _id, _sentence, _member, _operations, _change, _probe, _check, _profiles in TEXTS:
    declare_as(_id, _sentence, _texts(_member, _operations, _change), _check, *_probe, profiles=_profiles)


def _letting(method: str, good: Callable[[Any], bool]) -> type:
    class Letting(Api):
        pass

    def judged(self: Api, value: Any) -> Wrong:
        return [] if good(value) else getattr(super(Letting, self), method)(value)

    setattr(Letting, method, judged)
    return Letting


LET = [
    ("name-may-end-with-a-newline", "The name pattern ends with a dollar, which lets a newline follow.", "judge_name",
     lambda name: re.match(r"^[a-z0-9]+(-[a-z0-9]+)*$", name) is not None, make("p\n"), "rules.name-pattern"),
    ("name-may-have-foreign-digits", "The name pattern takes the digits of all scripts.", "judge_name",
     lambda name: re.fullmatch(r"[a-z\d]+(-[a-z\d]+)*", name) is not None, make("p-\u0663"), "rules.name-pattern"),
    ("settings-of-version-zero-are-taken", "Settings of version 0 are taken: zero counts as absent.", "judge_settings",
     lambda value: value.get("_type") == "bedrock" and value.get("_version") == 0,
     make(type="bedrock", settings={"_type": "bedrock", "_version": 0, "region": "r"}), "rules.settings-shape"),
]  # fmt: skip
for _id, _sentence, _method, _good, _step, _check in LET:
    declare_as(_id, _sentence, _letting(_method, _good), _check, _step, profiles=DEPLOYED)


def _errors(change: Callable[[Request, Refusal, Any], Any]) -> type:
    class Retold(Api):
        def error(self, request: Request, refusal: Refusal) -> Answer:
            answer = super().error(request, refusal)
            if answer.data is not NOTHING:
                answer.data = change(request, refusal, answer.data)
            return answer

    return Retold


def _expired(request: Request) -> bool:
    return any(user.expired and token in request.headers.values() for token, user in USERS.items())


def _repeated(request: Request, refusal: Refusal, body: Any) -> Any:
    return {**body, "detail": f"duplicate key in {request.data}"} if refusal.status == 409 else body


ERRORS = [
    ("expired-token-is-told-otherwise", "The 401 for an expired token comes from a gateway: error, no message.",
     lambda request, refusal, body: {"error": "invalid_token"} if _expired(request) else body,
     [get(token="EXPIRED_KEY")], "rules.unauthenticated", DEPLOYED),
    ("conflict-has-null-validations", "A 409 carries null instead of validations.",
     lambda request, refusal, body: {**body, "validations": None} if refusal.status == 409 else body,
     [make(), make()], "rules.error-shape", DEPLOYED),
    ("delete-of-nobody-has-no-body", "The 404 of a delete has no body.",
     lambda request, refusal, body: NOTHING if (refusal.status, request.method) == (404, "DELETE") else body,
     [delete("nobody")], "rules.error-shape", DEPLOYED),
    ("unknown-id-is-told-without-message", "The 404 for an id, not for a name, has a detail and no message.",
     lambda request, refusal, body: {"detail": "no rows"} if refusal.status == 404 and len(request.key) == 36 else body,
     [get("00000000-0000-4000-8000-000000000000")], "rules.error-shape", DEPLOYED),
    ("conflict-repeats-the-request", "The detail of a 409 repeats what was sent, keys too, as databases do.",
     _repeated, [make(), make(api_keys=[KEY])], "rules.secrets-never-leak", BOTH),
]  # fmt: skip
for _id, _sentence, _told, _probe, _check, _profiles in ERRORS:
    declare_as(_id, _sentence, _errors(_told), _check, *_probe, profiles=_profiles)


@fault("rules.validation-fields", make(api_keys=["good", ""]), profiles=DEPLOYED)
class FaultyKeysAreCountedAmongThemselves(Api):
    """The index of a faulty key is its place among the faulty ones."""

    def refuse(self, faults: Wrong) -> None:
        numbers = count()
        super().refuse([(re.sub(r"\[\d+\]", lambda _: f"[{next(numbers)}]", name), why) for name, why in faults])


@fault("rules.validation-fields", make(api_keys=[""] * 11), profiles=DEPLOYED, quick=False)
class FaultsBeyondTenAreDropped(Api):
    """Of more than ten validation faults ten are told."""

    def refuse(self, faults: Wrong) -> None:
        super().refuse(faults[:10])


@fault("rules.validation-fields", make(), patch(base_url=""), profiles=DEPLOYED)
class PatchNamesTheBaseUrlInCamelCase(Api):
    """A PATCH that is refused for its base URL names it as the server's own code does."""

    def refuse(self, faults: Wrong) -> None:
        patching = self.request.operation == "patch"
        super().refuse([("baseUrl" if patching and name == "base_url" else name, why) for name, why in faults])


@fault("rules.json-types", make(), patch(enabled="x"), profiles=DEPLOYED)
class PatchOfAWrongTypeAnswers422(Api):
    """A member of the wrong JSON type answers 422 on PATCH, and 400 on create."""

    def wrong_types(self, data: Members, known: dict[str, type]) -> Wrong:
        if (faults := super().wrong_types(data, known)) and self.request.operation == "patch":
            raise Refusal(422, "That cannot be decoded.")
        return faults


@fault("rules.body-before-lookup", patch("nobody"), profiles=DEPLOYED)
class EmptyPatchOfNobodyIsNotFound(Api):
    """An empty PATCH looks for the provider before it is refused; other faulty ones do not."""

    def judge_emptiness(self, data: Members, members: Members) -> None:
        if not members:
            self.find(self.request.key)
        super().judge_emptiness(data, members)


class _Lookup(Api):
    def find(self, key: str) -> Provider:
        return super().find(self.spelt(key, self.request.operation))

    def spelt(self, key: str, operation: str) -> str:
        return key


@fault("rules.lookup", make("42"), get("42"))
class NameOfDigitsIsARowNumber(_Lookup):
    """A name of digits alone cannot be found: it is taken for the number of a row."""

    def spelt(self, key: str, operation: str) -> str:
        if key.isdigit() and len(key) < 32:
            raise Refusal(404, "There is no such provider.")
        return key


@fault("rules.path-keys", make(), get("P"), delete("P"), profiles=DEPLOYED)
class DeleteFindsAnyCase(_Lookup):
    """A delete finds its name in any case; nothing else does."""

    def spelt(self, key: str, operation: str) -> str:
        return key.lower() if operation == "delete" else key


@fault("rules.path-keys", make(), get("%EF%BD%90"), profiles=DEPLOYED, quick=False)
class LookupNormalisesWidth(_Lookup):
    """A name in a path is normalised (NFKC), so that full-width letters find it."""

    def spelt(self, key: str, operation: str) -> str:
        return unicodedata.normalize("NFKC", key)


@fault("rules.not-found", make(), get("%2570"), profiles=DEPLOYED)
class PathIsDecodedTwice(_Lookup):
    """A path is decoded twice, by the proxy and by the server."""

    def spelt(self, key: str, operation: str) -> str:
        return unquote(key)


@fault("rules.not-found", make("production"), get("prod"), delete("prod"))
class DeleteTakesAPrefix(_Lookup):
    """A delete by an unknown name removes the one provider whose name begins so."""

    def spelt(self, key: str, operation: str) -> str:
        found = [name for name in self.names if name.startswith(key)]
        return found[0] if operation == "delete" and key not in self.names and len(found) == 1 else key


@fault("rules.access", make(), lambda replies: delete(replies[0].json["id"].upper()), profiles=DEPLOYED)
class DeleteWantsALowerCaseId(_Lookup):
    """A delete does not find an id in capitals; a get does."""

    def spelt(self, key: str, operation: str) -> str:
        return "nobody" if operation == "delete" and self.parse_id(key) and key != key.lower() else key


@fault("rules.lookup", make("deadbeef" * 4), get("deadbeef" * 4), profiles=DEPLOYED, quick=False)
class NameOfHexIsFoundByName(_Lookup):
    """A name that parses as a UUID is found by name, where there is no such id."""

    def find_by_id(self, key: str) -> Provider | None:
        return super().find_by_id(key) or self.find_by_name(key.replace("-", ""))


@fault("rules.content-type", make(), Step("PATCH", "p", {"enabled": True},
       headers={"Content-Type": "application/merge-patch+json"}), profiles=DEPLOYED)  # fmt: skip
class MergePatchIsUnsupported(Api):
    """A body that is declared as JSON Merge Patch answers 415; others are read, whatever they are declared as."""

    def parse(self, request: Request) -> Any:
        if "merge-patch" in request.headers["content-type"]:
            raise Refusal(415, "Unsupported media type.")
        return super().parse(request)


@fault("rules.notations", post(None, raw='{"type":"openai","name":"p","base_url":"https://e.com","display_name":"é"}'
       .encode(), headers={"Content-Type": "application/json; charset=iso-8859-1"}), profiles=DEPLOYED,
       quick=False)  # fmt: skip
class LatinBodiesAreReadSo(Api):
    """A body that is declared as Latin-1 is decoded so."""

    def parse(self, request: Request) -> Any:
        if "iso-8859-1" in request.headers["content-type"].lower():
            request.body = request.body.decode("latin-1").encode()
        return super().parse(request)


@fault("rules.trailing-slash", get(f"{COLLECTION}/"),
       get(f"{COLLECTION}/", token=None, query={TOKEN_NAME: "API_KEY"}), profiles=DEPLOYED, quick=False)  # fmt: skip
class SlashLosesTheQuery(Api):
    """The rewrite of a trailing slash loses the query, and with it the token."""

    def carried(self, request: Request, carrier: str) -> str | None:
        return None if carrier == "query" and request.path.endswith("/") else super().carried(request, carrier)


@fault("rules.trailing-slash", get(f"{COLLECTION}/"), post(make().body, f"{COLLECTION}/"), profiles=DEPLOYED)
class SlashRedirectsACreate(Api):
    """A create with a trailing slash is redirected (301); a list is answered."""

    def route(self, request: Request) -> str:
        if request.method == "POST" and request.path == f"{COLLECTION}/":
            raise Refusal(301, "Moved.", Location=COLLECTION)
        return super().route(request)


@fault("rules.unknown-path", make(), get(f"{COLLECTION}/p/keys"), profiles=DEPLOYED)
class DeeperPathAnswersTheProvider(Api):
    """A get of a path below a provider answers that provider."""

    def route(self, request: Request) -> str:
        if request.method == "GET" and request.path.startswith(f"{COLLECTION}/"):
            request.path = "/".join(request.path.split("/")[:6])
        return super().route(request)


@fault("rules.method-not-allowed", Step("PUT", "nobody"), profiles=DEPLOYED)
class WrongMethodOnNobodyIsNotFound(Api):
    """A method that items do not have answers 404 where there is no such item."""

    def route(self, request: Request) -> str:
        try:
            return super().route(request)
        except Refusal:
            if request.key:
                self.find(request.key)
            raise


@fault("rules.long-values", make(display_name="x" * 66_000), get(), quick=False)
class LongListsAreCut(Api):
    """A list of more than 64 KiB is cut there."""

    def write(self, request: Request, answer: Answer) -> Sent:
        status, headers, payload = super().write(request, answer)
        if request.operation == "list" and len(payload) > 1 << 16:
            payload = payload[: 1 << 16]
            headers["Content-Length"] = str(len(payload))
        return status, headers, payload


@fault("rules.unauthenticated", get(token="api_key"))
class TokenIsComparedInAnyCase(Api):
    """A token counts in any case."""

    def user_of(self, token: str | None) -> User | None:
        return super().user_of(token and token.upper())


@fault("rules.after-refusals", *[get(token="nope")] * 5, get())
class FiveWrongTokensLockTheNextOut(Api):
    """After five refused tokens in a row the next good one is refused."""

    wrong = 0

    def authenticate(self, request: Request) -> User:
        self.wrong, before = self.wrong + 1, self.wrong
        user = super().authenticate(request)
        self.wrong = 0
        if before >= 5:
            raise Refusal(401, "Too many attempts.")
        return user


@fault("rules.auth-carriers", get(token=None, headers={"Cookie": f"theme=dark; {TOKEN_NAME}=API_KEY"}),
       profiles=DEPLOYED)  # fmt: skip
class TokenMustBeTheFirstCookie(Api):
    """A token is found in the first cookie alone."""

    def carried(self, request: Request, carrier: str) -> str | None:
        if carrier == "cookie" and not request.headers.get("cookie", "").strip().startswith(TOKEN_NAME):
            return None
        return super().carried(request, carrier)


@fault("rules.auth-carriers", get(token=None, query={TOKEN_NAME: "API_KEY"}),
       post(make().body, token=None, query={TOKEN_NAME: "API_KEY"}),
       profiles=DEPLOYED)  # fmt: skip
class QueryTokenIsForReading(Api):
    """A token in the query counts for GET alone."""

    def carried(self, request: Request, carrier: str) -> str | None:
        return None if carrier == "query" and request.method != "GET" else super().carried(request, carrier)


@fault("rules.unauthenticated", get(token="SUSPENDED_KEY"), get(token=None, query={TOKEN_NAME: "SUSPENDED_KEY"}),
       profiles=DEPLOYED, quick=False)  # fmt: skip
class SuspendedMayUseTheQuery(Api):
    """A suspended user is served if the token comes in the query."""

    def user_of(self, token: str | None) -> User | None:
        user = USERS.get(token or "")
        return user if user and user.suspended and TOKEN_NAME in self.request.query else super().user_of(token)
