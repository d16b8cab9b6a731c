"""A client of the control API of a running mock: sessions, state, journal, faults and clock from Python.

It needs nothing but the standard library and knows nothing of the mocked API. For other languages there is the OpenAPI
document at `/__mock__/openapi.yaml`; the shapes of all values are described there.

>>> mock = MockClient("http://127.0.0.1:8080")
>>> with mock.session("checkout") as session:  # doctest: +SKIP
...     session.faults.status(503, operation="listAIProviders", times=1)
...     run_my_code(base_url=session.base_url)
...     session.journal.expect(method="POST", body={"enabled": True}, exactly=1)
"""

import json
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Literal, TypedDict, Unpack
from urllib.parse import quote, urlencode

from mockserver.errors import MockserverError

__all__ = ["Clock", "ControlError", "Faults", "Journal", "Match", "MockClient", "MockSession", "Schedule", "State"]

Json = Any
ROOT = "/__mock__"


class ControlError(MockserverError):
    """The control API refused a request, or could not be reached.

    `status` is None where no answer came; `validations` are the members at fault, each with `field` and `detail`.
    """

    def __init__(self, status: int | None, message: str, validations: tuple[Mapping[str, str], ...] = ()) -> None:
        places = "; ".join(f"{entry.get('field')}: {entry.get('detail')}" for entry in validations)
        super().__init__(f"{message} ({places})" if places else message)
        self.status = status
        self.validations = validations


class Match(TypedDict, total=False):
    """What a request must be like to be meant; everything given must hold.

    `path` may hold `*`. `query`, `headers`, `path_params` and `body` map names (of the body as `api_keys[0].id`) to a
    value, or to operators: `{"contains": "x"}`, `{"present": False}`, `{"at_least": 2}`, ....
    """

    operation: str
    method: str
    path: str
    query: Mapping[str, Json]
    headers: Mapping[str, Json]
    path_params: Mapping[str, Json]
    body: Mapping[str, Json]
    principal: str
    status: int | str
    text: str
    problem: str
    fault: str
    since: str
    until: str


class Schedule(TypedDict, total=False):
    """Which requests a fault hits, and when: members of a matcher, and of `NewFault` of the document."""

    operation: str
    method: str
    path: str
    query: Mapping[str, Json]
    headers: Mapping[str, Json]
    path_params: Mapping[str, Json]
    body: Mapping[str, Json]
    principal: str
    id: str
    after: int
    times: int
    probability: float
    seed: int


WHEN = ("id", "after", "times", "probability", "seed")


class MockClient:
    """One running mock. `url` is where it listens, `token` its control token, `timeout` in seconds."""

    def __init__(self, url: str, token: str | None = None, timeout: float = 30.0) -> None:
        self.url = url.rstrip("/")
        self.timeout = timeout
        self._token = token

    def call(self, method: str, path: str, body: Json = None, query: Mapping[str, Any] | None = None) -> Json:
        """Send a request of the control API; return its JSON, text for another type, None for 204.

        Raises :class:`ControlError` for a refusal, and where no answer comes.
        """
        target = f"{self.url}{ROOT}{path}" + (f"?{urlencode(query)}" if query else "")
        headers = {"Accept": "application/json, */*"}
        data = None
        if body is not None:
            data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        request = urllib.request.Request(target, data=data, headers=headers, method=method)  # noqa: S310 - as given
        try:
            with urllib.request.urlopen(request, timeout=self.timeout) as answer:  # noqa: S310
                return _read(answer.headers.get_content_type(), answer.read())
        except urllib.error.HTTPError as problem:
            with problem:
                raise _refusal(problem.code, problem.read()) from None
        except OSError as problem:
            reason = getattr(problem, "reason", None) or problem
            raise ControlError(None, f"no answer from the mock at {self.url}: {reason}; is it running?") from None

    def info(self) -> Json:
        """Return what is served: contract, operations, fixture, users, settings (`Information`)."""
        return self.call("GET", "/info")

    def sessions(self) -> list[Json]:
        """Return all sessions, the one used last first (`Session`)."""
        return list(self.call("GET", "/sessions")["sessions"])

    def session(
        self, name: str | None = None, *, snapshot: str | None = None, seed: int | None = None
    ) -> "MockSession":
        """Make a session; without a name it gets one. Raises :class:`ControlError` (409) where there is one already."""
        body = {"name": name, "snapshot": snapshot, "seed": seed}
        made = self.call("POST", "/sessions", {key: value for key, value in body.items() if value is not None})
        return MockSession(self, made["name"])

    def existing(self, name: str = "default") -> "MockSession":
        """Return a session that is there, or that its first use makes."""
        return MockSession(self, name)

    def snapshots(self) -> list[Json]:
        """Return all snapshots (`Snapshot`)."""
        return list(self.call("GET", "/snapshots")["snapshots"])

    def forget(self, snapshot: str) -> None:
        """Delete a snapshot."""
        self.call("DELETE", f"/snapshots/{quote(snapshot, safe='')}")

    def compare(self, before: str, after: str) -> Json:
        """Return what was added, changed and removed between two of `fixture`, `snapshot:NAME`, `session:NAME`."""
        return self.call("GET", "/comparison", query={"from": before, "to": after})


class MockSession:
    """A session of a mock: a world of its own. As a context manager it is dropped at the end of the block."""

    def __init__(self, client: MockClient, name: str) -> None:
        self.client = client
        self.name = name
        self.state = State(self)
        self.journal = Journal(self)
        self.faults = Faults(self)
        self.clock = Clock(self)

    def __enter__(self) -> "MockSession":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.drop()

    @property
    def base_url(self) -> str:
        """The URL to put before the API's own paths, for clients that cannot set a header."""
        return f"{self.client.url}{ROOT}/s/{quote(self.name, safe='')}"

    @property
    def headers(self) -> dict[str, str]:
        """The header that chooses the session, for clients that keep their base URL."""
        return {"X-Mock-Session": self.name}

    def call(self, method: str, path: str, body: Json = None, query: Mapping[str, Any] | None = None) -> Json:
        """Send a request of the control API below this session."""
        return self.client.call(method, f"/sessions/{quote(self.name, safe='')}{path}", body, query)

    def info(self) -> Json:
        """Return what the session is like now (`Session`)."""
        return self.call("GET", "")

    def reset(self, *parts: Literal["state", "journal", "faults", "clock"]) -> None:
        """Put the session back to how it began, or only parts of it."""
        self.call("POST", "/reset", {"parts": list(parts)} if parts else {})

    def snapshot(self, name: str) -> None:
        """Keep the present state under a name."""
        self.client.call("PUT", f"/snapshots/{quote(name, safe='')}", {"session": self.name})

    def restore(self, name: str) -> None:
        """Put the state back to a snapshot."""
        self.call("POST", "/restore", {"snapshot": name})

    def changes(self, since: str = "fixture") -> Json:
        """Return what changed since the fixture, or since `snapshot:NAME` (`Comparison`)."""
        return self.client.compare(since, f"session:{self.name}")

    def drop(self) -> None:
        """Drop the session and all that is its; one that is gone already is none to worry about."""
        try:
            self.call("DELETE", "")
        except ControlError as problem:
            if problem.status != 404:
                raise


class _Part:
    """A part of a session."""

    def __init__(self, session: MockSession) -> None:
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
        return int(self._session.info()["journal"]["last"])

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
        fault = {name: given.pop(name) for name in WHEN if name in given}
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


def _read(kind: str, body: bytes) -> Json:
    if not body:
        return None
    return json.loads(body) if kind == "application/json" else body.decode("utf-8")


def _refusal(status: int, body: bytes) -> ControlError:
    try:
        error = json.loads(body)
        detail = f": {error['detail']}" if error.get("detail") else ""
        return ControlError(status, f"{error['message']}{detail}", tuple(error.get("validations", ())))
    except (ValueError, KeyError, TypeError, AttributeError):
        return ControlError(status, f"the mock answered {status} with what is no error of the control API")
