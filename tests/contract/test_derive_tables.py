"""Cells, rows and tables: what each form of the generator's notation becomes."""

from typing import Any

import pytest
from derive_kit import at, example, members, page, parameters, responses

from mockserver.contract.derive import derive

REF = {"$ref": "#/components/schemas/x.Thing"}

TYPES: dict[str, Any] = {
    "string": {"type": "string"},
    "string(uuid)": {"type": "string", "format": "uuid"},
    "string(date-time)": {"type": "string", "format": "date-time"},
    "string(uri)": {"type": "string", "format": "uri"},
    "integer": {"type": "integer"},
    "integer(int64)": {"type": "integer", "format": "int64"},
    "number": {"type": "number"},
    "number(float)": {"type": "number", "format": "float"},
    "boolean": {"type": "boolean"},
    "object": {"type": "object"},
    "any": {},
    "": {},
    "array": {"type": "array"},
    "`string`": {"type": "string"},
    "String": {"type": "string"},
    "binary": {"type": "string", "format": "binary"},
    "file": {"type": "string", "format": "binary"},
    "int": {"type": "integer"},
    "bool": {"type": "boolean"},
    "array of string": {"type": "array", "items": {"type": "string"}},
    "array of any": {"type": "array", "items": {}},
    "array of array": {"type": "array", "items": {"type": "array"}},
    "array of array of integer": {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}},
    "array of [x.Thing](schemas.md#xthing)": {"type": "array", "items": REF},
    "array[string]": {"type": "array", "items": {"type": "string"}},
    "array[[x.Thing](#xthing)]": {"type": "array", "items": REF},
    "[string]": {"type": "array", "items": {"type": "string"}},
    "[[x.Thing](#schemax.thing)]": {"type": "array", "items": REF},
    "array(string)": {"type": "array", "items": {"type": "string"}},
    "[x.Thing](schemas.md#xthing)": REF,
    "[x.Thing](https://coast.example/docs/schemas.md#xthing)": REF,
    "x.Thing": REF,
    "string¦null": {"type": ["string", "null"]},
    "string\\|null": {"type": ["string", "null"]},
    "integer\\|string": {"type": ["integer", "string"]},
    "[x.Thing](#xthing)¦null": {"anyOf": [REF, {"type": "null"}]},
}


@pytest.mark.parametrize("cell", TYPES)
def test_a_type_cell_becomes_a_schema(cell: str) -> None:
    table = parameters(f"| `a` | query | {cell} | false | |")
    found = at(derive(page(table)).document, "/paths/~1things/get/parameters/0/schema")
    assert found == TYPES[cell]


@pytest.mark.parametrize("cell", ["strnig", "map", "string of array", "<b>", "array of wat", "x" * 500, "[" * 50])
def test_an_unknown_type_is_open_and_a_warning(cell: str) -> None:
    text = page(parameters(f"| `a` | query | {cell} | false | |"))
    found = derive(text)
    schema = at(found.document, "/paths/~1things/get/parameters/0/schema")
    assert "type" not in schema or schema["type"] == "array"
    line = next(number for number, row in enumerate(text.split("\n"), 1) if row.startswith("| `a`"))
    assert [fault.line for fault in found.warnings] == [line]
    assert "type" in found.warnings[0].message


RESTRICTIONS: dict[str, dict[str, Any]] = {
    "": {},
    "none": {},
    "minLength: 1": {"minLength": 1},
    "maxLength: 64": {"maxLength": 64},
    "`minLength: 1`, `maxLength: 64`": {"minLength": 1, "maxLength": 64},
    "minLength=1; maxLength=64": {"minLength": 1, "maxLength": 64},
    "minimum 0<br>maximum 10": {"minimum": 0, "maximum": 10},
    "minimum: 0.5": {"minimum": 0.5},
    "min: 1, max: 3": {"minimum": 1, "maximum": 3},
    ">= 1, <= 9": {"minimum": 1, "maximum": 9},
    "&gt; 0": {"exclusiveMinimum": 0},
    "exclusiveMaximum: 7": {"exclusiveMaximum": 7},
    "multipleOf: 5": {"multipleOf": 5},
    "minItems: 1, maxItems: 2, uniqueItems": {"minItems": 1, "maxItems": 2, "uniqueItems": True},
    "unique": {"uniqueItems": True},
    "pattern: ^[a-z]{1,3}$": {"pattern": "^[a-z]{1,3}$"},
    "maxLength: 3, pattern: ^a,b$": {"maxLength": 3, "pattern": "^a,b$"},
    "read-only": {"readOnly": True},
    "readOnly": {"readOnly": True},
    "write-only": {"writeOnly": True},
}


@pytest.mark.parametrize("cell", RESTRICTIONS)
def test_a_restrictions_cell_becomes_keywords(cell: str) -> None:
    table = members(f"| `» a` | any | false | {cell} | |")
    document = derive(page(responses("| 200 | OK | OK | [x.T](#xt) |"), table)).document
    assert at(document, "/components/schemas/x.T/properties/a") == RESTRICTIONS[cell]


@pytest.mark.parametrize("cell", ["soon", "minLength: many", "pattern: (", "multipleOf: 0", "min", "maximum: 1e999"])
def test_an_unknown_restriction_is_a_warning(cell: str) -> None:
    table = members(f"| `» a` | string | false | {cell} | |")
    found = derive(page(responses("| 200 | OK | OK | [x.T](#xt) |"), table))
    assert at(found.document, "/components/schemas/x.T/properties/a") == {"type": "string"}
    assert "restriction" in found.warnings[0].message


DEFAULTS: list[tuple[str, str, Any]] = [
    ("integer", "Page limit. Default: `25`", 25),
    ("integer", "Page limit (default: 25)", 25),
    ("integer", "Page limit (default 25)", 25),
    ("integer", "Default is 25.", 25),
    ("integer", "Default value: 25", 25),
    ("integer", "Defaults to 25", 25),
    ("integer", "Defaults to `25`", 25),
    ("number", "Default: 0.5", 0.5),
    ("boolean", "Default: true", True),
    ("boolean", "Whether to look. Defaults to false.", False),
    ("boolean", "(default false)", False),
    ("string", "Default: `asc`", "asc"),
    ("string", 'Defaults to "asc"', "asc"),
    ("string", "Order (default asc)", "asc"),
    ("string", "Default: asc.", "asc"),
]


@pytest.mark.parametrize(("kind", "description", "default"), DEFAULTS)
def test_a_default_is_read_from_the_description(kind: str, description: str, default: Any) -> None:
    table = parameters(f"| `a` | query | {kind} | false | {description} |")
    found = derive(page(table))
    parameter = at(found.document, "/paths/~1things/get/parameters/0")
    assert parameter["schema"] == {"type": kind, "default": default}
    assert parameter["description"] == description
    assert not found.warnings


@pytest.mark.parametrize(
    "description",
    ["Defaults to the current user", "The default organization", "By default all", "Is default", "default"],
)
def test_a_sentence_about_defaults_is_no_default(description: str) -> None:
    found = derive(page(parameters(f"| `a` | query | string | false | {description} |")))
    assert at(found.document, "/paths/~1things/get/parameters/0/schema") == {"type": "string"}


@pytest.mark.parametrize(("kind", "text"), [("integer", "many"), ("boolean", "1"), ("string(uuid)", "x")])
def test_a_default_that_does_not_fit_is_left_out_with_a_warning(kind: str, text: str) -> None:
    found = derive(page(parameters(f"| `a` | query | {kind} | false | Default: `{text}` |")))
    assert "default" not in at(found.document, "/paths/~1things/get/parameters/0/schema")
    assert "default" in found.warnings[0].message


def test_a_default_column_is_read() -> None:
    table = "| Name | In | Type | Default | Description |\n|--|--|--|--|--|\n| a | query | integer | 3 | |\n"
    assert at(derive(page(table)).document, "/paths/~1things/get/parameters/0/schema/default") == 3


DEPRECATED = [
    "Deprecated: use b",
    "Deprecated",
    "**Deprecated** use b",
    "Old name. Deprecated.",
    "The old name (deprecated)",
    "This parameter is deprecated, use b",
    "This field has been deprecated",
    "[Deprecated] old",
]
CURRENT = ["Show deprecated things", "Only non-deprecated things", "Filter by deprecated status", "Not deprecated"]


@pytest.mark.parametrize("text", DEPRECATED)
def test_words_that_mark_a_parameter_as_deprecated(text: str) -> None:
    document = derive(page(parameters(f"| `a` | query | string | false | {text} |"))).document
    assert at(document, "/paths/~1things/get/parameters/0/deprecated") is True


@pytest.mark.parametrize("text", CURRENT)
def test_words_about_deprecated_things_mark_nothing(text: str) -> None:
    document = derive(page(parameters(f"| `a` | query | string | false | {text} |"))).document
    assert "deprecated" not in at(document, "/paths/~1things/get/parameters/0")


def test_a_name_struck_through_is_deprecated() -> None:
    document = derive(page(parameters("| ~~a~~ | query | string | false | |"))).document
    assert at(document, "/paths/~1things/get/parameters/0") == {
        "name": "a",
        "in": "query",
        "deprecated": True,
        "schema": {"type": "string"},
    }


ONE_NAME: dict[str, tuple[str, ...]] = {
    "all in one cell": ("| `a` | `x`, `y`, `z` |",),
    "one row each": ("| `a` | `x` |", "| `a` | `y` |", "| `a` | `z` |"),
    "one row each, bare": ("| a | x |", "| a | y |", "| a | z |"),
    "the name once": ("| `a` | `x` |", "| | `y` |", "| | `z` |"),
    "line breaks": ("| `a` | `x`<br>`y`<br>`z` |",),
    "bare in one cell": ("| `a` | x, y, z |",),
    "twice the same": ("| `a` | `x`, `y`, `y`, `z` |",),
}


@pytest.mark.parametrize("values", ONE_NAME.values(), ids=ONE_NAME)
def test_enumerated_values_of_a_parameter(values: tuple[str, ...]) -> None:
    found = derive(page(parameters("| `a` | query | string | false | |", values=values)))
    assert at(found.document, "/paths/~1things/get/parameters/0/schema") == {"type": "string", "enum": ["x", "y", "z"]}
    assert not found.warnings


@pytest.mark.parametrize("values", ONE_NAME.values(), ids=ONE_NAME)
def test_enumerated_values_of_a_property(values: tuple[str, ...]) -> None:
    table = members("| `» a` | string | false | | |", values=values)
    found = derive(page(responses("| 200 | OK | OK | [x.T](#xt) |"), table))
    assert at(found.document, "/components/schemas/x.T/properties/a/enum") == ["x", "y", "z"]
    assert not found.warnings


TYPED_VALUES: list[tuple[str, str, dict[str, Any]]] = [
    ("integer", "`1`, `2`", {"type": "integer", "enum": [1, 2]}),
    ("number", "`1`, `0.5`", {"type": "number", "enum": [1, 0.5]}),
    ("boolean", "`true`", {"type": "boolean", "enum": [True]}),
    ("string", "`1`, `2`", {"type": "string", "enum": ["1", "2"]}),
    ("string", "``, `x`", {"type": "string", "enum": ["", "x"]}),
    ("string", "`*`, `a,b`", {"type": "string", "enum": ["*", "a,b"]}),
    ("string", "`a|b`".replace("|", "\\|"), {"type": "string", "enum": ["a|b"]}),
    ("string¦null", "`x`", {"type": ["string", "null"], "enum": ["x", None]}),
    ("array[string]", "`x`, `y`", {"type": "array", "items": {"type": "string", "enum": ["x", "y"]}}),
    ("array", "`x`, `y`", {"type": "array", "items": {"type": "string", "enum": ["x", "y"]}}),
]


@pytest.mark.parametrize(("kind", "values", "expected"), TYPED_VALUES)
def test_enumerated_values_take_the_type_of_their_row(kind: str, values: str, expected: dict[str, Any]) -> None:
    document = derive(page(parameters(f"| `a` | query | {kind} | false | |", values=(f"| `a` | {values} |",)))).document
    assert at(document, "/paths/~1things/get/parameters/0/schema") == expected


def test_enumerated_values_of_a_wrong_type_are_a_warning() -> None:
    found = derive(page(parameters("| `a` | query | integer | false | |", values=("| `a` | `1`, `x` |",))))
    assert at(found.document, "/paths/~1things/get/parameters/0/schema/enum") == [1]
    assert "'x'" in found.warnings[0].message


def test_enumerated_values_for_a_name_that_no_table_has_are_a_warning() -> None:
    found = derive(page(parameters("| `a` | query | string | false | |", values=("| `b` | `x` |",))))
    assert "'b'" in found.warnings[0].message


TWO_LEVELS = (
    "| `» kind` | string | false | | |",
    "| `» inner` | object | false | | |",
    "| `»» kind` | string | false | | |",
)
SPREAD: dict[str, tuple[str, tuple[str, ...], list[str] | None, list[str] | None, int]] = {
    # example, rows of values, values outside, values inside, warnings
    "one for each, in order": ("", ("| `kind` | `a`, `b` |", "| `kind` | `c`, `d` |"), ["a", "b"], ["c", "d"], 0),
    "one, shown outside": (
        '{"kind": "a", "inner": {"kind": "string"}}',
        ("| `kind` | `a`, `b` |",),
        ["a", "b"],
        None,
        0,
    ),
    "one, shown inside": (
        '{"kind": "string", "inner": {"kind": "b"}}',
        ("| `kind` | `a`, `b` |",),
        None,
        ["a", "b"],
        0,
    ),
    "one, shown at both": (
        '{"kind": "a", "inner": {"kind": "b"}}',
        ("| `kind` | `a`, `b` |",),
        ["a", "b"],
        ["a", "b"],
        1,
    ),
    "one, shown nowhere": ("", ("| `kind` | `a`, `b` |",), ["a", "b"], ["a", "b"], 1),
    "run together, split by the example": (
        '{"kind": "a", "inner": {"kind": "c"}}',
        ("| `kind` | a |", "| `kind` | b |", "| `kind` | c |", "| `kind` | d |"),
        ["a", "b"],
        ["c", "d"],
        0,
    ),
    "in one cell, not split": (
        '{"kind": "a", "inner": {"kind": "c"}}',
        ("| `kind` | `a`, `b`, `c`, `d` |",),
        ["a", "b", "c", "d"],
        ["a", "b", "c", "d"],
        1,
    ),
    "rows repeat a value": ("", ("| `kind` | a |", "| `kind` | b |", "| `kind` | a |"), ["a", "b"], ["a"], 0),
}


@pytest.mark.parametrize("name", SPREAD)
def test_enumerated_values_of_a_name_that_occurs_at_two_levels(name: str) -> None:
    shown, values, outside, inside, warnings = SPREAD[name]
    parts = [example(shown)] if shown else []
    found = derive(page(*parts, responses("| 200 | OK | OK | [x.T](#xt) |"), members(*TWO_LEVELS, values=values)))
    properties = at(found.document, "/components/schemas/x.T/properties")
    assert properties["kind"].get("enum") == outside
    assert properties["inner"]["properties"]["kind"].get("enum") == inside
    assert len(found.warnings) == warnings


NESTINGS: dict[str, tuple[str, tuple[str, ...], str, dict[str, Any]]] = {
    # cell of the response, rows, example, schema of the response
    "an array of objects": (
        "array of [x.Thing](#xthing)",
        ("| `[array item]` | array | false | | |", "| `» id` | integer | false | | |"),
        "",
        {"type": "array", "items": REF},
    ),
    "an array of strings": (
        "array of string",
        ("| `[array item]` | string | false | | |",),
        "",
        {"type": "array", "items": {"type": "string"}},
    ),
    "an inline array of objects": (
        "array",
        ("| `[array item]` | array | false | | |", "| `» id` | integer | false | | |"),
        "",
        {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "integer"}}}},
    ),
    "an array of arrays of objects": (
        "array of array",
        (
            "| `[array item]` | array | false | | |",
            "| `» [array item]` | array | false | | |",
            "| `»» id` | string | false | | |",
        ),
        '[[{"id": "string"}]]',
        {
            "type": "array",
            "items": {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "string"}}}},
        },
    ),
    "an array of arrays, the innermost from the example": (
        "array of array",
        ("| `[array item]` | array | false | | |", "| `» [array item]` | array | false | | |"),
        "[[0.5]]",
        {"type": "array", "items": {"type": "array", "items": {"type": "number"}}},
    ),
    "a map at the top": (
        "object",
        ("| `» [any property]` | integer | false | | |",),
        "",
        {"type": "object", "additionalProperties": {"type": "integer"}},
    ),
    "a map, as other templates of the generator say it": (
        "object",
        ("| » m | object | false | | |", "| »» **additionalProperties** | integer | false | | |"),
        "",
        {"type": "object", "properties": {"m": {"type": "object", "additionalProperties": {"type": "integer"}}}},
    ),
    "a member that is called like a keyword": (
        "object",
        ("| `» additionalProperties` | integer | false | | |",),
        "",
        {"type": "object", "properties": {"additionalProperties": {"type": "integer"}}},
    ),
    "a map of arrays": (
        "object",
        ("| `» [any property]` | array of string | false | | |",),
        "",
        {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
    ),
    "a map of maps": (
        "object",
        ("| `» [any property]` | object | false | | |", "| `» » [any property]` | string | false | | |"),
        "",
        {"type": "object", "additionalProperties": {"type": "object", "additionalProperties": {"type": "string"}}},
    ),
    "a map of objects": (
        "object",
        ("| `[any property]` | object | false | | |", "| `» a` | string | true | | |"),
        "",
        {
            "type": "object",
            "additionalProperties": {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
        },
    ),
    "a map with a named member": (
        "object",
        ("| `» a` | string | false | | |", "| `» [any property]` | integer | false | | |"),
        "",
        {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": {"type": "integer"}},
    ),
    "an array whose items only the example shows": (
        "object",
        ("| `» ids` | array | false | | |",),
        '{"ids": ["497f6eca-6276-4993-bfeb-53cbbbba6f08"]}',
        {"type": "object", "properties": {"ids": {"type": "array", "items": {"type": "string", "format": "uuid"}}}},
    ),
    "an array of arrays in a member": (
        "object",
        ("| `» grid` | array | false | | |", "| `»» [array item]` | array | false | | |"),
        '{"grid": [["string"]]}',
        {
            "type": "object",
            "properties": {"grid": {"type": "array", "items": {"type": "array", "items": {"type": "string"}}}},
        },
    ),
    "items of a member, described as its array": (
        "object",
        (
            "| `» list` | array | false | | |",
            "| `»» [array item]` | array | false | | |",
            "| `»»» a` | integer | false | | |",
        ),
        '{"list": [{"a": 0}]}',
        {
            "type": "object",
            "properties": {
                "list": {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "integer"}}}}
            },
        },
    ),
    "required and not": (
        "object",
        ("| `» a` | string | true | | |", "| `» b` | string | false | | |", "| `» c` | string | | | |"),
        "",
        {
            "type": "object",
            "properties": {"a": {"type": "string"}, "b": {"type": "string"}, "c": {"type": "string"}},
            "required": ["a"],
        },
    ),
    "rows that start without a mark": (
        "object",
        ("| `a` | object | false | | |", "| `» b` | string | false | | |"),
        "",
        {
            "type": "object",
            "properties": {"a": {"type": "object", "properties": {"b": {"type": "string"}}}},
        },
    ),
    "an object that the table leaves open": (
        "object",
        ("| `» a` | object | false | | |",),
        '{"a": {"b": "2019-08-24T14:15:22Z"}}',
        {
            "type": "object",
            "properties": {"a": {"type": "object", "properties": {"b": {"type": "string", "format": "date-time"}}}},
        },
    ),
    "a map that only the example shows": (
        "object",
        ("| `» a` | object | false | | |",),
        '{"a": {"property1": 0, "property2": 0}}',
        {
            "type": "object",
            "properties": {"a": {"type": "object", "additionalProperties": {"type": "integer"}}},
        },
    ),
    "any is not narrowed by the example": (
        "object",
        ("| `» a` | any | false | | |",),
        '{"a": "string"}',
        {"type": "object", "properties": {"a": {}}},
    ),
}


@pytest.mark.parametrize("name", NESTINGS)
def test_nesting_marks_become_nested_schemas(name: str) -> None:
    cell, rows, shown, expected = NESTINGS[name]
    parts = [example(shown)] if shown else []
    found = derive(page(*parts, responses(f"| 200 | OK | OK | {cell} |"), members(*rows)))
    content = at(found.document, "/paths/~1things/get/responses/200/content")
    (media,) = content.values()
    assert media["schema"] == expected
    assert ("example" in media) == bool(shown)
    assert not found.warnings


def test_rows_below_a_named_schema_say_what_it_holds() -> None:
    rows = (
        "| `» a` | [x.A](#xa) | false | | |",
        "| `»» b` | [x.B](#xb) | false | | |",
        "| `»»» c` | string | true | | |",
    )
    document = derive(page(responses("| 200 | OK | OK | [x.T](#xt) |"), members(*rows))).document
    assert document["components"]["schemas"] == {
        "x.T": {"type": "object", "properties": {"a": {"$ref": "#/components/schemas/x.A"}}},
        "x.A": {"type": "object", "properties": {"b": {"$ref": "#/components/schemas/x.B"}}},
        "x.B": {"type": "object", "properties": {"c": {"type": "string"}}, "required": ["c"]},
    }


def test_objects_nest_fifteen_deep() -> None:
    rows = [f"| `{'»' * depth} a` | object | false | | |" for depth in range(1, 16)]
    found = derive(page(responses("| 200 | OK | OK | [x.T](#xt) |"), members(*rows)))
    assert at(found.document, "/components/schemas/x.T" + "/properties/a" * 15) == {"type": "object"}
    assert not found.warnings


BROKEN_ROWS: dict[str, tuple[str, str]] = {
    "too few cells": ("| `» a` | string", "cells"),
    "too many cells": ("| `» a` | string | false | | | more |", "cells"),
    "no name": ("| | string | false | | |", "without a name"),
    "a jump in the marks": ("| `»»» a` | string | false | | |", "nesting marks"),
    "required unclear": ("| `» a` | string | maybe | | |", "Required"),
    "nested too deep": (f"| `{'»' * 40} a` | string | false | | |", "deep"),
    "a member that tools misread": ("| `» $ref` | string | false | | |", "$ref"),
    "a member twice": ("| `» z` | integer | false | | |", "twice"),
    "rows in a scalar": ("| `»» a` | string | false | | |", "below it"),
    "a nameless part": ("| `» *anonymous*` | [x.A](#xa) | false | | |", "anyOf"),
}


@pytest.mark.parametrize("name", BROKEN_ROWS)
def test_a_broken_row_is_a_warning_with_its_line(name: str) -> None:
    row, message = BROKEN_ROWS[name]
    text = page(responses("| 200 | OK | OK | [x.T](#xt) |"), members("| `» z` | string | false | | |", row))
    line = text.split("\n").index(row) + 1
    warnings = derive(text).warnings
    assert any(message in fault.message and abs(fault.line - line) <= 1 for fault in warnings), warnings


def test_columns_may_stand_in_any_order() -> None:
    table = (
        "| Description | Type | In | Name | Required |\n|--|--|--|--|--|\n| words | integer | query | `a` | true |\n"
    )
    assert at(derive(page(table)).document, "/paths/~1things/get/parameters/0") == {
        "name": "a",
        "in": "query",
        "description": "words",
        "required": True,
        "schema": {"type": "integer"},
    }


def test_an_unknown_column_is_a_warning() -> None:
    table = "| Name | In | Type | Mood |\n|--|--|--|--|\n| `a` | query | string | blue |\n"
    assert "'mood'" in derive(page(table)).warnings[0].message


def test_cells_hold_bars_entities_and_breaks() -> None:
    table = parameters("| `a` | query | string | false | One \\| two &amp; three<br>four |")
    assert at(derive(page(table)).document, "/paths/~1things/get/parameters/0/description") == "One | two & three\nfour"


def test_parts_of_what_may_be_anything_do_not_make_it_an_object() -> None:
    rows = (
        "| `» a` | any | false | | |",
        "| `»» *anonymous*` | string | false | | |",
        "| `»» *anonymous*` | integer | false | | |",
    )
    found = derive(page(example('{"a": 5}'), responses("| 200 | OK | OK | object |"), members(*rows)))
    media = at(found.document, "/paths/~1things/get/responses/200/content/application~1json")
    parts = [{"type": "string"}, {"type": "integer"}]
    assert media["schema"] == {"type": "object", "properties": {"a": {"anyOf": parts}}}
    assert media["example"] == {"a": 5}
    assert all("was read as anyOf" in fault.message for fault in found.warnings)


def test_a_label_without_its_example_is_a_warning() -> None:
    found = derive(
        page("> 404 Response\n", example("[]"), responses("| 200 | OK | OK | array |", "| 404 | No | No | |"))
    )
    (fault,) = (fault for fault in found.warnings if "no example follows" in fault.message)
    assert fault.line == 14
    assert "'404 Response'" in fault.message
