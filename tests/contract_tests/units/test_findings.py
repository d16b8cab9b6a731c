"""Findings: one for each cause, with the shortest sequence, counted as often as it was seen."""

from contract_tests.curl import Redaction, steps
from contract_tests.findings import Departure, Recorder
from contract_tests.scene import beside
from tests.contract_tests.units.unit_kit import exchange


def recorder():
    return Recorder(lambda exchanges: steps(exchanges, "http://h", Redaction({}), lambda one: "body"))


def departure(check="rules.a", code="c", **more):
    return Departure(check, code, "title", "expected", "found", **more)


def test_a_cause_is_reported_once_and_counted():
    found = recorder()
    for _ in range(3):
        found.add(departure(), [exchange()], "rules.a")
    assert [(one.code, one.seen, one.also) for one in found.findings] == [("c", 3, ())]
    assert found.count() == 3


def test_the_shortest_sequence_is_kept():
    found = recorder()
    for length in (3, 1, 2):
        found.add(departure(), [exchange(number=number) for number in range(length)])
    assert len(found.findings[0].steps) == 1


def test_another_layer_that_meets_the_same_subject_is_counted_with_the_first():
    found = recorder()
    found.add(departure(subject="s", operations=("getAIProvider",)), [exchange()], "rules.a")
    found.add(departure("model.b", "d", subject="s", operations=("listAIProviders",)), [exchange()], "model.b")
    assert found.knows("s")
    assert not found.knows("t")
    (one,) = found.findings
    assert (one.check, one.also, one.seen) == ("rules.a", ("model.b",), 2)
    assert one.operations == ("getAIProvider", "listAIProviders")


def test_causes_stay_in_the_order_in_which_they_were_seen_and_are_told_as_they_come():
    found, told = recorder(), []
    found.listener = lambda finding: told.append(finding.code)
    for code in ("b", "a", "b", "c"):
        found.add(departure(code=code), [])
    assert [one.code for one in found.findings] == told == ["b", "a", "c"]


def test_long_values_are_cut_where_they_differ():
    one = [f"name-{number:03}" for number in range(200)]
    other = [*one[:150], one[151], one[150], *one[152:]]
    expected, found = beside(one, other)
    assert '"name-150", "name-151"' in expected
    assert '"name-151", "name-150"' in found
    assert expected[0] == expected[-1] == found[0] == found[-1] == "…"
    assert max(len(expected), len(found)) <= 302
    assert beside({"a": 1}, "text") == ('{"a": 1}', "text")
    assert beside("x" * 400, "x" * 500)[0] == f"…{'x' * 40}"
