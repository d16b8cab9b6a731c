"""The seam to schemathesis: a transport that sends every request of it through the session of the run."""

from typing import Any
from urllib.parse import unquote

import requests
from schemathesis.core.transport import Response
from schemathesis.generation.case import Case
from schemathesis.generation.meta import CONTENT_TYPE_PROBES, coverage_scenario
from schemathesis.transport.requests import REQUESTS_TRANSPORT, RequestsTransport

from contract_tests.errors import Blocked
from contract_tests.exchange import Exchange
from contract_tests.openness import is_deployed
from contract_tests.session import JSON, UNSAFE, Session
from contract_tests.wire import Headers

ORIGIN = "http://contract-tests.invalid"  # never connected to; the session knows the real address
OWN_HEADERS = {"accept", "accept-encoding", "connection", "content-length", "user-agent", "x-schemathesis-testcaseid"}
SILENCES = 3  # requests without a whole answer, one after another, before a check gives up
UNAVAILABLE = 599  # what schemathesis sees where no answer came; the judge has told it already


class NotSent(Exception):
    """A case was left out: it could not be made harmless, or HTTP cannot carry it."""


class SessionTransport(RequestsTransport):
    """Sends the cases of one check by :meth:`Session.exchange`. `sent` maps a case's id to its exchange."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._copy_serializers_from(REQUESTS_TRANSPORT)
        self.session = session
        self.sent: dict[str, Exchange] = {}
        self._silent = 0

    def send(self, case: Case[Any], *, session: Any = None, **kwargs: Any) -> Response:
        """Send one case and return what came. Raises :class:`Blocked` where the server has stopped answering."""
        prepared = self._prepared(case)
        target = (prepared.url or ORIGIN).removeprefix(ORIGIN) or "/"
        if not self._may_send(case, target):
            raise NotSent(f"{case.method} {unquote(target)!r} was generated, and could not be made harmless")
        exchange = self.session.exchange(
            self._operation(case, prepared),
            case.method,
            target,
            self._headers(prepared),
            _bytes(prepared.body),
            self.principal(prepared, target),
        )
        self.sent[case.id] = exchange
        self._silent = 0 if exchange.reply.trouble is None else self._silent + 1
        if self._silent >= SILENCES:
            raise Blocked(f"the server gave no whole answer {SILENCES} times in a row: {exchange.outcome}")
        return _answer(prepared, exchange)

    def _prepared(self, case: Case[Any]) -> requests.PreparedRequest:
        data = self.serialize_case(case, base_url=ORIGIN)
        data = {key: value for key, value in data.items() if value is not None}
        return requests.Request(**data).prepare()

    def _may_send(self, case: Case[Any], target: str) -> bool:
        path = target.partition("?")[0]
        base = self.session.contract.collection
        if case.method not in UNSAFE:
            return True
        if path.rstrip("/") == base:
            return case.method != "DELETE" or not self.session.ledger.strangers
        segment = path.removeprefix(f"{base}/")
        return path.startswith(f"{base}/") and (case.method == "POST" or self.session.ledger.may_change(segment))

    def _operation(self, case: Case[Any], prepared: requests.PreparedRequest) -> str | None:
        """Return the operation that a request is one of; a probe of the method or media type is none."""
        if case.method.lower() != case.operation.method.lower():
            return None
        probe = coverage_scenario(case) in CONTENT_TYPE_PROBES
        typed = _text(prepared.headers.get("Content-Type") or JSON).partition(";")[0].strip().lower()
        if (probe or typed != JSON) and not is_deployed(self.session.contract):
            return None
        name = case.operation.definition.raw.get("operationId")
        return name if name in self.session.contract.operations else None

    @staticmethod
    def _headers(prepared: requests.PreparedRequest) -> Headers:
        made = []
        for name, value in prepared.headers.items():
            text = _text(value)
            if name.lower() not in OWN_HEADERS and _sendable(text):
                made.append((str(name), text))
        return tuple(made)

    def principal(self, prepared: requests.PreparedRequest, target: str) -> str:
        """Return whose token a request carries, by whatever carrier."""
        token = self.session.options.token
        texts = []
        for kind, name in self.session.contract.carriers:
            if kind == "header" and name in prepared.headers:
                texts.append(str(prepared.headers[name]))
            elif kind == "cookie":
                pairs = [part.strip().partition("=") for part in str(prepared.headers.get("Cookie", "")).split(";")]
                texts += [value for key, _, value in pairs if key == name]
            elif kind == "query":
                pairs = [part.partition("=") for part in target.partition("?")[2].split("&")]
                texts += [unquote(value) for key, _, value in pairs if unquote(key) == name]
        if not texts:
            return "nobody" if token is not None else "owner"
        return "owner" if all(text == token for text in texts) else "unknown"


def _sendable(value: str) -> bool:
    """Tell whether a header value is one that HTTP can carry (RFC 9110, section 5.5)."""
    return value == value.strip() and all(
        char == "\t" or " " <= char <= "~" or "\x80" <= char <= "\xff" for char in value
    )


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _bytes(body: Any) -> bytes:
    if body is None:
        return b""
    return body.encode("utf-8") if isinstance(body, str) else bytes(body)


def _answer(prepared: requests.PreparedRequest, exchange: Exchange) -> Response:
    headers: dict[str, list[str]] = {}
    for name, value in exchange.reply.headers:
        headers.setdefault(name, []).append(value)
    return Response(
        status_code=exchange.reply.status or UNAVAILABLE,
        headers=headers,
        content=exchange.reply.body,
        request=prepared,
        elapsed=exchange.reply.seconds,
        verify=True,
        message=exchange.reply.reason,
        encoding="utf-8",
    )
