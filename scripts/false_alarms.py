"""Count false alarms: run the contract tests against sound servers, with several seeds; every finding is one too many.

The sound servers are the mock and the independent server, in both profiles, the independent one in both readings of the
documented profile. Whatever was there before a run must be there after it, byte for byte.

``--variations`` takes others: the independent server with one sound variation each, such as HTTP/1.0, gzip, other
spellings of JSON, times and ids, lower limits (``tests/independent/variations``), in every profile where it is sound.

Exit code: 0 no alarm and no harm, 1 not so, 2 wrong usage.
"""

import argparse
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path

from teeth import LIMITS
from teeth_runs import OWNER, ROOT, SERVER, Starter, Verdict, state, suite

SOUND = (
    ("the mock", "deployed", ""),
    ("the mock", "documented", ""),
    ("the independent server", "deployed", "lenient"),
    ("the independent server", "documented", "lenient"),
    ("the independent server", "documented", "strict"),
)


@contextmanager
def mock(profile: str) -> Iterator[str]:
    """Start a mock of its own; yields its address, and stops it."""
    program = str(Path(sys.executable).with_name("mockserver"))
    command = [program, "serve", "--port", "0", "--profile", profile]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[-1]
        finally:
            process.terminate()


def providers(url: str) -> bytes:
    """Return what the mock lists, in one form whatever the order of members."""
    request = urllib.request.Request(f"{url}/api/v2/ai/providers", headers={"Coder-Session-Token": OWNER})  # noqa: S310
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback, http
        return json.dumps(json.load(answer), sort_keys=True).encode()


def main(given: Sequence[str] | None = None) -> int:
    """Run the suite against each sound server with each seed; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--effort", choices=list(LIMITS), default="standard")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--suite", nargs="+", help="how something else than the contract tests is started")
    parser.add_argument(
        "--variations", action="store_true", help="test sound variations, with the seed 1, two at a time"
    )
    parser.add_argument("--only", action="append", default=[], metavar="ID", help="these variations; may be a pattern")
    options = parser.parse_args(given)
    options.limit = LIMITS[options.effort]
    if options.only and not options.variations:
        parser.error("--only takes ids of sound variations; add --variations")
    chosen = variations(options.only) if options.variations else []
    if options.variations and not chosen:
        parser.error(f"no variation is called {' or '.join(options.only)}: python -m {SERVER} --list-variations")
    with Starter() as starter:
        if options.variations:
            runs, alarms = len(chosen), varied(options, starter, chosen)
        else:
            runs, alarms = len(SOUND) * options.seeds, counted(options, starter)
    print(f"{alarms} false alarms in {runs} runs at {options.effort}")
    return 1 if alarms else 0


def variations(only: Sequence[str]) -> list[tuple[str, str, str]]:
    """Return the sound variations that are asked for: id, profile and reading, once for each in which it is sound."""
    command = [sys.executable, "-m", SERVER, "--list-variations"]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return [
        (row["id"], profile, reading)
        for row in json.loads(done.stdout)
        if not only or any(fnmatchcase(row["id"], one) for one in only)
        for name, profile, reading in SOUND
        if reading and profile in row["profiles"]
    ]


def varied(given: argparse.Namespace, starter: Starter, chosen: Sequence[tuple[str, str, str]]) -> int:
    """Run and tell variations, two at a time; return the number of alarms."""

    def one(which: tuple[str, str, str]) -> bool:
        name, profile, reading = which
        options = argparse.Namespace(**{**vars(given), "profile": profile, "seed": 1})
        started = time.monotonic()
        with starter.server(profile, name, reading=reading) as url:
            before = state(url)
            verdict = suite(options, starter)(url, ())
            harmed = state(url) != before
        return told(f"{name}, {profile}, {reading}", started, verdict, harmed)

    with ThreadPoolExecutor(2) as pool:
        return sum(pool.map(one, chosen))


def counted(options: argparse.Namespace, starter: Starter) -> int:
    """Run and tell everything; return the number of alarms."""
    alarms = 0
    for name, profile, reading in SOUND:
        options.profile = profile
        for seed in range(1, options.seeds + 1):
            options.seed = seed
            started = time.monotonic()
            with starter.server(profile, reading=reading) if reading else mock(profile) as url:
                read = state if reading else providers
                before = read(url)
                verdict = suite(options, starter)(url, ())
                harmed = read(url) != before
            place = f"{name}, {profile}{f', {reading}' if reading else ''}, seed {seed}"
            alarms += told(place, started, verdict, harmed)
    return alarms


def told(place: str, started: float, verdict: Verdict, harmed: bool) -> bool:
    """Tell how one run ended; return whether it was a false alarm."""
    wrong = verdict.exit != 0 or harmed
    said = ", ".join(verdict.found) or verdict.tail.strip()[-200:]
    what = f"exit {verdict.exit}: {said}" if wrong else "sound"
    print(f"{place} ({time.monotonic() - started:.1f} s): {what}{', and harmed' if harmed else ''}", flush=True)
    return wrong


if __name__ == "__main__":
    sys.exit(main())
