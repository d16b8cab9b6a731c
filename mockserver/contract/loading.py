"""From a file to a contract that runs: read, normalised, judged, compiled."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mockserver.contract import yamlfile
from mockserver.engine.contract import Contract
from mockserver.engine.hooks import Hooks
from mockserver.errors import DocumentError, Fault, PageError

__all__ = ["document_or_page", "load_contract", "load_document"]

_DATA = {"example", "examples", "default", "enum", "const"}  # what these hold is data, not references
_NAMED = {"properties", "patternProperties", "$defs", "schemas"}  # unless the author chose the name


def load_document(path: Path) -> dict[str, Any]:
    """Return the data of an OpenAPI 3.1 document. Raises :class:`DocumentError`, faults with their lines."""
    data = yamlfile.load(path, DocumentError)
    name = str(path)
    if not isinstance(data, dict):
        raise DocumentError(Fault("is not an OpenAPI document: found no mapping", name, 1))
    version = data.get("openapi")
    if not isinstance(version, str) or not version.startswith("3.1"):
        found = f"openapi: {version!r}" if version is not None else "no member 'openapi'"
        raise DocumentError(
            Fault(f"is not OpenAPI 3.1: found {found}", name, 1, "#/openapi", "Convert the document to 3.1.")
        )
    outside = [(place, reference) for place, reference in _references(data) if not reference.startswith("#")]
    if outside:
        text = yamlfile.read(path, DocumentError)
        raise DocumentError(
            Fault(
                f"the reference {reference!r} leaves the document",
                name,
                yamlfile.line_of(text, place),
                yamlfile.to_pointer(place),
                "Bundle the document into one file; files and addresses are not followed.",
            )
            for place, reference in outside
        )
    return data


def document_or_page(path: Path) -> tuple[dict[str, Any], tuple[Fault, ...]]:
    """Return the document of a file, derived first when it is a reference page (``.md``), and the warnings of that."""
    if path.suffix.lower() not in {".md", ".markdown"}:
        return load_document(path), ()
    from mockserver.contract.derive import derive

    derivation = derive(yamlfile.read(path, PageError), name=str(path))
    return derivation.document, derivation.warnings


def load_contract(path: Path, hooks: Mapping[str, type[Hooks]] | None = None, *, judge: bool = True) -> Contract:
    """Return the contract of a file; ``judge`` has openapi-core's validator look at the whole document first.

    ``hooks`` are those of the domains, used for the collections whose rules the document names.
    """
    data = load_document(path)
    text = ""
    try:
        if judge:
            from mockserver.engine.authority import check_document

            check_document(data)
        return Contract(data, _wanted(data, hooks or {}))
    except DocumentError as error:
        text = text or yamlfile.read(path, DocumentError)
        raise DocumentError(
            Fault(
                fault.message,
                str(path),
                yamlfile.line_of(text, yamlfile.pointer_parts(fault.pointer)),
                fault.pointer,
                fault.hint,
            )
            for fault in error.faults
        ) from None


def _wanted(data: Mapping[str, Any], hooks: Mapping[str, type[Hooks]]) -> Mapping[str, type[Hooks]]:
    """Return the hooks that belong to a document: those whose collection declares a rule of theirs."""
    named = {
        rule
        for item in data.get("paths", {}).values()
        if isinstance(item, Mapping)
        for operation in item.values()
        if isinstance(operation, Mapping)
        for rule in operation.get("x-rules", ())
    }
    return {name: hook for name, hook in hooks.items() if named & hook.rules.keys()}


def _references(node: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(node, dict):
        reference = node.get("$ref")
        if isinstance(reference, str):
            yield (*place, "$ref"), reference
        for key, value in node.items():
            if key not in _DATA or (place and place[-1] in _NAMED):
                yield from _references(value, (*place, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _references(value, (*place, index))
