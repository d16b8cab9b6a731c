"""Count what of the contract a run exercised: operations, statuses, parameters, schema keywords and rules."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from contract_tests.documents import Contract, escape
from contract_tests.exchange import Exchange, NotJson
from contract_tests.results import CoverageRow

Json = Any
Key = tuple[str, str, str]  # dimension, operation, name

# The assertions of JSON Schema (draft 2020-12, Validation) and the JSON types that they speak of.
OBJECT, ARRAY, STRING, NUMBER = (dict,), (list,), (str,), (int, float)
ANY = (object,)
ASSERTIONS: dict[str, tuple[type, ...]] = {
    "type": ANY,
    "enum": ANY,
    "const": ANY,
    "pattern": STRING,
    "format": STRING,
    "minLength": STRING,
    "maxLength": STRING,
    "minimum": NUMBER,
    "maximum": NUMBER,
    "exclusiveMinimum": NUMBER,
    "exclusiveMaximum": NUMBER,
    "multipleOf": NUMBER,
    "required": OBJECT,
    "minProperties": OBJECT,
    "maxProperties": OBJECT,
    "minItems": ARRAY,
    "maxItems": ARRAY,
    "uniqueItems": ARRAY,
}
SAMPLE = 5  # items of a list that are looked into
UNPROVOKED = {
    "500": "a sound server never gives it",
    "413": "the size that a server takes is its own; nothing so large is sent",
}
UNSEEN = {
    "settings-secrets-kept": "no answer shows whether a secret is kept",
    "entry-with-both-replaces": "a server that refuses such an entry is as right",
}
OTHERWISE = {
    "request keyword": "no request of this run reached it",
    "response keyword": "no answer of this run had what it speaks of",
    "status": "no request of this run was answered so",
    "parameter": "no request of this run carried it",
}


@dataclass
class _Place:
    """A schema as :class:`Coverage` walks it: what it asserts of which types, and the schemas that apply besides it."""

    assertions: list[tuple[tuple[type, ...], Key]] = field(default_factory=list)
    properties: dict[str, "_Place"] = field(default_factory=dict)
    others: "_Place | None" = None  # of members that `properties` does not name
    items: "_Place | None" = None
    also: list["_Place"] = field(default_factory=list)
    condition: str = ""  # the pointer of `if`, which decides between the two that follow
    then: "_Place | None" = None
    otherwise: "_Place | None" = None


class Coverage:
    """What the contract declares, with how often each thing was exercised."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._counts: Counter[Key] = Counter()
        self._places: dict[Key, _Place] = {}
        self._declared = list(dict.fromkeys(self._declare()))
        self._known = set(self._declared)

    def count(self, exchange: Exchange) -> None:
        """Count what one exchange exercised."""
        operation = self._contract.operations[exchange.operation or ""]
        self._add("operation", operation.id, operation.id)
        if exchange.status is None:
            return
        self._add("status", operation.id, str(exchange.reply.status))
        for kind, name in self._contract.carriers:
            if self._carried(exchange, kind, name):
                self._add("parameter", operation.id, f"{kind} {name}")
        for parameter in operation.node.get("parameters", ()):
            self._add("parameter", operation.id, _parameter(self._contract.resolve(parameter)))
        if operation.body_schema is not None and exchange.body and not isinstance(exchange.sent, NotJson):
            key = ("request keyword", operation.id, operation.body_pointer)
            self._touch(self._place(key, operation.body_schema), exchange.sent)
        medias = operation.answer(exchange.status) or {}
        if medias and not isinstance(exchange.json, NotJson):
            media = next(iter(medias.values()))
            self._touch(self._place(("response keyword", operation.id, media.pointer), media.schema), exchange.json)

    def count_status(self, operation: str, status: int) -> None:
        """Count a status that a request outside of the operations brought about, such as a 405 on its path."""
        self._add("status", operation, str(status))

    def count_rule(self, rule: str, operations: tuple[str, ...]) -> None:
        """Count a rule or behaviour as exercised on the operations that a check used it on."""
        for operation in operations:
            self._add("rule", operation, rule)

    def rows(self, reasons: dict[str, str]) -> tuple[CoverageRow, ...]:
        """Return a row for everything that the contract declares; `reasons` tells why a rule was not exercised."""
        made = []
        for key in self._declared:
            dimension, operation, name = key
            count = self._counts[key]
            reason = ""
            if not count:
                known = {"status": UNPROVOKED, "rule": UNSEEN}.get(dimension, {})
                reason = known.get(name) or reasons.get(f"{dimension}:{name}") or OTHERWISE.get(dimension, "")
            made.append(CoverageRow(dimension, operation, name, count, reason))
        return tuple(made)

    def _add(self, dimension: str, operation: str, name: str) -> None:
        key = (dimension, operation, name)
        if key in self._known:
            self._counts[key] += 1

    @staticmethod
    def _carried(exchange: Exchange, kind: str, name: str) -> bool:
        if kind == "header":
            return any(header.lower() == name.lower() for header, _ in exchange.headers)
        if kind == "cookie":
            return any(header == "Cookie" and name in value for header, value in exchange.headers)
        return f"{name}=" in exchange.target.partition("?")[2]

    def _declare(self) -> Iterator[Key]:
        for operation in self._contract.operations.values():
            yield "operation", operation.id, operation.id
            for status in operation.statuses:
                yield "status", operation.id, status
            for kind, name in self._contract.carriers:
                yield "parameter", operation.id, f"{kind} {name}"
            for parameter in operation.node.get("parameters", ()):
                yield "parameter", operation.id, _parameter(self._contract.resolve(parameter))
            if operation.body_schema is not None:
                for pointer in self._keywords(operation.body_schema, operation.body_pointer):
                    yield "request keyword", operation.id, pointer
            for status, medias in operation.statuses.items():
                for media in medias.values() if status not in {"405", *UNPROVOKED} else ():
                    for pointer in self._keywords(media.schema, media.pointer, answered=True):
                        yield "response keyword", operation.id, pointer
        for rule in self._contract.rules.values():
            for name in rule["operations"]:
                yield "rule", name, rule["id"]

    def _keywords(self, schema: Json, pointer: str, answered: bool = False) -> Iterator[str]:
        """Yield the pointer of every assertion of a schema and of those below it; no answer has what is write-only."""
        if not isinstance(schema, dict) or (answered and schema.get("writeOnly")):
            return
        if "$ref" in schema:
            yield from self._keywords(self._contract.resolve(schema), schema["$ref"], answered)
        yield from (f"{pointer}/{keyword}" for keyword in schema if keyword in ASSERTIONS)
        for at, below in _below(schema):
            yield from self._keywords(below, f"{pointer}/{at}", answered)

    def _touch(self, place: _Place, value: Json) -> None:
        """Count the assertions that speak of a value and of what it holds."""
        for types, key in place.assertions:
            if isinstance(value, types):
                self._counts[key] += 1
        if isinstance(value, dict):
            self._touch_members(place, value)
        elif place.items is not None and isinstance(value, list):
            for item in value[:SAMPLE]:
                self._touch(place.items, item)
        for below in place.also:
            self._touch(below, value)
        if place.condition:
            chosen = place.then if self._contract.is_valid(place.condition, value) else place.otherwise
            if chosen is not None:
                self._touch(chosen, value)

    def _touch_members(self, place: _Place, value: dict[str, Json]) -> None:
        for name, below in place.properties.items():
            if name in value:
                self._touch(below, value[name])
        if place.others is not None:
            for name in value.keys() - place.properties.keys():
                self._touch(place.others, value[name])

    def _place(self, key: Key, schema: Json) -> _Place:
        """Look into a schema and those below it, which need be done but once; `key` ends with its pointer."""
        known = self._places.get(key)
        if known is not None:
            return known
        place = self._places[key] = _Place()
        if not isinstance(schema, dict):
            return place
        dimension, operation, pointer = key
        if "$ref" in schema:
            place.also.append(self._place((dimension, operation, schema["$ref"]), self._contract.resolve(schema)))
        keys = (
            (ASSERTIONS[name], (dimension, operation, f"{pointer}/{name}")) for name in schema if name in ASSERTIONS
        )
        place.assertions = [(types, declared) for types, declared in keys if declared in self._known]
        place.condition = f"{pointer}/if" if "if" in schema else ""
        for at, node in _below(schema):
            below = self._place((dimension, operation, f"{pointer}/{at}"), node)
            head, _, name = at.partition("/")
            if head == "properties":
                place.properties[name.replace("~1", "/").replace("~0", "~")] = below
            elif head == "additionalProperties":
                place.others = below
            elif head == "items":
                place.items = below
            elif head == "then":
                place.then = below
            elif head == "else":
                place.otherwise = below
            else:
                place.also.append(below)
        return place


def _below(schema: dict[str, Json]) -> Iterator[tuple[str, Json]]:
    """Yield the sub-schemas of a schema, each with its place below it."""
    for name, node in schema.get("properties", {}).items():
        yield f"properties/{escape(name)}", node
    for keyword in ("items", "additionalProperties", "not", "if", "then", "else"):
        if isinstance(schema.get(keyword), dict):
            yield keyword, schema[keyword]
    for keyword in ("allOf", "anyOf", "oneOf"):
        for index, node in enumerate(schema.get(keyword, ())):
            yield f"{keyword}/{index}", node


def _parameter(node: Json) -> str:
    return f"{node.get('in')} {node.get('name')}"
