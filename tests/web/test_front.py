"""The WSGI front and the Flask application answer the same, byte for byte, and take the same care of bodies."""

import io
import json
from typing import Any

import pytest

from mockserver.app import create_mock
from mockserver.settings import Settings
from mockserver.web.front import RequestLog, read_request

OWNER = {"Coder-Session-Token": "API_KEY"}
GOOD = {"type": "openai", "name": "new", "base_url": "https://api.openai.com/v1", "api_keys": ["dummy-key-1234567890"]}
REQUESTS: list[tuple[str, str, dict[str, str], bytes]] = [
    ("GET", "/api/v2/ai/providers", OWNER, b""),
    ("GET", "/api/v2/ai/providers/", OWNER, b""),
    ("GET", "/api/v2/ai/providers", {}, b""),
    ("GET", "/api/v2/ai/providers?coder_session_token=API_KEY", {}, b""),
    ("GET", "/api/v2/ai/providers", {"Cookie": "coder_session_token=API_KEY"}, b""),
    ("GET", "/api/v2/ai/providers", {"Coder-Session-Token": "MEMBER_KEY"}, b""),
    ("GET", "/api/v2/ai/providers/openai-main", OWNER, b""),
    ("GET", "/api/v2/ai/providers/%F0%9F%92%A9", OWNER, b""),
    ("GET", "/api/v2/ai/providers/a%2Fb", OWNER, b""),
    ("GET", "/api//v2/ai/providers", OWNER, b""),
    ("GET", "/", OWNER, b""),
    ("POST", "/api/v2/ai/providers", OWNER, json.dumps(GOOD).encode()),
    ("POST", "/api/v2/ai/providers", OWNER, json.dumps(GOOD).encode()),
    ("POST", "/api/v2/ai/providers", OWNER, b"{"),
    ("POST", "/api/v2/ai/providers", OWNER, b""),
    ("POST", "/api/v2/ai/providers", OWNER, b" " * 2000),
    ("PATCH", "/api/v2/ai/providers/new", OWNER, b'{"display_name": "N\xc3\xa9w", "api_keys": []}'),
    ("PATCH", "/api/v2/ai/providers/new", OWNER, b'{"enabled": 1, "base_url": ""}'),
    ("DELETE", "/api/v2/ai/providers/new", OWNER, b""),
    ("DELETE", "/api/v2/ai/providers/new", OWNER, b""),
    ("PUT", "/api/v2/ai/providers/new", OWNER, b"{}"),
    ("HEAD", "/api/v2/ai/providers", OWNER, b""),
    ("OPTIONS", "/api/v2/ai/providers", OWNER, b""),
    ("TRACE", "/api/v2/ai/providers", OWNER, b""),
]


@pytest.mark.parametrize("profile", ["documented", "deployed"])
def test_both_ways_answer_the_same_byte_for_byte(profile: str) -> None:
    settings = Settings(profile=profile, deterministic=True, max_body=1000)
    ways = [create_mock(settings, front=front).app.test_client(use_cookies=False) for front in (True, False)]
    for method, path, headers, body in REQUESTS:
        answers = [client.open(path, method=method, headers=headers, data=body) for client in ways]
        first, second = ((a.status, sorted(a.headers), a.data) for a in answers)
        assert first == second, (method, path)


def test_a_body_over_the_limit_is_not_read() -> None:
    class Unreadable(io.BytesIO):
        def read(self, *_: Any) -> bytes:
            raise AssertionError("the body was read")

    environ = {"PATH_INFO": "/", "REQUEST_METHOD": "POST", "CONTENT_LENGTH": "11", "wsgi.input": Unreadable()}
    assert read_request(environ, 10).body is None


@pytest.mark.parametrize(("size", "kept"), [(10, True), (11, False)])
def test_a_chunked_body_is_read_up_to_the_limit(size: int, kept: bool) -> None:
    environ = {
        "PATH_INFO": "/",
        "REQUEST_METHOD": "POST",
        "HTTP_TRANSFER_ENCODING": "chunked",
        "wsgi.input": io.BytesIO(b"x" * size),
    }
    assert (read_request(environ, 10).body is not None) is kept


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_request_log_holds_no_token_and_no_control_character(form: str) -> None:
    stream = io.StringIO()
    environ = {"PATH_INFO": "/a\n\x1b[31mb", "REQUEST_METHOD": "GET", "QUERY_STRING": "coder_session_token=API_KEY"}
    RequestLog(form, stream).write(read_request(environ, 10), 404, 0.0015)
    line = stream.getvalue()
    assert line.count("\n") == 1
    assert "\x1b" not in line
    assert "API_KEY" not in line
    assert "404" in line
