"""How many schemas are applied to a value: a bound on what judging it costs, and on how many faults it can have.

``allOf: [A, A]``, with ``A`` made of two ``B`` in the same way, and so on, is a short document that takes for ever. So
is a schema that contains itself in two of its alternatives: each level of a value that is faulty doubles its faults.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from mockserver.engine.operations import Document
from mockserver.engine.references import with_schemas
from mockserver.errors import DocumentError, Fault

__all__ = ["MAX_WEIGHT", "Weigher", "refuse_heavy_schemas"]

MAX_WEIGHT = 100_000
MAX_STEPS = 100_000  # that counting may take
LIGHT = 1000  # what need not be counted: times as many faults as a value has places

Weights = dict[int, tuple[Any, int]]  # by the id of the schema, which is kept so that its id stays its own

_LISTS = ("allOf", "anyOf", "oneOf")
_SINGLE = ("not", "if", "then", "else")
_MEMBERS = ("additionalProperties", "unevaluatedProperties")
_ENTRIES = ("items", "contains", "unevaluatedItems")


def refuse_heavy_schemas(document: Document) -> None:
    """Raise :class:`DocumentError` for the first schema that comes to more than ``MAX_WEIGHT`` for one value."""
    weights: Weights = {}
    roots: list[tuple[Any, str]] = []
    with_schemas(document.raw, lambda schema, pointer: roots.append((schema, pointer)))
    for schema, pointer in roots:
        if _weight(document, schema, weights) > MAX_WEIGHT:
            raise DocumentError(
                Fault(
                    f"the schema comes to more than {MAX_WEIGHT:,} schemas for one value, by those that it is made of",
                    pointer=pointer,
                    hint="Name each part once.",
                )
            )


class Weigher:
    """Says whether telling all faults of a value by one schema is out of proportion."""

    def __init__(self, document: Document, schema: Any) -> None:
        self._document, self._schema = document, schema
        self._heaviest = 0

    def too_much(self, value: Any) -> bool:
        """Whether a value has more than ``MAX_WEIGHT`` schemas applied to it and its parts, or more than is counted."""
        self._heaviest = self._heaviest or _heaviest(self._document, self._schema)
        if self._heaviest ** _levels(value) <= LIGHT:
            return False
        counts: dict[tuple[int, int], tuple[Any, int]] = {}
        waiting = [(self._schema, value, False)]
        while waiting:
            schema, part, done = waiting.pop()
            key = id(schema), id(part)
            inner = [] if key in counts and not done else list(_applied(self._document, schema, part))
            if done:
                total = 1 + sum(counts[id(s), id(v)][1] for s, v in inner if (id(s), id(v)) in counts)
                counts[key] = schema, min(total, MAX_WEIGHT + 1)
            elif key not in counts:
                counts[key] = schema, 1  # for now, as in _weight
                waiting.append((schema, part, True))
                waiting.extend((*pair, False) for pair in inner)
                if len(waiting) > MAX_STEPS or len(counts) > MAX_STEPS:
                    return True
        return counts[id(self._schema), id(value)][1] > MAX_WEIGHT


def _levels(value: Any) -> int:
    """Return how deep a value is nested; a scalar is one level."""
    levels, row = 0, [value]
    while row:
        levels += 1
        row = [inner for part in row for inner in _inside(part)]
    return levels


def _inside(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _heaviest(document: Document, schema: Any) -> int:
    """Return the weight of the heaviest of a schema and all that it leads to."""
    weights: Weights = {}
    seen: dict[int, Any] = {}
    waiting = [schema]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Mapping) and id(node) not in seen:
            seen[id(node)] = node
            waiting.extend(_parts(document, node))
            waiting.extend(inner for keyword in (*_MEMBERS, *_ENTRIES) if (inner := node.get(keyword)) is not None)
            waiting.extend(inner for keyword in ("properties", "patternProperties") for inner in _map(node, keyword))
            waiting.extend(node.get("prefixItems", ()))
    return max((_weight(document, node, weights) for node in seen.values()), default=1)


def _applied(document: Document, schema: Any, value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the schemas that a schema applies to a value and its members or entries, rather too many than too few."""
    if not isinstance(schema, Mapping):
        return
    yield from ((part, value) for part in _parts(document, schema) if isinstance(part, Mapping))
    if isinstance(value, dict):
        own = schema.get("properties", {})
        yield from ((own[name], inner) for name, inner in value.items() if name in own)
        others = [schema[name] for name in _MEMBERS if name in schema]
        yield from ((part, inner) for part in others for name, inner in value.items() if name not in own)
        yield from ((part, inner) for part in _map(schema, "patternProperties") for inner in value.values())
    elif isinstance(value, list):
        yield from zip(schema.get("prefixItems", ()), value, strict=False)
        yield from ((schema[name], inner) for name in _ENTRIES if name in schema for inner in value)


def _map(schema: Any, keyword: str) -> Collection[Any]:
    value = schema.get(keyword) if isinstance(schema, Mapping) else None
    return value.values() if isinstance(value, Mapping) else ()


def _weight(document: Document, schema: Any, weights: Weights) -> int:
    """Return the weight of a schema; what contains itself is counted once, since a validator stops there."""
    waiting = [(schema, False)]
    while waiting:
        node, done = waiting.pop()
        parts = [part for part in _parts(document, node) if isinstance(part, Mapping)]
        if done:
            own = 1 + len(_map(node, "patternProperties"))  # what it applies to one member
            weights[id(node)] = node, own + sum(weights[id(part)][1] for part in parts if id(part) in weights)
        elif id(node) not in weights:
            weights[id(node)] = node, 1  # for now: what is met again further down stands for itself
            waiting.append((node, True))
            waiting.extend((part, False) for part in parts if id(part) not in weights)
    return weights[id(schema)][1]


def _parts(document: Document, schema: Any) -> Iterator[Any]:
    """Yield the schemas that judge the same value as one that they are in."""
    if isinstance(schema, Mapping):
        if isinstance(schema.get("$ref"), str):
            yield document.resolve(schema)
        for keyword in _LISTS:
            value = schema.get(keyword)
            yield from value if isinstance(value, list) else ()
        yield from (schema[keyword] for keyword in _SINGLE if keyword in schema)
        dependent = schema.get("dependentSchemas")
        yield from dependent.values() if isinstance(dependent, Mapping) else ()
