"""Count what of the contract a run exercised: operations, statuses, parameters, schema keywords and rules."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
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
SAMPLE = 20  # items of a list that are looked into
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


@dataclass(frozen=True)
class _Place:
    """A schema as :class:`Coverage` walks it: `below` are its sub-schemas, each with its place, in parts too."""

    schema: Json
    reference: Json
    keywords: tuple[str, ...]
    below: tuple[tuple[str, str, str, Json], ...]


class Coverage:
    """What the contract declares, with how often each thing was exercised."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._counts: Counter[Key] = Counter()
        self._places: dict[int, _Place] = {}  # by the identity of the schema, which the place keeps alive
        self._declared = list(dict.fromkeys(self._declare()))
        self._known = set(self._declared)

    def count(self, exchange: Exchange) -> None:
        """Count what one exchange exercised."""
        operation = self._contract.operations[exchange.operation or ""]
        self._add("operation", operation.id, operation.id)
        if exchange.status is None:
            return
        self._add("status", operation.id, str(exchange.status))
        for kind, name in self._contract.carriers:
            if self._carried(exchange, kind, name):
                self._add("parameter", operation.id, f"{kind} {name}")
        for parameter in operation.node.get("parameters", ()):
            self._add("parameter", operation.id, _parameter(self._contract.resolve(parameter)))
        if operation.body_schema is not None and exchange.body and not isinstance(exchange.sent, NotJson):
            self._touch("request keyword", operation.id, operation.body_schema, exchange.sent, operation.body_pointer)
        medias = operation.answer(exchange.status) or {}
        if medias and not isinstance(exchange.json, NotJson):
            media = next(iter(medias.values()))
            self._touch("response keyword", operation.id, media.schema, exchange.json, media.pointer)

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

    def _touch(self, dimension: str, operation: str, schema: Json, value: Json, pointer: str) -> None:
        if not isinstance(schema, dict):
            return
        place = self._places.get(id(schema))
        if place is None or place.schema is not schema:
            place = self._places[id(schema)] = self._place(schema)
        if place.reference is not None:
            self._touch(dimension, operation, place.reference, value, schema["$ref"])
        for keyword in place.keywords:
            if isinstance(value, ASSERTIONS[keyword]):
                self._add(dimension, operation, f"{pointer}/{keyword}")
        holds = "if" in schema and self._contract.is_valid(f"{pointer}/if", value)
        for at, head, name, below in place.below:
            if (head == "then" and not holds) or (head == "else" and holds):
                continue
            if head == "properties":
                if isinstance(value, dict) and name in value:
                    self._touch(dimension, operation, below, value[name], f"{pointer}/{at}")
            elif head == "items":
                for item in value[:SAMPLE] if isinstance(value, list) else ():
                    self._touch(dimension, operation, below, item, f"{pointer}/{at}")
            else:
                self._touch(dimension, operation, below, value, f"{pointer}/{at}")

    def _place(self, schema: dict[str, Json]) -> _Place:
        """Look into a schema, which need be done but once."""
        reference = self._contract.resolve(schema) if "$ref" in schema else None
        below = []
        for at, node in _below(schema):
            head, _, name = at.partition("/")
            below.append((at, head, name.replace("~1", "/").replace("~0", "~"), node))
        return _Place(schema, reference, tuple(name for name in schema if name in ASSERTIONS), tuple(below))


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
