"""The schema layer finds what it is there for, tells one cause once, and stumbles over no server."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import yaml

from contract_tests.checks import schema as checks
from contract_tests.documents import data_path
from contract_tests.errors import UsageError
from contract_tests.results import Severity
from tests.contract_tests.schema import schema_kit as kit
from tests.contract_tests.schema.schema_kit import Server
from tests.independent.app import create_app
from tests.independent.serving import Server as Listener

CREATES, PATCHES = "schema.coverage[createAIProvider]", "schema.coverage[updateAIProvider]"


@pytest.mark.parametrize(
    ("fault", "profile", "phase", "check", "code"),
    [
        ("type-may-be-anything", "documented", CREATES, "schema.negative", "createAIProvider:type:enum"),
        ("enabled-may-be-text-on-patch", "deployed", PATCHES, "schema.negative", "updateAIProvider:enabled:type"),
        ("type-vercel-is-unknown", "documented", CREATES, "schema.positive", "createAIProvider:400:type"),
        ("create-answers-202", "deployed", CREATES, "schema.status", "createAIProvider:202"),
        ("unknown-provider-answers-500", "deployed", "schema.fuzzing[getAIProvider]", "schema.server-error", "500"),
    ],
)
def test_a_fault_is_found(fault: str, profile: str, phase: str, check: str, code: str) -> None:
    with kit.serving(profile, fault) as server:
        result = kit.run(server, profile, phase)
    found = {(one.check, one.code): one for one in result.findings}
    assert list(found) == [(check, code)]
    finding = found[(check, code)]
    assert finding.steps
    assert finding.expected
    assert finding.section
    assert all("API_KEY" not in step.curl for step in finding.steps)


@contextmanager
def open_doors(operations: set[str]) -> Iterator[Server]:
    """Serve a server that takes requests without a token, by some methods."""

    def around(environ, start_response, server):
        if environ["REQUEST_METHOD"] in operations:
            environ["HTTP_CODER_SESSION_TOKEN"] = "API_KEY"

    with kit.serving("documented", around=around) as server:
        yield server


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_server_that_asks_for_no_token_is_found_out(method: str) -> None:
    operation = {"GET": "getAIProvider", "DELETE": "deleteAIProvider"}[method]
    with open_doors({method}) as server:
        result = kit.run(server, "documented", f"schema.coverage[{operation}]")
    found = {one.check: one for one in result.findings}
    assert set(found) == {"schema.ignored-auth"}
    assert found["schema.ignored-auth"].severity in {Severity.CRITICAL, Severity.MAJOR}


@pytest.mark.parametrize("carrier", ["cookie", "query"])
def test_every_carrier_is_tried_without_a_valid_token(carrier: str) -> None:
    def around(environ, start_response, server):
        text = environ.get("HTTP_COOKIE", "") if carrier == "cookie" else environ.get("QUERY_STRING", "")
        if "coder_session_token=" in text:
            environ["HTTP_COOKIE"] = "coder_session_token=API_KEY"

    with kit.serving("deployed", around=around) as server:
        result = kit.run(server, "deployed", "schema.examples[getAIProvider]")
    assert [(one.check, one.code) for one in result.findings] == [("schema.ignored-auth", "unknown:200")]


def test_a_delete_that_deletes_nothing_is_found_by_sequences() -> None:
    def around(environ, start_response, server):
        if environ["REQUEST_METHOD"] == "DELETE" and "API_KEY" in environ.get("HTTP_CODER_SESSION_TOKEN", ""):
            start_response("204 No Content", [])
            return [b""]
        return None

    with kit.serving("documented", around=around) as server:
        result = kit.run(server, "documented", "schema.stateful", effort="standard")
    found = {one.check: one for one in result.findings}
    assert "schema.use-after-free" in found
    methods = [step.method for step in found["schema.use-after-free"].steps]
    assert methods[0] == "POST"
    assert "DELETE" in methods[1:-1]


def test_another_method_that_is_answered_is_found() -> None:
    def around(environ, start_response, server):
        if environ["REQUEST_METHOD"] == "PUT":
            start_response("200 OK", [("Content-Type", "application/json")])
            return [b"{}"]
        return None

    with kit.serving("deployed", around=around) as server:
        result = kit.run(server, "deployed", "schema.coverage[getAIProvider]")
    assert [(one.check, one.code) for one in result.findings] == [("schema.unsupported-method", "PUT:200")]


@pytest.mark.parametrize("answer", [b"", b"rubbish\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"])
def test_a_server_that_breaks_down_leaves_checks_unexercised(answer: bytes) -> None:
    sound = create_app("documented")
    asked = 0

    def breaking(environ, start_response):
        nonlocal asked
        asked += 1
        if asked > 40:
            for connection in list(listener.open):
                with suppress(OSError):  # one that is closed already
                    connection.sendall(answer)
                    connection.shutdown(socket.SHUT_RDWR)
            raise ConnectionAbortedError
        return sound(environ, start_response)

    with Listener(breaking) as listener:
        thread = threading.Thread(target=listener.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        result = kit.run(Server(listener.url, sound), "documented", "schema.examples*", "schema.coverage*", timeout=2)
        listener.shutdown()
        thread.join()
    assert result.exit_code in {1, 3}
    assert {one.check for one in result.findings} <= {"schema.no-answer", "schema.response"}
    reasons = {reason for name, _, reason in kit.unhappy(result)}
    assert any("no whole answer 3 times in a row" in reason for reason in reasons), reasons


def test_a_slow_server_does_not_hold_up_a_check_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "SECONDS", (0.3, 0.3, 0.3))

    def around(environ, start_response, server):
        time.sleep(0.05)

    with kit.serving("documented", around=around) as server:
        result = kit.run(server, "documented", "schema.coverage[createAIProvider]")
    assert [check.requests < 30 for check in result.checks if check.requests and check.layer == "schema"] == [True]
    assert result.findings == ()
    assert [note for note in result.notes if "ended after" in note]


def test_a_document_that_schemathesis_cannot_use_is_told(tmp_path: Path) -> None:
    document = yaml.safe_load(data_path("openapi", "documented.yaml").read_text())
    document["paths"]["/api/v2/ai/providers"]["get"]["parameters"] = [{"$ref": "#/components/parameters/none"}]
    path = tmp_path / "broken.yaml"
    path.write_text(yaml.safe_dump(document))
    with kit.serving("documented") as server:
        try:
            result = kit.run(server, "documented", "schema.coverage[listAIProviders]", contract=path)
        except UsageError:
            return
    assert [verdict for _, verdict, _ in kit.unhappy(result)] == ["not exercised"]


def test_a_finding_shows_the_smallest_request_that_was_seen() -> None:
    def around(environ, start_response, server):
        if environ["REQUEST_METHOD"] == "PATCH":
            start_response("500 Internal Server Error", [("Content-Type", "application/json")])
            return [b'{"message": "Sorry."}']
        return None

    with kit.serving("documented", around=around) as server:
        result = kit.run(server, "documented", PATCHES)
    (finding,) = result.findings
    smallest = min(len(body) for method, _, body in server.requests if method == "PATCH")
    assert finding.check == "schema.server-error"
    assert len(finding.steps[-1].request_body) == smallest
