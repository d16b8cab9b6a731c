"""Values that may tell two schemas apart: taken from the schemas themselves and from the edges that they name."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

__all__ = ["samples"]

MAX_SAMPLES = 400
_DEPTH = 3  # levels of objects and arrays that are filled
_PER_LEVEL = 24  # values tried for one member
_MEMBERS = 12  # of an object that are tried in depth
_LONGEST = 300  # characters or items made to meet a bound

_TEXTS = ("", "a", "A", "0", "_", "-", ".", " ", "/", "é", "aa", "a0", "a-b", "a_b", "abc", "Abc", "ABC", "123", "1.5",
          "2024-01-31", "2024-01-31T12:00:00Z", "12:00:00Z", "a@example.com", "example.com", "https://example.com/a",
          "127.0.0.1", "123e4567-e89b-42d3-a456-426614174000", "true", "null")  # fmt: skip
_ANY: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    2,
    3,
    0.5,
    1.5,
    10**6,
    *_TEXTS,
    [],
    [1],
    ["a"],
    {},
    {"a": 1},
    {"zz-other": True},
)


def samples(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Any]:
    """Return values to try on both of two schemas that stand alone, without repetition, in a fixed order."""
    result: dict[str, Any] = {}
    for schema in (old, new):
        definitions = schema.get("$defs", {})
        for value in _values(schema, definitions, _DEPTH):
            if len(result) >= MAX_SAMPLES:
                break
            result.setdefault(json.dumps(value, sort_keys=True), value)
    for value in _ANY:
        result.setdefault(json.dumps(value, sort_keys=True), value)
    return list(result.values())


def _values(schema: Any, definitions: Mapping[str, Any], depth: int) -> Iterator[Any]:
    if not isinstance(schema, Mapping) or depth <= 0:
        return
    if "const" in schema:
        yield schema["const"]
    if isinstance(schema.get("enum"), list):
        yield from schema["enum"]
    yield from _numbers(schema)
    yield from _texts(schema)
    yield from _arrays(schema, definitions, depth)
    yield from _objects(schema, definitions, depth)
    for key in ("allOf", "anyOf", "oneOf", "prefixItems"):
        for part in _list(schema.get(key)):
            yield from _values(part, definitions, depth)
    for key in ("not", "if", "then", "else", "contains"):
        yield from _values(schema.get(key), definitions, depth - 1)
    reference = schema.get("$ref")
    if isinstance(reference, str):
        yield from _values(definitions.get(reference.rpartition("/")[2]), definitions, depth - 1)


def _numbers(schema: Mapping[str, Any]) -> Iterator[Any]:
    for key in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"):
        value = schema.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 10**30:
            yield from (value, value + 1, value - 1, value * 2, value * 3, value + 0.5)


def _texts(schema: Mapping[str, Any]) -> Iterator[str]:
    for key in ("minLength", "maxLength"):
        value = schema.get(key)
        if _is_size(value):
            yield from ("a" * length for length in (value - 1, value, value + 1) if length >= 0)


def _arrays(schema: Mapping[str, Any], definitions: Mapping[str, Any], depth: int) -> Iterator[list[Any]]:
    keys = ("items", "minItems", "maxItems", "uniqueItems", "contains")
    if not any(key in schema for key in keys):
        return
    inner = _take(schema.get("items", {}), definitions, depth)
    yield []
    yield from ([value] for value in inner)
    yield from ([value, value] for value in inner[:3])
    for key in ("minItems", "maxItems"):
        size = schema.get(key)
        if _is_size(size):
            for length in (size - 1, size, size + 1):
                yield [inner[0]] * length
                yield inner[:length]


def _objects(schema: Mapping[str, Any], definitions: Mapping[str, Any], depth: int) -> Iterator[dict[str, Any]]:
    properties = schema.get("properties")
    properties = properties if isinstance(properties, Mapping) else {}
    required = [name for name in _list(schema.get("required")) if isinstance(name, str)]
    if not properties and not required and "additionalProperties" not in schema:
        return
    names = dict.fromkeys([*required, *list(properties)[:_MEMBERS]])
    choices = {
        name: _take(properties.get(name, {}), definitions, depth if index < _MEMBERS else min(depth, 2))
        for index, name in enumerate(names)
    }
    first = {name: values[0] for name, values in choices.items()}
    least = {name: first[name] for name in required}
    for base in (least, first):
        yield base
        for name in base:
            yield {other: value for other, value in base.items() if other != name}
        yield base | {"zz-other": True}
    for name, values in choices.items():
        yield from (least | {name: value} for value in values)
    yield from (
        least | {"zz-other": value} for value in _take(schema.get("additionalProperties", {}), definitions, depth)
    )


def _take(schema: Any, definitions: Mapping[str, Any], depth: int) -> list[Any]:
    """Return values for a member: its own ones first, then some of every type; at least one."""
    values: list[Any] = []
    for found in _values(schema, definitions, depth - 1):
        values.append(found)
        if len(values) >= _PER_LEVEL:
            return values
    kind = schema.get("type") if isinstance(schema, Mapping) else None
    kinds = [kind] if isinstance(kind, str) else _list(kind)
    typical = {
        "string": "a",
        "integer": 1,
        "number": 0.5,
        "boolean": True,
        "null": None,
        "array": [],
        "object": {},
    }
    values += [typical[name] for name in kinds if isinstance(name, str) and name in typical]
    others: tuple[Any, ...] = ("a", 1, 0.5, True, None, [], {})
    return values + [value for value in others if value not in values]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_size(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LONGEST
