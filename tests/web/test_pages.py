"""The pages of the mock: where they are, who may see them, and under which policy."""

import pytest

from mockserver.app import create_mock
from mockserver.settings import Settings
from mockserver.web.pages import find_page

HOME, DOCS = "/__mock__/", "/__mock__/docs/"


@pytest.fixture(scope="module", params=[True, False], ids=["front", "flask-alone"])
def client(request):
    return create_mock(Settings(), front=request.param).app.test_client()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (HOME, "text/html"),
        (f"{HOME}workbench/app.js", "text/javascript"),
        (f"{HOME}workbench/style.css", "text/css"),
        (f"{HOME}workbench/icon.svg", "image/svg+xml"),
        (DOCS, "text/html"),
        (f"{DOCS}docs.js", "text/javascript"),
        (f"{DOCS}swagger-ui-bundle.js", "text/javascript"),
        (f"{DOCS}swagger-ui.css", "text/css"),
        (f"{DOCS}favicon-32x32.png", "image/png"),
    ],
)
def test_a_page_is_served_as_what_it_is(client, path, kind):
    answer = client.get(path, base_url="http://localhost")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].split(";")[0] == kind
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    policy = answer.headers["Content-Security-Policy"]
    for part in ("default-src 'none'", "script-src 'self';", "frame-ancestors 'none'", "base-uri 'none'"):
        assert part in policy
    assert ("unsafe-inline" in policy) == path.startswith(DOCS)
    assert ("trusted-types 'none'" in policy) != path.startswith(DOCS)


@pytest.mark.parametrize(
    ("path", "place"), [("/__mock__", HOME), ("/docs", DOCS), ("/docs/", DOCS), ("/__mock__/docs", DOCS)]
)
def test_other_addresses_lead_to_the_pages(client, path, place):
    answer = client.get(path, base_url="http://localhost")
    assert (answer.status_code, answer.headers["Location"]) == (308, place)


@pytest.mark.parametrize(
    "path",
    [
        f"{HOME}workbench/",
        f"{HOME}workbench/index.html",
        f"{HOME}workbench/../pages.py",
        f"{HOME}workbench/%2e%2e/pages.py",
        f"{HOME}workbench/..%2fpages.py",
        f"{HOME}workbench//etc/passwd",
        f"{HOME}workbench/nothing.js",
        f"{DOCS}swagger-ui.js",
        f"{DOCS}index.html",
        f"{HOME}nothing",
    ],
)
def test_nothing_else_is_served(client, path):
    answer = client.get(path, base_url="http://localhost")
    assert answer.status_code == 404
    assert "message" in answer.json


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_a_page_is_only_read(client, method):
    assert client.open(HOME, method=method, base_url="http://localhost").status_code == 404


@pytest.mark.parametrize("path", [HOME, DOCS, "/docs", f"{HOME}workbench/app.js"])
@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil.example"}, {"Host": "localhost", "Origin": "http://evil.example"}],
    ids=["host", "origin"],
)
def test_pages_are_guarded_like_the_control_api(client, path, headers):
    assert client.get(path, headers=headers).status_code == 403


def test_a_caller_from_elsewhere_sees_no_page(client):
    there = {"REMOTE_ADDR": "192.0.2.7"}
    assert client.get(HOME, base_url="http://localhost", environ_overrides=there).status_code == 403


def test_with_a_control_token_the_page_is_open_and_its_data_is_not():
    client = create_mock(Settings(control_token="dummy-token")).app.test_client()
    there = {"REMOTE_ADDR": "192.0.2.7"}
    assert client.get(HOME, base_url="http://mock.example", environ_overrides=there).status_code == 200
    assert client.get("/__mock__/info", base_url="http://mock.example", environ_overrides=there).status_code == 401


def test_without_the_control_api_there_is_no_workbench_but_the_docs():
    client = create_mock(Settings(control=False)).app.test_client()
    assert client.get(HOME, base_url="http://localhost").status_code == 404
    assert client.get(DOCS, base_url="http://localhost").status_code == 200


def test_a_contract_with_such_a_path_keeps_it(tmp_path):
    path = tmp_path / "contract.yaml"
    path.write_text(
        "openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths:\n  /docs:\n    get:\n      operationId: readDocs\n"
        "      responses:\n        '200':\n          description: Text.\n"
        "          content: {application/json: "
        "{schema: {type: object, required: [own], properties: {own: {const: 1}}}}}\n"
    )
    fixture = tmp_path / "none.yaml"
    fixture.write_text("users: []\n")
    client = create_mock(Settings(contract=str(path), fixtures=str(fixture))).app.test_client()
    answer = client.get("/docs", base_url="http://localhost")
    assert (answer.status_code, answer.json) == (200, {"own": 1})


def test_what_a_browser_has_already_is_not_sent_again(client):
    first = client.get(f"{HOME}workbench/app.js", base_url="http://localhost")
    again = client.get(
        f"{HOME}workbench/app.js", base_url="http://localhost", headers={"If-None-Match": first.headers["ETag"]}
    )
    assert again.status_code == 304


def test_outside_of_its_folders_nothing_is_found():
    assert find_page("/etc/passwd") is None
    assert find_page("/__mock__/workbench/../../app.py") is None
