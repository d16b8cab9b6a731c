"""How many schemas are applied to one and the same value: a bound on what judging it costs.

``allOf: [A, A]``, with ``A`` made of two ``B`` in the same way, and so on, is a short document that takes for ever.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from mockserver.engine.operations import Document
from mockserver.engine.references import with_schemas
from mockserver.errors import DocumentError, Fault

__all__ = ["MAX_WEIGHT", "refuse_heavy_schemas"]

MAX_WEIGHT = 1_000_000

Weights = dict[int, tuple[Any, int]]  # by the id of the schema, which is kept so that its id stays its own

_LISTS = ("allOf", "anyOf", "oneOf")
_SINGLE = ("not", "if", "then", "else")


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


def _weight(document: Document, schema: Any, weights: Weights) -> int:
    """Return the weight of a schema; what contains itself is counted once, since a validator stops there."""
    waiting = [(schema, False)]
    while waiting:
        node, done = waiting.pop()
        parts = [part for part in _parts(document, node) if isinstance(part, Mapping)]
        if done:
            weights[id(node)] = node, 1 + sum(weights[id(part)][1] for part in parts if id(part) in weights)
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
