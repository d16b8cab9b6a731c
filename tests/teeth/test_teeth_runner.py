"""The runner that shows the teeth: what it asks, what it counts as killed, and what it says of misses."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

# A judge in place of the contract tests: it asks for the list alone, and does otherwise as the server's name tells.
SUITE = """
import json, sys, time, urllib.request
options = dict(zip(sys.argv[3::2], sys.argv[4::2]))
headers = {"Coder-Session-Token": options["--token"]}
request = urllib.request.Request(sys.argv[2] + "/api/v2/ai/providers", headers=headers)
try:
    with urllib.request.urlopen(request) as answer:
        status, body = answer.status, answer.read()
except urllib.error.HTTPError as error:
    status, body = error.code, error.read()
assert status != 206, "a traceback"
if status == 200 and body.startswith(b"{"):
    time.sleep(30)
names = [row["name"] for row in json.loads(body)] if body.startswith(b"[") else []
found = [] if names == sorted(names) and names else [{"check": "rules.list-order", "also": ["rules.many-listed"]}]
kind, _, path = options["--report"].partition("=")
assert kind == "json"
with open(path, "w") as file:
    json.dump({"findings": found, "options": options}, file)
sys.exit(1 if found else 0)
"""


def run(tmp_path: Path, *options: str, faults: tuple[str, ...]) -> tuple[int, str, dict[str, Any]]:
    """Return exit code, text and report of a run of the runner with the judge above."""
    suite, outcomes = tmp_path / "suite.py", tmp_path / "outcomes.json"
    suite.write_text(SUITE)
    command = [sys.executable, str(ROOT / "scripts" / "teeth.py"), *options, "--json", str(outcomes)]
    command += [part for fault in faults for part in ("--only", fault)]
    done = subprocess.run([*command, "--suite", sys.executable, str(suite)], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr, json.loads(outcomes.read_text()) if outcomes.exists() else {}


def test_killed_and_missed_are_told_by_name(tmp_path: Path) -> None:
    faults = ("list-is-in-reverse", "create-answers-200", "list-answers-206", "list-is-open-to-members")
    code, said, told = run(tmp_path, faults=faults)
    outcomes = {one["fault"]: one for one in told["outcomes"]}
    assert list(outcomes) == ["create-answers-200", "list-answers-206", "list-is-in-reverse", "list-is-open-to-members"]
    assert [name for name, one in outcomes.items() if one["killed"]] == ["list-is-in-reverse"]
    assert outcomes["list-is-in-reverse"]["by_the_named_check"]
    assert outcomes["list-answers-206"]["note"].endswith("AssertionError: a traceback")
    assert code == 1
    assert told["share"] == 0.25
    assert "create-answers-200: A create answers 200. (status, schema.status)" in said
    assert "The sound server: exit 0, nothing found." in said


def test_all_killed_is_a_success(tmp_path: Path) -> None:
    code, said, told = run(tmp_path, "--profile", "documented", faults=("list-is-in-reverse", "list-is-by-id"))
    assert (code, told["share"]) == (0, 1.0), said
    assert "Missed" not in said


def test_servers_that_start_from_nothing_come_to_the_same(tmp_path: Path) -> None:
    faults = ("list-is-in-reverse", "create-answers-200")
    both = [run(tmp_path, *options, faults=faults)[2]["outcomes"] for options in ((), ("--isolated",))]
    told = [[{**one, "seconds": 0} for one in outcomes] for outcomes in both]
    assert told[0] == told[1]


def test_a_judge_that_hangs_is_cut_off(tmp_path: Path) -> None:
    code, _, told = run(tmp_path, "--limit", "1", faults=("list-is-wrapped",))
    assert (code, told["outcomes"][0]["note"]) == (1, "cut off")


def test_faults_of_the_other_profile_alone_are_not_asked_for(tmp_path: Path) -> None:
    code, said, told = run(tmp_path, "--profile", "documented", faults=("cookie-is-ignored",))
    assert (code, told) == (2, {})
    assert "no fault of the profile documented is called so" in said


@pytest.mark.parametrize("options", [("--every", "0"), ("--effort", "none")])
def test_wrong_options_are_refused(tmp_path: Path, options: tuple[str, ...]) -> None:
    assert run(tmp_path, *options, faults=())[0] == 2
