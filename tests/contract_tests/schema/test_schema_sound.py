"""The schema layer finds nothing on servers that are right, harms nobody, and does the same each time."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from mockserver.server import LocalServer
from mockserver.settings import Settings
from tests.contract_tests.schema import schema_kit as kit
from tests.contract_tests.schema.schema_kit import READINGS, Server

# One check of each phase.
SOME = (
    "schema.examples[createAIProvider]",
    "schema.coverage[updateAIProvider]",
    "schema.fuzzing[getAIProvider]",
    "schema.stateful",
)


@pytest.mark.parametrize("profile", ["documented", "deployed"])
def test_nothing_is_found_on_the_mock(profile: str) -> None:
    with LocalServer(Settings(profile=profile)) as server:
        result = kit.run(Server(server.url, None), profile, "schema.coverage*", "schema.stateful", seed=11)
    assert result.findings == ()
    assert kit.unhappy(result) == []


@pytest.mark.parametrize(("profile", "reading"), READINGS)
def test_nothing_is_found_on_the_independent_server_and_nobody_is_harmed(profile: str, reading: str) -> None:
    with kit.serving(profile, reading=reading) as server:
        before = server.state()
        result = kit.run(server, profile, seed=12)
        assert result.findings == ()
        assert kit.unhappy(result) == []
        assert server.state() == before
        strangers = {one[key] for one in before for key in ("id", "name")}
        assert strangers
        assert aimed_at(server) & strangers == set()
        assert len(aimed_at(server)) > 10
        names = [body["name"] for body in bodies(server, "POST") if isinstance(body.get("name"), str)]
        assert len(names) > 60
        assert [name for name in names if not kit.RUN.match(name)] == []
        assert [key for body in bodies(server) for key in keys(body) if not key.startswith("dummy-")] == []
        assert [key for body in bodies(server) for key in keys(body)] != []


def aimed_at(server: Server) -> set[str]:
    """Return the path values of every request that changes something."""
    paths = [path for method, path, _ in server.requests if method in {"PUT", "PATCH", "DELETE"}]
    return {path.partition("?")[0].partition("/providers")[2].strip("/") for path in paths}


def bodies(server: Server, *methods: str) -> Iterator[dict[str, Any]]:
    """Yield every JSON object that reached the server."""
    for method, _, body in server.requests:
        try:
            value = json.loads(body) if method in (methods or ("POST", "PATCH")) else None
        except ValueError:
            continue
        if isinstance(value, dict):
            yield value


def keys(body: dict[str, Any]) -> Iterator[str]:
    """Yield the keys of a body that are keys: not empty, and without white space at an end."""
    entries = body.get("api_keys")
    for entry in entries if isinstance(entries, list) else ():
        key = entry.get("api_key") if isinstance(entry, dict) else entry
        if isinstance(key, str) and key and key == key.strip():
            yield key


def test_the_same_seed_sends_the_same_requests() -> None:
    told = []
    for run_id in ("aaaa", "bbbbbb"):
        with kit.serving("deployed") as server:
            result = kit.run(server, "deployed", *SOME, seed=5, run_id=run_id)
            told.append((server.normalised(), [(one.check, one.code) for one in result.findings]))
    assert len(told[0][0]) > 200
    assert told[0] == told[1]


def test_another_seed_sends_other_requests() -> None:
    sent = []
    for seed in (5, 6):
        with kit.serving("documented") as server:
            kit.run(server, "documented", "schema.fuzzing[createAIProvider]", seed=seed)
            sent.append(server.normalised())
    assert sent[0] != sent[1]


def test_a_read_only_run_sends_nothing_but_gets() -> None:
    with kit.serving("deployed") as server:
        result = kit.run(server, "deployed", read_only=True)
    assert {method for method, _, _ in server.requests} == {"GET"}
    reasons = {check.name: check.reason for check in result.checks if check.layer == "schema"}
    assert reasons["schema.stateful"] == "the run is read-only"
    assert reasons["schema.fuzzing[updateAIProvider]"] == "the run is read-only"
    assert reasons["schema.fuzzing[getAIProvider]"] == ""
