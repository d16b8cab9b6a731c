"""A generated reference page to an OpenAPI 3.1 document: what the page says, and nothing else.

What is decided where the page leaves a choice:

* ``info.version`` is ``"0"``: OpenAPI wants one, the page has none;
* servers come from the ``curl`` samples, security from the sentence on authentication and the sample's headers;
* ``required`` lists only what a table calls required;
* a schema is what its table says; where it has none, what its example shows. A member of a body's example that
  carries the name and a fitting value of a member with a named schema elsewhere on the page gets that schema
  (:meth:`~mockserver.contract.derive_schemas.Components.share_names`);
* an example that does not fit its schema is left out, with a warning.
"""

from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from mockserver.contract.derive_examples import Fitness
from mockserver.contract.derive_names import operation_id, path_words
from mockserver.contract.derive_operations import OperationDraft
from mockserver.contract.derive_schemas import Components
from mockserver.contract.derive_security import Credential, credentials, server_of
from mockserver.contract.derive_shapes import Notes, Place
from mockserver.contract.page import Page, PageOperation
from mockserver.contract.page_reader import read_page
from mockserver.errors import Fault, PageError

__all__ = ["Derivation", "derive"]


@dataclass(frozen=True, slots=True)
class Derivation:
    """An OpenAPI document as plain data, and the warnings: what was not understood or contradicts itself."""

    document: dict[str, Any]
    warnings: tuple[Fault, ...]


def derive(
    page_text: str, *, name: str = "page.md", schemas_text: str | None = None, schemas_name: str = "schemas.md"
) -> Derivation:
    """Return the OpenAPI 3.1 document of a reference page.

    ``schemas_text`` is a page of schemas alone: what it says stands above what the operations show. The names are
    those that warnings speak of. Raises :class:`~mockserver.errors.PageError` for a page without operations.
    """
    page = read_page(page_text, name)
    if not page.operations:
        raise _no_operations(page)
    notes = Notes()
    components = Components(notes)
    warnings = list(page.faults)
    if schemas_text is not None:
        extra = read_page(schemas_text, schemas_name)
        warnings += extra.faults
        components.load(extra.schemas, schemas_name)
        _check_schemas(extra, notes)
    components.load(page.schemas, name)
    document = _document(page, components)
    return Derivation(document, _sorted((*warnings, *notes.faults()), name))


def _sorted(faults: tuple[Fault, ...], name: str) -> tuple[Fault, ...]:
    """Return the warnings by file, the operations page first, and line."""
    return tuple(sorted(dict.fromkeys(faults), key=lambda fault: (fault.file != name, fault.file, fault.line)))


def _no_operations(page: Page) -> PageError:
    if page.schemas:
        found = f"{len(page.schemas)} schemas and no operation"
        hint = "Name the page of the operations first, and this one after it."
    else:
        found = "no operation"
        hint = "Name a reference page with operations."
    message = f"the page has {found}: expected at least one section with a line such as `GET /api/v2/items`"
    first = next((fault for fault in page.faults if fault.line), None)
    line = first.line if first and first.message.startswith("`") else 0
    return PageError([Fault(message, page.name, line, hint=hint)])


def _check_schemas(page: Page, notes: Notes) -> None:
    place = Place(page.name, page.operations[0].line if page.operations else 1)
    if page.operations:
        notes.warn(place, f"the page of schemas has {len(page.operations)} operations: they were left out")
    if not page.schemas:
        notes.warn(place, "the page of schemas has no schema: expected sections such as '## codersdk.User'")


def _document(page: Page, components: Components) -> dict[str, Any]:
    """Return the document; its members are in the order that readers expect."""
    drafts = [OperationDraft(operation, page.name, components) for operation in _distinct(page, components.notes)]
    for draft in drafts:
        draft.read()
    for draft in drafts:
        draft.learn()
    components.share_names(payload.shape for draft in drafts for payload in draft.payloads() if payload.shape)
    document: dict[str, Any] = {"openapi": "3.1.0", "info": _info(page, components.notes)}
    servers = _servers([draft.operation for draft in drafts], page.name, components.notes)
    common = next(iter(dict.fromkeys(filter(None, servers))), "")
    if common:
        document["servers"] = [{"url": common}]
    tags = _tags(page)
    if tags:
        document["tags"] = tags
    security = _Security(page, components.notes)
    ids = _operation_ids([draft.operation for draft in drafts], page.name, components.notes)
    paths: dict[str, dict[str, Any]] = {}
    document["paths"] = paths
    written = []
    for draft, server, name in zip(drafts, servers, ids, strict=True):
        head = _head(draft.operation, name, security)
        if server and server != common:
            head["servers"] = [{"url": server}]
        written.append(head | draft.write())
        paths.setdefault(draft.operation.path, {})[draft.operation.method.lower()] = written[-1]
    schemas = components.rendered()
    fitness = Fitness(schemas)
    for draft, operation in zip(drafts, written, strict=True):
        draft.add_examples(operation, fitness)
    parts = {"schemas": schemas, "securitySchemes": security.schemes}
    if any(parts.values()):
        document["components"] = {key: part for key, part in parts.items() if part}
    return document


def _distinct(page: Page, notes: Notes) -> list[PageOperation]:
    """Return the operations, each method and path once."""
    found: dict[tuple[str, str], PageOperation] = {}
    for operation in page.operations:
        first = found.setdefault((operation.method, operation.path), operation)
        if first is not operation:
            notes.warn(
                Place(page.name, operation.line),
                f"{operation.method} {operation.path} was given before (line {first.line}): the first was kept",
            )
    return list(found.values())


def _info(page: Page, notes: Notes) -> dict[str, Any]:
    """Return the Info Object; prose below a title that is no tag describes the API."""
    title = page.title
    if not title:
        title = PurePath(page.name).stem or "API"
        notes.warn(Place(page.name, 1), f"the page has no title: {title!r} was taken from its name")
    texts = [page.description]
    used = {operation.tag for operation in page.operations}
    for tag in page.tags:
        if tag.name == page.title and tag.name not in used:
            texts.append(tag.description)
        elif tag.name not in used:
            notes.warn(Place(page.name, tag.line), f"no operation follows the heading {tag.name!r}: it was left out")
    description = "\n\n".join(filter(None, texts))
    return {"title": title, "version": "0"} | ({"description": description} if description else {})


def _tags(page: Page) -> list[dict[str, Any]]:
    """Return the tags that operations carry, with the prose below their headings."""
    texts: dict[str, str] = {}
    for tag in page.tags:
        texts[tag.name] = "\n\n".join(filter(None, (texts.get(tag.name), tag.description)))
    used = dict.fromkeys(operation.tag for operation in page.operations if operation.tag)
    return [{"name": name} | ({"description": texts[name]} if texts.get(name) else {}) for name in used]


def _servers(operations: list[PageOperation], file: str, notes: Notes) -> list[str]:
    """Return the server of each operation; warn of a sample that shows another method or path."""
    servers = []
    for operation in operations:
        server = server_of(operation)
        sample = operation.sample
        if sample and not server:
            notes.warn(
                Place(file, sample.line),
                f"the sample's URL {sample.url[:80]!r} does not end with {operation.path}: it shows no server",
            )
        if sample and sample.method not in ("", operation.method):
            notes.warn(Place(file, sample.line), f"the sample sends {sample.method}, the page says {operation.method}")
        servers.append(server)
    return servers


def _operation_ids(operations: list[PageOperation], file: str, notes: Notes) -> list[str]:
    """Return an id for each operation; one that is taken gets a suffix from the path, then a number."""
    ids: dict[str, None] = {}
    for operation in operations:
        base = operation_id(operation.heading, operation.method, operation.path)
        name, number = base, 2
        while name in ids:
            suffix = path_words(operation.path)
            name = base + suffix if suffix and number == 2 else f"{base}{suffix}{number - 1}"
            number += 1
        if name != base:
            notes.warn(Place(file, operation.line), f"the operationId {base!r} is taken: this one became {name!r}")
        ids[name] = None
    return list(ids)


class _Security:
    """Collects the security schemes of the samples, and says what an operation requires."""

    def __init__(self, page: Page, notes: Notes) -> None:
        self.schemes: dict[str, dict[str, Any]] = {}
        self._file = page.name
        self._notes = notes
        shown = [credentials(operation) for operation in page.operations if operation.authenticated]
        self._usual: list[Credential] = next((found for found in shown if found), [])

    def requirement(self, operation: PageOperation) -> list[dict[str, list[str]]] | None:
        """Return the Security Requirement Objects of an operation, or None where the page leaves them open."""
        sent = credentials(operation)
        place = Place(self._file, operation.line)
        if not operation.authenticated:
            if sent:
                self._notes.warn(place, "the sample sends a credential, the page does not ask for one: none is needed")
            return []
        if not sent:
            if not self._usual:
                self._notes.warn(place, "one must be authenticated, and no sample shows how: security was left open")
                return None
            names = " and ".join(credential.name for credential in self._usual)
            self._notes.warn(place, f"the sample sends no credential: {names} of the page's other samples was taken")
            sent = self._usual
        for credential in sent:
            self.schemes.setdefault(credential.name, credential.scheme)
        return [{credential.name: [] for credential in sent}]


def _head(operation: PageOperation, name: str, security: _Security) -> dict[str, Any]:
    """Return the first members of an Operation Object."""
    head: dict[str, Any] = {"tags": [operation.tag]} if operation.tag else {}
    head["summary"] = operation.heading
    if operation.description:
        head["description"] = operation.description
    head["operationId"] = name
    if operation.deprecated:
        head["deprecated"] = True
    required = security.requirement(operation)
    if required is not None:
        head["security"] = required
    return head
