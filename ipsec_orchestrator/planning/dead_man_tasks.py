r"""The tasks of a dead man's switch: what stands on a member until somebody confirms the change.

In-box programs by full path only: no script, no PowerShell, no file of ours. So neither an
execution policy nor constrained language mode has anything to act on, and the rules of AppLocker
and WDAC that are usual let programs of Windows run.
"""

from datetime import datetime, timedelta
from typing import Final

from ipsec_orchestrator.model.scheduled_task import (
    BootTrigger,
    Program,
    ScheduledTask,
    TaskSettings,
    TimeTrigger,
)

RECORD_KEY: Final = r"HKLM\SOFTWARE\ipsec_orchestrator\DeadMan"
"""Below it one key a run: the state from before, and the marks that the tasks leave."""
FIRED: Final = "Fired"
TWIN_FIRED: Final = "TwinFired"
_NAME: Final = "ipsec_orchestrator.dead-man."
_REG: Final = r"%SystemRoot%\System32\reg.exe"
_SC: Final = r"%SystemRoot%\System32\sc.exe"
_NETSH: Final = r"%SystemRoot%\System32\netsh.exe"
_DISABLE: Final = Program(command=_SC, arguments="config PolicyAgent start= disabled")
_REPEAT_EVERY_SECONDS: Final = 5 * 60
_REPEAT_FOR_SECONDS: Final = 24 * 60 * 60
# A member that was switched off over the deadline has that long to come back.
_END_AFTER: Final = timedelta(days=30)
_TWIN_END_AFTER: Final = timedelta(hours=1)
_SETTINGS: Final = TaskSettings(
    multiple_instances="IgnoreNew",
    # The defaults would keep the task back on battery and end it on a UPS.
    disallow_start_if_on_batteries=False,
    stop_if_going_on_batteries=False,
    start_when_available=True,
    run_only_if_network_available=False,
    run_only_if_idle=False,
    wake_to_run=True,
    execution_time_limit_seconds=10 * 60,
    # 7, the default, is background priority.
    priority=4,
)


def task_name(run_id: str) -> str:
    """Name the task of a run."""
    return f"{_NAME}{run_id}"


def twin_name(run_id: str) -> str:
    """Name the harmless task that is tried first."""
    return f"{_NAME}{run_id}.twin"


def dead_man_task(run_id: str, start_at: datetime) -> ScheduledTask:
    """Give the task that takes the policy's effect away.

    Args:
        run_id: Of the run that it guards.
        start_at: The deadline by the member's own clock, whole seconds.

    The agent is disabled before it is stopped: should the stop fail, a restart of the host ends
    what is left. Its rules are deleted in between, because that needs the running service. The
    last program says again that the agent is disabled, so that its exit code is that of the one
    thing that matters: ``sc stop`` fails where the agent was stopped already.
    """
    return ScheduledTask(
        description=(
            f"Takes the effect of an IPsec policy away unless run {run_id} is confirmed: "
            f"orchestrate confirm {run_id}. Deleting this task confirms this host."
        ),
        time_trigger=TimeTrigger(
            start_at=start_at,
            end_at=start_at + _END_AFTER,
            repeat_every_seconds=_REPEAT_EVERY_SECONDS,
            repeat_for_seconds=_REPEAT_FOR_SECONDS,
        ),
        boot_trigger=BootTrigger(start_at=start_at, end_at=start_at + _END_AFTER),
        programs=(
            _mark(run_id, FIRED),
            _DISABLE,
            Program(command=_NETSH, arguments="ipsec dynamic delete all"),
            Program(command=_SC, arguments="stop PolicyAgent"),
            _DISABLE,
        ),
        settings=_SETTINGS,
    )


def twin_task(run_id: str, start_at: datetime) -> ScheduledTask:
    """Give the harmless task that shows whether such a task runs there at all.

    It has the same user, settings and kind of trigger, leaves a mark with the same program, and
    only asks about the agent where the other one disables it.
    """
    return ScheduledTask(
        description=f"Tries whether the task of run {run_id} would run; changes nothing.",
        time_trigger=TimeTrigger(start_at=start_at, end_at=start_at + _TWIN_END_AFTER),
        boot_trigger=None,
        programs=(
            _mark(run_id, TWIN_FIRED),
            Program(command=_SC, arguments="qc PolicyAgent"),
        ),
        settings=_SETTINGS,
    )


def _mark(run_id: str, value: str) -> Program:
    return Program(
        command=_REG,
        arguments=rf"add {RECORD_KEY}\{run_id} /v {value} /t REG_DWORD /d 1 /f",
    )
