"""The independent server beyond the golden conversations: what it chooses, how it runs, and that it is independent."""

import ast
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.independent.app import create_app
from tests.independent.asking import COLLECTION, Step, ask, delete, get, make, patch, post
from tests.independent.serving import running

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "tests" / "independent"
READINGS = [("deployed", "lenient"), ("documented", "lenient"), ("documented", "strict")]
BEDROCK = {"_type": "bedrock", "_version": 1}
NOBODY = "00000000-0000-4000-8000-000000000000"

# reading, requests, status of the last one, members at fault (None: not told). What golden cases do not hold.
ROWS: list[tuple[str, list[Step], int, list[str] | None]] = [
    ("deployed", [get(token=None)], 401, None),
    ("deployed", [get("/api/v2/nowhere", token=None)], 401, None),
    ("deployed", [get("/nowhere", token=None)], 404, None),
    ("deployed", [Step("HEAD")], 200, None),
    ("deployed", [Step("HEAD", token=None)], 401, None),
    ("deployed", [Step("OPTIONS")], 405, None),
    ("lenient", [Step("OPTIONS")], 204, None),
    ("strict", [Step("OPTIONS")], 405, None),
    ("deployed", [post({"type": "x"}, token="MEMBER_KEY")], 400, ["base_url", "name", "type"]),
    ("deployed", [get("nobody", token="MEMBER_KEY")], 404, None),
    ("deployed", [make(), make(token=...), get("p", token="MEMBER_KEY")], 403, None),
    ("deployed", [make(base_url="https://e.com:99999/%zz?a#b")], 201, None),
    ("deployed", [make(base_url="https://user:word@e.com")], 201, None),
    ("deployed", [make(base_url="HTTPS://E.COM")], 201, None),
    ("deployed", [make(base_url="https://:8080")], 400, ["base_url"]),
    ("deployed", [make(base_url="https://user@")], 400, ["base_url"]),
    ("deployed", [make(base_url="https://e.com/a b")], 400, ["base_url"]),
    ("deployed", [make(base_url="https://[::1")], 400, ["base_url"]),
    ("deployed", [make(name="p" * 500)], 201, None),
    ("deployed", [make(display_name="\ud800")], 400, None),
    ("deployed", [make(display_name="a\u0000b")], 201, None),
    ("deployed", [make(type=..., name="Bad", api_keys=[" a", "b"])], 400, ["api_keys[0]", "name", "type"]),
    ("deployed", [make(type="bedrock", api_keys=["a"])], 400, ["api_keys", "settings"]),
    ("deployed", [make(type="bedrock", settings={**BEDROCK, "region": None})], 400, ["settings"]),
    ("deployed", [make(type="bedrock", settings={**BEDROCK, "region": "r", "_version": True})], 400, ["settings"]),
    ("deployed", [make(), patch(settings=BEDROCK)], 400, None),
    ("deployed", [make(type="anthropic", api_keys=["a"]), patch(settings=BEDROCK)], 400, None),
    ("deployed", [make(type="anthropic", api_keys=["a"]), patch(settings=BEDROCK, api_keys=[])], 200, None),
    ("deployed", [make(), patch(api_keys=[{"id": None, "api_key": "k"}])], 200, None),
    ("deployed", [make(), post(raw=b"[" * 100_000)], 400, None),
    ("deployed", [make(), post(raw=b'{"name": "\xff"}')], 400, None),
    ("deployed", [make(), post(raw=b" " * (9 << 20))], 413, None),
    ("lenient", [make(name="Any Name", base_url="")], 201, None),
    ("lenient", [make(), patch(api_keys=[{}])], 400, ["api_keys[0]"]),
    ("lenient", [make(), patch()], 200, None),
    ("strict", [make(base_url="string")], 400, ["base_url"]),
    ("strict", [make(name="Any Name")], 400, ["name"]),
    ("strict", [make(settings={})], 400, ["settings"]),
    ("strict", [make(), patch()], 400, None),
    ("strict", [make(), patch(api_keys=[{"id": NOBODY, "api_key": "k"}])], 400, ["api_keys[0]"]),
    ("strict", [get("Not_A_Name")], 404, None),
    ("strict", [get(token="MEMBER_KEY")], 200, None),
]


def app_of(reading: str, **more: Any) -> Any:
    return (
        create_app("deployed", **more) if reading == "deployed" else create_app("documented", reading=reading, **more)
    )


@pytest.mark.parametrize(("reading", "steps", "status", "fields"), ROWS)
def test_answers(reading: str, steps: list[Step], status: int, fields: list[str] | None) -> None:
    app = app_of(reading)
    reply = [ask(app, step) for step in steps][-1]
    assert reply.status == status, reply
    told = (reply.json or {}).get("validations") if status >= 400 and reply.payload else None
    assert (sorted(entry["field"] for entry in told) if told else None) == fields


@pytest.mark.parametrize(("profile", "reading"), READINGS)
def test_a_refusal_changes_not_one_byte(profile: str, reading: str) -> None:
    app = create_app(profile, reading=reading)
    ask(app, make(api_keys=["dummy-1"]))
    before = ask(app, get("/_state")).payload
    refused = [
        make(),
        post({"type": "x"}),
        patch(enabled=True, api_keys=[{"api_key": "dummy-2"}, {"id": NOBODY}]),
        patch("nobody", enabled=True),
        delete("nobody"),
        delete(token="EXPIRED_KEY"),
        Step("PUT", "p", {"enabled": True}),
    ]
    assert all(ask(app, step).status >= 400 for step in refused)
    assert ask(app, get("/_state")).payload == before == app.state()
    assert ask(app, delete()).status == 204
    assert app.state() == create_app(profile, reading=reading).state()


def test_updated_at_moves_even_when_the_clock_stands_still() -> None:
    fixed = create_app().clock()
    app = create_app(clock=lambda: fixed)
    times = [ask(app, step).json["updated_at"] for step in (make(), patch(enabled=True), patch(enabled=True))]
    assert times == sorted(set(times))


def test_a_seed_and_a_clock_make_every_answer_repeatable() -> None:
    fixed = create_app().clock()
    steps = [make(api_keys=["a", "b"]), patch(api_keys=[{"api_key": "c"}]), get()]
    one, other = ([ask(app, step) for step in steps] for app in (create_app(clock=lambda: fixed, seed=1) for _ in "ab"))
    assert list(one) == list(other)


def test_secrets_of_settings_are_kept_when_omitted_and_cleared_when_empty() -> None:
    app = create_app()
    ask(app, make(type="bedrock", settings={**BEDROCK, "access_key": "AKIADUMMY", "access_key_secret": "dummy-secret"}))
    ask(app, patch(settings={**BEDROCK, "region": "r", "access_key": ""}))
    (kept,) = [row for row in json.loads(app.state()) if row["name"] == "p"]
    assert kept["settings"] == {**BEDROCK, "region": "r", "access_key": "", "access_key_secret": "dummy-secret"}
    assert ask(app, get("p")).json["settings"] == {**BEDROCK, "region": "r"}


def test_creates_at_the_same_time_leave_one_provider_of_a_name() -> None:
    app = create_app()
    statuses: list[int] = []
    threads = [threading.Thread(target=lambda: statuses.append(ask(app, make()).status)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [201] + [409] * 15


def test_a_connection_is_kept_and_chunks_are_read() -> None:
    with running(create_app()) as url:
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=5)
        sockets = set()
        for _ in range(3):
            connection.request("GET", COLLECTION, headers={"Coder-Session-Token": "API_KEY"})
            assert connection.getresponse().read()
            sockets.add(connection.sock)
        body = iter([b'{"type": "openai", "name": "p",', b'"base_url": "https://e.com"}'])
        connection.request("POST", COLLECTION, body, {"Coder-Session-Token": "API_KEY"}, encode_chunked=True)
        reply = connection.getresponse()
        assert (reply.status, json.loads(reply.read())["name"], len(sockets)) == (201, "p", 1)
        connection.close()


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="the state file needs SIGUSR1, which this system lacks")
def test_the_process_says_where_it_listens_writes_its_state_and_ends(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    command = [sys.executable, "-m", "tests.independent", "--port", "0", "--state-file", str(state)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=5)
        connection.request("GET", "/_state")
        served = connection.getresponse().read()
        connection.close()
        os.kill(process.pid, signal.SIGUSR1)
        limit = time.monotonic() + 5
        while (not state.exists() or state.read_bytes() != served) and time.monotonic() < limit:
            time.sleep(0.01)
        assert state.read_bytes() == served == create_app().state()
        process.terminate()
        assert process.wait(5) == 0


def test_it_shares_no_code_with_the_mock_or_the_contract_tests_and_reads_no_document() -> None:
    for path in PACKAGE.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(source)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            tops = {name.split(".")[0] for name in names} - set(sys.stdlib_module_names)
            assert tops <= {"tests"}, path
            assert all(name.startswith("tests.independent") for name in names if name.startswith("tests")), path
        assert not re.search(r"\.ya?ml|openapi/", source), path
        assert len(source.splitlines()) < 400, path
