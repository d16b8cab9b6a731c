"""Run the TypeScript example against a mock of its own: install, generate types, check them, test; exit 1 on a failure.

Needs Node.js with npm; versions are pinned in `examples/typescript/package-lock.json`. Exit 2 without Node.js.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from npm_programs import NoPrograms, programs

from mockserver.server import LocalServer
from mockserver.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "typescript"
STEPS = ("types", "check", "test")  # scripts of its package.json
SECONDS = 300


def main() -> int:
    """Carry out the steps, and return the exit code."""
    try:
        programs(EXAMPLE)
    except NoPrograms as error:
        print(f"example: {error}", file=sys.stderr)
        return 2
    with LocalServer(Settings(profile="deployed")) as server:
        environment = {**os.environ, "MOCK_URL": server.url, "NO_COLOR": "1"}
        for step in STEPS:
            command = [shutil.which("npm") or "npm", "run", "--silent", step]
            done = subprocess.run(
                command, cwd=EXAMPLE, env=environment, capture_output=True, text=True, timeout=SECONDS
            )
            if done.returncode:
                print(f"example: npm run {step} failed:\n{done.stdout}{done.stderr}", file=sys.stderr)
                return 1
        print(done.stdout.strip())
    print(f"example: {', '.join(STEPS)}: all good")
    return 0


if __name__ == "__main__":
    sys.exit(main())
