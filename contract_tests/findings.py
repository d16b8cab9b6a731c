"""Collect departures from the contract into findings: one for each cause, with the shortest sequence that shows it."""

import re
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
    meets the same subject counts it with the finding that is there already; several are names of one cause. `aliases`
    are names by which others may ask whether it is told. `spoils` tells that nothing else can be read from the answer,
    so that whatever is missed in it has this cause.
    """

    check: str
    code: str
    title: str
    expected: str
    found: str
    severity: Severity = Severity.MAJOR
    section: str = ""
    operations: tuple[str, ...] = ()
    subject: str | tuple[str, ...] = ""
    aliases: tuple[str, ...] = ()
    spoils: bool = False

    @property
    def subjects(self) -> tuple[str, ...]:
        """All names of the cause."""
        given = (self.subject,) if isinstance(self.subject, str) else self.subject
        return tuple(name for name in given if name)


def accepted(operation: str, *members: str) -> tuple[str, ...]:
    """Return the names of the cause that wrong values of members are taken."""
    return tuple(dict.fromkeys(f"{operation}:accepted:{re.split(r'[.[]', member)[0]}" for member in members if member))


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
            if known is None:
                cause = next((self._subjects[name] for name in departure.subjects if name in self._subjects), cause)
                known = self._found.get(cause)
            for name in (*departure.subjects, *departure.aliases):
                self._subjects.setdefault(name, cause)
            if known is not None:
                self._found[cause] = self._again(known, departure, exchanges, seen_by)
                self.touched.setdefault(cause)
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
        own = departure.check == known.check
        shorter = own and 0 < len(exchanges) < len(known.steps)
        if shorter or (own and departure.code == known.code and _is_smaller(exchanges, known.steps)):
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
