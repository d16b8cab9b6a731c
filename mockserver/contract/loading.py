"""From a file to a contract that runs: read, normalised, judged, compiled."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mockserver.contract import yamlfile
from mockserver.contract.referenced_files import Sources, follow_references
from mockserver.engine.contract import Contract
from mockserver.engine.hooks import Hooks
from mockserver.engine.references import localized
from mockserver.errors import DocumentError, Fault, PageError

__all__ = ["document_or_page", "load_contract", "load_document"]


def load_document(path: Path, allowed: Path | None = None) -> dict[str, Any]:
    """Return the data of an OpenAPI 3.1 document, the files below ``allowed`` that it refers to taken into it.

    Raises :class:`DocumentError`, faults with their lines.
    """
    return _load(path, allowed)[0]


def _load(path: Path, allowed: Path | None) -> tuple[dict[str, Any], Sources]:
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
    return data, follow_references(data, path, allowed)


def document_or_page(path: Path, allowed: Path | None = None) -> tuple[dict[str, Any], tuple[Fault, ...]]:
    """Return the document of a file, derived first when it is a reference page (``.md``), and the warnings of that."""
    if path.suffix.lower() not in {".md", ".markdown"}:
        return dict(localized(load_document(path, allowed))), ()
    from mockserver.contract.derive import derive

    derivation = derive(yamlfile.read(path, PageError), name=str(path))
    return derivation.document, derivation.warnings


def load_contract(
    path: Path,
    hooks: Mapping[str, type[Hooks]] | None = None,
    *,
    judge: bool = True,
    allowed: Path | None = None,
) -> Contract:
    """Return the contract of a file; ``judge`` has openapi-core's validator look at the whole document first.

    ``hooks`` are those of the domains, used for the collections whose rules the document names; ``allowed`` is the
    folder of the files that the document may refer to.
    """
    data, sources = _load(path, allowed)
    try:
        if judge:
            from mockserver.engine.authority import check_document

            check_document(localized(data))
        contract = Contract(data, _wanted(data, hooks or {}))
        if not contract.document.operations:
            raise DocumentError(Fault("has no operation", pointer="#/paths", hint="Add at least one path."))
        return contract
    except DocumentError as error:
        raise DocumentError(sources.placed(fault) for fault in error.faults) from None


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
