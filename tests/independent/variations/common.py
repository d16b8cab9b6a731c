"""What several variations build on: steps, and what changes answers on their way to the wire."""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from tests.independent.app import Api
from tests.independent.asking import Step, make
from tests.independent.serving import Wired
from tests.independent.transport import Sent
from tests.independent.values import Answer, Request

PAGE = ("documented",)
GOOD = {"type": "openai", "name": "p", "base_url": "https://e.com"}
REGION = {"_type": "bedrock", "_version": 1, "region": "eu-west-1"}
NOBODY = "00000000-0000-4000-8000-000000000000"
PUT = Step("PUT", "", {})


def claude(settings: Any, **more: Any) -> Step:
    """Return a create of a provider of type anthropic."""
    return make(type="anthropic", settings=settings, **more)


class Wire(Api):
    """What changes the octets of answers, which a WSGI application cannot; a header more lets probes see it."""

    idle: float | None = None  # seconds for which a connection may be silent
    unread: int | None = None  # a longer body is refused before it is read

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        self.local.method = environ["REQUEST_METHOD"]
        self.local.path = environ["PATH_INFO"]
        self.local.protocol = environ.get("SERVER_PROTOCOL", "HTTP/1.1")
        return super().__call__(environ, start_response)

    def write(self, request: Request, answer: Answer) -> Sent:
        status, headers, payload = super().write(request, answer)
        return status, {**headers, "X-Wire": "1"}, payload

    def wire(self, sent: Wired) -> Iterator[bytes]:
        """Yield the pieces that are sent."""
        return sent.pieces()

    def chunked(self, sent: Wired, size: int) -> bytes:
        """Return an answer in chunks, where that is allowed."""
        if sent.line.split(" ")[1] in {"204", "304"} or self.local.protocol != "HTTP/1.1":
            return sent.head() + sent.body
        sent.drop("content-length")
        sent.put("Transfer-Encoding", "chunked")
        if self.local.method == "HEAD":
            return sent.head()
        pieces = [sent.body[start : start + size] for start in range(0, len(sent.body), size)]
        return sent.head() + b"".join(b"%X\r\n%s\r\n" % (len(piece), piece) for piece in [*pieces, b""])

    def refusal(self) -> bytes:
        """Return the answer to a body that is not read."""
        said = json.dumps({"message": "Too large."}).encode()
        lines = ["HTTP/1.1 413 Content Too Large", "Content-Type: application/json; charset=utf-8"]
        lines += [f"Content-Length: {len(said)}", "Connection: close", "", ""]
        return "\r\n".join(lines).encode() + said
