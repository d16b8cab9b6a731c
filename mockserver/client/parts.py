"""The parts of a session: its records, exchanges, faults and clock."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, Protocol, Unpack
from urllib.parse import quote

from mockserver.client.values import Json, Match, Schedule

__all__ = ["Clock", "Faults", "Journal", "State"]

_WHEN = ("id", "after", "times", "probability", "seed")


class _Session(Protocol):
    """What a part needs of its session."""

    def call(self, method: str, path: str, body: Json = None, query: Mapping[str, Any] | None = None) -> Json:
        """Send a request of the control API below the session."""


class _Part:
    """A part of a session."""

    def __init__(self, session: _Session) -> None:
        self._session = session


class State(_Part):
    """The records of a session, collection by collection."""

    def all(self) -> dict[str, list[Json]]:
        """Return all records, written as a fixture writes them."""
        return dict(self._session.call("GET", "/state"))

    def replace(self, collections: Mapping[str, Iterable[Json]]) -> None:
        """Put other records in the place of all; nothing changes where one of them is refused."""
        self._session.call("PUT", "/state", {name: list(entries) for name, entries in collections.items()})

    def records(self, collection: str) -> list[Json]:
        """Return the records of a collection, each with `key`, `data` and the `view` that clients see."""
        return list(self._session.call("GET", f"/state/{quote(collection, safe='')}")["records"])

    def add(self, collection: str, entry: Mapping[str, Json]) -> Json:
        """Add a record, judged like an entry of a fixture; return it as :meth:`records` does."""
        return self._session.call("POST", f"/state/{quote(collection, safe='')}", dict(entry))

    def get(self, collection: str, key: str) -> Json:
        """Return one record."""
        return self._session.call("GET", self._path(collection, key))

    def put(self, collection: str, key: str, entry: Mapping[str, Json]) -> Json:
        """Put another record in the place of one; its key stays."""
        return self._session.call("PUT", self._path(collection, key), dict(entry))

    def change(self, collection: str, key: str, members: Mapping[str, Json]) -> Json:
        """Change some members of a record (RFC 7396: null removes one)."""
        return self._session.call("PATCH", self._path(collection, key), dict(members))

    def remove(self, collection: str, key: str) -> None:
        """Remove a record."""
        self._session.call("DELETE", self._path(collection, key))

    def fixture(self) -> str:
        """Return the state as the text of a fixture file that can be loaded again."""
        return str(self._session.call("GET", "/fixture"))

    @staticmethod
    def _path(collection: str, key: str) -> str:
        return f"/state/{quote(collection, safe='')}/{quote(key, safe='')}"


class Journal(_Part):
    """The exchanges of a session, tokens and secrets taken out."""

    def entries(self, *, limit: int = 1000, after: int = 0, **match: Unpack[Match]) -> list[Json]:
        """Return the exchanges that match, the oldest first (`JournalEntry`)."""
        body = {"match": _matcher(match), "limit": limit, "after": after}
        return list(self._session.call("POST", "/journal/search", body)["entries"])

    def verify(
        self,
        *,
        exactly: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
        after: int = 0,
        **match: Unpack[Match],
    ) -> Json:
        """Return whether as many requests came as are expected, at least one by default (`Verdict`)."""
        wanted = {"exactly": exactly, "at_least": at_least, "at_most": at_most}
        count = {name: number for name, number in wanted.items() if number is not None}
        body = {"match": _matcher(match), "after": after, **({"count": count} if count else {})}
        return self._session.call("POST", "/journal/verify", body)

    def expect(
        self,
        *,
        exactly: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
        after: int = 0,
        **match: Unpack[Match],
    ) -> None:
        """Raise :class:`AssertionError`, with the nearest candidates, unless as many requests came as are expected."""
        __tracebackhide__ = True  # pytest shows the test instead
        verdict = self.verify(exactly=exactly, at_least=at_least, at_most=at_most, after=after, **match)
        if not verdict["passed"]:
            raise AssertionError("\n".join([verdict["message"], *_candidates(verdict["candidates"])]))

    def wait(
        self, *, count: int = 1, seconds: float = 10.0, after: int | None = None, **match: Unpack[Match]
    ) -> list[Json]:
        """Wait until requests have come that match, and return them; raises :class:`TimeoutError` when they do not."""
        body = {"match": _matcher(match), "count": count, "seconds": seconds}
        found = self._session.call("POST", "/journal/wait", body if after is None else {**body, "after": after})
        if not found["satisfied"]:
            raise TimeoutError(f"{len(found['entries'])} of {count} matching requests came within {seconds:g} s")
        return list(found["entries"])

    def last(self) -> int:
        """Return the id of the newest exchange, 0 before the first; what comes later has a higher one."""
        return int(self._session.call("GET", "")["journal"]["last"])

    def clear(self) -> None:
        """Forget all exchanges."""
        self._session.call("DELETE", "/journal")

    def har(self) -> Json:
        """Return the exchanges as an HTTP archive (HAR 1.2)."""
        return self._session.call("GET", "/journal/har")


class Faults(_Part):
    """What goes wrong on purpose; each method adds one fault and returns it (`Fault`)."""

    def add(self, effect: Mapping[str, Json], **schedule: Unpack[Schedule]) -> Json:
        """Add a fault with any effect of the document."""
        given = dict(schedule)
        fault = {name: given.pop(name) for name in _WHEN if name in given}
        return self._session.call("POST", "/faults", {**fault, "match": given, "effect": dict(effect)})

    def status(self, status: int, *, force: bool = False, message: str = "", **schedule: Unpack[Schedule]) -> Json:
        """Answer with an error, in the contract's own shape; `force` where the operation does not document it."""
        effect = {"kind": "status", "status": status, "force": force}
        return self.add({**effect, "message": message} if message else effect, **schedule)

    def delay(self, seconds: float, **schedule: Unpack[Schedule]) -> Json:
        """Answer later."""
        return self.add({"kind": "delay", "seconds": seconds}, **schedule)

    def rate_limit(self, limit: int, window: float, **schedule: Unpack[Schedule]) -> Json:
        """Answer 429 with Retry-After beyond `limit` requests within `window` seconds."""
        return self.add({"kind": "rate-limit", "limit": limit, "window": window}, **schedule)

    def drop(self, when: Literal["before", "inside", "after"] = "before", **schedule: Unpack[Schedule]) -> Json:
        """Close the connection before, inside or after the answer."""
        return self.add({"kind": "drop", "when": when}, **schedule)

    def truncate(self, keep: float = 0.5, **schedule: Unpack[Schedule]) -> Json:
        """Send a share of the body only, with the length of that share."""
        return self.add({"kind": "truncate", "keep": keep}, **schedule)

    def malformed(self, **schedule: Unpack[Schedule]) -> Json:
        """Send a body that is not JSON any more."""
        return self.add({"kind": "malformed"}, **schedule)

    def off_contract(self, how: str, member: str | None = None, **schedule: Unpack[Schedule]) -> Json:
        """Break the contract in a named way: `missing-member`, `wrong-type`, `unknown-enum-value`, ...."""
        effect = {"kind": "off-contract", "how": how}
        return self.add({**effect, "member": member} if member is not None else effect, **schedule)

    def stale(self, changes: int = 1, **schedule: Unpack[Schedule]) -> Json:
        """Answer reads from the state before the last changes."""
        return self.add({"kind": "stale", "changes": changes}, **schedule)

    def duplicate(self, **schedule: Unpack[Schedule]) -> Json:
        """Carry requests out twice."""
        return self.add({"kind": "duplicate"}, **schedule)

    def preset(self, name: str) -> None:
        """Switch a preset on: `slow-3g`, `flaky`, `outage`, `rate-limited`, `expired-session`."""
        self._session.call("PUT", f"/presets/{quote(name, safe='')}")

    def without_preset(self, name: str) -> None:
        """Switch a preset off."""
        self._session.call("DELETE", f"/presets/{quote(name, safe='')}")

    def all(self) -> list[Json]:
        """Return all faults, those that are spent too."""
        return list(self._session.call("GET", "/faults")["faults"])

    def remove(self, identifier: str) -> None:
        """Remove a fault."""
        self._session.call("DELETE", f"/faults/{quote(identifier, safe='')}")

    def clear(self) -> None:
        """Remove all faults."""
        self._session.call("DELETE", "/faults")


class Clock(_Part):
    """The time in a session; tokens expire and records are stamped by it. Times are RFC 3339 texts."""

    def now(self) -> str:
        """Return the time."""
        return str(self._session.call("GET", "/clock")["now"])

    def set(self, now: str, *, frozen: bool = False) -> None:
        """Set the clock."""
        self._session.call("PUT", "/clock", {"now": now, "frozen": frozen})

    def advance(self, seconds: float) -> None:
        """Move the clock on."""
        self._session.call("POST", "/clock/advance", {"seconds": seconds})

    def freeze(self) -> None:
        """Stop the clock where it is."""
        self._session.call("POST", "/clock/freeze")

    def resume(self) -> None:
        """Let the clock run on."""
        self._session.call("POST", "/clock/resume")

    def reset(self) -> None:
        """Put the clock back to the one that the mock was started with."""
        self._session.call("DELETE", "/clock")


def _matcher(match: Mapping[str, Json]) -> dict[str, Json]:
    return {name: str(value) if name == "status" else value for name, value in match.items()}


def _candidates(candidates: Iterable[Json]) -> Iterable[str]:
    for candidate in candidates:
        entry = candidate["entry"]
        yield f"nearest: {entry['method']} {entry['path']} -> {entry['status']}"
        for difference in candidate["differences"]:
            yield f"  {difference['place']}: expected {difference['expected']}, found {difference['found']}"
