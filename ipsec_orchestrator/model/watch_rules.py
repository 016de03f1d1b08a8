"""What may be done about differences while nobody looks, and when."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from enum import StrEnum

DAY_MINUTES = 24 * 60
_WEEK_DAYS = 7


class Handling(StrEnum):
    """What is done about a difference, in one word of the playbook; the first is most cautious."""

    REPORT = "report"
    ASK = "ask"
    REPAIR = "repair"


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyTimes:
    """The same hours on some days of every week, as clocks show them in one place.

    Attributes:
        text: As somebody wrote it.
        days: 0 is Monday; the day on which the hours begin.
        begins: Minutes after midnight, 0 to 1439.
        lasts: Minutes, 1 to 1440; they may go on after midnight.
        zone: Where the clock hangs.
    """

    text: str
    days: frozenset[int]
    begins: int
    lasts: int
    zone: tzinfo

    def holds(self, moment: datetime) -> bool:
        """Tell whether a moment lies within; the first minute does, the one after the last not.

        Clocks decide, not the time that has passed: an hour that is put back counts twice.

        Args:
            moment: With a time zone.
        """
        local = moment.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        today, yesterday = local.weekday(), (local.weekday() - 1) % _WEEK_DAYS
        ends = self.begins + self.lasts
        return (today in self.days and self.begins <= minute < ends) or (
            yesterday in self.days and minute < ends - DAY_MINUTES
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchRules:
    """What a playbook says of being watched over.

    Attributes:
        every: Seconds from one pass to the next; ``None`` if it is not said.
        on_drift: What is done where nothing more special is said.
        kinds: What is done about things of a kind, such as ``link`` or ``filter list``.
        groups: What is done about hosts of a group of the inventory; the first that fits counts.
        times: An object that was repaired so often ...
        within: ... in so many seconds is left alone.
        repair_only: Nothing is repaired outside of these; empty for always.
        leave_alone: Nothing is repaired within these.
        confirm_within: Seconds in which somebody has to confirm a repair; ``None`` for never.
        accept_unproved_revert: Rely on the local undo that nobody has proved on Windows.
    """

    every: int | None = None
    on_drift: Handling = Handling.REPORT
    kinds: Mapping[str, Handling] = field(default_factory=dict[str, Handling], hash=False)
    groups: tuple[tuple[str, Handling], ...] = ()
    times: int = 3
    within: int = 86_400
    repair_only: tuple[WeeklyTimes, ...] = ()
    leave_alone: tuple[WeeklyTimes, ...] = ()
    confirm_within: int | None = None
    accept_unproved_revert: bool = False
