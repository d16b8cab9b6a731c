"""Servers and suites forked from a warm parent: they do as those that start from nothing, and end with their parent."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from teeth_runs import OWNER, SERVER, Starter, Warm, state, suite  # noqa: E402

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
FAULTS = {  # each with what is run of the suite
    "": ("--only", "rules.mask"),
    "mask-of-ten-shows-one": ("--only", "rules.mask"),
    "names-may-not-be-ids": ("--only", "rules.lookup"),
    "errors-answer-200": ("--only", "schema.coverage"),
    "list-is-wrapped": ("--only", "model"),
}


@pytest.fixture(scope="module")
def warm() -> Iterator[Starter]:
    with Starter() as starter:
        yield starter


@pytest.fixture(scope="module")
def isolated() -> Iterator[Starter]:
    with Starter(isolated=True) as starter:
        yield starter


def told(starter: Starter, folder: Path, fault: str, part: tuple[str, ...]) -> tuple[Any, ...]:
    """Return exit code and report of a run, without what differs from one run to the next."""
    report = folder / "report.json"
    given = ["--profile", "deployed", "--token", OWNER, "--effort", "quick", "--run", "twice", "--report"]
    with starter.server("deployed", *([fault] if fault else [])) as url:
        code, said = starter.suite(["run", url, *given, f"json={report}", *part], 60)
    whole = json.loads(report.read_text())
    checks = [{**one, "seconds": 0, "started": 0} for one in whole["checks"]]
    findings = [(one["check"], one["code"], one["seen"], len(one["steps"])) for one in whole["findings"]]
    return code, said.splitlines()[0].startswith("Testing http://"), checks, findings, whole["coverage"]


@pytest.mark.parametrize(("fault", "part"), FAULTS.items(), ids=lambda value: value or "sound")
def test_both_ways_tell_the_same(
    warm: Starter, isolated: Starter, tmp_path: Path, fault: str, part: tuple[str, ...]
) -> None:
    one, other = (told(starter, tmp_path, fault, part) for starter in (warm, isolated))
    assert one == other
    assert one[0] == (1 if fault else 0)


@pytest.mark.parametrize("given", [("--only", "none.such"), ("--effort", "none"), ("--none",)])
def test_wrong_usage_ends_as_it_does_in_a_process_of_its_own(
    warm: Starter, isolated: Starter, given: tuple[str, ...]
) -> None:
    both = [starter.suite(["run", "http://127.0.0.1:1", *given], 30) for starter in (warm, isolated)]
    assert both[0] == both[1]
    assert both[0][0] == 2


def test_a_suite_is_cut_off_at_its_limit(warm: Starter) -> None:
    options = Namespace(profile="deployed", seed=1, effort="standard", suite=None, limit=0.2)
    with warm.server("deployed") as url:
        assert suite(options, warm)(url, ()).exit is None


def test_each_server_is_a_new_one_and_ends_where_it_is_let_go(warm: Starter) -> None:
    states = []
    for _ in range(2):
        with warm.server("deployed") as url:
            states.append(json.loads(state(url)))
            asked = urllib.request.Request(f"{url}/api/v2/ai/providers", b"{}", {"Coder-Session-Token": OWNER})
            with pytest.raises(urllib.error.HTTPError, match="400"):
                urllib.request.urlopen(asked)
    with pytest.raises(OSError, match="refused"):
        state(url)
    assert len(states[0]) == len(states[1])


def test_a_fault_that_is_none_is_told(warm: Starter) -> None:
    with pytest.raises(RuntimeError, match="ended before it listened"), warm.server("deployed", "no-such-fault"):
        pass


def test_a_parent_that_is_let_go_ends_what_it_started() -> None:
    parent = Warm(SERVER)
    url = parent.ask(start=["--port", "0"])["said"]
    state(url)
    parent.close()
    with pytest.raises(OSError, match="refused"):
        state(url)
    with pytest.raises((RuntimeError, ValueError)):
        parent.ask(stop=True)


def test_a_parent_has_one_thread_and_no_module_of_the_project_but_its_program() -> None:
    code = (
        "import os, sys; sys.path[:0] = ['scripts', '.']; import warm; warm.prepare('contract_tests');"
        "print(len(os.listdir('/proc/self/task')) if os.path.isdir('/proc/self/task') else 1);"
        "print(*[name for name in sys.modules if name.partition('.')[0] in ('tests', 'mockserver', 'scripts')])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1"]
