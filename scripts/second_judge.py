"""Have Prism, which shares no code with the mock, judge the mock's answers; exit 1 on any violation in one.

Prism stands as a validating proxy between the client and the mock, for each profile in turn. First it must find each
of some mocks that are bent on purpose. Then the golden exchanges go through it, and a run of schemathesis.
Exit 2 where the judge itself does not work, 3 without Node.js.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from golden.casefile import PROFILES, Case, at_pointer, read_cases, sent  # noqa: E402
from judge_bends import BENDS  # noqa: E402
from judge_prism import Judge, JudgeFailed, Sent, Upstream, Verdict  # noqa: E402
from npm_programs import NoPrograms, programs  # noqa: E402

from mockserver.app import create_mock  # noqa: E402
from mockserver.contract.loading import load_document  # noqa: E402
from mockserver.engine import jsonbody  # noqa: E402
from mockserver.resources import document_path  # noqa: E402
from mockserver.server import LocalServer  # noqa: E402
from mockserver.settings import Settings  # noqa: E402

CONFIG = """
continue-on-failure = true
[auth.openapi.CoderSessionToken]
api_key = "API_KEY"
[generation]
database = "none"
"""
FEWEST_GENERATED = 300
LONGEST_RUN = 600  # seconds; measured: 30


def prove_teeth(judge: Judge, upstream: Upstream, profile: str) -> int:
    """Return how many bent mocks the judge found. Raises :class:`JudgeFailed` when it misses one."""
    missed = []
    bends = [bent for bent in BENDS if profile in bent.profiles]
    for bent in bends:
        upstream.app, upstream.bend = fresh_mock(profile), None
        straight = judge.exchange(bent.sent)
        upstream.app, upstream.bend = fresh_mock(profile), bent.bend
        crooked = judge.exchange(bent.sent)
        if straight.faults or not crooked.faults:
            missed.append(f"{bent.name}: before {straight.faults}, bent {crooked.faults}")
    upstream.bend = None
    if missed:
        raise JudgeFailed("Prism does not tell bent mocks from straight ones:\n  " + "\n  ".join(missed))
    return len(bends)


def fresh_mock(profile: str, fixture: str = "default") -> Any:
    """Return the application of a mock that nothing was asked yet."""
    return create_mock(Settings(profile=profile, fixtures=fixture, deterministic=True)).app


def golden(judge: Judge, upstream: Upstream, profile: str) -> Iterator[Verdict]:
    """Yield the verdicts over all golden exchanges of a profile, each case against a fresh mock."""
    for case in read_cases():
        if profile in case.profiles:
            upstream.app = fresh_mock(profile, case.fixture)
            yield from conversation(judge, case)


def conversation(judge: Judge, case: Case) -> Iterator[Verdict]:
    """Yield the verdicts over one case. Raises :class:`JudgeFailed` when the mock was asked something else."""
    saved: dict[str, Any] = {}
    for number, step in enumerate(case.exchanges, 1):
        asked = sent(step["request"], saved)
        query = f"?{urlencode(asked.query)}" if asked.query else ""
        target = quote(asked.path, safe="/%:") + query
        verdict = judge.exchange(Sent(asked.method, target, tuple(asked.headers.items()), asked.data or b""))
        if verdict.answer.status != step["expect"]["status"]:
            raise JudgeFailed(
                f"{case.name}, step {number}: wanted {step['expect']['status']}, found {verdict.answer.status}; "
                "the request did not arrive as it was sent"
            )
        for name, pointer in step["expect"].get("save", {}).items():
            saved[name] = at_pointer(jsonbody.decode(verdict.answer.body), pointer)
        yield verdict


class Recorder:
    """The WSGI application that schemathesis talks to: every request goes to the judge, every verdict is kept."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self.verdicts: list[Verdict] = []
        self.errors: list[JudgeFailed] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request as the mock does (PEP 3333)."""
        headers = [(key[5:].replace("_", "-"), value) for key, value in environ.items() if key.startswith("HTTP_")]
        if environ.get("CONTENT_TYPE"):
            headers.append(("Content-Type", environ["CONTENT_TYPE"]))
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        try:
            verdict = self._judge.exchange(
                Sent(environ["REQUEST_METHOD"], environ["REQUEST_URI"], tuple(headers), body)
            )
        except JudgeFailed as error:
            self.errors.append(error)
            raise
        self.verdicts.append(verdict)
        answer = verdict.answer
        start_response(f"{answer.status or 502} Judged", list(answer.headers))
        return [answer.body]


def generated(judge: Judge, upstream: Upstream, profile: str, folder: Path, seed: int) -> list[Verdict]:
    """Return the verdicts over a run of schemathesis, all phases. Raises :class:`JudgeFailed` when it did too little.

    What schemathesis itself has to say is the business of its own tests; here it only asks.
    """
    upstream.app = fresh_mock(profile)
    recorder = Recorder(judge)
    (folder / "schemathesis.toml").write_text(CONFIG)
    with LocalServer(app=recorder) as server:
        program = str(Path(sys.executable).with_name("st"))
        command = [program, "run", str(document_path(profile)), "--url", server.url, "--mode", "all", "--no-color"]
        options = ["--seed", str(seed), "--max-examples", "25", "--checks", "not_a_server_error"]
        environment = {**os.environ, "PYTHONWARNINGS": ""}
        try:
            done = subprocess.run(
                [*command, *options], cwd=folder, env=environment, capture_output=True, text=True, timeout=LONGEST_RUN
            )
        except subprocess.TimeoutExpired:
            raise JudgeFailed(f"schemathesis did not end within {LONGEST_RUN} s") from None
    if recorder.errors:
        raise recorder.errors[0]
    if len(recorder.verdicts) < FEWEST_GENERATED or not re.search(r"Tested: 5\b", done.stdout):
        raise JudgeFailed(
            f"schemathesis asked {len(recorder.verdicts)} times, wanted {FEWEST_GENERATED} or more:\n"
            f"{(done.stdout + done.stderr)[-3000:]}"
        )
    return recorder.verdicts


def report(profile: str, source: str, verdicts: list[Verdict]) -> int:
    """Print what was judged and what was found, and return the number of answers with a violation."""
    judged = [verdict for verdict in verdicts if verdict.operation]
    back = sum(verdict.played_back for verdict in judged)
    faulty = [verdict for verdict in judged if verdict.faults]
    print(
        f"judge: {profile}: {source}: {len(judged)} answers judged ({len(judged) - back} in passing, {back} played "
        f"back), {len(verdicts) - len(judged)} without a body to judge, {len(faulty)} with violations"
    )
    statuses = sorted(Counter(verdict.answer.status for verdict in judged).items())
    print("judge:   by status: " + ", ".join(f"{status}: {count}" for status, count in statuses))
    found: dict[str, list[str]] = {}
    for verdict in faulty:
        for fault in verdict.faults:
            line = f"{verdict.operation} answered {verdict.answer.status}: {fault.place or 'answer'}: {fault.rule}"
            asked = f"{verdict.sent.method} {verdict.sent.target[:120]}"
            found.setdefault(f"{line}: {fault.message}", []).append(asked)
    for line, requests in found.items():
        print(f"judge:   ! {line} ({len(requests)} times, first for {requests[0]})")
    return len(faulty)


def judge_profile(prism: Path, profile: str, seed: int) -> int:
    """Have all answers of one profile judged, and return the number of those with a violation."""
    # Prism judges no bodies under a jsonSchemaDialect, even the standard one.
    document = {k: v for k, v in load_document(document_path(profile)).items() if k != "jsonSchemaDialect"}
    upstream = Upstream()
    with tempfile.TemporaryDirectory() as name, LocalServer(app=upstream) as server:
        folder = Path(name)
        with Judge(prism, document, upstream, server.url, folder) as judge:
            print(f"judge: {profile}: Prism found all {prove_teeth(judge, upstream, profile)} bent mocks")
            faulty = report(profile, "golden exchanges", list(golden(judge, upstream, profile)))
            return faulty + report(profile, "schemathesis", generated(judge, upstream, profile, folder, seed))


def main() -> int:
    """Judge the profiles that are asked for, and return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--profile", choices=PROFILES, action="append", help="judge this profile only")
    parser.add_argument("--seed", type=int, default=1, help="seed of the requests that schemathesis generates")
    options = parser.parse_args()
    try:
        prism = programs(ROOT / "scripts" / "prism") / "prism"
    except NoPrograms as error:
        print(f"judge: nothing was judged: {error}", file=sys.stderr)
        return 3
    started, faulty = time.monotonic(), 0
    try:
        for profile in options.profile or PROFILES:
            faulty += judge_profile(prism, profile, options.seed)
    except JudgeFailed as error:
        print(f"judge: the judge failed: {error}", file=sys.stderr)
        return 2
    print(f"judge: {faulty or 'no'} answers with violations, {time.monotonic() - started:.0f} s")
    return int(faulty > 0)


if __name__ == "__main__":
    sys.exit(main())
