"""Answers that refuse a request, in the shape that the contract gives to errors.

:class:`Problem` is raised anywhere in the pipeline; :class:`Shaper` turns it into the body that the document
declares for that operation and status. ``CATALOGUE`` lists every problem that the engine itself can answer.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

__all__ = ["CATALOGUE", "Problem", "Shaper", "Violation", "field_name"]

CATALOGUE: dict[str, tuple[int, str]] = {
    "malformed-parameter": (400, "A path, query, header or cookie parameter is not what the contract says."),
    "malformed-body": (400, "The body is missing, or is not JSON."),
    "body-cut-short": (400, "The body ended before the length that the request announced."),
    "invalid-body": (400, "The body is JSON, but not what the schema of the operation says."),
    "refused-by-rule": (400, "The body breaks a rule that needs several members or the present state."),
    "unauthenticated": (401, "No credential was sent, or it is unknown, expired, or of a suspended user."),
    "forbidden": (403, "The credential is good, but its user lacks a role that the operation needs."),
    "unknown-path": (404, "The contract has no such path."),
    "not-found": (404, "The path is in the contract, but nothing with that key exists."),
    "method-not-allowed": (405, "The path exists, but not with this method; `Allow` lists those it has."),
    "body-too-slow": (408, "The body did not come in the time that the server gives it; the connection is closed."),
    "conflict": (409, "Something that must be unique exists already."),
    "body-too-large": (413, "The body is larger than the server takes."),
    "unsupported-media-type": (415, "The contract declares other media types for this body."),
    "off-contract": (500, "The mock's own answer broke the contract and was withheld: a defect of the mock."),
    "no-success": (
        501,
        "The contract declares no success of the operation, or only `101`: there is nothing to answer.",
    ),
    "internal": (500, "The mock failed: a defect of the mock."),
}


def field_name(path: Iterable[str | int]) -> str:
    """Return the place of a member as people write it: ``("api_keys", 1, "id")`` -> ``api_keys[1].id``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


@dataclass(frozen=True, slots=True)
class Violation:
    """One fault of a request or response: where, which keyword or rule, and what about it.

    ``path`` holds the member names and array indices from the root of the judged value, ``where`` says which
    value that is (``body``, ``query parameter 'limit'``, ...).
    """

    path: tuple[str | int, ...]
    keyword: str
    detail: str
    where: str = "body"

    @property
    def field(self) -> str:
        """The place as people write it; empty for the value as a whole."""
        return field_name(self.path)


class Problem(Exception):
    """Raised to refuse a request: becomes an answer with the error object of the contract.

    ``code`` is a key of :data:`CATALOGUE` or the id of a rule; ``allow`` is sent as the ``Allow`` header.
    """

    def __init__(
        self,
        code: str,
        message: str,
        detail: str = "",
        violations: Iterable[Violation] = (),
        status: int | None = None,
        allow: str = "",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = CATALOGUE[code][0] if status is None else status
        self.message = message
        self.detail = detail
        self.violations = tuple(violations)
        self.allow = allow


# The names that error objects commonly give to the same thing, best known first.
_MESSAGE = ("message", "title", "error", "reason", "summary", "msg")
_DETAIL = ("detail", "details", "description", "error_description")
_STATUS = ("status", "statusCode", "status_code", "code")
_LIST = (
    "validations",
    "violations",
    "errors",
    "details",
    "fields",
    "issues",
    "invalid_params",
    "invalidParams",
)
_FIELD = ("field", "pointer", "path", "name", "property", "param", "loc", "location", "key")
_WHY = ("detail", "message", "reason", "msg", "error", "description", "title")


class Shaper:
    """Builds the body of an error answer from its schema, by the usual names of the members of error objects."""

    def __init__(self, schema: Mapping[str, Any] | None, resolve: Callable[[Any], Any]) -> None:
        self._schema = schema if schema is not None else DEFAULT_SCHEMA
        self._resolve = resolve

    def shape(self, problem: Problem, sample: Callable[[Any], Any]) -> Any:
        """Return the error object; ``sample`` makes a value for required members of unknown meaning."""
        if self._is(self._schema, "string"):
            return problem.message
        return self._object(self._schema, problem, sample)

    def mended(self, value: Any, violations: Collection[Violation], sample: Callable[[Any], Any]) -> Any:
        """Return an error object without the members that do not fit: left out, or samples where they are required."""
        if not isinstance(value, dict) or not all(violation.path for violation in violations):
            return sample(self._schema)
        properties, required = _members(self._schema, self._resolve)
        faulty = {violation.path[0] for violation in violations}
        kept = {name: inner for name, inner in value.items() if name not in faulty}
        made = {name: sample(self._resolve(properties.get(name, {}))) for name in required if name in faulty}
        return {name: {**kept, **made}[name] for name in {**value, **made} if name in kept or name in made}

    def _object(self, schema: Any, problem: Problem, sample: Callable[[Any], Any]) -> Any:
        properties, required = _members(schema, self._resolve)
        if not properties:
            return {"message": problem.message}
        taken: dict[str, Any] = {}
        for role, value in (
            (_MESSAGE, problem.message),
            (_DETAIL, problem.detail),
            (_STATUS, problem.status),
            (("type",), "about:blank"),
        ):
            name = self._pick(properties, role, value, taken)
            if name is not None and (value or name in required):
                taken[name] = str(problem.status) if name in _STATUS and self._is(properties[name], "string") else value
        self._add_violations(properties, required, problem, taken)
        for name in required:
            if name not in taken:
                inner = self._resolve(properties.get(name, {}))
                nested = self._is(inner, "object") and inner.get("properties")
                taken[name] = self._object(inner, problem, sample) if nested else sample(inner)
        return {name: taken[name] for name in properties if name in taken}

    def _pick(
        self, properties: Mapping[str, Any], role: tuple[str, ...], value: Any, taken: Mapping[str, Any]
    ) -> str | None:
        """Return the first property of a role that can hold ``value``."""
        kinds = ("integer", "number", "string") if isinstance(value, int) else ("string",)
        for name in role:
            if name in properties and name not in taken and any(self._is(properties[name], kind) for kind in kinds):
                return name
        return None

    def _add_violations(
        self,
        properties: Mapping[str, Any],
        required: tuple[str, ...],
        problem: Problem,
        taken: dict[str, Any],
    ) -> None:
        name = next((n for n in _LIST if n in properties and self._is(properties[n], "array")), None)
        if name is None or name in taken:
            return
        items = self._resolve(self._resolve(properties[name]).get("items", {}))
        entries = [self._entry(items, violation) for violation in problem.violations if violation.field]
        if entries or name in required:
            taken[name] = entries

    def _entry(self, items: Mapping[str, Any], violation: Violation) -> Any:
        if self._is(items, "string"):
            return f"{violation.field}: {violation.detail}"
        members, _ = _members(items, self._resolve)
        entry: dict[str, Any] = {}
        place = next((name for name in _FIELD if name in members), None)
        why = next((name for name in _WHY if name in members and name != place), None)
        if place is not None:
            as_list = self._is(members[place], "array")
            entry[place] = list(map(str, violation.path)) if as_list else violation.field
        if why is not None:
            entry[why] = violation.detail
        return entry

    def _is(self, schema: Any, kind: str) -> bool:
        kinds = self._resolve(schema).get("type")
        return kind in kinds if isinstance(kinds, list) else kind == kinds


def _members(schema: Any, resolve: Callable[[Any], Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the properties and required names of an object schema, those of ``allOf`` included."""
    schema = resolve(schema)
    properties: dict[str, Any] = dict(schema.get("properties", {}))
    required: list[str] = list(schema.get("required", ()))
    for part in schema.get("allOf", ()):
        more, names = _members(part, resolve)
        properties = {**more, **properties}
        required.extend(name for name in names if name not in required)
    return properties, tuple(required)


# RFC 9457: what is answered where a document declares no error object at all.
DEFAULT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}


def reason_phrase(status: int) -> str:
    """Return the standard phrase of a status code, or a plain word for an unknown one (RFC 9110, section 15)."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Status"
