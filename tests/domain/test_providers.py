"""What the providers' domain does that no answer can show, and its masks and generated data."""

import re
from pathlib import Path
from typing import Any

import pytest

from mockserver.app import create_mock
from mockserver.domain.ai_providers import generate_providers, mask
from mockserver.settings import Settings

OWNER = {"Coder-Session-Token": "API_KEY"}
PATH = "/api/v2/ai/providers"


def bedrock(**members: Any) -> dict[str, Any]:
    return {"_type": "bedrock", "_version": 1, **members}


@pytest.fixture
def deployed() -> Any:
    return create_mock(Settings(profile="deployed", fixtures="empty"))


def stored(mock: Any, name: str) -> Any:
    return mock.pipeline.store.tables["providers"].find("name", (), name).data["settings"]


def test_an_omitted_secret_stays_an_empty_one_is_cleared_a_new_one_replaces(deployed: Any) -> None:
    client = deployed.app.test_client()
    settings = bedrock(region="eu-west-1", access_key="dummy-a", access_key_secret="dummy-b")
    created = {"type": "bedrock", "name": "b", "base_url": "https://x.example", "settings": settings}
    assert client.post(PATH, json=created, headers=OWNER).status_code == 201
    for change, expected in (
        (bedrock(region="us-east-1"), ("us-east-1", "dummy-a", "dummy-b")),
        (bedrock(access_key=""), (None, None, "dummy-b")),
        (bedrock(access_key="dummy-c", access_key_secret=""), (None, "dummy-c", None)),
    ):
        answer = client.patch(f"{PATH}/b", json={"settings": change}, headers=OWNER)
        assert answer.status_code == 200
        assert "dummy" not in answer.text
        assert "access_key" not in answer.text
        now = stored(deployed, "b")
        assert (now.get("region"), now.get("access_key"), now.get("access_key_secret")) == expected


def test_documented_settings_are_kept_as_sent_whatever_they_hold() -> None:
    client = create_mock(Settings(profile="documented", fixtures="empty")).app.test_client()
    sent = [bedrock(access_key="", region=None), bedrock(region="x"), {"a": {"b": [None, ""]}}, {}]
    created = {"type": "openai", "name": "s", "base_url": "u", "settings": sent[0]}
    assert client.post(PATH, json=created, headers=OWNER).json["settings"] == sent[0]
    for settings in sent[1:]:
        assert client.patch(f"{PATH}/s", json={"settings": settings}, headers=OWNER).json["settings"] == settings


@pytest.mark.parametrize(
    ("key", "masked"),
    [
        ("", ""),
        ("abcd", "..."),
        ("short", "s...t"),
        ("thisisquitelong", "th...ng"),
        ("sk-ant-api03-abcdefgh", "sk-a...efgh"),
        ("123456789", "1...9"),
        ("1234567890", "12...90"),
        ("1234567890123456789", "12...89"),
        ("12345678901234567890", "1234...7890"),
        ("éééé", "..."),
        ("🔑abc🔑", "🔑...🔑"),
    ],
)
def test_a_key_is_masked_by_its_length_in_code_points(key: str, masked: str) -> None:
    assert mask(key) == masked


def test_a_generated_provider_depends_on_its_number_and_the_seeds_alone() -> None:
    few, many = list(generate_providers({"count": 5}, 3)), list(generate_providers({"count": 50}, 3))
    assert many[:5] == few
    assert list(generate_providers({"count": 5}, 4)) != few
    assert list(generate_providers({"count": 5, "seed": 1}, 3)) != few


def test_generated_providers_look_like_the_real_thing() -> None:
    providers = list(generate_providers({"count": 400}, 0))
    assert {provider["type"] for provider in providers} == {
        "anthropic", "azure", "bedrock", "google", "openai", "openai-compat", "openrouter", "vercel",
    }  # fmt: skip
    assert 0.1 < sum(not provider["enabled"] for provider in providers) / 400 < 0.3
    for provider in providers:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", provider["name"])
        assert provider["created_at"] <= provider["updated_at"]
        assert (provider["type"] == "bedrock") == ("settings" in provider)
        assert all("dummy" in key["api_key"].lower() for key in provider.get("api_keys", ()))


def test_the_default_fixture_has_every_type_and_the_examples_id(tmp_path: Path) -> None:
    mock = create_mock(Settings(profile="deployed"))
    listed = mock.app.test_client().get(PATH, headers=OWNER).json
    assert {provider["type"] for provider in listed} == set(
        mock.contract.document.raw["components"]["schemas"]["codersdk.AIProviderType"]["enum"]
    )
    example = "497f6eca-6276-4993-bfeb-53cbbbba6f08"
    assert [p["api_keys"][0]["id"] for p in listed if p["id"] == example] == [example]
