"""The scripts of a dead man's switch by every way; and the tasks that they register really run."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol
from uuid import uuid4

import pytest

from ipsec_orchestrator.adapters.clock import SystemClock
from ipsec_orchestrator.adapters.scripts import script_call
from ipsec_orchestrator.codec.scheduled_task import parse_task, task_xml
from ipsec_orchestrator.errors import ScriptFailedError
from ipsec_orchestrator.facts.dead_man import (
    DeadManFacts,
    Removal,
    parse_dead_man,
    parse_removal,
    parse_restoration,
)
from ipsec_orchestrator.lab.windows import SimulatedHost, WindowsCommands
from ipsec_orchestrator.lab.windows.canned_dead_man import dead_man_read
from ipsec_orchestrator.lab.windows.services import POLICY_AGENT, StartMode
from ipsec_orchestrator.model.inventory import Host
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.planning.dead_man_tasks import (
    dead_man_task,
    task_name,
    twin_name,
    twin_task,
)
from ipsec_orchestrator.planning.dead_man_verdict import read_back_problem
from ipsec_orchestrator.ports import Members

CLOCK: Final = SystemClock()
FAR: Final = timedelta(hours=1)


class World(Protocol):
    """What stands behind the transport."""

    commands: Mapping[str, WindowsCommands]

    @property
    def vm1(self) -> SimulatedHost: ...


class Reached(Protocol):
    """A world and a way to its hosts."""

    world: World
    members: Members
    hosts: Mapping[str, Host]


def run(reached: Reached, name: str, **parameters: Json) -> Json:
    """Run a script on vm1."""
    return reached.members.run(reached.hosts["vm1"], script_call(name, parameters))


def read(reached: Reached) -> DeadManFacts:
    """What vm1 says."""
    return parse_dead_man(run(reached, "dead_man_read"))


def remove(reached: Reached, run_id: str, *, twin_only: bool = False) -> Removal:
    """Take tasks away."""
    return parse_removal(run(reached, "dead_man_remove", RunId=run_id, TwinOnly=twin_only))


def arm(reached: Reached, run_id: str, at: datetime, *, twin: bool = False) -> None:
    """Register the task of a run, or its twin."""
    task = twin_task(run_id, at) if twin else dead_man_task(run_id, at)
    run(
        reached,
        "dead_man_arm",
        RunId=run_id,
        Definition=task_xml(task),
        Deadline="" if twin else "2026-11-26T15:00:00Z",
        Twin=twin,
    )


def in_future(span: timedelta) -> datetime:
    """A whole second later."""
    return (datetime.now(UTC) + span).replace(microsecond=0)


def fresh_run() -> str:
    """An id that no other test has."""
    return f"test-{uuid4().hex[:12]}"


def look_until_due(host: SimulatedHost, at: datetime) -> None:
    """Let the host's scheduler look when the time has come."""
    CLOCK.wait(max(0.0, (at - datetime.now(UTC)).total_seconds()) + 0.05)
    host.tasks.run_due()


def test_the_answer_is_that_of_the_host(reached: Reached) -> None:
    """Every field of clock, services, policy, tasks and records is as the host has it."""
    run_id = fresh_run()
    arm(reached, run_id, in_future(FAR))
    answer = run(reached, "dead_man_read")
    expected = dead_man_read(reached.world.commands["vm1"], {})
    remove(reached, run_id)

    assert isinstance(answer, Mapping)
    assert isinstance(expected, Mapping)
    assert {**answer, "time": None} == {**expected, "time": None}


def test_a_task_reads_back_as_it_was_written(reached: Reached) -> None:
    """Definition, state and time of the next start come back; the state from before is saved."""
    run_id, at = fresh_run(), in_future(FAR)
    arm(reached, run_id, at)
    facts = read(reached)
    record = facts.record(run_id)
    remove(reached, run_id)

    assert read_back_problem(facts, run_id, dead_man_task(run_id, at), at) is None
    assert record is not None
    assert (record.start_mode, record.fired) == ("Manual", False)
    assert record.deadline == "2026-11-26T15:00:00Z"


def test_what_was_saved_first_stays(reached: Reached) -> None:
    """Armed again, after the policy has started the agent, the record is that of the first time."""
    vm1, run_id = reached.world.vm1, fresh_run()
    vm1.stop_service(POLICY_AGENT)
    arm(reached, run_id, in_future(FAR))
    vm1.start_service(POLICY_AGENT)
    arm(reached, run_id, in_future(2 * FAR))
    record = read(reached).record(run_id)
    remove(reached, run_id)

    assert record is not None
    assert record.state == "Stopped"


def test_the_twin_leaves_its_mark_and_goes_alone(reached: Reached) -> None:
    """It runs at its time with result 0; removing it leaves the real task and the record."""
    run_id, soon = fresh_run(), in_future(timedelta(seconds=2))
    arm(reached, run_id, in_future(FAR))
    arm(reached, run_id, soon, twin=True)
    before = read(reached).task(twin_name(run_id))
    look_until_due(reached.world.vm1, soon)
    facts = read(reached)
    removal = remove(reached, run_id, twin_only=True)
    left = read(reached)
    remove(reached, run_id)

    assert before is not None
    assert before.result is None
    twin, record = facts.task(twin_name(run_id)), facts.record(run_id)
    assert twin is not None
    assert twin.result == 0
    assert record is not None
    assert record.twin_fired
    assert removal == Removal(tasks_left=(), fired=False)
    assert left.task(twin_name(run_id)) is None
    assert left.task(task_name(run_id)) is not None


def test_a_task_that_fires_disables_the_agent_and_is_put_right(reached: Reached) -> None:
    """Marked, disabled, stopped; then the task goes, the record stays, and goes with the cure."""
    vm1, run_id = reached.world.vm1, fresh_run()
    vm1.start_service(POLICY_AGENT)
    soon = in_future(timedelta(seconds=2))
    arm(reached, run_id, soon)
    look_until_due(vm1, soon)
    facts = read(reached)
    with pytest.raises(ScriptFailedError) as caught:
        run(reached, "dead_man_restore", RunId=run_id, StartType="Manual", Running=True)
    removal = remove(reached, run_id)
    between = read(reached)
    restored = parse_restoration(
        run(reached, "dead_man_restore", RunId=run_id, StartType="Manual", Running=True)
    )
    after = read(reached)

    assert facts.agent is not None
    assert (facts.agent.start_mode, facts.agent.state) == ("Disabled", "Stopped")
    assert caught.value.error_id == "ipsec_orchestrator.TaskStillThere"
    assert removal == Removal(tasks_left=(), fired=True)
    assert between.record(run_id) is not None
    assert between.task(task_name(run_id)) is None
    assert restored.restored
    assert (restored.start_mode, restored.state) == ("Manual", "Running")
    assert after.record(run_id) is None
    assert vm1.services.get(POLICY_AGENT).start_mode is StartMode.MANUAL


def test_removing_what_is_not_there_is_no_failure(reached: Reached) -> None:
    """A confirmation can be given twice."""
    run_id = fresh_run()
    arm(reached, run_id, in_future(FAR))

    assert remove(reached, run_id) == Removal(tasks_left=(), fired=False)
    assert remove(reached, run_id) == Removal(tasks_left=(), fired=False)
    assert read(reached).record(run_id) is None


def test_a_malformed_task_is_refused_by_the_scheduler(reached: Reached) -> None:
    """The definition is checked where it is registered; the error has Windows' number."""
    run_id = fresh_run()
    text = task_xml(dead_man_task(run_id, in_future(FAR)))
    parse_task(text)
    wrong = text.replace("<Priority>4<", "<Priority>11<")
    with pytest.raises(ScriptFailedError) as caught:
        run(reached, "dead_man_arm", RunId=run_id, Definition=wrong, Deadline="", Twin=False)
    remove(reached, run_id)

    assert caught.value.error_id.startswith("HRESULT 0x80041318")
