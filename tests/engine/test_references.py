"""Schemas that name themselves: found by name, judged in their dialect, refused where a name leads nowhere."""

import json
from pathlib import Path
from typing import Any

import pytest

from mockserver.contract.loading import document_or_page, load_contract
from mockserver.engine.contract import Contract
from mockserver.engine.messages import Request
from mockserver.engine.references import localized
from mockserver.errors import DocumentError

BODY = "#/paths/~1a/post/requestBody/content/application~1json/schema"


def written(folder: Path, schema: Any, **components: Any) -> Path:
    body = {"required": True, "content": {"application/json": {"schema": schema}}}
    responses = {"204": {"description": "Accepted."}, "400": {"description": "Refused."}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Names", "version": "1"},
        "paths": {"/a": {"post": {"requestBody": body, "responses": responses}}},
        "components": {"schemas": components},
    }
    path = folder / "document.json"
    path.write_text(json.dumps(document))
    return path


def verdicts(contract: Contract, *values: Any) -> list[bool]:
    """Return whether values are valid bodies; fail where plan and openapi-core differ."""
    (plan,) = contract.plans.values()
    schema = plan.body_plans["application/json"]
    assert schema is not None
    fast = [schema.is_valid(value) for value in values]
    assert fast == core_verdicts(contract, *values)
    return fast


def core_verdicts(contract: Contract, *values: Any) -> list[bool]:
    (plan,) = contract.plans.values()
    asked = [Request("POST", "/a", "", {}, json.dumps(value).encode()) for value in values]
    return [not contract.authority.request(plan.operation, request, {}, "application/json") for request in asked]


NUMBER = {"$id": "https://schemas.example/number", "type": "number"}


@pytest.mark.parametrize(
    ("schema", "components"),
    [
        ({"$ref": "https://schemas.example/number"}, {"N": NUMBER}),
        ({"$id": "https://schemas.example/other", "$ref": "number"}, {"N": NUMBER}),
        ({"$ref": "#/components/schemas/N"}, {"N": NUMBER}),
        ({"$ref": "#num"}, {"N": {"$anchor": "num", "type": "number"}}),
        ({"$ref": "urn:x:1#num"}, {"N": {"$id": "urn:x:1", "$defs": {"n": {"$anchor": "num", "type": "number"}}}}),
        ({"$id": "urn:x:2", "$ref": "#/$defs/a~1b%20c", "$defs": {"a/b c": {"type": "number"}}}, {}),
        ({"allOf": [{"$ref": "#/components/schemas/N/properties/n"}]},
         {"N": {"$anchor": "here", "properties": {"n": {"type": "number"}}}}),
    ],
)  # fmt: skip
def test_a_schema_is_found_by_its_name(tmp_path: Path, schema: Any, components: dict[str, Any]) -> None:
    assert verdicts(load_contract(written(tmp_path, schema, **components)), 1, "x", None) == [True, False, False]


def test_what_stands_beside_a_reference_counts(tmp_path: Path) -> None:
    schema = {"$ref": "#/components/schemas/N", "minimum": 5}
    assert verdicts(load_contract(written(tmp_path, schema, N={"type": "number"})), 1, 5, "x") == [False, True, False]


def test_a_boolean_schema_is_judged_by(tmp_path: Path) -> None:
    assert verdicts(load_contract(written(tmp_path, True)), 1, {}) == [True, True]
    assert verdicts(load_contract(written(tmp_path, False)), 1, {}) == [False, False]


def test_a_dynamic_reference_sees_what_extends_its_schema(tmp_path: Path) -> None:
    tree = {
        "$id": "urn:x:tree", "$dynamicAnchor": "node", "type": "object",
        "properties": {"children": {"type": "array", "items": {"$dynamicRef": "#node"}}},
    }  # fmt: skip
    strict = {"$id": "urn:x:strict", "$dynamicAnchor": "node", "$ref": "urn:x:tree", "unevaluatedProperties": False}
    contract = load_contract(written(tmp_path, {"$ref": "urn:x:strict"}, Tree=tree, Strict=strict))
    plan = contract.compiler.schema(BODY)
    assert plan is not None
    assert plan.is_valid({"children": [{"children": []}]})
    assert not plan.is_valid({"children": [{"kids": []}]})


def test_formats_are_held_but_for_a_schema_that_says_it_is_plain_json_schema(tmp_path: Path) -> None:
    schema = {"type": "string", "format": "uuid"}
    plain = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    assert verdicts(load_contract(written(tmp_path, schema)), "x") == [False]
    assert verdicts(load_contract(written(tmp_path, plain)), "x", 1) == [True, False]


def test_a_property_is_not_a_name(tmp_path: Path) -> None:
    schema = {"properties": {"$id": {"type": "string"}, "$anchor": {"$ref": "#/components/schemas/N"}}}
    contract = load_contract(written(tmp_path, schema, N={"type": "number"}))
    assert contract.document.raw is contract.document.source
    assert verdicts(contract, {"$id": "x", "$anchor": 1}, {"$id": 1}, {"$anchor": "x"}) == [True, False, False]


@pytest.mark.parametrize(
    "reference",
    ["https://schemas.example/none", "#none", "other.json", "urn:x:9#/$defs/n", "#/components/schemas/None"],
)
def test_a_name_that_no_schema_has_is_refused_with_its_place(tmp_path: Path, reference: str) -> None:
    with pytest.raises(DocumentError, match=r"leaves the document|leads nowhere") as caught:
        load_contract(written(tmp_path, {"properties": {"p": {"$ref": reference}}}, N=NUMBER))
    assert caught.value.faults[0].pointer == f"{BODY}/properties/p/$ref"


def test_names_that_lead_in_a_circle_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="leads back to itself"):
        load_contract(written(tmp_path, {"$ref": "urn:x:a"}, A={"$id": "urn:x:a", "$ref": "urn:x:a"}))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (NUMBER, {**NUMBER, "type": "string"}),
        ({"$anchor": "a"}, {"$anchor": "a"}),
        ({"$anchor": "a"}, {"properties": {"p": {"$dynamicAnchor": "a"}}}),
    ],
)
def test_two_schemas_of_one_name_are_refused(tmp_path: Path, one: Any, other: Any) -> None:
    with pytest.raises(DocumentError, match="that of another schema too, at #/components/schemas/One") as caught:
        load_contract(written(tmp_path, {}, One=one, Other=other))
    assert caught.value.faults[0].pointer.startswith("#/components/schemas/Other/")
    assert caught.value.faults[0].line > 0


@pytest.mark.parametrize("name", ["http://[::1", "::", "a b", "", "#", "urn:x:1#y", "\u0000", "https://e.com/%zz"])
def test_an_odd_name_is_refused_or_harmless(tmp_path: Path, name: str) -> None:
    try:
        contract = load_contract(written(tmp_path, {"$id": name, "type": "number"}, N={"$id": "urn:n"}))
    except DocumentError as error:
        assert error.faults[0].message  # noqa: PT017  # either is right, for the name that it is
    else:
        # Where the compiled plan has none of it, openapi-core decides.
        compiled = contract.compiler.schema(BODY)
        assert compiled is None or [compiled.is_valid(1), compiled.is_valid("x")] == [True, False]
        assert core_verdicts(contract, 1, "x") == [True, False]


def test_a_document_without_names_stays_the_same_object() -> None:
    raw = {"paths": {"/a": {"get": {"parameters": [{"schema": {"$ref": "#/components/schemas/N"}}]}}}}
    assert localized(raw) is raw


def test_names_are_pointers_for_whoever_compares_documents(tmp_path: Path) -> None:
    data, _ = document_or_page(written(tmp_path, {"$ref": "https://schemas.example/number"}, N=NUMBER))
    assert data["paths"]["/a"]["post"]["requestBody"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/N"
    }
