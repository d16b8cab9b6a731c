"""Combinations between tables, lists that no row speaks of, and enumerated values that several rows could take."""

from typing import Any

import pytest
from derive_kit import at, example, members, page, parameters, responses
from openapi_spec_validator import validate

from mockserver.contract.derive import Derivation, derive

CAT, DOG = ({"$ref": f"#/components/schemas/x.{name}"} for name in ("Cat", "Dog"))
STRING = {"type": "string"}
RESPONSE = "/paths/~1things/get/responses/200"
INLINE = responses("| 200 | OK | OK | Inline |")


def rows(*lines: str) -> str:
    """Return a table of members."""
    return "\n".join(("| Name | Type | Required |", "|--|--|--|", *lines)) + "\n"


def answer(found: Derivation) -> Any:
    """Return the schema of the only operation's only answer."""
    (media,) = at(found.document, RESPONSE)["content"].values()
    return media["schema"]


def pieces(*parts: str) -> str:
    return "\n\n".join(parts)


# What stands between the tables of one schema, and what the schema is then.
COMBINATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "one of, in a member": (
        pieces(
            rows("| `a` | string | false |", "| `pet` | any | true |"),
            "oneOf",
            rows("| `» *anonymous*` | [x.Cat](#xcat) | false |"),
            "xor",
            rows("| `» *anonymous*` | [x.Dog](#xdog) | false |"),
            "continued",
            rows("| `b` | string | true |"),
        ),
        {
            "type": "object",
            "properties": {"a": STRING, "pet": {"oneOf": [CAT, DOG]}, "b": STRING},
            "required": ["pet", "b"],
        },
    ),
    "two members with combinations": (
        pieces(
            rows("| `one` | any | false |"),
            "anyOf",
            rows("| `» *anonymous*` | string | false |"),
            "or",
            rows("| `» *anonymous*` | integer | false |"),
            "continued",
            rows("| `two` | any | false |"),
            "allOf",
            rows("| `» *anonymous*` | [x.Cat](#xcat) | false |"),
            "and",
            rows("| `» *anonymous*` | object | false |", "| `»» extra` | string | true |"),
        ),
        {
            "type": "object",
            "properties": {
                "one": {"anyOf": [STRING, {"type": "integer"}]},
                "two": {"allOf": [CAT, {"type": "object", "properties": {"extra": STRING}, "required": ["extra"]}]},
            },
        },
    ),
    "in the items of a list": (
        pieces(
            rows("| `pets` | [oneOf] | false |"),
            "oneOf",
            rows("| `» *anonymous*` | [x.Cat](#xcat) | false |"),
            "xor",
            rows("| `» *anonymous*` | [x.Dog](#xdog) | false |"),
        ),
        {"type": "object", "properties": {"pets": {"type": "array", "items": {"oneOf": [CAT, DOG]}}}},
    ),
    "in a part of another": (
        pieces(
            rows("| `a` | any | false |"),
            "allOf",
            rows("| `» *anonymous*` | object | false |", "| `»» inner` | any | false |"),
            "oneOf",
            rows("| `»»» *anonymous*` | string | false |"),
            "xor",
            rows("| `»»» *anonymous*` | [x.Dog](#xdog) | false |"),
            "continued",
            rows("| `»» last` | string | false |"),
        ),
        {
            "type": "object",
            "properties": {
                "a": {"allOf": [{"type": "object", "properties": {"inner": {"oneOf": [STRING, DOG]}, "last": STRING}}]}
            },
        },
    ),
    "members beside the combination": (
        pieces("allOf", rows("| *anonymous* | [x.Cat](#xcat) | false |"), "continued", rows("| `a` | string | true |")),
        {"type": "object", "properties": {"a": STRING}, "required": ["a"], "allOf": [CAT]},
    ),
    "members in place of parts": (
        pieces("oneOf", rows("| `a` | string | false |"), "xor", rows("| `b` | string | false |")),
        {"oneOf": [{"type": "object", "properties": {name: STRING}} for name in "ab"]},
    ),
    "parts that are called items": (
        pieces("anyOf", rows("| `[array item]` | string | false |"), "or", rows("| `[array item]` | object | false |")),
        {"anyOf": [STRING, {"type": "object"}]},
    ),
}


@pytest.mark.parametrize("name", COMBINATIONS)
def test_a_combination_belongs_to_the_row_above_it(name: str) -> None:
    text, expected = COMBINATIONS[name]
    pets = "".join(f"\n## x.{pet}\n\n### Properties\n\n{rows('| `n` | string | false |')}" for pet in ("Cat", "Dog"))
    operations = page(responses("| 200 | OK | OK | [x.T](#xt) |"))
    found = derive(operations, schemas_text=f"# Schemas\n\n## x.T\n\n### Properties\n\n{text}\n{pets}")
    assert at(found.document, "/components/schemas/x.T") == expected
    assert found.warnings == ()
    validate(found.document)


@pytest.mark.parametrize("name", ["one of, in a member", "two members with combinations", "in a part of another"])
def test_a_response_has_combinations_too(name: str) -> None:
    text, expected = COMBINATIONS[name]
    marked = text.replace("| `", "| `» ").replace("» »", "»»").replace("oneOf", "*oneOf*").replace("xor", "*xor*")
    found = derive(page(INLINE, f"Status Code **200**\n\n{marked}"))
    assert answer(found) == expected
    assert {fault.message.partition(" is named")[0] for fault in found.warnings} <= {
        "the schema 'x.Cat'",
        "the schema 'x.Dog'",
    }


def test_a_discriminator_is_a_warning() -> None:
    text = pieces(
        "oneOf - discriminator: x.T.kind",
        rows("| *anonymous* | string | false |"),
        "xor",
        rows("| *anonymous* | any | |"),
    )
    operations = page(responses("| 200 | OK | OK | [x.T](#xt) |"))
    found = derive(operations, schemas_text=f"# Schemas\n\n## x.T\n\n### Properties\n\n{text}")
    assert at(found.document, "/components/schemas/x.T") == {"oneOf": [STRING, {}]}
    assert [(fault.line, "x.T.kind" in fault.message) for fault in found.warnings] == [(7, True)]


def test_the_title_of_a_responses_schema_describes_it() -> None:
    table = members("| `» a` | string | false | | |").replace("**200**\n", "**200**\n\n*What comes back*\n")
    found = derive(page(INLINE, table))
    assert answer(found)["description"] == "What comes back"
    assert found.warnings == ()


def test_an_example_says_that_members_are_those_of_items() -> None:
    item = {"type": "object", "properties": {"a": STRING}, "required": ["a"]}
    table = members("| `» a` | string | true | | |")
    for shown, expected in (
        ('[{"a": "x"}]', {"type": "array", "items": item}),
        ('[[{"a": "x"}]]', {"type": "array", "items": {"type": "array", "items": item}}),
        ('{"a": "x"}', item),
    ):
        found = derive(page(INLINE, example(shown), table))
        assert answer(found) == expected
        assert found.warnings == ()


def test_items_of_a_list_without_a_list_in_the_example_are_the_value() -> None:
    table = members("| `[array item]` | string | false | | |", values=("| `[array item]` | `p`, `q` |",))
    found = derive(page(INLINE, example('"p"'), table))
    assert answer(found) == {"type": "string", "enum": ["p", "q"]}
    assert len(found.warnings) == 1


def test_a_schema_named_for_the_items_of_items_is_kept() -> None:
    table = members(
        "| `[array item]` | array | false | | |",
        "| `» [array item]` | array | false | | |",
        "| `»» a` | string | true | | |",
    )
    found = derive(
        page(responses("| 200 | OK | OK | array of array of [x.T](#xt) |"), table, example('[[{"a": "x"}]]'))
    )
    assert answer(found) == {
        "type": "array",
        "items": {"type": "array", "items": {"$ref": "#/components/schemas/x.T"}},
    }
    assert at(found.document, "/components/schemas/x.T/required") == ["a"]
    assert found.warnings == ()


def test_the_other_cells_of_a_whole_value_are_read() -> None:
    table = members("| *anonymous* | string | false | maxLength: 4 | Words |")
    found = derive(page(INLINE, table))
    assert answer(found) == {"type": "string", "description": "Words", "maxLength": 4}


def test_marks_tell_the_values_of_members_from_those_of_parameters() -> None:
    table = parameters(
        "| `state` | query | string | false | |",
        "| `body` | body | object | false | |",
        "| `» state` | body | string | false | |",
        "| `» inner` | body | object | false | |",
        "| `»» state` | body | string | false | |",
        values=("| `state` | `a` |", "| `» state` | `b` |", "| `» state` | `c` |", "| `»» state` | `d`, `e` |"),
    )
    found = derive(page(table, method="POST"))
    operation = at(found.document, "/paths/~1things/post")
    assert at(operation, "/parameters/0/schema/enum") == ["a"]
    body = at(operation, "/requestBody/content/*~1*/schema/properties")
    assert body["state"]["enum"] == ["b", "c"]
    assert body["inner"]["properties"]["state"]["enum"] == ["d", "e"]
    assert found.warnings == ()


def test_runs_of_values_are_split_where_the_examples_say() -> None:
    table = members(
        "| `» state` | string | false | | |",
        "| `» inner` | object | false | | |",
        "| `»» state` | string | false | | |",
        "| `» last` | object | false | | |",
        "| `»» state` | string | false | | |",
        values=tuple(f"| `state` | `{value}` |" for value in "abcdac"),
    )
    shown = '{"state": "a", "inner": {"state": "c"}, "last": {"state": "a"}}'
    found = derive(page(INLINE, example(shown), table))
    found_members = answer(found)["properties"]
    assert found_members["state"]["enum"] == ["a", "b"]
    assert found_members["inner"]["properties"]["state"]["enum"] == ["c", "d"]
    assert found_members["last"]["properties"]["state"]["enum"] == ["a", "c"]
    assert found.warnings == ()


def test_values_that_cannot_be_told_apart_are_all_allowed() -> None:
    table = members(
        "| `» state` | string | false | | |",
        "| `» inner` | object | false | | |",
        "| `»» state` | string | false | | |",
        "| `» last` | object | false | | |",
        "| `»» state` | string | false | | |",
        values=("| `state` | `a`, `b` |", "| `state` | `a`, `c` |"),
    )
    shown = '{"state": "a", "inner": {"state": "a"}, "last": {"state": "c"}}'
    found = derive(page(INLINE, example(shown), table))
    assert answer(found)["properties"]["state"]["enum"] == ["a", "b", "c"]
    assert [fault.line for fault in found.warnings if "occurs 3 times" in fault.message]


def test_one_row_of_values_may_serve_several_names() -> None:
    table = parameters(
        "| `from` | query | string | false | |",
        "| `to` | query | string | false | |",
        values=("| `from`, `to` | `a`, `b` |",),
    )
    found = derive(page(table))
    schemas = [item["schema"] for item in at(found.document, "/paths/~1things/get/parameters")]
    assert schemas == [{"type": "string", "enum": ["a", "b"]}] * 2
    assert found.warnings == ()


NAMED = responses("| 200 | OK | OK | [x.T](#xt) |")


def two_operations(*values: tuple[str, ...]) -> str:
    """Return a page of operations that show the same schema, each with its own enumerated values."""
    table = "| `» k` | string | false | | |"
    first, *others = (
        page(NAMED, members(table, values=given), path=f"/things{number}", heading=f"Get {number}")
        for number, given in enumerate(values)
    )
    return first + "".join(other.partition("# Things\n")[2] for other in others)


def test_values_below_a_later_table_of_a_schema_are_kept() -> None:
    found = derive(two_operations((), ("| `k` | `a`, `b` |",)))
    assert at(found.document, "/components/schemas/x.T/properties/k") == {"type": "string", "enum": ["a", "b"]}
    assert found.warnings == ()


def test_values_that_contradict_an_earlier_table_are_a_warning() -> None:
    text = two_operations(("| `k` | `a`, `b` |",), ("| `k` | `a`, `c` |",))
    found = derive(text)
    line = next(number for number, row in enumerate(text.split("\n"), 1) if "`c` |" in row)
    assert [(fault.line, "one of a, b" in fault.message) for fault in found.warnings] == [(line, True)]


def test_prose_with_a_bar_that_nobody_escaped_is_kept_and_a_warning() -> None:
    text = page(parameters("| `a` | query | string | false | this | that |"))
    found = derive(text)
    assert at(found.document, "/paths/~1things/get/parameters/0/description") == "this | that"
    assert ["6 cells" in fault.message for fault in found.warnings] == [True]


def test_the_quotes_of_a_default_are_not_its_text() -> None:
    table = '| Name | In | Type | Default |\n|--|--|--|--|\n| `a` | query | string | "x" |\n'
    found = derive(page(f"### Parameters\n\n{table}"))
    assert at(found.document, "/paths/~1things/get/parameters/0/schema") == {"type": "string", "default": "x"}


def test_an_operation_without_a_heading_has_an_id_in_camel_case() -> None:
    found = derive("`GET /things/{id}`\n")
    assert at(found.document, "/paths/~1things~1{id}/get/operationId") == "getThingsId"


def test_a_schema_of_the_page_of_schemas_is_not_mixed_with_another_that_a_table_names() -> None:
    own = rows("| `map` | object | false |", "| `» [any property]` | string | false |")
    text = f"# Schemas\n\n## x.T\n\n### Properties\n\n{own}"
    table = members("| `» map` | [x.T](#xt) | false | | |", "| `»» [any property]` | string | false | | |")
    found = derive(page(NAMED, table), schemas_text=text)
    assert at(found.document, "/components/schemas/x.T") == {
        "type": "object",
        "properties": {"map": {"type": "object", "additionalProperties": STRING}},
        "additionalProperties": STRING,
    }
    assert ["x.T.map was given as a schema of its own" in fault.message for fault in found.warnings] == [True]


def test_a_body_whose_example_is_a_list_of_the_schema_that_its_row_names() -> None:
    own = rows("| `a` | string | true |")
    text = page(
        '> Body parameter\n\n```json\n[{"a": "x"}]\n```\n',
        parameters("| `body` | body | [x.T](#xt) | true | |"),
        method="POST",
    )
    found = derive(text, schemas_text=f"# Schemas\n\n## x.T\n\n### Properties\n\n{own}")
    content = at(found.document, "/paths/~1things/post/requestBody/content/application~1json")
    assert content == {
        "schema": {"type": "array", "items": {"$ref": "#/components/schemas/x.T"}},
        "example": [{"a": "x"}],
    }
    assert ["read as a list" in fault.message for fault in found.warnings] == [True]


def test_further_paragraphs_of_a_detailed_description_are_kept() -> None:
    details = "#### Detailed descriptions\n\n**a**: One\nline.\n\nTwo.\n\n**b**: Three.\n"
    table = parameters("| a | query | string | false | One |", "| b | query | string | false | Three. |")
    found = derive(page(table, details))
    texts = [item["description"] for item in at(found.document, "/paths/~1things/get/parameters")]
    assert texts == ["One\nline.\n\nTwo.", "Three."]
    assert found.warnings == ()


def test_an_example_that_is_no_base64_is_a_warning() -> None:
    found = derive(page(INLINE, example('{"a": "string"}'), members("| `» a` | string(byte) | false | | |")))
    assert ["does not fit" in fault.message for fault in found.warnings] == [True]
    assert "example" not in at(found.document, RESPONSE)["content"]["application/json"]


def test_many_values_for_many_rows_are_left_out_in_bounded_time() -> None:
    table = (f"| `» o{number}` | object | false | | |\n| `»» s` | string | false | | |" for number in range(500))
    values = tuple(f"| `s` | `v{number}` |" for number in range(1000))
    found = derive(page(INLINE, members(*table, values=values)))
    assert ["1000 enumerated values for 500 rows" in fault.message for fault in found.warnings][-1]
    assert "enum" not in str(found.document)
