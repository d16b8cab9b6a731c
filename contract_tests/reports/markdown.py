"""The Markdown report: fit for the summary of a CI job, where GitHub takes at most 1 MiB."""

import html
import re
from collections.abc import Iterable, Iterator

from contract_tests.reports.summary import dimensions, layers, repeat_command, verdict_line, worst_first
from contract_tests.reports.text import cleaned, cut, number, one_line, plural, seconds
from contract_tests.reports.words import answer_line, contrast, facts
from contract_tests.results import Finding, RunResult, Severity, Step, Verdict

__all__ = ["LIMIT", "render"]

# GitHub refuses a summary above 1 MiB altogether; the rest is for what else the step writes.
LIMIT = 900 * 1024
DETAILS_LIMIT = 600 * 1024
ROWS = 200
TITLE_CHARACTERS = 200
VALUE_CHARACTERS = 2000
CURL_CHARACTERS = 8000
BODY_CHARACTERS = 3000
SIGNS = {"conforms": "✅", "findings": "❌", "could not test": "⚠️"}
LIGHTS = {Severity.CRITICAL: "🟣", Severity.MAJOR: "🔴", Severity.MINOR: "🟡"}
MARKS = {Verdict.PASSED: "✅", Verdict.FAILED: "❌", Verdict.NOT_EXERCISED: "➖"}
# What Markdown or GitHub's extensions of it may read as more than itself within a line. A colon makes a link or an
# emoji only where no space follows, a full stop only after `www`.
_SPECIAL = re.compile(r"[\\`*_\[\]#!~$]|:(?=\S)|(?<=www)\.", re.IGNORECASE)


def escape(text: str) -> str:
    """Write a text on one line so that Markdown shows it as it is: no table, link, formula, tag or mention is made."""
    marked = _SPECIAL.sub(lambda found: f"\\{found[0]}", " ".join(text.split()))
    # Entities come last, so that their own signs stay. An empty comment keeps a name from being called.
    return html.escape(marked).replace("|", "&#124;").replace("@", "&#64;<!-- -->")


def render(result: RunResult) -> str:
    """Return the report; where findings are many, it says how many details are left out."""
    result = cleaned(result)
    findings = worst_first(result.findings)
    lines = [
        f"## {SIGNS[result.verdict]} Contract tests: {escape(verdict_line(result))}",
        "",
        _facts(result),
        "",
        *_findings_table(findings),
        *_details(findings),
        *_layers(result),
        *_not_exercised(result),
        *_coverage(result),
        *_timings(result),
        *_notes(result),
        *_again(result),
    ]
    return _within("\n".join(lines) + "\n", LIMIT)


def _facts(result: RunResult) -> str:
    read_only = ", read-only" if result.read_only else ""
    place = f"{_code(result.target)} against {_code(result.document)}"
    return f"{place}, profile {_code(result.profile)}, effort {_code(result.effort)}{read_only}"


def _within(text: str, limit: int) -> str:
    """The last defence against the limit of GitHub; the limits of every part keep nearly all reports far below it."""
    octets = text.encode()
    if len(octets) <= limit:
        return text
    shown = octets[:limit].decode(errors="ignore").rpartition("\n")[0]
    return f"{shown}\n\n*The rest of this report is left out, since it is too long.*\n"


def _code(text: str) -> str:
    return f"<code>{escape(cut(text, TITLE_CHARACTERS))}</code>"


def _block(text: str, language: str) -> list[str]:
    """A fenced block; its fence is longer than any run of backticks in the text."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}{language}", text.rstrip("\n"), fence, ""]


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    head = list(head)
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return [*lines, *(f"| {' | '.join(row)} |" for row in rows), ""]


def _folded(title: str, lines: Iterable[str]) -> Iterator[str]:
    """Lines behind a title that opens them. Up to the empty line all is HTML, and Markdown from there on."""
    yield from ("<details>", f"<summary>{html.escape(title)}</summary>", "", *lines, "</details>", "")


def _findings_table(findings: tuple[Finding, ...]) -> list[str]:
    if not findings:
        return []
    rows = (
        [
            f"{LIGHTS[one.severity]} {one.severity.value}",
            f"{escape(cut(one.title, TITLE_CHARACTERS))}: {escape(contrast(one))}",
            escape(cut(", ".join(one.operations), TITLE_CHARACTERS)),
            _code(one.check),
            escape(cut(one.section, TITLE_CHARACTERS)),
            number(one.seen),
        ]
        for one in findings[:ROWS]
    )
    table = _table(("severity", "finding", "operations", "check", "section", "seen"), rows)
    left_out = len(findings) - ROWS
    return [*table, f"… and {plural(left_out, 'finding')} more.", ""] if left_out > 0 else table


def _details(findings: tuple[Finding, ...]) -> Iterator[str]:
    spent = 0
    for place, finding in enumerate(findings, 1):
        light = LIGHTS[finding.severity]
        title = f"{light} {place}. {one_line(finding.title, TITLE_CHARACTERS)}"
        lines = list(_folded(title, _detail(finding)))
        spent += len("\n".join(lines).encode())
        if spent > DETAILS_LIMIT:
            left_out = plural(len(findings) - place + 1, "finding")
            yield from (f"*The details of {left_out} are left out here: see the JSON or the HTML report.*", "")
            return
        yield from lines


def _detail(finding: Finding) -> Iterator[str]:
    for name, value in facts(finding):
        yield f"- **{name}**: {escape(cut(value, VALUE_CHARACTERS))}"
    yield ""
    for step in finding.steps:
        yield from _block(cut(step.curl, CURL_CHARACTERS), "sh")
        yield from _answer(step)


def _answer(step: Step) -> Iterator[str]:
    yield from (f"→ {escape(answer_line(step))}", "")
    if step.answer_body:
        yield from _block(cut(step.answer_body, BODY_CHARACTERS), "")


def _layers(result: RunResult) -> list[str]:
    rows = (
        [
            escape(layer.name),
            *(number(layer.count(verdict)) for verdict in Verdict),
            number(layer.requests),
            seconds(layer.seconds),
        ]
        for layer in layers(result)
    )
    head = ("layer", *(f"{MARKS[verdict]} {verdict.value}" for verdict in Verdict), "requests", "time")
    return ["### Checks", "", *_table(head, rows)] if result.checks else []


def _not_exercised(result: RunResult) -> Iterator[str]:
    idle = [check for check in result.checks if check.verdict is Verdict.NOT_EXERCISED]
    if idle:
        rows = ([_code(check.name), escape(cut(check.reason, TITLE_CHARACTERS))] for check in idle[:ROWS])
        more = [f"… and {plural(len(idle) - ROWS, 'check')} more.", ""] if len(idle) > ROWS else []
        yield from _folded(f"{plural(len(idle), 'check')} not exercised", [*_table(("check", "reason"), rows), *more])


def _coverage(result: RunResult) -> Iterator[str]:
    found = dimensions(result)
    if not found:
        return
    rows = ([one.title, number(one.exercised), number(one.declared), f"{one.percent} %"] for one in found)
    yield from ("### Coverage", "", *_table(("of the contract", "exercised", "declared", ""), rows))
    gaps = [row for one in found for row in one.missing]
    if gaps:
        cells = (
            [row.dimension, escape(row.operation), _code(row.name), escape(cut(row.reason, TITLE_CHARACTERS))]
            for row in gaps[:ROWS]
        )
        more = [f"… and {number(len(gaps) - ROWS)} more.", ""] if len(gaps) > ROWS else []
        table = _table(("what", "operation", "name", "reason"), cells)
        yield from _folded(f"{number(len(gaps))} not exercised", [*table, *more])


def _timings(result: RunResult) -> Iterator[str]:
    slowest = sorted(result.timings, key=lambda timing: -timing.p95)[:ROWS]
    if slowest:
        rows = (
            [_code(one.operation), number(one.count), f"{one.median:.1f}", f"{one.p95:.1f}", f"{one.slowest:.1f}"]
            for one in slowest
        )
        head = ("operation", "answers", "median ms", "p95 ms", "slowest ms")
        yield from _folded("How fast it answered", _table(head, rows))


def _notes(result: RunResult) -> Iterator[str]:
    if result.notes:
        yield from ("### Notes", "", *(f"- {escape(cut(note, VALUE_CHARACTERS))}" for note in result.notes[:ROWS]), "")


def _again(result: RunResult) -> list[str]:
    return ["### Again", "", *_block(repeat_command(result), "sh")]
