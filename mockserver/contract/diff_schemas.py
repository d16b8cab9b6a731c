"""Compares the schemas of one place: finds and words the single changes, in step with what containment proves.

The walk goes over both schemas member by member, each pair of schemas once, so recursion ends and time is bounded.
Members that came or went are judged by their presence, everything else by the set of values that it leaves
(JSON Schema 2020-12; OpenAPI 3.1, section 4.8.24).
"""

from collections.abc import Iterator, Sequence

from mockserver.contract.diff_containment import (
    BOTH,
    NARROWED,
    UNDECIDED,
    WIDENED,
    Judge,
    Relation,
)
from mockserver.contract.diff_document import Documents, Node, Side, shown
from mockserver.contract.diff_findings import Direction, Finding, Verdict, restructured, settle, subject
from mockserver.contract.diff_notes import note_findings
from mockserver.contract.diff_values import value_findings
from mockserver.contract.diff_variants import Branch, match, name_of
from mockserver.contract.diff_views import ANY_TYPE, SIBLINGS, View, view

__all__ = ["SchemaComparison"]

MAX_NESTING = 15  # alternatives inside of alternatives

_Nodes = list[Node]


class SchemaComparison:
    """Compares pairs of schemas of two documents; a pair that many operations share is compared once."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._judge = Judge(documents.old, documents.new)
        self._memo: dict[tuple[str, str, str], tuple[Finding, ...]] = {}

    def compare(self, direction: Direction, old: Node, new: Node) -> tuple[Finding, ...]:
        """Return what changed from the schema ``old`` to ``new`` for values that go in ``direction``."""
        pair = (_end(self._documents.old, old), _end(self._documents.new, new))
        key = (direction, pair[0].pointer, pair[1].pointer)
        if key not in self._memo:
            place = _Place(self._documents, self._judge, direction)
            self._memo[key] = tuple(place.compare(*pair))
        return self._memo[key]


class _Place:
    """One comparison of two schemas: what is still to be compared, and what was already."""

    def __init__(self, documents: Documents, judge: Judge, direction: Direction) -> None:
        self._documents = documents
        self._judge = judge
        self._direction: Direction = direction
        self._waiting: list[tuple[_Nodes, _Nodes, str]] = []
        self._seen: set[tuple[tuple[str, ...], tuple[str, ...]]] = set()

    def compare(self, old: Node, new: Node) -> list[Finding]:
        """Return all findings, capped by what is proven for the place as a whole."""
        self._waiting.append(([old], [new], ""))
        findings: list[Finding] = []
        while self._waiting:
            before, after, path = self._waiting.pop(0)
            findings += self._node(before, after, path, 0, frozenset(), frozenset())
        if not any(finding.relation is not None for finding in findings):
            return findings
        proven = self._judge.nodes([old], [new])
        root = Finding("", new.pointer, "", "")
        return settle(findings, proven, self._direction, root, sole=False)

    def _kind(self, what: str) -> str:
        return f"{self._direction}-{what}"

    def _node(
        self, old: _Nodes, new: _Nodes, path: str, depth: int, old_names: frozenset[str], new_names: frozenset[str]
    ) -> list[Finding]:
        """Return the findings for one value; what is inside of it waits. ``*_names`` are declared around it."""
        old = [_end(self._documents.old, node) for node in old]
        new = [_end(self._documents.new, node) for node in new]
        key = (tuple(node.pointer for node in old), tuple(node.pointer for node in new))
        same = len(old) == len(new) and all(map(self._documents.same, old, new))
        if same or key in self._seen:
            return []
        self._seen.add(key)
        before, after = view(self._documents.old, old), view(self._documents.new, new)
        at = new[0].pointer if new else old[0].pointer
        findings = list(note_findings(before, after, at, path, self._direction))
        wrapped = self._wrapped(before, after, old, new)
        if wrapped is not None:
            findings += self._variants(*wrapped, at, path, depth, old_names, new_names)
        else:
            findings += value_findings(before, after, self._judge, at, path, self._direction)
            if before.types & after.types or not before.types or not after.types:
                findings += self._members(before, after, at, path, old_names, new_names)
                findings += self._alternatives(before, after, old, new, path, depth, old_names, new_names)
                findings += self._others(before, after, old, new, at, path)
        if not any(finding.relation is not None for finding in findings):
            return findings
        sole = (before.is_leaf and after.is_leaf) or bool(before.variants or after.variants)
        if not (sole or before.other or after.other):
            return findings
        return settle(findings, self._judge.nodes(old, new), self._direction, None, sole)

    # members

    def _members(
        self, old: View, new: View, at: str, path: str, old_names: frozenset[str], new_names: frozenset[str]
    ) -> Iterator[Finding]:
        known_before = old_names | self._names(old, old=True)
        known_after = new_names | self._names(new, old=False)
        for name in sorted(old.properties.keys() | new.properties.keys()):
            inner = f"{path}.{name}" if path else name
            if name in old.properties and name in new.properties:
                yield from self._property(old, new, name, inner)
            elif name not in known_before:
                yield from self._added(new, name, inner)
            elif name not in known_after:
                yield from self._removed(old, new, name, inner)
        declared = old.properties.keys() ^ new.properties.keys()
        for name in sorted(new.required.keys() - old.required.keys() - (declared - known_before)):
            if not (name not in known_before and name in new.properties):
                yield from self._required(new, name, path, new.required[name], now=True)
        for name in sorted(old.required.keys() - new.required.keys()):
            if name in known_after or name not in known_before:
                yield from self._required(old, name, path, at, now=False)
        if old.items or new.items:
            self._waiting.append((old.items, new.items, f"{path}[]"))
        yield from self._undeclared(old, new, at, path)

    def _names(self, of: View, old: bool, depth: int = 0) -> frozenset[str]:
        """Return the properties that are declared in a view or in one of its alternatives."""
        names = set(of.properties)
        side = self._documents.old if old else self._documents.new
        if depth < 3:
            for branch in (branch for group in of.variants for branch in group):
                names |= self._names(view(side, [branch]), old, depth + 1)
        return frozenset(names)

    def _hidden(self, of: View, name: str, old: bool) -> bool:
        """Whether a property does not travel in this direction: read-only in requests, write-only in answers."""
        if name not in of.properties:
            return False
        flag = "readOnly" if self._direction == "request" else "writeOnly"
        return flag in view(self._documents.old if old else self._documents.new, of.properties[name]).flags

    def _property(self, old: View, new: View, name: str, path: str) -> Iterator[Finding]:
        hidden_before, hidden_now = self._hidden(old, name, True), self._hidden(new, name, False)
        if hidden_before and hidden_now:
            return
        if hidden_before != hidden_now:
            flag = "read-only" if self._direction == "request" else "write-only"
            what = f"property-became-{flag}" if hidden_now else f"property-no-longer-{flag}"
            message = (
                f"{shown(path)} was {'not ' if hidden_now else ''}{flag}, and is {'' if hidden_now else 'not '}now"
            )
            judged = None
            if not hidden_now and name in new.required and self._direction == "request":
                judged = Verdict("breaking", "its requests lack it", "breaking", "it must be read and demanded")
            elif not hidden_now and name in new.required:
                judged = Verdict(
                    "harmless", "clients pass over members they do not know", "breaking", "it must be sent"
                )
            yield Finding(self._kind(what), new.properties[name][0].pointer, path, message, None, judged)
            return
        self._waiting.append((old.properties[name], new.properties[name], path))

    def _added(self, new: View, name: str, path: str) -> Iterator[Finding]:
        if self._hidden(new, name, False):
            return
        required = name in new.required
        what = "required-property-added" if required else "property-added"
        message = f"the property {shown(path)} did not exist, and is {'required' if required else 'optional'} now"
        yield Finding(self._kind(what), new.properties[name][0].pointer, path, message)

    def _removed(self, old: View, new: View, name: str, path: str) -> Iterator[Finding]:
        if self._hidden(old, name, True):
            return
        required = name in old.required
        what = "property-removed"
        judged = None
        if self._direction == "request":
            what = "required-property-removed" if required else what
            if new.closed:
                judged = Verdict(
                    "breaking",
                    "undeclared members are refused",
                    "breaking" if required else "risky",
                    "it refuses requests without it" if required else "it accepts what should now be refused",
                )
        elif new.closed:
            judged = Verdict("breaking", "it may read the property", "breaking", "undeclared members are not allowed")
        message = f"the property {shown(path)} was {'required' if required else 'optional'}, and no longer exists"
        yield Finding(self._kind(what), old.properties[name][0].pointer, path, message, None, judged)

    def _required(self, of: View, name: str, path: str, at: str, now: bool) -> Iterator[Finding]:
        if self._hidden(of, name, old=not now):
            return
        what = "property-became-required" if now else "property-became-optional"
        states = ("optional", "required") if now else ("required", "optional")
        inner = f"{path}.{name}" if path else name
        message = f"the property {shown(inner)} was {states[0]}, and is {states[1]} now"
        yield Finding(self._kind(what), at, inner, message, NARROWED if now else WIDENED)

    def _undeclared(self, old: View, new: View, at: str, path: str) -> Iterator[Finding]:
        if bool(old.closed) != bool(new.closed):
            what = "additional-properties-closed" if new.closed else "additional-properties-opened"
            states = ("allowed", "not allowed") if new.closed else ("not allowed", "allowed")
            message = f"undeclared members of {subject(path)} were {states[0]}, and are {states[1]} now"
            pointer = new.closed or at
            yield Finding(self._kind(what), pointer, path, message, NARROWED if new.closed else WIDENED)
        elif not new.closed and (old.additional or new.additional):
            self._waiting.append((old.additional, new.additional, f"{path}.*" if path else "*"))

    # alternatives, and what only containment can judge

    def _wrapped(self, before: View, after: View, old: _Nodes, new: _Nodes) -> tuple[list[Branch], list[Branch]] | None:
        """Return both sides as alternatives where one has them and the other is like one of them."""
        if len(before.variants) + len(after.variants) != 1:
            return None
        many = before if before.variants else after
        if many.types != ANY_TYPE or many.allowed is not None or not many.is_leaf or many.other:
            return None
        branches = [[branch] for branch in many.variants[0]]
        return (branches, [new]) if before.variants else ([old], branches)

    def _alternatives(
        self,
        before: View,
        after: View,
        old: _Nodes,
        new: _Nodes,
        path: str,
        depth: int,
        old_names: frozenset[str],
        new_names: frozenset[str],
    ) -> Iterator[Finding]:
        at = new[0].pointer if new else old[0].pointer
        old_names |= self._names(before, old=True)
        new_names |= self._names(after, old=False)
        if len(before.variants) == len(after.variants):
            for one, other in zip(before.variants, after.variants, strict=True):
                branches = ([[branch] for branch in one], [[branch] for branch in other])
                yield from self._variants(*branches, at, path, depth, old_names, new_names)
            if before.keywords == after.keywords:
                return
        yield self._changed("alternatives", self._judge.nodes(old, new), at, path)

    def _variants(
        self,
        old: Sequence[Branch],
        new: Sequence[Branch],
        at: str,
        path: str,
        depth: int,
        old_names: frozenset[str],
        new_names: frozenset[str],
    ) -> Iterator[Finding]:
        if depth >= MAX_NESTING:
            yield self._changed("alternatives", UNDECIDED, at, path)
            return
        pairs, removed, added = match(self._documents, old, new)
        for before, after in pairs:
            yield from self._node(before, after, path, depth + 1, old_names, new_names)
        for branch in removed:
            name = name_of(self._documents.old, branch)
            message = f"{subject(path)} could be {name}, which is no alternative now"
            yield Finding(self._kind("variant-removed"), branch[0].pointer, path, message, NARROWED)
        for branch in added:
            name = name_of(self._documents.new, branch)
            message = f"{subject(path)} could not be {name}, which is an alternative now"
            yield Finding(self._kind("variant-added"), branch[0].pointer, path, message, WIDENED)

    def _others(self, before: View, after: View, old: _Nodes, new: _Nodes, at: str, path: str) -> Iterator[Finding]:
        for keyword in sorted(before.other.keys() | after.other.keys()):
            parts = [_cut(of.other.get(keyword, []), keyword) for of in (before, after)]
            texts = [sorted(self._documents.text(node.value) for node in part) for part in parts]
            own = self._judge.nodes(*parts)
            if own.equal or (texts[0] == texts[1] and own == UNDECIDED):
                continue
            yield self._changed(keyword, own, at, path)
        scopes = [_scopes(of, before, after) for of in (before, after)]
        if scopes[0] != scopes[1] and all(scopes):
            whole = self._judge.nodes(old, new)
            if not whole.equal:
                yield self._changed("the scope of undeclared members", whole, at, path)

    def _changed(self, what: str, relation: Relation, at: str, path: str) -> Finding:
        if relation.equal:
            return restructured(self._direction, at, path)
        effect = {NARROWED: "less", WIDENED: "more", BOTH: "other values"}.get(relation)
        outcome = f"it allows {effect} than before" if effect else "what it allows now is not decided"
        message = f"{subject(path)} was described otherwise ({what}), and {outcome}"
        return Finding(self._kind("schema-changed"), at, path, message, relation)


def _end(side: Side, node: Node) -> Node:
    """Return where a pure reference leads, so that all who use a component share one comparison."""
    if isinstance(node.value, dict) and set(node.value) == {"$ref"}:
        return side.target(node) or node
    return node


def _cut(nodes: Sequence[Node], keyword: str) -> _Nodes:
    """Return schemas that hold only ``keyword`` and what belongs to it."""
    keys = (keyword, *SIBLINGS.get(keyword, ()))
    return [Node({key: node.value[key] for key in keys if key in node.value}, node.pointer) for node in nodes]


def _scopes(of: View, old: View, new: View) -> list[list[str]]:
    """Return the declared names that each schema which speaks of undeclared members knows."""
    common = old.properties.keys() & new.properties.keys()
    result = []
    for part in (part.value for part in of.parts if isinstance(part.value, dict)):
        if part.get("additionalProperties", True) not in (True, {}):
            result.append(sorted(common & part.get("properties", {}).keys()))
        if part.get("unevaluatedProperties", True) not in (True, {}):
            result.append(sorted(common))
    return sorted(result)
