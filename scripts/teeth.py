"""Show the teeth of the contract tests: run them against servers that are broken on purpose, and count what they find.

One run of the suite against the sound independent server comes first and must find nothing; then each fault of the
catalogue has a fresh server and a run of its own, two at a time. A fault is killed when the suite exits with 1;
whether the finding is of the check that the fault names is told apart. ``--plain`` does the same with plain
``st run`` and its defaults, for comparison: since that reports failures of the sound server too, a fault counts as
killed only when some (code, operation) is reported that is not among those.

A run at standard effort takes half a minute, so ``--staged`` first runs the check alone that a fault names, then all
but the generated requests and sequences, and the whole suite only where these find nothing: the whole run holds the
same checks, with the same seed and data.

Exit code: 0 enough was killed (all; at quick effort nine of ten) without a false alarm, 1 not so, 2 wrong usage.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SERVER = [sys.executable, "-m", "tests.independent"]
OWNER, MEMBER, REFUSED = "API_KEY", "MEMBER_KEY", ("EXPIRED_KEY", "SUSPENDED_KEY")
LIMITS = {"quick": 90.0, "standard": 240.0, "thorough": 1500.0}  # seconds for one run of the suite
PLAIN_LIMIT = 300.0
LEAST = {"quick": 0.9, "standard": 1.0, "thorough": 1.0}
FINDINGS = 1
STAGES = (("--skip", "schema", "--skip", "model"), ())  # what --staged runs where the check named finds nothing


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


@dataclass(frozen=True)
class Verdict:
    """What a judge said of one server."""

    exit: int | None
    found: tuple[str, ...]
    tail: str


Judge = Callable[[str, Sequence[str]], Verdict]  # takes the address of a server, and options of the suite


def catalogue() -> list[Fault]:
    """Return all faults, in the order of the catalogue."""
    done = subprocess.run([*SERVER, "--list-json"], cwd=ROOT, check=True, capture_output=True, text=True)
    return [Fault(**{**row, "profiles": tuple(row["profiles"])}) for row in json.loads(done.stdout)]


def chosen(faults: Sequence[Fault], options: argparse.Namespace) -> list[Fault]:
    """Return the faults that the options ask for: those of the profile, and of these a part."""
    rest = [fault for fault in faults if options.profile in fault.profiles]
    if options.only:
        return [f for f in rest if any(fnmatchcase(f.id, only) or f.kind == only for only in options.only)]
    if not options.all:
        rest = [fault for fault in rest if fault.core]
    return rest[:: options.every]


@contextmanager
def server(profile: str, *faults: str, reading: str = "lenient") -> Iterator[str]:
    """Start a server of its own with these faults; yields its address once it listens, and stops it.

    Raises :class:`RuntimeError` where it does not start.
    """
    command = [*SERVER, "--port", "0", "--profile", profile, "--reading", reading]
    command += [part for fault in faults for part in ("--fault", fault)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            if not address:
                raise RuntimeError(f"{' '.join(command)} ended with {process.wait()} before it listened")
            yield address
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()


def state(url: str) -> bytes:
    """Return all that a server keeps, byte for byte."""
    with urllib.request.urlopen(f"{url}/_state", timeout=10) as answer:  # noqa: S310 - loopback, http
        return bytes(answer.read())


def finished(command: Sequence[str], limit: float, folder: str) -> tuple[int | None, str]:
    """Run a command to its end or to its limit; return its exit code (None: cut off) and the end of what it said."""
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        said, _ = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        process.kill()
        said, _ = process.communicate()
        return None, said[-2000:]
    return process.returncode, said[-2000:]


def suite(options: argparse.Namespace) -> Judge:
    """Return the judge that is the contract tests."""

    def judge(url: str, part: Sequence[str]) -> Verdict:
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.json"
            command = [*options.suite, "run", url, "--profile", options.profile, "--token", OWNER]
            command += [part for token in REFUSED for part in ("--refused-token", token)]
            command += ["--other-token", MEMBER, "--seed", str(options.seed), "--effort", options.effort]
            code, tail = finished([*command, *part, "--report", f"json={report}"], options.limit, str(ROOT))
            return Verdict(code, _checks(report), tail)

    return judge


def _checks(report: Path) -> tuple[str, ...]:
    """Return the checks that a report of the suite names, each once, in its order."""
    if not report.exists():
        return ()
    found = json.loads(report.read_text(encoding="utf-8")).get("findings", [])
    return tuple(dict.fromkeys(name for one in found for name in (one["check"], *one.get("also", ()))))


def plain(options: argparse.Namespace) -> Judge:
    """Return the judge that is ``st run`` with its defaults."""
    document = ROOT / "openapi" / f"{options.profile}.yaml"

    def judge(url: str, _: Sequence[str]) -> Verdict:
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.json"
            command = [str(Path(sys.executable).parent / "st"), "run", str(document), "--url", url]
            command += ["--header", f"Coder-Session-Token: {OWNER}", "--report-json-path", str(report)]
            code, tail = finished(command, options.limit, folder)
            return Verdict(code, _codes(report), tail)

    return judge


def _codes(report: Path) -> tuple[str, ...]:
    """Return the failures of a report of schemathesis, as code and operation."""
    if not report.exists():
        return ()
    found = json.loads(report.read_text(encoding="utf-8")).get("failures", [])
    return tuple(sorted({f"{one['code']} {_name(operation)}" for one in found for operation in one["operations"]}))


def _name(operation: Any) -> str:
    return str(operation.get("label", operation)) if isinstance(operation, dict) else str(operation)


def sound(options: argparse.Namespace, judge: Judge) -> Verdict:
    """Return what the judge says of the sound server; ``tail`` says whether what was there before was harmed."""
    with server(options.profile, reading=options.reading) as url:
        before = state(url)
        verdict = judge(url, ())
        harmed = state(url) != before
    return Verdict(verdict.exit, verdict.found, "What was there before was harmed." if harmed else "")


def attempt(fault: Fault, options: argparse.Namespace, judge: Judge, known: frozenset[str]) -> Outcome:
    """Return how a judge does on one fault; what it says of the sound server too (``known``) counts for nothing."""
    start = time.monotonic()
    try:
        for part in (("--only", fault.caught_by), *STAGES) if options.staged else ((),):
            with server(options.profile, fault.id, reading=options.reading) as url:
                verdict = judge(url, part)
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


def attempts(
    faults: Sequence[Fault], options: argparse.Namespace, judge: Judge, known: frozenset[str]
) -> list[Outcome]:
    """Return the outcomes for faults, in their order, two runs at a time; tells each on stderr as it ends."""
    told = threading.Lock()
    done = 0

    def one(fault: Fault) -> Outcome:
        nonlocal done
        outcome = attempt(fault, options, judge, known)
        with told:
            done += 1
            word = "killed" if outcome.killed else "MISSED"
            by = ", ".join(outcome.found[:3]) or outcome.note or "nothing found"
            print(f"{done:4}/{len(faults)} {word} {fault.id} ({outcome.seconds} s): {by}", file=sys.stderr, flush=True)
        return outcome

    with ThreadPoolExecutor(options.jobs) as pool:
        return list(pool.map(one, faults))


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
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the outcomes there")
    command = [sys.executable, "-m", "contract_tests"]
    parser.add_argument("--suite", nargs="+", default=command, help="how the contract tests are started")
    options = parser.parse_args(given)
    if options.every < 1 or options.jobs < 1:
        parser.error("--every and --jobs must be at least 1")
    if options.limit is None:
        options.limit = PLAIN_LIMIT if options.plain else LIMITS[options.effort]
    return options


def main(given: Sequence[str] | None = None) -> int:
    """Run the judge on the sound server and on each fault; return the exit code."""
    options = arguments(given)
    faults = chosen(catalogue(), options)
    if not faults:
        print(f"no fault of the profile {options.profile} is called so; see python -m tests.independent --list")
        return 2
    judge = plain(options) if options.plain else suite(options)
    base = sound(options, judge)
    print(f"The sound server: exit {base.exit}, {', '.join(base.found) or 'nothing found'}. {base.tail}".strip())
    alarm = base.exit != 0 or bool(base.tail)
    if alarm and not options.plain:
        print("That is a false alarm, or harm; what is counted below is worth little before it is mended.")
    outcomes = attempts(faults, options, judge, frozenset(base.found))
    print(report(faults, outcomes, options))
    share = sum(outcome.killed for outcome in outcomes) / len(outcomes)
    if options.json:
        rows = {"sound": asdict(base), "outcomes": [asdict(outcome) for outcome in outcomes], "share": share}
        options.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    return 0 if options.plain or (share >= LEAST[options.effort] and not alarm) else 1


if __name__ == "__main__":
    sys.exit(main())
