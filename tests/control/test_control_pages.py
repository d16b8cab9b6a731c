"""What a page in a browser needs: preflights that succeed, touch nothing, and refusals that it can read."""

from typing import Any

import pytest
from test_control_api import NEW, PATH, Client

PAGE = "http://localhost:3000"
OPERATIONS = [
    (plan.operation.path.replace("{idOrName}", "openai-main"), plan.operation.method)
    for plan in Client().mock.contract.plans.values()
]


def preflight(client: Client, path: str = PATH, method: str = "POST", origin: str = PAGE) -> Any:
    head = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "x-mock-session",
    }
    return client.client.open(path, method="OPTIONS", headers=head)


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
@pytest.mark.parametrize("before", ["", "/__mock__/s/mine", "/__mock__/s/no%20name"])
def test_a_preflight_succeeds_for_every_operation_where_a_session_is_required(
    path: str, method: str, before: str
) -> None:
    client = Client(require_session=True)
    answer = preflight(client, before + path, method)
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert method in answer.headers["Access-Control-Allow-Methods"].split(", ")
    assert answer.headers["Access-Control-Allow-Headers"] == "x-mock-session"
    assert [one["name"] for one in client.control("GET", "/sessions")["sessions"]] == ["default"]
    assert preflight(client, before + path, method, "https://evil.example").status_code == 403


def test_a_preflight_uses_up_no_fault_and_makes_no_session_that_a_snapshot_is_for() -> None:
    client = Client()
    client.control("POST", "/sessions/default/faults", {"effect": {"kind": "status", "status": 500}, "times": 1}, 201)
    assert preflight(client).status_code == 204
    assert client.api(Origin=PAGE).status_code == 500
    client.api("POST", PATH, NEW)
    client.control("PUT", "/snapshots/with-mine", status=201)
    address = f"/__mock__/s/fresh{PATH}/mine"
    assert preflight(client, address, "GET").status_code == 204
    assert client.api(path=address, X_Mock_Snapshot="with-mine", Origin=PAGE).status_code == 200
    assert preflight(client, address, "GET").status_code == 204
    journal = client.control("GET", "/sessions/fresh/journal")["entries"]
    assert [(one["method"], one["status"]) for one in journal] == [("GET", 200), ("OPTIONS", 204)]


@pytest.mark.parametrize(
    "headers", [{}, {"X_Mock_Session": "no name"}, {"X_Mock_Session": "a", "X_Mock_Snapshot": "b"}]
)
def test_a_page_can_read_why_its_session_was_refused(headers: dict[str, str]) -> None:
    client = Client(require_session=True)
    answer = client.api(Origin=PAGE, **headers)
    assert answer.status_code in {400, 404}
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert "Access-Control-Allow-Origin" not in client.api(Origin="https://evil.example", **headers).headers


def test_an_impossible_preference_is_refused_with_the_possible_ones() -> None:
    for code in ("abc", "", "99", "418"):
        answer = Client().api(Prefer=f"code={code}")
        assert answer.status_code == 400
        assert "200, 401, 403" in answer.get_json()["detail"]
