"""What is proven good at once is what openapi-spec-validator finds nothing wrong with; the rest it words."""

import copy
import time
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from mockserver.contract import yamlfile
from mockserver.engine import document_check
from mockserver.errors import DocumentError
from mockserver.resources import PROFILES, document_path

Schema = dict[str, Any]
THING: Schema = {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}}


def document(schema: Any = True, path: str = "/things/{id}", **operation: Any) -> dict[str, Any]:
    get = {
        "operationId": "get",
        "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}],
        "responses": {"200": {"description": "d", "content": {"application/json": {"schema": schema}}}},
        **operation,
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "1"},
        "paths": {path: {"get": get}},
        "components": {"schemas": {"Thing": THING}},
    }


def with_parameters(*parameters: Any) -> dict[str, Any]:
    return document(parameters=list(parameters))


ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
REF = {"$ref": "#/components/schemas/Thing"}
GOOD: dict[str, dict[str, Any]] = {
    "a true schema": document(),
    "a reference": document(REF),
    "parts that give what is required": document({"allOf": [REF], "required": ["a"]}),
    "parts of parts": document({"allOf": [{"anyOf": [REF, {"properties": {"b": {}}}]}], "required": ["a", "b"]}),
    "a default that fits": document({"type": "integer", "format": "int32", "default": 5}),
    "a default beside a reference": document({"properties": {"x": {"enum": ["a", "b"], "default": "a"}}}),
    "unknown members": document({"x-mine": 1, "nullable": True, "additionalProperties": True}),
    "parameters of the path": {
        **document(),
        "paths": {"/things/{id}": {"parameters": [ID], "get": {"responses": {"200": {"description": "d"}}}}},
    },
    "no operationId": {**document(), "paths": {"/a": {"get": {"responses": {"200": {"description": "d"}}}}}},
}
BAD: dict[str, dict[str, Any]] = {
    "an unknown type": document({"type": "strin"}),
    "an unknown type inside": document({"properties": {"a": {"items": {"type": "strin"}}}}),
    "an unknown type behind a reference": {**document(REF), "components": {"schemas": {"Thing": {"type": "x"}}}},
    "a pattern that is none": document({"pattern": "("}),
    "a bound that is none": document({"minimum": "5"}),
    "a discriminator that is none": document({"oneOf": [REF], "discriminator": {"propertyName": 5}}),
    "an unknown dialect": document({"$schema": "urn:unknown", "type": "string"}),
    "parts that lack what is required": document({"allOf": [REF], "required": ["b"]}),
    "a default that does not fit": document({"type": "integer", "default": "five"}),
    "a default beyond its format": document({"type": "integer", "format": "int32", "default": 2**31}),
    "a default that an enumeration lacks": document({"properties": {"x": {"enum": ["a"], "default": "b"}}}),
    "a path parameter that is not declared": with_parameters(),
    "a path parameter that the path lacks": document(path="/things"),
    "the same parameter twice": with_parameters(ID, ID),
    "the same operationId twice": {
        **document(),
        "paths": {
            path: {"get": {"operationId": "same", "responses": {"200": {"description": "d"}}}} for path in ("/a", "/b")
        },
    },
    "the same tag twice": {**document(), "tags": [{"name": "a"}, {"name": "a"}]},
    "no description of a response": document(responses={"200": {}}),
}


def judged(data: dict[str, Any]) -> list[str]:
    """Return what openapi-spec-validator itself finds."""
    return [str(error.message) for error in OpenAPIV31SpecValidator(copy.deepcopy(data)).iter_errors()]


@pytest.mark.parametrize("name", GOOD)
def test_a_good_document_is_proven_good_and_is_good(name: str) -> None:
    assert document_check._Proof(GOOD[name]).holds()
    document_check.check_document(GOOD[name])
    assert judged(GOOD[name]) == []


@pytest.mark.parametrize("profile", PROFILES)
def test_the_shipped_documents_are_proven_good(profile: str) -> None:
    assert document_check._Proof(yamlfile.load(document_path(profile))).holds()


@pytest.mark.parametrize("name", BAD)
def test_a_bad_document_is_never_proven_good_and_is_refused_in_the_validators_words(name: str) -> None:
    with pytest.raises(DocumentError) as caught:
        document_check.check_document(BAD[name])
    expected = judged(BAD[name])
    assert [fault.message for fault in caught.value.faults] == [" ".join(text.split()) for text in expected]
    assert expected


def test_a_bad_schema_of_a_request_body_is_refused_too() -> None:
    body = {"content": {"application/json": {"schema": {"type": "strin"}}}}
    with pytest.raises(DocumentError, match="strin"):
        document_check.check_document(document(requestBody=body))


def test_many_faults_are_cut_short() -> None:
    schemas = {f"S{i}": {"type": f"bad{i}"} for i in range(500)}
    with pytest.raises(DocumentError) as caught:
        document_check.check_document({**document(), "components": {"schemas": schemas}})
    assert len(caught.value.faults) == document_check.MAX_FAULTS


def test_a_chain_of_5000_references_is_good() -> None:
    schemas: Schema = {f"S{i}": {"properties": {"n": {"$ref": f"#/components/schemas/S{i + 1}"}}} for i in range(5000)}
    schemas["S5000"] = {"properties": {"n": {"$ref": "#/components/schemas/S0"}}}
    started = time.monotonic()
    document_check.check_document({**document({"$ref": "#/components/schemas/S0"}), "components": {"schemas": schemas}})
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    ("bad", "pointer"),
    [
        (with_parameters({**ID, "schema": {"type": "integer", "default": "x"}}), "/parameters/0/schema/default"),
        (
            document({"properties": {"a/b": {"items": {"type": "integer", "default": "x"}}}}),
            "/responses/200/content/application~1json/schema/properties/a~1b/items/default",
        ),
        (
            document({"type": "object", "properties": {"n": {"type": "integer"}}, "default": {"n": "x"}}),
            "/responses/200/content/application~1json/schema/default/n",
        ),
    ],
)
def test_a_default_that_does_not_fit_is_named_with_its_place(bad: dict[str, Any], pointer: str) -> None:
    with pytest.raises(DocumentError) as caught:
        document_check.check_document(bad)
    (fault,) = caught.value.faults
    assert fault.pointer == f"#/paths/~1things~1{{id}}/get{pointer}"
    assert fault.message == "'x' is not of type 'integer'"


def test_a_default_behind_a_reference_is_placed_where_it_stands() -> None:
    bad = document(REF)
    bad["components"] = {
        "schemas": {"Thing": {"type": "object", "properties": {"a": {"type": "string", "default": 5}}}}
    }
    with pytest.raises(DocumentError) as caught:
        document_check.check_document(bad)
    assert {fault.pointer for fault in caught.value.faults} == {"#/components/schemas/Thing/properties/a/default"}


def test_faults_of_an_operation_as_a_whole_are_placed_at_it() -> None:
    bad = document()
    bad["paths"]["/b/{other}"] = {"get": {"operationId": "get", "responses": {"200": {"description": "d"}}}}
    with pytest.raises(DocumentError) as caught:
        document_check.check_document(bad)
    assert len(caught.value.faults) == 2
    assert {fault.pointer for fault in caught.value.faults} == {"#/paths/~1b~1{other}/get"}
