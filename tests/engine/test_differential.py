"""Over thousands of generated exchanges, the compiled plans and openapi-core agree; above all, nothing that the plans
accept is rejected by openapi-core: parameters, content types, headers and bodies of requests, and answers.
"""

import copy
import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from mockserver.app import Mock, create_mock
from mockserver.contract.loading import load_contract
from mockserver.domain.ai_providers import HOOKS
from mockserver.engine.exchange import Exchange
from mockserver.engine.judging import validate
from mockserver.engine.messages import Request, Response
from mockserver.engine.operations import Operation, Parameter
from mockserver.engine.pipeline import route
from mockserver.engine.problems import Problem, Violation
from mockserver.resources import PROFILES, document_path
from mockserver.settings import Settings

COUNT = 5000  # requests, and answers, for each profile
FEW = 2000  # requests for the contract that has more kinds of parameters
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
ERRORS: list[dict[str, Any]] = [
    {"message": "No."},
    {"message": "No.", "detail": "Not so.", "validations": [{"field": "name", "detail": "is required"}]},
]
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


LIBRARY = Path(__file__).with_name("library.yaml")
LIBRARY_STATE = Path(__file__).with_name("library-state.yaml")
TEXTS = [
    "", "0", "1", "5", "-1", "50", "51", "149", "151", "01", "+1", " 1", "1 ", "1.0", "1e2", "1_000", "٣", "x", "true",
    "false", "True", "null", "history", "poetry", "HISTORY", "novel", "1,2", "1,,2", "1,x", ",", "a b", "a\n", "é", ID,
    "%", "&", "=", "{}", "[1]", "99999999999999999999", "openai-main", "a" * 300,
]  # fmt: skip
MEDIA_TYPES = [
    "application/json", "application/json", "application/json", "application/json; charset=utf-8", "APPLICATION/JSON",
    "application/json;charset=UTF-8", "application/json; charset=latin-1", "application/json; foo",
    'application/json; a="b=c"', "application/json;", "application/json ; x=y", "application/merge-patch+json",
    "application/merge-patch+json; charset=utf-8", "application/vnd.api+json", "application/problem+json",
    "text/plain", "text/json", "application/xml", "application/*", "*/*", "json", "/", ";", "", None,
    "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
]  # fmt: skip
BODIES = [
    b"", b" ", b"null", b"{", b"{}", b"[]", b'"x"', b"1", b'{"a":1,"a":2}', b'{"name": NaN}', b"\xef\xbb\xbf{}",
    b"\xff", b"[" * 200 + b"]" * 200, b'{"name": "\\ud800"}', b" {} ", b"{} x", "{}".encode("utf-16"), b"1e400",
    b"name=x&type=y",
]  # fmt: skip
SENT = {
    "createAIProvider": CREATES,
    "updateAIProvider": UPDATES,
    "shelf": [{"label": "L", "theme": "history", "capacity": 3}, {"label": "M"}],
    "book": [{"title": "T", "isbn": "9780141439518", "genre": "novel"}],
}


def sent_bodies(operation: Operation) -> list[Any]:
    """Return bodies to start from, by what the operation is called."""
    kind = "book" if "ook" in operation.id else "shelf"
    return SENT.get(operation.id, SENT[kind])


def some_text(rng: random.Random, parameter: Parameter) -> str:
    """Return a text for a parameter, as often good as not."""
    good = {"integer": "7", "boolean": "true", "array": "novel"}.get(str(parameter.schema.get("type")), "history")
    return good if rng.random() < 0.6 else rng.choice(TEXTS)


def some_request(rng: random.Random, operation: Operation) -> Request:
    """Return a request that is about right: mostly one or two things about it are odd."""
    path = operation.path
    for parameter in operation.parameters:
        if parameter.where == "path":
            path = path.replace("{" + parameter.name + "}", some_text(rng, parameter) or "x")
    pairs = [
        f"{parameter.name}={quote(some_text(rng, parameter))}"
        for parameter in operation.parameters
        if parameter.where == "query"
        for _ in range(rng.choice((0, 0, 0, 1, 1, 1, 1, 2)))
    ]
    if rng.random() < 0.3:
        pairs.append(rng.choice(["zz=1", "&", "=", "zz", "a=b=c", "%", "%ff=%fe", "+=+"]))
    headers = {"cookie": rng.choice(["", "a=b", "zz", "a=1; a=2", "=", '"'])} if rng.random() < 0.2 else {}
    for parameter in operation.parameters:
        if parameter.where == "header" and rng.random() < 0.5:
            headers[parameter.name.lower()] = some_text(rng, parameter).strip()
    body = b""
    if operation.body:
        kind = rng.choice(MEDIA_TYPES) if rng.random() < 0.5 else operation.body[0].name
        if kind is not None:
            headers["content-type"] = kind
        value = mutated(rng, rng.choice(sent_bodies(operation)))
        written = json.dumps(value, ensure_ascii=rng.random() < 0.5, indent=rng.choice((None, None, 1)))
        body = rng.choice(BODIES) if rng.random() < 0.15 else written.encode()
    return Request(operation.method, path, "&".join(pairs), headers, body)


class Asked:
    """openapi-core behind a counter, so that it is known what a plan decided alone."""

    def __init__(self, authority: Any) -> None:
        self._authority = authority
        self.requests = 0

    def request(self, *args: Any) -> tuple[Violation, ...]:
        self.requests += 1
        return self._authority.request(*args)

    def response(self, *args: Any) -> tuple[Violation, ...]:
        return self._authority.response(*args)


def judged(mock: Mock, mode: str, request: Request) -> tuple[str, list[Any]]:
    """Return how a request is judged: the problem's code, empty where there is none, and the places of its faults."""
    line = mock.pipeline
    exchange = Exchange(mock.contract, line.store, line.world, line.identity, request, mode, 0)
    try:
        route(exchange)
        validate(exchange)
    except Problem as problem:
        return problem.code, sorted({fault.path for fault in problem.violations}, key=repr)
    return "", []


def mocks() -> list[Any]:
    found = [pytest.param(Settings(profile=profile), id=profile) for profile in PROFILES]
    return [*found, pytest.param(Settings(contract=str(LIBRARY), fixtures=str(LIBRARY_STATE)), id="library")]


@pytest.mark.parametrize("settings", mocks())
def test_what_the_plans_accept_openapi_core_accepts(settings: Settings) -> None:
    mock = create_mock(settings)
    asked = Asked(mock.contract.authority)
    mock.contract.authority = asked  # type: ignore[assignment]
    plans = list(mock.contract.plans.values())
    weights = [6 if plan.operation.body else 1 + 2 * len(plan.parameters) for plan in plans]
    rng = random.Random("requests")
    verdicts: Counter[tuple[bool, bool]] = Counter()
    alone = 0
    count = FEW if settings.contract else COUNT
    for _ in range(count):
        request = some_request(rng, rng.choices(plans, weights)[0].operation)
        before = asked.requests
        fast = judged(mock, "compiled", request)
        alone += asked.requests == before
        core = judged(mock, "openapi-core", request)
        verdicts[not fast[0], not core[0]] += 1
        assert fast[0] or not core[0], ("accepted by the plans alone", request, core)
        if settings.contract:
            # openapi-core reads numbers the way Python does, and takes the first of several values.
            assert core[0] or fast[0] in {"", "malformed-parameter"}, (request, fast)
        else:
            assert fast == core, request
    assert verdicts[True, True] > count // 10, verdicts
    assert verdicts[False, False] > count // 10, verdicts
    assert alone == count, "openapi-core was asked for what the plans should decide"


def some_answer(rng: random.Random, *, many: bool, error: bool) -> Any:
    """Return the value of an answer that is about right."""
    if error:
        return mutated(rng, rng.choice(ERRORS))
    if many:
        return [mutated(rng, rng.choice(PROVIDERS)) for _ in range(rng.choice((0, 1, 1, 2)))]
    return mutated(rng, rng.choice(PROVIDERS))


@pytest.mark.parametrize("profile", PROFILES)
def test_plans_and_core_agree_on_answers(profile: str) -> None:
    contract = load_contract(document_path(profile), HOOKS, judge=False)
    answers = [
        (plan.operation, int(status), plan.response(contract, int(status)))
        for plan in contract.plans.values()
        for status in plan.operation.responses
    ]
    rng = random.Random("answers")
    verdicts: Counter[tuple[bool, bool]] = Counter()
    for number in range(COUNT):
        operation, status, response = answers[number % len(answers)]
        assert response is not None
        if response.plan is None:
            assert status == 204
            assert not contract.authority.response(operation, Response(status, []))
            verdicts[True, True] += 1
            continue
        value = some_answer(rng, many=bool(response.items), error=status >= 400)
        fast = response.plan.is_valid(value)
        if response.items:  # the mock judges a list by its entries
            assert response.item_plan is not None
            assert fast == all(response.item_plan.is_valid(item) for item in value)
        needed = response.spec.required_headers
        headers = [(name, "GET") for name in needed if rng.random() < 0.9]
        fast = fast and len(headers) == len(needed)
        sent = Response(status, [("Content-Type", response.content_type), *headers], json.dumps(value).encode())
        core = not contract.authority.response(operation, sent)
        verdicts[fast, core] += 1
        assert fast == core, (str(operation), status, value)
    assert verdicts[True, True] > COUNT // 10, verdicts
    assert verdicts[False, False] > COUNT // 10, verdicts
    assert set(verdicts) == {(True, True), (False, False)}
