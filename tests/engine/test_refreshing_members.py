"""Refreshing members: ordered once, looked at until clear, three outcomes."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from ipsec_orchestrator.adapters.memory.members import AnswerCall
from ipsec_orchestrator.errors import (
    AccessDeniedError,
    HostUnreachableError,
    OutcomeUnknownError,
    ScriptFailedError,
)
from ipsec_orchestrator.facts.member_verdict import START_CURE
from ipsec_orchestrator.model.inventory import Inventory
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.outcome import HostOutcome, MemberResult
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.model.stages import Stage
from ipsec_orchestrator.model.steps import MemberStep
from ipsec_orchestrator.ports import ScriptCall
from tests.worlds import ListJournal, ListObserver, MemoryDomain, with_windows_hosts

LOOK, ORDER = "member_policy", "start_refresh"


@dataclass(slots=True)
class Scripted:
    """A member that answers as it does, but for what the test puts in between.

    Attributes:
        inner: The simulated member.
        before: Called with the number of calls of that script so far; may raise.
        after: The same, once the member has answered.
        ignored: Scripts that are answered and not carried out.
        calls: Every script that was run.
    """

    inner: AnswerCall
    before: Callable[[str, int], None] | None = None
    after: Callable[[str, int], None] | None = None
    ignored: frozenset[str] = frozenset()
    calls: list[ScriptCall] = field(default_factory=list[ScriptCall])

    def __call__(self, call: ScriptCall) -> Json:
        """Answer one call."""
        self.calls.append(call)
        count = self.names().count(call.name)
        if self.before:
            self.before(call.name, count)
        answer = None if call.name in self.ignored else self.inner(call)
        if self.after:
            self.after(call.name, count)
        return answer

    def names(self) -> list[str]:
        """The names of the scripts that were run."""
        return [call.name for call in self.calls]


@dataclass(slots=True, kw_only=True)
class Scene:
    """A domain where only vm1 is a member, and that member."""

    domain: MemoryDomain
    playbook: Playbook
    vm1: Scripted
    journal: ListJournal = field(default_factory=ListJournal)
    observer: ListObserver = field(default_factory=ListObserver)

    def refresh(self, *, planned: bool = False) -> MemberResult:
        """Apply the playbook without looking at vm1 first, and give what became of vm1."""
        from ipsec_orchestrator.engine.run import run  # noqa: PLC0415 - one place

        host = self.domain.inventory.host("vm1")
        assert host is not None
        if not planned:
            answers, self.domain.answers = self.domain.answers, {}
            plan = self.domain.plan(self.playbook, [host])
            self.domain.answers = answers
        else:
            plan = self.domain.plan(self.playbook, [host])
        report = run(plan, self.domain.world, self.journal, self.observer, "r1")
        assert report.error is None, report.error
        return report.members[1]


@pytest.fixture
def scene(howto: Playbook, domain: MemoryDomain, tmp_path: Path) -> Scene:
    """The how-to, with vm1 under the test's control."""
    with_windows_hosts(domain, tmp_path)
    vm1 = Scripted(inner=domain.answers["vm1"])
    domain.answers = {"vm1": vm1}
    return Scene(domain=domain, playbook=howto, vm1=vm1)


def test_a_member_that_takes_the_policy_is_done(scene: Scene) -> None:
    """One order, then looks until the policy is there; the reason says what was compared."""
    result = scene.refresh()

    assert (result.outcome, result.policy, result.enforced) == (
        HostOutcome.DONE,
        "policy-azure-onpremises",
        True,
    )
    assert result.reason == "Assigned, cached as in the directory, and its services run."
    assert result.cure is None
    assert scene.vm1.names().count(ORDER) == 1
    assert result.seconds > 0


def test_a_slow_member_is_looked_at_again(scene: Scene) -> None:
    """While its extension has not run, nothing is wrong; it is asked again, less and less often."""
    late: list[ScriptCall] = []
    clock = scene.domain.clock

    def later() -> None:
        if len(clock.waited) == 4:
            scene.vm1.inner(next(call for call in scene.vm1.calls if call.name == ORDER))
            late.append(scene.vm1.calls[-1])

    clock.meanwhile.insert(0, later)
    scene.vm1.ignored = frozenset({ORDER})
    result = scene.refresh()

    assert late
    assert result.outcome is HostOutcome.DONE
    assert clock.waited == sorted(clock.waited)
    assert len(clock.waited) == 4
    assert ("vm1", "The IPsec extension of Group Policy has not run since the change.") in (
        scene.observer.said
    )


def test_a_connection_lost_after_the_order_is_no_failure(scene: Scene) -> None:
    """IPsec coming up resets connections: the member is read on a new one, not ordered again."""

    def reset(script: str, count: int) -> None:
        del count
        if script == ORDER:
            raise OutcomeUnknownError(host="vm1", reason="connection reset")

    def away(script: str, count: int) -> None:
        if script == LOOK and 2 <= count <= 4:
            raise HostUnreachableError(host="vm1", reason="no route")

    scene.vm1.after, scene.vm1.before = reset, away
    result = scene.refresh()

    assert result.outcome is HostOutcome.DONE
    assert scene.vm1.names().count(ORDER) == 1
    said = [text for _, text in scene.observer.said]
    assert "connection lost after the order: connection reset" in said
    assert any(text.startswith("looking again:") for text in said)


def test_a_member_that_is_restarting_is_waited_for(scene: Scene) -> None:
    """Before the order there is some patience with a member that can't be reached yet."""

    def booting(script: str, count: int) -> None:
        if script == LOOK and count < 4:
            raise HostUnreachableError(host="vm1", reason="connection refused")

    scene.vm1.before = booting

    assert scene.refresh().outcome is HostOutcome.DONE


def test_a_member_that_is_never_reached_has_failed(scene: Scene) -> None:
    """No order was given, so this is 'failed', and it takes no longer than the connect timeout."""

    def gone(script: str, count: int) -> None:
        del script, count
        raise HostUnreachableError(host="vm1.ipsectest.com", reason="no route")

    scene.vm1.before = gone
    result = scene.refresh()

    assert (result.outcome, result.policy, result.enforced) == (HostOutcome.FAILED, None, None)
    assert "vm1.ipsectest.com can't be reached: no route" in result.reason
    assert result.cure == "Find out with: orchestrate show --host vm1"
    assert ORDER not in scene.vm1.names()
    assert sum(scene.domain.clock.waited) <= 20.0


def test_a_refused_order_has_failed(scene: Scene) -> None:
    """If the member refuses to start gpupdate, nothing is waited for."""

    def refused(script: str, count: int) -> None:
        del count
        if script == ORDER:
            raise ScriptFailedError(host="vm1", script=ORDER, error_id="Denied", reason="no")

    scene.vm1.before = refused
    result = scene.refresh()

    assert result.outcome is HostOutcome.FAILED
    assert "Denied" in result.reason
    assert scene.domain.clock.waited == []


def test_a_member_that_never_takes_it_is_unknown_at_the_deadline(scene: Scene) -> None:
    """The order was given and nothing came of it: unknown, with the reason and the cure."""
    scene.vm1.ignored = frozenset({ORDER})
    result = scene.refresh()

    assert result.outcome is HostOutcome.UNKNOWN
    assert result.reason.startswith("It did not take the policy before the deadline: The IPsec")
    assert result.cure == "Find out with: orchestrate show --host vm1"
    assert result.last_known is not None
    assert result.last_known.startswith("Last known, after the order, at 20")
    assert result.last_known.endswith("by its clock: no policy.")
    assert 850.0 < sum(scene.domain.clock.waited) <= 900.0


def test_a_member_that_stays_away_after_the_order_is_unknown(scene: Scene) -> None:
    """Nobody can say what became of it, and that is what is said."""

    def away(script: str, count: int) -> None:
        if script == LOOK and count > 1:
            raise HostUnreachableError(host="vm1", reason="no route")

    scene.vm1.before = away
    result = scene.refresh()

    assert result.outcome is HostOutcome.UNKNOWN
    assert result.reason.startswith("vm1 can't be reached: no route.")
    assert result.last_known is not None
    assert result.last_known.startswith("Last known, before the order, at 20")


def test_what_was_known_at_last_names_the_policy(scene: Scene) -> None:
    """A member that goes away while it still has its earlier policy is told with that one."""
    scene.refresh()

    def away(script: str, count: int) -> None:
        if script == LOOK and count > 1:
            raise HostUnreachableError(host="vm1", reason="no route")

    scene.vm1.calls.clear()
    scene.vm1.before = away
    result = scene.refresh()

    assert result.outcome is HostOutcome.UNKNOWN
    assert result.last_known is not None
    assert result.last_known.endswith("policy policy-azure-onpremises, as it was.")


def test_a_member_that_refuses_us_after_the_order_is_not_asked_for_ever(scene: Scene) -> None:
    """Refused credentials do not get better by waiting."""

    def denied(script: str, count: int) -> None:
        if script == LOOK and count > 1:
            raise AccessDeniedError(target="vm1", reason="scripts")

    scene.vm1.before = denied
    result = scene.refresh()

    assert result.outcome is HostOutcome.UNKNOWN
    assert "access denied" in result.reason
    assert scene.domain.clock.waited == []


def test_a_failed_extension_is_a_failed_member(scene: Scene) -> None:
    """If Windows says that its IPsec extension failed, the member has failed, with the number."""

    def spoil(script: str, count: int) -> None:
        del count
        if script == ORDER:
            dn = scene.domain.gpo_dn(scene.playbook.gpo.name)
            scene.domain.directory.delete(
                f"CN=IPSEC,CN=Windows,CN=Microsoft,CN=Machine,{dn}",
            )

    scene.vm1.before = spoil
    result = scene.refresh()

    assert result.outcome is HostOutcome.FAILED
    assert "0x80072030" in result.reason
    assert result.cure is not None


def test_a_stopped_agent_means_assigned_but_not_enforced(
    howto: Playbook,
    domain: MemoryDomain,
    tmp_path: Path,
) -> None:
    """Group Policy did its part, so the member is done; the service's step is named as the cure."""
    with_windows_hosts(domain, tmp_path, stopped=["vm1"])
    vm1 = domain.inventory.host("vm1")
    assert vm1 is not None
    report = domain.apply(howto, [vm1])
    result = report.members[1]

    assert (result.outcome, result.enforced, result.cure) == (HostOutcome.DONE, False, START_CURE)
    assert result.reason.startswith("Assigned, not enforced: PolicyAgent")


def test_only_a_refresh_without_news_is_forced(scene: Scene) -> None:
    """Windows skips GPOs that did not change, so a member that lost its policy needs force."""
    assert scene.refresh().outcome is HostOutcome.DONE
    assert scene.refresh().outcome is HostOutcome.DONE
    orders = [call.parameters for call in scene.vm1.calls if call.name == ORDER]

    assert orders == [{"Force": False}, {"Force": True}]


def test_a_host_that_left_the_inventory_has_failed(scene: Scene) -> None:
    """A saved plan may name a host that the inventory of today does not have."""
    step = MemberStep(
        stage=Stage.MEMBERS,
        title="refresh",
        host="vm9",
        before=None,
        after=None,
    )
    plan = replace(scene.domain.plan(scene.playbook), steps=(step,))
    result = scene.domain.carry_out(plan).members[1]

    assert (result.host, result.outcome) == ("vm9", HostOutcome.FAILED)
    assert "does not have this host any more" in result.reason


def test_each_member_has_its_own_deadline(scene: Scene) -> None:
    """The inventory's deadline of the host counts, not one for all."""
    inventory = scene.domain.inventory
    hosts = [
        replace(host, winrm=replace(host.winrm, deadline_seconds=30.0)) for host in inventory.hosts
    ]
    scene.domain.inventory = Inventory(domain=inventory.domain, hosts=tuple(hosts))
    scene.vm1.ignored = frozenset({ORDER})

    assert scene.refresh().outcome is HostOutcome.UNKNOWN
    assert sum(scene.domain.clock.waited) < 30.0
