"""Did as many requests come as were expected? And if not, which came near, and what is different about them?"""

from collections.abc import Mapping
from typing import Any

from mockserver.control.journal import Entry, Journal
from mockserver.control.matching import Difference, Matcher

__all__ = ["verdict"]

_CANDIDATES = 5
_LOOKED_AT = 2000  # the newest entries that are compared in full
_SHOWN_IDS = 100


def verdict(journal: Journal, matcher: Matcher, expected: Mapping[str, int], after: int = 0) -> dict[str, Any]:
    """Return whether the number of matching entries is as expected; on too few, with the nearest that do not match."""
    matching: list[Entry] = []
    others: list[Entry] = []
    for entry in journal.entries(after):
        (matching if matcher.matches(journal.facts(entry)) else others).append(entry)
    count = len(matching)
    low = expected.get("exactly", expected.get("at_least", 0))
    high = expected.get("exactly", expected.get("at_most", count))
    passed = low <= count <= high
    candidates = _nearest(journal, matcher, others) if count < low else []
    return {
        "passed": passed,
        "count": count,
        "message": _message(expected, count, journal, candidates, passed=passed),
        "entries": [entry.id for entry in matching[:_SHOWN_IDS]],
        "candidates": [
            {
                "entry": journal.document(entry),
                "differences": [{"place": d.place, "expected": d.expected, "found": d.found} for d in differences],
            }
            for entry, differences in candidates
        ],
    }


def _nearest(journal: Journal, matcher: Matcher, entries: list[Entry]) -> list[tuple[Entry, list[Difference]]]:
    """Return the entries that differ in the fewest places, the newest first among equals; none that differ in all."""
    judged = [(entry, matcher.differences(journal.facts(entry))) for entry in entries[-_LOOKED_AT:]]
    near = [(entry, differences) for entry, differences in judged if len(differences) < max(2, len(matcher))]
    return sorted(near, key=lambda pair: (len(pair[1]), -pair[0].id))[:_CANDIDATES]


def _message(
    expected: Mapping[str, int],
    count: int,
    journal: Journal,
    candidates: list[tuple[Entry, list[Difference]]],
    *,
    passed: bool,
) -> str:
    wanted = " and ".join(f"{name.replace('_', ' ')} {number}" for name, number in expected.items())
    text = f"Found {count} matching request{'s' if count != 1 else ''}, expected {wanted}."
    if passed:
        return text
    if not candidates:
        return f"{text} Nothing like it is among the {len(journal)} requests of the journal."
    entry, differences = candidates[0]
    places = "; ".join(f"{d.place}: expected {d.expected}, found {d.found}" for d in differences[:3])
    return f"{text} The nearest is entry {entry.id}, {entry.method} {entry.path}: {places}."
