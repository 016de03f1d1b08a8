"""What a DC's security log tells of its directory, as commands."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from ipsec_orchestrator.lab.windows.directory_log import DirectoryEvent, DirectoryLog
from ipsec_orchestrator.lab.windows.health_commands import DIRECTORY_CHANGES, HealthCommands
from ipsec_orchestrator.lab.windows.utc_text import moment_of, utc_text
from ipsec_orchestrator.model.json import Json

_Arguments = Mapping[str, Json]


class DirectoryLogCommands:
    """By verb; JSON in, JSON out.

    Whoever runs a server that notes who writes to its directory sets ``log``.
    """

    def __init__(self, health: HealthCommands) -> None:
        self._health = health
        self.log: DirectoryLog | None = None
        self.verbs: Mapping[str, Callable[[_Arguments], Json]] = {
            "directory-events": self._directory_events,
        }

    def events(
        self, ids: Sequence[int], start: datetime, end: datetime, most: int
    ) -> list[DirectoryEvent]:
        """Give what the security log has about the directory, newest first.

        Raises:
            BackendError: The directory can't be read.
        """
        # What is not audited is not written down; a lab forgets what was written down before.
        if self.log is None or not self._health.audit_setting(DIRECTORY_CHANGES):
            return []
        return self.log.events(ids, start, end, most)

    def _directory_events(self, arguments: _Arguments) -> Json:
        ids, most = arguments.get("ids"), arguments.get("most")
        found = self.events(
            [each for each in ids if isinstance(each, int)] if isinstance(ids, list) else [],
            moment_of(str(arguments.get("start"))),
            moment_of(str(arguments.get("end"))),
            most if isinstance(most, int) else 1,
        )
        return [
            {
                "id": event.event_id,
                "time": utc_text(event.time),
                "fields": dict[str, Json](event.fields),
            }
            for event in found
        ]
