"""Findings about what a schema says beside the values that it allows: documentation, defaults, marks."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from mockserver.contract.diff_document import shown
from mockserver.contract.diff_findings import SUBJECT, Direction, Finding
from mockserver.contract.diff_views import View

__all__ = ["changed_members", "note_findings"]


def changed_members(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Return the names whose values differ between two mappings, sorted; a missing one differs."""
    return sorted(
        name
        for name in old.keys() | new.keys()
        if (name in old) != (name in new) or _text(old[name]) != _text(new[name])
    )


def note_findings(old: View, new: View, at: str, direction: Direction) -> Iterator[Finding]:
    """Yield what changed about the value without changing which values are allowed."""
    notes = changed_members(_ordered(old.notes), _ordered(new.notes))
    if notes:
        message = f"{_words(notes)} of {SUBJECT} changed"
        yield Finding("documentation-changed", at, "", message)
    extensions = changed_members(_ordered(old.extensions), _ordered(new.extensions))
    if extensions:
        yield Finding("extension-changed", at, "", f"{_words(extensions)} of {SUBJECT} changed")
    yield from _defaults(old, new, at, direction)
    if "deprecated" in old.flags ^ new.flags:
        now = "deprecated" in new.flags
        message = f"{SUBJECT} was {'not ' if now else ''}deprecated, and is {'' if now else 'not '}now"
        yield Finding("deprecated" if now else "no-longer-deprecated", at, "", message)
    if _texts(old.discriminators) != _texts(new.discriminators):
        was, now_is = _first(old.discriminators), _first(new.discriminators)
        message = f"the discriminator of {SUBJECT} was {was}, and is {now_is} now"
        yield Finding("discriminator-changed", at, "", message)
    if _texts(old.xml) != _texts(new.xml):
        yield Finding("xml-changed", at, "", f"the XML form of {SUBJECT} changed")


def _defaults(old: View, new: View, at: str, direction: Direction) -> Iterator[Finding]:
    if _texts(old.defaults) == _texts(new.defaults):
        return
    what = "changed" if old.defaults and new.defaults else "added" if new.defaults else "removed"
    message = f"the default of {SUBJECT} was {_first(old.defaults)}, and is {_first(new.defaults)} now"
    yield Finding(f"{direction}-default-{what}", at, "", message)


def _ordered(notes: Mapping[str, list[Any]]) -> dict[str, list[str]]:
    return {name: sorted(set(_texts(values))) for name, values in notes.items()}


def _texts(values: list[Any]) -> list[str]:
    return [_text(value) for value in values]


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _first(values: list[Any]) -> str:
    return shown(values[0]) if values else "none"


def _words(names: list[str]) -> str:
    return ", ".join(shown(name) for name in names)
