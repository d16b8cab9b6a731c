"""A generated reference page to the page model: which section a block belongs to, and who reads it.

A page is a run of sections, each opened by a heading that is not one of the generator's own (``Code samples``,
``Parameters``, ...). A section with a line such as ```GET /items``` is an operation; one with a table of
properties is a schema; a first-level heading is a title or tag. Nothing is passed over in silence: each line
is read by a rule, or a warning names it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from mockserver.contract import yamlfile
from mockserver.contract.page import Page, PageOperation, PageSchema, PageTag
from mockserver.contract.page_blocks import Block, split_blocks, text_lines
from mockserver.contract.page_operation import read_operation
from mockserver.contract.page_schema import looks_like_schema, read_schema
from mockserver.contract.page_uses import Uses
from mockserver.errors import BadInput

__all__ = ["read_page"]

_OWN_HEADINGS = {
    "code samples",
    "code sample",
    "parameters",
    "example responses",
    "example response",
    "responses",
    "response schema",
    "response headers",
    "enumerated values",
    "properties",
    "body parameter",
    "body parameters",
    "detailed descriptions",
}
_METADATA = re.compile(
    r"^(?:language_tabs|language_clients|toc_footers|includes|search|highlight_theme|headingLevel|headinglevel|"
    r"code_clipboard|generator|sidebar_\w+|slug|layout|permalink|weight|date|icon_path|state|id|tags|keywords|"
    r"draft|toc_\w+|hide_\w+|pagination_\w+|displayed_sidebar|custom_edit_url|last_updated?|nav_order|parent)$"
)
_SCHEMAS_TITLE = re.compile(r"^(?:schemas|models|definitions)$", re.IGNORECASE)


@dataclass(slots=True)
class _Draft:
    """What was read of a page so far."""

    title: str = ""
    description: list[str] = field(default_factory=list)
    tags: list[PageTag] = field(default_factory=list)
    operations: list[PageOperation] = field(default_factory=list)
    schemas: list[PageSchema] = field(default_factory=list)

    def tag(self) -> str:
        """Return the tag of the next operation."""
        return self.tags[-1].name if self.tags else self.title


def read_page(text: str, name: str) -> Page:
    """Return the model of the page ``text``; ``name`` is the file that warnings speak of. Never raises."""
    lines = text_lines(text)
    uses = Uses(name)
    draft = _Draft()
    for section in _sections(split_blocks(lines)):
        front = 0 if section[0].kind == "heading" else _length_of_front(section)
        _opening(section[:front], draft, uses)
        if section[front:]:
            _section(section[front:], draft, uses)
    uses.sweep(lines)
    return Page(
        name=name,
        title=draft.title,
        description="\n\n".join(draft.description),
        tags=tuple(draft.tags),
        operations=tuple(draft.operations),
        schemas=tuple(draft.schemas),
        faults=uses.faults(),
        uses=uses.lines,
    )


def is_own_heading(block: Block) -> bool:
    """Return whether a heading is one that the generator puts inside an operation or schema."""
    return block.kind == "heading" and block.text.lower() in _OWN_HEADINGS


def _sections(blocks: Sequence[Block]) -> list[list[Block]]:
    """Return the blocks in runs, each after the first opened by a heading of the page's author."""
    sections: list[list[Block]] = [[]]
    for block in blocks:
        if block.kind == "heading" and not is_own_heading(block):
            sections.append([])
        sections[-1].append(block)
    return [section for section in sections if section]


def _length_of_front(blocks: Sequence[Block]) -> int:
    """Return how many blocks stand before the first heading and belong to no operation."""
    if any(block.kind == "call" for block in blocks):  # an operation without a heading
        return sum(block.kind == "front" for block in blocks)
    return len(blocks)


def _section(section: list[Block], draft: _Draft, uses: Uses) -> None:
    """Read one section by what it holds."""
    heading = section[0]
    if any(block.kind == "call" for block in section):
        operation = read_operation(section, draft.tag(), uses)
        if operation:
            draft.operations.append(operation)
    elif looks_like_schema(section):
        draft.schemas.append(read_schema(section, uses))
    elif heading.level == 1:
        _title(section, draft, uses)
    elif not heading.text:
        uses.warn_block(heading, "a heading without text")
        _opening(section[1:], None, uses)
    else:
        uses.warn_block(heading, f"the section {heading.text!r} holds no operation and no schema: it was left out")
        _opening(section[1:], None, uses)


def _title(section: list[Block], draft: _Draft, uses: Uses) -> None:
    """Read a first-level heading: the page's title, and a tag."""
    heading = section[0]
    if not heading.text:
        uses.warn_block(heading, "a heading without text")
    elif _SCHEMAS_TITLE.match(heading.text) and len(section) == 1:
        uses.use(heading, "heading of the schemas")
    else:
        uses.use(heading, "title")
        draft.title = draft.title or heading.text
        prose = [block for block in section[1:] if block.kind in ("text", "quote") and not uses.boilerplate(block)]
        for block in prose:
            uses.use(block, "description of a tag")
        draft.tags.append(PageTag(heading.line, heading.text, "\n\n".join(block.text for block in prose)))
    _opening([block for block in section[1:] if block.kind not in ("text", "quote")], None, uses)


def _opening(blocks: Sequence[Block], draft: _Draft | None, uses: Uses) -> None:
    """Read what comes before the first heading; without ``draft`` only boilerplate is accepted."""
    for block in blocks:
        if uses.boilerplate(block):
            continue
        if block.kind == "front" and draft:
            _front_matter(block, draft, uses)
        elif block.kind in ("text", "quote") and draft:
            uses.use(block, "description of the page")
            draft.description.append(block.text)
        else:
            uses.warn_block(block, f"{_KINDS.get(block.kind, block.kind)} that belongs to no operation was left out")


_KINDS = {
    "text": "text",
    "quote": "a quote",
    "fence": "a code fence",
    "table": "a table",
    "aside": "an aside",
    "status": "a status line",
    "call": "a method and path",
    "heading": "a heading",
    "front": "front matter",
    "comment": "a comment",
}


def _front_matter(block: Block, draft: _Draft, uses: Uses) -> None:
    """Read the title and description of the front matter; other known keys only steer the site's generator."""
    if not block.closed:
        uses.warn_block(block, "front matter without an end: its lines were read as the page")
        return
    uses.use(block, "front matter")
    try:
        data = yamlfile.parse(block.text)
    except BadInput as problem:
        uses.warn(block.line, f"the front matter {problem.faults[0].message} and was left out")
        return
    if not isinstance(data, dict):
        uses.warn(block.line, "the front matter is not a mapping and was left out")
        return
    for key, value in data.items():
        if key == "title" and isinstance(value, str) and value.strip():
            draft.title = value.strip()
        elif key in ("description", "summary") and isinstance(value, str):
            draft.description.append(value.strip())
        elif not _METADATA.match(key):
            line = block.line + max(1, yamlfile.line_of(block.text, [key]))
            uses.warn(line, f"the front matter's {key!r} is not understood and was left out")
