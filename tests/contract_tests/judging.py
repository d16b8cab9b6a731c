"""What the tests of the contract tests share: servers to judge, and both ways to judge them."""

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from contextlib import contextmanager
from pathlib import Path

from contract_tests.options import Options
from contract_tests.results import Verdict
from contract_tests.runner import Run
from mockserver.app import create_mock
from mockserver.server import LocalServer
from mockserver.settings import Settings
from tests.independent.app import create_app
from tests.independent.serving import running

ROOT = Path(__file__).parents[2]
TOKENS = ["--token", "API_KEY", "--other-token", "MEMBER_KEY"]
WORDS = {"passed": Verdict.PASSED, "failure": Verdict.FAILED, "skipped": Verdict.NOT_EXERCISED}


@contextmanager
def mocked(profile="deployed"):
    """Give the address of the mock."""
    with LocalServer(app=create_mock(Settings(profile=profile)).app) as server:
        yield server.url


def broken(*faults, profile="deployed", **more):
    """Return the independent server with mixins put before it that the catalogue does not have."""
    sound = create_app(profile, **more)
    kind = type("Broken", (*faults, type(sound)), {})
    return kind(sound.providers.values(), sound.clock, sound.rng)


def judged(app_or_url, profile="deployed", *, seed=1, effort="quick", **more):
    """Return the result of a run against an application or an address."""
    if not isinstance(app_or_url, str):
        with running(app_or_url) as url:
            return judged(url, profile, seed=seed, effort=effort, **more)
    tokens = {"token": "API_KEY", "other_token": "MEMBER_KEY"}
    options = Options(app_or_url, profile=profile, seed=seed, effort=effort, **{**tokens, **more})
    return Run(options).run()


def environment(**more):
    """Return the environment of a process, without what steers the contract tests, colours, and plugins' start."""
    more = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **more}
    kept = {name: value for name, value in os.environ.items() if not re.match("CONTRACT_TESTS|PYTEST|FORCE_C", name)}
    return {**kept, **more}


def pytest_run(*options, where=ROOT, paths=("contract_tests",), env=None):
    """Run pytest in a process of its own; return exit code and output."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *paths, *options]
    done = subprocess.run(
        command, cwd=where, env=env or environment(), capture_output=True, text=True, timeout=120, check=False
    )
    return done.returncode, done.stdout + done.stderr


def verdicts(path):
    """Return what a JUnit report of pytest says of each check."""
    found = {}
    for case in ET.parse(path).iter("testcase"):
        name = re.fullmatch(r"test_contract\[(.*)\]", case.get("name"))[1]
        found[name] = WORDS[case[0].tag if len(case) and case[0].tag in WORDS else "passed"]
    return found
