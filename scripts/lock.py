"""Write `constraints.txt`: the newest versions of everything that `pyproject.toml` asks for, pinned.

Run by hand when a dependency is added or raised. No registry address is written.
"""

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Needed on other systems than the one that this runs on.
ELSEWHERE = ["colorama==0.4.6"]


def main() -> None:
    """Install into a new environment and write down what came."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = str(Path(folder) / ("Scripts" if sys.platform == "win32" else "bin") / "python")
        subprocess.run([python, "-m", "pip", "install", "--quiet", f"{ROOT}[dev]"], check=True)
        frozen = subprocess.run(
            [python, "-m", "pip", "freeze", "--exclude", "ai-providers-double"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    lines = sorted({line for line in frozen.splitlines() if "==" in line} | set(ELSEWHERE), key=str.lower)
    (ROOT / "constraints.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
