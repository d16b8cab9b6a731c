"""From validator errors to violations: one fault, one entry, in words that help and never quote a value.

Both validators report to here: jsonschema-rs (the compiled plans) and jsonschema (openapi-core). Values of a
request may be secrets, so messages say what was expected and of what kind the found value was, not the value.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from mockserver.engine.problems import Violation

__all__ = ["SchemaError", "from_core", "from_rs", "violations_of"]


@dataclass(frozen=True, slots=True)
class SchemaError:
    """One failed keyword: where in the value, the keyword, its value in the schema, and failed alternatives.

    ``description`` is that of the schema that the keyword stands in.
    """

    path: tuple[str | int, ...]
    keyword: str
    expected: Any
    instance: Any
    branches: tuple[tuple["SchemaError", ...], ...] = ()
    description: str = ""


def from_rs(error: Any, document: Any) -> SchemaError:
    """Return an error of jsonschema-rs as a :class:`SchemaError`; ``document`` is what its schema stands in."""
    kind = error.kind
    context = getattr(kind, "context", None) or ()
    return SchemaError(
        path=tuple(error.instance_path),
        keyword=kind.name,
        expected=kind.value,
        instance=error.instance,
        branches=tuple(tuple(from_rs(inner, document) for inner in branch) for branch in context),
        description=_description(document, list(error.schema_path)) if kind.name == "pattern" else "",
    )


def _description(document: Any, path: list[str | int]) -> str:
    """Return the description of the schema that a keyword stands in, where the path leads to one."""
    node = document
    try:
        for part in path[:-1]:
            node = node[part]
    except (LookupError, TypeError):
        return ""
    return str(node.get("description", "")) if isinstance(node, dict) else ""


def from_core(error: Any, prefix: tuple[str | int, ...] = ()) -> Iterator[SchemaError]:
    """Yield an error of the jsonschema package, one for each missing member where it reports several."""
    path = prefix + tuple(error.relative_path)
    keyword, expected = error.validator, error.validator_value
    if keyword == "dependentRequired":
        keyword = "required"
        missing = [name for key, names in expected.items() if key in error.instance for name in names]
        expected = next((name for name in missing if repr(name) in error.message), "")
    elif keyword == "required":
        expected = next((name for name in expected if error.message.startswith(repr(name))), "")
    elif keyword == "additionalProperties" and isinstance(error.schema, dict):
        known, patterns = error.schema.get("properties", {}), error.schema.get("patternProperties", {})
        names = [name for name in error.instance if name not in known]
        expected = [name for name in names if not any(re.search(pattern, name) for pattern in patterns)]
    description = str(error.schema.get("description", "")) if isinstance(error.schema, dict) else ""
    branches: dict[Any, list[SchemaError]] = {}
    if keyword in {"anyOf", "oneOf"}:
        for inner in error.context:
            branches.setdefault(inner.schema_path[0], []).extend(from_core(inner, path))
    yield SchemaError(path, str(keyword), expected, error.instance, tuple(map(tuple, branches.values())), description)


def violations_of(errors: Iterable[SchemaError], where: str = "body") -> tuple[Violation, ...]:
    """Return one violation per faulty place, ordered by place; several faults of one place share an entry.

    The order is that of the names, so that it does not depend on which validator found the faults.
    """
    found: dict[tuple[str | int, ...], tuple[str, list[str]]] = {}
    for error in errors:
        for leaf in _leaves(error):
            path, keyword, detail = _place(leaf), leaf.keyword, _say(leaf)
            details = found.setdefault(path, (keyword, []))[1]
            empty_already = keyword in {"pattern", "format"} and leaf.instance == "" and details
            if detail not in details and not empty_already:
                details.append(detail)
    return tuple(
        Violation(path, keyword, "; ".join(details), where)
        for path, (keyword, details) in sorted(found.items(), key=lambda item: [_rank(part) for part in item[0]])
    )


def _rank(part: str | int) -> tuple[int, str]:
    return (part, "") if isinstance(part, int) else (-1, part)


def _leaves(error: SchemaError) -> Iterator[SchemaError]:
    """Yield the errors that say most: of failed alternatives, those of the one that the value was meant for."""
    if error.keyword in {"anyOf", "oneOf", "oneOfNotValid"} and error.branches:
        meant = [
            branch
            for branch in error.branches
            if not any(leaf.keyword == "type" and leaf.path == error.path for leaf in branch)
        ]
        if len(meant) > 1:
            told = list(_told_apart(error, meant))
            if told:
                for inner in told:
                    yield from _leaves(inner)
                return
        if len(meant) == 1:
            for inner in meant[0]:
                yield from _leaves(inner)
            return
        if not meant:
            kinds = [str(k) for branch in error.branches for leaf in branch for k in _listed(leaf.expected)]
            yield SchemaError(error.path, "type", list(dict.fromkeys(kinds)), error.instance)
            return
    yield error


def _told_apart(error: SchemaError, branches: list[tuple[SchemaError, ...]]) -> Iterator[SchemaError]:
    """Yield what is wrong where alternatives are told apart by the constant value of a member, as of `kind`.

    Nothing where they are not. One that has its constant is meant; where none has, the member is at fault.
    """
    depth = len(error.path) + 1
    tags = [[leaf for leaf in branch if leaf.keyword == "const" and len(leaf.path) == depth] for branch in branches]
    meant = [branch for branch, tag in zip(branches, tags, strict=True) if not tag]
    missing = [{str(leaf.expected) for leaf in branch if leaf.keyword == "required"} for branch in branches]
    everywhere = set.intersection(*missing)
    if everywhere:
        for name in sorted(everywhere):
            yield SchemaError(error.path, "required", name, error.instance)
    elif len(meant) == 1 and any(tags):
        yield from meant[0]
    elif not meant and len({leaf.path for tag in tags for leaf in tag}) == 1:
        yield SchemaError(tags[0][0].path, "enum", [leaf.expected for tag in tags for leaf in tag], tags[0][0].instance)


def _place(error: SchemaError) -> tuple[str | int, ...]:
    """Return the path of what is faulty: for a missing member, where it should be."""
    if error.keyword == "required":
        return (*error.path, str(error.expected))
    return error.path


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _kind(value: Any) -> str:
    """Return the JSON type of a value, with its article."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "an array" if isinstance(value, list) else "an object"


def _names(value: Any) -> str:
    """Return a few names of members, to stand at the end of a sentence; nothing where they are not known."""
    names = sorted(str(name) for name in value) if isinstance(value, list) else []
    shown = [name if len(name) <= 40 else f"{name[:37]}..." for name in names[:3]]
    return f": {', '.join(map(repr, shown))}{' and others' if len(names) > 3 else ''}" if names else ""


def _article(kinds: list[Any]) -> str:
    named = [str(k) if k == "null" else f"{'an' if str(k)[0] in 'aio' else 'a'} {k}" for k in kinds]
    return " or ".join(named)


def _say(error: SchemaError) -> str:  # noqa: C901  # one case for each keyword, nothing nested
    """Return what is wrong in one short sentence, without the value itself."""
    expected, keyword = error.expected, error.keyword
    count = len(error.instance) if isinstance(error.instance, (str, list, dict)) else 0
    match keyword:
        case "required":
            return "is required"
        case "type":
            return f"is {_kind(error.instance)}, must be {_article(_listed(expected))}"
        case "enum":
            return "must be one of: " + ", ".join(str(option) for option in _listed(expected))
        case "const":
            return f"must be {expected!r}"
        case "pattern" if error.description:
            return f"is not as it must be: {error.description.rstrip('.')}"
        case "pattern":
            return f"does not match the pattern {expected}"
        case "format":
            return f"is not a valid {expected}"
        case "minLength":
            return "must not be empty" if expected == 1 else f"has {count} characters, needs at least {expected}"
        case "maxLength":
            return f"has {count} characters, may have at most {expected}"
        case "minItems":
            return f"has {count} items, needs at least {expected}"
        case "maxItems":
            return "must be empty" if expected == 0 else f"has {count} items, may have at most {expected}"
        case "minProperties" | "maxProperties":
            return f"has {count} members, which is {'fewer' if keyword[1] == 'i' else 'more'} than {expected}"
        case "minimum" | "exclusiveMinimum":
            return f"must be {'at least' if keyword == 'minimum' else 'more than'} {expected}"
        case "maximum" | "exclusiveMaximum":
            return f"must be {'at most' if keyword == 'maximum' else 'less than'} {expected}"
        case "multipleOf":
            return f"must be a multiple of {expected}"
        case "uniqueItems":
            return "has an item twice"
        case "additionalProperties" | "unevaluatedProperties" | "propertyNames":
            return f"has a member that the contract does not know{_names(expected)}"
        case "not" | "falseSchema" | "false schema":
            return "is not allowed here"
        case "anyOf" | "oneOf" | "oneOfNotValid":
            wanted = [str(leaf.expected) for branch in error.branches for leaf in branch if leaf.keyword == "required"]
            if len(wanted) == len(error.branches) > 0:
                return "needs at least one of: " + ", ".join(dict.fromkeys(wanted))
            return "matches none of the forms that the contract allows"
        case "oneOfMultipleValid":
            return "matches several forms of which the contract allows only one"
        case _:
            return f"breaks {keyword!r} of the schema"
