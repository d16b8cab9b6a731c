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
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Literal
from urllib.parse import quote, urlencode

from mockserver.client.parts import Clock, Faults, Journal, State
from mockserver.client.values import ControlError, Json, Match, Schedule

__all__ = ["Clock", "ControlError", "Faults", "Journal", "Match", "MockClient", "MockSession", "Schedule", "State"]

ROOT = "/__mock__"


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
