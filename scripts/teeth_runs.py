"""Run servers and judges of them, each in a process of its own: forked from a warm parent, or started from nothing."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parent.parent
SERVER, SUITE = "tests.independent", "contract_tests"
OWNER, MEMBER, REFUSED = "API_KEY", "MEMBER_KEY", ("EXPIRED_KEY", "SUSPENDED_KEY")
CAN_FORK = hasattr(os, "fork")


@dataclass(frozen=True)
class Verdict:
    """What a judge said of one server."""

    exit: int | None
    found: tuple[str, ...]
    tail: str


Judge = Callable[[str, Sequence[str]], Verdict]  # takes the address of a server, and options of the suite


class Warm:
    """A warm parent of a program (``scripts/warm.py``), as seen from outside. It does one thing at a time."""

    def __init__(self, program: str) -> None:
        command = [sys.executable, str(ROOT / "scripts" / "warm.py"), program]
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, **request: Any) -> dict[str, Any]:
        """Have something done. Raises :class:`RuntimeError` where the parent has died."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except OSError:
            line = ""
        if not line:
            raise RuntimeError(f"the warm parent has ended with {self.process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """Let go of it: it ends, and so do its children."""
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        self.process.wait()


class Starter:
    """Starts servers and runs of the suite; unless isolated, by a warm parent for each program and thread that asks.

    Safe to use from several threads. Leaving it, as a context manager, ends all that it has started.
    """

    def __init__(self, isolated: bool = False) -> None:
        self.isolated = isolated or not CAN_FORK
        self._own = threading.local()
        self._lock = threading.Lock()
        self._parents: list[Warm] = []
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._closed = True
        for parent in self._parents:
            parent.close()

    @contextmanager
    def server(self, profile: str, *faults: str, reading: str = "lenient") -> Iterator[str]:
        """Start a server of its own with these faults; yields its address once it listens, and stops it.

        Raises :class:`RuntimeError` where it does not start.
        """
        given = ["--port", "0", "--profile", profile, "--reading", reading]
        given += [part for fault in faults for part in ("--fault", fault)]
        with _started(given) if self.isolated else self._forked(given) as address:
            if not address:
                raise RuntimeError(f"the server ended before it listened: {' '.join(given)}")
            yield address

    def suite(self, given: Sequence[str], limit: float) -> tuple[int | None, str]:
        """Run the contract tests to their end or limit; return the exit code (None: cut off) and what they said last.

        Raises :class:`RuntimeError` where that cannot be told.
        """
        if self.isolated:
            return finished([sys.executable, "-m", SUITE, *given], limit, str(ROOT))
        told = self._parent(SUITE).ask(run=list(given), limit=limit)
        return told["exit"], str(told["said"])

    def _parent(self, program: str) -> Warm:
        """Return this thread's parent of a program, a new one where the last has died."""
        mine: dict[str, Warm] = self._own.__dict__
        with self._lock:
            if self._closed:
                raise RuntimeError("all is over")
            if program not in mine or mine[program].process.poll() is not None:
                mine[program] = Warm(program)
                self._parents.append(mine[program])
        return mine[program]

    @contextmanager
    def _forked(self, given: Sequence[str]) -> Iterator[str]:
        parent = self._parent(SERVER)
        try:
            yield str(parent.ask(start=given)["said"])
        finally:
            if parent.process.poll() is None:
                parent.ask(stop=True)


@contextmanager
def _started(given: Sequence[str]) -> Iterator[str]:
    command = [sys.executable, "-m", SERVER, *given]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
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


def suite(options: argparse.Namespace, starter: Starter) -> Judge:
    """Return the judge that is the contract tests, or the command that stands in for them."""

    def judge(url: str, part: Sequence[str]) -> Verdict:
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.json"
            given = ["run", url, "--profile", options.profile, "--token", OWNER]
            given += [part for token in REFUSED for part in ("--refused-token", token)]
            given += ["--other-token", MEMBER, "--seed", str(options.seed), "--effort", options.effort]
            given += [*part, "--report", f"json={report}"]
            if options.suite:
                code, tail = finished([*options.suite, *given], options.limit, str(ROOT))
            else:
                code, tail = starter.suite(given, options.limit)
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
