"""Plans that have to be confirmed: steps before all others, shown, saved, refused unaccepted."""

import pytest

from ipsec_orchestrator.errors import PlanError, UnprovedRevertError
from ipsec_orchestrator.model.plan import Plan
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.model.stages import STAGE_TITLES, Stage
from ipsec_orchestrator.model.steps import DeadManStep, MemberStep
from ipsec_orchestrator.planning.dead_man_part import (
    UNPROVED,
    duration_words,
    refuse_unproved,
    with_dead_man,
)
from ipsec_orchestrator.planning.planfile import parse_plan, plan_text
from ipsec_orchestrator.report.plan_report import plan_lines
from tests.worlds import MemoryDomain


@pytest.fixture
def plain(howto: Playbook, domain: MemoryDomain) -> Plan:
    """The first apply of the how-to."""
    hosts = [host for host in domain.inventory.hosts if host.ou]
    return domain.plan(howto, [host for host in hosts if host.name != "dc1"])


def test_every_member_gets_a_step_before_all_others(plain: Plan) -> None:
    """Nothing is written before the tasks are there, and everything after is as it was."""
    plan = with_dead_man(plain, 900)
    guards = plan.steps[: len(plain.members)]

    assert all(isinstance(step, DeadManStep) for step in guards)
    assert [step.host for step in guards if isinstance(step, DeadManStep)] == [
        step.host for step in plain.members
    ]
    assert plan.steps[len(guards) :] == plain.steps
    assert {step.after for step in guards if isinstance(step, DeadManStep)} == {900}


def test_a_plan_that_does_nothing_stays_as_it_is(plain: Plan) -> None:
    """Where nothing changes nobody has to confirm anything."""
    nothing = Plan(purpose=plain.purpose, basis=plain.basis, changes=(), steps=())

    assert with_dead_man(nothing, 900) == nothing


def test_a_plan_without_members_can_not_be_guarded(plain: Plan) -> None:
    """There would be nobody to put a task on, and saying yes would promise something."""
    alone = Plan(
        purpose=plain.purpose,
        basis=plain.basis,
        changes=plain.changes,
        steps=tuple(step for step in plain.steps if not isinstance(step, MemberStep)),
    )

    with pytest.raises(PlanError, match="nobody to put a task on"):
        with_dead_man(alone, 900)


def test_people_see_it_in_the_plan(plain: Plan) -> None:
    """A stage of its own comes first, with the time, what happens then, and what is unproved."""
    text = "\n".join(line.text for line in plan_lines(with_dead_man(plain, 5400)))

    assert text.index(STAGE_TITLES[Stage.DEAD_MAN].text) < text.index("create the GPO")
    assert "unless confirmed within: 1 h 30 min" in text
    assert all(sentence in text for sentence in UNPROVED)


def test_the_plan_file_keeps_it(plain: Plan) -> None:
    """Saved and read again, the plan is the same."""
    plan = with_dead_man(plain, 900)

    assert parse_plan(plan_text(plan), "plan.json") == plan


@pytest.mark.parametrize(("seconds", "short"), [(5, True), (119, True), (120, False)])
def test_a_short_time_is_warned_of(plain: Plan, seconds: int, *, short: bool) -> None:
    """A time in which nobody can look is allowed, and said to be one."""
    codes = {caution.code for caution in with_dead_man(plain, seconds).warnings}

    assert ("short-confirmation" in codes) is short
    assert "unproved-revert" in codes


def test_what_is_not_proved_has_to_be_accepted(plain: Plan) -> None:
    """A plan with the steps is refused with every limit named; one without is not."""
    refuse_unproved(plain)
    with pytest.raises(UnprovedRevertError) as caught:
        refuse_unproved(with_dead_man(plain, 900))

    assert all(sentence in str(caught.value) for sentence in UNPROVED)
    assert "--accept-unproved-revert" in str(caught.value)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(5, "5 s"), (900, "15 min"), (5400, "1 h 30 min"), (3605, "1 h 5 s"), (0, "0 s")],
)
def test_times_are_written_for_people(seconds: int, words: str) -> None:
    """Hours, minutes and seconds, as far as there are any."""
    assert duration_words(seconds) == words
