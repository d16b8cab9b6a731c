"""Named schemas: gathered from tables, examples and a page of schemas; merged; contradictions reported."""

from typing import Any

import pytest
from derive_kit import at, example, members, page, parameters, responses
from openapi_spec_validator import validate

from mockserver.contract.derive import derive

NAMED = responses("| 200 | OK | OK | [x.T](#xt) |")


def two(first: tuple[str, ...], second: tuple[str, ...]) -> str:
    """Return a page whose two operations answer x.T, each with its own table."""
    return page(NAMED, members(*first)) + others(NAMED, members(*second))


def others(*parts: str) -> str:
    """Return the section of a second operation."""
    return page(*parts, path="/others", heading="Get others").split("\n", 2)[2]


MERGES: dict[str, tuple[tuple[str, ...], tuple[str, ...], dict[str, Any], str]] = {
    # rows of one operation, rows of the other, the schema, the warning
    "the same": (
        ("| `» a` | string | true | | |",),
        ("| `» a` | string | true | | |",),
        {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
        "",
    ),
    "a member more": (
        ("| `» a` | string | false | | |",),
        ("| `» a` | string | false | | |", "| `» b` | integer | true | | |"),
        {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}, "required": ["b"]},
        "",
    ),
    "another type": (
        ("| `» a` | string | false | | |",),
        ("| `» a` | integer | false | | |",),
        {"type": "object", "properties": {"a": {"type": "string"}}},
        "x.T.a was given as type 'string'",
    ),
    "another format": (
        ("| `» a` | string(uuid) | false | | |",),
        ("| `» a` | string | false | | |",),
        {"type": "object", "properties": {"a": {"type": "string", "format": "uuid"}}},
        "'string(uuid)'",
    ),
    "another schema": (
        ("| `» a` | [x.A](#xa) | false | | |", "| `»» b` | string | false | | |"),
        ("| `» a` | [x.B](#xb) | false | | |", "| `»» b` | string | false | | |"),
        {"type": "object", "properties": {"a": {"$ref": "#/components/schemas/x.A"}}},
        "'x.A'",
    ),
    "required here, not there": (
        ("| `» a` | string | true | | |",),
        ("| `» a` | string | false | | |",),
        {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
        "as required",
    ),
    "another bound": (
        ("| `» a` | string | false | minLength: 1 | |",),
        ("| `» a` | string | false | minLength: 2 | |",),
        {"type": "object", "properties": {"a": {"type": "string", "minLength": 1}}},
        "minLength 1",
    ),
    "a bound in one only": (
        ("| `» a` | string | false | | |",),
        ("| `» a` | string | false | minLength: 2 | |",),
        {"type": "object", "properties": {"a": {"type": "string", "minLength": 2}}},
        "",
    ),
    "named here, written out there": (
        ("| `» a` | [x.A](#xa) | false | | |",),
        ("| `» a` | object | false | | |", "| `»» b` | string | false | | |"),
        {"type": "object", "properties": {"a": {"$ref": "#/components/schemas/x.A"}}},
        "",
    ),
    "written out here, named there": (
        ("| `» a` | object | false | | |", "| `»» b` | string | false | | |"),
        ("| `» a` | [x.A](#xa) | false | | |",),
        {"type": "object", "properties": {"a": {"$ref": "#/components/schemas/x.A"}}},
        "",
    ),
    "a nested member differs": (
        ("| `» a` | array | false | | |", "| `»» b` | string | false | | |"),
        ("| `» a` | array | false | | |", "| `»» b` | boolean | false | | |"),
        {
            "type": "object",
            "properties": {
                "a": {"type": "array", "items": {"type": "object", "properties": {"b": {"type": "string"}}}}
            },
        },
        "x.T.a[].b",
    ),
}


@pytest.mark.parametrize("name", MERGES)
def test_tables_of_one_schema_are_merged_and_contradictions_reported(name: str) -> None:
    first, second, schema, message = MERGES[name]
    text = two(first, second)
    found = derive(text)
    assert at(found.document, "/components/schemas/x.T") == schema
    if not message:
        assert not found.warnings
        return
    lines = text.split("\n")
    fault = found.warnings[0]
    assert message in fault.message
    assert lines[fault.line - 1] == second[fault.line - 1 - lines.index(second[0], lines.index("`GET /others`"))]
    stated = int(fault.message.split("(line ")[1].split(" ")[0])
    assert lines[stated - 1] in first


def test_enumerations_of_one_schema_that_differ_are_reported_with_both_lines() -> None:
    row = "| `» a` | [x.A](#xa) | false | | |"
    first = members(row, values=("| `a` | `p`, `q` |",))
    second = members(row, values=("| `a` | `p`, `r` |",))
    text = page(NAMED, first) + others(NAMED, second)
    found = derive(text)
    assert at(found.document, "/components/schemas/x.A/enum") == ["p", "q"]
    lines = text.split("\n")
    (fault,) = found.warnings
    assert fault.line == lines.index("| `a` | `p`, `r` |") + 1
    assert f"(line {lines.index('| `a` | `p`, `q` |') + 1} " in fault.message


def test_two_examples_of_one_schema_widen_it() -> None:
    other = page(example('{"a": 0.5, "b": "x", "c": null}'), NAMED, path="/others", heading="Get others").split(
        "\n", 2
    )[2]
    found = derive(page(example('{"a": 0, "b": "2019-08-24T14:15:22Z", "d": true}'), NAMED) + other)
    assert at(found.document, "/components/schemas/x.T/properties") == {
        "a": {"type": "number"},
        "b": {"type": "string"},
        "d": {"type": "boolean"},
        "c": {},
    }
    assert not found.warnings


def test_a_member_that_only_the_example_has_is_added_with_a_warning() -> None:
    found = derive(page(example('{"a": "string", "b": 0}'), NAMED, members("| `» a` | string | false | | |")))
    assert at(found.document, "/components/schemas/x.T/properties") == {
        "a": {"type": "string"},
        "b": {"type": "integer"},
    }
    assert "'x.T.b'" in found.warnings[0].message


def test_a_schema_that_is_only_named_is_open_and_a_warning() -> None:
    found = derive(page(NAMED))
    assert at(found.document, "/components/schemas") == {"x.T": {}}
    assert "nowhere described" in found.warnings[0].message
    assert "page of schemas" in found.warnings[0].hint


@pytest.mark.parametrize("name", ["x T", "x/T", "x[T]", "ü.T"])
def test_a_name_that_openapi_does_not_allow_is_changed_with_a_warning(name: str) -> None:
    found = derive(page(example('{"a": 0}'), responses(f"| 200 | OK | OK | [{name}](#xt) |")))
    validate(found.document)
    assert name == "x[T]" or "not one that OpenAPI allows" in found.warnings[0].message


SHARED = members(
    "| `» mode` | [x.Mode](#xmode) | false | | |",
    "| `» opts` | [x.Opts](#xopts) | false | | |",
    "| `» rule` | [x.Rule](#xrule) | false | | |",
    "| `»» at` | string | false | | |",
    values=("| `mode` | `off`, `on` |",),
)
SHOWN = '{"mode": "on", "opts": {}, "rule": {"at": "string"}}'
BODIES: list[tuple[str, str, str | None]] = [
    ('{"mode": "on"}', "mode", "x.Mode"),
    ('{"mode": "string"}', "mode", None),
    ('{"mode": 1}', "mode", None),
    ('{"other": "on"}', "other", None),
    ('{"opts": {}}', "opts", "x.Opts"),
    ('{"opts": {"a": "string"}}', "opts", None),
    ('{"rule": {"at": "string"}}', "rule", "x.Rule"),
    ('{"rule": {}}', "rule", None),
    ('{"rule": {"at": "string", "to": "string"}}', "rule", None),
]


@pytest.mark.parametrize(("shown", "member", "schema"), BODIES)
def test_a_member_of_a_body_takes_the_named_schema_of_its_sibling(shown: str, member: str, schema: str | None) -> None:
    make = page(
        f"> Body parameter\n\n```json\n{shown}\n```\n",
        parameters("| `body` | body | [x.New](#xnew) | true | |"),
        method="POST",
        heading="Make thing",
    ).split("\n", 2)[2]
    found = derive(page(example(SHOWN), NAMED, SHARED) + make)
    taken = at(found.document, f"/components/schemas/x.New/properties/{member}")
    if schema:
        assert taken == {"$ref": f"#/components/schemas/{schema}"}
    else:
        assert "$ref" not in taken


def test_a_name_with_two_schemas_on_the_page_is_not_shared() -> None:
    rows = members(
        "| `» mode` | [x.Mode](#xmode) | false | | |",
        "| `» in` | object | false | | |",
        "| `»» mode` | [x.Other](#xother) | false | | |",
        values=("| `mode` | `off`, `on` |", "| `mode` | `on`, `up` |"),
    )
    make = page(
        '> Body parameter\n\n```json\n{"mode": "on"}\n```\n',
        parameters("| `body` | body | [x.New](#xnew) | true | |"),
        method="POST",
        heading="Make thing",
    ).split("\n", 2)[2]
    document = derive(page(NAMED, rows) + make).document
    assert at(document, "/components/schemas/x.New/properties/mode") == {"type": "string"}


def schemas(*parts: str) -> str:
    return "# Schemas\n\n" + "\n".join(parts)


def schema(
    name: str, shown: str, *rows: str, values: tuple[str, ...] = (), header: str = "| Property | Value(s) |"
) -> str:
    head = f"## {name}\n\n```json\n{shown}\n```\n\n### Properties\n"
    table = ("| Name | Type | Required | Restrictions | Description |", "|--|--|--|--|--|", *rows) if rows else ()
    columns = "|--" * (header.count("|") - 1) + "|"
    more = ("#### Enumerated Values", "", header, columns, *values) if values else ()
    return "\n".join((head, *table, "", *more)) + "\n"


def combined(first: str, rows: str, second: str, more: str) -> str:
    """Return a schema of two tables with the words of a combination above each."""
    table = "| Name | Type |\n|--|--|\n"
    return f"## x.T\n\n### Properties\n\n{first}\n\n{table}{rows}\n\n{second}\n\n{table}{more}\n"


ALONE: dict[str, tuple[str, dict[str, Any]]] = {
    "properties": (
        schema("x.T", '{"a": "string"}', "| `a` | string | true | maxLength: 9 | Words |"),
        {
            "type": "object",
            "properties": {"a": {"type": "string", "description": "Words", "maxLength": 9}},
            "required": ["a"],
            "examples": [{"a": "string"}],
        },
    ),
    "an enumeration": (
        schema("x.T", '"p"', values=("| `p`, `q` |",), header="| Value(s) |"),
        {"type": "string", "enum": ["p", "q"], "examples": ["p"]},
    ),
    "an enumeration, one row each": (
        schema("x.T", '"p"', values=("| `p` |", "| `q` |"), header="| Value |"),
        {"type": "string", "enum": ["p", "q"], "examples": ["p"]},
    ),
    "an enumeration of numbers": (
        schema("x.T", "0", values=("| `0`, `1` |",), header="| Value(s) |"),
        {"type": "integer", "enum": [0, 1], "examples": [0]},
    ),
    "a named enumeration": (
        schema(
            "x.T",
            '"p"',
            "| *anonymous* | string | false | none | none |",
            values=("| *anonymous* | p |", "| *anonymous* | q |"),
            header="| Property | Value |",
        ),
        {"type": "string", "enum": ["p", "q"], "examples": ["p"]},
    ),
    "an enumeration of a property": (
        schema("x.T", '{"a": "p"}', "| `a` | string | false | | |", values=("| `a` | `p`, `q` |",)),
        {"type": "object", "properties": {"a": {"type": "string", "enum": ["p", "q"]}}, "examples": [{"a": "p"}]},
    ),
    "an array": (
        schema("x.T", '["string"]', "| *anonymous* | array of string | false | none | none |"),
        {"type": "array", "items": {"type": "string"}, "examples": [["string"]]},
    ),
    "a map": (
        schema("x.T", '{"property1": 0, "property2": 0}', "| `[any property]` | integer | false | | |"),
        {
            "type": "object",
            "additionalProperties": {"type": "integer"},
            "examples": [{"property1": 0, "property2": 0}],
        },
    ),
    "a map in a member": (
        schema(
            "x.T",
            '{"a": {"property1": 0, "property2": 0}}',
            "| `a` | object | false | | |",
            "| » `[any property]` | integer | false | | |",
        ),
        {
            "type": "object",
            "properties": {"a": {"type": "object", "additionalProperties": {"type": "integer"}}},
            "examples": [{"a": {"property1": 0, "property2": 0}}],
        },
    ),
    "nothing": (schema("x.T", "{}") + "\n*None*\n", {"type": "object", "examples": [{}]}),
    "none at all": ("## x.T\n\n### Properties\n\n*None*\n", {}),
    "only an example": (
        '## x.T\n\n```json\n{"a": 0}\n```\n',
        {"type": "object", "properties": {"a": {"type": "integer"}}, "examples": [{"a": 0}]},
    ),
    "a description": (
        "## x.T\n\nWhat it is.\n\n### Properties\n\n| Name | Type |\n|--|--|\n| `a` | any |\n",
        {"type": "object", "description": "What it is.", "properties": {"a": {}}},
    ),
    "one of": (
        combined("oneOf", "| *anonymous* | string |", "xor", "| *anonymous* | integer |"),
        {"oneOf": [{"type": "string"}, {"type": "integer"}]},
    ),
    "any of": (
        combined("anyOf", "| *anonymous* | string |", "or", "| *anonymous* | integer |"),
        {"anyOf": [{"type": "string"}, {"type": "integer"}]},
    ),
    "all of, continued": (
        combined(
            "allOf",
            "| *anonymous* | object |\n| » a | string |",
            "*continued*",
            "| *anonymous* | object |\n| » b | string |",
        ),
        {
            "allOf": [
                {"type": "object", "properties": {"a": {"type": "string"}}},
                {"type": "object", "properties": {"b": {"type": "string"}}},
            ]
        },
    ),
}


@pytest.mark.parametrize("name", ALONE)
def test_a_page_of_schemas_describes_what_the_operations_name(name: str) -> None:
    text, expected = ALONE[name]
    found = derive(page(NAMED), schemas_text=schemas(text))
    assert at(found.document, "/components/schemas/x.T") == expected
    assert len(found.warnings) == (name == "only an example")
    validate(found.document)


def test_a_page_of_schemas_stands_above_guesses_from_examples() -> None:
    text = schemas(
        schema("x.T", '{"a": 0, "b": "string"}', "| `a` | number | true | | |", "| `b` | string(date) | false | | |")
    )
    found = derive(page(example('{"a": 0, "b": "2019-08-24"}'), NAMED), schemas_text=text)
    assert at(found.document, "/components/schemas/x.T/properties") == {
        "a": {"type": "number"},
        "b": {"type": "string", "format": "date"},
    }


def test_a_page_of_schemas_stands_above_a_table_and_says_so() -> None:
    text = schemas(schema("x.T", '{"a": 0}', "| `a` | number | false | | |"))
    table = members("| `» a` | integer | false | | |")
    found = derive(page(NAMED, table), name="ops.md", schemas_text=text, schemas_name="types.md")
    assert at(found.document, "/components/schemas/x.T/properties/a") == {"type": "number"}
    assert found.warnings[0].file == "ops.md"
    assert "of types.md" in found.warnings[0].message


def test_only_schemas_that_the_operations_lead_to_are_in_the_document() -> None:
    text = schemas(
        schema("x.T", '{"a": null}', "| `a` | [x.U](#xu) | false | | |").replace(
            '{"a": null}', '{"a": {"b": "string"}}'
        ),
        schema("x.U", '{"b": "string"}', "| `b` | string | false | | |"),
        schema("x.V", '{"c": "string"}', "| `c` | string | false | | |"),
    )
    found = derive(page(NAMED), schemas_text=text)
    assert list(found.document["components"]["schemas"]) == ["x.T", "x.U"]
    assert not found.warnings


def test_schemas_at_the_end_of_the_operations_page_are_read_too() -> None:
    text = page(NAMED) + "\n" + schemas(schema("x.T", '{"a": 0}', "| `a` | number | false | | |"))
    assert at(derive(text).document, "/components/schemas/x.T/properties") == {"a": {"type": "number"}}


LOOPS = {
    "itself": schema("x.T", "{}", "| *anonymous* | [x.T](#xt) | false | | |"),
    "its own items": schema("x.T", "[]", "| *anonymous* | array of [x.T](#xt) | false | | |"),
    "through another": schema("x.T", "{}", "| *anonymous* | [x.U](#xu) | false | | |")
    + schema("x.U", "{}", "| *anonymous* | [x.T](#xt) | false | | |"),
    "through a combination": combined("allOf", "| *anonymous* | [x.T](#xt) |", "and", "| *anonymous* | object |"),
}


@pytest.mark.parametrize("text", LOOPS.values(), ids=LOOPS)
def test_a_schema_that_consists_of_itself_is_left_open_with_a_warning(text: str) -> None:
    found = derive(page(NAMED), schemas_text=schemas(text))
    validate(found.document)
    assert any("consists of itself" in fault.message for fault in found.warnings)


def test_a_schema_may_have_members_of_its_own_kind() -> None:
    text = schemas(schema("x.T", '{"a": [{}]}', "| `a` | array of [x.T](#xt) | false | | |"))
    found = derive(page(NAMED), schemas_text=text)
    assert at(found.document, "/components/schemas/x.T/properties/a/items") == {"$ref": "#/components/schemas/x.T"}
    validate(found.document)
    assert not found.warnings


@pytest.mark.parametrize("text", ["", "words\n", page(NAMED)])
def test_a_page_of_schemas_without_schemas_is_a_warning(text: str) -> None:
    found = derive(page(example('{"a": 0}'), NAMED), schemas_text=text, schemas_name="types.md")
    assert any(fault.file == "types.md" and "no schema" in fault.message for fault in found.warnings)
