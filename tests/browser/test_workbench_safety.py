"""The workbench where it is hard: hostile text, two tabs, a mock that goes away, a token, and everybody's eyes."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import axe_playwright_python
import pytest
from browser_kit import running
from playwright.sync_api import expect

from mockserver.settings import Settings

API = "/api/v2/ai/providers"
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
PARTS = ("Journal", "State", "Sessions", "Snapshots", "Faults", "Clock", "Contract")
HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(2)>",
    "javascript:alert(3)",
    "'\"><svg onload=alert(4)>",
    "</textarea></title><iframe srcdoc='<script>alert(5)</script>'>",
    "{{7*7}}${alert(6)}",
    "\u202egnp.exe",
)


def show(page, name):
    page.bring_to_front()  # a click waits for frames, of which a tab behind another has few
    page.get_by_role("tab", name=name).click()
    return page.get_by_role("tabpanel", name=name, exact=True)


def plant(mock, session):
    """Put hostile text wherever a client can put text."""
    for text in HOSTILE:
        body = {"type": "openai", "name": text, "base_url": text, "display_name": text, text: text}
        mock.send(f"{API}/{text}", "POST", json.dumps(body).encode(), session.name, x_evil=text, user_agent=text)
        mock.send(API, "PUT", text.encode(), session.name)
        mock.send(f"{API}/{text}", session=session.name)
    first = session.state.records("providers")[0]
    session.state.change("providers", first["key"], {"display_name": "".join(HOSTILE[:5])})
    session.faults.status(503, operation="listAIProviders", message=HOSTILE[1], force=True)
    session.faults.delay(0, path=f"/{HOSTILE[0]}*")
    mock.send(API, session=session.name)


def test_nothing_that_a_client_sent_can_run(visit, mock, session):
    plant(mock, session)
    page = visit(session.name)
    elements = "[...document.querySelectorAll('main script, main img, main iframe, main svg')].length"
    rows = page.get_by_role("listbox").get_by_role("option")
    expect(page.locator("#journal-count")).to_have_text("22 exchanges")
    page.get_by_role("listbox").focus()
    detail = page.get_by_role("complementary", name="Exchange")
    for number in range(22):
        rows.first.wait_for()
        page.get_by_role("listbox").press("ArrowDown" if number else "Home")
        page.get_by_role("listbox").press("Enter")
        expect(detail).to_be_visible()
        assert page.evaluate(elements) == 0
        page.keyboard.press("Escape")
    page.get_by_role("search", name="Filter the journal").get_by_label("Text").fill(HOSTILE[1])
    expect(page.locator("#journal-count")).to_contain_text("of 22")
    rows.filter(has_text="POST").first.click()
    expect(detail).to_contain_text(HOSTILE[1])
    page.get_by_role("button", name="Copy as curl").click()
    page.get_by_role("button", name="Replay").click()
    expect(page.get_by_role("dialog").get_by_label("Path and query")).to_have_value(re.compile("%3Cimg"))
    page.keyboard.press("Escape")
    state = show(page, "State")
    expect(state.get_by_role("table")).to_contain_text(HOSTILE[0])
    state.get_by_role("button", name="Edit").first.click()
    expect(page.get_by_role("dialog").get_by_label("display_name")).to_have_value("".join(HOSTILE[:5]))
    page.keyboard.press("Escape")
    faults = show(page, "Faults")
    expect(faults.get_by_role("table")).to_contain_text(HOSTILE[0])
    expect(faults.get_by_role("table")).to_contain_text(HOSTILE[1])
    snapshots = show(page, "Snapshots")
    snapshots.get_by_role("button", name="Compare", exact=True).click()
    expect(snapshots.get_by_role("table").last).to_contain_text("<script>")
    assert page.evaluate(elements) == 0


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "javascript:alert(1)", "../../x", "a%22onload="])
def test_a_hostile_session_in_the_address_is_not_used(visit, name):
    page = visit(name)
    expect(page.get_by_label("Session", exact=True)).to_have_value("default")


def test_the_policy_stops_what_would_get_past(visit, mock, session):
    visit.expected += ["policy:", "Content Security Policy", "TrustedHTML", "Trusted"]
    page = visit(session.name)
    page.evaluate("""() => {
        window.ran = [];
        const attacks = [
            () => {
                const script = document.createElement('script');
                script.text = "window.ran.push('script')";
                document.body.append(script);
            },
            () => { document.body.innerHTML += "<img src=x onerror=window.ran.push('img')>"; },
            () => { setTimeout("window.ran.push('text')", 0); },
            () => {
                const image = document.createElement('img');
                image.setAttribute('onerror', "window.ran.push('attribute')");
                image.src = 'data:,x';
                document.body.append(image);
            },
        ];
        for (const attack of attacks) try { attack(); } catch {}
    }""")
    page.wait_for_timeout(200)
    assert page.evaluate("window.ran") == []


def test_two_tabs_stay_alike(visit, mock, session):
    one = visit(session.name)
    other = visit(session.name, context=one.context)
    alone = visit(session.name)  # of another browser profile: only the mock tells it
    pages = (one, other, alone)
    mock.send(API, session=session.name)
    for page in pages:
        expect(page.locator("#journal-count")).to_have_text("1 exchange")
        expect(show(page, "State").get_by_text("8 records")).to_be_visible()
    one.bring_to_front()
    one.get_by_role("button", name="Remove openai-main").click()
    one.get_by_role("dialog").get_by_role("button", name="Remove from the state").click()
    for page in pages:
        expect(page.get_by_role("tabpanel", name="State").get_by_text("7 records")).to_be_visible()
        show(page, "Faults")
    other.bring_to_front()
    other.get_by_role("switch", name="flaky").click()
    for page in pages:
        expect(page.get_by_role("switch", name="flaky")).to_have_attribute("aria-checked", "true")
        expect(page.get_by_role("region", name="Faults that are on")).to_be_visible()
        show(page, "Journal")
    alone.bring_to_front()
    alone.get_by_role("tabpanel", name="Journal").get_by_role("button", name="Clear").click()
    alone.get_by_role("dialog").get_by_role("button", name="Clear").click()
    for page in pages:
        expect(page.get_by_text("No requests yet")).to_be_visible()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def serve(port):
    command = [str(Path(sys.executable).with_name("mockserver")), "serve", "--port", str(port)]
    # A group of its own, which dies at once, as in a crash.
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout.readline()
    return process


def crash(process):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def test_a_restart_is_said_and_survived(visit):
    visit.expected += ["ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_CONNECTION_RESET"]
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    process = serve(port)
    try:
        for _ in range(5):
            ask(url)
        page = visit(url=url)
        expect(page.locator("#journal-count")).to_have_text("5 exchanges")
        crash(process)
        expect(page.locator("#connection")).to_have_text("Connection lost, trying again…")
        process = serve(port)
        expect(page.locator("#connection")).to_have_text("Live", timeout=20_000)
        expect(page.get_by_text("The mock has begun anew")).to_be_visible()
        expect(page.get_by_text("No requests yet")).to_be_visible()
        ask(url)
        expect(page.locator("#journal-count")).to_have_text("1 exchange")
    finally:
        crash(process)


def ask(url):
    request = urllib.request.Request(url + API, headers={"Coder-Session-Token": "API_KEY"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200


def test_a_control_token_is_asked_for_and_not_kept_beyond_the_tab(visit):
    visit.expected.append("401")
    with running(Settings(control_token="dummy-control")) as mock:
        mock.send(API)
        page = visit(url=mock.url)
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Control token").fill("dummy-wrong")
        dialog.get_by_role("button", name="Use it").click()
        expect(dialog).to_contain_text("does not take this token")
        dialog.get_by_label("Control token").fill("dummy-control")
        dialog.get_by_role("button", name="Use it").click()
        expect(page.locator("#journal-count")).to_have_text("1 exchange")
        mock.send(API)
        expect(page.locator("#journal-count")).to_have_text("2 exchanges")
        kept = "JSON.stringify([localStorage.length, document.cookie, location.href])"
        assert "dummy-control" not in page.evaluate(kept)
        assert page.evaluate("localStorage.length") == 0
        page.get_by_role("link", name="API docs").click()  # the same tab has it still
        expect(page.get_by_role("heading", name=re.compile("^AI Providers"), level=1)).to_be_visible(timeout=20_000)


def test_swagger_ui_shows_the_contract_and_tries_it_out(visit, mock, session):
    page = visit(part="")
    block = page.locator("#operations-AI_Providers-listAIProviders")
    block.get_by_role("button").first.click(timeout=20_000)
    block.get_by_role("button", name="Try it out").click()
    page.locator(".servers select").select_option(f"{mock.url}/__mock__/s/{session.name}")
    page.get_by_role("button", name="Authorize").click()
    page.locator(".dialog-ux input").fill("API_KEY")
    page.locator(".dialog-ux .authorize").click()
    page.locator(".dialog-ux .btn-done").click()
    block.get_by_role("button", name="Execute").click()
    expect(block.locator(".live-responses-table .response-col_status").last).to_contain_text("200")
    assert [entry["principal"] for entry in session.journal.entries()] == ["owner"]


def test_swagger_ui_shows_the_control_api_too(visit):
    page = visit(part="")
    page.get_by_role("link", name="Control API").click()
    expect(page.get_by_role("heading", name=re.compile("^Control API of the mock 1"), level=1)).to_be_visible(
        timeout=20_000
    )


@pytest.mark.parametrize(
    ("scheme", "size"), [("light", (1280, 900)), ("dark", (390, 844))], ids=["light", "dark-phone"]
)
def test_axe_finds_nothing(visit, mock, session, scheme, size):
    mock.send(API, "POST", b'{"type": "none"}', session.name)
    mock.client.existing(session.name).snapshot(f"axe-{scheme}")
    mock.send(API, "POST", b'{"type":"openai","name":"mine","base_url":"https://x.example"}', session.name)
    session.faults.preset("outage")
    mock.send(API, session=session.name)
    # The policy of the page would stop axe too.
    page = visit(session.name, size=size, scheme=scheme, bypass_csp=True)
    page.evaluate(AXE)

    def judge(what):
        page.wait_for_timeout(100)
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then((found) => found.violations)")
        assert [(what, one["id"], one["impact"], one["nodes"][0]["html"]) for one in found] == []

    rows = page.get_by_role("listbox").get_by_role("option")
    expect(rows).to_have_count(3)
    judge("journal")
    rows.last.click()
    expect(page.get_by_role("complementary", name="Exchange")).to_be_visible()
    judge("exchange")
    page.get_by_role("button", name="Replay").click()
    judge("replay")
    page.keyboard.press("Escape")
    for part in PARTS[1:]:
        panel = show(page, part)
        expect(panel.get_by_role("heading").first).to_be_attached()
        if part == "State":
            expect(panel.get_by_text("9 records")).to_be_visible()
            judge(part)
            panel.get_by_role("button", name="Edit").first.click()
            judge("editor")
            page.keyboard.press("Escape")
        elif part == "Snapshots":
            panel.get_by_role("button", name=f"Compare axe-{scheme}").click()
            expect(panel.get_by_text("1 added, 0 changed, 0 removed")).to_be_visible()
        judge(part)
    mock.client.forget(f"axe-{scheme}")


def test_light_and_dark_are_different(visit):
    background = "getComputedStyle(document.body).backgroundColor"
    assert visit().evaluate(background) != visit(scheme="dark").evaluate(background)
