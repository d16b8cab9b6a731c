"""Whether a matcher can match any request at all: what contradicts itself is refused when it is set."""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

import orjson

from mockserver.control.refusals import refused
from mockserver.engine.operations import Operation

__all__ = ["check_path", "check_place", "check_values"]

_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PARAMETER = re.compile(r"(\{[^}]+\})")
_OWN = "/__mock__"


def check_path(pattern: str, operation: Operation | None, at: str) -> None:
    """Refuse a path (`*` is any text) that no request can have, or none of those of an operation."""
    if not pattern.startswith(("/", "*")):
        refused(at, "can never match: a path begins with /")
    if pattern == _OWN or pattern.startswith(_OWN + "/"):
        refused(at, f"can never match: give the API's own path, without {_OWN}/s/NAME")
    if operation is not None and not any(_meet(pattern, operation.path + end) for end in ("", "/")):
        refused(at, f"can never match: the path of {operation.id} is {operation.path}")


def check_place(place: str, name: str, operations: Collection[Operation], at: str) -> None:
    """Refuse the name of a header or path parameter that no request to any of some operations can have."""
    if place == "headers" and not _HEADER.fullmatch(name):
        refused(at, "can never match: this is no name of a header")
    if place == "path_params" and not any("{" + name + "}" in operation.path for operation in operations):
        where = f"the path of {next(iter(operations)).id}" if len(operations) == 1 else "any path"
        refused(at, f"can never match: there is no parameter {name!r} in {where}")


def check_values(
    condition: Mapping[str, Any], tests: Mapping[str, tuple[Callable[[Any], bool], str]], at: str, as_text: bool
) -> None:
    """Refuse operators that contradict each other; ``tests`` are theirs, each with what it expects."""
    low, high = condition.get("at_least"), condition.get("at_most")
    if condition.get("present") is False and len(condition) > 1:
        refused(at, "can never match: what is not there has no value")
    if low is not None and high is not None and low > high:
        refused(at, f"can never match: at_least {low} is more than at_most {high}")
    operator = next((name for name in ("equals", "one_of") if name in condition), None)
    if operator is None:
        return
    values = [condition["equals"]] if operator == "equals" else condition["one_of"]
    if as_text:
        values = [value if isinstance(value, str) else orjson.dumps(value).decode() for value in values]
    for test, expected in tests.values():
        values = [value for value in values if test(value)]
        if not values:
            refused(at, f"can never match: {tests[operator][1]} contradicts {expected}")


def _meet(pattern: str, template: str) -> bool:
    """Whether a text can be like a pattern (`*` is any text) and fill a template (a parameter is text without `/`)."""
    items: list[str] = []  # a character, "one" of any but /, or "more" of them
    for part in _PARAMETER.split(template):
        items.extend(("one", "more") if _PARAMETER.fullmatch(part) else part)
    places = {0}
    for character in pattern:
        if character == "*":
            places = set(range(min(places), len(items) + 1))
            continue
        ahead = {place for place in places if place < len(items) and _takes(items[place], character)}
        places = {place if items[place] == "more" else place + 1 for place in ahead}
        places |= {place + 1 for place in places if place < len(items) and items[place] == "more"}
        if not places:
            return False
    return len(items) in places


def _takes(item: str, character: str) -> bool:
    return character != "/" if len(item) > 1 else character == item
