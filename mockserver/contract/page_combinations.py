"""Combinations on a page: the words between the tables of ``allOf``, ``anyOf`` and ``oneOf``, and the rows below them.

The generator writes one table for each part, with a word above it: ``oneOf``, then ``xor`` for each further part,
and ``continued`` above the rows that go on after the combination.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from mockserver.contract.page import SchemaRow

__all__ = ["ANONYMOUS", "ARRAY_ITEM", "CONTINUED", "combination", "discriminator", "part_rows"]

ANONYMOUS, ARRAY_ITEM = "*anonymous*", "[array item]"  # the name of a part; some templates have the second for both
CONTINUED = "continued"
_COMBINERS = {"allof": "allOf", "anyof": "anyOf", "oneof": "oneOf", "xor": "oneOf", "or": "anyOf", "and": "allOf"}
_WORD = re.compile(r"(\w+)(?: - discriminator: (\S+))?")


def combination(text: str) -> str:
    """Return the combination that a word between tables stands for, ``continued``, or nothing."""
    match = _WORD.fullmatch(text.strip("*_` "))
    word = match[1].lower() if match else ""
    return CONTINUED if word == CONTINUED else _COMBINERS.get(word, "")


def discriminator(text: str) -> str:
    """Return the property that tells the parts apart, where the word of a combination names one."""
    match = _WORD.fullmatch(text.strip("*_` "))
    return (match[2] or "") if match else ""


def part_rows(rows: Sequence[SchemaRow], combiner: str, before: str, line: int) -> tuple[SchemaRow, ...]:
    """Return the rows of a table below a word, those that are parts of a combination marked with its name.

    ``before`` is the combination that ``continued`` goes on after: only parts go on with it, members belong to
    what the combination is in. A table that names members at once is one part, which gets a row of its own.
    """
    least = min((row.depth for row in rows), default=0)
    named = [row for row in rows if row.depth == least and row.name not in (ANONYMOUS, ARRAY_ITEM)]
    if combiner == CONTINUED:
        if named:
            return tuple(rows)
        combiner = before or "allOf"
    if not combiner:
        return tuple(rows)
    if named or not rows:
        return (
            SchemaRow(line, ANONYMOUS, least, combiner=combiner),
            *(replace(row, depth=row.depth + 1) for row in rows),
        )
    return tuple(replace(row, name=ANONYMOUS, combiner=combiner) if row.depth == least else row for row in rows)
