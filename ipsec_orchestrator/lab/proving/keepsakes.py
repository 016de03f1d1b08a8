"""Firewall rules and scheduled tasks of a member: what would outlive a proof if nobody cared."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from xml.etree import ElementTree as ET

from ipsec_orchestrator.lab.windows.imitated_error import ImitatedError

NAME_TAKEN: Final = "Windows System Error 183,New-NetFirewallRule"
TASK_TAKEN: Final = "HRESULT 0x800700b7,Register-ScheduledTask"
BAD_TASK: Final = "HRESULT 0x80041319,Register-ScheduledTask"
_TASKS: Final = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"


class FirewallRules:
    """Rules by name; they are kept, and have no effect: the guests have no firewall."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: dict[str, str] = {}

    def add(self, name: str, group: str) -> None:
        """Make a rule.

        Raises:
            ImitatedError: There is one of that name.
        """
        with self._lock:
            if name in self._rules:
                raise ImitatedError(NAME_TAKEN, name)
            self._rules[name] = group

    def remove(self, name: str) -> bool:
        """Remove a rule; tell whether there was one."""
        with self._lock:
            return self._rules.pop(name, None) is not None

    def find(self, name: str, group: str) -> list[dict[str, str]]:
        """Give the rules of a name or a group; an empty text means any."""
        with self._lock:
            return [
                {"name": found, "group": its_group}
                for found, its_group in self._rules.items()
                if name in {"", found} and group in {"", its_group}
            ]


@dataclass(frozen=True, slots=True)
class _Task:
    name: str
    timer: threading.Timer


class Tasks:
    """Scheduled tasks with one time trigger and one program.

    Args:
        run: Starts a command line.
        now: The host's clock.
    """

    def __init__(self, run: Callable[[str], object], now: Callable[[], datetime]) -> None:
        self._run = run
        self._now = now
        self._lock = threading.Lock()
        self._tasks: dict[str, _Task] = {}

    def register(self, name: str, definition: str) -> None:
        """Take a task; it is started at its time.

        Raises:
            ImitatedError: There is one of that name, or the definition lacks something.
        """
        root = ET.fromstring(definition)  # noqa: S314 - from the lab's own machine
        start = root.findtext(f".//{_TASKS}StartBoundary", "")
        command = root.findtext(f".//{_TASKS}Command", "")
        arguments = root.findtext(f".//{_TASKS}Arguments", "")
        expires = root.findtext(f".//{_TASKS}DeleteExpiredTaskAfter") is not None
        if not command or not start or (expires and root.find(f".//{_TASKS}EndBoundary") is None):
            raise ImitatedError(BAD_TASK, name)
        wait = datetime.fromisoformat(start) - self._now()
        timer = threading.Timer(
            max(0.0, wait.total_seconds()), self._run, [f'"{command}" {arguments}']
        )
        timer.daemon = True
        with self._lock:
            if name in self._tasks:
                raise ImitatedError(TASK_TAKEN, name)
            self._tasks[name] = _Task(name, timer)
        timer.start()

    def remove(self, name: str) -> bool:
        """Remove a task; tell whether there was one. What it has started goes on."""
        with self._lock:
            found = self._tasks.pop(name, None)
        if found is not None:
            found.timer.cancel()
        return found is not None

    def names(self) -> list[str]:
        """Give the names of all tasks."""
        with self._lock:
            return list(self._tasks)

    def remove_all(self) -> None:
        """Remove everything, as the end of the host does."""
        for name in self.names():
            self.remove(name)
