"""Parameters of an operation: rows, enumerated values, and what the sample's URL and headers show."""

import re
from collections.abc import Sequence
from typing import Any

from mockserver.contract.derive_examples import Fitness
from mockserver.contract.derive_restrictions import literal, restrictions
from mockserver.contract.derive_rows import shape_of_cell
from mockserver.contract.derive_schemas import Components
from mockserver.contract.derive_security import credentials, query_values, sent_headers
from mockserver.contract.derive_shapes import TABLE, Notes, Place
from mockserver.contract.page import Enumeration, PageOperation, PageParameter

__all__ = ["PLACES", "parameters"]

PLACES = ("path", "query", "header", "cookie")
_IGNORED = ("accept", "content-type", "authorization")  # OpenAPI 3.1, section 4.8.12: said by other means


def parameters(
    operation: PageOperation, file: str, values: Sequence[Enumeration], components: Components
) -> list[dict[str, Any]]:
    """Return the Parameter Objects of an operation: the table's, then what only its path or sample shows."""
    notes = components.notes
    template = re.findall(r"\{([^{}]*)\}", operation.path)
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for item in operation.parameters:
        key = _key(item)
        place = Place(file, item.row.line)
        if item.where not in PLACES or not _wanted(item, template, place, notes):
            continue
        if key in found:
            notes.warn(place, f"the {item.where} parameter {item.row.name!r} is given twice: the first was kept")
            continue
        found[key] = _parameter(item, file, values, components)
    _from_path(operation, template, file, found, notes)
    _from_sample(operation, file, found, components)
    return list(found.values())


def _key(item: PageParameter) -> tuple[str, str]:
    name = item.row.name.lower() if item.where == "header" else item.row.name
    return item.where, name


def _wanted(item: PageParameter, template: list[str], place: Place, notes: Notes) -> bool:
    """Return whether a row becomes a parameter; warn where it cannot."""
    row = item.row
    if item.where == "path" and row.name not in template:
        notes.warn(place, f"the path has no place for the path parameter {row.name!r}: it was left out")
        return False
    if item.where == "header" and row.name.lower() in _IGNORED:
        if row.name.lower() != "content-type":
            notes.warn(place, f"OpenAPI does not take the header {row.name!r} as a parameter: it was left out")
        return False
    if row.depth:
        notes.warn(place, f"a row nested in a {item.where} parameter, {row.name!r}, was left out")
        return False
    return True


def _parameter(item: PageParameter, file: str, values: Sequence[Enumeration], components: Components) -> dict[str, Any]:
    row = item.row
    place = Place(file, row.line)
    shape = shape_of_cell(row.type, place, TABLE, components.see)
    keywords, shape.default = restrictions(row, file, components.notes)
    shape.nullable = shape.nullable or keywords.pop("nullable", False)
    description = keywords.pop("description", "")
    deprecated = keywords.pop("deprecated", False)
    shape.keywords = keywords
    for enumeration in values:
        if enumeration.name == row.name:
            reader = components.reader(file)
            reader.give(shape, enumeration)
            reader.finish(())
    result: dict[str, Any] = {"name": row.name, "in": item.where}
    if description:
        result["description"] = description
    if item.where == "path":
        if row.required is False:
            components.notes.warn(place, f"the path parameter {row.name!r} is called optional: it cannot be")
        result["required"] = True
    elif row.required:
        result["required"] = True
    if deprecated:
        result["deprecated"] = True
    result["schema"] = components.render(shape)
    return result


def _from_path(
    operation: PageOperation, template: list[str], file: str, found: dict[tuple[str, str], dict[str, Any]], notes: Notes
) -> None:
    """Add the parameters that the path has and the table lacks: any text, for nothing more is said."""
    for name in dict.fromkeys(template):
        if ("path", name) not in found:
            place = Place(file, operation.line)
            notes.warn(place, f"the table of parameters lacks {name!r} of the path {operation.path}: it was added")
            found["path", name] = {"name": name, "in": "path", "required": True, "schema": {}}


def _from_sample(
    operation: PageOperation, file: str, found: dict[tuple[str, str], dict[str, Any]], components: Components
) -> None:
    """Add example values from the sample's query, and headers that only the sample shows."""
    sample = operation.sample
    if sample is None:
        return
    place = Place(file, sample.line)
    keys = {scheme.scheme.get("name") for scheme in credentials(operation)}
    for name, text in query_values(sample):
        if name in keys:
            continue
        known = found.get(("query", name))
        if known is None:
            components.notes.warn(place, f"the sample sends the query parameter {name!r}, which no table has")
        else:
            _example(known, text, place, components.notes)
    for name, text in sent_headers(sample):
        if ("header", name.lower()) in found:
            _example(found["header", name.lower()], text, place, components.notes)
        else:
            components.notes.warn(place, f"the sample sends the header {name!r}, which no table has: it was added")
            found["header", name.lower()] = {"name": name, "in": "header", "schema": {}, "example": text}


def _example(parameter: dict[str, Any], text: str, place: Place, notes: Notes) -> None:
    """Add the sample's value as the example, where it fits the parameter's type."""
    schema = parameter["schema"]
    listed = schema.get("type") == "array"
    inner = schema.get("items", {}) if listed else schema
    kind = inner.get("type", "string")
    value = literal(text, (kind,) if isinstance(kind, str) else tuple(kind))
    if value is None or Fitness({}).misfit(value, inner if "$ref" not in str(inner) else {}):
        notes.warn(place, f"the sample's value {text[:60]!r} for {parameter['name']!r} does not fit its type")
    elif "example" not in parameter:
        parameter["example"] = [value] if listed else value
