"""A real Chromium on the pages of a real mock; whatever a page complains of fails the test."""

import os
import shutil
import zlib

import pytest
from browser_kit import running
from playwright.sync_api import sync_playwright

from mockserver.settings import Settings

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DESKTOP = (1280, 900)
# Told to the test: scripts and styles that the policy stopped. A page cannot hide them.
LISTEN = """addEventListener('securitypolicyviolation',
    (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`))"""


@pytest.fixture(scope="session")
def chromium():
    """A browser; on a machine without one the tests are skipped, and in CI they fail."""
    if CHROMIUM is None and os.environ.get("CI") != "true":
        pytest.skip("there is no chromium to open the page with (scripts/ci-packages installs it)")
    assert CHROMIUM, "there is no chromium; scripts/ci-packages installs it"
    with sync_playwright() as playwright:
        # Only pages of these tests are opened, and in a container root has no sandbox to use.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def mock():
    """One mock for all tests; each has a session of its own."""
    with running(Settings(journal_bytes=64 * 1024 * 1024)) as started:
        yield started


@pytest.fixture
def session(mock, request):
    """A session for this test alone."""
    with mock.client.session(f"s-{zlib.crc32(request.node.nodeid.encode())}") as made:
        yield made


@pytest.fixture
def visit(chromium, mock, session):
    """Open the workbench; whatever a page complains of is an error of the test, unless it is named in `expected`.

    It asks for the session so that the pages are closed before their session is dropped.
    """
    contexts, complaints, expected = [], [], []

    def heard(text):
        if not any(part in text for part in expected):
            complaints.append(text)

    def open_page(name="default", part="journal", size=DESKTOP, scheme="light", url=None, context=None, **extra):
        if context is None:
            width, height = size
            context = chromium.new_context(
                viewport={"width": width, "height": height},
                color_scheme=scheme,
                permissions=["clipboard-read", "clipboard-write"],
                reduced_motion="reduce",
                **extra,
            )
            context.set_default_timeout(15_000)
            context.add_init_script(LISTEN)
            contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: message.type in {"error", "warning"} and heard(message.text))
        page.on("pageerror", lambda error: heard(str(error)))
        page.on("dialog", lambda dialog: (heard(f"dialog: {dialog.message}"), dialog.dismiss()))
        base = url or mock.url
        page.on("request", lambda sent: sent.url.startswith((base, "blob:", "data:")) or heard(f"asked for {sent.url}"))
        page.goto(f"{base}/__mock__/#session={name}&part={part}" if part else f"{base}/__mock__/docs/")
        return page

    open_page.expected = expected
    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
