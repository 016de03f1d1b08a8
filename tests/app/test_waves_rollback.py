"""A run that goes on with waves of an earlier one, killed anywhere and taken back: narrowed again."""

from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from ipsec_orchestrator.errors import StalePlanError
from ipsec_orchestrator.model.directory import Attributes
from ipsec_orchestrator.model.outcome import HostOutcome
from ipsec_orchestrator.model.plan import Plan
from ipsec_orchestrator.model.policy import GpoVia, Playbook
from ipsec_orchestrator.model.run import RunState
from tests.app.test_pilot_rollback import WAVES, assigned, members
from tests.killed_runs import Machine
from tests.worlds import KilledError, memory_domain, with_windows_hosts


def begun(
    howto: Playbook, via: GpoVia, folder: Path, *, changed: bool = False
) -> tuple[Machine, Plan]:
    """A domain where only the canary has been reached, and the plan that reaches the others."""
    folder.mkdir()
    domain = memory_domain()
    with_windows_hosts(domain, folder)
    playbook = replace(howto, gpo=replace(howto.gpo, via=via), rollout=WAVES)
    canary = [host for host in members(domain) if host.name == "vm1"]
    domain.apply(playbook, canary)
    if changed:
        policy = replace(playbook.policies[0], polling_interval_seconds=60)
        playbook = replace(playbook, policies=(policy,))
    return Machine.of(domain), domain.plan(playbook, members(domain))


def access(machine: Machine, howto: Playbook) -> tuple[bytes, object]:
    """The permissions of the GPO, of its container and of its folder."""
    domain = machine.domain
    dn = domain.gpo_dn(howto.gpo.name)
    entry = domain.directory.read(dn, ["nTSecurityDescriptor", "cn"])
    assert entry is not None
    folder = domain.sysvol.read_access(UUID(entry.attributes.text("cn")))
    return entry.attributes["nTSecurityDescriptor"][0], folder


@pytest.mark.parametrize(
    ("via", "changed", "stride"),
    [(GpoVia.SMB, False, 1), (GpoVia.SMB, True, 2), (GpoVia.WINRM, True, 4)],
)
def test_killed_anywhere_and_narrowed_again(
    howto: Playbook, tmp_path: Path, *, via: GpoVia, changed: bool, stride: int
) -> None:
    """Whatever action dies, permissions, objects and members are as the first run left them."""
    whole, plan = begun(howto, via, tmp_path / "whole", changed=changed)
    before, had = whole.state(), assigned(whole.domain)
    rights = access(whole, howto)
    assert [host for host, policy in had.items() if policy] == ["vm1"]
    report = whole.apply(plan)
    assert report.error is None
    assert None not in assigned(whole.domain).values()
    count = len(whole.counter.writes)
    for limit in [*range(0, count, stride), None]:
        machine, again = begun(howto, via, tmp_path / str(limit), changed=changed)
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
        assert undone.all_members_done, f"{place}: {undone.members}"
        assert machine.state() == before, place
        assert access(machine, howto) == rights, place
        assert assigned(machine.domain) == had, place
        assert [run.state for run in machine.store.runs()] == [RunState.DONE, RunState.ROLLED_BACK]


def test_members_that_keep_the_policy_keep_the_gpo(howto: Playbook, tmp_path: Path) -> None:
    """While one that was reached can't be seen to let go, nothing is narrowed; resumed it ends."""
    machine, plan = begun(howto, GpoVia.SMB, tmp_path / "silent")
    before, narrow = machine.state(), access(machine, howto)
    machine.apply(plan)
    wide = access(machine, howto)
    answers = dict(machine.domain.answers)
    machine.domain.answers = {name: a for name, a in answers.items() if name != "vm2"}
    report = machine.rollback()

    assert {m.host for m in report.members if m.outcome is not HostOutcome.DONE} == {"vm2"}
    assert access(machine, howto) == wide != narrow
    machine.domain.answers = answers
    resumed = machine.resume()
    assert resumed is not None
    assert access(machine, howto) == narrow
    assert machine.state() == before


def test_filtering_that_somebody_changed_is_named(howto: Playbook, tmp_path: Path) -> None:
    """Permissions that are neither of the run nor of before are left alone."""
    machine, plan = begun(howto, GpoVia.SMB, tmp_path / "edited")
    with pytest.raises(KilledError):
        machine.apply(plan, 14)
    dn = machine.domain.gpo_dn(howto.gpo.name)
    record = machine.domain.text(dn, "adminDisplayName")
    assert record is not None
    machine.domain.directory.replace(dn, Attributes({"adminDisplayName": ()}))
    with pytest.raises(StalePlanError) as caught:
        machine.rollback()

    assert caught.value.object == dn
