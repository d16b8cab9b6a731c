"""The operations of an OpenAPI 3.1 document, read once into plain values (OpenAPI 3.1, section 4.8)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from mockserver.engine.references import escape, localized
from mockserver.errors import DocumentError, Fault

__all__ = [
    "Document",
    "MediaType",
    "Operation",
    "Parameter",
    "ResponseSpec",
    "SecurityScheme",
]

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an operation; ``pointer`` leads to its schema, and is empty where it has ``content``."""

    name: str
    where: str
    required: bool
    schema: Mapping[str, Any]
    pointer: str
    style: str
    explode: bool


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type (or range) of a body; ``pointer`` leads to its schema, and is empty where it has none."""

    name: str
    schema: Mapping[str, Any]
    pointer: str
    raw: Mapping[str, Any]

    @property
    def is_json(self) -> bool:
        """Whether bodies of this type are read and written as JSON; ranges are, for want of anything better."""
        essence = self.name.partition(";")[0].strip().lower()
        return essence.endswith(("/json", "+json", "/*"))


@dataclass(frozen=True, slots=True)
class ResponseSpec:
    """A declared response: its media types and the names of the headers that it must carry."""

    status: str
    media_types: tuple[MediaType, ...]
    required_headers: tuple[str, ...]
    raw: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SecurityScheme:
    """Where a credential is carried: ``where`` is header, query, cookie or bearer; ``param`` its name there."""

    name: str
    where: str
    param: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. ``security`` holds the alternatives, each a mapping of scheme to the roles that it needs."""

    id: str
    method: str
    path: str
    template: str
    pointer: str
    parameters: tuple[Parameter, ...]
    body: tuple[MediaType, ...]
    body_required: bool
    responses: Mapping[str, ResponseSpec]
    security: tuple[Mapping[str, tuple[str, ...]], ...]
    rules: tuple[str, ...]
    raw: Mapping[str, Any]
    success: int
    """The status of a success: the lowest 2xx that is declared, else the lowest 3xx, else 200."""

    def response(self, status: int) -> ResponseSpec | None:
        """Return what is declared for a status: exactly, by its class (``4XX``), or by ``default``."""
        return (
            self.responses.get(str(status)) or self.responses.get(f"{status // 100}XX") or self.responses.get("default")
        )

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Document:
    """A loaded OpenAPI document with its references followed on demand.

    The data must be normalised already: string keys, references inside the document only. ``source`` is the document
    as it was given, ``raw`` the same with nothing but pointers for references (:mod:`mockserver.engine.references`).
    """

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.source = raw
        self.raw = raw = localized(raw)
        self.base_paths = _base_paths(raw)
        self.security_schemes = dict(self._security_schemes())
        self.operations = tuple(self._operations())

    def resolve(self, node: Any) -> Any:
        """Return what ``node`` is after its ``$ref`` chain; a boolean schema becomes an object."""
        return self.locate(node, "")[0]

    def locate(self, node: Any, pointer: str) -> tuple[Any, str]:
        """Return ``node`` after its ``$ref`` chain, and the pointer of where it stands."""
        seen = []
        while isinstance(node, Mapping) and isinstance(node.get("$ref"), str):
            reference = unquote(node["$ref"])
            if reference in seen:
                raise DocumentError(
                    Fault(
                        f"the reference {reference!r} leads back to itself",
                        pointer=pointer,
                        hint="Break the loop.",
                    )
                )
            seen.append(reference)
            node, pointer = self.at(reference), reference
        if isinstance(node, bool):
            node = {} if node else {"not": {}}
        return node, pointer

    def at(self, reference: str) -> Any:
        """Return the node that a pointer (``#/components/...``) leads to."""
        if not reference.startswith("#"):
            raise DocumentError(
                Fault(
                    f"the reference {reference!r} leaves the document",
                    hint="Bundle the document into one file.",
                )
            )
        node: Any = self.raw
        for part in reference[1:].split("/")[1:]:
            name = part.replace("~1", "/").replace("~0", "~")
            if isinstance(node, Mapping) and name in node:
                node = node[name]
            elif isinstance(node, list) and name.isdecimal() and int(name) < len(node):
                node = node[int(name)]
            else:
                raise DocumentError(
                    Fault(f"the reference {reference!r} leads nowhere", hint="Define it, or mend its spelling.")
                )
        return node

    def properties(self, schema: Any) -> dict[str, Any]:
        """Return the properties that a schema declares, those of its ``allOf`` parts included.

        The schema's own come last, and stand before those of its parts; a part that comes more than once counts once.
        """
        found: list[Mapping[str, Any]] = []
        seen: dict[int, Any] = {}
        waiting = [schema]
        while waiting:
            node = self.resolve(waiting.pop())
            if id(node) not in seen:
                seen[id(node)] = node
                found.append(node.get("properties", {}))
                waiting.extend(node.get("allOf", ()))
        return {name: inner for properties in reversed(found) for name, inner in properties.items()}

    def _security_schemes(self) -> Iterator[tuple[str, SecurityScheme]]:
        for name, node in self.raw.get("components", {}).get("securitySchemes", {}).items():
            scheme = self.resolve(node)
            kind = scheme.get("type")
            if kind == "apiKey":
                yield name, SecurityScheme(name, scheme["in"], scheme["name"])
            elif kind in {"oauth2", "openIdConnect"} or (
                kind == "http"
                and str(scheme.get("scheme", "")).lower()
                in {
                    "bearer",
                    "basic",
                }
            ):
                yield name, SecurityScheme(name, str(scheme.get("scheme", "bearer")).lower(), "Authorization")

    def _operations(self) -> Iterator[Operation]:
        base = self.base_paths[0]
        for path, node in self.raw.get("paths", {}).items():
            item, at = self.locate(node, f"#/paths/{escape(path)}")
            for method in METHODS:
                if method in item:
                    yield self._operation(base + path, path, method, item, f"{at}/{method}")

    def _operation(self, full: str, path: str, method: str, item: Any, at: str) -> Operation:
        raw = item[method]
        body, body_at = self.locate(raw.get("requestBody", {}), f"{at}/requestBody")
        security = raw.get("security", self.raw.get("security", [{}])) or [{}]
        return Operation(
            id=raw.get("operationId") or f"{method.upper()} {path}",
            method=method.upper(),
            path=full,
            template=path,
            pointer=f"#/paths/{escape(path)}/{method}",
            parameters=tuple(self._parameters(item, raw, at)),
            body=tuple(self._media_types(body, body_at)),
            body_required=bool(body.get("required", False)),
            responses={
                str(status).upper() if status != "default" else status: self._response(str(status), node, at)
                for status, node in raw.get("responses", {}).items()
            },
            security=tuple({name: tuple(roles) for name, roles in option.items()} for option in security),
            rules=tuple(raw.get("x-rules", ())),
            raw=raw,
            success=_success(raw.get("responses", ())),
        )

    def _parameters(self, item: Any, raw: Any, pointer: str) -> Iterator[Parameter]:
        shared = [
            (node, f"{pointer.rpartition('/')[0]}/parameters/{i}") for i, node in enumerate(item.get("parameters", ()))
        ]
        own = [(node, f"{pointer}/parameters/{i}") for i, node in enumerate(raw.get("parameters", ()))]
        found: dict[tuple[str, str], Parameter] = {}
        for node, place in shared + own:
            spec, at = self.locate(node, place)
            where = spec["in"]
            style = spec.get("style", "form" if where in {"query", "cookie"} else "simple")
            found[spec["name"], where] = Parameter(
                name=spec["name"],
                where=where,
                required=bool(spec.get("required", where == "path")),
                schema=self.resolve(spec.get("schema", {})),
                pointer=f"{at}/schema" if "schema" in spec else "",
                style=style,
                explode=bool(spec.get("explode", style == "form")),
            )
        yield from found.values()

    def _media_types(self, node: Any, at: str) -> Iterator[MediaType]:
        for name, raw in node.get("content", {}).items():
            pointer = f"{at}/content/{escape(name)}/schema" if "schema" in raw else ""
            yield MediaType(name, self.resolve(raw.get("schema", {})), pointer, raw)

    def _response(self, status: str, node: Any, pointer: str) -> ResponseSpec:
        raw, at = self.locate(node, f"{pointer}/responses/{escape(status)}")
        headers = {name: self.resolve(header) for name, header in raw.get("headers", {}).items()}
        return ResponseSpec(
            status=status,
            media_types=tuple(self._media_types(raw, at)),
            required_headers=tuple(name for name, header in headers.items() if header.get("required")),
            raw=raw,
        )


def _base_paths(raw: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the path parts of the servers, without trailing slash, each once; ``("",)`` when there are none."""
    paths = []
    for server in raw.get("servers", ()):
        url = str(server.get("url", ""))
        for name, variable in server.get("variables", {}).items():
            url = url.replace("{" + name + "}", str(variable.get("default", "")))
        rest = url.partition("://")[2] if "://" in url else url
        path = "/" + rest.partition("/")[2] if "://" in url else rest
        path = path.rstrip("/")
        if path not in paths:
            paths.append(path)
    return tuple(paths) or ("",)


def _success(declared: Iterable[str]) -> int:
    """Return the status of a success; an operation may do nothing but redirect."""
    statuses = sorted(int(code) for code in declared if code.isdecimal() and code[0] in "23")
    if not statuses or (statuses[0] >= 300 and {"2XX", "default"} & {str(code) for code in declared}):
        return 200
    return statuses[0]
