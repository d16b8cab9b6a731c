"""Bad input to the control API: always a refusal in its own shape, and never a change. schemathesis finds nothing."""

import json
import os
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
from mockserver.settings import Settings

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


@pytest.fixture(scope="module")
def client() -> Client:
    made = Client()
    made.api("POST", PATH, NEW)
    made.control("PUT", "/snapshots/kept", status=201)
    made.control(
        "POST", "/sessions/default/faults", {"id": "kept", "effect": {"kind": "delay", "seconds": 0}}, status=201
    )
    return made


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


def test_schemathesis_finds_nothing_wrong_with_the_control_api(tmp_path: Path) -> None:
    (tmp_path / "schemathesis.toml").write_text(
        'continue-on-failure = true\n[generation]\ndatabase = "none"\n[[operations]]\n'
        'include-name = ["GET /sessions/{session}/journal/stream", "POST /sessions/{session}/journal/wait"]\n'
        "enabled = false\n"
    )
    # A request that fits its schema may be refused for what is there, or is not: that is no finding.
    checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
    with LocalServer(Settings()) as server:
        command = [str(Path(sys.executable).with_name("st")), "run", str(control_document_path())]
        command += ["--url", f"{server.url}/__mock__", "--checks", f"{checks},negative_data_rejection"]
        command += [
            "--max-examples",
            "4",
            "--seed",
            "1",
            "--no-color",
            "--mode",
            "all",
            "--phases",
            "examples,coverage,fuzzing",
        ]
        done = subprocess.run(
            command, cwd=tmp_path, env={**os.environ, "PYTHONWARNINGS": ""}, capture_output=True, text=True, timeout=240
        )
    assert done.returncode == 0, done.stdout + done.stderr
