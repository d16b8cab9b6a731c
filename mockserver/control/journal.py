"""What a session has exchanged: bounded by number and octets, and without a secret in it.

Recording is on the way of every request, so an entry keeps what is there already (the answer's octets, the names of
the steps' findings) and puts it into words only when it is read. What is secret is taken out at once, so that nothing
that reads, exports or dumps a journal can give it away (:mod:`mockserver.control.redaction`).
"""

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, NamedTuple

from mockserver.control.redaction import Redactor
from mockserver.engine import jsonbody
from mockserver.engine.contract import Contract
from mockserver.engine.exchange import Exchange
from mockserver.engine.messages import Response
from mockserver.engine.plans import MISSING, parse_query
from mockserver.engine.problems import Violation
from mockserver.engine.world import rfc3339

__all__ = ["Applied", "Entry", "Journal"]

Applied = tuple[str, str, str]  # id, kind and detail of a fault that hit a request

KEPT_BODY = 64 * 1024  # octets of one body that are kept
_OVERHEAD = 1000  # octets of memory that an entry takes beside its bodies, roughly


class Entry(NamedTuple):
    """One exchange. Everything in it is without secrets but ``response_body``, which holds what any client may read."""

    id: int
    time: float
    seconds: float
    operation: str | None
    method: str
    path: str
    query: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    body_size: int
    body_redacted: bool
    principal: str | None
    problem: str | None
    violations: tuple[Violation, ...]
    status: int | None
    response_headers: Sequence[tuple[str, str]]
    response_body: bytes
    faults: tuple[Applied, ...]
    size: int


class Journal:
    """The exchanges of one session, the oldest forgotten first. Entries are numbered from 1, and never again."""

    def __init__(self, name: str, redactor: Redactor, contract: Contract, max_entries: int, max_bytes: int) -> None:
        self.last = 0
        self.bytes = 0
        self.cleared = 0
        self.ended = False
        self._name = name
        self._redactor = redactor
        self._contract = contract
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._entries: deque[tuple[Any, ...]] = deque()
        self._lock = threading.Lock()
        self._listeners: tuple[Callable[[], None], ...] = ()

    def __len__(self) -> int:
        return len(self._entries)

    def rebase(self, contract: Contract, redactor: Redactor) -> None:
        """Go on with another contract. Where it differs the journal starts anew: it may call other members secret."""
        if contract.document.raw != self._contract.document.raw:
            self.clear()
        self._contract, self._redactor = contract, redactor

    def record(
        self,
        exchange: Exchange,
        response: Response | None,
        when: float,
        seconds: float,
        faults: tuple[Applied, ...] = (),
    ) -> None:
        """Keep an exchange; ``response`` is what was sent, ``None`` where the connection was closed instead."""
        request, redactor, plan = exchange.request, self._redactor, exchange.plan
        sent, problem, principal = request.body, exchange.problem, exchange.principal
        body, redacted = b"", sent is None
        if sent:
            body, redacted = redactor.body(sent, exchange.body)
            body = body[:KEPT_BODY]
        status, answer, answer_headers = None, b"", ()  # type: int | None, bytes, tuple[tuple[str, str], ...]
        if response is not None:
            status, answer, answer_headers = response.status, response.body, redactor.headers(response.headers)
        size = _OVERHEAD + len(body) + len(answer)
        with self._lock:
            self.last = number = self.last + 1
            # A plain tuple of plain values: the garbage collector need not look at it again and again.
            entry = (
                number,
                when,
                seconds,
                plan.operation.id if plan is not None else None,
                request.method,
                request.path if "=" not in request.path else redactor.text(request.path),
                redactor.query(request.query) if request.query else "",
                redactor.headers(request.headers.items()),
                body,
                len(sent) if sent is not None else int(request.headers.get("content-length", 0)),
                redacted,
                principal.name if principal is not None else None,
                # Not the problem itself: it may hold on to frames, and to what was sent.
                problem.code if problem is not None else None,
                problem.violations if problem is not None else (),
                status,
                answer_headers,
                answer,
                faults,
                size,
            )
            entries = self._entries
            entries.append(entry)
            self.bytes += size
            while len(entries) > self._max_entries or (self.bytes > self._max_bytes and len(entries) > 1):
                self.bytes -= entries.popleft()[-1]
        for listener in self._listeners:
            listener()

    def clear(self) -> None:
        """Forget all entries; their numbers are not used again."""
        with self._lock:
            self._entries.clear()
            self.bytes = 0
            self.cleared += 1
        self.tell()

    def end(self) -> None:
        """Say that the session is gone."""
        self.ended = True
        self.tell()

    def tell(self) -> None:
        """Have everybody who listens look again."""
        for listener in self._listeners:
            listener()

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call ``listener`` after every change, from any thread, until what is returned is called."""
        with self._lock:
            self._listeners = (*self._listeners, listener)

        def stop() -> None:
            with self._lock:
                self._listeners = tuple(other for other in self._listeners if other is not listener)

        return stop

    def get(self, number: int) -> Entry | None:
        """Return an entry by its number, or ``None`` when it is not (or no longer) there."""
        with self._lock:
            first = self._entries[0][0] if self._entries else 0
            index = number - first
            return Entry._make(self._entries[index]) if first and 0 <= index < len(self._entries) else None

    def entries(self, after: int = 0, before: int | None = None) -> list[Entry]:
        """Return the entries between two numbers, oldest first."""
        with self._lock:
            if not self._entries:
                return []
            skip = max(0, after - self._entries[0][0] + 1)
            kept = list(self._entries)[skip:] if skip < len(self._entries) else []
        found = map(Entry._make, kept)
        return list(found) if before is None else [entry for entry in found if entry.id < before]

    def facts(self, entry: Entry) -> "EntryFacts":
        """Return an entry as matchers look at it."""
        return EntryFacts(entry, self._contract, self._redactor)

    def document(self, entry: Entry, view: str = "full") -> dict[str, Any]:
        """Return an entry as the control API shows it."""
        return _document(entry, self._name, view, self._redactor)


class EntryFacts:
    """An entry of a journal as matchers look at it; they find nothing that was redacted."""

    def __init__(self, entry: Entry, contract: Contract, redactor: Redactor) -> None:
        self._entry, self._contract, self._redactor = entry, contract, redactor
        self.operation = entry.operation
        self.method = entry.method
        self.path = entry.path
        self.principal = entry.principal
        self.status = entry.status
        self.problem = entry.problem
        self.faults = tuple(fault for fault, _, _ in entry.faults)

    @property
    def time(self) -> datetime:
        """When the request came."""
        return datetime.fromtimestamp(self._entry.time, UTC)

    @cached_property
    def query(self) -> Mapping[str, list[str]]:
        """The query parameters."""
        return parse_query(self._entry.query)

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """The headers by their lower-case names."""
        return {name.lower(): value for name, value in self._entry.headers}

    @cached_property
    def path_params(self) -> Mapping[str, str]:
        """The path parameters."""
        found = self._contract.router.match(self._entry.path)
        return found[1] if found else {}

    @cached_property
    def body(self) -> Any:
        """The body as JSON, or ``MISSING``."""
        try:
            return jsonbody.decode(self._entry.body)
        except jsonbody.MalformedJSON:
            return MISSING

    def has_text(self, wanted: str) -> bool:
        """Whether lower-case text is in it anywhere."""
        entry = self._entry
        if wanted in entry.path.lower() or wanted in entry.query.lower():
            return True
        if any(wanted in name.lower() or wanted in value.lower() for name, value in entry.headers):
            return True
        octets = wanted.encode()
        if octets in entry.body.lower() or wanted in entry.body.decode("utf-8", "replace").lower():
            return True
        return wanted in self._redactor.body(entry.response_body)[0].decode("utf-8", "replace").lower()


def _document(entry: Entry, session: str, view: str, redactor: Redactor) -> dict[str, Any]:
    document: dict[str, Any] = {
        "id": entry.id,
        "session": session,
        "time": rfc3339(datetime.fromtimestamp(entry.time, UTC)),
        "duration_ms": round(entry.seconds * 1000, 3),
        "operation": entry.operation,
        "method": entry.method,
        "path": entry.path,
        "query": entry.query,
        "status": entry.status,
        "principal": entry.principal,
        "problem": entry.problem,
        "faults": [
            {"id": id_, "kind": kind, **({"detail": detail} if detail else {})} for id_, kind, detail in entry.faults
        ],
    }
    if view == "summary":
        return document
    document["request"] = {
        "headers": [{"name": name, "value": value} for name, value in entry.headers],
        "body": _body(entry.body, entry.body_size, redacted=entry.body_redacted),
    }
    document["response"] = None
    if entry.status is not None:
        body, redacted = entry.response_body, False
        if body.startswith((b"{", b"[")):
            kept, redacted = redactor.body(body)
            body = kept if kept or not redacted else body
        document["response"] = {
            "headers": [{"name": name, "value": value} for name, value in entry.response_headers],
            "body": _body(body, len(entry.response_body), redacted=redacted),
        }
    document["violations"] = [
        {"field": v.field, "keyword": v.keyword, "detail": redactor.text(v.detail), "where": v.where}
        for v in entry.violations
    ]
    return document


def _body(body: bytes, size: int, *, redacted: bool) -> dict[str, Any]:
    kept = body[:KEPT_BODY]
    truncated = len(body) >= KEPT_BODY and size > len(kept)
    return {"text": kept.decode("utf-8", "replace"), "size": size, "redacted": redacted, "truncated": truncated}
