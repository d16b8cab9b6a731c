"""The listener: all connections of a server, their deadlines and their orderly end."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

from mockserver.control.journal import Journal
from mockserver.control.waiting import Events, Waiting
from mockserver.engine.messages import Request, Response
from mockserver.web.front import RequestLog, WSGIApp
from mockserver.web.http1.answers import Writer
from mockserver.web.http1.connection import Connection
from mockserver.web.http1.heads import Heads
from mockserver.web.serving import Serving
from mockserver.web.wsgi import Page, environ, run_wsgi

__all__ = ["Listener"]

_PAGE_THREADS = 4
_QUIET = 5.0  # seconds after which a connection without a request makes room for one that waits
_GRACE = 10.0  # seconds that requests in flight have when the server ends


class Listener:
    """Serves the mock on asyncio: what it answers by itself, and the pages of the WSGI application behind it.

    ``max_body`` is in octets, ``body_timeout`` in seconds. All of it runs in the loop's thread, bar the pages.
    """

    connections = 1024  # that are served at a time; others wait for their turn

    def __init__(
        self, serving: Serving, behind: WSGIApp, max_body: int, body_timeout: int, log: RequestLog | None = None
    ) -> None:
        self.serving = serving
        self.max_body = max_body
        self.body_timeout = body_timeout
        self.log = log
        self.heads = Heads()
        self.writer = Writer()
        self._behind = behind
        self._open: set[Connection] = set()
        self._waiting: deque[Connection] = deque()
        self._pages: ThreadPoolExecutor | None = None
        self._server: asyncio.Server | None = None
        self._address: tuple[str, int] = ("", 0)
        self._hurried = False

    async def listen(self, host: str, port: int) -> int:
        """Accept connections; return the port. Raises ``OSError`` where the address cannot be had."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Connection(self), host, port, backlog=self.connections)
        self._address = self._server.sockets[0].getsockname()[:2]
        loop.call_soon(self._look)
        return self._address[1]

    async def end(self) -> None:
        """Accept no more, let requests in flight finish, and close all connections."""
        if self._server is not None:
            self._server.close()
        deadline = time.monotonic() + _GRACE
        for connection in [*self._open, *self._waiting]:
            connection.end()
        while (self._open or self._waiting) and time.monotonic() < deadline and not self._hurried:
            await asyncio.sleep(0.01)
        for connection in [*self._open, *self._waiting]:
            connection.abort()
        if self._pages is not None:
            self._pages.shutdown(wait=False, cancel_futures=True)

    def hurry(self) -> None:
        """Wait no longer for requests in flight."""
        self._hurried = True

    # --- what connections call

    def opened(self, connection: Connection) -> None:
        """Note a connection; it waits for its turn where there are too many."""
        if len(self._open) < self.connections:
            self._open.add(connection)
            return
        connection.hold()
        self._waiting.append(connection)
        self._make_room()

    def closed(self, connection: Connection) -> None:
        """Note that a connection is gone, and let the next one in."""
        if connection in self._open:
            self._open.discard(connection)
        elif connection in self._waiting:
            self._waiting.remove(connection)
        while self._waiting and len(self._open) < self.connections:
            following = self._waiting.popleft()
            self._open.add(following)
            following.release()

    async def awaited(self, waiting: Waiting) -> Response:
        """Return the answer of a long poll once it is there, or its time is up."""
        deadline = time.monotonic() + waiting.seconds
        async with _changes(waiting.journal) as wait:
            while True:
                left = deadline - time.monotonic()
                response = waiting.poll(left <= 0)
                if response is not None:
                    return response
                await wait(left)

    async def parts(self, events: Events) -> AsyncIterator[bytes]:
        """Yield the parts of a stream until the session is gone; whoever reads stops when the client is."""
        async with _changes(events.journal) as wait:
            yield b": here\n\n"
            ended = False
            while not ended:
                ended = events.journal.ended
                new = events.take()
                if new:
                    yield new
                elif not ended and not await wait(events.beat):
                    yield b": still here\n\n"

    async def page(self, request: Request) -> Page:
        """Return what the WSGI application answers; it runs in a thread."""
        if self._pages is None:
            self._pages = ThreadPoolExecutor(_PAGE_THREADS, "mockserver-pages")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pages, run_wsgi, self._behind, environ(request, self._address))

    # --- now and then

    def _look(self) -> None:
        """Act on deadlines that have passed, and look again in a while."""
        now = time.monotonic()
        try:
            for connection in [one for one in self._open if one.deadline <= now]:
                connection.overdue()
            self._make_room()
        finally:  # a defect in one look must not be the end of all deadlines
            if (self._server is not None and self._server.is_serving()) or self._open:
                asyncio.get_running_loop().call_later(min(self.body_timeout / 4, 0.5), self._look)

    def _make_room(self) -> None:
        """Close connections that have been quiet for a while, as many as wait for their turn."""
        if not self._waiting:
            return
        latest = time.monotonic() - _QUIET
        quiet = [one for one in self._open if one.is_quiet and one.quiet_since < latest]
        for connection in sorted(quiet, key=lambda one: one.quiet_since)[: len(self._waiting)]:
            connection.end()


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
