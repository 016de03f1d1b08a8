"""Words of the news: for people in plain text, for programs as fields.

Names and values come from the directory, where others write them. So they are made harmless here,
once: one line, of bounded length, without control characters, and without what makes a chat call
everybody. What markup they may hold is escaped by whoever puts the text into a format with markup.
"""

import re
import shlex
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from ipsec_orchestrator.model.drift import Difference
from ipsec_orchestrator.model.news import (
    Announcement,
    Event,
    EventKind,
    Level,
    LogRecord,
    Message,
    News,
)

# Longer than any DN of a sensible policy; whole values are in the pass and in drift --json.
_LONGEST: Final = 300
LONGEST_REASON: Final = 1000
_MOST_LINES: Final = 50
_MOST_RECORDS: Final = 500
_UNPRINTABLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_CALLS_EVERYBODY: Final = re.compile(
    r"@(?=everyone|here|channel|all\b|room\b|group\b)", re.IGNORECASE
)
_UNKNOWN: Final = "unknown"
_HEADLINES: Final = {
    EventKind.DIFFERENCE_FOUND: ("new difference", "new differences"),
    EventKind.DIFFERENCE_CHANGED: ("difference changed again", "differences changed again"),
    EventKind.DIFFERENCE_GONE: ("difference gone", "differences gone"),
    EventKind.UNREADABLE: ("can't be read", "can't be read"),
    EventKind.READABLE_AGAIN: ("can be read again", "can be read again"),
    EventKind.ALARM_RAISED: ("alarm", "alarms"),
    EventKind.ALARM_CLEARED: ("alarm over", "alarms over"),
}
_SINGLE: Final = {
    EventKind.PLAN_WAITS: "a plan waits",
    EventKind.REPAIRED: "repaired",
    EventKind.HELD: "repair held",
    EventKind.HELD_NO_LONGER: "repair no longer held",
    EventKind.FAILED: "the pass failed",
    EventKind.WELL_AGAIN: "passes are well again",
    EventKind.ALL_CLEAN: "nothing differs any more",
    EventKind.BROKEN_OFF: "a pass broke off",
    EventKind.PASSES_MISSED: "passes were missed",
    EventKind.NEWS_LEFT_OUT: "earlier news left out",
    EventKind.TRIAL: "a trial",
}
_LEVEL_WORDS: Final = {
    Level.GOOD: "OK",
    Level.NOTE: "Note",
    Level.WARNING: "Warning",
    Level.ALARM: "Alarm",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WhereToLook:
    """What the commands need that the news end with.

    Attributes:
        playbook_file: As given to the command that made the pass.
        inventory: Files or folders of the inventory, likewise.
        state: The state folder, if it is not the usual one.
    """

    playbook_file: str
    inventory: tuple[str, ...] = ()
    state: str = ""


def harmless(text: str, longest: int = _LONGEST) -> str:
    """Give a name, value or reason of others as one line of text that does nothing."""
    spaced = " ".join(text.split())
    printable = "".join(
        "\N{REPLACEMENT CHARACTER}" if unicodedata.category(char) in _UNPRINTABLE else char
        for char in spaced[: longest + 1]
    )
    short = printable if len(printable) <= longest else f"{printable[: longest - 3]}..."
    return _CALLS_EVERYBODY.sub("@\N{ZERO WIDTH SPACE}", short)


def moment(time: datetime) -> str:
    """Give a time as people read it."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def difference_words(each: Difference) -> str:
    """Say what is not as it ought to be, from what to what, when, where and by whom."""
    what = harmless(f"{each.thing} {each.name}")
    told = [
        f"{moment(each.when)}" if each.when else "",
        f"on {harmless(each.where)}" if each.where else "",
        f"by {harmless(each.who)}" if each.who else "",
    ]
    origin = " ".join(part for part in told if part)
    return (
        f"{what}, {harmless(each.field)}: expected {harmless(each.expected)}, "
        f"found {harmless(each.found)} ({each.kind.value}"
        f"{f'; changed {origin}' if origin else ''})."
    )


def announcement_of(news: News, look: WhereToLook) -> Announcement:
    """Put news into words for people and for programs."""
    return Announcement(
        level=news.level,
        message=_message(news, look),
        records=tuple(_records(news)),
    )


def _message(news: News, look: WhereToLook) -> Message:
    this = news.watch_pass
    playbook, domain = harmless(this.playbook), harmless(this.domain)
    outcome = this.outcome.value if this.outcome else _UNKNOWN
    lines = [event.text for event in news.events[:_MOST_LINES]]
    left = len(news.events) - len(lines)
    if left:
        lines.append(f"{left} more of this pass.")
    return Message(
        subject=f"{_LEVEL_WORDS[news.level]}: {playbook} ({domain}): {_headline(news)}",
        opening=(
            f"IPsec policy of playbook {playbook} in {domain}, pass of "
            f"{moment(this.ended or this.started)}: {outcome}."
        ),
        lines=tuple(lines),
        closing=("Look further:", *(f"  {each}" for each in _commands(news, look))),
    )


def _headline(news: News) -> str:
    counts: dict[EventKind, int] = {}
    for event in news.events:
        counts[event.kind] = counts.get(event.kind, 0) + 1
    return ", ".join(
        _SINGLE[kind]
        if kind in _SINGLE
        else f"{number} {_HEADLINES[kind][0 if number == 1 else 1]}"
        for kind, number in counts.items()
    )


def _commands(news: News, look: WhereToLook) -> Iterator[str]:
    """Give the commands that show more, ready to be copied."""
    this = news.watch_pass
    inventory = [word for path in look.inventory for word in ("-i", path)]
    state = ["--state", look.state] if look.state else []
    if look.playbook_file:
        yield shlex.join(["orchestrate", "drift", look.playbook_file, *inventory, *state])
    if this.plan_file:
        yield shlex.join(["orchestrate", "apply", this.plan_file, *inventory, *state])
    if this.run_id:
        yield shlex.join(["orchestrate", "runs", "show", this.run_id, *state])


def _records(news: News) -> Iterator[LogRecord]:
    this = news.watch_pass
    at = this.ended or this.started
    common = {
        "playbook": this.playbook,
        "domain": this.domain,
        "pass": this.pass_id,
        "outcome": this.outcome.value if this.outcome else _UNKNOWN,
    }
    for event in news.events[:_MOST_RECORDS]:
        fields = {**common, **_own_fields(event)}
        yield LogRecord(
            kind=event.kind,
            level=event.level,
            at=at,
            text=event.text,
            fields=tuple((name, harmless(text)) for name, text in fields.items() if text),
        )
    left = len(news.events) - _MOST_RECORDS
    if left > 0:
        yield LogRecord(
            kind=EventKind.NEWS_LEFT_OUT,
            level=news.level,
            at=at,
            text=f"{left} more events of this pass are not written here.",
            fields=tuple((name, harmless(text)) for name, text in common.items()),
        )


def _own_fields(event: Event) -> dict[str, str]:
    fields = {"object": event.object, "run": event.run_id}
    each = event.difference
    if each is not None:
        fields |= {
            "difference": each.kind.value,
            "thing": each.thing,
            "name": each.name,
            "field": each.field,
            "expected": each.expected,
            "found": each.found,
            "when": each.when.astimezone(UTC).isoformat() if each.when else "",
            "where": each.where or "",
            "who": each.who or "",
        }
    return fields
