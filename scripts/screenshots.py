"""Make the pictures of docs/a-day-with-the-mock.md: a real Chromium on the workbench of a real mock.

Usage: screenshots.py [--to FOLDER]   (docs/images without it)

The mock is seeded and its session's clock stands still; only the times and durations in the journal are of the moment.
Exit 2 without Chromium or Playwright (`scripts/ci-packages` installs the one, `make setup` the other).
"""

import argparse
import json
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mockserver.client import MockClient, MockSession
from mockserver.server import LocalServer
from mockserver.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
API = "/api/v2/ai/providers"
SESSION = "checkout"
DESKTOP = (1200, 760)
PHONE = (390, 844)
NEW = {"type": "openai", "name": "mine", "base_url": "https://api.openai.com/v1", "enabled": True, "api_keys": ["key"]}


def traffic(session: MockSession) -> None:
    """Do what a front end does in its first minutes."""
    ask(session, "GET", API)
    ask(session, "GET", f"{API}/openai-main")
    ask(session, "POST", API, {"type": "open-ai", "name": "Not Good", "api_keys": ["a-secret"]})
    ask(session, "POST", API, NEW)
    ask(session, "PATCH", f"{API}/mine", {"display_name": "My own"})
    ask(session, "GET", API, token="EXPIRED_KEY")  # noqa: S106 - of the shipped fixture
    ask(session, "DELETE", f"{API}/azure-us-staging")
    ask(session, "GET", f"{API}/azure-us-staging")


def ask(session: MockSession, method: str, path: str, body: Any = None, token: str = "API_KEY") -> None:  # noqa: S107
    """Send a request as a page of a development server would; refusals are part of the picture."""
    headers = {"Coder-Session-Token": token, "Origin": "http://localhost:5173", "User-Agent": "Mozilla/5.0"}
    data = None
    if body is not None:
        data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
    request = urllib.request.Request(session.base_url + path, data, headers, method=method)  # noqa: S310 - our own mock
    try:
        urllib.request.urlopen(request, timeout=10).close()  # noqa: S310
    except urllib.error.HTTPError as answer:
        answer.close()


def journal(page: "Page") -> None:
    """A refused request in full, beside the list."""
    page.get_by_role("option").filter(has_text="POST").filter(has_text="400").click()
    page.get_by_role("complementary", name="Exchange").wait_for()


def state(page: "Page") -> None:
    """The records, one of them with an error at its member."""
    page.get_by_role("button", name="Edit openai-main").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("type").first.fill("open-ai")
    dialog.get_by_role("button", name="Save in the state").click()
    dialog.get_by_role("alert").wait_for()


def records(page: "Page") -> None:
    """The table of records."""
    page.get_by_text("8 records").wait_for()


def faults(page: "Page") -> None:
    """A preset that is on, and the banner that says so."""
    page.get_by_role("switch", name="flaky").wait_for()
    page.get_by_role("table").wait_for()


def snapshots(page: "Page") -> None:
    """What changed since a snapshot."""
    page.get_by_role("button", name="Compare before-lunch").click()
    page.get_by_text("1 added, 0 changed, 1 removed").wait_for()


def swagger(page: "Page") -> None:
    """The contract, to be tried out."""
    page.locator("#operations-AI_Providers-createAIProvider").get_by_role("button").first.click()
    page.get_by_role("button", name="Try it out").wait_for()


def listed(page: "Page") -> None:
    """The list of exchanges."""
    page.get_by_role("listbox").get_by_role("option").first.wait_for()


# File, part of the workbench (empty: the page of the contract), scheme, size, what is to be seen.
SHOTS: tuple[tuple[str, str, str, tuple[int, int], "Callable[[Page], None]"], ...] = (
    ("journal.png", "journal", "light", DESKTOP, journal),
    ("journal-phone.png", "journal", "dark", PHONE, listed),
    ("records.png", "state", "dark", DESKTOP, records),
    ("edit.png", "state", "light", DESKTOP, state),
    ("snapshots.png", "snapshots", "light", DESKTOP, snapshots),
    ("contract.png", "", "light", DESKTOP, swagger),
    ("faults.png", "faults", "dark", DESKTOP, faults),  # last: there is a banner on every page while any is on
)


def shoot(browser: "Browser", url: str, shot: tuple[Any, ...], folder: Path) -> None:
    """Make one picture."""
    name, part, scheme, (width, height), arrange = shot
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="UTC",
    )
    context.set_default_timeout(15_000)
    page = context.new_page()
    page.goto(f"{url}/__mock__/#session={SESSION}&part={part}" if part else f"{url}/__mock__/docs/")
    arrange(page)
    page.wait_for_load_state("networkidle") if not part else page.wait_for_timeout(300)
    page.screenshot(path=folder / name, animations="disabled", caret="hide")
    context.close()


def main() -> int:
    """Make all pictures, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    parser.add_argument("--to", type=Path, default=IMAGES, metavar="FOLDER", help="where the pictures go")
    folder: Path = parser.parse_args().to
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        print("screenshots: there is no Playwright here; make setup installs it", file=sys.stderr)
        return 2
    if chromium is None:
        print("screenshots: there is no chromium here; scripts/ci-packages installs it", file=sys.stderr)
        return 2
    folder.mkdir(parents=True, exist_ok=True)
    with LocalServer(Settings(profile="deployed", deterministic=True)) as server, sync_playwright() as playwright:
        session = MockClient(server.url).session(SESSION, seed=1)
        session.clock.set("2026-07-01T09:00:00Z", frozen=True)
        session.snapshot("before-lunch")
        traffic(session)
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for shot in SHOTS:
            if shot[1] == "faults":
                session.faults.preset("flaky")
                session.faults.status(409, operation="createAIProvider", times=1)
            shoot(browser, server.url, shot, folder)
        browser.close()
    for name, *_ in SHOTS:
        print(f"{name}: {(folder / name).stat().st_size // 1024} KB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
