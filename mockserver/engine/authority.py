"""openapi-core, asked: the judge of documents, and of every request or response that a plan cannot decide.

It is imported on first use only (a third of a second), since a plan settles nearly every request. Its defaults are
mended where they are not the specification's: ``+json`` media types are JSON, formats are checked by the same
library that the plans use, and exceptions that escape it count as a refusal.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from mockserver.engine import jsonbody
from mockserver.engine.messages import Request, Response
from mockserver.engine.operations import Document, Operation
from mockserver.engine.plans import parse_cookies
from mockserver.engine.problems import Violation
from mockserver.engine.references import parts_of, with_schemas, without_annotated_formats
from mockserver.engine.wording import SchemaError, from_core, violations_of

__all__ = ["Authority", "check_document"]

_FORMATS = (
    "date",
    "date-time",
    "duration",
    "email",
    "hostname",
    "idn-email",
    "ipv4",
    "ipv6",
    "iri",
    "json-pointer",
    "regex",
    "relative-json-pointer",
    "time",
    "uri",
    "uri-reference",
    "uri-template",
    "uuid",
)


def check_document(raw: Mapping[str, Any]) -> None:
    """Raise :class:`~mockserver.errors.DocumentError` with the faults of an OpenAPI 3.1 document."""
    from mockserver.engine.document_check import check_document as check

    check(raw)


class Authority:
    """Judges with openapi-core what one document says."""

    def __init__(self, document: Document) -> None:
        self._document = document

    @cached_property
    def _openapi(self) -> Any:
        from openapi_core import Config, OpenAPI

        config = Config(
            spec_validator_cls=None,
            extra_media_type_deserializers=self._deserializers(),
            extra_format_validators=_format_validators(),
        )
        raw = _without_security(with_schemas(self._document.raw, self._judgeable))
        raw["servers"] = [{"url": path or "/"} for path in self._document.base_paths]
        return OpenAPI.from_dict(raw, config=config)

    def request(
        self, operation: Operation, request: Request, path_values: Mapping[str, str], media_type: str
    ) -> tuple[Violation, ...]:
        """Return what openapi-core finds wrong with a request, its body read as ``media_type`` (empty: the first).

        Security is not its business here.
        """
        asked = _CoreRequest(operation, request, path_values, media_type)
        return tuple(self._guarded(self._openapi.iter_request_errors, asked))

    def response(self, operation: Operation, response: Response) -> tuple[Violation, ...]:
        """Return what openapi-core finds wrong with an answer."""
        asked = _CoreRequest(operation, Request(operation.method, operation.path), {}, "")
        return tuple(self._guarded(self._openapi.iter_response_errors, asked, _CoreResponse(response)))

    def _guarded(self, judge: Any, *args: Any) -> Iterator[Violation]:
        try:
            for error in judge(*args):
                yield from _violations(error)
        except Exception as error:  # noqa: BLE001  # measured: RecursionError, ValueError, re.error, TypeError escape
            yield Violation((), "unreadable", f"cannot be judged ({type(error).__name__})", "request")

    def _judgeable(self, schema: Any, pointer: str) -> Any:
        """Return an outermost schema as openapi-core can judge by it: by none, of octets that nobody takes apart."""
        place = parts_of(pointer)
        if len(place) > 2 and place[-3] == "content" and not _STRUCTURED.match(place[-2].strip().lower()):
            kind = self._document.resolve(schema).get("type")
            if kind != "string":
                return {}
        return _judgeable(schema, pointer)

    def _deserializers(self) -> dict[str, Any]:
        names = set()
        for operation in self._document.operations:
            for media in (
                *operation.body,
                *(m for spec in operation.responses.values() for m in spec.media_types),
            ):
                if media.is_json:
                    names.add(media.name.partition(";")[0].strip())
        return dict.fromkeys(names, _decode)


# Media types whose bodies have parts that a schema can speak of: JSON, forms, XML, and ranges for want of a better.
_STRUCTURED = re.compile(
    r".*[/+](json|xml|\*)(;.*)?$|application/x-www-form-urlencoded|multipart/|text/xml", re.IGNORECASE
)


def _decode(body: bytes, **parameters: str) -> Any:
    """Return a JSON body's value; openapi-core hands over what stands beside the media type, such as ``charset``."""
    return jsonbody.decode(body)


def _judgeable(schema: Any, pointer: str) -> Any:
    """Return an outermost schema as openapi-core reads it right.

    It cannot judge by a boolean schema nor by a dialect that it does not know, and loses what stands beside a `$ref`.
    """
    if isinstance(schema, bool):
        return {} if schema else {"not": {}}
    schema = without_annotated_formats(schema)
    if not isinstance(schema, Mapping):
        return schema
    result = {name: value for name, value in schema.items() if name != "$schema"}
    if "$ref" in result and len(result) > 1:
        result["allOf"] = [{"$ref": result.pop("$ref")}, *result.get("allOf", ())]
    return result


def _without_security(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document without security: openapi-core judges nothing else of a request once it misses a credential."""
    paths = {
        path: {
            name: {k: v for k, v in node.items() if k != "security"} if isinstance(node, Mapping) else node
            for name, node in item.items()
        }
        for path, item in raw.get("paths", {}).items()
    }
    return {**{key: value for key, value in raw.items() if key != "security"}, "paths": paths}


def _format_validators() -> dict[str, Any]:
    import jsonschema_rs

    def checker(name: str) -> Any:
        is_valid = jsonschema_rs.Draft202012Validator({"format": name}, validate_formats=True).is_valid
        return lambda value: is_valid(value)

    return {name: checker(name) for name in _FORMATS}


def _violations(error: Any) -> Iterator[Violation]:
    """Yield an openapi-core error as violations: its schema errors one by one, anything else as one."""
    from openapi_core.templating.security.exceptions import SecurityNotFound
    from openapi_core.validation.request.exceptions import ParameterValidationError, SecurityValidationError

    cause = error.__cause__
    if isinstance(error, SecurityValidationError) or isinstance(cause, SecurityNotFound):
        return
    named = isinstance(error, ParameterValidationError) or hasattr(error, "name")
    where = f"{getattr(error, 'location', '')} parameter {error.name!r}".strip() if named else "body"
    prefix: tuple[str | int, ...] = (error.name,) if named else ()
    schema_errors = getattr(cause, "schema_errors", None) or getattr(error, "schema_errors", None)
    if schema_errors:
        converted: list[SchemaError] = [one for inner in schema_errors for one in from_core(inner, prefix)]
        yield from violations_of(converted, where)
    else:
        kind = type(cause if cause is not None else error).__name__
        yield Violation(prefix, kind, f"is not what the contract says ({kind})", where)


class _CoreRequest:
    """A request in the shape of openapi-core's protocol."""

    def __init__(self, operation: Operation, request: Request, path_values: Mapping[str, str], media_type: str) -> None:
        from openapi_core.datatypes import RequestParameters
        from werkzeug.datastructures import Headers, ImmutableMultiDict

        self.host_url = "http://localhost"
        self.path = operation.path
        self.path_pattern = operation.path
        self.method = operation.method.lower()
        self.body = request.body
        self.content_type = media_type or (operation.body[0].name if operation.body else "")
        cookies = parse_cookies(request.headers.get("cookie", ""))
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(parse_qsl(request.query, keep_blank_values=True)),
            header=Headers(list(request.headers.items())),
            cookie=ImmutableMultiDict([(name, value) for name, values in cookies.items() for value in values]),
            path=dict(path_values),
        )
        for name, value in path_values.items():
            self.path = self.path.replace("{" + name + "}", value)


class _CoreResponse:
    """An answer in the shape of openapi-core's protocol."""

    def __init__(self, response: Response) -> None:
        from werkzeug.datastructures import Headers

        self.data = response.body
        self.status_code = response.status
        self.content_type = response.header("content-type") or "application/json"
        self.headers = Headers(response.headers)
