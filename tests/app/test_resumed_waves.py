"""Going on with a rollout by ``orchestrate resume``: from the gate that was not passed."""

from dataclasses import replace
from pathlib import Path

from ipsec_orchestrator.app.carry_out import carry_out
from ipsec_orchestrator.app.earlier_runs import read_run, resume
from ipsec_orchestrator.app.options import StatePlace
from ipsec_orchestrator.app.run_store import run_store
from ipsec_orchestrator.model.policy import GpoVia, Playbook
from ipsec_orchestrator.model.rollout import Portion, Rollout
from tests.worlds import ListObserver, MemoryDomain, with_windows_hosts


def test_a_stopped_rollout_is_resumed_where_it_stopped(
    howto: Playbook, domain: MemoryDomain, tmp_path: Path
) -> None:
    """When the canary is mended, the same run reaches the other waves and puts the permissions back."""
    rollout = Rollout(canaries="vm1", batches=(Portion(hosts=1),))
    playbook = replace(howto, gpo=replace(howto.gpo, via=GpoVia.SMB), rollout=rollout)
    (tmp_path / "hosts").mkdir()
    hosts = with_windows_hosts(domain, tmp_path / "hosts", stopped=["vm1"])
    place = StatePlace(folder=tmp_path / "state")
    members = domain.inventory.hosts[1:]
    stopped = carry_out(domain.plan(playbook, members), domain.world, place, ListObserver())
    assert stopped.stopped is not None
    hosts["vm1"].start_service("PolicyAgent")
    hosts["vm1"].start_service("IKEEXT")
    store = run_store(place, domain.clock)
    report = resume(read_run(store, stopped.run_id), domain.world, store, ListObserver())

    assert report is not None
    assert report.error is None
    assert report.stopped is None
    assert report.all_members_done
    assert domain.text(domain.gpo_dn(playbook.gpo.name), "adminDisplayName") is None
    assert domain.plan(playbook, members).steps == ()
