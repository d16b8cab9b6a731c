"""One schema's section of a page of schemas to a :class:`~mockserver.contract.page.PageSchema`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from mockserver.contract.page import Enumeration, PageExample, PageSchema, SchemaRow
from mockserver.contract.page_blocks import Block
from mockserver.contract.page_combinations import CONTINUED, combination, discriminator, part_rows
from mockserver.contract.page_tables import enumerations, kind_of_table, member_rows
from mockserver.contract.page_uses import Uses

__all__ = ["looks_like_schema", "read_schema"]

_NAME = re.compile(r"^[\w.\-/\[\]~]+$", re.ASCII)
_JSON = ("json", "")


@dataclass(slots=True)
class _Draft:
    """What was read of a schema so far."""

    line: int
    name: str
    word: str = ""  # of a combination, above the next table
    combiner: str = ""  # of the table before
    description: list[str] = field(default_factory=list)
    example: PageExample | None = None
    rows: list[SchemaRow] = field(default_factory=list)
    enumerations: list[Enumeration] = field(default_factory=list)


def looks_like_schema(section: Sequence[Block]) -> bool:
    """Return whether a section describes a schema: properties, values, or a name with a JSON example."""
    heading, *rest = section
    if heading.level == 1 and not any(block.text.lower() == "properties" for block in rest):
        return False
    if not _NAME.match(heading.text):
        return False
    for block in rest:
        if block.kind == "heading" and block.text.lower() == "properties":
            return True
        if block.kind == "table" and kind_of_table(block) in ("members", "values"):
            return True
    return any(block.kind == "fence" and block.info in _JSON for block in rest)


def read_schema(section: Sequence[Block], uses: Uses) -> PageSchema:
    """Return the schema of a section."""
    heading = section[0]
    uses.use(heading, "schema")
    draft = _Draft(heading.line, heading.text.replace("~~", ""))
    for block in section[1:]:
        if uses.boilerplate(block):
            continue
        match block.kind:
            case "heading":
                uses.use(block, "heading")
            case "fence":
                _fence(block, draft, uses)
            case "table":
                _table(block, draft, uses)
            case "text":
                _text(block, draft, uses)
            case _:
                uses.warn_block(block, f"a {block.kind} in the schema {draft.name!r} was left out")
    headed = any(block.kind == "heading" and block.text.lower() == "properties" for block in section[1:])
    if not (headed or draft.rows or draft.enumerations):
        uses.warn(heading.line, f"the schema {draft.name!r} has no table of properties: its example is all there is")
    return PageSchema(
        line=draft.line,
        name=draft.name,
        description="\n\n".join(draft.description),
        example=draft.example,
        rows=tuple(draft.rows),
        enumerations=tuple(draft.enumerations),
    )


def _fence(block: Block, draft: _Draft, uses: Uses) -> None:
    if not block.closed:
        uses.warn_block(block, "a code fence without an end")
    if draft.example is None and block.info in _JSON:
        uses.use(block, "example of a schema")
        draft.example = PageExample(block.line, block.info, block.text)
    else:
        uses.warn_block(block, f"a further code fence in the schema {draft.name!r} was left out")


def _table(block: Block, draft: _Draft, uses: Uses) -> None:
    kind = kind_of_table(block)
    if kind == "members":
        uses.use(block, "table of properties")
        draft.rows += part_rows(member_rows(block, uses.warn), draft.word, draft.combiner, block.line)
        if draft.word != CONTINUED:
            draft.combiner = draft.word
        draft.word = ""
    elif kind == "values":
        uses.use(block, "table of values")
        draft.enumerations += enumerations(block, uses.warn)
    else:
        uses.warn_block(block, f"a table with the columns {', '.join(block.rows[0].cells)[:80]!r} was left out")


def _text(block: Block, draft: _Draft, uses: Uses) -> None:
    """Read the words between tables (``allOf``, ``and``, ``*None*``), or a description above them."""
    if word := combination(block.text):
        uses.use(block, "combination")
        draft.word = word
        if discriminator(block.text):
            uses.warn(block.line, f"the discriminator {discriminator(block.text)!r} was left out")
    elif block.text.strip("*_` ").lower() == "none":
        uses.use(block, "boilerplate")
    elif not draft.rows and not draft.enumerations:
        uses.use(block, "description")
        draft.description.append(block.text)
    else:
        uses.warn_block(block, f"text in the schema {draft.name!r} was left out")
