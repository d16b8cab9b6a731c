"""The control plane over real sockets, of the server people start, and of the one in a thread."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from test_served import PATH, serving

from mockserver.server import LocalServer
from mockserver.settings import Settings

OWNER = {"Coder-Session-Token": "API_KEY"}
ITEM = f"{PATH}/openai-main"


class Client:
    """A client of one session."""

    def __init__(self, port: int, session: str) -> None:
        self.port, self.session = port, session

    def api(self, method: str = "GET", path: str = ITEM, body: Any = None, **headers: str) -> tuple[int, Any, bytes]:
        return self.ask(method, path, body, {**OWNER, "X-Mock-Session": self.session, **headers})

    def control(self, method: str, path: str, body: Any = None) -> Any:
        status, _, data = self.ask(method, f"/__mock__/sessions/{self.session}{path}", body, {})
        assert status < 300, data
        return json.loads(data) if data else None

    def ask(self, method: str, path: str, body: Any, headers: dict[str, str]) -> tuple[int, Any, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=15)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def raw(self) -> bytes:
        """Send one request to the API and return all octets up to the end of the connection, or to silence."""
        head = (
            f"GET {ITEM} HTTP/1.1\r\nHost: localhost\r\nCoder-Session-Token: API_KEY\r\nX-Mock-Session: {self.session}"
        )
        received = b""
        with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
            connection.sendall(head.encode() + b"\r\n\r\n")
            try:
                while part := connection.recv(65536):
                    received += part
            except ConnectionResetError:
                return received + b"<closed>"
            except TimeoutError:
                return received
        return received + b"<closed>"


@pytest.fixture(scope="module", params=["process", "thread"])
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    if request.param == "process":
        with serving() as number:
            yield number
    else:
        with LocalServer(Settings()) as server:
            yield int(server.url.rpartition(":")[2])


@pytest.fixture
def client(port: int, request: pytest.FixtureRequest) -> Client:
    name = "".join(c if c.isalnum() else "-" for c in request.node.name)[:60]
    made = Client(port, name)
    assert made.api()[0] == 200
    return made


def test_a_connection_is_closed_before_the_answer(client: Client) -> None:
    client.control("POST", "/faults", {"effect": {"kind": "drop", "when": "before"}, "times": 1})
    assert client.raw() == b"<closed>"
    assert client.api()[0] == 200
    entry = client.control("GET", "/journal")["entries"][1]
    assert entry["status"] is None
    assert entry["response"] is None
    assert [fault["kind"] for fault in entry["faults"]] == ["drop"]


def test_a_connection_is_closed_inside_the_answer(client: Client) -> None:
    whole = client.api()[2]
    client.control("POST", "/faults", {"effect": {"kind": "drop", "when": "inside"}})
    head, _, body = client.raw().partition(b"\r\n\r\n")
    assert f"content-length: {len(whole)}".encode() in head.lower()
    assert body == whole[: len(whole) // 2] + b"<closed>"


def test_a_connection_is_closed_after_the_answer(client: Client) -> None:
    whole = client.api()[2]
    client.control("POST", "/faults", {"effect": {"kind": "drop", "when": "after"}})
    assert client.raw().endswith(whole + b"<closed>")


def test_a_body_is_cut_short_or_broken_in_a_whole_answer(client: Client) -> None:
    whole = client.api()[2]
    client.control("POST", "/faults", {"effect": {"kind": "truncate", "keep": 0.25}, "times": 1})
    client.control("POST", "/faults", {"effect": {"kind": "malformed"}, "times": 1})
    assert client.api()[2] == whole[: len(whole) // 4]
    with pytest.raises(json.JSONDecodeError):
        json.loads(client.api()[2])
    assert client.api()[2] == whole


def test_a_delay_holds_up_nobody_else(client: Client) -> None:
    fault = {"match": {"operation": "listAIProviders"}, "effect": {"kind": "delay", "seconds": 1.5}}
    client.control("POST", "/faults", fault)
    started = time.monotonic()
    slow: list[int] = []
    threads = [threading.Thread(target=lambda: slow.append(client.api("GET", PATH)[0])) for _ in range(24)]
    for thread in threads:
        thread.start()
    time.sleep(0.2)
    for _ in range(20):
        assert client.api()[0] == 200
    assert not slow
    for thread in threads:
        thread.join()
    assert slow == [200] * 24
    assert time.monotonic() - started >= 1.5


def test_a_wait_ends_with_the_request_it_waits_for_or_with_its_time(client: Client) -> None:
    waiting: list[Any] = []
    body = {"match": {"method": "DELETE"}, "seconds": 10}
    thread = threading.Thread(target=lambda: waiting.append(client.control("POST", "/journal/wait", body)))
    thread.start()
    time.sleep(0.3)
    assert client.api()[0] == 200
    started = time.monotonic()
    assert client.api("DELETE")[0] == 204
    thread.join()
    assert time.monotonic() - started < 5
    assert waiting[0]["satisfied"] is True
    assert waiting[0]["entries"][0]["method"] == "DELETE"
    started = time.monotonic()
    late = client.control("POST", "/journal/wait", {"match": {"method": "PUT"}, "seconds": 0.3})
    assert late == {"satisfied": False, "entries": []}
    assert 0.3 <= time.monotonic() - started < 5


def test_new_entries_are_streamed_as_events(client: Client) -> None:
    with socket.create_connection(("127.0.0.1", client.port), timeout=5) as connection:
        path = f"/__mock__/sessions/{client.session}/journal/stream?view=summary&after=0"
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        received = b""
        while b"event: entry" not in received:
            received += connection.recv(65536)
        assert b"text/event-stream" in received
        assert client.api("GET", f"{PATH}/nobody")[0] == 404
        client.control("PUT", "/presets/outage")
        while b"event: faults" not in received or b'"status":404' not in received:
            received += connection.recv(65536)
        client.control("DELETE", "")
        while b"event: dropped" not in received:
            received += connection.recv(65536)
    assert client.api()[0] == 200


def test_a_stream_does_not_hold_up_the_end_of_the_server() -> None:
    with serving() as number, socket.create_connection(("127.0.0.1", number), timeout=5) as connection:
        connection.sendall(b"GET /__mock__/sessions/default/journal/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"200" in connection.recv(65536)
        started = time.monotonic()
    assert time.monotonic() - started < 15


@pytest.mark.parametrize(
    "line", ["Origin: https://evil.example", "Sec-Fetch-Site: cross-site", "X-Forwarded-For: 1.2.3.4"]
)
def test_the_control_api_is_closed_to_pages_and_callers_from_elsewhere(client: Client, line: str) -> None:
    name, _, value = line.partition(": ")
    status, _, body = client.ask("DELETE", f"/__mock__/sessions/{client.session}", None, {name: value})
    assert status == 403
    assert set(json.loads(body)) <= {"message", "detail"}
    assert client.control("GET", "")["name"] == client.session


def test_a_name_that_was_pointed_at_this_machine_does_not_open_the_control_api(client: Client) -> None:
    for host, expected in (
        ("evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("localhost:1", 200),
        ("[::1]", 200),
    ):
        status, _, _ = client.ask("GET", "/__mock__/sessions", None, {"Host": host})
        assert status == expected, host


def test_two_sessions_used_at_once_never_mix(client: Client) -> None:
    failed: list[str] = []

    def work(name: str) -> None:
        own = Client(client.port, f"{client.session[:40]}-{name}")
        for number in range(15):
            new = {"type": "openai", "name": f"{name}-{number}", "base_url": "https://x.example", "api_keys": []}
            if own.api("POST", PATH, new)[0] != 201:
                failed.append(f"{name} {number}")
        names = {record["name"] for record in json.loads(own.api("GET", PATH)[2])}
        if {n for n in names if n.startswith("w")} != {f"{name}-{number}" for number in range(15)}:
            failed.append(f"{name} sees {names}")
        if own.control("GET", "")["requests"] != 16:
            failed.append(f"{name} counts wrongly")

    threads = [threading.Thread(target=work, args=(f"w{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
