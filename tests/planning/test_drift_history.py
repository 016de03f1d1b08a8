"""The history of drift: when a difference came and went."""

from dataclasses import replace
from datetime import timedelta

from ipsec_orchestrator.model.drift import Difference, DriftReport
from ipsec_orchestrator.model.watch import PassOutcome, WatchPass
from ipsec_orchestrator.planning.drift.history import episodes
from tests.record_scene import CHANGED_PORT, MADE, RIVAL, member_difference


def at(
    minute: int,
    *found: Difference,
    read: tuple[str, ...] = (),
    outcome: PassOutcome | None = PassOutcome.REPORTED,
    playbook: str = "p",
) -> WatchPass:
    """A pass."""
    started = MADE + timedelta(minutes=minute)
    return WatchPass(
        pass_id=str(minute),
        playbook=playbook,
        domain="corp",
        started=started,
        ended=None if outcome is None else started,
        outcome=outcome,
        report=DriftReport(differences=found),
        members_read=read,
    )


def minutes(*passes: WatchPass) -> list[tuple[str, int, int, int | None]]:
    """Name, first, last and gone of every episode, in minutes."""
    return [
        (
            each.difference.name,
            round((each.first - MADE).total_seconds() / 60),
            round((each.last - MADE).total_seconds() / 60),
            None if each.gone is None else round((each.gone - MADE).total_seconds() / 60),
        )
        for each in episodes(passes)
    ]


def test_a_difference_lasts_from_its_first_pass_to_one_without_it() -> None:
    """It may come back, and is then another one; what is there now comes first."""
    name = CHANGED_PORT.name
    passes = (
        at(9, CHANGED_PORT, RIVAL),
        at(8),
        at(3, CHANGED_PORT),
        at(2, CHANGED_PORT),
        at(1),
    )

    assert sorted(minutes(*passes)[:2]) == [(RIVAL.name, 9, 9, None), (name, 9, 9, None)]
    assert minutes(*passes)[2:] == [(name, 2, 3, 8)]
    assert minutes(*passes[::-1])[2:] == [(name, 2, 3, 8)]


def test_a_pass_that_saw_nothing_ends_nothing() -> None:
    """One that failed or was killed did not look."""
    passes = (
        at(1, CHANGED_PORT),
        at(2, outcome=PassOutcome.FAILED),
        at(3, outcome=None),
        at(4, CHANGED_PORT),
    )

    assert minutes(*passes) == [(CHANGED_PORT.name, 1, 4, None)]


def test_a_member_is_judged_by_passes_that_read_it() -> None:
    """Members are read in rotation."""
    lost = member_difference("vm1")
    passes = (at(1, lost, read=("vm1",)), at(2, read=("vm2",)), at(3, read=("vm1",)))

    assert minutes(*passes[:2]) == [("vm1", 1, 1, None)]
    assert minutes(*passes) == [("vm1", 1, 1, 3)]


def test_playbooks_have_histories_of_their_own() -> None:
    """A pass of one says nothing of the other."""
    assert minutes(at(1, RIVAL), at(2, playbook="q")) == [(RIVAL.name, 1, 1, None)]


def test_what_is_shown_is_what_was_seen_last() -> None:
    """Somebody may change it again while it differs."""
    again = replace(CHANGED_PORT, found="TCP 9")
    (found,) = episodes((at(1, CHANGED_PORT), at(2, again)))

    assert found.difference == again
