"""The request, written once: every request goes through these steps, in this order.

``STEPS`` run on the exchange alone; ``TRANSACTION`` runs under the store's lock, and its changes are made only when
the answer has been found to be on contract. A step refuses a request by raising
:class:`~mockserver.engine.problems.Problem`.
"""

import logging
import traceback
from collections.abc import Callable

import orjson

from mockserver.engine import jsonbody
from mockserver.engine.answering import OffContract, answer
from mockserver.engine.behaviours import BEHAVIOURS
from mockserver.engine.contract import Contract
from mockserver.engine.credentials import authenticate
from mockserver.engine.exchange import Exchange, Identity, refuse, rule_context, short
from mockserver.engine.hooks import World
from mockserver.engine.judging import validate
from mockserver.engine.messages import Request, Response
from mockserver.engine.problems import Problem, Violation
from mockserver.engine.resources import Resource
from mockserver.engine.store import Key, Record, Store
from mockserver.engine.uuids import canonical

__all__ = ["Pipeline"]

_log = logging.getLogger("mockserver")


def route(exchange: Exchange) -> None:
    """Find the operation: 404 for an unknown path, 405 with ``Allow`` for an unknown method."""
    request = exchange.request
    found = exchange.contract.router.match(request.path)
    if found is None:
        raise Problem("unknown-path", "Unknown path.", f"The contract has no path {short(request.path)!r}.")
    entry, path_values = found
    operation = entry.methods.get(request.method)
    if operation is None:
        raise Problem(
            "method-not-allowed",
            "Method not allowed.",
            f"This path takes {entry.allow}, not {short(request.method)}.",
            allow=entry.allow,
        )
    exchange.route(exchange.contract.plans[operation.pointer], path_values)


def look_up(exchange: Exchange) -> None:
    """Find the record that the path names, and those around it: 404 where one is missing."""
    plan = exchange.planned
    resource = plan.resource
    if resource is None:
        return
    for depth, parent in enumerate(resource.parents):
        record = _find(exchange, parent, exchange.parents, exchange.path_values[resource.params[depth]])
        exchange.parents = (*exchange.parents, record.id)
    if plan.on_item:
        exchange.current = _find(exchange, resource, exchange.parents, exchange.path_values[resource.params[-1]])


def _find(exchange: Exchange, resource: Resource, parents: Key, text: str) -> Record:
    table = exchange.store.tables[resource.name]
    record: Record | None = None
    for name in resource.keys:
        if name == resource.id:
            id_ = canonical(text)
            record = table.get((*parents, id_ or text))
            if id_ is not None:
                break
        elif table.is_indexed(name):
            record = table.find(name, parents, text)
        if record is not None:
            break
    if record is None:
        raise Problem("not-found", "Not found.", f"Nothing in {resource.name!r} matches {short(text)!r}.")
    return record


def apply_rules(exchange: Exchange) -> None:
    """Judge the rules that need the present state; all that refuse with the same status are told together."""
    rules = exchange.planned.state_rules
    if not rules:
        return
    context = rule_context(exchange)
    refusals: dict[int, list[Violation]] = {}
    for rule in rules:
        for violation in rule.check(context):
            refusals.setdefault(rule.status, []).append(violation)
    if refusals:
        status = min(refusals)
        refuse("conflict" if status == 409 else "refused-by-rule", refusals[status], status)


def behave(exchange: Exchange) -> None:
    """Run the behaviour: it stages its changes and says what to answer."""
    exchange.outcome = BEHAVIOURS[exchange.planned.role](exchange)


def commit(exchange: Exchange) -> None:
    """Make the staged changes."""
    exchange.store.commit(exchange.changes)


STEPS: tuple[Callable[[Exchange], None], ...] = (route, authenticate, validate)
TRANSACTION: tuple[Callable[[Exchange], None], ...] = (look_up, apply_rules, behave, answer, commit)


class Pipeline:
    """Runs requests through the steps. One pipeline serves one contract and one world of state."""

    def __init__(
        self,
        contract: Contract,
        store: Store,
        world: World,
        identity: Identity,
        *,
        validation: str = "compiled",
        seed: int = 0,
    ) -> None:
        self.contract = contract
        self.store = store
        self.world = world
        self.identity = identity
        self._validation = validation
        self._seed = seed

    def fork(self, store: Store, world: World, identity: Identity, seed: int) -> "Pipeline":
        """Return a pipeline of the same contract over another state."""
        return Pipeline(self.contract, store, world, identity, validation=self._validation, seed=seed)

    def handle(self, request: Request) -> Response:
        """Return the answer to a request; it never raises."""
        response = self.run(request).response
        if response is None:
            raise RuntimeError("the steps ended without an answer")
        return response

    def exchange(self, request: Request) -> Exchange:
        """Return the exchange that a request begins, before any step."""
        return Exchange(self.contract, self.store, self.world, self.identity, request, self._validation, self._seed)

    def run(self, request: Request, instead: Callable[[Exchange], None] | None = None) -> Exchange:
        """Return the exchange with its answer; ``instead`` stands for all steps that touch the state."""
        exchange = self.exchange(request)
        try:
            for step in STEPS:
                step(exchange)
            if instead is not None:
                instead(exchange)
            else:
                with self.store.lock:
                    for step in TRANSACTION:
                        step(exchange)
        except Problem as problem:
            self.refuse(exchange, problem)
        except OffContract as problem:
            _log.error("answer withheld: %s", problem)
            self.refuse(exchange, Problem("off-contract", "The mock broke its contract.", str(problem)))
        except Exception as error:  # noqa: BLE001  # a server answers, whatever happened
            # Where it happened, and not what was in the values: they may be secrets.
            _log.error("%s in:\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
            text = f"{type(error).__name__} in {exchange.plan.operation if exchange.plan else 'routing'}"
            self.refuse(exchange, Problem("internal", "The mock failed.", text))
        return exchange

    def refuse(self, exchange: Exchange, problem: Problem) -> Response:
        """Answer an exchange with a problem."""
        exchange.problem = problem.with_traceback(None)  # whose frames would hold on to the exchange
        exchange.response = self._refusal(exchange, problem)
        return exchange.response

    def _refusal(self, exchange: Exchange, problem: Problem) -> Response:
        """Return a problem as an answer in the contract's own error shape, judged like any other."""
        plan, shaper = self.contract.error(exchange.plan, problem.status)
        value = shaper.shape(problem, self.contract.sample)
        headers = [("Allow", problem.allow)] if problem.allow else []
        if plan is None:
            return Response(
                problem.status, [("Content-Type", "application/problem+json"), *headers], orjson.dumps(value)
            )
        if plan.plan is not None and not plan.plan.is_valid(value):
            value = shaper.mended(value, plan.plan.violations(value), self.contract.sample)
        if plan.plan is not None and not plan.plan.is_valid(value):
            place = f"{exchange.plan.operation if exchange.plan else exchange.request.method}"
            first = plan.plan.violations(value)[0]
            value = {
                "message": f"The mock broke its contract with an error answer ({problem.status}).",
                "detail": f"{place}: #/{'/'.join(map(str, first.path))} {first.detail} (keyword {first.keyword!r})",
            }
            return Response(500, [("Content-Type", "application/json")], orjson.dumps(value))
        return Response(problem.status, [("Content-Type", plan.content_type), *headers], jsonbody.encode(value))
