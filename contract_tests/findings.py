"""Collect departures from the contract into findings: one for each cause, with the shortest sequence that shows it."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from contract_tests.exchange import Exchange
from contract_tests.results import Finding, Severity, Step

MOST_CASES = 20
Cause = tuple[str, str]  # the check and the code of a departure


@dataclass(frozen=True)
class Departure:
    """Where an answer departs from the contract. `check` and `code` together are the cause.

    `subject` names what is wrong in the terms of the API (an operation and a member or status, say); a later layer that
    meets the same subject counts it with the finding that is there already. `spoils` tells that nothing else can be
    read from the answer, so that whatever is missed in it has this cause.
    """

    check: str
    code: str
    title: str
    expected: str
    found: str
    severity: Severity = Severity.MAJOR
    section: str = ""
    operations: tuple[str, ...] = ()
    subject: str = ""
    spoils: bool = False


def _is_smaller(exchanges: Sequence[Exchange], steps: Sequence[Step]) -> bool:
    """Tell whether as many requests as there are steps say the same in fewer bytes."""
    size = sum(len(one.target) + len(one.body) for one in exchanges)
    return len(exchanges) == len(steps) and size < sum(len(one.target) + len(one.request_body) for one in steps)


class Recorder:
    """The findings of a run, in the order in which their causes were first seen; safe to use from several threads."""

    def __init__(self, show: Callable[[Sequence[Exchange]], tuple[Step, ...]]) -> None:
        self._show = show
        self._found: dict[Cause, Finding] = {}
        self._subjects: dict[str, Cause] = {}
        self._lock = threading.Lock()
        self.touched: dict[Cause, None] = {}  # the causes that the running check met, in order
        self.fresh: set[Cause] = set()  # those of them that nobody met before
        self.listener: Callable[[Finding], None] = lambda finding: None

    def add(self, departure: Departure, exchanges: Sequence[Exchange], seen_by: str = "") -> Cause:
        """Record a departure that these exchanges show; a cause that is known already is counted, not repeated.

        Returns the cause.
        """
        cause = (departure.check, departure.code)
        with self._lock:
            known = self._found.get(cause)
            if known is None and departure.subject in self._subjects:
                cause = self._subjects[departure.subject]
                known = self._found[cause]
            if known is not None:
                self._found[cause] = self._again(known, departure, exchanges, seen_by)
                self.touched.setdefault(cause)
                if departure.subject:
                    self._subjects.setdefault(departure.subject, cause)
                return cause
            finding = Finding(
                departure.check,
                departure.code,
                departure.severity,
                departure.title,
                departure.operations,
                departure.section,
                departure.expected,
                departure.found,
                self._show(exchanges),
                also=(seen_by,) if seen_by and seen_by != departure.check else (),
            )
            self._found[cause] = finding
            self.touched.setdefault(cause)
            self.fresh.add(cause)
            if departure.subject:
                self._subjects[departure.subject] = cause
        self.listener(finding)
        return cause

    def meet(self, cause: Cause, seen_by: str) -> None:
        """Count a cause once more, as a check met what comes of it."""
        with self._lock:
            known = self._found[cause]
            also = known.also if seen_by in {*known.also, known.check} else (*known.also, seen_by)
            self._found[cause] = replace(known, also=also, seen=known.seen + 1)
            self.touched.setdefault(cause)

    def _again(self, known: Finding, departure: Departure, exchanges: Sequence[Exchange], seen_by: str) -> Finding:
        operations = tuple(dict.fromkeys((*known.operations, *departure.operations)))
        others = dict.fromkeys((*known.also, departure.check, seen_by or departure.check))
        also = tuple(name for name in others if name != known.check)
        case = departure.code.removeprefix(f"{departure.operations[0]}:") if departure.operations else departure.code
        cases = known.cases
        if departure.code != known.code and case not in cases and len(cases) < MOST_CASES:
            cases = (*cases, case)
        shorter = 0 < len(exchanges) < len(known.steps)
        if shorter or (departure.code == known.code and _is_smaller(exchanges, known.steps)):
            known = replace(known, steps=self._show(exchanges), expected=departure.expected, found=departure.found)
        return replace(known, operations=operations, also=also, cases=cases, seen=known.seen + 1)

    def knows(self, subject: str) -> bool:
        """Tell whether a subject has a finding already."""
        return subject in self._subjects

    def get(self, cause: Cause) -> Finding:
        """Return the finding of a cause that was met."""
        return self._found[cause]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings so far, in the order in which they were first seen."""
        with self._lock:
            return tuple(self._found.values())

    def count(self) -> int:
        """The number of departures seen so far, repetitions included."""
        with self._lock:
            return sum(finding.seen for finding in self._found.values())
