"""Command lines: they run in a shell as they stand, whatever the bytes, and hold no token."""

import shlex
import subprocess

import pytest

from contract_tests.curl import Redaction, shell, steps
from tests.contract_tests.robust.rawserver import answer, raw
from tests.contract_tests.units.unit_kit import ID, PROVIDER, exchange

AWKWARD = 'it\'s "q" $HOME `id` \\n !x %41 \n new\tline ü 日本 😀'


def shown(exchanges, base_url="http://h", tokens=None):
    return steps(exchanges, base_url, Redaction({"TOKEN": "API_KEY"} if tokens is None else tokens), lambda one: "")


def run(line, **variables):
    done = subprocess.run(
        ["/bin/sh", "-eu", "-c", line], env={"PATH": "/usr/bin:/bin", **variables}, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_any_text_is_quoted_for_a_shell_with_variables_in_their_places():
    text = f"{AWKWARD}API_KEY{AWKWARD}"
    assert run(f"printf %s {shell(text, {'API_KEY': 'TOKEN'})}", TOKEN="t") == text.replace("API_KEY", "t").encode()
    assert run(f"printf %s {shell('', {})}") == b""


@pytest.mark.parametrize(
    "body",
    [
        AWKWARD.encode(),
        b"@file",
        b"\xff\xfe\x00 no text %d",
        b'{"display_name": "' + b"x" * 5000 + b'"}',
        b"'",
        b"a\r\nb",
    ],
)
def test_a_body_arrives_as_it_was_sent(body):
    arrived = []

    def behave(connection, request):
        arrived.append(request)
        connection.sendall(answer())
        return True

    with raw(behave) as url:
        (step,) = shown([exchange("createAIProvider", 201, sent=body)], url)
        assert b"200 OK" in run(step.curl, TOKEN="t0ken")
    head, _, data = arrived[0].partition(b"\r\n\r\n")
    assert data == body
    assert head.startswith(b"POST /api/v2/ai/providers HTTP/1.1")
    assert b"Coder-Session-Token: t0ken" in head
    assert b"Content-Type" not in head  # none was sent


@pytest.mark.parametrize("target", ["/a/../b/./c", "/a[1-3]{x,y}?q=%2F%20&z='\"$x", "/a//b;c?"])
def test_a_path_arrives_as_it_was_sent(target):
    arrived = []

    def behave(connection, request):
        arrived.append(request.split(b" ")[1].decode())
        connection.sendall(answer())
        return True

    with raw(behave) as url:
        (step,) = shown([exchange(target=target)], url)
        run(step.curl, TOKEN="t")
    assert arrived == [target]


def test_an_id_that_the_server_made_is_read_from_its_answer():
    created = exchange("createAIProvider", 201, sent={"name": "n"}, number=1)
    got = exchange(number=2)
    first, second = shown([created, got])
    assert "ID1=$(" in first.curl
    assert ID not in second.curl
    assert '"$ID1"' in second.curl
    script = f"curl() {{ printf %s {shlex.quote(created.reply.body.decode())}; }}\n{first.curl}\nprintf %s $ID1"
    assert run(script, TOKEN="t").decode().endswith(PROVIDER["id"])


def test_tokens_are_hidden_however_they_are_written():
    token = "a/b+c d"
    hidden = Redaction({"TOKEN": token, "OTHER_TOKEN": "a/b+c"})
    assert hidden("x a/b+c d a%2Fb%2Bc%20d a/b%2Bc%20d a/b+c") == "x $TOKEN $TOKEN $TOKEN $OTHER_TOKEN"


def test_a_step_says_what_came_without_an_answer_too():
    (step,) = shown([exchange(status=None, answer=..., trouble="the connection broke: reset API_KEY")])
    assert (step.status, step.trouble) == (None, "the connection broke: reset $TOKEN")
