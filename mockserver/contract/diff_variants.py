"""Pairs the alternatives of two oneOf or anyOf: the same ones first, then by name, by constant, by title, by type."""

import json
from collections.abc import Callable, Hashable, Sequence

from mockserver.contract.diff_document import Documents, Node, Side, shown
from mockserver.contract.diff_views import View, view

__all__ = ["Branch", "exclude_each_other", "match", "name_of"]

MAX_PAIRED = 40  # alternatives that are held against each other

Branch = list[Node]  # all schemas of one alternative


def match(
    documents: Documents, old: Sequence[Branch], new: Sequence[Branch]
) -> tuple[list[tuple[Branch, Branch]], list[Branch], list[Branch]]:
    """Return the pairs of alternatives that belong together, then those without a partner: old ones, new ones."""
    before, after = list(old), list(new)
    pairs: list[tuple[Branch, Branch]] = []
    for criterion in (_content, _component, _constants, _title, _types):
        _pair(documents, criterion, before, after, pairs)
    if len(before) == len(after) == 1:
        pairs.append((before.pop(), after.pop()))
    return pairs, before, after


_Criterion = Callable[[Documents, Side, Branch], Hashable]


def _pair(
    documents: Documents,
    criterion: _Criterion,
    before: list[Branch],
    after: list[Branch],
    pairs: list[tuple[Branch, Branch]],
) -> None:
    """Move those alternatives to ``pairs`` that have the same key, which no other of their side has."""
    keyed: list[dict[Hashable, list[Branch]]] = []
    for side, branches in ((documents.old, before), (documents.new, after)):
        keys: dict[Hashable, list[Branch]] = {}
        for branch in branches:
            keys.setdefault(criterion(documents, side, branch), []).append(branch)
        keyed.append(keys)
    for key, mine in keyed[0].items():
        other = keyed[1].get(key, [])
        if key is not None and len(mine) == len(other) == 1:
            pairs.append((mine[0], other[0]))
            before[:] = [branch for branch in before if branch is not mine[0]]
            after[:] = [branch for branch in after if branch is not other[0]]


def _content(documents: Documents, side: Side, branch: Branch) -> Hashable:
    return tuple(documents.text(node.value) for node in branch)


def _component(documents: Documents, side: Side, branch: Branch) -> Hashable:
    value = branch[0].value if len(branch) == 1 else None
    reference = value.get("$ref") if isinstance(value, dict) else None
    if isinstance(reference, str):
        return reference
    pointer = branch[0].pointer
    return pointer if pointer.startswith("#/components/") and pointer.count("/") == 3 else None


def _constants(documents: Documents, side: Side, branch: Branch) -> Hashable:
    """Return the members that hold one constant each: what discriminates an alternative."""
    found = []
    for name, nodes in view(side, branch).properties.items():
        allowed = view(side, nodes).allowed
        if allowed is not None and len(allowed) == 1:
            found.append((name, next(iter(allowed))))
    return tuple(sorted(found)) or None


def _title(documents: Documents, side: Side, branch: Branch) -> Hashable:
    titles = view(side, branch).notes.get("title", [])
    return json.dumps(titles) if titles else None


def _types(documents: Documents, side: Side, branch: Branch) -> Hashable:
    return view(side, branch).types


def exclude_each_other(side: Side, branches: Sequence[Branch]) -> bool:
    """Whether no value can fit two of the alternatives, as their types, constants or discriminating members show.

    Only then does oneOf allow more when an alternative does.
    """
    views = [view(side, branch) for branch in branches]
    shared = set.intersection(*({*of.required, *of.properties} for of in views)) if views else set()
    for name in sorted(shared):
        constants = [_allowed(side, of, name) for of in views]
        values = [text for allowed in constants for text in allowed or ()]
        always = all(name in of.required and of.types == {"object"} for of in views)
        if always and all(constants) and len(set(values)) == len(values):
            return True
    if len(views) > MAX_PAIRED:
        return False
    return all(_apart(side, one, other) for index, one in enumerate(views) for other in views[:index])


def _apart(side: Side, one: View, other: View) -> bool:
    if not one.overlaps(other):
        return True
    if one.allowed is not None and other.allowed is not None:
        return not one.allowed.keys() & other.allowed.keys()
    if one.types != {"object"} or other.types != {"object"}:
        return False
    for name in one.required.keys() & other.required.keys():
        mine, its = _allowed(side, one, name), _allowed(side, other, name)
        if mine is not None and its is not None and not set(mine) & set(its):
            return True
    return False


def _allowed(side: Side, of: View, name: str) -> list[str] | None:
    """Return the constants that a member may hold, as texts; None when it may hold anything else."""
    if name not in of.properties:
        return None
    allowed = view(side, of.properties[name]).allowed
    return None if allowed is None else list(allowed)


def name_of(side: Side, branch: Branch) -> str:
    """Return how a message calls an alternative: its component, title, constant or type."""
    reference = branch[0].value.get("$ref") if isinstance(branch[0].value, dict) else None
    if isinstance(reference, str):
        return shown(reference.rpartition("/")[2])
    of = view(side, branch)
    titles = [title for title in of.notes.get("title", []) if isinstance(title, str)]
    if titles:
        return shown(titles[0])
    constants = _constants_text(side, branch)
    if constants:
        return constants
    if of.allowed:
        return ", ".join(shown(value) for value in list(of.allowed.values())[:6])
    return " or ".join(f"`{name}`" for name in sorted(of.types)) or "nothing"


def _constants_text(side: Side, branch: Branch) -> str:
    found = []
    for name, nodes in sorted(view(side, branch).properties.items()):
        allowed = view(side, nodes).allowed
        if allowed is not None and len(allowed) == 1:
            found.append(f"{shown(name)} = {shown(next(iter(allowed.values())))}")
    return "the alternative with " + ", ".join(found) if found else ""
