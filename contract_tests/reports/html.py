"""The HTML report: one page that needs nothing but itself, and in which no value of a server can be more than text."""

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from contract_tests.reports import summary, text, words
from contract_tests.results import CoverageRow, RunResult, Severity, Verdict

__all__ = ["render"]

CURL_CHARACTERS = 64 * 1024
BODY_CHARACTERS = 16 * 1024
VALUE_CHARACTERS = 2000
NAME_CHARACTERS = 300
LABEL_CHARACTERS = 40  # where a table has no room for more
OPEN_AT_MOST = 10  # findings that are open when the page is; with more, each is opened by hand
TITLES = {"conforms": "Conforms", "findings": "Does not conform", "could not test": "Could not test"}
# Columns of the matrix beside those of the statuses.
SHARES = ("parameter", "request keyword", "response keyword", "rule")


@dataclass(frozen=True)
class Cell:
    """One place of the coverage matrix: how many things are declared there, how many were exercised, how often."""

    declared: int
    exercised: int
    times: int
    reasons: tuple[str, ...]

    @property
    def state(self) -> str:
        """One of `none`, `full`, `part`, `gap`."""
        if not self.declared:
            return "none"
        return "full" if self.exercised == self.declared else "part" if self.exercised else "gap"


@dataclass(frozen=True)
class MatrixRow:
    """One operation of the matrix."""

    operation: str
    times: Cell
    statuses: tuple[tuple[str, Cell], ...]
    shares: tuple[tuple[str, Cell], ...]


def render(result: RunResult) -> str:
    """Return the page. Its policy allows its own style and script, by their digests, and nothing else."""
    result = text.cleaned(result)
    css, script = _part("page.css"), _part("page.js")
    findings = summary.worst_first(result.findings)
    columns = _statuses(result)
    found = summary.dimensions(result)
    # Both are files of ours; nothing that a server said is in them.
    style = {"css": Markup(css), "script": Markup(script), "policy": _policy(css, script)}  # noqa: S704
    return (
        _environment()
        .from_string(_part("page.html.j2"))
        .render(
            **style,
            result=result,
            title=TITLES[result.verdict],
            verdict_line=summary.verdict_line(result),
            repeat=text.cut(summary.repeat_command(result), CURL_CHARACTERS),
            findings=findings,
            numbers={(finding.check, finding.code): place for place, finding in enumerate(findings, 1)},
            open_findings=len(result.findings) <= OPEN_AT_MOST,
            severities=[one for one in Severity if any(finding.severity is one for finding in result.findings)],
            severity_line=summary.severities(result.findings),
            layers=summary.layers(result),
            verdicts=list(Verdict),
            dimensions=found,
            exercised=sum(one.exercised for one in found),
            declared=sum(one.declared for one in found),
            status_columns=columns,
            matrix=_matrix(result.coverage, columns),
            timings=sorted(result.timings, key=lambda timing: -timing.p95),
            slowest=max((timing.slowest for timing in result.timings), default=0.0) or 1.0,
        )
    )


def _environment() -> Environment:
    """What the template is written in: everything is escaped, and nothing shown is longer than a reader needs."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters.update(
        number=text.number,
        seconds=text.seconds,
        curl=lambda value: text.cut(value, CURL_CHARACTERS),
        value=lambda value: text.cut(value, VALUE_CHARACTERS),
        name=lambda value: text.one_line(value, NAME_CHARACTERS),
        label=lambda value: text.one_line(value, LABEL_CHARACTERS),
        body=_body,
        percent=lambda share: f"{100 * share:.2f}",
    )
    environment.globals.update(
        contrast=words.contrast, media_type=words.media_type, seen=words.seen, plural=text.plural
    )
    return environment


def _part(name: str) -> str:
    return (files("contract_tests.reports") / "page" / name).read_text(encoding="utf-8")


def _policy(css: str, script: str) -> str:
    """The Content-Security-Policy (level 3) of the page."""

    def digest(source: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"

    # A digest is of all that stands between the tags, so the template puts nothing else there.
    rules = {
        "default-src": "'none'",
        "style-src": digest(css),
        "script-src": digest(script),
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _body(body: str) -> str:
    """Set JSON out in lines where that changes nothing but white space; show anything else as it came."""
    if len(body) <= BODY_CHARACTERS:
        try:
            value = json.loads(body)
            for separators in ((",", ":"), (", ", ": ")):
                if json.dumps(value, separators=separators, ensure_ascii=False) == body.strip():
                    return json.dumps(value, indent=2, ensure_ascii=False)
        except (ValueError, RecursionError):
            pass
    return text.cut(body, BODY_CHARACTERS)


def _statuses(result: RunResult) -> list[str]:
    return sorted({row.name for row in result.coverage if row.dimension == "status"})


def _matrix(rows: Sequence[CoverageRow], columns: list[str]) -> list[MatrixRow]:
    """What was exercised of every operation, one row for each; what belongs to no operation comes last."""
    matrix = []
    for operation in sorted(dict.fromkeys(row.operation for row in rows), key=lambda name: not name):
        own = [row for row in rows if row.operation == operation]
        matrix.append(
            MatrixRow(
                operation,
                _cell(own, "operation"),
                tuple((status, _cell(own, "status", status)) for status in columns),
                tuple((dimension, _cell(own, dimension)) for dimension in SHARES),
            )
        )
    return matrix


def _cell(rows: Sequence[CoverageRow], dimension: str, name: str | None = None) -> Cell:
    there = [row for row in rows if row.dimension == dimension and name in (None, row.name)]
    reasons = dict.fromkeys(row.reason for row in there if not row.exercised and row.reason)
    return Cell(len(there), sum(row.exercised > 0 for row in there), sum(row.exercised for row in there), (*reasons,))
