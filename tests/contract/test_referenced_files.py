"""References lead inside the document, or into files below the folder that is allowed, and nowhere else."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mockserver.app import create_mock
from mockserver.cli import main
from mockserver.contract import referenced_files
from mockserver.contract.loading import load_contract, load_document
from mockserver.errors import DocumentError, Fault, UsageError
from mockserver.settings import Settings

MAIN = """\
openapi: 3.1.0
info: {title: T, version: '1'}
paths:
  /things:
    $ref: paths/things.yaml
  /things/{id}/parts:
    get:
      parameters:
        - $ref: 'common.json#/parameters/id'
      responses:
        '200':
          description: OK
          content: {application/json: {schema: {type: array, items: {$ref: 'schemas/part.yaml'}}}}
"""
THINGS = """\
get:
  operationId: things
  responses:
    '200':
      description: OK
      content:
        application/json:
          schema: {type: array, items: {$ref: '../schemas/thing.yaml#/Thing'}}
post:
  requestBody:
    required: true
    content: {application/json: {schema: {$ref: ../schemas/thing.yaml#/New}}}
  responses:
    '201': {description: OK, content: {application/json: {schema: {$ref: ../schemas/thing.yaml#/Thing}}}}
    '400': {description: Bad}
"""
THING = """\
Thing:
  allOf:
    - $ref: '#/New'
    - {type: object, required: [id], properties: {id: {type: integer}}}
New:
  type: object
  required: [name]
  properties:
    name: {type: string}
    part: {$ref: part.yaml}
    example: {const: {$ref: no reference}}
"""
PART = "type: object\nproperties:\n  of: {$ref: 'thing.yaml#/Thing'}\n  size: {$ref: '../common.json#/size'}\n"
COMMON = {
    "parameters": {"id": {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}},
    "size": {"type": "integer", "maximum": 9},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A contract of five files that refer to each other, and a secret beside the folder."""
    (tmp_path / "secret.yaml").write_text("Thing: {type: string}\n")
    root = tmp_path / "api"
    for name, text in {
        "main.yaml": MAIN,
        "paths/things.yaml": THINGS,
        "schemas/thing.yaml": THING,
        "schemas/part.yaml": PART,
        "common.json": json.dumps(COMMON),
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (tmp_path / "state.yaml").write_text("users: []\n")
    return root


def faults(path: Path, allowed: Path | None) -> list[Fault]:
    with pytest.raises(DocumentError) as caught:
        load_document(path, allowed)
    return list(caught.value.faults)


def test_a_contract_of_several_files_is_served(folder: Path) -> None:
    settings = Settings(
        contract=str(folder / "main.yaml"),
        allow_refs=str(folder),
        fixtures=str(folder.parent / "state.yaml"),
    )
    client = create_mock(settings).app.test_client()
    assert client.post("/things", json={"name": "a", "part": {"size": 5}}).status_code == 201
    assert client.post("/things", json={"name": "a", "part": {"size": 10}}).status_code == 400
    assert client.post("/things", json={"name": "a", "part": {"of": {"name": "b"}}}).status_code == 400
    assert client.get("/things").json[0]["name"] == "a"
    assert client.get("/things/x/parts").status_code == 400


def test_the_document_needs_no_file_afterwards(folder: Path) -> None:
    data = load_document(folder / "main.yaml", folder)
    bundled = folder.parent / "bundled.json"
    bundled.write_text(json.dumps(data))
    assert load_document(bundled) == data
    assert sorted(data[referenced_files.FILES]) == [
        "common.json",
        "paths/things.yaml",
        "schemas/part.yaml",
        "schemas/thing.yaml",
    ]


def test_without_the_option_every_file_is_refused_with_its_line(folder: Path) -> None:
    found = faults(folder / "main.yaml", None)
    assert [fault.line for fault in found] == [5, 9, 13]
    assert all("--allow-refs" in fault.hint and "leaves the document" in fault.message for fault in found)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("../secret.yaml#/Thing", "leads out of the allowed folder"),
        ("paths/../../secret.yaml", "leads out of the allowed folder"),
        ("%2e%2e/secret.yaml", "leads out of the allowed folder"),
        ("/etc/passwd", "leads out of the allowed folder"),
        ("file:///etc/passwd", "leads out of the allowed folder"),
        ("file://elsewhere/etc/passwd", "for the network"),
        ("//elsewhere/x.yaml", "for the network"),
        ("http://127.0.0.1:9/x.yaml", "for the network"),
        ("https://example.com/x.yaml#/a", "for the network"),
        ("ftp://example.com/x.yaml", "for the network"),
        ("link.yaml", "leads out of the allowed folder"),
        ("linked/secret.yaml", "leads out of the allowed folder"),
        ("loop.yaml", "no"),
        ("missing.yaml", "names no file"),
        ("paths", "names no file"),
        ("pipe.yaml", "names no file"),
        ("common.json#size", "names no place in its file"),
        ("common.json#/nothing", "leads nowhere"),
        ("common.json#/size/0", "leads nowhere"),
        ("a\0b", "is no reference"),
        ("http://[x", "is no reference"),
        ("", "names no file"),
    ],
)
def test_what_a_reference_must_not_name_is_refused_with_its_line(folder: Path, reference: str, message: str) -> None:
    (folder / "link.yaml").symlink_to(folder.parent / "secret.yaml")
    (folder / "linked").symlink_to(folder.parent)
    (folder / "loop.yaml").symlink_to(folder / "loop.yaml")
    os.mkfifo(folder / "pipe.yaml")
    path = folder / "schemas" / "part.yaml"
    path.write_text("type: object\nproperties:\n  a:\n    $ref: " + json.dumps(reference) + "\n")
    if "\0" not in reference and not reference.startswith(("/", "//")) and "://" not in reference:
        path.write_text(path.read_text().replace('$ref: "', '$ref: "../'))
    (fault,) = faults(folder / "main.yaml", folder)
    assert message in fault.message
    assert (fault.file, fault.line, fault.pointer) == (str(path), 4, "#/properties/a/$ref")


def test_a_symlink_inside_the_folder_is_followed(folder: Path) -> None:
    (folder / "schemas" / "part.yaml").rename(folder / "real.yaml")
    (folder / "real.yaml").write_text("type: object\n")
    (folder / "schemas" / "part.yaml").symlink_to(folder / "real.yaml")
    assert "real.yaml" in load_document(folder / "main.yaml", folder)[referenced_files.FILES]


def test_a_file_that_refers_back_to_the_document_is_followed(folder: Path) -> None:
    (folder / "schemas" / "part.yaml").write_text("$ref: '../main.yaml#/components/schemas/Real'\n")
    text = MAIN + "components: {schemas: {Real: {type: object}}}\n"
    (folder / "main.yaml").write_text(text)
    data = load_document(folder / "main.yaml", folder)
    assert data[referenced_files.FILES]["schemas/part.yaml"] == {"$ref": "#/components/schemas/Real"}


def test_files_in_a_circle_are_refused(folder: Path) -> None:
    (folder / "schemas" / "part.yaml").write_text("$ref: '../common.json#/size'\n")
    (folder / "common.json").write_text(json.dumps({**COMMON, "size": {"$ref": "schemas/part.yaml"}}))
    assert {"leads back to itself" in fault.message for fault in faults(folder / "main.yaml", folder)} == {True}


def test_a_fault_in_a_referenced_file_is_told_with_its_own_line(folder: Path) -> None:
    (folder / "schemas" / "part.yaml").write_text("type: object\nproperties: [\n")
    (fault,) = faults(folder / "main.yaml", folder)
    assert (fault.file, fault.line) == (str(folder / "schemas" / "part.yaml"), 3)
    (folder / "paths" / "things.yaml").write_text(THINGS.replace("description: OK", "about: OK"))
    (folder / "schemas" / "part.yaml").write_text(PART)
    with pytest.raises(DocumentError) as caught:
        load_contract(folder / "main.yaml", allowed=folder)
    assert "'about'" in str(caught.value)


def test_the_number_and_size_of_files_are_bounded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(referenced_files, "MAX_FILES", 2)
    assert "one too many" in faults(folder / "main.yaml", folder)[0].message
    monkeypatch.undo()
    monkeypatch.setattr(referenced_files, "MAX_OCTETS", 100)
    assert "one too many" in faults(folder / "main.yaml", folder)[0].message


def test_a_chain_of_references_is_bounded_and_many_are_told_fast(tmp_path: Path) -> None:
    schemas: dict[str, Any] = {f"S{i}": {"$ref": f"#/components/schemas/S{i + 1}"} for i in range(5000)}
    schemas["S5000"] = {"type": "object"}
    data = {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": {}, "components": {"schemas": schemas}}
    (tmp_path / "chain.json").write_text(json.dumps(data, indent=1))
    found = faults(tmp_path / "chain.json", None)
    assert len(found) == referenced_files.MAX_FAULTS
    assert "leads through more than 100 others" in found[0].message


def test_a_pointer_may_be_escaped_like_the_uri_it_is(tmp_path: Path) -> None:
    text = MAIN.partition("  /things:")[0] + (
        "  /a/{id}:\n    get: {operationId: a, parameters: [{name: id, in: path, required: true, schema: {}}],\n"
        "      responses: {'200': {description: OK}}}\n"
        "  /b/{id}: {$ref: '#/paths/~1a~1%7Bid%7D'}\n"
    )
    (tmp_path / "main.yaml").write_text(text)
    data = load_document(tmp_path / "main.yaml")
    assert data["paths"]["/b/{id}"] == {"$ref": "#/paths/~1a~1%7Bid%7D"}
    text = text.replace("operationId: a, ", "")
    (tmp_path / "main.yaml").write_text(text)
    assert len(load_contract(tmp_path / "main.yaml").document.operations) == 2


def test_an_allowed_folder_must_be_one(folder: Path) -> None:
    with pytest.raises(UsageError, match="is no folder"):
        load_document(folder / "main.yaml", folder / "main.yaml")


def test_each_command_takes_the_option(folder: Path) -> None:
    name, allowed = str(folder / "main.yaml"), ["--allow-refs", str(folder)]
    for command in (["check", name], ["routes", "--contract", name], ["diff", name, name]):
        refused = CliRunner().invoke(main, command)
        assert refused.exit_code == 2, command
        assert "--allow-refs" in refused.stderr
        done = CliRunner().invoke(main, [*command, *allowed])
        assert done.exit_code == 0, done.stderr
    assert "/things/{id}/parts" in CliRunner().invoke(main, ["routes", "--contract", name, *allowed]).stdout


def test_a_path_item_of_the_components_is_served(tmp_path: Path) -> None:
    thing = {
        "type": "object",
        "required": ["name"],
        "properties": {"id": {"type": "integer"}, "name": {"type": "string"}},
    }
    content = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}
    several = {"content": {"application/json": {"schema": {"type": "array", "items": thing}}}}
    item = {
        "get": {"responses": {"200": {"description": "d", **several}}},
        "post": {"requestBody": content, "responses": {"201": {"description": "d", **content}}},
    }
    data = {
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "1"},
        "paths": {"/things": {"$ref": "#/components/pathItems/Things"}},
        "components": {"pathItems": {"Things": item}, "schemas": {"Thing": thing}},
    }
    (tmp_path / "main.json").write_text(json.dumps(data))
    (tmp_path / "state.yaml").write_text("users: []\n")
    settings = Settings(contract=str(tmp_path / "main.json"), fixtures=str(tmp_path / "state.yaml"))
    client = create_mock(settings).app.test_client()
    assert client.post("/things", json={"name": 5}).status_code == 400
    assert client.post("/things", json={"name": "a"}).status_code == 201
    assert client.get("/things").json[0]["name"] == "a"
