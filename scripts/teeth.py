"""Show the teeth of the contract tests: run them against servers that are broken on purpose, and count what they find.

One run of the suite against the sound independent server comes first and must find nothing; then each fault of the
catalogue has a fresh server and a run of its own, two at a time. A fault is killed when the suite exits with 1;
whether the finding is of the check that the fault names is told apart. ``--plain`` does the same with plain
``st run`` and its defaults, for comparison: since that reports failures of the sound server too, a fault counts as
killed only when some (code, operation) is reported that is not among those.

A run at standard effort takes half a minute, so ``--staged`` first runs the check alone that a fault names, then the
rules, and the whole suite with its generated requests and sequences only where these find nothing: the whole run holds
the same checks, with the same seed and data.

Where the system can fork, servers and runs of the suite are forked from warm parents that have imported everything
(``scripts/warm.py``); ``--isolated`` starts each from nothing, which takes a second more and comes to the same.

``--json FILE`` is written as outcomes come in. ``--resume FILE`` goes on with such a file: what is in it already, by
the same options and commit, is not tried again.

Exit code: 0 enough was killed (all; at quick effort nine of ten) without a false alarm, 1 not so, 2 wrong usage, 130
interrupted.
"""

import argparse
import json
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from teeth_file import Outcome, Outcomes, commit
from teeth_runs import ROOT, SERVER, Starter, Verdict, plain, state, suite

LIMITS = {"quick": 90.0, "standard": 240.0, "thorough": 1500.0}  # seconds for one run of the suite
PLAIN_LIMIT = 300.0
LEAST = {"quick": 0.9, "standard": 1.0, "thorough": 1.0}
FINDINGS, USAGE, INTERRUPTED = 1, 2, 130
# What --staged runs where the check that a fault names finds nothing: the rules without the longest, the rules, all.
RULES = ("--skip", "schema", "--skip", "model")
LONGEST = ("--skip", "rules.concurrency", "--skip", "rules.many-listed", "--skip", "rules.repeatable")
STAGES = ((*RULES, *LONGEST), RULES, ())
JUDGED = ("schema.*", "rules.id-unique")  # no checks: what the judge of every answer finds, whatever is asked
ANSWERS = ("--only", "samples")  # the fewest requests that have answers of every kind


@dataclass(frozen=True)
class Fault:
    """One fault of the catalogue, as ``python -m tests.independent --list-json`` tells it."""

    id: str
    kind: str
    sentence: str
    profiles: tuple[str, ...]
    caught_by: str
    quick: bool
    core: bool


def catalogue() -> list[Fault]:
    """Return all faults, in the order of the catalogue."""
    command = [sys.executable, "-m", SERVER, "--list-json"]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return [Fault(**{**row, "profiles": tuple(row["profiles"])}) for row in json.loads(done.stdout)]


def chosen(faults: Sequence[Fault], options: argparse.Namespace) -> list[Fault]:
    """Return the faults that the options ask for: those of the profile, and of these a part."""
    rest = [fault for fault in faults if options.profile in fault.profiles]
    if options.only:
        return [f for f in rest if any(fnmatchcase(f.id, only) or f.kind == only for only in options.only)]
    if not options.all:
        rest = [fault for fault in rest if fault.core]
    return rest[:: options.every]


def stages(fault: Fault) -> tuple[tuple[str, ...], ...]:
    """Return what is run for a fault, the cheapest first; what follows is run where it finds nothing."""
    judged = any(fnmatchcase(fault.caught_by, name) for name in JUDGED)
    return (ANSWERS if judged else ("--only", fault.caught_by), *STAGES)


class Bench:
    """Servers and a judge of them, as the options ask for."""

    def __init__(self, options: argparse.Namespace, starter: Starter) -> None:
        self.options = options
        self.judge = plain(options) if options.plain else suite(options, starter)
        self._starter = starter

    def server(self, *faults: str) -> AbstractContextManager[str]:
        """Start a server with these faults; yields its address."""
        return self._starter.server(self.options.profile, *faults, reading=self.options.reading)

    def sound(self) -> Verdict:
        """Return what the judge says of the sound server; ``tail`` says whether what was there before was harmed."""
        with self.server() as url:
            before = state(url)
            verdict = self.judge(url, ())
            harmed = state(url) != before
        return Verdict(verdict.exit, verdict.found, "What was there before was harmed." if harmed else "")

    def attempt(self, fault: Fault, known: frozenset[str]) -> Outcome:
        """Return how the judge does on one fault; what it says of the sound server too counts for nothing."""
        start = time.monotonic()
        try:
            for part in stages(fault) if self.options.staged else ((),):
                with self.server(fault.id) as url:
                    verdict = self.judge(url, part)
                if verdict.exit == FINDINGS and not known.issuperset(verdict.found):
                    break
        except RuntimeError as error:  # one fault that cannot be served shall not cost the other runs
            return Outcome(fault.id, None, False, False, (), 0.0, str(error))
        new = tuple(name for name in verdict.found if name not in known)
        killed = verdict.exit == FINDINGS and bool(new)
        note = "cut off" if verdict.exit is None else "" if killed or verdict.exit == 0 else f"exit {verdict.exit}"
        if verdict.exit == FINDINGS and not verdict.found:  # a traceback exits with 1, too
            note = f"exit 1 without a finding: {' '.join(verdict.tail.strip().splitlines()[-1:])}"
        seconds = round(time.monotonic() - start, 1)
        return Outcome(fault.id, verdict.exit, killed, fault.caught_by in new, new, seconds, note)

    def attempts(self, faults: Sequence[Fault], known: frozenset[str], outcomes: Outcomes) -> None:
        """Add an outcome for each fault that has none, some runs at a time; tells each on stderr as it ends."""
        told = threading.Lock()
        over = False
        there = {outcome.fault for outcome in outcomes.all()}

        def one(fault: Fault) -> None:
            outcome = self.attempt(fault, known)
            with told:
                if over:
                    return
                outcomes.add(outcome)
                place = f"{len(outcomes.all()):4}/{len(faults)}"
                word = "killed" if outcome.killed else "MISSED"
                by = ", ".join(outcome.found[:3]) or outcome.note or "nothing found"
                print(f"{place} {word} {fault.id} ({outcome.seconds} s): {by}", file=sys.stderr, flush=True)

        pool = ThreadPoolExecutor(self.options.jobs)  # of threads that wait; what is forked is forked elsewhere
        try:
            for running in [pool.submit(one, fault) for fault in faults if fault.id not in there]:
                running.result()
        finally:
            with told:
                over = True
            pool.shutdown(wait=False, cancel_futures=True)


def report(faults: Sequence[Fault], outcomes: Sequence[Outcome], options: argparse.Namespace) -> str:
    """Return killed and total by kind, the misses by name, and those that another check has found."""
    by_id = {fault.id: fault for fault in faults}
    lines = [f"{'kind':14} killed  total  by the check named"]
    for kind in dict.fromkeys(fault.kind for fault in faults):
        mine = [outcome for outcome in outcomes if by_id[outcome.fault].kind == kind]
        lines.append(_row(kind, mine))
    lines.append(_row("all", outcomes))
    misses = [outcome for outcome in outcomes if not outcome.killed]
    if misses:
        lines += ["", "Missed:"]
        for outcome in misses:
            fault = by_id[outcome.fault]
            rare = "" if fault.quick or options.effort != "quick" else ", not asked of quick effort"
            note = f", {outcome.note}" if outcome.note else ""
            lines.append(f"  {fault.id}: {fault.sentence} ({fault.kind}, {fault.caught_by}{rare}{note})")
    others = [outcome for outcome in outcomes if outcome.killed and not outcome.by_the_named_check]
    if others and not options.plain:
        lines += ["", "Found by another check than the one named:"]
        lines += [f"  {one.fault}: {by_id[one.fault].caught_by}, found by {', '.join(one.found[:4])}" for one in others]
    return "\n".join(lines)


def _row(name: str, outcomes: Sequence[Outcome]) -> str:
    killed = sum(outcome.killed for outcome in outcomes)
    named = sum(outcome.by_the_named_check for outcome in outcomes)
    return f"{name:14} {killed:6} {len(outcomes):6} {named:19}"


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", choices=["documented", "deployed"], default="deployed")
    parser.add_argument("--reading", choices=["lenient", "strict"], default="lenient", help="of the documented profile")
    parser.add_argument("--effort", choices=list(LIMITS), default="quick")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", metavar="PATTERN", help="ids (with *) or kinds; may be repeated")
    parser.add_argument("--all", action="store_true", help="all faults, not two of each kind and check")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="every Nth fault alone")
    parser.add_argument("--staged", action="store_true", help="run whole only where a part finds nothing")
    parser.add_argument("--plain", action="store_true", help="judge by plain `st run` instead")
    parser.add_argument("--jobs", type=int, default=2, help="runs at a time")
    parser.add_argument("--limit", type=float, help="seconds for one run")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the outcomes there, as they come in")
    parser.add_argument("--resume", type=Path, metavar="FILE", help="go on with these outcomes, and write them there")
    parser.add_argument("--isolated", action="store_true", help="start every server and suite from nothing")
    parser.add_argument("--suite", nargs="+", help="how something else than the contract tests is started")
    options = parser.parse_args(given)
    if options.every < 1 or options.jobs < 1:
        parser.error("--every and --jobs must be at least 1")
    if options.limit is None:
        options.limit = PLAIN_LIMIT if options.plain else LIMITS[options.effort]
    options.json = options.json or options.resume
    return options


def main(given: Sequence[str] | None = None) -> int:
    """Run the judge on the sound server and on each fault; return the exit code."""
    options = arguments(given)
    faults = chosen(catalogue(), options)
    if not faults:
        print(f"no fault of the profile {options.profile} is called so; see python -m tests.independent --list")
        return USAGE
    outcomes = Outcomes(options, [fault.id for fault in faults], commit())
    if options.resume:
        print(outcomes.resume(options.resume))
    try:
        with Starter(options.isolated) as starter:
            alarm = tried(faults, Bench(options, starter), outcomes)
    except KeyboardInterrupt:
        again = f"; go on by --resume {options.json}" if options.json else ""
        print(f"interrupted after {len(outcomes.all())} of {len(faults)} faults{again}", file=sys.stderr)
        return INTERRUPTED
    print(report(faults, outcomes.all(), options))
    return 0 if options.plain or (outcomes.share >= LEAST[options.effort] and not alarm) else 1


def tried(faults: Sequence[Fault], bench: Bench, outcomes: Outcomes) -> bool:
    """Run the judge on the sound server and on each fault; return whether it found or harmed what is sound."""
    base = outcomes.sound = outcomes.sound or bench.sound()
    outcomes.write()
    print(f"The sound server: exit {base.exit}, {', '.join(base.found) or 'nothing found'}. {base.tail}".strip())
    alarm = base.exit != 0 or bool(base.tail)
    if alarm and not bench.options.plain:
        print("That is a false alarm, or harm; what is counted below is worth little before it is mended.")
    bench.attempts(faults, frozenset(base.found), outcomes)
    return alarm


if __name__ == "__main__":
    sys.exit(main())
