"""Operations that answer something else than the item that they work on: what is declared is answered, never a 500."""

import json
from pathlib import Path
from typing import Any

import pytest

from mockserver.app import Mock, create_mock
from mockserver.contract import yamlfile
from mockserver.settings import Settings

ITEM = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}, "size": {"type": "string"}}}
ANSWERS: dict[str, Any] = {
    "a list": {"type": "array", "items": ITEM},
    "a list of lists": {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}},
    "a text": {"type": "string"},
    "a number": {"type": "integer"},
    "a map": {"type": "object", "additionalProperties": {"type": "integer"}},
    "a message": {"type": "object", "required": ["message"], "properties": {"message": {"type": "string"}}},
    "an envelope": {
        "type": "object",
        "required": ["items", "next"],
        "properties": {
            "items": {"type": "array", "items": ITEM},
            "next": {"type": "string"},
            "total": {"type": "integer", "minimum": 5},
            "kind": {"type": "integer", "enum": [1, 2]},
        },
    },
    "an object of its own": {"type": "object", "required": ["k"], "properties": {"k": {"enum": ["a", "b"]}}},
    "one of two": {"oneOf": [ITEM, {"type": "string"}]},
}
PARAMETER = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}


def operation(status: str, schema: Any, body: Any = None, **content: Any) -> dict[str, Any]:
    answer = {"description": "", "content": {"application/json": {"schema": schema, **content}}}
    taken = {"requestBody": {"content": {"application/json": {"schema": body}}}} if body is not None else {}
    return {"responses": {status: answer}, **taken}


def served(folder: Path, paths: dict[str, Any]) -> Mock:
    document = {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": paths}
    (folder / "contract.yaml").write_text(yamlfile.dump(document))
    (folder / "state.yaml").write_text("users: [{name: one, tokens: [TOKEN]}]\n")
    return create_mock(Settings(contract=str(folder / "contract.yaml"), fixtures=str(folder / "state.yaml")))


def paths(answer: Any, taken: Any, status: str = "200") -> dict[str, Any]:
    """Return a collection whose items can be made and read, and changed by operations that answer ``answer``."""
    changes = {method: operation("200", answer, taken) for method in ("put", "patch")}
    return {
        "/a": {"get": operation("200", ANSWERS["a list"]), "post": operation("201", ITEM, ITEM)},
        "/a/{id}": {"parameters": [PARAMETER], "get": operation("200", ITEM)} | changes,
        "/b": {"get": operation("200", answer), "post": operation("201", answer, taken)},
        "/b/{id}": {"parameters": [PARAMETER], "get": operation("200", answer), "delete": operation("200", answer)},
    }


def declared(mock: Mock, path: str, method: str, answer: Any) -> None:
    """Check that an answer is one that its operation declares."""
    (found,) = (each for each in mock.contract.document.operations if (each.template, each.method) == (path, method))
    if answer.status_code != 404:
        plan = mock.contract.plans[found.pointer].response(mock.contract, answer.status_code)
        assert plan is not None, (method, path, answer.text)
        assert plan.plan is not None
        assert plan.plan.is_valid(answer.json), (method, path, answer.text)


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("taken", [ITEM, {"type": "array"}, {"type": "string"}], ids=["object", "list", "text"])
def test_an_operation_answers_what_it_declares(tmp_path: Path, name: str, taken: Any) -> None:
    mock = served(tmp_path, paths(ANSWERS[name], taken))
    client = mock.app.test_client()
    made = client.post("/a", json={"id": "x", "size": "s"})
    assert made.status_code == 201
    sent = {"object": {"id": "x", "size": "l"}, "array": [], "string": "x"}[taken["type"]]
    for method in ("PUT", "PATCH"):
        answer = client.open(f"/a/{made.json['id']}", method=method, json=sent)
        assert answer.status_code == 200
        declared(mock, "/a/{id}", method, answer)
    assert client.get(f"/a/{made.json['id']}").json["id"] == made.json["id"]
    declared(mock, "/b", "POST", client.post("/b", json=sent))
    declared(mock, "/b", "GET", client.get("/b"))
    declared(mock, "/b/{id}", "GET", client.get("/b/x"))
    declared(mock, "/b/{id}", "DELETE", client.delete("/b/x"))


def test_a_removal_that_answers_a_message_removes(tmp_path: Path) -> None:
    shown = {"message": "Gone.", "more": 1}
    document = paths(ITEM, ITEM)
    document["/a/{id}"]["delete"] = operation("200", ANSWERS["a message"], example=shown)
    client = served(tmp_path, document).app.test_client()
    id_ = client.post("/a", json={"id": "x"}).json["id"]
    assert client.delete(f"/a/{id_}").json == {"message": "Gone."}
    assert client.get(f"/a/{id_}").status_code == 404


def test_an_example_that_does_not_fit_is_not_answered(tmp_path: Path) -> None:
    one = {"get": operation("200", {"type": "string", "format": "byte"}, example="string")}
    answer = served(tmp_path, {"/one": one}).app.test_client().get("/one")
    assert (answer.status_code, json.loads(answer.data)) == (200, "ZXhhbXBsZQ==")


@pytest.mark.parametrize("responses", [{}, {"101": {"description": "Upgrade"}}, {"404": {"description": "None"}}])
def test_an_operation_without_a_success_says_so(tmp_path: Path, responses: Any) -> None:
    answer = (
        served(tmp_path, {"/one": {"get": {"responses": responses} if responses else {}}}).app.test_client().get("/one")
    )
    assert answer.status_code == 501
    assert "declares no success of GET /one" in answer.text
