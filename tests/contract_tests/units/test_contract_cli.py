"""The command: wrong usage is exit 2 with one line that says what to do, before anything is sent."""

import pytest
from click.testing import CliRunner

from contract_tests.cli import main
from tests.independent.app import create_app
from tests.independent.serving import running

URL = "http://127.0.0.1:9"


def called(*arguments, **environment):
    hidden = dict.fromkeys(("CONTRACT_TESTS_TOKEN", "CONTRACT_TESTS_OTHER_TOKEN"))
    result = CliRunner().invoke(main, [str(one) for one in arguments], env={**hidden, **environment})
    assert "Traceback" not in result.output
    return result.exit_code, result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run"], "give either BASE_URL or --app"),
        (["run", URL, "--app", "a:b"], "give either BASE_URL or --app"),
        (["run", "localhost:8080"], "no http or https URL"),
        (["run", "http://u:s3cret@h/"], "carries a user name or password"),
        (["run", URL, "--profile", "deploid"], "unknown profile 'deploid'"),
        (["run", URL, "--effort", "much"], "unknown effort 'much'; expected one of quick, standard, thorough"),
        (["run", URL, "--seed", "x"], "'x' is not a valid integer"),
        (["run", URL, "--timeout", "0"], "a timeout of 0 s"),
        (["run", URL, "--max-time", "-1"], "a time limit of -1 s"),
        (["run", URL, "--rate-limit", "-1"], "a rate limit of -1"),
        (["run", URL, "--token", "a b"], "the token is empty or has characters that no token has"),
        (["run", URL, "--token", "same", "--other-token", "same"], "the token and the other token are the same"),
        (["run", URL, "--run", "X"], "'X' is no run id"),
        (["run", URL, "--only", "rules.nome"], "no check is named 'rules.nome'"),
        (["run", URL, "--skip", "modell"], "no check is named 'modell'"),
        (["run", URL, "--contract", "none.yaml"], "cannot read 'none.yaml'"),
        (["run", URL, "--report", "pdf=x"], "pdf"),
        (["run", URL, "--report", "html=/nowhere/at/all.html"], "/nowhere"),
        (["run", "--app", "json"], "expected MODULE:CALLABLE"),
        (["run", "--app", "no_such_module_anywhere:app"], "cannot be imported"),
        (["run", "--app", "json:__name__"], "which cannot be called"),
        (["run", URL, "--ony", "rules"], "No such option"),
        (["ran", URL], "No such command 'ran'"),
        (["clean", "nonsense"], "no http or https URL"),
        (["checks", "--profile", "x"], "unknown profile 'x'"),
    ],
)
def test_wrong_usage_is_exit_2_and_says_what_is_wrong(arguments, message):
    code, output = called(*arguments)
    assert (code, message in output) == (2, True), output
    assert "s3cret" not in output


def test_an_option_that_is_nearly_right_is_named():
    assert "--only" in called("run", URL, "--ony", "rules")[1]


def test_checks_are_listed_by_name():
    code, output = called("checks", "--profile", "deployed")
    assert code == 0
    names = [line.split()[0] for line in output.splitlines()]
    assert {"preflight.reachable", "rules.name-unique", "model.sequence", "aftermath.cleanup"} <= set(names)
    assert len(names) == len(set(names))


def test_a_server_that_is_not_there_is_exit_3():
    code, output = called("run", URL, "--token", "API_KEY")
    assert code == 3
    assert "gives no answer" in output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "the server asks for a token; give one by --token or in CONTRACT_TESTS_TOKEN"),
        (["--token", "NO_SUCH_KEY"], "does not accept the token (401)"),
        (["--token", "MEMBER_KEY"], "may not use the API (403)"),
        (["--token", "MEMBER_KEY", "--read-only"], "may not use the API (403)"),
    ],
)
def test_tokens_that_do_not_work_are_exit_3(options, message):
    with running(create_app()) as url:
        code, output = called("run", url, "--profile", "deployed", *options)
    assert (code, message in output) == (3, True), output
    assert "NO_SUCH_KEY" not in output


def test_tokens_come_from_the_environment_and_the_exit_code_tells_the_verdict():
    chosen = ["--profile", "deployed", "--effort", "quick", "--only", "rules.list-order"]
    for faults, expected in (([], 0), (["list-is-in-reverse"], 1)):
        with running(create_app(faults=faults)) as url:
            code, output = called("run", url, *chosen, CONTRACT_TESTS_TOKEN="API_KEY")
        assert code == expected, output


def test_a_wsgi_application_is_tested_in_this_process():
    code, output = called(
        "run", "--app", "tests.independent.app:create_app()", "--profile", "deployed", "--token", "API_KEY",
        "--only", "samples", "--effort", "quick",
    )  # fmt: skip
    assert code == 0, output
