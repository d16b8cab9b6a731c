"""What an API makes up by itself: the time, identifiers, random numbers. All of it comes in from outside."""

import os
import random
import re
from datetime import UTC, datetime, timedelta
from typing import Protocol

__all__ = [
    "Clock",
    "Ids",
    "RandomIds",
    "SeededIds",
    "SteppingClock",
    "SystemClock",
    "parse_rfc3339",
    "rfc3339",
]

_RFC3339 = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9:]{8}(?:\.[0-9]+)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})")
_MICROSECOND = timedelta(microseconds=1)
_AHEAD = 64  # UUIDs that are made of one piece of randomness


class Clock(Protocol):
    """Tells the time in UTC."""

    def now(self) -> datetime:
        """Return the present time; reading it changes nothing."""

    def tick(self) -> datetime:
        """Return the time of a change; two changes never share one."""


class SystemClock:
    """The machine's clock, made strictly increasing for changes."""

    def __init__(self) -> None:
        self._last = datetime.min.replace(tzinfo=UTC)

    def now(self) -> datetime:
        """Return the present time."""
        return datetime.now(UTC)

    def tick(self) -> datetime:
        """Return the present time, at least a microsecond after the one before."""
        now = datetime.now(UTC)
        self._last = now if now > self._last else self._last + _MICROSECOND
        return self._last


class SteppingClock:
    """A clock that starts at a fixed time and moves by one step per change: the same run, the same times."""

    def __init__(self, start: datetime, step: timedelta = timedelta(seconds=1)) -> None:
        self._now = start
        self._step = step

    def now(self) -> datetime:
        """Return the time of the last change."""
        return self._now

    def tick(self) -> datetime:
        """Move on by one step and return the new time."""
        self._now += self._step
        return self._now


class Ids(Protocol):
    """Makes UUIDs, version 4."""

    def uuid(self) -> str:
        """Return a new UUID in its canonical form."""


class RandomIds:
    """UUIDs from the operating system's randomness, asked for many at a time."""

    def __init__(self) -> None:
        self._ahead: list[bytes] = []

    def uuid(self) -> str:
        """Return a new UUID in its canonical form."""
        try:
            octets = self._ahead.pop()
        except IndexError:
            more = os.urandom(16 * _AHEAD)
            octets = more[:16]
            self._ahead.extend(more[at : at + 16] for at in range(16, len(more), 16))
        return canonical_uuid4(octets)


class SeededIds:
    """UUIDs that a seed decides: the same run, the same identifiers."""

    def __init__(self, seed: int | str) -> None:
        self._random = random.Random(f"ids:{seed}")  # noqa: S311  # reproducible on purpose

    def uuid(self) -> str:
        """Return the next UUID of the sequence in its canonical form."""
        return canonical_uuid4(self._random.randbytes(16))


def canonical_uuid4(octets: bytes) -> str:
    """Return 16 random octets as a UUID, version 4 (RFC 9562, section 5.4)."""
    digits = octets.hex()
    variant = "89ab"[octets[8] >> 6]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def rfc3339(moment: datetime) -> str:
    """Return a UTC time as RFC 3339 text, microseconds at most: ``2026-01-02T03:04:05.000006Z``."""
    return moment.isoformat()[:-6] + "Z"  # in the place of +00:00


def parse_rfc3339(text: str) -> datetime:
    """Return the time that RFC 3339 text names, in UTC. Raises ``ValueError`` for anything else."""
    if not _RFC3339.fullmatch(text):
        raise ValueError(f"{text!r} is not an RFC 3339 time with a zone")
    return datetime.fromisoformat(text.upper()).astimezone(UTC)
