"""A real Chromium that shows files of this machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, sync_playwright

from tests.chromium import CHROMIUM, SWITCHES
from tests.lacking import lacking


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """One browser for all tests, with a profile of its own."""
    if not CHROMIUM.exists():
        lacking("there is no Chromium: apt-get install chromium")
    home = tmp_path_factory.mktemp("chromium")
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            home / "profile",
            executable_path=CHROMIUM,
            headless=True,
            args=list(SWITCHES),
            env={"HOME": str(home), "PATH": "/usr/bin:/bin"},
            viewport={"width": 1280, "height": 900},
        )
        yield context
        context.close()


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder for pages."""
    return tmp_path
