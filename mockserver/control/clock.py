"""The clock of one session: the mock's own, until it is set, moved on or frozen."""

from datetime import UTC, datetime, timedelta

from mockserver.engine.world import Clock

__all__ = ["SessionClock"]

_NONE = timedelta()
_INSTANT = timedelta(microseconds=1)
_LATEST = datetime.max.replace(tzinfo=UTC) - timedelta(days=366)  # room for what is made relative to it


class SessionClock:
    """Tells the time of a session in UTC; token expiry and timestamps follow it."""

    __slots__ = ("_frozen", "_offset", "_source")

    def __init__(self, source: Clock) -> None:
        self._source = source
        self._offset = _NONE
        self._frozen: datetime | None = None

    def now(self) -> datetime:
        """Return the present time; reading it changes nothing."""
        if self._frozen is not None:
            return self._frozen
        return self._source.now() + self._offset if self._offset else self._source.now()

    def tick(self) -> datetime:
        """Return the time of a change; two changes never share one, not even while the clock is frozen."""
        if self._frozen is not None:
            self._frozen += _INSTANT
            return self._frozen
        return self._source.tick() + self._offset if self._offset else self._source.tick()

    @property
    def frozen(self) -> bool:
        """Whether the clock stands."""
        return self._frozen is not None

    @property
    def offset(self) -> timedelta:
        """How far it is ahead of the mock's own clock."""
        return self.now() - self._source.now() if self._frozen is not None else self._offset

    def set(self, moment: datetime, *, frozen: bool = False) -> None:
        """Set the clock. Raises ``OverflowError`` for a time that leaves no room after it."""
        if moment > _LATEST:
            raise OverflowError(f"{moment.isoformat()} is too late")
        self._offset = moment - self._source.now()
        self._frozen = moment if frozen else None

    def advance(self, by: timedelta) -> None:
        """Move the clock on, whether it stands or not. Raises ``OverflowError`` like :meth:`set`."""
        self.set(self.now() + by, frozen=self.frozen)

    def freeze(self) -> None:
        """Stop the clock where it is."""
        self.set(self.now(), frozen=True)

    def resume(self) -> None:
        """Let the clock run on from where it is."""
        self.set(self.now())

    def reset(self) -> None:
        """Go by the mock's own clock again."""
        self._offset, self._frozen = _NONE, None
