"""Dockerfile, `.dockerignore` and `compose.yaml` fit each other and the mock; `make check-container` does the steps."""

import http.server
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import yaml

from mockserver.server import LocalServer
from mockserver.settings import Settings, read_settings

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from dockerfile import exec_form, read_stages  # noqa: E402

STAGES = read_stages(ROOT / "Dockerfile")
IMAGE = STAGES[-1]
SERVICE = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["mock"]
HADOLINT = Path(sys.executable).with_name("hadolint")


@pytest.mark.skipif(not HADOLINT.exists(), reason="hadolint is not made for this system")
def test_hadolint_finds_nothing(tmp_path: Path) -> None:
    def lint(path: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run([HADOLINT, "--no-color", path], cwd=tmp_path, capture_output=True, text=True, check=False)

    done = lint(ROOT / "Dockerfile")
    assert (done.returncode, done.stdout) == (0, "")
    bad = tmp_path / "Dockerfile"
    bad.write_text("FROM python\nRUN cd /src && pip install flask\n")
    assert {"DL3003", "DL3006", "DL3013"} <= set(re.findall("DL[0-9]+", lint(bad).stdout))


def test_what_is_copied_from_the_checkout_is_there_and_not_ignored() -> None:
    let_in = set(re.findall("^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    copied = {
        source
        for stage in STAGES
        for step in stage.instructions
        if step.name == "COPY" and not step.argument.startswith("--from")
        for source in step.argument.split()[:-1]
    }
    assert copied == let_in
    assert [name for name in copied if not (ROOT / name).exists()] == []


def test_the_image_runs_as_a_number_that_is_not_root() -> None:
    user, _, group = IMAGE.last("USER").partition(":")
    assert int(user) >= 1000
    assert int(group) >= 1000


def test_everything_that_is_installed_is_pinned() -> None:
    installs = [
        command
        for stage in STAGES
        for step in stage.instructions
        if step.name == "RUN"
        for command in step.argument.split("&&")
        if " install " in command
    ]
    assert len(installs) == 2
    assert all("--constraint constraints.txt" in command for command in installs)


def health(port: int, **environment: str) -> int:
    command = [sys.executable, *exec_form(IMAGE.last("HEALTHCHECK"))[1:]]
    given = {**os.environ, "MOCKSERVER_PORT": str(port), **environment}
    return subprocess.run(command, env=given, capture_output=True, check=False, timeout=20).returncode


def test_the_health_check_tells_a_mock_that_lives_from_one_that_does_not() -> None:
    token = "dummy-control-token"
    for settings, environment in (
        (Settings(), {"http_proxy": "http://127.0.0.1:9"}),
        (Settings(control_token=token), {"MOCKSERVER_CONTROL_TOKEN": token}),
    ):
        with LocalServer(settings) as server:
            port = int(server.url.rpartition(":")[2])
            assert health(port, **environment) == 0
        assert health(port, **environment) != 0


def test_the_health_check_fails_where_something_else_answers() -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        assert health(server.server_port) == 1
        thread.join()


def test_compose_gives_settings_that_are_known_and_a_token_that_is_not_written_down() -> None:
    environment = {name: str(value) for name, value in SERVICE["environment"].items()}
    token = environment.pop("MOCKSERVER_CONTROL_TOKEN")
    assert token.startswith("${MOCKSERVER_CONTROL_TOKEN:?")
    environment["MOCKSERVER_CONTROL_TOKEN"] = "dummy-control-token"
    settings = read_settings({}, environment)
    assert settings.fixtures == "/fixtures/default.yaml"
    assert "./fixtures:/fixtures:ro" in SERVICE["volumes"]


def test_compose_takes_rights_away_and_opens_one_port_of_this_machine() -> None:
    assert (SERVICE["read_only"], SERVICE["tmpfs"], SERVICE["cap_drop"]) == (True, ["/tmp"], ["ALL"])
    assert SERVICE["ports"] == [f"127.0.0.1:8080:{IMAGE.last('EXPOSE')}"]


def test_the_command_is_one_of_the_program() -> None:
    (program,) = exec_form(IMAGE.last("ENTRYPOINT"))
    path = shutil.which(program, path=str(Path(sys.executable).parent))
    assert path is not None
    done = subprocess.run([path, *exec_form(IMAGE.last("CMD")), "--port", "99999"], capture_output=True, text=True)
    assert (done.returncode, done.stderr.strip()) == (2, "mockserver: port is 99999, must be from 0 to 65535")
