"""A small threaded HTTP/1.1 server with keep-alive, since those at hand are slow or close every connection."""

import io
import socket
import socketserver
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any
from urllib.parse import unquote_to_bytes

App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
_LONGEST_LINE = 1 << 16


@dataclass
class Wired:
    """One final answer as octets are about to be sent, and the connection that it goes to."""

    line: str
    headers: list[tuple[str, str]]
    body: bytes
    connection: Any

    def drop(self, *names: str) -> None:
        """Leave out headers."""
        self.headers = [(name, value) for name, value in self.headers if name.lower() not in names]

    def put(self, name: str, value: str) -> None:
        """Set a header, in place of those of that name."""
        self.drop(name.lower())
        self.headers.append((name, value))

    @property
    def closes(self) -> bool:
        """Whether the connection ends with this answer."""
        return ("connection", "close") in [(name.lower(), value.strip()) for name, value in self.headers]

    def head(self) -> bytes:
        """Return the head, the empty line too."""
        return "\r\n".join([self.line, *map(": ".join, self.headers), "", ""]).encode("latin-1")

    def pieces(self) -> Iterator[bytes]:
        """Yield what is sent, in the pieces in which it is."""
        yield self.head() + self.body


class _Handler(socketserver.StreamRequestHandler):
    """One connection: requests in turn until one side has enough."""

    disable_nagle_algorithm = True
    rbufsize = 1 << 16
    server: "Server"

    def handle(self) -> None:
        """Answer the requests of this connection."""
        self.connection.settimeout(getattr(self.server.app, "idle", None))
        try:
            while self.one():
                pass
        except (ConnectionError, TimeoutError, ValueError):
            return  # the client went away or does not speak HTTP; there is nobody to tell

    def one(self) -> bool:
        """Answer one request; return whether another one may follow."""
        line = self.rfile.readline(_LONGEST_LINE)
        while line in {b"\r\n", b"\n"}:
            line = self.rfile.readline(_LONGEST_LINE)
        parts = line.decode("latin-1").split()
        if len(parts) != 3:
            return False
        headers = self.headers()
        if headers.get("expect", "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        environ = self.environ(parts, headers, self.body(headers))
        sent: list[Any] = []
        try:
            payload = b"".join(self.server.app(environ, lambda status, given: sent.extend((status, given))))
        except Exception as error:  # noqa: BLE001  a server that crashes says so in its own way, as servers do
            sent, payload = ["500 Internal Server Error", []], f"crashed: {type(error).__name__}".encode()
        keep = headers.get("connection", "").lower() != "close" and parts[2] != "HTTP/1.0"
        fields = [("Date", formatdate(usegmt=True)), *sent[1]]
        if not any(name.lower() == "content-length" for name, _ in sent[1]) and sent[0][:3] != "204":
            fields.append(("Content-Length", str(len(payload))))
        fields.append(("Connection", "keep-alive" if keep else "close"))
        wired = Wired(f"HTTP/1.1 {sent[0]}", fields, payload, self)
        wire = getattr(self.server.app, "wire", Wired.pieces)  # variations spell what is sent in ways of their own
        for piece in wire(wired):
            self.wfile.write(piece)
        return keep and not wired.closes

    def headers(self) -> dict[str, str]:
        """Read the header lines; names in lower case, repeated ones joined."""
        headers: dict[str, str] = {}
        while (line := self.rfile.readline(_LONGEST_LINE)) not in {b"\r\n", b"\n", b""}:
            name, _, value = line.decode("latin-1").partition(":")
            name, value = name.strip().lower(), value.strip()
            headers[name] = f"{headers[name]}{'; ' if name == 'cookie' else ', '}{value}" if name in headers else value
        return headers

    def body(self, headers: dict[str, str]) -> bytes:
        """Read the body, chunked or of a known length."""
        if headers.get("transfer-encoding", "").lower() != "chunked":
            length = int(headers.get("content-length", 0))
            most = getattr(self.server.app, "unread", None)
            if most is not None and length > most:
                self.refuse(length)
            return self.rfile.read(length)
        chunks = []
        while size := int(self.rfile.readline(_LONGEST_LINE).split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline(_LONGEST_LINE)
        while self.rfile.readline(_LONGEST_LINE) not in {b"\r\n", b"\n", b""}:
            pass
        return b"".join(chunks)

    def refuse(self, length: int) -> None:
        """Answer before the body is read, and close; it is read then, lest a reset overtake the answer."""
        self.wfile.write(self.server.app.refusal())  # type: ignore[attr-defined]
        while length > 0 and (read := len(self.rfile.read(min(length, 1 << 16)))):
            length -= read
        raise ConnectionError("enough")

    def environ(self, parts: list[str], headers: dict[str, str], body: bytes) -> dict[str, Any]:
        """Return the WSGI environment of a request."""
        path, _, query = parts[1].partition("?")
        environ = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
        host, port = self.server.server_address[:2]
        return {
            **environ,
            "REQUEST_METHOD": parts[0],
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "CONTENT_TYPE": headers.get("content-type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "SERVER_NAME": str(host),
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": parts[2],
            "SCRIPT_NAME": "",
            "wsgi.input": io.BytesIO(body),
            "wsgi.url_scheme": "http",
        }


class Server(socketserver.ThreadingTCPServer):
    """Listens once it is made; ``url`` is where."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, app: App, host: str = "127.0.0.1", port: int = 0) -> None:
        self.app = app
        self.open: set[socket.socket] = set()
        super().__init__((host, port), _Handler)

    @property
    def url(self) -> str:
        """The address, without a slash at its end."""
        return f"http://{self.server_address[0]}:{self.server_address[1]}"

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember a connection, so that a stop ends it."""
        self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget a connection."""
        self.open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Let a defect of the server be seen by nobody but the client, who gets no answer."""
        if not isinstance(request, socket.socket):
            super().handle_error(request, client_address)


@contextmanager
def running(app: App) -> Iterator[str]:
    """Serve an application in a thread, on a free port of the loopback; yields its address."""
    with Server(app) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server.url
        finally:
            server.shutdown()
            for connection in list(server.open):
                connection.close()
            thread.join()
