"""The same answers over a socket as from Flask in the test's own process; slow clients hold up nobody."""

import contextlib
import http.client
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_front import REQUESTS

from mockserver.app import create_mock
from mockserver.settings import Settings

PROGRAM = str(Path(sys.executable).with_name("mockserver"))
HOP = {"date", "server", "content-length", "connection"}
PATH = "/api/v2/ai/providers"


@contextlib.contextmanager
def serving(*options: str) -> Iterator[int]:
    command = [PROGRAM, "serve", "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:(\d+)", process.stdout.readline())
        assert found is not None
        yield int(found[1])
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=20)
    assert errors == ""


def ask(port: int, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> tuple[Any, ...]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        kept = sorted((n.lower(), v) for n, v in answer.getheaders() if n.lower() not in HOP)
        return answer.status, kept, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize("profile", ["documented", "deployed"])
def test_the_server_and_flask_answer_the_same(profile: str) -> None:
    client = create_mock(Settings(profile=profile, deterministic=True, max_body=1000), front=False).app.test_client(
        use_cookies=False
    )
    more = [("GET", "/__mock__/nothing", {}, b""), ("POST", "/__mock__/health", {}, b"{}")]
    with serving("--profile", profile, "--deterministic", "--max-body", "1000") as port:
        for method, path, headers, body in [*REQUESTS, *more]:
            answer = client.open(path, method=method, headers=headers, data=body)
            kept = sorted((n.lower(), v) for n, v in answer.headers if n.lower() not in HOP)
            assert ask(port, method, path, headers, body) == (answer.status_code, kept, answer.data), (method, path)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving() as number:
        yield number


def test_100_clients_with_half_a_body_hold_up_nobody(port: int) -> None:
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nCoder-Session-Token: API_KEY\r\n"
    framed = (b"Content-Length: 100\r\n\r\n{", b"Transfer-Encoding: chunked\r\n\r\n5\r\n{")
    slow = [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(100)]
    try:
        for number, connection in enumerate(slow):
            connection.sendall(head.encode() + framed[number % 2])
        time.sleep(0.2)
        started = time.monotonic()
        for _ in range(20):
            assert ask(port, "GET", PATH, {"Coder-Session-Token": "API_KEY"})[0] == 200
            assert ask(port, "POST", PATH, {"Coder-Session-Token": "API_KEY"}, b"{}")[0] == 400
        assert time.monotonic() - started < 8
    finally:
        for connection in slow:
            connection.close()


def test_a_body_that_is_announced_too_large_is_refused_before_it_comes(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n".encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 401 ")
        assert connection.recv(65536) == b""  # what comes next on this connection would be the body
