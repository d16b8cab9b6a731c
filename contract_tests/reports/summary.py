"""What all reports say about a run, worked out once: layers, coverage, the verdict in one line."""

import shlex
from collections.abc import Iterable
from dataclasses import dataclass

from contract_tests.reports.text import number, one_line, plural, seconds
from contract_tests.results import LAYERS, CheckResult, CoverageRow, Finding, RunResult, Severity, Verdict

__all__ = ["Dimension", "Layer", "dimensions", "layers", "repeat_command", "severities", "verdict_line", "worst_first"]

DIMENSIONS = ("operation", "status", "parameter", "request keyword", "response keyword", "rule")


@dataclass(frozen=True)
class Layer:
    """The checks of one layer."""

    name: str
    checks: tuple[CheckResult, ...]

    def count(self, verdict: Verdict) -> int:
        """The number of checks that ended so."""
        return sum(check.verdict is verdict for check in self.checks)

    @property
    def requests(self) -> int:
        """The requests of all checks together."""
        return sum(check.requests for check in self.checks)

    @property
    def seconds(self) -> float:
        """The time of all checks together."""
        return sum(check.seconds for check in self.checks)

    @property
    def counts(self) -> str:
        """For people: `58 passed, 2 failed, 1 not exercised`; what is zero is left out."""
        counts = ((self.count(verdict), verdict.value) for verdict in Verdict)
        return ", ".join(f"{number(count)} {word}" for count, word in counts if count) or "no checks"


@dataclass(frozen=True)
class Dimension:
    """One dimension of coverage: what the contract declares, and what the run did not exercise."""

    name: str
    rows: tuple[CoverageRow, ...]

    @property
    def missing(self) -> tuple[CoverageRow, ...]:
        """What was not exercised."""
        return tuple(row for row in self.rows if not row.exercised)

    @property
    def declared(self) -> int:
        """How much the contract declares."""
        return len(self.rows)

    @property
    def exercised(self) -> int:
        """How much of it was exercised."""
        return len(self.rows) - len(self.missing)

    @property
    def title(self) -> str:
        """The plural of the name."""
        return {"status": "statuses"}.get(self.name, f"{self.name}s")

    @property
    def percent(self) -> int:
        """The share that was exercised, rounded down: 100 only where nothing is missing."""
        return 100 * self.exercised // self.declared


def _in_order(names: Iterable[str], order: tuple[str, ...]) -> list[str]:
    """The different names, those of `order` first and in its order."""
    found = dict.fromkeys(names)
    return [*(name for name in order if name in found), *(name for name in found if name not in order)]


def layers(result: RunResult) -> tuple[Layer, ...]:
    """The layers of a run in their order, each with its checks; one that did not run is not there."""
    names = _in_order((check.layer for check in result.checks), LAYERS)
    return tuple(Layer(name, tuple(check for check in result.checks if check.layer == name)) for name in names)


def dimensions(result: RunResult) -> tuple[Dimension, ...]:
    """The dimensions of coverage that the contract declares something of."""
    names = _in_order((row.dimension for row in result.coverage), DIMENSIONS)
    return tuple(Dimension(name, tuple(row for row in result.coverage if row.dimension == name)) for name in names)


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Order findings by severity; those of one severity stay in their order."""
    order = list(Severity)
    return tuple(sorted(findings, key=lambda finding: order.index(finding.severity)))


def severities(findings: Iterable[Finding]) -> str:
    """For people: `1 critical, 3 major, 1 minor`; what is zero is left out."""
    found = [finding.severity for finding in findings]
    return ", ".join(f"{number(found.count(one))} {one.value}" for one in Severity if one in found)


def verdict_line(result: RunResult) -> str:
    """The whole run in one line that fits the end of a log."""
    facts = f"{plural(result.requests, 'request')}, {seconds(result.seconds)}, seed {result.seed}"
    passed, failed, idle = (result.count(verdict) for verdict in Verdict)
    if result.verdict == "conforms":
        stopped = f" (stopped early: {one_line(result.trouble, 200)})" if result.trouble else ""
        return f"conforms: {plural(passed, 'check')} passed, {number(idle)} not exercised, {facts}{stopped}"
    counts = f"{plural(failed, 'check')} failed, {number(passed)} passed, {number(idle)} not exercised"
    if result.verdict == "findings":
        stopped = f" (stopped early: {one_line(result.trouble, 200)})" if result.trouble else ""
        return f"findings: {severities(result.findings)}; {counts}, {facts}{stopped}"
    before = f"; before that {severities(result.findings)}" if result.findings else ""
    return f"could not test: {one_line(result.trouble or 'no reason was given', 300)}{before}; {facts}"


def repeat_command(result: RunResult) -> str:
    """The command line that does this run again; tokens come from the environment.

    A run that knows its own command says it in `extra["command"]`.
    """
    known = result.extra.get("command")
    if isinstance(known, str) and known:
        return known
    words = ["contract-tests", "run", result.target, "--profile", result.profile, "--effort", result.effort]
    words += ["--seed", str(result.seed), *(["--read-only"] if result.read_only else [])]
    return shlex.join(words)
