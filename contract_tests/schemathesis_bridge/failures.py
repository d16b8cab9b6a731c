"""Say what a failed check of schemathesis means in the terms of this package, and only where it means something."""

import re
from collections.abc import Sequence
from typing import Any

from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.generation.case import Case
from schemathesis.openapi.checks import (
    AllowHeaderMismatch,
    EnsureResourceAvailability,
    IgnoredAuth,
    MissingHeaderNotRejected,
    RejectedPositiveData,
    UnsupportedMethodResponse,
    UseAfterFree,
)

from contract_tests.documents import Contract
from contract_tests.exchange import Exchange
from contract_tests.findings import Departure
from contract_tests.judge import is_unknown_method, judge
from contract_tests.leaks import Secrets
from contract_tests.results import Severity

# Whether a body is rightly taken or refused is the oracle's: it knows what the contract leaves open.
ORACLE = (RejectedPositiveData, AcceptedNegativeData)
OF_ANSWERS = {
    "not_a_server_error": "schema.server-error",
    "status_code_conformance": "schema.status",
    "content_type_conformance": "schema.content-type",
    "response_schema_conformance": "schema.response",
    "response_headers_conformance": "schema.headers",
}


def departure(contract: Contract, failure: Failure, case: Case[Any], exchange: Exchange) -> Departure | None:
    """Return the departure that a failure of schemathesis shows; None where it is told already, or is none."""
    if isinstance(failure, ORACLE) or exchange.status is None or exchange.reply.trouble is not None:
        return None
    operation = str(case.operation.definition.raw.get("operationId"))
    if isinstance(failure, IgnoredAuth):
        return _ignored_auth(contract, failure, operation, exchange)
    if isinstance(failure, UseAfterFree):
        return _plain(
            contract,
            "schema.use-after-free",
            f"{operation}:deleted",
            f"{operation} of a deleted provider is answered as if it were",
            "404: no provider has that id or name",
            exchange,
            operation,
        )
    if isinstance(failure, EnsureResourceAvailability):
        return _plain(
            contract,
            "schema.availability",
            f"{operation}:{exchange.status}",
            "A provider that is there is not found",
            "the provider that the 201 answer told of",
            exchange,
            operation,
        )
    if isinstance(failure, UnsupportedMethodResponse):
        return None if is_unknown_method(contract, exchange) else _unsupported(contract, exchange, operation)
    if isinstance(failure, AllowHeaderMismatch):
        return _plain(
            contract,
            "schema.allow-header",
            "allow",
            "`Allow` lists other methods than the document",
            f"the methods of the path; missing: {failure.missing_methods}, unknown: {failure.undocumented_methods}",
            exchange,
            operation,
        )
    if isinstance(failure, MissingHeaderNotRejected):
        return _plain(
            contract,
            "schema.missing-header",
            f"{operation}:{failure.header_name}",
            "A request without a required header is taken",
            f"a refusal, as the header {failure.header_name} is missing",
            exchange,
            operation,
        )
    return _of_answer(contract, failure, exchange, operation)


def _plain(
    contract: Contract, check: str, code: str, title: str, expected: str, exchange: Exchange, operation: str
) -> Departure:
    section = contract.section(operation)
    return Departure(check, code, title, expected, exchange.outcome, Severity.MAJOR, section, (operation,), code)


def _ignored_auth(contract: Contract, failure: IgnoredAuth, operation: str, exchange: Exchange) -> Departure:
    without = exchange.principal == "nobody"
    what = "without a token" if without else "with a token that nobody has"
    return Departure(
        "schema.ignored-auth",
        f"{'none' if without else 'unknown'}:{exchange.status}",
        f"A request {what} is {'answered' if exchange.ok else 'not refused as such'}",
        "401",
        exchange.outcome,
        Severity.CRITICAL if exchange.ok else Severity.MAJOR,
        contract.section(operation, "Security"),
        (operation,),
        f"barred:401:{'2xx' if exchange.ok else exchange.status}",
    )


def _unsupported(contract: Contract, exchange: Exchange, operation: str) -> Departure:
    if exchange.status == 405:
        return _plain(
            contract,
            "schema.headers",
            "Allow:405",
            "A 405 answer lacks the header Allow",
            "the header Allow (RFC 9110, section 15.5.6)",
            exchange,
            operation,
        )
    return _plain(
        contract,
        "schema.unsupported-method",
        f"{exchange.method}:{exchange.status}",
        f"{exchange.method} is answered by a path that does not have it",
        "405 with `Allow`",
        exchange,
        operation,
    )


def _of_answer(contract: Contract, failure: Failure, exchange: Exchange, operation: str) -> Departure | None:
    """Return what the judge of every answer does not see; nothing where it does, or leaves the answer open."""
    if exchange.operation is None or exchange.status == 405 or any(judge(contract, exchange, Secrets())):
        return None
    names: Sequence[str] = failure.checks
    check = next((OF_ANSWERS[name] for name in names if name in OF_ANSWERS), "schema.other")
    return Departure(
        check,
        f"{operation}:{re.sub(r'[^a-z]+', '-', failure.title.lower()).strip('-')}",
        f"{failure.title} (found by schemathesis)",
        "what the document says of this answer",
        _first_line(failure.message),
        Severity.MAJOR,
        contract.section(operation, "Responses"),
        (operation,),
    )


def _first_line(text: str) -> str:
    line = text.strip().partition("\n")[0]
    return line if len(line) <= 300 else f"{line[:300]}…"
