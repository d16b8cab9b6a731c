"""The book of a run: what it may change, and what it may never touch."""

import pytest

from contract_tests.errors import UsageError
from contract_tests.ledger import Ledger, new_run_id, runs_seen

OWN, OTHER = "0f9a7a5c-8a2e-4a58-8a3a-2f86c0e63d11", "57a41e70-0000-4000-8000-000000000001"


@pytest.fixture
def ledger():
    made = Ledger("run1", seed=1)
    made.remember_strangers([{"id": OTHER, "name": "zz-stranger"}, {"id": "odd id!", "name": "Odd Name"}, None, "x"])
    made.remember({"id": OWN, "name": "ct-run1-a-1"})
    return made


@pytest.mark.parametrize(
    "segment",
    [
        OWN,
        OWN.upper(),
        OWN.replace("-", ""),
        f"urn:uuid:{OWN}",
        f"%7B{OWN}%7D",
        "ct-run1-anything",
        "CT-RUN1-X",
        "%20ct-run1-x",
        "not%20a%20name!",
        "..%2f..%2f",
    ],
)
def test_what_is_ours_and_what_can_be_nobodys_may_be_changed(ledger, segment):
    assert ledger.may_change(segment)


@pytest.mark.parametrize(
    "segment",
    [
        "",
        OTHER,
        OTHER.upper(),
        f"urn:uuid:{OTHER}",
        OTHER.replace("-", ""),
        f"{{{OTHER}}}",
        "zz-stranger",
        "ZZ-Stranger",
        "%7Az-stranger",
        "zz-stranger%20",
        "%20",
        "odd%20id!",
        "Odd Name",
        "odd",
        "zz-strange",
        "somebody-elses",  # may have been made meanwhile
        "11111111-2222-4333-8444-555555555555",
        "ct-run12-of-another-run",
        "ct-run1x",
    ],
)
def test_what_is_or_may_be_somebodys_may_not(ledger, segment):
    assert not ledger.may_change(segment)


def test_a_name_without_mark_may_be_changed_while_it_is_that_of_a_provider_of_this_run(ledger):
    ledger.sent_names |= {"plain-one", "zz-stranger"}
    assert not ledger.may_change("plain-one")
    for identifier, name in (("i1", "plain-one"), ("i2", "zz-stranger"), ("i3", "never-sent")):
        ledger.remember({"id": identifier, "name": name})
    assert ledger.may_change("plain-one")
    assert not ledger.may_change("zz-stranger")  # which was there before
    assert not ledger.may_change("never-sent")
    ledger.live.pop("i1")
    assert not ledger.may_change("plain-one")  # others may have it now


def test_ids_that_nobody_has_may_be_changed_and_are_the_same_for_a_seed(ledger):
    first = ledger.nobody()
    assert ledger.may_change(first)
    assert not Ledger("run1", seed=1).may_change(first)
    assert Ledger("run2", seed=1).nobody() == first
    assert Ledger("run2", seed=2).nobody() != first


def test_the_id_of_a_stranger_is_never_taken_over(ledger):
    ledger.remember({"id": OTHER, "name": "ct-run1-b"})
    assert OTHER not in ledger.ids
    assert not ledger.may_change(OTHER)
    assert not ledger.made({"id": OTHER, "name": "ct-run1-b"})


def test_what_a_list_shows_is_ours_by_id_by_mark_or_by_a_name_that_was_sent(ledger):
    ledger.sent_names.add("string")
    for shown in ({"id": OWN, "name": "renamed"}, {"id": "x", "name": "CT-Run1-X"}, {"id": "y", "name": "string"}):
        assert ledger.made(shown)
    for shown in ({"id": "x", "name": "ct-run2-x"}, {"id": "x", "name": None}, None, [], {"id": OTHER}):
        assert not ledger.made(shown)


def test_other_runs_providers_are_no_strangers_and_not_ours_to_change():
    ledger = Ledger("abc123000", seed=1)
    mine, others = {"id": OWN, "name": "ct-abc123000-x"}, {"id": OTHER, "name": "ct-abc123001-x"}
    ledger.remember_strangers([mine, others, {"id": "plain", "name": "direct-x"}])
    assert list(ledger.strangers) == [OWN, "plain"]
    assert not ledger.may_change(OTHER)
    assert not ledger.may_change("ct-abc123001-x")
    assert not ledger.made(others)


def test_the_display_name_tells_the_run_where_the_name_cannot():
    odd = {"name": "7", "display_name": "ct-abc1-odd-1"}
    assert runs_seen([odd, {"name": "ct-xyz1-a-1", "display_name": "ct-abc1-x"}]) == {"abc1": 1, "xyz1": 1}
    assert not Ledger("abc1", seed=1).made(odd)  # unless it sent that name, or is told to clean


def test_names_are_used_once_and_carry_the_run():
    ledger = Ledger("run1", seed=1)
    assert [ledger.name("a"), ledger.name("a"), ledger.name("b")] == ["ct-run1-a-1", "ct-run1-a-2", "ct-run1-b-1"]


@pytest.mark.parametrize("run", ["", "abc", "ABCD", "a-b-c", "x" * 13, "ab cd"])
def test_a_run_id_that_is_none_is_refused(run):
    with pytest.raises(UsageError, match="is no run id"):
        Ledger(run, seed=1)


def test_new_run_ids_are_run_ids_and_differ():
    made = {new_run_id() for _ in range(50)}
    assert len(made) > 45
    assert all(Ledger(run, seed=1) for run in made)


def test_runs_that_left_something_are_counted():
    listed = [{"name": "ct-abcd-x-1"}, {"name": "CT-ABCD-y"}, {"name": "ct-wxyz1-z"}, {"name": "act-abcd-x"}, None, {}]
    assert runs_seen(listed) == {"abcd": 2, "wxyz1": 1}
