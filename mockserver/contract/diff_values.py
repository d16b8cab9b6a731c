"""Findings about the values that a schema allows: type, enumeration, bounds, pattern, format."""

from collections.abc import Iterator
from typing import Any

from mockserver.contract.diff_containment import NARROWED, WIDENED, Judge, Relation
from mockserver.contract.diff_document import Node, shown
from mockserver.contract.diff_findings import SUBJECT, Direction, Finding
from mockserver.contract.diff_views import ANY_TYPE, LIMITS, View

__all__ = ["value_findings"]


def value_findings(old: View, new: View, judge: Judge, at: str, direction: Direction) -> Iterator[Finding]:
    """Yield what changed about the values allowed, each with what it alone does to them."""

    def found(what: str, message: str, relation: Relation) -> Finding:
        return Finding(f"{direction}-{what}", at, "", message, relation)

    for rows in (_types(old, new), _enumeration(old, new)):
        for row in rows:
            yield found(*row)
    if old.types and new.types and not old.overlaps(new):
        return
    for row in (*_limits(old, new), *_texts(old, new, judge)):
        yield found(*row)
    if sorted(map(shown, old.multiples)) != sorted(map(shown, new.multiples)):
        schemas = [{"allOf": [{"multipleOf": step} for step in of.multiples]} for of in (old, new)]
        relation = judge.schemas({"type": "number", **schemas[0]}, {"type": "number", **schemas[1]})
        message = f"`multipleOf` of {SUBJECT} was {_all(old.multiples)}, and is {_all(new.multiples)} now"
        yield found("multiple-of-changed", message, relation)
    if old.unique != new.unique:
        states = ("unique", "repeated")[:: 1 if old.unique else -1]
        words = {"unique": "had to be unique", "repeated": "could be repeated"}
        now = "must be unique" if new.unique else "may be repeated"
        what = "unique-items-required" if new.unique else "unique-items-dropped"
        yield found(
            what, f"the items of {SUBJECT} {words[states[0]]}, and {now} now", NARROWED if new.unique else WIDENED
        )


_Row = tuple[str, str, Relation]


def _covered(types: frozenset[str], by: frozenset[str]) -> bool:
    return all(name in by or (name == "integer" and "number" in by) for name in types)


def _types(old: View, new: View) -> Iterator[_Row]:
    if old.types == new.types:
        return
    partly = ANY_TYPE not in (old.types, new.types) and (old.types - {"null"}) and (new.types - {"null"})
    before, after = old.types, new.types
    if partly and "null" in before ^ after:
        now = "null" in after
        message = f"{SUBJECT} was {'never' if now else 'possibly'} `null`, and {'may' if now else 'must not'} be now"
        yield ("became-nullable" if now else "no-longer-nullable", message, WIDENED if now else NARROWED)
        before, after = before - {"null"}, after - {"null"}
        if before == after:
            return
    lost, gained = not _covered(before, after), not _covered(after, before)
    what = "type-changed" if lost and gained else "type-narrowed" if lost else "type-widened"
    message = f"the type of {SUBJECT} was {_names(before)}, and is {_names(after)} now"
    yield (what, message, Relation(lost, gained))


def _names(types: frozenset[str]) -> str:
    if types == ANY_TYPE:
        return "any"
    return " or ".join(f"`{name}`" for name in sorted(types)) or "none"


def _enumeration(old: View, new: View) -> Iterator[_Row]:
    before, after = old.allowed, new.allowed
    if before is None and after is None:
        return
    if before is None:
        values = _all(list((after or {}).values()))
        yield ("enum-introduced", f"{SUBJECT} was free, and is one of {values} now", NARROWED)
        return
    if after is None:
        values = _all(list(before.values()))
        yield ("enum-dropped", f"{SUBJECT} was one of {values}, and is free now", WIDENED)
        return
    silent = {"null"} if "null" in old.types ^ new.types else set()  # reported as nullable
    for text in sorted(after.keys() - before.keys() - silent):
        message = f"{shown(after[text])} was no value of {SUBJECT}, and is one now"
        yield ("enum-value-added", message, WIDENED)
    for text in sorted(before.keys() - after.keys() - silent):
        message = f"{shown(before[text])} was a value of {SUBJECT}, and is none now"
        yield ("enum-value-removed", message, NARROWED)


def _limits(old: View, new: View) -> Iterator[_Row]:
    for keyword, larger_is_tighter in LIMITS.items():
        before, after = old.limits.get(keyword), new.limits.get(keyword)
        if before == after:
            continue
        tighter = before is None or (after is not None and (after > before) is larger_is_tighter)
        message = f"`{keyword}` of {SUBJECT} was {_bound(before)}, and is {_bound(after)} now"
        yield ("bound-narrowed" if tighter else "bound-widened", message, NARROWED if tighter else WIDENED)


def _bound(value: float | None) -> str:
    return "not set" if value is None else shown(value)


def _texts(old: View, new: View, judge: Judge) -> Iterator[_Row]:
    for keyword, before, after in (
        ("pattern", sorted(old.patterns), sorted(new.patterns)),
        ("format", sorted(old.formats), sorted(new.formats)),
    ):
        if before == after:
            continue
        what = "changed" if before and after else "added" if after else "removed"
        types = sorted(old.types & new.types) or sorted(old.types)
        relation = judge.nodes(_restricted(keyword, before, types), _restricted(keyword, after, types))
        message = f"the {keyword} of {SUBJECT} was {_all(before)}, and is {_all(after)} now"
        yield (f"{keyword}-{what}", message, relation)


def _restricted(keyword: str, texts: list[str], types: list[str]) -> list[Node]:
    return [Node({"type": types}, "#"), *(Node({keyword: text}, "#") for text in texts)]


def _all(values: list[Any]) -> str:
    return ", ".join(shown(value) for value in values[:6]) + (", ..." if len(values) > 6 else "") or "none"
