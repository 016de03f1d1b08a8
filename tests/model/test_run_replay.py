"""From the events of a run to its state: the table of transitions, and how runs stand."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.run import (
    TRANSITIONS,
    IllegalEventError,
    RunEvent,
    RunRecord,
    RunState,
    Trigger,
    next_state,
)
from ipsec_orchestrator.model.run_replay import replay
from ipsec_orchestrator.model.run_standing import later_run, standing, undecided

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def event(kind: str, seconds: int = 0, **fields: Json) -> RunEvent:
    """One event, some seconds past noon."""
    return RunEvent(kind=kind, time=NOON + timedelta(seconds=seconds), fields=fields)


def beginning(steps: int = 2) -> RunEvent:
    """A run of some steps begins."""
    return event(
        "run-begins",
        run="r1",
        command="apply",
        playbook="p",
        domain="d",
        dc="dc1",
        plan={"steps": [{}] * steps},
    )


def step(number: int, outcome: str) -> list[RunEvent]:
    """A step begins and ends."""
    return [
        event("step-begins", number=number),
        event("step-ends", number=number, outcome=outcome, ids={}),
    ]


def record(run_id: str, state: RunState = RunState.DONE, undoes: str | None = None) -> RunRecord:
    """A run of one playbook."""
    return RunRecord(
        run_id=run_id,
        command="rollback" if undoes else "apply",
        playbook="p",
        domain="ipsectest.com",
        dc="dc1",
        state=state,
        started=NOON + timedelta(seconds=int(run_id)),
        undoes=undoes,
        begun=True,
    )


def test_every_state_can_be_reached_and_every_trigger_is_used() -> None:
    """The table has no dead end that is not an end, and no word that means nothing."""
    targets = {target for row in TRANSITIONS.values() for target in row.values()}

    assert targets == set(RunState)
    assert {trigger for row in TRANSITIONS.values() for trigger in row} == set(Trigger)
    assert {state for state, row in TRANSITIONS.items() if not row} == {
        RunState.ROLLED_BACK,
        RunState.SUPERSEDED,
    }


def test_what_is_not_in_the_table_is_refused() -> None:
    """A run that is done does not break off."""
    with pytest.raises(IllegalEventError, match="a run that is done can't be one that breaks off"):
        next_state(RunState.DONE, Trigger.BREAKS_OFF)


def test_a_whole_run_is_done() -> None:
    """All steps over and an end without error."""
    history = replay(
        [beginning(), *step(1, "done"), *step(2, "already"), event("run-ends", 9, error=None)]
    )

    assert history.record.state is RunState.DONE
    assert history.record.ended == NOON + timedelta(seconds=9)
    assert [s.may_have_changed for s in history.steps.values()] == [True, False]


def test_without_an_end_a_run_is_running() -> None:
    """Whether its process lives no journal can tell."""
    history = replay([beginning(), event("step-begins", number=1)])

    assert history.record.state is RunState.RUNNING
    assert history.steps[1].outcome is None
    assert history.steps[1].may_have_changed


def test_an_error_interrupts_and_a_missing_member_leaves_it_incomplete() -> None:
    """Only the directory part breaks a run off; hosts that are not done leave it short."""
    broken = [beginning(), event("step-begins", number=1)]
    broken += [event("step-failed", number=1, reason="no"), event("run-ends", error="no")]
    short = [beginning(), *step(1, "done"), event("step-begins", number=2)]
    short += [event("member-ends", number=2, host="vm1", outcome="unknown", reason="gone")]
    short += [event("run-ends", error=None)]

    assert replay(broken).record.state is RunState.INTERRUPTED
    assert replay(broken).record.error == "no"
    assert replay(short).record.state is RunState.INCOMPLETE
    assert replay(short).hosts["vm1"].reason == "gone"


def test_a_step_found_as_wanted_counts_as_changed_after_a_lost_attempt() -> None:
    """Killed between the write and its line, a step is found done by the second attempt."""
    events = [
        beginning(),
        event("step-begins", number=1),
        event("run-resumes"),
        *step(1, "already"),
    ]

    assert replay(events).steps[1].changed
    assert not replay([beginning(), *step(1, "already")]).steps[1].changed
    assert replay(events).attempts == 2


def test_ids_are_learned_from_the_ends_of_steps() -> None:
    """The id that Windows chose for a GPO is known from then on."""
    old, new = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"
    ends = event("step-ends", number=1, outcome="done", ids={old: new})
    history = replay([beginning(), event("step-begins", number=1), ends, *step(2, "done")])

    assert {str(a): str(b) for a, b in history.ids.items()} == {old: new}


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ([], "empty"),
        ([event("step-begins", number=1)], "begins with run-begins"),
        ([beginning(), beginning()], "begins once"),
        ([beginning(0), event("run-ends", error=None), event("run-resumes")], "done"),
    ],
)
def test_contradictions_are_refused(events: list[RunEvent], words: str) -> None:
    """A journal that can't be is told as such."""
    with pytest.raises(IllegalEventError, match=words):
        replay(events)


def test_unknown_kinds_change_nothing() -> None:
    """Other parts of the program may write events of their own."""
    assert replay([beginning(), event("something-else", number="x")]) == replay([beginning()])


@given(st.lists(st.sampled_from(["step", "kill", "end", "resume"]), max_size=12))
def test_replay_goes_by_the_table_only(words: list[str]) -> None:
    """Whatever happens to a run, each state follows from the one before by the table."""
    events, states = [beginning()], [RunState.RUNNING]
    for word in words:
        more = {
            "step": step(1, "done"),
            "kill": [event("step-begins", number=2)],
            "end": [event("run-ends", error=None)],
            "resume": [event("run-resumes")],
        }[word]
        try:
            states.append(replay([*events, *more]).record.state)
        except IllegalEventError:
            continue
        events += more

    assert all(
        after == before or after in TRANSITIONS[before].values()
        for before, after in pairwise(states)
    )


def test_a_rollback_undoes_and_can_be_undone() -> None:
    """Rolled back while the rollback stands; as before once that is rolled back itself."""
    one, two, three = record("1"), record("2", undoes="1"), record("3", undoes="2")

    assert [r.state.value for r in standing([one, two])] == ["done", "rolled-back"]
    assert [r.state.value for r in standing([one, two, three])] == ["done", "rolled-back", "done"]


def test_a_removal_overtakes_what_was_interrupted_before_it() -> None:
    """After everything was removed nothing of an older run is left to decide."""
    old, new = record("1", RunState.INTERRUPTED), record("2")

    assert [r.state for r in standing([old, new])] == [RunState.DONE, RunState.SUPERSEDED]
    assert undecided(standing([old, new]), "p", "ipsectest.com") is None


def test_the_newest_undecided_run_is_in_the_way() -> None:
    """An interrupted rollback comes before the run that it takes back; other playbooks don't mind."""
    runs = standing([record("1", RunState.INTERRUPTED), record("2", RunState.INTERRUPTED, "1")])
    found = undecided(runs, "p", "IPSECTEST.com")

    assert found is not None
    assert found.run_id == "2"
    assert undecided(runs, "other", "ipsectest.com") is None


def test_a_run_that_others_built_on_is_known() -> None:
    """Only the last of a pile can be taken back; what was taken back itself is no longer on it."""
    pile = [record("1"), record("2")]
    undone = [*pile, record("3", undoes="2")]
    first = record("1")

    assert (found := later_run(first, standing(pile))) is not None
    assert found.run_id == "2"
    assert later_run(first, standing(undone)) is None
