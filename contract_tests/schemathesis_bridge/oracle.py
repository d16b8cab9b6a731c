"""Judge whether a request was rightly taken or refused, by what the contract settles and by what the run has made."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from contract_tests.documents import CREATE, DELETE, GET, LIST, UPDATE, Contract
from contract_tests.exchange import Exchange, blamed, decoded
from contract_tests.findings import Departure, Recorder, accepted
from contract_tests.ledger import Ledger
from contract_tests.openness import LARGE, WITH_SETTINGS, Demand, Fault, Verdict, demand, is_deployed, is_odd_target
from contract_tests.results import Severity
from contract_tests.schemathesis_bridge.book import Book

Json = Any
Subject = str | tuple[str, ...]
SUCCESS = {LIST: 200, CREATE: 201, GET: 200, UPDATE: 200, DELETE: 204}


class Oracle:
    """Judges the exchanges of one check, which were sent with the owner's token."""

    def __init__(self, contract: Contract, ledger: Ledger, book: Book, recorder: Recorder) -> None:
        self.contract = contract
        self.ledger = ledger
        self.book = book
        self.recorder = recorder
        self._deployed = is_deployed(contract)
        self._carriers = {name for kind, name in contract.carriers if kind == "query"}

    def target(self, exchange: Exchange) -> str | None:
        """Return the decoded path value of an exchange; None where its path is not one item of the collection."""
        path = exchange.target.partition("?")[0]
        base = f"{self.contract.collection}/"
        segment = path[len(base) :] if path.startswith(base) else ""
        if not segment or "/" in segment:
            return None
        return unquote(segment, errors="replace")

    def judge(self, exchange: Exchange) -> Iterator[Departure]:
        """Yield what is wrong with the status of an answer; nothing where the contract leaves it open."""
        operation, status = exchange.operation, exchange.status
        if operation is None or status is None or exchange.reply.trouble or status >= 500 or self._has_extras(exchange):
            return
        if self.contract.operations[operation].answer(status) is None:
            return  # told by the judge of every answer
        if operation == LIST:
            yield from self._taken(exchange, {200})
        elif operation == CREATE:
            yield from self._created(exchange, self._demanded(exchange))
        else:
            yield from self._item(exchange)

    def _has_extras(self, exchange: Exchange) -> bool:
        query = exchange.target.partition("?")[2]
        names = {unquote(part.partition("=")[0]) for part in query.split("&") if part}
        types = [value for name, value in exchange.headers if name.lower() == "content-type"]
        plain = all(value.partition(";")[0].strip().lower() == "application/json" for value in types)
        return bool(names - self._carriers) or (bool(exchange.body) and not plain)

    def _demanded(self, exchange: Exchange) -> Demand:
        if not exchange.body:
            return Demand(Verdict.REFUSED, "there is no body", (Fault("", "body", "the body is missing", ""),))
        return demand(self.contract, exchange.operation or "", exchange.sent)

    def _created(self, exchange: Exchange, wanted: Demand) -> Iterator[Departure]:
        if wanted.verdict is Verdict.ACCEPTED:
            yield from self._taken(exchange, {201})
        elif wanted.verdict is Verdict.REFUSED:
            yield from self._refused(exchange, wanted, {400, 413})

    def _item(self, exchange: Exchange) -> Iterator[Departure]:
        operation, target = exchange.operation or "", self.target(exchange)
        if target is None:
            return
        wanted = self._demanded(exchange) if operation == UPDATE else Demand(Verdict.ACCEPTED)
        found = self.book.find(target)
        if found in self.book.unsure:
            return
        if found is not None:
            yield from self._of_own(exchange, found, wanted)
        elif target in self.book.gone or self.ledger.is_nobody(target):
            yield from self._of_nobody(exchange, target, wanted)
        elif self._deployed and is_odd_target(target) and exchange.ok:
            yield self._departure(
                exchange,
                "schema.negative",
                f"{operation}:path",
                "A path value that is no id and no name is taken",
                "400 or 404: the path takes what parses as a UUID, or a name",
                f"{operation}:taken:path",
            )

    def _of_own(self, exchange: Exchange, found: str, wanted: Demand) -> Iterator[Departure]:
        """Judge an answer about a provider that is there."""
        success = SUCCESS[exchange.operation or ""]
        if wanted.verdict is Verdict.REFUSED:
            yield from self._refused(exchange, wanted, {400, 413})
        elif wanted.verdict is Verdict.ACCEPTED and self._fits(found, exchange):
            yield from self._taken(exchange, {success})
        elif exchange.status not in {success, 400}:
            yield from self._taken(exchange, {success, 400})

    def _of_nobody(self, exchange: Exchange, target: str, wanted: Demand) -> Iterator[Departure]:
        """Judge an answer about a provider that is not there, or not any more."""
        if not exchange.ok:
            return
        again = target in self.book.gone
        operation = exchange.operation or ""
        which = "a deleted provider" if again else "a provider that is not there"
        yield self._departure(
            exchange,
            "schema.use-after-free" if again else "schema.negative",
            f"{operation}:{'deleted' if again else 'nobody'}",
            f"{operation} of {which} is answered as if it were",
            "404: no provider has that id or name",
            f"{operation}:{'deleted' if again else 'nobody'}",
        )

    def _fits(self, found: str, exchange: Exchange) -> bool:
        """Tell whether no rule of the stored state may refuse a PATCH."""
        if exchange.operation != UPDATE:
            return True
        body, stored = exchange.sent, self.book.live[found]
        settings, keys = body.get("settings"), body.get("api_keys")
        if keys and (stored.get("settings") or stored.get("type") in WITH_SETTINGS):
            return False
        if settings is not None:
            kept = stored.get("api_keys") if keys is None else keys
            return stored.get("type") in WITH_SETTINGS and not kept
        return True

    def _taken(self, exchange: Exchange, statuses: set[int]) -> Iterator[Departure]:
        """Yield a departure where a request that every right server takes got another answer."""
        if exchange.status in statuses or (exchange.status == 413 and len(exchange.body) > LARGE):
            return
        operation, status = exchange.operation or "", exchange.status
        field = blamed(exchange.document)
        general = f"{operation}:refused:{status}"
        lost = status == 404 and operation not in {LIST, CREATE}
        found = self._departure(
            exchange,
            "schema.availability" if lost else "schema.positive",
            f"{operation}:{status}" + (f":{field}" if field else ""),
            "A provider that is there is not found" if lost else "A request that the contract allows is refused",
            f"{' or '.join(map(str, sorted(statuses)))}: the contract allows this request",
            (exchange.refusal, general) if not field or self.recorder.knows(general) else exchange.refusal,
        )
        yield self._explained(found, exchange, ())

    def _refused(self, exchange: Exchange, wanted: Demand, statuses: set[int]) -> Iterator[Departure]:
        """Yield a departure where a request that every right server refuses got another answer."""
        if exchange.status in statuses:
            return
        operation = exchange.operation or ""
        # One body may have several faults; a cause that is known already explains it.
        causes = [f"{operation}:{fault.member or 'body'}:{fault.keyword}" for fault in wanted.faults]
        kind = "taken" if exchange.ok else str(exchange.status)
        known = next((index for index, cause in enumerate(causes) if self.recorder.knows(f"{cause}:{kind}")), 0)
        fault = wanted.faults[known]
        place = fault.member or "the body"
        found = self._departure(
            exchange,
            "schema.negative",
            causes[known] if exchange.ok else f"{causes[known]}:{kind}",
            f"A body that the contract does not allow is {'taken' if exchange.ok else 'refused for another reason'}",
            f"{' or '.join(map(str, sorted(statuses)))}, as {place} is wrong: {_short(fault.message)}",
            (f"{causes[known]}:{kind}", *(accepted(operation, fault.member) if exchange.ok else ())),
            fault.pointer,
        )
        yield self._explained(found, exchange, wanted.faults)

    def _explained(self, departure: Departure, exchange: Exchange, faults: tuple[Fault, ...]) -> Departure:
        """Return a departure as the finding of a rule that its reproducer shows too, so that a cause is told once."""
        if any(self.recorder.knows(name) for name in departure.subjects):
            return departure
        wrong = {(fault.member, fault.keyword) for fault in faults}
        for finding in self.recorder.findings:
            last = finding.steps[-1] if finding.steps and departure.operations[0] in finding.operations else None
            if finding.layer == "schema" or last is None or last.method != exchange.method:
                continue
            if last.status != exchange.status:
                continue
            body = decoded(last.request_body.encode()) if last.request_body else None
            other = demand(self.contract, departure.operations[0], body).faults if body is not None else ()
            answer = decoded(last.answer_body.encode())
            same = wrong & {(fault.member, fault.keyword) for fault in other}
            if same or (not wrong and not other and blamed(answer) == blamed(exchange.document)):
                return replace(departure, check=finding.check, code=finding.code)
        return departure

    def _departure(
        self, exchange: Exchange, check: str, code: str, title: str, expected: str, subject: Subject, pointer: str = ""
    ) -> Departure:
        operation = exchange.operation or ""
        message = exchange.document.get("message")
        found = f"{exchange.outcome}: {message}" if isinstance(message, str) else exchange.outcome
        section = self.contract.states(pointer) if pointer else self.contract.section(operation)
        return Departure(check, code, title, expected, found, Severity.MAJOR, section, (operation,), subject)


def _short(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:120]} … {text[-70:]}"
