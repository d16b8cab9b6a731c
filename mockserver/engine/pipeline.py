"""The request, written once: every request goes through these steps, in this order.

``STEPS`` run on the exchange alone; ``TRANSACTION`` runs under the store's lock, and its changes are made only when
the answer has been found to be on contract. A step refuses a request by raising
:class:`~mockserver.engine.problems.Problem`.
"""

import logging
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson

from mockserver.engine import jsonbody
from mockserver.engine.behaviours import BEHAVIOURS, Collection, Outcome
from mockserver.engine.contract import Contract, OperationPlan, ResponsePlan
from mockserver.engine.hooks import RuleContext, World
from mockserver.engine.messages import Request, Response
from mockserver.engine.operations import Document, Operation, SecurityScheme
from mockserver.engine.plans import MISSING, Unsure, parse_cookies, parse_query
from mockserver.engine.problems import Problem, Violation, reason_phrase
from mockserver.engine.resources import Resource
from mockserver.engine.store import Changes, Key, Record, Store, Table
from mockserver.engine.uuids import canonical

__all__ = ["Exchange", "Identity", "OffContract", "Pipeline", "Principal"]

_log = logging.getLogger("mockserver")


class Principal(Protocol):
    """Who sends a request."""

    @property
    def name(self) -> str:
        """The user's name."""

    @property
    def roles(self) -> frozenset[str]:
        """The user's roles."""


class Identity(Protocol):
    """Knows whom a credential belongs to."""

    def principal(self, scheme: str, credential: str) -> Principal | None:
        """Return who a credential belongs to, or ``None`` when it is not good (any more)."""


class OffContract(Exception):
    """Raised when an answer breaks the contract; the message names operation, JSON pointer and keyword."""


@dataclass(slots=True)
class Exchange:
    """One request on its way to its answer; steps fill it in."""

    contract: Contract
    store: Store
    world: World
    identity: Identity
    request: Request
    validation: str
    seed: int
    plan: OperationPlan | None = None
    path_values: dict[str, str] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)
    principal: Principal | None = None
    body: Any = MISSING
    current: Record | None = None
    parents: Key = ()
    outcome: Outcome | None = None
    response: Response | None = None
    changes: Changes = field(default_factory=Changes)

    @property
    def planned(self) -> OperationPlan:
        """The plan of the operation that the request was routed to."""
        if self.plan is None:
            raise RuntimeError("asked for the operation before routing")
        return self.plan

    @property
    def operation(self) -> Operation:
        """The operation that the request was routed to."""
        return self.planned.operation

    @property
    def document(self) -> Document:
        """The contract's document."""
        return self.contract.document

    @property
    def collection(self) -> Collection:
        """The collection that the operation works on."""
        collection = self.planned.collection
        if collection is None:
            raise RuntimeError(f"{self.operation} has no collection")
        return collection

    @property
    def resource(self) -> Resource:
        """The resource that the operation works on."""
        return self.collection.resource

    @property
    def table(self) -> Table:
        """The table of the operation's collection."""
        return self.store.tables[self.resource.name]

    @property
    def nested(self) -> tuple[str, ...]:
        """The names of the collections nested under the operation's."""
        return self.contract.nested[self.resource.name]


# Steps before the store


def route(exchange: Exchange) -> None:
    """Find the operation: 404 for an unknown path, 405 with ``Allow`` for an unknown method."""
    request = exchange.request
    found = exchange.contract.router.match(request.path)
    if found is None:
        raise Problem("unknown-path", "Unknown path.", f"The contract has no path {_short(request.path)!r}.")
    entry, exchange.path_values = found
    operation = entry.methods.get(request.method)
    if operation is None:
        raise Problem(
            "method-not-allowed",
            "Method not allowed.",
            f"This path takes {entry.allow}, not {_short(request.method)}.",
            allow=entry.allow,
        )
    exchange.plan = exchange.contract.plans[operation.pointer]


def authenticate(exchange: Exchange) -> None:
    """Find out who asks: 401 without a good credential, 403 without the roles that the operation needs."""
    missing_role = False
    for option in exchange.operation.security:
        if not option:
            return
        principal: Principal | None = None
        present = False
        for name in option:
            credential = _credential(exchange.contract.document.security_schemes.get(name), exchange.request)
            if credential is None:
                break
            present = True
            principal = exchange.identity.principal(name, credential)
            if principal is None:
                break
        else:
            if principal is not None:
                exchange.principal = principal
                if all(principal.roles.issuperset(roles) for roles in option.values()):
                    return
                missing_role = True
        if present and exchange.contract.first_credential_wins:
            break
    if missing_role:
        raise Problem("forbidden", "Forbidden.", "You lack a role that this operation needs.")
    carriers = _carriers(exchange)
    raise Problem("unauthenticated", "You must be authenticated.", f"Send a valid session token: {carriers}.")


def _credential(scheme: SecurityScheme | None, request: Request) -> str | None:
    """Return the credential that a request carries for a scheme, or ``None``."""
    if scheme is None:
        return None
    if scheme.where == "header":
        return request.headers.get(scheme.param.lower())
    if scheme.where == "query":
        values = parse_query(request.query).get(scheme.param) if request.query else None
        return values[0] if values else None
    if scheme.where == "cookie":
        header = request.headers.get("cookie")
        values = parse_cookies(header).get(scheme.param) if header else None
        return values[0] if values else None
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() if kind.lower() == scheme.where and value else None


def _carriers(exchange: Exchange) -> str:
    schemes = exchange.contract.document.security_schemes
    names = dict.fromkeys(name for option in exchange.operation.security for name in option if name in schemes)
    return " or ".join(f"{schemes[name].where} {schemes[name].param}" for name in names)


def validate(exchange: Exchange) -> None:
    """Judge parameters and body, all faults together; rules that need nothing but the body are judged with them."""
    request, plan = exchange.request, exchange.planned
    if request.body is None:
        raise Problem("body-too-large", "The body is too large.", "Send less, or raise the limit of the mock.")
    violations: list[Violation] = []
    try:
        if exchange.validation != "compiled":
            raise Unsure("set so")
        violations.extend(_parameters(exchange))
        violations.extend(_body(exchange))
    except Unsure:
        violations = list(_ask_authority(exchange))
    faulty_body = [violation for violation in violations if violation.where == "body"]
    if exchange.body is not MISSING and plan.body_rules:
        known = {violation.path for violation in faulty_body}
        context = _rule_context(exchange)
        for rule in plan.body_rules:
            faulty_body.extend(fault for fault in rule.check(context) if fault.path not in known)
    faulty_parameters = [violation for violation in violations if violation.where != "body"]
    found = faulty_parameters + faulty_body
    if found:
        _refuse("malformed-parameter" if faulty_parameters else "invalid-body", found)


def _refuse(code: str, violations: list[Violation], status: int | None = None) -> None:
    count = len(violations)
    first = violations[0]
    place = first.field or "the body"
    message = f"{place} {first.detail}." if count == 1 else f"The request has {count} faults."
    detail = "; ".join(f"{violation.field or 'the body'} {violation.detail}" for violation in violations)
    raise Problem(code, message, detail if count > 1 else "", violations, status)


def _parameters(exchange: Exchange) -> list[Violation]:
    plan, request = exchange.planned, exchange.request
    found: list[Violation] = []
    if not plan.parameters:
        return found
    query: Mapping[str, list[str]] = {}
    cookies: Mapping[str, list[str]] = {}
    if not plan.path_only:
        query = parse_query(request.query)
        cookies = parse_cookies(request.headers.get("cookie", ""))
    for parameter in plan.parameters:
        values: list[str] | None
        if parameter.where == "path":
            value = exchange.path_values.get(parameter.name)
            values = None if value is None else [value]
            found.extend(parameter.read(values, {}))
        elif parameter.where == "query":
            found.extend(parameter.read(query.get(parameter.name), exchange.query))
        elif parameter.where == "header":
            value = request.headers.get(parameter.name.lower())
            found.extend(parameter.read(None if value is None else [value], {}))
        else:
            found.extend(parameter.read(cookies.get(parameter.name), {}))
    return found


def _body(exchange: Exchange) -> tuple[Violation, ...]:
    plan, request = exchange.planned, exchange.request
    if not plan.body_plans:
        return ()
    name = _media_type(exchange)
    if not request.body and not plan.operation.body_required:
        return ()
    try:
        exchange.body = jsonbody.decode(request.body or b"")
    except jsonbody.MalformedJSON as error:
        raise Problem("malformed-body", "The body cannot be read as JSON.", f"What was found: {error}.") from None
    schema = plan.body_plans[name]
    if schema is None:
        raise Unsure(name)
    if schema.is_valid(exchange.body):
        return ()
    return schema.violations(exchange.body)


def _media_type(exchange: Exchange) -> str:
    """Return the declared media type that the body is read as; the first one where the request names none."""
    operation, header = exchange.operation, exchange.request.headers.get("content-type")
    declared = operation.body
    if not header or not exchange.request.body or exchange.contract.any_content_type:
        return declared[0].name
    essence = header.partition(";")[0].strip().lower()
    kind = essence.partition("/")[0]
    for wanted in (essence, f"{kind}/*", "*/*"):
        for media in declared:
            if media.name.partition(";")[0].strip().lower() == wanted:
                if not media.is_json:
                    raise Unsure(media.name)
                return media.name
    names = ", ".join(media.name for media in declared)
    code = "unsupported-media-type" if "415" in operation.responses else "malformed-body"
    raise Problem(code, "Unsupported media type.", f"Found {_short(essence)!r}, expected {names}.")


def _ask_authority(exchange: Exchange) -> tuple[Violation, ...]:
    """Have openapi-core judge the whole request, after the strict reading of its body."""
    plan, request = exchange.planned, exchange.request
    if plan.body_plans and request.body:
        name = _media_type_or_first(exchange)
        if name is not None:
            try:
                exchange.body = jsonbody.decode(request.body)
            except jsonbody.MalformedJSON as error:
                raise Problem("malformed-body", "The body cannot be read as JSON.", f"Found: {error}.") from None
    elif plan.body_plans and plan.operation.body_required:
        raise Problem("malformed-body", "The body cannot be read as JSON.", "What was found: the body is empty.")
    any_type = exchange.contract.any_content_type and bool(plan.operation.body)
    media_type = plan.operation.body[0].name if any_type else request.headers.get("content-type", "")
    violations = exchange.contract.authority.request(plan.operation, request, exchange.path_values, media_type)
    if not violations:
        _read_parameters_leniently(exchange)
    return violations


def _media_type_or_first(exchange: Exchange) -> str | None:
    try:
        return _media_type(exchange)
    except Unsure:
        return None


def _read_parameters_leniently(exchange: Exchange) -> None:
    """Fill in the query parameters that the plans can read, for behaviours that filter by them."""
    query = parse_query(exchange.request.query)
    for parameter in exchange.planned.parameters:
        if parameter.where == "query" and parameter.understood:
            parameter.read(query.get(parameter.name), exchange.query)


STEPS: tuple[Callable[[Exchange], None], ...] = (route, authenticate, validate)


# Steps under the store's lock


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
        raise Problem("not-found", "Not found.", f"Nothing in {resource.name!r} matches {_short(text)!r}.")
    return record


def apply_rules(exchange: Exchange) -> None:
    """Judge the rules that need the present state; all that refuse with the same status are told together."""
    rules = exchange.planned.state_rules
    if not rules:
        return
    context = _rule_context(exchange)
    refusals: dict[int, list[Violation]] = {}
    for rule in rules:
        for violation in rule.check(context):
            refusals.setdefault(rule.status, []).append(violation)
    if refusals:
        status = min(refusals)
        _refuse("conflict" if status == 409 else "refused-by-rule", refusals[status], status)


def _rule_context(exchange: Exchange) -> RuleContext:
    return RuleContext(
        exchange.operation,
        exchange.resource,
        exchange.body,
        exchange.table,
        exchange.parents,
        exchange.current,
    )


def behave(exchange: Exchange) -> None:
    """Run the behaviour: it stages its changes and says what to answer."""
    exchange.outcome = BEHAVIOURS[exchange.planned.role](exchange)


def answer(exchange: Exchange) -> None:
    """Cut, judge and write the answer; one that is off contract is withheld, and nothing is changed."""
    outcome = exchange.outcome
    if outcome is None:
        raise RuntimeError("asked for an answer before the behaviour ran")
    plan = exchange.planned.response(exchange.contract, outcome.status)
    if plan is None:
        raise OffContract(f"{exchange.operation}: the status {outcome.status} is not declared")
    body = _write(exchange, plan, outcome)
    headers = outcome.headers
    if plan.content_type and body:
        headers = [("Content-Type", plan.content_type), *headers]
    exchange.response = Response(outcome.status, headers, body)
    missing = [name for name in plan.spec.required_headers if exchange.response.header(name) is None]
    if missing:
        raise OffContract(f"{exchange.operation}: the answer {outcome.status} lacks the header {missing[0]!r}")
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
    if plan.cut is not None and not plan.items:
        value = plan.cut(value)
    _judge(exchange, plan, plan.plan, value)
    return jsonbody.encode(value)


def _visible(exchange: Exchange, record: Record) -> Any:
    return exchange.collection.hooks.view(record.data)


def _record(exchange: Exchange, plan: ResponsePlan, record: Record, view: str) -> bytes:
    """Return a record as JSON; judged and written once for each schema that it is answered by."""
    body = record.views.get(view)
    if body is None:
        value = _visible(exchange, record)
        if plan.cut is not None:
            value = plan.cut(value)
        _judge(exchange, plan, plan.item_plan if plan.items else plan.plan, value)
        body = record.views[view] = jsonbody.encode(value)
    return body


def _judge(exchange: Exchange, plan: ResponsePlan, schema: Any, value: Any) -> None:
    """Raise :class:`OffContract` unless a value is proven to fit its schema."""
    if schema is not None and schema.is_valid(value):
        return
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


def commit(exchange: Exchange) -> None:
    """Make the staged changes."""
    exchange.changes.commit()


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

    def handle(self, request: Request) -> Response:
        """Return the answer to a request; it never raises."""
        exchange = Exchange(self.contract, self.store, self.world, self.identity, request, self._validation, self._seed)
        try:
            for step in STEPS:
                step(exchange)
            with self.store.lock:
                for step in TRANSACTION:
                    step(exchange)
        except Problem as problem:
            return self._refusal(exchange, problem)
        except OffContract as problem:
            _log.error("answer withheld: %s", problem)
            return self._refusal(exchange, Problem("off-contract", "The mock broke its contract.", str(problem)))
        except Exception as error:  # noqa: BLE001  # a server answers, whatever happened
            # Where it happened, and not what was in the values: they may be secrets.
            _log.error("%s in:\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
            text = f"{type(error).__name__} in {exchange.plan.operation if exchange.plan else 'routing'}"
            return self._refusal(exchange, Problem("internal", "The mock failed.", text))
        if exchange.response is None:
            raise RuntimeError("the steps ended without an answer")
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
            place = f"{exchange.plan.operation if exchange.plan else exchange.request.method}"
            first = plan.plan.violations(value)[0]
            value = {
                "message": f"The mock broke its contract with an error answer ({problem.status}).",
                "detail": f"{place}: #/{'/'.join(map(str, first.path))} {first.detail} (keyword {first.keyword!r})",
            }
            return Response(500, [("Content-Type", "application/json")], orjson.dumps(value))
        return Response(problem.status, [("Content-Type", plan.content_type), *headers], jsonbody.encode(value))


def _short(text: str) -> str:
    """Return text for a message, cut to a bearable length."""
    return text if len(text) <= 80 else text[:77] + "..."


def status_line(status: int) -> str:
    """Return a status as HTTP writes it: ``404 Not Found``."""
    return f"{status} {reason_phrase(status)}"
