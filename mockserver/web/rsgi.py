"""RSGI in, engine, RSGI out: how granian calls the mock.

A request that need not wait is answered where granian calls (:mod:`mockserver.web.inline`): it takes tens of
microseconds. Whatever waits (a body that is slow to come, a delay, a long poll) is awaited and holds up nobody, however
many there are. Flask's pages run in threads beside.
"""

import asyncio
import contextlib
import io
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from mockserver.control.journal import Journal
from mockserver.control.service import Answer
from mockserver.control.waiting import Events, Waiting
from mockserver.engine.messages import Request, Response
from mockserver.web.connections import close_connection
from mockserver.web.front import RequestLog, WSGIApp
from mockserver.web.inline import install, on_loop
from mockserver.web.serving import RESERVED, Serving

__all__ = ["RSGIFront"]

PAGE_THREADS = 4
_SENT_SECONDS = 0.05  # enough to hand an answer to the system before its connection is closed


def joined(items: list[tuple[str, str]]) -> dict[str, str]:
    """Return headers by their lower-case names; those sent more than once are joined (RFC 9110, section 5.3)."""
    headers = dict(items)
    if len(headers) != len(items):
        together: dict[str, list[str]] = {}
        for name, value in items:
            together.setdefault(name, []).append(value)
        headers = {name: ("; " if name == "cookie" else ", ").join(values) for name, values in together.items()}
    return headers


class RSGIFront:
    """The RSGI application: what the mock answers by itself, and the pages of the WSGI application behind it."""

    def __init__(
        self, serving: Serving, behind: WSGIApp, max_body: int, body_timeout: int, log: RequestLog | None = None
    ) -> None:
        self._serving = serving
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
        client = scope.client
        request = Request(
            scope.method,
            scope.path,
            scope.query_string,
            joined(scope.headers.items()),
            client=client.rpartition(":")[0],
        )
        await self._read_body(scope, protocol, request)
        if "host" not in request.headers and scope.authority:
            request.headers = {**request.headers, "host": scope.authority}  # HTTP/2 has it elsewhere
        answer = self._serving.answer(request)
        if answer is None:
            await self._page(scope, protocol, request)
            return
        if isinstance(answer, Events):
            await _stream(protocol, answer)
            return
        if isinstance(answer, Waiting):
            answer = Answer(await _awaited(answer))
        if request.body is None and answer.response is not None:
            answer.response.headers = [*answer.response.headers, ("Connection", "close")]
        if answer.delay:
            await on_loop()
            await asyncio.sleep(answer.delay)
        if self._log is not None and not request.path.startswith(RESERVED):
            status = answer.response.status if answer.response is not None else 0
            self._log.write(request, status, time.perf_counter() - started)
        if answer.close:
            await _close(protocol, client, request, answer)
        elif answer.response is not None and request.missing == "body-too-slow":
            await _end(protocol, request, answer.response)
        elif answer.response is not None:
            send(protocol, request, answer.response)

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
                    request.body = await self._read_unknown_length(protocol, "trailer" in request.headers)
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

    async def _read_unknown_length(self, protocol: Any, announced: bool) -> bytes | None:
        """Return a chunked body, or ``None`` for one that is too large; ``announced`` is whether it has trailers."""
        parts: list[bytes] = []
        size = empty = 0
        async for part in protocol:
            size += len(part)
            empty += not part
            if size > self._max_body:
                return None
            parts.append(part)
        # granian gives an empty part for the end, and another before it for trailers, or when the client went away.
        if empty > 1 and not announced:
            raise RuntimeError("the body ended too early")
        return b"".join(parts)

    async def _page(self, scope: Any, protocol: Any, request: Request) -> None:
        """Run the WSGI application in a thread."""
        await on_loop()
        if self._pages is None:
            self._pages = ThreadPoolExecutor(PAGE_THREADS, "mockserver-pages")
        loop = asyncio.get_running_loop()
        status, headers, body = await loop.run_in_executor(self._pages, run_wsgi, self._behind, environ(scope, request))
        protocol.response_bytes(status, headers, body)


async def _end(protocol: Any, request: Request, response: Response) -> None:
    """Send an answer, and have the server close the connection although the client may never end its request.

    The server does so when less comes than was announced: one octet after the body, which nobody needs to read it.
    """
    await on_loop()
    length = str(len(response.body) + 1)
    transport = protocol.response_stream(response.status, [*response.headers, ("Content-Length", length)])
    await transport.send_bytes(response.body)
    await asyncio.sleep(_SENT_SECONDS)


async def _close(protocol: Any, client: str, request: Request, answer: Answer) -> None:
    """Close the connection before, inside or after an answer."""
    response = answer.response
    if response is None or answer.close == "before":
        await on_loop()
        close_connection(client)
        protocol.response_empty(500, [("Connection", "close")])  # nobody reads it where the connection was found
    elif answer.close == "inside":
        await on_loop()
        length = str(len(response.body) or 1)
        transport = protocol.response_stream(response.status, [*response.headers, ("Content-Length", length)])
        await transport.send_bytes(response.body[: len(response.body) // 2])
        # What was announced does not come: the server closes the connection.
    else:
        await on_loop()
        send(protocol, request, response)
        await asyncio.sleep(_SENT_SECONDS)
        close_connection(client)


@contextlib.asynccontextmanager
async def _changes(journal: Journal) -> AsyncIterator[Callable[[float], Awaitable[bool]]]:
    """Give a function that waits until the journal changes, at most some seconds, and tells whether it did."""
    loop, changed = asyncio.get_running_loop(), asyncio.Event()

    def tell() -> None:
        loop.call_soon_threadsafe(changed.set)

    async def wait(seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await changed.wait()
        except TimeoutError:
            return False
        changed.clear()
        return True

    stop = journal.listen(tell)
    try:
        yield wait
    finally:
        stop()


async def _awaited(waiting: Waiting) -> Response:
    """Return the answer of a long poll once it is there, or its time is up."""
    await on_loop()
    deadline = time.monotonic() + waiting.seconds
    async with _changes(waiting.journal) as wait:
        while True:
            left = deadline - time.monotonic()
            response = waiting.poll(left <= 0)
            if response is not None:
                return response
            await wait(left)


async def _stream(protocol: Any, events: Events) -> None:
    """Send the events of a stream until the client is gone, or the session."""
    await on_loop()
    transport = protocol.response_stream(200, events.headers)
    gone = asyncio.ensure_future(protocol.client_disconnect())
    with contextlib.suppress(RuntimeError):  # granian's ProtocolClosed
        async with _changes(events.journal) as wait:
            await transport.send_bytes(b": here\n\n")
            ended = False
            while not gone.done() and not ended:
                ended = events.journal.ended
                new = events.take()
                if new:
                    await transport.send_bytes(new)
                elif not ended and not await wait(events.beat):
                    await transport.send_bytes(b": still here\n\n")
    gone.cancel()


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
