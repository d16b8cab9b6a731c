"""Judge the published documents with Redocly and Spectral, recommended rules; exit 1 on an error of either.

Needs Node.js with npm; the linters' versions are pinned in `scripts/lint/package-lock.json`.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINT = ROOT / "scripts" / "lint"
DOCUMENTS = [str(ROOT / "openapi" / f"{name}.yaml") for name in ("reference", "documented", "deployed")]


def main() -> int:
    """Install the linters where they are missing, run both, and return the exit code."""
    npm = shutil.which("npm")
    if npm is None:
        print("lint: no 'npm' found; install Node.js 20 or later to judge the documents", file=sys.stderr)
        return 2
    if not (LINT / "node_modules" / ".package-lock.json").exists():
        installed = subprocess.run(
            [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=LINT, capture_output=True, text=True
        )
        if installed.returncode:
            print(f"lint: npm ci failed:\n{installed.stderr}", file=sys.stderr)
            return 2
    programs = LINT / "node_modules" / ".bin"
    environment = {**os.environ, "REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "CI": "true"}
    failed = False
    commands: tuple[list[str | Path], ...] = (
        [programs / "redocly", "lint", "--config", LINT / "redocly.yaml", "--format", "summary", *DOCUMENTS],
        [programs / "spectral", "lint", "-r", LINT / "spectral.yaml", "--fail-severity", "error", *DOCUMENTS],
    )
    for command in commands:
        done = subprocess.run([str(part) for part in command], env=environment, capture_output=True, text=True)
        name = Path(command[0]).name
        if done.returncode:
            print(done.stdout + done.stderr)
        print(f"lint: {name}: {'errors' if done.returncode else 'no errors'} in {len(DOCUMENTS)} documents")
        failed = failed or done.returncode != 0
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
