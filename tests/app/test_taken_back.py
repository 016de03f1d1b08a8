"""A rollout whose playbook wants it taken back when a wave fails."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from ipsec_orchestrator.app.carry_out import carry_out
from ipsec_orchestrator.app.options import StatePlace
from ipsec_orchestrator.app.run_store import run_store
from ipsec_orchestrator.app.taken_back import take_back
from ipsec_orchestrator.engine.observer import Observer
from ipsec_orchestrator.lab.windows import SimulatedHost
from ipsec_orchestrator.model.plan import Plan
from ipsec_orchestrator.model.policy import GpoVia, Playbook
from ipsec_orchestrator.model.rollout import OnFailure, Portion, Rollout
from ipsec_orchestrator.model.run import RunState
from tests.worlds import ListObserver, MemoryDomain, with_windows_hosts


@contextmanager
def watch(plan: Plan) -> Generator[Observer]:
    """Watch, and remember nothing."""
    del plan
    yield ListObserver()


def assigned(host: SimulatedHost) -> bool:
    """Whether a host has a policy, by its registry."""
    key = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\IPSec\GPTIPSECPolicy"
    return host.registry.read().value(key, "DSIPSECPolicyPath") is not None


@pytest.mark.parametrize("via", GpoVia)
@pytest.mark.parametrize("ill", ["vm1", "host1"])
def test_a_wave_that_fails_takes_everything_back(
    howto: Playbook, domain: MemoryDomain, tmp_path: Path, via: GpoVia, ill: str
) -> None:
    """In the first wave or in a later one: hosts and directory are as before the run."""
    rollout = Rollout(canaries="vm1", batches=(Portion(hosts=1),), on_failure=OnFailure.ROLLBACK)
    playbook = replace(howto, gpo=replace(howto.gpo, via=via), rollout=rollout)
    before = domain.snapshot()
    (tmp_path / "hosts").mkdir()
    hosts = with_windows_hosts(domain, tmp_path / "hosts", stopped=[ill])
    place = StatePlace(folder=tmp_path / "state")
    members = domain.inventory.hosts[1:]
    plan = domain.plan(playbook, members)
    report = carry_out(plan, domain.world, place, ListObserver())
    assert report.rollback
    assert assigned(hosts["vm1"])
    back = take_back(report, domain.world, place, watch)

    assert back is not None
    assert back.report.error is None
    assert back.report.all_members_done
    assert not any(assigned(host) for host in hosts.values())
    assert domain.snapshot() == before
    states = [run.state for run in run_store(place, domain.clock).runs()]
    assert states == [RunState.DONE, RunState.ROLLED_BACK]
    again = take_back(replace(report, rollback=False), domain.world, place, watch)
    assert again is None


def test_a_rollout_that_only_stops_is_left_alone(
    howto: Playbook, domain: MemoryDomain, tmp_path: Path
) -> None:
    """With ``stop`` nobody takes anything back."""
    playbook = replace(howto, rollout=Rollout(canaries="vm1"))
    (tmp_path / "hosts").mkdir()
    with_windows_hosts(domain, tmp_path / "hosts", stopped=["vm1"])
    place = StatePlace(folder=tmp_path / "state")
    plan = domain.plan(playbook, domain.inventory.hosts[1:])
    report = carry_out(plan, domain.world, place, ListObserver())

    assert report.stopped is not None
    assert take_back(report, domain.world, place, watch) is None
