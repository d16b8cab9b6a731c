"""The JSON-Schema-Test-Suite, draft 2020-12: every required case is judged over HTTP as the body of a request."""

import http.client
import json
from pathlib import Path

import pytest
from schema_suite import Group, bundles, document, read_groups

from mockserver.app import create_mock
from mockserver.contract import yamlfile
from mockserver.errors import DocumentError
from mockserver.server import LocalServer
from mockserver.settings import Settings

MISSES = yamlfile.load(Path(__file__).with_name("misses.yaml"))
REFUSED = MISSES.pop("refused")  # groups of which no case is judged, since no contract may hold such a schema
FEWEST = 1257  # the cases of the pinned version
STATE = "users: [{name: suite, tokens: [SUITE_TOKEN]}]\n"


def judged_wrong(groups: list[Group], folder: Path, mode: str) -> dict[str, list[str]]:
    """Return the cases of one document that the mock judges wrong: their names by their group."""
    contract, state = folder / "contract.json", folder / "state.yaml"
    contract.write_text(json.dumps(document(groups)))
    state.write_text(STATE)
    mock = create_mock(Settings(contract=str(contract), fixtures=str(state), validation=mode))
    plans = {plan.operation.path: plan.body_plans["application/json"] for plan in mock.contract.plans.values()}
    assert [path for path, plan in plans.items() if plan is None] == [], "schemas that do not compile"
    wrong: dict[str, list[str]] = {}
    with LocalServer(app=mock.app) as server:
        connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=10)
        for group in groups:
            for test in group.tests:
                body = json.dumps(test["data"]).encode()
                connection.request("POST", group.path, body, {"Content-Type": "application/json"})
                response = connection.getresponse()
                response.read()
                assert response.status in {204, 400}, (group.path, test, response.status)
                if (response.status == 204) != test["valid"]:
                    wrong.setdefault(group.path[1:], []).append(test["description"])
        connection.close()
    return wrong


@pytest.mark.parametrize("mode", ["compiled", "openapi-core"])
def test_the_cases_that_are_judged_wrong_are_those_that_are_named(tmp_path: Path, mode: str) -> None:
    groups = read_groups()
    cases = sum(len(group.tests) for group in groups)
    assert cases >= FEWEST
    wrong: dict[str, list[str]] = {}
    for bundle in bundles([group for group in groups if group.path[1:] not in REFUSED]):
        wrong |= judged_wrong(bundle.groups, tmp_path, mode)
    assert wrong == {name: list(miss["cases"]) for name, miss in MISSES[mode].items()}
    if mode == "compiled":
        never = sum(len(group.tests) for group in groups if group.path[1:] in REFUSED)
        assert never + sum(map(len, wrong.values())) <= cases // 100


@pytest.mark.parametrize("name", REFUSED)
def test_the_documents_that_are_refused_are_those_that_are_named(tmp_path: Path, name: str) -> None:
    (group,) = (group for group in read_groups() if group.path[1:] == name)
    with pytest.raises(DocumentError):
        judged_wrong([group], tmp_path, "compiled")


def test_each_miss_has_a_reason() -> None:
    for misses in MISSES.values():
        for name, miss in misses.items():
            assert miss.keys() == {"cases", "reason"}, name
            assert len(miss["reason"].split()) > 4, name
    assert all(len(reason.split()) > 4 for reason in REFUSED.values())


def test_a_wrong_verdict_is_noticed(tmp_path: Path) -> None:
    tests = (
        {"description": "says valid, is not", "data": "x", "valid": True},
        {"description": "says invalid, is valid", "data": 1, "valid": False},
        {"description": "right", "data": 2, "valid": True},
    )
    group = Group("made", 1, "a verdict turned round", {"type": "integer"}, tests)
    assert judged_wrong([group], tmp_path, "compiled") == {"made/1": ["says valid, is not", "says invalid, is valid"]}
