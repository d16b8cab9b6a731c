"""What every part of the comparison works with: both documents, schema comparison, and the list of changes."""

from typing import Any, NamedTuple

from mockserver.contract.diff_document import Documents, Node, shown
from mockserver.contract.diff_findings import Direction, Verdict, usual, verdict
from mockserver.contract.diff_model import Change
from mockserver.contract.diff_notes import changed_members
from mockserver.contract.diff_schemas import SchemaComparison

__all__ = ["Collector", "Place", "Two"]

DOCUMENTATION = ("summary", "description", "tags", "externalDocs", "example", "examples", "title")


class Two(NamedTuple):
    """The same part in the old and in the new document."""

    old: Node
    new: Node


class Place(NamedTuple):
    """Where changes are found: an operation (``GET /path`` or empty) and a part of it."""

    operation: str
    where: str

    def at(self, where: str) -> "Place":
        """Return another part of the same operation."""
        return Place(self.operation, where)


class Collector:
    """Gathers the changes between two documents."""

    def __init__(self, old: Any, new: Any, names: tuple[str, str]) -> None:
        self.documents = Documents(old, new, names)
        self.schemas = SchemaComparison(self.documents)
        self._changes: set[Change] = set()

    def sorted_changes(self) -> tuple[Change, ...]:
        """Return the changes in an order that depends on nothing but themselves."""
        return tuple(sorted(self._changes, key=_order))

    def add(self, kind: str, place: Place, pointer: str, message: str, judged: Verdict | None = None) -> None:
        """Add a change; the usual verdict of its kind holds where nothing else is said."""
        self._changes.add(Change(kind, place.operation, pointer, place.where, message, *(judged or usual(kind))))

    def compare_schemas(self, direction: Direction, place: Place, old: Node, new: Node) -> None:
        """Add what changed between two schemas."""
        for finding in self.schemas.compare(direction, old, new):
            self.add(finding.kind, place, finding.pointer, finding.message, verdict(finding, direction))

    def compare_notes(self, two: Two, place: Place, what: str) -> None:
        """Add changes of documentation, extensions and the deprecation mark of an OpenAPI object."""
        changed = changed_members(two.old.value, two.new.value)
        notes = [name for name in changed if name in DOCUMENTATION]
        if notes:
            words = ", ".join(map(shown, notes))
            self.add("documentation-changed", place, two.new.pointer, f"{words} of {what} changed")
        extensions = [name for name in changed if name.startswith("x-")]
        if extensions:
            words = ", ".join(map(shown, extensions))
            self.add("extension-changed", place, two.new.pointer, f"{words} of {what} changed")
        was, now = (node.value.get("deprecated") is True for node in two)
        if was != now:
            kind = "deprecated" if now else "no-longer-deprecated"
            message = f"{what} was {'not ' if now else ''}deprecated, and is {'' if now else 'not '}now"
            self.add(kind, place, two.new.pointer, message)


def _order(change: Change) -> tuple[str, ...]:
    method, _, path = change.operation.partition(" ")
    return (path, method, change.where, change.pointer, change.kind, change.message)
