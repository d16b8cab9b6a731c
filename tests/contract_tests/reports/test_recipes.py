"""The recipes for CI work as they stand: their steps are run as a runner would, against the mock on a real port."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml

from mockserver.server import LocalServer
from mockserver.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
ACTION_FOLDER = ROOT / ".github" / "actions" / "contract-tests"
ACTION = yaml.safe_load((ACTION_FOLDER / "action.yml").read_text(encoding="utf-8"))
STEPS = {step.get("name", step.get("uses")): step for step in ACTION["runs"]["steps"]}
INSTALL, RUN, KEEP = "Install the contract tests", "Run the contract tests", "Keep the reports"
DOCS = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
FEW = "preflight samples rules.forbidden*"  # enough to see a recipe work; what all checks do is tested elsewhere
TOKENS = {"CONTRACT_TESTS_TOKEN": "API_KEY", "CONTRACT_TESTS_OTHER_TOKEN": "MEMBER_KEY"}

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash to run the recipes with")


def recipe(language, mark):
    """The block of the docs of a language that has a mark."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```", DOCS, re.MULTILINE | re.DOTALL)
    return next(block for block in blocks if mark in block)


@pytest.fixture(scope="module")
def server():
    with LocalServer(Settings(profile="deployed")) as running:
        yield running


@pytest.fixture
def path_of_few(tmp_path):
    """A PATH on which `contract-tests` runs the few checks; all else of a command is as the recipe has it."""
    folder = tmp_path / "few"
    folder.mkdir()
    command = folder / "contract-tests"
    only = " ".join(f"--only '{one}'" for one in FEW.split())
    command.write_text(f'#!/bin/sh\nexec "{Path(sys.executable).with_name("contract-tests")}" "$@" {only}\n')
    command.chmod(0o755)
    return folder


@pytest.fixture
def runner(tmp_path):
    """What GitHub's runner gives to a step; the command is that of this environment."""
    command = tmp_path / "contract-tests" / "bin" / "contract-tests"
    command.parent.mkdir(parents=True)
    command.symlink_to(Path(sys.executable).with_name("contract-tests"))
    (tmp_path / "summary").touch()
    (tmp_path / "output").touch()
    return {
        "PATH": os.environ["PATH"],
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_ACTION_PATH": str(ACTION_FOLDER),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_ACTIONS": "true",
        "CI": "true",
        **TOKENS,
    }


def run_step(name, environment, inputs=None):
    """Run a step as the runner does: expressions of `env` are filled in, the script is as it stands."""
    step = STEPS[name]
    defaults = {name: one.get("default", "") for name, one in ACTION["inputs"].items()}
    values = {**defaults, **(inputs or {})}

    def fill(text):
        return re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: values[found[1]], text)

    given = {key: fill(value) for key, value in step.get("env", {}).items()}
    script = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
    done = subprocess.run(
        script, env={**environment, **given}, capture_output=True, text=True, check=False, timeout=120, encoding="utf-8"
    )
    outputs = dict(line.split("=", 1) for line in Path(environment["GITHUB_OUTPUT"]).read_text().splitlines())
    summary = Path(environment["GITHUB_STEP_SUMMARY"]).read_text(encoding="utf-8")
    return done, outputs, summary


def test_scripts_of_the_action_hold_no_expressions():
    for step in STEPS.values():
        assert "${{" not in step.get("run", "")
        assert "set -x" not in step.get("run", "")


def test_every_input_of_the_action_is_described_and_documented():
    used = set(re.findall(r"inputs\.([\w-]+)", (ACTION_FOLDER / "action.yml").read_text()))
    assert used == set(ACTION["inputs"])
    rows = re.findall(r"^\|( `[\w-]+`.*?) \| [^|]*\|[^|]*\|$", DOCS, re.MULTILINE)
    assert set(re.findall(r"`([\w-]+)`", " ".join(rows))) >= used


@pytest.mark.skipif(sys.platform == "win32", reason="the action is for Linux and macOS")
def test_the_action_installs_from_its_own_checkout(runner, tmp_path):
    shutil.rmtree(tmp_path / "contract-tests")
    # What the project depends on is there already, as are the tools that build it: nothing is fetched.
    folder = tmp_path / "path"
    folder.mkdir()
    (folder / "python").symlink_to(sys.executable)
    libraries = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0"}
    libraries["PYTHONPATH"] = sysconfig.get_path("purelib")
    environment = {**runner, **libraries, "PATH": f"{folder}:{runner['PATH']}"}
    done, _, _ = run_step(INSTALL, environment)
    assert done.returncode == 0, done.stdout + done.stderr
    command = tmp_path / "contract-tests" / "bin" / "contract-tests"
    shown = subprocess.run([command, "--help"], env=environment, capture_output=True, text=True, check=False)
    assert "clean" in shown.stdout, shown.stderr
    # What the reports are made from came along.
    page = next((tmp_path / "contract-tests").glob("**/site-packages/contract_tests/reports/page"))
    assert {one.name for one in page.iterdir()} == {"page.html.j2", "page.css", "page.js"}
    assert (page.parent / "report.schema.json").is_file()


def test_the_action_passes_for_a_server_that_conforms(server, runner):
    inputs = {"base-url": server.url, "profile": "deployed", "effort": "quick", "only": FEW}
    done, outputs, summary = run_step(RUN, runner, inputs)
    assert done.returncode == 0, done.stdout + done.stderr
    assert outputs["exit-code"] == "0"
    assert done.stdout.splitlines()[-1].startswith("conforms: ")
    assert summary.startswith("## ✅ Contract tests: conforms: ")
    reports = Path(outputs["reports"])
    assert {one.name for one in reports.iterdir()} == {"report.md", "report.xml", "report.json", "report.html"}
    assert json.loads((reports / "report.json").read_text())["verdict"] == "conforms"
    for text in (done.stdout, done.stderr, summary, *(one.read_text(encoding="utf-8") for one in reports.iterdir())):
        assert not [token for token in TOKENS.values() if token in text]


def test_the_action_fails_and_shows_the_findings_in_the_summary(server, runner):
    # What the deployed profile refuses, the documented one takes.
    with LocalServer(Settings(profile="documented")) as other:
        inputs = {"base-url": other.url, "profile": "deployed", "effort": "quick", "only": FEW}
        done, outputs, summary = run_step(RUN, runner, inputs)
    assert done.returncode == 1
    assert outputs["exit-code"] == "1"
    assert summary.startswith("## ❌ Contract tests: findings: ")
    assert "curl -sS" in summary
    assert "API_KEY" not in summary + done.stdout


def test_the_action_fails_for_a_server_that_is_not_there(runner):
    done, outputs, summary = run_step(RUN, runner, {"base-url": "http://127.0.0.1:9", "effort": "quick"})
    assert done.returncode == 3
    assert outputs["exit-code"] == "3"
    assert summary.startswith("## ⚠️ Contract tests: could not test: ")


@pytest.mark.parametrize("inputs", [{"base-url": "--help"}, {"base-url": "$(touch x)"}, {"effort": "'; touch x; '"}])
def test_inputs_of_the_action_are_never_commands(runner, tmp_path, monkeypatch, inputs):
    monkeypatch.chdir(tmp_path)
    done, _, summary = run_step(RUN, runner, {"base-url": "http://127.0.0.1:9", "effort": "quick", **inputs})
    assert done.returncode in (2, 3)
    assert not (tmp_path / "x").exists()
    assert summary.startswith("## ⚠️ Contract tests: ")


def test_the_action_keeps_the_reports_whatever_happened():
    assert STEPS[KEEP]["if"].startswith("always()")
    assert STEPS[KEEP]["with"]["path"] == "${{ steps.run.outputs.reports }}"


def test_the_example_for_github_gives_only_inputs_that_there_are():
    steps = yaml.safe_load(recipe("yaml", "OWNER/REPOSITORY"))["jobs"]["contract"]["steps"]
    step = steps[-1]
    assert set(step["with"]) <= set(ACTION["inputs"])
    assert set(step["env"]) == set(TOKENS)
    assert (ROOT / step["uses"].removeprefix("OWNER/REPOSITORY/").split("@")[0]).resolve() == ACTION_FOLDER


def test_the_gitlab_job_leaves_a_junit_report_and_the_verdict_in_its_log(server, tmp_path, path_of_few):
    job = yaml.safe_load(recipe("yaml", "image: python"))["contract"]
    environment = {"PATH": f"{path_of_few}:{os.environ['PATH']}", "CI": "true", **TOKENS, "BASE_URL": server.url}
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", "\n".join(job["script"])],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120, encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith("conforms: ")
    assert ET.parse(tmp_path / job["artifacts"]["reports"]["junit"]).getroot().get("failures") == "0"
    assert all((tmp_path / name).exists() for name in job["artifacts"]["paths"])
    assert job["artifacts"]["when"] == "always"


def test_the_plain_shell_recipe_runs(server, tmp_path, path_of_few):
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "bin").symlink_to(path_of_few)
    environment = {"PATH": os.environ["PATH"], "BASE_URL": server.url}
    done = subprocess.run(
        ["bash", "-e", "-c", recipe("sh", "contract-tests run")],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120, encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "contract-tests.html").exists()
