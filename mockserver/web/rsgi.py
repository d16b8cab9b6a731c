"""RSGI in, engine, RSGI out: how granian calls the mock.

A request that need not wait is answered where granian calls (:mod:`mockserver.web.inline`): it takes tens of
microseconds. Whatever waits (a body that is slow to come, a delay, a long poll) is awaited and holds up nobody, however
many there are. Flask's pages run in threads beside.
"""

import asyncio
import io
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from mockserver.engine.messages import Request, Response
from mockserver.engine.pipeline import Pipeline
from mockserver.web.front import RESERVED, RequestLog, WSGIApp
from mockserver.web.inline import install, on_loop

__all__ = ["RSGIFront", "RSGIHeaders"]

PAGE_THREADS = 4


class RSGIHeaders(Mapping[str, str]):
    """The request headers by their lower-case names; those sent more than once are joined (RFC 9110, section 5.3)."""

    __slots__ = ("_headers",)

    def __init__(self, headers: Any) -> None:
        self._headers = headers

    def __getitem__(self, name: str) -> str:
        values = self._headers.get_all(name)
        if len(values) == 1:
            return str(values[0])
        if not values:
            raise KeyError(name)
        return ("; " if name == "cookie" else ", ").join(values)

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of a header, or ``default``."""
        values = self._headers.get_all(name)
        if not values:
            return default
        return values[0] if len(values) == 1 else ("; " if name == "cookie" else ", ").join(values)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(self._headers.keys()))

    def __len__(self) -> int:
        return len(set(self._headers.keys()))


class RSGIFront:
    """The RSGI application: the API's paths go to the pipeline, the mock's own to the WSGI application behind it."""

    def __init__(
        self,
        pipeline: Pipeline,
        behind: WSGIApp,
        max_body: int,
        body_timeout: int,
        log: RequestLog | None = None,
    ) -> None:
        self._pipeline = pipeline
        self._behind = behind
        self._max_body = max_body
        self._body_timeout = body_timeout
        self._reading: dict[Any, float] = {}  # bodies that are awaited, and until when
        self._log = log
        self._pages: ThreadPoolExecutor | None = None

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Get ready to serve on a loop."""
        install(loop)
        self._cancel_overdue(loop)

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """Answer one request."""
        started = time.perf_counter()
        headers = RSGIHeaders(scope.headers)
        request = Request(scope.method, scope.path, scope.query_string, headers, b"")
        await self._read_body(scope, protocol, request)
        if request.path.startswith(RESERVED):
            await self._page(scope, protocol, request)
            return
        response = self._pipeline.handle(request)
        if request.body is None:
            response.headers = [*response.headers, ("Connection", "close")]
        if self._log is not None:
            self._log.write(request, response.status, time.perf_counter() - started)
        send(protocol, request, response)

    async def _read_body(self, scope: Any, protocol: Any, request: Request) -> None:
        """Read the body; it stays ``None``, and ``request.missing`` says why, where it cannot be had whole."""
        length = request.headers.get("content-length")
        if length is None and scope.http_version[0] == "1" and request.headers.get("transfer-encoding") is None:
            return
        if length == "0":
            return
        request.body = None
        if length is not None and int(length) > self._max_body:
            return
        try:
            if length is not None:
                request.body = await self._in_time(protocol())
            else:
                await on_loop()
                async with asyncio.timeout(self._body_timeout):
                    request.body = await self._read_unknown_length(protocol)
        except (asyncio.CancelledError, TimeoutError):
            request.missing = "body-too-slow"
        except RuntimeError:  # granian's ProtocolClosed: the client went away, or framed its body wrongly
            request.missing = "body-cut-short"

    async def _in_time(self, reading: Any) -> bytes:
        """Return what a body is read to; it is cancelled when that takes too long."""
        self._reading[reading] = time.monotonic() + self._body_timeout
        try:
            return bytes(await reading)
        finally:
            del self._reading[reading]

    def _cancel_overdue(self, loop: asyncio.AbstractEventLoop) -> None:
        """Cancel the bodies that are overdue, and look again in a while: cheaper than a timer for every body."""
        now = time.monotonic()
        for reading, deadline in self._reading.copy().items():
            if deadline <= now:
                reading.cancel()
        loop.call_later(min(self._body_timeout / 4, 1), self._cancel_overdue, loop)

    async def _read_unknown_length(self, protocol: Any) -> bytes | None:
        parts: list[bytes] = []
        size = 0
        async for part in protocol:
            size += len(part)
            if size > self._max_body:
                return None
            parts.append(part)
        return b"".join(parts)

    async def _page(self, scope: Any, protocol: Any, request: Request) -> None:
        """Run the WSGI application in a thread."""
        await on_loop()
        if self._pages is None:
            self._pages = ThreadPoolExecutor(PAGE_THREADS, "mockserver-pages")
        loop = asyncio.get_running_loop()
        status, headers, body = await loop.run_in_executor(self._pages, run_wsgi, self._behind, environ(scope, request))
        protocol.response_bytes(status, headers, body)


def send(protocol: Any, request: Request, response: Response) -> None:
    """Send an answer whole; one to HEAD says how long its body would be, and has none."""
    if request.method == "HEAD" and response.status != 204:
        protocol.response_bytes(response.status, [*response.headers, ("Content-Length", str(len(response.body)))], b"")
    elif response.body:
        protocol.response_bytes(response.status, response.headers, response.body)
    else:
        protocol.response_empty(response.status, response.headers)


def environ(scope: Any, request: Request) -> dict[str, Any]:
    """Return a request as a WSGI environment (PEP 3333)."""
    host, _, port = scope.server.rpartition(":")
    body = request.body or b""
    result: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": request.path.encode().decode("latin-1"),
        "QUERY_STRING": request.query,
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        result[key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"] = value
    if scope.authority:
        result.setdefault("HTTP_HOST", scope.authority)
    if body:
        result["CONTENT_LENGTH"] = str(len(body))
    return result


def run_wsgi(app: WSGIApp, environment: dict[str, Any]) -> tuple[int, list[tuple[str, str]], bytes]:
    """Run a WSGI application to its end; return status, headers and body."""
    started: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> Any:
        started[:] = [int(status.split(" ", 1)[0]), headers]
        return started.append

    parts = app(environment, start_response)
    try:
        body = b"".join(parts)
    finally:
        close = getattr(parts, "close", None)
        if close is not None:
            close()
    return started[0], started[1], body
