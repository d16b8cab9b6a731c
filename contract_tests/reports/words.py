"""A finding in plain lines, as reports without a layout of their own show it."""

from contract_tests.reports.text import cut, one_line, plural, seconds
from contract_tests.results import Finding, Step

__all__ = ["answer_line", "contrast", "facts", "finding_lines", "media_type", "seen"]

CURL_CHARACTERS = 8000
CONTRAST_CHARACTERS = 80
VALUE_CHARACTERS = 2000
BODY_CHARACTERS = 2000


def media_type(step: Step) -> str:
    """The media type of the answer as the server gave it, or an empty text."""
    return next((value for name, value in step.answer_headers if name.lower() == "content-type"), "")


def answer_line(step: Step) -> str:
    """What came back in one line: `201, application/json, 12 ms`, or why nothing did."""
    if step.status is None:
        return f"no answer: {one_line(step.trouble or 'it is not known why', 300)}"
    facts = [str(step.status), one_line(media_type(step), 100), seconds(step.milliseconds / 1000)]
    return ", ".join(fact for fact in [*facts, one_line(step.trouble or "", 300)] if fact)


def contrast(finding: Finding) -> str:
    """What was expected and what was found, in a line short enough to stand beside the title."""
    values = (("expected", finding.expected), ("found", finding.found))
    return "; ".join(f"{name} {one_line(value, CONTRAST_CHARACTERS)}" for name, value in values if value.strip())


def seen(finding: Finding) -> str:
    """How often a finding was seen and by which further checks; empty for once, by one check."""
    if finding.seen <= 1 and not finding.also:
        return ""
    also = f", also by {', '.join(finding.also)}" if finding.also else ""
    return plural(finding.seen, "time") + one_line(also, 500)


def facts(finding: Finding) -> list[tuple[str, str]]:
    """The named values of a finding, in the order in which people need them; empty ones are left out."""
    found = [
        ("check", finding.check),
        ("operations", ", ".join(finding.operations)),
        ("section", finding.section),
        ("expected", finding.expected),
        ("found", finding.found),
        ("seen", seen(finding)),
    ]
    return [(name, value.strip()) for name, value in found if value.strip()]


def finding_lines(finding: Finding) -> list[str]:
    """Return a finding as lines: its values, then each request as a command, the answer as a comment below it."""
    lines = [f"{finding.severity.value.upper()}: {one_line(finding.title)}"]
    for name, value in facts(finding):
        first, *others = cut(value, VALUE_CHARACTERS).splitlines()
        lines += [f"{name + ':':<11} {first}", *(f"{'':<11} {line}" for line in others)]
    for step in finding.steps:
        lines += ["", *cut(step.curl, CURL_CHARACTERS).splitlines(), f"# -> {answer_line(step)}"]
        lines += [f"# {line}" for line in cut(step.answer_body, BODY_CHARACTERS).splitlines()]
    return lines
