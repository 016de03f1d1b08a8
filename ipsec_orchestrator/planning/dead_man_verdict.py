"""Judging what a member says before and while a dead man's switch is put on it."""

from datetime import datetime, timedelta
from typing import Final

from ipsec_orchestrator.codec.scheduled_task import boundary_text, parse_task, task_differences
from ipsec_orchestrator.errors import CodecError
from ipsec_orchestrator.facts.dead_man import DeadManFacts
from ipsec_orchestrator.model.scheduled_task import ScheduledTask
from ipsec_orchestrator.planning.dead_man_tasks import task_name, twin_name

LARGEST_SKEW_SECONDS: Final = 60.0
"""A member whose clock is further off would fire at another time than the others."""
# The scheduler shows when a task is due in whole seconds.
_SHOWN_EXACTLY: Final = timedelta(seconds=1)


def obstacle(facts: DeadManFacts, run_id: str, skew_seconds: float) -> str | None:
    """Tell why a member can't be given a task; ``None`` if it can.

    Args:
        facts: What it said.
        run_id: The run that wants it.
        skew_seconds: How far its clock is ahead of ours, as far as that is certain.
    """
    if abs(skew_seconds) > LARGEST_SKEW_SECONDS:
        way = "ahead of" if skew_seconds > 0 else "behind"
        return (
            f"its clock is {abs(skew_seconds):.0f} s {way} that of this workstation, so that its "
            "task would run at another time than those of the others"
        )
    scheduler, agent = facts.scheduler, facts.agent
    if scheduler is None or not scheduler.running:
        return "its Task Scheduler (service Schedule) does not run"
    if agent is None:
        return "it has no service PolicyAgent"
    for record in facts.records:
        if record.fired:
            return (
                f"the task of run {record.run_id} has fired there and nobody has given the member "
                f"its services back: orchestrate restore-members {record.run_id}"
            )
        waits = facts.task(task_name(record.run_id)) is not None
        if waits and record.run_id != run_id:
            return (
                f"run {record.run_id} waits for its confirmation there: "
                f"orchestrate confirm {record.run_id}"
            )
    return None


def twin_problem(facts: DeadManFacts, run_id: str) -> str | None:
    """Tell what is wrong with a twin that was due; ``None`` if it ran as it should."""
    twin, record = facts.task(twin_name(run_id)), facts.record(run_id)
    if twin is None:
        return "the task that was to be tried is not there"
    if twin.result is None:
        return "the task that was tried did not run at its time"
    if twin.result != 0:
        return f"the task that was tried ended with 0x{twin.result & 0xFFFFFFFF:08X}"
    if record is None or not record.twin_fired:
        return "the task that was tried ran and left no mark in the registry"
    return None


def twin_is_over(facts: DeadManFacts, run_id: str) -> bool:
    """Tell whether there is nothing more to wait for."""
    twin = facts.task(twin_name(run_id))
    return twin is None or twin.result is not None


def read_back_problem(
    facts: DeadManFacts, run_id: str, wanted: ScheduledTask, start_at: datetime
) -> str | None:
    """Tell in what a task that was registered is not as it was written; ``None`` if in nothing.

    Args:
        facts: What the member said afterwards.
        run_id: The run.
        wanted: What was written.
        start_at: When it has to be due, by the member's clock.
    """
    found = facts.task(task_name(run_id))
    if found is None:
        return "its task is not there"
    if not found.is_enabled:
        return "its task is disabled"
    try:
        differences = task_differences(wanted, parse_task(found.xml))
    except CodecError as error:
        return f"its task can't be read back: {error.message}"
    if differences:
        return f"its task reads back otherwise than it was written: {', '.join(differences)}"
    if found.next_run is None or abs(found.next_run - start_at) > _SHOWN_EXACTLY:
        shown = boundary_text(found.next_run) if found.next_run else "never"
        return f"its task is due {shown} instead of {boundary_text(start_at)}"
    return None
