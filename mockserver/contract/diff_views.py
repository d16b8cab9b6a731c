"""What a place in a document demands of a value, with references followed and allOf merged into one view."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from mockserver.contract.diff_document import Node, Side

__all__ = ["ANY_TYPE", "LIMITS", "SIBLINGS", "View", "view"]

ANY_TYPE = frozenset({"null", "boolean", "string", "number", "array", "object"})  # an integer is a number
MAX_FOLD = 20  # single alternatives inside of single alternatives

# keyword: whether a larger value is tighter
LIMITS = {
    "minimum": True, "exclusiveMinimum": True, "minLength": True, "minItems": True, "minProperties": True,
    "maximum": False, "exclusiveMaximum": False, "maxLength": False, "maxItems": False, "maxProperties": False,
}  # fmt: skip
# Compared as they are written, and judged by containment alone.
_OTHER = ("not", "if", "contains", "propertyNames", "patternProperties", "dependentSchemas", "dependentRequired",
          "prefixItems", "unevaluatedItems", "contentEncoding", "contentMediaType", "contentSchema", "$id", "$anchor",
          "$dynamicRef", "$dynamicAnchor")  # fmt: skip
SIBLINGS = {"if": ("then", "else"), "contains": ("minContains", "maxContains")}
_NOTES = ("title", "description", "example", "examples", "externalDocs", "$comment")


@dataclass(slots=True)
class View:
    """The demands of one or more schemas on the same value. Lists hold one entry for each schema that speaks."""

    types: frozenset[str] = ANY_TYPE
    allowed: dict[str, Any] | None = None  # enum and const: values by their canonical text
    limits: dict[str, float] = field(default_factory=dict)
    multiples: list[Any] = field(default_factory=list)
    unique: bool = False
    patterns: list[str] = field(default_factory=list)
    formats: list[str] = field(default_factory=list)
    properties: dict[str, list[Node]] = field(default_factory=dict)
    required: dict[str, str] = field(default_factory=dict)  # name to the pointer of the list
    items: list[Node] = field(default_factory=list)
    additional: list[Node] = field(default_factory=list)  # schemas of members that are not declared
    closed: str = ""  # the pointer of what forbids undeclared members
    variants: list[list[Node]] = field(default_factory=list)
    keywords: list[str] = field(default_factory=list)  # of the variants: oneOf, anyOf
    other: dict[str, list[Node]] = field(default_factory=dict)
    notes: dict[str, list[Any]] = field(default_factory=dict)
    extensions: dict[str, list[Any]] = field(default_factory=dict)
    flags: set[str] = field(default_factory=set)  # deprecated, readOnly, writeOnly
    defaults: list[Any] = field(default_factory=list)
    discriminators: list[Any] = field(default_factory=list)
    xml: list[Any] = field(default_factory=list)
    parts: list[Node] = field(default_factory=list)

    @property
    def is_leaf(self) -> bool:
        """Whether nothing inside of the value is described."""
        return not (self.properties or self.items or self.additional)

    def overlaps(self, other: "View") -> bool:
        """Whether some type is allowed by both."""
        numeric = {"integer", "number"}
        return bool(self.types & other.types or (self.types & numeric and other.types & numeric))

    def allow_only(self, values: Sequence[Any]) -> None:
        """Restrict the values to those of an enumeration or constant."""
        texts = {json.dumps(value, sort_keys=True): value for value in values}
        kept = texts if self.allowed is None else {key: self.allowed[key] for key in self.allowed if key in texts}
        self.allowed = kept

    def meet(self, types: frozenset[str]) -> None:
        """Restrict the types."""
        if "number" in types and "integer" in self.types:
            types |= {"integer"}
        mine = self.types | ({"integer"} if "number" in self.types else frozenset())
        both = types & mine
        self.types = both - {"integer"} if "number" in both else both


def view(side: Side, nodes: Sequence[Node]) -> View:
    """Return what ``nodes``, all of which hold for the same value, demand together.

    Raises DocumentError where a keyword holds what it cannot.
    """
    result = View()
    _read_all(side, list(nodes), result, 0, set())
    if result.allowed is not None:
        present = frozenset(_type_of(value) for value in result.allowed.values())
        result.meet(present)
    return result


def _read_all(side: Side, waiting: list[Node], into: View, depth: int, seen: set[str]) -> None:
    waiting.reverse()
    while waiting:
        node = waiting.pop()
        if node.pointer in seen:
            continue
        seen.add(node.pointer)
        into.parts.append(node)
        if isinstance(node.value, bool):
            if not node.value:
                into.types = frozenset()
            continue
        value = side.mapping(node)
        inner = list(side.items(node, "allOf"))
        if "$ref" in value:
            if not isinstance(value["$ref"], str):
                raise side.fault(node.at("$ref"), "a reference as text")
            target = side.target(node)
            if target is None:
                into.other.setdefault("$ref", []).append(node)
            else:
                inner.insert(0, target)
        for keyword in ("oneOf", "anyOf"):
            branches = side.items(node, keyword)
            if len(branches) == 1:
                inner += branches
            elif branches and not _fold_null(side, branches, into, depth, seen):
                into.variants.append(branches)
                into.keywords.append(keyword)
        waiting.extend(reversed(inner))
        _read_values(side, node, into)
        _read_members(side, node, into)
        _read_notes(side, node, into)


def _fold_null(side: Side, branches: list[Node], into: View, depth: int, seen: set[str]) -> bool:
    """Read ``X or null`` as X with null among its types; returns False for any other alternatives."""
    others = [branch for branch in branches if not _is_null(branch.value)]
    plain = into.types == ANY_TYPE and into.allowed is None and not into.variants
    if len(branches) != 2 or len(others) != 1 or depth >= MAX_FOLD or not plain:
        return False
    trial = View()
    _read_all(side, [others[0]], trial, depth + 1, set(seen))
    if trial.variants or trial.other:
        return False
    _read_all(side, [others[0]], into, depth + 1, seen)
    if into.allowed is not None:
        into.allowed = {**into.allowed, "null": None}
    into.types |= {"null"}
    return True


def _is_null(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    demands = {key: value[key] for key in value if key not in _NOTES and not key.startswith("x-")}
    return demands in ({"type": "null"}, {"type": ["null"]}, {"enum": [None]}, {"const": None})


def _read_values(side: Side, node: Node, into: View) -> None:
    value = node.value
    if "type" in value:
        into.meet(frozenset(_types(side, node.at("type"))))
    if "const" in value:
        into.allow_only([value["const"]])
    if "enum" in value:
        into.allow_only([entry.value for entry in side.items(node, "enum")])
    for keyword, larger_is_tighter in LIMITS.items():
        if keyword not in value:
            continue
        bound = value[keyword]
        if isinstance(bound, bool) or not isinstance(bound, int | float):
            raise side.fault(node.at(keyword), "a number")
        known = into.limits.get(keyword, bound)
        into.limits[keyword] = max(known, bound) if larger_is_tighter else min(known, bound)
    if "multipleOf" in value:
        into.multiples.append(value["multipleOf"])
    into.unique = into.unique or value.get("uniqueItems") is True
    for keyword, texts in (("pattern", into.patterns), ("format", into.formats)):
        if keyword in value:
            if not isinstance(value[keyword], str):
                raise side.fault(node.at(keyword), "text")
            if value[keyword] not in texts:
                texts.append(value[keyword])


def _types(side: Side, node: Node) -> Iterator[str]:
    for name in node.value if isinstance(node.value, list) else [node.value]:
        if not isinstance(name, str) or name not in ANY_TYPE | {"integer"}:
            raise side.fault(node, "a type of JSON Schema")
        yield name


def _read_members(side: Side, node: Node, into: View) -> None:
    value = node.value
    if "properties" in value:
        inner = node.at("properties")
        for name in side.mapping(inner):
            into.properties.setdefault(name, []).append(inner.at(name))
    for entry in side.items(node, "required"):
        if not isinstance(entry.value, str):
            raise side.fault(entry, "the name of a property")
        into.required.setdefault(entry.value, entry.pointer)
    if "items" in value:
        into.items.append(node.at("items"))
    for keyword in ("additionalProperties", "unevaluatedProperties"):
        if keyword not in value:
            continue
        inner = node.at(keyword)
        if inner.value is False:
            into.closed = into.closed or inner.pointer
        elif inner.value is not True and inner.value != {}:
            into.additional.append(inner)
    for keyword in _OTHER:
        if keyword in value:
            into.other.setdefault(keyword, []).append(node)


def _read_notes(side: Side, node: Node, into: View) -> None:
    value = node.value
    for keyword in _NOTES:
        if keyword in value:
            into.notes.setdefault(keyword, []).append(value[keyword])
    for keyword in value:
        if keyword.startswith("x-") or keyword == "nullable":
            into.extensions.setdefault(keyword, []).append(value[keyword])
    into.flags.update(flag for flag in ("deprecated", "readOnly", "writeOnly") if value.get(flag) is True)
    for keyword, found in (
        ("default", into.defaults),
        ("discriminator", into.discriminators),
        ("xml", into.xml),
    ):
        if keyword in value:
            found.append(value[keyword])


def _type_of(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return "integer"
    names = {str: "string", float: "number", list: "array", dict: "object"}
    return names[type(value)]
