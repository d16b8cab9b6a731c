"""A real Chromium for the pages of the mock, one for all modules of this folder."""

import os
import shutil

import pytest
from playwright.sync_api import sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


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
