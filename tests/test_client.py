"""The Python client of the control API, against a running mock: every method once, and what goes wrong."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from mockserver.client import ControlError, MockClient, MockSession
from mockserver.server import LocalServer
from mockserver.settings import Settings

PATH = "/api/v2/ai/providers"
ENTRY = {"name": "one-more", "type": "openai", "base_url": "https://one.example", "api_keys": ["dummy-key-0001"]}


@pytest.fixture(scope="module")
def client() -> Iterator[MockClient]:
    with LocalServer(Settings(deterministic=True)) as server:
        yield MockClient(server.url)


@pytest.fixture
def session(client: MockClient) -> Iterator[MockSession]:
    with client.session() as made:
        yield made


def send(base_url: str, method: str = "GET", path: str = PATH, body: Any = None) -> tuple[int, Any]:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Coder-Session-Token": "API_KEY", "Content-Type": "application/json"}
    request = urllib.request.Request(base_url + path, data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def test_a_session_is_a_world_of_its_own_and_is_gone_after_its_block(client: MockClient) -> None:
    with client.session("mine") as mine, client.session() as other:
        send(mine.base_url, "POST", body=ENTRY)
        assert len(send(mine.base_url)[1]) == len(send(other.base_url)[1]) + 1
        assert {mine.name, other.name} <= {one["name"] for one in client.sessions()}
        assert mine.headers == {"X-Mock-Session": "mine"}
    assert "mine" not in {one["name"] for one in client.sessions()}
    mine.drop()  # once more does no harm


def test_state_is_read_and_changed(session: MockSession) -> None:
    before = len(session.state.records("providers"))
    made = session.state.add("providers", ENTRY)
    assert made["view"]["name"] == "one-more"
    assert session.state.change("providers", made["key"], {"display_name": "More"})["view"]["display_name"] == "More"
    assert session.state.put("providers", made["key"], {**ENTRY, "enabled": True})["view"]["enabled"] is True
    assert session.state.get("providers", made["key"])["view"]["enabled"] is True
    assert send(session.base_url, path=f"{PATH}/one-more")[1]["enabled"] is True
    session.state.remove("providers", made["key"])
    assert len(session.state.records("providers")) == before
    session.state.replace({"providers": [ENTRY]})
    assert [one["name"] for one in session.state.all()["providers"]] == ["one-more"]
    assert "one-more" in session.state.fixture()
    assert "dummy-key-0001" not in session.state.fixture()


def test_snapshots_are_taken_compared_restored_and_forgotten(client: MockClient, session: MockSession) -> None:
    session.snapshot("before")
    session.state.add("providers", ENTRY)
    assert [one["after"]["name"] for one in session.changes("snapshot:before")["added"]] == ["one-more"]
    session.restore("before")
    assert session.changes()["equal"] is True
    assert "before" in {one["name"] for one in client.snapshots()}
    with client.session(snapshot="before") as copy:
        assert copy.info()["snapshot"] == "before"
    client.forget("before")
    assert "before" not in {one["name"] for one in client.snapshots()}


def test_the_journal_tells_waits_and_verifies(session: MockSession) -> None:
    mark = session.journal.last()
    send(session.base_url, "POST", body={**ENTRY, "enabled": True})
    send(session.base_url)
    session.journal.expect(method="POST", body={"enabled": True}, exactly=1)
    session.journal.expect(status=200, after=mark, at_least=1, at_most=1)
    assert [one["method"] for one in session.journal.entries()] == ["POST", "GET"]
    assert len(session.journal.wait(method="GET", after=mark, seconds=5)) == 1
    with pytest.raises(TimeoutError, match=r"0 of 1 matching requests came within 0\.1 s"):
        session.journal.wait(method="DELETE", seconds=0.1)
    with pytest.raises(AssertionError, match=r"expected exactly 1(?s:.*)nearest: POST(?s:.*)body\.enabled"):
        session.journal.expect(method="POST", body={"enabled": False}, exactly=1)
    assert len(session.journal.har()["log"]["entries"]) == 2
    session.journal.clear()
    assert session.journal.entries() == []


@pytest.mark.parametrize(
    ("fault", "arguments", "status"),
    [
        ("status", (500,), 500),
        ("rate_limit", (0, 60), 429),
    ],
)
def test_faults_answer_in_the_place_of_the_api(
    session: MockSession, fault: str, arguments: tuple[int, ...], status: int
) -> None:
    made = getattr(session.faults, fault)(*arguments, operation="listAIProviders", id="mine")
    assert made["id"] == "mine"
    assert send(session.base_url)[0] == status
    assert session.faults.all()[0]["fired"] == 1
    session.faults.remove("mine")
    assert send(session.base_url)[0] == 200


def test_every_kind_of_fault_can_be_set_and_cleared(session: MockSession) -> None:
    session.faults.delay(0.01)
    session.faults.drop("inside", operation="deleteAIProvider", times=1)
    session.faults.truncate(0.3, operation="listAIProviders", probability=0.5, seed=7)
    session.faults.malformed(operation="getAIProvider", after=2)
    session.faults.off_contract("missing-member", "name", operation="createAIProvider")
    session.faults.stale(operation="listAIProviders")
    session.faults.duplicate(method="POST")
    session.faults.preset("flaky")
    session.faults.without_preset("flaky")
    assert len(session.faults.all()) == 7
    session.faults.clear()
    assert session.faults.all() == []


def test_the_clock_is_set_moved_and_stopped(session: MockSession) -> None:
    session.clock.set("2030-01-01T00:00:00Z", frozen=True)
    assert session.clock.now().startswith("2030-01-01T00:00:00")
    session.clock.advance(3600)
    assert session.clock.now().startswith("2030-01-01T01:00:00")
    session.clock.resume()
    session.clock.freeze()
    session.clock.reset()
    assert not session.clock.now().startswith("2030")


def test_a_reset_puts_back_all_or_parts(session: MockSession) -> None:
    session.state.add("providers", ENTRY)
    session.faults.status(500, operation="listAIProviders")
    session.reset("faults")
    assert session.faults.all() == []
    assert session.changes()["equal"] is False
    session.reset()
    assert session.changes()["equal"] is True


def test_a_refusal_names_the_members_at_fault_and_changes_nothing(client: MockClient, session: MockSession) -> None:
    with pytest.raises(ControlError, match="name") as refused:
        session.state.add("providers", {"type": "openai", "base_url": "https://x.example"})
    assert refused.value.status == 400
    with pytest.raises(ControlError) as taken:
        client.session(session.name)
    assert taken.value.status == 409
    with pytest.raises(ControlError) as unknown:
        session.faults.preset("no-such-preset")
    assert unknown.value.status == 404
    assert session.changes()["equal"] is True


def test_a_mock_that_is_not_there_is_told_with_its_address() -> None:
    with pytest.raises(ControlError, match=r"no answer from the mock at http://127\.0\.0\.1:9.*is it running\?"):
        MockClient("http://127.0.0.1:9", timeout=2).info()


def test_a_control_token_is_sent(tmp_path: object) -> None:
    token = "dummy-control-token"
    with LocalServer(Settings(control_token=token)) as server:
        assert MockClient(server.url, token).info()["contract"]["name"]
        with pytest.raises(ControlError) as refused:
            MockClient(server.url).info()
    assert refused.value.status == 401
