"""What Prism says is read right, and what cannot be had is said. (That it sees what is wrong, the script proves.)"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from judge_prism import Answer, Judge, JudgeFailed, Sent, Upstream, Verdict, Violation, read_violations  # noqa: E402
from second_judge import report  # noqa: E402

ENTRIES = [
    {"location": ["request", "body"], "severity": "Error", "code": "required", "message": "no name"},
    {"location": ["response", "body", "0", "id"], "severity": "Error", "code": "format", "message": "no uuid"},
    {"location": ["response"], "severity": "Warning", "message": "Unable to match the returned status code"},
]


def verdict(*violations: Violation, operation: str = "GET /a", status: int = 200) -> Verdict:
    return Verdict(Sent("GET", "/a"), Answer(status, (), b""), operation, False, violations)


def test_violations_of_requests_and_answers_are_told_apart() -> None:
    found = read_violations(json.dumps(ENTRIES))
    assert [(one.side, one.place, one.rule) for one in found] == [
        ("request", "body", "required"),
        ("response", "body/0/id", "format"),
        ("response", "", "document"),
    ]
    assert verdict(*found).faults == found[1:]
    assert read_violations("") == ()


def test_a_list_of_violations_that_was_cut_short_is_never_taken_for_none() -> None:
    (found,) = read_violations("Too many violations! " + json.dumps(ENTRIES)[:50])
    assert found.side == "response"


def test_an_answer_with_a_violation_is_printed_with_operation_place_and_rule(
    capsys: pytest.CaptureFixture[str],
) -> None:
    good, bad = verdict(), verdict(*read_violations(json.dumps(ENTRIES)), status=201)
    assert report("deployed", "golden exchanges", [good, bad, verdict(operation="")]) == 1
    out = capsys.readouterr().out
    assert "2 answers judged (2 in passing, 0 played back), 1 without a body to judge, 1 with violations" in out
    assert "by status: 200: 1, 201: 1" in out
    assert "! GET /a answered 201: body/0/id: format: no uuid" in out
    assert "no name" not in out


def test_a_document_by_which_prism_judges_no_bodies_is_refused(tmp_path: Path) -> None:
    with pytest.raises(JudgeFailed, match="jsonSchemaDialect"):
        Judge(Path("prism"), {"paths": {}, "jsonSchemaDialect": "x"}, Upstream(), "http://127.0.0.1:1", tmp_path)


def test_without_node_nothing_is_judged_and_that_is_said(tmp_path: Path) -> None:
    environment = {**os.environ, "PATH": str(tmp_path)}
    command = [sys.executable, str(ROOT / "scripts" / "second_judge.py")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 3
    assert "no 'node' and 'npm' found" in done.stderr
