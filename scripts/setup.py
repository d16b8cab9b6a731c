"""Make or refresh `.venv`: the one set-up step behind every `make` target.

Written so that even an old Python can read it, and say which one is needed. The set-up is done again
only when what it was made from has changed (pyproject.toml, constraints.txt, the Python itself).
"""

from __future__ import print_function

import compileall
import hashlib
import os
import subprocess
import sys

NEEDED = (3, 11)
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
# Inside an activated .venv, the Python that the environment was made from: it must survive `--clear`.
PYTHON = getattr(sys, "_base_executable", None) or sys.executable
STAMP = os.path.join(VENV, "setup-stamp")
PACKAGES = ("mockserver", "contract_tests")
SOURCES = ("pyproject.toml", "constraints.txt", os.path.join("scripts", "setup.py"))


def stop(message):
    """Print one clear message and leave with exit code 2."""
    print("setup: " + message, file=sys.stderr)
    sys.exit(2)


def fingerprint():
    """Return a digest of everything that the environment is made from."""
    digest = hashlib.sha256(sys.version.encode() + PYTHON.encode())
    for name in SOURCES:
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def read_stamp():
    """Return the digest that the present environment was made from, or an empty string."""
    try:
        with open(STAMP) as file:
            return file.read()
    except (IOError, OSError):
        return ""


def run(command, what, env=None):
    """Run a command; on failure show what it printed and stop."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env)
    output = process.communicate()[0].decode("utf-8", "replace")
    if process.returncode:
        print(output, file=sys.stderr)
        stop(what + " failed; the lines above say why. Mend that and run the same make command again.")


def compile_packages():
    """Compile what has changed: where Python may not write compiled files, each start would compile all anew."""
    for name in PACKAGES:
        compileall.compile_dir(os.path.join(ROOT, name), quiet=1)


def main():
    """Make the environment, unless it is already what it should be."""
    if sys.version_info < NEEDED:
        stop(
            "found Python %d.%d at %s, but this project needs Python %d.%d or later. "
            "Install one, or name it: make PYTHON=/path/to/python3.12 ..."
            % (sys.version_info[0], sys.version_info[1], sys.executable, NEEDED[0], NEEDED[1])
        )
    compile_packages()
    wanted = fingerprint()
    if read_stamp() == wanted:
        return
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError as error:
        stop(
            "this Python (%s) lacks the standard module %r. On Debian or Ubuntu: apt-get install python3-venv"
            % (sys.executable, error.name)
        )
    print("setup: installing into .venv (this is done once)", file=sys.stderr)
    run([PYTHON, "-m", "venv", "--clear", VENV], "making .venv")
    scripts = os.path.join(VENV, "Scripts" if os.name == "nt" else "bin")
    constraints = os.path.join(ROOT, "constraints.txt")
    environment = dict(os.environ, PIP_CONSTRAINT=constraints, PIP_DISABLE_PIP_VERSION_CHECK="1")
    python = os.path.join(scripts, "python.exe" if os.name == "nt" else "python")
    run([python, "-m", "pip", "install", "-e", ROOT + "[dev]"], "installing the packages", environment)
    with open(STAMP, "w") as file:
        file.write(wanted)


if __name__ == "__main__":
    main()
