"""The control API in one process: sessions, state, journal, faults, clock, preferences, pages of other origins."""

import json
from typing import Any

import pytest

from mockserver.app import create_mock
from mockserver.control.redaction import Redactor
from mockserver.settings import Settings

PATH = "/api/v2/ai/providers"
OWNER = {"Coder-Session-Token": "API_KEY"}
NEW = {"type": "openai", "name": "mine", "base_url": "https://x.example", "api_keys": ["sk-dummy-plain-text"]}
BEDROCK = {
    "type": "bedrock",
    "name": "rock",
    "base_url": "https://x.example",
    "settings": {"_type": "bedrock", "_version": 1, "access_key": "AK-plain-text", "access_key_secret": "very-plain"},
}


class Client:
    def __init__(self, **settings: Any) -> None:
        self.mock = create_mock(Settings(**{"profile": "deployed", **settings}))
        self.client = self.mock.app.test_client(use_cookies=False)

    def api(self, method: str = "GET", path: str = PATH, body: Any = None, session: str = "", **headers: str) -> Any:
        named = {"X-Mock-Session": session} if session else {}
        sent = {**OWNER, **named, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return self.client.open(path, method=method, json=body, headers=sent)

    def control(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        answer = self.client.open(f"/__mock__{path}", method=method, json=body)
        assert answer.status_code == status, answer.text
        return answer.get_json() if answer.data and answer.is_json else answer.text

    def names(self, session: str = "") -> set[str]:
        return {record["name"] for record in self.api(session=session).get_json()}


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture(params=["documented", "deployed"])
def either(request: pytest.FixtureRequest) -> Client:
    return Client(profile=request.param)


# Sessions


def test_the_same_requests_in_two_sessions_get_the_same_answers_whatever_happens_elsewhere() -> None:
    client = Client(deterministic=True)
    answers = []
    for name in ("one", "two"):
        answers.append([client.api(m, p, b, name).data for m, p, b in (("POST", PATH, NEW), ("GET", PATH, None))])
        client.api("POST", PATH, {**NEW, "name": "noise"}, "noise")
    assert answers[0] == answers[1]
    assert client.api("POST", PATH, NEW).data == answers[0][0]


def test_the_session_idle_the_longest_goes_when_there_are_too_many(caplog: pytest.LogCaptureFixture) -> None:
    client = Client(max_sessions=3)
    for name in ("a", "b", "a", "c"):
        client.api(session=name)
    (said,) = caplog.messages
    assert "session 'b' was dropped" in said
    assert "--max-sessions" in said
    assert {s["name"] for s in client.control("GET", "/sessions")["sessions"]} == {"default", "a", "c"}


def test_the_session_used_last_comes_first_whether_or_not_it_was_named() -> None:
    client = Client()
    now = [0.0]
    client.mock.sessions.monotonic = lambda: now[0]
    client.mock.sessions.default.used = 0
    for name in ("a", "", "b", "default"):
        now[0] += 10
        client.api(session=name)
        used = client.control("GET", "/sessions")["sessions"][0]
        assert used["name"] == (name or "default")


def test_an_idle_session_is_dropped_after_its_time() -> None:
    client = Client(session_ttl=60)
    now = [0.0]
    client.mock.sessions.monotonic = lambda: now[0]
    client.api(session="old")
    now[0] = 59
    client.control("GET", "/sessions/old")
    now[0] = 61
    client.control("GET", "/sessions/old", status=404)
    client.control("GET", "/sessions/default")


@pytest.mark.parametrize("name", ["../x", "a b", "-a", "", "é", "x" * 65, "a/b", "."])
def test_what_is_no_name_names_no_session(client: Client, name: str) -> None:
    if name:
        assert client.api(X_Mock_Session=name.encode().decode("latin-1")).status_code == 400
    assert len(client.control("GET", "/sessions")["sessions"]) == 1
    client.control("POST", "/sessions", {"name": name}, status=400)


def test_requests_without_a_session_are_refused_where_one_is_required() -> None:
    client = Client(require_session=True)
    answer = client.api()
    assert answer.status_code == 400
    assert "X-Mock-Session" in answer.get_json()["detail"]
    assert client.api(session="a").status_code == 200
    assert client.api(path=f"/__mock__/s/a{PATH}", session="b").status_code == 400


# State


def test_what_is_read_from_a_state_can_be_sent_back_and_loads_as_a_fixture(either: Client, tmp_path: Any) -> None:
    assert either.api("POST", PATH, NEW).status_code == 201
    assert either.api("POST", PATH, BEDROCK).status_code == 201
    state = either.control("GET", "/sessions/default/state")
    listed = either.api().get_json()
    either.control("PUT", "/sessions/default/state", state)
    assert either.control("GET", "/sessions/default/state") == state
    assert either.api().get_json() == listed
    exported = either.control("GET", "/sessions/default/fixture")
    if either.mock.settings.profile == "deployed":  # the other marks nothing as secret, and answers what it was sent
        assert "plain" not in exported + json.dumps(state)
    (tmp_path / "again.yaml").write_text(exported, encoding="utf-8")
    again = Client(profile=either.mock.settings.profile, fixtures=str(tmp_path / "again.yaml"))
    assert again.control("GET", "/sessions/default/state") == state


def test_a_faulty_state_changes_nothing_and_every_fault_is_told(client: Client) -> None:
    before = client.control("GET", "/sessions/default/state")
    faulty = {"providers": [*before["providers"], {**NEW, "name": "Not A Name"}, {**NEW, "type": "x"}]}
    answer = client.control("PUT", "/sessions/default/state", faulty, status=400)
    assert [v["field"] for v in answer["validations"]] == ["providers[8].name", "providers[9].type"]
    assert client.control("GET", "/sessions/default/state") == before


def test_single_records_are_added_changed_and_removed(client: Client) -> None:
    records = "/sessions/default/state/providers"
    key = client.control("POST", records, NEW, status=201)["key"]
    assert client.control("PATCH", f"{records}/{key}", {"display_name": "Mine"})["view"]["display_name"] == "Mine"
    assert client.api(path=f"{PATH}/mine").get_json()["display_name"] == "Mine"
    refused = client.control("PATCH", f"{records}/{key}", {"name": "openai-main"}, status=400)
    assert refused["validations"][0]["field"] == "name"
    client.control("POST", records, NEW, status=400)
    client.control("DELETE", f"{records}/{key}", status=204)
    assert client.api(path=f"{PATH}/mine").status_code == 404


def test_snapshots_are_taken_compared_and_restored(client: Client) -> None:
    client.control("PUT", "/snapshots/before", {"session": "default"}, status=201)
    client.api("POST", PATH, NEW)
    client.api("DELETE", f"{PATH}/openai-main")
    client.api("PATCH", f"{PATH}/anthropic-eu-prod", {"enabled": False})
    found = client.control("GET", "/comparison?from=snapshot:before&to=session:default")
    assert [len(found[what]) for what in ("added", "changed", "removed")] == [1, 1, 1]
    assert found["changed"][0]["members"] == ["enabled", "updated_at"]
    assert "mine" not in client.names(session="other")
    client.control("POST", "/sessions/default/restore", {"snapshot": "before"})
    assert client.control("GET", "/comparison?from=fixture&to=session:default")["equal"]
    assert client.api(session="made", X_Mock_Snapshot="before").status_code == 200
    assert client.control("GET", "/sessions/made")["snapshot"] == "before"
    client.control("DELETE", "/snapshots/before", status=204)


# Journal


def test_no_secret_is_anywhere_in_what_a_journal_tells(either: Client) -> None:
    query = "coder%5Fsession_token=API_KEY&api_key=sk-in-query"
    either.api(
        "POST", f"{PATH}?{query}", NEW, Cookie="a=b; coder_session_token=API_KEY", Authorization="Bearer API_KEY"
    )
    either.api("POST", PATH, BEDROCK, Referer="http://x.example/?coder_session_token=API_KEY")
    either.client.post(PATH, data='{"api_keys": ["sk-in-malformed"', headers=OWNER)
    either.client.post("/nowhere", data='"sk-in-string"', headers=OWNER)
    told = "".join(
        json.dumps(either.control("GET", f"/sessions/default/{part}")) for part in ("journal", "journal/har")
    )
    held = repr(list(either.mock.sessions.default.journal._entries))
    for secret in ("API_KEY", "sk-", "plain-text", "very-plain"):
        assert secret not in told.replace("sk-d...text", "").replace("sk-p", "")
        if either.mock.settings.profile == "deployed":
            assert secret not in held.replace("sk-d...text", "")
    assert len(either.control("GET", "/sessions/default/journal")["entries"]) == 4


def test_queries_counts_and_verification(client: Client) -> None:
    client.api()
    client.api("POST", PATH, {**NEW, "enabled": False})
    client.api("POST", PATH, {**NEW, "name": "second", "enabled": True})
    journal = "/sessions/default/journal"
    assert client.control("GET", f"{journal}/count?method=POST&status=2xx")["count"] == 2
    assert client.control("GET", f"{journal}/count?path=*providers&text=SECOND")["count"] == 2 - 1
    wanted = {"operation": "createAIProvider", "body": {"enabled": True}}
    assert client.control("POST", f"{journal}/verify", {"match": wanted, "count": {"exactly": 1}})["passed"]
    verdict = client.control("POST", f"{journal}/verify", {"match": wanted, "count": {"exactly": 2}})
    assert not verdict["passed"]
    nearest = verdict["candidates"][0]
    assert nearest["entry"]["id"] == 2
    assert nearest["differences"] == [{"place": "body.enabled", "expected": "equals true", "found": "false"}]
    entry = client.control("GET", f"{journal}/2")
    assert (entry["status"], entry["principal"], entry["operation"]) == (201, "owner", "createAIProvider")


def test_a_journal_forgets_the_oldest_at_its_bound() -> None:
    client = Client(journal_entries=5)
    for _ in range(12):
        client.api()
    entries = client.control("GET", "/sessions/default/journal")["entries"]
    assert [entry["id"] for entry in entries] == [8, 9, 10, 11, 12]
    client = Client(journal_bytes=20_000)
    for _ in range(12):
        client.api()
    assert client.control("GET", "/sessions/default")["journal"]["bytes"] <= 20_000


# Faults


@pytest.mark.parametrize(
    ("fault", "field"),
    [
        ({"match": {"operation": "nope"}, "effect": {"kind": "malformed"}}, "match.operation"),
        ({"match": {"principal": "nobody"}, "effect": {"kind": "malformed"}}, "match.principal"),
        (
            {"match": {"operation": "listAIProviders", "method": "POST"}, "effect": {"kind": "malformed"}},
            "match.method",
        ),
        (
            {"match": {"operation": "listAIProviders", "body": {"a": 1}}, "effect": {"kind": "malformed"}},
            "match.body.a",
        ),
        ({"match": {"body": {"a": {"matches": "("}}}, "effect": {"kind": "malformed"}}, "match.body.a"),
        ({"match": {"body": {"a": {"matches": "(a)\\1"}}}, "effect": {"kind": "malformed"}}, "match.body.a"),
        (
            {"match": {"query": {"a": {"present": False, "equals": 1}}}, "effect": {"kind": "malformed"}},
            "match.query.a",
        ),
        ({"effect": {"kind": "status", "status": 418}}, "effect.status"),
        ({"effect": {"kind": "delay"}}, "effect"),
        ({"effect": {"kind": "delay", "seconds": 1, "uniform": {"min": 1, "max": 2}}}, "effect"),
        ({"match": {"operation": "deleteAIProvider"}, "effect": {"kind": "truncate"}}, "effect"),
        ({"match": {"method": "POST"}, "effect": {"kind": "stale"}}, "effect"),
        ({"effect": {"kind": "off-contract", "how": "wrong-type", "member": "nothing"}}, "effect.member"),
        (
            {"effect": {"kind": "malformed"}, "from": "2030-01-01T00:00:00Z", "until": "2029-01-01T00:00:00Z"},
            "until",
        ),
    ],
)
def test_an_impossible_fault_is_refused_when_it_is_set(client: Client, fault: Any, field: str) -> None:
    answer = client.control("POST", "/sessions/default/faults", fault, status=400)
    assert answer["validations"][0]["field"] == field
    assert client.control("GET", "/sessions/default/faults") == {"faults": []}


def test_times_after_and_probability_decide_when_a_fault_fires(client: Client) -> None:
    fault = {"effect": {"kind": "status", "status": 500}, "after": 1, "times": 2}
    client.control("POST", "/sessions/default/faults", fault, status=201)
    assert [client.api().status_code for _ in range(5)] == [200, 500, 500, 200, 200]
    fault = {"effect": {"kind": "status", "status": 500}, "probability": 0.5, "seed": 4}
    runs = []
    for name in ("a", "b"):
        client.api(session=name)
        client.control("POST", f"/sessions/{name}/faults", fault, status=201)
        runs.append([client.api(session=name).status_code for _ in range(20)])
    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 500}


def test_a_rate_limit_follows_the_clock_of_the_session(client: Client) -> None:
    client.control("POST", "/sessions/default/clock/freeze")
    client.control("PUT", "/sessions/default/presets/rate-limited")
    assert [client.api().status_code for _ in range(12)] == [200] * 10 + [429] * 2
    assert client.api().headers["Retry-After"] == "10"
    client.control("POST", "/sessions/default/clock/advance", {"seconds": 10})
    assert client.api().status_code == 200


def test_a_stale_read_and_a_duplicate_delivery(client: Client) -> None:
    client.api("POST", PATH, NEW)
    client.control("POST", "/sessions/default/faults", {"effect": {"kind": "stale"}, "times": 1}, status=201)
    assert client.api(path=f"{PATH}/mine").status_code == 404
    assert client.api(path=f"{PATH}/mine").status_code == 200
    client.control("POST", "/sessions/default/faults", {"effect": {"kind": "duplicate"}, "times": 1}, status=201)
    assert client.api("POST", PATH, {**NEW, "name": "twice"}).status_code == 409
    assert "twice" in client.names()


@pytest.mark.parametrize("preset", ["outage", "expired-session"])
def test_a_preset_is_switched_on_and_off(client: Client, preset: str) -> None:
    client.control("PUT", f"/sessions/default/presets/{preset}")
    answer = client.api()
    assert answer.status_code == {"outage": 503, "expired-session": 401}[preset]
    assert answer.get_json()["message"]
    client.control("DELETE", f"/sessions/default/presets/{preset}", status=204)
    assert client.api().status_code == 200


# Clock


def test_tokens_expire_and_timestamps_follow_the_clock(client: Client) -> None:
    expired = {"Coder_Session_Token": "EXPIRED_KEY"}
    assert client.client.get(PATH, headers={"Coder-Session-Token": "EXPIRED_KEY"}).status_code == 401
    client.control("PUT", "/sessions/default/clock", {"now": "2025-01-01T00:00:00Z", "frozen": True})
    assert client.client.get(PATH, headers={"Coder-Session-Token": "EXPIRED_KEY"}).status_code == 200, expired
    made = client.api("POST", PATH, NEW).get_json()
    assert made["created_at"].startswith("2025-01-01T00:00:00")
    client.control("DELETE", "/sessions/default/clock", status=204)
    assert not client.control("GET", "/sessions/default/clock")["frozen"]


# Per request


def test_preferences_choose_the_answer_and_change_nothing(client: Client) -> None:
    answer = client.api("DELETE", f"{PATH}/openai-main", Prefer="code=404, foo=bar")
    assert (answer.status_code, answer.headers["Preference-Applied"]) == (404, "code=404")
    assert "openai-main" in client.names()
    answer = client.api(Prefer="code=418")
    assert answer.status_code == 400
    assert "200, 401, 403" in answer.get_json()["detail"]
    assert client.api(Prefer="unknown=1").status_code == 200
    assert client.api(Prefer="wait=61").status_code == 400
    assert client.api(Prefer="example=nope").status_code == 400
    assert client.api(Prefer="dynamic=true").headers["Preference-Applied"] == "dynamic=true"


def test_pages_of_this_machine_may_call_and_others_when_they_are_allowed() -> None:
    client = Client(cors="https://app.example")
    for origin, allowed in (
        ("http://localhost:3000", True),
        ("http://[::1]:5173", True),
        ("https://app.example", True),
        ("https://evil.example", False),
        ("http://localhost.evil.example", False),
        ("null", False),
    ):
        answer = client.api(Origin=origin)
        assert answer.headers.get("Access-Control-Allow-Origin") == (origin if allowed else None)
        head = {"Origin": origin, "Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "x-a"}
        preflight = client.client.open(f"{PATH}/openai-main", method="OPTIONS", headers=head)
        assert preflight.status_code == (204 if allowed else 403)
        if allowed:
            assert preflight.headers["Access-Control-Allow-Methods"] == "DELETE, GET, PATCH"
            assert preflight.headers["Access-Control-Allow-Headers"] == "x-a"
    assert client.api("OPTIONS").status_code == 405


# Who may use it


def test_a_token_is_asked_of_everybody_where_there_is_one() -> None:
    client = Client(control_token="control-token-1")
    client.control("GET", "/sessions", status=401)
    for sent, status in (("Bearer control-token-1", 200), ("Bearer wrong-token", 401), ("Basic control-token-1", 401)):
        answer = client.client.get(
            "/__mock__/sessions", headers={"Authorization": sent}, environ_base={"REMOTE_ADDR": "192.0.2.1"}
        )
        assert answer.status_code == status
    assert client.api().status_code == 200
    answer = Client().client.get("/__mock__/sessions", environ_base={"REMOTE_ADDR": "192.0.2.1"})
    assert answer.status_code == 403


def test_metrics_have_no_label_that_a_client_chooses(client: Client) -> None:
    for name in ("a", "b"):
        client.api(path=f"/nowhere/{name}", session=name)
    text = client.control("GET", "/metrics")
    assert 'mock_requests_total{operation="none",status="404"} 2.0' in text
    assert "nowhere" not in text


def test_secret_members_are_known_from_the_contract_and_from_their_names() -> None:
    redactor = Redactor(Client().mock.contract)
    assert redactor.body(b'{"a": 1}') == (b'{"a": 1}', False)
    keys = b'"api_keys": ["k", {"id": "1", "api_key": "k"}]'
    body = b'{"settings": {"access_key": "x", "region": "eu"}, %s, "name": "n"}' % keys
    kept, redacted = redactor.body(body)
    assert redacted
    assert json.loads(kept) == {
        "settings": {"access_key": "[redacted]", "region": "eu"},
        "api_keys": ["[redacted]", {"id": "1", "api_key": "[redacted]"}],
        "name": "n",
    }
