"""A whole run: preflight, the checks layer by layer, the removal of everything that was made, and the verdict."""

import time
import traceback
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median, quantiles

from contract_tests import own_source
from contract_tests.aftermath import Guardian
from contract_tests.documents import load_contract
from contract_tests.errors import Blocked, CannotTest, HarmSeen, UsageError
from contract_tests.events import (
    CheckFinished,
    CheckStarted,
    Consumer,
    Event,
    FindingSeen,
    LayerStarted,
    Noted,
    Progress,
    RunFinished,
    RunStarted,
)
from contract_tests.options import Options
from contract_tests.registry import Check, checks_of, unmatched
from contract_tests.results import CheckResult, RunResult, Timing, Verdict
from contract_tests.scene import Scene
from contract_tests.session import Session

PROGRESS_EVERY = 0.1  # seconds


class Run:
    """One run of the checks. `consumers` are told everything that happens, in order."""

    def __init__(self, options: Options, consumers: Sequence[Consumer] = ()) -> None:
        self.options = options
        self.contract = load_contract(options.profile, options.contract)
        for pattern in unmatched((*options.only, *options.skip), options.profile):
            raise UsageError(f"no check is named {pattern!r}; `contract-tests checks` lists them")
        self.checks = checks_of(options.profile)
        own_source.leave_out()
        self.session = Session(options, self.contract)
        self.guardian = Guardian(self.session)
        self.results: list[CheckResult] = []
        self._consumers = consumers
        self._told = 0.0
        self._puzzled = ""  # what a check could not make sense of; harmless where a finding explains it
        self._started_at = datetime.now(UTC)
        self._started = time.monotonic()
        self.session.recorder.listener = lambda finding: self._tell(FindingSeen(finding))
        self.session.meanwhile = self._progress

    def run(self) -> RunResult:
        """Run everything and return what was found. What was made is removed whatever happens, Ctrl-C included."""
        options, session = self.options, self.session
        fit = [check for check in self.checks if check.unfit(options) is None]
        self._tell(
            RunStarted(
                self.session.redact(options.base_url),
                options.profile,
                self.contract.name,
                options.seed,
                options.effort,
                session.ledger.run_id,
                options.read_only,
                len(fit),
            )
        )
        trouble: str | None = None
        code: int | None = None
        try:
            self._go_through(self.checks)
        except CannotTest as problem:
            trouble = session.redact(str(problem))
            code = 1 if session.recorder.findings else 3  # what was found before counts
        except HarmSeen as problem:
            trouble = session.redact(f"stopped early: {problem}")
        except KeyboardInterrupt:
            trouble, code = "interrupted", 3
        except Exception as problem:  # noqa: BLE001 - whatever a server answers, a run ends in order
            trouble = session.redact(f"the tests failed themselves, please report it: {_place(problem)}")
            code = 1 if session.recorder.findings else 3
        finally:
            left = self._clean()
        for text in left:
            session.notes.setdefault(text)
            self._tell(Noted(text))
        findings = session.recorder.findings
        if code is None:
            code = 1 if findings else 0
            if not findings and self._puzzled:
                trouble, code = session.redact(self._puzzled), 3
            if trouble is None and not any(result.verdict is Verdict.PASSED for result in self.results):
                trouble, code = "no check was exercised", code or 3
        result = self._result(code, trouble)
        self._tell(RunFinished(result))
        session.wire.close()
        return result

    def finish(self) -> list[str]:
        """Remove what the run made and let go of the server; for who runs the checks one by one."""
        left = self._clean()
        self.session.wire.close()
        return left

    def _clean(self) -> list[str]:
        """Remove what the run made; a second Ctrl-C leaves it, and says how to remove it later."""
        try:
            return self.guardian.clean()
        except KeyboardInterrupt:
            url, run = self.session.redact(self.options.base_url), self.session.ledger.run_id
            return [f"interrupted while removing what the run made; do it by: contract-tests clean {url} --run {run}"]
        except Exception as problem:  # noqa: BLE001 - see above
            url, run = self.session.redact(self.options.base_url), self.session.ledger.run_id
            what = self.session.redact(_place(problem))
            return [f"failed to remove what the run made ({what}); do it by: contract-tests clean {url} --run {run}"]

    def _go_through(self, checks: Sequence[Check]) -> None:
        layer = ""
        for item in checks:
            if item.layer != layer:
                layer = item.layer
                count = sum(other.layer == layer for other in checks)
                self._tell(LayerStarted(layer, count))
            self._tell(CheckStarted(item.id, item.variant, item.title))
            result = self.run_check(item)
            self.results.append(result)
            self._tell(CheckFinished(result))

    def run_check(self, item: Check) -> CheckResult:
        """Run one check, remove what it made, and make sure that nothing else changed."""
        session = self.session
        before, started = session.requests, time.monotonic()
        reason = item.unfit(self.options)
        if reason is not None:
            return CheckResult(item.id, item.variant, item.title, Verdict.NOT_EXERCISED, reason)
        session.recorder.touched.clear()
        session.recorder.fresh.clear()
        blocked = ""
        with session.check_scope(item.id):
            scene = Scene(session, item, self.guardian)
            try:
                item.run(scene)
                blocked = scene.unread
            except Blocked as problem:
                blocked = session.redact(str(problem))
            except (LookupError, TypeError, AttributeError, ValueError) as problem:
                blocked = (
                    f"the answers have another shape than the check can read ({type(problem).__name__}: {problem})"
                )
                self._puzzled = self._puzzled or f"{item.name}: {blocked}"
            finally:
                if item.writes and item.layer not in {"preflight", "aftermath"}:
                    self.guardian.after_check()
        touched = session.recorder.touched
        told = any(cause in session.recorder.fresh or cause[0] == item.id for cause in touched)
        failed = told or scene.departed
        if not blocked:
            for rule in item.rules:
                session.coverage.count_rule(rule, tuple(self.contract.rules.get(rule, {}).get("operations", ())))
        verdict = Verdict.FAILED if failed else Verdict.NOT_EXERCISED if blocked else Verdict.PASSED
        return CheckResult(
            item.id,
            item.variant,
            item.title,
            verdict,
            blocked,
            time.monotonic() - started,
            session.requests - before,
            tuple(session.recorder.get(cause) for cause in touched),
        )

    def _result(self, code: int, trouble: str | None) -> RunResult:
        options, session = self.options, self.session
        return RunResult(
            session.redact(options.base_url),
            options.profile,
            self.contract.name,
            options.seed,
            options.effort,
            session.ledger.run_id,
            options.read_only,
            self._started_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
            round(time.monotonic() - self._started, 3),
            session.requests,
            code,
            tuple(self.results),
            session.recorder.findings,
            session.coverage.rows(self._reasons()),
            tuple(_timings(session)),
            tuple(session.notes),
            trouble,
            package_version(),
            {"command": session.redact(options.command())},
        )

    def _reasons(self) -> dict[str, str]:
        """Say for rules why they were not exercised: the reason of the checks that would have."""
        reasons = {}
        by_name = {result.name: result.reason for result in self.results if result.verdict is Verdict.NOT_EXERCISED}
        for item in self.checks:
            for rule in item.rules:
                if item.name in by_name:
                    reasons[f"rule:{rule}"] = f"{item.name}: {by_name[item.name]}"
        return reasons

    def _progress(self) -> None:
        now = time.monotonic()
        if now - self._told >= PROGRESS_EVERY:
            self._told = now
            self._tell(Progress(self.session.requests))

    def _tell(self, event: Event) -> None:
        for consumer in self._consumers:
            consumer(event)


def _place(problem: Exception) -> str:
    """Return what went wrong in the tests themselves, and where."""
    frame = traceback.extract_tb(problem.__traceback__)[-1]
    return f"{type(problem).__name__}: {problem} ({Path(frame.filename).name}, line {frame.lineno})"


def _timings(session: Session) -> Iterator[Timing]:
    for operation, times in session.durations.items():
        p95 = quantiles(times, n=20)[-1] if len(times) > 1 else times[0]
        yield Timing(operation, len(times), round(median(times), 2), round(p95, 2), round(max(times), 2))


def package_version() -> str:
    """Return the version of the installed package; empty in a checkout that is not installed."""
    try:
        return version("ai-providers-double")
    except PackageNotFoundError:
        return ""
