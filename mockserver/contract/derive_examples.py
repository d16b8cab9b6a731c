"""Examples of the page: text to data, the media type they show, and whether they fit their schema."""

import json
import math
import re
from typing import Any

import jsonschema_rs

from mockserver.contract import yamlfile
from mockserver.contract.derive_rows import MISSING
from mockserver.contract.derive_shapes import Notes, Place
from mockserver.contract.page import PageExample
from mockserver.errors import BadInput

__all__ = ["Fitness", "is_json", "media_of_fence", "read_example"]

MAX_DEPTH = 20  # levels of an example: deeper ones are left out, with a warning
_MAX_NUMBER = 2**63
_MEDIA = {
    "json": "application/json",
    "yaml": "application/yaml",
    "yml": "application/yaml",
    "xml": "application/xml",
    "text": "text/plain",
    "plaintext": "text/plain",
    "txt": "text/plain",
    "html": "text/html",
    "csv": "text/csv",
}


def media_of_fence(language: str) -> str:
    """Return the media type that the info word of a fence stands for, or nothing."""
    return _MEDIA.get(language, "")


def is_json(media: str) -> bool:
    """Return whether a media type is JSON (RFC 6839: ``+json`` too) or open to it."""
    essence = media.partition(";")[0].strip().lower()
    return essence in ("application/json", "*/*") or essence.endswith("+json")


def read_example(example: PageExample, media: str, file: str, notes: Notes) -> Any:
    """Return the data of an example, or ``MISSING`` (with a warning) where it cannot be read."""
    place = Place(file, example.line)
    language = example.language
    if not example.text.strip():
        notes.warn(place, "an example without content was left out")
        return MISSING
    if language == "json" or (language == "" and is_json(media)):
        value = _json(example.text, place, notes)
        if value is MISSING and language == "" and media == "*/*":
            return example.text.strip("\n")
    elif language in ("yaml", "yml"):
        value = _yaml(example.text, place, notes)
    else:
        return example.text.strip("\n")
    if value is not MISSING and (problem := _unusable(value)):
        notes.warn(place, f"the example {problem}: it was left out")
        return MISSING
    return value


def _json(text: str, place: Place, notes: Notes) -> Any:
    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            notes.warn(place, "an object of the example has a member twice: the last was kept")
        return found

    try:
        return json.loads(text, object_pairs_hook=members)
    except RecursionError:
        notes.warn(place, "the example is nested too deep: it was left out")
    except ValueError as problem:
        line = place.line + getattr(problem, "lineno", 0)
        notes.warn(Place(place.file, line), f"the example is not JSON ({problem}): it was left out")
    return MISSING


def _yaml(text: str, place: Place, notes: Notes) -> Any:
    try:
        return yamlfile.parse(text)
    except BadInput as problem:
        fault = problem.faults[0]
        notes.warn(Place(place.file, place.line + fault.line), f"the example {fault.message}: it was left out")
    return MISSING


def _unusable(value: Any) -> str:
    """Return why data cannot stand in a document, or nothing."""
    stack: list[tuple[Any, int]] = [(value, 1)]
    while stack:
        current, depth = stack.pop()
        if depth > MAX_DEPTH:
            return f"is nested more than {MAX_DEPTH} deep"
        if isinstance(current, dict):
            if "$ref" in current:
                return "has a member named '$ref', which tools misread"
            stack.extend((item, depth + 1) for pair in current.items() for item in pair)
        elif isinstance(current, list):
            stack.extend((item, depth + 1) for item in current)
        elif isinstance(current, str):
            if any("\ud800" <= char <= "\udfff" for char in current):
                return "holds half of a surrogate pair"
        elif isinstance(current, float) and not math.isfinite(current):
            return "holds a number that is not finite"
        elif isinstance(current, int) and abs(current) > _MAX_NUMBER:
            return "holds a number beyond 64 bits"
    return ""


def _is_base64(text: str) -> bool:
    return len(text) % 4 == 0 and re.fullmatch(r"[A-Za-z0-9+/]*={0,2}", text) is not None


class Fitness:
    """Says whether values fit schemas of one set of components, formats included."""

    def __init__(self, schemas: dict[str, Any]) -> None:
        self._schemas = schemas
        self._validators: dict[str, Any] = {}

    def misfit(self, value: Any, schema: dict[str, Any]) -> str:
        """Return why ``value`` does not fit ``schema``, or nothing."""
        key = json.dumps(schema)
        try:
            if key not in self._validators:
                whole = {"allOf": [schema], "components": {"schemas": self._reachable(schema)}}
                self._validators[key] = jsonschema_rs.Draft202012Validator(
                    whole, validate_formats=True, formats={"byte": _is_base64}
                )
            error = next(iter(self._validators[key].iter_errors(value)), None)
        except (ValueError, jsonschema_rs.ReferencingError) as problem:
            return f"cannot be checked ({str(problem)[:80]})"
        if error is None:
            return ""
        pointer = yamlfile.to_pointer(tuple(error.instance_path))
        return f"{pointer}: {error.message[:120]}"

    def _reachable(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return the components that a schema leads to, so that a large document is not compiled for each."""
        found: dict[str, Any] = {}
        stack: list[Any] = [schema]
        while stack:
            current = stack.pop()
            if isinstance(current, list):
                stack.extend(current)
            elif isinstance(current, dict):
                ref = current.get("$ref")
                name = ref.rpartition("/")[2] if isinstance(ref, str) else ""
                if name and name not in found and name in self._schemas:
                    found[name] = self._schemas[name]
                    stack.append(found[name])
                stack.extend(current.values())
        return found
