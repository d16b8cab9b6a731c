"""Is a document what OpenAPI 3.1 says? openapi-spec-validator decides, where the document is not proven good at once.

Its walk takes more than a millisecond for each operation, follows references by recursion, and searches lists for what
it has seen. So :class:`_Proof` looks first, in microseconds, and may only err by having doubts; whatever it doubts, the
validator judges and words, with sets in place of its lists.
"""

import string
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any
from urllib.parse import quote

import jsonschema_rs
from jsonschema_path.paths import SchemaPath
from openapi_schema_validator import OAS31_BASE_DIALECT_ID
from openapi_spec_validator import OpenAPIV31SpecValidator
from openapi_spec_validator.schemas import openapi_v31_schema_validator
from openapi_spec_validator.validation import keywords

from mockserver.engine.operations import METHODS, Document
from mockserver.engine.references import POINTER_SAFE, escape
from mockserver.engine.schema_weight import refuse_heavy_schemas
from mockserver.errors import DocumentError, Fault

__all__ = ["check_document"]

MAX_FAULTS = 50  # that are told at once

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_DIALECTS = {OAS31_BASE_DIALECT_ID, _DRAFT}
# What the dialect of OpenAPI adds to the meta-schema of JSON Schema is about these members, and about no other.
_OWN = ("discriminator", "externalDocs", "xml")
_INTEGERS = {"int32": 2**31, "int64": 2**63}
_URI = "urn:contract"
# What walking over data of another shape, or compiling a schema that is none, raises.
_ESCAPED = (
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    jsonschema_rs.ReferencingError,
    jsonschema_rs.ValidationError,
)


def check_document(raw: Mapping[str, Any]) -> None:
    """Raise :class:`DocumentError` with the faults of an OpenAPI 3.1 document, the first fifty of them."""
    document = dict(raw)
    faults: list[Fault] = []
    try:
        if next(iter(openapi_v31_schema_validator.iter_errors(document)), None) is None:
            proof = _Proof(document)
            refuse_heavy_schemas(proof.document)
            if proof.holds():
                return
        for error in _Validator(document).iter_errors():
            pointer = _pointer(document, getattr(error, "absolute_path", ()))
            faults.append(Fault(_short(error), pointer=pointer, hint="See the OpenAPI 3.1 specification."))
            if len(faults) == MAX_FAULTS:
                break
    except DocumentError:
        raise
    except Exception as error:  # noqa: BLE001  # whatever escapes the validator is a fault of the document
        faults.append(Fault(f"cannot be judged: {_short(error)}", hint="Mend the document's structure."))
    if faults:
        raise DocumentError(faults)


def _pointer(raw: dict[str, Any], path: Iterable[str | int]) -> str:
    """Return the pointer of a place that was reached from the top, through references."""
    document = Document.__new__(Document)
    document.raw = raw
    node, pointer = document.locate(raw, "#")
    for part in path:
        pointer = f"{pointer}/{escape(str(part))}"
        try:
            node, pointer = document.locate(node[part], pointer)
        except (LookupError, TypeError, DocumentError):
            node = None
    return pointer


def _short(error: Any) -> str:
    text = " ".join(str(getattr(error, "message", error)).split())
    return text if len(text) <= 300 else text[:297] + "..."


@cache
def _good_schema() -> Any:
    """Return a validator of schemas that are good for certain, those inside them included (``$dynamicAnchor``)."""
    own = {"if": {"type": "object"}, "then": {"not": {"anyOf": [{"required": [name]} for name in _OWN]}}}
    meta = {"$id": "urn:good-schema", "$schema": _DRAFT, "$dynamicAnchor": "meta", "$ref": _DRAFT, **own}
    return jsonschema_rs.Draft202012Validator(meta, validate_formats=True, offline=True)


class _Doubt(Exception):
    """Raised where a document is not proven to be good."""


class _Proof:
    """Looks at what openapi-spec-validator looks at beyond the JSON Schema of OpenAPI documents."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self._raw = raw
        self.document = Document.__new__(Document)  # only follows references here
        self.document.raw = raw
        self._schemas: dict[int, Any] = {}  # by their ids; a boolean becomes an object that only this keeps
        self._ids: set[str] = set()
        self._registry: Any = None

    def holds(self) -> bool:
        """Whether the document is good for certain."""
        try:
            if self._raw.get("jsonSchemaDialect", _DRAFT) not in _DIALECTS:
                return False
            tags = [tag["name"] for tag in self._raw.get("tags", ())]
            if len(set(tags)) != len(tags):
                return False
            for name, schema in self._raw.get("components", {}).get("schemas", {}).items():
                self._schema(schema, f"#/components/schemas/{escape(name)}")
            for path, item in self._raw.get("paths", {}).items():
                self._path(path, item)
        except (_Doubt, DocumentError, *_ESCAPED):
            return False
        return True

    def _path(self, path: str, node: Any) -> None:
        item, at = self.document.locate(node, f"#/paths/{escape(path)}")
        wanted = {part[1] for part in string.Formatter().parse(path) if part[1]}
        shared = self._parameters(item, at)
        for method in METHODS:
            operation = item.get(method)
            if operation is None:
                continue
            name = operation.get("operationId")
            if name in self._ids or self._parameters(operation, f"{at}/{method}") | shared != wanted:
                raise _Doubt
            if name is not None:
                self._ids.add(name)
            bodies = {f"responses/{escape(status)}": body for status, body in operation.get("responses", {}).items()}
            for place, body in {**bodies, "requestBody": operation.get("requestBody", {})}.items():
                self._content(*self.document.locate(body, f"{at}/{method}/{place}"))

    def _parameters(self, node: Mapping[str, Any], at: str) -> set[str]:
        """Look at the parameters of a path or operation; return the names of those in the path."""
        seen = set()
        for index, parameter in enumerate(node.get("parameters", ())):
            spec, place = self.document.locate(parameter, f"{at}/parameters/{index}")
            if "schema" in spec:
                self._schema(spec["schema"], f"{place}/schema")
            if (spec["name"], spec["in"]) in seen:
                raise _Doubt
            seen.add((spec["name"], spec["in"]))
        return {name for name, where in seen if where == "path"}

    def _content(self, node: Mapping[str, Any], at: str) -> None:
        for name, media in node.get("content", {}).items():
            if "schema" in media:
                self._schema(media["schema"], f"{at}/content/{escape(name)}/schema")

    def _schema(self, node: Any, at: str) -> None:
        """Look at a schema and at all that it is made of."""
        waiting = [(node, at, True)]
        while waiting:
            node, place, whole = waiting.pop()
            whole = whole or (isinstance(node, Mapping) and "$ref" in node)
            schema, at = self.document.locate(node, place)
            if id(schema) in self._schemas:
                continue
            self._schemas[id(schema)] = schema
            if "$schema" in schema or (whole and not _good_schema().is_valid(schema)):
                raise _Doubt
            missing = set(schema.get("required", ())) - set(schema.get("properties", ())) if "allOf" in schema else None
            if missing and missing - self._properties(schema):
                raise _Doubt
            if "default" in schema and not self._fits(schema, at):
                raise _Doubt
            waiting.extend((inner, f"{at}/{key}", False) for key, inner in _parts(schema))

    def _properties(self, schema: Any) -> set[str]:
        """Return the properties that a schema names, with its parts."""
        found: set[str] = set()
        seen: dict[int, Any] = {}
        waiting = [schema]
        while waiting:
            node, _ = self.document.locate(waiting.pop(), "")
            if id(node) not in seen:
                seen[id(node)] = node
                found.update(node.get("properties", ()))
                waiting.extend(inner for keyword in ("allOf", "anyOf", "oneOf") for inner in node.get(keyword, ()))
        return found

    def _fits(self, schema: Mapping[str, Any], at: str) -> bool:
        """Whether the default of a schema fits it for certain."""
        default, bound = schema["default"], _INTEGERS.get(schema.get("format", ""))
        if bound is not None and not (type(default) is int and -bound <= default < bound):
            return False
        if self._registry is None:
            self._registry = jsonschema_rs.Registry([(_URI, self._raw)], draft=jsonschema_rs.Draft202012)
        validator = jsonschema_rs.Draft202012Validator(
            {"$ref": f"{_URI}#{quote(at[1:], safe=POINTER_SAFE)}"},
            registry=self._registry,
            validate_formats=True,
            offline=True,
        )
        return bool(validator.is_valid(default))


def _parts(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the schemas inside a schema, each with its place there."""
    for keyword in ("allOf", "anyOf", "oneOf"):
        yield from ((f"{keyword}/{index}", inner) for index, inner in enumerate(schema.get(keyword, ())))
    yield from ((keyword, schema[keyword]) for keyword in ("not", "items") if keyword in schema)
    yield from ((f"properties/{escape(name)}", inner) for name, inner in schema.get("properties", {}).items())


class _Seen(set[Any]):
    """A set where a list is expected that is only appended to and searched."""

    append = set.add


class _Operation(keywords.OperationValidator):
    """Looks at request bodies too, and says which operation is meant."""

    def __init__(self, registry: Any) -> None:
        super().__init__(registry)
        self.operation_ids_registry: Any = _Seen()

    def __call__(self, url: str, name: str, operation: SchemaPath, path_parameters: SchemaPath | None) -> Iterator[Any]:
        for error in super().__call__(url, name, operation, path_parameters):
            if not error.path:
                error.path.extend(operation.parts)
            yield error
        if "requestBody" in operation and "content" in operation / "requestBody":
            content: Any = self.registry["content"]
            yield from content(operation / "requestBody" / "content")


class _Default(keywords.OpenAPIV31ValueValidator):
    """Says where the default is that does not fit."""

    def __call__(self, schema: SchemaPath, value: Any) -> Iterator[Any]:
        for error in super().__call__(schema, value):
            error.path.extendleft(reversed((*schema.parts, "default")))
            yield error


class _Schema(keywords.OpenAPIV31SchemaValidator):
    def __init__(self, registry: Any) -> None:
        super().__init__(registry)
        self.visited_schema_ids: Any = _Seen()
        self.meta_checked_schema_ids: Any = _Seen()

    def _validate_schema_meta(self, schema: SchemaPath, schema_value: Any) -> Any:
        # A schema of another dialect, declared here or for the document, is none of the compiled validator's business.
        if self._get_schema_dialect_id(schema, schema_value) in _DIALECTS and _good_schema().is_valid(schema_value):
            return None
        return super()._validate_schema_meta(schema, schema_value)


class _Validator(OpenAPIV31SpecValidator):
    keyword_validators: dict[str, type[keywords.KeywordValidator]] = {  # noqa: RUF012  # as the parent has it
        **OpenAPIV31SpecValidator.keyword_validators,
        "default": _Default,
        "operation": _Operation,
        "schema": _Schema,
    }
