"""The wire against servers of every bad habit: what came is told, within the time, and nothing is raised."""

import gzip
import socket
import time
import zlib

import pytest

from contract_tests.errors import UsageError
from contract_tests.wire import Wire
from tests.contract_tests.robust.rawserver import JSON, answer, endless, raw, self_signed, sends

LIMIT = 0.4
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + JSON
GZIP = JSON + b"Content-Encoding: gzip\r\n"
BOMB = gzip.compress(bytes(17 * 1024 * 1024))


def asked(behave, *, limit=LIMIT, method="GET", body=b"", **more):
    with raw(behave, **more) as url:
        wire = Wire(url, limit, verify=False)
        started = time.monotonic()
        reply = wire.send(method, "/x", body=body)
        wire.close()
        assert time.monotonic() - started < limit + 5
    return reply


SOUND = {
    "plain": (answer(b'["a"]'), b'["a"]'),
    "chunked": (CHUNKED + b"\r\n2\r\n[]\r\n0\r\n\r\n", b"[]"),
    "chunked with extensions and trailers": (CHUNKED + b"\r\n2;a=b\r\n[]\r\n0\r\nX-Sum: 1\r\n\r\n", b"[]"),
    "HTTP/1.0 until the end": (b"HTTP/1.0 200 OK\r\n\r\n[1]", b"[1]"),
    "after 100 Continue": (b"HTTP/1.1 100 Continue\r\n\r\n" + answer(b"[2]"), b"[2]"),
    "after several hints": (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 3 + answer(b"[3]"), b"[3]"),
    "gzip": (answer(gzip.compress(b"[4]"), GZIP), b"[4]"),
    "deflate": (answer(zlib.compress(b"[5]"), JSON + b"Content-Encoding: deflate\r\n"), b"[5]"),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    "a status of its own": (answer(b"[6]", status=b"299 Whatever"), b"[6]"),
    "no reason": (answer(b"[7]", status=b"200"), b"[7]"),
}


@pytest.mark.parametrize("case", SOUND)
def test_sound_answers_are_taken(case):
    data, body = SOUND[case]
    reply = asked(sends(data))
    assert (reply.trouble, reply.body) == (None, body)


BAD = {
    "silence": (sends(2), "no complete answer within 0.4 s"),
    "silence in the headers": (sends(b"HTTP/1.1 200 OK\r\nContent-", 2), "no complete answer within"),
    "silence in the body": (sends(answer()[:-1], 2), "no complete answer within"),
    "a byte now and then": (sends(*[b"H", 0.1] * 20), "no complete answer within"),
    "an end before the answer": (sends(), "closed without an answer"),
    "an end in the headers": (sends(b"HTTP/1.1 200 OK\r\nContent-"), "closed"),
    "an end in the body": (sends(answer(b"[1, 2]")[:-2]), "cut short"),
    "an end in a chunk": (sends(CHUNKED + b"\r\n9\r\n[1"), "cut short"),
    "a length too small": (sends(answer(b"[]").replace(b"Length: 2", b"Length: 1")), "bytes after the end"),
    "a length too large": (sends(answer(b"[]").replace(b"Length: 2", b"Length: 3")), "cut short"),
    "a length that is none": (sends(answer(b"[]").replace(b"Length: 2", b"Length: x")), "no valid HTTP"),
    "two lengths": (sends(answer(b"[]", JSON + b"Content-Length: 7\r\n")), "no valid HTTP"),
    "a body on a 204": (sends(answer(b"[]", status=b"204 No Content"), 0.2), "bytes after the end"),
    "an endless body": (
        endless(CHUNKED + b"\r\n", more=b"10000\r\n" + b" " * 65536 + b"\r\n"),
        "goes on beyond|within",
    ),
    "endless headers": (endless(b"HTTP/1.1 200 OK\r\n", more=b"X-More: " + b"y" * 60000 + b"\r\n"), "no valid HTTP"),
    "an endless status line": (endless(b"HTTP/1.1 200 ", more=b"y" * 60000), "no valid HTTP"),
    "no HTTP": (sends(b"SSH-2.0-OpenSSH_9.6\r\n"), "no valid HTTP"),
    "binary": (sends(bytes(range(256)) * 8), "no valid HTTP"),
    "a header without a colon": (sends(answer(b"[]", b"nonsense\r\n")), "no valid HTTP"),
    "bad chunks": (sends(CHUNKED + b"\r\nzz\r\n[]\r\n0\r\n\r\n"), "no valid HTTP"),
    "gzip that is none": (sends(answer(b"[]", GZIP)), "says that it is gzip, and is not"),
    "gzip cut short": (sends(answer(gzip.compress(b"[1, 2, 3]" * 99)[:-9], GZIP)), "gzip body is cut short"),
    "a gzip bomb": (sends(answer(BOMB, GZIP)), "unpacks to more than"),
    "brotli": (sends(answer(b"[]", JSON + b"Content-Encoding: br\r\n")), "encoded as 'br', which was not asked for"),
    "two answers": (sends(answer() + answer()), "bytes after the end"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_answers_are_told_in_time(case):
    behave, trouble = BAD[case]
    reply = asked(behave)
    assert any(part in (reply.trouble or "") for part in trouble.split("|")), reply.trouble


def test_what_had_come_of_a_broken_answer_is_kept():
    reply = asked(sends(answer(b"[1, 2]")[:-2]))
    assert (reply.status, reply.body, reply.header("content-type")) == (200, b"[1, ", "application/json; charset=utf-8")


def test_a_header_given_twice_is_joined():
    reply = asked(sends(answer(b"[]", JSON + b"Allow: GET\r\nALLOW: PUT\r\n")))
    assert reply.header("allow") == "GET, PUT"


def test_redirects_are_answers_and_are_not_followed():
    reply = asked(sends(answer(b"", b"Location: http://127.0.0.1:9/elsewhere\r\n", b"307 Temporary Redirect")))
    assert (reply.status, reply.trouble) == (307, None)


def test_a_refused_connection_is_told():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    reply = Wire(f"http://127.0.0.1:{port}", LIMIT).send("GET", "/")
    assert (reply.refused, reply.status) == (True, None)
    assert reply.trouble == f"no connection to 127.0.0.1:{port}: connection refused"


def test_tls_where_there_is_none_and_none_where_there_is(tmp_path):
    with raw(sends(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as url:
        reply = Wire(url.replace("http:", "https:"), LIMIT).send("GET", "/")
        assert reply.refused
    context = self_signed(tmp_path)
    if context is None:
        pytest.skip("the command openssl is not there")
    with raw(sends(answer()), tls=context) as url:
        assert "certificate" in (Wire(url, 2).send("GET", "/").trouble or "")
        wire = Wire(url, 2, verify=False)
        assert wire.send("GET", "/").body == b"[]"
        wire.close()
        assert Wire(url.replace("https:", "http:"), LIMIT).send("GET", "/").trouble is not None


def test_ipv6_and_a_path_prefix():
    seen = []

    def behave(connection, request):
        seen.append(request)
        connection.sendall(answer())
        return True

    with raw(behave, family=socket.AF_INET6) as url:
        wire = Wire(f"{url}/a b/ü/", LIMIT)
        assert wire.send("GET", "/x?y=1").status == 200
        wire.close()
    assert seen[0].startswith(b"GET /a%20b/%C3%BC/x?y=1 HTTP/1.1\r\nHost: [::1]:")


def test_a_connection_is_kept_and_one_that_the_server_let_go_of_is_made_anew():
    asked_for, closing = [], []

    def behave(connection, request):
        asked_for.append((id(connection), request[:4]))
        if closing and len(asked_for) == 3:
            return True  # closed without an answer, as a server does whose time for keeping it was over
        connection.sendall(answer())
        return False

    with raw(behave) as url:
        wire = Wire(url, 2)
        assert [wire.send("GET", "/").status for _ in range(2)] == [200, 200]
        assert len({connection for connection, _ in asked_for}) == 1
        closing.append(True)
        time.sleep(0.1)
        assert wire.send("GET", "/").status == 200
        assert len(asked_for) == 4
        wire.close()


def test_a_post_is_never_sent_twice():
    asked_for = []

    def behave(connection, request):
        asked_for.append(request[:4])
        if len(asked_for) == 2:
            return True
        connection.sendall(answer())
        return False

    with raw(behave) as url:
        wire = Wire(url, 2)
        wire.send("GET", "/")
        time.sleep(0.1)
        assert wire.send("POST", "/", body=b"{}").trouble == "the connection was closed without an answer"
        wire.close()
    assert asked_for == [b"GET ", b"POST"]


def test_an_answer_before_the_whole_body_was_read_is_taken():
    def behave(connection, request):
        connection.sendall(answer(b'{"message": "too large"}', status=b"413 Content Too Large"))
        return True

    assert asked(behave, method="POST", body=b" " * 300_000, limit=2).status == 413


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("127.0.0.1:8080", "no http or https URL"),
        ("ftp://a", "no http or https URL"),
        ("http://", "no http or https URL"),
        ("http://a:x", "no URL"),
        ("http://a:99999", "no URL"),
        ("http://[::1", "no URL"),
        ("http://a/?x=1", "a query or a fragment"),
        ("http://u:secret@a/", "carries a user name or password"),
    ],
)
def test_an_address_that_is_none_is_refused_without_showing_secrets(url, message):
    with pytest.raises(UsageError, match=message) as caught:
        Wire(url)
    assert "secret@" not in str(caught.value)


def test_a_host_that_can_be_no_name_is_no_traceback():
    assert "no connection" in (Wire(f"http://{'a' * 70}.example", LIMIT).send("GET", "/").trouble or "")
