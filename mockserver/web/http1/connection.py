"""One client's connection: requests come in, one after the other, and are answered in that order.

What can be answered at once is answered where its last octet arrives; whatever waits (a delay, a long poll, a stream, a
page) holds up nobody else, and the requests behind it on the same connection wait their turn.
"""

import asyncio
import json
import math
import time
from typing import TYPE_CHECKING, cast
from urllib.parse import unquote

from mockserver.control.service import Answer
from mockserver.control.waiting import Events, Waiting
from mockserver.engine.messages import Request
from mockserver.web.http1.answers import CONTINUE
from mockserver.web.http1.chunks import BadChunk, Chunks
from mockserver.web.http1.heads import CHUNKED, Head, RefusedHead, end_of_head
from mockserver.web.serving import RESERVED

if TYPE_CHECKING:
    from mockserver.web.http1.listener import Listener

__all__ = ["Connection"]

_BEHIND = 64 * 1024  # octets of later requests that are taken while one is being answered
_LINGER = 2.0  # seconds in which a client may still read the last answer, while what it sends is thrown away
_JSON = [("Content-Type", "application/json")]


class Connection(asyncio.Protocol):
    """A connection, and the request that is being read or answered on it.

    ``deadline`` is when the present part of a request must be there; the listener looks at it now and then, which is
    cheaper than a timer for each.
    """

    def __init__(self, listener: "Listener") -> None:
        self.deadline = math.inf
        self.quiet_since = time.monotonic()
        self._listener = listener
        self._transport: asyncio.Transport = cast("asyncio.Transport", None)
        self._client = ""
        self._data = b""  # octets of a request whose head is not read yet, and of those behind it
        self._reading: tuple[Request, Head] | None = None  # a request whose body is still to come ...
        self._body: bytearray | Chunks = bytearray()  # ... and what is there of it
        self._answering = False
        self._lingering = False
        self._last = False  # no more requests are taken
        self._ended = False  # the client sends no more
        self._started = 0.0
        self._task: asyncio.Task[None] | None = None
        self._blocked: asyncio.Event | None = None  # there while the client does not read what it is sent

    # --- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, or wait for a turn where there are too many connections."""
        self._transport = cast("asyncio.Transport", transport)
        peer = transport.get_extra_info("peername")
        self._client = str(peer[0]) if isinstance(peer, tuple) else ""
        self._listener.opened(self)

    def data_received(self, data: bytes) -> None:
        """Take octets."""
        if self._lingering:
            return
        if self._reading is not None:
            self._take_body(data)
            return
        self._data = self._data + data if self._data else data
        if self._answering or self._blocked is not None:
            if len(self._data) > _BEHIND:
                self._transport.pause_reading()
            return
        self._go_on()

    def eof_received(self) -> bool:
        """Note that the client sends no more: it may still read."""
        self._ended = True
        if self._reading is not None:
            self._give_up_body("body-cut-short")
        elif not self._answering and self._blocked is None:
            self._transport.close()
        return True

    def connection_lost(self, _: Exception | None) -> None:
        """Note that the client is gone."""
        self._listener.closed(self)
        self._last = True
        if self._reading is not None:
            request, _head = self._reading
            self._reading = None
            request.missing = "body-cut-short"
            self._listener.serving.answer(request)  # nobody reads it, but the journal knows
        if self._task is not None:
            self._task.cancel()
        if self._blocked is not None:
            self._blocked.set()

    def pause_writing(self) -> None:
        """Take no further requests while the client does not read its answers."""
        self._blocked = asyncio.Event()

    def resume_writing(self) -> None:
        """Go on."""
        if self._blocked is not None:
            self._blocked.set()
            self._blocked = None
        self._after_answer()

    # --- what the listener calls

    @property
    def is_quiet(self) -> bool:
        """Whether nothing of a request is here."""
        return not (self._answering or self._data or self._reading is not None or self._lingering)

    def hold(self) -> None:
        """Read nothing until it is this connection's turn."""
        self._transport.pause_reading()

    def release(self) -> None:
        """Begin to read."""
        self._transport.resume_reading()

    def end(self) -> None:
        """Close the connection, after the request that is there."""
        self._last = True
        if self.is_quiet:
            self._transport.close()

    def abort(self) -> None:
        """Close the connection at once."""
        self._transport.abort()

    def overdue(self) -> None:
        """Act on a deadline that has passed."""
        self.deadline = math.inf
        if self._lingering:
            self._transport.abort()
        elif self._reading is not None:
            self._give_up_body("body-too-slow")
        elif self._data and not self._answering:
            self._refuse(RefusedHead(408, "The request did not come in time.", "Its headers were not complete."))

    # --- reading

    def _go_on(self) -> None:
        """Answer the requests that are there; what is not whole yet must come in time."""
        while self._data and not (self._answering or self._lingering or self._blocked is not None):
            try:
                head = self._next_head()
            except RefusedHead as refusal:
                self._refuse(refusal)
                return
            if head is None:
                if self.deadline == math.inf:
                    self.deadline = time.monotonic() + self._listener.body_timeout
                return
            self.deadline = math.inf
            self._begin(head)
            if self._reading is not None:
                return
            if self._last:
                break
        self.quiet_since = time.monotonic()
        if self._is_over and not (self._answering or self._lingering or self._blocked is not None):
            self._transport.close()

    @property
    def _is_over(self) -> bool:
        """Whether no request comes after the present one."""
        return self._last or (self._ended and not self._data)

    def _next_head(self) -> Head | None:
        """Return the next head, ``None`` where it is not whole. Raises :class:`RefusedHead`."""
        if self._data[:1] in b"\r\n":
            self._data = self._data.lstrip(b"\r\n")  # RFC 9112, section 2.2
            if not self._data:
                return None
        end = end_of_head(self._data)
        if end < 0:
            return None
        block, self._data = self._data[:end], self._data[end:]
        return self._listener.heads.read(block)

    def _begin(self, head: Head) -> None:
        """Answer a request as soon as its body is there."""
        self._started = time.perf_counter()
        path, _, query = head.target.partition("?")
        if "%" in path:
            path = unquote(path)
        fields = head.fields
        if fields.closes:
            self._last = True
        request = Request(head.method, path, query, fields.headers, b"", client=self._client)
        length = fields.length
        if length == 0:
            self._answer(request)
            return
        if 0 < length <= len(self._data) and length <= self._listener.max_body:
            request.body, self._data = self._data[:length], self._data[length:]
            self._answer(request)
            return
        request.body = None
        if length > self._listener.max_body:
            self._answer(request)
            return
        if fields.expects and not self._data:
            self._transport.write(CONTINUE)
        self._reading = request, head
        self._body = Chunks(self._listener.max_body) if length == CHUNKED else bytearray()
        self.deadline = time.monotonic() + self._listener.body_timeout
        data, self._data = self._data, b""
        if data:
            self._take_body(data)
        elif self._ended:
            self._give_up_body("body-cut-short")

    def _take_body(self, data: bytes) -> None:
        """Work octets into the body; once it is whole, its request is answered, and those behind it."""
        assert self._reading is not None
        request, head = self._reading
        body = self._body
        if isinstance(body, Chunks):
            try:
                body.feed(data)
            except BadChunk:
                self._give_up_body("body-cut-short")
                return
            if body.too_large:
                self._give_up_body("body-too-large")
                return
            if body.rest is None:
                return
            request.body, self._data = bytes(body.body), body.rest
        else:
            body += data
            length = head.fields.length
            if len(body) < length:
                return
            request.body, self._data = bytes(body[:length]), bytes(body[length:])
        self._reading, self._body, self.deadline = None, bytearray(), math.inf
        self._answer(request)
        self._after_answer()

    def _give_up_body(self, why: str) -> None:
        """Answer a request whose body cannot be had whole, and close the connection."""
        assert self._reading is not None
        request, _ = self._reading
        self._reading, self._body, self.deadline = None, bytearray(), math.inf
        request.missing = why
        self._answer(request)

    # --- answering

    def _answer(self, request: Request) -> None:
        """Answer a request, now or, where it must wait, later."""
        answer = self._listener.serving.answer(request)
        if type(answer) is Answer and not answer.delay:
            self._send(request, answer)
            return
        self._answering = True
        self._task = asyncio.ensure_future(self._answer_later(request, answer))

    async def _answer_later(self, request: Request, answer: Answer | Waiting | Events | None) -> None:
        """Answer a request that has to wait, and then those behind it."""
        try:
            if answer is None:
                await self._page(request)
            elif isinstance(answer, Events):
                await self._stream(answer)
            else:
                if isinstance(answer, Waiting):
                    answer = Answer(await self._listener.awaited(answer))
                if answer.delay:
                    await asyncio.sleep(answer.delay)
                self._send(request, answer)
        except Exception:
            self._transport.abort()  # nobody shall wait for what does not come; the loop tells of the defect
            raise
        self._task = None
        self._answering = False
        self._after_answer()

    def _after_answer(self) -> None:
        """Go on with the requests behind the one that was answered, or close the connection."""
        if self._answering or self._lingering or self._reading is not None or self._transport.is_closing():
            return
        if self._last:
            self._transport.close()
            return
        self._transport.resume_reading()
        self._go_on()

    def _send(self, request: Request, answer: Answer) -> None:
        """Send an answer, or what a fault leaves of it."""
        response = answer.response
        listener = self._listener
        if listener.log is not None and not request.path.startswith(RESERVED):
            status = response.status if response is not None else 0
            listener.log.write(request, status, time.perf_counter() - self._started)
        if response is None or answer.close == "before":
            self._transport.close()
            return
        cut = request.body is None  # what comes next on this connection would be the body
        octets = listener.writer.whole(
            request.method, response.status, response.headers, response.body, closes=cut or self._is_over
        )
        if answer.close:
            missing = len(response.body) - len(response.body) // 2 if answer.close == "inside" else 0
            self._transport.write(octets[: len(octets) - missing])
            self._transport.close()
            return
        self._transport.write(octets)
        if cut:
            self._linger()

    def _refuse(self, refusal: RefusedHead) -> None:
        """Answer what is no request, and close the connection."""
        body = json.dumps({"message": refusal.message, "detail": refusal.detail}).encode()
        self._transport.write(self._listener.writer.whole("", refusal.status, _JSON, body, closes=True))
        self._linger()

    def _linger(self) -> None:
        """Close the connection once the client has had time to read: at once, it might lose the last answer."""
        self._last = self._lingering = True
        self._data = b""
        if self._ended or not self._transport.can_write_eof():
            self._transport.close()
            return
        self.deadline = time.monotonic() + _LINGER
        if self._transport.get_write_buffer_size():
            return  # the end comes with the deadline
        try:
            self._transport.write_eof()
        except OSError:  # the client left just now
            self._transport.abort()

    async def _page(self, request: Request) -> None:
        """Send what the WSGI application behind answers."""
        status, headers, body = await self._listener.page(request)
        kept = [(name, value) for name, value in headers if name.lower() != "content-length"]
        cut = request.body is None
        closes = cut or self._is_over
        self._transport.write(self._listener.writer.whole(request.method, status, kept, body, closes=closes))
        if cut:
            self._linger()

    async def _stream(self, events: Events) -> None:
        """Send the events of a stream until the client is gone, or the session; then close the connection."""
        self._last = True
        self._transport.write(self._listener.writer.head(200, events.headers, None, closes=True))
        async for part in self._listener.parts(events):
            self._transport.write(b"%x\r\n%b\r\n" % (len(part), part))
            if self._blocked is not None:
                await self._blocked.wait()
        self._transport.write(b"0\r\n\r\n")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._client}>"
