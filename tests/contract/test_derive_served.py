"""What is derived from a page is served: every operation answers what its page says, and nothing answers 500."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from mockserver.app import Mock, create_mock
from mockserver.contract import yamlfile
from mockserver.contract.derive import derive
from mockserver.engine.operations import Operation
from mockserver.engine.samples import Sampler
from mockserver.settings import Settings
from tests.contract.derive_kit import OPERATION_PAGES, derive_file, page, parameters, responses


def served(folder: Path, document: Any) -> Mock:
    (folder / "contract.yaml").write_text(yamlfile.dump(document))
    (folder / "state.yaml").write_text("users: [{name: one, tokens: [TOKEN]}]\n")
    return create_mock(Settings(contract=str(folder / "contract.yaml"), fixtures=str(folder / "state.yaml")))


def call(mock: Mock, operation: Operation, **changes: Any) -> Any:
    """Send what an operation asks for, by its schemas; ``changes`` are what is to be different."""
    document = mock.contract.document
    sampler, rng = Sampler(document.resolve), random.Random(1)
    sent: dict[str, dict[str, str]] = {"path": {}, "query": {}, "header": {}, "cookie": {}}
    for parameter in operation.parameters:
        if parameter.required:
            sent[parameter.where][parameter.name] = str(sampler.sample(parameter.schema, rng))
    path = operation.path
    for name, value in sent["path"].items():
        path = path.replace("{" + name + "}", value)
    for scheme in document.security_schemes.values():
        value = "Bearer TOKEN" if scheme.where == "bearer" else "TOKEN"
        sent["query" if scheme.where == "query" else "header"][scheme.param] = value
    body = b""
    if operation.body:
        media = operation.body[0]
        value = media.raw.get("example", sampler.sample(media.schema, rng))
        body = json.dumps(value).encode() if media.is_json else b"some octets"
        sent["header"]["Content-Type"] = media.name
    request = {"query_string": sent["query"], "headers": sent["header"], "data": body, **changes}
    return mock.app.test_client().open(path, method=operation.method, **request)


@pytest.mark.parametrize("path", OPERATION_PAGES, ids=lambda path: path.stem)
def test_every_operation_of_a_page_is_answered(tmp_path: Path, path: Path) -> None:
    mock = served(tmp_path, derive_file(path).document)
    assert mock.contract.document.operations
    for operation in mock.contract.document.operations:
        answer = call(mock, operation)
        assert answer.status_code < 500, (str(operation), answer.text)
        assert answer.status_code == 404 or operation.response(answer.status_code), (str(operation), answer.text)
        for changes in ({"headers": {}}, {"data": b"{"}, {"query_string": "limit=x&limit=y"}):
            assert call(mock, operation, **changes).status_code < 500, (str(operation), changes)


def only(mock: Mock) -> Operation:
    (operation,) = mock.contract.document.operations
    return operation


def test_octets_whose_members_only_the_page_knows_are_taken_and_a_missing_header_is_not(tmp_path: Path) -> None:
    table = parameters(
        "| `X-Mode` | header | string | true | Mode |",
        "| `body` | body | object | true | File |",
        "| `» file` | body | string(binary) | true | File |",
        values=("| `X-Mode` | `fast`, `slow` |",),
    )
    text = page(table, responses("| 200 | OK | OK | string |", "| 400 | No | No | string |"), method="POST")
    text = text.replace(
        "http://things.example:8080/things", "http://x.example/things -H 'Content-Type: application/x-tar'"
    )
    mock = served(tmp_path, derive(text).document)
    assert only(mock).body[0].name == "application/x-tar"
    headers = {"Content-Type": "application/x-tar", "X-Mode": "fast"}
    assert call(mock, only(mock), headers=headers).status_code == 200
    assert call(mock, only(mock), headers={**headers, "X-Mode": "often"}).status_code == 400  # a text, as declared
    assert call(mock, only(mock), headers=headers, data=b"").status_code == 400


def test_an_answer_that_is_no_json_has_its_type_and_its_example(tmp_path: Path) -> None:
    shown = "### Example responses\n\n> 200 Response\n\n```\nplain words\n```\n"
    text = page(shown, responses("| 200 | OK | OK | string |"))
    text = text.replace("http://things.example:8080/things", "http://x.example/things -H 'Accept: text/plain'")
    mock = served(tmp_path, derive(text).document)
    answer = call(mock, only(mock))
    assert (answer.status_code, answer.mimetype, answer.text) == (200, "text/plain", "plain words")


def test_an_operation_that_only_redirects_does(tmp_path: Path) -> None:
    text = page(responses("| 404 | No | No | |", "| 307 | Temporary | Elsewhere | |"))
    mock = served(tmp_path, derive(text).document)
    assert call(mock, only(mock)).status_code == 307


def test_an_error_object_with_values_of_its_own_is_kept_to(tmp_path: Path) -> None:
    """Nothing of the mock's words is put where only some values are allowed."""
    table = parameters("| `n` | query | integer | true | N |")
    document = derive(page(table, responses("| 200 | OK | OK | array |", "| 400 | No | No | |"))).document
    (operation,) = (node for item in document["paths"].values() for node in item.values())
    code, text = {"type": "integer", "enum": [5, 6]}, {"type": "string", "maxLength": 5}
    error = {
        "type": "object",
        "required": ["code"],
        "properties": {"code": code, "message": text, "detail": {"type": "string"}},
    }
    operation["responses"]["400"]["content"] = {"application/json": {"schema": error}}
    mock = served(tmp_path, document)
    answer = call(mock, only(mock), query_string="n=x")
    assert answer.status_code == 400
    assert answer.json["code"] in {5, 6}
    assert "message" not in answer.json
