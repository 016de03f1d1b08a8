"""A task of the Windows Task Scheduler, as far as this program makes such: [MS-TSCH] 2.5."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

LOCAL_SYSTEM: Final = "S-1-5-18"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeTrigger:
    """Starts the task at an instant, and again and again for a while [MS-TSCH] 2.5.3.3.

    Attributes:
        start_at: Not before; UTC, whole seconds.
        end_at: Not after; ``None`` for ever.
        repeat_every_seconds: Time between two starts; ``None`` for a single one.
        repeat_for_seconds: How long it is repeated; ``None`` for ever.
        enabled: Whether it counts.
    """

    start_at: datetime
    end_at: datetime | None = None
    repeat_every_seconds: int | None = None
    repeat_for_seconds: int | None = None
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class BootTrigger:
    """Starts the task when the host has started, if that is between the two [MS-TSCH] 2.5.3.8."""

    start_at: datetime
    end_at: datetime
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One program that the task runs [MS-TSCH] 2.5.7.

    Attributes:
        command: Full path; ``%SystemRoot%`` is expanded by the host.
        arguments: The rest of its command line.
    """

    command: str
    arguments: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSettings:
    """When the task may run [MS-TSCH] 2.5.4; the defaults are those of the schema.

    Attributes:
        multiple_instances: What happens when it is due while it runs.
        disallow_start_if_on_batteries: The default of Windows, and not what a guard may have.
        stop_if_going_on_batteries: The same, and a UPS counts.
        start_when_available: Make up for a start that was missed.
        run_only_if_network_available: Wait for a network.
        run_only_if_idle: Wait until nobody works there.
        wake_to_run: Wake the host.
        allow_start_on_demand: Somebody may start it by hand.
        enabled: Whether it runs at all.
        execution_time_limit_seconds: When it is ended; 0 for never.
        priority: 0 to 10, smaller is more; 7 is background.
    """

    multiple_instances: str = "IgnoreNew"
    disallow_start_if_on_batteries: bool = True
    stop_if_going_on_batteries: bool = True
    start_when_available: bool = False
    run_only_if_network_available: bool = False
    run_only_if_idle: bool = False
    wake_to_run: bool = False
    allow_start_on_demand: bool = True
    enabled: bool = True
    execution_time_limit_seconds: int = 259_200
    priority: int = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledTask:
    """A task.

    Attributes:
        description: For people who find it.
        time_trigger: The trigger by time; ``None`` for none.
        boot_trigger: The trigger by start of the host; ``None`` for none.
        programs: What it runs, one after the other; the last one's exit code is its result.
        settings: When it may run.
        user_sid: Who it runs as: a SID, or an account's name.
        highest_privileges: Whether with all privileges of that user.
        logon_type: How that user is logged on [MS-TSCH] 2.5.6; empty leaves it to the scheduler,
            which is right for its own accounts.
        documentation: For programs that find it.
    """

    description: str
    time_trigger: TimeTrigger | None
    boot_trigger: BootTrigger | None
    programs: tuple[Program, ...]
    settings: TaskSettings
    user_sid: str = LOCAL_SYSTEM
    highest_privileges: bool = True
    logon_type: str = ""
    documentation: str = ""
