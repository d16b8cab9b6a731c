"""The rules file, the documents, the code and the golden cases say the same."""

import re
from functools import cache
from typing import Any

import pytest
from golden.casefile import COLLECTION, PROFILES, Case, read_cases

from mockserver.contract import yamlfile
from mockserver.domain.ai_providers.rules import RULES
from mockserver.resources import document_path

CASES = read_cases()
LISTED = yamlfile.load(document_path("documented").parent / "rules.yaml")
ENTRIES = {entry["id"]: entry for group in LISTED.values() for entry in group}
REFUSALS = {entry["id"]: entry for entry in LISTED["rules"]}

# What no exchange can show on purpose: a 500 is a defect of the mock itself.
NOT_SHOWN = {"500"}


@cache
def document(profile: str) -> dict[str, Any]:
    return yamlfile.load(document_path(profile))


def operations(profile: str) -> dict[str, tuple[str, str, dict[str, Any]]]:
    return {
        operation["operationId"]: (path, method.upper(), operation)
        for path, item in document(profile)["paths"].items()
        for method, operation in item.items()
        if isinstance(operation, dict) and "operationId" in operation
    }


def path_of(request: dict[str, Any]) -> str | None:
    rest = request["path"].removeprefix(COLLECTION)
    if rest == request["path"]:
        return None
    if rest in {"", "/"}:
        return COLLECTION
    return COLLECTION + "/{idOrName}" if rest.count("/") == 1 else None


def seen(case: Case) -> set[tuple[str, str, str]]:
    """Return (path, method, status) of each step; a 405 belongs to every method that the path does have."""
    found = set()
    for step in case.exchanges:
        path, status = path_of(step["request"]), str(step["expect"]["status"])
        if path is not None:
            found.add((path, "*" if status == "405" else step["request"]["method"], status))
    return found


def test_every_rule_is_implemented_and_nothing_else() -> None:
    assert RULES.keys() == REFUSALS.keys()


def test_ids_are_used_once() -> None:
    assert len(ENTRIES) == sum(len(group) for group in LISTED.values())


@pytest.mark.parametrize("rule", REFUSALS)
def test_a_rule_refuses_with_its_status(rule: str) -> None:
    assert RULES[rule].id == rule
    assert RULES[rule].status == REFUSALS[rule]["status"]


@pytest.mark.parametrize("profile", PROFILES)
def test_documents_name_the_rules_of_their_operations(profile: str) -> None:
    for name, (_, _, operation) in operations(profile).items():
        wanted = [e["id"] for e in LISTED["rules"] if profile in e["profiles"] and name in e["operations"]]
        assert sorted(operation.get("x-rules", [])) == sorted(wanted), name
        for rule in wanted:
            assert str(REFUSALS[rule]["status"]) in operation["responses"], f"{name} {rule}"


@pytest.mark.parametrize("rule", ENTRIES)
def test_entries_name_operations_and_profiles_that_exist(rule: str) -> None:
    entry = ENTRIES[rule]
    assert set(entry["profiles"]) <= set(PROFILES)
    for profile in entry["profiles"]:
        assert set(entry["operations"]) <= operations(profile).keys()


def test_cases_name_entries_that_exist_in_their_profiles() -> None:
    for case in CASES:
        for rule in case.rules:
            assert rule in ENTRIES, f"{case.name}: {rule}"
            assert set(ENTRIES[rule]["profiles"]) & set(case.profiles), f"{case.name}: {rule}"


@pytest.mark.parametrize(("rule", "profile"), [(r, p) for r, entry in ENTRIES.items() for p in entry["profiles"]])
def test_every_entry_has_a_case_in_each_of_its_profiles(rule: str, profile: str) -> None:
    cases = [case for case in CASES if rule in case.rules and profile in case.profiles]
    assert cases, f"no golden case of {profile} names {rule}"
    requests = {found[:2] for case in cases for found in seen(case)}
    places = {name: operations(profile)[name][:2] for name in ENTRIES[rule]["operations"]}
    assert [name for name, place in places.items() if place not in requests] == []


@pytest.mark.parametrize("rule", REFUSALS)
def test_every_refusal_is_shown_with_its_status_and_field(rule: str) -> None:
    entry = REFUSALS[rule]
    for profile in entry["profiles"]:
        places = {operations(profile)[name][:2] for name in entry["operations"]}
        fields = [
            step["expect"].get("fields")
            for case in CASES
            if rule in case.rules and profile in case.profiles
            for step in case.exchanges
            if step["expect"]["status"] == entry["status"]
            and (path_of(step["request"]), step["request"]["method"]) in places
        ]
        wanted = entry["field"]
        assert any(shows(wanted, names) for names in fields), f"{rule} in {profile}: {fields}"


def shows(wanted: str | None, names: list[str] | None) -> bool:
    """Whether a step's fields, indices aside, name what a rule names; no member where it names none."""
    if wanted is None or names is None:
        return wanted is None and names == []
    return wanted in {re.sub(r"\[\d+\]", "[i]", name) for name in names}


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("operation", operations("documented"))
def test_every_declared_status_is_seen(profile: str, operation: str) -> None:
    path, method, declared = operations(profile)[operation]
    found = {
        status
        for case in CASES
        if profile in case.profiles
        for at, how, status in seen(case)
        if at == path and how in {method, "*"}
    }
    assert set(declared["responses"]) - NOT_SHOWN == found & set(declared["responses"])
    assert found <= set(declared["responses"]), "a golden case expects a status that the document does not declare"
