"""What happens during a run, as a stream of values; terminal output and reports are its consumers."""

from collections.abc import Callable
from dataclasses import dataclass

from contract_tests.results import CheckResult, Finding, RunResult


@dataclass(frozen=True)
class RunStarted:
    """The run begins; `checks` is the number of checks that it will go through."""

    target: str
    profile: str
    document: str
    seed: int
    effort: str
    run_id: str
    read_only: bool
    checks: int


@dataclass(frozen=True)
class LayerStarted:
    """The first check of a layer is about to run."""

    layer: str
    checks: int


@dataclass(frozen=True)
class CheckStarted:
    """One check is about to run."""

    id: str
    variant: str
    title: str


@dataclass(frozen=True)
class Progress:
    """A long check goes on; `requests` counts those of the whole run so far. At most some ten a second are sent."""

    requests: int


@dataclass(frozen=True)
class FindingSeen:
    """A cause was seen for the first time."""

    finding: Finding


@dataclass(frozen=True)
class CheckFinished:
    """One check has ended."""

    result: CheckResult


@dataclass(frozen=True)
class Noted:
    """Something worth knowing that is no finding."""

    text: str


@dataclass(frozen=True)
class RunFinished:
    """The run is over, its inventions are removed, and this is what it found."""

    result: RunResult


Event = RunStarted | LayerStarted | CheckStarted | Progress | FindingSeen | CheckFinished | Noted | RunFinished
Consumer = Callable[[Event], None]
