"""WSGI in, mock, WSGI out (PEP 3333): for tests and for embedding, where every request has a thread of its own.

What has to wait waits in that thread. The Flask application answers through :func:`respond` too; a test holds the two
ways equal byte for byte.
"""

import contextlib
import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TextIO

from mockserver.control.service import Answer
from mockserver.control.waiting import Events, Waiting
from mockserver.engine.messages import Request, Response
from mockserver.engine.problems import reason_phrase
from mockserver.web.serving import RESERVED, Serving

__all__ = ["Front", "RequestLog", "headers_of", "read_request", "respond"]

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
WSGIApp = Callable[[Environ, StartResponse], Iterable[bytes]]

_MOST_NAMES = 1000
_STATUS_LINES = {status: f"{status} {reason_phrase(status)}" for status in range(100, 600)}


_header_names: dict[str, str] = {}  # of keys of environments; empty for a key that is no header's


def headers_of(environ: Environ) -> dict[str, str]:
    """Return the request headers of a WSGI environment by their lower-case names."""
    headers = {}
    for key, value in environ.items():
        name = _header_names.get(key)
        if name is None:
            name = _header_name(key)
            if len(_header_names) < _MOST_NAMES:
                _header_names[key] = name
        if name:
            headers[name] = value
    return headers


def _header_name(key: str) -> str:
    """Return the name of the header that a key of an environment stands for, or nothing."""
    known = key in {"CONTENT_TYPE", "CONTENT_LENGTH"}
    return key.removeprefix("HTTP_").replace("_", "-").lower() if known or key.startswith("HTTP_") else ""


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
        headers_of(environ),
        None if missing else body,
        missing,
        environ.get("REMOTE_ADDR", ""),
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
    """The WSGI application: what the mock answers by itself, and the pages of the application behind it."""

    def __init__(self, serving: Serving, behind: WSGIApp, max_body: int, log: RequestLog | None = None) -> None:
        self._serving = serving
        self._behind = behind
        self._max_body = max_body
        self._log = log

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        started = time.perf_counter()
        request = read_request(environ, self._max_body)
        answer = self._serving.answer(request)
        if answer is None:
            return self._behind(environ, start_response)
        status, headers, body = respond(request, answer, environ)
        if self._log is not None and not request.path.startswith(RESERVED):
            self._log.write(request, int(status[:3]), time.perf_counter() - started)
        start_response(status, headers)
        return body


def respond(
    request: Request, answer: Answer | Waiting | Events, environ: Environ
) -> tuple[str, list[tuple[str, str]], Iterable[bytes]]:
    """Return status line, headers and body of an answer, as soon as it is time for them.

    Raises ``ConnectionAbortedError`` where the connection is closed instead.
    """
    if isinstance(answer, Events):
        return "200 OK", answer.headers, _stream(answer)
    if isinstance(answer, Waiting):
        answer = Answer(_awaited(answer))
    if answer.delay:
        time.sleep(answer.delay)
    if answer.response is None:
        _close(environ)
        raise ConnectionAbortedError("the connection is closed on purpose")
    status, headers, body = finished(request, answer.response)
    if answer.close:
        return status, headers, _cut(body, answer.close, environ)
    return status, headers, [body]


def _close(environ: Environ) -> None:
    """Close the connection of a request, where the server lends it."""
    connection = environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


def _cut(body: bytes, where: str, environ: Environ) -> Iterator[bytes]:
    """Yield a body and close the connection inside it, or after it."""
    yield body[: len(body) // 2] if where == "inside" else body
    _close(environ)
    if where == "inside":
        raise ConnectionAbortedError("the connection is closed on purpose")


def _awaited(waiting: Waiting) -> Response:
    """Return the answer of a long poll once it is there, or its time is up."""
    changed = threading.Event()
    stop = waiting.journal.listen(changed.set)
    deadline = time.monotonic() + waiting.seconds
    try:
        while True:
            changed.clear()
            left = deadline - time.monotonic()
            response = waiting.poll(left <= 0)
            if response is not None:
                return response
            changed.wait(max(left, 0))
    finally:
        stop()


def _stream(events: Events) -> Iterator[bytes]:
    """Yield the events of a stream until the client is gone, or the session."""
    changed = threading.Event()
    stop = events.journal.listen(changed.set)
    try:
        yield b": here\n\n"
        while True:
            changed.clear()
            ended = events.journal.ended
            new = events.take()
            if new:
                yield new
            if ended:
                return
            if not new and not changed.wait(events.beat):
                yield b": still here\n\n"
    finally:
        stop()
