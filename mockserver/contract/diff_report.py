"""Writes changes down: text for a terminal, Markdown for a CI job summary, JSON for programs."""

import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Literal

from mockserver.contract.diff_model import SEVERITIES, Change, Severity, worst
from mockserver.errors import UsageError

__all__ = ["FORMATS", "Format", "render"]

Format = Literal["text", "json", "markdown"]

_NOTHING = "No changes."
_MEMBERS = tuple(field.name for field in fields(Change))
_MAX_OPERATIONS = 4  # named for one change that many operations share

# A change that holds for several operations: the operations by the part of them where it holds.
_Group = tuple[Change, dict[str, list[str]]]


def render(changes: Sequence[Change], format: str) -> str:  # noqa: A002  the word of the option
    """Return ``changes`` as text, ending in a newline; ``format`` is one of ``FORMATS``.

    Text and Markdown put the most severe first and name a change that several operations share once.
    """
    writer = FORMATS.get(format)
    if writer is None:
        known = ", ".join(FORMATS)
        raise UsageError(f"the format is {format!r}: one of {known} was expected. Choose one of them.")
    return writer(changes)


def _counts(changes: Sequence[Change]) -> dict[str, Counter[Severity]]:
    return {
        "clients": Counter(change.for_clients for change in changes),
        "servers": Counter(change.for_servers for change in changes),
    }


def _line(counts: Counter[Severity]) -> str:
    return ", ".join(f"{counts[severity]} {severity}" for severity in SEVERITIES)


def _groups(changes: Sequence[Change]) -> list[_Group]:
    found: dict[tuple[str, ...], _Group] = {}
    for change in changes:
        key = (change.kind, change.pointer, change.message, change.for_clients, change.for_servers)
        _, places = found.setdefault(key, (change, {}))
        places.setdefault(change.where, []).append(change.operation)
    return sorted(found.values(), key=lambda group: _rank(group[0]))


def _rank(change: Change) -> tuple[int, int, int]:
    return (
        SEVERITIES.index(change.severity),
        SEVERITIES.index(change.for_clients),
        SEVERITIES.index(change.for_servers),
    )


def _places(places: dict[str, list[str]], code: Callable[[str], str]) -> list[str]:
    """Return one text for each part: the operations, then the part; ``code`` marks the operations."""
    result = []
    for where, operations in places.items():
        named = [code(operation) for operation in operations[:_MAX_OPERATIONS] if operation]
        more = len(operations) - _MAX_OPERATIONS
        text = ", ".join(named) + (f" and {more} more" if more > 0 else "")
        result.append(", ".join(part for part in (text, where) if part))
    return result


def _text(changes: Sequence[Change]) -> str:
    if not changes:
        return _NOTHING + "\n"
    counts = _counts(changes)
    lines = [
        f"{len(changes)} change{'s' if len(changes) > 1 else ''}",
        f"  for clients: {_line(counts['clients'])}",
        f"  for servers: {_line(counts['servers'])}",
    ]
    groups = _groups(changes)
    for severity in SEVERITIES:
        here = [group for group in groups if group[0].severity == severity]
        if here:
            lines += ["", f"{severity.upper()} ({sum(change.severity == severity for change in changes)})"]
        for change, places in here:
            lines.append(f"  {'; '.join(_places(places, str))}: {change.message}")
            if severity != "harmless":
                lines.append(f"    clients: {change.for_clients} ({change.why_clients})")
                lines.append(f"    servers: {change.for_servers} ({change.why_servers})")
            lines.append(f"    {change.kind}  {change.pointer}")
    return "\n".join(map(_plain, lines)) + "\n"


def _markdown(changes: Sequence[Change]) -> str:
    if not changes:
        return f"## Contract changes\n\n{_NOTHING}\n"
    counts = _counts(changes)
    lines = ["## Contract changes", "", "| | breaking | risky | harmless |", "|---|---|---|---|"]
    for audience, found in counts.items():
        cells = " | ".join(str(found[severity]) for severity in SEVERITIES)
        lines.append(f"| for {audience} | {cells} |")
    groups = _groups(changes)
    for severity in SEVERITIES:
        here = [group for group in groups if group[0].severity == severity]
        if not here:
            continue
        lines += ["", f"### {severity.capitalize()}", ""]
        lines += ["| where | what | for clients | for servers |", "|---|---|---|---|"]
        for change, places in here:
            place = "<br>".join(_cell(text) for text in _places(places, _code))
            clients = f"**{change.for_clients}**: {_cell(change.why_clients)}"
            servers = f"**{change.for_servers}**: {_cell(change.why_servers)}"
            lines.append(f"| {place} | {_cell(change.message)} | {clients} | {servers} |")
    return "\n".join(lines) + "\n"


def _json(changes: Sequence[Change]) -> str:
    counts = {
        audience: {severity: found[severity] for severity in SEVERITIES} for audience, found in _counts(changes).items()
    }
    report = {
        "worst": worst(changes),
        "worst_for_clients": worst(changes, "clients"),
        "worst_for_servers": worst(changes, "servers"),
        "counts": counts,
        "changes": [{name: getattr(change, name) for name in _MEMBERS} for change in changes],
    }
    return json.dumps(report, indent=2) + "\n"


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def _plain(text: str) -> str:
    """Return ``text`` without what would steer a terminal or cannot be written as UTF-8."""
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _code(operation: str) -> str:
    return "`" + operation.replace("`", "'") + "`" if operation else ""


def _cell(text: str) -> str:
    """Return ``text`` for a cell of a Markdown table; names stay code, anything else cannot become markup."""
    text = _plain(text).replace("|", "\\|")
    if text.count("`") % 2:
        text = text.replace("`", "'")
    pieces = text.split("`")
    pieces[::2] = [piece.replace("<", "&lt;").replace("*", "\\*").replace("[", "\\[") for piece in pieces[::2]]
    return "`".join(pieces)


FORMATS: dict[str, Callable[[Sequence[Change]], str]] = {"text": _text, "json": _json, "markdown": _markdown}
