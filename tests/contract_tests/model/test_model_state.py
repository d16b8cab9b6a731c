"""The reference model by itself: what requests make of a provider, and where an answer differs."""

import pytest

from contract_tests.model.faulty import CREATE_FAULTS, UPDATE_FAULTS
from contract_tests.model.state import Model, later, same
from contract_tests.model.values import KEYS, bedrock, mask

BODY = {"type": "openai", "name": "n", "base_url": "https://e.com", "api_keys": ["dummy-1", "dummy-2"]}
EARLY, LATE = "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000001Z"


def answer(**members):
    keys = [{"id": "k1", "masked": mask("dummy-1"), "created_at": EARLY}]
    keys.append({"id": "k2", "masked": mask("dummy-2"), "created_at": EARLY})
    shown = {"id": "p", "display_name": "n", "enabled": False, "settings": None, "api_keys": keys}
    return {**shown, "created_at": EARLY, "updated_at": EARLY, **{k: BODY[k] for k in ("type", "name", "base_url")}} | (
        members
    )


def seen(deployed=True):
    model = Model(deployed)
    record = model.created(BODY)
    assert list(model.differences(record, answer())) == []
    return model, record


def members(model, record, shown):
    return [one.member for one in model.differences(record, shown)]


@pytest.mark.parametrize(
    ("plain", "masked"),
    [("", ""), ("abcd", "..."), ("short", "s...t"), ("thisisquitelong", "th...ng"), ("é" * 20, "éééé...éééé")],
)
def test_masks_are_those_of_the_table(plain, masked):
    assert mask(plain) == masked


def test_keys_are_dummies_of_every_length_that_matters():
    assert all(key.startswith("dummy-") for key in KEYS)
    assert {7, 9, 10, 19, 20} <= {len(key) for key in KEYS}


@pytest.mark.parametrize("name", ["id", "type", "base_url", "display_name", "enabled", "created_at", "updated_at"])
def test_a_member_that_changes_by_itself_differs(name):
    model, record = seen()
    other = LATE if name.endswith("_at") else True if name == "enabled" else "other"
    assert members(model, record, answer(**{name: other})) == [name]


def test_the_same_instant_in_another_spelling_is_the_same():
    assert same("2026-01-01T00:00:00Z", "2026-01-01T01:00:00.000+01:00")
    assert later(LATE, EARLY)
    assert not later(EARLY, EARLY)


def test_a_patch_moves_updated_at_and_nothing_that_it_does_not_name():
    model, record = seen()
    after = model.patched(record, {"enabled": True})
    assert members(model, after, answer(enabled=True, updated_at=LATE)) == []
    after = model.patched(record, {"enabled": True})
    assert members(model, after, answer(enabled=True)) == ["updated_at"]


@pytest.mark.parametrize(
    ("deployed", "moment", "differs"),
    [(True, EARLY, True), (False, EARLY, False), (False, EARLY.replace("Z", ".000Z"), True)],
)
def test_a_clock_of_whole_seconds_may_stand_still_as_documented(deployed, moment, differs):
    model, record = seen(deployed)
    record.updated_at = moment
    after = model.patched(record, {"enabled": True})
    assert members(model, after, answer(enabled=True, updated_at=moment)) == (["updated_at"] if differs else [])


def test_the_keys_after_a_patch_are_those_that_it_names():
    model, record = seen()
    kept, new = answer()["api_keys"][1], {"id": "k3", "masked": mask("dummy-33"), "created_at": LATE}
    body = {"api_keys": [{"id": "k2"}, {"api_key": "dummy-33"}]}
    for shown, differs in (
        ([kept, new], []),
        ([new, kept], ["api_keys"]),
        ([kept], ["api_keys"]),
        ([kept, {**new, "id": "k1"}], ["api_keys"]),  # the id of a key that was removed
        ([kept, {**new, "id": "k2"}], ["api_keys"]),
        ([{**kept, "created_at": LATE}, new], ["api_keys"]),
        (None, ["api_keys"]),
    ):
        after = model.patched(record, body)
        assert members(model, after, answer(api_keys=shown, updated_at=LATE)) == differs


def test_the_page_settles_neither_masks_nor_the_order_of_keys():
    model, record = seen(deployed=False)
    first, second = answer()["api_keys"]
    assert members(model, record, answer(api_keys=[second, first])) == []
    after = model.patched(record, {"api_keys": [{"id": "k2"}, {"api_key": "dummy-33"}]})
    new = {"id": "k3", "masked": "*", "created_at": LATE}
    assert members(model, after, answer(api_keys=[new, second], updated_at=LATE)) == []


def test_settings_are_shown_without_secrets_and_replaced_as_a_whole():
    model = Model(True)
    record = model.created(
        {**BODY, "type": "anthropic", "api_keys": [], "settings": bedrock(region="r", access_key="a")}
    )
    shown = answer(type="anthropic", api_keys=[], settings=bedrock(region="r", model=""))
    assert members(model, record, shown) == []
    after = model.patched(record, {"settings": bedrock(model="m")})
    assert members(model, after, {**shown, "updated_at": LATE}) == ["settings"]


@pytest.mark.parametrize(
    ("kind", "body", "deployed", "documented"),
    [
        ("openai", {"settings": bedrock(region="r")}, (400,), (200, 400)),
        ("anthropic", {"settings": bedrock(region="r")}, (200, 400), (200, 400)),  # it has keys
        ("anthropic", {"settings": bedrock(region="r"), "api_keys": [{"api_key": "k"}]}, (400,), (200, 400)),
        ("openai", {"api_keys": []}, (200,), (200,)),
    ],
)
def test_what_a_profile_leaves_open_is_left_open(kind, body, deployed, documented):
    for profile, allowed in ((True, deployed), (False, documented)):
        model = Model(profile)
        record = model.created({**BODY, "type": kind})
        assert model.allowed(record, body) == allowed


def test_every_kind_of_faulty_body_has_a_name_of_its_own_and_spoils_a_good_one():
    for kinds in (CREATE_FAULTS, UPDATE_FAULTS):
        assert len({kind.name for kind in kinds}) == len(kinds)
        for kind in kinds:
            assert kind.raw is not None or (kind.spoil and kind.spoil(dict(BODY)) != BODY)
