"""The checks as items of pytest: the same checks and verdicts as on the command line, told as pytest tells."""

import sys

import pytest

from contract_tests.registry import checks_of
from tests.contract_tests.judging import TOKENS, broken, environment, judged, mocked, pytest_run, running, verdicts
from tests.independent.app import create_app

LOOKED_AT = ("samples", "rules.*name*", "rules.*list*", "rules.mask*")
CHOSEN = "samples or name or list or mask or aftermath or preflight"
COMMON = ["--profile", "deployed", "--effort", "quick", *TOKENS]


class DeletesStranger:
    """The third DELETE takes a stranger along."""

    def remove(self, provider):
        super().remove(provider)
        if self.tally("removed") == 3:
            super().remove(self.find_by_name("m-stranger"))


@pytest.mark.parametrize("fault", [None, "list-is-in-reverse", "patch-keeps-the-base-url", "id-lacks-dashes"])
def test_both_ways_run_the_same_checks_and_agree(fault, tmp_path):
    with mocked() if fault is None else running(create_app(faults=[fault])) as url:
        result = judged(url, only=LOOKED_AT)
        report = tmp_path / "junit.xml"
        code, text = pytest_run("--base-url", url, *COMMON, "-k", CHOSEN, "--junitxml", report)
    by_command = {one.name: one.verdict for one in result.checks if one.reason != "left out by --only"}
    by_pytest = verdicts(report)
    assert by_command.items() <= by_pytest.items(), text
    assert len(by_command) > 20
    assert code == result.exit_code
    assert "Traceback" not in text
    assert "API_KEY" not in text


def test_the_items_have_the_names_of_the_checks_without_a_server_too():
    code, text = pytest_run("--collect-only", "--profile", "deployed")
    assert code == 0
    collected = [line.partition("::test_contract[")[2].removesuffix("]") for line in text.splitlines() if "::" in line]
    assert collected == [check.name for check in checks_of("deployed")]


def test_a_failure_says_what_was_expected_and_found_with_commands_and_without_our_insides():
    with running(create_app(faults=["patch-keeps-the-base-url"])) as url:
        code, text = pytest_run("--base-url", url, *COMMON, "-k", "base-url or absent")
    assert code == 1
    for part in ("expected:", "found:", "section:", "curl -sS", '"$TOKEN"', "# -> 200", f"{url} against deployed.yaml"):
        assert part in text
    for part in ("API_KEY", "MEMBER_KEY", "pytest_plugin.py", "runner.py"):
        assert part not in text


def test_what_was_not_exercised_is_skipped_with_its_reason():
    with running(create_app()) as url:
        code, text = pytest_run(
            "--base-url", url, *COMMON[:4], "--token", "API_KEY", "-rs", "-k", "forbidden or samples"
        )
    assert code == 0
    assert "needs --other-token" in text


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        ([], 4, "no server is named; give --base-url URL, or set CONTRACT_TESTS_BASE_URL"),
        (["--base-url", "http://127.0.0.1:9", "--effort", "much"], 4, "unknown effort 'much'"),
        (["--base-url", "http://127.0.0.1:9", "--seed", "one"], 4, "--seed 'one'; expected a number"),
        (["--base-url", "ftp://127.0.0.1"], 4, "no http or https URL"),
        (
            ["--base-url", "http://127.0.0.1:9", "-k", "samples"],
            3,
            "could not test: http://127.0.0.1:9 gives no answer",
        ),
    ],
)
def test_wrong_usage_and_a_server_that_cannot_be_tested_are_told_apart(options, code, message):
    found, text = pytest_run(*options)
    assert (found, message in text, "Traceback" in text) == (code, True, False), text


def test_harm_to_others_is_told_by_name_and_ends_the_run(tmp_path):
    app = broken(DeletesStranger)
    with running(app) as url:
        code, text = pytest_run("--base-url", url, *COMMON, "-k", "samples or name", "-rs")
    assert code == 1
    assert "'m-stranger' is gone" in text
    assert "the run has stopped" in text
    assert b'"ct-' not in app.state()
    assert app.tally("removed") < 12


def test_workers_do_not_disturb_each_other_and_leave_nothing():
    pytest.importorskip("xdist")
    app = create_app()
    before = app.state()
    with running(app) as url:
        code, text = pytest_run("--base-url", url, *COMMON, "-k", "samples or name or mask", "-p", "xdist", "-n", "2")
    assert code == 0, text
    assert text.count("against deployed.yaml") == 2
    assert app.state() == before


@pytest.mark.parametrize("plugin", [False, True])
def test_the_installed_package_is_run_from_anywhere(tmp_path, plugin):
    with running(create_app()) as url:
        how = {"CONTRACT_TESTS_PROFILE": "deployed", "CONTRACT_TESTS_TOKEN": "API_KEY"}
        options = ["-k", "samples"]
        if plugin:
            options += ["-p", "contract_tests.pytest_plugin", "--base-url", url]
        else:
            how["CONTRACT_TESTS_BASE_URL"] = url
        env = environment(PYTHONPATH=":".join(sys.path), **how)
        code, text = pytest_run(*options, where=tmp_path, paths=("--pyargs", "contract_tests"), env=env)
    assert code == 0, text
    assert "5 passed" in text
