"""A real server on a real port, as people run it, for input that must not hurt it."""

import contextlib
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PROGRAM = str(Path(sys.executable).with_name("mockserver"))


@dataclass
class Served:
    port: int
    process: subprocess.Popen[str]
    errors: Path

    def send(self, data: bytes, timeout: float = 10) -> bytes:
        """Send raw octets and return all that comes back until the server closes or falls silent."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as connection:
            # The server may answer and close before it has read everything.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(data)
            received = b""
            try:
                while chunk := connection.recv(65536):
                    received += chunk
                    if complete(received):
                        break
            except (ConnectionResetError, TimeoutError):
                pass
        return received

    def request(
        self, method: str = "POST", path: str = "/api/v2/ai/providers", body: bytes = b"", headers: str = ""
    ) -> tuple[int, bytes]:
        """Send one request with a token and a length, and return the status and body of the answer."""
        length = f"Content-Length: {len(body)}\r\n" if "ontent-" not in headers or "Type" in headers else ""
        head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nCoder-Session-Token: API_KEY\r\n{headers}{length}\r\n"
        answer = self.send(head.encode("latin-1") + body)
        status, _, rest = answer.partition(b"\r\n")
        return int(status.split()[1]), rest.partition(b"\r\n\r\n")[2]

    def is_well(self) -> bool:
        """Whether the server still answers a plain request rightly."""
        return self.process.poll() is None and self.request("GET", "/api/v2/ai/providers/openai-main")[0] == 200

    def memory(self) -> int:
        """Return the resident memory of the server and whatever it started, in MiB."""
        pids = [self.process.pid]
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        pids += [int(pid) for pid in children.read_text().split()]
        found = [re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()) for pid in pids]
        return sum(int(match[1]) for match in found if match) // 1024


def complete(answer: bytes) -> bool:
    head, separator, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head.lower())
    if head.startswith(b"HTTP/1.1 204"):
        return bool(separator)
    return bool(separator) and length is not None and len(body) >= int(length[1])


@contextlib.contextmanager
def serving(*options: str) -> Iterator[Served]:
    """Run a server with some options; afterwards it must have ended without a traceback."""
    command = [PROGRAM, "serve", "--port", "0", *options]
    with tempfile.NamedTemporaryFile("w+", encoding="utf-8") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:(\d+)", process.stdout.readline())
        assert found is not None
        try:
            yield Served(int(found[1]), process, Path(errors.name))
        finally:
            process.terminate()
            process.communicate(timeout=20)
        assert "Traceback" not in Path(errors.name).read_text()


@pytest.fixture(scope="module", params=["documented", "deployed"])
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    with serving("--profile", request.param) as server:
        yield server


@pytest.fixture(scope="module")
def impatient() -> Iterator[Served]:
    with serving("--body-timeout", "2", "--log-requests") as server:
        yield server
