"""From a file to a contract that runs: read, normalised, judged, compiled."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from mockserver.contract import yamlfile
from mockserver.engine.contract import Contract
from mockserver.engine.hooks import Hooks
from mockserver.engine.references import localized
from mockserver.errors import DocumentError, Fault, PageError

__all__ = ["document_or_page", "load_contract", "load_document"]

_DATA = {"example", "examples", "default", "enum", "const"}  # what these hold is data, not references
_NAMED = {"properties", "patternProperties", "$defs", "schemas"}  # unless the author chose the name

MAX_FAULTS = 50  # of one file that are told at once


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
    try:
        plain = localized(data)
    except DocumentError as error:
        raise _placed(error, path) from None
    bad = [(place, *fault) for place, reference in _references(plain) if (fault := _reference_fault(plain, reference))]
    if bad:
        text = yamlfile.read(path, DocumentError)
        raise DocumentError(
            Fault(message, name, yamlfile.line_of(text, place), yamlfile.to_pointer(place), hint)
            for place, message, hint in bad[:MAX_FAULTS]
        )
    return data


def document_or_page(path: Path) -> tuple[dict[str, Any], tuple[Fault, ...]]:
    """Return the document of a file, derived first when it is a reference page (``.md``), and the warnings of that."""
    if path.suffix.lower() not in {".md", ".markdown"}:
        return dict(localized(load_document(path))), ()
    from mockserver.contract.derive import derive

    derivation = derive(yamlfile.read(path, PageError), name=str(path))
    return derivation.document, derivation.warnings


def load_contract(path: Path, hooks: Mapping[str, type[Hooks]] | None = None, *, judge: bool = True) -> Contract:
    """Return the contract of a file; ``judge`` has openapi-core's validator look at the whole document first.

    ``hooks`` are those of the domains, used for the collections whose rules the document names.
    """
    data = load_document(path)
    try:
        if judge:
            from mockserver.engine.authority import check_document

            check_document(localized(data))
        contract = Contract(data, _wanted(data, hooks or {}))
        if not contract.document.operations:
            raise DocumentError(Fault("has no operation", pointer="#/paths", hint="Add at least one path."))
        return contract
    except DocumentError as error:
        raise _placed(error, path) from None


def _placed(error: DocumentError, path: Path) -> DocumentError:
    """Return the faults of a document with the file and the lines that they are in."""
    text = yamlfile.read(path, DocumentError)
    return DocumentError(
        Fault(
            fault.message,
            str(path),
            yamlfile.line_of(text, yamlfile.pointer_parts(fault.pointer)),
            fault.pointer,
            fault.hint,
        )
        for fault in error.faults
    )


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


def _reference_fault(data: Any, reference: str) -> tuple[str, str] | None:
    """Return what is wrong with a reference and what to do about it, or ``None`` for one that leads to a value."""
    seen: list[str] = []
    while True:
        if not reference.startswith("#"):
            return (
                f"the reference {reference!r} leaves the document",
                "Bundle the document into one file; files and addresses are not followed.",
            )
        if reference in seen:
            return f"the reference {seen[0]!r} leads back to itself", "Break the loop."
        seen.append(reference)
        node = data
        for part in yamlfile.pointer_parts(unquote(reference)):
            if isinstance(node, dict) and part in node:
                node = node[part]
            elif isinstance(node, list) and part.isdecimal() and int(part) < len(node):
                node = node[int(part)]
            else:
                return f"the reference {reference!r} leads nowhere", "Define it, or mend its spelling."
        if not (isinstance(node, dict) and isinstance(node.get("$ref"), str)):
            return None
        reference = node["$ref"]


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
