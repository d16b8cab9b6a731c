"""Sound variations of headers, methods and paths."""

import hashlib
import random
import re
import uuid

from tests.independent.app import Api
from tests.independent.asking import COLLECTION, Step, get, make
from tests.independent.faults.catalogue import DEPLOYED, variation
from tests.independent.transport import COLLECTION_METHODS, ITEM_METHODS, ROOT, Sent
from tests.independent.values import Answer, Refusal, Request
from tests.independent.variations.common import PAGE, PUT

# --- headers --------------------------------------------------------------------------------------------------------


class _Headers(Api):
    """What adds headers."""

    def write(self, request: Request, answer: Answer) -> Sent:
        status, headers, payload = super().write(request, answer)
        return status, self.headed(request, status, headers), payload

    def headed(self, request: Request, status: int, headers: dict[str, str]) -> dict[str, str]:
        raise NotImplementedError


# open: neither page nor facts forbid headers; RFC 9110, 5.1: unknown ones are ignored
@variation(get())
class AnswersComeThroughAGateway(_Headers):
    """Answers carry the headers of CORS, security, tracing, caching and rate limits that gateways add."""

    def headed(self, request: Request, status: int, headers: dict[str, str]) -> dict[str, str]:
        left = max(0, 100000 - self.tally("requests"))
        return {
            **headers,
            "Server": "nginx/1.27.0",
            "Via": "1.1 edge-7, 2 varnish (Varnish/7.1)",
            "X-Cache": "MISS",
            "Cache-Control": "private, max-age=0, must-revalidate",
            "Expires": "0",
            "Pragma": "no-cache",
            "Vary": "Origin, Accept, Cookie",
            "Access-Control-Allow-Origin": "*",
            "Access-Control-Expose-Headers": "ETag, Location, X-Request-Id",
            "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
            "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "no-referrer",
            "X-Request-Id": str(uuid.uuid4()),
            "Traceparent": f"00-{random.getrandbits(128):032x}-{random.getrandbits(64):016x}-01",
            "Server-Timing": 'app;dur=1.5, db;dur=0.4;desc="select"',
            "RateLimit-Policy": '"default";q=100000;w=60',
            "RateLimit": f'"default";r={left};t=30',
            "X-RateLimit-Limit": "100000",
            "X-RateLimit-Remaining": str(left),
            "Deprecation": "@1798761600",
            "Link": '</docs/reference/api>; rel="service-doc"',
            "X-Powered-By": 'a, b; c="d"',
        }


# open: RFC 9110, 8.8.3 and 13.1.2: any answer may have a tag, and a GET with If-None-Match then gets 304
@variation(get(headers={"If-None-Match": "*"}))
class AnswersHaveTags(Api):
    """Answers to GET have an ETag, and a matching If-None-Match gets 304."""

    def exchange(self, request: Request) -> Sent:
        status, headers, payload = super().exchange(request)
        if status != 200 or request.method not in {"GET", "HEAD"}:
            return status, headers, payload
        tag = f'"{hashlib.sha256(payload).hexdigest()[:16]}"'
        headers = {**headers, "ETag": tag, "Cache-Control": "private, no-cache"}
        asked = [part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")]
        if tag in asked or asked == ["*"]:
            return 304, {name: value for name, value in headers.items() if name != "Content-Type"}, b""
        return status, headers, payload


# open: RFC 9110, 15.5.2 even demands it with 401; the facts say nothing of headers
@variation(get(token=None))
class UnauthorizedNamesAScheme(_Headers):
    """A 401 has WWW-Authenticate."""

    def headed(self, request: Request, status: int, headers: dict[str, str]) -> dict[str, str]:
        if status != 401:
            return headers
        return {**headers, "WWW-Authenticate": 'Session realm="coder", Bearer realm="coder", error="invalid_token"'}


# open: "201 with the provider" - nobody asks for Location, and RFC 9110, 15.3.2 goes without
@variation(make())
class CreateHasNoLocation(_Headers):
    """A create answers without Location."""

    def headed(self, request: Request, status: int, headers: dict[str, str]) -> dict[str, str]:
        return {name: value for name, value in headers.items() if name != "Location"}


# open: {idOrName} finds by either; RFC 9110, 10.2.2: Location may be any reference to the new resource
@variation(make())
class LocationIsByName(Api):
    """The Location of a create has the name, and there is a Content-Location with the id."""

    def op_create(self, request: Request) -> Answer:
        answer = super().op_create(request)
        answer.headers |= {
            "Location": self.location(answer.data["name"]),
            "Content-Location": self.location(answer.data["id"]),
        }
        return answer


# open: RFC 9110, 8.3.1: blanks around the semicolon are optional, parameters are the same without them
@variation(get())
class ContentTypesHaveNoBlank(_Headers):
    """The content type is spelt application/json;charset=utf-8."""

    def headed(self, request: Request, status: int, headers: dict[str, str]) -> dict[str, str]:
        kind = headers.get("Content-Type")
        return {**headers, "Content-Type": kind.replace("; ", ";")} if kind else headers


# open: the page names no content type but Accept: application/json; RFC 8259, 11: it has no charset
@variation(get(), profiles=PAGE)
class ContentTypesHaveNoCharset(_Headers):
    """The content type is application/json and no more."""

    def headed(self, request: Request, status: int, headers: dict[str, str]) -> dict[str, str]:
        return {**headers, "Content-Type": "application/json"} if "Content-Type" in headers else headers


# open: as above; RFC 9110, 8.3.1: types, names of parameters and charsets are without case, values may be quoted
@variation(get(), profiles=PAGE)
class ContentTypesHaveCapitals(_Headers):
    """The content type is spelt Application/JSON; Charset="UTF-8"."""

    def headed(self, request: Request, status: int, headers: dict[str, str]) -> dict[str, str]:
        return (
            {**headers, "Content-Type": 'Application/JSON; Charset="UTF-8"'} if "Content-Type" in headers else headers
        )


# open: RFC 9110, 10.2.1: Allow may come with any answer
@variation(get())
class AllowComesWithEveryAnswer(_Headers):
    """Every answer below the collection has Allow."""

    def headed(self, request: Request, status: int, headers: dict[str, str]) -> dict[str, str]:
        if not request.operation:
            return headers
        return {"Allow": ",".join(ITEM_METHODS if request.key else COLLECTION_METHODS), **headers}


# --- methods and paths ----------------------------------------------------------------------------------------------


# open: facts: "405 with Allow; its body is left open"
@variation(PUT, profiles=DEPLOYED)
class MethodNotAllowedIsAPage(Api):
    """The body of a 405 is HTML."""

    def error(self, request: Request, refusal: Refusal) -> Answer:
        answer = super().error(request, refusal)
        if answer.status == 405:
            answer.headers["Content-Type"] = "text/html; charset=utf-8"
            answer.raw = b"<html>\r\n<head><title>405 Not Allowed</title></head>\r\n<hr></html>\r\n"
        return answer


# open: page and facts name no HEAD, and "a method the path does not have" gets 405 with Allow
@variation(Step("HEAD"))
class HeadIsNotAllowed(Api):
    """HEAD is a method that no path has."""

    def route(self, request: Request) -> str:
        try:
            operation = super().route(request)
        except Refusal as refusal:
            if "Allow" in refusal.headers:
                refusal.headers["Allow"] = refusal.headers["Allow"].replace("HEAD, ", "")
            raise
        if request.method == "HEAD":
            methods = ITEM_METHODS if request.key else COLLECTION_METHODS
            raise Refusal(405, "No HEAD.", Allow=", ".join(sorted(set(methods) - {"HEAD"})))
        return operation


# open: the page has no OPTIONS; RFC 9110, 9.3.7: it may be answered, with a body or not; preflights carry no token
@variation(Step("OPTIONS", token=None), profiles=PAGE)
class OptionsAreAnswered(Api):
    """OPTIONS is answered with 200 and a list of methods, whoever asks."""

    def handle(self, request: Request) -> Answer:
        if request.method == "OPTIONS" and re.fullmatch(f"{COLLECTION}(/[^/]+)?", request.path):
            methods = [*(COLLECTION_METHODS if request.path == COLLECTION else ITEM_METHODS), "OPTIONS"]
            allow = ", ".join(methods)
            return Answer(200, {"methods": methods}, {"Allow": allow, "Access-Control-Allow-Methods": allow})
        return super().handle(request)

    def error(self, request: Request, refusal: Refusal) -> Answer:
        answer = super().error(request, refusal)
        if "Allow" in answer.headers:
            answer.headers["Allow"] += ", OPTIONS"
        return answer


# open: facts tell of unknown paths below /api/v2 alone; elsewhere a dashboard may be
@variation(get("/"))
class OtherPathsAnswerAPage(Api):
    """Every path that does not begin with /api answers the page of a dashboard."""

    def handle(self, request: Request) -> Answer:
        if request.path.startswith("/api") or request.method not in {"GET", "HEAD"}:
            return super().handle(request)
        return Answer(200, None, {"Content-Type": "text/html"}, b"<!doctype html><title>Dashboard</title>")


# open: the page says nothing of a trailing slash; RFC 9110, 15.4.9
@variation(get(f"{COLLECTION}/"), profiles=PAGE)
class TrailingSlashesAreRedirected(Api):
    """The collection with a trailing slash redirects to itself without."""

    def route(self, request: Request) -> str:
        if request.path == f"{COLLECTION}/":
            raise Refusal(308, "Without the slash.", Location=COLLECTION)
        return super().route(request)


# open: the page says that operations need authentication; what is no operation may be told to anybody
@variation(Step("PUT", token=None), profiles=PAGE)
class RoutesComeBeforeTokens(Api):
    """Unknown paths and methods are told before the token is looked at."""

    def handle(self, request: Request) -> Answer:
        if request.path.startswith(f"{ROOT}/"):
            self.route(request)
        return super().handle(request)


# open: page says nothing of other methods; RFC 9110, 9.1: 501 for a method that is not recognised
@variation(Step("BREW"), profiles=PAGE)
class UnknownMethodsAreNotImplemented(Api):
    """A method that HTTP does not have gets 501."""

    def route(self, request: Request) -> str:
        if request.method not in {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"}:
            raise Refusal(501, "What is that?")
        return super().route(request)
