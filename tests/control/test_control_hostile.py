"""Bad input to the control API: always a refusal in its own shape, and never a change. schemathesis finds nothing."""

import io
import itertools
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from test_control_api import NEW, PATH, Client

from mockserver.contract import yamlfile
from mockserver.engine.contract import Contract
from mockserver.resources import control_document_path
from mockserver.server import LocalServer

PLANS = Contract(yamlfile.load(control_document_path())).plans.values()
FILLED = {
    "session": "default",
    "collection": "providers",
    "key": "497f6eca-6276-4993-bfeb-53cbbbba6f08",
    "snapshot": "kept",
    "fault": "kept",
    "preset": "flaky",
    "entry": "1",
}
MEMBERS = ("name", "parts", "snapshot", "providers", "session", "match", "effect", "faults", "now", "seconds")
BODIES = {
    "malformed": b'{"name": ',
    "not JSON": b"\xff\xfe\x00",
    "deep": b"[" * 5000,
    "an array": b"[]",
    "text": b'"x"',
    "null": b"null",
    "twice": b'{"name": "a", "name": "b", "session": 1, "session": 2}',
    "unknown members": b'{"zzz": 1}',
    "oversized": b'{"name": "' + b"x" * 2_000_000 + b'"}',
    "wrong types": json.dumps({name: {"a": [1]} for name in MEMBERS}).encode(),
}


def filled() -> Client:
    """Return a mock in which everything that ``FILLED`` names is there."""
    made = Client()
    made.api("POST", PATH, NEW)
    made.control("PUT", "/snapshots/kept", status=201)
    made.control(
        "POST", "/sessions/default/faults", {"id": "kept", "effect": {"kind": "delay", "seconds": 0}}, status=201
    )
    return made


@pytest.fixture(scope="module")
def client() -> Client:
    return filled()


def everything(client: Client) -> Any:
    paths = ("/sessions/default/state", "/sessions/default/faults", "/snapshots", "/sessions/default/clock", "/presets")
    told = [client.control("GET", path) for path in paths]
    told[3].pop("now")
    names = [session["name"] for session in client.control("GET", "/sessions")["sessions"]]
    return [*told, names, len(client.mock.sessions.default.journal)]


def url(plan: Any, **values: str) -> str:
    path = str(plan.operation.path)
    for name, value in {**FILLED, **values}.items():
        path = path.replace("{" + name + "}", value)
    return path


@pytest.mark.parametrize("plan", [p for p in PLANS if p.body_plans], ids=lambda plan: plan.operation.id)
def test_bad_bodies_are_refused_and_change_nothing(client: Client, plan: Any) -> None:
    before = everything(client)
    for what, body in BODIES.items():
        if what == "unknown members" and plan.operation.id == "changeRecord":
            continue  # what a contract does not know, fixtures and requests ignore
        answer = client.client.open(
            url(plan), method=plan.operation.method, data=body, headers={"Content-Type": "application/json"}
        )
        assert 400 <= answer.status_code < 500, (what, answer.text)
        assert {"message"} <= set(answer.get_json()) <= {"message", "detail", "validations"}, what
    assert everything(client) == before


@pytest.mark.parametrize("plan", [p for p in PLANS if not p.body_plans], ids=lambda plan: plan.operation.id)
def test_a_body_is_refused_where_none_is_taken(client: Client, plan: Any) -> None:
    before = everything(client)
    for body in (b'{"match": {"method": "POST"}}', b"{", b"[]", b"x" * 2_000_000):
        answer = client.client.open(
            url(plan), method=plan.operation.method, data=body, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == (413 if len(body) > 1000 else 400), (body[:20], answer.text)
        assert answer.get_json()["message"]
    assert everything(client) == before


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.operation.id)
def test_bad_names_reach_nothing(client: Client, plan: Any) -> None:
    before = everything(client)
    for name in [name for name in FILLED if "{" + name + "}" in plan.operation.path]:
        for bad in ("..", "%2e%2e%2fetc", "x" * 2000, "%00", "a%20b", "%F0%9F%92%A9", "-1", "nobody"):
            if bad == "nobody" and plan.operation.id == "takeSnapshot":
                continue  # a good name for a new one
            answer = client.client.open(url(plan, **{name: bad}), method=plan.operation.method, json={})
            assert 400 <= answer.status_code < 500, (name, bad, answer.text)
            assert answer.get_json()["message"]
    assert everything(client) == before


def test_all_or_nothing_when_one_fault_of_many_is_impossible(client: Client) -> None:
    before = everything(client)
    faults = [{"effect": {"kind": "malformed"}}, {"effect": {"kind": "status", "status": 418}}]
    client.control("PUT", "/sessions/default/faults", {"faults": faults}, status=400)
    assert everything(client) == before


def bounded(app: Any) -> Any:
    """Return an application whose streams end after their first events, and whose long polls are short ones."""

    def serve(environ: dict[str, Any], start_response: Any) -> Any:
        if environ["PATH_INFO"].endswith("/journal/stream"):
            answer = app(environ, start_response)
            first = list(itertools.islice(answer, 1))
            getattr(answer, "close", lambda: None)()
            return first
        if environ["PATH_INFO"].endswith("/journal/wait") and environ.get("CONTENT_LENGTH"):
            body = shortened(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
            environ = {**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        return app(environ, start_response)

    return serve


def shortened(body: bytes) -> bytes:
    """Return a body that waits for a moment where it would wait for long, and is as good or bad as before."""
    try:
        value = json.loads(body)
    except ValueError:
        return body
    seconds = value.get("seconds", 10) if isinstance(value, dict) else None
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0.01 < seconds <= 60:
        return body
    return json.dumps({**value, "seconds": 0.01}).encode()


# Single requests go to what is there, so that what comes after its name is tested (names are the test above);
# sequences of them make what they use.
THERE = "[parameters]\n" + "".join(f'"path.{name}" = "{value}"\n' for name, value in FILLED.items())


@pytest.mark.parametrize(
    ("phases", "there", "examples", "least"), [("coverage,fuzzing", THERE, 2, 3000), ("stateful", "", 20, 60)]
)
def test_schemathesis_finds_nothing_wrong_with_the_control_api(
    tmp_path: Path, phases: str, there: str, examples: int, least: int
) -> None:
    settings = f'continue-on-failure = true\n[generation]\ndatabase = "none"\n{there}'
    (tmp_path / "schemathesis.toml").write_text(settings)
    # A request that fits its schema may be refused for what is there, or is not: that is no finding.
    checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
    with LocalServer(app=bounded(filled().mock.app)) as server:
        command = [str(Path(sys.executable).with_name("st")), "run", str(control_document_path())]
        command += ["--url", f"{server.url}/__mock__", "--checks", f"{checks},negative_data_rejection", "--mode", "all"]
        command += ["--phases", phases, "--max-examples", str(examples), "--seed", "1", "--no-color"]
        done = subprocess.run(
            command, cwd=tmp_path, env={**os.environ, "PYTHONWARNINGS": ""}, capture_output=True, text=True, timeout=400
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Selected: {len(PLANS)}/{len(PLANS)}" in done.stdout
    for phase in phases.split(","):
        assert re.search(rf"✅ +{phase.capitalize()}", done.stdout), done.stdout
    generated = re.search(r"(\d+) generated", done.stdout)
    assert generated is not None
    assert int(generated[1]) > least, done.stdout
