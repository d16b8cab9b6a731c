"""One operation's section of the page to a :class:`~mockserver.contract.page.PageOperation`.

Tables are told apart by their headers, examples by the quote above them, so that the order of the parts and the
level of the headings do not matter. Prose is a description where the generator puts one: below the heading and
below the method and path. Anywhere else it is a warning.
"""

import re
from dataclasses import dataclass, field

from mockserver.contract.page import (
    CodeSample,
    Enumeration,
    PageExample,
    PageHeader,
    PageOperation,
    PageParameter,
    PageResponse,
    ResponseTable,
    SchemaRow,
)
from mockserver.contract.page_blocks import Block
from mockserver.contract.page_combinations import CONTINUED, combination, discriminator, part_rows
from mockserver.contract.page_samples import is_other_language, is_shell, read_sample
from mockserver.contract.page_tables import (
    enumerations,
    header_rows,
    is_deprecated,
    kind_of_table,
    member_rows,
    parameter_rows,
    response_rows,
)
from mockserver.contract.page_uses import Uses

__all__ = ["read_operation"]

_METHODS = ("GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE")
_RESPONSE_LABEL = re.compile(r"^([1-5](?:\d\d|XX)|default) Response$", re.IGNORECASE | re.ASCII)
_LABELS = {"body parameter": "body", "body parameters": "body", "code samples": "samples"}
_LABELS |= {"example responses": "examples", "example response": "examples"}
_AUTHENTICATED = re.compile(r"\bmust be authenticated\b", re.IGNORECASE)
_ONLY_AUTHENTICATED = re.compile(
    r"To perform this operation, you must be authenticated\.?(?: \[[^\]]*\]\([^)]*\)\.?)?", re.IGNORECASE
)
_BY_MEANS = re.compile(
    r"To perform this operation, you must be authenticated by means of one of(?: the following methods)?:"
    r"(?: [\w-]+(?: \( Scopes: [^()]*\))?,?)*",
    re.IGNORECASE,
)
_OPEN = re.compile(r"\b(?:does not require authentication|no authentication (?:is )?required)\b", re.IGNORECASE)
_ONLY_OPEN = re.compile(r"This operation does not require authentication\.?", re.IGNORECASE)
_MARKED = re.compile(r"\s*(?:\(deprecated\)|\[deprecated\])\s*", re.IGNORECASE)
_PATH = re.compile(r"/(?:[^\s?#{}]|\{[^\s/?#{}:!\[\]]+\})*")
_DETAIL = re.compile(r"^\*\*»?[» ]*([^*:]+)\*\*:\s*(.*)$", re.DOTALL)


@dataclass(slots=True)
class _Draft:
    """What was read of an operation so far, and where the reader stands."""

    line: int
    heading: str
    method: str = ""
    path: str = ""
    place: str = "head"  # head, samples, call, body, parameters, details, examples, responses, schema
    status: str = ""  # of the response that examples, tables and values belong to
    label: str = ""
    following: str = ""  # the kind of the next block
    call_seen: bool = False
    description: list[str] = field(default_factory=list)
    deprecated: bool = False
    authenticated: bool | None = None
    samples: list[CodeSample] = field(default_factory=list)
    parameters: list[PageParameter] = field(default_factory=list)
    parameter_values: list[Enumeration] = field(default_factory=list)
    bodies: list[PageExample] = field(default_factory=list)
    responses: list[PageResponse] = field(default_factory=list)
    examples: list[tuple[str, PageExample]] = field(default_factory=list)
    tables: list[tuple[int, str, list[SchemaRow], list[Enumeration], str]] = field(default_factory=list)
    word: str = ""  # of a combination, above the next table of members
    combiner: str = ""  # of the table of members before
    title: str = ""  # what describes the response whose status was given last
    headers: list[PageHeader] = field(default_factory=list)
    values_of: str = ""  # "parameters" or "schema": the table that enumerated values belong to
    details: dict[str, str] = field(default_factory=dict)


def read_operation(section: list[Block], tag: str, uses: Uses) -> PageOperation | None:
    """Return the operation of a section that holds a method and path, or None with a warning."""
    opening = section[0]
    draft = _Draft(opening.line, "")
    if opening.kind == "heading":
        uses.use(opening, "operation")
        _heading(opening, draft)
    rest = [block for block in section[opening.kind == "heading" :] if not uses.boilerplate(block)]
    for block, following in zip(rest, [*rest[1:], None], strict=True):
        draft.following = following.kind if following else ""
        reader = _READERS.get(block.kind)
        if reader is None:
            uses.warn_block(block, f"a {block.kind} that is not understood here was left out")
        else:
            reader(block, draft, uses)
    if not draft.path:
        return None
    if not draft.samples:
        uses.warn(opening.line, f"{draft.method} {draft.path} has no curl sample: its server is not known")
    return _operation(draft, tag)


def _operation(draft: _Draft, tag: str) -> PageOperation:
    description = "\n\n".join(draft.description)
    return PageOperation(
        line=draft.line,
        heading=draft.heading or f"{draft.method} {draft.path}",
        method=draft.method,
        path=draft.path,
        tag=tag,
        description=description,
        deprecated=draft.deprecated or is_deprecated(description),
        authenticated=draft.authenticated,
        sample=draft.samples[0] if draft.samples else None,
        parameters=tuple(_detailed(parameter, draft.details) for parameter in draft.parameters),
        parameter_enumerations=tuple(draft.parameter_values),
        body_examples=tuple(draft.bodies),
        responses=tuple(draft.responses),
        response_examples=tuple(draft.examples),
        response_tables=tuple(
            ResponseTable(line, status, tuple(rows), tuple(values), title)
            for line, status, rows, values, title in draft.tables
        ),
        response_headers=tuple(draft.headers),
    )


def _detailed(parameter: PageParameter, details: dict[str, str]) -> PageParameter:
    """Return the parameter with its long description, where the page has one below the table."""
    text = details.get(parameter.row.name)
    if not text:
        return parameter
    row = parameter.row
    return PageParameter(
        parameter.where,
        SchemaRow(
            row.line,
            row.name,
            row.depth,
            row.type,
            row.required,
            row.restrictions,
            text,
            row.default,
            row.deprecated or is_deprecated(text),
        ),
    )


def _heading(block: Block, draft: _Draft) -> None:
    """Read the heading: strike-through and ``(deprecated)`` mark the operation, the words stay its summary."""
    text = block.text
    if len(text) > 4 and text.startswith("~~") and "~~" in text[2:]:
        draft.deprecated = True
        text = text.replace("~~", "").strip()
    if _MARKED.search(text) or is_deprecated(text):
        draft.deprecated = True
    draft.heading = text


def _subheading(block: Block, draft: _Draft, uses: Uses) -> None:
    name = block.text.lower()
    uses.use(block, "heading")
    places = {
        "parameters": "parameters",
        "responses": "responses",
        "response schema": "schema",
        "response headers": "headers",
        "detailed descriptions": "details",
        "enumerated values": "values",
    }
    draft.place = _LABELS.get(name) or places.get(name, "unknown")
    if draft.place in ("examples", "body"):
        draft.status = draft.label = ""


def _call(block: Block, draft: _Draft, uses: Uses) -> None:
    where = f"`{block.info} {block.text}`"
    if draft.call_seen:
        uses.warn(block.line, f"a second method and path in one section, {where}, was left out")
        return
    if block.info not in _METHODS:
        uses.warn(block.line, f"{where}: OpenAPI 3.1 has no such method, the operation was left out")
    elif not _PATH.fullmatch(block.text):
        uses.warn(block.line, f"{where}: expected a path such as /items/{{item}}, the operation was left out")
    else:
        uses.use(block, "method and path")
        draft.method, draft.path = block.info, block.text
    draft.call_seen = True
    draft.place = "call"


def _quote(block: Block, draft: _Draft, uses: Uses) -> None:
    """Read the labels of the generator (``> Body parameter``, ``> 200 Response``), or a quote of prose."""
    label = block.text
    if place := _LABELS.get(label.lower()):
        uses.use(block, "label")
        draft.place, draft.status, draft.label = place, "", ""
    elif match := _RESPONSE_LABEL.match(label):
        uses.use(block, "label")
        status = match[1].lower() if match[1].lower() == "default" else match[1].upper()
        draft.place, draft.status, draft.label = "examples", status, ""
        if draft.following not in ("fence", "quote"):
            uses.warn(block.line, f"no example follows the label {label!r}")
    elif draft.place == "examples" and draft.status and draft.following == "fence" and "\n" not in label:
        uses.use(block, "label of an example")
        draft.label = label
    elif draft.place in ("head", "call"):
        uses.use(block, "description")
        draft.description.append("\n".join(f"> {line}".rstrip() for line in label.split("\n")))
    else:
        uses.warn_block(block, f"the quote {label[:60]!r} is not understood and was left out")


def _fence(block: Block, draft: _Draft, uses: Uses) -> None:
    """Read a fence by where it stands: a code sample, a body's example or a response's example."""
    if not block.closed:
        uses.warn_block(block, "a code fence without an end")
    else:
        uses.use(block, "code fence")
    if draft.place in ("head", "samples"):
        if is_shell(block.info):
            sample = read_sample(block, uses.warn)
            if sample and draft.samples:
                uses.warn(block.line, "a second code sample was left out")
            draft.samples += [sample] if sample else []
        elif not is_other_language(block.info):
            uses.warn_block(block, f"a code fence of {block.info!r} among the code samples was left out")
        return
    example = PageExample(block.line, block.info, block.text, draft.label)
    if draft.place == "body":
        draft.bodies.append(example)
    elif draft.place == "examples" and draft.status:
        draft.examples.append((draft.status, example))
    elif draft.place == "call":
        draft.description.append(f"```{block.info}\n{block.text}\n```")
    else:
        uses.warn_block(block, "a code fence that is neither a sample nor a labelled example was left out")
    draft.label = ""


def _table(block: Block, draft: _Draft, uses: Uses) -> None:
    kind = kind_of_table(block)
    if not kind:
        uses.warn_block(block, f"a table with the columns {', '.join(block.rows[0].cells)[:80]!r} was left out")
        return
    uses.use(block, f"table of {kind}")
    if kind == "parameters":
        draft.parameters += parameter_rows(block, uses.warn)
        draft.values_of = "parameters"
    elif kind == "responses":
        draft.responses += response_rows(block, uses.warn)
        draft.place, draft.status = "responses", ""
    elif kind == "headers":
        draft.headers += header_rows(block, uses.warn)
    elif kind == "members":
        _members(block, draft, uses)
    else:
        _values(block, draft, uses)


def _members(block: Block, draft: _Draft, uses: Uses) -> None:
    if draft.place != "schema" or not draft.status:
        uses.warn_block(block, "a table of members without a line such as 'Status Code **200**' was left out")
        return
    rows = list(part_rows(member_rows(block, uses.warn), draft.word, draft.combiner, block.line))
    draft.tables.append((block.line, draft.status, rows, [], draft.title))
    if draft.word != CONTINUED:
        draft.combiner = draft.word
    draft.word = draft.title = ""
    draft.values_of = "schema"


def _values(block: Block, draft: _Draft, uses: Uses) -> None:
    found = enumerations(block, uses.warn)
    header = [cell.lower() for cell in block.rows[0].cells]
    if "parameter" in header or draft.values_of == "parameters":
        draft.parameter_values += found
    elif draft.tables:
        draft.tables[-1][3].extend(found)
    else:
        uses.warn_block(block, "enumerated values without a table of parameters or members were left out")


def _status(block: Block, draft: _Draft, uses: Uses) -> None:
    uses.use(block, "status")
    status = block.text.strip("*` ")
    draft.place, draft.status = "schema", status.lower() if status.lower() == "default" else status.upper()
    draft.word = draft.combiner = draft.title = ""


def _text(block: Block, draft: _Draft, uses: Uses) -> None:
    """Read prose: the sentence on authentication, a description, or a warning per paragraph."""
    if not _security(block, draft, uses):
        return
    for line in block.text.split("\n"):  # the schema of an empty object: "*None*"
        if line.strip("* ").lower() != "none":
            break
    else:
        uses.use(block, "boilerplate")
        return
    detail = _DETAIL.match(block.text)
    if draft.place in ("head", "samples", "call"):
        uses.use(block, "description")
        summary = re.fullmatch(r"([*_])(?![*_])([^*\n]+)\1", block.text)  # the generator's *summary*
        text = summary[2] if summary else block.text
        if text != draft.heading:
            draft.description.append(text)
    elif draft.place == "details" and detail:
        uses.use(block, "description of a parameter")
        draft.details[detail[1].strip()] = detail[2].strip()
    elif draft.place == "details" and draft.details:  # a further paragraph
        uses.use(block, "description of a parameter")
        name = next(reversed(draft.details))
        draft.details[name] += "\n\n" + block.text
    elif draft.place == "schema" and _between_tables(block, draft, uses):
        return
    else:
        uses.warn_block(block, f"the text {block.text[:60]!r} stands where the page format has none: it was left out")


def _between_tables(block: Block, draft: _Draft, uses: Uses) -> bool:
    """Read the word of a combination, or the title of a response's schema; return whether it was one."""
    emphasis = re.fullmatch(r"\*([^*\n]+)\*", block.text)
    if word := combination(block.text):
        uses.use(block, "combination")
        draft.word = word
        if discriminator(block.text):
            uses.warn(block.line, f"the discriminator {discriminator(block.text)!r} was left out")
    elif emphasis and draft.status and draft.following == "table" and not draft.title:
        uses.use(block, "description of a response")
        draft.title = emphasis[1]
    else:
        return False
    return True


def _security(block: Block, draft: _Draft, uses: Uses) -> bool:
    """Read sentences on authentication in a block; return whether the block says more than that."""
    text = " ".join(block.text.split())
    if _AUTHENTICATED.search(text):
        _set_authenticated(block, draft, uses, True)
    elif _OPEN.search(text):
        _set_authenticated(block, draft, uses, False)
    else:
        return True
    if _ONLY_AUTHENTICATED.fullmatch(text) or _ONLY_OPEN.fullmatch(text):
        uses.use(block, "authentication")
        return False
    if draft.place not in ("head", "samples", "call"):
        lines = [line for line in block.text.split("\n") if not _AUTHENTICATED.search(line)]
        uses.use(block, "authentication")
        if lines:
            uses.warn(block.line, "text around the sentence on authentication was left out: " + repr(text[:80]))
        return False
    return True


def _set_authenticated(block: Block, draft: _Draft, uses: Uses, value: bool) -> None:
    if draft.authenticated not in (None, value):
        uses.warn(block.line, "the operation is said both to need and not to need authentication: it needs it")
        value = True
    draft.authenticated = value


def _aside(block: Block, draft: _Draft, uses: Uses) -> None:
    text = " ".join(re.sub(r"<[^<>]*>", " ", block.text).split())
    if not block.closed:
        uses.warn_block(block, "an aside without an end, or with text after it")
    if _OPEN.search(text) or _AUTHENTICATED.search(text):
        uses.use(block, "authentication")
        _set_authenticated(block, draft, uses, not _OPEN.search(text))
        if not any(known.fullmatch(text) for known in (_ONLY_AUTHENTICATED, _ONLY_OPEN, _BY_MEANS)):
            uses.warn(block.line, f"of the aside, only what it says on authentication was read: {text[:80]!r}")
    elif draft.place in ("head", "samples", "call"):
        uses.use(block, "description")
        draft.description.append(text)
    else:
        uses.warn_block(block, f"the aside {text[:60]!r} was left out")


_READERS = {
    "heading": _subheading,
    "call": _call,
    "quote": _quote,
    "fence": _fence,
    "table": _table,
    "status": _status,
    "text": _text,
    "aside": _aside,
}
