"""Compares the schemas of one place: finds the single changes, in step with what containment proves.

The walk goes over both schemas value by value, each pair of schemas once, so recursion ends and time is bounded.
"""

from dataclasses import replace

from mockserver.contract.diff_containment import UNDECIDED
from mockserver.contract.diff_document import Documents, Node
from mockserver.contract.diff_findings import SUBJECT, Direction, Finding, settle, unexplained, worded
from mockserver.contract.diff_nodes import NodeComparison, Nodes, Shared, end_of, key_of

__all__ = ["SchemaComparison"]

MAX_SCHEMAS = 40_000  # that one comparison looks at, counted anew for each value that they hold for

_Pair = tuple[tuple[str, ...], tuple[str, ...]]
_Children = list[tuple[_Pair, Nodes, Nodes, str, bool]]  # path, and whether findings there are in doubt


class SchemaComparison:
    """Compares pairs of schemas of two documents; a pair that many operations share is compared once."""

    def __init__(self, documents: Documents) -> None:
        self._shared = Shared(documents)
        self._places: dict[tuple[Direction, _Pair], list[Finding]] = {}
        self._nodes: dict[tuple[Direction, _Pair], tuple[list[Finding], _Children]] = {}

    def compare(self, direction: Direction, old: Node, new: Node) -> list[Finding]:
        """Return what changed from the schema ``old`` to ``new`` for values that go in ``direction``."""
        before, after = self._ends([old], [new])
        key = (direction, key_of(before, after))
        if key not in self._places:
            self._places[key] = [worded(finding) for finding in self._place(direction, before, after)]
        return self._places[key]

    def _place(self, direction: Direction, old: Nodes, new: Nodes) -> list[Finding]:
        """Return all findings, capped by what is proven for the place as a whole."""
        findings: list[Finding] = []
        waiting: _Children = [(key_of(old, new), old, new, "", False)]
        seen: set[_Pair] = set()
        looked_at = 0
        while waiting:
            upcoming: _Children = []
            for key, before, after, path, doubtful in waiting:
                if key in seen or looked_at > MAX_SCHEMAS:
                    continue
                seen.add(key)
                looked_at += len(before) + len(after)
                found, children = self._node(direction, key, before, after)
                for one in found:
                    placed = replace(one, path=_join(path, one.path)) if path else one
                    findings.append(placed.doubted() if doubtful else placed)
                upcoming += [
                    (inner, one, other, _join(path, rest), doubtful or doubted)
                    for inner, one, other, rest, doubted in children
                    if inner not in seen
                ]
            waiting = upcoming
            if looked_at > MAX_SCHEMAS:
                kind, message = f"{direction}-schema-changed", f"{SUBJECT} holds more than can be compared"
                findings.append(Finding(kind, new[0].pointer, "", message, UNDECIDED))
                break
        proven = self._shared.judge(direction).nodes(old, new, whole=True)
        root = Finding("", new[0].pointer, "", "")
        return settle(findings, proven, direction, root, sole=False) + unexplained(findings, proven, direction, root)

    def _node(self, direction: Direction, key: _Pair, old: Nodes, new: Nodes) -> tuple[list[Finding], _Children]:
        """Return the findings for one value, and its members that differ; kept for the next who meets it."""
        if (direction, key) not in self._nodes:
            comparison = NodeComparison(self._shared, direction)
            found = comparison.compare(old, new)
            children: _Children = []
            for before, after, path, doubtful in comparison.children:
                before, after = self._ends(before, after)
                if not self._shared.same(before, after):
                    children.append((key_of(before, after), before, after, path, doubtful))
            self._nodes[direction, key] = (found, children)
        return self._nodes[direction, key]

    def _ends(self, old: Nodes, new: Nodes) -> tuple[Nodes, Nodes]:
        documents = self._shared.documents
        return [end_of(documents.old, node) for node in old], [end_of(documents.new, node) for node in new]


def _join(path: str, rest: str) -> str:
    return f"{path}.{rest}" if path and rest and not rest.startswith("[]") else path + rest
