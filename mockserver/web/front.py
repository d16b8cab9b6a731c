"""WSGI in, engine, WSGI out: the shortest way for the API's own paths (PEP 3333).

The Flask application runs the same pipeline through :func:`answer`; a test holds the two ways equal byte for byte.
"""

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TextIO

from mockserver.engine.messages import Request, Response
from mockserver.engine.pipeline import Pipeline
from mockserver.engine.problems import reason_phrase

__all__ = ["EnvironHeaders", "Front", "RequestLog", "read_request"]

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WSGIApp = Callable[[Environ, StartResponse], Iterable[bytes]]

RESERVED = "/__mock__"  # what is below is the mock's own, never the API's

_STATUS_LINES = {status: f"{status} {reason_phrase(status)}" for status in range(100, 600)}


class EnvironHeaders(Mapping[str, str]):
    """The request headers of a WSGI environment by their lower-case names; nothing is copied."""

    __slots__ = ("_environ",)

    def __init__(self, environ: Environ) -> None:
        self._environ = environ

    def __getitem__(self, name: str) -> str:
        key = name.upper().replace("-", "_")
        value = self._environ[key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else "HTTP_" + key]
        return str(value)

    def __iter__(self) -> Iterator[str]:
        for key in self._environ:
            if key.startswith("HTTP_"):
                yield key[5:].replace("_", "-").lower()
            elif key in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
                yield key.replace("_", "-").lower()

    def __len__(self) -> int:
        return sum(1 for _ in self)


def read_request(environ: Environ, max_body: int) -> Request:
    """Return the request of a WSGI environment.

    A body over ``max_body`` octets is not read, and is ``None``; so is one that ends early or comes too slowly.
    """
    path = environ["PATH_INFO"]
    if not path.isascii():
        path = path.encode("latin-1", "replace").decode("utf-8", "replace")
    body, missing = b"", ""
    length = environ.get("CONTENT_LENGTH")
    try:
        if length:
            size = int(length) if length.isdecimal() else 0
            body = environ["wsgi.input"].read(size) if size <= max_body else b""
            missing = "body-too-large" if size > max_body else "body-cut-short" if len(body) < size else ""
        elif "HTTP_TRANSFER_ENCODING" in environ:
            body = environ["wsgi.input"].read(max_body + 1)
            missing = "body-too-large" if len(body) > max_body else ""
    except TimeoutError:
        missing = "body-too-slow"
    return Request(
        environ["REQUEST_METHOD"],
        path,
        environ.get("QUERY_STRING", ""),
        EnvironHeaders(environ),
        None if missing else body,
        missing,
    )


def finished(request: Request, response: Response) -> tuple[str, list[tuple[str, str]], bytes]:
    """Return the status line, headers and body of an answer as a server sends them."""
    body = response.body
    headers = response.headers
    if response.status != 204:
        headers = [*headers, ("Content-Length", str(len(body)))]
    return _STATUS_LINES[response.status], headers, b"" if request.method == "HEAD" else body


class RequestLog:
    """One line per request, as text or JSON; without queries and headers, since they carry tokens."""

    def __init__(self, form: str = "text", stream: TextIO | None = None) -> None:
        self._json = form == "json"
        self._stream = stream

    def write(self, request: Request, status: int, seconds: float) -> None:
        """Write the line of one exchange."""
        stream = self._stream or sys.stderr
        path = request.path if request.path.isprintable() else ascii(request.path)[1:-1]
        milliseconds = round(seconds * 1000, 2)
        if self._json:
            record = {"method": request.method, "path": path, "status": status, "duration_ms": milliseconds}
            line = json.dumps({"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), **record})
        else:
            line = f"{request.method} {path} {status} {milliseconds} ms"
        stream.write(line + "\n")
        stream.flush()


class Front:
    """The WSGI application: the API's paths go to the pipeline, the mock's own to the application behind it."""

    def __init__(self, pipeline: Pipeline, behind: WSGIApp, max_body: int, log: RequestLog | None = None) -> None:
        self._pipeline = pipeline
        self._behind = behind
        self._max_body = max_body
        self._log = log

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        if environ["PATH_INFO"].startswith(RESERVED):
            return self._behind(environ, start_response)
        started = time.perf_counter()
        request = read_request(environ, self._max_body)
        response = self._pipeline.handle(request)
        status, headers, body = finished(request, response)
        if self._log is not None:
            self._log.write(request, response.status, time.perf_counter() - started)
        start_response(status, headers)
        return [body]
