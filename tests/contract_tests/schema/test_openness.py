"""What the contract settles about a body, and what it leaves open."""

import json
from functools import cache
from typing import Any

import pytest

from contract_tests.documents import CREATE, UPDATE, Contract, load_contract
from contract_tests.exchange import decoded
from contract_tests.openness import calmed, demand, settled, unmasked

PLAIN = {"type": "openai", "name": "a-b2", "base_url": "https://ai.example.com/v1"}
SETTINGS = {"_type": "bedrock", "_version": 1, "region": "us-east-1"}
UUID = "497f6eca-6276-4993-bfeb-53cbbbba6f08"
TAKEN, REFUSED, OPEN = "accepted", "refused", "open"


@cache
def contract(profile: str) -> Contract:
    return load_contract(profile)


def verdict(profile: str, operation: str, body: Any) -> str:
    return demand(contract(profile), operation, body).verdict.value


@pytest.mark.parametrize(
    ("change", "documented", "deployed"),
    [
        ({}, TAKEN, TAKEN),
        ({"display_name": "Ä ﷺ 😀"}, TAKEN, TAKEN),
        ({"display_name": ""}, TAKEN, TAKEN),
        ({"display_name": "a\x00b"}, OPEN, OPEN),
        ({"display_name": "a\ud800b"}, OPEN, OPEN),
        ({"display_name": None}, OPEN, TAKEN),
        ({"enabled": None}, OPEN, TAKEN),
        ({"enabled": 1}, REFUSED, REFUSED),
        ({"name": None}, REFUSED, REFUSED),
        ({"name": "A"}, OPEN, REFUSED),
        ({"name": ""}, OPEN, REFUSED),
        ({"base_url": "string"}, OPEN, REFUSED),
        ({"base_url": ""}, OPEN, REFUSED),
        ({"base_url": "https://u@v@host"}, OPEN, OPEN),
        ({"base_url": "https://[::zz]"}, OPEN, OPEN),
        ({"base_url": "https://a b"}, OPEN, REFUSED),
        ({"base_url": "https://"}, OPEN, REFUSED),
        ({"base_url": 5}, REFUSED, REFUSED),
        ({"type": "bedrock"}, OPEN, REFUSED),
        ({"type": "bedrock", "settings": SETTINGS}, TAKEN, TAKEN),
        ({"type": "nope"}, REFUSED, REFUSED),
        ({"settings": SETTINGS}, OPEN, REFUSED),
        ({"settings": {}}, OPEN, REFUSED),
        ({"settings": None}, OPEN, TAKEN),
        ({"type": "anthropic", "settings": {**SETTINGS, "_version": 1.0}}, OPEN, OPEN),
        ({"type": "anthropic", "settings": {**SETTINGS, "region": None}}, OPEN, OPEN),
        ({"type": "anthropic", "settings": {**SETTINGS, "region": 5}}, OPEN, REFUSED),
        ({"type": "anthropic", "settings": SETTINGS, "api_keys": ["k"]}, OPEN, REFUSED),
        ({"api_keys": ["dummy-a", "dummy-b"]}, TAKEN, TAKEN),
        ({"api_keys": []}, TAKEN, TAKEN),
        ({"api_keys": [""]}, OPEN, REFUSED),
        ({"api_keys": [" a"]}, OPEN, REFUSED),
        ({"api_keys": [None]}, REFUSED, REFUSED),
        ({"api_keys": None}, OPEN, TAKEN),
        ({"color": "red"}, OPEN, TAKEN),
        ({"Name": "b"}, OPEN, OPEN),
    ],
)
def test_creates(change: dict[str, Any], documented: str, deployed: str) -> None:
    body = {**PLAIN, **change}
    assert (verdict("documented", CREATE, body), verdict("deployed", CREATE, body)) == (documented, deployed)


@pytest.mark.parametrize(
    ("body", "documented", "deployed"),
    [
        ({"enabled": False}, TAKEN, TAKEN),
        ({}, OPEN, REFUSED),
        ({"color": "red"}, OPEN, REFUSED),
        ({"enabled": None}, OPEN, REFUSED),
        ({"api_keys": []}, TAKEN, TAKEN),
        ({"api_keys": [{"api_key": "dummy-a"}]}, TAKEN, TAKEN),
        ({"api_keys": [{"id": UUID}]}, OPEN, OPEN),
        ({"api_keys": [{"id": UUID, "api_key": "a"}]}, OPEN, REFUSED),
        ({"api_keys": [{"id": UUID, "api_key": None}]}, OPEN, OPEN),
        ({"api_keys": [{}]}, OPEN, REFUSED),
        ({"api_keys": [{"id": "no uuid"}]}, REFUSED, REFUSED),
        ({"api_keys": [{"id": f"urn:uuid:{UUID}"}]}, OPEN, OPEN),
        ({"api_keys": ["dummy-a"]}, REFUSED, REFUSED),
        ({"settings": SETTINGS}, TAKEN, TAKEN),
        ([], REFUSED, REFUSED),
        (None, REFUSED, REFUSED),
    ],
)
def test_patches(body: Any, documented: str, deployed: str) -> None:
    assert (verdict("documented", UPDATE, body), verdict("deployed", UPDATE, body)) == (documented, deployed)


def test_a_key_of_the_provider_may_be_kept_once() -> None:
    body = {"api_keys": [{"id": UUID}, {"api_key": "dummy-a"}]}
    assert settled(contract("deployed"), UPDATE, body, [UUID])
    assert not settled(contract("deployed"), UPDATE, {"api_keys": [{"id": UUID}] * 2}, [UUID])


def test_what_is_no_json_is_refused() -> None:
    assert verdict("documented", CREATE, decoded(b"{")) == REFUSED


def test_faults_are_named_by_member_and_keyword() -> None:
    found = demand(contract("documented"), CREATE, {"type": "x", "name": 5, "api_keys": [1, 2]}).faults
    assert [(fault.member, fault.keyword) for fault in found] == [
        ("api_keys[]", "type"),
        ("base_url", "required"),
        ("name", "type"),
        ("type", "enum"),
    ]


@pytest.mark.parametrize("profile", ["documented", "deployed"])
def test_a_calmed_body_is_settled(profile: str) -> None:
    wild = {
        **PLAIN,
        "base_url": "HTTPS://x\x7f:*",
        "display_name": "\x00",
        "": 1,
        "api_keys": ["dummy-\x00", "é" * 999],
    }
    assert verdict(profile, CREATE, wild) == OPEN
    plain = calmed(contract(profile), CREATE, wild, 3)
    assert verdict(profile, CREATE, plain) == TAKEN, json.dumps(plain)


@pytest.mark.parametrize("kind", ["bedrock", "nope", ["openai"], None])
def test_settings_that_are_not_at_fault_do_not_hide_what_is(kind: Any) -> None:
    body = {**PLAIN, "type": kind, "settings": SETTINGS, "enabled": "yes"}
    plain = unmasked(contract("deployed"), CREATE, body)
    assert "settings" not in plain
    assert plain["type"] == ("openai" if kind == "bedrock" else kind)
    wrong = {**PLAIN, "type": "bedrock", "settings": {**SETTINGS, "region": 5}, "enabled": "yes"}
    assert unmasked(contract("deployed"), CREATE, wrong) == wrong


def test_a_fault_is_placed_in_the_document() -> None:
    (fault,) = demand(contract("documented"), CREATE, {**PLAIN, "type": "x"}).faults
    assert fault.pointer == "#/components/schemas/codersdk.AIProviderType/enum"
    assert contract("documented").states(fault.pointer) == "the reference page"
