"""The network is cut at any write, before it arrives or after: resume completes, rollback undoes."""

from contextlib import suppress

import pytest

from ipsec_orchestrator.adapters.memory import MemoryRuns
from ipsec_orchestrator.app.carry_out import carry_out_in
from ipsec_orchestrator.app.earlier_runs import make_rollback_plan, read_run, resume
from ipsec_orchestrator.errors import BackendError
from ipsec_orchestrator.model.policy import GpoVia, Playbook
from ipsec_orchestrator.model.run import RunState
from tests.app.test_killed_runs import begun, playbook_for, without_lock
from tests.cut_network import Cable
from tests.killed_runs import Machine
from tests.worlds import ListObserver, counted

STARTS = [
    ("new", GpoVia.WINRM),
    ("changed", GpoVia.SMB),
    ("removed", GpoVia.SMB),
    ("adopted and changed", GpoVia.WINRM),
]


def carry_out(machine: Machine, start: str, playbook: Playbook, cable: Cable) -> None:
    """Plan with the network whole, and carry out with that cable."""
    domain = machine.domain
    plan = domain.plan_removal(playbook) if "removed" in start else domain.plan(playbook)
    # What breaks off before the run is recorded is an error; later it is part of the report.
    with suppress(BackendError):
        carry_out_in(plan, counted(machine.world(), cable), machine.store, ListObserver())


def undo(machine: Machine, store: MemoryRuns, cable: Cable) -> None:
    """Take the last run back with that cable."""
    world = machine.world()
    found = read_run(store, "last")
    plan = make_rollback_plan(found, world, store)
    with suppress(BackendError):
        carry_out_in(plan, counted(world, cable), store, ListObserver(), undoes=found.record.run_id)


@pytest.mark.parametrize("arrives", [False, True], ids=["lost", "answer lost"])
@pytest.mark.parametrize(("start", "via"), STARTS)
def test_cut_anywhere(howto: Playbook, start: str, via: GpoVia, *, arrives: bool) -> None:
    """By turns resumed to the end of an undisturbed run, or rolled back to what was before it."""
    playbook = playbook_for(howto, start, via)
    whole, cable = begun(start, playbook), Cable()
    before = whole.state()
    carry_out(whole, start, playbook, cable)
    after = whole.state()
    assert len(cable.writes) > 20
    for limit, words in enumerate(cable.writes):
        machine = begun(start, playbook)
        cut = Cable(limit=limit, arrives=arrives)
        carry_out(machine, start, playbook, cut)
        assert cut.is_cut
        runs = machine.store.runs()
        if not runs or runs[0].state is RunState.DONE:
            # Before the first step, or only the lock could not be given back.
            continue
        if limit % 2:
            report = machine.resume()
            assert report is not None
            assert report.error is None, f"{words}: {report.error}"
            assert machine.state() == after, words
        else:
            undone = machine.rollback()
            assert undone.error is None, f"{words}: {undone.error}"
            assert machine.state() == before, words


@pytest.mark.parametrize("arrives", [False, True], ids=["lost", "answer lost"])
def test_cut_while_going_back(howto: Playbook, *, arrives: bool) -> None:
    """A rollback that the network leaves half done is gone on with like any other run."""
    start = "changed"
    playbook = playbook_for(howto, start, GpoVia.SMB)
    whole, cable = begun(start, playbook), Cable()
    before = whole.state()
    carry_out(whole, start, playbook, Cable())
    undo(whole, whole.store, cable)
    assert whole.state() == before
    for limit, words in enumerate(cable.writes):
        machine = begun(start, playbook)
        carry_out(machine, start, playbook, Cable())
        undo(machine, machine.store, Cable(limit=limit, arrives=arrives))
        last = machine.store.runs()[0]
        if last.command == "rollback" and last.state is not RunState.DONE:
            found = read_run(machine.store, last.run_id)
            report = resume(found, machine.world(), machine.store, ListObserver())
            assert report is None or report.error is None, words
        elif last.command != "rollback":
            machine.rollback()

        # A lock that could not be given back says for itself what to do about it.
        assert without_lock(machine) == before, words
