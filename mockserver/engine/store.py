"""State in memory: immutable records in tables over a shared base, changed all at once or not at all.

A table is a base, never written to, and the changes made since: so that going back to the fixture costs nothing,
and many worlds can share one fixture. Looking up by key or unique property, adding, replacing and removing cost the
same at ten records and at a hundred thousand: the order is worked out when a list is asked for. Whoever reads or writes
holds the store's lock.
"""

import threading
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import orjson

__all__ = ["Base", "Changes", "Record", "Store", "Table"]

Key = tuple[Any, ...]
Place = Any  # where a table keeps a record: its key, or what is alone in that; a hundred thousand tuples are memory

KEPT_CHANGES = 16  # how many requests' changes a store can take back
_EXACTLY = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_SUBCLASS
_FEW = 32  # one change in so many records, or less, is worked into the ordered list; more sort it anew


class Record:
    """One stored thing. ``data`` is never changed after it is stored; its serialised answers are kept beside it.

    There is one answer as a rule: it lies in the record itself, where it is found faster than in a dictionary of each.
    A record that is new is packed: its data are octets until somebody asks for them, since a hundred thousand
    dictionaries are several times as large, and spread over memory that is in no cache.
    """

    __slots__ = ("_answer", "_data", "_more", "_packed", "_view", "id", "parents", "rank", "sequence")

    def __init__(self, id_: str, data: Mapping[str, Any], parents: tuple[str, ...] = (), sequence: int = 0) -> None:
        self.id = id_
        self._data: Mapping[str, Any] | None = data
        self._packed = b""
        self.parents = parents
        self.sequence = sequence
        self.rank: Any = None  # its place in the order of its collection, once that is known
        self._view = ""
        self._answer: bytes | None = None
        self._more: dict[str, bytes] | None = None

    @property
    def data(self) -> Mapping[str, Any]:
        """The members."""
        data = self._data
        if data is None:
            data = self._data = orjson.loads(self._packed)
        return data

    def pack(self) -> None:
        """Keep the data as octets; what octets cannot say (long integers, what is no JSON) stays as it is."""
        try:
            octets = orjson.dumps(self._data, option=_EXACTLY)
        except TypeError:
            return
        self._packed, self._data = bytes(memoryview(octets)), None  # a copy: see jsonbody.encode

    def rest(self) -> None:
        """Let go of what was unpacked: it is not asked for again soon."""
        if self._packed:
            self._data = None

    def answer(self, view: str) -> bytes | None:
        """Return the record as a view of it was kept, or ``None``."""
        if view == self._view:
            return self._answer
        return self._more.get(view) if self._more is not None else None

    def keep(self, view: str, answer: bytes) -> None:
        """Keep the record as a view of it shows it."""
        if self._answer is None:
            self._view, self._answer = view, answer
        else:
            self._more = {**(self._more or {}), view: answer}


class Base:
    """Records that are shared and never change, with their indexes and their order."""

    def __init__(self, unique: Iterable[str], order: Callable[[Record], Any], records: Iterable[Record] = ()) -> None:
        self.records: dict[Place, Record] = {_place(r.parents, r.id): r for r in records}
        self.indexes: dict[str, dict[Place, Record]] = {
            name: {_place(r.parents, r.data[name]): r for r in self.records.values() if name in r.data}
            for name in unique
        }
        self._order = order
        self.ordered: list[Record] = sorted(self.records.values(), key=self.rank)
        self.sequence = max(map(_number, self.ordered), default=0)
        for record in self.ordered:
            record.pack()

    def rank(self, record: Record) -> Any:
        """Return what a record is put in order by."""
        if record.rank is None:
            record.rank = self._order(record)
        return record.rank


class Table:
    """The records of one collection; nested collections are told apart by the ids of their parents."""

    def __init__(self, base: Base) -> None:
        self._base = base
        self._own: dict[Place, Record | None] = {}
        self._indexes: dict[str, dict[Place, Record | None]] = {name: {} for name in base.indexes}
        self._ordered = base.ordered
        # What changed since: as it stands in that list, if it does; None where so much did that it is sorted anew.
        self._moved: dict[Place, Record | None] | None = {}
        self._length = len(base.ordered)
        self._sequence = base.sequence

    def __len__(self) -> int:
        return self._length

    def copy(self) -> "Table":
        """Return a table of the same records over the same base; changes to one do not reach the other."""
        other = Table(self._base)
        other._own = dict(self._own)
        other._indexes = {name: dict(index) for name, index in self._indexes.items()}
        other._ordered = self._ordered
        other._moved = dict(self._moved) if self._moved is not None else None
        other._length = self._length
        other._sequence = self._sequence
        return other

    def get(self, key: Key) -> Record | None:
        """Return the record of a key (ids of the parents, then its own), or ``None``."""
        return self._at(key[0] if len(key) == 1 else key)

    def _at(self, place: Place) -> Record | None:
        if place in self._own:
            return self._own[place]
        return self._base.records.get(place)

    def find(self, name: str, parents: Key, value: Any) -> Record | None:
        """Return the record whose unique property has a value, or ``None``."""
        place = _place(parents, value)
        own = self._indexes[name]
        return own[place] if place in own else self._base.indexes[name].get(place)

    def next_sequence(self) -> int:
        """Return a number that no record of this table ever had, neither as its sequence nor as its id."""
        self._sequence += 1
        return self._sequence

    def is_first(self, record: Record) -> bool:
        """Whether a record is as the base has it, and so not one of those that change again and again."""
        return self._base.records.get(_place(record.parents, record.id)) is record

    def is_indexed(self, name: str) -> bool:
        """Whether records can be found by a property."""
        return name in self._indexes

    def ordered(self) -> list[Record]:
        """Return all live records in the collection's order; the list must not be changed, and never will be."""
        if self._moved is None:
            self._ordered = self._sorted()
        elif self._moved:
            self._ordered = list(self._ordered)
            for place, old in self._moved.items():
                self._put_in_order(old, self._at(place))
        self._moved = {}
        return self._ordered

    def _sorted(self) -> list[Record]:
        untouched = [r for r in self._base.ordered if _place(r.parents, r.id) not in self._own]
        return sorted([*untouched, *(r for r in self._own.values() if r is not None)], key=self._base.rank)

    def _put_in_order(self, old: Record | None, new: Record | None) -> None:
        """Take a record out of the ordered list and put another into its place in the order."""
        order, rows = self._base.rank, self._ordered
        if old is not None:
            at = bisect_left(rows, order(old), key=order)
            while rows[at] is not old:  # others may rank the same
                at += 1
            del rows[at]
        if new is not None:
            insort(rows, new, key=order)

    def changed(self) -> list[tuple[Key, Record | None]]:
        """Return what differs from the base: keys with the record that is there now, ``None`` where there is none."""
        return [(place if isinstance(place, tuple) else (place,), record) for place, record in self._own.items()]

    def put(self, record: Record) -> Record | None:
        """Add a record, or put it in the place of the one with its key, which is returned."""
        place = _place(record.parents, record.id)
        old = self._at(place)
        self._note(place, old)
        self._own[place] = record
        self._sequence = max(self._sequence, _number(record))
        if old is None:
            self._length += 1
        data = record.data
        for name, index in self._indexes.items():
            if old is not None and name in old.data and old.data[name] != data.get(name):
                self._unindex(name, old)
            if name in data:
                index[_place(record.parents, data[name])] = record
        return old

    def remove(self, key: Key) -> Record | None:
        """Forget a record, which is returned."""
        place = key[0] if len(key) == 1 else key
        old = self._at(place)
        self._note(place, old)
        if old is not None:
            self._length -= 1
            for name in self._indexes:
                if name in old.data:
                    self._unindex(name, old)
        if place in self._base.records:
            self._own[place] = None
        else:
            self._own.pop(place, None)
        return old

    def _note(self, place: Place, old: Record | None) -> None:
        """Note that a record changes: the ordered list follows when it is asked for."""
        moved = self._moved
        if moved is not None:
            moved.setdefault(place, old)
            if len(moved) * _FEW > self._length:
                self._moved = None

    def _unindex(self, name: str, old: Record) -> None:
        """Take a record out of an index."""
        place = _place(old.parents, old.data[name])
        if place in self._base.indexes[name]:
            self._indexes[name][place] = None
        else:
            self._indexes[name].pop(place, None)


class Changes:
    """What one request is about to change; nothing happens before :meth:`commit`."""

    def __init__(self) -> None:
        self._steps: list[tuple[Table, Key, Record | None]] = []

    def put(self, table: Table, record: Record) -> None:
        """Add or replace a record at commit."""
        self._steps.append((table, (*record.parents, record.id), record))

    def remove(self, table: Table, record: Record) -> None:
        """Remove a record at commit."""
        self._steps.append((table, (*record.parents, record.id), None))

    def commit(self) -> list[tuple[Table, Key, Record | None]]:
        """Do all of it; return, change by change, the table, the key and what was there before."""
        before: list[tuple[Table, Key, Record | None]] = []
        for table, key, record in self._steps:
            old = table.remove(key) if record is None else table.put(record)
            before.append((table, key, old))
            if record is not None and (old is None or table.is_first(old)):
                record.pack()
            if old is not None:
                old.rest()
        return before


class Store:
    """All tables of one world, under one lock."""

    def __init__(self, bases: Mapping[str, Base]) -> None:
        self.lock = threading.RLock()
        self.tables = {name: Table(base) for name, base in bases.items()}
        self._undo: deque[list[tuple[Table, Key, Record | None]]] | None = None

    def commit(self, changes: Changes) -> None:
        """Make the changes of one request, and remember how to take them back."""
        before = changes.commit()
        if before:
            if self._undo is None:
                self._undo = deque(maxlen=KEPT_CHANGES)
            self._undo.append(before)

    def copy(self) -> "Store":
        """Return a store of the same records; changes to one do not reach the other."""
        other = Store({})
        with self.lock:
            other.tables = {name: table.copy() for name, table in self.tables.items()}
        return other

    def before(self, changes: int) -> "Store":
        """Return a store as this one was before the last so many requests that changed it, as far as remembered."""
        with self.lock:
            other = self.copy()
            names = {id(table): name for name, table in self.tables.items()}
            undone = list(self._undo or ())[-changes:]
        for before in reversed(undone):
            for table, key, record in reversed(before):
                if record is None:
                    other.tables[names[id(table)]].remove(key)
                else:
                    other.tables[names[id(table)]].put(record)
        return other

    def children(self, name: str, parents: Key) -> Iterator[Record]:
        """Yield the records of a table that belong under given parents."""
        depth = len(parents)
        return (record for record in self.tables[name].ordered() if record.parents[:depth] == parents)


def _place(parents: Key, value: Any) -> Place:
    return (*parents, value) if parents else value


def _number(record: Record) -> int:
    """Return the highest number that a record uses up: its sequence, or its id where that is one."""
    number = int(record.id) if record.id.isdecimal() and len(record.id) < 20 else 0
    return max(record.sequence, number)
