"""The servers that a benchmark starts: pinned to one core, awaited, weighed, and ended with all that they started."""

import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["CLIENT_CORE", "CannotMeasure", "Memory", "Served", "Server", "ask", "memory", "pinned", "served"]

SERVER_CORE, CLIENT_CORE = 0, 1
PATIENCE = 180.0  # seconds until a server that does not answer is given up
PATH = "/api/v2/ai/providers"
HEADERS = {"Coder-Session-Token": "API_KEY", "Content-Type": "application/json"}


class CannotMeasure(Exception):
    """Raised where a figure cannot be had; the message is one line that says why and what to do."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server to start: ``{port}`` in its command stands for the port that it is given."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Served:
    """A server that answers: its address, its process, and the seconds from its start to its first answer."""

    url: str
    process: subprocess.Popen[bytes]
    seconds: float

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.url.rpartition(":")[2])

    def cpu(self) -> float:
        """Return the processor seconds that its processes have used so far; 0 where the system does not tell."""
        ticks = 0
        for pid in _family(self.process.pid):
            with suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                ticks += int(fields[11]) + int(fields[12])  # proc(5): utime and stime
        return ticks / os.sysconf("SC_CLK_TCK") if ticks else 0.0


@dataclass(frozen=True, slots=True)
class Memory:
    """What a server's processes hold, in MiB: the resident size of each, and their shares of all pages together."""

    resident: tuple[float, ...]
    proportional: float

    def __str__(self) -> str:
        parts = " + ".join(f"{size:.0f}" for size in self.resident)
        return f"RSS {parts} MiB, proportional {self.proportional:.0f} MiB"


def pinned(command: Sequence[str], core: int) -> list[str]:
    """Return a command that runs on one core, where the system can do that and has more than one."""
    if shutil.which("taskset") and (os.cpu_count() or 1) > 1:
        return ["taskset", "-c", str(core), *command]
    return list(command)


@contextmanager
def served(server: Server) -> Iterator[Served]:
    """Start a server and yield it once it answers with success; its whole process group is ended afterwards.

    Raises :class:`CannotMeasure` with the last that it printed when it ends by itself or does not answer.
    """
    port = _free_port()
    command = [part.replace("{port}", str(port)) for part in server.command]
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            pinned(command, SERVER_CORE),
            env={**os.environ, **server.environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            while not _answers(port):
                if process.poll() is not None or time.perf_counter() - started > PATIENCE:
                    output.seek(0)
                    printed = output.read().decode(errors="replace").strip().splitlines()
                    raise CannotMeasure(f"{server.name} does not answer; it printed {printed[-1:] or 'nothing'}")
                time.sleep(0.005)
            yield Served(f"http://127.0.0.1:{port}", process, time.perf_counter() - started)
        finally:
            _end(process)


def _answers(port: int) -> bool:
    with suppress(OSError, http.client.HTTPException):
        return ask(port)[0] == 200
    return False


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and all of its group; whatever does not end in order is killed."""
    for number, patience in ((signal.SIGTERM, 20.0), (signal.SIGKILL, 20.0)):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=patience)
            break
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ask(port: int, path: str = "", method: str = "GET", body: str = "", timeout: float = 60) -> tuple[int, bytes]:
    """Return status and body of the answer to one request below the collection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, PATH + path, body.encode() or None, HEADERS)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def memory(process: subprocess.Popen[bytes]) -> Memory:
    """Return what a process and all below it hold. Raises :class:`CannotMeasure` where the system does not tell."""
    try:
        texts = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in _family(process.pid)]
    except OSError:
        raise CannotMeasure("this system has no /proc/PID/smaps_rollup; measure memory on Linux") from None
    return Memory(tuple(_mib(text, "Rss") for text in texts), sum(_mib(text, "Pss") for text in texts))


def _family(pid: int) -> list[int]:
    """Return a process and all below it."""
    pids = [pid]
    for parent in pids:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            with suppress(OSError):
                pids.extend(map(int, children.read_text().split()))
    return pids


def _mib(text: str, name: str) -> float:
    found = re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0
