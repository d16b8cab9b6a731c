"""What a check is given: short ways to send the operations, and to say what it expected and what it found."""

import json
from collections.abc import Sequence
from random import Random
from typing import Any

from contract_tests.aftermath import Guardian
from contract_tests.documents import CREATE, DELETE, GET, LIST, UPDATE
from contract_tests.errors import Blocked
from contract_tests.exchange import Exchange
from contract_tests.findings import Departure
from contract_tests.registry import Check
from contract_tests.results import Severity
from contract_tests.session import Session

KEY = "dummy-key-of-{}-{:04}"  # the end differs, so that masks tell keys apart
BASE_URL = "https://ai.example.com/v1"
ABSENT = object()
UNLISTED = f"{LIST}:missing"  # the cause that the list lacks a provider
SHOWN, LEAD = 300, 40  # characters of a value that a finding tells, and of what comes before a difference


class Scene:
    """One run of one check. `provider` values are the JSON objects of answers."""

    def __init__(self, session: Session, check: Check, guardian: Guardian) -> None:
        self.session = session
        self.guardian = guardian
        self.contract = session.contract
        self.options = session.options
        self.check = check
        self.random = Random(f"{session.options.seed}:{check.name}")  # noqa: S311 - test data, not secrets
        self.unread = ""  # why something could not be judged
        self.departed = False  # whether the check saw something wrong, be it told already
        self._keys = 0
        self._ways = 0

    @property
    def deployed(self) -> bool:
        """Whether the contract holds what a deployed server enforces, told by a rule that only it has."""
        return "secrets-are-write-only" in self.contract.rules

    # Data

    def key(self) -> str:
        """Return a new key in plain text, plainly a dummy."""
        self._keys += 1
        return KEY.format(self.session.ledger.name(self.check.id.partition(".")[2]), self._keys)

    def secret(self) -> str:
        """Return a new key for a request that is not read as one of keys, and make it known, so that an echo shows."""
        key = self.key()
        self.session.secrets.add(key)
        return key

    def body(self, **members: Any) -> dict[str, Any]:
        """Return the body of a create that both profiles take, with a name of its own; None leaves a member out."""
        name = members.pop("name", ...)
        full = {
            "type": "openai",
            "name": self.session.ledger.name(self.check.id.partition(".")[2]) if name is ... else name,
            "base_url": BASE_URL,
            **members,
        }
        return {key: value for key, value in full.items() if value is not None}

    # Operations that are expected to work

    def created(self, **members: Any) -> Exchange:
        """Create a provider that the contract allows. Raises :class:`Blocked` where the server does not do it."""
        exchange = self.session.call(CREATE, body=self.body(**members))
        return self.worked(exchange, 201)

    def created_unmarked(self, name: str) -> Exchange | None:
        """Create a provider whose name cannot carry the run's prefix; its display name does.

        Returns ``None``, and makes nothing, where somebody has that name.
        """
        for attempt in range(2):
            if any(item.get("name") == name for item in self.listed().listed()):
                return None
            if attempt == 0:
                body = self.body(name=name, display_name=self.session.ledger.name("odd"))
                exchange = self.session.call(CREATE, body=body)
                if exchange.status != 409:  # else somebody may have been faster
                    return exchange
        return exchange

    def got(self, target: str) -> Exchange:
        """Get a provider that is there. Raises :class:`Blocked` where the server does not answer it."""
        return self.worked(self.session.call(GET, target), 200)

    def patched(self, target: str, **members: Any) -> Exchange:
        """Change a provider in a way that the contract allows. Raises :class:`Blocked` where it is refused."""
        return self.worked(self.session.call(UPDATE, target, body=members), 200)

    def deleted(self, target: str) -> Exchange:
        """Delete a provider that is there. Raises :class:`Blocked` where it is refused."""
        return self.worked(self.session.call(DELETE, target), 204)

    def listed(self) -> Exchange:
        """List all providers. Raises :class:`Blocked` where the server gives no list."""
        exchange = self.worked(self.session.call(LIST), 200)
        if not isinstance(exchange.json, list):
            raise Blocked("the list is no JSON array")
        return exchange

    def worked(self, exchange: Exchange, status: int) -> Exchange:
        """Return an exchange of a request that the contract allows; record it and raise where it was refused."""
        if exchange.status == status and exchange.reply.trouble is None:
            odd = unusable(exchange.json) if status in {200, 201} and exchange.operation != LIST else None
            if odd:
                raise Blocked(f"{exchange.operation} answered {odd}")
            return exchange
        if exchange.reply.trouble is None and (exchange.status or 0) < 500:
            operation, before = exchange.operation or "", self.departed
            self.depart(
                f"{operation}:{exchange.status}",
                f"{status}",
                self.described(exchange),
                [exchange],
                title="A request that the contract allows is refused",
                check="schema.positive",
                subject=exchange.refusal,
                aliases=(f"{operation}:refused:{exchange.status}",),
                operations=(operation,),
            )
            self.departed = before  # it is not what the check is about, which it comes not to
        raise Blocked(f"{exchange.operation} answered {exchange.outcome}, where {status} was needed")

    def way(self, provider: dict[str, Any]) -> str:
        """Return the id of a provider and its name in turn: a server may treat them in different ways."""
        self._ways += 1
        return str(provider["id"] if self._ways % 2 else provider["name"])

    def find(self, listed: Exchange, provider_id: str) -> Any:
        """Return the provider of an id as a list shows it; None where it is not listed."""
        return next((item for item in listed.listed() if item.get("id") == provider_id), None)

    # Saying what is wrong

    def same(self, exchange: Exchange, expected: dict[str, Any], found: Any = ..., why: str = "") -> bool:
        """Compare members of the provider that an answer holds (or of `found`) with what they must be."""
        provider = exchange.provider() if found is ... else found
        place = f"{exchange.operation}"
        good = True
        if not isinstance(provider, dict):
            lacks = exchange.operation == LIST
            what = f"{'every live provider is listed' if lacks else 'a provider'}{f': {why}' if why else ''}"
            came, subject = ("it is not", UNLISTED) if lacks else (self.described(exchange), "")
            return self.expect(False, f"{place}:missing", what, came, [exchange], subject=subject)
        for name, value in expected.items():
            actual = provider.get(name, ABSENT)
            wanted, shown = (short(value), "absent") if actual is ABSENT else beside(value, actual)
            good &= self.expect(
                actual == value and type(actual) is type(value),
                f"{place}:{name}",
                f"{name} is {wanted}{f': {why}' if why else ''}",
                f"{name} is {shown}",
                [exchange],
                subject=(self.about(name, f"{place}:member:{name}"), f"{name}:{wanted}>{shown}"),
            )
        return good

    def about(self, member: str, subject: str) -> str:
        """Return the subject of a finding on a member: that of the judge, where answers have it wrong anyway."""
        known = f"answer:{member}"
        return known if self.session.recorder.knows(known) else subject

    def unchanged(self, provider: dict[str, Any], after: Sequence[Exchange], code: str) -> bool:
        """Get a provider again and make sure that a refused request did not change it."""
        aimed = self._aimed_at(provider)
        if self.was_let_in((*after, *aimed)):
            return False
        again = self.session.call(GET, provider["id"])
        now = again.provider()
        if again.reply.trouble is not None or (again.status or 0) >= 500:
            return False
        changed = sorted(k for k in {*provider, *(now or {})} if provider.get(k) != (now or {}).get(k))
        after = after or aimed[-1:]
        last = after[-1] if after else None
        cause = f"{last.operation}:{last.status}" if last is not None else self.check.id
        refused = last is not None and last.status in {400, 404, 409}
        good = self.expect(
            not changed and now is not None,
            code,
            "a refused request changes nothing",
            f"{', '.join(changed)} changed" if now is not None else self.described(again),
            [*after, again],
            title="A refused request changes something" if refused else "",
            check="rules.atomic" if refused else "",
            section="openapi/rules.yaml, rule all-or-nothing" if refused else "",
            subject=f"{cause}:effect:{','.join(changed) if now is not None else 'gone'}",
            operations=(last.operation,) if last is not None and last.operation else (),
        )
        if now is not None:
            provider.clear()
            provider.update(now)  # what comes next is held against what is there now
        return good

    def was_let_in(self, exchanges: Sequence[Exchange]) -> bool:
        """Tell whether one of some requests was served that had to be refused for who sent it, which is told."""
        told = any(self.session.recorder.knows(f"barred:{status}:2xx") for status in (401, 403))
        return told and any(one.ok and one.principal != "owner" for one in exchanges)

    def expect(
        self, condition: bool, code: str, expected: str, found: Any, exchanges: Sequence[Exchange], **more: Any
    ) -> bool:
        """Record a departure unless the condition holds; returns the condition.

        Where an answer cannot be read at all, which is told once, there is no more to tell.
        """
        spoiled = self.session.spoiled
        why = None if condition else next((spoiled[one.number] for one in exchanges if one.number in spoiled), None)
        if why is not None:
            self.session.recorder.meet(why, self.check.id)
            self.unread = self.unread or f"answers cannot be read: {self.session.recorder.get(why).title}"
        elif not condition:
            self.depart(code, expected, found if isinstance(found, str) else short(found), exchanges, **more)
        return condition

    def _aimed_at(self, provider: dict[str, Any]) -> list[Exchange]:
        """Return the requests of this check that aimed at changing a provider."""
        ends = tuple(f"/{provider.get(name)}" for name in ("id", "name"))
        trail = self.session.trail
        return [one for one in trail if one.method not in {"GET", "HEAD"} and one.target.split("?")[0].endswith(ends)]

    def expect_status(self, exchange: Exchange, statuses: Sequence[int], code: str, why: str, **more: Any) -> bool:
        """Record a departure unless the answer has one of the statuses; a broken or failed answer is told already."""
        if exchange.reply.trouble is not None or (exchange.status or 0) >= 500:
            return False
        wanted = " or ".join(map(str, statuses))
        more.setdefault("subject", self._cause(exchange, statuses))
        if exchange.status not in statuses:
            self.depart(code, f"{wanted}: {why}", self.described(exchange), [exchange], **more)
        return exchange.status in statuses

    def _cause(self, exchange: Exchange, statuses: Sequence[int]) -> str:
        """Return the cause of a status that should be another; of many, several checks meet what comes."""
        knows = self.session.recorder.knows
        barred = next((one for one in (401, 403) if one in statuses), None)
        if barred and (exchange.ok or knows(f"barred:{barred}:2xx")):
            return f"barred:{barred}:2xx"
        if 400 <= (exchange.status or 0) < 500 and (min(statuses) < 300 or knows(exchange.refusal)):
            return exchange.refusal
        found = "2xx" if exchange.ok else str(exchange.status)
        if barred:
            return f"barred:{barred}:{found}"
        return f"{self.check.id}:{'2xx' if min(statuses) < 300 else ' or '.join(map(str, statuses))}:{found}"

    def changed(self, operation: str, provider: dict[str, Any], found: Any) -> tuple[str, ...]:
        """Return the causes by which a provider may be known to be shown otherwise by an operation, or not at all."""
        if not isinstance(found, dict):
            return (UNLISTED,) if operation == LIST else ()
        return tuple(f"{operation}:member:{name}" for name in provider if found.get(name) != provider[name])

    def depart(
        self,
        code: str,
        expected: str,
        found: str,
        exchanges: Sequence[Exchange],
        *,
        title: str = "",
        severity: Severity = Severity.MAJOR,
        section: str = "",
        check: str = "",
        subject: str | tuple[str, ...] = "",
        aliases: tuple[str, ...] = (),
        operations: tuple[str, ...] = (),
    ) -> None:
        """Record a departure. The last exchange is the one that shows it; those that lead to it are added."""
        self.departed = True
        last = exchanges[-1] if exchanges else None
        full = list(exchanges)
        for exchange in exchanges:
            full += [one for one in self.session.shortest(exchange) if one not in full]
        full.sort(key=lambda one: one.number)
        names = operations or ((last.operation,) if last is not None and last.operation else ())
        self.session.recorder.add(
            Departure(
                check or self.check.id,
                code,
                title or self.check.title,
                expected,
                found,
                severity,
                section or self.section(names),
                names,
                subject,
                aliases,
            ),
            full,
            self.check.id,
        )

    def section(self, operations: tuple[str, ...]) -> str:
        """Name what the check holds the server to: its rules, else the section of the page."""
        if self.check.rules:
            kind = "rule" if len(self.check.rules) == 1 else "rules"
            return f"openapi/rules.yaml, {kind} {', '.join(self.check.rules)}"
        return self.contract.section(operations[0]) if operations else ""

    @staticmethod
    def described(exchange: Exchange) -> str:
        """Say what came: the status, and the message of an error."""
        message = exchange.document.get("message")
        return f"{exchange.outcome}: {message}" if isinstance(message, str) else exchange.outcome


def unusable(provider: Any) -> str | None:
    """Say why the checks cannot go on with what should be a provider; None where they can."""
    if not isinstance(provider, dict):
        return "no JSON object"
    for name in ("id", "name"):
        if not isinstance(provider.get(name), str) or not provider[name]:
            return f"a provider whose {name} is {short(provider.get(name))}"
    keys = provider.get("api_keys", [])
    whole = isinstance(keys, list) and all(isinstance(key, dict) and isinstance(key.get("id"), str) for key in keys)
    return None if whole else "a provider whose api_keys are no list of objects with ids"


def short(value: Any) -> str:
    """Return a value as JSON, cut where it is long."""
    return _part(_text(value), 0)


def beside(expected: Any, found: Any) -> tuple[str, str]:
    """Return two values as JSON, cut where they are long so that their first difference is in sight."""
    texts = _text(expected), _text(found)
    if max(map(len, texts)) <= SHOWN:
        return texts
    same = next((at for at, (one, other) in enumerate(zip(*texts, strict=False)) if one != other), min(map(len, texts)))
    start = max(0, same - LEAD)
    return _part(texts[0], start), _part(texts[1], start)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _part(text: str, start: int) -> str:
    return f"{'…' if start else ''}{text[start : start + SHOWN]}{'…' if len(text) > start + SHOWN else ''}"
