"""The examples of docs/tests.md run as they stand, and name what there is."""

import json
import re
from pathlib import Path

import pytest

from mockserver.pytest_plugin import MARKS
from mockserver.server import LocalServer
from mockserver.settings import Settings

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "tests.md").read_text()
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
FILES = {found[1]: block for block in BLOCKS if (found := re.match(r"# (\w+)\.py\n", block))}
OTHERS = [block for block in BLOCKS if block not in FILES.values()]


def test_the_files_of_the_page_pass_in_two_workers(pytester: pytest.Pytester) -> None:
    assert set(FILES) == {"shop", "test_shop"}
    (command,) = re.findall(r"^\$ pytest (.*)$", PAGE, re.MULTILINE)
    pytester.makepyfile(**FILES)
    options = ("-p", "no:cacheprovider", "-p", "no:schemathesis", "--strict-markers", *command.split())
    result = pytester.runpytest_subprocess(*options, timeout=120)
    result.assert_outcomes(passed=FILES["test_shop"].count("def test_"))


def test_the_client_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = OTHERS
    with LocalServer(Settings()) as server:
        assert "http://127.0.0.1:8080" in example
        exec(compile(example.replace("http://127.0.0.1:8080", server.url), "tests.md", "exec"), {})
    assert capsys.readouterr().out == "8 providers\n"


def test_every_mark_is_on_the_page() -> None:
    assert set(re.findall(r"^\| `(mock_\w+)\(", PAGE, re.MULTILINE)) == {mark.partition("(")[0] for mark in MARKS}


def test_the_npm_folders_lock_versions_and_name_no_registry() -> None:
    locks = [*ROOT.glob("scripts/*/package-lock.json"), *ROOT.glob("examples/*/package-lock.json")]
    assert len(locks) >= 3
    for lock in locks:
        packages = json.loads(lock.read_text())["packages"]
        assert [name for name, entry in packages.items() if "resolved" in entry] == []
        assert all("integrity" in entry for name, entry in packages.items() if name), lock
