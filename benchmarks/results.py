"""The rows of the table, what each has to reach, and the arithmetic from paired rounds to a verdict."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["ROWS", "Pair", "Result", "Row", "choose", "header", "line", "of_pairs", "of_values", "summary", "to_json"]

Pair = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Row:
    """One figure to reach: ``limit`` is the least that will do, or the most (``at_most``). The name starts with the
    name of the group that measures it."""

    name: str
    what: str
    limit: float
    unit: str = "x"
    at_most: bool = False

    @property
    def group(self) -> str:
        """The group that measures this row."""
        return self.name.partition("-")[0]

    @property
    def goal(self) -> str:
        """What to reach, in words."""
        return f"{'at most' if self.at_most else 'at least'} {self.limit:g} {self.unit}"

    def reached(self, value: float) -> bool:
        """Whether a measured value will do."""
        return value <= self.limit if self.at_most else value >= self.limit


ROWS: dict[str, Row] = {
    row.name: row
    for row in (
        Row("flask-get-id", "GET by id, against bare Flask", 1.0),
        Row("flask-get-name", "GET by name, against bare Flask", 1.0),
        Row("flask-list-8", "list of 8, against bare Flask", 1.0),
        Row("flask-list-100", "list of 100, against bare Flask", 0.8),
        Row("flask-post", "valid POST, against bare Flask", 1.0),
        Row("flask-patch", "PATCH, against bare Flask", 1.0),
        Row("granian-get-id", "GET by id, both under granian, against bare Flask", 1.0),
        Row("granian-get-name", "GET by name, both under granian", 1.0),
        Row("granian-list-8", "list of 8, both under granian", 1.0),
        Row("granian-list-100", "list of 100, both under granian", 0.8),
        Row("granian-post", "valid POST, both under granian", 1.0),
        Row("granian-patch", "PATCH, both under granian", 1.0),
        Row("rejected-post", "rejected POST, against a valid one", 0.5),
        Row("prism-get", "GET by name, against Prism", 3.0),
        Row("prism-post", "valid POST, against Prism", 3.0),
        Row("wiremock-get", "GET by name, against WireMock's fixed stub", 1.0),
        Row("wiremock-post", "valid POST, against WireMock's fixed stub", 1.0),
        Row("start-mock", "start to first answer", 0.7, "s", at_most=True),
        Row("start-prism", "start to first answer, against Prism's", 1.0, at_most=True),
        Row("memory-start", "resident memory after start", 90, "MiB", at_most=True),
        Row("memory-grown", "growth over 100,000 mixed requests", 10, "MiB", at_most=True),
        Row("scale-get-id", "GET by id, at 100,000 providers against 10", 0.9),
        Row("scale-get-name", "GET by name, at 100,000 providers against 10", 0.9),
        Row("scale-patch", "PATCH, at 100,000 providers against 10", 0.9),
        Row("scale-post", "valid POST, at 100,000 providers against 10", 0.9),
        Row("load-generated", "load of 100,000 generated providers", 15, "s", at_most=True),
        Row("load-written", "load of 100,000 providers of a file", 15, "s", at_most=True),
        Row("load-generated-linear", "time per generated record, 100,000 against 25,000", 1.25, at_most=True),
        Row("load-written-linear", "time per record of a file, 100,000 against 25,000", 1.25, at_most=True),
    )
}


@dataclass(frozen=True, slots=True)
class Result:
    """What was measured for a row: the median, the lowest and highest round, and what it was made of."""

    row: Row
    value: float
    low: float
    high: float
    note: str = ""

    @property
    def reached(self) -> bool:
        """Whether the row's figure is reached, by the median."""
        return self.row.reached(self.value)


def choose(wanted: Iterable[str]) -> dict[str, Row]:
    """Return the rows that names stand for: a row's own, or a group's for all of its rows; no names mean every row.

    Raises ``ValueError`` for a name that stands for none.
    """
    names = list(wanted)
    for name in names:
        if not any(name in (row.name, row.group) for row in ROWS.values()):
            groups = ", ".join(dict.fromkeys(row.group for row in ROWS.values()))
            raise ValueError(f"no row or group {name!r}; groups are {groups}; rows are {', '.join(ROWS)}")
    return {row.name: row for row in ROWS.values() if not names or row.name in names or row.group in names}


def of_pairs(row: Row, pairs: Sequence[Pair], names: tuple[str, str], work: Sequence[Pair] = ()) -> Result:
    """Return the result of paired rounds: the median of their ratios, so that what slows both blurs neither.

    ``work`` is the same per second of processor time that each server used: where others use the machine too, it tells
    more than the time on the clock, and is noted.
    """
    ratios = [one / other for one, other in pairs]
    ones, others = (statistics.median(column) for column in zip(*pairs, strict=True))
    note = f"{names[0]} {_short(ones)}/s, {names[1]} {_short(others)}/s"
    if work:
        note += f"; per CPU second {statistics.median(one / other for one, other in work):.2f} x"
    return Result(row, statistics.median(ratios), min(ratios), max(ratios), note)


def of_values(row: Row, values: Sequence[float], note: str = "") -> Result:
    """Return the result of a figure measured several times."""
    return Result(row, statistics.median(values), min(values), max(values), note)


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def _figure(value: float, unit: str) -> str:
    return f"{value:.0f}" if unit == "MiB" else f"{value:.2f}"


_COLUMNS = "{:<23}{:<52}{:>16}{:>9}{:>15}  {:<9}{}"


def header() -> str:
    """Return the first line of the table."""
    return _COLUMNS.format("row", "what", "to reach", "median", "low..high", "", "made of").rstrip()


def line(result: Result) -> str:
    """Return a row of the table."""
    row, unit = result.row, result.row.unit
    spread = f"{_figure(result.low, unit)}..{_figure(result.high, unit)}"
    verdict = "reached" if result.reached else "MISSED"
    median = _figure(result.value, unit)
    return _COLUMNS.format(row.name, row.what, row.goal, median, spread, verdict, result.note).rstrip()


def summary(rows: Iterable[Row], results: Sequence[Result]) -> str:
    """Return the last line: how many figures are reached, which are missed, and which were not measured."""
    missed = [result.row.name for result in results if not result.reached]
    measured = {result.row.name for result in results}
    absent = [row.name for row in rows if row.name not in measured]
    text = f"{len(results) - len(missed)} of {len(results)} measured figures reached"
    if missed:
        text += f"; missed: {', '.join(missed)}"
    if absent:
        text += f"; not measured: {', '.join(absent)}"
    return text


def to_json(rows: Iterable[Row], results: Sequence[Result]) -> list[dict[str, Any]]:
    """Return the table as data; ``median`` is null where a row was not measured."""
    found = {result.row.name: result for result in results}
    table: list[dict[str, Any]] = []
    for row in rows:
        entry: dict[str, Any] = {"row": row.name, "what": row.what, "to_reach": row.goal, "unit": row.unit}
        result = found.get(row.name)
        if result is None:
            entry["median"] = entry["reached"] = None
        else:
            entry |= {"median": round(result.value, 3), "low": round(result.low, 3), "high": round(result.high, 3)}
            entry |= {"reached": result.reached, "made_of": result.note}
        table.append(entry)
    return table
