"""Serving: the banner, its curl commands, an orderly end, the log, and data that a seed decides."""

import http.client
import json
import os
import random
import re
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mockserver.app import create_app, create_mock
from mockserver.server import LocalServer, banner
from mockserver.settings import Settings

COMMAND = Path(sys.executable).with_name("mockserver")
PROVIDERS = "/api/v2/ai/providers"
TOKEN = {"Coder-Session-Token": "API_KEY"}
NEW = {"type": "openai", "name": "mine", "base_url": "https://api.openai.com/v1", "api_keys": ["dummy-key"]}
LIBRARY = Path(__file__).parent / "engine" / "library.yaml"


class Served:
    """A running ``mockserver serve``."""

    def __init__(self, process, text):
        self.process = process
        self.text = text
        self.url = re.search(r"mock at (http://\S+)", text).group(1)
        self.address = (urlsplit(self.url).hostname, urlsplit(self.url).port)

    def end(self, number=signal.SIGTERM):
        """Send a signal to the whole group, as a terminal does for Ctrl-C; return exit code, output and log."""
        if number == signal.SIGINT:
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)
        out, err = self.process.communicate(timeout=20)
        return self.process.returncode, out, err


@contextmanager
def serving(*args):
    """Run the command on a free port until the block ends; give control once the banner is there."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MOCKSERVER_")}
    process = subprocess.Popen(
        [COMMAND, "serve", "--port", "0", *args],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )
    try:
        yield Served(process, read_banner(process))
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.communicate(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
        process.stdout.close()
        process.stderr.close()


def read_banner(process, seconds=30):
    """Return the banner's text; fail when it does not come in time."""
    data, end = b"", time.monotonic() + seconds
    while b"Stop with Ctrl-C.\n" not in data:
        ready, _, _ = select.select([process.stdout], [], [], max(0, end - time.monotonic()))
        chunk = os.read(process.stdout.fileno(), 65536) if ready else b""
        assert chunk, f"no banner: {data!r}"
        data += chunk
    return data.decode()


def ask(url, method, path, body=None, headers=None):
    """Send one request; return status, headers that do not change by themselves, and body."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    try:
        sent = {**TOKEN, **({"Content-Type": "application/json"} if body is not None else {}), **(headers or {})}
        connection.request(method, path, None if body is None else json.dumps(body), sent)
        answer = connection.getresponse()
        kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in {"date", "server"}]
        return answer.status, kept, answer.read()
    finally:
        connection.close()


def test_the_banner_comes_when_connections_are_accepted_and_says_what_is_served():
    with serving("--profile", "deployed") as served:
        with socket.create_connection(served.address, timeout=5):
            pass
        assert ask(served.url, "GET", PROVIDERS)[0] == 200
        for part in ("profile deployed", "default, 8 records", "API_KEY (owner)", "EXPIRED_KEY (expired)"):
            assert part in served.text
        assert "SUSPENDED_KEY (suspended)" in served.text
        assert served.end()[0] == 0


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl on this machine")
@pytest.mark.parametrize("profile", ["documented", "deployed"])
def test_the_three_curl_commands_of_the_banner_work_as_they_are_printed(profile):
    with serving("--profile", profile) as served:
        lines = [line.strip() for line in served.text.splitlines() if line.startswith("  curl ")]
        assert len(lines) == 3
        statuses = []
        for line in lines:
            command = [*shlex.split(line), "-sS", "-w", "\n%{http_code}"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
            statuses.append(int(done.stdout.rpartition("\n")[2]))
    assert statuses == [200, 201, 204]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_an_idle_server_at_once_with_exit_code_0(number):
    with serving() as served:
        started = time.monotonic()
        code, out, err = served.end(number)
        assert (code, out, err) == (0, "", "")
        assert time.monotonic() - started < 5
        with pytest.raises(OSError, match=r".*"), socket.create_connection(served.address, timeout=2):
            pass


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_a_request_in_flight_finish(number):
    body = json.dumps(NEW).encode()
    head = (
        f"POST {PROVIDERS} HTTP/1.1\r\nHost: localhost\r\nCoder-Session-Token: API_KEY\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    with serving() as served, socket.create_connection(served.address, timeout=20) as slow:
        slow.sendall(head + body[:10])
        time.sleep(0.3)  # the server must have begun to read
        if number == signal.SIGINT:
            os.killpg(served.process.pid, number)
        else:
            served.process.send_signal(number)
        time.sleep(0.3)  # and must have seen the signal
        slow.sendall(body[10:])
        assert slow.recv(65536).startswith(b"HTTP/1.1 201 ")
        slow.close()
        assert served.process.wait(timeout=20) == 0


def test_a_client_that_only_keeps_its_connection_open_does_not_hold_the_end_up():
    with serving() as served, socket.create_connection(served.address, timeout=20) as idle:
        idle.sendall(f"GET {PROVIDERS} HTTP/1.1\r\nHost: localhost\r\nCoder-Session-Token: API_KEY\r\n\r\n".encode())
        assert idle.recv(65536).startswith(b"HTTP/1.1 200 ")
        started = time.monotonic()
        assert served.end()[0] == 0
        assert time.monotonic() - started < 10


def test_the_log_is_empty_unless_it_is_asked_for():
    with serving() as served:
        ask(served.url, "GET", PROVIDERS)
        ask(served.url, "GET", "/nothing")
        assert served.end() == (0, "", "")


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_log_has_one_line_per_request_and_never_a_token(form):
    with serving("--log-requests", "--log-format", form, "--profile", "deployed") as served:
        ask(served.url, "GET", f"{PROVIDERS}?coder_session_token=API_KEY&x=MEMBER_KEY")
        ask(served.url, "GET", f"{PROVIDERS}/nobody", headers={"Cookie": "coder_session_token=API_KEY"})
        ask(served.url, "POST", PROVIDERS, NEW)
        ask(served.url, "GET", "/nothing%0Ahere")
        code, _, err = served.end()
    assert code == 0
    lines = err.splitlines()
    for secret in ("API_KEY", "MEMBER_KEY", "dummy-key", "?"):
        assert secret not in err
    if form == "json":
        records = [json.loads(line) for line in lines]
        found = [(record["method"], record["path"], record["status"]) for record in records]
        assert all(record.keys() == {"time", "method", "path", "status", "duration_ms"} for record in records)
    else:
        found = [(line.split()[0], line.split()[1], int(line.split()[2])) for line in lines]
        assert all(re.fullmatch(r"[A-Z]+ \S+ \d{3} [\d.]+ ms", line) for line in lines)
    assert found == [
        ("GET", PROVIDERS, 200),
        ("GET", f"{PROVIDERS}/nobody", 404),
        ("POST", PROVIDERS, 201),
        ("GET", "/nothing\\nhere", 404),
    ]


def test_the_largest_body_is_what_was_set():
    with serving("--max-body", "200") as served:
        assert ask(served.url, "POST", PROVIDERS, NEW)[0] == 201
        assert ask(served.url, "POST", PROVIDERS, {**NEW, "name": "x" * 200})[0] == 413


def test_settings_may_come_from_file_and_environment(tmp_path):
    config = tmp_path / "settings.yaml"
    config.write_text("fixtures: empty\nprofile: deployed\n", encoding="utf-8")
    with serving("--config", str(config), "--profile", "documented") as served:
        assert "profile documented" in served.text
        assert "empty, 0 records" in served.text
        assert ask(served.url, "GET", PROVIDERS)[2] == b"[]"


def test_another_contract_gets_a_banner_that_fits_it():
    fixture = LIBRARY.with_name("library-state.yaml")
    mock = create_mock(Settings(contract=str(LIBRARY), fixtures=str(fixture)))
    text = banner(mock, "http://127.0.0.1:1")
    assert "library-state, 7 records" in text
    assert "mine" not in text
    (line,) = [line for line in text.splitlines() if "curl" in line]
    assert line.strip() == "curl http://127.0.0.1:1/v1/shelves -H 'Authorization: Bearer LIBRARY_TOKEN'"


# Data that a seed decides


def large(seed=0, **more):
    return LocalServer(Settings(fixtures="large", seed=seed, **more))


def test_the_same_seed_gives_the_same_data_in_any_order_of_requests():
    with large(5) as one, large(5) as other:
        listed = json.loads(ask(one.url, "GET", PROVIDERS)[2])
        assert len(listed) == 1000
        picked = random.Random(1).sample(listed, 40)
        for record in picked:
            assert json.loads(ask(other.url, "GET", f"{PROVIDERS}/{record['id']}")[2]) == record
            assert json.loads(ask(other.url, "GET", f"{PROVIDERS}/{record['name']}")[2]) == record
        assert json.loads(ask(other.url, "GET", PROVIDERS)[2]) == listed


def test_changes_leave_the_other_generated_records_as_they_were():
    with large(5) as one, large(5) as other:
        first, *rest = json.loads(ask(one.url, "GET", PROVIDERS)[2])
        assert ask(other.url, "DELETE", f"{PROVIDERS}/{first['id']}")[0] == 204
        assert json.loads(ask(other.url, "GET", PROVIDERS)[2]) == rest


def test_another_seed_gives_other_data():
    with large(1) as one, large(2) as other:
        assert ask(one.url, "GET", PROVIDERS)[2] != ask(other.url, "GET", PROVIDERS)[2]


@pytest.mark.parametrize("profile", ["documented", "deployed"])
def test_two_deterministic_runs_of_the_same_requests_are_equal_byte_for_byte(profile):
    def run(seed):
        with large(seed, deterministic=True, profile=profile) as server:
            answers = [ask(server.url, "POST", PROVIDERS, NEW)]
            made = json.loads(answers[0][2])
            path = f"{PROVIDERS}/{made['id']}"
            keys = [{"id": made["api_keys"][0]["id"]}, {"api_key": "another-dummy-key"}]
            for method, where, body in (
                ("POST", PROVIDERS, NEW),
                ("POST", PROVIDERS, {}),
                ("PATCH", path, {"api_keys": keys, "display_name": "x"}),
                ("GET", path, None),
                ("GET", PROVIDERS, None),
                ("DELETE", path, None),
                ("GET", path, None),
                ("PUT", path, None),
                ("GET", "/nothing", None),
            ):
                answers.append(ask(server.url, method, where, body))
            return answers

    first = run(3)
    assert first == run(3)
    assert [status for status, _, _ in first] == [201, 409, 400, 200, 200, 200, 204, 404, 405, 404]
    assert first != run(4)


# In the test's own process


def test_a_local_server_serves_on_a_port_of_its_own_and_stops_quickly():
    with LocalServer() as one, LocalServer(Settings(fixtures="empty")) as other:
        assert one.url != other.url
        assert len(json.loads(ask(one.url, "GET", PROVIDERS)[2])) == 8
        assert ask(other.url, "GET", PROVIDERS)[2] == b"[]"
        started = time.monotonic()
    assert time.monotonic() - started < 5
    with pytest.raises(ConnectionRefusedError):
        ask(one.url, "GET", PROVIDERS)


def test_a_local_server_stops_when_its_block_fails():
    server = LocalServer()
    with pytest.raises(LookupError), server:
        raise LookupError
    with pytest.raises(ConnectionRefusedError):
        ask(server.url, "GET", PROVIDERS)


def test_a_local_server_serves_any_application():
    def application(environ, start_response):
        start_response("200 OK", [("Content-Length", "2")])
        return [b"hi"]

    with LocalServer(app=application) as server:
        assert ask(server.url, "GET", "/")[2] == b"hi"


def test_an_application_can_be_embedded():
    client = create_app(Settings(fixtures="empty")).test_client()
    assert client.get(PROVIDERS, headers=TOKEN).get_json() == []
    assert client.get("/__mock__/health").get_json()["status"] == "ok"


def test_a_server_answers_the_same_with_and_without_the_fast_front():
    settings = Settings(deterministic=True)
    answers = []
    for front in (True, False):
        with LocalServer(app=create_mock(settings, front=front).app) as server:
            answers.append(
                [
                    ask(server.url, "GET", PROVIDERS),
                    ask(server.url, "POST", PROVIDERS, NEW),
                    ask(server.url, "HEAD", PROVIDERS),
                    ask(server.url, "DELETE", f"{PROVIDERS}/mine"),
                    ask(server.url, "GET", "/nothing"),
                    ask(server.url, "GET", f"{PROVIDERS}/%C3%A9"),
                ]
            )
    assert answers[0] == answers[1]
