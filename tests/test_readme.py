"""The commands and examples of README and docs run as they stand."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from mockserver.app import create_mock
from mockserver.server import LocalServer
from mockserver.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


COMMANDS = [line[2:] for block in blocks(README, "console") for line in block.splitlines() if line.startswith("$ ")]
PROGRAM = str(Path(sys.executable).with_name("mockserver"))


def test_the_readme_is_short_enough_to_be_read() -> None:
    assert len(README.splitlines()) <= 150


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl to run the README's commands with")
def test_the_curl_commands_of_the_readme_succeed_in_their_order() -> None:
    commands = [command for command in COMMANDS if command.startswith("curl")]
    assert len(commands) == 5
    with LocalServer(Settings()) as server:
        statuses = []
        for command in commands:
            words = shlex.split(command.replace("http://127.0.0.1:8080", server.url))
            extra = ["--silent", "--output", "-", "--write-out", "\n%{http_code}"]
            done = subprocess.run([*words, *extra], capture_output=True, text=True, check=True)
            statuses.append(int(done.stdout.rsplit("\n", 1)[1]))
    assert statuses == [200, 200, 201, 200, 204]


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash to run the README's commands with")
def test_the_mock_conforms_as_the_readme_says(tmp_path: Path) -> None:
    commands = [c for c in COMMANDS if "CONTRACT_TESTS" in c or c.startswith(".venv/bin/contract-tests")]
    assert len(commands) == 2
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    with LocalServer(Settings()) as server:
        script = "\n".join(commands).replace("http://127.0.0.1:8080", server.url)
        done = subprocess.run(["bash", "-e", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith("conforms: ")
    assert (tmp_path / "report.html").stat().st_size > 10_000


def test_the_checks_are_items_of_pytest_as_the_readme_says() -> None:
    (command,) = [c for c in COMMANDS if c.startswith(".venv/bin/pytest contract_tests ")]
    with LocalServer(Settings()) as server:
        words = shlex.split(command.replace("http://127.0.0.1:8080", server.url))
        words = [str(Path(sys.executable).with_name("pytest")), *words[1:], "-k", "samples", "-p", "no:cacheprovider"]
        environment = {**os.environ, "CONTRACT_TESTS_TOKEN": "API_KEY"}
        done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\b[1-9]\d* passed", done.stdout), done.stdout


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.startswith(".venv/bin/mockserver") and " serve" not in c])
def test_a_command_of_the_readme_exits_with_0(command: str) -> None:
    words = [PROGRAM, *shlex.split(command)[1:]]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_serve_command_of_the_readme_serves() -> None:
    command = next(c for c in COMMANDS if c.startswith(".venv/bin/mockserver serve"))
    process = subprocess.Popen([PROGRAM, *shlex.split(command)[1:]], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = re.search(r"http://\S+", process.stdout.readline())
        assert url is not None
        request = urllib.request.Request(f"{url[0]}/api/v2/ai/providers", headers={"Coder-Session-Token": "API_KEY"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200
    finally:
        process.terminate()
        process.communicate(timeout=20)
    assert process.returncode == 0


def test_the_python_example_of_the_readme_runs(capsys: pytest.CaptureFixture[str]) -> None:
    started = time.monotonic()
    exec(compile(blocks(README, "python")[0], "README.md", "exec"), {})
    assert capsys.readouterr().out.startswith("http://127.0.0.1:")
    assert time.monotonic() - started < 30


def test_the_fixture_of_the_docs_is_good_in_both_profiles(tmp_path: Path) -> None:
    path = tmp_path / "example.yaml"
    path.write_text(blocks((ROOT / "docs" / "fixtures.md").read_text(), "yaml")[0])
    for profile in ("documented", "deployed"):
        assert create_mock(Settings(profile=profile, fixtures=str(path))).fixture.count == 22


def test_every_link_of_readme_and_docs_leads_somewhere() -> None:
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl to run the commands with")
def test_the_curl_commands_of_the_control_page_succeed_in_their_order() -> None:
    page = (ROOT / "docs" / "control.md").read_text()
    commands = [line[2:] for block in blocks(page, "console") for line in block.splitlines()]
    assert len(commands) >= 20
    with LocalServer(Settings()) as server:
        for command in commands:
            words = shlex.split(command.replace("http://127.0.0.1:8080", server.url))
            done = subprocess.run([*words, "--silent", "--show-error"], capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{command}: {done.stderr}"
