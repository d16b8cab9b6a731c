"""The document that a server is judged by: what is no such document is refused with its place."""

import pytest

from contract_tests.documents import data_path, load_contract, lookup
from contract_tests.errors import UsageError

DEPLOYED = data_path("openapi", "deployed.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is no OpenAPI document: it has no 'openapi' member"),
        ("[1, 2]", "is no OpenAPI document"),
        ("openapi: 3.0.3\npaths: {}\n", "is OpenAPI '3.0.3'; expected 3.1"),
        ("openapi: 3.1.0\npaths: {}\n", "lacks the operation 'listAIProviders'"),
        ("openapi: 3.1.0\npaths: 7\n", "lacks the operation"),
        ("openapi: 3.1.0\npaths: {/a: {get: 7, post: {operationId: x}}}\n", "lacks the operation"),
        ("a: [1\nb: 2\n", "line 2"),
        ("a: 1\na: 2\n", "'a' is given twice"),
        ("a: !!python/object/apply:os.system [id]\n", "line 1"),
        ("\x00", "is no YAML"),
    ],
)
def test_what_is_no_document_of_this_api_is_refused(tmp_path, text, message):
    path = tmp_path / "doc.yaml"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        load_contract("deployed", path)
    assert message in str(caught.value)
    assert "doc.yaml" in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("$ref: '#/components/schemas/codersdk.Response'", "$ref: '#/components/schemas/gone'", "gone"),
        ("$ref: '#/components/schemas/codersdk.Response'", "$ref: other.yaml#/x", "other.yaml"),
        ("type: boolean", "type: 7", "cannot be used: 7 is not of types"),
        ("$ref: '#/components/responses/Conflict'", "$ref: '#/components/responses/None'", "leads nowhere"),
    ],
)
def test_a_document_with_a_fault_inside_is_refused(tmp_path, old, new, message):
    assert old in DEPLOYED
    path = tmp_path / "doc.yaml"
    path.write_text(DEPLOYED.replace(old, new), encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        load_contract("deployed", path)
    assert message in str(caught.value)


def test_files_that_cannot_be_read_are_refused(tmp_path):
    with pytest.raises(UsageError, match="cannot read"):
        load_contract("deployed", tmp_path / "none.yaml")
    with pytest.raises(UsageError, match="cannot read"):
        load_contract("deployed", tmp_path)
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe9\n")
    with pytest.raises(UsageError, match="is not UTF-8"):
        load_contract("deployed", tmp_path / "latin.yaml")


def test_a_copy_of_a_shipped_document_is_as_good_as_it(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(DEPLOYED, encoding="utf-8")
    mine, shipped = load_contract("deployed", path), load_contract("deployed")
    assert mine.operations.keys() == shipped.operations.keys()
    assert mine.name == "mine.yaml"


def test_an_unknown_profile_names_those_that_there_are():
    with pytest.raises(UsageError, match="expected one of documented, deployed"):
        load_contract("deploid")


def test_references_are_followed_and_told_where_they_lead_nowhere():
    document = {"a": {"b/c": [{"~": 1}]}}
    assert lookup(document, "#/a/b~1c/0/~0") == 1
    for reference in ("#/a/x", "#/a/b~1c/7", "#/a/b~1c/x"):
        with pytest.raises(UsageError, match="leads nowhere"):
            lookup(document, reference)
