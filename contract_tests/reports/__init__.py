"""Reports of a run: one writer per kind, and the option that asks for them."""

import contextlib
import difflib
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from contract_tests.errors import UsageError
from contract_tests.reports import html, json_report, junit, markdown
from contract_tests.results import RunResult

__all__ = ["KINDS", "parse_report_option", "parse_report_options", "render", "write"]

# Each renders a whole run as text; `render` and `write` are the ways to call them.
KINDS: dict[str, Callable[[RunResult], str]] = {
    "junit": junit.render,
    "json": json_report.render,
    "markdown": markdown.render,
    "html": html.render,
}
EXAMPLE = "--report html=report.html"


def parse_report_option(option: str) -> tuple[str, Path]:
    """Read `KIND=FILE`, and prove at once that the file can be written; what is there already is left alone.

    Raises UsageError: nobody should wait for a run whose report is lost in the end.
    """
    kind, equals, name = option.partition("=")
    if not equals or not kind or not name:
        raise UsageError(f"--report {option!r}: expected KIND=FILE, such as {EXAMPLE}; kinds are {', '.join(KINDS)}")
    if kind not in KINDS:
        close = difflib.get_close_matches(kind.lower(), KINDS, n=1, cutoff=0.5)
        meant = f"did you mean {close[0]!r}? " if close else ""
        raise UsageError(f"--report {option!r}: unknown kind {kind!r}; {meant}kinds are {', '.join(KINDS)}")
    path = Path(name)
    _prove_writable(path, option)
    return kind, path


def parse_report_options(options: Iterable[str]) -> tuple[tuple[str, Path], ...]:
    """Read every `--report` of a command line; two that name one file raise UsageError."""
    reports = tuple(map(parse_report_option, options))
    seen: dict[Path, str] = {}
    for kind, path in reports:
        if _is_stream(path):
            continue
        place = path.resolve()
        if place in seen:
            raise UsageError(f"--report: {str(path)!r} is to hold both {seen[place]} and {kind}; name two files")
        seen[place] = kind
    return reports


def render(kind: str, result: RunResult) -> str:
    """Return a report as text. Shapes: JUnit XML, JSON (`report.schema.json`), GitHub's Markdown, one HTML page."""
    return KINDS[kind](result)


def write(kind: str, path: Path, result: RunResult) -> None:
    """Write a report as UTF-8, all or nothing; a reader never sees half of one. Raises UsageError if it cannot."""
    text = render(kind, result)
    try:
        if _is_stream(path):
            path.write_text(text, encoding="utf-8", newline="\n")
            return
        place = path.resolve()  # a symbolic link stays one
        with _beside(place) as beside:
            beside.write_text(text, encoding="utf-8", newline="\n")
            beside.replace(place)
    except OSError as error:
        raise UsageError(f"--report {kind}={path}: cannot be written: {error.strerror or error}") from error


@contextlib.contextmanager
def _beside(place: Path) -> Iterator[Path]:
    """A new file of a random name in the folder of another, removed at the end if it is still there."""
    path = place.with_name(f".{place.name[:100]}.{secrets.token_hex(8)}.tmp")
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))  # the umask decides who may read
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _is_stream(path: Path) -> bool:
    """Tell whether a path is a device or a pipe: these are written to, not replaced."""
    return path.exists() and not path.is_file() and not path.is_dir()


def _prove_writable(path: Path, option: str) -> None:
    place = path.resolve()
    if path.is_dir():
        raise UsageError(f"--report {option!r}: {str(path)!r} is a folder; name a file in it")
    if not place.parent.is_dir():
        raise UsageError(f"--report {option!r}: there is no folder {str(path.parent)!r}; make it first")
    if _is_stream(path):
        return
    try:
        with _beside(place):
            pass
    except OSError as error:
        raise UsageError(f"--report {option!r}: cannot write there: {error.strerror or error}") from error
    if path.exists() and not os.access(path, os.W_OK):
        raise UsageError(f"--report {option!r}: {str(path)!r} is there already and may not be written")
