"""What was there before stays byte for byte, whenever and however a run ends; tokens stay where they belong."""

import json
import re
import signal
import subprocess
import sys
import threading
from base64 import b64encode
from string import ascii_lowercase
from urllib.parse import quote

import pytest

from contract_tests.reports import render
from tests.contract_tests.judging import TOKENS, broken, environment, judged
from tests.independent.app import create_app
from tests.independent.serving import running

COMMAND = [sys.executable, "-m", "contract_tests", "run"]
CHECKS = ["--only", "samples", "--only", "rules", "--only", "model"]


class Counting:
    """An application that tells when it has been asked so often and holds so many, and what it was asked."""

    def __init__(self, app, number=1, held=0):
        self.app, self.number, self.held = app, number, held
        self.asked = []
        self.reached = threading.Event()

    def __call__(self, environ, start_response):
        self.asked.append(environ["REQUEST_METHOD"])
        if len(self.asked) >= self.number and len(self.app.providers) >= self.held:
            self.reached.set()
        return self.app(environ, start_response)


def started(url, *options):
    return subprocess.Popen(
        [*COMMAND, url, "--profile", "deployed", *TOKENS, *options],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a job in the background is born deaf to it
    )


def signalled(app, sign, *options, **when):
    """Run the command, send it a signal at some moment; return exit code and output."""
    counting = Counting(app, **when)
    with running(counting) as url:
        process = started(url, "--effort", "quick", *CHECKS, *options)
        try:
            assert counting.reached.wait(40)
            process.send_signal(sign)
            text, _ = process.communicate(timeout=40)
        finally:
            process.kill()
    return process.returncode, text


@pytest.mark.parametrize(
    ("number", "sign"),
    [(2, signal.SIGINT), (60, signal.SIGINT), (300, signal.SIGTERM), (900, signal.SIGINT)],
)
def test_an_interrupted_run_leaves_everything_as_it_was(number, sign):
    app = create_app()
    before = app.state()
    code, text = signalled(app, sign, number=number)
    assert app.state() == before
    assert code == 3, text
    assert "interrupted" in text
    assert "Traceback" not in text


def test_after_a_kill_clean_removes_what_was_left_and_nothing_else():
    app = create_app()
    before = app.state()
    code, _ = signalled(app, signal.SIGKILL, "--run", "killed1", number=200, held=10)
    assert code == -signal.SIGKILL
    other = {"type": "openai", "name": "ct-killed12-of-another-run", "base_url": "https://e.com"}
    app.save(app.make(other))
    app.save(app.make({**other, "name": "x", "display_name": "ct-killed1-odd-1"}))  # a name that no prefix fits
    left = {row["name"] for row in json.loads(app.state())} - {row["name"] for row in json.loads(before)}
    assert len(left) > 1
    with running(app) as url:

        def clean(*options):
            command = [sys.executable, "-m", "contract_tests", "clean", url, "--token", "API_KEY", *options]
            return subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)

        asked = clean()
        assert asked.returncode == 2
        assert "killed1 (" in asked.stderr
        done = clean("--run", "killed1")
        assert (done.returncode, done.stderr) == (0, "")
        assert f"removed {len(left) - 1} providers of the run killed1" in done.stdout
    app.remove(app.find_by_name("ct-killed12-of-another-run"))
    assert app.state() == before


def test_names_that_cannot_carry_the_mark_are_left_to_whoever_has_them():
    app = create_app()
    for name in ("new", "list", "0", *ascii_lowercase):
        app.save(app.make({"type": "openai", "name": name, "base_url": "https://e.com"}))
    before = app.state()
    result = judged(app, only=("rules.name-pattern", "rules.lookup"))
    assert (result.exit_code, result.findings) == (0, ())
    assert app.state() == before


def test_a_read_only_run_sends_nothing_but_gets():
    app = create_app()
    before = app.state()
    counting = Counting(app)
    with running(counting) as url:
        result = judged(url, read_only=True)
    assert result.exit_code == 0
    assert set(counting.asked) == {"GET"}
    assert len(counting.asked) > 10
    assert app.state() == before
    assert all(one.reason for one in result.checks if one.verdict == "not exercised")


def test_a_run_with_many_findings_leaves_strangers_as_they_were():
    app = create_app(faults=["list-is-in-reverse", "patch-keeps-the-base-url", "unknown-provider-answers-500"])
    before = app.state()
    result = judged(app, only=("samples", "rules.n*", "rules.list*", "model"))
    assert len(result.findings) > 2
    assert app.state() == before


AWKWARD = "to/k+e=n%41&x?#'\\\"$HOME`id`"  # a token that is written otherwise in each place


class Renamed:
    """Takes an awkward token for the owner's, and tells it to everybody."""

    def user_of(self, token):
        return super().user_of("API_KEY" if token == AWKWARD else token)

    def finish(self, request, answer):
        if isinstance(answer.data, dict) and "message" in answer.data:
            answer.data["detail"] = f"asked with {self.credential(request)} as {quote(AWKWARD, safe='')}"
            answer.headers["X-Asked-With"] = self.credential(request) or "nothing"
        return super().finish(request, answer)


def test_tokens_are_in_no_output_and_no_report(tmp_path):
    files = {kind: tmp_path / f"report.{kind}" for kind in ("junit", "json", "markdown", "html")}
    options = [part for kind, path in files.items() for part in ("--report", f"{kind}={path}")]
    with running(broken(Renamed, _Wrong)) as url:
        command = [*COMMAND, url, "--profile", "deployed", "--token", AWKWARD, "--other-token", "MEMBER_KEY", *options]
        checks = ["--only", "rules.n*", "--only", "rules.auth*", "--only", "samples", "--only", "rules.v*"]
        done = subprocess.run(
            [*command, "--effort", "quick", *checks], env=environment(), capture_output=True, text=True, check=False
        )
    assert done.returncode == 1, done.stdout + done.stderr
    texts = {"output": done.stdout + done.stderr, **{kind: path.read_text() for kind, path in files.items()}}
    hidden = [AWKWARD, "MEMBER_KEY", quote(AWKWARD), quote(AWKWARD, safe=""), json.dumps(AWKWARD)[1:-1]]
    hidden += [AWKWARD.replace("&", "&amp;"), b64encode(AWKWARD.encode()).decode(), AWKWARD.replace("'", "'\\''")]
    for kind, text in texts.items():
        assert "$TOKEN" in text, kind
        for token in hidden:
            assert token not in text, f"{kind} shows the token as {token}"
        assert "to/k+e" not in text, kind


class _Wrong:
    """Not found is answered 400, so that there is something to tell with an error answer in it."""

    def error(self, request, refusal):
        answer = super().error(request, refusal)
        answer.status = 422 if answer.status == 404 else answer.status
        return answer


FAULTS = ["patch-keeps-the-base-url", "list-is-in-reverse", "second-patch-is-lost", "type-vercel-is-shown-as-openai"]


@pytest.mark.parametrize("fault", FAULTS)
def test_the_commands_of_a_finding_run_as_they_stand_and_show_the_same(fault, tmp_path):
    app = create_app(faults=[fault])
    with running(app) as url:
        result = judged(url, only=("rules.list-order", "model"))
        finding = result.findings[0]
        before = app.state()
        script = "\n".join(step.curl for step in finding.steps)
        done = subprocess.run(
            ["/bin/sh", "-eu", "-c", script],
            env=environment(TOKEN="API_KEY"),
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert app.state() != before  # they were carried out, and what they made is there
    assert shape(done.stdout[-len(finding.steps[-1].answer_body) - 400 :]).endswith(
        shape(finding.steps[-1].answer_body)[-200:]
    )


def shape(text):
    """Return a text without what differs between two runs: ids and times, and the strangers that a run leaves out."""
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", text)
    return text.partition("\n(")[0].strip()


def test_reports_of_hostile_answers_can_be_made():
    class Hostile:
        """Answers with what terminals and pages stumble over."""

        def view_display_name(self, provider):
            return "\x1b[31m<script>]]>\x00\u202e" + super().view_display_name(provider)

    result = judged(broken(Hostile), only=("samples", "model"))
    assert result.findings
    for kind in ("json", "junit", "markdown", "html"):
        assert "\x1b" not in render(kind, result)
