"""Is the request what the contract says? Parameters and body, all faults together (OpenAPI 3.1, section 4.8)."""

from collections.abc import Mapping

from mockserver.engine import jsonbody
from mockserver.engine.exchange import Exchange, refuse, rule_context, short
from mockserver.engine.plans import MISSING, Unsure, parse_cookies, parse_query
from mockserver.engine.problems import Problem, Violation

__all__ = ["validate"]

_MISSING = {
    "body-too-large": ("The body is too large.", "Send less, or raise the limit of the mock."),
    "body-cut-short": ("The body is cut short.", "It ended before the length that the request announced."),
    "body-too-slow": ("The body did not come in time.", "Send it faster, or raise the time limit of the mock."),
}


def validate(exchange: Exchange) -> None:
    """Judge parameters and body, all faults together; rules that need nothing but the body are judged with them."""
    request, plan = exchange.request, exchange.planned
    if request.body is None:
        raise Problem(request.missing, *_MISSING[request.missing])
    violations: list[Violation] = []
    try:
        if exchange.validation != "compiled":
            raise Unsure("set so")
        violations.extend(_parameters(exchange))
        violations.extend(_body(exchange))
    except Unsure:
        violations = list(_ask_authority(exchange))
    if not violations and not plan.body_rules:
        return
    faulty_body = [violation for violation in violations if violation.where == "body"]
    if exchange.body is not MISSING and plan.body_rules:
        known = {violation.path for violation in faulty_body}
        context = rule_context(exchange)
        for rule in plan.body_rules:
            faulty_body.extend(fault for fault in rule.check(context) if fault.path not in known)
    faulty_parameters = [violation for violation in violations if violation.where != "body"]
    found = faulty_parameters + faulty_body
    if found:
        refuse("malformed-parameter" if faulty_parameters else "invalid-body", found)


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
    raise Problem(code, "Unsupported media type.", f"Found {short(essence)!r}, expected {names}.")


def _ask_authority(exchange: Exchange) -> tuple[Violation, ...]:
    """Have openapi-core judge the whole request, after the strict reading of its body."""
    plan, request = exchange.planned, exchange.request
    media_type = request.headers.get("content-type", "")
    if plan.body_plans and request.body:
        name = _media_type_or_first(exchange)
        if name is not None:
            # What stands beside the name of a JSON type says nothing, and openapi-core fails where it is malformed.
            media_type = media_type.partition(";")[0].strip()
            try:
                exchange.body = jsonbody.decode(request.body)
            except jsonbody.MalformedJSON as error:
                raise Problem("malformed-body", "The body cannot be read as JSON.", f"Found: {error}.") from None
            schema = plan.body_plans[name]
            if schema is not None and schema.too_much(exchange.body):
                detail = "It is nested deep, in a schema that judges each level in several ways."
                raise Problem("malformed-body", "The body takes too long to judge.", detail)
    elif plan.body_plans and plan.operation.body_required:
        raise Problem("malformed-body", "The body cannot be read as JSON.", "What was found: the body is empty.")
    any_type = exchange.contract.any_content_type and bool(plan.operation.body)
    if any_type:
        media_type = plan.operation.body[0].name
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
