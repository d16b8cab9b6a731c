"""The surroundings of what checks send: all values, all pairs, always good, and the same every time."""

from itertools import combinations

import pytest

from contract_tests.checks.contexts import TYPES, beside, numbered, pairs, put_in, turned, various
from contract_tests.checks.wrong import BAD_IN_NAMES, LENGTHS, PLACES, bad_name
from contract_tests.documents import CREATE, UPDATE
from contract_tests.ledger import NAME
from contract_tests.openness import Verdict, demand
from tests.contract_tests.units.unit_kit import PROVIDER, contract

DIMENSIONS = ("abcdefg", (1, 2, 3), (True, False), "vwxyz")


class Sender:
    """What bodies need of a scene: names, keys and a URL."""

    def __init__(self):
        self.count = 0

    def key(self):
        self.count += 1
        return f"dummy-key-{self.count}"

    def body(self, **members):
        self.count += 1
        return {"type": "openai", "name": f"ct-run1-{self.count}", "base_url": "https://ai.example.com", **members}


@pytest.mark.parametrize("profile", ["documented", "deployed"])
def test_creates_are_good_whatever_surrounds_them(profile):
    bodies = [various(Sender(), number) for number in range(300)]
    assert {demand(contract(profile), CREATE, body).verdict for body in bodies} == {Verdict.ACCEPTED}


def test_creates_have_every_pair_of_values():
    bodies = [various(Sender(), number) for number in range(144)]
    seen = {(b["type"], b.get("enabled"), b.get("display_name"), len(b.get("api_keys", ()))) for b in bodies}
    assert {(kind, on) for kind, on, _, _ in seen} == {(kind, on) for kind in TYPES for on in (None, True, False)}
    assert {(kind, title) for kind, _, title, _ in seen} == {(k, t) for k in TYPES for t in (None, "", "A title")}
    assert {keys for kind, _, _, keys in seen if kind == "anthropic"} == {0, 1, 3}
    assert {next(iter(body)) for body in bodies} >= {"type", "name", "base_url", "enabled", "api_keys"}


def test_changes_are_good_whatever_stands_beside_them():
    held = {**PROVIDER, "api_keys": [{"id": "497f6eca-6276-4993-bfeb-53cbbbba6f08"}]}
    keys = {"497f6eca-6276-4993-bfeb-53cbbbba6f08"}
    bodies = [beside(Sender(), number, held, enabled=True) for number in range(64)]
    assert {demand(contract("deployed"), UPDATE, body, keys).verdict for body in bodies} == {Verdict.ACCEPTED}


def test_a_member_that_is_left_out_is_not_there():
    assert "base_url" not in various(Sender(), 3, base_url=...)
    assert "settings" not in various(Sender(), 2, type="bedrock", settings=...)


@pytest.mark.parametrize("strength", ["quick", "standard", "thorough"])
def test_rows_have_each_value_and_each_pair(strength):
    rows = pairs(*DIMENSIONS, strength=strength)
    assert rows == pairs(*DIMENSIONS, strength=strength)
    assert all({row[place] for row in rows} == set(values) for place, values in enumerate(DIMENSIONS))
    for one, two in combinations(range(len(DIMENSIONS)), 2) if strength != "quick" else ():
        assert {(row[one], row[two]) for row in rows} == {(x, y) for x in DIMENSIONS[one] for y in DIMENSIONS[two]}
    assert len(rows) <= {"quick": 7, "standard": 50, "thorough": 210}[strength]


def test_an_item_has_another_number_each_time():
    numbers = {}
    for number, item in numbered("abcdefgh", 8):
        numbers.setdefault(item, set()).add(number % 8)
    assert all(len(found) == 8 for found in numbers.values())


def test_a_value_is_put_at_every_place():
    assert list(put_in("x", "ab", 0, 3)) == [(0, ["x", "a", "b"]), (1, ["a", "x", "b"]), (2, ["a", "b", "x"])]
    assert [place for place, _ in put_in("x", "abcd", 2, 2)] == [4, 0]


def test_members_turn_and_none_is_lost():
    body = dict.fromkeys("abcdef")
    assert all(turned(body, number) == body for number in range(12))
    assert {next(iter(turned(body, number))) for number in range(12)} == set(body)


def test_bad_names_are_bad_in_one_thing_and_keep_the_mark_of_the_run():
    for what in BAD_IN_NAMES:
        for name in {bad_name("ct-run1-n-1", what, where, size) for where in PLACES for size in LENGTHS}:
            assert NAME.fullmatch(name) is None
            assert NAME.fullmatch(name.replace(BAD_IN_NAMES[what], "", 1)) or "--" in name
