"""Small servers that send whatever bytes they are told to, and one that spoils the answers of a sound server."""

import io
import socket
import ssl
import threading
import time
from contextlib import contextmanager, suppress

from tests.independent.serving import Server, _Handler

JSON = b"Content-Type: application/json; charset=utf-8\r\n"


def answer(body=b"[]", head=JSON, status=b"200 OK"):
    """Return a complete answer."""
    return b"HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n%s" % (status, head, len(body), body)


def request_of(connection):
    """Read one request, its body too; empty where none comes."""
    data = b""
    while b"\r\n\r\n" not in data:
        if not (more := connection.recv(65536)):
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return data


@contextmanager
def raw(behave, *, family=socket.AF_INET, tls=None):
    """Serve: `behave(connection, request)` is called for each request, until it returns something true."""
    host = "::1" if family == socket.AF_INET6 else "127.0.0.1"
    listener = socket.create_server((host, 0), family=family)
    listener.settimeout(0.05)
    stopped = threading.Event()
    connections, threads = [], []

    def talk(connection):
        with suppress(OSError):
            if tls is not None:
                connection = tls.wrap_socket(connection, server_side=True)
                connections.append(connection)
            while (request := request_of(connection)) and not behave(connection, request):
                pass
            connection.close()

    def accept():
        while not stopped.is_set():
            with suppress(TimeoutError):
                connection, _ = listener.accept()
                connection.settimeout(20)
                connections.append(connection)
                threads.append(threading.Thread(target=talk, args=(connection,), daemon=True))
                threads[-1].start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    name = f"[{host}]" if ":" in host else host
    try:
        yield f"{'https' if tls else 'http'}://{name}:{listener.getsockname()[1]}"
    finally:
        stopped.set()
        accepting.join()
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        for thread in threads:
            thread.join(5)
        listener.close()


def sends(*parts, close=True):
    """Return a behaviour that sends these bytes, whatever it is asked; a number is a pause in seconds."""

    def behave(connection, request):
        for part in parts:
            if isinstance(part, bytes):
                connection.sendall(part)
            else:
                time.sleep(part)
        return close

    return behave


def endless(*beginning, more):
    """Return a behaviour that never ends, as long as somebody listens."""

    def behave(connection, request):
        for part in beginning:
            connection.sendall(part)
        for _ in range(100_000):
            connection.sendall(more)
        return True

    return behave


def self_signed(folder):
    """Return a TLS context of a server that nobody vouches for; None where OpenSSL's command is not there."""
    import shutil
    import subprocess

    if shutil.which("openssl") is None:
        return None
    key, cert = folder / "key.pem", folder / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert]
    subprocess.run([*command, "-days", "2", "-subj", "/CN=localhost"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context


class _Spoiling(_Handler):
    """Answers as the sound server does, and lets `spoil` send it otherwise."""

    def one(self):
        real, self.wfile = self.wfile, io.BytesIO()
        try:
            keep = super().one()
            data = self.wfile.getvalue()
        finally:
            self.wfile = real
        environ = self.asked
        if not data:
            return keep
        done = self.server.spoil(self.connection, environ, data)
        if done is None:
            self.connection.sendall(data)
            return keep
        return False

    def environ(self, parts, headers, body):
        self.asked = super().environ(parts, headers, body)
        return self.asked


@contextmanager
def spoiled(app, spoil):
    """Serve an application; `spoil(connection, environ, data)` sends what it likes, or None for the sound answer."""
    server = Server(app)
    server.RequestHandlerClass = _Spoiling
    server.spoil = spoil
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.url
    finally:
        server.shutdown()
        for connection in list(server.open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        server.server_close()
        thread.join()
