"""A contract is read, judged and compiled, or refused with every fault in its line."""

from pathlib import Path

import pytest

from mockserver.contract.loading import load_contract, load_document
from mockserver.domain.ai_providers import HOOKS
from mockserver.errors import DocumentError
from mockserver.resources import document_path

LIBRARY = Path(__file__).parents[1] / "engine" / "library.yaml"
HEAD = "openapi: 3.1.0\ninfo: {title: t, version: '1'}\n"
COLLECTION = """\
paths:
  /things:
%s    post:
      operationId: createThing
%s      requestBody:
        content: {application/json: {schema: {type: object, properties: {a: {type: string}}}}}
      responses:
        '201':
          description: d
          content: {application/json: {schema: {type: object, properties: {id: {type: integer}}}}}
"""


@pytest.fixture
def faults(tmp_path):
    """Return a function that gives the faults of a document's text as (line, pointer, message)."""

    def load(text, **options):
        path = tmp_path / "contract.yaml"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(DocumentError) as caught:
            load_contract(path, HOOKS, **options)
        assert all(fault.file == str(path) for fault in caught.value.faults)
        return [(fault.line, fault.pointer, fault.message) for fault in caught.value.faults]

    return load


@pytest.mark.parametrize("profile", ["documented", "deployed"])
def test_the_shipped_contracts_are_good(profile):
    contract = load_contract(document_path(profile), HOOKS)
    assert list(contract.resources) == ["providers"]
    assert {plan.role for plan in contract.plans.values()} == {"list", "create", "get", "update", "delete"}


def test_resources_are_inferred_from_paths_and_schemas():
    contract = load_contract(LIBRARY, HOOKS)
    shelves, books = contract.resources["shelves"], contract.resources["books"]
    assert (shelves.keys, books.keys) == (("id",), ("id",))
    assert books.parents == (shelves,)
    assert books.params == ("shelfId", "bookId")
    assert shelves.made == {"id": "id", "created_at": "created", "updated_at": "updated"}
    assert sorted(books.operations) == ["create", "delete", "get", "list", "replace", "update"]


def test_json_is_read_too(tmp_path):
    path = tmp_path / "contract.json"
    path.write_text('{"openapi": "3.1.1", "info": {"title": "t", "version": "1"}, "paths": {}}', encoding="utf-8")
    assert load_document(path)["openapi"] == "3.1.1"


@pytest.mark.parametrize(
    ("text", "line", "pointer", "message"),
    [
        ("", 1, "", "found no mapping"),
        ("- a\n", 1, "", "found no mapping"),
        ("swagger: '2.0'\n", 1, "#/openapi", "found no member 'openapi'"),
        ("openapi: 3.0.3\n", 1, "#/openapi", "found openapi: '3.0.3'"),
        ("openapi: 3.1\n", 1, "#/openapi", "found openapi: 3.1"),
        ("openapi: [\n", 2, "", "is not valid YAML"),
        ("openapi: 3.1.0\ninfo: {}\ninfo: {}\n", 3, "", "'info' is given twice"),
    ],
)
def test_what_is_no_openapi_3_1_document_is_told(faults, text, line, pointer, message):
    ((found_line, found_pointer, found_message),) = faults(text)
    assert (found_line, found_pointer) == (line, pointer)
    assert message in found_message


def test_faults_by_the_specification_have_their_line(faults):
    found = faults(HEAD + "paths:\n  /a:\n    get:\n      responses:\n        '200': {}\n  nowhere: {}\n")
    assert (7, "#/paths/~1a/get/responses/200") in [(line, pointer) for line, pointer, _ in found]


def test_every_reference_that_leaves_the_document_is_told(faults):
    text = HEAD + (
        "paths: {}\ncomponents:\n  schemas:\n    A: {$ref: 'other.yaml#/A'}\n    B:\n      properties:\n"
        "        c: {$ref: 'https://example.com/c'}\n    C: {example: {$ref: 'not a reference'}}\n"
    )
    assert [(line, pointer) for line, pointer, _ in faults(text)] == [
        (6, "#/components/schemas/A/$ref"),
        (9, "#/components/schemas/B/properties/c/$ref"),
    ]


def test_a_property_may_be_called_example(faults):
    text = HEAD + (
        "paths: {}\ncomponents:\n  schemas:\n    A:\n      type: object\n      properties:\n"
        "        example: {$ref: 'other.yaml#/A'}\n"
    )
    assert faults(text)[0][0] == 9


@pytest.mark.parametrize("judge", [True, False])
def test_a_reference_that_leads_nowhere_is_told(faults, judge):
    text = HEAD + "paths:\n  /a:\n    get:\n      responses:\n        '200': {$ref: '#/components/responses/Missing'}\n"
    found = faults(text, judge=judge)
    assert any("Missing" in message for _, _, message in found)


def test_references_in_a_circle_are_told(faults):
    text = HEAD + (
        "paths:\n  /a:\n    get:\n      responses:\n        '200': {$ref: '#/components/responses/A'}\n"
        "components:\n  responses:\n    A: {$ref: '#/components/responses/B'}\n"
        "    B: {$ref: '#/components/responses/A'}\n"
    )
    assert any("leads back to itself" in message for _, _, message in faults(text, judge=False))


def test_an_unknown_member_of_x_resource_is_told(faults):
    found = faults(HEAD + COLLECTION % ("    x-resource: {name: things, uniq: [a]}\n", ""))
    assert found == [(5, "#/paths/~1things/x-resource", "unknown member 'uniq'")]


def test_a_rule_that_nothing_implements_is_told(faults):
    found = faults(HEAD + COLLECTION % ("", "      x-rules: [a-unique]\n"))
    assert found == [(7, "#/paths/~1things/post/x-rules", "nothing implements the rule 'a-unique'")]
    found = faults(HEAD + COLLECTION % ("    x-resource: {unique: [a]}\n", "      x-rules: [a-unique, b]\n"))
    assert found[0][2] == "nothing implements the rule 'b'"


def test_two_paths_that_cannot_be_told_apart_are_told(faults):
    item = "    get:\n      parameters: [{name: %s, in: path, required: true, schema: {}}]\n"
    item += "      responses: {'200': {description: d}}\n"
    text = HEAD + "paths:\n  /a/{x}:\n" + item % "x" + "  /a/{y}:\n" + item % "y"
    assert any("cannot be told from" in message for _, _, message in faults(text, judge=False))
