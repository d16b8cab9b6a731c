"""The three documents are what their sources give, and the reference page's samples run as they stand."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from mockserver.app import create_app
from mockserver.checking import check_file
from mockserver.contract import yamlfile
from mockserver.contract.building import build
from mockserver.engine.problems import CATALOGUE
from mockserver.resources import PROFILES, data_path, document_path
from mockserver.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT.parent / "shared" / "reference" / "aiproviders.md"
EXAMPLE_ID = "497f6eca-6276-4993-bfeb-53cbbbba6f08"


def test_the_documents_are_what_their_sources_give() -> None:
    page = PAGE if PAGE.exists() else None
    built = list(build(data_path("openapi"), page))
    assert len(built) == (3 if page else 2)
    assert [document.path.name for document in built if not document.current] == []


@pytest.mark.parametrize("name", ["reference", *PROFILES])
def test_the_documents_are_valid_and_their_examples_too(name: str) -> None:
    assert "5 operations" in check_file(data_path("openapi", f"{name}.yaml"))


def test_the_reference_document_holds_no_decision_of_ours() -> None:
    text = data_path("openapi", "reference.yaml").read_text()
    document = yamlfile.parse(text)
    assert "x-" not in re.sub(r"format: .*|pattern: .*", "", "".join(document.keys()))
    assert "required:\n" not in text  # the page marks no member of any schema as required
    statuses = {
        status
        for item in document["paths"].values()
        for operation in item.values()
        for status in operation["responses"]
    }
    assert statuses == {"200", "201", "204"}


def samples() -> list[tuple[str, str, str, dict[str, str], Any, int, Any]]:
    """Return the page's samples, read from the page itself where it is there: name, method, path, headers, body."""
    document = yamlfile.load(data_path("openapi", "reference.yaml"))
    found = []
    for path, item in document["paths"].items():
        for method, operation in item.items():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
            status, response = next(iter(operation["responses"].items()))
            expected = response.get("content", {}).get("application/json", {}).get("example")
            headers = {"Accept": "application/json", "Coder-Session-Token": "API_KEY"}
            found.append((operation["operationId"], method.upper(), path, headers, body, int(status), expected))
    return found


def fields_of(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: fields_of(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [fields_of(value[0])] if value else []
    return type(value).__name__


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample[0])
def test_a_sample_of_the_page_is_answered_as_documented(sample: tuple[Any, ...]) -> None:
    _, method, path, headers, body, status, expected = sample
    client = create_app(Settings(profile="documented")).test_client()
    path = path.replace("{idOrName}", EXAMPLE_ID)
    answer = client.open(path, method=method, headers=headers, json=body)
    assert answer.status_code == status, answer.text
    if expected is None:
        assert answer.data == b""
    else:
        assert fields_of(answer.json) == fields_of(expected)


@pytest.mark.skipif(not PAGE.exists(), reason=f"the reference page is not at {PAGE}: its commands were not run")
def test_the_curl_commands_of_the_page_run_as_they_stand_but_for_the_host() -> None:
    text = PAGE.read_text()
    commands = re.findall(r"curl -X (\w+) http://coder-server:8080(\S+) \\\n((?:\s+-H '[^']+'(?: \\)?\n)*)", text)
    assert len(commands) == 5
    bodies = {(method, path): body for _, method, path, _, body, _, _ in samples()}
    statuses = {(method, path): status for _, method, path, _, _, status, _ in samples()}
    for method, path, lines in commands:
        headers = dict(line.split(": ", 1) for line in re.findall(r"-H '([^']+)'", lines))
        client = create_app(Settings(profile="documented")).test_client()
        body = bodies[method, path]
        data = json.dumps(body) if body is not None else None
        answer = client.open(path.replace("{idOrName}", EXAMPLE_ID), method=method, headers=headers, data=data)
        assert answer.status_code == statuses[method, path], (method, path, answer.text)


@pytest.mark.parametrize("profile", PROFILES)
def test_documented_statuses_and_the_error_catalogue_agree(profile: str) -> None:
    document = yamlfile.load(document_path(profile))
    declared = {
        int(status)
        for item in document["paths"].values()
        for operation in item.values()
        if isinstance(operation, dict)
        for status in operation.get("responses", ())
        if int(status) >= 400
    }
    known = {status for status, _ in CATALOGUE.values()}
    assert declared <= known
    # 408 is about the connection, 415 for contracts that declare it, 501 for those that declare no success; none is in
    # these documents.
    assert known - declared == ({408, 415, 501, 403} if profile == "documented" else {408, 415, 501})


def test_the_docs_list_every_problem_of_the_catalogue() -> None:
    text = (ROOT / "docs" / "errors.md").read_text()
    listed = {(code, int(status)) for code, status in re.findall(r"^\| `([a-z-]+)` \| (\d{3}) \|", text, re.MULTILINE)}
    assert listed == {(code, status) for code, (status, _) in CATALOGUE.items()}
