"""Compares what two schemas say of one value: its alternatives are looked into, its members are left for later.

Members that came or went are judged by their presence, everything else by the set of values that it leaves
(JSON Schema 2020-12; OpenAPI 3.1, section 4.8.24).
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mockserver.contract.diff_containment import NARROWED, UNDECIDED, WIDENED, Judge, Relation
from mockserver.contract.diff_document import Documents, Node, Side
from mockserver.contract.diff_findings import SUBJECT, Direction, Finding, Verdict, restructured, settle
from mockserver.contract.diff_notes import note_findings
from mockserver.contract.diff_values import value_findings
from mockserver.contract.diff_variants import Branch, exclude_each_other, match, name_of
from mockserver.contract.diff_views import ANY_TYPE, SIBLINGS, View, view

__all__ = ["NodeComparison", "Nodes", "Shared", "end_of", "key_of"]

MAX_NESTING = 15  # alternatives inside of alternatives
MAX_BRANCHES = 200  # whose members are gathered for one object

HIDDEN: dict[Direction, str] = {"request": "readOnly", "response": "writeOnly"}

Nodes = list[Node]


class Shared:
    """What all comparisons of two documents have in common."""

    def __init__(self, documents: Documents) -> None:
        self.documents = documents
        self._judges = {direction: Judge(documents.old, documents.new, hidden) for direction, hidden in HIDDEN.items()}
        self._views: dict[tuple[bool, tuple[str, ...]], View] = {}

    def judge(self, direction: Direction) -> Judge:
        """Return who decides about what goes in ``direction``."""
        return self._judges[direction]

    def view(self, nodes: Nodes, old: bool) -> View:
        """Return what ``nodes`` of the old or the new document demand together."""
        key = (old, tuple(node.pointer for node in nodes))
        if key not in self._views:
            self._views[key] = view(self.documents.old if old else self.documents.new, nodes)
        return self._views[key]

    def same(self, old: Nodes, new: Nodes) -> bool:
        """Whether two places say the same, word for word."""
        return len(old) == len(new) and all(map(self.documents.same, old, new))


class _Around(NamedTuple):
    """The properties that are declared around an alternative, before and after, and how deep it is nested."""

    old: frozenset[str] = frozenset()
    new: frozenset[str] = frozenset()
    depth: int = 0


class NodeComparison:
    """The comparison of one value; paths of findings and ``children`` start at it."""

    def __init__(self, shared: Shared, direction: Direction) -> None:
        self._shared = shared
        self._direction: Direction = direction
        self._judge = shared.judge(direction)
        self._seen: set[tuple[tuple[str, ...], tuple[str, ...]]] = set()
        # Old and new schemas of a member, its path, and whether more there may mean less here.
        self.children: list[tuple[Nodes, Nodes, str, bool]] = []

    def compare(self, old: Nodes, new: Nodes, around: _Around | None = None) -> list[Finding]:
        """Return what changed for the value itself."""
        around = around or _Around()
        old = [end_of(self._shared.documents.old, node) for node in old]
        new = [end_of(self._shared.documents.new, node) for node in new]
        if self._shared.same(old, new) or key_of(old, new) in self._seen:
            return []
        self._seen.add(key_of(old, new))
        before, after = self._shared.view(old, old=True), self._shared.view(new, old=False)
        at = (new or old)[0].pointer
        findings = list(note_findings(before, after, at, self._direction))
        wrapped = _wrapped(before, after, old, new)
        if wrapped is not None:
            findings += self._variants(*wrapped, at, around, "oneOf" in before.keywords + after.keywords)
        else:
            findings += value_findings(before, after, self._judge, at, self._direction)
            if before.overlaps(after) or not before.types or not after.types:
                around = _Around(
                    around.old | self._names(before, old=True), around.new | self._names(after, old=False), around.depth
                )
                findings += self._members(before, after, at, around)
                findings += self._alternatives(before, after, old, new, around)
                findings += self._others(before, after, old, new, at)
        if not any(finding.relation is not None for finding in findings):
            return findings
        sole = (before.is_leaf and after.is_leaf) or bool(before.variants or after.variants)
        if not (sole or before.other or after.other):
            return findings
        return settle(findings, self._judge.nodes(old, new), self._direction, None, sole)

    def _kind(self, what: str) -> str:
        return f"{self._direction}-{what}"

    # members

    def _members(self, old: View, new: View, at: str, around: _Around) -> Iterator[Finding]:
        for name in sorted(old.properties.keys() | new.properties.keys()):
            if name in old.properties and name in new.properties:
                yield from self._property(old, new, name)
            elif name not in around.old:
                yield from self._added(new, name)
            elif name not in around.new:
                yield from self._removed(old, new, name)
        for name in sorted(new.required.keys() - old.required.keys()):
            if name in around.old or name not in around.new:
                yield from self._required(new, name, new.required[name], now=True)
        for name in sorted(old.required.keys() - new.required.keys()):
            if name in around.new or name not in around.old:
                yield from self._required(old, name, at, now=False)
        if old.items or new.items:
            self.children.append((old.items, new.items, "[]", False))
        yield from self._undeclared(old, new, at)

    def _names(self, of: View, old: bool) -> frozenset[str]:
        """Return the properties that are declared in a view or in one of its alternatives."""
        names = set(of.properties)
        waiting = [branch for group in of.variants for branch in group]
        seen: set[str] = set()
        while waiting and len(seen) < MAX_BRANCHES:
            branch = waiting.pop(0)
            if branch.pointer not in seen:
                seen.add(branch.pointer)
                inner = self._shared.view([branch], old)
                names |= inner.properties.keys()
                waiting += [branch for group in inner.variants for branch in group]
        return frozenset(names)

    def _hidden(self, of: View, name: str, old: bool) -> bool:
        """Whether a property does not travel in this direction: read-only in requests, write-only in answers."""
        if name not in of.properties:
            return False
        return HIDDEN[self._direction] in self._shared.view(of.properties[name], old).flags

    def _property(self, old: View, new: View, name: str) -> Iterator[Finding]:
        was, now = self._hidden(old, name, True), self._hidden(new, name, False)
        if was == now:
            if not was:
                self.children.append((old.properties[name], new.properties[name], name, False))
            return
        flag = "read-only" if self._direction == "request" else "write-only"
        what = f"property-became-{flag}" if now else f"property-no-longer-{flag}"
        message = f"{SUBJECT} was {'not ' if now else ''}{flag}, and is {'' if now else 'not '}now"
        judged = None
        if not now and name in new.required:
            judged = (
                Verdict("breaking", "its requests lack it", "breaking", "it must be read and demanded")
                if self._direction == "request"
                else Verdict("harmless", "clients pass over members they do not know", "breaking", "it must be sent")
            )
        yield Finding(self._kind(what), new.properties[name][0].pointer, name, message, None, judged)

    def _added(self, new: View, name: str) -> Iterator[Finding]:
        if self._hidden(new, name, False):
            return
        required = name in new.required
        what = "required-property-added" if required else "property-added"
        message = f"the property {SUBJECT} did not exist, and is {'required' if required else 'optional'} now"
        yield Finding(self._kind(what), new.properties[name][0].pointer, name, message)

    def _removed(self, old: View, new: View, name: str) -> Iterator[Finding]:
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
        message = f"the property {SUBJECT} was {'required' if required else 'optional'}, and no longer exists"
        yield Finding(self._kind(what), old.properties[name][0].pointer, name, message, None, judged)

    def _required(self, of: View, name: str, at: str, now: bool) -> Iterator[Finding]:
        if self._hidden(of, name, old=not now):
            return
        what = "property-became-required" if now else "property-became-optional"
        states = ("optional", "required") if now else ("required", "optional")
        message = f"the property {SUBJECT} was {states[0]}, and is {states[1]} now"
        yield Finding(self._kind(what), at, name, message, NARROWED if now else WIDENED)

    def _undeclared(self, old: View, new: View, at: str) -> Iterator[Finding]:
        if bool(old.closed) != bool(new.closed):
            what = "additional-properties-closed" if new.closed else "additional-properties-opened"
            states = ("allowed", "not allowed") if new.closed else ("not allowed", "allowed")
            message = f"undeclared members of {SUBJECT} were {states[0]}, and are {states[1]} now"
            yield Finding(self._kind(what), new.closed or at, "", message, NARROWED if new.closed else WIDENED)
        elif not new.closed and (old.additional or new.additional):
            self.children.append((old.additional, new.additional, "*", False))

    # alternatives, and what only containment can judge

    def _alternatives(self, before: View, after: View, old: Nodes, new: Nodes, around: _Around) -> Iterator[Finding]:
        at = (new or old)[0].pointer
        if len(before.variants) == len(after.variants):
            for index, (one, other) in enumerate(zip(before.variants, after.variants, strict=True)):
                branches = [[branch] for branch in one], [[branch] for branch in other]
                exclusive = "oneOf" in (before.keywords[index], after.keywords[index])
                yield from self._variants(*branches, at, around, exclusive)
            if before.keywords == after.keywords:
                return
        yield self._changed("alternatives", self._judge.nodes(old, new), at)

    def _variants(
        self, old: Sequence[Branch], new: Sequence[Branch], at: str, around: _Around, exclusive: bool
    ) -> list[Finding]:
        """Return what changed between alternatives; ``exclusive`` ones are those of oneOf."""
        documents = self._shared.documents
        waiting = len(self.children)
        findings = list(self._branches(old, new, at, around))
        sides = ((documents.old, old), (documents.new, new))
        if not exclusive or all(exclude_each_other(*side) for side in sides):
            return findings
        self.children[waiting:] = [(*child[:3], True) for child in self.children[waiting:]]
        return [finding.doubted() for finding in findings]

    def _branches(self, old: Sequence[Branch], new: Sequence[Branch], at: str, around: _Around) -> Iterator[Finding]:
        if around.depth >= MAX_NESTING:
            yield self._changed("alternatives", UNDECIDED, at)
            return
        pairs, removed, added = match(self._shared.documents, old, new)
        for before, after in pairs:
            yield from self.compare(before, after, around._replace(depth=around.depth + 1))
        for branch in removed:
            message = f"{SUBJECT} could be {name_of(self._shared.documents.old, branch)}, which is no alternative now"
            yield Finding(self._kind("variant-removed"), branch[0].pointer, "", message, NARROWED)
        for branch in added:
            message = (
                f"{SUBJECT} could not be {name_of(self._shared.documents.new, branch)}, which is an alternative now"
            )
            yield Finding(self._kind("variant-added"), branch[0].pointer, "", message, WIDENED)

    def _others(self, before: View, after: View, old: Nodes, new: Nodes, at: str) -> Iterator[Finding]:
        for keyword in sorted(before.other.keys() | after.other.keys()):
            parts = [_cut(of.other.get(keyword, []), keyword) for of in (before, after)]
            texts = [sorted(self._shared.documents.text(node.value) for node in part) for part in parts]
            own = self._judge.nodes(parts[0], parts[1])
            if own.equal or (texts[0] == texts[1] and own == UNDECIDED):
                continue
            yield self._changed(f"`{keyword}`", own, at)
        scopes = [_scopes(of, before, after) for of in (before, after)]
        if scopes[0] != scopes[1] and all(scopes):
            whole = self._judge.nodes(old, new)
            if not whole.equal:
                yield self._changed("the reach of `additionalProperties`", whole, at)

    def _changed(self, what: str, relation: Relation, at: str) -> Finding:
        if relation.equal:
            return restructured(self._direction, at, "")
        return Finding(self._kind("schema-changed"), at, "", f"{what} of {SUBJECT} changed", relation)


def key_of(old: Nodes, new: Nodes) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what identifies a pair of places."""
    return (tuple(node.pointer for node in old), tuple(node.pointer for node in new))


def _wrapped(before: View, after: View, old: Nodes, new: Nodes) -> tuple[list[Branch], list[Branch]] | None:
    """Return both sides as alternatives where one has them and the other is like one of them."""
    if len(before.variants) + len(after.variants) != 1 or not old or not new:
        return None
    many = before if before.variants else after
    if many.types != ANY_TYPE or many.allowed is not None or not many.is_leaf or many.other:
        return None
    branches = [[branch] for branch in many.variants[0]]
    return (branches, [new]) if before.variants else ([old], branches)


def end_of(side: Side, node: Node) -> Node:
    """Return where a pure reference leads, so that all who use a component share one comparison."""
    if isinstance(node.value, dict) and set(node.value) == {"$ref"}:
        return side.target(node) or node
    return node


def _cut(nodes: Sequence[Node], keyword: str) -> Nodes:
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
