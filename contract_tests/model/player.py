"""Play one sequence of operations on the server and on the model, and say where the two part."""

from collections.abc import Callable, Sequence
from typing import Any

from contract_tests.documents import CREATE, DELETE, GET, LIST, UPDATE
from contract_tests.exchange import Exchange
from contract_tests.ledger import identity
from contract_tests.model.difference import ATOMIC, REFUSED, RULES, SEVERAL, Difference, Over, Parted, subjects_of
from contract_tests.model.faulty import Kind
from contract_tests.model.state import UNKNOWN, Model, Record
from contract_tests.model.values import KEYS, various
from contract_tests.scene import Scene, beside, short

Json = Any
Body = dict[str, Json]
PAUSE_URL = "https://pause.example.com"
AUDITED = 6  # providers that are read one by one at the end of a sequence


class Player:
    """One sequence. At a difference that is not `known` it raises :class:`Parted`; at one that is, the model takes
    the server's answer over, and the sequence goes on. :class:`Over` ends a sequence without a difference.

    `live` holds the providers that are there, the one that was changed last leading; `dead` those deleted. `nobody` is
    an id that no provider has.
    """

    def __init__(
        self,
        scene: Scene,
        number: int,
        nobody: str,
        known: Callable[[Difference], bool],
        judged: bool = True,
    ) -> None:
        self.scene = scene
        self.session = scene.session
        self.nobody = nobody
        self.model = Model(scene.deployed)
        self.known = known
        self.judged = judged
        self.prefix = f"{self.session.ledger.prefix}m{number}-"
        self.live: list[Record] = []
        self.dead: list[Record] = []
        self.odd: set[str] = set()  # ids that are no part of the model: made or kept against the contract
        self.muddled: set[str] = set()  # names that more than one provider may have by now
        self.ids: set[str] = set()
        self.made = 0
        self.stray = False  # whether a list showed strangers otherwise than before

    # Operations

    def create(self, letter: str, body: Body) -> None:
        """Create a provider whose name nobody has; `letter` decides where the list shows it."""
        self.made += 1
        self._create({**body, "name": f"{self.prefix}{letter}{self.made}"}, "valid", ())

    def create_again(self, slot: int, body: Body) -> None:
        """Create a provider of a name that was used before: by one that is there, or by one that was deleted."""
        pool = self.dead if slot % 2 and self.dead else self.live
        if not pool:
            self.create("m", body)
            pool = self.live
        names = [one.name for one in pool if one.name not in self.muddled]
        if not names:
            return
        name = names[slot // 2 % len(names)]
        if not any(one.name == name for one in self.live):
            self._create({**body, "name": name}, "name-of-a-deleted-one", ("name-reusable",))
            return
        exchange = self._call(CREATE, body={**body, "name": name})
        if exchange.status != 409:
            self._status(exchange, (409,), "name-of-a-live-one", ("name-unique",))
            self._odd(exchange, name)

    def create_faulty(self, kind: Kind, body: Body) -> None:
        """Send a create that must be refused."""
        self.made += 1
        good = {**body, "name": f"{self.prefix}f{self.made}"}
        exchange = self._send_faulty(CREATE, None, kind, good)
        if exchange.status != 400:
            self._status(exchange, (400,), _case(kind, exchange), (), f"{CREATE}:accepted:{kind.member}")
            self._odd(exchange, good["name"])

    def fill(self, count: int, first: int = 0) -> None:
        """Create providers of all kinds, in an order that is not that of their names; which kinds, `first` decides."""
        for number in range(first, first + count):
            self.create("kdwagz"[number % 6], various(number))

    def read(self, slot: int, by_name: bool) -> None:
        """Get a provider that is there; one that nobody has where there is none."""
        record = self._pick(slot)
        if record is None:
            self.miss(GET, slot, by_name)
        else:
            self._read(record, by_name)

    def patch(self, slot: int, by_name: bool, body: Body) -> None:
        """Change a provider in a way that is good in itself."""
        record = self._pick(slot)
        if record is None:
            self.miss(UPDATE, slot, by_name, body)
            return
        allowed = self._allowed(record, body)
        exchange = self._call(UPDATE, self._target(record, by_name), body=body)
        if exchange.status not in allowed:
            self._status(exchange, allowed, "valid" if 200 in allowed else "unfit", _rules(body, allowed))
        if exchange.provider() is not None:
            self._answered(UPDATE, self.model.patched(record, body), exchange, replaces=record)
        elif exchange.status == 400:
            record.refused = True
        else:
            self._recheck(record)

    def keys(self, slot: int, by_name: bool, keep: Sequence[int], add: Sequence[int], first: bool, more: Body) -> None:
        """Change the keys of a provider: keep some of those it has, in this order, and add some."""
        record = self._pick(slot)
        stored = [key.id for key in record.keys if isinstance(key.id, str)] if record else []
        kept = list(dict.fromkeys(stored[index % len(stored)] for index in keep)) if stored else []
        there = {key.plain for key in record.keys} if record else set()
        new = [{"api_key": KEYS[index]} for index in add if KEYS[index] not in there]
        entries: list[Body] = [{"id": key} for key in kept]
        self.patch(slot, by_name, {**more, "api_keys": [*new, *entries] if first else [*entries, *new]})

    def patch_faulty(self, slot: int, by_name: bool, kind: Kind, body: Body) -> None:
        """Send a PATCH that must be refused, whatever is stored."""
        record = self._pick(slot)
        target = self._target(record, by_name) if record else self._nobody(slot, by_name)
        exchange = self._send_faulty(UPDATE, target, kind, body)
        if record is None:
            either = kind.stateful or not self.scene.deployed
            allowed = (400, 404) if either else (400,)  # a page does not say whether the body is judged first
        else:
            allowed = (400,)
        if exchange.status not in allowed:
            rules = ("key-id-known", "key-id-once") if kind.stateful else ()
            rules = rules if record is not None else (*rules, "body-judged-before-lookup")
            case = _case(kind, exchange) if record is not None else "faulty-body-of-unknown"
            self._status(exchange, allowed, case, rules, f"{UPDATE}:accepted:{kind.member}")
        if record is not None:
            record.refused = True
            if exchange.status != 400:
                self._recheck(record)

    def delete(self, slot: int, by_name: bool) -> None:
        """Delete a provider."""
        record = self._pick(slot)
        if record is None:
            self.miss(DELETE, slot, by_name)
            return
        exchange = self._call(DELETE, self._target(record, by_name))
        if exchange.status != 204:
            self._status(exchange, (204,), "valid", (), f"{DELETE}:refused:{exchange.status}")
        if exchange.ok:
            self.session.ledger.live.pop(str(record.id), None)
            self._forget(record)
        else:
            self._recheck(record)

    def miss(self, operation: str, slot: int, by_name: bool, body: Body | None = None) -> None:
        """Name a provider that is not there: one that was deleted, or one that never was."""
        gone = [one for one in self.dead if one.name not in self.muddled and isinstance(one.id, str)]
        gone = [one for one in gone if not (by_name and any(other.name == one.name for other in self.live))]
        record = gone[slot // 2 % len(gone)] if gone and slot % 2 == 0 else None
        target = self._target(record, by_name) if record else self._nobody(slot, by_name)
        exchange = self._call(operation, target, body=body or ({"enabled": True} if operation == UPDATE else None))
        if exchange.status != 404:
            case = "deleted" if record else "unknown"
            self._status(exchange, (404,), case, ("name-reusable", "found-by-id-or-name"))
            if record is not None:
                self.muddled.add(record.name)
                self.odd.add(record.id)

    def list(self) -> None:
        """List all, and compare those of this sequence."""
        exchange = self._call(LIST)
        if exchange.status != 200:
            self._status(exchange, (200,), "valid", ())
        if not exchange.ok or not isinstance(exchange.json, list):
            raise Over
        listed = exchange.listed()
        self._watch_strangers(listed)
        ours = [one for one in listed if self._is_ours(one)]
        shown = {str(one.get("id")): one for one in ours}
        self._expect(len(shown) == len(ours), LIST, "twice", "A provider is listed twice", "each once", exchange)
        names = [one["name"] for one in ours]
        in_order, shown_order = beside(sorted(names), names)
        title = "The list is not in order"
        self._expect(names == sorted(names), LIST, "order", title, f"ordered by name: {in_order}", shown_order)
        for record in self.live:
            if record.id in shown:
                self._compare(LIST, record, shown[record.id])
            elif isinstance(record.id, str):
                self._missing(record, len(ours))
        known = {one.id for one in self.live}
        for one in ours:
            if identity(one) not in known and one.get("name") not in self.muddled:
                self._phantom(one)

    def audit(self) -> None:
        """Compare everything at the end of a sequence: the list, and one by one those that were dealt with last."""
        for record in self.live[:AUDITED]:
            self._read(record, by_name=False)
        for record in self.dead[:2]:
            if record.name not in self.muddled and isinstance(record.id, str):
                exchange = self._call(GET, record.id)
                if exchange.status != 404:
                    self._status(exchange, (404,), "deleted", ("name-reusable", "found-by-id-or-name"))
                    self.odd.add(record.id)
        self.list()

    def pause(self) -> None:
        """Do what leaves no trace: create a provider, change its switch, and delete it."""
        made = self._call(CREATE, body={"name": f"{self.prefix}pause", "type": "openai", "base_url": PAUSE_URL})
        if isinstance(made.document.get("id"), str):
            self._call(UPDATE, made.document["id"], body={"enabled": True})
            self._call(GET, made.document["id"])
            if self._call(DELETE, made.document["id"]).ok:
                self.session.ledger.live.pop(made.document["id"], None)
        else:
            self._odd(made, f"{self.prefix}pause")

    # How

    def label(self, name: str) -> str:
        """Return the word for the provider of a name; empty where steps have none."""
        return ""

    def report(self, difference: Difference) -> None:
        """Raise :class:`Parted` for a difference that is not known."""
        if not self.known(difference):
            raise Parted(difference)

    def _call(self, operation: str, target: str | None = None, **more: Any) -> Exchange:
        exchange = self.session.call(operation, target, judged=self.judged, **more)
        if exchange.reply.trouble is not None or exchange.status is None or exchange.status >= 500:
            raise Over
        if exchange.status in {429, 503}:
            raise Over
        return exchange

    def _allowed(self, record: Record, body: Body) -> tuple[int, ...]:
        return (200, 400) if record.loose else self.model.allowed(record, body)

    def _send_faulty(self, operation: str, target: str | None, kind: Kind, body: Body) -> Exchange:
        if kind.spoil is None:
            return self._call(operation, target, raw=kind.raw or b"", content_type="application/json")
        return self._call(operation, target, body=kind.spoil(body))

    def _create(self, body: Body, case: str, rules: tuple[str, ...]) -> None:
        self._created(self._call(CREATE, body=body), body, case, rules)

    def _created(self, exchange: Exchange, body: Body, case: str, rules: tuple[str, ...]) -> None:
        if exchange.status != 201:
            self._status(exchange, (201,), case, rules, f"{CREATE}:refused:{exchange.status}")
            if exchange.provider() is None:
                self._odd(exchange, body["name"])
                return
        self._answered(CREATE, self.model.created(body), exchange)

    def _answered(self, operation: str, record: Record, exchange: Exchange, replaces: Record | None = None) -> None:
        answer = exchange.provider()
        if answer is None or identity(answer) is None:
            raise Over
        fresh = record.id is UNKNOWN
        known = fresh and isinstance(answer.get("id"), str) and answer["id"] in self.ids
        self._compare(operation, record, answer)
        self._expect(
            not known, operation, "id", "A new provider has an id that was in use", "a new id", answer.get("id")
        )
        if isinstance(record.id, str):
            self.ids.add(record.id)
        if replaces is not None:
            self.live.remove(replaces)
        self.live.insert(0, record)

    def _read(self, record: Record, by_name: bool) -> None:
        exchange = self._call(GET, self._target(record, by_name))
        if exchange.status == 200 and exchange.provider() is None:
            raise Over
        if exchange.provider() is not None:
            self._compare(GET, record, exchange.document)
        if exchange.status == 200:
            return
        case = "by-name" if by_name and record.name not in self.muddled else "valid"
        self._status(exchange, (200,), case, ("found-by-id-or-name",))
        if case == "by-name":
            self.muddled.add(record.name)
        elif not exchange.ok:
            self._forget(record)

    def _compare(self, operation: str, record: Record, answer: Body) -> None:
        refused, record.refused = record.refused, False
        loose, record.loose = record.loose, False
        found = [one for one in self.model.differences(record, answer) if not (loose and one.member == "api_keys")]
        if not found:
            return
        for one in found:
            record.disbelieve(one.member)
        members = [one.member for one in found]
        names = " and ".join(members)
        expected = "; ".join(f"{one.member}: {one.expected}" for one in found)
        shown = "; ".join(f"{one.member}: {short(one.found)}" for one in found)
        what = members[0] if len(members) == 1 else SEVERAL
        title = f"The answer has another {names} than what came before makes it"
        rules = tuple(rule for member in members for rule in RULES.get(member, ()))
        subjects = (f"{operation}:{what}", *(name for member in members for name in subjects_of(operation, member)))
        if refused and operation in {GET, LIST}:
            operation, what, title, rules = UPDATE, REFUSED, "A refused PATCH changed something", ATOMIC
        self.report(Difference(operation, what, title, expected, shown, subjects, rules, tuple(members), record.name))

    def _status(
        self, exchange: Exchange, allowed: Sequence[int], case: str, rules: tuple[str, ...], *subjects: str
    ) -> None:
        """Report an answer of another status than those that the model allows."""
        operation = exchange.operation or ""
        wanted = " or ".join(map(str, allowed))
        self.report(
            Difference(
                operation,
                f"{case}:{exchange.status}",
                f"A request is answered {exchange.status} where what came before calls for {wanted} ({case})",
                wanted,
                Scene.described(exchange),
                (
                    f"{operation}:{case}:{exchange.status}",
                    f"{operation}:status:{exchange.status}",
                    exchange.refusal,
                    *subjects,
                ),
                rules,
            )
        )

    def _expect(self, condition: bool, operation: str, what: str, title: str, expected: str, found: Json) -> None:
        if not condition:
            text = Scene.described(found) if isinstance(found, Exchange) else short(found)
            rules = ("list-is-ordered",) if operation == LIST else ("name-reusable",)
            self.report(Difference(operation, what, title, expected, text, (f"{operation}:{what}",), rules))

    def _missing(self, record: Record, count: int) -> None:
        what = f"{record.name!r} is not listed, where {count} others of this run are"
        self._expect(False, LIST, "missing", "A provider that is there is not listed", "every live provider", what)

    def _phantom(self, one: Body) -> None:
        dead = any(record.id == one.get("id") for record in self.dead)
        title = "A deleted provider is listed" if dead else "The list shows a provider that nobody made"
        self._expect(False, LIST, "deleted" if dead else "phantom", title, "live providers alone", one.get("name"))
        self.odd.add(str(one.get("id")))

    def _odd(self, exchange: Exchange, name: str) -> None:
        """Leave out of the model what was made where nothing should have been, or may have been."""
        self.muddled.add(name)
        made = exchange.provider()
        if made is not None and isinstance(made.get("id"), str):
            self.odd.add(made["id"])

    def _recheck(self, record: Record) -> None:
        """Take over what the server has now, after an answer that the model did not expect."""
        exchange = self._call(GET, record.id if isinstance(record.id, str) else record.name)
        if exchange.ok and exchange.provider() is None:
            raise Over
        if not exchange.ok:
            self._forget(record)
            return
        record.loose, record.refused = True, False
        for _ in self.model.differences(record, exchange.document):
            pass

    def _forget(self, record: Record) -> None:
        self.live = [one for one in self.live if one is not record]
        self.dead.insert(0, record)

    def _pick(self, slot: int) -> Record | None:
        if not self.live and slot % 2 == 0:
            self.fill(1)
        return self.live[slot % len(self.live)] if self.live else None

    def _target(self, record: Record, by_name: bool) -> str:
        named = by_name and record.name not in self.muddled
        return record.name if named or not isinstance(record.id, str) else record.id

    def _nobody(self, slot: int, by_name: bool) -> str:
        return f"{self.prefix}nobody{slot}" if by_name else self.nobody

    def _is_ours(self, one: Body) -> bool:
        name = one.get("name")
        return isinstance(name, str) and name.startswith(self.prefix) and identity(one) not in self.odd

    def _watch_strangers(self, listed: Sequence[Body]) -> None:
        now = {identity(one): one for one in listed}
        self.stray = any(now.get(identifier) != before for identifier, before in self.session.ledger.strangers.items())


def _case(kind: Kind, exchange: Exchange) -> str:
    """Name a refusal of the wrong kind by what all faulty bodies share, and a fault that is taken by the member."""
    return f"faulty-{kind.member}" if exchange.ok else "faulty-body"


def _rules(body: Body, allowed: Sequence[int]) -> tuple[str, ...]:
    if 200 in allowed:
        return ("keys-reconciled",) if "api_keys" in body else ()
    return ("settings-fit-type", "no-keys-beside-bedrock")
