# ruff: noqa: INP001 - a script beside its picture, not a package
"""Draws ``report.png``: the page of ``orchestrate report`` over a made-up record, in Chromium."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from ipsec_orchestrator.report.record_page import record_page  # noqa: E402 - needs the path above
from tests.chromium import CHROMIUM, SWITCHES  # noqa: E402 - likewise
from tests.record_scene import record  # noqa: E402 - likewise

SIZE = {"width": 1180, "height": 1500}


def main() -> None:
    """Draw it."""
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "report.html"
        file.write_text(record_page(record(hosts=400)), encoding="utf-8")
        context = playwright.chromium.launch_persistent_context(
            Path(folder) / "profile",
            executable_path=CHROMIUM,
            headless=True,
            args=list(SWITCHES),
            viewport=SIZE,
        )
        page = context.new_page()
        page.goto(file.as_uri())
        page.screenshot(path=HERE / "report.png")
        context.close()


if __name__ == "__main__":
    main()
