"""HTTP/1.1: heads and chunks are read as h11 reads them, and connections keep their order, limits and manners."""

import contextlib
import json
import random
import socket
import time
from collections.abc import Iterator
from typing import Any

import h11
import pytest
from test_served import PATH, serving

from mockserver.web.http1.answers import Writer
from mockserver.web.http1.chunks import BadChunk, Chunks
from mockserver.web.http1.heads import MAX_TARGET, Heads, RefusedHead, end_of_head, odd

HEAD = b"Host: x\r\nCoder-Session-Token: API_KEY\r\n"
GET = b"GET " + PATH.encode() + b"/openai-main HTTP/1.1\r\n" + HEAD + b"\r\n"
LIST = b"GET " + PATH.encode() + b" HTTP/1.1\r\n" + HEAD + b"\r\n"

PARTS: list[list[bytes]] = [
    [b"GET", b"POST", b"get", b"QUERY", b"X-%1", b"G(T", b"", b"GE T"],
    [b" ", b" ", b" ", b"  ", b"\t"],
    [b"/", b"/a/b?c=d", b"/%2F%zz", b"/a#b", b"*", b"http://h/p", b"/\xc3\xa9", b"/a\x7f", b"", b"a"],
    [b" HTTP/1.1", b" HTTP/1.1", b" HTTP/1.1", b" HTTP/1.0", b" HTTP/2.0", b" http/1.1", b""],
    [b"\r\n", b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r"],
]
LINES = [
    b"Host: x",
    b"Host: x",
    b"host:y",
    b"HOST:  z \t",
    b"Content-Length: 5",
    b"content-length: 5",
    b"Content-Length: 0",
    b"Content-Length: +5",
    b"Content-Length: 5, 5",
    b"Content-Length: 99999999999999999999",
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: gzip, chunked",
    b"Connection: close",
    b"Connection: keep-alive, Close",
    b"Connection: upgrade",
    b"Expect: 100-continue",
    b"Cookie: a=1",
    b"cookie: b=2",
    b"X-A: 1",
    b"X-A: 2",
    b"X-Empty:",
    b"X-Latin: caf\xe9",
    b"X-Tab: a\tb",
    b"X-Nul: a\x00b",
    b"X-Bell: a\x07b",
    b"X-Blank : a",
    b" X-Folded: a",
    b"no colon",
    b": no name",
    b"X(Y): z",
]


def generated(rng: random.Random) -> bytes:
    """Return a head: most of them good, some of them odd in one or two places."""
    usual = rng.random() < 0.6
    front = b"".join(parts[0] if usual or rng.random() < 0.7 else rng.choice(parts) for parts in PARTS)
    count = rng.randint(0, 5)
    lines = [b"Host: x", *rng.sample(LINES, count)] if rng.random() < 0.8 else rng.sample(LINES, count)
    ends = [b"\r\n" if rng.random() < 0.98 else rng.choice([b"\n", b"\r", b"\r\r\n"]) for _ in lines]
    return front + b"".join(line + end for line, end in zip(lines, ends, strict=True)) + b"\r\n"


def is_whole(block: bytes) -> bool:
    with contextlib.suppress(RefusedHead):
        return end_of_head(block) == len(block)
    return False


def test_what_is_read_as_plain_h11_reads_the_same() -> None:
    rng = random.Random(1)
    heads, plain = Heads(), 0
    for _ in range(20_000):
        block = generated(rng)
        if not is_whole(block):
            continue
        head = heads.plain(block)
        if head is None:
            continue
        plain += 1
        other = odd(block)
        assert (head.method, head.target, head.fields) == (other.method, other.target, other.fields), block
    assert plain > 2000


def test_what_h11_refuses_is_never_plain() -> None:
    rng = random.Random(2)
    heads, refused = Heads(), 0
    for _ in range(20_000):
        block = generated(rng)
        if not is_whole(block):
            continue
        try:
            odd(block)
        except RefusedHead:
            refused += 1
            assert heads.plain(block) is None, block
    assert refused > 2000


def by_h11(octets: bytes) -> tuple[bytes, bytes] | None:
    """Return the body of a chunked request and what follows it, as h11 reads them; ``None`` for what it refuses."""
    reader = h11.Connection(h11.SERVER)
    reader.receive_data(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + octets)
    body = b""
    try:
        while not isinstance(event := reader.next_event(), h11.EndOfMessage):
            if event is h11.NEED_DATA:
                return None
            body += bytes(event.data) if isinstance(event, h11.Data) else b""
    except h11.RemoteProtocolError:
        return None
    return body, reader.trailing_data[0]


def chunked(rng: random.Random) -> bytes:
    """Return a chunked body with what follows it, maybe odd in a place."""
    parts = [bytes(rng.choices(b"ab\r\n0", k=rng.randint(1, 20))) for _ in range(rng.randint(0, 4))]
    extension = rng.choice([b"", b"", b";a=b", b" ;x", b"\t"])
    octets = b"".join(b"%x%b\r\n%b\r\n" % (len(part), extension, part) for part in parts)
    octets += rng.choice([b"0\r\n\r\n", b"0\r\n\r\n", b"00\r\nX-A: b\r\n\r\n", b"0;last\r\n\r\n", b"0\r\nbad\r\n\r\n"])
    octets += rng.choice([b"", b"GET / HTTP/1.1\r\n"])
    if rng.random() < 0.5:
        place = rng.randrange(len(octets))
        octets = octets[:place] + rng.choice([b"", b"\n", b"g", b"0", b"\r\n", b"-"]) + octets[place + 1 :]
    return octets


def test_chunks_that_are_taken_h11_takes_too_and_reads_the_same() -> None:
    rng = random.Random(3)
    taken = refused = 0
    for _ in range(10_000):
        octets = chunked(rng)
        chunks, rest = Chunks(10_000), octets
        try:
            while rest and chunks.rest is None:
                size = rng.randint(1, 9)
                piece, rest = rest[:size], rest[size:]
                chunks.feed(piece)
        except BadChunk:
            refused += 1
            continue
        if chunks.rest is not None:
            taken += 1
            assert by_h11(octets) == (bytes(chunks.body), chunks.rest + rest), octets
    assert taken > 3000
    assert refused > 1000


def test_a_chunked_body_over_the_limit_is_known_before_it_is_there() -> None:
    chunks = Chunks(10)
    chunks.feed(b"5\r\nabcde\r\n6\r\n")
    assert chunks.too_large
    assert chunks.rest is None


@pytest.mark.parametrize("line", [b"a" * 40_000, b"1;" + b"x" * 40_000])
def test_a_chunk_whose_first_line_does_not_end_is_refused(line: bytes) -> None:
    with pytest.raises(BadChunk):
        Chunks(10).feed(line)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET /" + b"a" * MAX_TARGET, 414),
        (b"GET /" + b"a" * MAX_TARGET + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 60_000, 431),
        (b"GET / HTTP/1.1\r\nX: " + b"y" * 300_000 + b"\r\n\r\n", 431),
        (b"\x16\x03\x01", 400),
    ],
)
def test_heads_without_an_end_have_a_limit(data: bytes, status: int) -> None:
    with pytest.raises(RefusedHead) as caught:
        end_of_head(data)
    assert caught.value.status == status


def test_a_head_ends_with_its_first_empty_line_however_that_is_written() -> None:
    for line in (b"\r\n\r\n", b"\n\n", b"\n\r\n"):
        assert end_of_head(b"GET / HTTP/1.1" + line + b"GET / HTTP/1.1\r\n\r\n") == 14 + len(line)


def test_a_head_that_may_still_come_is_waited_for() -> None:
    assert end_of_head(b"GE") == end_of_head(b"GET / HTTP/1.1\r\nHost: x\r\n") == -1


def test_an_answer_cannot_be_split_by_what_a_header_holds() -> None:
    octets = Writer().whole("GET", 200, [("X-A", "a\r\nX-B: b\0"), ("X-C", "☃")], b"", closes=False)
    assert b"\r\nX-A: a  X-B: b \r\nX-C: ?\r\n" in octets


# On a real port


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving("--body-timeout", "2") as number:
        yield number


@contextlib.contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        yield connection


def until_closed(connection: socket.socket) -> bytes:
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(65536):
            received += part
    return received


def statuses(received: bytes) -> list[int]:
    return [int(part[:3]) for part in received.split(b"HTTP/1.1 ")[1:]]


def control(port: int, path: str, document: Any) -> None:
    body = json.dumps(document).encode()
    head = f"POST /__mock__/sessions{path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
    with connected(port) as connection:
        connection.sendall(head.encode() + b"Content-Type: application/json\r\nConnection: close\r\n\r\n" + body)
        assert until_closed(connection).startswith(b"HTTP/1.1 201 ")


def test_requests_that_come_together_are_answered_in_order(port: int) -> None:
    new = json.dumps({"type": "openai", "name": "together", "base_url": "https://a.b"}).encode()
    post = b"POST " + PATH.encode() + b" HTTP/1.1\r\n" + HEAD + b"Content-Length: %d\r\n\r\n" % len(new) + new
    chunks = (
        b"POST " + PATH.encode() + b" HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    )
    delete = b"DELETE " + PATH.encode() + b"/together HTTP/1.1\r\n" + HEAD + b"Connection: close\r\n\r\n"
    with connected(port) as connection:
        connection.sendall(GET + post + b"\r\n" + chunks + GET.replace(b"openai-main", b"none") + post + delete + GET)
        assert statuses(until_closed(connection)) == [200, 201, 400, 404, 409, 204]


def test_requests_behind_one_that_waits_wait_for_their_turn(port: int) -> None:
    control(port, "", {"name": "turns"})
    control(
        port, "/turns/faults", {"match": {"operation": "listAIProviders"}, "effect": {"kind": "delay", "seconds": 0.5}}
    )
    named = [data.replace(b"Host: x", b"Host: x\r\nX-Mock-Session: turns") for data in (LIST, GET)]
    with connected(port) as connection:
        connection.sendall(named[0] + named[1] * 2000)  # more than is taken while one is answered
        connection.shutdown(socket.SHUT_WR)
        started = time.monotonic()
        received = until_closed(connection)
        assert time.monotonic() - started >= 0.4
    assert received.startswith(b"HTTP/1.1 200 OK\r\n")
    assert received.partition(b"\r\n\r\n")[2].startswith(b"[")
    assert statuses(received) == [200] * 2001


def test_a_client_that_sends_no_more_still_gets_its_answer(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(GET)
        connection.shutdown(socket.SHUT_WR)
        assert statuses(until_closed(connection)) == [200]


@pytest.mark.parametrize("start", [b"GET / HTTP/1.1\r\nHost:", b"GE"])
def test_a_head_that_does_not_come_is_refused_in_time(port: int, start: bytes) -> None:
    with connected(port) as connection:
        connection.sendall(start)
        started = time.monotonic()
        received = until_closed(connection)
    assert received.startswith(b"HTTP/1.1 408 ")
    assert json.loads(received.partition(b"\r\n\r\n")[2])["message"] == "The request did not come in time."
    assert 1 < time.monotonic() - started < 7


def test_what_is_no_request_is_refused_without_quoting_it(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nCoder-Session-Token = API_KEY\r\n\r\n")
        received = until_closed(connection)
    assert received.startswith(b"HTTP/1.1 400 ")
    assert b"connection: close" in received.lower()
    assert b"API_KEY" not in received


def test_a_client_that_is_gone_inside_its_body_changes_nothing_and_is_in_the_journal(port: int) -> None:
    head = b"POST " + PATH.encode() + b" HTTP/1.1\r\n" + HEAD + b"X-Mock-Session: gone\r\nContent-Length: 100\r\n\r\n{"
    with connected(port) as connection:
        connection.sendall(head)
        time.sleep(0.1)
    time.sleep(0.2)
    with connected(port) as connection:
        connection.sendall(
            b"GET /__mock__/sessions/gone/journal HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )
        document = json.loads(until_closed(connection).partition(b"\r\n\r\n")[2])
    (entry,) = document["entries"]
    assert (entry["problem"], entry["status"]) == ("body-cut-short", 400)


def test_a_client_that_does_not_read_is_not_answered_further(port: int) -> None:
    """Its answers are not piled up: other clients are served, and it gets all of them once it reads."""
    with connected(port) as connection:
        # 3,000 lists of 4 KB are more than the socket takes.
        connection.setblocking(False)
        data, pushed = LIST * 3000, 0
        deadline = time.monotonic() + 1
        while pushed < len(data) and time.monotonic() < deadline:
            try:
                pushed += connection.send(data[pushed : pushed + 65536])
            except BlockingIOError:
                time.sleep(0.01)
        with connected(port) as other:
            other.sendall(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
            assert statuses(until_closed(other)) == [200]
        connection.settimeout(10)
        whole = pushed // len(LIST)
        received = b""
        while received.count(b"HTTP/1.1 200 ") < whole:
            part = connection.recv(1 << 20)
            assert part
            received += part
    assert whole > 100


def test_old_clients_are_answered_and_let_go(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(GET.replace(b"HTTP/1.1", b"HTTP/1.0"))
        received = until_closed(connection)
    assert statuses(received) == [200]
    assert b"\r\nConnection: close\r\n" in received
