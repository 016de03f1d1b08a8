"""Runs: the journal, what failure leaves behind, and what waits for members."""

from dataclasses import replace
from pathlib import Path

import pytest
from typing_extensions import override

from ipsec_orchestrator.engine.run import run
from ipsec_orchestrator.errors import DirectoryError
from ipsec_orchestrator.model.directory import Attributes
from ipsec_orchestrator.model.inventory import Host
from ipsec_orchestrator.model.outcome import HostOutcome, StepOutcome
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.model.stages import Stage
from ipsec_orchestrator.model.steps import MemberStep
from ipsec_orchestrator.planning.planfile import parse_plan, plan_text
from tests.worlds import (
    Counter,
    CountingDirectory,
    ListJournal,
    ListObserver,
    MemoryDomain,
    with_windows_hosts,
)


def members(domain: MemoryDomain) -> list[Host]:
    """All hosts but the DC."""
    return [host for host in domain.inventory.hosts if host.name != "dc1"]


def changed(playbook: Playbook) -> Playbook:
    """The playbook with another polling interval."""
    return replace(playbook, policies=(replace(playbook.policies[0], polling_interval_seconds=60),))


def test_the_whole_story_on_simulated_hosts(
    howto: Playbook,
    domain: MemoryDomain,
    tmp_path: Path,
) -> None:
    """Apply, apply again, change, remove: members follow each time, and nothing is left."""
    before = domain.snapshot()
    hosts = with_windows_hosts(domain, tmp_path)
    report = domain.apply(howto, members(domain))

    assert [(m.host, m.outcome, m.policy, m.enforced) for m in report.members[1:]] == [
        (name, HostOutcome.DONE, "policy-azure-onpremises", True) for name in hosts
    ]
    assert report.members[0].host == "dc1"
    assert report.all_members_done
    assert domain.plan(howto, members(domain)).steps == ()

    report = domain.apply(changed(howto), members(domain))
    assert report.all_members_done
    assert all(step.outcome is StepOutcome.DONE for step in report.steps)
    assert domain.plan(changed(howto), members(domain)).steps == ()

    report = domain.remove(howto, members(domain))
    assert [m.policy for m in report.members[1:]] == [None] * len(hosts)
    assert report.all_members_done
    assert domain.snapshot() == before


def test_the_journal_has_an_event_before_and_after_each_step(
    howto: Playbook,
    domain: MemoryDomain,
) -> None:
    """Whoever reads the journal of a killed run sees which step it was in."""
    plan = domain.plan(howto)
    journal = ListJournal()
    run(plan, domain.world, journal, ListObserver(), "r1")

    assert journal.kinds() == [
        "run-begins",
        "backup",
        *["step-begins", "step-ends"] * len(plan.steps),
        "run-ends",
    ]
    assert journal.events[0][1]["run"] == "r1"
    assert len(str(journal.events[0][1]["plan"])) > 1000
    assert journal.events[-1][1]["error"] is None


class RefusingDirectory(CountingDirectory):
    """Refuses to change the OU's links, as for somebody without that right."""

    @override
    def replace(self, dn: str, attributes: Attributes) -> None:
        if "gPLink" in attributes:
            raise DirectoryError(dn=dn, code=50, reason="insufficient access rights")
        super().replace(dn, attributes)


def test_a_failed_step_ends_the_run_and_planning_again_goes_on(
    howto: Playbook,
    domain: MemoryDomain,
) -> None:
    """What was done stays done, the rest is skipped, the report and the journal say why."""
    plan = domain.plan(howto)
    journal, observer = ListJournal(), ListObserver()
    world = replace(domain.world, directory=RefusingDirectory(domain.directory, Counter()))
    report = run(plan, world, journal, observer, "r1")
    outcomes = [step.outcome for step in report.steps]

    assert report.failed
    assert "insufficient access rights" in (report.error or "")
    assert outcomes == [
        StepOutcome.DONE,
        StepOutcome.DONE,
        StepOutcome.FAILED,
        *[StepOutcome.SKIPPED] * (len(plan.steps) - 3),
    ]
    assert [step.number for step in report.steps] == list(range(1, len(plan.steps) + 1))
    assert observer.ended == list(report.steps)
    assert "step-failed" in journal.kinds()
    assert journal.kinds()[-1] == "run-ends"
    assert report.members[0].outcome is HostOutcome.FAILED
    assert domain.apply(howto).error is None
    assert domain.plan(howto).steps == ()


def test_a_saved_plan_may_be_carried_out_again(howto: Playbook, domain: MemoryDomain) -> None:
    """The same plan a second time finds everything already so, the GPO included."""
    plan = parse_plan(plan_text(domain.plan(howto)), "plan.json")
    first = domain.carry_out(plan)
    second = domain.carry_out(plan)

    assert {step.outcome for step in first.steps} == {StepOutcome.DONE}
    assert second.error is None
    assert {step.outcome for step in second.steps} == {StepOutcome.ALREADY}

    removal = domain.plan_removal(howto)
    before = domain.carry_out(removal)
    again = domain.carry_out(removal)

    assert {step.outcome for step in before.steps} == {StepOutcome.DONE}
    assert {step.outcome for step in again.steps} == {StepOutcome.ALREADY}


def test_clean_up_waits_until_every_member_is_done(
    howto: Playbook,
    domain: MemoryDomain,
    tmp_path: Path,
) -> None:
    """A member that was not reached may still use the old set, so that stays until it is done."""
    with_windows_hosts(domain, tmp_path)
    domain.apply(howto, members(domain))
    answers = dict(domain.answers)
    domain.answers = {name: answer for name, answer in answers.items() if name != "vm2"}
    journal, observer = ListJournal(), ListObserver()
    plan = domain.plan(changed(howto), members(domain))
    report = run(plan, domain.world, journal, observer, "r1")
    skipped = [step for step in report.steps if step.outcome is StepOutcome.SKIPPED]

    assert report.error is None
    assert [m.host for m in report.members if m.outcome is not HostOutcome.DONE] == ["vm2"]
    assert {step.stage for step in skipped} == {Stage.CLEAN_UP}
    assert len(skipped) == sum(step.stage is Stage.CLEAN_UP for step in plan.steps)
    assert "not every member is done" in skipped[0].reason
    assert journal.kinds().count("member-ends") == 3
    assert {member.host for member in observer.members} == {"host1", "vm1", "vm2"}

    domain.answers = answers
    report = domain.apply(changed(howto), members(domain))

    assert report.all_members_done
    assert domain.plan(changed(howto), members(domain)).steps == ()


def test_members_are_reported_in_the_order_of_the_plan(
    howto: Playbook,
    domain: MemoryDomain,
    tmp_path: Path,
) -> None:
    """They end in any order; the table has the order of the inventory."""
    with_windows_hosts(domain, tmp_path)
    report = domain.apply(howto, members(domain))

    assert [m.host for m in report.members] == ["dc1", "host1", "vm1", "vm2"]
    assert set(dict(report.seconds_by_phase)) >= {"gpo", "link", "policy", "members"}


def test_a_policy_that_vanished_before_the_members_fails_the_run(
    howto: Playbook,
    domain: MemoryDomain,
    tmp_path: Path,
) -> None:
    """If what members ought to have can't be read, the run ends with a report, not a traceback."""
    with_windows_hosts(domain, tmp_path)
    plan = domain.plan(howto, members(domain))
    alone = replace(plan, steps=tuple(s for s in plan.steps if isinstance(s, MemberStep)))
    journal = ListJournal()
    report = run(alone, domain.world, journal, ListObserver(), "r1")

    assert "is not in the directory, but the policy needs it" in (report.error or "")
    assert [step.outcome for step in report.steps] == [StepOutcome.FAILED] * 3
    assert journal.kinds()[-2:] == ["members-failed", "run-ends"]


@pytest.mark.parametrize("host", ["vm1"])
def test_members_under_another_gpos_policy_do_not_hold_up_a_removal(
    howto: Playbook,
    domain: MemoryDomain,
    tmp_path: Path,
    host: str,
) -> None:
    """A member that takes its policy from elsewhere has nothing of ours to let go of."""
    with_windows_hosts(domain, tmp_path)
    domain.apply(howto, members(domain))
    elsewhere = replace(
        howto,
        name="other",
        gpo=replace(howto.gpo, name="Other GPO", order=1),
        policies=(replace(howto.policies[0], name="their policy"),),
        assignment="their policy",
    )
    domain.apply(elsewhere, members(domain))
    plan = domain.plan_removal(howto, members(domain))
    change = next(c for c in plan.changes if c.kind == "member" and c.name == host)

    assert not plan.members
    assert "their policy" in change.reason
    assert domain.remove(howto, members(domain)).error is None
    assert domain.plan(elsewhere, members(domain)).steps == ()


def test_whoever_is_left_out_keeps_what_it_needs(
    howto: Playbook,
    domain: MemoryDomain,
    tmp_path: Path,
) -> None:
    """With --limit the old set, or at a removal everything but the assignment, stays for later."""
    with_windows_hosts(domain, tmp_path)
    domain.apply(howto, members(domain))
    (vm1,) = (host for host in members(domain) if host.name == "vm1")
    old = {dn for dn in domain.snapshot() if dn.startswith("CN=ipsec")}
    plan = domain.plan(changed(howto), [vm1])

    assert Stage.CLEAN_UP not in {step.stage for step in plan.steps}
    assert any("host1" in warning.text and "vm2" in warning.text for warning in plan.warnings)

    domain.carry_out(plan)
    assert old <= set(domain.snapshot())
    removal = domain.plan_removal(changed(howto), [vm1])
    assert {step.stage for step in removal.steps} == {Stage.ASSIGNMENT, Stage.MEMBERS}

    domain.apply(changed(howto), members(domain))
    assert not old & set(domain.snapshot())
