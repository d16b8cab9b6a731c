"""Shapes: what is known of a schema so far, and where it was said.

A shape is the mutable middle between a page and a JSON Schema. Its ``origin`` ranks what it says: a table of
properties on a page of schemas above a table of a response, a table above a guess from an example. Examples
only fill what is open; two tables that contradict each other are a warning with both lines, the first stays.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from mockserver.errors import Fault

__all__ = ["EXAMPLE", "PROPERTIES", "TABLE", "Notes", "Place", "Shape", "adopt", "from_example", "merge"]

EXAMPLE, TABLE, PROPERTIES = 0, 1, 2

# Values that the generator writes for a format (openapi-sampler), or that can hardly be anything else.
_FORMATS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("uuid", re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)),
    (
        "date-time",
        re.compile(
            r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?"
            r"(?:Z|[+-][01]\d:[0-5]\d)",
            re.ASCII,
        ),
    ),
    ("date", re.compile(r"2019-08-24")),
    ("email", re.compile(r"user@example\.com")),
    ("uri", re.compile(r"http://example\.com")),
)
_MAP_KEYS = {"property1", "property2"}  # how the generator samples a map with arbitrary keys
_MAX_SEEN = 20


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file."""

    file: str
    line: int


class Notes:
    """Collects warnings, each once."""

    def __init__(self) -> None:
        self._faults: dict[Fault, None] = {}

    def warn(self, place: Place, message: str, hint: str = "Mend the page, or decide it in an overlay.") -> None:
        """Add a warning at ``place``."""
        self._faults[Fault(message, place.file, place.line, hint=hint)] = None

    def faults(self) -> tuple[Fault, ...]:
        """Return the warnings in the order they were found."""
        return tuple(self._faults)


@dataclass(slots=True)
class Shape:
    """What is known of one schema.

    ``types`` are JSON types, ``("any",)`` where the page says so, empty where nothing is known. ``ref`` names a
    component. ``values`` are enumerated values as the page writes them; their type is settled when the shape is
    rendered. ``rest`` is the shape of members with arbitrary keys. ``seen`` are scalars from examples.
    """

    place: Place
    origin: int = EXAMPLE
    types: tuple[str, ...] = ()
    nullable: bool = False
    format: str = ""
    ref: str = ""
    values: tuple[str, ...] = ()
    values_place: Place | None = None
    members: "dict[str, Shape]" = field(default_factory=dict)
    required: dict[str, bool] = field(default_factory=dict)
    items: "Shape | None" = None
    rest: "Shape | None" = None
    keywords: dict[str, Any] = field(default_factory=dict)
    default: str | None = None
    combined: "list[tuple[str, list[Shape]]]" = field(default_factory=list)
    seen: list[Any] = field(default_factory=list)

    def is_open(self) -> bool:
        """Return whether nothing says what kind of value this is."""
        return not (self.types or self.ref or self.members or self.items or self.rest or self.combined)

    def children(self) -> "list[Shape]":
        """Return the shapes directly inside."""
        inner = [*self.members.values(), *(shape for _, parts in self.combined for shape in parts)]
        return inner + [shape for shape in (self.items, self.rest) if shape]


def from_example(value: Any, place: Place) -> Shape:
    """Return the shape of an example's value: JSON types, and formats with strong evidence.

    A whole number is an ``integer``: JSON cannot say more, and the generator writes 0 for both kinds. Null says
    nothing but that null may be there.
    """
    shape = Shape(place)
    _observe(shape, value)
    return shape


def _observe(shape: Shape, value: Any) -> None:
    """Widen a shape that only examples speak of, so that ``value`` fits too."""
    if value is None:
        shape.nullable = True
        return
    kind = _json_type(value)
    if kind not in shape.types:
        pair = {*shape.types, kind}
        numbers = pair & {"integer", "number"}
        kept = tuple(name for name in shape.types if name not in numbers) if len(numbers) == 2 else shape.types
        shape.types = (*kept, "number" if len(numbers) == 2 and kind in numbers else kind)
        if len(pair) > 1:
            shape.format = ""
        elif kind == "string":
            shape.format = _format(value)
    elif kind == "string" and shape.format and shape.format != _format(value):
        shape.format = ""
    if kind == "object":
        _observe_members(shape, value)
    elif kind == "array":
        for item in value:
            if shape.items is None:
                shape.items = Shape(shape.place)
            _observe(shape.items, item)
    elif len(shape.seen) < _MAX_SEEN and value not in shape.seen:
        shape.seen.append(value)


def _observe_members(shape: Shape, value: dict[str, Any]) -> None:
    if set(value) == _MAP_KEYS and not shape.members:
        shape.rest = shape.rest or Shape(shape.place)
        for inner in value.values():
            _observe(shape.rest, inner)
        return
    for name, inner in value.items():
        _observe(shape.members.setdefault(name, Shape(shape.place)), inner)


def _json_type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    kinds = ((str, "string"), (int, "integer"), (float, "number"), (list, "array"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "object")


def _format(text: str) -> str:
    return next((name for name, pattern in _FORMATS if pattern.fullmatch(text)), "")


def adopt(
    shape: Shape, value: Any, place: Place, notes: Notes, follow: Callable[[str, Any, Place], None], path: str = ""
) -> None:
    """Fill what ``shape`` leaves open from an example's ``value``; ``follow`` takes values of named schemas.

    What a table says stays. A member that the table lacks is added, with a warning.
    """
    if shape.ref:
        follow(shape.ref, value, place)
    elif shape.types == ("any",) or shape.combined:
        return
    elif shape.origin == EXAMPLE:
        _observe(shape, value)
    elif shape.is_open():
        _fill(shape, from_example(value, place))
    elif isinstance(value, dict) and _may_be(shape, "object"):
        _adopt_members(shape, value, place, notes, follow, path)
    elif isinstance(value, list) and _may_be(shape, "array"):
        for item in value:
            if shape.items is None:
                shape.items = from_example(item, place)
            else:
                adopt(shape.items, item, place, notes, follow, f"{path}[]")
    elif not isinstance(value, dict | list) and value is not None and value not in shape.seen[:_MAX_SEEN]:
        shape.seen.append(value)


def _may_be(shape: Shape, kind: str) -> bool:
    return not shape.types or kind in shape.types


def _fill(shape: Shape, guess: Shape) -> None:
    """Take over what an example shows, where the table names a member and says nothing else of it."""
    shape.types, shape.format = guess.types, guess.format
    shape.nullable = shape.nullable or guess.nullable
    shape.members, shape.items, shape.rest = guess.members, guess.items, guess.rest
    shape.seen = guess.seen


def _adopt_members(
    shape: Shape,
    value: dict[str, Any],
    place: Place,
    notes: Notes,
    follow: Callable[[str, Any, Place], None],
    path: str,
) -> None:
    listed = bool(shape.members or shape.rest)
    if not listed and set(value) == _MAP_KEYS:
        shape.rest = from_example(next(iter(value.values())), place)
    for name, inner in value.items():
        if name in shape.members:
            adopt(shape.members[name], inner, place, notes, follow, f"{path}.{name}")
        elif shape.rest is not None:
            adopt(shape.rest, inner, place, notes, follow, f"{path}.*")
        else:
            if listed and shape.origin != EXAMPLE and not _is_guess(shape):
                notes.warn(
                    place,
                    f"the example has a member {f'{path}.{name}'.lstrip('.')!r} that the table at "
                    f"{shape.place.file} line {shape.place.line} does not have: it was added from the example",
                )
            shape.members[name] = from_example(inner, place)


def _is_guess(shape: Shape) -> bool:
    """Return whether all members of a shape came from examples: its table said no more than ``object``."""
    return all(member.origin == EXAMPLE for member in shape.members.values())


def merge(into: Shape, other: Shape, path: str, notes: Notes, define: Callable[[str, Shape], None]) -> None:
    """Add what ``other`` says to ``into``; a contradiction is a warning with both lines, the stronger stays.

    ``define`` takes a description of a named schema that stands where the name stands elsewhere.
    """
    weaker = other.origin < into.origin
    if into.ref or other.ref:
        _merge_refs(into, other, path, notes, define)
    elif not into.types or (other.origin > into.origin and other.types):
        if other.types:
            into.types, into.format, into.nullable = other.types, other.format, other.nullable
    elif other.types and _kind(other) != _kind(into):
        _contradict(into, other, path, f"type {_kind(into)!r}", f"{_kind(other)!r}", notes)
    _merge_values(into, other, path, notes)
    _merge_members(into, other, path, notes, define)
    if not into.combined:
        into.combined = other.combined
    for name, value in other.keywords.items():
        if name not in into.keywords:
            into.keywords[name] = value
        elif into.keywords[name] != value and name not in ("description", "examples") and not weaker:
            _contradict(into, other, path, f"{name} {into.keywords[name]!r}", repr(value), notes)
    into.default = into.default if into.default is not None else other.default
    into.seen += [value for value in other.seen if value not in into.seen][:_MAX_SEEN]
    if other.origin > into.origin:
        into.origin, into.place = other.origin, other.place


def _kind(shape: Shape) -> str:
    """Return the type of a shape in the page's own words."""
    words = " or ".join(sorted(shape.types)) + (" or null" if shape.nullable else "")
    return f"{words}({shape.format})" if shape.format else words


def _contradict(into: Shape, other: Shape, path: str, first: str, second: str, notes: Notes) -> None:
    if into.place == other.place:
        return
    notes.warn(
        other.place,
        f"{path} was given as {first} (line {into.place.line} of {into.place.file}) and is given here as {second}: "
        f"the first was kept",
    )


def _merge_refs(into: Shape, other: Shape, path: str, notes: Notes, define: Callable[[str, Shape], None]) -> None:
    if into.ref and other.ref:
        if into.ref != other.ref:
            _contradict(into, other, path, f"schema {into.ref!r}", repr(other.ref), notes)
    elif into.ref:
        if other.members or other.items or other.rest:
            define(into.ref, other)
        elif other.types and other.types not in (("any",), ("object",)) and other.origin >= into.origin:
            _contradict(into, other, path, f"schema {into.ref!r}", repr(_kind(other)), notes)
    else:
        named = Shape(into.place, into.origin, into.types, into.nullable, into.format)
        named.members, named.required = into.members, into.required
        named.items, named.rest = into.items, into.rest
        if (named.members or named.items or named.rest) and into.origin == PROPERTIES > other.origin:
            _contradict(into, other, path, "a schema of its own", repr(other.ref), notes)
            return
        if named.members or named.items or named.rest:
            define(other.ref, named)
            into.members, into.required, into.items, into.rest = {}, {}, None, None
        elif into.types and into.types not in (("any",), ("object",)) and into.origin >= other.origin:
            _contradict(into, other, path, f"type {_kind(into)!r}", repr(other.ref), notes)
            return
        into.ref, into.types, into.format = other.ref, (), ""


def _merge_values(into: Shape, other: Shape, path: str, notes: Notes) -> None:
    if not other.values or into.values == other.values:
        return
    if into.values and set(into.values) != set(other.values) and other.origin <= into.origin:
        first, second = ", ".join(into.values), ", ".join(other.values)
        _contradict(
            Shape(into.values_place or into.place),
            Shape(other.values_place or other.place),
            path,
            f"one of {first}",
            f"one of {second}",
            notes,
        )
    elif not into.values or other.origin > into.origin:
        into.values, into.values_place = other.values, other.values_place


def _merge_members(into: Shape, other: Shape, path: str, notes: Notes, define: Callable[[str, Shape], None]) -> None:
    if into.ref:
        return
    for name, member in other.members.items():
        if name not in into.members:
            into.members[name] = member
            if name in other.required:
                into.required[name] = other.required[name]
            continue
        first, second = into.required.get(name), other.required.get(name)
        if first is None and second is not None:
            into.required[name] = second
        elif second is not None and first != second:
            one, two = into.members[name], member
            words = ("required", "not required") if first else ("not required", "required")
            _contradict(one, two, f"{path}.{name}", *words, notes)
        merge(into.members[name], member, f"{path}.{name}", notes, define)
    for slot, mark in (("items", "[]"), ("rest", ".*")):
        mine, theirs = getattr(into, slot), getattr(other, slot)
        if mine is None:
            setattr(into, slot, theirs)
        elif theirs is not None:
            merge(mine, theirs, path + mark, notes, define)
