"""Matchers that can never match are refused when they are set; and refusals name the member that is wrong."""

from typing import Any

import pytest
from test_control_api import Client

FAULTS = "/sessions/default/faults"


@pytest.fixture(scope="module")
def client() -> Client:
    return Client()


@pytest.mark.parametrize(
    ("match", "field", "said"),
    [
        ({"body": {"enabled": {"equals": True, "not": True}}}, "match.body.enabled", "contradicts not true"),
        ({"body": {"name": {"equals": "y", "one_of": ["x"]}}}, "match.body.name", 'contradicts one of ["x"]'),
        ({"body": {"name": {"equals": "y", "contains": "x"}}}, "match.body.name", 'contradicts contains "x"'),
        ({"body": {"name": {"equals": "y", "matches": "^x"}}}, "match.body.name", 'contradicts matches "^x"'),
        ({"body": {"n": {"equals": 4, "at_least": 5}}}, "match.body.n", "contradicts at least 5"),
        ({"body": {"n": {"one_of": [1, 2], "at_least": 5}}}, "match.body.n", "contradicts at least 5"),
        ({"query": {"n": {"equals": 4, "at_most": 3}}}, "match.query.n", "contradicts at most 3"),
        ({"path": ""}, "match.path", "begins with /"),
        ({"path": "api/v2/*"}, "match.path", "begins with /"),
        ({"path": "/__mock__/s/mine/api/v2/ai/providers"}, "match.path", "without /__mock__"),
        ({"operation": "listAIProviders", "path": "/api/v2/other"}, "match.path", "listAIProviders"),
        ({"operation": "getAIProvider", "path": "/api/v2/ai/providers"}, "match.path", "{idOrName}"),
        ({"operation": "getAIProvider", "path": "/api/*/models/x"}, "match.path", "{idOrName}"),
        ({"path_params": {"zzz": 1}}, "match.path_params.zzz", "in any path"),
        ({"method": "POST", "path_params": {"idOrName": "x"}}, "match.path_params.idOrName", "of createAIProvider"),
        ({"headers": {"not a name": "1"}}, "match.headers.not a name", "no name of a header"),
        ({"headers": {"": "1"}}, "match.headers.", "no name of a header"),
    ],
)
def test_a_matcher_that_can_never_match_is_refused(client: Client, match: Any, field: str, said: str) -> None:
    for path, body in ((FAULTS, {"effect": {"kind": "malformed"}}), ("/sessions/default/journal/verify", {})):
        answer = client.control("POST", path, {**body, "match": match}, status=400)
        (violation,) = answer["validations"]
        assert violation["field"] == field
        assert said in violation["detail"]
    assert client.control("GET", FAULTS) == {"faults": []}


@pytest.mark.parametrize(
    "match",
    [
        {"body": {"name": {"equals": "xy", "contains": "x", "matches": "y$", "one_of": ["a", "xy"], "not": "b"}}},
        {"body": {"n": {"one_of": [1, 9], "at_least": 5}}},
        {"query": {"n": {"equals": 4, "at_least": 3, "present": True}}},
        {"path": "*"},
        {"path": "*providers/op*n"},
        {"operation": "listAIProviders", "path": "/api/v2/ai/providers"},
        {"operation": "listAIProviders", "path": "/api/v2/ai/providers/"},
        {"operation": "getAIProvider", "path": "/api/v2/ai/providers/openai-main"},
        {"operation": "getAIProvider", "path": "/api/*/a*-x"},
        {"path_params": {"idOrName": "x"}},
        {"headers": {"X-Request-Id": {"present": False}}},
        {"method": "BREW"},
    ],
)
def test_a_matcher_that_can_match_is_taken(client: Client, match: Any) -> None:
    fault = client.control("POST", FAULTS, {"match": match, "effect": {"kind": "delay", "seconds": 0}}, status=201)
    client.control("DELETE", f"{FAULTS}/{fault['id']}", status=204)


@pytest.mark.parametrize(
    ("effect", "field", "said"),
    [
        ({"kind": "delay", "seconds": -1}, "effect.seconds", "at least 0"),
        ({"kind": "delay", "seconds": 1e300}, "effect.seconds", "at most 300"),
        ({"kind": "delay", "second": 1}, "effect", "does not know: 'second'"),
        ({"kind": "status"}, "effect.status", "is required"),
        ({"kind": "status", "status": 200, "force": True}, "effect.status", "at least 400"),
        ({"kind": "drop", "when": "sometimes"}, "effect.when", "before, inside, after"),
        ({"kind": "truncate", "keep": 2}, "effect.keep", "less than 1"),
        ({"kind": "nope"}, "effect.kind", "must be one of: status, delay, rate-limit, drop"),
        ({}, "effect.kind", "is required"),
    ],
)
def test_a_faulty_effect_is_told_at_its_member(client: Client, effect: Any, field: str, said: str) -> None:
    (violation,) = client.control("POST", FAULTS, {"effect": effect}, status=400)["validations"]
    assert violation["field"] == field
    assert said in violation["detail"]


def test_a_record_is_refused_where_its_key_is_not_that_of_its_address(client: Client) -> None:
    key = client.control("GET", "/sessions/default/state/providers")["records"][0]["key"]
    record = f"/sessions/default/state/providers/{key}"
    before = client.control("GET", record)
    other = "00000000-0000-4000-8000-000000000000"
    for method in ("PUT", "PATCH"):
        (violation,) = client.control(method, record, {**before["data"], "id": other}, status=400)["validations"]
        assert (violation["field"], key in violation["detail"]) == ("id", True)
        assert client.control(method, record, before["data"])["key"] == key


def test_a_faulty_record_names_its_member_once(client: Client) -> None:
    answer = client.control("POST", "/sessions/default/state/providers", {"name": "x", "type": "openai"}, status=400)
    assert answer["message"] == "base_url is required."
    assert answer["validations"] == [{"field": "base_url", "detail": "is required"}]
    answer = client.control("PUT", "/sessions/default/state", {"nothing": []}, status=400)
    assert answer["message"] == "nothing: unknown member 'nothing'."
