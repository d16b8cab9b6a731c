"""The workbench in a real Chromium: every feature as a person uses it, by what is on the screen and in the mock."""

import json
import re
import shlex
import subprocess

import pytest
from playwright.sync_api import expect

API = "/api/v2/ai/providers"
NEW = {"type": "openai", "name": "mine", "base_url": "https://api.example.com/v1", "api_keys": ["dummy-key"]}


def create(mock, session, **members):
    return mock.send(API, "POST", json.dumps({**NEW, **members}).encode(), session.name)


def panel(page, name):
    return page.get_by_role("tabpanel", name=name, exact=True)


def rows(page):
    return page.get_by_role("listbox").get_by_role("option")


def row(page, text):
    return rows(page).filter(has_text=text)


# --- the journal


def test_exchanges_show_as_they_come(visit, mock, session):
    page = visit(session.name)
    expect(page.get_by_text("No requests yet")).to_be_visible()
    assert create(mock, session) == 201
    mock.send(f"{API}/nothing", session=session.name)
    expect(page.locator("#journal-count")).to_have_text("2 exchanges")
    expect(rows(page).first).to_contain_text("404")
    expect(row(page, "POST")).to_contain_text("createAIProvider")
    expect(page.locator("#announcer")).to_contain_text("/nothing 404")
    expect(page.locator("#connection")).to_have_text("Live")


def test_exchanges_are_filtered(visit, mock, session):
    create(mock, session)
    mock.send(f"{API}/nothing", session=session.name)
    mock.send("/elsewhere", session=session.name)
    page = visit(session.name)
    search, count = page.get_by_role("search", name="Filter the journal"), page.locator("#journal-count")
    expect(count).to_have_text("3 exchanges")
    search.get_by_label("Method").select_option("POST")
    expect(count).to_have_text("1 of 3 exchanges")
    search.get_by_label("Method").select_option("")
    search.get_by_label("Status").select_option("4xx")
    expect(count).to_have_text("2 of 3 exchanges")
    search.get_by_label("Operation").select_option("getAIProvider")
    expect(count).to_have_text("1 of 3 exchanges")
    search.get_by_label("Text").fill("no such text")
    page.get_by_role("button", name="show all").click()
    expect(count).to_have_text("3 exchanges")
    # Text is found in bodies too, which the list does not have; and in what comes later.
    search.get_by_label("Text").fill("API.EXAMPLE.com")
    expect(count).to_have_text("1 of 3 exchanges")
    create(mock, session, name="other")
    mock.send(API + "/x", session=session.name)
    expect(count).to_have_text("2 of 5 exchanges")


def test_the_journal_is_paused_and_cleared(visit, mock, session):
    create(mock, session)
    page = visit(session.name)
    expect(rows(page)).to_have_count(1)
    page.get_by_role("button", name="Pause").click()
    mock.send(API, session=session.name)
    expect(page.locator("#journal-count")).to_have_text("1 of 2 exchanges, 1 new while paused")
    page.get_by_role("button", name="Resume").click()
    expect(rows(page)).to_have_count(2)
    panel(page, "Journal").get_by_role("button", name="Clear").click()
    page.get_by_role("dialog").get_by_role("button", name="Clear").click()
    expect(page.get_by_text("No requests yet")).to_be_visible()
    assert session.journal.entries() == []


def test_an_exchange_is_shown_in_full(visit, mock, session):
    session.faults.delay(0.001, id="slow", operation="createAIProvider")
    create(mock, session, type="none", base_url=12345678901234567890)
    page = visit(session.name)
    row(page, "400").click()
    detail = page.get_by_role("complementary", name="Exchange")
    expect(detail.get_by_role("heading", level=2)).to_be_focused()
    for text in ("invalid-body", "owner", "slow", "0.001 s", "must be one of", "[redacted]", "12345678901234567890"):
        expect(detail).to_contain_text(text)
    expect(detail.get_by_role("region", name="Body of the request")).to_contain_text('\n  "type": "none"')
    expect(detail.get_by_role("row").filter(has_text="must be one of")).to_contain_text("enum")
    page.keyboard.press("Escape")
    expect(detail).to_be_hidden()
    expect(page.get_by_role("listbox")).to_be_focused()


def test_a_copied_command_does_the_same(visit, mock, session):
    create(mock, session, display_name="it's $HOME `id`")
    page = visit(session.name)
    row(page, "POST").click()
    page.get_by_role("button", name="Copy as curl").click()
    expect(page.get_by_text("curl command copied.")).to_be_visible()
    command = page.evaluate("navigator.clipboard.readText()")
    assert "API_KEY" not in command
    assert "dummy-key" not in command
    session.reset("state")
    done = subprocess.run(
        ["sh", "-c", command.replace("curl", "curl -sf", 1)],
        env={"PATH": "/usr/bin:/bin", "TOKEN": "API_KEY", "SECRET": "dummy-other"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)["display_name"] == "it's $HOME `id`"
    assert shlex.split(command)[0] == "curl"


def test_an_exchange_is_sent_again_with_a_token(visit, mock, session):
    visit.expected.append("401")  # the browser's own note of an answer that this test asks for
    mock.send(f"{API}/openai-main", session=session.name)
    page = visit(session.name)
    row(page, "200").click()
    page.get_by_role("button", name="Replay").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Send").click()
    expect(dialog.locator(".answer")).to_contain_text("401")
    dialog.get_by_label("Token").fill("API_KEY")
    dialog.get_by_role("button", name="Send").click()
    expect(dialog.locator(".answer")).to_contain_text('"name": "openai-main"')
    assert [entry["status"] for entry in session.journal.entries()] == [200, 401, 200]
    dialog.get_by_role("button", name="Close").last.click()
    expect(page.get_by_role("button", name="Replay")).to_be_focused()


def test_the_journal_is_saved_as_har(visit, mock, session):
    create(mock, session)
    page = visit(session.name)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save HAR").click()
    assert download.value.suggested_filename == f"{session.name}.har"
    har = json.loads(download.value.path().read_text())
    assert [entry["response"]["status"] for entry in har["log"]["entries"]] == [201]


def test_ten_thousand_exchanges_leave_few_rows_in_the_page(visit, mock, session):
    for number in range(10_050):
        mock.send(f"{API}/{'azure-us-staging' if number % 100 else 'nothing'}", session=session.name)
    page = visit(session.name)
    expect(page.locator("#journal-count")).to_have_text("10000 exchanges (the newest)", timeout=60_000)
    expect(rows(page).nth(10)).to_be_attached()
    assert rows(page).count() < 60
    listing = page.get_by_role("listbox")
    for place in (0.3, 0.7, 1):
        listing.evaluate("(list, place) => { list.scrollTop = list.scrollHeight * place; }", place)
        expect(listing.locator("[aria-posinset='1']")).to_have_count(0)
        expect(rows(page).nth(10)).to_be_attached()
        assert rows(page).count() < 60
    expect(listing.locator("[aria-posinset='10000']")).to_be_visible()
    page.get_by_role("search").get_by_label("Status").select_option("4xx")
    expect(page.locator("#journal-count")).to_have_text(re.compile("^100 of 10000"))
    assert 10 < rows(page).count() < 60
    page.get_by_role("search").get_by_label("Status").select_option("")
    listing.evaluate("(list) => { list.scrollTop = 5000; }")
    expect(listing.locator("[aria-posinset='150']")).to_be_visible()
    seen = listing.locator("[aria-posinset='150']").get_attribute("data-id")
    mock.send(API, session=session.name)
    # What is looked at stays where it is when more comes.
    expect(listing.locator(f"[data-id='{seen}']")).to_have_attribute("aria-posinset", "151")
    expect(listing.locator(f"[data-id='{seen}']")).to_be_visible()


# --- sessions, snapshots, clock, faults


def test_a_session_is_made_chosen_reset_and_dropped(visit, mock, session):
    create(mock, session)
    name = f"{session.name}-new"
    page = visit(session.name, "sessions")
    form = page.get_by_role("form", name="Make a session")
    form.get_by_label("Name").fill(name)
    form.get_by_role("button", name="Make session").click()
    expect(page.get_by_label("Session", exact=True)).to_have_value(name)
    assert name in page.url
    page.get_by_role("button", name=f"Show {session.name}", exact=True).click()
    expect(page.get_by_label("Session", exact=True)).to_have_value(session.name)
    page.get_by_role("button", name=f"Reset {session.name}", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Reset").click()
    expect(page.get_by_role("row").filter(has_text="shown")).to_contain_text("0 entries")
    page.get_by_role("button", name=f"Drop {name}").click()
    page.get_by_role("dialog").get_by_role("button", name="Drop").click()
    expect(page.get_by_role("button", name=f"Drop {name}")).to_have_count(0)
    assert name not in [one["name"] for one in mock.client.sessions()]


def test_a_session_that_is_dropped_elsewhere_can_be_made_again(visit, mock):
    visit.expected.append("404")
    mock.client.session("fleeting")
    page = visit("fleeting")
    expect(page.locator("#connection")).to_have_text("Live")
    mock.client.existing("fleeting").drop()
    expect(page.get_by_role("region", name="The session is gone")).to_contain_text("fleeting")
    page.get_by_role("button", name="Make it again").click()
    expect(page.locator("#connection")).to_have_text("Live")
    mock.client.existing("fleeting").drop()


def test_a_snapshot_is_taken_compared_restored_and_deleted(visit, mock, session):
    name = f"snap-{session.name}"
    page = visit(session.name, "snapshots")
    form = page.get_by_role("form", name="Take a snapshot")
    form.get_by_label("Name").fill(name)
    form.get_by_role("button", name="Take snapshot").click()
    compare = page.get_by_role("button", name=f"Compare {name}")
    compare.click()
    expect(page.get_by_text("They are equal.")).to_be_visible()
    create(mock, session)
    first = session.state.records("providers")[0]
    session.state.change("providers", first["key"], {"display_name": "Other"})
    session.state.remove("providers", session.state.records("providers")[-1]["key"])
    compare.click()
    expect(page.get_by_text("1 added, 1 changed, 1 removed")).to_be_visible()
    expect(page.get_by_role("table", name=re.compile("that changed$"))).to_contain_text('"Other"')
    page.get_by_role("button", name=f"Restore {name}").click()
    page.get_by_role("dialog").get_by_role("button", name="Restore").click()
    compare.click()
    expect(page.get_by_text("They are equal.")).to_be_visible()
    with page.expect_download() as download:
        panel(page, "Snapshots").get_by_role("button", name="Export fixture").click()
    assert "providers:" in download.value.path().read_text()
    page.get_by_role("button", name=f"Delete {name}").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("button", name=f"Delete {name}")).to_have_count(0)


def test_the_clock_is_set_moved_frozen_and_resumed(visit, session):
    visit.expected.append("400")
    page = visit(session.name, "clock")
    clock = panel(page, "Clock")
    expect(clock.get_by_role("timer")).to_contain_text("UTC")
    clock.get_by_label("Time (RFC 3339)").fill("2030-05-06T07:08:09Z")
    clock.get_by_role("button", name="Set").click()
    expect(clock.get_by_role("timer")).to_contain_text("2030-05-06 07:08")
    clock.get_by_role("button", name="Freeze").click()
    expect(clock.get_by_role("status")).to_contain_text("Frozen")
    clock.get_by_role("button", name="+1 day").click()
    expect(clock.get_by_role("timer")).to_contain_text("2030-05-07 07:08")
    clock.get_by_role("button", name="Resume").click()
    expect(clock.get_by_role("status")).to_contain_text("Running")
    clock.get_by_label("Time (RFC 3339)").fill("tomorrow")
    clock.get_by_role("button", name="Set").click()
    expect(clock.get_by_role("alert")).to_contain_text("now")
    clock.get_by_role("button", name="Put back").click()
    expect(clock.get_by_role("status")).to_contain_text("not moved")


def test_a_preset_is_switched_and_the_banner_says_so(visit, mock, session):
    page = visit(session.name, "faults")
    banner = page.get_by_role("region", name="Faults that are on")
    outage = page.get_by_role("switch", name="outage")
    expect(outage).to_have_attribute("aria-checked", "false")
    expect(banner).to_be_hidden()
    outage.press("Space")
    expect(outage).to_have_attribute("aria-checked", "true")
    expect(banner).to_contain_text("1 fault is on (outage)")
    assert mock.send(API, session=session.name) == 503
    expect(page.get_by_role("row").filter(has_text="outage")).to_contain_text("1 of 1")
    banner.get_by_role("button", name="Turn all off").click()
    expect(banner).to_be_hidden()
    expect(outage).to_have_attribute("aria-checked", "false")
    assert mock.send(API, session=session.name) == 200


def test_every_kind_of_fault_is_added_with_the_form(visit, mock, session):
    page = visit(session.name, "faults")
    form = page.get_by_role("form", name="Add a fault")
    kinds = form.get_by_label("Effect").locator("option").all_inner_texts()
    document = mock.client.call("GET", "/openapi.yaml")
    assert set(kinds) == set(
        re.findall(r'^          ([a-z-]+): "#/components/schemas/\w+Effect"', document, re.MULTILINE)
    )
    form.get_by_label("Operation").select_option("getAIProvider")
    form.get_by_label("Times").fill("3")
    for kind in kinds:
        form.get_by_label("Effect").select_option(kind)
        if kind == "status":
            form.get_by_label("Status").fill("404")
        form.get_by_role("button", name="Add fault").click()
        expect(page.get_by_role("row").filter(has=page.get_by_text(kind, exact=True))).to_contain_text("3 times")
    added = session.faults.all()
    assert [one["effect"]["kind"] for one in added] == kinds
    assert {one["match"]["operation"] for one in added} == {"getAIProvider"}
    page.get_by_role("button", name=f"Remove {added[0]['id']}", exact=True).click()
    expect(page.get_by_role("button", name=f"Remove {added[0]['id']}", exact=True)).to_have_count(0)


def test_an_impossible_fault_is_refused_in_the_form(visit, session):
    visit.expected += ["400", "409", "422"]
    page = visit(session.name, "faults")
    form = page.get_by_role("form", name="Add a fault")
    form.get_by_label("Status").fill("599")
    form.get_by_label("Operation").select_option("listAIProviders")
    form.get_by_role("button", name="Add fault").click()
    expect(form.get_by_role("alert")).to_contain_text("599")
    assert session.faults.all() == []


def test_the_contract_leads_to_the_exchanges_of_an_operation(visit, mock, session):
    create(mock, session)
    mock.send(API, session=session.name)
    page = visit(session.name, "contract")
    page.get_by_role("button", name="Exchanges of createAIProvider").click()
    expect(page.locator("#journal-count")).to_have_text("1 of 2 exchanges")


@pytest.mark.parametrize("size", [(390, 844), (1920, 1080)], ids=["phone", "wide"])
def test_nothing_is_wider_than_the_screen(visit, mock, session, size):
    create(mock, session)
    session.faults.preset("flaky")
    page = visit(session.name, size=size)
    for name in ("Journal", "State", "Sessions", "Snapshots", "Faults", "Clock", "Contract"):
        page.get_by_role("tab", name=name).click()
        expect(panel(page, name)).to_be_visible()
        page.wait_for_timeout(150)
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0], name


def test_it_is_used_by_keyboard_alone(visit, mock, session):
    create(mock, session)
    mock.send(f"{API}/nothing", session=session.name)
    page = visit(session.name)
    expect(rows(page)).to_have_count(2)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.get_by_role("listbox").evaluate("(list) => list === document.activeElement"):
            break
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    detail = page.get_by_role("complementary", name="Exchange")
    expect(detail.get_by_role("heading", level=2)).to_contain_text("POST")
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Journal").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="State")).to_be_focused()
    expect(panel(page, "State")).to_be_visible()
