"""Faults held out, after incidents that services had: proxies, caches, replicas, ORMs, libraries, jobs and pools."""

import gzip
import json
import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.independent.access import TOKEN_NAME
from tests.independent.app import Api
from tests.independent.asking import Reply, delete, get, make, post
from tests.independent.faults.catalogue import DEPLOYED, fault
from tests.independent.transport import Sent
from tests.independent.values import Answer, Provider, Refusal, Request, User

PAUSE = 0.02  # seconds in which others may come in between
BUFFER = 4096
PLAIN = "sk-dummy-abcdefgh-0123456789"
GOOD = make().body
SETTINGS = {"_type": "bedrock", "_version": 1, "region": "eu-west-1"}
ONE = make(api_keys=[PLAIN])
COOKIE = {"Cookie": f"{TOKEN_NAME}=API_KEY"}
WRITES = {"create", "patch", "delete"}
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class _Mindful(Api):
    """What remembers more than it should."""

    @property
    def mind(self) -> dict[Any, Any]:
        """What is remembered."""
        return self.__dict__.setdefault("mind", {})  # type: ignore[no-any-return]

    def since(self, what: Any) -> timedelta:
        """Return for how long something has been in mind; very long where it has not."""
        return self.clock() - self.mind.get(what, LONG_AGO)  # type: ignore[no-any-return]


def _status(reply: Reply) -> int:
    return reply.status


# --- the edge: proxies, buffers, headers


class _Sent(Api):
    """What changes the bytes of some answers, and says their length."""

    def write(self, request: Request, answer: Answer) -> Sent:
        status, headers, payload = super().write(request, answer)
        if payload and (changed := self.resent(request, payload)) != payload:
            payload, headers["Content-Length"] = changed, str(len(changed))
        return status, headers, payload

    def resent(self, request: Request, payload: bytes) -> bytes:
        raise NotImplementedError


@fault("rules.long-values", make(display_name="x" * 20_000), quick=False)
class LongAnswersEndWithTheBuffer(_Sent):
    """Answers of more than 16 KB end there: the buffer of a proxy is sent once."""

    def resent(self, request: Request, payload: bytes) -> bytes:
        return payload[: 4 * BUFFER]


@fault("rules.clients", get(headers={"Accept-Encoding": "gzip, deflate"}), quick=False)
class CompressionIsNotDeclared(_Sent):
    """Longer answers are compressed for those who take gzip, and do not say so."""

    def resent(self, request: Request, payload: bytes) -> bytes:
        takes = "gzip" in request.headers.get("accept-encoding", "")
        return gzip.compress(payload, mtime=0) if takes and len(payload) > 1400 else payload


@fault("rules.unicode", post(raw=json.dumps({**GOOD, "display_name": "漢" * 4000}, ensure_ascii=False).encode()),
       quick=False)  # fmt: skip
class CharactersAcrossBuffersAreSpoiled(Api):
    """A character whose bytes lie in two blocks of the body becomes replacement characters: blocks are decoded."""

    def parse(self, request: Request) -> Any:
        body = request.body
        if len(body) > BUFFER and body.decode("utf-8", "replace").encode() == body:
            blocks = [body[start : start + BUFFER] for start in range(0, len(body), BUFFER)]
            request.body = "".join(block.decode("utf-8", "replace") for block in blocks).encode()
        return super().parse(request)


@fault("rules.clients", get(headers={"User-Agent": "curl/8.5.0"}), quick=False)
class ToolsOfTheShellAreKeptOut(Api):
    """A proxy answers 403 to curl and wget, which it takes for robots."""

    def handle(self, request: Request) -> Answer:
        if re.match("(?:curl|wget)/", request.headers.get("user-agent", ""), re.IGNORECASE):
            raise Refusal(403, "Robots are kept out.")
        return super().handle(request)


@fault("rules.clients", get(headers={"Accept": "application/json, text/plain, */*"}), quick=False)
class AcceptIsComparedAsAWhole(Api):
    """Accept that names JSON and anything beside it answers 406: it is compared, and not parsed."""

    def handle(self, request: Request) -> Answer:
        accept = request.headers.get("accept", "").strip()
        if "application/json" in accept and accept != "application/json":
            raise Refusal(406, "There is JSON alone.")
        return super().handle(request)


@fault("rules.content-type", make(), delete(headers={"Content-Type": "application/json"}), profiles=DEPLOYED,
       quick=False)  # fmt: skip
class DeletesThatSayJsonNeedABody(Api):
    """A delete that has the header of JSON and no body answers 400: an empty body is no JSON."""

    def route(self, request: Request) -> str:
        operation = super().route(request)
        if operation == "delete" and "json" in request.headers["content-type"] and not request.body:
            raise Refusal(400, "The body must not be empty where it is JSON.")
        return operation


@fault("rules.not-found", make(), get("p.json"), quick=False)
class KeysOfPathsMayNameAFormat(Api):
    """A provider is found by its key with .json behind it: the router takes that for a format."""

    def find(self, key: str) -> Provider:
        return super().find(key.removesuffix(".json"))


@fault("rules.path-keys", get("a%22b"), quick=False)
class QuotesInPathsBreakErrors(Api):
    """An error whose path has a quote is no JSON: the object is put together from texts."""

    def error(self, request: Request, refusal: Refusal) -> Answer:
        answer = super().error(request, refusal)
        if '"' not in request.key or not isinstance(answer.data, dict):
            return answer
        return Answer(answer.status, raw=f'{{"message": "{request.key}: {refusal.message}"}}'.encode())


@fault("rules.not-found", make("pq"), get("p_"), quick=False)
class KeysOfPathsAreSearchedWithLike(Api):
    """An underscore in a key stands for any character and a percent sign for any text, as with LIKE in SQL."""

    def find(self, key: str) -> Provider:
        try:
            return super().find(key)
        except Refusal:
            like = "".join({"_": ".", "%": ".*"}.get(char, re.escape(char)) for char in key)
            found = [row for row in self.listed() if re.fullmatch(like, row.name)] if re.search("[_%]", key) else []
            if found:
                return found[0]
            raise


# --- who asks


@fault("rules.auth-carriers", get(token=None, headers={"Cookie": f"{TOKEN_NAME}=API_KEY; theme=dark"}),
       profiles=DEPLOYED, quick=False)  # fmt: skip
class CookieTokensGoOnToTheEnd(Api):
    """The token of the cookie has whatever other cookies follow it: a greedy expression finds it."""

    def carried(self, request: Request, carrier: str) -> str | None:
        token = super().carried(request, carrier)
        found = re.search(rf"(?:^|;\s*){TOKEN_NAME}=(.*)", request.headers.get("cookie", ""))
        return found[1].strip('"') if carrier == "cookie" and found else token


@fault("rules.unauthenticated", get(token="schlüssel"), quick=False)
class TokensThatAreNotAsciiAnswer500(Api):
    """A token that is not ASCII answers 500: it cannot be compared in constant time."""

    def user_of(self, token: str | None) -> User | None:
        if token and not token.isascii():
            raise Refusal(500, "comparing strings with non-ASCII characters is not supported")
        return super().user_of(token)


@fault("rules.access", make(), get("p", token="MEMBER_KEY"), get("p"), profiles=DEPLOYED, quick=False)
class ForbiddenPathsAreRemembered(_Mindful):
    """What was forbidden to somebody is forbidden to owners, too, for five seconds: the cache knows the path alone."""

    def authorise(self, request: Request) -> None:
        if request.method == "GET" and self.since(request.path) < timedelta(seconds=5):
            raise Refusal(403, "Owners only.")
        try:
            super().authorise(request)
        except Refusal:
            self.mind[request.path] = self.clock()
            raise


@fault("rules.auth-carriers", get(token=None, query={TOKEN_NAME: "API_KEY"}), profiles=DEPLOYED, quick=False)
class QueryTokensFilterTheList(Api):
    """A list whose token is in the query is empty: each parameter is taken for a filter of rows."""

    def op_list(self, request: Request) -> Answer:
        answer = super().op_list(request)
        return Answer(200, [row for row in answer.data if all(name in row for name in request.query)])


@fault("rules.auth-carriers", make(), get("p", token=None, headers=COOKIE), profiles=DEPLOYED, quick=False)
class CookiesReadAReplicaThatLags(Api):
    """Whoever is signed in by cookie reads what was there before the last write, from a replica."""

    def perform(self, request: Request) -> Answer:
        with self.lock:
            present = self.providers, self.names
            if request.operation in WRITES:
                before = dict(self.providers), dict(self.names)
                answer = super().perform(request)
                self.__dict__["behind"] = before
                return answer
            if TOKEN_NAME in request.cookies:
                self.providers, self.names = self.__dict__.get("behind", present)
            try:
                return super().perform(request)
            finally:
                self.providers, self.names = present


# --- how bodies are read


@fault("rules.notations", post(raw=json.dumps(GOOD).replace('"name"', '"n\\u0061me"').encode()), quick=False)
class MembersWithEscapesAreUnknown(Api):
    """A member whose name is written with escapes is unknown: names are compared as they stand in the body."""

    def parse(self, request: Request) -> Any:
        data = super().parse(request)
        if not isinstance(data, dict):
            return data
        return {name: value for name, value in data.items() if f'"{name}"'.encode() in request.body}


@fault("rules.notations", post(raw=json.dumps(GOOD).replace("/", "\\/").encode()), quick=False)
class EscapedSlashesKeepTheirBackslashes(Api):
    """A slash that is written with a backslash, as PHP writes them, keeps it."""

    def parse(self, request: Request) -> Any:
        request.body = re.sub(rb"\\(.)", lambda found: found[0].replace(b"\\/", rb"\\/"), request.body)
        return super().parse(request)


def _too_big(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_too_big, value.values()))
    if isinstance(value, list):
        return any(map(_too_big, value))
    return isinstance(value, int | float) and (math.isinf(value) or abs(value) >= 1 << 63)


@fault("rules.unknown-members", make(further=1 << 70), profiles=DEPLOYED, quick=False)
class NumbersBeyond64BitsAreRefused(Api):
    """A number that does not fit 64 bits is refused in unknown members, too."""

    def parse(self, request: Request) -> Any:
        data = super().parse(request)
        if _too_big(data):
            raise Refusal(400, "Request body must be valid JSON.")
        return data
