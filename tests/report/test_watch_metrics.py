"""What the metrics say after a pass."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from ipsec_orchestrator.model.confirmation import PendingConfirmation
from ipsec_orchestrator.model.drift import DriftKind
from ipsec_orchestrator.model.metrics import Metric
from ipsec_orchestrator.model.watch import PassOutcome, WatchPass
from ipsec_orchestrator.report.watch_metrics import MOST_NAMED, watch_metrics
from tests.watch_passes import (
    DOMAIN,
    FIRST,
    PLAYBOOK,
    difference,
    killed_pass,
    member_difference,
    unread,
    watch_pass,
)

Numbers = Mapping[tuple[str, ...], float]


def named(metrics: tuple[Metric, ...], name: str) -> Numbers:
    """Give the numbers of a metric by the values of its own labels."""
    (metric,) = (each for each in metrics if each.name == f"ipsec_watch_{name}")
    for sample in metric.samples:
        assert dict(sample.labels)["playbook"] == PLAYBOOK
        assert dict(sample.labels)["domain"] == DOMAIN
    return {tuple(value for _, value in each.labels[2:]): each.value for each in metric.samples}


def after(*passes: WatchPass) -> tuple[Metric, ...]:
    """Give the metrics after the last of the passes."""
    return watch_metrics(passes[:-1], passes[-1])


def test_when_and_how_the_last_pass_ended() -> None:
    """Times are those of the pass, in seconds since 1970."""
    metrics = after(watch_pass(0), watch_pass(1, PassOutcome.HELD, differences=[difference()]))

    started = (FIRST + timedelta(minutes=30)).timestamp()
    assert named(metrics, "pass_started_timestamp_seconds") == {(): started}
    assert named(metrics, "pass_ended_timestamp_seconds") == {(): started + 12}
    assert named(metrics, "pass_duration_seconds") == {(): 12}
    outcomes = named(metrics, "pass_outcome")
    assert [key for key, value in outcomes.items() if value] == [("held",)]
    assert len(outcomes) == len(PassOutcome)


def test_differences_are_counted_by_kind_and_thing_and_go_to_zero() -> None:
    """A series that was there once says 0 later, so that a graph comes down."""
    differs = watch_pass(
        0,
        differences=[
            difference(),
            difference(field="mirrored"),
            difference(kind=DriftKind.PENDING, thing="link"),
        ],
    )

    assert named(after(differs), "differences") == {
        ("drift", "filter list"): 2,
        ("pending", "link"): 1,
    }
    assert set(named(after(differs, watch_pass(1)), "differences").values()) == {0}


def test_a_failed_pass_hides_nothing() -> None:
    """Differences, unknown hosts and the time of the last reading stay as they were."""
    differs = watch_pass(0, differences=[difference()], unknown=[unread()], alarms=("a",))
    failed = watch_pass(1, PassOutcome.FAILED, reason="No DC.", members_read=())
    metrics = after(differs, failed)

    assert named(metrics, "differences") == {("drift", "filter list"): 1}
    assert named(metrics, "unknown") == {(): 1}
    assert named(metrics, "alarms") == {(): 1}
    assert named(metrics, "domain_read_timestamp_seconds") == {(): FIRST.timestamp() + 12}


def test_members_are_counted_and_those_in_trouble_named() -> None:
    """Each member is in one state; a host that is well has no series of its own."""
    known = watch_pass(0, members_read=("a", "b", "c", "d"))
    now = watch_pass(
        1,
        differences=[member_difference("b")],
        unknown=[unread("c"), unread("dc2.ipsectest.com")],
        members_read=("a", "b"),
    )
    metrics = after(known, now)

    assert named(metrics, "members") == {("well",): 2, ("differing",): 1, ("unknown",): 1}
    assert named(metrics, "members_read") == {(): 2}
    assert named(metrics, "host_trouble") == {
        ("b", "differing"): 1,
        ("c", "unknown"): 1,
        ("dc2.ipsectest.com", "unknown"): 1,
    }
    assert named(metrics, "oldest_member_reading_timestamp_seconds") == {(): FIRST.timestamp() + 12}


def test_ten_thousand_hosts_in_trouble_make_a_hundred_series() -> None:
    """The others are counted."""
    names = [f"vm{number:05}" for number in range(10_000)]
    metrics = after(watch_pass(0, unknown=[unread(name) for name in names], members_read=()))

    assert len(named(metrics, "host_trouble")) == MOST_NAMED
    assert named(metrics, "host_trouble_left_out") == {(): 9_900}
    assert named(metrics, "unknown") == {(): 10_000}


def test_the_last_day_is_counted_and_what_was_before_is_not() -> None:
    """Repairs by run, passes that were missed or killed."""
    metrics = after(
        watch_pass(0, PassOutcome.REPAIRED, run_id="old", missed=7),
        watch_pass(47, missed=2),
        killed_pass(48),
        watch_pass(49, PassOutcome.REPAIRED, run_id="a", missed=1),
    )

    assert named(metrics, "day_repairs") == {(): 1}
    assert named(metrics, "day_missed_passes") == {(): 3}
    assert named(metrics, "day_broken_off_passes") == {(): 1}


@pytest.mark.parametrize(
    ("playbook", "domain", "expected"),
    [
        (PLAYBOOK, DOMAIN.upper(), {(): FIRST.timestamp() + 900}),
        ("another", DOMAIN, {}),
        (PLAYBOOK, "another.example", {}),
    ],
)
def test_the_next_deadline_of_this_playbook_is_told(
    playbook: str, domain: str, expected: Numbers
) -> None:
    """The earliest of several, and nobody else's."""
    pending = [
        PendingConfirmation(
            run_id=f"run-{minutes}",
            playbook=playbook,
            domain=domain,
            deadline=FIRST + timedelta(minutes=minutes),
            hosts=("vm1",),
        )
        for minutes in (30, 15)
    ]
    metrics = watch_metrics([], watch_pass(0), pending=pending)

    assert named(metrics, "confirmation_deadline_timestamp_seconds") == expected
