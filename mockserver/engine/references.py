"""Schemas inside of a document: where they stand, what they are called, and which dialect they are of.

A schema may name itself by `$id`, `$anchor` and `$dynamicAnchor`, and its dialect by `$schema` (JSON Schema 2020-12,
core, sections 8.1 and 8.2). The engine follows JSON pointers only. So a document whose schemas have names is read
twice: ``localized`` gives the same document with pointers alone, for whatever looks at its structure, and
``named_roots`` what a validator that knows those keywords needs to find the schemas by their names.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote, urljoin, urlsplit

from mockserver.errors import DocumentError, Fault

__all__ = [
    "POINTER_SAFE",
    "escape",
    "is_metaschema",
    "localized",
    "named_roots",
    "parts_of",
    "with_schemas",
    "without_annotated_formats",
]

POINTER_SAFE = "/~!$&'()*+,;=:@?"  # what a URI fragment takes as it is (RFC 3986, section 3.5)

_DATA = {"example", "examples", "default", "enum", "const"}
_MAPS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_SINGLE = (
    "items", "contains", "additionalProperties", "propertyNames", "unevaluatedItems", "unevaluatedProperties",
    "not", "if", "then", "else", "contentSchema",
)  # fmt: skip
_NAMES = ("$id", "$anchor", "$dynamicAnchor")
_METASCHEMAS = "https://json-schema.org/draft/2020-12/"
_STANDARD = _METASCHEMAS + "schema"

Path = tuple[str, ...]


def escape(part: str) -> str:
    """Return a member name as a part of a JSON pointer (RFC 6901, section 3)."""
    return part.replace("~", "~0").replace("/", "~1")


def parts_of(pointer: str) -> Path:
    """Return the names that a pointer is made of."""
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])


def is_metaschema(reference: str) -> bool:
    """Return whether a reference leads to a schema of JSON Schema itself, which every validator has at hand."""
    return reference.startswith(_METASCHEMAS)


def with_schemas(node: Any, change: Callable[[Any, str], Any], pointer: str = "#") -> Any:
    """Return an OpenAPI document with each of its outermost schemas changed; ``change`` gets it and its pointer."""
    if isinstance(node, list):
        return [with_schemas(value, change, f"{pointer}/{index}") for index, value in enumerate(node)]
    if not isinstance(node, Mapping):
        return node
    result = {}
    for name, value in node.items():
        place = f"{pointer}/{escape(name)}"
        if name == "schema" or pointer == "#/components/schemas":
            result[name] = change(value, place)
        elif name in _DATA or name.startswith("x-"):
            result[name] = value
        else:
            result[name] = with_schemas(value, change, place)
    return result


def named_roots(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the outermost schemas of a document that hold a name for a schema, by their pointers."""
    return {pointer: schema for pointer, schema in _roots(raw).items() if _has_names(schema)}


def localized(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a document with each reference to a named schema written as a pointer, and without the names.

    A document without names is returned as it is. A reference that leads nowhere stays as it was. One to a schema of
    JSON Schema itself is left out, and a `$dynamicRef` becomes the reference that it is before anything is extended:
    structure does not show through either. Raises :class:`DocumentError` for a name that two schemas have.
    """
    roots = _roots(raw)
    if not any(_has_names(schema, "$ref") for schema in roots.values()):
        return raw
    index = _Index(roots)
    result: Mapping[str, Any] = with_schemas(raw, lambda schema, pointer: index.rewritten(schema, "", pointer))
    return result


def without_annotated_formats(schema: Any, *, annotated: bool = False) -> Any:
    """Return a schema without the formats that its dialect has as mere annotations.

    OpenAPI leaves it to a tool whether formats are held, and this one holds them. A schema that says by `$schema` that
    it is plain JSON Schema 2020-12 has them as annotations (validation, section 7.2.1).
    """
    if not isinstance(schema, Mapping):
        return schema
    if isinstance(schema.get("$schema"), str):
        annotated = schema["$schema"].rstrip("#") == _STANDARD
    result = _mapped(schema, lambda inner, _: without_annotated_formats(inner, annotated=annotated))
    if annotated:
        result.pop("format", None)
    return result


def _roots(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the outermost schemas of a document by their pointers."""
    found: dict[str, Any] = {}
    with_schemas(raw, lambda schema, pointer: found.setdefault(pointer, schema))
    return found


def _mapped(schema: Mapping[str, Any], change: Callable[[Any, Path], Any]) -> dict[str, Any]:
    """Return a schema with the schemas right inside it changed; ``change`` gets each and the names that lead to it."""
    result = dict(schema)
    for keyword in schema.keys() & _MAPS:
        if isinstance(schema[keyword], Mapping):
            result[keyword] = {name: change(value, (keyword, name)) for name, value in schema[keyword].items()}
    for keyword in schema.keys() & _LISTS:
        if isinstance(schema[keyword], list):
            result[keyword] = [change(value, (keyword, str(i))) for i, value in enumerate(schema[keyword])]
    for keyword in schema.keys() & _SINGLE:
        result[keyword] = change(schema[keyword], (keyword,))
    return result


def _subschemas(schema: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    """Yield the schemas right inside a schema, each with the names that lead to it."""
    found: list[tuple[Path, Any]] = []
    _mapped(schema, lambda inner, path: found.append((path, inner)))
    yield from found


def _has_names(schema: Any, *also: str) -> bool:
    """Return whether a schema, or one inside it, has a name; ``also`` may ask for references to metaschemas too."""
    if not isinstance(schema, Mapping):
        return False
    named = any(isinstance(schema.get(name), str) for name in _NAMES)
    referring = any(isinstance(schema.get(name), str) and is_metaschema(schema[name]) for name in also)
    return named or referring or any(_has_names(inner, *also) for _, inner in _subschemas(schema))


class _Index:
    """Where each named schema of a document stands."""

    def __init__(self, roots: Mapping[str, Any]) -> None:
        self._resources = {"": "#"}
        self._anchors: dict[tuple[str, str], str] = {}
        for pointer, schema in roots.items():
            self._enter(schema, "", pointer)

    def _enter(self, schema: Any, base: str, pointer: str) -> None:
        if not isinstance(schema, Mapping):
            return
        base = _base(schema, base)
        if isinstance(schema.get("$id"), str) and self._resources.setdefault(base, pointer) != pointer:
            raise _twice(schema["$id"], pointer, "$id", self._resources[base])
        for keyword in ("$anchor", "$dynamicAnchor"):
            name = schema.get(keyword)
            if isinstance(name, str) and self._anchors.setdefault((base, name), pointer) != pointer:
                raise _twice(name, pointer, keyword, self._anchors[base, name])
        for path, inner in _subschemas(schema):
            self._enter(inner, base, _extended(pointer, path))

    def pointer(self, reference: str, base: str) -> str | None:
        """Return the pointer that a reference stands for, or ``None`` where the document has no such schema."""
        resource, _, fragment = _joined(base, reference).partition("#")
        start = self._resources.get(resource)
        fragment = unquote(fragment)
        if start is None or not fragment:
            return start
        return start + fragment if fragment.startswith("/") else self._anchors.get((resource, fragment))

    def rewritten(self, schema: Any, base: str, pointer: str) -> Any:
        """Return a schema with pointers for references, and without names."""
        if not isinstance(schema, Mapping):
            return schema
        base = _base(schema, base)
        result = _mapped(schema, lambda inner, path: self.rewritten(inner, base, _extended(pointer, path)))
        for name in _NAMES:
            result.pop(name, None)
        if schema.get("$schema") in self._resources:  # a dialect that the document defines
            del result["$schema"]
        for keyword in ("$ref", "$dynamicRef"):
            reference = schema.get(keyword)
            if not isinstance(reference, str):
                continue
            if is_metaschema(_joined(base, reference)):
                del result[keyword]
            elif (found := self.pointer(reference, base)) is not None:
                del result[keyword]
                result.setdefault("$ref", "#" + quote(found[1:], safe=POINTER_SAFE))
        return result


def _twice(name: str, pointer: str, keyword: str, other: str) -> DocumentError:
    return DocumentError(
        Fault(
            f"the name {name!r} is that of another schema too, at {other}",
            pointer=f"{pointer}/{keyword}",
            hint="Give each schema a name of its own.",
        )
    )


def _base(schema: Mapping[str, Any], base: str) -> str:
    own = schema.get("$id")
    return _joined(base, own).partition("#")[0] if isinstance(own, str) else base


def _joined(base: str, reference: str) -> str:
    """Return a reference as an absolute one; a base that has no hierarchy, such as a URN, takes fragments only."""
    if reference.startswith("#") or not reference:
        return base + reference
    try:
        return reference if urlsplit(reference).scheme else urljoin(base, reference)
    except ValueError:  # no URI at all: nothing is called so
        return reference


def _extended(pointer: str, path: Path) -> str:
    return "/".join((pointer, *map(escape, path)))
