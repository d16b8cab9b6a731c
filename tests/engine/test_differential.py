"""Over thousands of generated bodies, the compiled plan and openapi-core agree; above all, nothing that the plan
accepts is rejected by openapi-core.
"""

import copy
import json
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from mockserver.contract.loading import load_contract
from mockserver.domain.ai_providers import HOOKS
from mockserver.engine.contract import Contract
from mockserver.engine.messages import Request, Response
from mockserver.resources import PROFILES, document_path

COUNT = 5000
ID = "497f6eca-6276-4993-bfeb-53cbbbba6f08"
CREATES: list[dict[str, Any]] = [
    {"type": "openai", "name": "a-1", "base_url": "https://x.example/v1", "enabled": True, "api_keys": ["dummy", "b"]},
    {
        "type": "bedrock",
        "name": "b",
        "base_url": "http://[::1]:8080",
        "settings": {"_type": "bedrock", "_version": 1, "region": "r"},
    },
    {"type": "anthropic", "name": "c", "base_url": "HTTPS://u:p@h/", "display_name": "C", "settings": None},
]
UPDATES: list[dict[str, Any]] = [
    {"api_keys": [{"id": ID}, {"api_key": "dummy"}], "display_name": "", "enabled": False},
    {
        "settings": {"_type": "bedrock", "_version": 1, "access_key": "", "access_key_secret": "s"},
        "base_url": "https://x",
    },
    {"enabled": None, "api_keys": []},
]
PROVIDERS: list[dict[str, Any]] = [
    {
        "id": ID, "type": "openai", "name": "n", "display_name": "N", "enabled": True, "base_url": "https://x",
        "api_keys": [{"id": ID, "masked": "...", "created_at": "2026-01-02T03:04:05.5Z"}], "settings": None,
        "created_at": "2026-01-02T03:04:05Z", "updated_at": "2026-01-02T03:04:05+02:00",
    },
]  # fmt: skip
PROVIDERS.append({**PROVIDERS[0], "type": "bedrock", "settings": {"_type": "bedrock", "_version": 1, "region": "r"}})
ODD: list[Any] = [
    None, True, False, 0, 1, -1, 1.0, 1.5, 2, 10**20, "", " ", "x", "a b", " a", "a ", "a\n", "\u3000a", "é",
    "openai", "bedrock", "https://", "http://h", "ftp://h", "http://h\n", "a-b", "-a", "a-", "A", "٣", ID,
    ID.upper(), ID[:-1], "2026-01-02", "2026-01-02T03:04:05Z", "2026-12-31T23:59:60Z", "2026-13-02T03:04:05Z", [],
    {}, [None], [""], [{}], {"a": 1}, {"_type": "bedrock"}, {"_type": "bedrock", "_version": 1},
    {"_type": "bedrock", "_version": 2}, {"_type": "x", "_version": 1}, [{"id": ID, "api_key": "k"}],
    [{"id": "no"}], [{"api_key": " k"}],
]  # fmt: skip
NAMES = [
    "type",
    "name",
    "base_url",
    "display_name",
    "enabled",
    "api_keys",
    "settings",
    "id",
    "api_key",
    "_type",
    "region",
    "zz",
]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


def mutated(rng: random.Random, value: Any) -> Any:
    value = copy.deepcopy(value)
    for _ in range(rng.choice((0, 1, 1, 1, 2, 3))):
        found = list(places(value))
        if not isinstance(value, (dict, list)) or not found or rng.random() < 0.03:
            return rng.choice(ODD)
        *front, last = rng.choice(found)
        parent = value
        for part in front:
            parent = parent[part]
        kind = rng.random()
        if kind < 0.25:
            del parent[last]
        elif kind < 0.4 and isinstance(parent, dict):
            parent[rng.choice(NAMES)] = rng.choice(ODD)
        else:
            parent[last] = copy.deepcopy(rng.choice(ODD))
    return value


@pytest.fixture(scope="module", params=PROFILES)
def contract(request: pytest.FixtureRequest) -> Contract:
    return load_contract(document_path(request.param), HOOKS, judge=False)


def tally(verdicts: Counter[tuple[bool, bool]], what: str) -> None:
    plan_only, core_only = verdicts[True, False], verdicts[False, True]
    assert plan_only == 0, f"{what}: accepted by the plan alone"
    assert core_only == 0, f"{what}: accepted by openapi-core alone"
    assert verdicts[True, True] > COUNT // 50, verdicts
    assert verdicts[False, False] > COUNT // 50, verdicts


@pytest.mark.parametrize(("operation_id", "seeds"), [("createAIProvider", CREATES), ("updateAIProvider", UPDATES)])
def test_plan_and_core_agree_on_request_bodies(contract: Contract, operation_id: str, seeds: list[Any]) -> None:
    plan = next(plan for plan in contract.plans.values() if plan.operation.id == operation_id)
    schema = plan.body_plans["application/json"]
    assert schema is not None
    rng = random.Random(operation_id)
    verdicts: Counter[tuple[bool, bool]] = Counter()
    for _ in range(COUNT // 2):
        body = mutated(rng, rng.choice(seeds))
        request = Request(plan.operation.method, plan.operation.path, "", {}, json.dumps(body).encode())
        core = contract.authority.request(plan.operation, request, {"idOrName": "x"}, "application/json")
        fast = schema.violations(body)
        assert schema.is_valid(body) == (not fast)
        verdicts[not fast, not core] += 1
        assert (not fast) == (not core), (body, fast, core)
        # The same faults at the same places, too.
        assert [violation.path for violation in fast] == [violation.path for violation in core], (body, fast, core)
    tally(verdicts, operation_id)


def test_plan_and_core_agree_on_answers(contract: Contract) -> None:
    plan = next(plan for plan in contract.plans.values() if plan.operation.id == "getAIProvider")
    response = plan.response(contract, 200)
    assert response is not None
    assert response.plan is not None
    rng = random.Random("answers")
    verdicts: Counter[tuple[bool, bool]] = Counter()
    for _ in range(COUNT // 2):
        value = mutated(rng, rng.choice(PROVIDERS))
        sent = Response(200, [("Content-Type", "application/json")], json.dumps(value).encode())
        fast, core = response.plan.is_valid(value), not contract.authority.response(plan.operation, sent)
        assert fast == core, value
        verdicts[fast, core] += 1
    tally(verdicts, "answers")
