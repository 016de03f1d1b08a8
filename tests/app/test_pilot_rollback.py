"""Waves over a GPO that is in force, killed anywhere and taken back: the pilot goes, all is as was."""

from dataclasses import replace
from pathlib import Path

import pytest

from ipsec_orchestrator.app.observe import observe_member
from ipsec_orchestrator.errors import PlanError, StalePlanError
from ipsec_orchestrator.model.directory import Attributes
from ipsec_orchestrator.model.inventory import Host
from ipsec_orchestrator.model.plan import Plan
from ipsec_orchestrator.model.policy import GpoVia, Playbook
from ipsec_orchestrator.model.rollout import Portion, Rollout
from ipsec_orchestrator.model.run import RunState
from ipsec_orchestrator.planning.pilot_part import pilot_name
from tests.killed_runs import Machine
from tests.worlds import KilledError, MemoryDomain, memory_domain, with_windows_hosts

WAVES = Rollout(canaries="vm1", batches=(Portion(hosts=1),), wait_seconds=60)


def members(domain: MemoryDomain) -> list[Host]:
    """All hosts but the DC."""
    return [host for host in domain.inventory.hosts if host.name != "dc1"]


def assigned(domain: MemoryDomain) -> dict[str, str | None]:
    """The policy of every member."""
    found: dict[str, str | None] = {}
    for host in members(domain):
        seen = observe_member(host, domain.world)
        assert not isinstance(seen, str), seen
        found[host.name] = str(seen.assigned.policy_id) if seen.assigned else None
    return found


def begun(howto: Playbook, via: GpoVia, folder: Path) -> tuple[Machine, Plan]:
    """A domain where the how-to is in force, and the plan of a change in waves."""
    folder.mkdir()
    domain = memory_domain()
    with_windows_hosts(domain, folder)
    playbook = replace(howto, gpo=replace(howto.gpo, via=via))
    domain.apply(playbook, members(domain))
    policy = replace(playbook.policies[0], polling_interval_seconds=60)
    change = replace(playbook, policies=(policy,), rollout=WAVES)
    return Machine.of(domain), domain.plan(change, members(domain))


@pytest.mark.parametrize(("via", "stride"), [(GpoVia.SMB, 2), (GpoVia.WINRM, 5)])
def test_killed_anywhere_and_rolled_back_with_its_pilot(
    howto: Playbook, tmp_path: Path, via: GpoVia, stride: int
) -> None:
    """Whatever action dies, directory, SYSVOL and every member are as before, and no pilot is left."""
    whole, plan = begun(howto, via, tmp_path / "whole")
    before, had = whole.state(), assigned(whole.domain)
    assert None not in had.values()
    report = whole.apply(plan)
    assert report.error is None
    assert set(assigned(whole.domain).values()).isdisjoint(had.values())
    count = len(whole.counter.writes)
    assert count > 100
    for limit in [*range(0, count, stride), None]:
        machine, again = begun(howto, via, tmp_path / str(limit))
        place = "the end" if limit is None else whole.counter.writes[limit]
        if limit is None:
            machine.apply(again)
        else:
            with pytest.raises(KilledError):
                machine.apply(again, limit)
        if not machine.store.runs():
            continue
        undone = machine.rollback()

        assert undone.error is None, f"{place}: {undone.error}"
        assert machine.state() == before, place
        assert assigned(machine.domain) == had, place
        assert [run.state for run in machine.store.runs()] == [RunState.DONE, RunState.ROLLED_BACK]


def test_a_rollback_that_is_killed_goes_on(howto: Playbook, tmp_path: Path) -> None:
    """The way back is a run as any other: killed anywhere, resume takes it to the same end."""
    machine, plan = begun(howto, GpoVia.SMB, tmp_path / "whole")
    before = machine.state()
    with pytest.raises(KilledError):
        machine.apply(plan, 75)
    machine.rollback()
    count = len(machine.counter.writes)
    assert count > 10
    for limit in range(1, count, 4):
        machine, plan = begun(howto, GpoVia.SMB, tmp_path / str(limit))
        with pytest.raises(KilledError):
            machine.apply(plan, 75)
        with pytest.raises(KilledError):
            machine.rollback(limit)
        if machine.store.runs()[0].command == "rollback":
            machine.resume()
        else:
            machine.rollback()

        assert machine.state() == before, limit


def test_a_pilot_that_somebody_edited_is_not_deleted(howto: Playbook, tmp_path: Path) -> None:
    """The rollback names the pilot and its version, and changes nothing."""
    machine, plan = begun(howto, GpoVia.SMB, tmp_path / "edited")
    with pytest.raises(KilledError):
        machine.apply(plan, 75)
    dn = machine.domain.gpo_dn(pilot_name(howto.gpo.name))
    machine.domain.directory.replace(dn, Attributes.of_text(versionNumber="77"))
    there = machine.state(versions=True)
    with pytest.raises(StalePlanError) as caught:
        machine.rollback()

    assert caught.value.object == dn
    assert caught.value.found == "77"
    assert machine.state(versions=True) == there


def test_a_run_that_goes_on_with_a_pilot_is_not_rolled_back(
    howto: Playbook, tmp_path: Path
) -> None:
    """What began in an earlier run is refused with the ways that are left."""
    machine, plan = begun(howto, GpoVia.SMB, tmp_path / "two")
    domain = machine.domain
    policy = replace(howto.policies[0], polling_interval_seconds=60)
    gpo = replace(howto.gpo, via=GpoVia.SMB)
    change = replace(howto, gpo=gpo, policies=(policy,), rollout=WAVES)
    first = [host for host in members(domain) if host.name == "vm1"]
    machine.apply(domain.plan(change, first))
    machine.apply(domain.plan(change, members(domain)))
    del plan
    with pytest.raises(PlanError, match="can't be rolled back") as caught:
        machine.rollback()

    assert "orchestrate remove" in str(caught.value)
