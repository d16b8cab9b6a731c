"""Clients that take their time, many at once: others are answered promptly, and the slow ones do not stay for ever."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

LIMIT = 2  # seconds, what the server of these tests is told
START = b"POST /api/v2/ai/providers HTTP/1.1\r\nHost: x\r\nCoder-Session-Token: API_KEY\r\n"
HALF_A_BODY = START + b'Content-Length: 100\r\n\r\n{"name":'
HALF_A_CHUNK = START + b'Transfer-Encoding: chunked\r\n\r\n64\r\n{"name":'
BETWEEN_CHUNKS = START + b'Transfer-Encoding: chunked\r\n\r\n8\r\n{"name":\r\n'
GOOD = {"type": "openai", "name": "slow-but-good", "base_url": "https://api.openai.com/v1"}


def connect(server: Any, data: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    connection.sendall(data)
    return connection


@contextlib.contextmanager
def many(server: Any, count: int, data: bytes) -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(connect(server, data)) for _ in range(count)]


def rest(connection: socket.socket) -> bytes:
    """Return what the server sends until it closes the connection; fails when it does not within ten seconds."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(65536):
            received += part
    return received


def assert_prompt(server: Any, count: int = 10) -> None:
    """Requests of others, reads and writes, are answered at once (a busy machine may make two of them late)."""
    slow = 0
    for number in range(count):
        started = time.monotonic()
        body = json.dumps({**GOOD, "name": f"prompt-{number}"}).encode()
        assert server.request(body=body)[0] == 201
        assert server.request("DELETE", f"/api/v2/ai/providers/prompt-{number}")[0] == 204
        slow += time.monotonic() - started > 1.5
    assert slow <= 2


@pytest.mark.parametrize("data", [HALF_A_BODY, HALF_A_CHUNK, BETWEEN_CHUNKS], ids=["length", "chunk", "chunks"])
def test_bodies_that_stall_are_refused_in_time_and_their_connections_closed(impatient: Any, data: bytes) -> None:
    started = time.monotonic()
    with many(impatient, 50, data) as connections:
        answers = [rest(connection) for connection in connections]
    assert LIMIT - 0.5 < time.monotonic() - started < LIMIT + 5
    for answer in answers:
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 408 "), answer
        assert b"\r\nconnection: close" in head.lower()
        assert json.loads(body)["message"] == "The body did not come in time."
    assert impatient.is_well()
    assert "POST /api/v2/ai/providers 408 " in impatient.errors.read_text()


def test_a_body_that_trickles_for_ever_is_refused_in_time(impatient: Any) -> None:
    started = time.monotonic()
    with connect(impatient, HALF_A_BODY) as connection:
        connection.settimeout(0.2)
        answer = b""
        while not answer and time.monotonic() - started < LIMIT + 5:
            with contextlib.suppress(TimeoutError):
                answer = connection.recv(100)
            with contextlib.suppress(OSError):
                connection.sendall(b" ")
    assert answer.startswith(b"HTTP/1.1 408 "), answer
    assert impatient.is_well()


def test_a_body_that_is_slow_but_in_time_is_taken(impatient: Any) -> None:
    body = json.dumps(GOOD).encode()
    with connect(impatient, START + f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()) as connection:
        for index in range(0, len(body), 10):
            connection.sendall(body[index : index + 10])
            time.sleep(LIMIT / 4 / (len(body) / 10))
        assert rest(connection).startswith(b"HTTP/1.1 201 ")
    assert impatient.request("DELETE", "/api/v2/ai/providers/slow-but-good")[0] == 204


def test_a_stalled_body_without_a_token_is_refused_for_the_token(impatient: Any) -> None:
    with connect(impatient, HALF_A_BODY.replace(b"API_KEY", b"NO_KEY")) as connection:
        assert rest(connection).startswith(b"HTTP/1.1 401 ")


def test_a_stalled_body_for_the_mocks_own_pages_is_ended_too(impatient: Any) -> None:
    with connect(impatient, HALF_A_BODY.replace(b"/api/v2/ai/providers", b"/__mock__/health")) as connection:
        assert b" 500 " not in rest(connection).split(b"\r\n")[0]
    assert impatient.is_well()


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("half", [False, True])
def test_a_body_that_is_cut_short_changes_nothing(impatient: Any, chunked: bool, half: bool) -> None:
    body = json.dumps({**GOOD, "name": "cut-short"}).encode()
    framed = b"Content-Length: %d\r\n\r\n%s" % (len(body) + 10, body)
    if chunked:
        framed = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n" % (len(body), body)
    with connect(impatient, START + framed) as connection:
        if half:  # the client still listens
            connection.shutdown(socket.SHUT_WR)
            answer = rest(connection)
            assert answer == b"" or answer.startswith(b"HTTP/1.1 400 "), answer
    time.sleep(0.2)
    assert impatient.request("GET", "/api/v2/ai/providers/cut-short")[0] == 404


def test_a_chunked_body_with_trailers_is_whole(impatient: Any) -> None:
    body = json.dumps({**GOOD, "name": "with-trailers"}).encode()
    framed = b"Transfer-Encoding: chunked\r\nTrailer: X-A\r\n\r\n%x\r\n%s\r\n0\r\nX-A: b\r\n\r\n" % (len(body), body)
    assert impatient.send(START + framed).startswith(b"HTTP/1.1 201 ")
    assert impatient.request("DELETE", "/api/v2/ai/providers/with-trailers")[0] == 204


def test_600_slow_clients_hold_up_nobody_and_leave_no_memory_behind(impatient: Any) -> None:
    def trickle(connections: list[socket.socket], stop: threading.Event) -> None:
        while not stop.wait(1):
            for connection in connections:
                with contextlib.suppress(OSError):
                    connection.sendall(b" ")

    sizes = []
    for _ in range(2):
        stop = threading.Event()
        with (
            many(impatient, 200, HALF_A_BODY) as stalled,
            many(impatient, 200, HALF_A_BODY) as trickling,
            many(impatient, 200, START) as half_open,
        ):
            thread = threading.Thread(target=trickle, args=(trickling, stop))
            thread.start()
            try:
                time.sleep(0.1)
                assert_prompt(impatient)
                assert {rest(connection)[:13] for connection in stalled} == {b"HTTP/1.1 408 "}
                assert_prompt(impatient)
            finally:
                stop.set()
                thread.join()
            assert len(half_open) == 200
        assert impatient.is_well()
        sizes.append(impatient.memory())
    assert sizes[1] - sizes[0] < 20


def test_more_clients_than_connections_wait_for_their_turn_and_are_served(impatient: Any) -> None:
    with many(impatient, 1100, HALF_A_BODY):
        started = time.monotonic()
        assert impatient.is_well()
        assert time.monotonic() - started < LIMIT + 5
    assert impatient.is_well()
