"""Send one HTTP/1.1 request and take whatever comes back, within a time and a size; RFC 9112 is h11's part.

Servers under test may be slow, silent, endless or broken. Nothing here raises for that: a :class:`Reply` says what
came, and `trouble` what went wrong.
"""

import select
import socket
import ssl
import threading
import time
import zlib
from dataclasses import dataclass, field
from itertools import pairwise
from urllib.parse import SplitResult, quote, urlsplit

import h11

from contract_tests.errors import UsageError

MAX_BODY = 16 * 1024 * 1024
CHUNK = 65536
STALE = 1.0  # seconds after which a kept connection is not trusted with a request that must not be sent twice
RESTED = 0.05  # seconds after which a server may have let go of a kept connection for want of requests
CLOSES = 0.05  # seconds to see whether a server closes its connections after an answer, though it does not say so
SAFE = {"GET", "HEAD", "OPTIONS", "TRACE"}
BODILESS_PAUSE = 0.001  # seconds to wait for a body after an answer that has none
WAITED_FOR = 100  # answers without a body after which it is waited; of those that come later, after one in four
LATE = "no complete answer within"  # how the trouble of a time limit begins
CLOSED = "the connection was closed without an answer"
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Reply:
    """What came back: `status` is None where no answer came. `seconds` is the time from sending to the last byte.

    `trouble` is a sentence on what went wrong, if anything: no connection, a time limit, a cut body, bytes that are no
    HTTP, a body beyond the size limit, bytes after the end of the answer. What had come by then is kept.
    `refused` tells that no connection could be made at all.
    """

    status: int | None = None
    reason: str = ""
    headers: Headers = ()
    body: bytes = b""
    trouble: str | None = None
    seconds: float = 0.0
    refused: bool = False

    def header(self, name: str) -> str | None:
        """Return the value of a header, several joined by commas as RFC 9110 (5.3) has it; None where it is absent."""
        values = [value for key, value in self.headers if key == name.lower()]
        return ", ".join(values) if values else None


class Trouble(Exception):
    """The exchange went wrong; the text says how."""


@dataclass
class _Arriving:
    """What has arrived of an answer so far."""

    status: int | None = None
    reason: str = ""
    headers: Headers = ()
    chunks: list[bytes] = field(default_factory=list)

    def reply(self, started: float, trouble: str | None, refused: bool = False) -> Reply:
        body = b"".join(self.chunks)
        decoded, bad = _decoded(self.headers, body) if trouble is None else (body, None)
        seconds = time.monotonic() - started
        return Reply(self.status, self.reason, self.headers, decoded, trouble or bad, seconds, refused)


def _decoded(headers: Headers, body: bytes) -> tuple[bytes, str | None]:
    """Undo gzip or deflate, which a server may use; a body that grows beyond the limit is trouble."""
    coding = next((value.strip().lower() for key, value in headers if key == "content-encoding"), "identity")
    if coding in {"identity", ""} or not body:
        return body, None
    if coding not in {"gzip", "x-gzip", "deflate"}:
        return body, f"the body is encoded as {coding!r}, which was not asked for"
    try:
        unpacker = zlib.decompressobj(wbits=47)
        plain = unpacker.decompress(body, MAX_BODY)
    except zlib.error as problem:
        return body, f"the body says that it is {coding}, and is not: {problem}"
    if unpacker.unconsumed_tail:
        return plain, f"the {coding} body unpacks to more than {MAX_BODY} bytes"
    return plain, None if unpacker.eof else f"the {coding} body is cut short"


class _Connection:
    """One connection, kept open between requests as long as both sides are willing."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.used = 0.0  # when the last exchange ended; 0 for a connection that had none
        self.http = h11.Connection(our_role=h11.CLIENT, max_incomplete_event_size=256 * 1024)

    def idle(self) -> bool:
        """Tell whether nothing has arrived that nobody asked for, an end of the connection included."""
        return not select.select([self.sock], [], [], 0)[0]

    def chatters(self, pause: float) -> bool:
        """Tell whether bytes come within a pause (seconds): a body that must not be there may be on its way."""
        if not select.select([self.sock], [], [], pause)[0]:
            return False
        return bool(self.sock.recv(1, socket.MSG_PEEK))

    def receive(self, deadline: float) -> None:
        """Take the next bytes. Raises :class:`Trouble` when the time is over."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise Trouble("timed out")
        self.sock.settimeout(left)
        self.http.receive_data(self.sock.recv(CHUNK))

    def close(self) -> None:
        """Close the connection for good."""
        self.sock.close()


class Wire:
    """A client for one server. One connection is kept for each thread; `timeout` (seconds) bounds a whole exchange.

    `base_url` may be http or https and carry a path prefix. Raises :class:`UsageError` for anything else.
    """

    def __init__(self, base_url: str, timeout: float = 10.0, verify: bool = True) -> None:
        parts = _checked(base_url)
        self.base_url = base_url.rstrip("/")
        self.timeout = timeout
        self.prefix = quote(parts.path.rstrip("/"), safe="/%:@!$&'()*+,;=~")
        self.host = parts.hostname or ""
        self.port = parts.port or (443 if parts.scheme == "https" else 80)
        self.authority = parts.netloc.rpartition("@")[2]
        self._tls = _tls(verify) if parts.scheme == "https" else None
        self._local = threading.local()
        self._kept: dict[threading.Thread, _Connection] = {}
        self._lock = threading.Lock()
        self._bodiless = 0  # answers without a body so far
        self._keeps: bool | None = None  # whether the server keeps its connections open; None before the first answer

    def send(
        self,
        method: str,
        target: str,
        headers: Headers = (),
        body: bytes = b"",
        timeout: float | None = None,
        *,
        listen: bool = True,
    ) -> Reply:
        """Send a request to a path (and query) below the prefix, and return what came; raises nothing for the server.

        `Host` and `Content-Length` are added where they are missing; everything else is sent as given, headers that are
        not ASCII as UTF-8. After answers without a body, `listen` waits a moment for one that comes all the same.
        """
        limit = self.timeout if timeout is None else timeout
        started = time.monotonic()
        reply, lost = self._attempt(method, target, headers, body, started, limit, listen)
        if lost and method in SAFE:  # the server let go of a kept connection just as it was used (RFC 9110, 9.2.2)
            reply, _ = self._attempt(method, target, headers, body, started, limit, listen)
        return reply

    def _attempt(
        self, method: str, target: str, headers: Headers, body: bytes, started: float, limit: float, listen: bool
    ) -> tuple[Reply, bool]:
        """Send a request once; tell besides whether a kept connection was gone before anything came."""
        deadline = started + limit
        arriving = _Arriving()
        try:
            connection = self._connection(deadline, method)
        except (OSError, UnicodeError) as problem:
            text = f"no connection to {self.authority}: {_reason(problem)}"
            return arriving.reply(started, text, refused=True), False
        rested = connection.used > 0 and started - connection.used > RESTED
        trouble: str | None = None
        try:
            self._send(connection, method, target, headers, body, deadline)
            self._receive(connection, arriving, deadline, listen)
        except (Trouble, TimeoutError) as problem:
            text = str(problem) if isinstance(problem, Trouble) else "timed out"
            trouble = f"{LATE} {limit:g} s" if text == "timed out" else text
        except h11.RemoteProtocolError as problem:
            trouble = _explained(arriving, problem)
        except OSError as problem:
            trouble = f"the connection broke: {_reason(problem)}"
        self._settle(connection, trouble is None)
        lost = rested and trouble is not None and arriving.status is None and trouble.startswith("the connection ")
        return arriving.reply(started, trouble), lost

    def close(self) -> None:
        """Close all connections."""
        self._drop()
        with self._lock:
            for kept in self._kept.values():
                kept.close()
            self._kept.clear()

    def _drop(self) -> None:
        """Close this thread's connection."""
        kept = getattr(self._local, "connection", None)
        if kept is not None:
            kept.close()
            self._local.connection = None

    def _keep(self, connection: _Connection) -> None:
        """Keep a connection for this thread, and let go of those of threads that have ended."""
        self._local.connection = connection
        with self._lock:
            self._kept[threading.current_thread()] = connection
            for thread in [thread for thread in self._kept if not thread.is_alive()]:
                self._kept.pop(thread).close()

    def _connection(self, deadline: float, method: str) -> _Connection:
        kept: _Connection | None = getattr(self._local, "connection", None)
        if kept is not None:
            rest = time.monotonic() - kept.used
            if (idle := kept.idle()) and (method in SAFE or rest < STALE):
                return kept
            if not idle and rest < STALE:
                self._keeps = False
            self._drop()
        sock = socket.create_connection((self.host, self.port), timeout=max(0.001, deadline - time.monotonic()))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls is not None:
            try:
                sock = self._tls.wrap_socket(sock, server_hostname=self.host)
            except (OSError, UnicodeError):
                sock.close()
                raise
        connection = _Connection(sock)
        self._keep(connection)
        return connection

    def _send(
        self, connection: _Connection, method: str, target: str, headers: Headers, body: bytes, deadline: float
    ) -> None:
        named = {name.lower() for name, _ in headers}
        full = list(headers)
        if "host" not in named:
            full.insert(0, ("Host", self.authority))
        framed = named & {"content-length", "transfer-encoding"}
        if not framed and (body or method in {"POST", "PUT", "PATCH"}):
            full.append(("Content-Length", str(len(body))))
        try:
            coded = [(header.encode(), value.encode()) for header, value in full]
            data = connection.http.send(h11.Request(method=method, target=self.prefix + target, headers=coded)) or b""
            for part in _parts(body, "transfer-encoding" in named):
                data += connection.http.send(h11.Data(data=part)) or b""
            data += connection.http.send(h11.EndOfMessage()) or b""
        except h11.LocalProtocolError as problem:
            raise Trouble(f"not sent: {problem}") from problem
        connection.sock.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            connection.sock.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            # The server may have answered and closed before it read everything; what it said is still to be read.
            return

    def _receive(self, connection: _Connection, arriving: _Arriving, deadline: float, listen: bool) -> None:
        size = 0
        while True:
            event = connection.http.next_event()
            if event is h11.NEED_DATA:
                connection.receive(deadline)
            elif isinstance(event, h11.Response):
                arriving.status = event.status_code
                arriving.reason = event.reason.decode("latin-1")
                arriving.headers = tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in event.headers)
            elif isinstance(event, h11.Data):
                arriving.chunks.append(bytes(event.data))
                size += len(event.data)
                if size > MAX_BODY:
                    raise Trouble(f"the body goes on beyond {MAX_BODY} bytes")
            elif isinstance(event, h11.EndOfMessage):
                if connection.http.trailing_data[0] or (listen and not size and self._chatters(connection)):
                    raise Trouble("there are bytes after the end of the answer")
                return
            elif isinstance(event, h11.ConnectionClosed):
                raise Trouble(CLOSED)
            elif event is h11.PAUSED:
                raise Trouble("there are bytes after the end of the answer")

    def _chatters(self, connection: _Connection) -> bool:
        """Tell whether bytes come after an answer without a body."""
        self._bodiless += 1
        waits = self._bodiless <= WAITED_FOR or self._bodiless % 4 == 0
        return connection.chatters(BODILESS_PAUSE if waits else 0.0)

    def _settle(self, connection: _Connection, sound: bool) -> None:
        """Keep the connection for the next request of this thread where both sides allow it.

        A server may close any connection when it likes (RFC 9112, 9.6). One that does so after each answer would lose
        requests that are on their way just then; it is known by its first answer, and asked on new connections.
        """
        done = connection.http.our_state is h11.DONE and connection.http.their_state is h11.DONE
        if sound and done and self._keeps is None:
            self._keeps = not select.select([connection.sock], [], [], CLOSES)[0]
        if sound and done and self._keeps:
            connection.http.start_next_cycle()
            connection.used = time.monotonic()
        else:
            self._drop()


def _checked(base_url: str) -> SplitResult:
    try:
        parts = urlsplit(base_url)
        parts.port  # noqa: B018 - raises ValueError for a port that is none
    except ValueError as problem:
        raise UsageError(f"{base_url!r} is no URL: {problem}; expected one such as http://127.0.0.1:8080") from problem
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageError(
            f"{base_url!r} is no http or https URL with a host; expected one such as http://127.0.0.1:8080"
        )
    if parts.query or parts.fragment:
        raise UsageError(f"{base_url!r} has a query or a fragment; expected scheme, host, port and path alone")
    if parts.username or parts.password:
        raise UsageError("the URL carries a user name or password; give a token by --token or the environment instead")
    return parts


def _parts(body: bytes, chunked: bool) -> list[bytes]:
    """Return what a body is sent as: the whole of it, or chunks that part it near its start and in the middle."""
    cuts = (0, 3, max(3, len(body) // 2), len(body)) if chunked else (0, len(body))
    return [part for start, end in pairwise(cuts) if (part := body[start:end])]


def _tls(verify: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _reason(problem: OSError | UnicodeError) -> str:
    if isinstance(problem, TimeoutError):
        return "timed out"
    if isinstance(problem, UnicodeError):
        return f"the host is no name that can be looked up ({problem})"
    return (problem.strerror or str(problem) or type(problem).__name__).lower()


def _explained(arriving: _Arriving, problem: h11.RemoteProtocolError) -> str:
    text = str(problem)
    if arriving.status is None and "ConnectionClosed" in text:
        return CLOSED
    if "without sending complete message body" in text or "peer closed connection" in text:
        return f"the body is cut short: {text}"
    where = "the answer's body" if arriving.status is not None else "the answer"
    return f"{where} is no valid HTTP: {text}"
