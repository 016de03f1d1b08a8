"""What is news: a change of what is known, and never the same twice."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipsec_orchestrator.model.drift import DriftKind
from ipsec_orchestrator.model.news import EventKind, Level
from ipsec_orchestrator.model.watch import PassOutcome, WatchPass
from ipsec_orchestrator.report.news.changes import news_of
from tests.watch_passes import difference, killed_pass, member_difference, unread, watch_pass

FOUND = EventKind.DIFFERENCE_FOUND
GONE = EventKind.DIFFERENCE_GONE


def kinds(*passes: WatchPass) -> list[EventKind]:
    """Give what the last of these passes changed."""
    return [
        event.kind
        for each in news_of(passes)
        if each.watch_pass is passes[-1]
        for event in each.events
    ]


def test_a_clean_watch_tells_nothing() -> None:
    """Neither the first clean pass is news nor any later one."""
    assert news_of(watch_pass(number) for number in range(50)) == ()


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ({}, {"differences": [difference()]}, [FOUND]),
        ({"differences": [difference()]}, {}, [GONE, EventKind.ALL_CLEAN]),
        (
            {"differences": [difference()]},
            {"differences": [difference(), difference(field="mirrored")]},
            [FOUND],
        ),
        (
            {"differences": [difference()]},
            {"differences": [difference(found="tcp any to 8080")]},
            [EventKind.DIFFERENCE_CHANGED],
        ),
        ({}, {"unknown": [unread()]}, [EventKind.UNREADABLE]),
        ({"unknown": [unread()]}, {}, [EventKind.READABLE_AGAIN, EventKind.ALL_CLEAN]),
        ({}, {"missed": 3}, [EventKind.PASSES_MISSED]),
        (
            {},
            {"outcome": PassOutcome.HELD, "reason": "Run r holds the lock."},
            [EventKind.HELD],
        ),
        (
            {"outcome": PassOutcome.HELD, "reason": "A confirmation is pending."},
            {"outcome": PassOutcome.HELD, "reason": "The maintenance window is closed."},
            [EventKind.HELD],
        ),
        (
            {"outcome": PassOutcome.HELD, "reason": "A confirmation is pending."},
            {},
            [EventKind.HELD_NO_LONGER, EventKind.ALL_CLEAN],
        ),
        (
            {},
            {"outcome": PassOutcome.FAILED, "reason": "No DC can be reached."},
            [EventKind.FAILED],
        ),
        (
            {"outcome": PassOutcome.FAILED, "reason": "No DC can be reached."},
            {},
            [EventKind.WELL_AGAIN, EventKind.ALL_CLEAN],
        ),
        ({}, {"alarms": ("vm1 was repaired 4 times.",)}, [EventKind.ALARM_RAISED]),
        ({"alarms": ("vm1 was repaired 4 times.",)}, {}, [EventKind.ALARM_CLEARED]),
        (
            {},
            {"outcome": PassOutcome.ASKED, "differences": [difference()], "plan_file": "p.json"},
            [FOUND, EventKind.PLAN_WAITS],
        ),
        (
            {},
            {"outcome": PassOutcome.REPAIRED, "differences": [difference()], "run_id": "r"},
            [FOUND, EventKind.REPAIRED],
        ),
    ],
)
def test_every_change_of_state_is_news(
    before: dict[str, Any], now: dict[str, Any], expected: Sequence[EventKind]
) -> None:
    """Each of them is told once, and not again while it stays so."""
    passes = [watch_pass(0), watch_pass(1, **before), watch_pass(2, **now)]
    again = {name: value for name, value in now.items() if name != "missed"}

    assert kinds(*passes) == list(expected)
    assert kinds(*passes, watch_pass(3, **again)) == []


def test_counts_and_times_alone_are_no_other_state() -> None:
    """A reason that only counts on is told once; one about another host is told."""
    first = watch_pass(1, alarms=("vm1 was repaired 4 times in 24 hours.",))
    more = watch_pass(2, alarms=("vm1 was repaired 5 times in 24 hours.",))
    other = watch_pass(3, alarms=("vm2 was repaired 5 times in 24 hours.",))

    assert kinds(watch_pass(0), first, more) == []
    assert kinds(first, more, other) == [EventKind.ALARM_RAISED, EventKind.ALARM_CLEARED]


def test_what_only_grows_older_is_not_told_again() -> None:
    """An age is the same difference at every hour; another value of it is not."""
    ages = [
        watch_pass(number, PassOutcome.ASKED, plan_file="p", differences=[difference(found=found)])
        for number, found in enumerate(
            ["25 h ago", "26 h ago", "27 h ago", "failed, error 0x00000005"]
        )
    ]

    assert kinds(*ages[:2]) == kinds(*ages[:3]) == []
    assert kinds(*ages) == [EventKind.DIFFERENCE_CHANGED, EventKind.PLAN_WAITS]


def test_what_was_repaired_is_not_told_again_when_it_is_gone() -> None:
    """The pass that repairs tells it; the clean one after it only that all is well."""
    repaired = watch_pass(
        1, PassOutcome.REPAIRED, differences=[difference()], run_id="20261126-093000-abcdef"
    )

    assert kinds(watch_pass(0), repaired, watch_pass(2)) == [EventKind.ALL_CLEAN]


def test_a_repair_that_did_not_last_is_news_when_another_run_repairs() -> None:
    """The same difference twice, but two runs."""
    first = watch_pass(1, PassOutcome.REPAIRED, differences=[difference()], run_id="run-a")
    second = watch_pass(2, PassOutcome.REPAIRED, differences=[difference()], run_id="run-b")

    assert kinds(watch_pass(0), first, second) == [EventKind.REPAIRED]


def test_a_run_that_failed_first_and_is_finished_later_is_told() -> None:
    """The first pass tells that it failed, the next that it repaired after all."""
    failed = watch_pass(
        1, PassOutcome.FAILED, reason="vm1: no connection.", differences=[difference()], run_id="r"
    )
    finished = watch_pass(2, PassOutcome.REPAIRED, run_id="r")

    assert EventKind.REPAIRED in kinds(watch_pass(0), failed, finished)


def test_a_domain_that_cannot_be_read_hides_no_difference() -> None:
    """What differed before a failed pass neither is gone in it nor new after it."""
    differs = watch_pass(1, differences=[difference()])
    failed = watch_pass(2, PassOutcome.FAILED, reason="No DC.", members_read=())
    again = watch_pass(3, differences=[difference()])

    assert kinds(differs, failed) == [EventKind.FAILED]
    assert kinds(differs, failed, again) == [EventKind.WELL_AGAIN]


def test_a_member_that_was_not_read_is_as_before() -> None:
    """A member that is left out, or does not answer, keeps its difference."""
    differs = watch_pass(1, differences=[member_difference("vm1")])
    left_out = watch_pass(2, members_read=("host1",))
    silent = watch_pass(3, unknown=[unread("vm1")])

    assert GONE not in kinds(differs, left_out)
    assert kinds(differs, left_out, silent) == [EventKind.UNREADABLE]
    assert GONE in kinds(differs, left_out, silent, watch_pass(4))


def test_a_silent_member_that_is_not_asked_again_is_still_unknown() -> None:
    """Reading some of the members says nothing about the others."""
    silent = watch_pass(1, unknown=[unread("vm1")])
    some = watch_pass(2, PassOutcome.REPORTED, members_read=("host1",))

    assert kinds(watch_pass(0), silent, some) == []


def test_a_killed_pass_is_news_of_the_next() -> None:
    """Nobody can tell it earlier."""
    told = news_of([watch_pass(0), killed_pass(1), watch_pass(2)])

    assert [event.kind for each in told for event in each.events] == [EventKind.BROKEN_OFF]
    assert "2026-11-26 09:30:00 UTC" in told[0].events[0].text


def test_the_worst_comes_first() -> None:
    """An alarm stands above a difference, that above what is only pending."""
    news = news_of(
        [
            watch_pass(
                0,
                differences=[difference(kind=DriftKind.PENDING), difference(field="mirrored")],
                alarms=("vm1 is repaired again and again.",),
            )
        ]
    )

    assert [event.level for event in news[0].events] == [Level.ALARM, Level.WARNING, Level.NOTE]
    assert news[0].level is Level.ALARM


_STATES = st.sampled_from(
    [
        {},
        {"differences": [difference()]},
        {"differences": [difference(found="absent"), member_difference("vm1")]},
        {"unknown": [unread("vm1")]},
        {"alarms": ("a",)},
        {"outcome": PassOutcome.HELD, "reason": "locked"},
        {"outcome": PassOutcome.FAILED, "reason": "no DC"},
        {"members_read": ("host1",)},
        {"members_read": ("host1", "vm2"), "differences": [member_difference("vm2")]},
        {"outcome": PassOutcome.REPAIRED, "differences": [difference()], "run_id": "r"},
    ]
)


@settings(max_examples=500)
@given(st.lists(_STATES, min_size=1, max_size=12), st.integers(min_value=0, max_value=11))
def test_news_since_a_pass_are_those_of_following_all(
    states: list[dict[str, Any]], number: int
) -> None:
    """Where to begin is chosen for speed alone, and what is known then is the same."""
    passes = [watch_pass(place, **each) for place, each in enumerate(states)]
    since = watch_pass(number).pass_id
    every = [each for each in news_of(passes) if each.watch_pass.pass_id > since]

    assert news_of(passes, since) == tuple(every)


@given(st.lists(_STATES, max_size=8), _STATES)
def test_the_same_state_twice_tells_nothing(
    before: list[dict[str, Any]], state: dict[str, Any]
) -> None:
    """Whatever came before, a pass that is like the one before it is silent."""
    passes = [watch_pass(number, **each) for number, each in enumerate([*before, state, state])]

    assert kinds(*passes) == []
