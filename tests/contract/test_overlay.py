"""Overlays change what they target, in order, and refuse to do nothing (OpenAPI Overlay Specification 1.0)."""

import copy

import pytest

from mockserver.contract.overlay import apply_overlay, check_overlay
from mockserver.errors import OverlayError

DOCUMENT = {
    "info": {"title": "T"},
    "tags": [{"name": "a"}, {"name": "b"}, {"name": "c"}],
    "paths": {
        "/x": {"get": {"operationId": "getX", "tags": ["a"]}, "post": {"operationId": "postX"}},
        "/y": {"get": {"operationId": "getY"}},
    },
}


def overlay(*actions):
    return {"overlay": "1.0.0", "info": {"title": "o", "version": "1"}, "actions": list(actions)}


def applied(*actions):
    return apply_overlay(DOCUMENT, overlay(*actions), "o.yaml")


def refusal(*actions):
    with pytest.raises(OverlayError) as caught:
        applied(*actions)
    (fault,) = caught.value.faults
    assert fault.file == "o.yaml"
    return fault


def test_an_update_is_merged_member_by_member():
    result = applied({"target": "$.info", "update": {"version": "1", "contact": {"name": "n"}}})
    assert result["info"] == {"title": "T", "version": "1", "contact": {"name": "n"}}


def test_an_update_replaces_plain_values_and_changes_of_kind():
    assert applied({"target": "$.info.title", "update": "U"})["info"] == {"title": "U"}
    assert applied({"target": "$", "update": {"info": "plain"}})["info"] == "plain"


def test_an_update_of_an_array_appends():
    assert applied({"target": "$.tags", "update": {"name": "d"}})["tags"][-1] == {"name": "d"}
    assert len(applied({"target": "$.tags", "update": [{"name": "d"}, {"name": "e"}]})["tags"]) == 5
    assert applied({"target": "$.paths['/x'].get", "update": {"tags": ["b"]}})["paths"]["/x"]["get"]["tags"] == [
        "a",
        "b",
    ]


def test_an_action_changes_everything_that_its_target_finds():
    result = applied({"target": "$.paths[*][?@.operationId]", "update": {"deprecated": True}})
    found = [operation for item in result["paths"].values() for operation in item.values()]
    assert [operation["deprecated"] for operation in found] == [True] * 3


def test_targets_given_by_one_update_share_nothing():
    result = applied(
        {"target": "$.paths[*].get", "update": {"x": {"list": []}}},
        {"target": "$.paths['/x'].get.x.list", "update": [1]},
    )
    assert result["paths"]["/y"]["get"]["x"] == {"list": []}


def test_a_removal_takes_members_and_entries_away():
    result = applied(
        {"target": "$.paths['/x'].post", "remove": True}, {"target": "$.tags[?@.name != 'b']", "remove": True}
    )
    assert list(result["paths"]["/x"]) == ["get"]
    assert result["tags"] == [{"name": "b"}]


def test_actions_run_in_their_order():
    result = applied(
        {"target": "$.info", "update": {"summary": "s"}},
        {"target": "$.info.summary", "update": "t"},
        {"target": "$.info.title", "remove": True},
    )
    assert result["info"] == {"summary": "t"}


def test_neither_document_nor_overlay_is_changed():
    document, changes = copy.deepcopy(DOCUMENT), overlay({"target": "$.info", "update": {"a": {"b": []}}})
    before = copy.deepcopy(changes)
    result = apply_overlay(document, changes)
    result["info"]["a"]["b"].append(1)
    result["tags"].clear()
    assert (document, changes) == (DOCUMENT, before)


def test_an_update_and_remove_false_is_an_update():
    assert applied({"target": "$.info", "update": {"a": 1}, "remove": False})["info"]["a"] == 1


def test_a_description_and_extensions_may_stand_beside_an_action():
    assert applied({"target": "$.info", "description": "why", "x-note": 1, "update": {}}) == DOCUMENT


def test_a_target_that_finds_nothing_is_an_error_that_names_its_action():
    fault = refusal({"target": "$.info", "update": {}}, {"target": "$.paths['/z']", "remove": True})
    assert fault.pointer == "#/actions/1/target"
    assert "\"$.paths['/z']\" finds nothing" in fault.message


@pytest.mark.parametrize(
    ("action", "pointer", "message"),
    [
        ({"target": "$["}, "#/actions/0", "needs either an update or 'remove: true'"),
        ({"target": "$[", "remove": True}, "#/actions/0/target", "is no JSONPath"),
        ({"target": "", "remove": True}, "#/actions/0/target", "is no JSONPath"),
        ({"update": {}}, "#/actions/0", "needs a target"),
        ({"target": 5, "update": {}}, "#/actions/0", "needs a target"),
        ({"target": "$", "update": {}, "remove": True}, "#/actions/0", "needs either an update or 'remove: true'"),
        ({"target": "$", "updates": {}}, "#/actions/0", "unknown member 'updates'"),
        ("text", "#/actions/0", "needs a target"),
    ],
)
def test_a_malformed_action_is_told(action, pointer, message):
    fault = refusal(action)
    assert fault.pointer == pointer
    assert message in fault.message
    assert fault.hint


def test_all_faults_of_an_overlay_are_told_together():
    faults = check_overlay({"overlay": "2.0", "info": {"title": 1}, "actions": [{"target": "$"}, {"update": 1}]})
    assert [fault.pointer for fault in faults] == ["#/overlay", "#/info", "#/actions/0", "#/actions/1"]
    assert [fault.pointer for fault in check_overlay({})] == ["#/overlay", "#/info", "#/actions"]
    assert len(check_overlay([])) == len(check_overlay(None)) == 1
    assert check_overlay(overlay({"target": "$", "update": {}})) == []
