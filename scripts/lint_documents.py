"""Judge the published documents with Redocly and Spectral, recommended rules; exit 1 on an error of either.

Needs Node.js with npm; the linters' versions are pinned in `scripts/lint/package-lock.json`.
"""

import os
import subprocess
import sys
from pathlib import Path

from npm_programs import NoPrograms, programs

ROOT = Path(__file__).resolve().parent.parent
LINT = ROOT / "scripts" / "lint"
DOCUMENTS = [str(ROOT / "openapi" / f"{name}.yaml") for name in ("reference", "documented", "deployed")]


def main() -> int:
    """Install the linters where they are missing, run both, and return the exit code."""
    try:
        found = programs(LINT)
    except NoPrograms as error:
        print(f"lint: {error}", file=sys.stderr)
        return 2
    environment = {**os.environ, "REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "CI": "true"}
    failed = False
    commands: tuple[list[str | Path], ...] = (
        [found / "redocly", "lint", "--config", LINT / "redocly.yaml", "--format", "summary", *DOCUMENTS],
        [found / "spectral", "lint", "-r", LINT / "spectral.yaml", "--fail-severity", "error", *DOCUMENTS],
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
