"""What a document says about things that can be made, read, changed and removed: collections and their items.

Inferred: a path that takes POST, or answers GET with an array, is a collection; that path and one parameter is its
item; what the item has and the create schema lacks is made by the server. Declared, where inference is not enough,
by one ``x-resource`` object on the collection path::

    x-resource:
      name: shelves            # the name in fixtures; default: the last word of the path
      keys: [id, name]         # the properties that the item's path parameter may match
      unique: [name]           # properties that no two live items share (409)
      order: [name]            # the order of the list; default: as created
      defaults: {enabled: false}
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mockserver.engine.operations import Document, Operation
from mockserver.errors import DocumentError, Fault

__all__ = ["Binding", "Resource", "bind", "snake"]

_PARAM = re.compile(r"\{([^{}]+)\}")
_KNOWN = ("name", "keys", "unique", "order", "defaults")
_CREATED = re.compile(r"creat|added|insert|registered", re.IGNORECASE)
_UPDATED = re.compile(r"updat|modif|chang", re.IGNORECASE)


@dataclass(slots=True)
class Resource:
    """A collection and its items.

    ``made`` maps each property that the server makes to how: ``id``, ``created``, ``updated`` or ``sample``.
    ``parents`` are the collections around a nested one, outermost first; ``params`` their path parameters and, last,
    the item's own.
    """

    name: str
    path: str
    params: tuple[str, ...]
    keys: tuple[str, ...]
    unique: tuple[str, ...]
    order: tuple[str, ...]
    defaults: Mapping[str, Any]
    item_schema: Mapping[str, Any]
    create_schema: Mapping[str, Any]
    made: Mapping[str, str]
    parents: tuple["Resource", ...] = ()
    operations: dict[str, Operation] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The property that identifies an item."""
        return self.keys[0]


@dataclass(frozen=True, slots=True)
class Binding:
    """What an operation does: a behaviour's name, and the resource it does it to."""

    role: str
    resource: Resource | None


def bind(document: Document) -> tuple[dict[str, Binding], dict[str, Resource]]:
    """Return the binding of every operation by its pointer, and the resources by name."""
    paths: dict[str, dict[str, Operation]] = {}
    for operation in document.operations:
        paths.setdefault(operation.template, {})[operation.method] = operation
    items = _item_paths(paths)
    collections = {path: items.get(path) for path, methods in paths.items() if _is_collection(document, methods)}
    bindings: dict[str, Binding] = {}
    resources: dict[str, Resource] = {}
    by_path: dict[str, Resource] = {}
    for path in sorted(collections, key=lambda path: path.count("/")):
        resource = _resource(document, path, collections[path], paths, by_path)
        if resource.name in resources:
            resource.name = path.strip("/").replace("/", ".")
        resources[resource.name] = by_path[path] = resource
        for role, operation in _roles(path, collections[path], paths):
            resource.operations[role] = operation
            bindings[operation.pointer] = Binding(role, resource)
    for operation in document.operations:
        bindings.setdefault(operation.pointer, Binding("sample", None))
    return bindings, resources


def _roles(
    path: str, item: str | None, paths: Mapping[str, Mapping[str, Operation]]
) -> Iterator[tuple[str, Operation]]:
    names = {"GET": "list", "POST": "create"}
    yield from ((names[method], operation) for method, operation in paths[path].items() if method in names)
    if item is not None:
        names = {"GET": "get", "PUT": "replace", "PATCH": "update", "DELETE": "delete"}
        yield from ((names[method], operation) for method, operation in paths[item].items() if method in names)


def _item_paths(paths: Iterable[str]) -> dict[str, str]:
    """Return, by the path of what may be a collection, the first path that has one parameter more."""
    found: dict[str, str] = {}
    for path in paths:
        collection, _, last = path.rpartition("/")
        if _PARAM.fullmatch(last):
            found.setdefault(collection, path)
    return found


def _success_schema(document: Document, operation: Operation | None) -> Mapping[str, Any]:
    """Return the JSON schema of an operation's success answer, or an empty one."""
    if operation is None:
        return {}
    spec = operation.response(operation.success)
    media = next((m for m in spec.media_types if m.is_json), None) if spec else None
    return document.resolve(media.schema) if media else {}


def _list_item(document: Document, schema: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the schema of a list's entries: of an array, or of the one array of objects in an envelope."""
    if schema.get("type") == "array":
        found: Mapping[str, Any] = document.resolve(schema.get("items", {}))
        return found
    for inner in document.properties(schema).values():
        inner = document.resolve(inner)
        if inner.get("type") == "array" and document.properties(inner.get("items", {})):
            return _list_item(document, inner)
    return None


def _is_collection(document: Document, methods: Mapping[str, Operation]) -> bool:
    get, post = methods.get("GET"), methods.get("POST")
    if any(operation.template.endswith("}") for operation in methods.values()):
        return False
    if get is not None and _list_item(document, _success_schema(document, get)) is not None:
        return True
    return post is not None and bool(post.body) and bool(document.properties(_success_schema(document, post)))


def _resource(
    document: Document,
    path: str,
    item: str | None,
    paths: Mapping[str, Mapping[str, Operation]],
    known: Mapping[str, Resource],
) -> Resource:
    declared = document.resolve(document.raw["paths"][path]).get("x-resource", {})
    for name in declared:
        if name not in _KNOWN:
            pointer = f"#/paths/{path.replace('/', '~1')}/x-resource"
            raise DocumentError(
                Fault(f"unknown member {name!r}", pointer=pointer, hint=f"Known are: {', '.join(_KNOWN)}.")
            )
    own = paths[path]
    listed = _list_item(document, _success_schema(document, own.get("GET"))) or {}
    item_schema = (
        _success_schema(document, paths[item].get("GET") if item else None)
        or _success_schema(document, own.get("POST"))
        or listed
    )
    post = own.get("POST")
    media = next((m for m in post.body if m.is_json), None) if post else None
    create_schema = document.resolve(media.schema) if media else {}
    param = _PARAM.findall(item)[-1] if item else ""
    properties = document.properties(item_schema)
    keys = tuple(declared.get("keys", ())) or (_key(param, properties),)
    ancestors = tuple(known[p] for p in _ancestors(path) if p in known)
    return Resource(
        name=declared.get("name") or next((s for s in reversed(path.split("/")) if s and "{" not in s), path),
        path=path,
        params=(*_PARAM.findall(path), param),
        keys=keys,
        unique=tuple(declared.get("unique", ())),
        order=tuple(declared.get("order", ())),
        defaults=declared.get("defaults", {}),
        item_schema=item_schema,
        create_schema=create_schema,
        made=_made(document, properties, document.properties(create_schema), keys[0], item_schema.get("required", ())),
        parents=ancestors,
    )


def _ancestors(path: str) -> Iterator[str]:
    """Yield the collection paths around a nested one, outermost first."""
    for match in _PARAM.finditer(path):
        yield path[: match.start() - 1]


def snake(name: str) -> str:
    """Return a name in snake case: ``itemId`` -> ``item_id``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def _key(param: str, properties: Mapping[str, Any]) -> str:
    """Return the property that a path parameter names: itself, or what is left of it (``itemId`` -> ``id``)."""
    candidates = [param, "id", param.rpartition("_")[2], "uuid", "key", "name", "slug"]
    candidates.insert(1, snake(param))
    return next((name for name in candidates if name in properties), "id")


def _made(
    document: Document,
    properties: Mapping[str, Any],
    writable: Mapping[str, Any],
    id_: str,
    required: Any,
) -> dict[str, str]:
    made: dict[str, str] = {}
    for name, inner in properties.items():
        schema = document.resolve(inner)
        read_only = bool(schema.get("readOnly"))
        if name in writable and not read_only and not document.resolve(writable[name]).get("readOnly"):
            continue
        if name == id_:
            made[name] = "id"
        elif schema.get("format") == "date-time" and _UPDATED.search(name):
            made[name] = "updated"
        elif schema.get("format") == "date-time" and (_CREATED.search(name) or name in required):
            made[name] = "created"
        elif name in required:
            made[name] = "sample"
    return made
