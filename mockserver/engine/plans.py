"""Compiled schemas and parameter readers: what is proven valid or invalid without asking openapi-core.

A plan is compiled once per schema of an operation. Its verdict is one of: proven (a value, no violations), broken
(violations), or :class:`Unsure`, in which case openapi-core decides (:mod:`mockserver.engine.authority`).
"""

import base64
import binascii
import copy
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote, unquote_plus

import jsonschema_rs

from mockserver.engine.operations import Document, Parameter
from mockserver.engine.problems import Violation
from mockserver.engine.references import (
    POINTER_SAFE,
    escape,
    named_roots,
    parts_of,
    with_schemas,
    without_annotated_formats,
)
from mockserver.engine.schema_weight import Weigher
from mockserver.engine.wording import from_rs, violations_of
from mockserver.errors import DocumentError, Fault

__all__ = ["MISSING", "Compiler", "ParameterPlan", "SchemaPlan", "Unsure", "parse_cookies", "parse_query"]

_URI = "urn:contract"
_BOUNDS = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}
MISSING: Any = object()


class Unsure(Exception):
    """Raised where a plan can prove neither validity nor a fault."""


def _is_base64(value: str) -> bool:
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


class SchemaPlan:
    """A compiled schema: ``is_valid`` answers fast, ``violations`` says what is wrong."""

    __slots__ = ("_document", "_validator", "is_valid", "too_much")

    def __init__(self, validator: Any, document: Any, weigher: Weigher) -> None:
        self._validator = validator
        self._document = document
        self.too_much: Callable[[Any], bool] = weigher.too_much  # whether naming every fault could take for ever
        self.is_valid: Callable[[Any], bool] = validator.is_valid  # looks at no place twice, whatever the schema

    def violations(self, value: Any, where: str = "body") -> tuple[Violation, ...]:
        """Return the faults of a value, one per faulty place; a single one where they grow without bound."""
        if self.too_much(value):
            detail = "is not what the contract says; there are too many ways to read it to say where"
            return () if self.is_valid(value) else (Violation((), "weight", detail, where),)
        return violations_of((from_rs(error, self._document) for error in self._validator.iter_errors(value)), where)


class Compiler:
    """Compiles the schemas of one document; a schema that does not compile has no plan."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._named = named_roots(document.source)
        source = with_schemas(document.source, lambda schema, _: without_annotated_formats(schema))
        self._prepared = prepared = _prepare(copy.deepcopy(source))
        _gather(prepared, self._named)
        try:
            self._registry = jsonschema_rs.Registry([(_URI, prepared)], draft=jsonschema_rs.Draft202012)
        except (jsonschema_rs.ReferencingError, ValueError) as error:
            raise DocumentError(
                Fault(f"has a schema whose name cannot be used: {error}", pointer="#/components/schemas")
            ) from None
        self._plans: dict[str, SchemaPlan | None] = {}

    def schema(self, pointer: str) -> SchemaPlan | None:
        """Return the plan of the schema at a pointer, or ``None`` when it does not compile."""
        if pointer not in self._plans:
            self._plans[pointer] = self._compile(pointer)
        return self._plans[pointer]

    def _compile(self, pointer: str) -> SchemaPlan | None:
        if not pointer:
            return None
        weigher = Weigher(self._document, {"$ref": _fragment(pointer)})
        home = next((root for root in self._named if pointer == root or pointer.startswith(f"{root}/")), "")
        if home:
            pointer = _gathered(home) + pointer.removeprefix(home)
        reference = _URI + _fragment(pointer)
        try:
            validator = jsonschema_rs.Draft202012Validator(
                {"$ref": reference},
                registry=self._registry,
                validate_formats=True,
                formats={"byte": _is_base64},
                offline=True,
            )
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError):
            return None
        return SchemaPlan(validator, self._prepared, weigher)


def _gathered(root: str) -> str:
    """Return the pointer of a schema that was gathered, from where it stood."""
    return f"#/$defs/{escape(root)}"


def _gather(prepared: dict[str, Any], roots: Iterable[str]) -> None:
    """Put the schemas that hold names where the validator looks for names: nothing else in the document is a schema.

    One that is a resource of its own leaves a reference behind, since a pointer that passes through the document
    would not see that the base changes.
    """
    gathered: dict[str, Any] = {}
    for root in roots:
        *front, last = parts_of(root)
        parent: Any = prepared
        for name in front:
            parent = parent[int(name)] if isinstance(parent, list) else parent[name]
        schema = parent[last]
        gathered[root] = schema
        if isinstance(schema.get("$id"), str):
            parent[last] = {"$ref": _fragment(_gathered(root))}
    if gathered:
        prepared["$defs"] = gathered


def _fragment(pointer: str) -> str:
    """Return a pointer as it stands in a reference, escaped like any URI fragment (RFC 6901, section 6)."""
    return "#" + quote(pointer[1:], safe=POINTER_SAFE)


def _prepare(node: Any) -> Any:
    """Write out, in place, the integer formats of OpenAPI as bounds: the validator knows none of them."""
    if isinstance(node, dict):
        bounds = _BOUNDS.get(str(node.get("format")))
        for value in node.values():
            _prepare(value)
        if bounds and isinstance(node.get("allOf", []), list):
            extra = {"minimum": bounds[0], "maximum": bounds[1]}
            node["allOf"] = [*node.get("allOf", ()), {"if": {"type": "integer"}, "then": extra}]
    elif isinstance(node, list):
        for value in node:
            _prepare(value)
    return node


def parse_query(query: str) -> dict[str, list[str]]:
    """Return the parameters of a raw query string, decoded, each with its values in order."""
    result: dict[str, list[str]] = {}
    for pair in query.split("&"):
        if pair:
            name, _, value = pair.partition("=")
            result.setdefault(unquote_plus(name), []).append(unquote_plus(value))
    return result


def parse_cookies(header: str) -> dict[str, list[str]]:
    """Return the cookies of a ``Cookie`` header (RFC 6265, section 5.4), each with its values in order."""
    result: dict[str, list[str]] = {}
    for pair in header.split(";"):
        name, equals, value = pair.strip().partition("=")
        if equals:
            result.setdefault(name, []).append(value.strip('"'))
    return result


_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)", re.ASCII)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?", re.ASCII)


def _cast(text: str, kind: str) -> Any:
    """Return the value that a parameter's text stands for, or the text itself when it is not of that type."""
    if kind == "integer" and _INTEGER.fullmatch(text):
        return int(text) if len(text) < 400 else text
    if kind == "number" and _NUMBER.fullmatch(text):
        return float(text)
    if kind == "boolean" and text in {"true", "false"}:
        return text == "true"
    return text


class ParameterPlan:
    """Reads and judges one parameter. Scalars and plain arrays are understood; other styles are :class:`Unsure`."""

    def __init__(self, parameter: Parameter, document: Document, plan: SchemaPlan | None) -> None:
        self.name, self.where, self.required = parameter.name, parameter.where, parameter.required
        self.label = f"{parameter.where} parameter {parameter.name!r}"
        self._plan = plan
        self._default = parameter.schema.get("default", MISSING)
        self._kind = _scalar_kind(parameter.schema)
        self._separator = ""
        self._item_kind = ""
        if self._kind == "array":
            self._item_kind = _scalar_kind(document.resolve(parameter.schema.get("items", {})))
            self._separator = _separator(parameter)
        simple = bool(self._kind) and (self._kind != "array" or bool(self._item_kind))
        self.understood = simple and plan is not None and _plain(parameter)

    def read(self, values: list[str] | None, found: dict[str, Any]) -> tuple[Violation, ...]:
        """Put the parameter's value into ``found`` and return its faults; ``values`` is what the request has."""
        if not self.understood or self._plan is None:
            raise Unsure(self.label)
        if not values:
            if self.required:
                return (Violation((self.name,), "required", "is required", self.label),)
            if self._default is not MISSING:
                found[self.name] = self._default
            return ()
        if self._kind == "array":
            texts = values if self._separator == "" else values[0].split(self._separator)
            value: Any = [_cast(text, self._item_kind) for text in texts]
        else:
            if len(values) > 1:
                return (Violation((self.name,), "style", "is given more than once", self.label),)
            value = _cast(values[0], self._kind)
        if self._plan.is_valid(value):
            found[self.name] = value
            return ()
        return tuple(
            Violation((self.name, *fault.path), fault.keyword, fault.detail, self.label)
            for fault in self._plan.violations(value)
        )


def _scalar_kind(schema: Mapping[str, Any]) -> str:
    """Return the one type of a parameter's values, or an empty string when it is not one that is understood."""
    kind = schema.get("type")
    if kind is None and not any(key in schema for key in ("properties", "items", "anyOf", "oneOf", "allOf", "enum")):
        return "string"
    if kind is None and all(isinstance(option, str) for option in schema.get("enum", (0,))):
        return "string"
    return kind if isinstance(kind, str) and kind in {"string", "integer", "number", "boolean", "array"} else ""


def _plain(parameter: Parameter) -> bool:
    usual = {"path": "simple", "header": "simple", "query": "form", "cookie": "form"}
    return parameter.style == usual.get(parameter.where)


def _separator(parameter: Parameter) -> str:
    """Return what separates array items inside one value; empty where each item is a value of its own."""
    return "" if parameter.explode and parameter.where == "query" else ","
