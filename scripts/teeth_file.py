"""The file of outcomes: written as they come in, so that a run that was interrupted goes on where it stopped."""

import argparse
import json
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from teeth_runs import ROOT, Verdict

JUDGED = ("contract_tests", "tests/independent", "openapi")  # what an outcome depends on, beside the options
OPTIONS = ("profile", "reading", "effort", "seed", "staged", "plain", "limit", "suite")


@dataclass(frozen=True)
class Outcome:
    """How one run ended; ``exit`` is None where it was cut off, ``found`` names checks (or codes), the first first."""

    fault: str
    exit: int | None
    killed: bool
    by_the_named_check: bool
    found: tuple[str, ...]
    seconds: float
    note: str = ""


def commit(root: Path = ROOT) -> str:
    """Return the commit that is checked out; empty where what is judged differs from it, or where nobody can tell."""

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    try:
        head = git("rev-parse", "HEAD")
        return "" if git("status", "--porcelain", "--", *JUDGED) else head
    except (OSError, subprocess.CalledProcessError):
        return ""


class Outcomes:
    """The outcomes of a run, and the file they are written to as they come in.

    ``order`` is that of the faults, ``of`` the commit that is judged, empty where it is none.
    """

    def __init__(self, options: argparse.Namespace, order: Sequence[str], of: str) -> None:
        self.sound: Verdict | None = None
        self._path: Path | None = options.json
        self._order = list(order)
        self._done: dict[str, Outcome] = {}
        given: dict[str, Any] = {name: getattr(options, name) for name in OPTIONS}
        self._of = {"commit": of, "options": given}

    def resume(self, path: Path) -> str:
        """Take over what a file holds of the same options and commit; return what there is to say about it."""
        if not path.exists():
            return f"{path} is not there yet: all is tried."
        if not self._of["commit"]:
            return f"{path} is left aside: {', '.join(JUDGED)} are no commit as they are."
        read = json.loads(path.read_text(encoding="utf-8"))
        if any(read.get(name) != value for name, value in self._of.items()):
            return f"{path} is left aside: it is of other options or another commit."
        if read["sound"] is not None and read["sound"]["exit"] is not None:
            self.sound = Verdict(**{**read["sound"], "found": tuple(read["sound"]["found"])})
        for row in read["outcomes"]:
            if row["exit"] is not None and row["fault"] in self._order:  # what was cut off is tried once more
                self._done[row["fault"]] = Outcome(**{**row, "found": tuple(row["found"])})
        return f"{len(self._done)} outcomes are taken over from {path}."

    def add(self, outcome: Outcome) -> None:
        """Take an outcome, and write the file anew."""
        self._done[outcome.fault] = outcome
        self.write()

    def all(self) -> list[Outcome]:
        """Return the outcomes so far, in the order of the faults."""
        return [self._done[fault] for fault in self._order if fault in self._done]

    @property
    def share(self) -> float:
        """The share that was killed of those that there is an outcome for."""
        return sum(outcome.killed for outcome in self._done.values()) / max(1, len(self._done))

    def write(self) -> None:
        """Write the file, all or nothing: whoever reads it, or stops this, never meets one half."""
        if self._path is None:
            return
        rows = [asdict(outcome) for outcome in self.all()]
        sound = asdict(self.sound) if self.sound is not None else None
        whole = {**self._of, "sound": sound, "outcomes": rows, "share": self.share}
        beside = self._path.with_name(f".{self._path.name}.tmp")
        beside.write_text(json.dumps(whole, indent=1), encoding="utf-8")
        beside.replace(self._path)
