"""Compiled plans: parameters are cast strictly, schemas judged in words, and doubts are said to be doubts."""

import pytest

from mockserver.engine.operations import Document
from mockserver.engine.plans import Compiler, ParameterPlan, Unsure, parse_cookies, parse_query


def parameter(schema, where="query", **more):
    """Return the plan of one parameter named ``p``."""
    spec = {"name": "p", "in": where, "schema": schema, **more}
    raw = {"openapi": "3.1.0", "paths": {"/a": {"get": {"parameters": [spec], "responses": {}}}}}
    document = Document(raw)
    (read,) = document.operations[0].parameters
    return ParameterPlan(read, document, Compiler(document).schema(read.pointer))


def value_of(plan, *texts):
    """Return the value that a parameter has; fail when it has faults."""
    found = {}
    assert plan.read(list(texts), found) == ()
    return found["p"]


def faults_of(plan, *texts):
    """Return the faults of a parameter; fail when its value was kept in spite of them."""
    found = {}
    faults = plan.read(list(texts) or None, found)
    assert found == {}
    return [(fault.path, fault.keyword, fault.where) for fault in faults]


def schema(schema_, **components):
    """Return the plan of a schema."""
    raw = {"openapi": "3.1.0", "paths": {}, "components": {"schemas": {"S": schema_, **components}}}
    return Compiler(Document(raw)).schema("#/components/schemas/S")


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("-1", -1), ("42", 42), ("9007199254740993", 9007199254740993)])
def test_whole_numbers_are_read(text, number):
    assert value_of(parameter({"type": "integer"}), text) == number


@pytest.mark.parametrize(
    "text", ["", " 1", "1 ", "1\n", "+1", "01", "-", "1.0", "1e2", "0x1", "1_000", "١", "one", "--1"]
)
def test_what_is_not_written_as_a_whole_number_is_none(text):
    assert faults_of(parameter({"type": "integer"}), text) == [(("p",), "type", "query parameter 'p'")]


@pytest.mark.parametrize("text", ["1.5", "-0.5", "1e3", "1E-3", "7"])
def test_numbers_are_read(text):
    assert value_of(parameter({"type": "number"}), text) == float(text)


@pytest.mark.parametrize("text", ["NaN", "inf", "Infinity", ".5", "5.", "1,5", "1e", ""])
def test_what_is_not_written_as_a_json_number_is_none(text):
    assert faults_of(parameter({"type": "number"}), text)


def test_a_number_too_large_for_a_double_is_refused_and_ends_nothing():
    assert faults_of(parameter({"type": "number", "maximum": 10}), "1e999")
    assert faults_of(parameter({"type": "integer"}), "9" * 5000)


def test_only_true_and_false_are_booleans():
    plan = parameter({"type": "boolean"})
    assert value_of(plan, "true") is True
    assert value_of(plan, "false") is False
    for text in ("True", "TRUE", "1", "0", "yes", "", "true "):
        assert faults_of(plan, text)


def test_text_stays_text_whatever_it_looks_like():
    for text in ("1", "true", "null", "", "é"):
        assert value_of(parameter({"type": "string"}), text) == text
        assert value_of(parameter({}), text) == text


def test_bounds_enumerations_and_formats_hold():
    assert faults_of(parameter({"type": "integer", "minimum": 1}), "0") == [(("p",), "minimum", "query parameter 'p'")]
    assert faults_of(parameter({"type": "integer", "maximum": 9}), "10")[0][1] == "maximum"
    assert faults_of(parameter({"enum": ["a", "b"]}), "c")[0][1] == "enum"
    assert faults_of(parameter({"type": "string", "format": "uuid"}), "nope")[0][1] == "format"
    assert faults_of(parameter({"type": "integer", "format": "int32"}), str(2**31))
    assert value_of(parameter({"type": "integer", "format": "int32"}), str(2**31 - 1)) == 2**31 - 1


def test_an_end_of_line_does_not_slip_past_a_pattern():
    assert faults_of(parameter({"type": "string", "pattern": "^[a-z]+$"}), "abc\n")


def test_a_missing_parameter_is_a_fault_only_where_it_is_required():
    assert faults_of(parameter({"type": "integer"}, required=True)) == [(("p",), "required", "query parameter 'p'")]
    assert faults_of(parameter({"type": "integer"})) == []


def test_a_default_stands_in_for_a_missing_parameter():
    found = {}
    assert parameter({"type": "integer", "default": 20}).read(None, found) == ()
    assert found == {"p": 20}


def test_one_value_given_twice_is_a_fault():
    assert faults_of(parameter({"type": "integer"}), "1", "1") == [(("p",), "style", "query parameter 'p'")]


def test_an_array_is_repeated_or_separated_by_commas_as_the_contract_says():
    items = {"type": "array", "items": {"type": "integer"}}
    assert value_of(parameter(items), "1", "2") == [1, 2]
    assert value_of(parameter(items, explode=False), "1,2") == [1, 2]
    assert value_of(parameter(items, "header"), "1,2") == [1, 2]
    assert faults_of(parameter(items), "1,2") == [(("p", 0), "type", "query parameter 'p'")]
    assert faults_of(parameter(items, explode=False), "1,x") == [(("p", 1), "type", "query parameter 'p'")]


def test_a_style_that_no_plan_understands_is_left_to_the_authority():
    for plan in (
        parameter({"type": "object", "properties": {"a": {"type": "string"}}}, style="deepObject"),
        parameter({"type": "array", "items": {"type": "string"}}, style="pipeDelimited"),
        parameter({"type": "integer"}, "path", style="matrix", required=True),
        parameter({"type": ["integer", "null"]}),
        parameter({"anyOf": [{"type": "integer"}, {"type": "boolean"}]}),
    ):
        with pytest.raises(Unsure):
            plan.read(["1"], {})


def test_queries_and_cookies_are_split_as_they_are_sent():
    assert parse_query("a=1&b=%C3%A9+x&a=2&c&=d&&e=f=g") == {
        "a": ["1", "2"],
        "b": ["é x"],
        "c": [""],
        "": ["d"],
        "e": ["f=g"],
    }
    assert parse_cookies('a=1; b="2";c=3=4; d; a=5') == {"a": ["1", "5"], "b": ["2"], "c": ["3=4"]}
    assert parse_query("") == parse_cookies("") == {}


def test_every_fault_of_a_value_has_its_own_place():
    plan = schema(
        {
            "type": "object",
            "required": ["name"],
            "properties": {"name": {"type": "string"}, "tags": {"type": "array", "items": {"type": "string"}}},
        }
    )
    faults = plan.violations({"tags": ["a", 1, None]})
    assert {(fault.field, fault.keyword) for fault in faults} == {
        ("name", "required"),
        ("tags[1]", "type"),
        ("tags[2]", "type"),
    }


def test_faults_never_quote_the_value():
    plan = schema({"type": "object", "properties": {"api_key": {"type": "string", "maxLength": 3, "pattern": "^x"}}})
    for fault in plan.violations({"api_key": "secret-value"}):
        assert "secret" not in fault.detail


def test_references_are_followed_recursion_included():
    tree = {
        "type": "object",
        "properties": {"children": {"type": "array", "items": {"$ref": "#/components/schemas/S"}}},
    }
    plan = schema(tree)
    assert plan.is_valid({"children": [{"children": []}]})
    assert [fault.field for fault in plan.violations({"children": [{"children": [1]}]})] == ["children[0].children[0]"]


def test_formats_are_checked_those_of_openapi_too():
    assert not schema({"type": "string", "format": "uuid"}).is_valid("x")
    assert not schema({"type": "string", "format": "date-time"}).is_valid("2026-01-01")
    assert not schema({"type": "string", "format": "byte"}).is_valid("not base64!")
    assert schema({"type": "string", "format": "byte"}).is_valid("aGVsbG8=")
    assert schema({"type": "integer", "format": "int64"}).is_valid(2**63 - 1)
    assert not schema({"type": "integer", "format": "int64"}).is_valid(2**63)
    assert schema({"type": ["integer", "string"], "format": "int32"}).is_valid("text")


def test_a_boolean_is_no_integer_and_a_whole_float_is_one():
    plan = schema({"type": "integer"})
    assert not plan.is_valid(True)
    assert plan.is_valid(1.0)
    assert not plan.is_valid(1.5)


def test_a_pattern_is_judged_as_text_to_its_very_end():
    plan = schema({"type": "string", "pattern": "^[a-z]+$"})
    assert plan.is_valid("abc")
    assert not plan.is_valid("abc\n")


def test_a_schema_that_does_not_compile_has_no_plan():
    assert schema({"type": "string", "pattern": "("}) is None
    assert schema({"$ref": "#/components/schemas/Missing"}) is None
