"""A run that has to be confirmed, killed anywhere: gone on with, or taken back, tasks and all."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from typing_extensions import override

from ipsec_orchestrator.adapters.memory import MemoryRuns
from ipsec_orchestrator.adapters.thread_runner import ThreadRunner
from ipsec_orchestrator.lab.windows import SimulatedHost
from ipsec_orchestrator.model.plan import Plan
from ipsec_orchestrator.model.policy import GpoVia, Playbook
from ipsec_orchestrator.planning.dead_man_part import with_dead_man
from ipsec_orchestrator.planning.dead_man_tasks import task_name, twin_name
from ipsec_orchestrator.ports import World
from tests.engine.test_dead_man import ListedConfirmations
from tests.killed_runs import Machine
from tests.worlds import Counter, KilledError, memory_domain, with_windows_hosts

WITHIN = 3600
TWIN = twin_name("")[len(task_name("")) :]


@dataclass(slots=True)
class Guarded(Machine):
    """A machine that remembers what waits for its confirmation."""

    windows: dict[str, SimulatedHost] = field(default_factory=dict[str, SimulatedHost])
    listed: ListedConfirmations = field(default_factory=ListedConfirmations)

    @override
    def world(self, limit: int | None = None) -> World:
        # One member after the other, because all share a clock that waits move.
        found = Machine.world(self, limit)
        return replace(found, confirmations=self.listed, runner=ThreadRunner(threads=1))

    def tasks(self) -> int:
        """How many tasks stand on the members that would do something."""
        return sum(
            not task.name.endswith(TWIN)
            for host in self.windows.values()
            for task in host.tasks.all()
        )


def begun(howto: Playbook, folder: Path) -> tuple[Guarded, Plan]:
    """A domain without a policy, and the plan of the how-to, to be confirmed."""
    folder.mkdir()
    domain = memory_domain()
    windows = with_windows_hosts(domain, folder)
    counter = Counter()
    store = MemoryRuns(domain.clock, lambda kind: counter.note(f"event {kind}"))
    machine = Guarded(domain, counter, store, windows=windows)
    playbook = replace(howto, gpo=replace(howto.gpo, via=GpoVia.SMB))
    members = [host for host in domain.inventory.hosts if host.name != "dc1"]
    return machine, with_dead_man(domain.plan(playbook, members), WITHIN)


@pytest.mark.parametrize("start", [0, 5])
def test_killed_anywhere_it_is_gone_on_with_or_taken_back(
    howto: Playbook, tmp_path: Path, start: int
) -> None:
    """Resumed, every member has a task and the run waits; rolled back, there is none of either."""
    whole, plan = begun(howto, tmp_path / "whole")
    before = whole.state()
    assert whole.apply(plan).error is None
    after = whole.state()
    count = len(whole.counter.writes)
    assert (whole.tasks(), len(whole.listed.all())) == (3, 1)
    for turn, limit in enumerate(range(start, count, 10)):
        machine, plan = begun(howto, tmp_path / str(limit))
        place = whole.counter.writes[limit]
        with pytest.raises(KilledError):
            machine.apply(plan, limit)
        if not machine.store.runs():
            continue
        if turn % 2:
            report = machine.resume()
            assert report is not None
            assert report.error is None, f"{place}: {report.error}"
            assert report.all_members_done, place
            assert machine.state() == after, place
            assert (machine.tasks(), len(machine.listed.all())) == (3, 1), place
        machine.rollback()

        assert machine.state() == before, place
        assert (machine.tasks(), machine.listed.all()) == (0, ()), place
