"""Documents from strangers: a clear error or a working server, in bounded time and memory."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from mockserver.app import create_mock
from mockserver.errors import DocumentError, FixtureError
from mockserver.settings import Settings

LIST = {
    "operationId": "list",
    "responses": {
        "200": {
            "description": "OK",
            "content": {
                "application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}}}
            },
        }
    },
}
THING = {"type": "object", "properties": {"id": {"type": "integer"}, "next": {"$ref": "#/components/schemas/Thing"}}}


def document(paths: Any = None, **schemas: Any) -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "info": {"title": "T", "version": "1"},
        "paths": {"/things": {"get": LIST}} if paths is None else paths,
        "components": {"schemas": {"Thing": THING, **schemas}},
    }


def mock_of(folder: Path, text: str) -> Any:
    (folder / "contract.yaml").write_text(text)
    (folder / "state.yaml").write_text("users: []\n")
    settings = Settings(contract=str(folder / "contract.yaml"), fixtures=str(folder / "state.yaml"))
    return create_mock(settings).app.test_client()


LEAVES = "leaves the document"
BAD: dict[str, tuple[Any, str]] = {
    "a reference to a file": (
        document({"/a": {"get": {"responses": {"200": {"$ref": "file:///etc/passwd"}}}}}),
        LEAVES,
    ),
    "a reference to a neighbour": (document({"/a": {"$ref": "other.yaml#/x"}}), LEAVES),
    "a reference to the network": (document({"/a": {"$ref": "http://127.0.0.1:9/x.yaml"}}), LEAVES),
    "a reference to nowhere": (document(Thing={"$ref": "#/components/schemas/None"}), "leads nowhere"),
    "a loop of references": (
        document(Thing={"$ref": "#/components/schemas/Other"}, Other={"$ref": "#/components/schemas/Thing"}),
        "leads back to itself",
    ),
    "a reference to itself": (document(Thing={"$ref": "#/components/schemas/Thing"}), "leads back to itself"),
    "paths that are none": (document(5), "paths"),
    "an operation that is none": (document({"/a": {"get": None}}), "get"),
    "a parameter without a name": (
        document({"/a": {"get": {"parameters": [{"in": "query"}], "responses": {"200": {"description": "d"}}}}}),
        "name",
    ),
    "the same operationId twice": (document({"/a": {"get": LIST}, "/b": {"get": LIST}}), "not unique"),
    "no operation": (document({}), "has no operation"),
    "another version": ({**document(), "openapi": "3.0.3"}, "not OpenAPI 3.1"),
    "no document": ([1, 2], "not an OpenAPI document"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_document_is_refused_with_a_clear_error(tmp_path: Path, name: str) -> None:
    data, expected = BAD[name]
    with pytest.raises(DocumentError) as caught:
        mock_of(tmp_path, json.dumps(data, indent=1))
    assert expected in str(caught.value)
    assert "contract.yaml" in str(caught.value)


LEVELS = "\n".join(f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]" for i in range(12))
TEXTS = {
    "a YAML bomb": (f"a: &a [x]\n{LEVELS}\n", "grows without bound"),
    "a value inside itself": ("openapi: 3.1.0\nx: &x [*x]\n", "alias to itself"),
    "duplicate keys": ("openapi: 3.1.0\ninfo: {}\ninfo: {}\n", "given twice"),
    "100,000 levels of brackets": ("a: " + "[" * 100_000, "levels deep"),
    "50,000 levels on one line": ("- " * 50_000 + "x", "levels deep"),
    "5,000 levels of indentation": ("\n".join(" " * i + "a:" for i in range(5000)), "levels deep"),
    "a Python object": ("a: !!python/object/apply:os.system [id]\n", "tag"),
    "a mapping as key": ("? {a: 1}\n: 2\n", "plain text"),
    "a NUL": ("a: \x00\n", "not valid YAML"),
    "an undefined alias": ("a: *b\n", "alias"),
}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("kind", ["contract", "fixture"])
def test_a_hostile_file_is_refused_fast(tmp_path: Path, kind: str, name: str) -> None:
    text, expected = TEXTS[name]
    started = time.monotonic()
    if kind == "contract":
        with pytest.raises(DocumentError, match=expected):
            mock_of(tmp_path, text)
    else:
        (tmp_path / "state.yaml").write_text(text)
        with pytest.raises(FixtureError, match=expected):
            create_mock(Settings(fixtures=str(tmp_path / "state.yaml")))
    assert time.monotonic() - started < 20


def test_a_pattern_that_backtracks_for_ever_does_not_hang_the_server(tmp_path: Path) -> None:
    body = {"type": "object", "properties": {"x": {"type": "string", "pattern": "^(a+)+$"}}}
    post = {
        "operationId": "post",
        "requestBody": {"content": {"application/json": {"schema": body}}},
        "responses": {"200": {"description": "OK"}, "400": {"description": "Bad"}},
    }
    client = mock_of(tmp_path, json.dumps(document({"/p": {"post": post}})))
    started = time.monotonic()
    assert client.post("/p", json={"x": "a" * 5000 + "!"}).status_code == 400
    assert client.post("/p", json={"x": "a" * 5000}).status_code == 200
    assert time.monotonic() - started < 5


def test_a_document_of_1000_operations_is_served(tmp_path: Path) -> None:
    paths = {f"/things{i}/{{id}}/more": {"get": {**LIST, "operationId": f"op{i}"}} for i in range(1000)}
    for i, item in enumerate(paths.values()):
        item["get"]["parameters"] = [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}]
        assert item["get"]["operationId"] == f"op{i}"
    client = mock_of(tmp_path, json.dumps(document(paths)))
    assert client.get("/things999/1/more").status_code in {200, 404}
    assert client.get("/things999/x/more").status_code == 400
