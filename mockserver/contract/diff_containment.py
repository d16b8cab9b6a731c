"""Decides which of two schemas allows more: proven by the containment library or by a value, never guessed.

The library (``jsonschema_rs.canonicalize``) answers yes, no or unknown. Its unknown is settled by a value that one
schema allows and the other does not, where :mod:`mockserver.contract.diff_samples` finds one. What is left is
undecided, and so is whatever the library cannot read.
"""

import json
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import jsonschema_rs
from jsonschema_rs.canonical import Containment

from mockserver.contract.diff_document import Node, Side
from mockserver.contract.diff_samples import samples

__all__ = ["BOTH", "EQUAL", "NARROWED", "UNDECIDED", "WIDENED", "Judge", "Relation"]

MAX_SCHEMA = 3000  # values of a schema, references written out, beyond which the library is not asked
MAX_DEPTH = 100  # levels of a schema: the library gives up near that
MAX_BRANCHES = 100  # alternatives in one schema: the library's time grows with their square
# What all questions together may cost, and one of them: estimates that are near milliseconds. They bound the time
# without a clock, so that the outcome is the same everywhere.
MAX_COST = 3_000
MAX_COST_OF_ONE = 1_500
MAX_TOO_LARGE = 50
_LEVELS = 3  # of the values that are tried
_VALIDATIONS = 25  # schemas, to each of which a few hundred values are held, in about a millisecond

_ONE = ("not", "if", "then", "else", "items", "additionalProperties", "contains", "propertyNames",
        "unevaluatedItems", "unevaluatedProperties")  # fmt: skip
_LIST = ("allOf", "anyOf", "oneOf", "prefixItems")
_MAP = ("properties", "patternProperties", "dependentSchemas")
_PLAIN = ("type", "enum", "const", "multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum",
          "maxLength", "minLength", "pattern", "maxItems", "minItems", "uniqueItems", "maxContains", "minContains",
          "maxProperties", "minProperties", "required", "dependentRequired")  # fmt: skip
_BEYOND = ("$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor")

# What the library checks itself; OpenAPI's own formats are written out as bounds or hold no constraint.
_CHECKED = frozenset(
    [
        "date",
        "date-time",
        "time",
        "duration",
        "email",
        "idn-email",
        "hostname",
        "idn-hostname",
        "ipv4",
        "ipv6",
        "uri",
        "uri-reference",
        "iri",
        "iri-reference",
        "uuid",
        "json-pointer",
        "relative-json-pointer",
        "regex",
        "uri-template",
    ]
)
_BOUNDS = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}
_NOTHING = frozenset({"float", "double", "password", "binary"})


@dataclass(frozen=True, slots=True)
class Relation:
    """How the values of two schemas relate: what was lost (allowed before, not now) and gained; None: undecided."""

    lost: bool | None
    gained: bool | None

    @property
    def equal(self) -> bool:
        """Whether both schemas are proven to allow the same values."""
        return self.lost is False and self.gained is False

    def capped(self, proven: "Relation") -> "Relation":
        """Return this relation without what ``proven`` excludes."""
        return Relation(False if proven.lost is False else self.lost, False if proven.gained is False else self.gained)

    def corrected(self, proven: "Relation") -> "Relation":
        """Return ``proven``, and this relation where that is undecided."""
        return Relation(
            self.lost if proven.lost is None else proven.lost,
            self.gained if proven.gained is None else proven.gained,
        )


EQUAL = Relation(False, False)
NARROWED = Relation(True, False)
WIDENED = Relation(False, True)
BOTH = Relation(True, True)
UNDECIDED = Relation(None, None)


class _BeyondError(Exception):
    """Raised for a schema that the library is not asked about."""


class Judge:
    """Decides about schemas of two documents; asks about each pair once.

    ``hidden`` is the mark of properties that do not travel: ``readOnly`` for requests, ``writeOnly`` for answers.
    """

    def __init__(self, old: Side, new: Side, hidden: str) -> None:
        self._sides = (old, new)
        self._hidden = hidden
        self._memo: dict[tuple[str, str], Relation] = {}
        self._cost = 0.0
        self._too_large = 0

    def nodes(self, old: Sequence[Node], new: Sequence[Node], whole: bool = False) -> Relation:
        """Return the relation of two places, each of which holds a value to all of its schemas.

        ``whole`` places, with everything that they refer to, are not asked about any more once many of them were
        too large: in a document where everything refers to everything they all are.
        """
        if whole and self._too_large >= MAX_TOO_LARGE:
            return UNDECIDED
        try:
            writers = [_Writer(side, self._hidden) for side in self._sides]
            first, second = writers[0].all_of(old), writers[1].all_of(new)
        except _BeyondError:
            self._too_large += whole
            return UNDECIDED
        return self.schemas(first, second, sum(writer.cost for writer in writers))

    def schemas(self, old: Mapping[str, Any], new: Mapping[str, Any], cost: float = 0.1) -> Relation:
        """Return the relation of two schemas that refer to nothing outside of themselves."""
        key = (json.dumps(old, sort_keys=True), json.dumps(new, sort_keys=True))
        if key[0] == key[1]:
            return EQUAL
        if key not in self._memo:
            if cost > MAX_COST_OF_ONE or self._cost + cost > MAX_COST:
                return UNDECIDED
            self._cost += cost
            spread = max(_spread(schema) for schema in (old, new)) ** _LEVELS / _VALIDATIONS
            search = spread <= min(MAX_COST_OF_ONE, MAX_COST - self._cost)
            self._cost += spread if search else 0
            self._memo[key] = _decide(dict(old), dict(new), search)
        return self._memo[key]


def _decide(old: dict[str, Any], new: dict[str, Any], search: bool) -> Relation:
    try:
        first, second = _canonical(old), _canonical(new)
        lost, gained = _missing(second.covers(first)), _missing(first.covers(second))
    except Exception:  # noqa: BLE001  the library's own errors, and whatever it may raise beyond them
        return UNDECIDED
    if search and (lost is None or gained is None):
        values = samples(old, new)
        lost = _witness(old, new, values) if lost is None else lost
        gained = _witness(new, old, values) if gained is None else gained
    return Relation(lost, gained)


def _spread(schema: Mapping[str, Any]) -> int:
    """Return how many schemas one value may have to be held against, at most, references and alternatives followed.

    Alternatives of alternatives multiply, which is what makes a validator slow.
    """
    definitions = {f"#/$defs/{name}": inner for name, inner in schema.get("$defs", {}).items()}
    known: dict[str, int] = {}

    def count(part: Any, depth: int) -> int:
        if not isinstance(part, Mapping) or depth > MAX_DEPTH:
            return 1
        total = 1 + sum(count(part[key], depth + 1) for key in ("not", "if", "then", "else") if key in part)
        total += sum(count(inner, depth + 1) for key in ("allOf", "anyOf", "oneOf") for inner in part.get(key, ()))
        reference = part.get("$ref", "")
        if reference in definitions:
            if reference not in known:
                known[reference] = 1  # where it leads back to itself: that is not followed
                known[reference] = count(definitions[reference], depth + 1)
            total += known[reference]
        return total

    return max(count(part, 0) for part in (schema, *definitions.values()))


def _canonical(schema: dict[str, Any]) -> jsonschema_rs.CanonicalSchema:
    return jsonschema_rs.canonicalize(schema, draft=jsonschema_rs.Draft202012, validate_formats=True, offline=True)


def _missing(covers: Containment) -> bool | None:
    return {Containment.YES: False, Containment.NO: True}.get(covers)


def _witness(allows: dict[str, Any], refuses: dict[str, Any], values: Sequence[Any]) -> bool | None:
    """Return True when one of ``values`` fits the first schema and not the second; None proves nothing."""
    try:
        fits, misses = (
            jsonschema_rs.Draft202012Validator(schema, validate_formats=True, offline=True)
            for schema in (allows, refuses)
        )
        found = any(fits.is_valid(value) and not misses.is_valid(value) for value in values)
    except Exception:  # noqa: BLE001  a schema or value that the validator cannot read proves nothing either
        return None
    return True if found else None


class _Writer:
    """Writes schemas of a document as one that stands alone: validation keywords only, references under $defs.

    References are named in the order in which they are met, so that renaming a component changes nothing.
    """

    def __init__(self, side: Side, hidden: str) -> None:
        self._side = side
        self._hidden = hidden
        self._names: dict[str, str] = {}
        self._waiting: list[tuple[str, Node]] = []
        self._values = 0
        self._branches = 0

    @property
    def cost(self) -> float:
        """About how many milliseconds the library needs for what was written."""
        return self._values / 200 + self._values * self._branches**2 / 1000

    def all_of(self, nodes: Sequence[Node]) -> dict[str, Any]:
        """Return one schema for all of ``nodes``; raises when it is beyond what the library is asked about."""
        parts = [self._write(node, 0) for node in nodes]
        definitions = {}
        while self._waiting:
            name, node = self._waiting.pop(0)
            definitions[name] = self._write(node, 0)
        parts = [{"not": {}} if part is False else part for part in parts if part is not True and part != {}]
        schema = parts[0] if len(parts) == 1 else {"allOf": parts} if parts else {}
        assert isinstance(schema, dict)
        return schema | {"$defs": definitions} if definitions else schema

    def _write(self, node: Node, depth: int) -> dict[str, Any] | bool:
        self._values += 1
        if isinstance(node.value, bool):
            return node.value
        value = self._side.mapping(node)
        if depth > MAX_DEPTH or self._values > MAX_SCHEMA or any(key in value for key in _BEYOND):
            raise _BeyondError
        written = {key: value[key] for key in _PLAIN if key in value}
        self._values += sum(len(written[key]) for key in ("enum", "required") if _sized(written.get(key)))
        for key in _ONE:
            if key in value:
                written[key] = self._write(node.at(key), depth + 1)
        for key in _LIST:
            if key in value:
                entries = self._side.items(node, key)
                self._branches += len(entries) if key != "allOf" else 0
                written[key] = [self._write(entry, depth + 1) for entry in entries]
        for key in _MAP:
            if key in value:
                inner = node.at(key)
                every = self._side.mapping(inner)
                names = [name for name in every if key != "properties" or self._travels(inner, name)]
                written[key] = {name: self._write(inner.at(name), depth + 1) for name in names}
                self._forget(written, every.keys() - names)
        if self._branches > MAX_BRANCHES:
            raise _BeyondError
        extra = self._format(value) + self._content(value) + self._reference(node)
        return written | {"allOf": [*written.get("allOf", ()), *extra]} if extra else written

    def _travels(self, properties: Node, name: str) -> bool:
        """Whether a property is sent at all in the direction that is asked about."""
        value = properties.value[name]
        if isinstance(value, dict) and isinstance(value.get("$ref"), str) and self._hidden not in value:
            target = self._side.target(properties.at(name))
            value = target.value if target is not None else value
        return not (isinstance(value, dict) and value.get(self._hidden) is True)

    @staticmethod
    def _forget(written: dict[str, Any], names: Set[str]) -> None:
        if names and isinstance(written.get("required"), list):
            written["required"] = [name for name in written["required"] if name not in names]

    def _reference(self, node: Node) -> list[dict[str, Any]]:
        if "$ref" not in node.value:
            return []
        if not isinstance(node.value["$ref"], str):
            raise self._side.fault(node.at("$ref"), "a reference as text")
        target = self._side.target(node)
        if target is None:
            raise _BeyondError
        if target.pointer not in self._names:
            self._names[target.pointer] = name = f"d{len(self._names)}"
            self._waiting.append((name, target))
        return [{"$ref": f"#/$defs/{self._names[target.pointer]}"}]

    @staticmethod
    def _content(value: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return constraints that stand for how text encodes something else, which nothing here can check."""
        return [
            {"not": {"const": f"not of the {key} {json.dumps(value[key], sort_keys=True)}"}}
            for key in ("contentEncoding", "contentMediaType", "contentSchema")
            if key in value
        ]

    @staticmethod
    def _format(value: Mapping[str, Any]) -> list[dict[str, Any]]:
        name = value.get("format")
        if not isinstance(name, str) or name in _NOTHING:
            return []
        if name in _CHECKED:
            return [{"format": name}]
        if name in _BOUNDS:
            low, high = _BOUNDS[name]
            return [{"minimum": low, "maximum": high}]
        # A format that nothing here can check stands for a constraint of its own: two of them differ.
        return [{"not": {"const": f"not of the format {name}"}}]


def _sized(value: Any) -> bool:
    return isinstance(value, list | dict)
