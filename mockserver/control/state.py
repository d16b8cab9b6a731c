"""Records as fixtures write them, and back: what is read from a state can be sent back, and loads as a fixture."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from mockserver.control.redaction import REDACTED, secret_members
from mockserver.control.refusals import missing, refused
from mockserver.engine.contract import Contract
from mockserver.engine.hooks import World
from mockserver.engine.problems import Problem, Violation
from mockserver.engine.store import Base, Changes, Key, Record, Store, Table
from mockserver.errors import BadInput, Fault

__all__ = ["Judge", "States"]

_MOST_FAULTS = 50


class Judge(Protocol):
    """Judges entries like those of a fixture, and makes records of them; raises :class:`BadInput` with all faults."""

    def whole(self, data: Mapping[str, Any], world: World) -> Mapping[str, Base]:
        """Return the bases of a whole state."""

    def record(
        self, name: str, entry: Mapping[str, Any], tables: Mapping[str, Table], world: World, current: Record | None
    ) -> Record:
        """Return the record of one entry that is to stand beside those of ``tables``, in the place of ``current``."""


@dataclass(frozen=True, slots=True)
class _Names:
    whole: frozenset[str]
    items: frozenset[str]


class States:
    """Reads and changes the states of sessions."""

    def __init__(self, contract: Contract, judge: Judge) -> None:
        self._contract = contract
        self._judge = judge
        self._names = _Names(*secret_members(contract.document))

    def counts(self, store: Store) -> dict[str, int]:
        """Return the numbers of records by collection."""
        return {name: len(table) for name, table in store.tables.items()}

    def table(self, store: Store, name: str) -> Table:
        """Return a collection; refuse a name that the contract does not have."""
        if name not in store.tables:
            missing("collection", name, f"The contract has: {', '.join(store.tables) or 'none'}.")
        return store.tables[name]

    def find(self, store: Store, name: str, key: str) -> Record:
        """Return the record of a key as :meth:`key` writes it; refuse one that is not there."""
        table = self.table(store, name)
        record: Record | None = table.get(tuple(key.split(",")))
        if record is None:
            missing("record", key, f"List them: GET /__mock__/sessions/NAME/state/{name}.")
        return record

    @staticmethod
    def key(record: Record) -> str:
        """Return the key of a record: the ids around it, and its own."""
        return ",".join((*record.parents, record.id))

    def entry(self, name: str, record: Record) -> dict[str, Any]:
        """Return a record as a fixture writes it; write-only members stand there as ``[redacted]``."""
        params = self._contract.resources[name].params
        around = dict(zip(params, record.parents, strict=False))
        data: dict[str, Any] = _hidden(record.data, self._names)
        return {**around, **data}

    def view(self, name: str, record: Record) -> Mapping[str, Any]:
        """Return a record as clients see it."""
        collection = self._contract.collections[name]
        value = collection.hooks.view(record.data)
        for role in ("get", "list", "create"):
            operation = collection.resource.operations.get(role)
            plan = self._contract.plans[operation.pointer] if operation is not None else None
            response = plan.response(self._contract, plan.operation.success) if plan is not None else None
            if response is not None and response.cut is not None and (role != "list" or response.items):
                cut: Mapping[str, Any] = response.cut(value)
                return cut
        hidden: Mapping[str, Any] = _hidden(value, self._names)
        return hidden

    def document(self, name: str, record: Record) -> dict[str, Any]:
        """Return a record as the control API shows it."""
        return {"key": self.key(record), "data": self.entry(name, record), "view": self.view(name, record)}

    def whole(self, store: Store) -> dict[str, list[dict[str, Any]]]:
        """Return all records as a fixture writes them."""
        with store.lock:
            listed = {name: list(table.ordered()) for name, table in store.tables.items()}
        return {name: [self.entry(name, record) for record in records] for name, records in listed.items()}

    def replacement(self, store: Store, data: Mapping[str, Any], world: World) -> Store:
        """Return a store of other records. Refuses faulty ones, all faults together."""
        told = {name: [self._with_secrets(store, name, entry) for entry in entries] for name, entries in data.items()}
        return Store(_judged(lambda: self._judge.whole(told, world)))

    def add(self, store: Store, name: str, entry: Mapping[str, Any], world: World) -> Record:
        """Add a record and return it. Refuses a faulty one."""
        self.table(store, name)
        with store.lock:
            record: Record = _judged(lambda: self._judge.record(name, entry, store.tables, world, None), f"{name}[0]")
            changes = Changes()
            changes.put(store.tables[name], record)
            store.commit(changes)
        return record

    def replace(
        self,
        store: Store,
        name: str,
        key: str,
        entry: Callable[[dict[str, Any]], Mapping[str, Any]],
        world: World,
    ) -> Record:
        """Put another record in the place of one; ``entry`` returns its entry, given that of the present one."""
        with store.lock:
            current = self.find(store, name, key)
            present = self.entry(name, current)
            id_ = self._contract.resources[name].id
            fixed = {n: present[n] for n in (*self._contract.resources[name].params, id_) if n in present}
            given = entry(present)
            for member, value in fixed.items():
                if given.get(member, value) != value:
                    refused(member, f"must stay {value!r}, by which the record is addressed")
            wanted = _revealed({**given, **fixed}, current.data)
            record: Record = _judged(
                lambda: self._judge.record(name, wanted, store.tables, world, current), f"{name}[0]"
            )
            changes = Changes()
            changes.put(store.tables[name], Record(current.id, record.data, current.parents, current.sequence))
            store.commit(changes)
            found = store.tables[name].get((*current.parents, current.id))
        return found if found is not None else record

    def remove(self, store: Store, name: str, key: str) -> None:
        """Remove a record and those nested under it."""
        with store.lock:
            record = self.find(store, name, key)
            changes = Changes()
            changes.remove(store.tables[name], record)
            for nested in self._contract.nested[name]:
                for child in store.children(nested, (*record.parents, record.id)):
                    changes.remove(store.tables[nested], child)
            store.commit(changes)

    def _with_secrets(self, store: Store, name: str, entry: Any) -> Any:
        table, resource = store.tables.get(name), self._contract.resources.get(name)
        if table is None or resource is None or not isinstance(entry, Mapping):
            return entry
        parents = tuple(str(entry.get(param, "")) for param in resource.params[: len(resource.parents)])
        key: Key = (*parents, str(entry.get(resource.id, "")))
        record = table.get(key)
        return entry if record is None else _revealed(entry, record.data)


def _hidden(value: Any, names: _Names) -> Any:
    """Return a value whose write-only members are redacted."""
    if isinstance(value, Mapping):
        return {
            name: REDACTED
            if name in names.whole and inner not in (None, "")
            else [REDACTED if isinstance(item, str) else _hidden(item, names) for item in inner]
            if name in names.items and isinstance(inner, list)
            else _hidden(inner, names)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_hidden(inner, names) for inner in value]
    return value


def _revealed(entry: Any, old: Any) -> Any:
    """Return an entry in which what was redacted is again what it was."""
    if isinstance(entry, Mapping) and isinstance(old, Mapping):
        return {
            name: old[name] if inner == REDACTED and name in old else _revealed(inner, old.get(name))
            for name, inner in entry.items()
        }
    return entry


def _judged(judge: Callable[[], Any], prefix: str = "") -> Any:
    """Return what a judge makes; its faults become one refusal that tells all of them."""
    try:
        return judge()
    except BadInput as error:
        told = [_told(fault, prefix) for fault in error.faults[:_MOST_FAULTS]]
        message = f"There are {len(told)} faults." if len(told) > 1 else f"{told[0][1]}."
        raise Problem("invalid-body", message, "Nothing was changed.", [one for one, _ in told]) from None


def _told(fault: Fault, prefix: str) -> tuple[Violation, str]:
    """Return a fault of a fixture as a violation, and as a sentence."""
    parts = [part.replace("~1", "/").replace("~0", "~") for part in fault.pointer.split("/")[1:]]
    place = "".join(f"[{p}]" if p.isdecimal() else f".{p}" for p in parts).lstrip(".")
    place = place.removeprefix(prefix).lstrip(".") if prefix else place
    subject, _, predicate = fault.message.partition(" ")
    if predicate and f".{place}".endswith(f".{subject}"):  # it names its member, which the place says already
        return Violation((place,), "fixture", predicate), f"{place} {predicate}"
    return Violation((place,) if place else (), "fixture", fault.message), f"{place or 'The entry'}: {fault.message}"
