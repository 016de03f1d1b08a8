"""What went wrong with the schedules of other programs: systemd, cron, the Task Scheduler."""

from collections.abc import Sequence

from ipsec_orchestrator.errors.backend import BackendError


class ScheduleError(BackendError):
    """A schedule can't be put there, looked at or taken away."""

    usual_cure = "orchestrate schedule show tells what is there; --out writes the files for review."


class ForeignScheduleError(ScheduleError):
    """Something of that name is there and was not made by this program.

    Attributes:
        place: The file, task or line.
    """

    def __init__(self, *, place: str) -> None:
        super().__init__(
            f"{place} is there already and was not made by this program; it is left alone.",
            cure="Choose another name with --name, or take it away yourself.",
        )
        self.place = place


class ScheduleNotFoundError(ScheduleError):
    """There is no schedule of that name.

    Attributes:
        name: The name.
        scheduler: Whose schedule it would be.
        known: Those that are there.
    """

    def __init__(self, *, name: str, scheduler: str, known: Sequence[str]) -> None:
        there = f"there are: {', '.join(known)}" if known else "there is none"
        super().__init__(
            f"{scheduler} has no schedule {name} of this program; {there}.",
            cure="orchestrate schedule show lists them; --as looks elsewhere.",
        )
        self.name = name
        self.scheduler = scheduler
        self.known = tuple(known)


class SchedulerRefusedError(ScheduleError):
    """A program of the scheduler could not be run or ended in failure.

    Attributes:
        program: The program, with what it was asked.
        reason: What it ended with.
        said: Its own last line, for people; never decided on.
    """

    def __init__(self, *, program: str, reason: str, said: str = "", cure: str = "") -> None:
        super().__init__(
            f"{program}: {reason}{f' ({said})' if said else ''}.",
            cure=cure
            or "Run it by hand to see more; --out writes the files, so that you can install them.",
        )
        self.program = program
        self.reason = reason
        self.said = said
