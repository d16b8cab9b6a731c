"""The State tab in a real Chromium: records as a table and in the editor, with the errors that the API itself gives."""

import json
import re

import pytest
from browser_kit import running
from playwright.sync_api import expect

from mockserver.settings import Settings

API = "/api/v2/ai/providers"
NEW = {"type": "openai", "name": "mine", "base_url": "https://api.example.com/v1", "api_keys": ["dummy-key"]}
SECRETIVE = {
    "type": "bedrock",
    "name": "rock",
    "base_url": "https://rock.example",
    "settings": {
        "_type": "bedrock",
        "_version": 1,
        "region": "eu-west-1",
        "access_key": "dummy-access",
        "access_key_secret": "dummy-secret",
    },
}


def panel(page, name):
    return page.get_by_role("tabpanel", name=name, exact=True)


@pytest.fixture(scope="module")
def large():
    with running(Settings(profile="deployed", fixtures="large")) as started:
        yield started


def test_a_record_is_added_changed_and_removed(visit, session):
    page = visit(session.name, "state")
    state = panel(page, "State")
    expect(state.get_by_text("8 records")).to_be_visible()
    state.get_by_role("button", name="Add record").click()
    dialog = page.get_by_role("dialog")
    for name in ("type", "name", "base_url"):
        dialog.get_by_label(re.compile(f"^{name} ")).fill(str(NEW[name]))
    dialog.get_by_role("button", name="Add to the state").click()
    expect(state.get_by_text("9 records")).to_be_visible()
    state.get_by_role("button", name="Edit mine").click()
    dialog.get_by_role("button", name="As JSON").click()
    text = dialog.get_by_label("Record as JSON")
    value = json.loads(text.input_value())
    text.fill(json.dumps({**value, "display_name": "Mine alone"}))
    dialog.get_by_role("button", name="Save in the state").click()
    expect(state.get_by_role("row").filter(has_text="Mine alone")).to_be_visible()
    state.get_by_role("button", name="Remove mine").click()
    dialog.get_by_role("button", name="Remove from the state").click()
    expect(state.get_by_text("8 records")).to_be_visible()
    assert all(one["view"]["name"] != "mine" for one in session.state.records("providers"))


def test_a_change_is_tried_through_the_api(visit, session):
    visit.expected += ["400", "409"]
    page = visit(session.name, "state")
    page.get_by_role("button", name="Add a copy of openai-main").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Through the API", exact=True).click()
    dialog.get_by_label("Token").fill("API_KEY")
    dialog.get_by_label("api_keys").fill("")
    dialog.get_by_role("button", name="Try through the API").click()
    expect(dialog.locator(".answer")).to_contain_text("409")
    dialog.get_by_label(re.compile("^name ")).fill("other")
    dialog.get_by_label("enabled").fill("perhaps")
    dialog.get_by_role("button", name="Try through the API").click()
    expect(dialog.locator(".answer")).to_contain_text("400")
    expect(dialog.locator(".member").filter(has_text="enabled").locator(".errors")).not_to_be_empty()
    dialog.get_by_label("enabled").fill("true")
    dialog.get_by_role("button", name="Try through the API").click()
    expect(dialog.locator(".answer")).to_contain_text("201")
    dialog.get_by_role("button", name="Close").last.click()
    page.get_by_role("button", name="Edit other").click()
    dialog.get_by_label("display_name").fill("Another")
    dialog.get_by_role("button", name="Try through the API").click()
    expect(dialog.locator(".answer")).to_contain_text("200")
    assert json.loads(session.journal.entries()[-1]["request"]["body"]["text"]) == {"display_name": "Another"}
    dialog.get_by_role("button", name="Close").last.click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_text("Another", exact=True).first).to_be_visible()  # the rows are drawn anew by then
    page.get_by_role("button", name="Remove other").click()
    dialog.get_by_role("button", name="Try through the API").click()
    expect(dialog.locator(".answer")).to_contain_text("204")


def errors_at(page, member):
    """Return where the editor tells the errors of a member."""
    return page.locator(".member").filter(has=page.get_by_label(re.compile(f"^{member}( |$)"))).locator(".errors")


def names_of(page):
    return page.get_by_role("rowheader").all_inner_texts()


def test_many_records_come_in_pages_that_sorting_and_finding_go_across(visit, large):
    records = [one["view"] for one in large.client.existing().state.records("providers")]
    names = [one["name"] for one in records]
    page = visit(url=large.url, part="state")
    state = panel(page, "State")
    expect(state.get_by_text("1000 records")).to_be_visible()
    pages = state.get_by_role("navigation", name="Pages")
    expect(pages).to_contain_text("Page 1 of 20")
    expect(pages.get_by_role("button", name="Previous")).to_be_disabled()
    assert names_of(page) == names[:50]
    pages.get_by_role("button", name="Next").click()
    expect(pages).to_contain_text("Page 2 of 20")
    assert names_of(page) == names[50:100]
    state.get_by_role("button", name="created_at", exact=True).click()
    heading = page.get_by_role("columnheader", name=re.compile("^created_at"))
    expect(heading).to_have_attribute("aria-sort", "ascending")
    by_time = [one["name"] for one in sorted(records, key=lambda one: one["created_at"])]
    expect(pages).to_contain_text("Page 1 of 20")
    assert names_of(page) == by_time[:50]
    # By keyboard, and what it is on stays.
    page.get_by_role("columnheader", name=re.compile("^created_at")).get_by_role("button").press("Enter")
    expect(page.get_by_role("columnheader", name=re.compile("^created_at"))).to_have_attribute(
        "aria-sort", "descending"
    )
    expect(page.get_by_role("columnheader", name=re.compile("^created_at")).get_by_role("button")).to_be_focused()
    assert names_of(page) == by_time[::-1][:50]
    for _ in range(3):
        pages.get_by_role("button", name="Next").click()
    wanted = names[777]
    page.get_by_role("search", name="Records").get_by_label("Find").fill(wanted.upper())
    expect(page.get_by_role("rowheader", name=wanted, exact=True)).to_be_visible()
    expect(pages).to_be_empty()
    page.get_by_role("search", name="Records").get_by_label("Find").fill("no such record")
    expect(state.get_by_text("No record matches")).to_be_visible()
    expect(state.get_by_text("0 of 1000 records")).to_be_visible()


def test_a_page_that_has_become_empty_gives_way_to_the_last(visit, large):
    session = large.client.session("short")
    session.state.replace({"providers": [{**NEW, "name": f"n{number:02}"} for number in range(51)]})
    page = visit(url=large.url, name="short", part="state")
    pages = panel(page, "State").get_by_role("navigation", name="Pages")
    pages.get_by_role("button", name="Next").click()
    expect(pages).to_contain_text("Page 2 of 2")
    page.get_by_role("button", name="Remove n50").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove from the state").click()
    expect(panel(page, "State").get_by_text("50 records")).to_be_visible()
    expect(pages).to_be_empty()
    assert len(names_of(page)) == 50


def test_nested_values_are_edited_as_json_and_secrets_stay(visit, large):
    visit.expected.append("400")
    session = large.client.session("nested")
    assert large.send(API, "POST", json.dumps(SECRETIVE).encode(), "nested") == 201
    page = visit(url=large.url, name="nested", part="state")
    page.get_by_role("search", name="Records").get_by_label("Find").fill('"rock"')
    row = page.get_by_role("row").filter(has_text="rock.example")
    expect(row).to_contain_text('{"_type":"bedrock"')
    expect(row).not_to_contain_text("dummy-")
    page.get_by_role("button", name="Edit rock").click()
    dialog = page.get_by_role("dialog")
    settings = dialog.get_by_label(re.compile("^settings"))
    value = json.loads(settings.input_value())
    assert value["access_key_secret"] == "[redacted]"
    errors = errors_at(page, "settings")
    settings.fill("{")
    dialog.get_by_role("button", name="Save in the state").click()
    expect(errors).to_contain_text("must be an object")
    settings.fill(json.dumps({**value, "region": 5}))
    dialog.get_by_role("button", name="Save in the state").click()
    expect(errors).to_contain_text("settings.region")
    settings.fill(json.dumps({**value, "region": "us-east-1"}))
    dialog.get_by_role("button", name="Save in the state").click()
    expect(dialog).to_be_hidden()
    expect(row).to_contain_text("us-east-1")
    (record,) = [one for one in session.state.records("providers") if one["view"]["name"] == "rock"]
    assert record["data"]["settings"]["region"] == "us-east-1"


def test_the_state_and_the_api_say_the_same_of_a_faulty_record(visit, large):
    visit.expected.append("400")
    page = visit(url=large.url, part="state")
    page.get_by_role("button", name="Add record").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Through the API", exact=True).click()
    dialog.get_by_label("Token").fill("API_KEY")
    good = {**{name: str(value) for name, value in NEW.items()}, "enabled": "", "api_keys": ""}
    faulty = {"type": "none", "name": "Not Good", "enabled": "perhaps", "base_url": "", "api_keys": "[1]"}
    for member, typed in faulty.items():
        for name, value in {**good, member: typed}.items():
            dialog.get_by_label(re.compile(f"^{name}( |$)")).fill(value)
        errors = (
            dialog.locator(".member").filter(has=page.get_by_label(re.compile(f"^{member}( |$)"))).locator(".errors")
        )
        dialog.get_by_role("button", name="Add to the state").click()
        expect(dialog.locator(".result").get_by_role("alert")).to_contain_text("400")
        expect(dialog.get_by_label(re.compile(f"^{member}( |$)"))).to_have_attribute("aria-invalid", "true")
        said = errors.inner_text()
        assert said
        dialog.get_by_role("button", name="Try through the API").click()
        expect(dialog.locator(".answer")).to_contain_text("400")
        expect(errors).to_have_text(said)
        assert dialog.locator(".errors:not(:empty)").count() == 1
