"""The HTML report in a real Chromium: what it does, that it is usable by everybody, and that nothing can run in it."""

import os
import shutil
from pathlib import Path

import axe_playwright_python
import pytest
import report_kit as kit
from playwright.sync_api import sync_playwright

from contract_tests.reports import write

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
IN_CI = os.environ.get("CI") == "true"
pytestmark = pytest.mark.skipif(
    CHROMIUM is None and not IN_CI,
    reason="there is no chromium to open the page with (scripts/ci-packages installs it)",
)
DESKTOP, PHONE = (1280, 900), (390, 844)
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def chromium():
    assert CHROMIUM, "there is no chromium; scripts/ci-packages installs it"
    with sync_playwright() as playwright:
        # Only pages of these tests are opened, and in a container root has no sandbox to use.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("pages")


@pytest.fixture
def visit(chromium, folder, request):
    """Open the report of a run as a file, as people do; whatever a page complains of is an error of the test."""
    contexts, complaints = [], []

    def open_page(run, size=DESKTOP, scheme="light", fragment="", **extra):
        path = folder / f"{len(list(folder.iterdir()))}.html"
        write("html", path, run)
        width, height = size
        context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, **extra)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda sent: sent.url.startswith("file:") or complaints.append(f"asked for {sent.url}"))
        page.goto(path.as_uri() + fragment)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def test_the_verdict_comes_first(visit):
    assert visit(kit.failing()).locator("h1").inner_text() == "Does not conform: 5 findings"
    assert visit(kit.conforming()).locator("h1").inner_text() == "Conforms"
    page = visit(kit.untestable())
    assert page.locator("h1").inner_text() == "Could not test"
    assert "connection refused" in page.locator("header").inner_text()
    assert "this is not a pass" in page.locator("#findings").inner_text()


@pytest.mark.parametrize("text", [kit.HOSTILE["html"], kit.HOSTILE["jinja"], kit.ALL_HOSTILE])
def test_nothing_that_a_server_says_runs_or_changes_the_page(visit, text):
    page = visit(kit.hostile(text))
    plain = visit(kit.hostile("x"))
    assert "owned" not in page.evaluate("document.title").replace("title='owned'", "")
    count = "document.querySelectorAll('*').length"
    assert page.evaluate(count) == plain.evaluate(count)
    assert page.locator("script").count() == 1


def test_the_policy_stops_what_would_get_past_the_escaping(visit, folder):
    page = visit(kit.conforming())
    path = folder / "smuggled.html"
    source = page.evaluate("location.pathname")
    own = "document.title='owned'"
    evil = f'<p id="evil" onclick="{own}">x</p><script>{own}</script><style>h1{{color:red}}</style>'
    text = Path(source).read_text(encoding="utf-8").replace("<main", f"{evil}<main")
    path.write_text(text, encoding="utf-8")
    context = page.context.browser.new_context()
    other = context.new_page()
    other.goto(path.as_uri())
    other.evaluate("document.getElementById('evil').click()")
    colour = other.evaluate("getComputedStyle(document.querySelector('h1')).color")
    assert other.title().startswith("Conforms")
    assert colour != "rgb(255, 0, 0)"
    context.close()


@pytest.mark.parametrize(
    ("name", "scheme", "size"),
    [("failing", "light", DESKTOP), ("failing", "dark", PHONE), ("hostile", "dark", DESKTOP)],
    ids=["failing-light-desktop", "failing-dark-phone", "hostile-dark-desktop"],
)
def test_axe_finds_nothing(visit, name, scheme, size):
    # The policy of the page would stop axe too.
    page = visit(getattr(kit, name)(), size, scheme, bypass_csp=True)
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    page.evaluate(AXE)
    violations = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then((found) => found.violations)")
    assert [(one["id"], one["impact"], one["nodes"][0]["html"]) for one in violations] == []


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("name", ["failing", "hostile", "untestable"])
def test_nothing_is_wider_than_the_screen(visit, name, size):
    page = visit(getattr(kit, name)(), size)
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_light_and_dark_are_different(visit):
    background = "getComputedStyle(document.body).backgroundColor"
    assert visit(kit.failing()).evaluate(background) != visit(kit.failing(), scheme="dark").evaluate(background)


def test_a_command_is_copied_as_it_is(visit):
    page = visit(kit.failing(), permissions=["clipboard-read", "clipboard-write"])
    page.locator("#finding-2").get_by_role("button", name="Copy as curl (finding 2, request 2)").click()
    assert page.evaluate("navigator.clipboard.readText()") == kit.FINDINGS[0].steps[1].curl
    page.locator("#finding-2").get_by_role("button", name="Copy all as curl").click()
    assert page.evaluate("navigator.clipboard.readText()") == "\n".join(one.curl for one in kit.FINDINGS[0].steps)
    assert page.get_by_role("status").inner_text() == "Copied."


def test_findings_are_filtered_by_severity(visit):
    page = visit(kit.failing())
    page.get_by_label("major", exact=True).uncheck()
    assert page.locator(".finding:visible").count() == 2
    assert page.get_by_role("status").inner_text() == "2 of 5 findings are shown."


def test_many_findings_are_closed_until_asked_for_or_linked_to(visit):
    page = visit(kit.many(60), fragment="#finding-41")
    assert page.locator(".finding > details[open]").count() == 1
    assert page.locator("#finding-41 .against").is_visible()
    page.get_by_role("button", name="Open all").click()
    assert page.locator(".finding > details[open]").count() == 60
    page.get_by_role("button", name="Close all").click()
    assert page.locator(".finding > details[open]").count() == 0


def test_checks_are_filtered_by_words_and_verdict(visit):
    page = visit(kit.failing())
    page.get_by_label("not exercised (6)").check()
    assert page.locator("#checks tbody tr:visible").count() == 6
    page.get_by_role("searchbox").fill("clock CANNOT")
    assert page.locator("#checks tbody tr:visible").count() == 1
    assert page.locator("#shown").inner_text() == "1 of 32 checks are shown."
    page.locator("#checks").get_by_label("all", exact=True).check()
    page.get_by_role("searchbox").fill("")
    assert page.locator("#checks tbody tr:visible").count() == 32


def test_a_failed_check_leads_to_its_finding(visit):
    page = visit(kit.failing())
    page.get_by_role("button", name="Close all").click()
    page.locator("#checks").get_by_role("link", name="finding 5").click()
    assert page.locator("#finding-5 .against").is_visible()


def test_it_is_used_by_keyboard_alone(visit):
    page = visit(kit.many(11))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the report"
    page.keyboard.press("Enter")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('#finding-1 summary')"):
            break
    page.keyboard.press("Enter")
    assert page.locator("#finding-1 .against").is_visible()


def test_gaps_of_the_coverage_stand_out_and_say_why(visit):
    page = visit(kit.conforming())
    gap = page.locator(".matrix td.gap").first
    assert gap.get_attribute("title") == "500: not exercised: could not be provoked"
    assert page.locator(".matrix td.gap").count() == 7
    page.get_by_text("7 of 25 statuses not exercised").click()
    assert page.locator("details[open] tbody tr").filter(has_text="could not be provoked").count() == 7


def test_without_script_it_says_the_same(visit):
    page = visit(kit.failing(), java_script_enabled=False)
    assert page.locator(".finding").count() == 5
    assert page.get_by_role("button").count() == 0
    assert page.locator("#finding-1 pre").first.is_visible()


def test_printed_it_shows_what_is_folded(visit):
    page = visit(kit.many(60))
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.locator("#finding-60 .against").is_visible()
    assert not page.locator("nav").is_visible()
    assert len(page.pdf()) > 10_000
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator(".finding > details[open]").count() == 0
