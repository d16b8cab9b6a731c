"""The file of outcomes: what is taken over from it, and what is tried anew."""

import json
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from teeth import arguments  # noqa: E402
from teeth_file import Outcome, Outcomes, commit  # noqa: E402
from teeth_runs import Verdict  # noqa: E402

ORDER = ("first", "second", "third")


def outcome(fault: str, code: int | None = 1) -> Outcome:
    return Outcome(fault, code, code == 1, code == 1, ("rules.mask",) if code == 1 else (), 0.1)


def options(path: Path, *given: str) -> Namespace:
    return arguments(["--json", str(path), *given])


def written(path: Path) -> Outcomes:
    """Return outcomes that were written down until the run was interrupted."""
    outcomes = Outcomes(options(path), ORDER, "abc")
    outcomes.sound = Verdict(0, (), "")
    for one in (outcome("third"), outcome("second", None), outcome("first", 0)):
        outcomes.add(one)
    return outcomes


def test_it_is_written_as_outcomes_come_in_in_the_order_of_the_faults(tmp_path: Path) -> None:
    path = tmp_path / "outcomes.json"
    outcomes = Outcomes(options(path), ORDER, "abc")
    outcomes.add(outcome("third"))
    assert [one["fault"] for one in json.loads(path.read_text())["outcomes"]] == ["third"]
    outcomes.add(outcome("first", 0))
    whole = json.loads(path.read_text())
    assert [one["fault"] for one in whole["outcomes"]] == ["first", "third"]
    assert (whole["commit"], whole["share"], whole["options"]["effort"]) == ("abc", 0.5, "quick")
    assert [one.name for one in tmp_path.iterdir()] == ["outcomes.json"]


def test_what_was_cut_off_is_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "outcomes.json"
    written(path)
    again = Outcomes(options(path), ORDER, "abc")
    assert again.resume(path).startswith("2 outcomes are taken over")
    assert again.all() == [outcome("first", 0), outcome("third")]
    assert again.sound == Verdict(0, (), "")


@pytest.mark.parametrize(
    ("given", "of", "said"),
    [
        ((), "def", "another commit"),
        ((), "", "no commit"),
        (("--effort", "standard"), "abc", "other options"),
        (("--profile", "documented"), "abc", "other options"),
        (("--seed", "2"), "abc", "other options"),
    ],
)
def test_outcomes_of_something_else_are_left_aside(tmp_path: Path, given: tuple[str, ...], of: str, said: str) -> None:
    path = tmp_path / "outcomes.json"
    written(path)
    again = Outcomes(options(path, *given), ORDER, of)
    assert said in again.resume(path)
    assert (again.all(), again.sound) == ([], None)


def test_a_part_of_the_faults_takes_over_that_part(tmp_path: Path) -> None:
    path = tmp_path / "outcomes.json"
    written(path)
    again = Outcomes(options(path, "--every", "2"), ("third", "fourth"), "abc")
    again.resume(path)
    assert again.all() == [outcome("third")]


def test_resuming_writes_to_the_same_file_unless_told_otherwise(tmp_path: Path) -> None:
    assert arguments(["--resume", "a.json"]).json == Path("a.json")
    assert arguments(["--resume", "a.json", "--json", "b.json"]).json == Path("b.json")
    assert "not there yet" in Outcomes(options(tmp_path / "b.json"), ORDER, "abc").resume(tmp_path / "a.json")


def test_a_commit_is_one_while_what_is_judged_is_as_committed(tmp_path: Path) -> None:
    def git(*given: str) -> None:
        who = ("-c", "user.name=Nobody", "-c", "user.email=nobody@example.com", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *who, *given], cwd=tmp_path, check=True, capture_output=True)

    assert commit(tmp_path) == ""
    git("init")
    for name in ("contract_tests", "tests/independent", "openapi", "docs"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "file").write_text("one")
    git("add", ".")
    git("commit", "-m", "One")
    first = commit(tmp_path)
    assert len(first) == 40
    (tmp_path / "docs" / "file").write_text("two")
    assert commit(tmp_path) == first
    (tmp_path / "tests" / "independent" / "new").write_text("two")
    assert commit(tmp_path) == ""
