"""Measure the table of `docs/performance.md`: ``python -m benchmarks`` (`make bench BENCH='--only prism --rounds 3'`).

Exit code 0: every figure that was measured is reached; 1: one is missed; 2: nothing could be measured, or a usage
error.
"""

import argparse
import json
import os
import platform
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import FrameType

from benchmarks.measures import GROUPS, Bench
from benchmarks.peers import TOOLS
from benchmarks.processes import CannotMeasure
from benchmarks.results import Result, Row, choose, header, line, summary, to_json


def main() -> int:
    """Measure what is asked for, print the table, and return the exit code."""
    options = _options()
    try:
        rows = choose(options.only)
    except ValueError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, _interrupt)
    results: list[Result] = []
    measurable = _with_tools(rows.values())
    machine = _machine()
    print(f"{options.rounds} rounds of {options.seconds} s, profile {options.profile}, {machine}")
    if _busy() > 1:
        print("bench: others use this machine; ratios hold roughly, times on the clock do not", file=sys.stderr)
    print(header(), flush=True)
    try:
        with tempfile.TemporaryDirectory() as folder:
            bench = Bench(Path(folder), options.rounds, options.seconds, options.profile)
            for name in dict.fromkeys(row.group for row in measurable):
                wanted = {row.name: row for row in measurable if row.group == name}
                try:
                    for result in GROUPS[name].measure(bench, wanted):
                        results.append(result)
                        print(line(result), flush=True)
                except CannotMeasure as error:
                    print(f"bench: {error}: not measured further: {name}", file=sys.stderr)
    except KeyboardInterrupt:
        print("bench: interrupted; every server is ended", file=sys.stderr)
    print(summary(rows.values(), results))
    if options.json:
        table = {"machine": machine, "rounds": options.rounds, "seconds": options.seconds}
        text = json.dumps({**table, "rows": to_json(rows.values(), results)}, indent=2)
        options.json.write_text(text + "\n")
    if not results:
        return 2
    return 0 if all(result.reached for result in results) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure the mock beside its peers.")
    parser.add_argument("--only", default=[], type=_names, metavar="ROWS", help="rows or groups, separated by commas")
    parser.add_argument("--rounds", type=_positive, default=5, help="paired rounds per row (default: 5)")
    parser.add_argument("--seconds", type=_positive, default=2, help="length of a load (default: 2)")
    parser.add_argument("--profile", choices=("documented", "deployed"), default="deployed")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the table as JSON too")
    return parser.parse_args()


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a whole number of at least 1")
    return int(text)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _with_tools(rows: Iterable[Row]) -> list[Row]:
    """Return the rows whose tools are there, and say for each tool that is missing what is not measured without it."""
    rows = list(rows)
    lacking: dict[str, list[str]] = {}
    for row in rows:
        needed = (*GROUPS[row.group].needs, *(("npm",) if row.name == "start-prism" else ()))
        for tool in needed:
            if shutil.which(tool) is None:
                lacking.setdefault(tool, []).append(row.name)
    for tool, names in lacking.items():
        print(f"bench: no {tool!r} found; install {TOOLS[tool]}; not measured: {', '.join(names)}", file=sys.stderr)
    missing = {name for names in lacking.values() for name in names}
    return [row for row in rows if row.name not in missing]


def _machine() -> str:
    return f"{os.cpu_count()} cores, load {_busy():.1f}, {platform.system()}, Python {platform.python_version()}"


def _busy() -> float:
    """Return how many processes wanted to run in the last minute; 0 where the system does not tell."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


if __name__ == "__main__":
    sys.exit(main())
