"""The Task Scheduler of this Windows machine: by the cmdlets of the module ScheduledTasks.

An account's password is asked for by ``schtasks``, on its console: it never comes here.
"""

import base64
import json
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from ipsec_orchestrator.adapters.schedulers.processes import order
from ipsec_orchestrator.codec.scheduled_task import parse_task, task_differences
from ipsec_orchestrator.errors import (
    CodecError,
    ForeignScheduleError,
    MissingDependencyError,
    ScheduleNotFoundError,
    SchedulerRefusedError,
    UnexpectedAnswerError,
)
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.schedule import (
    InstalledPlace,
    InstalledSchedule,
    PlaceChange,
    RemovedSchedule,
    Schedule,
    SchedulerKind,
    UnattendedSource,
)
from ipsec_orchestrator.model.scheduled_task import ScheduledTask
from ipsec_orchestrator.planning.schedule.mark import is_marked, marked_schedule
from ipsec_orchestrator.planning.schedule.windows import windows_file, windows_task

POWERSHELL: Final = ("powershell.exe", "-NoProfile", "-NonInteractive")
SCHTASKS: Final = ("schtasks.exe",)
_PREFIX: Final = "ipsec_orchestrator.schedule."
_CURE: Final = "Run it on Windows as an administrator, or --out and register the file yourself."
_DISABLED: Final = 1
# SCHED_S_TASK_HAS_NOT_RUN, and what a task's info says then: a day of 1999.
_HAS_NOT_RUN: Final = 0x41303
_LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)


class _Task(BaseModel):
    """A task as the script tells it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    path: str
    state: int
    xml: str
    last_result: int
    last_run: datetime | None
    next_run: datetime | None


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    tasks: tuple[_Task, ...]


class WindowsTasks:
    """The tasks of this machine.

    Args:
        powershell: How PowerShell is run.
        schtasks: How ``schtasks`` is run.
    """

    def __init__(
        self, powershell: Sequence[str] = POWERSHELL, schtasks: Sequence[str] = SCHTASKS
    ) -> None:
        self._powershell = tuple(powershell)
        self._schtasks = tuple(schtasks)

    def install(self, schedule: Schedule) -> tuple[InstalledPlace, ...]:
        """Register the task; one that is there and as it should be stays."""
        name = f"{_PREFIX}{schedule.name}"
        there = self._tasks().get(schedule.name)
        change = PlaceChange.CREATED
        if there is not None:
            if not is_marked(there.xml):
                raise ForeignScheduleError(place=f"task {name}")
            if _schedule_of(there) == schedule and not _differences(schedule, there):
                return (InstalledPlace(place=f"task {name}", change=PlaceChange.UNCHANGED),)
            change = PlaceChange.CHANGED
        if schedule.source is UnattendedSource.ACCOUNT:
            self._register_with_password(name, schedule)
        else:
            definition = windows_file(schedule).text
            self._script("task_write", {"name": name, "definition": definition})
        return (InstalledPlace(place=f"task {name}", change=change),)

    def installed(self) -> tuple[InstalledSchedule, ...]:
        """Give the tasks of ours."""
        return tuple(
            _installed(name, task)
            for name, task in sorted(self._tasks().items())
            if is_marked(task.xml)
        )

    def remove(self, name: str) -> RemovedSchedule:
        """Unregister the task."""
        tasks = self._tasks()
        if name not in tasks:
            raise ScheduleNotFoundError(name=name, scheduler="windows", known=sorted(tasks))
        if not is_marked(tasks[name].xml):
            raise ForeignScheduleError(place=f"task {_PREFIX}{name}")
        self._script("task_write", {"name": f"{_PREFIX}{name}", "definition": ""})
        return RemovedSchedule(
            name=name, kind=SchedulerKind.WINDOWS, removed=(f"task {_PREFIX}{name}",)
        )

    def _tasks(self) -> dict[str, _Task]:
        said = self._script("task_read", {"prefix": _PREFIX})
        try:
            answer = _Answer.model_validate_json(said)
        except ValidationError as error:
            first = error.errors()[0]
            raise UnexpectedAnswerError(
                script="task_read",
                field=".".join(map(str, first["loc"])) or "answer",
                reason=first["type"],
            ) from error
        return {task.name.removeprefix(_PREFIX): task for task in answer.tasks if task.path == "\\"}

    def _script(self, name: str, asked: dict[str, Json]) -> bytes:
        text = (
            files("ipsec_orchestrator.adapters.schedulers")
            .joinpath(f"{name}.ps1")
            .read_text(encoding="ascii")
        )
        encoded = base64.b64encode(text.encode("utf-16-le")).decode()
        words = (*self._powershell, "-EncodedCommand", encoded)
        try:
            said = order(words, given=json.dumps(asked), cure=_CURE)
        except SchedulerRefusedError as error:
            # The program of thousands of letters is no help to anybody.
            raise SchedulerRefusedError(
                program=f"PowerShell script {name}",
                reason=error.reason,
                said=error.said,
                cure=_CURE,
            ) from error
        try:
            return base64.b64decode(said.strip(), validate=True)
        except ValueError as error:
            raise UnexpectedAnswerError(script=name, field="answer", reason="not base64") from error

    def _register_with_password(self, name: str, schedule: Schedule) -> None:
        """Have ``schtasks`` ask for the password, on the terminal that it shares with us."""
        with TemporaryDirectory(prefix="orchestrate-task-") as folder:
            definition = Path(folder) / "task.xml"
            definition.write_bytes(windows_file(schedule).text.encode("utf-16"))
            given = ("/TN", name, "/XML", str(definition), "/RU", schedule.source_place, "/RP", "*")
            words = (*self._schtasks, "/Create", "/F", *given)
            try:
                code = subprocess.run(words, check=False).returncode
            except FileNotFoundError as error:
                raise MissingDependencyError(
                    f"There is no {words[0]} on this machine.", cure=_CURE
                ) from error
        if code != 0:
            raise SchedulerRefusedError(
                program=f"{words[0]} /Create /TN {name}",
                reason=f"ended with exit code {code}",
                cure="Look at what it said above: the account, its password, and whether it has the "
                'right "Log on as a batch job".',
            )


def _schedule_of(task: _Task) -> Schedule | None:
    try:
        return marked_schedule(parse_task(task.xml).documentation)
    except CodecError:
        return None


def _differences(schedule: Schedule, task: _Task) -> tuple[str, ...]:
    """Name what a task has otherwise; a SID in the place of a name can't be compared here."""
    try:
        found = parse_task(task.xml)
    except CodecError as error:
        return (f"the task has been changed: {error}",)
    wanted = windows_task(schedule)
    names = list(task_differences(wanted, found))
    if "user_sid" in names and _same_user(wanted, found):
        names.remove("user_sid")
    return tuple(f"{name} is not as this program makes it" for name in names)


def _same_user(wanted: ScheduledTask, found: ScheduledTask) -> bool:
    if found.user_sid.startswith("S-1-"):
        return True
    names = [each.user_sid.rpartition("\\")[2].casefold() for each in (wanted, found)]
    return names[0] == names[1]


def _installed(name: str, task: _Task) -> InstalledSchedule:
    schedule = _schedule_of(task)
    if schedule is None:
        differences: tuple[str, ...] = (f"what {name} was made from can't be read any more",)
    else:
        differences = _differences(schedule, task)
    ran = task.last_run is not None and task.last_run > _LONG_AGO
    return InstalledSchedule(
        name=name,
        kind=SchedulerKind.WINDOWS,
        places=(f"task {task.name}",),
        schedule=schedule,
        differences=differences,
        enabled=task.state != _DISABLED,
        last_run=task.last_run if ran else None,
        next_run=task.next_run,
        last_result="" if task.last_result == _HAS_NOT_RUN else str(task.last_result),
    )
