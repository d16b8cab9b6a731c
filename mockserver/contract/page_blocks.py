"""Markdown text to blocks: headings, fences, tables, quotes, comments, prose, each with its lines.

Only the Markdown that the generator writes is known, after CommonMark 0.31 and GitHub's tables. Every line that
is not blank belongs to exactly one block, so that a reader of blocks can say of each line what became of it.
Time is linear in the length of the text.
"""

import html
import re
from dataclasses import dataclass

__all__ = ["Block", "Row", "plain", "split_blocks", "text_lines"]

_HEADING = re.compile(r"^ {0,3}(#{1,6})(?:[ \t]+(.*))?$")
_HTML_HEADING = re.compile(r"^<h([1-6])(?:\s[^>]*)?>(.*)</h[1-6]>$", re.IGNORECASE)
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[ \t]*([^`]*)$")
_CALL = re.compile(r"^`([A-Z]{3,10}) +(\S[^`]*)`$")
_STATUS = re.compile(r"^Status Code \*\*([^*]+)\*\*$", re.IGNORECASE)
_ANCHOR = re.compile(r'^(?:<a (?:id|name)="[^"]*">\s*</a>\s*)+$')
_DELIMITER = re.compile(r"^[|:\- \t]+$")
_MAX_HTML = 200  # lines of one comment or aside: a mark that is never closed is not looked for to the end
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table, split into cells (trimmed, ``\\|`` read as a bar)."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """One block: ``kind`` says how to read the rest; it covers the lines from ``line`` to ``end``.

    ============ =====================================================================================
    ``front``    front matter: ``text``
    ``heading``  ``level``, ``text``
    ``fence``    ``info`` (first word, lower case), ``text``, ``closed``
    ``table``    ``rows`` (the first is the header; ``closed`` is False where no delimiter row follows)
    ``call``     ``info`` is the method, ``text`` the path: a line such as ```GET /items```
    ``status``   ``text``: a line such as ``Status Code **200**``
    ``quote``    ``text``
    ``aside``    ``text`` of an HTML ``aside``
    ``comment``  an HTML comment; ``closed`` is False where its end is missing
    ``anchor``   an HTML anchor or a thematic break: nothing to read
    ``text``     prose: ``text``
    ============ =====================================================================================
    """

    kind: str
    line: int
    end: int
    text: str = ""
    level: int = 0
    info: str = ""
    closed: bool = True
    rows: tuple[Row, ...] = ()


def text_lines(text: str) -> list[str]:
    """Return the lines of a page: no byte order mark, any line end, no trailing blanks, no lone surrogates."""
    clean = text.encode("utf-8", "replace").decode("utf-8").removeprefix("\ufeff")
    return [line.rstrip() for line in clean.replace("\r\n", "\n").replace("\r", "\n").split("\n")]


def plain(text: str) -> str:
    """Return inline Markdown as plain text: no escapes, entities, emphasis of the whole, closing marks."""
    text = html.unescape(_ESCAPE.sub(r"\1", text)).strip()
    for mark in ("**", "__", "`"):
        if len(text) > 2 * len(mark) and text.startswith(mark) and text.endswith(mark):
            text = text[len(mark) : -len(mark)].strip()
    return text


def split_blocks(lines: list[str]) -> list[Block]:
    """Return the blocks of ``lines`` in order."""
    blocks: list[Block] = []
    prose: list[str] = []
    at = 0
    while at < len(lines):
        if lines[at].strip():
            block = _block_at(lines, at, first=not blocks and not prose)
        else:
            block = Block("blank", at + 1, at + 1)
        if block.kind == "text":
            prose.append(block.text)
        else:
            if prose:
                blocks.append(Block("text", at + 1 - len(prose), at, "\n".join(prose)))
                prose = []
            if block.kind != "blank":
                blocks.append(block)
        at = block.end
    if prose:
        blocks.append(Block("text", at + 1 - len(prose), at, "\n".join(prose)))
    return blocks


def _block_at(lines: list[str], at: int, first: bool) -> Block:
    """Return the block that starts at index ``at``, which is not blank; ``first`` in the text or not."""
    line = lines[at].strip()
    if line == "---" and first:
        return _front_matter(lines, at)
    if match := _FENCE.match(lines[at]):
        return _fence(lines, at, match[1], match[2])
    if line.startswith("<!--"):
        return _until(lines, at, "comment", "-->")
    if line.lower().startswith("<aside"):
        return _until(lines, at, "aside", "</aside>")
    if _is_table(lines, at):
        return _table(lines, at)
    if line.startswith(">"):
        return _quote(lines, at)
    return _line_block(lines[at], at + 1)


def _line_block(raw: str, number: int) -> Block:
    """Return the block of one line that stands for itself."""
    line = raw.strip()
    if match := _HEADING.match(raw):
        text = re.sub(r"(?:^|[ \t])#+$", "", match[2] or "")
        return Block("heading", number, number, plain(text), level=len(match[1]))
    if match := _HTML_HEADING.match(line):
        return Block("heading", number, number, plain(match[2]), level=int(match[1]))
    if match := _CALL.match(line):
        return Block("call", number, number, match[2].strip(), info=match[1])
    if match := _STATUS.match(line):
        return Block("status", number, number, match[1].strip())
    if _ANCHOR.match(line) or line in ("---", "***", "___"):
        return Block("anchor", number, number)
    return Block("text", number, number, line)


def _front_matter(lines: list[str], at: int) -> Block:
    for end in range(at + 1, len(lines)):
        if lines[end] in ("---", "..."):
            return Block("front", at + 1, end + 1, "\n".join(lines[at + 1 : end]))
    return Block("front", at + 1, at + 1, closed=False)


def _fence(lines: list[str], at: int, mark: str, info: str) -> Block:
    """Return the fence at ``at``; the opening of another fence ends one that was never closed."""
    word = (info.split() or [""])[0].lower().strip("{}.")
    for end in range(at + 1, len(lines)):
        match = _FENCE.match(lines[end])
        if not match or match[1][0] != mark[0] or len(match[1]) < len(mark):
            continue
        closing = not match[2].strip()
        last = end + 1 if closing else end
        return Block("fence", at + 1, last, "\n".join(lines[at + 1 : end]), info=word, closed=closing)
    return Block("fence", at + 1, len(lines), "\n".join(lines[at + 1 :]), info=word, closed=False)


def _until(lines: list[str], at: int, kind: str, mark: str) -> Block:
    """Return the HTML block that ends with ``mark``, or only its first line where the mark is missing."""
    for end in range(at, min(len(lines), at + _MAX_HTML)):
        before, found, after = lines[end].partition(mark)
        if found:
            text = "\n".join([*lines[at:end], before])
            return Block(kind, at + 1, end + 1, text.strip(), closed=not after.strip())
    return Block(kind, at + 1, at + 1, lines[at].strip(), closed=False)


def _is_table(lines: list[str], at: int) -> bool:
    if lines[at].lstrip().startswith("|"):
        return True
    following = lines[at + 1] if at + 1 < len(lines) else ""
    return "|" in lines[at] and _is_delimiter(following)


def _is_delimiter(line: str) -> bool:
    return "|" in line and "-" in line and _DELIMITER.match(line) is not None


def _table(lines: list[str], at: int) -> Block:
    bars = lines[at].lstrip().startswith("|")
    end = at + 1
    while end < len(lines) and (lines[end].lstrip().startswith("|") if bars else "|" in lines[end]):
        end += 1
    headed = end > at + 1 and _is_delimiter(lines[at + 1])
    rows = [Row(at + 1, _cells(lines[at]))]
    rows += [Row(number + 1, _cells(lines[number])) for number in range(at + 1 + headed, end)]
    return Block("table", at + 1, end, rows=tuple(rows), closed=headed)


def _cells(line: str) -> tuple[str, ...]:
    """Return the cells of a table row. GFM: a bar is a cell's text only with a backslash before it."""
    body = line.strip().removeprefix("|")
    parts = body.replace("\\|", "\0").split("|")
    if len(parts) > 1 and not parts[-1].strip():
        parts.pop()
    return tuple(part.replace("\0", "|").strip() for part in parts)


def _quote(lines: list[str], at: int) -> Block:
    """Return the quote at ``at``: the marker lines of the generator stand alone, others run on."""
    end = at + 1
    while end < len(lines) and lines[end].lstrip().startswith(">"):
        end += 1
    text = "\n".join(line.strip().removeprefix(">").strip() for line in lines[at:end])
    return Block("quote", at + 1, end, text)
