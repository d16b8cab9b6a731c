"""A warm parent: it imports what a program needs once, and forks a child of itself for each run of the program.

``python scripts/warm.py MODULE`` reads requests from its standard input, one JSON object a line, and answers each with
one. A child runs the module as ``python -m MODULE ARGUMENTS`` does, by the same entry point.

- ``{"run": ARGUMENTS, "limit": SECONDS}`` waits for the end, and answers with the exit code (null where it was cut off)
  and the end of what was said;
- ``{"start": ARGUMENTS}`` answers with the first line that is said, and ``{"stop": true}`` ends what was started.

The parent has one thread, so that a fork is safe, and imports nothing of the project but the program, so that a child
finds what a process of its own would find: Hypothesis, say, picks values from the constants of all modules that are not
installed ones. Modules of the program that it imports late are forgotten again; what they need of other packages stays.
Where the other side lets go, the parent and its children end.
"""

import gc
import importlib
import json
import os
import runpy
import select
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parent.parent
# What each program imports at once, and what it imports late.
PROGRAMS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "contract_tests": (("contract_tests.cli", "contract_tests.checks"), ("contract_tests.schemathesis_bridge.phases",)),
    "tests.independent": (("tests.independent.app", "tests.independent.faults", "tests.independent.serving"), ()),
}
TAIL = 2000  # characters of what a program said that are kept
CHUNK = 1 << 16


def prepare(program: str) -> None:
    """Import what the program needs, and have it read its documents."""
    early, late = PROGRAMS[program]
    for name in early:
        importlib.import_module(name)
    before = set(sys.modules)
    for name in late:
        importlib.import_module(name)
    home = program.partition(".")[0]
    for name in set(sys.modules) - before:
        if name.partition(".")[0] == home:
            parent, _, own = name.rpartition(".")
            vars(sys.modules[parent]).pop(own, None)
    for name in [name for name in set(sys.modules) - before if name.partition(".")[0] == home]:
        del sys.modules[name]
    if program == "contract_tests":
        documents = importlib.import_module("contract_tests.documents")
        for profile in documents.PROFILES:
            documents.load_contract(profile)  # which keeps them
    gc.collect()
    gc.freeze()  # what is there already is no garbage of any child


def fork(program: str, arguments: list[str], errors: bool) -> tuple[int, int]:
    """Start a child that runs the program; return its process id, and where to read what it says."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        _be(program, arguments, writing, errors)
    os.close(writing)
    return child, reading


def _be(program: str, arguments: list[str], writing: int, errors: bool) -> NoReturn:
    """Be the program, to its end."""
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(writing, 1)
        if errors:
            os.dup2(writing, 2)
        os.close(writing)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.argv = [program, *arguments]
        code = _ran(program)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _ran(program: str) -> int:
    """Run the program as ``python -m`` does; return its exit code."""
    try:
        runpy.run_module(program, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return (end.code or 0) & 0xFF
        print(end.code, file=sys.stderr)
        return 1
    except BaseException:  # noqa: BLE001 - the interpreter would tell it in the same way
        traceback.print_exc()
        return 1
    return 0


class Parent:
    """Forks the children, one at a time."""

    def __init__(self, program: str) -> None:
        self.program = program
        self.started: tuple[int, int] | None = None
        self._left = b""  # what was read of the next request

    def serve(self) -> None:
        """Do what is asked for until the other side lets go."""
        try:
            while (request := self._request()) is not None:
                answer = json.dumps(self.answer(request))
                os.write(1, answer.encode() + b"\n")
        except (EOFError, BrokenPipeError):
            pass
        finally:
            self._stop()

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do one thing. Raises :class:`EOFError` where nobody waits for it any more."""
        if "run" in request:
            return self._run(request["run"], request["limit"])
        self._stop()
        if "start" in request:
            self.started = fork(self.program, request["start"], errors=False)
            return {"said": _line(self.started[1])}
        return {}

    def _run(self, arguments: list[str], limit: float) -> dict[str, Any]:
        child, reading = fork(self.program, arguments, errors=True)
        deadline, said, ended = time.monotonic() + limit, b"", False
        try:
            while not ended and (left := deadline - time.monotonic()) > 0:
                ready = select.select([reading, 0], [], [], left)[0]
                if reading in ready:
                    chunk = os.read(reading, CHUNK)
                    said, ended = (said + chunk)[-8 * TAIL :], not chunk
                elif ready:
                    raise EOFError  # nobody asks for more before the answer: the other side has let go
        finally:
            code = _end(child, reading, kill=not ended)
        return {"exit": code if ended else None, "said": said.decode("utf-8", "replace")[-TAIL:]}

    def _stop(self) -> None:
        if self.started is not None:
            child, reading = self.started
            self.started = None
            _end(child, reading, kill=True)

    def _request(self) -> dict[str, Any] | None:
        """Return what is asked for next; None where the other side has let go."""
        while b"\n" not in self._left:
            chunk = os.read(0, CHUNK)
            if not chunk:
                return None
            self._left += chunk
        line, _, self._left = self._left.partition(b"\n")
        request: dict[str, Any] = json.loads(line)
        return request


def _line(reading: int) -> str:
    """Return the first line that a child says; what there is of it where the child ends before."""
    said = b""
    while not said.endswith(b"\n"):
        chunk = os.read(reading, CHUNK)
        if not chunk:
            break
        said += chunk
    return said.decode("utf-8", "replace").strip()


def _end(child: int, reading: int, kill: bool) -> int:
    """Wait for the end of a child, which may be brought about; return its exit code."""
    if kill:
        os.kill(child, signal.SIGKILL)
    os.close(reading)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main() -> None:
    """Serve the module that the first argument names."""
    program = sys.argv[1]
    sys.path[0] = str(ROOT)  # where `python -m` would look first
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the other side, which then lets go
    prepare(program)
    Parent(program).serve()


if __name__ == "__main__":
    main()
