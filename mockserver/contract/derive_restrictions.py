"""The cells of a row beside name and type: restrictions, defaults, marks, to JSON Schema keywords."""

import re
from typing import Any

from mockserver.contract.derive_shapes import Notes, Place
from mockserver.contract.page import SchemaRow

__all__ = ["literal", "restrictions"]

_COUNTS = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
_NUMBERS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_NAMES = {name.lower(): name for name in (*_COUNTS, *_NUMBERS, "uniqueItems", "pattern", "default")}
_NAMES |= {"min": "minimum", "max": "maximum", ">=": "minimum", "<=": "maximum", ">": "exclusiveMinimum"}
_NAMES |= {"<": "exclusiveMaximum", "min length": "minLength", "max length": "maxLength", "unique": "uniqueItems"}
_FLAGS = {"read-only": "readOnly", "readonly": "readOnly", "read only": "readOnly"}
_FLAGS |= {"write-only": "writeOnly", "writeonly": "writeOnly", "write only": "writeOnly"}
_FLAGS |= {"unique": "uniqueItems", "uniqueitems": "uniqueItems", "nullable": "nullable"}
_PART = re.compile(r"^([A-Za-z]+(?: length)?|[<>]=?)\s*(?:[:=]\s*|(?<=[<>=])\s*|\s)\s*(.+)$", re.DOTALL)
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,17})(?:\.\d{1,17})?", re.ASCII)
_DEFAULT = re.compile(
    r"(?:^|[\s(.;,])default(?:s)?(?:\s+value)?(?:\s+(?:is|to)\s+(?=[`\"'\d]|true\b|false\b)|\s*[:=]\s*|\s+(?=[`\"\d]|true\b|false\b|[\w.-]+\)))"
    r"(`[^`]*`|\"[^\"]*\"|'[^']*'|[^\s,;()]+)",
    re.IGNORECASE,
)


def restrictions(row: SchemaRow, file: str, notes: Notes) -> tuple[dict[str, Any], str | None]:
    """Return the keywords that a row's cells say, and its default as text (None where there is none)."""
    keywords: dict[str, Any] = {}
    default = row.default
    if row.description:
        keywords["description"] = row.description
        found = _DEFAULT.search(row.description)
        if default is None and found:
            default = _unquoted(found[1])
    if row.deprecated:
        keywords["deprecated"] = True
    for part in _parts(row.restrictions):
        name, value = _keyword(part)
        if not name:
            notes.warn(Place(file, row.line), f"the restriction {part[:60]!r} is not understood and was left out")
        elif name == "default":
            default = default if default is not None else _unquoted(value)
        else:
            keywords[name] = value
    return keywords, default


def _parts(text: str) -> list[str]:
    """Return the restrictions of a cell; a pattern takes the rest of it."""
    head, mark, pattern = text.partition("pattern")
    parts = [part.strip().strip("`").strip() for part in re.split(r"[,;\n]", head)]
    return [part for part in parts if part] + ([mark + pattern] if mark else [])


def _keyword(part: str) -> tuple[str, Any]:
    """Return a restriction as keyword and value, or an empty keyword."""
    if flag := _FLAGS.get(part.lower()):
        return flag, True
    match = _PART.match(part)
    name = _NAMES.get(match[1].lower(), "") if match else ""
    if not match or not name:
        return "", None
    text = match[2].strip().strip("`").strip()
    if name in _COUNTS:
        return (name, int(text)) if re.fullmatch(r"\d{1,9}", text, re.ASCII) else ("", None)
    if name in _NUMBERS:
        number = literal(text, ("number",))
        bad = number is None or (name == "multipleOf" and number <= 0)
        return ("", None) if bad else (name, number)
    if name == "uniqueItems":
        return (name, True) if text.lower() == "true" else ("", None)
    if name == "pattern":
        return (name, text) if _compiles(text) else ("", None)
    return name, text


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return False
    return True


def _unquoted(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "`\"'":
        return text[1:-1]
    return text.rstrip(".")


def literal(text: str, types: tuple[str, ...]) -> Any:
    """Return the value that ``text`` writes for one of the JSON types, or None where it writes none."""
    if "boolean" in types and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if ("integer" in types or "number" in types) and _NUMBER.fullmatch(text):
        if "." not in text:
            return int(text)
        if "number" in types:
            return float(text)
    return text if "string" in types else None
