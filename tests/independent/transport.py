"""From WSGI to a request and from an answer to WSGI: paths, methods, JSON, headers, error objects."""

import json
import re
import threading
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, quote

from tests.independent.terms import Terms
from tests.independent.values import NOTHING, Answer, Refusal, Request

ROOT = "/api/v2"
COLLECTION = f"{ROOT}/ai/providers"
COLLECTION_METHODS = {"GET": "list", "HEAD": "list", "POST": "create"}
ITEM_METHODS = {"GET": "get", "HEAD": "get", "PATCH": "patch", "DELETE": "delete"}
LARGEST_BODY = 8 << 20
JSON = "application/json; charset=utf-8"

Sent = tuple[int, dict[str, str], bytes]


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


class Transport:
    """The outermost part. Seams for faults: ``read``, ``route``, ``parse``, ``finish``, ``error``, ``write``."""

    terms: Terms

    def __init__(self) -> None:
        self.local = threading.local()
        self.tally_lock = threading.Lock()
        self.tallies: dict[str, int] = {}

    def tally(self, name: str) -> int:
        """Return how often this was asked for under that name, this time included; for faults that count."""
        with self.tally_lock:
            self.tallies[name] = self.tallies.get(name, 0) + 1
            return self.tallies[name]

    @property
    def request(self) -> Request:
        """The request that this thread is busy with; for faults deep inside."""
        return self.local.request  # type: ignore[no-any-return]

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request of a WSGI server."""
        if environ["PATH_INFO"] == "/_state":
            start_response("200 OK", [("Content-Type", "application/json")])
            return [self.state()]
        request = self.read(environ)
        self.local.request = request
        status, headers, payload = self.exchange(request)
        start_response(f"{status} {_phrase(status)}", list(headers.items()))
        return [self.payload_of(request, payload)]

    def exchange(self, request: Request) -> Sent:
        """Return what is sent for a request."""
        return self.write(request, self.finish(request, self.respond(request)))

    def payload_of(self, request: Request, payload: bytes) -> bytes:
        """Return the bytes of the body: none for HEAD."""
        return b"" if request.method == "HEAD" else payload

    def read(self, environ: dict[str, Any]) -> Request:
        """Return the request of a WSGI environment."""
        headers = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name[:5] == "HTTP_"}
        headers["content-type"] = environ.get("CONTENT_TYPE") or ""
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(min(length, LARGEST_BODY + 1)) if length else b""
        pairs = (part.strip().partition("=") for part in headers.get("cookie", "").split(";"))
        return Request(
            method=environ["REQUEST_METHOD"],
            path=environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace"),
            query=parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True),
            headers=headers,
            cookies={name: value.strip('"') for name, equals, value in pairs if equals},
            body=body,
        )

    def respond(self, request: Request) -> Answer:
        """Return the answer to a request, a refusal made into an error answer."""
        try:
            return self.handle(request)
        except Refusal as refusal:
            return self.error(request, refusal)

    def handle(self, request: Request) -> Answer:
        """Authenticate, route, decode, judge and perform, in this order."""
        if not (request.path == ROOT or request.path.startswith(f"{ROOT}/")):
            raise Refusal(404, "Nothing is served at this path.")
        request.user = self.authenticate(request)
        request.operation = self.route(request)
        if request.operation in {"create", "patch"}:
            request.data = self.judge(request, self.parse(request))
        return self.perform(request)

    def route(self, request: Request) -> str:
        """Return the operation that path and method name, and keep the item's key in the request."""
        path = request.path
        if path == COLLECTION or (path == f"{COLLECTION}/" and self.terms.trailing_slash):
            methods = COLLECTION_METHODS
        elif found := re.fullmatch(f"{re.escape(COLLECTION)}/([^/]+)", path, re.DOTALL):
            request.key = found[1]
            methods = ITEM_METHODS
        else:
            raise Refusal(404, "No such route.")
        if request.method in methods:
            return methods[request.method]
        allow = ", ".join(sorted(methods))
        if request.method == "OPTIONS" and self.terms.options:
            raise Refusal(204, "", Allow=allow)
        raise Refusal(405, "This method cannot be used here.", Allow=allow)

    def parse(self, request: Request) -> Any:
        """Return the JSON value of the body, whatever its content type says."""
        if len(request.body) > LARGEST_BODY:
            raise Refusal(413, "That is more than this server reads.")
        try:
            text = request.body.decode("utf-8")
            value = json.loads(text, parse_constant=_no_constant)
            json.dumps(value, ensure_ascii=False).encode("utf-8")  # lone surrogates are no text
        except (ValueError, RecursionError) as error:
            raise Refusal(400, "Request body must be valid JSON.") from error
        return value

    def error(self, request: Request, refusal: Refusal) -> Answer:
        """Return the answer of a refusal: an error object, but for what has no body or may go without."""
        if refusal.status == 204 or (refusal.status == 405 and self.terms.profile == "deployed"):
            return Answer(refusal.status, headers=dict(refusal.headers))
        body: dict[str, Any] = {"detail": f"{request.method}: status {refusal.status}.", "message": refusal.message}
        if refusal.faults:
            body["validations"] = [{"detail": detail, "field": name} for name, detail in refusal.faults]
        return Answer(refusal.status, body, dict(refusal.headers))

    def finish(self, request: Request, answer: Answer) -> Answer:
        """Return the answer as it shall be sent; nothing is left to do but for faults."""
        return answer

    def encode(self, data: Any) -> bytes:
        """Return a value as JSON."""
        return json.dumps(data, indent=self.terms.indent).encode("ascii")

    def write(self, request: Request, answer: Answer) -> Sent:
        """Return status, headers and body as they are sent."""
        headers = {"Cache-Control": "no-store", "X-Served-By": "independent", **answer.headers}
        if answer.raw is None and answer.data is NOTHING:
            if answer.status != 204:
                headers["Content-Length"] = "0"
            return answer.status, headers, b""
        payload = self.encode(answer.data) if answer.raw is None else answer.raw
        headers.setdefault("Content-Type", JSON)
        headers["Content-Length"] = str(len(payload))
        return answer.status, headers, payload

    def location(self, key: str) -> str:
        """Return the path of an item."""
        return f"{COLLECTION}/{quote(key)}"

    def authenticate(self, request: Request) -> Any:
        raise NotImplementedError

    def judge(self, request: Request, data: Any) -> dict[str, Any]:
        raise NotImplementedError

    def perform(self, request: Request) -> Answer:
        raise NotImplementedError

    def state(self) -> bytes:
        raise NotImplementedError


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
