"""cron: the table of the user who runs this, through ``crontab``."""

from collections.abc import Sequence
from typing import Final

from ipsec_orchestrator.adapters.schedulers.processes import ask, order, refused
from ipsec_orchestrator.errors import ScheduleNotFoundError
from ipsec_orchestrator.model.schedule import (
    InstalledPlace,
    InstalledSchedule,
    PlaceChange,
    RemovedSchedule,
    Schedule,
    SchedulerKind,
)
from ipsec_orchestrator.planning.schedule.cron import blocks, cron_block, with_block
from ipsec_orchestrator.planning.schedule.mark import marked_schedule

_CURE: Final = "Install cron, or use --as systemd."
# The crons of Debian, Red Hat and macOS say so in English only; the exit code is that of any error.
_NO_TABLE: Final = "no crontab for"


class Crontab:
    """One user's table.

    Args:
        command: How ``crontab`` is run.
    """

    def __init__(self, command: Sequence[str] = ("crontab",)) -> None:
        self._command = tuple(command)

    def install(self, schedule: Schedule) -> tuple[InstalledPlace, ...]:
        """Put the lines in, or in the place of those of that name."""
        table = self._read()
        before = blocks(table).get(schedule.name)
        block = cron_block(schedule)
        if before == block:
            change = PlaceChange.UNCHANGED
        else:
            change = PlaceChange.CREATED if before is None else PlaceChange.CHANGED
            self._write(with_block(table, schedule.name, block))
        return (InstalledPlace(place=_place(schedule.name), change=change),)

    def installed(self) -> tuple[InstalledSchedule, ...]:
        """Give the schedules that the table has; cron tells nothing of last and next."""
        return tuple(
            _installed(name, block) for name, block in sorted(blocks(self._read()).items())
        )

    def remove(self, name: str) -> RemovedSchedule:
        """Take the lines away; the rest of the table stays as it is."""
        table = self._read()
        found = blocks(table)
        if name not in found:
            raise ScheduleNotFoundError(name=name, scheduler="cron", known=sorted(found))
        self._write(with_block(table, name, ""))
        return RemovedSchedule(name=name, kind=SchedulerKind.CRON, removed=(_place(name),))

    def _read(self) -> str:
        words = (*self._command, "-l")
        done = ask(words, cure=_CURE)
        if done.returncode == 0:
            return done.stdout
        if _NO_TABLE in done.stderr:
            return ""
        # Anything else must not be taken for an empty table: it would be written over.
        raise refused(words, done, cure=_CURE)

    def _write(self, table: str) -> None:
        if table:
            order((*self._command, "-"), given=table, cure=_CURE)
        else:
            order((*self._command, "-r"), cure=_CURE)


def _place(name: str) -> str:
    return f"crontab, lines of {name}"


def _installed(name: str, block: str) -> InstalledSchedule:
    schedule = marked_schedule(block)
    differences: tuple[str, ...] = ()
    if schedule is None:
        differences = (f"what {name} was made from can't be read any more",)
    elif cron_block(schedule) != block:
        differences = ("its lines are not as this program makes them",)
    return InstalledSchedule(
        name=name,
        kind=SchedulerKind.CRON,
        places=(_place(name),),
        schedule=schedule,
        differences=differences,
    )
