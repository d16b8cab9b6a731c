"""What a run of the contract tests found: plain values that reports read and nobody changes afterwards."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

LAYERS = ("preflight", "samples", "rules", "schema", "model", "aftermath")


class Verdict(StrEnum):
    """How one check ended. What was not exercised is never counted as passed."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_EXERCISED = "not exercised"


class Severity(StrEnum):
    """How much a finding matters to the people who rely on the server, the worst first."""

    CRITICAL = "critical"  # secrets, access control, or data of others
    MAJOR = "major"  # a client that follows the contract breaks, or state is wrong
    MINOR = "minor"  # off the contract, but few clients would notice


@dataclass(frozen=True)
class Step:
    """One exchange of a reproducer, fit to be shown: tokens and the data of others are left out.

    `curl` is a command line that runs as it is in a POSIX shell; it reads tokens from `$TOKEN` and `$OTHER_TOKEN`, and
    ids that the server made from shell variables that earlier steps set. `answer_body` is text, cut to a few KiB.
    `status` is None where no answer came, and `trouble` then says what happened instead.
    """

    method: str
    target: str
    curl: str
    request_headers: tuple[tuple[str, str], ...]
    request_body: str
    status: int | None
    answer_headers: tuple[tuple[str, str], ...]
    answer_body: str
    trouble: str | None = None
    milliseconds: float = 0.0


@dataclass(frozen=True)
class Finding:
    """One cause for which the server departs from the contract, reported once.

    `check` is the id of the check that saw it first, `code` tells causes of one check apart, `operations` are the
    operationIds that it was seen on, `section` names the place that is broken (a heading of the page, an overlay, a
    rule), and `seen` counts how often it was seen. `steps` is the shortest request sequence that shows it.
    """

    check: str
    code: str
    severity: Severity
    title: str
    operations: tuple[str, ...]
    section: str
    expected: str
    found: str
    steps: tuple[Step, ...]
    seen: int = 1
    also: tuple[str, ...] = ()  # ids of further checks that met the same cause
    cases: tuple[str, ...] = ()  # further cases that show the same cause, in the words of the checks

    @property
    def layer(self) -> str:
        """The layer of the check, the part of its id before the first dot."""
        return self.check.partition(".")[0]


@dataclass(frozen=True)
class CheckResult:
    """How one check ended: `id` is `layer.name`, `variant` an operationId or phase where a check has several."""

    id: str
    variant: str
    title: str
    verdict: Verdict
    reason: str = ""  # why it was not exercised
    seconds: float = 0.0
    requests: int = 0
    findings: tuple[Finding, ...] = ()  # those that this check saw first or again

    @property
    def layer(self) -> str:
        """The layer of the check."""
        return self.id.partition(".")[0]

    @property
    def name(self) -> str:
        """The id, with the variant in brackets where there is one."""
        return f"{self.id}[{self.variant}]" if self.variant else self.id


@dataclass(frozen=True)
class CoverageRow:
    """One thing that the contract declares, and how often the run exercised it.

    `dimension` is one of operation, status, parameter, request keyword, response keyword, rule; `operation` an
    operationId; `name` says what it is (`201`, `path idOrName`, `/properties/name/pattern`, `name-unique`).
    `reason` says, for what was not exercised, why: it could not be provoked, was skipped, ....
    """

    dimension: str
    operation: str
    name: str
    exercised: int
    reason: str = ""


@dataclass(frozen=True)
class Timing:
    """How fast one operation answered, in milliseconds."""

    operation: str
    count: int
    median: float
    p95: float
    slowest: float


@dataclass(frozen=True)
class RunResult:
    """A whole run. `exit_code` is 0 conforms, 1 findings, 3 could not test."""

    target: str
    profile: str
    document: str
    seed: int
    effort: str
    run_id: str
    read_only: bool
    started: str  # RFC 3339, UTC
    seconds: float
    requests: int
    exit_code: int
    checks: tuple[CheckResult, ...]
    findings: tuple[Finding, ...]
    coverage: tuple[CoverageRow, ...]
    timings: tuple[Timing, ...]
    notes: tuple[str, ...] = ()  # facts worth knowing that are no findings
    trouble: str | None = None  # why the run could not test, or stopped early
    version: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """One of `conforms`, `findings`, `could not test`."""
        return {0: "conforms", 1: "findings"}.get(self.exit_code, "could not test")

    def count(self, verdict: Verdict) -> int:
        """The number of checks that ended so."""
        return sum(check.verdict is verdict for check in self.checks)
