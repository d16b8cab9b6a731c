"""A request to the mocked API, from the choice of its session to the entry in the journal.

The order: session, CORS, faults, preferences, the engine's pipeline, what faults do to its answer, journal. A request
that no fault, preference or web page is about takes the short way.
"""

import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from mockserver.control.cors import Cors
from mockserver.control.effects import break_body, break_contract
from mockserver.control.faults import Fault
from mockserver.control.journal import Applied
from mockserver.control.metrics import Figures
from mockserver.control.preferences import Preferences
from mockserver.control.sessions import DEFAULT, Session, Sessions
from mockserver.engine import jsonbody
from mockserver.engine.credentials import authenticate
from mockserver.engine.exchange import Exchange
from mockserver.engine.messages import Request, Response
from mockserver.engine.operations import Operation
from mockserver.engine.plans import MISSING, parse_query
from mockserver.engine.problems import Problem

__all__ = ["SESSION_PATH", "Answer", "PlainService", "Service"]

SESSION_PATH = "/__mock__/s/"  # followed by the name of a session and the API's own path
_ANSWERING = {"status", "rate-limit", "drop", "truncate", "malformed", "off-contract"}


@dataclass(slots=True)
class Answer:
    """What is to be sent: after ``delay`` seconds the response, or none where the connection is closed instead.

    ``close`` says whether the connection is closed before, inside or after the answer, and is empty where it is not.
    """

    response: Response | None
    delay: float = 0.0
    close: str = ""


class PlainService:
    """A service without sessions, journal and faults."""

    def __init__(self, handle: Callable[[Request], Response]) -> None:
        self._handle = handle

    def answer(self, request: Request) -> Answer:
        """Answer a request."""
        return Answer(self._handle(request))


class Service:
    """Answers the requests to the mocked API."""

    def __init__(self, sessions: Sessions, cors: Cors, figures: Figures, *, require_session: bool = False) -> None:
        self.sessions = sessions
        self.figures = figures
        self._cors = cors
        self._require_session = require_session
        self._has_journal = sessions.limits.journal_entries > 0

    def answer(self, request: Request) -> Answer:
        """Answer a request; it never raises."""
        started = time.perf_counter()
        headers = request.headers
        if "origin" in headers and self._cors.is_preflight(request, headers):
            return self._preflight(request, started)
        try:
            session = self._session(request)
        except Problem as problem:
            return Answer(self._refused(request, problem))
        session.requests += 1
        hits = None
        if session.faults.faults and session.faults.may_hit(request.method):
            hits = session.faults.hit(RequestFacts(session, request), session.clock.now)
        if hits or "prefer" in headers or "origin" in headers:
            return self._special(session, request, started, hits or [])
        exchange = session.pipeline.run(request)
        self._record(session, exchange, exchange.response, started)
        return Answer(exchange.response)

    def _preflight(self, request: Request, started: float) -> Answer:
        """Answer a preflight. It names no session by a header, needs and makes none, and no fault is meant for it."""
        name = _named(request)
        session = self.sessions.known(name or DEFAULT) if name or not self._require_session else None
        exchange = (session or self.sessions.default).pipeline.exchange(request)
        exchange.response = self._cors.preflight(request, request.headers["origin"])
        if session is not None:
            self._record(session, exchange, exchange.response, started)
        return Answer(exchange.response)

    def _refused(self, request: Request, problem: Problem) -> Response:
        """Return the answer to a request that has no session, so that a web page too can read it."""
        pipeline = self.sessions.default.pipeline
        problem.code = "malformed-parameter" if problem.code == "invalid-body" else problem.code
        response = pipeline.refuse(pipeline.exchange(request), problem)
        origin = request.headers.get("origin")
        if origin is not None:
            response.headers.extend(self._cors.headers(origin))
        return response

    def _session(self, request: Request) -> Session:
        headers = request.headers
        name = headers.get("x-mock-session", "")
        named = _named(request)
        if named is not None:
            if name and name != named:
                raise Problem(
                    "malformed-parameter",
                    "Two sessions are named.",
                    "X-Mock-Session and the base URL differ: use one of them.",
                )
            name = named
            if not name:
                self.sessions.check_name(name)
        if name:
            return self.sessions.use(name, headers.get("x-mock-snapshot", ""))
        if self._require_session:
            raise Problem(
                "malformed-parameter",
                "Name a session.",
                f"Send the header X-Mock-Session: NAME, or call {SESSION_PATH}NAME{request.path} "
                "(the mock was started with --require-session).",
            )
        default = self.sessions.default
        default.used = self.sessions.monotonic()
        return default

    def _record(
        self,
        session: Session,
        exchange: Exchange,
        response: Response | None,
        started: float,
        faults: tuple[Applied, ...] = (),
    ) -> None:
        seconds = time.perf_counter() - started
        if self._has_journal:
            session.journal.record(exchange, response, time.time() - seconds, seconds, faults)
        self.figures.count(exchange.plan, response.status if response is not None else 0, seconds)
        for _, kind, _ in faults:
            self.figures.fault(kind)

    def _special(self, session: Session, request: Request, started: float, faults: list[Fault]) -> Answer:
        origin = request.headers.get("origin")
        exchange, preferences = self._carry_out(session, request, faults)
        answer, applied = _affected(session, exchange, faults)
        response = answer.response
        if response is not None:
            more = list(self._cors.headers(origin)) if origin is not None else []
            if preferences is not None:
                answer.delay += preferences.wait
                if preferences.applied:
                    more.append(("Preference-Applied", ", ".join(preferences.applied)))
            if more:
                response = answer.response = Response(response.status, [*response.headers, *more], response.body)
        self._record(session, exchange, response, started, applied)
        return answer

    def _carry_out(
        self, session: Session, request: Request, faults: list[Fault]
    ) -> tuple[Exchange, Preferences | None]:
        """Run the request, unless a fault keeps it from being carried out."""
        pipeline = session.pipeline
        kinds = {fault.effect["kind"]: fault for fault in reversed(faults)}
        instead = _instead(faults)
        if instead is not None:
            exchange = RequestFacts(session, request).exchange
            _refuse(session, exchange, instead)
            return exchange, None
        preferences: Preferences | None = None
        if "prefer" in request.headers:
            try:
                preferences = Preferences.read(request.headers["prefer"])
            except Problem as problem:
                exchange = pipeline.exchange(request)
                pipeline.refuse(exchange, problem)
                return exchange, None
        stale = kinds.get("stale")
        if stale is not None and request.method in {"GET", "HEAD"}:
            before = session.store.before(stale.effect.get("changes", 1))
            pipeline = pipeline.fork(before, session.world, pipeline.identity, session.seed)
        chosen = preferences is not None and preferences.chooses
        exchange = pipeline.run(request, preferences.answer if chosen and preferences is not None else None)
        duplicate = kinds.get("duplicate")
        if duplicate is not None and not chosen:
            second = pipeline.run(request)
            if duplicate.effect.get("answer", "second") == "second":
                exchange = second
        return exchange, preferences


def _named(request: Request) -> str | None:
    """Return the session that the path of a request names, and take that part away; ``None`` where there is none."""
    if not request.path.startswith(SESSION_PATH):
        return None
    name, slash, rest = request.path[len(SESSION_PATH) :].partition("/")
    request.path = slash + rest
    return name


def _instead(faults: list[Fault]) -> Fault | None:
    """Return the fault that keeps a request from being carried out: the first that changes the answer, if it does."""
    first = next((fault for fault in faults if fault.effect["kind"] in _ANSWERING), None)
    if first is None:
        return None
    kind = first.effect["kind"]
    return first if kind in {"status", "rate-limit"} or (kind == "drop" and first.effect["when"] == "before") else None


def _refuse(session: Session, exchange: Exchange, fault: Fault) -> None:
    """Answer with the error of a fault, in the contract's shape."""
    effect = fault.effect
    if effect["kind"] == "drop":
        return
    status, retry = effect.get("status", 429), effect.get("retry_after")
    message = effect.get("message", f"The mock was told to answer {status}.")
    if effect["kind"] == "rate-limit":
        message = "Too many requests."
        retry = fault.retry_after(session.clock.now())
    detail = f"This is the fault {fault.id!r}."
    response = session.pipeline.refuse(exchange, Problem("fault", message, detail, status=status))
    spec = exchange.plan.operation.response(status) if exchange.plan is not None else None
    if spec is not None and not spec.media_types:
        response.headers, response.body = [], b""
    if retry is not None:
        response.headers.append(("Retry-After", str(retry)))


def _affected(session: Session, exchange: Exchange, faults: list[Fault]) -> tuple[Answer, tuple[Applied, ...]]:
    """Return the answer as faults have it, and what was applied."""
    answer = Answer(exchange.response)
    applied: list[Applied] = []
    done = False
    for fault in faults:
        kind, effect = fault.effect["kind"], fault.effect
        detail = ""
        if kind == "delay":
            seconds = fault.delay()
            answer.delay += seconds
            detail = f"{seconds:.3f} s"
        elif kind in _ANSWERING:
            if done:
                session.faults.missed(fault)
                continue
            done = True
            found = _answered(answer, exchange, fault)
            if found is None:
                session.faults.missed(fault)
                continue
            detail = found
        elif kind == "stale" and exchange.request.method not in {"GET", "HEAD"}:
            session.faults.missed(fault)
            continue
        elif kind == "duplicate":
            detail = f"the {effect.get('answer', 'second')} answer was sent"
        applied.append((fault.id, kind, detail))
    return answer, tuple(applied)


def _answered(answer: Answer, exchange: Exchange, fault: Fault) -> str | None:
    """Change an answer; return what was done, or ``None`` where there is nothing to change."""
    effect, response = fault.effect, answer.response
    kind = effect["kind"]
    if kind == "drop":
        answer.close = effect["when"]
        if answer.close == "before":
            answer.response = None
        return str(effect["when"])
    if kind in {"status", "rate-limit"} or response is None:
        return str(response.status) if response is not None else None
    if kind in {"truncate", "malformed"}:
        answer.response = break_body(response, effect) or response
        return "" if answer.response is not response else None
    if exchange.plan is None:
        return None
    broken = break_contract(response, effect, exchange.plan, exchange.contract, fault.rng)
    if broken is None:
        return None
    answer.response = broken[0]
    return f"{effect['how']}: {broken[1]}"


class RequestFacts:
    """A request as the matchers of faults look at it, before it is carried out; found out only when asked."""

    status = None
    problem = None
    faults: tuple[str, ...] = ()

    def __init__(self, session: Session, request: Request) -> None:
        self._session = session
        self._request = request
        self.method = request.method
        self.path = request.path
        self.headers: Mapping[str, str] = request.headers
        found = session.pipeline.contract.router.match(request.path)
        self._operation: Operation | None = found[0].methods.get(request.method) if found is not None else None
        self.path_params: Mapping[str, str] = found[1] if found is not None else {}
        self.operation = self._operation.id if self._operation is not None else None

    @cached_property
    def exchange(self) -> Exchange:
        """The exchange as far as routing and credentials tell, whatever they think of it."""
        exchange = self._session.pipeline.exchange(self._request)
        if self._operation is not None:
            exchange.route(exchange.contract.plans[self._operation.pointer], dict(self.path_params))
            with contextlib.suppress(Problem):
                authenticate(exchange)
        return exchange

    @property
    def principal(self) -> str | None:
        """The user whose token was sent."""
        return self.exchange.principal.name if self.exchange.principal is not None else None

    @cached_property
    def query(self) -> Mapping[str, list[str]]:
        """The query parameters."""
        return parse_query(self._request.query)

    @cached_property
    def body(self) -> Any:
        """The body as JSON, or ``MISSING``."""
        try:
            return jsonbody.decode(self._request.body or b"")
        except jsonbody.MalformedJSON:
            return MISSING

    @property
    def time(self) -> datetime:
        """The present time."""
        return datetime.now(UTC)

    def has_text(self, wanted: str) -> bool:
        """Whether lower-case text is in the path."""
        return wanted in self.path.lower()
