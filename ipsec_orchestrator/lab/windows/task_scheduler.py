"""The Task Scheduler of a simulated host: tasks really start, by the host's own clock."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from ipsec_orchestrator.lab.windows.imitated_error import ImitatedError
from ipsec_orchestrator.lab.windows.task_definition import (
    TaskDefinition,
    Trigger,
    parse_definition,
)

TASK_TAKEN: Final = "HRESULT 0x800700b7,Register-ScheduledTask"
TASK_NOT_FOUND: Final = "CmdletizationQuery_NotFound,Get-ScheduledTask"
NO_SCHEDULER: Final = "HRESULT 0x80070422,Register-ScheduledTask"
# [MS-TSCH] 2.3.13 and the constants of the Task Scheduler.
HAS_NOT_RUN: Final = 0x41303
RUNNING: Final = 0x41301
DISABLED_STATE: Final = 1
READY_STATE: Final = 3
RUNNING_STATE: Final = 4
_POLL_SECONDS: Final = 0.2
_END_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRecord:
    """One task.

    Attributes:
        name: Its name in the root folder.
        xml: As it was registered.
        definition: What that means.
        last_run: When it was started last, by the host's clock.
        last_result: Exit code of its last program, or a number of the scheduler's.
        running: Whether it runs now.
    """

    name: str
    xml: str
    definition: TaskDefinition
    last_run: datetime | None = None
    last_result: int = HAS_NOT_RUN
    running: bool = False

    @property
    def state(self) -> int:
        """Its state as ``Get-ScheduledTask`` numbers it."""
        if not self.definition.enabled:
            return DISABLED_STATE
        return RUNNING_STATE if self.running else READY_STATE


class TaskScheduler:
    """Tasks of one host. Safe for several threads at once; one thread starts them.

    Args:
        now: The host's clock.
        run: Runs a command with its arguments and gives its exit code.
        is_on: Whether the service runs.
    """

    def __init__(
        self,
        now: Callable[[], datetime],
        run: Callable[[str, str], int],
        is_on: Callable[[], bool],
    ) -> None:
        self._now = now
        self._run = run
        self._is_on = is_on
        self._lock = threading.Lock()
        self._tasks: dict[str, TaskRecord] = {}
        self._looked = now()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def register(self, name: str, xml: str, *, replacing: bool = False) -> None:
        """Take a task.

        Raises:
            ImitatedError: There is one of that name, the definition is wrong, or the service
                does not run.
        """
        if not self._is_on():
            raise ImitatedError(NO_SCHEDULER, name)
        definition = parse_definition(name, xml)
        with self._lock:
            if name.casefold() in self._tasks and not replacing:
                raise ImitatedError(TASK_TAKEN, name)
            self._tasks[name.casefold()] = TaskRecord(name=name, xml=xml, definition=definition)

    def remove(self, name: str) -> bool:
        """Remove a task; tell whether there was one. What it has started goes on."""
        with self._lock:
            return self._tasks.pop(name.casefold(), None) is not None

    def clear(self) -> None:
        """Remove all tasks."""
        with self._lock:
            self._tasks.clear()

    def all(self) -> tuple[TaskRecord, ...]:
        """Give all tasks as they are now."""
        with self._lock:
            return tuple(self._tasks.values())

    def get(self, name: str) -> TaskRecord:
        """Give one task.

        Raises:
            ImitatedError: There is none of that name.
        """
        with self._lock:
            found = self._tasks.get(name.casefold())
        if found is None:
            raise ImitatedError(TASK_NOT_FOUND, name)
        return found

    def next_run(self, task: TaskRecord) -> datetime | None:
        """Tell when a task is due next, as far as that is known beforehand."""
        now = self._now()
        dues = [
            due
            for trigger in task.definition.triggers
            if task.definition.enabled and (due := _next_due(trigger, now)) is not None
        ]
        return min(dues, default=None)

    def run_due(self) -> None:
        """Start what has become due since the last look, and wait for it."""
        with self._lock:
            now = self._now()
            since, self._looked = self._looked, now
        if self._is_on():
            self._start_each(lambda trigger: _was_due(trigger, since, now))

    def boot(self) -> None:
        """Do what the scheduler does when the host starts."""
        now = self._now()
        self._looked = now
        if self._is_on():
            self._start_each(
                lambda trigger: (
                    trigger.at_boot
                    and trigger.start <= now
                    and (trigger.end is None or now < trigger.end)
                ),
            )

    def start(self) -> None:
        """Look for what is due from now on, again and again."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._watch, name="task-scheduler", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more; safe to call twice."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(_END_SECONDS)
        self._thread = None

    def _watch(self) -> None:
        while not self._stopping.wait(_POLL_SECONDS):
            self.run_due()

    def _start_each(self, is_due: Callable[[Trigger], bool]) -> None:
        for task in self.all():
            definition = task.definition
            if definition.enabled and any(map(is_due, definition.triggers)):
                self._start(task)

    def _start(self, task: TaskRecord) -> None:
        self._note(
            task.name, replace(task, last_run=self._now(), last_result=RUNNING, running=True)
        )
        result = 0
        for command, arguments in task.definition.programs:
            result = self._run(command, arguments)
        self._note(task.name, replace(task, last_run=self._now(), last_result=result))

    def _note(self, name: str, task: TaskRecord) -> None:
        with self._lock:
            # It may have been removed while it ran, or registered anew.
            found = self._tasks.get(name.casefold())
            if found is not None and found.xml == task.xml:
                self._tasks[name.casefold()] = task


def _was_due(trigger: Trigger, since: datetime, now: datetime) -> bool:
    if trigger.at_boot:
        return False
    due = _next_due(trigger, since)
    return due is not None and due <= now


def _next_due(trigger: Trigger, after: datetime) -> datetime | None:
    """Give the first start of a time trigger later than a moment."""
    if trigger.at_boot:
        return None
    due = trigger.start
    if due <= after:
        if trigger.every is None:
            return None
        due += trigger.every * ((after - trigger.start) // trigger.every + 1)
        if trigger.lasting is not None and due - trigger.start >= trigger.lasting:
            return None
    if trigger.end is not None and due >= trigger.end:
        return None
    return due
