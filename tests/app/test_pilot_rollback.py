"""Waves over a GPO that is in force, killed anywhere and taken back: the pilot goes, all is as was."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ipsec_orchestrator.app.observe import observe_member
from ipsec_orchestrator.errors import StalePlanError
from ipsec_orchestrator.model.directory import Attributes
from ipsec_orchestrator.model.inventory import Host
from ipsec_orchestrator.model.plan import Plan
from ipsec_orchestrator.model.policy import GpoVia, Playbook
from ipsec_orchestrator.model.rollout import Portion, Rollout
from ipsec_orchestrator.model.run import RunState
from ipsec_orchestrator.planning.pilot_part import pilot_name
from tests.killed_runs import Machine
from tests.worlds import OU, KilledError, MemoryDomain, memory_domain, with_windows_hosts

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


Onward = Callable[[Machine, Playbook], Plan]


def piloted(howto: Playbook, folder: Path, via: GpoVia = GpoVia.SMB) -> tuple[Machine, Playbook]:
    """The first wave of a change has its policy by a pilot GPO, and the others wait."""
    machine, _ = begun(howto, via, folder)
    domain = machine.domain
    policy = replace(howto.policies[0], polling_interval_seconds=60)
    gpo = replace(howto.gpo, via=via)
    change = replace(howto, gpo=gpo, policies=(policy,), rollout=WAVES)
    first = [host for host in members(domain) if host.name == "vm1"]
    report = machine.apply(domain.plan(change, first))
    assert report.error is None
    return machine, change


def to_the_end(machine: Machine, change: Playbook) -> Plan:
    """Go on with the other waves; the pilot goes at the end."""
    return machine.domain.plan(change, members(machine.domain))


def one_more_wave(machine: Machine, change: Playbook) -> Plan:
    """Go on with one more wave; the pilot stays."""
    some = [host for host in members(machine.domain) if host.name != "vm2"]
    return machine.domain.plan(change, some)


def without_waves(machine: Machine, change: Playbook) -> Plan:
    """Give it to everybody at once; the pilot goes."""
    return machine.domain.plan(replace(change, rollout=None), members(machine.domain))


def another_change(machine: Machine, change: Playbook) -> Plan:
    """Change what the pilot carries."""
    policy = replace(change.policies[0], polling_interval_seconds=120)
    return machine.domain.plan(replace(change, policies=(policy,)), members(machine.domain))


def removal(machine: Machine, change: Playbook) -> Plan:
    """Take all of it away."""
    return machine.domain.plan_removal(change, members(machine.domain))


@pytest.mark.parametrize(
    "onward", [to_the_end, one_more_wave, without_waves, another_change, removal]
)
def test_a_run_that_found_a_pilot_is_taken_back_to_it(
    howto: Playbook, tmp_path: Path, onward: Onward
) -> None:
    """Killed anywhere and rolled back, the pilot is as it was, and so is what every member has."""
    whole, change = piloted(howto, tmp_path / "whole")
    before, had = whole.state(), assigned(whole.domain)
    assert len(set(had.values())) == 2
    report = whole.apply(onward(whole, change))
    assert report.error is None
    count = len(whole.counter.writes)
    for limit in [*range(0, count, 7), None]:
        machine, change = piloted(howto, tmp_path / str(limit))
        plan = onward(machine, change)
        place = "the end" if limit is None else whole.counter.writes[limit]
        runs = len(machine.store.runs())
        if limit is None:
            machine.apply(plan)
        else:
            with pytest.raises(KilledError):
                machine.apply(plan, limit)
        if len(machine.store.runs()) == runs:
            continue
        undone = machine.rollback()

        assert undone.error is None, f"{place}: {undone.error}"
        assert machine.state() == before, place
        assert assigned(machine.domain) == had, place


def test_a_pilot_that_new_gpo_makes_again_has_another_id(howto: Playbook, tmp_path: Path) -> None:
    """Members have what they had; link, filtering and assignment are those of the new GPO."""
    machine, change = piloted(howto, tmp_path / "winrm", GpoVia.WINRM)
    had = assigned(machine.domain)
    machine.apply(to_the_end(machine, change))
    undone = machine.rollback()
    again = machine.domain.gpo_dn(pilot_name(howto.gpo.name))

    assert undone.error is None
    assert undone.all_members_done
    assert assigned(machine.domain) == had
    assert (
        again.partition(",")[0].removeprefix("CN=").upper()
        in (machine.domain.text(OU, "gPLink") or "").upper()
    )
