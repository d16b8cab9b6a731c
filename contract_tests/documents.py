"""The contract that a server is judged by: an OpenAPI document, its operations, its schemas and its rules."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml

from contract_tests.errors import UsageError

PROFILES = ("documented", "deployed")
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
LIST, CREATE, GET, UPDATE, DELETE = OPERATIONS = (
    "listAIProviders",
    "createAIProvider",
    "getAIProvider",
    "updateAIProvider",
    "deleteAIProvider",
)
NEAR = {410: 404, 422: 400}  # statuses that say nearly the same (RFC 9110, sections 15.5.11 and 15.5.21)
Json = Any


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML as JSON sees it: dates and `on` stay text, and a member given twice is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"{key.value!r} is given twice", problem_mark=key.start_mark)
            seen.add(key.value)
        return {str(key): value for key, value in super().construct_mapping(node, deep=deep).items()}


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in pairs if not tag.endswith(("timestamp", "value", "merge"))]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def data_path(*parts: str) -> Path:
    """Return the path of a shipped file: inside the installed package, or beside it in a checkout."""
    packaged = Path(str(files("contract_tests"))) / "_data"
    root = packaged if packaged.is_dir() else packaged.parent.parent
    return root.joinpath(*parts)


def load_yaml(path: Path) -> Json:
    """Read a YAML or JSON file. Raises :class:`UsageError` with the place of the fault."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as problem:
        raise UsageError(f"cannot read {str(path)!r}: {problem.strerror}; expected an OpenAPI document") from problem
    except UnicodeDecodeError as problem:
        raise UsageError(f"{str(path)!r} is not UTF-8 (byte {problem.start})") from problem
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader with fewer tags
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise UsageError(f"{str(path)!r}{place}: {problem.problem}; expected YAML or JSON") from problem
    except (yaml.YAMLError, RecursionError) as problem:
        raise UsageError(f"{str(path)!r} is no YAML: {problem}") from problem


@dataclass(frozen=True)
class Media:
    """One media type of an answer: `validator` judges decoded JSON, `pointer` says where its schema stands."""

    name: str
    pointer: str
    schema: Json
    validator: jsonschema_rs.Validator | None


@dataclass(frozen=True)
class Operation:
    """One operation of the document. `statuses` maps a status to its media types by name; `default` is a status."""

    id: str
    method: str
    path: str
    summary: str
    node: Json
    statuses: dict[str, dict[str, Media]]
    headers: dict[str, tuple[str, ...]]  # status -> names of required headers
    body_schema: Json | None = None
    body_pointer: str = ""

    def answer(self, status: int) -> dict[str, Media] | None:
        """Return the media types that a status may have, or None where the document does not know the status."""
        for name in (str(status), f"{status // 100}XX", "default"):
            if name in self.statuses:
                return self.statuses[name]
        return None

    def meant(self, status: int | None) -> int | None:
        """Return the status of the document that another one stands for; None where it has that one, or none is near.

        Another status is one departure: what else the answer says is judged by what the status means.
        """
        if status is None or self.answer(status) is not None:
            return None
        if 200 <= status < 300:
            return min((int(name) for name in self.statuses if name.isdecimal() and name[0] == "2"), default=None)
        near = NEAR.get(status)
        return near if near is not None and str(near) in self.statuses else None


@dataclass(frozen=True)
class Shape:
    """What an answer may be made of: the members of an object, or the schema of a list's items.

    `members` are those that an answer may show; the page lists no others where `closed`. `within` are those of them
    that are made of something themselves.
    """

    schema: Json
    required: frozenset[str]
    members: dict[str, Json]
    closed: bool
    items: Json | None
    within: tuple[str, ...]


@dataclass(frozen=True)
class Contract:
    """A document ready to judge by. `name` is what reports call it; `origin` says which layer states a pointer."""

    name: str
    profile: str
    document: Json
    operations: dict[str, Operation]
    rules: dict[str, Json]
    validators: Any = field(default=None, repr=False)
    layers: tuple[tuple[str, Json], ...] = field(default=(), repr=False)

    def is_valid(self, pointer: str, value: Json) -> bool:
        """Tell whether a value fits the schema at a pointer; what is no schema is fitted by nothing."""
        validator = self.validators.get(pointer)
        return validator is not None and bool(validator.is_valid(value))

    @cached_property
    def collection(self) -> str:
        """The path of the collection."""
        return self.operations[CREATE].path

    @cached_property
    def carriers(self) -> tuple[tuple[str, str], ...]:
        """Where a token may be sent: (`header` or `cookie` or `query`, name), the one to use first leading."""
        schemes = self.document.get("components", {}).get("securitySchemes", {})
        found = [(s.get("in"), s.get("name")) for s in schemes.values() if s.get("type") == "apiKey"]
        return tuple(sorted(found, key=lambda pair: ("header", "cookie", "query").index(pair[0])))

    def resolve(self, node: Json) -> Json:
        """Follow `$ref`s until something else stands there."""
        while isinstance(node, dict) and isinstance(node.get("$ref"), str):
            node = lookup(self.document, node["$ref"])
        return node

    def shape(self, schema: Json) -> Shape:
        """Return what an answer of a schema is made of, worked out once."""
        known = self._shapes.get(id(schema))  # of a node of the document, which lives as long as this
        if known is None:
            known = self._shapes[id(schema)] = self._shape(self.resolve(schema))
        return known

    @cached_property
    def _shapes(self) -> dict[int, Shape]:
        return {}

    def _shape(self, schema: Json) -> Shape:
        described = schema if isinstance(schema, dict) else {}
        found = {name: self.resolve(node) for name, node in described.get("properties", {}).items()}
        nodes = {name: node if isinstance(node, dict) else {} for name, node in found.items()}
        members = {name: node for name, node in nodes.items() if not node.get("writeOnly")}
        within = tuple(name for name, node in members.items() if "properties" in node or "items" in node)
        closed = bool(nodes) and not described.get("additionalProperties")
        required = frozenset(described.get("required", ()))
        return Shape(schema, required, members, closed, described.get("items"), within)

    def states(self, pointer: str) -> str:
        """Name the layer that first stated what stands at a pointer: the page, or an overlay."""
        for name, document in self.layers:
            try:
                lookup(document, pointer)
            except UsageError:
                continue
            return name
        return self.name

    def section(self, operation: str, part: str = "") -> str:
        """Name the section of the page that an operation is described in."""
        summary = self.operations[operation].summary
        return f"page, {summary!r}{f', {part}' if part else ''}"


def lookup(document: Json, reference: str) -> Json:
    """Return what a `#/…` reference points to. Raises :class:`UsageError` where nothing is, or for another file."""
    if not reference.startswith("#"):
        raise UsageError(f"the reference {reference!r} leaves the document; expected one that starts with '#/'")
    node = document
    for part in reference[1:].split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        try:
            node = node[int(key)] if isinstance(node, list) else node[key]
        except (KeyError, IndexError, ValueError, TypeError) as problem:
            raise UsageError(f"the reference {reference!r} leads nowhere: {key!r} is not there") from problem
    return node


def escape(part: str) -> str:
    """Write one part of a JSON pointer (RFC 6901)."""
    return part.replace("~", "~0").replace("/", "~1")


def load_contract(profile: str, path: Path | None = None) -> Contract:
    """Load the document of a profile, or another one at a path.

    Raises :class:`UsageError` where it cannot be read, is no OpenAPI 3.1 document, or lacks one of the five operations.
    """
    if profile not in PROFILES:
        raise UsageError(f"unknown profile {profile!r}; expected one of {', '.join(PROFILES)}")
    return _shipped(profile) if path is None else _loaded(profile, path)


@cache
def _shipped(profile: str) -> Contract:
    """Load the document of a profile, once: nobody changes a contract."""
    return _loaded(profile, None)


def _loaded(profile: str, path: Path | None) -> Contract:
    source = path or data_path("openapi", f"{profile}.yaml")
    document = load_yaml(source)
    _check(document, source)
    names = {"reference": "the reference page", "documented": "openapi/overlays/common.yaml"}
    layers = [(text, load_yaml(data_path("openapi", f"{name}.yaml"))) for name, text in names.items()]
    layers.append((f"openapi/overlays/{profile}.yaml" if path is None else source.name, document))
    listed = load_yaml(data_path("openapi", "rules.yaml"))
    rules = {
        entry["id"]: entry for kind in ("rules", "behaviours") for entry in listed[kind] if profile in entry["profiles"]
    }
    validators = _compiled(document)
    operations = dict(_operations(document, validators))
    return Contract(source.name, profile, document, operations, rules, validators, tuple(layers))


def _check(document: Json, source: Path) -> None:
    if not isinstance(document, dict) or not isinstance(document.get("openapi"), str):
        raise UsageError(f"{str(source)!r} is no OpenAPI document: it has no 'openapi' member")
    if not document["openapi"].startswith("3.1"):
        raise UsageError(f"{str(source)!r} is OpenAPI {document['openapi']!r}; expected 3.1")
    paths = document.get("paths")
    items = paths.values() if isinstance(paths, dict) else ()
    ids = {
        operation.get("operationId")
        for item in items
        if isinstance(item, dict)
        for operation in item.values()
        if isinstance(operation, dict)
    }
    missing = [name for name in OPERATIONS if name not in ids]
    if missing:
        raise UsageError(
            f"{str(source)!r} lacks the operation {missing[0]!r}; the checks here need {', '.join(OPERATIONS)}"
        )


def _compiled(document: Json) -> Any:
    try:
        return jsonschema_rs.validator_map_for(document, validate_formats=True, offline=True, formats=FORMATS)
    except (ValueError, jsonschema_rs.ValidationError) as problem:
        raise UsageError(f"the schemas of the document cannot be used: {problem}") from problem


def _operations(document: Json, validators: Any) -> Iterator[tuple[str, Operation]]:
    for path, item in document["paths"].items():
        for method, node in item.items():
            if method in METHODS and node.get("operationId") in OPERATIONS:
                yield node["operationId"], _operation(document, validators, path, method, node)


def _operation(document: Json, validators: Any, path: str, method: str, node: Json) -> Operation:
    base = f"#/paths/{escape(path)}/{method}"
    statuses: dict[str, dict[str, Media]] = {}
    headers: dict[str, tuple[str, ...]] = {}
    for status, answer in node.get("responses", {}).items():
        pointer = f"{base}/responses/{status}"
        if "$ref" in answer:
            pointer = answer["$ref"]
            answer = lookup(document, pointer)
        declared = answer.get("headers", {})
        headers[status] = tuple(name for name, header in declared.items() if header.get("required"))
        statuses[status] = {
            name: _media(document, validators, name, media, f"{pointer}/content/{escape(name)}")
            for name, media in answer.get("content", {}).items()
        }
    schema, at = None, ""
    content = node.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        at = f"{base}/requestBody/content/application~1json/schema"
        schema = content["application/json"].get("schema")
        if isinstance(schema, dict) and "$ref" in schema:
            at, schema = schema["$ref"], lookup(document, schema["$ref"])
    summary = node.get("summary") or node["operationId"]
    return Operation(node["operationId"], method.upper(), path, summary, node, statuses, headers, schema, at)


def _media(document: Json, validators: Any, name: str, media: Json, pointer: str) -> Media:
    schema = media.get("schema", True)
    at = f"{pointer}/schema"
    if isinstance(schema, dict) and set(schema) == {"$ref"}:
        at, schema = schema["$ref"], lookup(document, schema["$ref"])
    if "schema" in media and validators.get(at) is None:
        raise UsageError(f"the schema at {at} cannot be used: {_complaint(document, at)}")
    return Media(name, at, schema, validators.get(at))


def _complaint(document: Json, pointer: str) -> str:
    """Say why the schema at a pointer does not compile; the map of all validators leaves such a one out silently."""
    try:
        jsonschema_rs.validator_for({**document, "$ref": pointer}, offline=True, formats=FORMATS)
    except (ValueError, jsonschema_rs.ValidationError) as problem:
        return str(problem).splitlines()[0]
    return "it is no JSON Schema"


def _is_int(low: int, high: int) -> Any:
    return lambda value: low <= value <= high if isinstance(value, int) and not isinstance(value, bool) else True


FORMATS = {"int32": _is_int(-(2**31), 2**31 - 1), "int64": _is_int(-(2**63), 2**63 - 1)}
