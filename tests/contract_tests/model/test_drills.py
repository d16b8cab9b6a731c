"""Drills: tables and orders that leave nothing to luck; nothing is said of a sound server, and faults are found."""

from itertools import pairwise as neighbours_of
from random import Random

import pytest

from contract_tests.model.classes import KEY_TEXTS, URLS, kept_as_sent, may_be_refused, texts
from contract_tests.model.orders import _each_after_each, pairwise
from contract_tests.options import Options
from contract_tests.runner import Run
from tests.independent.app import create_app
from tests.independent.serving import running

READINGS = [("deployed", "lenient"), ("documented", "lenient"), ("documented", "strict")]


def judged(app, profile="deployed", *, only=("model.drill",), seed=1, **more):
    with running(app) as url:
        options = Options(url, profile=profile, token="API_KEY", seed=seed, only=only, **more)
        return Run(options).run()


def broken(fault):
    """Return the server with a fault that the catalogue does not have."""
    sound = create_app()
    return type("Broken", (fault, type(sound)), {})(sound.providers.values(), sound.clock, sound.rng)


@pytest.mark.parametrize(("profile", "reading"), READINGS)
def test_nothing_is_said_of_a_sound_server_and_nothing_is_left_there(profile, reading):
    app = create_app(profile, reading=reading)
    before = app.state()
    result = judged(app, profile, seed=7)
    assert (result.findings, result.exit_code, result.notes) == ((), 0, ())
    assert app.state() == before


@pytest.mark.parametrize(
    ("kind", "fault", "code", "methods"),
    [
        ("values", "display-name-entities-are-decoded", "createAIProvider:display_name", ["POST"]),
        (
            "near values",
            "patch-back-to-a-former-title-is-lost",
            "updateAIProvider:display_name",
            ["POST", "PATCH", "PATCH"],
        ),
        ("names", "names-are-unique-without-their-dashes", "createAIProvider:valid:409", ["POST", "POST"]),
        ("settings", "settings-of-a-patch-change-the-type", "updateAIProvider:type", ["POST", "PATCH"]),
        ("refusals", "rename-attempts-take-the-name", "createAIProvider:valid:409", ["POST", "PATCH", "POST"]),
        ("values", "escaped-symbols-are-refused", "createAIProvider:valid:400", ["POST"]),
        ("names", "names-of-hex-digits-are-not-found", "getAIProvider:by-name:404", ["POST", "GET"]),
    ],
)
def test_a_fault_is_told_with_the_steps_of_its_providers_alone(kind, fault, code, methods):
    app = create_app(faults=[fault])
    before = app.state()
    result = judged(app, only=(f"model.drill[{kind}]",))
    found = [one for one in result.findings if one.code == code]
    assert found, [one.code for one in result.findings]
    assert [step.method for step in found[0].steps] == methods
    assert app.state() == before


def test_what_a_server_kept_of_the_sequence_before_is_no_part_of_the_one_that_is_told():
    class Left:
        """A PATCH without display name has that of the PATCH before."""

        def changed(self, provider, change):
            before, self.__dict__["before"] = self.__dict__.get("before", {}), change
            left = {name: value for name, value in before.items() if name == "display_name"}
            return super().changed(provider, {**left, **change})

    result = judged(broken(Left), only=("model.drill[refusals]",))
    found = next(one for one in result.findings if one.code == "updateAIProvider:display_name")
    assert [step.method for step in found.steps].count("PATCH") == 2


def test_a_server_may_refuse_what_not_every_store_can_take():
    class Careful:
        """Control characters are refused, and hosts that are not ASCII."""

        def judge_display_name(self, value):
            odd = any(ord(char) < 32 and char not in "\t\n\r" for char in value)
            return super().judge_display_name(value) or ([("display_name", "has controls")] if odd else [])

        def judge_base_url(self, value):
            return super().judge_base_url(value) or ([] if value.isascii() else [("base_url", "is no ASCII")])

    assert judged(broken(Careful), only=("model.drill[values]", "model.drill[near values]")).findings == ()


def test_the_same_seed_plays_the_same_drills():
    def codes(seed):
        app = create_app(faults=["base-url-query-is-sorted", "removing-all-keys-switches-off"], seed=5)
        result = judged(app, seed=seed, run_id="same1", only=("model.drill[values]", "model.drill[keys]"))
        return [(one.code, [(step.method, step.status) for step in one.steps]) for one in result.findings]

    assert codes(3) == codes(3)


def test_pairwise_rows_hold_each_two_levels_of_two_factors():
    levels = [["a", "b", "c"], [1, 2], [True, False, None, 0]]
    rows = pairwise(levels, Random(1))
    for one in range(3):
        for two in range(one + 1, 3):
            assert {(row[one], row[two]) for row in rows} >= {(a, b) for a in levels[one] for b in levels[two]}
    assert len(rows) < 24


def test_each_deed_comes_right_after_each_other_one():
    order = _each_after_each(5, Random(2))
    assert {*neighbours_of(order)} == {(a, b) for a in range(5) for b in range(5)}
    assert len(order) == 26


def test_the_tables_have_no_row_twice_and_keys_are_plainly_dummies():
    rows = texts(every=True)
    assert len(set(rows)) == len(rows) > 200
    assert len(set(URLS)) == len(URLS)
    assert len(set(KEY_TEXTS)) == len(KEY_TEXTS)


def test_what_is_open_is_told_from_what_is_settled():
    assert may_be_refused({"display_name": "a\x00b"}, deployed=True)
    assert not may_be_refused({"display_name": "line\r\nend"}, deployed=True)
    assert not may_be_refused({"base_url": "http://[::1]:80/?a=%2f"}, deployed=True)
    assert may_be_refused({"base_url": "https://bücher.example"}, deployed=True)
    assert may_be_refused({"base_url": "http://[::1]:80/"}, deployed=False)
    assert kept_as_sent({"base_url": "HTTPS://e.com"}, deployed=True)
    for url in ("HTTPS://e.com", "https://me@e.com", "https://e.com/v1?", "https://e.com/%2f", "https://é.com"):
        assert not kept_as_sent({"base_url": url}, deployed=False)
    assert kept_as_sent({"base_url": "https://e.com/v1?b=1&a=2"}, deployed=False)
