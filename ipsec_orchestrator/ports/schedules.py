"""Somebody else's schedule, as a port."""

from typing import Protocol

from ipsec_orchestrator.model.schedule import (
    InstalledPlace,
    InstalledSchedule,
    RemovedSchedule,
    Schedule,
)


class Scheduler(Protocol):
    """Starts the program again and again: systemd, cron, the Task Scheduler.

    All methods raise:

    * SchedulerRefusedError: one of its programs is missing or ended in failure.
    * AccessDeniedError: a file of it can't be read or written.
    """

    def install(self, schedule: Schedule) -> tuple[InstalledPlace, ...]:
        """Put a schedule there and switch it on; doing it again changes nothing.

        Raises:
            ForeignScheduleError: Something of that name is there and not ours.
        """
        ...

    def installed(self) -> tuple[InstalledSchedule, ...]:
        """Give all schedules of ours, by name."""
        ...

    def remove(self, name: str) -> RemovedSchedule:
        """Switch a schedule off and take away exactly what installing made.

        Raises:
            ScheduleNotFoundError: There is none of that name.
            ForeignScheduleError: It is not ours.
        """
        ...
