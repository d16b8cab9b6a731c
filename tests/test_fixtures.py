"""A fixture is judged like a client's requests; every fault is told with its line, all at once."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mockserver.contract.loading import load_contract
from mockserver.domain.ai_providers import HOOKS
from mockserver.engine.hooks import World
from mockserver.engine.world import SeededIds, SteppingClock
from mockserver.errors import FixtureError
from mockserver.fixtures import load_fixture
from mockserver.resources import document_path, fixture_path

LIBRARY = Path(__file__).parent / "engine" / "library.yaml"
CONTRACTS = {
    "documented": load_contract(document_path("documented"), HOOKS, judge=False),
    "deployed": load_contract(document_path("deployed"), HOOKS, judge=False),
    "library": load_contract(LIBRARY, HOOKS, judge=False),
}
USERS = "users:\n  - {name: owner, tokens: [T]}\n"
ONE = "  - {type: openai, name: one, base_url: 'https://api.openai.com/v1', api_keys: [dummy-key-1]}\n"


def world():
    return World(SteppingClock(datetime(2026, 1, 1, tzinfo=UTC)), SeededIds(0))


@pytest.fixture
def loaded(tmp_path):
    """Return a function that loads a fixture's text."""

    def load(text, contract="documented", seed=0):
        path = tmp_path / "state.yaml"
        path.write_text(text, encoding="utf-8")
        return load_fixture(path, CONTRACTS[contract], world(), seed)

    return load


@pytest.fixture
def faults(loaded, tmp_path):
    """Return a function that gives the faults of a fixture's text as (line, pointer, message and hint)."""

    def load(text, contract="documented"):
        with pytest.raises(FixtureError) as caught:
            loaded(text, contract)
        assert all(fault.file == str(tmp_path / "state.yaml") for fault in caught.value.faults)
        return [(one.line, one.pointer, f"{one.message}. {one.hint}") for one in caught.value.faults]

    return load


@pytest.mark.parametrize("profile", ["documented", "deployed"])
@pytest.mark.parametrize(("name", "count"), [("default", 8), ("empty", 0), ("large", 1000)])
def test_the_shipped_fixtures_are_good_in_both_profiles(profile, name, count):
    fixture = load_fixture(fixture_path(name), CONTRACTS[profile], world())
    assert (fixture.name, fixture.count) == (name, count)
    assert [token.value for token in fixture.tokens] == ["API_KEY", "MEMBER_KEY", "EXPIRED_KEY", "SUSPENDED_KEY"]


@pytest.mark.parametrize("name", ["default", "large"])
def test_the_shipped_fixtures_have_every_type(name):
    records = load_fixture(fixture_path(name), CONTRACTS["deployed"], world()).bases["providers"].ordered
    kinds = {record.data["type"] for record in records}
    assert kinds == {"openai", "anthropic", "azure", "bedrock", "google", "openai-compat", "openrouter", "vercel"}
    assert len({record.data["name"] for record in records}) == len({record.id for record in records}) == len(records)


def test_plaintext_keys_are_not_kept():
    for record in load_fixture(fixture_path("default"), CONTRACTS["deployed"], world()).bases["providers"].ordered:
        assert "dummy-main" not in repr(record.data)
        assert all(key.keys() == {"id", "masked", "created_at"} for key in record.data["api_keys"])


def test_what_the_server_would_make_may_be_given(loaded):
    text = USERS + (
        "providers:\n  - type: openai\n    name: one\n    base_url: https://api.openai.com/v1\n"
        "    id: 497F6ECA-6276-4993-BFEB-53CBBBBA6F08\n    created_at: 2026-01-02T03:04:05Z\n"
    )
    (record,) = loaded(text).bases["providers"].ordered
    assert (record.id, record.data["created_at"]) == ("497f6eca-6276-4993-bfeb-53cbbbba6f08", "2026-01-02T03:04:05Z")


def test_an_empty_file_is_an_empty_world(loaded):
    for text in ("", "{}", "# nothing\n", "users: []\n"):
        fixture = loaded(text)
        assert (fixture.count, fixture.tokens) == (0, ())


@pytest.mark.parametrize(
    ("text", "line", "pointer", "message"),
    [
        ("users: owner\n", 1, "#/users", "must be a list of users"),
        ("users:\n  - owner\n", 2, "#/users/0", "must be a mapping with a name"),
        ("users:\n  - tokens: [T]\n", 2, "#/users/0", "must be a mapping with a name"),
        ("users:\n  - name: a\n    token: [T]\n", 3, "#/users/0/token", "Did you mean 'tokens'?"),
        ("users:\n  - name: a\n    status: gone\n", 3, "#/users/0/status", "must be active or suspended"),
        ("users:\n  - name: a\n    roles: owner\n", 3, "#/users/0/roles", "must be a list of names"),
        ("users:\n  - name: a\n    roles:\n      - 5\n", 3, "#/users/0/roles", "must be a list of names"),
        ("users:\n  - name: a\n    tokens: T\n", 3, "#/users/0/tokens", "must be a list"),
        ("users:\n  - name: a\n    tokens:\n      - T\n      - a b\n", 5, "#/users/0/tokens/1", "printable ASCII"),
        ("users:\n  - name: a\n    tokens:\n      - ''\n", 4, "#/users/0/tokens/0", "printable ASCII"),
        ("users:\n  - name: a\n    tokens:\n      - 5\n", 4, "#/users/0/tokens/0", "must be a token"),
        ("users:\n  - name: a\n    tokens:\n      - é\n", 4, "#/users/0/tokens/0", "printable ASCII"),
        (
            "users:\n  - name: a\n    tokens:\n      - {value: T, expire: x}\n",
            4,
            "#/users/0/tokens/0/expire",
            "'expires'",
        ),
        (
            "users:\n  - name: a\n    tokens:\n      - value: T\n        expires: 2026-01-01\n",
            5,
            "#/users/0/tokens/0/expires",
            "RFC 3339",
        ),
        (
            "users:\n  - {name: a, tokens: [T]}\n  - name: b\n    tokens:\n      - T\n",
            5,
            "#/users/1/tokens/0",
            "given twice",
        ),
        ("user: []\n", 1, "#/user", "Did you mean 'users'?"),
        (USERS + "provider: []\n", 3, "#/provider", "Did you mean 'providers'?"),
        (USERS + "zzz: 1\n", 3, "#/zzz", "Known are: users, generate, providers"),
        (USERS + "providers: one\n", 3, "#/providers", "must be a list"),
        (USERS + "providers:\n  - one\n", 4, "#/providers/0", "must be a mapping of members"),
        (USERS + "providers:\n  - {type: openai, name: a}\n", 4, "#/providers/0/base_url", "base_url is required"),
        (
            USERS + "providers:\n  - type: openia\n    name: a\n    base_url: https://a\n",
            4,
            "#/providers/0/type",
            "must be one of",
        ),
        (
            USERS + "providers:\n  - type: openai\n    name: 5\n    base_url: https://a\n",
            5,
            "#/providers/0/name",
            "must be a string",
        ),
        (USERS + "providers:\n" + ONE + ONE, 5, "#/providers/1/name", "name is taken already"),
        (USERS + "providers:\n" + ONE + "    id: x\n", 5, "", "is not valid YAML"),
        (
            USERS + "providers:\n  - type: openai\n    name: a\n    base_url: https://a\n    id: 5\n",
            7,
            "#/providers/0/id",
            "id is not a UUID",
        ),
        (
            USERS + "providers:\n  - type: openai\n    name: a\n    base_url: https://a\n    created_at: now\n",
            7,
            "#/providers/0/created_at",
            "is not an RFC 3339 time",
        ),
        (USERS + "generate: 5\n", 3, "#/generate", "must map collections to options"),
        (USERS + "generate:\n  provider: {}\n", 4, "#/generate/provider", "Did you mean 'providers'?"),
        (USERS + "generate:\n  providers: 5\n", 4, "#/generate/providers", "must be a mapping of options"),
        (
            USERS + "generate:\n  providers: {seed: 1}\n",
            4,
            "#/generate/providers/count",
            "must be a whole number from 0",
        ),
        (
            USERS + "generate:\n  providers:\n    count: 1\n    seeds: 1\n",
            6,
            "#/generate/providers/seeds",
            "is not an option; known are count",
        ),
        (
            USERS + "generate:\n  providers:\n    count: 1\n    disabled: 2\n",
            6,
            "#/generate/providers/disabled",
            "share from 0 to 1",
        ),
        (
            USERS + "generate:\n  providers:\n    count: 1\n    types:\n      opnai: 1\n",
            7,
            "#/generate/providers/types/opnai",
            "is not a type",
        ),
        (
            USERS + "generate:\n  providers:\n    count: 1\n    types: {openai: 0}\n",
            6,
            "#/generate/providers/types",
            "above 0",
        ),
        (
            USERS + "generate:\n  providers:\n    count: 1\n    types: {openai: many}\n",
            6,
            "#/generate/providers/types/openai",
            "weight",
        ),
        (
            USERS + "generate:\n  providers:\n    count: 1\n    api_keys: {min: 3, max: 1}\n",
            6,
            "#/generate/providers/api_keys",
            "'min' and 'max'",
        ),
        (
            USERS + "generate:\n  providers:\n    count: 1\n    api_keys: {min: a}\n",
            6,
            "#/generate/providers/api_keys",
            "'min' and 'max'",
        ),
        (
            USERS + "generate:\n  providers:\n    count: 1\n    created: {from: x}\n",
            6,
            "#/generate/providers/created",
            "RFC 3339",
        ),
        ("users: []\nusers: []\n", 2, "", "'users' is given twice"),
        ("- users\n", 1, "", "must be a mapping"),
    ],
)
def test_a_fault_has_its_line(faults, text, line, pointer, message):
    ((found_line, found_pointer, found_message),) = faults(text)
    assert (found_line, found_pointer) == (line, pointer)
    assert message in found_message


def test_an_id_is_used_once(faults):
    entry = "  - {type: openai, name: %s, base_url: 'https://a', id: 497f6eca-6276-4993-bfeb-53cbbbba6f08}\n"
    ((line, pointer, message),) = faults(USERS + "providers:\n" + entry % "a" + entry % "b")
    assert (line, pointer) == (5, "#/providers/1/id")
    assert "is used twice" in message


def test_a_rule_of_the_profile_holds_for_fixtures_too(faults, loaded):
    text = USERS + (
        "providers:\n  - type: openai\n    name: a\n    base_url: https://a.example/v1\n"
        "    settings: {_type: bedrock, _version: 1, region: eu-west-1}\n"
    )
    assert loaded(text).count == 1
    lines = {line for line, _, _ in faults(text, "deployed")}
    assert lines == {7}


def test_several_faults_are_told_at_once(faults):
    text = """\
users:
  - name: a
    status: gone
    tokens: [T, T]
providers:
  - {name: 5, type: openia}
  - x
generate:
  providers: {count: -1}
"""
    assert [(line, pointer) for line, pointer, _ in sorted(faults(text))] == [
        (3, "#/users/0/status"),
        (4, "#/users/0/tokens/1"),
        (6, "#/providers/0/base_url"),
        (6, "#/providers/0/name"),
        (6, "#/providers/0/type"),
        (7, "#/providers/1"),
        (9, "#/generate/providers/count"),
    ]


def test_an_entry_of_a_nested_collection_needs_its_parent(faults, loaded):
    shelf = "shelves:\n  - {id: 1, label: a, theme: poetry}\n"
    book = "books:\n  - title: t\n    isbn: 978-0000000001\n"
    assert loaded(USERS + shelf + book + "    shelfId: 1\n", "library").count == 2
    assert faults(USERS + shelf + book + "    shelfId: 2\n", "library")[0][:2] == (8, "#/books/0/shelfId")
    assert faults(USERS + shelf + book, "library")[0][:2] == (6, "#/books/0/shelfId")


def test_nothing_generates_a_collection_that_no_domain_knows(faults):
    found = faults(USERS + "generate:\n  shelves: {count: 1}\n", "library")
    assert found[0][:2] == (4, "#/generate/shelves")


def test_a_generated_world_is_decided_by_its_seeds_alone(loaded):
    def names(text, seed=0):
        return [record.data["name"] for record in loaded(text, seed=seed).bases["providers"].ordered]

    block = "generate: {providers: {count: %d, seed: %d}}\n"
    assert names(block % (20, 1)) == names(block % (20, 1))
    assert names(block % (20, 1)) != names(block % (20, 2)) != names(block % (20, 1), seed=1)
    assert set(names(block % (10, 1))) < set(names(block % (20, 1)))


def test_the_options_of_generation_are_followed(loaded):
    text = "generate: {providers: {count: 60, types: {openai: 1}, disabled: 1, api_keys: {min: 2, max: 2}}}\n"
    records = loaded(text).bases["providers"].ordered
    assert {(r.data["type"], r.data["enabled"], len(r.data["api_keys"])) for r in records} == {("openai", False, 2)}
    assert not any(r.data["enabled"] for r in records)
    assert loaded("generate: {providers: {count: 0}}\n").count == 0
