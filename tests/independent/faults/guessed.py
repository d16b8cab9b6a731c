"""Guessed faults: what implementers and operators ship, of HTTP, of users, and of names and ids."""

import json
import re
from collections.abc import Callable
from typing import Any

from tests.independent.app import Api
from tests.independent.asking import Reply, Step, get, make, patch
from tests.independent.faults.catalogue import DEPLOYED, fault
from tests.independent.judging import Members
from tests.independent.transport import Sent
from tests.independent.values import NOTHING, Answer, Provider, Refusal, Request

REGION = {"_type": "bedrock", "_version": 1, "region": "eu-west-1"}
KEY = "dummy-key-0001"
KEYS = ["dummy-key-0001", "other-key-0002", "third-key-0003"]
READS = {"get", "list"}


def by_id(method: str = "GET", **members: Any) -> Callable[[list[Reply]], Step]:
    """Return a step on the provider that was made first, by its id."""
    return lambda seen: Step(method, seen[0].json["id"], members or None)


def rekey(*entries: Any) -> Callable[[list[Reply]], Step]:
    """Return a PATCH of the keys; a number stands for the id of that key of the provider made first."""
    return lambda seen: patch(
        api_keys=[{"id": seen[0].json["api_keys"][e]["id"]} if isinstance(e, int) else e for e in entries]
    )


class Bent(Api):
    """What changes bodies before they are judged, or members after it."""

    def judge(self, request: Request, data: Any) -> Members:
        if isinstance(data, dict):
            data = self.before(request, dict(data))
        members = super().judge(request, data)
        return self.later(request, data, members)

    def before(self, request: Request, data: Members) -> Members:
        return data

    def later(self, request: Request, data: Members, members: Members) -> Members:
        return members


# --- HTTP and JSON


@fault("rules.not-found", make(), get("p.json"), profiles=DEPLOYED, quick=False)
class FormatSuffixesAreCutOff(Api):
    """A name with .json behind it finds the provider, as with routes of Rails and Spring."""

    def find(self, key: str) -> Provider:
        return super().find(key.removesuffix(".json"))


@fault("rules.method-not-allowed", Step("PUT"), profiles=DEPLOYED)
class AllowIsThatOfBothRoutes(Api):
    """Allow lists the methods of the collection and of its items together, whichever path is asked."""

    def route(self, request: Request) -> str:
        try:
            return super().route(request)
        except Refusal as refusal:
            if refusal.status == 405:
                refusal.headers["Allow"] = "DELETE, GET, HEAD, PATCH, POST"
            raise


@fault("rules.unicode", make(display_name="Čeština"))
class WritesCountCharactersForTheirLength(Api):
    """The Content-Length of creates and PATCHes counts characters: with text beyond ASCII the body is cut."""

    def write(self, request: Request, answer: Answer) -> Sent:
        status, headers, payload = super().write(request, answer)
        if request.operation in {"create", "patch"} and answer.data is not NOTHING:
            text = json.dumps(answer.data, indent=self.terms.indent, ensure_ascii=False)
            if not text.isascii():
                return status, {**headers, "Content-Length": str(len(text))}, text.encode()[: len(text)]
        return status, headers, payload


@fault("rules.unicode", make(display_name="rocket 🚀"))
class EmojiAreSentAsTwoSurrogates(Api):
    """Text beyond the basic plane is sent as in Java's modified UTF-8: two encoded surrogates, which is no UTF-8."""

    def encode(self, data: Any) -> bytes:
        text = json.dumps(data, indent=self.terms.indent, ensure_ascii=False)
        if max(text) <= "\uffff":
            return super().encode(data)

        def halves(found: re.Match[str]) -> str:
            rest = ord(found[0]) - 0x10000
            return chr(0xD800 + (rest >> 10)) + chr(0xDC00 + (rest & 0x3FF))

        return re.sub("[\U00010000-\U0010ffff]", halves, text).encode("utf-8", "surrogatepass")


@fault(
    "rules.content-type",
    Step(
        "POST",
        raw='{"type":"openai","name":"p","base_url":"https://e.com","display_name":"Café"}'.encode(),
        headers={"Content-Type": "application/json; charset=iso-8859-1"},
    ),
    profiles=DEPLOYED,
)
class BodiesAreReadInTheirCharset(Api):
    """The charset of the request's content type is believed, though bodies are JSON whatever it says."""

    def parse(self, request: Request) -> Any:
        if found := re.search(r"charset=\"?([\w-]+)", request.headers.get("content-type", "")):
            try:
                request.body = request.body.decode(found[1]).encode()
            except (LookupError, ValueError) as error:
                raise Refusal(400, "The body is not in its charset.") from error
        return super().parse(request)


def _no_constant(name: str) -> Any:
    raise ValueError(name)


@fault("rules.no-json", make(), Step("PATCH", "p", raw=b'{"display_name": "two\nlines"}'), profiles=DEPLOYED)
class LineBreaksInsideTextAreJson(Api):
    """Raw control characters inside a JSON text are taken, as by lenient parsers."""

    def parse(self, request: Request) -> Any:
        try:
            return super().parse(request)
        except Refusal as refusal:
            try:
                value = json.loads(request.body.decode(), strict=False, parse_constant=_no_constant)
                json.dumps(value, ensure_ascii=False).encode()
            except (ValueError, RecursionError):
                raise refusal from None
            return value


@fault("rules.unknown-members", make(displayName="One"), profiles=DEPLOYED)
class CamelCaseMembersAreKnown(Bent):
    """Members in camel case are taken for those with underscores, where they are unknown and to be ignored."""

    def before(self, request: Request, data: Members) -> Members:
        others = {"displayName": "display_name", "baseUrl": "base_url", "apiKeys": "api_keys"}
        return {**{others[name]: value for name, value in data.items() if name in others}, **data}


# --- who asks


@fault(
    "rules.auth-carriers",
    get(token=None, headers={"Cookie": "old_coder_session_token=API_KEY"}),
    profiles=DEPLOYED,
    quick=False,
)
class LongerCookieNamesAreTaken(Api):
    """A cookie whose name only ends like that of the session token is taken for it."""

    def carried(self, request: Request, carrier: str) -> str | None:
        if carrier == "cookie":
            return next(
                (token for name, token in request.cookies.items() if name.endswith("coder_session_token")), None
            )
        return super().carried(request, carrier)


@fault("rules.forbidden", make(), get("p"), get("p", token="MEMBER_KEY"), profiles=DEPLOYED)
class ReadsAreSharedAmongUsers(Api):
    """What an owner has read is answered to anybody from a cache by path, until the next write."""

    def perform(self, request: Request) -> Answer:
        with self.lock:
            shared: dict[str, Answer] = self.__dict__.setdefault("shared", {})
            if request.operation not in READS:
                shared.clear()
                return super().perform(request)
            if request.path not in shared:
                shared[request.path] = super().perform(request)
            return shared[request.path]


@fault("rules.access", make(), get("p", token="MEMBER_KEY"), get("p"), profiles=DEPLOYED)
class RefusalsOfReadsStickToThePath(Api):
    """Where a read was forbidden to somebody, the next reader of that path is told so too, owner or not."""

    def perform(self, request: Request) -> Answer:
        with self.lock:
            stuck: set[str] = self.__dict__.setdefault("stuck", set())
            if request.operation in READS and request.path in stuck:
                stuck.discard(request.path)
                raise Refusal(403, "Owners only.")
            try:
                return super().perform(request)
            except Refusal as refusal:
                if refusal.status == 403 and request.operation in READS:
                    stuck.add(request.path)
                raise


@fault(
    "rules.forbidden",
    make(),
    lambda seen: get(seen[0].json["id"], token="MEMBER_KEY"),
    profiles=DEPLOYED,
)
class MembersMayReadById(Api):
    """The role is looked at where a provider is read by name, and not where it is read by id."""

    def authorise(self, request: Request) -> None:
        if not (request.operation == "get" and self.parse_id(request.key)):
            super().authorise(request)


@fault("rules.forbidden", make(), Step("PATCH", "p", {"enabled": True}, token="MEMBER_KEY"), profiles=DEPLOYED)
class MembersMaySwitchProviders(Api):
    """Anybody may PATCH a provider where nothing but enabled is changed."""

    def authorise(self, request: Request) -> None:
        if not (request.operation == "patch" and request.data.keys() == {"enabled"}):
            super().authorise(request)


# --- names and ids


@fault("rules.name-unique", make("n" * 63 + "a"), make("n" * 63 + "b"), profiles=DEPLOYED, quick=False)
class NamesAreUniqueBySixtyThreeCharacters(Api):
    """Names that share their first 63 characters conflict: the unique index sees no more."""

    def check_unique(self, name: str) -> None:
        super().check_unique(next((row.name for row in self.providers.values() if row.name[:63] == name[:63]), name))


@fault("rules.lookup", make("provider-of-the-second-team-in-paris"), get("provider-of-the-second-team-in-paris"))
class KeysOfThirtySixCharactersAreIds(Api):
    """Whatever is as long as an id is looked up as one: a name of 36 characters is never found."""

    def parse_id(self, key: str) -> str | None:
        return super().parse_id(key) or ("nobody" if len(key) == 36 else None)
