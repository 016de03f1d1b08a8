"""Since when each difference is there, and until when it was: a row with a bar for each."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from ipsec_orchestrator.model.drift import Difference
from ipsec_orchestrator.planning.drift.history import Episode
from ipsec_orchestrator.report.page_parts import element, moment, table, text
from ipsec_orchestrator.report.record_tables import TONES, word_badge

_MOST: Final = 200
_WIDTH: Final = 1000
_LEAST: Final = 6
_HEADINGS: Final = ("what", "word", "field", "expected", "found", "seen")


def timeline_section(episodes: Sequence[Episode], begin: datetime, made: datetime) -> str:
    """Give the section.

    Args:
        episodes: What is there now first.
        begin: Left end of the bars.
        made: Right end of the bars.
    """
    heading = element("h2", "Drift over time", id="drift")
    if not episodes:
        return element("section", heading, element("p", "No pass found a difference."))
    rows = [_row(each, begin, made) for each in episodes[:_MOST]]
    there = sum(each.gone is None for each in episodes)
    note = f"{there} differences are there now, {len(episodes) - there} are gone."
    if len(episodes) > _MOST:
        note += f" Shown are the {_MOST} seen last."
    begin_text, end_text = (f"{each.astimezone(UTC):%Y-%m-%d %H:%M} UTC" for each in (begin, made))
    caption = f"Each difference; bars from {begin_text} to {end_text}"
    return element(
        "section",
        heading,
        element("p", text(note), class_="quiet"),
        table(caption, _HEADINGS, rows),
    )


def _row(each: Episode, begin: datetime, made: datetime) -> tuple[str, ...]:
    difference = each.difference
    return (
        element("span", text(f"{difference.thing} {difference.name}"), title=difference.object),
        word_badge(difference.kind.value),
        text(difference.field),
        text(difference.expected),
        text(difference.found) + _origin(difference),
        _when(each) + _bar(each, begin, made),
    )


def _origin(difference: Difference) -> str:
    """Say when, where and by whom it was changed, as far as that is known."""
    parts = [
        moment(difference.when.replace(microsecond=0)) if difference.when else "",
        text(f"on {difference.where}") if difference.where else "",
        text(f"by {difference.who}") if difference.who else "",
    ]
    told = " ".join(part for part in parts if part)
    return element("div", f"changed {told}", class_="quiet") if told else ""


def _when(each: Episode) -> str:
    first = moment(each.first.replace(microsecond=0))
    if each.gone is None:
        return f"since {first}"
    return f"{first} to {moment(each.last.replace(microsecond=0))}"


def _bar(each: Episode, begin: datetime, made: datetime) -> str:
    whole = max((made - begin).total_seconds(), 1.0)

    def place(when: datetime) -> float:
        return min(max((when - begin).total_seconds() / whole, 0.0), 1.0) * _WIDTH

    left, right = place(each.first), place(each.gone or made)
    width = max(right - left, _LEAST)
    tone, _ = TONES[each.difference.kind.value]
    # A description beside the bar would say again what the columns say.
    return element(
        "svg",
        element("path", d=f"M0 8H{_WIDTH}", class_="line"),
        element(
            "rect",
            x=f"{min(left, _WIDTH - width):.0f}",
            y="2",
            width=f"{width:.0f}",
            height="12",
            class_=f"t-{tone}",
        ),
        viewBox=f"0 0 {_WIDTH} 16",
        preserveAspectRatio="none",
        aria_hidden="true",
        class_="bar",
    )
