"""What ``mockserver check`` and ``mockserver routes`` say."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mockserver.contract import yamlfile
from mockserver.contract.loading import load_contract
from mockserver.contract.overlay import check_overlay
from mockserver.domain.ai_providers import HOOKS
from mockserver.engine.contract import Contract
from mockserver.engine.hooks import World
from mockserver.engine.operations import MediaType
from mockserver.engine.world import RandomIds, SystemClock
from mockserver.errors import BadInput, Fault, OverlayError
from mockserver.fixtures import load_fixture
from mockserver.resources import document_path

__all__ = ["check_file", "routes_table"]


def check_file(
    path: Path, profile: str = "documented", contract: str | None = None, allowed: Path | None = None
) -> str:
    """Return one line of praise for a good document, overlay or fixture.

    Raises :class:`~mockserver.errors.BadInput` with every fault of one that is not good.
    """
    data = yamlfile.load(path)
    if isinstance(data, dict) and "openapi" in data:
        loaded = load_contract(path, HOOKS, allowed=allowed)
        _check_examples(path, loaded)
        return f"{path}: a good OpenAPI document, {len(loaded.document.operations)} operations"
    if isinstance(data, dict) and "overlay" in data:
        text = yamlfile.read(path)
        faults = [_placed(fault, text) for fault in check_overlay(data, str(path))]
        if faults:
            raise OverlayError(faults)
        return f"{path}: a good overlay, {len(data['actions'])} actions"
    if isinstance(data, dict) and (data.keys() & {"users", "generate"} or not data):
        judge = _contract(profile, contract, allowed)
        fixture = load_fixture(path, judge, World(SystemClock(), RandomIds()))
        return f"{path}: a good fixture, {fixture.count} records, {len(fixture.tokens)} tokens"
    raise BadInput(
        Fault(
            "is neither an OpenAPI document, nor an overlay, nor a fixture",
            str(path),
            1,
            hint="One starts with 'openapi:', 'overlay:' or 'users:'.",
        )
    )


def _check_examples(path: Path, contract: Contract) -> None:
    """Raise when an example of a body does not fit its schema."""
    faults = []
    for operation in contract.document.operations:
        bodies = [(operation.body, f"{operation.pointer}/requestBody")]
        for status, spec in operation.responses.items():
            bodies.append((spec.media_types, f"{operation.pointer}/responses/{status}"))
        for media_types, pointer in bodies:
            for media in media_types:
                plan = contract.compiler.schema(media.pointer) if media.is_json else None
                for name, example in _examples(contract, media):
                    for violation in plan.violations(example) if plan is not None else ():
                        message = f"the {name} of {media.name}: {violation.field or 'it'} {violation.detail}"
                        faults.append(Fault(message, pointer=pointer, hint="Mend the example or the schema."))
    if faults:
        text = yamlfile.read(path)
        raise BadInput(_placed(fault, text, str(path)) for fault in faults)


def _examples(contract: Contract, media: MediaType) -> Iterator[tuple[str, Any]]:
    """Yield the examples of a media type, each with what to call it."""
    if "example" in media.raw:
        yield "example", media.raw["example"]
    for name, node in media.raw.get("examples", {}).items():
        yield f"example {name!r}", contract.document.resolve(node).get("value")


def _placed(fault: Fault, text: str, name: str = "") -> Fault:
    line = yamlfile.line_of(text, yamlfile.pointer_parts(fault.pointer))
    return Fault(fault.message, fault.file or name, line, fault.pointer, fault.hint)


def _contract(profile: str, contract: str | None, allowed: Path | None) -> Contract:
    path = Path(contract) if contract else document_path(profile)
    return load_contract(path, HOOKS, judge=bool(contract), allowed=allowed)


def routes_table(profile: str, contract: str | None = None, allowed: Path | None = None) -> str:
    """Return the operations of a contract as a table: method, path, id, what it does, statuses."""
    loaded = _contract(profile, contract, allowed)
    rows: list[tuple[Any, ...]] = [("METHOD", "PATH", "OPERATION", "BEHAVIOUR", "STATUSES")]
    for plan in loaded.plans.values():
        operation = plan.operation
        resource = f"{plan.role} {plan.resource.name}" if plan.resource else plan.role
        rows.append((operation.method, operation.path, operation.id, resource, " ".join(sorted(operation.responses))))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row[:4], widths, strict=True)) + "  " + row[4]
        for row in rows
    )
