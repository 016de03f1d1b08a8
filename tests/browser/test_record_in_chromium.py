"""The page over the record in a real browser: by mouse, by keyboard, for screen readers, on paper."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from ipsec_orchestrator.model.drift import DriftReport
from ipsec_orchestrator.model.record_view import RecordView
from ipsec_orchestrator.report.record_page import record_page
from tests.record_scene import CHANGED_PORT, record

ROWS = "#members tbody tr"
COUNT = "#members .count"
HOSTILE = "<img src=http://127.0.0.1:9/ onerror=alert(1)><script>alert(2)</script>"


@dataclass(slots=True)
class Opened:
    """A page that is shown, what it asked for, and what it complained about."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


Open = Callable[..., Opened]


@pytest.fixture
def opened(browser: BrowserContext, tmp_path: Path) -> Iterator[Open]:
    """Shows a record; closes all that was shown."""
    pages: list[Page] = []

    def show(view: RecordView | None = None, **media: Any) -> Opened:  # noqa: ANN401 - playwright's
        file = tmp_path / "report.html"
        file.write_text(record_page(record(hosts=400) if view is None else view), encoding="utf-8")
        page = browser.new_page()
        pages.append(page)
        found = Opened(page)
        page.on("request", lambda request: found.requests.append(request.url))
        page.on("console", lambda message: found.complaints.append(message.text))
        page.on("pageerror", lambda error: found.complaints.append(str(error)))
        page.on("dialog", lambda dialog: found.complaints.append(dialog.message))
        if media:
            page.emulate_media(**media)
        page.goto(file.as_uri())
        return found

    yield show
    for page in pages:
        page.close()


@contextmanager
def quiet(opened: Opened) -> Iterator[Page]:
    """Give the page, and see to it that it asked for nothing and complained about nothing."""
    yield opened.page
    outside = [url for url in opened.requests[1:] if not url.startswith("data:")]

    assert opened.requests[0].endswith("/report.html")
    assert outside == []
    assert opened.complaints == []


def first_cells(page: Page) -> list[str]:
    """The first cells of the rows of the table of members."""
    return page.locator(f"{ROWS} th").all_inner_texts()


def test_nothing_is_loaded_and_nothing_complained_about(opened: Open) -> None:
    """The page is one file, and its policy lets it do what it does."""
    with quiet(opened()) as page:
        assert page.locator(COUNT).inner_text() == "1 to 100 of 400"
        assert page.locator(ROWS).count() == 100


def test_filter_and_sort_work_by_keyboard(opened: Open) -> None:
    """Tab leads to the filter, the state, and the headings; Enter sorts, and once more turns it."""
    with quiet(opened()) as page:
        page.locator("#members input").focus()
        page.keyboard.type("HOST 003")
        shown = first_cells(page)
        assert shown
        assert all("003" in name and name.startswith("host") for name in shown)
        assert "that match; 400 in all" in page.locator(COUNT).inner_text()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.tagName") == "SELECT"
        page.keyboard.press("Tab")  # the region that scrolls
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "host"
        page.keyboard.press("Enter")
        heading = page.locator("#members thead th").first
        assert heading.get_attribute("aria-sort") == "ascending"
        assert first_cells(page) == sorted(shown)
        page.keyboard.press("Enter")
        assert heading.get_attribute("aria-sort") == "descending"
        assert first_cells(page) == sorted(shown, reverse=True)


def test_a_state_can_be_chosen(opened: Open) -> None:
    """Only members in that state are left."""
    with quiet(opened()) as page:
        page.locator("#members select").select_option("failed")
        states = page.locator(f"{ROWS} td:nth-child(2)").all_inner_texts()

    assert len(states) == 7
    assert all("failed" in state for state in states)


def test_ten_thousand_members_are_filtered_sorted_and_turned(opened: Open) -> None:
    """A page of them at a time stands in the document."""
    with quiet(opened(record(hosts=10_000, run_count=2_000))) as page:
        assert page.locator(COUNT).inner_text() == "1 to 100 of 10000"
        page.locator("#members thead button").first.click()
        assert first_cells(page)[:2] == ["host00001", "host00003"]
        page.locator("#members .pages button").last.click()
        assert page.locator(COUNT).inner_text() == "101 to 200 of 10000"
        page.locator("#members .pages button").first.click()
        page.locator("#members input").fill("vm09998")
        assert first_cells(page) == ["vm09998"]
        assert page.locator(ROWS).count() == 1


def test_hostile_names_do_nothing(opened: Open) -> None:
    """They are shown as they are, by markup and by script."""
    view = record()
    bad = replace(CHANGED_PORT, name=HOSTILE, object=HOSTILE, found=HOSTILE)
    seen = replace(view.passes[0], report=DriftReport(differences=(bad,)), alarms=(HOSTILE,))
    members = tuple(replace(each, host=HOSTILE, unread=HOSTILE) for each in view.members)
    hostile = replace(view, passes=(seen,), members=members)
    with quiet(opened(hostile)) as page:
        page.locator("#members input").fill("img")
        assert first_cells(page)[0] == HOSTILE
        assert page.locator("img").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_usable_by_screen_readers(opened: Open, scheme: str) -> None:
    """Axe finds nothing, also no contrast that is too low, in light and dark."""
    axe = (resources("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
    with quiet(opened(color_scheme=scheme)) as page:
        page.evaluate(axe)
        found = page.evaluate("axe.run()")

    told = [
        (each["id"], each["help"], [node["html"][:200] for node in each["nodes"]][:3])
        for each in found["violations"]
    ]
    assert len(found["passes"]) > 20
    assert told == [], json.dumps(told, indent=1)


def test_light_and_dark_differ(opened: Open) -> None:
    """The page follows the reader's setting."""
    colours = {
        scheme: opened(color_scheme=scheme).page.evaluate(
            "getComputedStyle(document.body).backgroundColor"
        )
        for scheme in ("light", "dark")
    }

    assert colours == {"light": "rgb(251, 251, 249)", "dark": "rgb(20, 23, 26)"}


def test_it_prints_without_controls(opened: Open) -> None:
    """On paper there is neither a filter nor a button to turn pages, and more rows at once."""
    with quiet(opened()) as page:
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        page.emulate_media(media="print")
        assert page.locator(ROWS).count() == 400
        assert not page.locator("#members .tools").is_visible()
        assert not page.locator("#members .pages").is_visible()
        paper = page.pdf()
        page.emulate_media(media="screen")
        page.evaluate("window.dispatchEvent(new Event('afterprint'))")
        assert page.locator(ROWS).count() == 100

    assert paper.startswith(b"%PDF-")


def test_it_fits_a_narrow_screen(opened: Open) -> None:
    """Nothing but the tables scrolls sideways."""
    with quiet(opened()) as page:
        page.set_viewport_size({"width": 360, "height": 700})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
