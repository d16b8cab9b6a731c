"""Users and their tokens: who sends a request, told from a credential."""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from mockserver.engine.world import Clock

__all__ = ["Directory", "Token", "User"]


@dataclass(frozen=True, slots=True)
class User:
    """A user of the deployment; a suspended one is not let in."""

    name: str
    roles: frozenset[str]
    suspended: bool = False


@dataclass(frozen=True, slots=True)
class Token:
    """A session token of a user; ``expires`` is when it stops being good, in UTC."""

    value: str
    user: User
    expires: datetime | None = None

    def __repr__(self) -> str:
        return f"Token(of {self.user.name!r})"


class Directory:
    """Finds the user of a token.

    Tokens are kept and compared as keyed digests under a key that lives with the process, so neither the time of a
    look-up nor a dump of this object tells anything about a token.
    """

    def __init__(self, tokens: Iterable[Token], clock: Clock) -> None:
        self._key = os.urandom(32)
        self._clock = clock
        self._entries = {self._digest(token.value): (token.user, token.expires) for token in tokens}

    def at(self, clock: Clock) -> "Directory":
        """Return a directory of the same tokens that goes by another clock."""
        other = object.__new__(Directory)
        other._key, other._entries, other._clock = self._key, self._entries, clock
        return other

    def names(self) -> frozenset[str]:
        """Return the names of all users."""
        return frozenset(user.name for user, _ in self._entries.values())

    def principal(self, scheme: str, credential: str) -> User | None:
        """Return the user of a token, or ``None``: unknown, expired, or its user is suspended."""
        entry = self._entries.get(self._digest(credential))
        if entry is None:
            return None
        user, expires = entry
        if user.suspended or (expires is not None and expires <= self._clock.now()):
            return None
        return user

    def _digest(self, credential: str) -> bytes:
        return hashlib.blake2b(credential.encode("utf-8", "surrogateescape"), key=self._key, digest_size=32).digest()
