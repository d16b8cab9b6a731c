"""What faults do to answers, and whether they can: statuses, broken bodies, answers that are off contract."""

import random
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from mockserver.control.matching import member, steps_of
from mockserver.control.refusals import refused
from mockserver.engine import jsonbody
from mockserver.engine.contract import Contract, OperationPlan
from mockserver.engine.messages import Response
from mockserver.engine.operations import Document
from mockserver.engine.plans import MISSING

__all__ = ["break_body", "break_contract", "check_effect", "operations_of"]

_ODD_STATUSES = (418, 299, 530, 460)
_OTHER_TYPES: dict[type, Any] = {
    str: 12345,
    int: "not a number",
    float: "not a number",
    bool: "not a boolean",
    list: {"not": "an array"},
    dict: "not an object",
    type(None): {"not": "null"},
}
Steps = tuple[str | int, ...]


def operations_of(match: Mapping[str, Any], contract: Contract) -> list[OperationPlan]:
    """Return the operations that a matcher can match."""
    return [
        plan
        for plan in contract.plans.values()
        if match.get("operation", plan.operation.id) == plan.operation.id
        and match.get("method", plan.operation.method) in {plan.operation.method, "HEAD"}
    ]


def check_effect(effect: Mapping[str, Any], match: Mapping[str, Any], contract: Contract, at: str) -> None:
    """Refuse an effect that is impossible for what its fault matches."""
    kind = effect["kind"]
    plans = operations_of(match, contract)
    if kind == "status" and not effect.get("force"):
        for plan in plans:
            if plan.operation.response(effect["status"]) is None:
                known = ", ".join(sorted(code for code in plan.operation.responses if code[0] in "45d"))
                refused(
                    f"{at}.status",
                    f"is {effect['status']}, which {plan.operation.id} does not document; it documents "
                    f"{known or 'no error'}. Give match.operation, or force: true",
                )
    elif kind == "delay":
        _check_delay(effect, at)
    elif kind in {"truncate", "malformed"} and not any(_has_body(plan) for plan in plans):
        refused(at, "can never apply: what is matched answers without a body")
    elif kind == "stale" and not any(plan.operation.method == "GET" for plan in plans):
        refused(at, "can never apply: only reads can be stale")
    elif kind == "off-contract":
        _check_off_contract(effect, plans, contract, at)


def _check_delay(effect: Mapping[str, Any], at: str) -> None:
    given = [name for name in ("seconds", "uniform", "normal", "lognormal") if name in effect]
    if len(given) != 1:
        refused(at, f"takes one of seconds, uniform, normal, lognormal, found {' and '.join(given) or 'none'}")
    if "uniform" in effect and effect["uniform"]["min"] > effect["uniform"]["max"]:
        refused(f"{at}.uniform.min", "is more than max")


def _has_body(plan: OperationPlan) -> bool:
    return any(spec.media_types for code, spec in plan.operation.responses.items() if code[0] == "2")


def _check_off_contract(effect: Mapping[str, Any], plans: list[OperationPlan], contract: Contract, at: str) -> None:
    how = effect["how"]
    if how == "undocumented-status":
        if not any(_odd_status(plan) for plan in plans):
            refused(at, "can never apply: every status is documented")
        return
    if not any(_has_body(plan) for plan in plans):
        refused(at, "can never apply: what is matched answers without a body")
    if how in {"wrong-content-type", "extra-member"} and "member" not in effect:
        return
    wanted = steps_of(effect["member"], f"{at}.member") if "member" in effect else None
    places = [place for plan in plans for place in _declared(plan, contract)]
    if wanted is not None:
        shape = tuple(0 if isinstance(step, int) else step for step in wanted)
        places = [place for place in places if place[0] == shape]
        if not places:
            refused(f"{at}.member", f"is {effect['member']!r}, which no answer that is matched has")
    if how == "unknown-enum-value" and not any("enum" in schema for _, schema, _ in places):
        refused(at, "can never apply: no such member of these answers has an enumeration")


def _declared(plan: OperationPlan, contract: Contract) -> Iterator[tuple[Steps, Mapping[str, Any], bool]]:
    """Yield the members that an operation's success answer may have: place, schema, whether it is required."""
    spec = plan.operation.response(plan.operation.success)
    media = next((m for m in spec.media_types if m.is_json), None) if spec else None
    if media is not None:
        yield from _members(contract.document, media.schema, (), 0)


def _members(document: Document, schema: Any, at: Steps, depth: int) -> Iterator[tuple[Steps, Mapping[str, Any], bool]]:
    schema = document.resolve(schema)
    if depth > 8 or not isinstance(schema, Mapping):
        return
    if "items" in schema:
        yield from _members(document, schema["items"], (*at, 0), depth + 1)
    required = _required(document, schema)
    for name, inner in document.properties(schema).items():
        inner = document.resolve(inner)
        yield (*at, name), inner, name in required
        yield from _members(document, inner, (*at, name), depth + 1)


def _required(document: Document, schema: Any) -> set[str]:
    schema = document.resolve(schema)
    found = set(schema.get("required", ()))
    for part in schema.get("allOf", ()):
        found |= _required(document, part)
    return found


def _odd_status(plan: OperationPlan) -> int | None:
    return next((status for status in _ODD_STATUSES if plan.operation.response(status) is None), None)


def break_body(response: Response, effect: Mapping[str, Any]) -> Response | None:
    """Return an answer whose body is cut short, or is not JSON any more; ``None`` where there is no body."""
    body = response.body
    if not body:
        return None
    if effect["kind"] == "truncate":
        body = body[: min(int(len(body) * effect.get("keep", 0.5)), len(body) - 1)]
    else:
        body = body[:-1] + b",}" if len(body) > 1 else b"{"
    return Response(response.status, response.headers, body)


def break_contract(
    response: Response, effect: Mapping[str, Any], plan: OperationPlan, contract: Contract, rng: random.Random
) -> tuple[Response, str] | None:
    """Return an answer that breaks the contract in the named way, and where; ``None`` where nothing can be broken."""
    how = effect["how"]
    if how == "undocumented-status":
        status = _odd_status(plan)
        return (Response(status, response.headers, response.body), str(status)) if status is not None else None
    if how == "wrong-content-type":
        if not response.body:
            return None
        headers = [(name, value) for name, value in response.headers if name.lower() != "content-type"]
        return Response(response.status, [("Content-Type", "text/html"), *headers], response.body), "text/html"
    declared = plan.response(contract, response.status)
    if declared is None or declared.media is None or not response.body:
        return None
    for place in _places(response.body, effect, contract, declared.media.schema, rng):
        value = orjson.loads(response.body)
        if _break(value, place, how) and (
            how in {"extra-member", "missing-member"} or declared.plan is None or not declared.plan.is_valid(value)
        ):
            return Response(response.status, response.headers, jsonbody.encode(value)), _spelled(place)
    return None


def _places(body: bytes, effect: Mapping[str, Any], contract: Contract, schema: Any, rng: random.Random) -> list[Steps]:
    """Return where an answer may be broken: the place that is named, or all there are in an order that the seed has."""
    if "member" in effect:
        return [steps_of(effect["member"], "member")]
    value = orjson.loads(body)
    found: list[Steps] = []
    rest: list[Steps] = []
    for steps, inner, required in _members(contract.document, schema, (), 0):
        if effect["how"] == "unknown-enum-value" and "enum" not in inner:
            continue
        if member(value, steps) is not MISSING:
            (found if required or effect["how"] != "missing-member" else rest).append(steps)
    if effect["how"] == "extra-member":
        found = [(*steps[:-1], "unexpected_member") for steps in found if isinstance(steps[-1], str)][:1]
    rng.shuffle(found)
    rng.shuffle(rest)  # a member that may be missing by the contract is missed by clients all the same
    return found + rest


def _break(value: Any, place: Steps, how: str) -> bool:
    """Break a value at one place; return whether it could be."""
    parent, last = member(value, place[:-1]), place[-1]
    if how == "extra-member":
        if not isinstance(parent, dict) or not isinstance(last, str) or last in parent:
            return False
        parent[last] = "this member is not in the contract"
        return True
    old = member(value, place)
    if old is MISSING or parent is MISSING:
        return False
    if how == "missing-member":
        if not isinstance(parent, dict):
            return False
        del parent[last]
    elif how == "null-member":
        parent[last] = None
    elif how == "unknown-enum-value":
        parent[last] = "a-value-that-is-not-in-the-contract"
    else:
        parent[last] = _OTHER_TYPES[type(old)]
    return True


def _spelled(place: Steps) -> str:
    text = ""
    for step in place:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
