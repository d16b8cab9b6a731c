"""One run's way to the server: every request of every check goes through here, is guarded, judged and counted."""

import json
import re
import threading
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, unquote

from contract_tests.coverage import Coverage
from contract_tests.curl import Redaction, steps
from contract_tests.documents import DELETE, GET, LIST, Contract
from contract_tests.errors import CannotTest, Refused
from contract_tests.exchange import Exchange
from contract_tests.findings import Cause, Recorder
from contract_tests.judge import judge
from contract_tests.leaks import Secrets
from contract_tests.ledger import Ledger, identity, new_run_id
from contract_tests.options import Options
from contract_tests.results import Step
from contract_tests.wire import LATE, Headers, Reply, Wire

UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
UNKNOWN_TOKEN = "unknown-token-of-contract-tests"  # noqa: S105 - a token that no server knows
PATIENCE = 30.0  # seconds that the whole run waits at most for one 429 or 503 with Retry-After
RETRIES = 4
STRIKES = 5  # requests in a row without an answer in time after which the run stops
MAX_TIMES = (900, 3600, 14400)  # seconds that a run may take, for each effort
AGENT = "contract-tests"
DUMMY = "dummy-"  # how every key starts that this package sends: nobody takes it for a real one
JSON = "application/json"


class Session:
    """A run against one server: the wire, the ledger, the findings and the coverage.

    `meanwhile` is called after every exchange. Not for use by several threads but through :meth:`exchange`.
    """

    def __init__(self, options: Options, contract: Contract) -> None:
        self.options = options
        self.contract = contract
        self.wire = Wire(options.base_url, options.timeout, options.verify_tls)
        self.ledger = Ledger(options.run_id or new_run_id(), options.seed)
        tokens = {"TOKEN": options.token, "OTHER_TOKEN": options.other_token}
        tokens |= {f"REFUSED_TOKEN_{number}": value for number, value in enumerate(options.refused_tokens, 1)}
        self.redact = Redaction({name: value for name, value in tokens.items() if value})
        self.recorder = Recorder(self.show)
        self.coverage = Coverage(contract)
        self.secrets = Secrets()  # plain texts of keys that were sent
        self.durations: dict[str, list[float]] = defaultdict(list)
        self.notes: dict[str, None] = {}
        self.requests = 0
        self.strikes = 0  # requests in a row that were not answered in time, or not at all
        self._deadline = time.monotonic() + (options.max_time or options.amount(*MAX_TIMES))
        self.meanwhile: Callable[[], None] = lambda: None
        self.check = ""  # the id of the check that runs
        self.trail: list[Exchange] = []  # the exchanges of that check
        self.spoiled: dict[int, Cause] = {}  # the numbers of those that nothing can be read from, and why
        self._lock = threading.Lock()
        self._next_slot = 0.0

    # What checks call

    def call(
        self,
        operation: str,
        target: str | None = None,
        *,
        body: Any = None,
        raw: bytes | None = None,
        principal: str = "owner",
        carrier: str = "header",
        headers: Headers = (),
        content_type: str | None = JSON,
        judged: bool = True,
    ) -> Exchange:
        """Send one operation. `target` is the id or name of an item; `raw` a body that is sent as it is.

        `principal` is `owner`, `other`, `nobody` (no token) or `unknown`; `carrier` is `header`, `cookie` or `query`.
        """
        described = self.contract.operations[operation]
        path = described.path
        if target is not None:
            path = path[: path.index("{")] + quote(target, safe="")
        extra, query = self.credentials(principal, carrier)
        data = raw if raw is not None else b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        typed = (("Content-Type", content_type),) if data and content_type else ()
        return self.exchange(
            operation, described.method, path + query, (*typed, *extra, *headers), data, principal, judged=judged
        )

    def credentials(self, principal: str, carrier: str = "header") -> tuple[Headers, str]:
        """Return the headers and the query that carry the token of a principal."""
        token = {
            "owner": self.options.token,
            "other": self.options.other_token,
            "unknown": UNKNOWN_TOKEN,
        }.get(principal)
        name = dict(self.contract.carriers).get(carrier)
        if token is None or name is None:
            return (), ""
        if carrier == "header":
            return ((name, token),), ""
        if carrier == "cookie":
            return (("Cookie", f"{name}={token}"),), ""
        return (), f"?{name}={quote(token, safe='')}"

    def exchange(
        self,
        operation: str | None,
        method: str,
        target: str,
        headers: Headers = (),
        body: bytes = b"",
        principal: str = "owner",
        *,
        judged: bool = True,
        timeout: float | None = None,
    ) -> Exchange:
        """Send any request, wait where the server asks for it, judge the answer, and write down what it made.

        An `Accept` or `User-Agent` among the headers takes the place of this package's own; an empty one is not sent.
        Raises :class:`Refused` rather than send what might change something that this run did not make, and
        :class:`CannotTest` where the server has ceased to answer, or the time of the run is over.
        """
        self.guard(method, target, body)
        self._go_on()
        given = {name.lower() for name, _ in headers} & {"accept", "user-agent"}
        own = (("Accept", JSON), ("User-Agent", AGENT), ("Accept-Encoding", "identity"))
        full = tuple(pair for pair in own if pair[0].lower() not in given)
        full += tuple(pair for pair in headers if pair[1] or pair[0].lower() not in given)
        reply = self._patiently(method, target, full, body, timeout)
        with self._lock:
            self.requests += 1
            described = self.contract.operations.get(operation or "")
            meant = described.meant(reply.status) if described is not None and method == described.method else None
            exchange = Exchange(self.requests, operation, method, target, full, body, principal, reply, meant)
            self.trail.append(exchange)
            self._learn(exchange)
            if operation is not None:
                self.durations[operation].append(reply.seconds * 1000)
                self.coverage.count(exchange)
        if judged:
            for departure in judge(self.contract, exchange, self.secrets):
                cause = self.recorder.add(departure, self.shortest(exchange), self.check)
                if departure.spoils:
                    self.spoiled[exchange.number] = cause
        if threading.current_thread() is threading.main_thread():
            self.meanwhile()
        return exchange

    def _go_on(self) -> None:
        if self.strikes >= STRIKES:
            raise CannotTest(
                f"the server has ceased to answer: {STRIKES} requests in a row got no answer within "
                f"{self.options.timeout:g} s; see its log, or give it more time by --timeout"
            )
        if time.monotonic() > self._deadline:
            limit = self.options.max_time or self.options.amount(*MAX_TIMES)
            raise CannotTest(f"the run has taken {limit:g} s, which is its limit; the server is slow (--max-time)")

    def guard(self, method: str, target: str, body: bytes = b"") -> None:
        """Refuse what might harm others. Raises :class:`Refused`."""
        if method not in UNSAFE:
            return
        if self.options.read_only:
            raise Refused(f"{method} is not sent: the run is read-only")
        path = target.partition("?")[0]
        base = self.contract.collection
        if method == "POST":
            return
        if not path.startswith(base):
            return
        segment = path[len(base) :].strip("/")
        if not segment:
            if self.ledger.strangers and method == "DELETE":
                raise Refused("DELETE of the whole collection is not sent: it holds what this run did not make")
            return
        if not self.ledger.may_change(segment):
            raise Refused(f"{method} {unquote(segment)!r} is not sent: this run did not make it")

    @contextmanager
    def check_scope(self, check: str) -> Iterator[None]:
        """Give the exchanges that follow to a check."""
        self.check, self.trail, self.spoiled = check, [], {}
        try:
            yield
        finally:
            self.check, self.trail, self.spoiled = "", [], {}

    # Evidence

    def show(self, exchanges: Sequence[Exchange]) -> tuple[Step, ...]:
        """Return exchanges as the steps of a reproducer, without tokens or the data of others."""
        return steps(exchanges, self.options.base_url, self.redact, self._shown_body)

    def shortest(self, exchange: Exchange) -> list[Exchange]:
        """Return the exchanges of the running check that lead to one: the making and changing of what it speaks of."""
        needed = [exchange]
        text = exchange.target + exchange.body.decode("utf-8", "replace")
        trail = self.trail
        place = bisect_left(
            trail, exchange.number, key=lambda one: one.number
        )  # they are in the order of their numbers
        known = place < len(trail) and trail[place] is exchange
        for earlier in reversed(trail[:place] if known else trail[:]):
            if earlier.method in UNSAFE and earlier.ok and any(mark in text for mark in earlier.marks):
                needed.insert(0, earlier)
                text += earlier.target + earlier.body.decode("utf-8", "replace")
        return needed

    def _shown_body(self, exchange: Exchange) -> str:
        value = exchange.json
        if isinstance(value, list) and self.ledger.strangers:
            ours = [item for item in value if self.ledger.made(item)]
            if len(ours) != len(value):
                text = json.dumps(ours, ensure_ascii=False)
                return f"{text}\n({len(value) - len(ours)} providers that this run did not make are left out)"
        if identity(value) in self.ledger.strangers:
            return "(a provider that this run did not make; left out)"
        return exchange.reply.body.decode("utf-8", "replace")

    # What was made

    def _learn(self, exchange: Exchange) -> None:
        sent = exchange.sent
        if isinstance(sent, dict) and exchange.method in UNSAFE:
            for secret in _secrets(sent, "secrets-are-write-only" in self.contract.rules):
                self.secrets.add(secret)
            if exchange.method == "POST" and isinstance(sent.get("name"), str) and sent["name"]:
                self.ledger.sent_names.add(sent["name"])
        if exchange.method == "POST" and exchange.ok:
            self.ledger.remember(exchange.json)
            if identity(exchange.json) is None and isinstance(sent, dict):
                self.ledger.remember_unread(sent.get("name"))

    def list_providers(self) -> list[Any] | None:
        """Return what the list shows now, by a request that no check counts; None where it gives none."""
        exchange = self.list_quietly()
        return exchange.listed() if exchange else None

    def list_quietly(self) -> Exchange | None:
        """Return a list as it is answered now, by a request that no check counts; None where there is none."""
        return self._quietly(LIST, "", lambda one: one.ok and isinstance(one.json, list))

    def peek(self, provider_id: str) -> Any:
        """Return one provider as it is answered now, by a request that no check counts; None where it is not."""
        exchange = self._quietly(GET, provider_id, lambda one: one.ok)
        return exchange.provider() if exchange else None

    def remove(self, provider_id: str) -> bool:
        """Delete something that this run made, without judging the answer. Tells whether it is gone."""
        return self._quietly(DELETE, provider_id, lambda one: one.status in {200, 202, 204, 404, 410}) is not None

    def _quietly(self, operation: str, target: str, good: Callable[[Exchange], bool]) -> Exchange | None:
        """Send a request of the run's own housekeeping by each carrier of a token, until one gives what is needed."""
        described = self.contract.operations[operation]
        path = described.path.partition("{")[0] + quote(target, safe="") if target else described.path
        for carrier, _ in self.contract.carriers or (("header", ""),):
            headers, query = self.credentials("owner", carrier)
            self.guard(described.method, path + query)
            reply = self._patiently(described.method, path + query, (("Accept", JSON), *headers), listen=False)
            self.requests += 1
            exchange = Exchange(self.requests, None, described.method, path, headers, b"", "owner", reply)
            if good(exchange):
                return exchange
            if reply.status is None:
                return None  # it is not the token that is wrong
        return None

    def _patiently(
        self,
        method: str,
        target: str,
        headers: Headers,
        body: bytes = b"",
        timeout: float | None = None,
        listen: bool = True,
    ) -> Reply:
        """Send a request at the rate that was asked for, again where the server says when (429, 503)."""
        waited = 0.0
        for attempt in range(RETRIES + 1):
            self._wait_for_slot()
            reply = self.wire.send(method, target, headers, body, timeout, listen=listen)
            pause = _retry_after(reply)
            if pause is None or attempt == RETRIES or waited + pause > PATIENCE:
                self._count_strike(reply, pause is not None)
                break
            self.notes.setdefault(f"the server asked for patience ({reply.status} with Retry-After), and got it")
            time.sleep(pause)
            waited += pause
        return reply

    def _count_strike(self, reply: Reply, put_off: bool) -> None:
        """Count requests in a row that got no answer in time, nor any but to come back later."""
        late = reply.refused or (reply.trouble or "").startswith(LATE)
        self.strikes = self.strikes + 1 + put_off if late or put_off else 0

    def _wait_for_slot(self) -> None:
        if not self.options.rate_limit:
            return
        with self._lock:
            now = time.monotonic()
            slot = max(now, self._next_slot)
            self._next_slot = slot + 1 / self.options.rate_limit
        time.sleep(max(0.0, slot - now))


def _retry_after(reply: Reply) -> float | None:
    """Return how many seconds a 429 or 503 asks to wait (RFC 9110, section 10.2.3); None where it does not.

    The value is a number of seconds, or a date, which is compared with the server's own clock where it tells that.
    """
    value = reply.header("retry-after") if reply.status in {429, 503} else None
    if value is None:
        return None
    if re.fullmatch(r"\s*[0-9]{1,9}\s*", value):
        return float(value)
    goal, now = _date(value), _date(reply.header("date") or "") or datetime.now(UTC)
    return 1.0 if goal is None else max(0.0, (goal - now).total_seconds())


def _date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _secrets(sent: dict[str, Any], settings_too: bool) -> Iterator[str]:
    """Yield the keys of a request in plain text: those that this package makes, which no other text looks like."""
    keys = sent.get("api_keys")
    texts = (
        [entry.get("api_key") if isinstance(entry, dict) else entry for entry in keys if entry]
        if isinstance(keys, list)
        else []
    )
    settings = sent.get("settings")
    if settings_too and isinstance(settings, dict):
        texts += [settings.get("access_key"), settings.get("access_key_secret")]
    for text in texts:
        if isinstance(text, str) and text.strip().startswith(DUMMY):
            yield text.strip()
