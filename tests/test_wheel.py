"""The built wheel, installed in an empty environment outside the checkout, serves both profiles."""

import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ASK = """
import sys
from mockserver.app import create_app
from mockserver.settings import Settings
import mockserver
assert not mockserver.__file__.startswith(sys.argv[1]), mockserver.__file__
for profile in ("documented", "deployed"):
    for fixture, count in (("default", 8), ("empty", 0), ("large", 1000)):
        client = create_app(Settings(profile=profile, fixtures=fixture)).test_client()
        answer = client.get("/api/v2/ai/providers", headers={"Coder-Session-Token": "API_KEY"})
        assert answer.status_code == 200 and len(answer.json) == count, (profile, fixture, answer.status_code)
print("served")
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    # No isolation: what builds is installed and pinned already.
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_documents_and_fixtures_and_serves_them(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "env", with_pip=False)
    python = next(path for path in (tmp_path / "env/bin/python", tmp_path / "env/Scripts/python.exe") if path.exists())
    # The project comes from the wheel alone; what it depends on, from the environment that runs this test.
    target = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(target)]
    subprocess.run([*install, str(wheel)], check=True)
    libraries = [path for path in sys.path if path.endswith("site-packages")]
    script = f"import sys; sys.path[:0] = [{str(target)!r}, *{libraries!r}]\n{ASK}"
    done = subprocess.run(
        [str(python), "-c", script, str(ROOT)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip() == "served"
