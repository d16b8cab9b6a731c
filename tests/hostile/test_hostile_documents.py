"""Documents from strangers: a clear error or a working server, in bounded time and memory."""

import json
import resource
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mockserver.app import create_mock
from mockserver.contract import yamlfile
from mockserver.errors import BadInput, DocumentError, FixtureError
from mockserver.settings import Settings
from tests.hostile.conftest import PROGRAM, serving

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


def mock_of(folder: Path, text: str, validation: str = "compiled") -> Any:
    (folder / "contract.yaml").write_text(text)
    (folder / "state.yaml").write_text("users: []\n")
    files = {"contract": str(folder / "contract.yaml"), "fixtures": str(folder / "state.yaml")}
    settings = Settings(**files, validation=validation)
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


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def chained(count: int, wrap: Any) -> dict[str, Any]:
    """Return schemas of which each holds the next one."""
    return {f"S{i}": wrap(ref(f"S{i + 1}")) for i in range(count)} | {f"S{count}": {"type": "object"}}


# What the first of the schemas is made of: what POST answers to an object, and what GET answers.
SHAPES: dict[str, tuple[dict[str, Any], int, int]] = {
    "a chain of 3,000 objects": (chained(3000, lambda inner: {"type": "object", "properties": {"n": inner}}), 200, 200),
    "a chain of 3,000 parts": (chained(3000, lambda inner: {"allOf": [inner]}), 200, 200),
    "a chain of 3,000 alternatives": (chained(3000, lambda inner: {"anyOf": [inner]}), 200, 200),
    "1,500 schemas that refer to each other": (
        {
            f"S{i}": {
                "type": "object",
                "properties": {f"p{k}": ref(f"S{(i * 7 + k * 13 + 1) % 1500}") for k in range(3)},
            }
            for i in range(1500)
        },
        200,
        200,
    ),
    "an enumeration of 100,000 values": (
        {"S0": {"properties": {"e": {"enum": [f"v{i}" for i in range(10**5)]}}}},
        200,
        200,
    ),
    "5,000 properties": ({"S0": {"properties": {f"p{i}": {"type": "string"} for i in range(5000)}}}, 200, 200),
    "2,000 alternatives": (
        {"S0": {"anyOf": [{"type": "object", "required": [f"p{i}"]} for i in range(2000)]}},
        400,
        200,
    ),
    "a schema made of itself": ({"S0": {"allOf": [ref("S0")]}}, 200, 200),
    "a schema that is not itself": ({"S0": {"not": ref("S0")}}, 200, 200),
    "a schema that requires itself": (
        {"S0": {"type": "object", "required": ["n"], "properties": {"n": ref("S0")}}},
        400,
        500,  # no value fits: the mock says so
    ),
    "a schema that requires itself four times": (
        {"S0": {"type": "object", "required": ["a", "b", "c", "d"], "additionalProperties": ref("S0")}},
        400,
        500,
    ),
    "a text of 10,000,000,000 characters": ({"S0": {"type": "string", "minLength": 10**10}}, 400, 500),
    "a list of 10,000,000,000 entries": (
        {"S0": {"type": "array", "minItems": 10**10, "items": {"type": "string"}}},
        400,
        500,
    ),
    "a pattern of a million letters": ({"S0": {"type": "string", "pattern": "^a{1000000}$"}}, 400, 500),
    "a pattern of repeated repetitions": ({"S0": {"type": "string", "pattern": "((((a*)*)*)*)*"}}, 400, 200),
}


@pytest.mark.parametrize("name", SHAPES)
def test_schemas_of_any_shape_are_served_in_bounded_time(tmp_path: Path, name: str) -> None:
    schemas, posted, got = SHAPES[name]
    content = {"content": {"application/json": {"schema": ref("S0")}}}
    operations = {
        "get": {"operationId": "g", "responses": {"200": {"description": "OK", **content}}},
        "post": {
            "operationId": "p",
            "requestBody": content,
            "responses": {"200": {"description": "OK"}, "400": {"description": "Bad"}},
        },
    }
    started = time.process_time()
    client = mock_of(tmp_path, json.dumps(document({"/it": operations}, **schemas)))
    assert client.post("/it", json={"n": {"n": {}}}).status_code == posted
    answer = client.get("/it")
    assert answer.status_code == got
    assert got == 200 or "RecursionError" not in answer.text
    assert time.process_time() - started < 30


def test_a_schema_that_takes_for_ever_is_refused(tmp_path: Path) -> None:
    twice = chained(40, lambda inner: {"allOf": [inner, inner]})
    content = {"content": {"application/json": {"schema": ref("S0")}}}
    post = {"requestBody": content, "responses": {"200": {"description": "OK"}}}
    with pytest.raises(DocumentError, match="more than 100,000 schemas for one value"):
        mock_of(tmp_path, json.dumps(document({"/it": {"post": post}}, **twice)))


FORKS: dict[str, Any] = {
    "allOf": {"type": "object", "properties": {"n": {"allOf": [ref("S0"), ref("S0")]}}},
    "oneOf": {
        "oneOf": [
            {"type": "object", "required": ["n", "op"], "properties": {"op": {"const": name}, "n": ref("S0")}}
            for name in ("and", "or", "not")
        ]
    },
    "items": {"type": "array", "items": {"anyOf": [ref("S0"), {"type": "array", "items": ref("S0")}]}},
    "patterns": {
        "type": "object",
        "properties": {"n": ref("S0")},
        "patternProperties": {"n": ref("S0"), "$": ref("S0")},
    },
}


@pytest.mark.parametrize("validation", ["compiled", "openapi-core"])
@pytest.mark.parametrize("name", FORKS)
def test_a_deep_body_is_judged_in_time_where_each_level_is_judged_twice(
    tmp_path: Path, name: str, validation: str
) -> None:
    """Each of the 100 levels would double the faults."""
    content = {"content": {"application/json": {"schema": ref("S0")}}}
    answers = {"200": {"description": "OK"}, "400": {"description": "Bad"}}
    operations = {"post": {"operationId": "p", "requestBody": content, "responses": answers}}
    text = json.dumps(document({"/it": operations}, S0=FORKS[name]))
    client = mock_of(tmp_path, text, validation)
    started = time.process_time()
    for levels in (2, 100):
        value: Any = 5
        for _ in range(levels):
            value = [value] if name == "items" else {"n": value}
        assert client.post("/it", json=value).status_code == 400
    assert time.process_time() - started < 10


MEMORY = 2 * 1024**3  # octets
SECONDS = 60  # of the processor


def bounds() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


def checked(path: Path) -> tuple[int, str]:
    """Run ``mockserver check`` on a file in bounded time and memory."""
    done = subprocess.run(
        [PROGRAM, "check", str(path)], preexec_fn=bounds, capture_output=True, text=True, timeout=300, check=False
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


SIZE = 50 * 1024 * 1024
FILES: dict[str, tuple[Callable[[], str], int, str]] = {
    "a YAML bomb": (lambda: TEXTS["a YAML bomb"][0], 2, "grows without bound"),
    "a document of 50 MB": (
        lambda: json.dumps({**document(), "info": {"title": "T", "version": "1", "description": "x" * SIZE}}),
        0,
        "a good OpenAPI document",
    ),
    "a fixture of 50 MB": (
        lambda: (
            "users: []\nproviders:\n- {name: large, type: openai, base_url: 'https://a.b', display_name: '"
            + "x" * SIZE
            + "'}\n"
        ),
        0,
        "a good fixture, 1 records",
    ),
    "a fixture of 50,000 faults": (
        lambda: "users:\n" + "- {}\n" * 50_000,
        2,
        "state.yaml:51: #/users/49: must be a mapping with a name",
    ),
    "a file of more than 64 MB": (lambda: "#" * (65 * 1024 * 1024), 2, "is larger than 64 MiB"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_large_file_is_judged_in_bounded_time_and_memory(tmp_path: Path, name: str) -> None:
    text, code, expected = FILES[name]
    path = tmp_path / "state.yaml"
    path.write_text(text())
    done, output = checked(path)
    assert (done, expected in output) == (code, True), output[:1000]
    assert len(output) < 10_000


@pytest.mark.parametrize("text", ["a: [" + "0," * 2000 + "]", "- {}\n" * 1000, "a: " + "{b: " * 100 + "}" * 100])
def test_a_file_of_too_many_values_is_refused_as_it_is_read(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    assert yamlfile.parse(text)
    monkeypatch.setattr(yamlfile, "MAX_NODES", 150)
    with pytest.raises(BadInput, match="has more than 150 values"):
        yamlfile.parse(text + "an error that is never met: ]")


def test_a_document_of_10000_operations_is_served_in_bounded_memory(tmp_path: Path) -> None:
    responses = {"200": {"description": "OK"}, "400": {"description": "Bad"}}
    parameters = [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}]
    operation = {"parameters": parameters, "responses": responses}
    paths = {f"/things{i}/{{id}}/more": {"get": operation} for i in range(10_000)}
    (tmp_path / "contract.json").write_text(json.dumps(document(paths)))
    (tmp_path / "state.yaml").write_text("users: []\n")
    options = ("--contract", str(tmp_path / "contract.json"), "--fixtures", str(tmp_path / "state.yaml"))
    with serving(*options) as server:
        assert server.request("GET", "/things9999/1/more")[0] == 200
        assert server.request("GET", "/things9999/x/more")[0] == 400
        assert server.request("GET", "/things10000/1/more")[0] == 404
        assert server.memory() < 600
