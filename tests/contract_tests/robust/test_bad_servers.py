"""Whole runs against bad servers: findings or exit 3, within the time, and never a traceback or a hang."""

import gzip
import json
import re
import time

import pytest

from contract_tests.reports import render
from contract_tests.wire import MAX_BODY
from tests.contract_tests.judging import broken, judged, mocked
from tests.contract_tests.robust.rawserver import answer, endless, raw, sends, spoiled
from tests.independent.app import create_app

FEW = ("samples", "rules.mask*")
GZIP = b"Content-Type: application/json\r\nContent-Encoding: gzip\r\n"
BOMB = gzip.compress(bytes(MAX_BODY + 1))
HTML = b"Content-Type: text/html\r\n"
REDIRECT = b"Location: http://127.0.0.1:9/elsewhere\r\n"


def quick(app_or_url, limit=15, **more):
    """Judge quickly, with little patience; every report of the result can be made."""
    started = time.monotonic()
    result = judged(app_or_url, only=FEW, timeout=0.3, **more)
    assert time.monotonic() - started < limit
    for kind in ("json", "junit", "markdown", "html"):
        assert "API_KEY" not in render(kind, result)
    return result


ALWAYS = {
    "silence": sends(2),
    "nothing": sends(),
    "no HTTP": sends(b"220 mail.example.com ESMTP\r\n"),
    "endless headers": endless(b"HTTP/1.1 200 OK\r\n", more=b"X-More: " + b"y" * 60000 + b"\r\n"),
    "an HTML page": sends(answer(b"<html>Sign in</html>", HTML)),
    "an HTML error page": sends(answer(b"<html>Bad gateway</html>", HTML, b"502 Bad Gateway")),
    "failures": sends(answer(b"{}", status=b"500 Internal Server Error")),
    "a redirect": sends(answer(b"", REDIRECT, b"302 Found")),
    "not found": sends(answer(b"404 page not found", b"Content-Type: text/plain\r\n", b"404 Not Found")),
    "no access": sends(answer(b'{"message": "no"}', status=b"401 Unauthorized")),
    "later": sends(answer(b"{}", b"Retry-After: 86400\r\n", b"429 Too Many Requests")),
}


@pytest.mark.parametrize("case", ALWAYS)
def test_a_server_that_cannot_be_tested_at_all_is_exit_3_with_the_reason(case):
    with raw(ALWAYS[case]) as url:
        result = quick(url)
    assert (result.exit_code, result.findings) == (3, ())
    assert result.trouble
    assert "\n" not in result.trouble


def only_for(method, behave):
    """Return what spoils the answers to one method, for what the run does itself; the rest is sound."""

    def spoil(connection, environ, data):
        if environ["REQUEST_METHOD"] != method:
            return None
        behave(connection, data)
        return True

    return spoil


SOMETIMES = {
    "POST is dropped": ("POST", sends(), "schema.no-answer"),
    "PATCH hangs": ("PATCH", sends(1), "schema.no-answer"),
    "PATCH is cut in the body": ("PATCH", lambda c, data: c.sendall(data[:-5]), "schema.no-answer"),
    "a length is too small": ("PATCH", lambda c, data: c.sendall(shorter(data)), "schema.no-answer"),
    "PATCH is a gzip bomb": ("PATCH", sends(answer(BOMB, GZIP)), "schema.no-answer"),
    "PATCH is broken gzip": ("PATCH", sends(answer(b"{}", GZIP)), "schema.no-answer"),
    "PATCH redirects": ("PATCH", sends(answer(b"", REDIRECT, b"307 Temporary Redirect")), "schema.status"),
    "PATCH is a page": ("PATCH", sends(answer(b"<html></html>", HTML)), "schema.content-type"),
    "PATCH is no JSON": ("PATCH", sends(answer(b'{"id": NaN}')), "schema.response"),
    "PATCH is deep": ("PATCH", sends(answer(b"[" * 100_000 + b"]" * 100_000)), "schema.response"),
    "PATCH is rather deep": ("PATCH", sends(answer(b"[" * 500 + b"]" * 500)), "schema.response"),
    "PATCH has half a character": ("PATCH", sends(answer(b'"\\ud83d"')), "schema.response"),
    "PATCH has a long number": ("PATCH", sends(answer(b"9" * 5000)), "schema.response"),
    "PATCH fails": ("PATCH", sends(answer(b"", status=b"503 Service Unavailable")), "schema.server-error"),
    "PATCH has an odd status": ("PATCH", sends(answer(b"{}", status=b"418 Teapot")), "schema.status"),
    "DELETE has a body": ("DELETE", sends(answer(b"{}", status=b"204 No Content"), 0.1), "schema.no-answer"),
}


def shorter(data):
    head, _, body = data.partition(b"\r\n\r\n")
    return head.replace(b"Content-Length: %d" % len(body), b"Content-Length: %d" % (len(body) - 4)) + b"\r\n\r\n" + body


@pytest.mark.parametrize("case", SOMETIMES)
def test_an_operation_that_misbehaves_is_a_finding_and_nothing_is_left(case):
    method, behave, check = SOMETIMES[case]
    app = create_app()
    before = app.state()
    with spoiled(app, only_for(method, behave)) as url:
        result = quick(url)
    assert result.exit_code == 1, result.trouble
    assert check in {finding.check for finding in result.findings}
    if method != "DELETE":
        assert app.state() == before


def test_a_server_that_closes_after_each_answer_without_saying_so_is_sound():
    def spoil(connection, environ, data):
        connection.sendall(data)
        time.sleep(0.02)  # a request that is sent now is lost
        return True

    app = create_app()
    with spoiled(app, spoil) as url:
        result = quick(url)
    assert (result.exit_code, result.findings) == (0, ()), result.trouble


ODD = {"in a list": rb"[\1]", "an object": rb'{"a": \1}', "a number": rb"7", "null": b"null"}


@pytest.mark.parametrize("member", ["id", "name", "api_keys", "created_at"])
@pytest.mark.parametrize("form", ODD)
def test_members_of_any_type_are_findings_or_exit_3_and_no_failure_of_the_tests(member, form):
    count = 0

    def spoil(connection, environ, data):
        nonlocal count
        count += 1
        head, _, body = data.partition(b"\r\n\r\n")
        if count > 30:  # what was there before has been written down
            body = re.sub(rb'(?<="%s": )("[^"]*"|\[[^]]*\])' % member.encode(), ODD[form], body)
        head = re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % len(body), head)
        connection.sendall(head + b"\r\n\r\n" + body)
        return True

    with spoiled(create_app(), spoil) as url:
        result = quick(url)
    assert result.exit_code in {1, 3}
    assert "failed" not in (result.trouble or "") + " ".join(result.notes)


def test_a_create_that_is_taken_with_any_name_is_a_finding_and_no_failure_of_the_tests():
    result = judged(create_app(faults=["errors-answer-200"]), only=("rules.json-types",))
    assert result.exit_code == 1
    assert result.trouble is None


def test_a_server_that_ceases_to_answer_ends_the_run_soon_and_says_so():
    app = create_app()
    asked = []

    def spoil(connection, environ, data):
        asked.append(len(app.providers))
        if max(asked[40:], default=0) > 7:  # six strangers, and some of this run
            time.sleep(1)
            return True
        return None

    with spoiled(app, spoil) as url:
        result = judged(url, timeout=0.3)
    assert result.exit_code == 1
    assert "the server has ceased to answer: 5 requests in a row got no answer within 0.3 s" in (result.trouble or "")
    assert any("contract-tests clean" in note for note in result.notes)


def test_a_server_that_is_not_there_is_exit_3():
    with raw(sends()) as url:
        pass
    assert quick(url, limit=3).exit_code == 3


def test_a_slow_server_is_tested_for_as_long_as_was_said():
    def spoil(connection, environ, data):
        time.sleep(0.1)

    app = create_app()
    before = app.state()
    started = time.monotonic()
    with spoiled(app, spoil) as url:
        result = judged(url, max_time=2.0)
    assert time.monotonic() - started < 12
    assert "the run has taken 2 s, which is its limit" in (result.trouble or "")
    assert result.exit_code == 3
    assert app.state() == before


@pytest.mark.parametrize("form", ["seconds", "date", "nonsense"])
def test_a_server_that_asks_for_patience_gets_it(form):
    value = {"seconds": b"1", "date": b"Mon, 23 Nov 2026 10:00:01 GMT", "nonsense": b"soon"}[form]
    head = b"Date: Mon, 23 Nov 2026 10:00:00 GMT\r\nRetry-After: " + value + b"\r\n"
    busy = answer(b'{"message": "busy"}', head, b"429 Too Many Requests")
    times = []

    def spoil(connection, environ, data):
        times.append(time.monotonic())
        if len(times) == 30:
            connection.sendall(busy)
            return True
        return None

    with spoiled(create_app(), spoil) as url:
        result = judged(url, only=("samples.list", "rules.mask*"))
    assert (result.exit_code, result.findings) == (0, ())
    assert any("asked for patience (429 with Retry-After)" in note for note in result.notes)
    assert 0.9 < times[30] - times[29] < 3


def test_harm_to_strangers_stops_the_run_at_once_and_names_them():
    class Clumsy:
        """Deletes a stranger along with the first provider."""

        def remove(self, provider):
            super().remove(provider)
            if self.find_by_name("m-stranger"):
                super().remove(self.find_by_name("m-stranger"))

    app = broken(Clumsy)
    result = judged(app)
    assert result.exit_code == 1
    assert "'m-stranger' is gone" in (result.trouble or "")
    assert [finding.check for finding in result.findings] == ["aftermath.strangers"]
    assert result.requests < 80
    names = {row["name"] for row in json.loads(app.state())}
    assert not any("ct-" in name for name in names)


@pytest.mark.parametrize("prefix", ["/none", "/api/v2"])
def test_a_prefix_that_is_wrong_is_no_departure(prefix):
    with mocked() as url:
        result = judged(url + prefix)
        assert judged(url, only=("samples",)).exit_code == 0
    assert (result.exit_code, result.findings) == (3, ())
    assert "one too many" in result.trouble
