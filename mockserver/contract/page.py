"""The page model: what a generated reference page says, each part with the line that it came from.

Plain values without behaviour. :func:`mockserver.contract.page_reader.read_page` makes them from Markdown,
:func:`mockserver.contract.derive.derive` turns them into an OpenAPI document. Names are those of the page:
a *row* is a row of a table, a *sample* is a ``curl`` command, an *example* is a body in a code fence. Lines
count from 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mockserver.errors import Fault

__all__ = [
    "CodeSample",
    "Enumeration",
    "Page",
    "PageExample",
    "PageHeader",
    "PageOperation",
    "PageParameter",
    "PageResponse",
    "PageSchema",
    "PageTag",
    "ResponseTable",
    "SchemaRow",
    "TypeCell",
]


@dataclass(frozen=True, slots=True)
class TypeCell:
    """What a type cell says: ``string(uuid)``, ``array of [X](...)``, ``[X](...)``, ``any``, or nothing.

    ``types`` holds JSON types (``any`` as such); ``schema`` is the name of a schema; ``items`` the type of an
    array's items where the cell says it. A cell without any of them says nothing.
    """

    types: tuple[str, ...] = ()
    format: str = ""
    schema: str = ""
    items: "TypeCell | None" = None
    nullable: bool = False

    def says_nothing(self) -> bool:
        """Return whether the cell was empty, or not understood."""
        return not (self.types or self.schema)


@dataclass(frozen=True, slots=True)
class SchemaRow:
    """One row of a table of members: a property, ``[array item]``, ``[any property]`` or ``*anonymous*``.

    ``depth`` counts the nesting marks (``»``); ``required`` is None where the table has no word on it. ``combiner``
    is ``allOf``, ``anyOf`` or ``oneOf`` where the row is a part of such a combination.
    """

    line: int
    name: str
    depth: int
    type: TypeCell = TypeCell()
    required: bool | None = None
    restrictions: str = ""
    description: str = ""
    default: str | None = None
    deprecated: bool = False
    combiner: str = ""


@dataclass(frozen=True, slots=True)
class PageParameter:
    """One row of a ``Parameters`` table; rows of a body's members have ``where == "body"`` and a depth."""

    where: str
    row: SchemaRow


@dataclass(frozen=True, slots=True)
class Enumeration:
    """The values that a table of enumerated values gives to one name; the name is empty for a whole schema.

    ``run`` is True where each value had a row of its own: several enumerations of one name may then have run
    together. ``depth`` counts the nesting marks before the name.
    """

    line: int
    name: str
    values: tuple[str, ...]
    run: bool = False
    depth: int = 0


@dataclass(frozen=True, slots=True)
class PageExample:
    """The content of a code fence that shows a body; ``line`` is the line of the fence."""

    line: int
    language: str
    text: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class CodeSample:
    """A ``curl`` command: its method and URL (empty where not given), headers, cookies and body."""

    line: int
    method: str = ""
    url: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    data: str = ""


@dataclass(frozen=True, slots=True)
class PageResponse:
    """One row of a ``Responses`` table."""

    line: int
    status: str
    description: str
    type: TypeCell


@dataclass(frozen=True, slots=True)
class PageHeader:
    """One row of a ``Response Headers`` table."""

    line: int
    status: str
    name: str
    type: TypeCell
    description: str


@dataclass(frozen=True, slots=True)
class ResponseTable:
    """The ``Response Schema`` table of one status, with the enumerated values below it."""

    line: int
    status: str
    rows: tuple[SchemaRow, ...]
    enumerations: tuple[Enumeration, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True)
class PageTag:
    """A first-level heading of the page and the prose below it: the operations after it carry this tag."""

    line: int
    name: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class PageOperation:
    """One operation of the page.

    ``authenticated`` is True where the page says that one must be, False where it says that one need not be,
    None where it has no word on it.
    """

    line: int
    heading: str
    method: str
    path: str
    tag: str = ""
    description: str = ""
    deprecated: bool = False
    authenticated: bool | None = None
    sample: CodeSample | None = None
    parameters: tuple[PageParameter, ...] = ()
    parameter_enumerations: tuple[Enumeration, ...] = ()
    body_examples: tuple[PageExample, ...] = ()
    responses: tuple[PageResponse, ...] = ()
    response_examples: tuple[tuple[str, PageExample], ...] = ()
    response_tables: tuple[ResponseTable, ...] = ()
    response_headers: tuple[PageHeader, ...] = ()


@dataclass(frozen=True, slots=True)
class PageSchema:
    """One schema of a page of schemas: heading, example, rows of all tables of properties, enumerated values."""

    line: int
    name: str
    description: str = ""
    example: PageExample | None = None
    rows: tuple[SchemaRow, ...] = ()
    enumerations: tuple[Enumeration, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A reference page as read. ``faults`` are warnings: what was not understood, with file and line.

    ``uses`` names, for every line that is not blank, the rule that read it (``"warning"`` when none did).
    """

    name: str
    title: str = ""
    description: str = ""
    tags: tuple[PageTag, ...] = ()
    operations: tuple[PageOperation, ...] = ()
    schemas: tuple[PageSchema, ...] = ()
    faults: tuple[Fault, ...] = ()
    uses: Mapping[int, str] = field(default_factory=dict)
