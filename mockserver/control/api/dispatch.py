"""The control API is a contract like any other: the engine routes and judges its requests, and judges its answers."""

from collections.abc import Callable

from mockserver.control.api import faults, journal, server, sessions, state
from mockserver.control.api.call import Call, Control, Handler, Reply
from mockserver.control.guard import Guard
from mockserver.control.waiting import Events, Waiting
from mockserver.engine.answering import answer
from mockserver.engine.behaviours import Outcome
from mockserver.engine.contract import Contract
from mockserver.engine.exchange import Exchange
from mockserver.engine.hooks import World
from mockserver.engine.messages import Request, Response
from mockserver.engine.pipeline import Pipeline
from mockserver.engine.problems import Problem
from mockserver.engine.store import Store
from mockserver.engine.world import RandomIds, SystemClock

__all__ = ["HANDLERS", "ControlApi"]

HANDLERS: dict[str, Handler] = {
    **server.HANDLERS,
    **sessions.HANDLERS,
    **state.HANDLERS,
    **journal.HANDLERS,
    **faults.HANDLERS,
}


class _Nobody:
    """The control API knows no users: its guard decides."""

    def principal(self, scheme: str, credential: str) -> None:
        return None


class ControlApi:
    """Answers the requests to the control API."""

    def __init__(
        self, contract: Contract, control: Control, guard: Guard, *, tags: frozenset[str] | None = None
    ) -> None:
        self._control = control
        self._guard = guard
        self._pipeline = Pipeline(contract, Store({}), World(SystemClock(), RandomIds()), _Nobody())
        self._paths = contract.router
        self._tags = tags

    def knows(self, path: str) -> bool:
        """Whether a path is one of the control API, as far as it is served."""
        found = self._paths.match(path)
        if found is None:
            return False
        operation = next(iter(found[0].methods.values()))
        return self._tags is None or not self._tags.isdisjoint(operation.raw["tags"])

    def refusal(self, request: Request, *, page: bool = False) -> Response | None:
        """Return the refusal of a request that may not use the control API (or see its pages), or ``None``."""
        try:
            self._guard.check(request, page=page)
        except Problem as problem:
            return self._pipeline.refuse(self._pipeline.exchange(request), problem)
        return None

    def answer(self, request: Request) -> Response | Waiting | Events:
        """Answer a request, or say what is to be waited for."""
        refusal = self.refusal(request)
        if refusal is not None:
            return refusal
        later: list[Waiting | Events] = []
        exchange = self._pipeline.run(request, lambda exchange: self._handle(exchange, later.append))
        if later:
            return later[0]
        if exchange.response is None:
            raise RuntimeError("the steps ended without an answer")
        return exchange.response

    def _handle(self, exchange: Exchange, wait: Callable[[Waiting | Events], None]) -> None:
        if not exchange.operation.body and (exchange.request.body or b"").strip() not in {b"", b"{}"}:
            raise Problem(
                "invalid-body",
                f"{exchange.operation.id} takes no body.",
                "Nothing was changed. Send none, or an empty object where a client has to send one.",
            )

        def finish(outcome: Outcome) -> Response:
            exchange.outcome = outcome
            answer(exchange)
            if exchange.response is None:
                raise RuntimeError("no answer was written")
            exchange.response.headers.append(("Cache-Control", "no-store"))
            return exchange.response

        reply: Reply = HANDLERS[exchange.operation.id](Call(self._control, exchange, finish))
        if isinstance(reply, Response):
            exchange.response = reply
        elif isinstance(reply, Outcome):
            finish(reply)
        else:
            wait(reply)
