"""Operations of the page to Operation Objects: parameters, body, responses, examples.

Done in two steps, since what one operation says of a named schema holds for all: :meth:`OperationDraft.read` gathers
the shapes of all tables, :meth:`OperationDraft.learn` lets the examples fill what is open,
:meth:`OperationDraft.write` writes the result. OpenAPI 3.1, section 4.8.10.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from mockserver.contract.derive_examples import Fitness, is_json, media_of_fence, read_example
from mockserver.contract.derive_parameters import PLACES, parameters
from mockserver.contract.derive_rows import MISSING, Node, shape_of_cell, tree
from mockserver.contract.derive_schemas import Components
from mockserver.contract.derive_shapes import TABLE, Place, Shape
from mockserver.contract.page import (
    Enumeration,
    PageExample,
    PageOperation,
    PageParameter,
    PageResponse,
    ResponseTable,
    SchemaRow,
    TypeCell,
)

__all__ = ["OperationDraft"]

_MEDIA_TYPE = re.compile(r"^[\w.+\-*]+/[\w.+\-*]+(?:;.*)?$", re.ASCII)


@dataclass(slots=True)
class Shown:
    """An example with its data and the media type that it shows."""

    example: PageExample
    media: str
    value: Any


@dataclass(slots=True)
class Payload:
    """A body or a response on its way into the document."""

    place: Place
    shape: Shape | None = None
    media: list[str] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)
    description: str = ""
    required: bool = False

    def has_content(self) -> bool:
        """Return whether the page says anything of the content."""
        return self.shape is not None or bool(self.shown)


@dataclass(slots=True)
class OperationDraft:
    """One operation between page and document."""

    operation: PageOperation
    file: str
    components: Components
    body: Payload | None = None
    responses: dict[str, Payload] = field(default_factory=dict)
    parameter_values: list[Enumeration] = field(default_factory=list)

    # step 1: tables

    def read(self) -> None:
        """Gather what the tables say of the body and the responses."""
        self._read_body()
        accepted = self._header_media("accept")
        for row in self.operation.responses:
            if row.status in self.responses:
                self.components.notes.warn(
                    Place(self.file, row.line), f"the status {row.status} is given twice: the first was kept"
                )
                continue
            self.responses[row.status] = self._read_response(row, accepted)
        self._read_strays()

    def _warn(self, line: int, message: str) -> None:
        self.components.notes.warn(Place(self.file, line), message)

    def _header_media(self, header: str) -> list[str]:
        """Return the media types that the sample's headers of that name hold."""
        sample = self.operation.sample
        if sample is None:
            return []
        texts = [value for name, value in sample.headers if name.lower() == header]
        parts = [part.partition(";q=")[0].strip() for text in texts for part in text.split(",")]
        for part in parts:
            if not _MEDIA_TYPE.match(part):
                self._warn(sample.line, f"the sample's {header} {part!r} is not a media type: it was left out")
        return list(dict.fromkeys(part for part in parts if _MEDIA_TYPE.match(part)))

    def _read_body(self) -> None:
        rows = []
        for item in self.operation.parameters:
            if item.where in ("body", "formdata", "form"):
                rows.append(item.row)
            elif item.where not in PLACES:
                self._warn(item.row.line, f"the parameter {item.row.name!r} is in {item.where!r}: it was left out")
        examples = self.operation.body_examples
        declared = self._body_media()
        self.parameter_values = list(self.operation.parameter_enumerations)
        if not rows and not examples and not (self.operation.sample and self.operation.sample.data):
            return
        line = rows[0].line if rows else examples[0].line if examples else self.operation.line
        payload = Payload(Place(self.file, line), media=declared)
        if self.operation.sample and self.operation.sample.data and not examples:
            sample = self.operation.sample
            examples = (PageExample(sample.line, "json" if any(map(is_json, declared)) else "", sample.data),)
        self._show(payload, examples)
        if not payload.media:
            payload.media = [payload.shown[0].media if payload.shown else "*/*"]
        if rows:
            self._read_body_rows(payload, rows)
        self.body = payload

    def _body_media(self) -> list[str]:
        """Return the media types of the body: those that a Content-Type row names, else the sample's."""
        sent = self._header_media("content-type")
        row = next((item.row for item in self.operation.parameters if _is_content_type(item)), None)
        if row is None:
            return sent
        values = [item for item in self.operation.parameter_enumerations if item.name.lower() == "content-type"]
        named = [value for item in values for value in item.values]
        named += re.findall(r"`([^`]+/[^`]+)`", row.description)
        media = list(dict.fromkeys(name for name in named if _MEDIA_TYPE.match(name)))
        if not media:
            return sent
        others = [name for name in sent if name not in media]
        if others:
            self._warn(row.line, f"the sample sends {others[0]} too, which this row does not name: it was left out")
        return media

    def _read_body_rows(self, payload: Payload, rows: list[SchemaRow]) -> None:
        """Read the rows of the body: one row that is the whole body, or the members of a form."""
        reader = self.components.reader(self.file)
        roots = tree(rows, self.file, self.components.notes)
        value = payload.shown[0].value if payload.shown else MISSING
        whole = len(roots) == 1 and (roots[0].row.name == "body" or roots[0].row.type.schema != "")
        if whole:
            row = roots[0].row
            payload.shape = reader.member(roots[0], value)
            payload.required = row.required is True
            payload.description = str(payload.shape.keywords.pop("description", ""))
        else:
            form = Node(SchemaRow(roots[0].row.line, "", 0, TypeCell(("object",))), roots)
            payload.shape = reader.member(form, value)
        names = {row.name for row in reader.occurrences}
        others = {item.row.name for item in self.operation.parameters if item.where in PLACES}
        mine = [
            values
            for values in self.parameter_values
            if values.name in names and (values.depth or values.name not in others)
        ]
        self.parameter_values = [values for values in self.parameter_values if values not in mine]
        reader.finish(mine)

    def _read_response(self, row: PageResponse, accepted: list[str]) -> Payload:
        payload = Payload(Place(self.file, row.line), description=row.description)
        media = payload.media = list(accepted)
        self._show(payload, [example for status, example in self.operation.response_examples if status == row.status])
        shows = list(dict.fromkeys(shown.media for shown in payload.shown))
        fenced = [name for name in shows if name != "*/*"]
        payload.media = [name for name in media if _agrees(name, fenced)] or fenced or media or ["*/*"]
        tables = [table for table in self.operation.response_tables if table.status == row.status]
        if tables:
            payload.shape = self._read_tables(tables, row.type, payload)
        elif not row.type.says_nothing():
            payload.shape = shape_of_cell(row.type, payload.place, TABLE, self.components.see)
        if payload.has_content() and row.status in ("204", "304"):
            self._warn(row.line, f"a {row.status} response has no content: what the page shows was left out")
            payload.shape, payload.shown = None, []
        return payload

    def _read_tables(self, tables: list[ResponseTable], cell: TypeCell, payload: Payload) -> Shape:
        value = payload.shown[0].value if payload.shown else MISSING
        rows = [row for table in tables for row in table.rows]
        reader = self.components.reader(self.file)
        shape = reader.response(rows, cell, value, payload.place)
        reader.finish(values for table in tables for values in table.enumerations)
        title = next((table.description for table in tables if table.description), "")
        if title and not shape.ref:
            shape.keywords.setdefault("description", title)
        return shape

    def _read_strays(self) -> None:
        """Add the responses that only an example or a table of members speaks of."""
        for status, example in self.operation.response_examples:
            if status not in self.responses:
                self._warn(example.line, f"the example's status {status} is not in the table of responses: added")
                self.responses[status] = self._read_response(
                    PageResponse(example.line, status, "", TypeCell()), self._header_media("accept")
                )
        for table in self.operation.response_tables:
            if table.status not in self.responses:
                self._warn(table.line, f"the table's status {table.status} is not in the table of responses: left out")

    def _show(self, payload: Payload, examples: "tuple[PageExample, ...] | list[PageExample]") -> None:
        for example in examples:
            fence = media_of_fence(example.language)
            media = fence or (payload.media[0] if payload.media else "*/*")
            value = read_example(example, media, self.file, self.components.notes)
            if value is not MISSING:
                payload.shown.append(Shown(example, media, value))

    # step 2: examples

    def payloads(self) -> list[Payload]:
        """Return the body, where there is one, and the responses."""
        return [payload for payload in (self.body, *self.responses.values()) if payload]

    def learn(self) -> None:
        """Let the examples fill what the tables leave open."""
        for payload in self.payloads():
            for shown in payload.shown:
                place = Place(self.file, shown.example.line)
                if payload.shape is None:
                    payload.shape = Shape(place)
                if payload is self.body:
                    self._as_shown(payload, shown.value)
                if not isinstance(shown.value, str) or shown.example.language in ("json", "yaml"):
                    self.components.adopt(payload.shape, shown.value, place)

    def _as_shown(self, body: Payload, value: Any) -> None:
        """Take a body for a list where its example is one of the schema: the generator's row names the schema alone."""
        shape = body.shape
        if shape and shape.ref and isinstance(value, list) and self.components.is_object(shape.ref):
            self._warn(
                shape.place.line,
                f"the body is called {shape.ref!r}, its example is a list: it was read as a list of such",
            )
            body.shape = Shape(shape.place, TABLE, ("array",), items=shape)

    # step 3: the result

    def write(self) -> dict[str, Any]:
        """Return parameters, body and responses as members of an Operation Object."""
        result: dict[str, Any] = {}
        found = parameters(self.operation, self.file, self.parameter_values, self.components)
        self._unused_values()
        if found:
            result["parameters"] = found
        if self.body:
            body: dict[str, Any] = {"description": self.body.description} if self.body.description else {}
            body["content"] = self._content(self.body)
            if self.body.required:
                body["required"] = True
            result["requestBody"] = body
        if self.responses:
            result["responses"] = {status: self._response(status) for status in self.responses}
        else:
            self._warn(self.operation.line, f"{self.operation.method} {self.operation.path} has no table of responses")
        return result

    def _unused_values(self) -> None:
        names = {item.row.name for item in self.operation.parameters}
        for values in self.parameter_values:
            if values.name not in names:
                self._warn(values.line, f"enumerated values for {values.name!r}, which no parameter can take")

    def _response(self, status: str) -> dict[str, Any]:
        payload = self.responses[status]
        response: dict[str, Any] = {"description": payload.description}
        headers: dict[str, Any] = {}
        for header in self.operation.response_headers:
            if header.status == status:
                place = Place(self.file, header.line)
                shape = shape_of_cell(header.type, place, TABLE, self.components.see)
                described = {"description": header.description} if header.description else {}
                headers[header.name] = {**described, "schema": self.components.render(shape)}
        if headers:
            response["headers"] = headers
        if payload.has_content():
            response["content"] = self._content(payload)
        return response

    def _content(self, payload: Payload) -> dict[str, Any]:
        """Return the Content of a payload, with its schema; examples are added when all schemas are known."""
        schema = self.components.render(payload.shape) if payload.shape else {}
        return {media: {"schema": schema} if schema else {} for media in payload.media}

    def add_examples(self, written: dict[str, Any], fitness: Fitness) -> None:
        """Add the examples that fit their schemas to what :meth:`write` returned."""
        if self.body:
            self._add(self.body, written["requestBody"]["content"], fitness)
        for status, payload in self.responses.items():
            if payload.has_content():
                self._add(payload, written["responses"][status]["content"], fitness)

    def _add(self, payload: Payload, content: dict[str, Any], fitness: Fitness) -> None:
        fitting: dict[str, list[Shown]] = {}
        for shown in payload.shown:
            media = next((name for name in content if _agrees(name, [shown.media])), next(iter(content)))
            why = fitness.misfit(shown.value, content[media].get("schema", {}))
            if why and (is_json(media) or not isinstance(shown.value, str)):
                self._warn(shown.example.line, f"the example does not fit its schema ({why}): it was left out")
            else:
                fitting.setdefault(media, []).append(shown)
        for media, several in fitting.items():
            if len(several) == 1 and not several[0].example.label:
                content[media]["example"] = several[0].value
            else:
                content[media]["examples"] = _named(several)


def _is_content_type(item: PageParameter) -> bool:
    return item.where == "header" and item.row.name.lower() == "content-type"


def _agrees(media: str, shown: list[str]) -> bool:
    """Return whether a media type of the sample can be what a fence shows; without fences, any can."""
    if not shown:
        return True
    essence = media.partition(";")[0].strip().lower()
    if any(essence == name or (name == "application/json" and is_json(essence) and essence != "*/*") for name in shown):
        return True
    form = essence.startswith("multipart/") or essence.endswith(("yaml", "form-urlencoded"))
    return form and "application/yaml" in shown


def _named(several: list[Shown]) -> dict[str, Any]:
    """Return several examples of one payload as a map of Example Objects."""
    result: dict[str, Any] = {}
    for number, shown in enumerate(several, start=1):
        label = shown.example.label
        key = re.sub(r"[^A-Za-z0-9._-]+", "-", label).strip("-") or f"example-{number}"
        if key in result:
            key = f"{key}-{number}"
        result[key] = {**({"summary": label} if label else {}), "value": shown.value}
    return result
