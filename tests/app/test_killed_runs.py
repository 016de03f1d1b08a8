"""Killed at any action, a run is completed by resume and undone by rollback, both exactly."""

from dataclasses import replace

import pytest

from ipsec_orchestrator.model.policy import GpoVia, Playbook
from ipsec_orchestrator.model.run import RunState
from tests.killed_runs import Machine
from tests.planning.test_apply_laws import furnished
from tests.worlds import KilledError, MemoryDomain

STARTS = [
    ("new", GpoVia.WINRM),
    ("new", GpoVia.SMB),
    ("changed", GpoVia.WINRM),
    ("removed", GpoVia.SMB),
    ("adopted", GpoVia.SMB),
    ("adopted and changed", GpoVia.SMB),
    ("adopted and removed", GpoVia.SMB),
]


def playbook_for(howto: Playbook, start: str, via: GpoVia) -> Playbook:
    """The how-to, with its GPO made that way, or taken over."""
    gpo = replace(howto.gpo, name="GPO of the laws", adopt="adopted" in start, via=via)
    return replace(howto, gpo=gpo)


def begun(start: str, playbook: Playbook) -> Machine:
    """A machine and a domain before the run that will be killed."""
    domain = furnished(adopted="adopted" in start)
    if "changed" in start:
        policy = replace(playbook.policies[0], description="as it was before")
        domain.apply(replace(playbook, policies=(policy,)))
    if "removed" in start:
        domain.apply(playbook)
    return Machine.of(domain)


def kill(machine: Machine, start: str, playbook: Playbook, limit: int | None) -> None:
    """Carry out the run that is under test, up to an action."""
    domain: MemoryDomain = machine.domain
    plan = domain.plan_removal(playbook) if "removed" in start else domain.plan(playbook)
    machine.apply(plan, limit)


@pytest.mark.parametrize(("start", "via"), STARTS)
def test_killed_anywhere_and_resumed(howto: Playbook, start: str, via: GpoVia) -> None:
    """Whatever action the process dies before, resume ends as if nothing had happened."""
    playbook = playbook_for(howto, start, via)
    whole = begun(start, playbook)
    kill(whole, start, playbook, None)
    count, wanted = len(whole.counter.writes), whole.state(versions=True)
    assert count > 30
    for limit in range(count):
        machine = begun(start, playbook)
        with pytest.raises(KilledError):
            kill(machine, start, playbook, limit)
        runs = machine.store.runs()
        if not runs:
            continue
        machine.resume()

        assert machine.state(versions=True) == wanted, (
            f"killed before {whole.counter.writes[limit]}"
        )
        assert [run.state for run in machine.store.runs()] == [RunState.DONE]


@pytest.mark.parametrize(("start", "via"), STARTS)
def test_killed_anywhere_and_rolled_back(howto: Playbook, start: str, via: GpoVia) -> None:
    """Whatever action the process dies before, rollback ends as if it had never begun."""
    playbook = playbook_for(howto, start, via)
    whole = begun(start, playbook)
    wanted = whole.state()
    kill(whole, start, playbook, None)
    actions = list(whole.counter.writes)
    for limit in range(len(actions) + 1):
        machine = begun(start, playbook)
        if limit < len(actions):
            with pytest.raises(KilledError):
                kill(machine, start, playbook, limit)
        else:
            kill(machine, start, playbook, None)
        if not machine.store.runs():
            continue
        report = machine.rollback()
        place = f"killed before {[*actions, 'the end'][limit]}"

        assert report.error is None, f"{place}: {report.error}"
        assert machine.state() == wanted, place
        assert [run.state for run in machine.store.runs()] == [RunState.DONE, RunState.ROLLED_BACK]
