"""Tables of the reference page: type cells, nesting marks, rows of members, parameters, responses, values.

A table is recognised by the words of its header, whatever their order. What a cell says that is not understood
goes to ``warn`` with the line of the row.
"""

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from mockserver.contract.page import (
    Enumeration,
    PageHeader,
    PageParameter,
    PageResponse,
    SchemaRow,
    TypeCell,
)
from mockserver.contract.page_blocks import Block, plain

__all__ = [
    "Warn",
    "enumerations",
    "header_rows",
    "is_deprecated",
    "kind_of_table",
    "member_rows",
    "parameter_rows",
    "parse_type",
    "response_rows",
]

Warn = Callable[[int, str], None]

JSON_TYPES = ("string", "integer", "number", "boolean", "object", "array", "null", "any")
_SYNONYMS = {
    "int": ("integer", ""),
    "bool": ("boolean", ""),
    "str": ("string", ""),
    "float": ("number", "float"),
    "double": ("number", "double"),
    "binary": ("string", "binary"),
    "file": ("string", "binary"),
    "*": ("any", ""),
    **dict.fromkeys(("allof", "anyof", "oneof"), ("any", "")),  # the parts have tables of their own
}
_KINDS: tuple[tuple[str, frozenset[str], frozenset[str]], ...] = (
    # kind, columns that must be there, columns that may be
    (
        "parameters",
        frozenset({"name", "in"}),
        frozenset({"type", "required", "description", "default", "restrictions"}),
    ),
    ("headers", frozenset({"status", "header"}), frozenset({"type", "format", "description"})),
    ("responses", frozenset({"status"}), frozenset({"meaning", "description", "schema"})),
    (
        "members",
        frozenset({"name", "type"}),
        frozenset({"required", "restrictions", "description", "default"}),
    ),
    ("values", frozenset({"value"}), frozenset({"property", "parameter", "name"})),
)
_LINK = re.compile(r"^\[([^\[\]]+)\]\(([^()]*)\)$")
_TYPE = re.compile(r"^([A-Za-z*]+)(?:\(([^()]*)\))?$")
_DOTTED = re.compile(r"^[A-Za-z_][\w-]*(?:\.[\w-]+)+$")
_MARKS = re.compile(r"^[»\s`]*")
_MAX_NESTING = 16  # "array of array of ...": more is not a type that anybody wrote
_DEPRECATED = re.compile(
    r"(?:^|[.!?:;)]\s+|\n[ \t*_]*|^[\W_]*)deprecated\b|[(\[]deprecated[)\]]|"
    r"\b(?:this|the) (?:\w+ ){1,3}?(?:is|are|was|has been|have been) (?:now )?deprecated\b",
    re.IGNORECASE,
)


def is_deprecated(text: str) -> bool:
    """Return whether ``text`` marks its subject as deprecated (not merely speaks of deprecated things)."""
    return _DEPRECATED.search(text) is not None


def kind_of_table(block: Block) -> str:
    """Return the kind of a table: ``parameters``, ``responses``, ``members``, ``values``, ``headers`` or ``""``."""
    columns = set(_columns(block))
    for kind, needed, _ in _KINDS:
        if needed <= columns and (kind != "responses" or columns & {"meaning", "schema"}):
            return kind
    return ""


def _columns(block: Block) -> list[str]:
    """Return the column names in lower case; ``Value(s)`` and ``Values`` are ``value``."""
    names = [plain(cell).lower() for cell in block.rows[0].cells]
    return ["value" if name in ("value(s)", "values", "allowed values") else name for name in names]


def _records(block: Block, warn: Warn) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each row as a mapping of column to cell; warn of what does not fit the header."""
    columns = _columns(block)
    known = next(needed | more for kind, needed, more in _KINDS if kind == kind_of_table(block))
    for name in columns:
        if name not in known:
            warn(block.line, f"the column {name!r} is not understood and was left out")
    if not block.closed:
        warn(block.line, "a table without a row of dashes below its header")
    for row in block.rows[1:]:
        cells, more = row.cells, len(row.cells) - len(columns)
        if more:
            warn(row.line, f"a row of {len(cells)} cells in a table of {len(columns)} columns")
        if more > 0 and "description" in columns:  # prose with a bar that nobody escaped
            at = columns.index("description")
            cells = (*cells[:at], " | ".join(filter(None, cells[at : at + more + 1])), *cells[at + more + 1 :])
        yield row.line, dict(zip(columns, cells, strict=False))


def parse_type(text: str, line: int, warn: Warn) -> TypeCell:
    """Return what a type cell says; an unknown type is a warning and says nothing."""
    clean = html.unescape(text).replace("¦", "|").strip()
    if clean.count("[") + clean.lower().count("array") > _MAX_NESTING:
        warn(line, f"the type {_short(text)!r} is nested too deep and was left open")
        return TypeCell()
    return _type(clean, line, warn)


def _type(text: str, line: int, warn: Warn) -> TypeCell:
    bare = plain(text)
    if bare.lower() in ("", "none", "-", "inline"):
        return TypeCell()
    if "|" in bare:
        return _union([part.strip() for part in bare.split("|")], line, warn)
    if bare.lower().startswith("array of "):
        return TypeCell(types=("array",), items=_type(bare[len("array of ") :], line, warn))
    if link := _LINK.match(bare):
        label = plain(link[1])
        return TypeCell(types=(label,)) if label in JSON_TYPES else TypeCell(schema=label)
    if inner := _bracketed(bare):
        return TypeCell(types=("array",), items=_type(inner, line, warn))
    if match := _TYPE.match(bare):
        word, form = match[1].lower(), (match[2] or "").strip()
        if word == "array" and form:
            return TypeCell(types=("array",), items=_type(form, line, warn))
        if word in JSON_TYPES:
            return TypeCell(types=(word,), format=form)
        if word in _SYNONYMS:
            known, usual = _SYNONYMS[word]
            return TypeCell(types=(known,), format=form or usual)
    if _DOTTED.match(bare):
        return TypeCell(schema=bare)
    warn(line, f"the type {_short(bare)!r} is not understood and was left open")
    return TypeCell()


def _bracketed(text: str) -> str:
    """Return the item type of ``array[X]``, ``[X]`` or ``array<X>``, or nothing."""
    for start, end in (("array[", "]"), ("array<", ">"), ("[", "]")):
        if text.lower().startswith(start) and text.endswith(end):
            return text[len(start) : -len(end)].strip()
    return ""


def _union(parts: list[str], line: int, warn: Warn) -> TypeCell:
    """Return the type of alternatives: JSON types together, or one type that may be null."""
    cells = [_type(part, line, warn) for part in parts if part and part.lower() != "null"]
    nullable = any(part.lower() == "null" for part in parts)
    if len(cells) == 1:
        cell = cells[0]
        return TypeCell(cell.types, cell.format, cell.schema, cell.items, nullable)
    if not all(cell.types and not cell.items for cell in cells):
        warn(line, f"the type {_short(' | '.join(parts))!r} is not understood and was left open")
        return TypeCell()
    types = tuple(dict.fromkeys(name for cell in cells for name in cell.types))
    return TypeCell(types=types, nullable=nullable)


_ANY_PROPERTY = "**additionalProperties**"  # what some templates of the generator have in place of [any property]


def _required(text: str, line: int, warn: Warn) -> bool | None:
    word = plain(text).lower()
    if word in ("true", "yes", "required"):
        return True
    if word in ("false", "no", "optional"):
        return False
    if word not in ("", "none"):
        warn(line, f"{_short(text)!r} under Required is neither true nor false and was left out")
    return None


def _prose(text: str) -> str:
    """Return the text of a cell of prose: ``none`` is the generator's word for an empty one."""
    text = html.unescape(re.sub(r"<br ?/?>", "\n", text)).strip()
    return "" if text.lower() == "none" else text


def _member(line: int, record: dict[str, str], warn: Warn) -> SchemaRow | None:
    """Return the row of one member, or None (with a warning) where it has no name."""
    cell = html.unescape(record.get("name", ""))
    marks = _MARKS.match(cell)
    depth = marks[0].count("»") if marks else 0
    marked = cell[marks.end() if marks else 0 :].strip().strip("`").replace("»", "").strip()
    bare = "[any property]" if marked == _ANY_PROPERTY else plain(marked)
    struck = len(bare) > 4 and bare.startswith("~~") and bare.endswith("~~")
    name = bare[2:-2].strip().strip("`") if struck else bare
    if name == "anonymous":  # the emphasis of *anonymous* may be gone
        name = "*anonymous*"
    if not name:
        warn(line, "a row without a name was left out")
        return None
    description = _prose(record.get("description", ""))
    default = record.get("default", "")
    return SchemaRow(
        line=line,
        name=name,
        depth=depth,
        type=parse_type(record.get("type", ""), line, warn),
        required=_required(record.get("required", ""), line, warn),
        restrictions=_prose(record.get("restrictions", "")),
        description=description,
        default=_default(default),
        deprecated=struck or is_deprecated(description),
    )


def _default(cell: str) -> str | None:
    """Return the text of a default, the quotes of a JSON string taken off; None where the cell is empty."""
    text = plain(cell)
    if not _prose(cell):
        return None
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def member_rows(block: Block, warn: Warn) -> tuple[SchemaRow, ...]:
    """Return the rows of a table of properties."""
    rows = (_member(line, record, warn) for line, record in _records(block, warn))
    return tuple(row for row in rows if row)


def parameter_rows(block: Block, warn: Warn) -> tuple[PageParameter, ...]:
    """Return the rows of a ``Parameters`` table."""
    rows = []
    for line, record in _records(block, warn):
        row = _member(line, record, warn)
        if row:
            rows.append(PageParameter(plain(record.get("in", "")).lower(), row))
    return tuple(rows)


def response_rows(block: Block, warn: Warn) -> tuple[PageResponse, ...]:
    """Return the rows of a ``Responses`` table; the description falls back to the meaning's words."""
    rows = []
    for line, record in _records(block, warn):
        status = plain(record.get("status", ""))
        if not re.fullmatch(r"[1-5](?:\d\d|XX)|default", status, re.ASCII):
            warn(
                line,
                f"{_short(status)!r} is not a status (such as 200, 4XX or default): the row was left out",
            )
            continue
        meaning = plain(record.get("meaning", ""))
        link = _LINK.match(meaning)
        description = _prose(record.get("description", "")) or _prose(link[1] if link else meaning)
        kind = parse_type(record.get("schema", ""), line, warn)
        rows.append(PageResponse(line, status, description, kind))
    return tuple(rows)


def header_rows(block: Block, warn: Warn) -> tuple[PageHeader, ...]:
    """Return the rows of a ``Response Headers`` table."""
    rows = []
    for line, record in _records(block, warn):
        name = plain(record.get("header", ""))
        if not name:
            warn(line, "a row without a header name was left out")
            continue
        kind = parse_type(record.get("type", ""), line, warn)
        form = _prose(plain(record.get("format", "")))
        if form and kind.types and not kind.format:
            kind = TypeCell(kind.types, form, kind.schema, kind.items, kind.nullable)
        rows.append(
            PageHeader(line, plain(record.get("status", "")), name, kind, _prose(record.get("description", "")))
        )
    return tuple(rows)


def enumerations(block: Block, warn: Warn) -> tuple[Enumeration, ...]:
    """Return the enumerated values of a table, rows of one name that follow each other joined.

    Both forms are read: one row per value with the name repeated (or left empty), and one row per name with
    all values in one cell. A row that starts a name again with values already given opens a second enumeration
    of that name: a property of the same name elsewhere in the schema.
    """
    found: list[Enumeration] = []
    for line, record in _records(block, warn):
        column = next((key for key in ("property", "parameter", "name") if key in record), "")
        names = _value_names(record.get(column, ""))
        values = tuple(dict.fromkeys(_values(record.get("value", ""))))
        if not values:
            warn(line, "a row of enumerated values without a value was left out")
            continue
        last = found[-1] if found else None
        same = last and (names == [("", 0)] or names == [(last.name, last.depth)])
        if last and same and len(values) == 1 and values[0] not in last.values:
            found[-1] = replace(last, values=last.values + values, run=True)
        elif names == [("", 0)] and column:
            warn(line, "enumerated values without a name were left out")
        else:
            found += [Enumeration(line, name, values, depth=depth) for name, depth in names]
    return tuple(found)


def _value_names(cell: str) -> list[tuple[str, int]]:
    """Return the names that enumerated values are for (several, each quoted), with the nesting marks before each."""
    text = html.unescape(cell)
    several = re.findall(r"`([^`]*)`", text)
    names = several if len(several) > 1 and not re.sub(r"`[^`]*`", "", text).strip(" ,/") else [text]
    return [(plain(name.replace("»", "").replace("`", "").strip()), name.count("»")) for name in names]


def _values(cell: str) -> list[str]:
    """Return the values of a cell: back-quoted ones, else the parts between commas."""
    text = re.sub(r"<br ?/?>", ",", html.unescape(cell))
    quoted = re.findall(r"`([^`]*)`", text)
    rest = re.sub(r"`[^`]*`", "", text).strip(" ,")
    if quoted and not rest:
        return [value.strip() for value in quoted]
    return [plain(part) for part in text.split(",") if part.strip()]


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."
