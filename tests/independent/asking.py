"""Asks a WSGI application in process: what the tests of the server and of its faults are made with."""

import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes, urlencode

COLLECTION = "/api/v2/ai/providers"


@dataclass(frozen=True)
class Step:
    """One request; a path that does not start with a slash is the key of a provider."""

    method: str
    path: str = ""
    body: Any = None
    raw: bytes | None = None
    token: str | None = "API_KEY"
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def url(self) -> str:
        """Return the path that is asked for, still quoted."""
        if self.path.startswith("/"):
            return self.path
        return f"{COLLECTION}/{self.path}" if self.path else COLLECTION


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: dict[str, str]
    payload: bytes

    @property
    def json(self) -> Any:
        """The body as JSON; ``None`` where there is none."""
        return json.loads(self.payload) if self.payload else None


def ask(app: Callable[..., Iterable[bytes]], step: Step) -> Reply:
    """Send one request to an application and return what it answers."""
    data = step.raw if step.raw is not None else b"" if step.body is None else json.dumps(step.body).encode()
    headers = {"Content-Type": "application/json"} if data else {}
    if step.token is not None:
        headers["Coder-Session-Token"] = step.token
    headers |= step.headers
    path, _, query = step.url().partition("?")
    environ = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    environ |= {
        "REQUEST_METHOD": step.method,
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": urlencode(step.query) if step.query else query,
        "CONTENT_TYPE": headers.get("Content-Type", ""),
        "CONTENT_LENGTH": str(len(data)),
        "wsgi.input": io.BytesIO(data),
    }
    sent: list[Any] = []
    payload = b"".join(app(environ, lambda status, given: sent.extend((status, given))))
    return Reply(int(sent[0].split()[0]), dict(sent[1]), payload)


def get(path: str = "", **more: Any) -> Step:
    """Return a GET."""
    return Step("GET", path, **more)


def post(body: Any = None, path: str = "", **more: Any) -> Step:
    """Return a POST of a body as it stands."""
    return Step("POST", path, body, **more)


def make(name: str = "p", **members: Any) -> Step:
    """Return a good create, but for what the members say; a member of ``...`` is left out."""
    body = {"type": "openai", "name": name, "base_url": "https://e.com", **members}
    return Step("POST", "", {member: value for member, value in body.items() if value is not ...})


def patch(path: str = "p", **members: Any) -> Step:
    """Return a PATCH of these members."""
    return Step("PATCH", path, members)


def delete(path: str = "p", **more: Any) -> Step:
    """Return a DELETE."""
    return Step("DELETE", path, **more)
