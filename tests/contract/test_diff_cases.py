"""Every kind of change as data: documents before and after, and what the comparison must say of them."""

import copy
from pathlib import Path
from typing import Any

import pytest

from mockserver.contract import yamlfile
from mockserver.contract.diff import CATALOGUE, Change, diff

CASES = Path(__file__).parent / "diff_cases"
BASE = yamlfile.load(CASES / "base.yaml")


def cases() -> list[Any]:
    found = []
    for path in sorted(CASES.glob("*.yaml")):
        if path.name != "base.yaml":
            for case in yamlfile.load(path):
                found.append(pytest.param(case, id=f"{path.stem}: {case['name']}"))
    return found


def edited(document: dict[str, Any], edits: dict[str, Any]) -> dict[str, Any]:
    """Return a copy with the value at each pointer set, or removed where it is null."""
    result = copy.deepcopy(document)
    for pointer, value in edits.items():
        *parents, last = yamlfile.pointer_parts(pointer)
        target: Any = result
        for part in parents:
            target = target[int(part)] if isinstance(target, list) else target[part]
        key: Any = int(last) if isinstance(target, list) else last
        if value is None:
            del target[key]
        elif isinstance(target, list) and key == len(target):
            target.append(copy.deepcopy(value))
        else:
            target[key] = copy.deepcopy(value)
    return result


def document_with(schema: Any, components: dict[str, Any], direction: str) -> dict[str, Any]:
    """Return a document with one operation that takes or gives ``schema``."""
    content = {"content": {"application/json": {"schema": schema}}}
    operation: dict[str, Any] = {"responses": {"200": {"description": "ok"}}}
    if direction == "request":
        operation["requestBody"] = content
    else:
        operation["responses"]["200"] |= content
    return {"openapi": "3.1.0", "paths": {"/x": {"post": operation}}, "components": {"schemas": components}}


def documents(case: dict[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any], list[str]]]:
    """Return what a case compares: old, new and the expected changes."""
    if "schema" not in case:
        both = edited(BASE, case.get("both", {}))
        old, new = (edited(both, case.get(side, {})) for side in ("old", "new"))
        return [(old, new, case["changes"])]
    components = case.get("components", {})
    return [
        (*(document_with(schema, components, direction) for schema in case["schema"]), case[direction])
        for direction in ("request", "response")
    ]


def told(changes: tuple[Change, ...]) -> list[str]:
    return sorted(f"{change.kind} {change.for_clients} {change.for_servers}" for change in changes)


@pytest.mark.parametrize("case", cases())
def test_a_change_is_named_and_classified(case: dict[str, Any]) -> None:
    for old, new, expected in documents(case):
        assert told(diff(old, new)) == sorted(expected)


@pytest.mark.parametrize("case", cases())
def test_nothing_differs_from_itself(case: dict[str, Any]) -> None:
    for old, new, _ in documents(case):
        assert diff(old, copy.deepcopy(old)) == ()
        assert diff(new, copy.deepcopy(new)) == ()


# What is added in one direction is removed in the other; kinds that read the same both ways are left out.
OPPOSITES = [
    ("became-required", "became-optional"),
    ("additional-properties-closed", "additional-properties-opened"),
    ("unique-items-required", "unique-items-dropped"),
    ("enum-introduced", "enum-dropped"),
    ("-narrowed", "-widened"),
    ("-added", "-removed"),
    ("became-nullable", "no-longer-nullable"),
    ("became-read-only", "no-longer-read-only"),
    ("became-write-only", "no-longer-write-only"),
    ("no-longer-deprecated", "deprecated"),
]


def reversed_kind(kind: str) -> str:
    for one, other in OPPOSITES:
        for before, after in ((one, other), (other, one)):
            if before in kind:
                return kind.replace(before, after)
    return kind


def essence(kind: str) -> str:
    """Return a kind without what differs between a thing that came and one that went."""
    for word in ("optional-", "required-", "success-", "error-", "response-status", "status"):
        kind = kind.replace(word, "")
    return kind


@pytest.mark.parametrize("case", cases())
def test_what_is_added_one_way_is_removed_the_other_way(case: dict[str, Any]) -> None:
    for old, new, _ in documents(case):
        forth = sorted(essence(reversed_kind(change.kind)) for change in diff(old, new))
        back = sorted(essence(change.kind) for change in diff(new, old))
        assert forth == back


def test_every_kind_is_in_the_catalogue_and_has_a_case() -> None:
    seen = {change.kind for case in cases() for old, new, _ in documents(case.values[0]) for change in diff(old, new)}
    assert seen == set(CATALOGUE)


def test_there_are_at_least_60_cases() -> None:
    assert len(cases()) >= 60
