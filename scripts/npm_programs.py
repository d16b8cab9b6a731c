"""Programs of npm, pinned: installs what a folder's `package-lock.json` names, and says where its programs are."""

import shutil
import subprocess
from pathlib import Path

__all__ = ["NoPrograms", "programs"]


class NoPrograms(Exception):
    """Raised where the programs cannot be had; the message says why and what to do."""


def programs(folder: Path) -> Path:
    """Return the folder of the programs that an npm folder pins, installed first where they are missing or outdated.

    Nothing that a package would run while it is installed is run. Raises :class:`NoPrograms` without Node.js or
    where npm fails.
    """
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise NoPrograms("no 'node' and 'npm' found; install Node.js 20 or later (on Debian: scripts/ci-packages)")
    installed, lock = folder / "node_modules" / ".package-lock.json", folder / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        done = subprocess.run(
            [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=folder, capture_output=True, text=True
        )
        if done.returncode:
            raise NoPrograms(f"npm ci failed in {folder.name}:\n{done.stderr}")
        installed.touch()
    return folder / "node_modules" / ".bin"
