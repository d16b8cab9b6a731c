"""A refusal takes the shape that the contract gives to errors, whatever names it uses."""

import pytest

from mockserver.engine.problems import CATALOGUE, DEFAULT_SCHEMA, Problem, Shaper, Violation, field_name

FAULTS = (
    Violation(("name",), "required", "is required"),
    Violation(("keys", 1, "id"), "format", "is not a valid uuid"),
)
PROBLEM = Problem("invalid-body", "The request has 2 faults.", "name is required; keys[1].id is wrong", FAULTS)


def text():
    return {"type": "string"}


def shape(schema, problem=PROBLEM, components=None):
    """Return the error object of a schema for a problem."""

    def resolve(node):
        while "$ref" in node:
            node = (components or {})[node["$ref"]]
        return node

    return Shaper(schema, resolve).shape(problem, lambda schema: schema.get("example", "sampled"))


def test_message_detail_and_validations():
    schema = {
        "type": "object",
        "required": ["message"],
        "properties": {
            "message": text(),
            "detail": text(),
            "validations": {
                "type": "array",
                "items": {"type": "object", "properties": {"field": text(), "detail": text()}},
            },
        },
    }
    assert shape(schema) == {
        "message": "The request has 2 faults.",
        "detail": "name is required; keys[1].id is wrong",
        "validations": [
            {"field": "name", "detail": "is required"},
            {"field": "keys[1].id", "detail": "is not a valid uuid"},
        ],
    }


def test_a_problem_document_of_rfc_9457():
    body = shape(DEFAULT_SCHEMA)
    assert body["type"] == "about:blank"
    assert (body["title"], body["status"]) == ("The request has 2 faults.", 400)
    assert body["errors"][1] == {"field": "keys[1].id", "detail": "is not a valid uuid"}


def test_a_nested_error_with_a_code_of_its_own():
    schema = {
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": {
                "type": "object",
                "required": ["message", "reason_code"],
                "properties": {"message": text(), "reason_code": {"type": "string", "example": "E1"}},
            }
        },
    }
    assert shape(schema) == {"error": {"message": "The request has 2 faults.", "reason_code": "E1"}}


def test_a_list_of_texts_and_a_status_as_text():
    schema = {
        "type": "object",
        "properties": {"error": text(), "code": text(), "errors": {"type": "array", "items": text()}},
    }
    assert shape(schema) == {
        "error": "The request has 2 faults.",
        "code": "400",
        "errors": ["name: is required", "keys[1].id: is not a valid uuid"],
    }


def test_places_as_lists_and_parts_of_all_of():
    schema = {"allOf": [{"$ref": "base"}, {"properties": {"detail": {"type": "array", "items": {"$ref": "item"}}}}]}
    components = {
        "base": {"type": "object", "required": ["msg"], "properties": {"msg": text()}},
        "item": {"type": "object", "properties": {"loc": {"type": "array", "items": text()}, "msg": text()}},
    }
    body = shape(schema, components=components)
    assert body["msg"] == "The request has 2 faults."


def test_optional_members_with_nothing_to_say_are_left_out_and_required_ones_are_there():
    schema = {
        "type": "object",
        "required": ["message", "detail", "errors"],
        "properties": {
            "message": text(),
            "detail": text(),
            "errors": {"type": "array", "items": text()},
            "trace": text(),
        },
    }
    assert shape(schema, Problem("not-found", "Not found.")) == {"message": "Not found.", "detail": "", "errors": []}
    assert shape({**schema, "required": []}, Problem("not-found", "Not found.")) == {"message": "Not found."}


def test_a_schema_that_declares_nothing_gets_a_message():
    assert shape({"type": "object"}) == {"message": "The request has 2 faults."}
    assert shape({}) == {"message": "The request has 2 faults."}


def test_faults_of_the_value_as_a_whole_name_no_member():
    problem = Problem("invalid-body", "x", violations=[Violation((), "type", "is null")])
    assert "errors" not in shape(DEFAULT_SCHEMA, problem)


@pytest.mark.parametrize(
    ("path", "name"),
    [((), ""), (("a",), "a"), (("a", 0), "a[0]"), (("a", 1, "b", "c"), "a[1].b.c"), ((0, "a"), "[0].a")],
)
def test_places_are_written_the_way_people_write_them(path, name):
    assert field_name(path) == name


def test_the_catalogue_gives_each_problem_an_error_status_and_a_sentence():
    for code, (status, sentence) in CATALOGUE.items():
        assert 400 <= status < 600
        assert sentence.endswith(".")
        assert Problem(code, "x").status == status


def test_a_rule_may_choose_its_status():
    assert Problem("refused-by-rule", "x", status=409).status == 409
