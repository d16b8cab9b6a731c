"""Whole pages in the generator's format: each gives exactly the document beside it."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from derive_kit import OPERATION_PAGES, derive_file
from openapi_spec_validator import validate

from mockserver.contract import yamlfile
from mockserver.contract.derive import derive

EXPECTED_WARNINGS = {
    "files.md": ["files.md:31: the sample sends application/json too"],
    "harbours.md": ["harbours.md:126: hbsdk.Berth.depth was given as required (line 16 of harbours.schemas.md)"],
}

pages = pytest.mark.parametrize("path", OPERATION_PAGES, ids=lambda path: path.stem)


@pages
def test_a_page_gives_the_document_beside_it(path: Path) -> None:
    expected = path.with_suffix(".yaml").read_text(encoding="utf-8")
    assert yamlfile.dump(derive_file(path).document) == expected


@pages
def test_a_page_gives_a_valid_document(path: Path) -> None:
    validate(derive_file(path).document)


@pages
def test_a_page_gives_only_the_warnings_that_are_known(path: Path) -> None:
    found = [str(fault) for fault in derive_file(path).warnings]
    expected = EXPECTED_WARNINGS.get(path.name, [])
    assert len(found) == len(expected)
    for text, start in zip(found, expected, strict=True):
        assert text.startswith(start)


@pages
def test_the_document_survives_yaml(path: Path) -> None:
    document = derive_file(path).document
    assert yamlfile.parse(yamlfile.dump(document)) == document


def examples_of(node: Any, components: Any) -> list[tuple[Any, Any]]:
    """Return each example with its schema."""
    found = []
    if isinstance(node, dict):
        if "schema" in node and isinstance(node["schema"], dict):
            named = [item["value"] for item in node.get("examples", {}).values()]
            values = [node["example"], *named] if "example" in node else named
            found += [(value, node["schema"]) for value in values]
        for value in node.values():
            found += examples_of(value, components)
    elif isinstance(node, list):
        for value in node:
            found += examples_of(value, components)
    return found


@pages
def test_every_example_fits_its_schema(path: Path) -> None:
    document = derive_file(path).document
    found = examples_of(document["paths"], document)
    schemas = document["components"].get("schemas", {})
    found += [(value, schema) for schema in schemas.values() for value in schema.get("examples", [])]
    assert found
    for value, schema in found:
        whole = {"allOf": [schema], "components": document["components"]}
        jsonschema_rs.Draft202012Validator(whole, validate_formats=True).validate(value)


REWRITES = {
    "windows line ends": lambda text: text.replace("\n", "\r\n"),
    "old line ends": lambda text: text.replace("\n", "\r"),
    "a byte order mark": lambda text: "\ufeff" + text,
    "trailing spaces": lambda text: text.replace("\n", "  \n"),
    "doubled marks apart": lambda text: text.replace("»»", "» » ").replace("»  »", "» »"),
    "marks outside the quotes": lambda text: text.replace("| `» ", "| » `").replace("| `»» ", "| »» `"),
    "marks as entities": lambda text: text.replace("»", "&raquo;"),
    "sh for shell": lambda text: text.replace("```shell", "```sh"),
    "bash for shell": lambda text: text.replace("```shell", "```bash"),
    "relative links": lambda text: text.replace("https://press.example/schemas.md", "schemas.md"),
    "absolute links": lambda text: text.replace("(schemas.md#", "(https://docs.example/api/schemas.md#"),
    "html comments": lambda text: text.replace("\n## ", "\n<!-- a\n\nb -->\n\n## "),
    "closed headings": lambda text: text.replace("### Parameters", "### Parameters ###"),
    "one level deeper": lambda text: text.replace("\n### ", "\n#### "),
    "headings as html": lambda text: text.replace("### Responses", '<h3 id="x-responses">Responses</h3>'),
    "long options": lambda text: text.replace("  -H ", "  --header ").replace("curl -X ", "curl --request "),
    "no padding in tables": lambda text: "\n".join(
        "|".join(cell.strip() for cell in line.split("|")) if line.startswith("|") and "\\|" not in line else line
        for line in text.split("\n")
    ),
    "more blank lines": lambda text: text.replace("\n\n", "\n\n\n"),
}


@pytest.mark.parametrize("rewrite", REWRITES.values(), ids=REWRITES)
@pages
def test_how_a_page_is_written_does_not_matter(path: Path, rewrite: Any) -> None:
    text = path.read_text(encoding="utf-8")
    before, after = derive(text).document, derive(rewrite(text)).document
    assert json.dumps(after) == json.dumps(before)


def test_members_of_the_document_are_in_the_order_that_readers_expect() -> None:
    document = derive_file(OPERATION_PAGES[0]).document
    order = ["openapi", "info", "servers", "tags", "paths", "components"]
    assert list(document) == [name for name in order if name in document]
