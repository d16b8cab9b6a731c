"""The steps of drills: as those of random sequences, but each names the provider that it is about."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from contract_tests.documents import CREATE, GET
from contract_tests.exchange import Exchange
from contract_tests.ledger import identity
from contract_tests.model.classes import may_be_refused
from contract_tests.model.faulty import Kind
from contract_tests.model.player import Body, Player
from contract_tests.model.state import Record

ABOUT = -1  # the slot of the provider that a step names
PATCHED = ("display_name", "base_url", "enabled", "api_keys", "settings")  # the members of a PATCH
SAME = "(the value that it has)"  # in a PATCH: stands for that

# How else a UUID is written, where that is settled.
FORMS: dict[str, Callable[[str], str]] = {
    "upper": str.upper,
    "urn": "urn:uuid:{}".format,
    "braces": "{{{}}}".format,
    "bare": lambda text: text.replace("-", ""),
}


class Drilled(Player):
    """One drill. `who` is the word for a provider in its steps; a step about one that is not there does nothing.

    `spelling` says how the body is written: `escaped` (\\u for all that is not ASCII), `spaced`, or plain.
    """

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.names: dict[str, str] = {}  # of those that were made, by word
        self.unmarked: set[str] = set()  # ids of those whose names lack the mark of the run
        self.spelling = ""
        self.form = ""  # how an id is written
        self.carrier = ""  # what carries the token, where it is not the header
        self.about: Record | None = None  # what the step that is played is about

    # Steps

    def create_as(self, who: str, body: Body, ending: str = "", called: str = "", spelling: str = "") -> None:
        """Create a provider; its name ends in `ending`, or is `called` and cannot carry the mark of the run."""
        if self._there(who) is not None or self.names.get(who) in self.muddled:
            return
        full = {**body, "name": called or f"{self.prefix}{ending or who}"}
        if called:
            full["display_name"] = f"{self.prefix}odd"  # whoever cleans up after a crash knows it by that
            if any(one.get("name") == called for one in self.session.ledger.strangers.values()):
                return
        self.names[who] = full["name"]
        self.spelling, before = spelling, len(self.live)
        self._create(full, "valid", ("name-reusable",))
        self.spelling = ""
        if called and len(self.live) > before:
            self.unmarked.add(str(self.live[0].id))

    def change(
        self, who: str, body: Body, by_name: bool = False, spelling: str = "", rename: str = "", form: str = ""
    ) -> None:
        """PATCH a provider. In `api_keys` a number is the place of a key to keep, and a text a key to add."""
        record = self._there(who)
        if record is None:
            return
        full = {name: self._resolved(record, name, value) for name, value in body.items()}
        full = {name: value for name, value in full.items() if value is not SAME}
        if full and all(full.get(name) is None for name in PATCHED):
            return  # nothing is left of it
        if rename:
            full["name"] = f"{self.prefix}{rename}"
        if full:
            self.spelling, self.form = spelling, form
            self.patch(ABOUT, by_name, full)
            self.spelling = self.form = ""

    def look(self, who: str, by_name: bool = False, form: str = "", carrier: str = "") -> None:
        """Get a provider; by its id in another `form`, with the token in another `carrier`, where there is one."""
        if self._there(who) is not None:
            self.form, self.carrier = form, carrier
            self.read(ABOUT, by_name)
            self.form = self.carrier = ""

    def look_at_all(self, carrier: str) -> None:
        """List all with the token in another carrier."""
        self.carrier = carrier
        self.list()
        self.carrier = ""

    def drop(self, who: str, by_name: bool = False, form: str = "") -> None:
        """Delete a provider."""
        if self._there(who) is not None:
            self.form = form
            self.delete(ABOUT, by_name)
            self.form = ""

    def watch(self, most: int = 8) -> None:
        """Compare everything: the list, and those that were dealt with last one by one."""
        for number, record in enumerate(self.live[:most]):
            self._read(record, by_name=number % 2 == 0)
        self.list()

    def refuse(self, who: str, kind: Kind, body: Body, by_name: bool = False) -> None:
        """Send a PATCH that must be refused."""
        if self._there(who) is not None:
            self.patch_faulty(ABOUT, by_name, kind, body)

    def barred(self, who: str, operation: str, principal: str, body: Body | None = None) -> None:
        """Send a request with the token of somebody who may not send it; whether it is refused is judged elsewhere."""
        record = self._there(who)
        if record is None:
            return
        exchange = self._call(operation, self._target(record, by_name=False), body=body, principal=principal)
        record.refused = not exchange.ok
        if exchange.ok:
            self._recheck(record)

    def create_barred(self, who: str, principal: str, body: Body) -> None:
        """Send a create with such a token; the name may be used by whoever is allowed to."""
        full = {**body, "name": f"{self.prefix}{who}"}
        exchange = self._call(CREATE, body=full, principal=principal)
        if exchange.ok:
            self._odd(exchange, full["name"])
            self.names[who] = full["name"]

    def create_refused(self, who: str, kind: Kind, body: Body) -> None:
        """Send a faulty create, of the name of a provider that is there or of one that nobody has yet."""
        name = self.names.get(who, f"{self.prefix}{who}")
        there = self._there(who) is not None
        exchange = self._send_faulty(CREATE, None, kind, {**body, "name": name})
        allowed = (400, 409) if there and not self.scene.deployed else (400,)
        if exchange.status not in allowed:
            self._status(exchange, allowed, f"faulty-{kind.member}", (), f"{CREATE}:accepted:{kind.member}")
            self._odd(exchange, name)

    def create_taken(self, who: str, body: Body) -> None:
        """Create a provider of the name of one that is there."""
        record = self._there(who)
        if record is not None:
            exchange = self._call(CREATE, body={**body, "name": record.name})
            if exchange.status != 409:
                self._status(exchange, (409,), "name-of-a-live-one", ("name-unique",))
                self._odd(exchange, record.name)

    def missed(self, who: str, operation: str, body: Body | None = None, by_name: bool = True) -> None:
        """Name a provider that is not there: one that was deleted, or one that never was."""
        if self._there(who) is not None:
            return
        name = self.names.get(who, f"{self.prefix}{who}")
        gone = next((one for one in self.dead if one.name == name), None)
        if name in self.muddled or (gone is None and not by_name):
            return
        target = name if by_name else str(gone.id if gone is not None else self.nobody)
        exchange = self._call(operation, target, body=body)
        if exchange.status != 404:
            case = "deleted" if gone is not None else "unknown"
            self._status(exchange, (404,), case, ("name-reusable", "found-by-id-or-name"))
            self.muddled.add(name)
            if gone is not None:
                self.odd.add(gone.id)

    def nobody_has(self, identifier: str) -> None:
        """Get what no provider has for an id."""
        exchange = self._call(GET, identifier)
        if exchange.status != 404 and identifier not in self.session.ledger.strangers:
            self._status(exchange, (404,), "unknown", ("found-by-id-or-name",))

    # How

    def label(self, name: str) -> str:
        """Return the word for the provider of a name; empty where there is none."""
        return next((who for who, known in self.names.items() if known == name), "")

    def _there(self, who: str) -> Record | None:
        """Return the provider of a word, and make it what the step is about; None where there is none."""
        name = self.names.get(who)
        self.about = next((one for one in self.live if one.name == name), None) if name is not None else None
        return self.about

    def _pick(self, slot: int) -> Record | None:
        return self.about if slot == ABOUT else super()._pick(slot)

    def _target(self, record: Record, by_name: bool) -> str:
        plain = super()._target(record, by_name)
        return FORMS[self.form](plain) if self.form and plain == record.id else plain

    def _allowed(self, record: Record, body: Body) -> tuple[int, ...]:
        allowed = super()._allowed(record, body)
        return (*allowed, 400) if 400 not in allowed and self._open(body) else allowed

    def _open(self, body: Body) -> bool:
        return may_be_refused(body, deployed=self.scene.deployed)

    def _create(self, body: Body, case: str, rules: tuple[str, ...]) -> None:
        exchange = self._call(CREATE, body=body)
        if exchange.status == 400 and self._open(body):
            return
        if exchange.status == 409 and self._another_has(body["name"]):
            return
        self._created(exchange, body, case, rules)

    def _another_has(self, name: str) -> bool:
        """Tell whether somebody else has made a provider of a name that carries no mark."""
        if name.startswith(self.prefix):
            return False
        listed = self.session.list_providers() or ()
        return any(one.get("name") == name and identity(one) not in self.unmarked for one in listed)

    def _call(self, operation: str, target: str | None = None, **more: Any) -> Exchange:
        body = more.get("body")
        if body is not None and self.spelling:
            data = json.dumps(body, indent=2 if self.spelling == "spaced" else None)
            more = {**more, "body": None, "raw": data.encode()}
        if self.carrier:
            more = {**more, "carrier": self.carrier}
        return super()._call(operation, target, **more)

    def _resolved(self, record: Record, name: str, value: Any) -> Any:
        if name == "api_keys" and isinstance(value, list):
            return self._entries(record, value)
        if value == SAME:
            now = getattr(record, name)
            return now if isinstance(now, str | bool) or (isinstance(now, dict) and now) else SAME
        return value

    @staticmethod
    def _entries(record: Record, wanted: Sequence[int | str]) -> list[Body]:
        there = {key.plain for key in record.keys}
        ids = [key.id for key in record.keys]
        kept = [{"id": ids[one]} if isinstance(one, int) and one < len(ids) else one for one in wanted]
        return [
            one if isinstance(one, dict) else {"api_key": one}
            for one in kept
            if (isinstance(one, dict) and isinstance(one["id"], str)) or (isinstance(one, str) and one not in there)
        ]

    def _is_ours(self, one: Body) -> bool:
        return super()._is_ours(one) or (identity(one) in self.unmarked and identity(one) not in self.odd)
