"""The answer: what clients may see of an outcome, judged by the contract before it leaves."""

from typing import Any

from mockserver.engine import jsonbody
from mockserver.engine.behaviours import Outcome
from mockserver.engine.contract import ResponsePlan
from mockserver.engine.exchange import Exchange
from mockserver.engine.hooks import Hooks
from mockserver.engine.messages import Response
from mockserver.engine.operations import Operation
from mockserver.engine.plans import MISSING, SchemaPlan
from mockserver.engine.problems import Problem, Violation
from mockserver.engine.store import Record
from mockserver.engine.substitutes import substitute

__all__ = ["OffContract", "answer"]


class OffContract(Exception):
    """Raised when an answer breaks the contract; the message names operation, JSON pointer and keyword."""


def answer(exchange: Exchange) -> None:
    """Cut, judge and write the answer; one that is off contract is withheld, and nothing is changed."""
    outcome = exchange.outcome
    if outcome is None:
        raise RuntimeError("asked for an answer before the behaviour ran")
    plan = exchange.planned.response(exchange.contract, outcome.status)
    if plan is None and exchange.operation.response(exchange.operation.success) is None:
        raise Problem(
            "no-success",
            "No success is declared.",
            f"The contract declares no success of {exchange.operation} that could be answered over HTTP.",
        )
    if plan is None:
        raise OffContract(f"{exchange.operation}: the status {outcome.status} is not declared")
    body = _write(exchange, plan, outcome)
    headers = outcome.headers
    if plan.content_type and body:
        headers = [("Content-Type", plan.content_type), *headers]
    exchange.response = Response(outcome.status, headers, body)
    for name in plan.spec.required_headers:
        if exchange.response.header(name) is None:
            raise OffContract(f"{exchange.operation}: the answer {outcome.status} lacks the header {name!r}")
    if exchange.validation != "compiled":
        _judged(exchange.operation, exchange.contract.authority.response(exchange.operation, exchange.response))


def _write(exchange: Exchange, plan: ResponsePlan, outcome: Outcome) -> bytes:
    if outcome.records is not None and plan.items:
        return b"[" + b",".join([_record(exchange, plan, r, plan.items) for r in outcome.records]) + b"]"
    if outcome.record is not None and not plan.items:
        return _record(exchange, plan, outcome.record, plan.view)
    value = outcome.value
    if outcome.records is not None:
        value = [_visible(exchange, record) for record in outcome.records]
    elif outcome.record is not None:
        value = _visible(exchange, outcome.record)
    if value is MISSING:
        if plan.media is not None and plan.media.pointer:
            raise OffContract(f"{exchange.operation}: the answer {outcome.status} has no body")
        return b""
    if plan.media is None and isinstance(value, str):
        return value.encode()
    if plan.cut is not None and not plan.items:
        value = plan.cut(value)
    if plan.plan is not None and not plan.plan.is_valid(value):
        value = _instead(exchange, plan, plan.plan, value, f"{exchange.seed}:{exchange.operation.pointer}")
    _judge(exchange, plan, plan.plan, value)
    return jsonbody.encode(value)


def _instead(exchange: Exchange, plan: ResponsePlan, judge: SchemaPlan, value: Any, seed: str) -> Any:
    """Return a value that fits in place of one that does not, unless a domain package made it."""
    collection = exchange.planned.collection
    if plan.media is None or (collection is not None and type(collection.hooks) is not Hooks):
        return value
    document = exchange.contract.document
    schema = document.resolve(plan.media.schema)
    if plan.items and judge is plan.item_plan:
        return substitute(document, schema["items"], judge, value, MISSING, seed)
    return substitute(document, schema, judge, value, plan.media.raw.get("example", MISSING), seed)


def _visible(exchange: Exchange, record: Record) -> Any:
    return exchange.collection.hooks.view(record.data)


def _record(exchange: Exchange, plan: ResponsePlan, record: Record, view: str) -> bytes:
    """Return a record as JSON; judged and written once for each schema that it is answered by."""
    body = record.answer(view)
    if body is None:
        value = _visible(exchange, record)
        if plan.cut is not None:
            value = plan.cut(value)
        schema = plan.item_plan if plan.items else plan.plan
        if schema is None or not schema.is_valid(value):
            if schema is not None:
                value = _instead(exchange, plan, schema, value, f"{exchange.resource.name}:{record.id}")
            _judge(exchange, plan, schema, value)
        body = jsonbody.encode(value)
        record.keep(view, body)
    return body


def _judge(exchange: Exchange, plan: ResponsePlan, schema: Any, value: Any) -> None:
    """Raise :class:`OffContract` unless a value is proven to fit its schema."""
    if schema is not None and schema.is_valid(value):
        return
    if schema is not None and schema.too_much(value):  # for openapi-core too
        _judged(exchange.operation, schema.violations(value))
    if plan.media is None or not plan.media.pointer:
        return
    whole = [value] if plan.items and schema is plan.item_plan else value
    response = Response(
        int(plan.spec.status) if plan.spec.status.isdecimal() else 200,
        [("Content-Type", plan.media.name)],
        jsonbody.encode(whole),
    )
    _judged(exchange.operation, exchange.contract.authority.response(exchange.operation, response))


def _judged(operation: Operation, violations: tuple[Violation, ...]) -> None:
    if violations:
        first = violations[0]
        pointer = "#" + "".join(f"/{part}" for part in first.path)
        raise OffContract(f"{operation}: {pointer} {first.detail} (keyword {first.keyword!r})")
