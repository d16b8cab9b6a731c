"""What the server handles: requests, answers, refusals, users, and the providers that it keeps."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

NOTHING: Any = object()  # an answer without a body


@dataclass(slots=True)
class Request:
    """One request, its body still bytes; what routing, authentication and judging find out is added to it."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    cookies: dict[str, str]
    body: bytes
    operation: str = ""
    key: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    user: "User | None" = None


@dataclass(slots=True)
class Answer:
    """One answer; ``data`` is sent as JSON, ``raw`` as it stands where it is given."""

    status: int
    data: Any = NOTHING
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None


class Refusal(Exception):
    """A request that is not served: a status, a sentence, and the members at fault with what is wrong with each."""

    def __init__(self, status: int, message: str, faults: list[tuple[str, str]] | None = None, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.faults = faults or []
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


@dataclass(frozen=True, slots=True)
class User:
    """Whoever a token belongs to."""

    name: str
    owner: bool = False
    suspended: bool = False
    expired: bool = False


USERS = {
    "API_KEY": User("olga", owner=True),
    "MEMBER_KEY": User("mehmet"),
    "EXPIRED_KEY": User("enid", owner=True, expired=True),
    "SUSPENDED_KEY": User("saul", owner=True, suspended=True),
}


@dataclass(frozen=True, slots=True)
class Key:
    """A stored key of a provider."""

    id: str
    plain: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Provider:
    """A stored provider; never changed in place."""

    id: str
    type: str
    name: str
    base_url: str
    created_at: datetime
    updated_at: datetime
    display_name: str = ""
    enabled: bool = False
    keys: tuple[Key, ...] = ()
    settings: dict[str, Any] | None = None


def moment(text: str) -> datetime:
    """Return the instant of an RFC 3339 text."""
    return datetime.fromisoformat(text).astimezone(UTC)
