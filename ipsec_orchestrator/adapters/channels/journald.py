"""systemd's journal, by its native protocol: every field by its name."""

import sys
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from typing_extensions import override

from ipsec_orchestrator.errors import ChannelError, MissingDependencyError, UsageError
from ipsec_orchestrator.model.news import Announcement, Level, LogRecord, message_id
from ipsec_orchestrator.ports import Channel

SOCKET: Final = Path("/run/systemd/journal/socket")
IDENTIFIER: Final = "ipsec_orchestrator"
_TIMEOUT_SECONDS: Final = 5.0
_PLATFORM: Final[str] = sys.platform
# Names of the journal that would clash with ours, or mean something else there, are avoided.
_PREFIX: Final = "IPSEC_"
_PRIORITIES: Final = {Level.GOOD: 6, Level.NOTE: 5, Level.WARNING: 4, Level.ALARM: 3}


class Journald(Channel):
    """The journal of this machine."""

    def __init__(self, socket: Path = SOCKET) -> None:
        """Prepare it; nothing is opened yet.

        Args:
            socket: Where the journal listens.

        Raises:
            UsageError: This system has no journal.
            MissingDependencyError: The package is not installed.
        """
        if _PLATFORM != "linux":
            raise UsageError(
                "--event-log journald: only Linux has systemd's journal.",
                cure="Use windows on Windows, syslog or ecs:FILE elsewhere.",
            )
        self._socket = socket
        self._library = _library()

    @property
    @override
    def key(self) -> str:
        return "journald"

    @property
    @override
    def title(self) -> str:
        return "systemd's journal"

    @override
    def tell(self, announcement: Announcement) -> None:
        transport = self._library.JournaldTransport(self._socket, connected=False)
        with transport.socket:
            transport.socket.settimeout(_TIMEOUT_SECONDS)
            for record in announcement.records:
                try:
                    transport.send(journal_fields(record))
                except OSError as error:
                    reason = str(error.strerror or error)
                    raise ChannelError(channel=self.title, reason=reason) from error


def journal_fields(record: LogRecord) -> list[tuple[str, str]]:
    """Give the fields of an entry; systemd.journal-fields(7) says what the first five mean."""
    return [
        ("MESSAGE", record.text),
        ("MESSAGE_ID", message_id(record.kind)),
        ("PRIORITY", str(_PRIORITIES[record.level])),
        ("SYSLOG_IDENTIFIER", IDENTIFIER),
        ("SYSLOG_FACILITY", "3"),
        (f"{_PREFIX}EVENT", record.kind.value),
        *((f"{_PREFIX}{name.upper()}", text) for name, text in record.fields),
    ]


def _library() -> Any:  # noqa: ANN401 - a module without types, loaded only where it is needed
    try:
        return import_module("logging_journald")
    except ImportError as error:
        raise MissingDependencyError(
            "Writing to systemd's journal needs the package logging-journald.",
            cure="pip install 'ipsec_orchestrator[logs]'",
        ) from error
