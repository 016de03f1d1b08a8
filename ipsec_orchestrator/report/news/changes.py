"""What a pass changed: the same state twice is no news."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from ipsec_orchestrator.model.drift import Difference, DriftKind
from ipsec_orchestrator.model.news import Event, EventKind, Level, News
from ipsec_orchestrator.model.watch import PassOutcome, WatchPass
from ipsec_orchestrator.report.news.standing import (
    NOTHING_KNOWN,
    Standing,
    all_members,
    essence,
    is_same,
    last_whole,
    standing_after,
)
from ipsec_orchestrator.report.news.words import (
    LONGEST_REASON,
    difference_words,
    harmless,
    moment,
)

_LEVELS: Final = {
    DriftKind.DRIFT: Level.WARNING,
    DriftKind.PENDING: Level.NOTE,
    DriftKind.ADOPTED: Level.NOTE,
    DriftKind.FOREIGN: Level.WARNING,
}
_TROUBLE: Final = (PassOutcome.HELD, PassOutcome.FAILED)


def news_of(passes: Iterable[WatchPass], since: str = "") -> tuple[News, ...]:
    """Give the news of every pass that brought some, oldest first.

    Args:
        passes: Of one playbook, in any order; what was before the first of them is not known.
        since: Only of passes after the one with this id.
    """
    found: list[News] = []
    standing, later = known_at(passes, since)
    for each in later:
        standing, events = follow(standing, each)
        if events and each.pass_id > since:
            found.append(News(watch_pass=each, events=events))
    return tuple(found)


def known_at(passes: Iterable[WatchPass], since: str) -> tuple[Standing, tuple[WatchPass, ...]]:
    """Give what is known at or before a pass, and the passes after that, oldest first.

    It is what following all of them from the first would come to, without doing so: a pass that
    saw everything makes those before it needless.
    """
    ordered = sorted(passes, key=lambda one: one.pass_id)
    place = last_whole(ordered, since)
    if place is None:
        return NOTHING_KNOWN, tuple(ordered)
    members = all_members(ordered[:place])
    standing, _ = follow(replace(NOTHING_KNOWN, members=members), ordered[place])
    return standing, tuple(ordered[place + 1 :])


def follow(before: Standing, watch_pass: WatchPass) -> tuple[Standing, tuple[Event, ...]]:
    """Give what is known after a pass, and what it changed, the worst first.

    A pass that did not come to an end is news of the one after it.
    """
    if watch_pass.ended is None or watch_pass.outcome is None:
        return replace(before, broken_off=watch_pass.started), ()
    after = standing_after(before, watch_pass)
    events = (
        *_of_the_watch(before, watch_pass),
        *_of_alarms(before, after),
        *_of_differences(before, after, watch_pass),
        *_of_unknown(before, after),
        *_of_the_outcome(before, after, watch_pass),
    )
    return after, tuple(sorted(events, key=lambda event: -event.level))


def _of_the_watch(before: Standing, watch_pass: WatchPass) -> Iterator[Event]:
    if before.broken_off is not None:
        yield Event(
            kind=EventKind.BROKEN_OFF,
            level=Level.WARNING,
            text=f"The pass that began at {moment(before.broken_off)} did not come to an end.",
        )
    if watch_pass.missed:
        passes = "pass" if watch_pass.missed == 1 else "passes"
        yield Event(
            kind=EventKind.PASSES_MISSED,
            level=Level.WARNING,
            text=f"The watch is back: {watch_pass.missed} {passes} of the schedule did not happen.",
        )


def _of_alarms(before: Standing, after: Standing) -> Iterator[Event]:
    for essential, text in after.alarms.items():
        if essential not in before.alarms:
            yield Event(
                kind=EventKind.ALARM_RAISED, level=Level.ALARM, text=f"Alarm: {_said(text)}"
            )
    for essential, text in before.alarms.items():
        if essential not in after.alarms:
            yield Event(
                kind=EventKind.ALARM_CLEARED,
                level=Level.GOOD,
                text=f"No longer an alarm: {_said(text)}",
            )


def _of_differences(before: Standing, after: Standing, watch_pass: WatchPass) -> Iterator[Event]:
    for key, each in after.differences.items():
        known = before.differences.get(key)
        if known is None:
            yield _event(EventKind.DIFFERENCE_FOUND, _LEVELS[each.kind], "New", each)
        elif not is_same(known, each):
            yield _event(EventKind.DIFFERENCE_CHANGED, _LEVELS[each.kind], "Changed again", each)
    for key, each in before.differences.items():
        if key not in after.differences and key not in before.repaired:
            yield _event(EventKind.DIFFERENCE_GONE, Level.GOOD, "No longer so", each)
    if watch_pass.outcome is PassOutcome.REPAIRED and watch_pass.run_id != before.run_id:
        yield Event(
            kind=EventKind.REPAIRED,
            level=Level.NOTE,
            text=f"Put right by run {watch_pass.run_id}.",
            run_id=watch_pass.run_id,
        )


def _differ(before: Standing, after: Standing) -> bool:
    """Tell whether other things differ, or in another way."""
    return before.differences.keys() != after.differences.keys() or any(
        not is_same(before.differences[key], each) for key, each in after.differences.items()
    )


def _event(kind: EventKind, level: Level, opening: str, difference: Difference) -> Event:
    return Event(
        kind=kind,
        level=level,
        text=f"{opening}: {difference_words(difference)}",
        object=difference.object,
        difference=difference,
    )


def _said(text: str, end: str = ".") -> str:
    """Give a reason as a sentence that can do no harm."""
    return f"{harmless(text, LONGEST_REASON).rstrip('.')}{end}"


def _of_unknown(before: Standing, after: Standing) -> Iterator[Event]:
    for name, each in after.unknown.items():
        if name not in before.unknown:
            cure = f" {_said(each.cure)}" if each.cure else ""
            yield Event(
                kind=EventKind.UNREADABLE,
                level=Level.WARNING,
                text=f"Can't be read: {harmless(name)}: {_said(each.reason)}{cure}",
                object=name,
            )
    for name in before.unknown:
        if name not in after.unknown:
            yield Event(
                kind=EventKind.READABLE_AGAIN,
                level=Level.GOOD,
                text=f"Can be read again: {harmless(name)}.",
                object=name,
            )


def _of_the_outcome(before: Standing, after: Standing, watch_pass: WatchPass) -> Iterator[Event]:
    outcome, reason = watch_pass.outcome, _said(watch_pass.reason)
    same = before.outcome is outcome and essence(before.reason) == essence(watch_pass.reason)
    if outcome is PassOutcome.FAILED and not same:
        text = f"The pass failed: {reason}"
        yield Event(kind=EventKind.FAILED, level=Level.ALARM, text=text)
    if outcome is PassOutcome.HELD and not same:
        text = f"Nothing was repaired: {reason}"
        yield Event(kind=EventKind.HELD, level=Level.WARNING, text=text)
    if outcome is PassOutcome.ASKED and (not same or _differ(before, after)):
        text = f"A plan waits for somebody to apply it: {_said(watch_pass.plan_file, end='')}"
        yield Event(kind=EventKind.PLAN_WAITS, level=Level.NOTE, text=text)
    if before.outcome is PassOutcome.FAILED and outcome not in _TROUBLE:
        text = "Passes come to an end again."
        yield Event(kind=EventKind.WELL_AGAIN, level=Level.GOOD, text=text)
    if before.outcome is PassOutcome.HELD and outcome not in _TROUBLE:
        text = "Repairs are no longer held."
        yield Event(kind=EventKind.HELD_NO_LONGER, level=Level.GOOD, text=text)
    if outcome is PassOutcome.CLEAN and before.outcome not in {None, PassOutcome.CLEAN}:
        text = "Nothing differs any more."
        yield Event(kind=EventKind.ALL_CLEAN, level=Level.GOOD, text=text)
