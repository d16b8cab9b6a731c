"""States kept under a name, and what differs between two of them."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from mockserver.control.refusals import conflict, missing
from mockserver.engine.store import Key, Record, Store

__all__ = ["Snapshot", "Snapshots", "compare"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of a session at some time. Its store is never changed: sessions get copies."""

    name: str
    session: str
    taken_at: datetime
    store: Store


class Snapshots:
    """The snapshots of one mock, by name; their number is bounded."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._snapshots: OrderedDict[str, Snapshot] = OrderedDict()

    def __iter__(self) -> Iterator[Snapshot]:
        return iter(sorted(self._snapshots.values(), key=lambda snapshot: snapshot.name))

    def __contains__(self, name: str) -> bool:
        return name in self._snapshots

    def get(self, name: str) -> Snapshot:
        """Return a snapshot; refuse a name that is not there."""
        snapshot = self._snapshots.get(name)
        if snapshot is None:
            known = ", ".join(sorted(self._snapshots)[:20]) or "none"
            missing("snapshot", name, f"There are: {known}. Take one by PUT /__mock__/snapshots/NAME.")
        return snapshot

    def take(self, name: str, session: str, store: Store, now: datetime) -> tuple[Snapshot, bool]:
        """Keep a copy of a store under a name; return it, and whether the name is new."""
        new = name not in self._snapshots
        if new and len(self._snapshots) >= self._most:
            conflict(f"There are {self._most} snapshots already.", "Delete some, or raise --max-snapshots.")
        snapshot = Snapshot(name, session, now, store.copy())
        self._snapshots[name] = snapshot
        return snapshot, new

    def rebase(self, carry: Callable[[str, Store], Store]) -> None:
        """Put another store in the place of each: what ``carry`` returns for its name and its store."""
        for name, snapshot in self._snapshots.items():
            self._snapshots[name] = replace(snapshot, store=carry(name, snapshot.store))

    def delete(self, name: str) -> None:
        """Forget a snapshot; refuse a name that is not there."""
        self.get(name)
        self._snapshots.pop(name, None)


def compare(old: Store, new: Store) -> Iterator[tuple[str, str, Record | None, Record | None]]:
    """Yield what differs between two states: what happened, the collection, and the record before and after."""
    for name, table in new.tables.items():
        before = _records(old, name)
        for record in table.ordered():
            key = (*record.parents, record.id)
            was = before.pop(key, None)
            if was is None:
                yield "added", name, None, record
            elif was is not record and was.data != record.data:
                yield "changed", name, was, record
        for was in before.values():
            yield "removed", name, was, None


def _records(store: Store, name: str) -> dict[Key, Record]:
    table = store.tables.get(name)
    return {(*record.parents, record.id): record for record in table.ordered()} if table is not None else {}


def changed_members(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return the names of the members that differ."""
    names = dict.fromkeys((*before, *after))
    return [name for name in names if before.get(name, ...) != after.get(name, ...)]
