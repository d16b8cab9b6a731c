"""What goes wrong on purpose in a session: which requests are hit, how often, and with which effect.

A fault is judged when it is set (:mod:`mockserver.control.effects`): one that can never fire, or whose effect is
impossible for what it matches, is refused then and not found out about later.
"""

import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from mockserver.control.effects import check_effect
from mockserver.control.matching import Facts, Matcher, moment
from mockserver.control.refusals import conflict, missing, refused
from mockserver.engine.contract import Contract

__all__ = ["Fault", "FaultList", "compile_fault"]

MOST = 100


@dataclass(slots=True)
class Fault:
    """One fault and how often it has fired. ``raw`` is how it was set."""

    id: str
    raw: Mapping[str, Any]
    matcher: Matcher
    effect: Mapping[str, Any]
    rng: random.Random
    preset: str | None = None
    first: datetime | None = None
    last: datetime | None = None
    matched: int = 0
    fired: int = 0
    window: tuple[datetime, int] | None = None
    operation: str | None = None
    methods: frozenset[str] | None = None  # by which alone it can be met; None for all

    @property
    def spent(self) -> bool:
        """Whether it has fired as often as it may."""
        times = self.raw.get("times")
        return times is not None and self.fired >= int(times)

    def hits(self, facts: Facts, now: datetime) -> bool:
        """Whether a request is hit; counts it."""
        if self.spent or (self.first is not None and now < self.first) or (self.last is not None and now > self.last):
            return False
        if not self.matcher.matches(facts):
            return False
        self.matched += 1
        if self.matched <= self.raw.get("after", 0):
            return False
        probability = self.raw.get("probability", 1)
        if probability < 1 and self.rng.random() >= probability:
            return False
        if self.effect["kind"] == "rate-limit" and not self._over(now):
            return False
        self.fired += 1
        return True

    def _over(self, now: datetime) -> bool:
        """Count a request in its window; whether it is one too many."""
        length = timedelta(seconds=self.effect["window"])
        if self.window is None or now >= self.window[0] + length or now < self.window[0]:
            self.window = (now, 0)
        start, count = self.window
        self.window = (start, count + 1)
        return count >= int(self.effect["limit"])

    def retry_after(self, now: datetime) -> int:
        """Return in how many whole seconds the window of a rate limit is over."""
        if self.window is None:
            return 1
        rest = (self.window[0] + timedelta(seconds=self.effect["window"]) - now).total_seconds()
        return max(1, -int(-rest // 1))

    def delay(self) -> float:
        """Return the seconds of a delay, drawn where they are a distribution, at most 300."""
        effect = self.effect
        if "uniform" in effect:
            seconds = self.rng.uniform(effect["uniform"]["min"], effect["uniform"]["max"])
        elif "normal" in effect:
            seconds = self.rng.gauss(effect["normal"]["mean"], effect["normal"]["deviation"])
        elif "lognormal" in effect:
            seconds = effect["lognormal"]["median"] * self.rng.lognormvariate(0, effect["lognormal"]["sigma"])
        else:
            seconds = effect["seconds"]
        return float(min(max(seconds, 0.0), 300.0))

    def document(self) -> dict[str, Any]:
        """Return the fault as the control API shows it."""
        kept = {name: self.raw[name] for name in ("match", "times", "from", "until") if name in self.raw}
        return {
            "id": self.id,
            **kept,
            "effect": dict(self.effect),
            "after": self.raw.get("after", 0),
            "probability": self.raw.get("probability", 1),
            "seed": self.raw.get("seed", 0),
            "matched": self.matched,
            "fired": self.fired,
            "spent": self.spent,
            "preset": self.preset,
        }


def compile_fault(
    raw: Mapping[str, Any], contract: Contract, users: frozenset[str], at: str = "", preset: str | None = None
) -> Fault:
    """Return a fault ready to fire, its id empty where none is given. Refuses what is impossible."""
    prefix = f"{at}." if at else ""
    matcher = Matcher(raw.get("match", {}), contract, users, f"{prefix}match")
    check_effect(raw["effect"], raw.get("match", {}), contract, f"{prefix}effect")
    first = moment(raw["from"], f"{prefix}from") if "from" in raw else None
    last = moment(raw["until"], f"{prefix}until") if "until" in raw else None
    if first is not None and last is not None and last < first:
        refused(f"{prefix}until", "is before from: the fault could never fire")
    rng = random.Random(f"fault:{raw.get('seed', 0)}")  # noqa: S311  # reproducible on purpose
    operation = raw.get("match", {}).get("operation")
    method = raw.get("match", {}).get("method")
    if operation is not None:
        method = method or next(
            plan.operation.method for plan in contract.plans.values() if plan.operation.id == operation
        )
    methods = None if method is None else frozenset({method, "HEAD"} if method == "GET" else {method})
    return Fault(
        raw.get("id", ""), raw, matcher, raw["effect"], rng, preset, first, last, 0, 0, None, operation, methods
    )


@dataclass(slots=True)
class FaultList:
    """The faults of a session, in the order in which they are tried; false while there is none."""

    faults: tuple[Fault, ...] = ()
    version: int = 0
    _made: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __bool__(self) -> bool:
        return bool(self.faults)

    @property
    def stale(self) -> bool:
        """Whether one of them needs to know how the state was before."""
        return any(fault.effect["kind"] == "stale" for fault in self.faults)

    @property
    def presets(self) -> list[str]:
        """The names of the presets that are on."""
        return list(dict.fromkeys(fault.preset for fault in self.faults if fault.preset is not None))

    def may_hit(self, method: str) -> bool:
        """Whether a fault may hit a request of a method: soon told, and asked of every request."""
        return any(fault.methods is None or method in fault.methods for fault in self.faults)

    def hit(self, facts: Facts, now: Callable[[], datetime]) -> list[Fault]:
        """Return the faults that hit a request."""
        operation = facts.operation
        near = [fault for fault in self.faults if fault.operation is None or fault.operation == operation]
        if not near:
            return near
        with self._lock:
            present = now()
            return [fault for fault in near if fault.hits(facts, present)]

    def missed(self, fault: Fault) -> None:
        """Count a fault back that found nothing to break."""
        with self._lock:
            fault.fired -= 1

    def add(self, new: Sequence[Fault], *, instead: Callable[[Fault], bool] = lambda _: False) -> None:
        """Add faults, all or none, in the place of those that ``instead`` holds for."""
        with self._lock:
            kept = [fault for fault in self.faults if not instead(fault)]
            if len(kept) + len(new) > MOST:
                conflict(f"There would be more than {MOST} faults.", "Remove some first.")
            taken = {fault.id for fault in kept}
            for fault in new:
                if fault.id in taken:
                    conflict(f"There is a fault {fault.id!r} already.", "Choose another id, or remove that one.")
                if fault.id:
                    taken.add(fault.id)
            for fault in new:
                while not fault.id or (fault.id in taken and fault.raw.get("id") != fault.id):
                    self._made += 1
                    fault.id = f"fault-{self._made}"
                taken.add(fault.id)
            self.faults = (*kept, *new)
            self.version += 1

    def get(self, id_: str) -> Fault:
        """Return a fault; refuse an id that is not there."""
        found = next((fault for fault in self.faults if fault.id == id_), None)
        if found is None:
            missing("fault", id_, "List them: GET /__mock__/sessions/NAME/faults.")
        return found

    def remove(self, test: Callable[[Fault], bool]) -> int:
        """Remove the faults that a test holds for; return how many."""
        with self._lock:
            kept = tuple(fault for fault in self.faults if not test(fault))
            count = len(self.faults) - len(kept)
            self.faults = kept
            self.version += 1
            return count

    def clear(self) -> None:
        """Remove all faults."""
        self.remove(lambda _: True)
