"""What sessions, journal and faults cost (`make bench-sessions`): ratios within one run, on loopback, bounded in time.

Servers of a pair run at the same time and are asked in turns; the figure is the median of the paired ratios.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

PATH = "/api/v2/ai/providers"
TOKEN = {"Coder-Session-Token": "API_KEY", "Content-Type": "application/json"}
BIN = Path(sys.executable).parent
ITEM = PATH + "/openai-main"
IDLE = {"match": {"operation": "deleteAIProvider"}, "effect": {"kind": "status", "status": 404}}


@contextmanager
def server(command: list[str], port: int, environment: dict[str, str]) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Start a server on one core and yield its address once it answers; it is ended afterwards."""
    pinned = ["taskset", "-c", "0", *command] if shutil.which("taskset") and (os.cpu_count() or 1) > 1 else command
    process = subprocess.Popen(
        pinned, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(400):
            try:
                ask(url + PATH)
                break
            except OSError:
                time.sleep(0.02)
        yield url, process
    finally:
        process.terminate()
        process.wait(timeout=20)


def ask(url: str, method: str = "GET", body: str = "") -> bytes:
    """Return the body of an answer, whatever its status."""
    request = urllib.request.Request(url, method=method, headers=TOKEN, data=body.encode() or None)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  # loopback
            return bytes(answer.read())
    except urllib.error.HTTPError as error:
        return bytes(error.read())


def lua(sessions: int, method: str = "GET", body: str = "") -> str:
    """Return the wrk script that uses so many sessions at random; none by name where it is 0."""
    headers = "".join(f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}\n" for name, value in TOKEN.items())
    path = ITEM if method == "GET" else PATH
    pick = f'wrk.headers["X-Mock-Session"] = "s" .. math.random({sessions})' if sessions else ""
    return (
        f"{headers}math.randomseed(1)\nrequest = function()\n  {pick}\n"
        f"  return wrk.format({json.dumps(method)}, {json.dumps(path)}, nil, {json.dumps(body)})\nend\n"
    )


def rate(url: str, script: Path, seconds: float) -> float:
    """Return the requests per second that one load of 16 connections gets."""
    command = ["wrk", "-t1", "-c16", f"-d{seconds:g}s", "-s", str(script), url]
    if shutil.which("taskset"):
        command = ["taskset", "-c", "1", *command]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    if found is None or "Non-2xx" in done.stdout:
        raise SystemExit(f"the load went wrong:\n{done.stdout}")
    return float(found[1])


def ratio(first: tuple[str, Path], second: tuple[str, Path], rounds: int, seconds: float) -> float:
    """Return the median of the paired ratios of two loads; each round begins with the other one."""
    ratios = []
    for number in range(rounds):
        if number % 2:
            other, one = rate(*second, seconds), rate(*first, seconds)
        else:
            one, other = rate(*first, seconds), rate(*second, seconds)
        ratios.append(one / other)
    return statistics.median(ratios)


def row(what: str, found: str, wanted: str) -> None:
    """Print one row of the table."""
    print(f"{what:<66}{found:>16}   {wanted}", flush=True)


@contextmanager
def mock(port: int, *options: str) -> Iterator[str]:
    """Serve a mock and yield its address."""
    with server([str(BIN / "mockserver"), "serve", "--port", str(port), *options], port, {}) as (url, _):
        yield url


def cost(folder: Path, rounds: int, seconds: float) -> None:
    """Print what all three cost, and what many sessions cost against one."""
    script = {name: folder / f"{name}.lua" for name in ("none", "one", "many")}
    script["none"].write_text(lua(0))
    script["one"].write_text(lua(1))
    script["many"].write_text(lua(1000))
    with ExitStack() as stack:
        on = stack.enter_context(mock(8321))
        off = stack.enter_context(mock(8322, "--no-control"))
        found = ratio((on, script["one"]), (off, script["none"]), rounds, seconds)
        row("requests/s with sessions and journal, against without", f"{found:.2f}", "at least 0.85")
        ask(f"{on}/__mock__/sessions/s1/faults", "POST", json.dumps(IDLE))
        found = ratio((on, script["one"]), (off, script["none"]), rounds, seconds)
        row("... and one fault that never fires", f"{found:.2f}", "at least 0.85")
        ask(f"{on}/__mock__/sessions/s1/faults", "DELETE")
        found = ratio((on, script["many"]), (on, script["one"]), rounds, seconds)
        row("1,000 sessions used at random, against one", f"{found:.2f}", "at least 0.9")


def many() -> None:
    """Print what 10,000 sessions over 1,000 records take, each with a change of its own."""
    code = (
        "import time, statistics, resource\n"
        "from mockserver.app import create_mock\n"
        "from mockserver.engine.messages import Request\n"
        "from mockserver.settings import Settings\n"
        "mock = create_mock(Settings(fixtures='large', max_sessions=20000))\n"
        "use, seconds = mock.sessions.use, []\n"
        "for number in range(10000):\n"
        "    started = time.perf_counter()\n"
        "    session = use(f's{number}')\n"
        "    seconds.append(time.perf_counter() - started)\n"
        "head = {'coder-session-token': 'API_KEY'}\n"
        'body = b\'{"type": "openai", "name": "own", "base_url": "https://x.example", "api_keys": []}\'\n'
        "for number in range(10000):\n"
        "    request = Request('POST', '/api/v2/ai/providers', '', {**head, 'x-mock-session': f's{number}'}, body)\n"
        "    assert mock.serving.answer(request).response.status == 201\n"
        "peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024\n"
        "print(peak, statistics.mean(seconds) * 1000, max(seconds) * 1000)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    peak, mean, worst = map(float, done.stdout.split())
    row("10,000 sessions over 1,000 records, each changed: memory of all", f"{peak:.0f} MiB", "500 MiB")
    row("... time to make one (mean; worst in brackets)", f"{mean:.3f} ({worst:.1f}) ms", "1 ms")


def percentile(url: str, script: Path, seconds: float) -> float:
    """Return the 99th percentile of the time that requests of 64 connections take, in milliseconds."""
    command = ["wrk", "-t1", "-c64", "--latency", f"-d{seconds:g}s", "-s", str(script), url]
    if shutil.which("taskset"):
        command = ["taskset", "-c", "1", *command]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = re.search(r"99%\s+([\d.]+)(us|ms|s)", done.stdout)
    if found is None:
        raise SystemExit(f"wrk printed no percentiles:\n{done.stdout}")
    return float(found[1]) * {"us": 0.001, "ms": 1, "s": 1000}[found[2]]


def delays(folder: Path, rounds: int, seconds: float) -> None:
    """Print how much slower others get while 64 clients wait for an operation that takes two seconds."""
    fault = {"match": {"operation": "listAIProviders"}, "effect": {"kind": "delay", "seconds": 2}}
    others, slow = folder / "others.lua", folder / "slow.lua"
    others.write_text(lua(1))
    slow.write_text(lua(1).replace(json.dumps(ITEM), json.dumps(PATH)))
    ratios = []
    with mock(8323) as url:
        ask(f"{url}/__mock__/sessions", "POST", json.dumps({"name": "s1"}))
        ask(f"{url}/__mock__/sessions/s1/faults", "POST", json.dumps(fault))
        for _ in range(rounds):
            before = percentile(url, others, seconds)
            command = ["wrk", "-t1", "-c64", f"-d{seconds + 4:g}s", "--timeout", "10s", "-s", str(slow), url]
            waiting = subprocess.Popen(command, stdout=subprocess.DEVNULL)
            time.sleep(0.5)
            ratios.append(percentile(url, others, seconds) / before)
            waiting.wait()
    found = statistics.median(ratios)
    row("p99 of 64 clients while 64 others wait 2 s, against without", f"{found:.2f}", "at most 1.2")


def growth(requests: int) -> None:
    """Print by how much memory grows over the second half of so many requests, with the journal at its bound."""
    code = (
        "from pathlib import Path\n"
        "import re, sys\n"
        "from mockserver.app import create_mock\n"
        "from mockserver.engine.messages import Request\n"
        "from mockserver.settings import Settings\n"
        "answer = create_mock(Settings()).serving.answer\n"
        "head = {'coder-session-token': 'API_KEY', 'user-agent': 'bench', 'host': 'localhost'}\n"
        "def resident():\n"
        "    return int(re.search(r'VmRSS:\\s+(\\d+)', Path('/proc/self/status').read_text())[1]) / 1024\n"
        f"half = {requests} // 2\n"
        "def run():\n"
        "    for number in range(half):\n"
        "        answer(Request('GET', '/api/v2/ai/providers/openai-main', f'n={number}', dict(head), b''))\n"
        "run(); middle = resident(); run(); print(middle, resident())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    middle, end = map(float, done.stdout.split())
    row(f"journal at its bound after {requests:,} requests: growth, second half", f"{end - middle:+.1f} MiB", "none")
    row("... resident memory then", f"{end:.0f} MiB", "")


def main() -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--requests", type=int, default=1_000_000)
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        print("bench: no 'wrk' found; install it (Debian: apt-get install wrk)", file=sys.stderr)
        sys.exit(2)
    row("what", "found", "to reach")
    with tempfile.TemporaryDirectory() as folder:
        cost(Path(folder), options.rounds, options.seconds)
        delays(Path(folder), options.rounds, options.seconds)
    many()
    growth(options.requests)


if __name__ == "__main__":
    main()
