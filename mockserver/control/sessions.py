"""Worlds of their own for clients of one mock: each session has its state, journal, faults, clock and ids.

A session shares the records of the fixture until it changes them, so that thousands of them cost little. What a
session answers depends on its seed and on what was asked in it, never on other sessions.
"""

import logging
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mockserver.control.clock import SessionClock
from mockserver.control.faults import FaultList
from mockserver.control.journal import Journal
from mockserver.control.redaction import Redactor
from mockserver.control.refusals import conflict, missing, refused
from mockserver.control.snapshots import Snapshots
from mockserver.engine.exchange import Identity
from mockserver.engine.hooks import World
from mockserver.engine.pipeline import Pipeline
from mockserver.engine.store import Base, Store
from mockserver.engine.world import Clock, Ids

__all__ = ["DEFAULT", "Limits", "Origin", "Session", "Sessions"]

DEFAULT = "default"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SWEEP_SECONDS = 1.0

_log = logging.getLogger("mockserver")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is kept. ``ttl`` is in seconds, 0 for ever; ``journal_entries`` 0 keeps no journal."""

    sessions: int = 10_000
    ttl: float = 3600
    snapshots: int = 100
    journal_entries: int = 10_000
    journal_bytes: int = 4 * 1024 * 1024
    all_journals: int = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Origin:
    """What sessions are made from."""

    pipeline: Pipeline
    bases: Mapping[str, Base]
    clock: Callable[[], Clock]
    ids: Callable[[int], Ids]
    identity: Callable[[Clock], Identity]
    users: frozenset[str]
    seed: int


class Session:
    """One world. ``used`` is when it was used last, in seconds of the registry's own clock."""

    __slots__ = (
        "_origin",
        "changes",
        "clock",
        "created_at",
        "faults",
        "journal",
        "name",
        "pipeline",
        "requests",
        "seed",
        "snapshot",
        "start",
        "used",
        "world",
    )

    def __init__(
        self,
        name: str,
        origin: Origin,
        journal: Journal,
        faults: FaultList,
        start: Store | None,
        seed: int,
        used: float,
    ) -> None:
        self.name = name
        self.journal = journal
        self.faults = faults
        self.seed = seed
        self.used = used
        self.requests = 0
        self.changes = 0  # of the state, by other ways than the mocked API
        self.created_at = datetime.now(UTC)
        self.snapshot: str | None = None
        self.start = start
        self._origin = origin
        self.clock = SessionClock(origin.clock())
        self.world = World(self.clock, origin.ids(seed))
        self.pipeline: Pipeline = self._over(self._fresh())

    @property
    def store(self) -> Store:
        """The present state."""
        return self.pipeline.store

    def _fresh(self) -> Store:
        return Store(self._origin.bases) if self.start is None else self.start.copy()

    def _over(self, store: Store) -> Pipeline:
        return self._origin.pipeline.fork(store, self.world, self._origin.identity(self.clock), self.seed)

    def replace_store(self, store: Store) -> None:
        """Put another state in the place of the present one."""
        self.pipeline = self._over(store)
        self.changed()

    def changed(self) -> None:
        """Have everybody who listens know that records were changed by another way than the mocked API."""
        self.changes += 1
        self.journal.tell()

    def rebase(self, origin: Origin, redactor: Redactor, carry: Callable[[Store], Store]) -> None:
        """Go on over another contract or fixture; ``carry`` returns the state that a present one becomes."""
        with self.store.lock:
            self._origin = origin
            self.start = carry(self.start) if self.start is not None else None
            self.journal.rebase(origin.pipeline.contract, redactor)
            self.replace_store(carry(self.store))

    def reset(self, parts: frozenset[str]) -> None:
        """Put parts (state, journal, faults, clock) back to how the session began; with all of them, its ids too."""
        if "clock" in parts:
            self.clock.reset()
        if {"state", "journal", "faults", "clock"} <= parts:
            self.clock = SessionClock(self._origin.clock())
            self.world = World(self.clock, self._origin.ids(self.seed))
            self.requests = 0
        if "state" in parts:
            self.replace_store(self._fresh())
        if "faults" in parts:
            self.faults.clear()
        if "journal" in parts:
            self.journal.clear()


class Sessions:
    """The sessions of one mock: made on first use, dropped when idle, bounded in number."""

    def __init__(self, origin: Origin, redactor: Redactor, limits: Limits, monotonic: Callable[[], float]) -> None:
        self.limits = limits
        self.snapshots = Snapshots(limits.snapshots)
        self.monotonic = monotonic
        self.made = 0
        self.dropped = {"asked": 0, "idle": 0, "full": 0}
        self._origin = origin
        self._redactor = redactor
        self._lock = threading.Lock()
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._next_sweep = 0.0
        self.default = self._new(DEFAULT, None, origin.seed)

    @property
    def users(self) -> frozenset[str]:
        """The names of the fixture's users."""
        return self._origin.users

    def __len__(self) -> int:
        return len(self._sessions) + 1

    def all(self) -> list[Session]:
        """Return all sessions, the one used last first."""
        self.sweep()
        with self._lock:
            found = [*self._sessions.values(), self.default]
        return sorted(found, key=lambda session: session.used, reverse=True)

    def use(self, name: str, snapshot: str = "") -> Session:
        """Return a session for a request of a client, made now if there is none of that name.

        Refuses a name that is none, and a snapshot that is not there.
        """
        now = self.monotonic()
        if now >= self._next_sweep:
            self.sweep()
        session = self._sessions.get(name)
        if session is None:
            return self._first_use(name, snapshot)
        session.used = now
        try:  # noqa: SIM105  # on the way of every request: a context manager costs several times as much
            self._sessions.move_to_end(name)
        except KeyError:  # dropped by another thread just now: it still gets this answer
            pass
        return session

    def _first_use(self, name: str, snapshot: str) -> Session:
        if name == DEFAULT:
            self.default.used = self.monotonic()
            return self.default
        self.check_name(name)
        if snapshot:
            self.snapshots.get(snapshot)
        with self._lock:
            found = self._sessions.get(name)
            return found if found is not None else self._add(name, snapshot, self._origin.seed)

    @staticmethod
    def check_name(name: str) -> None:
        """Refuse what is no name."""
        if not NAME.fullmatch(name):
            shown = repr(name if len(name) <= 80 else name[:77] + "...")
            refused("session", f"{shown} is no name: use 1 to 64 letters, digits, dots, dashes, underscores")

    def known(self, name: str) -> Session | None:
        """Return a session that is there; looking is no use of it."""
        return self.default if name == DEFAULT else self._sessions.get(name)

    def get(self, name: str) -> Session:
        """Return a session for the control API; refuse a name that is not there."""
        self.sweep()
        session = self.known(name)
        if session is None:
            missing("session", name, "It is made on first use, or by POST /__mock__/sessions.")
        return session

    def make(self, name: str, snapshot: str, seed: int | None) -> Session:
        """Make a session; refuse a name that is taken. An empty name has one made up."""
        if snapshot:
            self.snapshots.get(snapshot)
        self.sweep()
        with self._lock:
            if not name:
                name = next(n for n in (f"s{self.made + i}" for i in range(1, 10**9)) if n not in self._sessions)
            if name == DEFAULT or name in self._sessions:
                conflict(f"There is a session {name!r} already.", "Choose another name, or reset that one.")
            return self._add(name, snapshot, self._origin.seed if seed is None else seed)

    def drop(self, name: str) -> None:
        """Drop a session; refuse one that is not there, and the default one."""
        if name == DEFAULT:
            conflict("The default session stays.", f"Reset it: POST /__mock__/sessions/{DEFAULT}/reset.")
        self.get(name)
        self._drop(name, "asked")

    def sweep(self) -> None:
        """Drop the sessions that have been idle for too long."""
        now = self.monotonic()
        self._next_sweep = now + _SWEEP_SECONDS
        self._shorten_journals()
        ttl = self.limits.ttl
        while ttl:
            with self._lock:
                name, oldest = next(iter(self._sessions.items()), (None, None))
            if name is None or oldest is None or oldest.used + ttl > now:
                return
            self._drop(name, "idle")

    def _shorten_journals(self) -> None:
        """Clear the journals of the sessions idle the longest while all together are too large."""
        with self._lock:
            sessions = [*self._sessions.values(), self.default]
        total = sum(session.journal.bytes for session in sessions)
        for session in sessions:
            if total <= self.limits.all_journals:
                return
            if session.journal.bytes:
                total -= session.journal.bytes
                session.journal.clear()
                _log.warning(
                    "the journal of session %r was cleared: all journals together were too large", session.name
                )

    def _add(self, name: str, snapshot: str, seed: int) -> Session:
        while len(self._sessions) + 1 >= self.limits.sessions and self._sessions:
            oldest, dropped = self._sessions.popitem(last=False)
            self.dropped["full"] += 1
            dropped.journal.end()
            _log.warning(
                "session %r was dropped: it was idle the longest of %d, the most there may be (--max-sessions)",
                oldest,
                self.limits.sessions,
            )
        session = self._new(name, snapshot or None, seed)
        self._sessions[name] = session
        self.made += 1
        return session

    def _new(self, name: str, snapshot: str | None, seed: int) -> Session:
        start = self.snapshots.get(snapshot).store if snapshot else None
        limits, contract = self.limits, self._origin.pipeline.contract
        journal = Journal(name, self._redactor, contract, limits.journal_entries, limits.journal_bytes)
        session = Session(name, self._origin, journal, FaultList(), start, seed, self.monotonic())
        session.snapshot = snapshot
        return session

    def _drop(self, name: str, why: str) -> None:
        with self._lock:
            session = self._sessions.pop(name, None)
        if session is not None:
            self.dropped[why] += 1
            session.journal.end()
            if why == "idle":
                _log.info("session %r was dropped: it was idle for %g seconds", name, self.limits.ttl)

    def rebase(self, origin: Origin, redactor: Redactor, carry: Callable[[str, Store], Store]) -> None:
        """Have all sessions and snapshots go on over another contract or fixture.

        ``carry`` is given whose state it is (`session 'NAME'`, `snapshot 'NAME'`) and the state, and returns what it
        becomes.
        """
        with self._lock:
            self._origin, self._redactor = origin, redactor
            self.snapshots.rebase(lambda name, store: carry(f"snapshot {name!r}", store))
            for session in [self.default, *self._sessions.values()]:
                session.rebase(origin, redactor, lambda store, name=session.name: carry(f"session {name!r}", store))  # type: ignore[misc]

    def fixture(self) -> Store:
        """Return the state of the fixture."""
        return Store(self._origin.bases)

    def expiry(self, session: Session) -> float | None:
        """Return in how many seconds a session is dropped unless it is used, or ``None`` for never."""
        if session is self.default or not self.limits.ttl:
            return None
        return max(0.0, session.used + self.limits.ttl - self.monotonic())

    def information(self) -> dict[str, Any]:
        """Return the figures of the registry."""
        return {"sessions": len(self), "made": self.made, "dropped": dict(self.dropped)}
