"""Faults thought up by somebody who did not know the suite: of the wire, of the edge and of who may ask, once more."""

import json
import re
from typing import Any

from tests.independent.access import TOKEN_NAME
from tests.independent.app import Api
from tests.independent.asking import COLLECTION, Step, delete, get, make, patch, post
from tests.independent.faults.catalogue import DEPLOYED, fault
from tests.independent.judging import Members
from tests.independent.transport import COLLECTION_METHODS, Sent
from tests.independent.values import USERS, Answer, Provider, Refusal, Request, User

SLASH = f"{COLLECTION}/"
QUERY = {TOKEN_NAME: "API_KEY"}
GOOD = make().body
BEDROCK = {"_type": "bedrock", "_version": 1, "region": "eu-west-1"}
UNKNOWN_ID = "11111111-1111-4111-8111-111111111111"
PLAIN = "dummy-key-abcdefgh-0001"
ONE = make(api_keys=[PLAIN])


def _plain(provider: Provider | None) -> str:
    return " ".join(key.plain for key in provider.keys) if provider else ""


# --- paths and methods


@fault("rules.not-found", patch("No_Name", enabled=True), profiles=DEPLOYED, quick=False)
class PatchOfTheMalformedAnswers404(Api):
    """A good PATCH of what can be no id and no name answers 404."""

    def op_patch(self, request: Request) -> Answer:
        if self.parse_id(request.key) is None and re.search("[^a-z0-9-]", request.key):
            raise Refusal(404, "There is no such provider.")
        return super().op_patch(request)


@fault("rules.not-found", delete("No_Name"), profiles=DEPLOYED, quick=False)
class DeleteOfTheMalformedAnswers204(Api):
    """A delete of what can be no id and no name answers 204."""

    def op_delete(self, request: Request) -> Answer:
        try:
            return super().op_delete(request)
        except Refusal as refusal:
            if refusal.status == 400:
                return Answer(204)
            raise


@fault("rules.path-keys", patch("nobody", settings=BEDROCK), profiles=DEPLOYED, quick=False)
class SettingsAreFittedBeforeTheLookup(Api):
    """A PATCH of an unknown provider answers 400 where it brings settings: they fit no type."""

    def op_patch(self, request: Request) -> Answer:
        try:
            return super().op_patch(request)
        except Refusal as refusal:
            if refusal.status == 404 and "settings" in request.data:
                raise Refusal(400, "Such a provider has no bedrock settings.") from None
            raise


@fault("rules.unknown-path", post({}, "/api/v2/ai/nothing"), profiles=DEPLOYED, quick=False)
class UnknownPathsAreForReadingAlone(Api):
    """An unknown path answers 405 to whatever is no GET."""

    def route(self, request: Request) -> str:
        try:
            return super().route(request)
        except Refusal as refusal:
            if refusal.status == 404 and request.method not in {"GET", "HEAD"}:
                raise Refusal(405, "This method cannot be used here.", Allow="GET, HEAD") from None
            raise


@fault("rules.trailing-slash", Step("PUT", SLASH, GOOD), profiles=DEPLOYED, quick=False)
class TrailingSlashHidesOtherMethods(Api):
    """The collection path with a slash at its end answers 404, not 405, to methods that it does not have."""

    def route(self, request: Request) -> str:
        if request.path == SLASH and request.method not in COLLECTION_METHODS:
            raise Refusal(404, "No such route.")
        return super().route(request)


@fault("rules.method-not-allowed", Step("PUT"), quick=False)
class AllowIsInSmallLetters(Api):
    """Allow has the methods in small letters, which are other methods."""

    def finish(self, request: Request, answer: Answer) -> Answer:
        if answer.status == 405:
            answer.headers["Allow"] = answer.headers["Allow"].lower()
        return super().finish(request, answer)


@fault("rules.unknown-path", get("/api/v2/ai/providers-of-others"), profiles=DEPLOYED, quick=False)
class PathsThatBeginAlikeAreTheCollection(Api):
    """A path that goes on behind the collection's without a slash is the collection."""

    def route(self, request: Request) -> str:
        if re.fullmatch(f"{COLLECTION}[^/]+", request.path):
            request.path = COLLECTION
        return super().route(request)


@fault("model.drill", make("cafe"), get("cafe"), quick=False)
class NamesOfHexDigitsAreNotFound(Api):
    """A name of hexadecimal digits alone, letters among them, is taken for a broken id, and not found."""

    def find(self, key: str) -> Provider:
        if re.fullmatch("[0-9a-f]{1,31}", key) and not key.isdecimal():
            raise Refusal(404, "There is no such provider.")
        return super().find(key)


# --- how answers are written


class _Written(Api):
    """What changes the bytes of some answers, and says their length."""

    def write(self, request: Request, answer: Answer) -> Sent:
        status, headers, payload = super().write(request, answer)
        if payload and (changed := self.rewritten(request, status, payload)) != payload:
            payload, headers["Content-Length"] = changed, str(len(changed))
        return status, headers, payload

    def rewritten(self, request: Request, status: int, payload: bytes) -> bytes:
        raise NotImplementedError


@fault("rules.error-shape", make(type="x"), quick=False)
class RefusedCreatesAreToldTwice(_Written):
    """A create that is refused with 400 answers two error objects, one behind the other: a return is missing."""

    def rewritten(self, request: Request, status: int, payload: bytes) -> bytes:
        return payload * 2 if status == 400 and request.operation == "create" else payload


@fault("rules.error-shape", get("nobody"), quick=False)
class ErrorsHaveAByteOrderMark(_Written):
    """Error answers begin with a byte order mark."""

    def rewritten(self, request: Request, status: int, payload: bytes) -> bytes:
        return b"\xef\xbb\xbf" + payload if status >= 400 else payload


@fault("rules.unicode", make(display_name="a 😀"), quick=False)
class SymbolsAreWrittenAsTwoSurrogates(Api):
    """Answers have symbols beyond the first plane as two surrogates of three bytes each, which is no UTF-8."""

    def encode(self, data: Any) -> bytes:
        text = json.dumps(data, ensure_ascii=False)
        if all(char <= "\uffff" for char in text):
            return super().encode(data)
        units = text.encode("utf-16-be")
        pairs = (chr(units[n] << 8 | units[n + 1]) for n in range(0, len(units), 2))
        return "".join(pairs).encode("utf-8", "surrogatepass")


@fault("rules.unicode", make(display_name="a\nb"), quick=False)
class NewlinesAreWrittenAsTheyAre(_Written):
    """Answers have newlines of texts as they are instead of escaped, which is no JSON."""

    def rewritten(self, request: Request, status: int, payload: bytes) -> bytes:
        return re.sub(rb"((?:^|[^\\])(?:\\\\)*)\\n", rb"\1\n", payload)


@fault("rules.error-shape", make(type="x"), quick=False)
class LengthsOfRefusalsAreOneShort(Api):
    """The Content-Length of a 400 is one byte short: the object is cut off, and the connection spoilt."""

    def write(self, request: Request, answer: Answer) -> Sent:
        status, headers, payload = super().write(request, answer)
        if status == 400 and payload:
            headers["Content-Length"] = str(len(payload) - 1)
        return status, headers, payload


@fault("rules.clients", get("nobody", headers={"Accept": "text/html,*/*;q=0.8"}), profiles=DEPLOYED, quick=False)
class ErrorsForBrowsersArePages(Api):
    """Whoever takes HTML gets errors as pages."""

    def error(self, request: Request, refusal: Refusal) -> Answer:
        answer = super().error(request, refusal)
        if "text/html" in request.headers.get("accept", "") and answer.status in {400, 403, 404, 409}:
            headers = {**answer.headers, "Content-Type": "text/html; charset=utf-8"}
            return Answer(answer.status, raw=b"<h1>Sorry</h1>", headers=headers)
        return answer


@fault("schema.response", ONE, quick=False)
class OneKeyAloneIsAnObject(Api):
    """A provider with one key shows it as an object instead of a list of one."""

    def view(self, provider: Provider) -> Members:
        shown = super().view(provider)
        return {**shown, "api_keys": shown["api_keys"][0]} if len(provider.keys) == 1 else shown


# --- tokens and their carriers


@fault("rules.first-credential-wins", make(), Step("PATCH", "p", {"enabled": True}, headers={
       "Cookie": f"{TOKEN_NAME}=BAD_KEY"}), profiles=DEPLOYED, quick=False)  # fmt: skip
class WritesLookAtTheHeaderFirst(Api):
    """What changes something looks at the header before cookie and query."""

    def carriers(self) -> tuple[str, ...]:
        order = super().carriers()
        return order if self.request.method == "GET" else tuple(sorted(order, key=lambda how: how != "header"))


@fault("rules.first-credential-wins", get(query={TOKEN_NAME: "BAD_KEY"}), profiles=DEPLOYED, quick=False)
class UnknownTokensOfQueriesArePassedOver(Api):
    """A token of the query that is unknown gives way to the header, though one of the cookie does not."""

    def carried(self, request: Request, carrier: str) -> str | None:
        token = super().carried(request, carrier)
        return None if carrier == "query" and self.user_of(token) is None else token


@fault("rules.auth-carriers", get(token=None, query={"further": "1", **QUERY}), profiles=DEPLOYED, quick=False)
class QueryTokenMustComeFirst(Api):
    """The token of the query is found only where it is the first parameter."""

    def carried(self, request: Request, carrier: str) -> str | None:
        if carrier == "query" and next(iter(request.query), TOKEN_NAME) != TOKEN_NAME:
            return None
        return super().carried(request, carrier)


@fault("rules.unauthenticated", get(token=None, query={TOKEN_NAME: "API_KEY "}), profiles=DEPLOYED, quick=False)
class QueryTokensAreTrimmed(Api):
    """The token of the query loses the blanks at its ends."""

    def carried(self, request: Request, carrier: str) -> str | None:
        token = super().carried(request, carrier)
        return token.strip() if token and carrier == "query" else token


@fault("rules.auth-carriers", get(f"{COLLECTION}?{TOKEN_NAME}=API%5FKEY", token=None), profiles=DEPLOYED, quick=False)
class QueryTokensAreNotDecoded(Api):
    """Escapes in the token of the query are not decoded."""

    def read(self, environ: Members) -> Request:
        request = super().read(environ)
        for part in environ.get("QUERY_STRING", "").split("&"):
            name, _, value = part.partition("=")
            if name == TOKEN_NAME:
                request.query[name] = [value]
        return request


@fault("rules.auth-carriers", get(token=None, headers={"Cookie": f"sid=YWJj=; {TOKEN_NAME}=API_KEY"}),
       profiles=DEPLOYED, quick=False)  # fmt: skip
class CookiesBehindEqualsSignsAreLost(Api):
    """The cookie is not found behind one whose value has an equals sign."""

    def carried(self, request: Request, carrier: str) -> str | None:
        before = request.headers.get("cookie", "").partition(f"{TOKEN_NAME}=")[0].split(";")
        if carrier == "cookie" and any(part.count("=") > 1 for part in before):
            return None
        return super().carried(request, carrier)


@fault("rules.auth-carriers", make(), delete(token=None, query=QUERY), get("p"), profiles=DEPLOYED, quick=False)
class DeletesByQueryAreNotDone(Api):
    """A delete whose token is in the query answers 204, and deletes nothing."""

    def remove(self, provider: Provider) -> None:
        if TOKEN_NAME not in self.request.query:
            super().remove(provider)


@fault("rules.unauthenticated", get(token="EXPIRED_KEY"), profiles=DEPLOYED, quick=False)
class ExpiredTokensAnswer403(Api):
    """An expired token answers 403 instead of 401."""

    def user_of(self, token: str | None) -> User | None:
        if token in USERS and USERS[token].expired:
            raise Refusal(403, "Your session is over.")
        return super().user_of(token)


@fault("rules.after-refusals", *[get(token=None)] * 3, get(), quick=False)
class ThreeRefusalsLockTheNextOneOut(Api):
    """After three requests in a row that nobody may make, a good token answers 401 once."""

    def authenticate(self, request: Request) -> User:
        misses, self.__dict__["misses"] = self.__dict__.get("misses", 0), 0
        if misses >= 3:
            raise Refusal(401, "Too many attempts.")
        try:
            return super().authenticate(request)
        except Refusal:
            self.__dict__["misses"] = misses + 1
            raise


@fault("rules.access", post(token=None), profiles=DEPLOYED, quick=False)
class EmptyBodiesBeforeToken(Api):
    """Without a token an empty body answers 400."""

    def authenticate(self, request: Request) -> User:
        try:
            return super().authenticate(request)
        except Refusal:
            if not request.body and request.method in {"POST", "PATCH"}:
                raise Refusal(400, "Request body must be valid JSON.") from None
            raise


# --- those who are no owners


class _Lenient(Api):
    """What lets those who are no owners do something."""

    def authorise(self, request: Request) -> None:
        if not self.lets(request):
            super().authorise(request)

    def lets(self, request: Request) -> bool:
        raise NotImplementedError
