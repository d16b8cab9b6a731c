"""schemathesis, all phases and all checks, finds nothing wrong with the mock; and it does find what is wrong."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mockserver.app import create_app
from mockserver.resources import document_path
from mockserver.server import LocalServer
from mockserver.settings import Settings

HOOKS = Path(__file__).with_name("hooks.py")
CONFIG = """
continue-on-failure = true
[auth.openapi.CoderSessionToken]
api_key = "API_KEY"
[generation]
database = "none"
"""


def run_schemathesis(folder: Path, profile: str, url: str, seed: int, examples: int = 25) -> tuple[int, str]:
    (folder / "schemathesis.toml").write_text(CONFIG)
    (folder / "fuzz_hooks.py").write_text(HOOKS.read_text())
    command = [str(Path(sys.executable).with_name("st")), "run", str(document_path(profile)), "--url", url]
    options = ["--seed", str(seed), "--max-examples", str(examples), "--checks", "all", "--no-color", "--mode", "all"]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "fuzz_hooks", "PYTHONPATH": str(folder), "PYTHONWARNINGS": ""}
    done = subprocess.run(
        [*command, *options], cwd=folder, env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(("profile", "seed"), [("documented", 1), ("deployed", 2)])
def test_no_findings_in_any_phase(tmp_path: Path, profile: str, seed: int) -> None:
    with LocalServer(Settings(profile=profile)) as server:
        code, output = run_schemathesis(tmp_path, profile, server.url, seed)
    assert code == 0, output
    assert "Selected: 5/5" in output, output
    assert "Tested: 5" in output, output
    for phase in ("Examples", "Coverage", "Fuzzing", "Stateful"):
        assert re.search(rf"✅ +{phase}", output), output
    generated = int(re.search(r"(\d+) generated", output)[1])
    assert generated > 300, output


def test_a_mock_that_forgets_to_ask_for_the_token_is_found_out(tmp_path: Path) -> None:
    mock = create_app(Settings())

    def open_door(environ: dict, start_response: object) -> object:
        return mock({**environ, "HTTP_CODER_SESSION_TOKEN": "API_KEY"}, start_response)

    with LocalServer(app=open_door) as server:
        code, output = run_schemathesis(tmp_path, "documented", server.url, 1, examples=5)
    assert code == 1, output
    assert "ST401" in output, output
