"""The verbs by which imitated commands reach the Task Scheduler of a host; JSON in, JSON out."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from ipsec_orchestrator.lab.windows.imitated_error import NO_WIRE, ImitatedError
from ipsec_orchestrator.lab.windows.simulated_host import SimulatedHost
from ipsec_orchestrator.lab.windows.task_definition import parse_definition
from ipsec_orchestrator.lab.windows.task_scheduler import TaskRecord
from ipsec_orchestrator.model.json import Json

_Arguments = Mapping[str, Json]
_POWERSHELL = r"\powershell.exe"


class TaskCommands:
    """By verb."""

    def __init__(self, host: SimulatedHost) -> None:
        self._host = host
        self.verbs: Mapping[str, Callable[[_Arguments], Json]] = {
            "task-register": lambda found: self.register(
                str(found["name"]), str(found["xml"]), replacing=bool(found.get("replacing"))
            ),
            "task-list": lambda _: [self.shown(task) for task in host.tasks.all()],
            "task-info": lambda found: self.shown(host.tasks.get(str(found["name"]))),
            "task-export": lambda found: host.tasks.get(str(found["name"])).xml,
            "task-remove": lambda found: host.tasks.remove(str(found["name"])),
        }

    def register(self, name: str, xml: str, *, replacing: bool) -> Json:
        """Register a task and show it.

        Raises:
            ImitatedError: Windows would refuse it, or its program is played by the wire only.
        """
        for command, _ in parse_definition(name, xml).programs:
            if command.casefold().endswith(_POWERSHELL) and not self._host.programs.knows(command):
                # The first thing that a proof does on a host; it says what is missing.
                raise ImitatedError(NO_WIRE, command)
        self._host.tasks.register(name, xml, replacing=replacing)
        return self.shown(self._host.tasks.get(name))

    def shown(self, task: TaskRecord) -> Json:
        """Give a task as the cmdlets show it."""
        return {
            "name": task.name,
            "state": task.state,
            "last_result": task.last_result,
            "last_run": _text(task.last_run),
            "next_run": _text(self._host.tasks.next_run(task)),
        }


def _text(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
