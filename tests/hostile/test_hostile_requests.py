"""Requests that no good client sends: each gets an answer below 500, and the server is well afterwards."""

import json
import socket
import time
from typing import Any

import pytest

GOOD = {"type": "openai", "name": "good", "base_url": "https://api.openai.com/v1"}


def body(**members: Any) -> bytes:
    return json.dumps({**GOOD, **members}).encode()


BODIES: dict[str, bytes] = {
    "empty": b"",
    "white space": b" \r\n\t ",
    "not JSON": b"name=x&type=openai",
    "half a JSON value": b'{"name": "x"',
    "two JSON values": body() + body(),
    "not an object: array": b"[]",
    "not an object: string": b'"x"',
    "not an object: null": b"null",
    "not an object: number": b"1",
    "not UTF-8": b'{"name": "\xff\xfe"}',
    "overlong UTF-8": b'{"name": "\xc0\xaf"}',
    "UTF-16": body().decode().encode("utf-16"),
    "UTF-32": body().decode().encode("utf-32"),
    "byte order mark": b"\xef\xbb\xbf" + body(),
    "NaN": b'{"enabled": NaN}',
    "Infinity": b'{"enabled": -Infinity}',
    "a number beyond a double": b'{"enabled": 1e400}',
    "duplicate members": b'{"type": "openai", "name": "a", "name": "b", "base_url": "https://x.y"}',
    "duplicate members further down": body()[:-1] + b', "settings": {"a": 1, "a": 2}}',
    "lone surrogate": b'{"name": "\\ud800"}',
    "lone low surrogate": b'{"name": "\\udc00x"}',
    "100,000 arrays deep": b"[" * 100_000 + b"]" * 100_000,
    "100,000 objects deep": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "100,000 open arrays": b"[" * 100_000,
    "deep inside a good object": body()[:-1] + b', "x": ' + b"[" * 200 + b"]" * 200 + b"}",
    "control characters": b'{"name": "a\x01b"}',
    "NUL octets": b"\x00" * 1000,
    "a leading zero": b'{"enabled": 01}',
    "a comment": b'{/* */"name": "x"}',
    "a trailing comma": b'{"name": "x",}',
    "single quotes": b"{'name': 'x'}",
    "many faults": json.dumps({"type": 1, "name": [], "base_url": {}, "api_keys": list(range(5000))}).encode(),
}


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize("name", BODIES)
def test_a_bad_body_is_refused_and_changes_nothing(served: Any, name: str, method: str) -> None:
    before = served.request("GET")[1]
    path = "/api/v2/ai/providers" + ("/openai-main" if method == "PATCH" else "")
    status, answer = served.request(method, path, BODIES[name])
    assert status == 400, answer
    assert isinstance(json.loads(answer)["message"], str)
    assert served.request("GET")[1] == before
    assert served.is_well()


def test_numbers_beyond_64_bits_in_unknown_members_are_ignored_like_any(served: Any) -> None:
    status, answer = served.request(body=body(name="big-numbers", unknown=2**70, other=-(2**200)))
    assert status == 201, answer
    assert served.request("DELETE", "/api/v2/ai/providers/big-numbers")[0] == 204


def test_a_body_at_the_limit_is_taken_and_one_over_it_is_not(served: Any) -> None:
    limit = 1024 * 1024
    padded = body(name="at-limit", padding="")
    full = body(name="at-limit", padding="x" * (limit - len(padded)))
    assert len(full) == limit
    assert served.request(body=full)[0] == 201
    status, answer = served.request(body=full + b" ")
    assert status == 413, answer
    assert served.request("DELETE", "/api/v2/ai/providers/at-limit")[0] == 204
    assert served.is_well()


def chunked(data: bytes, size: int) -> bytes:
    parts = [data[i : i + size] for i in range(0, len(data), size)]
    return b"".join(f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in parts) + b"0\r\n\r\n"


def test_a_chunked_body_is_read_like_any_other(served: Any) -> None:
    sent = chunked(body(name="in-chunks"), 7)
    status, answer = served.request(body=sent, headers="Transfer-Encoding: chunked\r\nX-Skip: content-length\r\n")
    assert status in {201, 400}, answer
    head = b"POST /api/v2/ai/providers HTTP/1.1\r\nHost: x\r\nCoder-Session-Token: API_KEY\r\n"
    answer = served.send(head + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(body(name="in-chunks-2"), 7))
    assert b" 201 " in answer.split(b"\r\n")[0], answer
    too_large = served.send(head + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(b" " * (1024 * 1024 + 1), 65536))
    assert b" 413 " in too_large.split(b"\r\n")[0], too_large
    for name in ("in-chunks", "in-chunks-2"):
        served.request("DELETE", f"/api/v2/ai/providers/{name}")
    assert served.is_well()


@pytest.mark.parametrize("length", ["-1", "abc", "1e3", "99999999999999999999", "", "1, 2"])
def test_a_senseless_content_length_does_not_hang_the_server(served: Any, length: str) -> None:
    head = f"POST /api/v2/ai/providers HTTP/1.1\r\nHost: x\r\nCoder-Session-Token: API_KEY\r\nContent-Length: {length}"
    answer = served.send(head.encode() + b"\r\n\r\n{}", timeout=3)
    assert answer == b"" or b" 4" in answer.split(b"\r\n")[0], answer
    assert served.is_well()


def test_a_body_shorter_than_its_length_does_not_hold_up_others(served: Any) -> None:
    head = (
        b"POST /api/v2/ai/providers HTTP/1.1\r\nHost: x\r\nCoder-Session-Token: API_KEY\r\nContent-Length: 100\r\n\r\n{"
    )
    slow = [socket.create_connection(("127.0.0.1", served.port), timeout=5) for _ in range(4)]
    try:
        for connection in slow:
            connection.sendall(head)
        time.sleep(0.2)
        started = time.monotonic()
        assert served.is_well()
        assert time.monotonic() - started < 4
    finally:
        for connection in slow:
            connection.close()
    assert served.is_well()


CONTENT_TYPES = [
    "",
    "text/plain",
    ";",
    "application/json; foo",
    'application/json; a="b=c"',
    "application/json;;;",
    "/",
    "*/*",
]
CONTENT_TYPES += [
    "application/problem+json",
    "application/json; charset=utf-16",
    "multipart/form-data",
    "\xff\xfe",
    "a" * 5000,
]


@pytest.mark.parametrize("content_type", CONTENT_TYPES, ids=lambda value: ascii(value[:40]))
def test_any_content_type_gets_an_answer(served: Any, content_type: str) -> None:
    status, answer = served.request(body=body(name="typed"), headers=f"Content-Type: {content_type}\r\n")
    assert status in {201, 400}, answer
    served.request("DELETE", "/api/v2/ai/providers/typed")
    assert served.is_well()


PATHS = [
    "a%2Fb",
    "%2e%2e",
    "..",
    "../..",
    "%00",
    "%0a%0d",
    "%ff%fe",
    "%zz",
    "%",
    "a" * 100_000,
    "%F0%9F%92%A9",
    "{idOrName}",
]
PATHS += [
    "a;b=c",
    "a//b",
    "'--",
    "<script>",
    "a%20b",
    "?",
    "#",
    "497f6eca-6276-4993-bfeb-53cbbbba6f0",
    "%u0041",
    "\xe9",
]


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize("key", PATHS, ids=lambda value: ascii(value[:40]))
def test_any_path_gets_an_answer_below_500(served: Any, key: str, method: str) -> None:
    sent = b'{"enabled": true}' if method == "PATCH" else b""
    status, _ = served.request(method, f"/api/v2/ai/providers/{key}", sent)
    assert 400 <= status < 500 or key in {"?", "..", "../..", "#"}
    assert status < 500
    assert served.is_well()


def test_a_header_of_100_kilobytes_does_not_hurt(served: Any) -> None:
    answer = served.send(
        b"GET /api/v2/ai/providers HTTP/1.1\r\nHost: x\r\nCoder-Session-Token: API_KEY\r\nX-Long: "
        + b"a" * 100_000
        + b"\r\n\r\n"
    )
    assert answer == b"" or answer.split(b" ")[1] in {b"200", b"431", b"400"}
    answer = served.send(
        b"GET /api/v2/ai/providers HTTP/1.1\r\nHost: x\r\nCoder-Session-Token: " + b"k" * 100_000 + b"\r\n\r\n"
    )
    assert answer == b"" or answer.split(b" ")[1] in {b"401", b"431", b"400"}
    assert served.is_well()


@pytest.mark.parametrize(
    "query",
    [
        "coder_session_token=API_KEY&coder_session_token=x",
        "a&a&a=1&=2&&",
        "%ff=%00",
        "x" * 50_000,
        "coder_session_token",
    ],
    ids=lambda value: value[:30],
)
def test_any_query_gets_an_answer_below_500(served: Any, query: str) -> None:
    assert served.request("GET", f"/api/v2/ai/providers?{query}")[0] in {200, 401, 414}
    assert served.is_well()


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "QUERY", "PUT", "CONJURE"])
@pytest.mark.parametrize("path", ["/api/v2/ai/providers", "/api/v2/ai/providers/openai-main"])
def test_a_method_that_the_contract_lacks_is_405_with_allow(served: Any, method: str, path: str) -> None:
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nCoder-Session-Token: API_KEY\r\nConnection: close\r\n\r\n"
    answer = served.send(head.encode())
    assert answer.startswith(b"HTTP/1.1 405"), answer
    assert b"\r\nallow: " in answer.lower()
    if method == "HEAD":
        assert answer.endswith(b"\r\n\r\n")
    assert served.is_well()


def test_no_http_at_all_does_not_hurt(served: Any) -> None:
    for data in (
        b"\x16\x03\x01\x02\x00" * 50,
        b"GET\r\n\r\n",
        b"\r\n" * 1000,
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x00" * 10_000,
    ):
        served.send(data, timeout=1)
    assert served.is_well()


def test_200_half_open_connections_leave_room_for_others(served: Any) -> None:
    connections = []
    try:
        for _ in range(200):
            connection = socket.create_connection(("127.0.0.1", served.port), timeout=5)
            connection.sendall(b"POST /api/v2/ai/providers HTTP/1.1\r\nHost: x\r\n")
            connections.append(connection)
        assert served.is_well()
    finally:
        for connection in connections:
            connection.close()
    assert served.is_well()


def test_memory_stays_bounded_under_large_refused_bodies(served: Any) -> None:
    large = b'{"name": "' + b"x" * 5_000_000
    for _ in range(3):
        served.request(body=large)
    before = served.memory()
    for _ in range(30):
        assert served.request(body=large)[0] == 413
    assert served.memory() - before < 40
    assert served.is_well()
