"""docs/a-day-with-the-mock.md: its commands run as they stand, in their order, and show what the page shows."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGE = (DOCS / "a-day-with-the-mock.md").read_text(encoding="utf-8")
URL = "http://127.0.0.1:8080"
# What takes too long or needs more than there is here; where else it is run.
ELSEWHERE = {"make example-typescript": ROOT / ".ci" / "run", "docker": DOCS / "container.md"}


def steps():
    """Yield the page's files and commands in their order: (name, text), or (command, what it shows)."""
    for language, block in re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL):
        if language != "console":
            yield "file", re.match(r"# (\S+)\n", block)[1], block
            continue
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            yield "command", command, shown


def like(shown):
    """Return a pattern for what the page shows: a line of `…` is any number of lines, elsewhere `…` is any text."""
    lines = [
        r"(?:.*\n)*?" if line == "…" else ".*".join(map(re.escape, line.split("…"))) + r"\n"
        for line in shown.splitlines()
    ]
    return re.compile("".join(lines))


class Day:
    """A day in a folder of its own, with one mock at a time."""

    def __init__(self, folder):
        self.folder = folder
        self.mock = None
        self.url = URL
        (folder / ".venv").symlink_to(Path(sys.prefix), target_is_directory=True)

    def serve(self, command):
        """Do what `make serve` does, on a free port, and return what it shows."""
        self.stop()
        options = re.fullmatch(r"make serve(?: SERVE='([^']*)')?", command)[1] or ""
        recipe = "@$(BIN)/mockserver serve --host 127.0.0.1 --port 8080 $(SERVE)"
        assert recipe in (ROOT / "Makefile").read_text()
        program = [".venv/bin/mockserver", "serve", "--port", "0", *options.split()]
        told = self.folder / "told.txt"
        with told.open("w") as out:
            self.mock = subprocess.Popen(program, cwd=self.folder, stdout=out, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 60
        while "Stop with Ctrl-C" not in told.read_text():
            assert self.mock.poll() is None, told.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        text = told.read_text()
        self.url = re.search(r"http://\S+", text)[0]
        return text

    def run(self, command):
        """Run a command as it stands, at the present mock, and return what it shows."""
        environment = {**os.environ, "PYTEST_ADDOPTS": "-p no:cacheprovider -p no:schemathesis"}
        environment.pop("PYTEST_XDIST_WORKER", None)
        command = command.replace(URL, self.url)
        done = subprocess.run(
            ["bash", "-c", command], cwd=self.folder, env=environment, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0 or command.startswith("grep -c"), f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def stop(self):
        """Press Ctrl-C."""
        if self.mock is not None:
            self.mock.send_signal(signal.SIGINT)
            assert self.mock.wait(timeout=30) == 0
            self.mock = None


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("bash")), reason="there is no curl or no bash")
def test_the_day_goes_as_the_page_says(tmp_path):
    day = Day(tmp_path)
    try:
        for kind, name, text in steps():
            if kind == "file":
                (tmp_path / name).write_text(text.replace(URL, day.url), encoding="utf-8")
                continue
            elsewhere = next((place for start, place in ELSEWHERE.items() if name.startswith(start)), None)
            if elsewhere is not None:
                assert name in elsewhere.read_text()
                continue
            found = day.serve(name) if name.startswith("make serve") else day.run(name)
            found = found.replace(day.url, URL)
            found = found if found.endswith("\n") or not found else f"{found}\n"
            assert like(text).fullmatch(found), f"$ {name}\nshows\n{found}\nand not\n{text}"
    finally:
        day.stop()


def test_the_typescript_example_says_what_the_page_shows():
    shown = next(text for _, command, text in steps() if command == "make example-typescript").splitlines()[-1]
    script = (ROOT / "scripts" / "typescript_example.py").read_text()
    steps_ = ", ".join(re.findall(r'"(\w+)"', re.search(r"STEPS = (\(.*?\))", script)[1]))
    assert shown == f"example: {steps_}: all good"


def test_every_picture_that_the_docs_show_is_there_and_made_by_the_script():
    shown = set()
    for page in (ROOT / "README.md", *DOCS.glob("*.md")):
        for text, target in re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
            assert len(text) > 15, f"{page.name}: {target} has no text for who does not see it"
            assert (page.parent / target).is_file(), f"{page.name}: {target}"
            shown.add((page.parent / target).resolve())
    script = (ROOT / "scripts" / "screenshots.py").read_text()
    made = {(DOCS / "images" / name).resolve() for name in re.findall(r'"([\w-]+\.png)"', script)}
    assert shown == made == set((DOCS / "images").iterdir())
    assert len(made) <= 8
    assert max(path.stat().st_size for path in made) < 150_000
