"""What the operations of a resource do: list, create, get, replace, update, delete, and samples for the rest.

Every behaviour is a function of one signature: it reads the exchange, stages its changes there, and returns an
:class:`Outcome`. Nothing is changed before the answer has been found to be on contract.
"""

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from mockserver.engine.hooks import Hooks, World
from mockserver.engine.operations import Document, Operation
from mockserver.engine.plans import MISSING
from mockserver.engine.problems import Violation
from mockserver.engine.resources import Resource, snake
from mockserver.engine.samples import Sampler
from mockserver.engine.store import Changes, Key, Record, Store, Table
from mockserver.engine.views import Cut, cutter
from mockserver.engine.world import parse_rfc3339, rfc3339

__all__ = ["BEHAVIOURS", "Collection", "Outcome", "Situation"]

_INSTANT = timedelta(microseconds=1)


@dataclass(slots=True)
class Outcome:
    """What is to be answered: a record, a list of records, a ready value, or nothing but a status."""

    status: int
    record: Record | None = None
    records: list[Record] | None = None
    value: Any = MISSING
    headers: list[tuple[str, str]] = field(default_factory=list)


class Collection:
    """A resource made ready to run: its hooks, cuts and sampler."""

    def __init__(self, document: Document, resource: Resource, hooks: Hooks) -> None:
        self.resource = resource
        self.hooks = hooks
        self.known = cutter(document, resource.create_schema, drop="readOnly")
        self.known_update = self._known(document, "update")
        self.known_replacement = self._known(document, "replace")
        self._sampler = Sampler(document.resolve)
        self._properties = properties = document.properties(resource.item_schema)
        self._made = {name: (how, document.resolve(properties.get(name, {}))) for name, how in resource.made.items()}
        self._id_schema = document.resolve(properties.get(resource.id, {}))

    def _known(self, document: Document, role: str) -> Cut:
        """Return the cut of a change's body to what its own schema knows."""
        operation = self.resource.operations.get(role)
        media = next((m for m in operation.body if m.is_json), None) if operation else None
        return cutter(document, media.schema, drop="readOnly") if media else self.known

    def make(self, body: Any, table: Table, parents: Key, world: World, given: Mapping[str, Any] = {}) -> Record:
        """Return a new record for a create body; ``given`` fixes members that the server would make."""
        resource = self.resource
        members = self.known(body) if isinstance(body, (dict, Mapping)) else {}
        sequence = table.next_sequence()
        data: dict[str, Any] = {**resource.defaults, **members}
        now = None
        for name, (how, schema) in self._made.items():
            if name in given:
                data[name] = given[name]
            elif how == "id":
                data[name] = self._new_id(schema, sequence, world)
            elif how in {"created", "updated"}:
                now = now or rfc3339(world.clock.tick())
                data[name] = now
            elif name not in data:
                data[name] = self._sampler.sample(schema, random.Random(f"{resource.name}:{sequence}:{name}"))  # noqa: S311
        for parent, value, param in zip(resource.parents, parents, resource.params, strict=False):
            for name in (param, snake(param), f"{parent.name.removesuffix('s')}_id"):
                if name in self._made and name not in members:
                    data[name] = int(value) if self._made[name][1].get("type") == "integer" else value
        if resource.id not in data:
            data[resource.id] = self._new_id(self._id_schema, sequence, world)
        data = self.hooks.create(data, members, world)
        return Record(str(data[resource.id]), data, parents, sequence)

    @staticmethod
    def _new_id(schema: Mapping[str, Any], sequence: int, world: World) -> Any:
        if schema.get("type") == "integer":
            return sequence
        return world.ids.uuid()

    def mended(self, value: Any, violations: Iterable[Violation], seed: str) -> Any:
        """Return a view with samples for the members that do not fit an answer, where no domain knows better.

        A document may take a member in one form and show it in another (a list of texts, a list of objects).
        """
        if type(self.hooks) is not Hooks or not isinstance(value, dict):
            return value
        names = {str(violation.path[0]) for violation in violations if violation.path} & self._properties.keys()
        made = {
            name: self._sampler.sample(self._properties[name], random.Random(f"{self.resource.name}:{seed}:{name}"))  # noqa: S311
            for name in sorted(names)
        }
        return {**value, **made}

    def touched(self, data: dict[str, Any], world: World) -> dict[str, Any]:
        """Return ``data`` with its times of change moved on."""
        for name, (how, _) in self._made.items():
            if how == "updated":
                now = world.clock.tick()
                # A fixture may hold times that are still to come; a change is later than what it changes.
                data[name] = rfc3339(max(now, parse_rfc3339(data[name]) + _INSTANT) if data.get(name) else now)
        return data


class Situation(Protocol):
    """What a behaviour sees of an exchange."""

    operation: Operation
    collection: Collection
    store: Store
    table: Table
    parents: Key
    current: Record | None
    body: Any
    query: Mapping[str, Any]
    world: World
    changes: Changes
    document: Document
    nested: tuple[str, ...]
    seed: int


def list_items(at: Situation) -> Outcome:
    """Answer the live records, filtered and paged as far as the query parameters have the usual names."""
    records = at.table.ordered()
    if at.parents:
        records = [record for record in records if record.parents == at.parents]
    if at.query:
        view = at.collection.hooks.view
        properties = at.document.properties(at.collection.resource.item_schema)
        for name, wanted in at.query.items():
            if name in properties:
                options = wanted if isinstance(wanted, list) else [wanted]
                records = [record for record in records if view(record.data).get(name) in options]
    total = len(records)
    records = _page(records, at.query)
    return _listed(at, records, total)


def _page(records: list[Record], query: Mapping[str, Any]) -> list[Record]:
    def number(*names: str) -> int | None:
        value = next((query[name] for name in names if name in query), None)
        return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None

    size = number("limit", "per_page", "page_size", "pageSize")
    skip = number("offset", "skip")
    page = number("page")
    if skip is None:
        skip = max(page - 1, 0) * (size or 20) if page is not None else 0
    if size is None:
        return records[skip:] if skip else records
    return records[skip : skip + size]


def _listed(at: Situation, records: list[Record], total: int) -> Outcome:
    """Return the list itself, or an envelope around it where the schema of the answer is an object."""
    operation = at.operation
    spec = operation.response(operation.success)
    media = next((m for m in spec.media_types if m.is_json), None) if spec else None
    schema = at.document.resolve(media.schema) if media else {}
    if schema.get("type") == "array" or not at.document.properties(schema):
        return Outcome(operation.success, records=records)
    envelope: dict[str, Any] = {}
    for name, inner in at.document.properties(schema).items():
        inner = at.document.resolve(inner)
        if inner.get("type") == "array":
            cut = cutter(at.document, inner.get("items", {}), drop="writeOnly")
            envelope[name] = [cut(at.collection.hooks.view(record.data)) for record in records]
        elif inner.get("type") == "integer":
            envelope[name] = total
    return Outcome(operation.success, value=envelope)


def create_item(at: Situation) -> Outcome:
    """Store a new record."""
    record = at.collection.make(at.body, at.table, at.parents, at.world)
    at.changes.put(at.table, record)
    return Outcome(at.operation.success, record=record)


def get_item(at: Situation) -> Outcome:
    """Answer the record."""
    return Outcome(at.operation.success, record=at.current)


def update_item(at: Situation) -> Outcome:
    """Change the members that were sent; a merge patch also removes those sent as null (RFC 7396)."""
    old = _present(at)
    merge = any(media.name.partition(";")[0] == "application/merge-patch+json" for media in at.operation.body)
    sent = at.collection.known_update(at.body) if isinstance(at.body, Mapping) else {}
    if merge:
        return _changed(at, old, _merged(old.data, sent))
    return _changed(at, old, {**old.data, **at.collection.hooks.update(old.data, sent, at.world)})


def replace_item(at: Situation) -> Outcome:
    """Put new content in the place of the old; what the server makes stays, bar the time of change."""
    old = _present(at)
    resource = at.collection.resource
    kept = {name: old.data[name] for name in (*resource.made, resource.id) if name in old.data}
    sent = at.collection.known_replacement(at.body) if isinstance(at.body, Mapping) else {}
    data = {**resource.defaults, **sent, **kept}
    return _changed(at, old, data)


def delete_item(at: Situation) -> Outcome:
    """Remove the record and everything nested under it."""
    old = _present(at)
    at.changes.remove(at.table, old)
    for nested in at.nested:
        for child in at.store.children(nested, (*old.parents, old.id)):
            at.changes.remove(at.store.tables[nested], child)
    status = at.operation.success
    spec = at.operation.response(status)
    return Outcome(status, record=old if spec and any(m.is_json for m in spec.media_types) else None)


def sample(at: Situation) -> Outcome:
    """Answer a sample of the declared success, for operations that belong to no resource."""
    operation = at.operation
    spec = operation.response(operation.success)
    declared = spec.media_types if spec else ()
    media = next((m for m in declared if m.is_json), declared[0] if declared else None)
    if media is None:
        return Outcome(operation.success)
    if not media.is_json and at.document.resolve(media.schema).get("type") != "string":
        text = media.raw.get("example")  # nobody knows how to write another value as this type
        return Outcome(operation.success, value=text if isinstance(text, str) else "")
    if "example" in media.raw:
        return Outcome(operation.success, value=media.raw["example"])
    for example in media.raw.get("examples", {}).values():
        return Outcome(operation.success, value=at.document.resolve(example).get("value"))
    rng = random.Random(f"{at.seed}:{operation.pointer}")  # noqa: S311  # reproducible on purpose
    return Outcome(operation.success, value=Sampler(at.document.resolve).sample(media.schema, rng))


def _present(at: Situation) -> Record:
    if at.current is None:
        raise RuntimeError(f"{at.operation} was run without its item")
    return at.current


def _changed(at: Situation, old: Record, data: dict[str, Any]) -> Outcome:
    record = Record(old.id, at.collection.touched(data, at.world), old.parents, old.sequence)
    at.changes.put(at.table, record)
    status = at.operation.success
    spec = at.operation.response(status)
    return Outcome(status, record=record if spec and spec.media_types else None)


def _merged(old: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(old)
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, Mapping):
            inner = old.get(name)
            result[name] = _merged(inner if isinstance(inner, Mapping) else {}, value)
        else:
            result[name] = value
    return result


BEHAVIOURS: dict[str, Callable[[Any], Outcome]] = {
    "list": list_items,
    "create": create_item,
    "get": get_item,
    "update": update_item,
    "replace": replace_item,
    "delete": delete_item,
    "sample": sample,
}
