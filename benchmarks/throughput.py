"""Requests per second of the mock against a bare Flask application that returns the same bytes (`make bench`).

Both run under granian with one worker; each round asks one and then the other, and the table shows the median of the
paired ratios, so that a noisy machine blurs the figures less. The load comes from `wrk`, bounded in time, on loopback.
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
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PATH = "/api/v2/ai/providers"
TOKEN = {"Coder-Session-Token": "API_KEY", "Content-Type": "application/json"}
BARE = Path(__file__).with_name("bare.py")
BIN = Path(sys.executable).parent

NEW = {
    "type": "openai",
    "base_url": "https://api.openai.com/v1",
    "enabled": True,
    "api_keys": ["dummy-0123456789abcdef"],
}
FAULTY = {"type": "openai", "name": "Not A Name", "base_url": "nowhere", "enabled": 1}

# name: method, path below the collection, body (a unique name is added where UNIQUE stands), fixture
CASES: dict[str, tuple[str, str, str, str]] = {
    "GET by id": ("GET", "/497f6eca-6276-4993-bfeb-53cbbbba6f08", "", "default"),
    "GET by name": ("GET", "/openai-main", "", "default"),
    "list of 8": ("GET", "", "", "default"),
    "list of 100": ("GET", "", "", "hundred"),
    "valid POST": ("POST", "", json.dumps({**NEW, "name": "UNIQUE"}), "default"),
    "PATCH": ("PATCH", "/openai-main", json.dumps({"display_name": "New", "enabled": False}), "default"),
    "rejected POST": ("POST", "", json.dumps(FAULTY), "default"),
}


def lua(method: str, path: str, body: str) -> str:
    """Return the wrk script that sends one kind of request, each with a name of its own where the body asks for it."""
    headers = "".join(f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}\n" for name, value in TOKEN.items())
    made = 'string.gsub(body, "UNIQUE", "n" .. seed .. "-" .. count)' if "UNIQUE" in body else "body"
    return (
        f"{headers}local body = {json.dumps(body)}\nlocal count = 0\nlocal seed = tostring(os.time()) .. "
        f"string.sub(tostring({{}}), 8)\nrequest = function()\n  count = count + 1\n  local text = {made}\n"
        f"  return wrk.format({json.dumps(method)}, {json.dumps(PATH + path)}, nil, text)\nend\n"
    )


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


def rate(url: str, script: Path, seconds: float) -> float:
    """Return the requests per second that one load of 16 connections gets."""
    command = ["wrk", "-t1", "-c16", f"-d{seconds:g}s", "-s", str(script), url]
    if shutil.which("taskset") and (os.cpu_count() or 1) > 1:
        command = ["taskset", "-c", "1", *command]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    if found is None:
        raise SystemExit(f"wrk printed no rate:\n{done.stdout}")
    return float(found[1])


def memory(process: subprocess.Popen[bytes]) -> int:
    """Return the proportional set size of a process and its children, in MiB; 0 where the system does not tell."""
    pids = [str(process.pid)]
    for pid in pids:
        tasks = Path(f"/proc/{pid}/task")
        for task in tasks.iterdir() if tasks.exists() else ():
            children = (task / "children").read_text().split() if (task / "children").exists() else []
            pids.extend(child for child in children if child not in pids)
    total = 0
    for pid in pids:
        path = Path(f"/proc/{pid}/smaps_rollup")
        if path.exists():
            total += int(re.search(r"^Pss:\s+(\d+)", path.read_text(), re.MULTILINE)[1])  # type: ignore[index]
    return total // 1024


def compare(folder: Path, rounds: int, seconds: float, profile: str) -> None:
    """Print the table."""
    hundred = folder / "hundred.yaml"
    hundred.write_text(
        "users: [{name: owner, roles: [owner], tokens: [API_KEY]}]\ngenerate: {providers: {count: 100}}\n"
    )
    print(f"{'case':<16}{'mock/s':>10}{'bare Flask/s':>14}{'ratio':>8}   (median of {rounds} paired rounds)")
    for name, (method, path, body, fixture) in CASES.items():
        script = folder / "load.lua"
        script.write_text(lua(method, path, body))
        mock = [str(BIN / "mockserver"), "serve", "--port", "8301", "--profile", profile, "--fixtures"]
        mock.append(str(hundred) if fixture == "hundred" else fixture)
        bare = [str(BIN / "granian"), "--interface", "wsgi", "--port", "8302", "--blocking-threads", "1", "--no-log"]
        bare += ["--working-dir", str(BARE.parent), "bare:app"]
        with server(mock, 8301, {}) as (mock_url, process):
            content = ask(mock_url + PATH + path, method, body.replace("UNIQUE", "one"))
            (folder / "answer").write_bytes(content)
            with server(bare, 8302, {"BARE_ANSWER": str(folder / "answer")}) as (bare_url, _):
                pairs = []
                for number in range(rounds):
                    order = (mock_url, bare_url) if number % 2 == 0 else (bare_url, mock_url)
                    rates = {url: rate(url, script, seconds) for url in order}
                    pairs.append((rates[mock_url], rates[bare_url]))
            ratio = statistics.median(a / b for a, b in pairs)
            mocks, bares = (statistics.median(column) for column in zip(*pairs, strict=True))
            print(f"{name:<16}{mocks:>10.0f}{bares:>14.0f}{ratio:>8.2f}   {memory(process)} MiB after", flush=True)


def start_up(profile: str) -> None:
    """Print how long the mock takes from its start to its first answer, and its memory then."""
    times, sizes = [], []
    for number in range(5):
        started = time.perf_counter()
        port = 8310 + number
        command = [str(BIN / "mockserver"), "serve", "--port", str(port), "--profile", profile]
        with server(command, port, {}) as (_, process):
            times.append(time.perf_counter() - started)
            sizes.append(memory(process))
    print(f"start to first answer: {statistics.median(times):.2f} s; memory then: {max(sizes)} MiB (proportional)")


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--profile", default="deployed")
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        print("bench: no 'wrk' found; install it (Debian: apt-get install wrk)", file=sys.stderr)
        sys.exit(2)
    start_up(options.profile)
    with tempfile.TemporaryDirectory() as folder:
        compare(Path(folder), options.rounds, options.seconds, options.profile)


if __name__ == "__main__":
    main()
