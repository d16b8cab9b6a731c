"""Golden exchanges: every file below ``golden`` is a conversation that the mock must hold exactly so."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from golden.casefile import PROFILES, Case, at_pointer, filled, leaks, mismatch, read_case, read_cases, secrets_of, sent

from mockserver.app import create_mock
from mockserver.settings import Settings

CASES = read_cases()
MODES = ("compiled", "openapi-core")
RUNS = [pytest.param(case, profile, id=f"{case.name}-{profile}") for case in CASES for profile in case.profiles]
ERROR_MEMBERS = {"message", "detail", "validations"}


@cache
def mock(profile: str, fixture: str, mode: str) -> Any:
    """Return the application of a mock; a reset makes it as new."""
    return create_mock(Settings(profile=profile, fixtures=fixture, deterministic=True, validation=mode)).app


class Conversation:
    """A mock as it is after its start, asked step by step."""

    def __init__(self, case: Case, profile: str, mode: str) -> None:
        self.client = mock(profile, case.fixture, mode).test_client(use_cookies=False)
        assert self.client.post("/__mock__/sessions/default/reset").status_code == 200
        self.saved: dict[str, Any] = {}

    def ask(self, request: dict[str, Any]) -> Any:
        asked = sent(request, self.saved)
        return self.client.open(
            asked.path, method=asked.method, headers=asked.headers, data=asked.data, query_string=asked.query
        )


def faults(case: Case, profile: str, request: dict[str, Any], expect: dict[str, Any], response: Any) -> list[str]:
    """Return what is wrong with an answer; ``expect`` has its placeholders filled."""
    found: list[str] = []
    if response.status_code != expect["status"]:
        found.append(f"status: wanted {expect['status']}, found {response.status_code}")
    body = response.json if response.data else None
    if "body" in expect:
        found.append(mismatch(expect["body"], body, exact=True))
    if "contains" in expect:
        found.append(mismatch(expect["contains"], body, exact=False))
    for pointer in expect.get("absent", ()):
        try:
            at_pointer(body, pointer)
        except LookupError:
            continue
        found.append(f"{pointer} is there, and must not be")
    fields = field_list(body)
    if "fields" in expect and fields != expect["fields"]:
        found.append(f"fields: wanted {expect['fields']}, found {fields}")
    for name, value in expect.get("headers", {}).items():
        found.append(mismatch(value, response.headers.get(name), exact=True, place=f"header {name}"))
    if response.status_code >= 400 and request["method"] != "HEAD":
        found.append(error_fault(body))
    if response.status_code == 204 and response.data:
        found.append("a 204 has no body")
    if response.data and profile == "deployed" and response.content_type != "application/json; charset=utf-8":
        found.append(f"content type: {response.content_type}")
    for secret in leaks(response.text, secrets_of(case, settings=profile == "deployed")):
        found.append(f"the answer holds what was sent as a secret: {secret!r}")
    return [fault for fault in found if fault]


def field_list(body: Any) -> list[str]:
    """Return the members that an error object names, in its order."""
    return [entry["field"] for entry in body.get("validations") or ()] if isinstance(body, dict) else []


def error_fault(body: Any) -> str:
    """Return what is wrong with an error object; empty where it is as the contract says."""
    if not isinstance(body, dict) or not isinstance(body.get("message"), str) or not body["message"]:
        return f"not an error object: {body!r}"
    if extra := body.keys() - ERROR_MEMBERS:
        return f"the error object has {sorted(extra)} besides"
    if not isinstance(body.get("detail", ""), str):
        return "detail is not a string"
    for entry in body.get("validations", []):
        if set(entry) != {"field", "detail"} or not all(isinstance(value, str) and value for value in entry.values()):
            return f"not an entry of validations: {entry!r}"
    return ""


def shown(number: int, request: dict[str, Any], expect: dict[str, Any], response: Any, found: list[str]) -> str:
    """Return an exchange as a person reads it."""
    lines = [f"step {number}:", *(f"  ! {fault}" for fault in found), f"  > {request['method']} {request['path']}"]
    lines += [f"  > {name}: {value!r:.600}" for name, value in request.items() if name not in {"method", "path"}]
    lines += [f"  ? {name}: {value!r}" for name, value in expect.items()]
    lines += [f"  < {response.status}", *(f"  < {name}: {value}" for name, value in response.headers.items())]
    return "\n".join([*lines, f"  < {response.text}"])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("case", "profile"), RUNS)
def test_conversation(case: Case, profile: str, mode: str) -> None:
    conversation = Conversation(case, profile, mode)
    for number, step in enumerate(case.exchanges, 1):
        request, expect = step["request"], filled(step["expect"], conversation.saved)
        response = conversation.ask(request)
        found = faults(case, profile, request, expect, response)
        assert not found, f"{case.title}\n{shown(number, request, expect, response, found)}"
        for name, pointer in step["expect"].get("save", {}).items():
            conversation.saved[name] = at_pointer(response.json, pointer)


@pytest.mark.parametrize(("case", "profile"), RUNS)
def test_both_validators_answer_alike(case: Case, profile: str) -> None:
    one, other = (Conversation(case, profile, mode) for mode in MODES)
    for number, step in enumerate(case.exchanges, 1):
        request = step["request"]
        answers = [conversation.ask(request) for conversation in (one, other)]
        assert answers[0].status == answers[1].status, f"step {number} of {case.title}"
        bodies = [answer.json if answer.data else None for answer in answers]
        if answers[0].status_code < 400:
            assert answers[0].data == answers[1].data, f"step {number} of {case.title}"
        else:
            assert field_list(bodies[0]) == field_list(bodies[1]), f"step {number} of {case.title}"
        for conversation, body in zip((one, other), bodies, strict=True):
            for name, pointer in step["expect"].get("save", {}).items():
                conversation.saved[name] = at_pointer(body, pointer)


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 80
    assert {profile for case in CASES for profile in case.profiles} == set(PROFILES)


GOOD = """
title: A case.
profiles: [deployed]
exchanges:
  - request: {method: GET, path: /}
    expect: {status: 404}
"""


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("title: A case.", "title: no sentence"),
        ("title: A case.", "title: A case.\nauthor: me"),
        ("title: A case.", "title: A case.\nfixture: large"),
        ("[deployed]", "[documented, deployed]"),
        ("method: GET", "method: GET, bodi: 1"),
        ("method: GET", "method: GET, body: 1, raw: x"),
        ("method: GET, ", ""),
        ("status: 404", "status: 404, contain: {}"),
        ("status: 404", "fields: []"),
    ],
)
def test_a_case_that_is_not_of_the_format_is_refused(tmp_path: Path, good: str, bad: str) -> None:
    path = tmp_path / "deployed" / "case.yaml"
    path.parent.mkdir()
    path.write_text(GOOD)
    assert read_case(path).title == "A case."
    path.write_text(GOOD.replace(good, bad))
    with pytest.raises(ValueError, match="deployed/case"):
        read_case(path)
