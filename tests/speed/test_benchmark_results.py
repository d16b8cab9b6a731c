"""The benchmark's arithmetic: medians of paired ratios, goals, and a table that leaves nothing out."""

import json

import pytest

from benchmarks.measures import GROUPS
from benchmarks.results import ROWS, Result, Row, choose, header, line, of_pairs, of_values, summary, to_json

LEAST = Row("a-one", "what", 1.0)
MOST = Row("a-two", "what", 0.7, "s", at_most=True)


def test_a_ratio_is_the_median_of_the_pairs_and_not_the_ratio_of_medians():
    result = of_pairs(LEAST, [(100, 100), (300, 100), (40, 20)], ("mock", "peer"))
    assert (result.value, result.low, result.high) == (2, 1, 3)
    assert result.note == "mock 100/s, peer 100/s"


def test_small_rates_keep_their_decimals():
    assert of_pairs(LEAST, [(12_345.6, 0.256)], ("mock", "peer")).note == "mock 12,346/s, peer 0.26/s"


def test_rates_per_processor_second_are_noted_and_decide_nothing():
    result = of_pairs(LEAST, [(100, 50)], ("mock", "peer"), [(30, 20), (10, 20), (80, 40)])
    assert result.value == 2
    assert result.note.endswith("; per CPU second 1.50 x")


@pytest.mark.parametrize(
    ("row", "value", "reached"),
    [(LEAST, 1.0, True), (LEAST, 0.999, False), (MOST, 0.7, True), (MOST, 0.701, False)],
)
def test_a_figure_is_reached_at_its_limit_and_missed_beyond(row, value, reached):
    assert of_values(row, [value]).reached is reached


def test_the_median_decides_and_the_spread_is_shown():
    text = line(of_values(MOST, [0.5, 0.9, 0.6], "some note"))
    assert "at most 0.7 s" in text
    assert "0.60" in text
    assert "0.50..0.90" in text
    assert "reached" in text
    assert text.endswith("some note")
    assert "MISSED" in line(of_values(MOST, [0.8]))


def test_every_row_belongs_to_a_group_that_measures_it():
    assert {row.group for row in ROWS.values()} == set(GROUPS)
    assert all(name == row.name for name, row in ROWS.items())


def test_rows_are_chosen_by_name_or_group_in_the_order_of_the_table():
    assert list(choose([])) == list(ROWS)
    assert list(choose(["start-mock", "prism"])) == ["prism-get", "prism-post", "start-mock"]
    with pytest.raises(ValueError, match=r"no row or group 'prisms'; groups are flask, .*"):
        choose(["prism", "prisms"])


def test_the_last_line_names_what_is_missed_and_what_was_not_measured():
    rows = [LEAST, MOST, Row("b-three", "what", 1)]
    text = summary(rows, [of_values(LEAST, [2]), of_values(MOST, [2])])
    assert text == "1 of 2 measured figures reached; missed: a-two; not measured: b-three"
    assert summary([LEAST], [of_values(LEAST, [2])]) == "1 of 1 measured figures reached"


def test_the_table_as_data_has_every_row_measured_or_not():
    table = to_json([LEAST, MOST], [Result(LEAST, 1.23456, 1, 2, "note")])
    assert json.loads(json.dumps(table)) == table
    assert [entry["row"] for entry in table] == ["a-one", "a-two"]
    assert table[0]["median"] == 1.235
    assert table[0]["reached"] is True
    assert table[1]["median"] is None
    assert table[1]["reached"] is None


def test_columns_stand_below_their_heads():
    text = line(of_values(MOST, [0.5, 0.9, 0.6], "some note"))
    assert header().index("made of") == text.index("some note")
    assert header().index("median") + 6 == text.index("0.60") + 4
