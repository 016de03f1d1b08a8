"""News: what has changed between one pass of the watch and the next, and how it is announced."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Final
from uuid import UUID, uuid5

from ipsec_orchestrator.model.drift import Difference
from ipsec_orchestrator.model.watch import WatchPass


class Level(IntEnum):
    """How much it matters; the larger the worse."""

    GOOD = 0
    NOTE = 1
    WARNING = 2
    ALARM = 3


class EventKind(StrEnum):
    """What has changed, in the words that logs and documents use."""

    DIFFERENCE_FOUND = "difference-found"
    DIFFERENCE_CHANGED = "difference-changed"
    DIFFERENCE_GONE = "difference-gone"
    UNREADABLE = "unreadable"
    READABLE_AGAIN = "readable-again"
    PLAN_WAITS = "plan-waits"
    REPAIRED = "repaired"
    HELD = "held"
    HELD_NO_LONGER = "held-no-longer"
    FAILED = "failed"
    WELL_AGAIN = "well-again"
    ALARM_RAISED = "alarm-raised"
    ALARM_CLEARED = "alarm-cleared"
    ALL_CLEAN = "all-clean"
    BROKEN_OFF = "broken-off"
    PASSES_MISSED = "passes-missed"
    NEWS_LEFT_OUT = "news-left-out"
    TRIAL = "trial"


# Numbers and ids are for programs that wait for them: a kind keeps its own for ever. The numbers
# stay below 1000, because Windows' own EventCreate.exe has texts for those.
EVENT_NUMBERS: Final = {
    EventKind.DIFFERENCE_FOUND: 701,
    EventKind.DIFFERENCE_CHANGED: 702,
    EventKind.DIFFERENCE_GONE: 703,
    EventKind.UNREADABLE: 704,
    EventKind.READABLE_AGAIN: 705,
    EventKind.PLAN_WAITS: 706,
    EventKind.REPAIRED: 707,
    EventKind.HELD: 708,
    EventKind.HELD_NO_LONGER: 709,
    EventKind.FAILED: 710,
    EventKind.WELL_AGAIN: 711,
    EventKind.ALARM_RAISED: 712,
    EventKind.ALARM_CLEARED: 713,
    EventKind.ALL_CLEAN: 714,
    EventKind.BROKEN_OFF: 715,
    EventKind.PASSES_MISSED: 716,
    EventKind.NEWS_LEFT_OUT: 717,
    EventKind.TRIAL: 718,
}
_MESSAGE_IDS: Final = UUID("0d6e1d0a-6f0f-4c0b-9a0e-2f7a5a3e7c11")


def message_id(kind: EventKind) -> str:
    """Give the 128 bits, as 32 hexadecimal digits, by which systemd's journal finds a kind."""
    return uuid5(_MESSAGE_IDS, kind.value).hex


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One change of state.

    Attributes:
        kind: What has changed.
        level: How much it matters.
        text: The same as a sentence.
        object: DN, path or host, where it is about one.
        difference: The difference, where it is about one.
        run_id: The run, where one did it.
    """

    kind: EventKind
    level: Level
    text: str
    object: str = ""
    difference: Difference | None = None
    run_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What a pass brought that was not so before it.

    Attributes:
        watch_pass: That pass.
        events: What has changed, the worst first; never empty.
    """

    watch_pass: WatchPass
    events: tuple[Event, ...]

    @property
    def level(self) -> Level:
        """The worst of them."""
        return max(event.level for event in self.events)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """News for people, in plain text.

    Attributes:
        subject: One line.
        opening: What it is about.
        lines: One line an event, the worst first.
        closing: How to look further; never left out.
    """

    subject: str
    opening: str
    lines: tuple[str, ...]
    closing: tuple[str, ...] = ()

    def fitted(self, limit: int) -> str:
        """Give the body with as many lines as fit, and say how many are left out.

        Args:
            limit: Characters that the receiver takes.
        """
        closing = "".join(f"\n{line}" for line in self.closing)
        for shown in range(len(self.lines), -1, -1):
            left = len(self.lines) - shown
            more = f"\nAnd {left} more." if left else ""
            kept = "".join(f"\n- {line}" for line in self.lines[:shown])
            body = f"{self.opening}\n{kept}{more}\n{closing}".rstrip("\n")
            if len(body) <= limit:
                return body
        return f"{self.opening}\nAnd {len(self.lines)} more.\n{closing}"[: max(limit, 0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRecord:
    """One event for a log that programs read.

    Attributes:
        kind: What has changed.
        level: How much it matters.
        at: When the pass ended that saw it.
        text: One line.
        fields: Names in lower case with underscores, and their texts.
    """

    kind: EventKind
    level: Level
    at: datetime
    text: str
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What a channel is given: the same news for people and for programs."""

    level: Level
    message: Message
    records: tuple[LogRecord, ...]
