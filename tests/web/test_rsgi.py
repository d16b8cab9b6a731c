"""The same answers over granian as from Flask in the test's own process; slow clients hold up nobody."""

import asyncio
import contextlib
import http.client
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from test_front import REQUESTS

from mockserver.app import create_mock
from mockserver.settings import Settings
from mockserver.web import inline
from mockserver.web.rsgi import joined

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
def test_granian_and_flask_answer_the_same(profile: str) -> None:
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
        assert time.monotonic() - started < 2
    finally:
        for connection in slow:
            connection.close()


def test_a_body_that_is_announced_too_large_is_refused_before_it_comes(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n".encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 401 ")
        assert connection.recv(65536) == b""  # what comes next on this connection would be the body


def test_headers_sent_twice_are_joined() -> None:
    items = [("cookie", "a=1"), ("x-a", "1"), ("cookie", "b=2"), ("x-a", "2"), ("x-b", "3")]
    assert joined(items) == {"cookie": "a=1; b=2", "x-a": "1, 2", "x-b": "3"}
    assert joined(items[:2]) == {"cookie": "a=1", "x-a": "1"}


class Awaited:
    """What granian gives to await: it calls back through the loop once it is done."""

    def __init__(self, loop: Any) -> None:
        self._loop = loop
        self._asyncio_future_blocking = False
        self._done = False
        self._callbacks: list[Any] = []

    def __await__(self) -> Any:
        if not self._done:
            self._asyncio_future_blocking = True
            yield self
        return "body"

    def add_done_callback(self, callback: Any, *, context: Any = None) -> None:
        self._callbacks.append(callback)

    def get_loop(self) -> Any:
        return self._loop

    def result(self) -> None:
        return None

    def finish(self) -> None:
        self._done = True
        for callback in self._callbacks:
            self._loop.call_soon_threadsafe(callback, self)


@pytest.mark.parametrize("installed", [True, False])
def test_a_request_runs_at_once_until_it_asks_for_the_loop(installed: bool) -> None:
    with ThreadPoolExecutor(1) as pool:  # a browser of other tests may have a loop running in this thread
        pool.submit(run_until_the_loop, installed).result()


def run_until_the_loop(installed: bool) -> None:
    loop = asyncio.new_event_loop()
    steps = []
    awaited = Awaited(loop)

    async def request() -> None:
        steps.append("start")
        steps.append(await awaited)  # type: ignore[arg-type]
        await inline.on_loop()
        steps.append("on loop")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.01):
                await asyncio.sleep(5)
        steps.append("waited")

    def run(coroutine: Any, _: Any) -> None:  # as granian does
        loop.create_task(coroutine).add_done_callback(lambda _: loop.stop())

    if installed:
        inline.install(loop)
    try:
        loop.call_soon_threadsafe(run, request(), None)
        assert steps == (["start"] if installed else [])
        if not installed:
            loop.run_until_complete(asyncio.sleep(0.01))
        awaited.finish()
        assert steps == (["start", "body"] if installed else ["start"])
        loop.run_forever()
        assert steps == ["start", "body", "on loop", "waited"]
    finally:
        loop.close()
