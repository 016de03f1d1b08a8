"""Capture sessions of a member, over captures of its guest's adapter."""

import base64
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import IPv4Address
from typing import Final

from ipsec_orchestrator.lab.windows.imitated_error import ImitatedError
from ipsec_orchestrator.lab.windows.utc_text import utc_text
from ipsec_orchestrator.lab.wire.frames import Frame
from ipsec_orchestrator.lab.wire.member import WireMember
from ipsec_orchestrator.lab.wire.traffic import Capture
from ipsec_orchestrator.model.json import Json

SESSION_EXISTS: Final = "Windows System Error 183,New-NetEventSession"
SESSION_MISSING: Final = "CmdletizationQuery_NotFound_Name,Get-NetEventSession"
NO_EVENTS: Final = "NoMatchingEventsFound,Microsoft.PowerShell.Commands.GetWinEventCommand"
FOREIGN: Final = "DiagnosticsOfSomebodyElse"
_MINIPORT: Final = 4
# A frame is logged by the adapter and by each filter layer above it.
_LAYERS: Final = (_MINIPORT, 7)
_FIRST_AND_LAST_PART: Final = 0x40000000 | 0x80000000
_EVENT_ID: Final = 1001


@dataclass(slots=True)
class _Session:
    """One session, before, while and after it runs."""

    name: str
    path: str
    addresses: frozenset[IPv4Address] = frozenset()
    protocols: frozenset[int] = frozenset()
    truncation_bytes: int = 128
    capture: Capture | None = None
    frames: list[Frame] = field(default_factory=list[Frame])


class Captures:
    """The one session that a Windows has room for, and the files of those that were."""

    def __init__(self, member: WireMember) -> None:
        self._member = member
        self._lock = threading.Lock()
        self._session: _Session | None = None
        self._files: dict[str, list[Frame]] = {}
        self.is_taken = False

    def names(self) -> list[str]:
        """Give the names of all sessions."""
        own = [self._session.name] if self._session is not None else []
        return [*own, *([FOREIGN] if self.is_taken else [])]

    def make(self, name: str, path: str) -> None:
        """Make a session.

        Raises:
            ImitatedError: There is one already.
        """
        with self._lock:
            if self.names():
                raise ImitatedError(SESSION_EXISTS, name)
            self._session = _Session(name, path)

    def add_provider(
        self, name: str, addresses: Sequence[str], protocols: Sequence[int], truncation_bytes: int
    ) -> None:
        """Say what a session is to capture."""
        session = self._named(name)
        session.addresses = frozenset(IPv4Address(text) for text in addresses)
        session.protocols = frozenset(protocols)
        session.truncation_bytes = truncation_bytes

    def start(self, name: str) -> None:
        """Begin to watch the guest's adapter."""
        session = self._named(name)
        session.capture = self._member.capture(kept_bytes=session.truncation_bytes)

    def stop(self, name: str) -> None:
        """Stop, and keep the frames as the session's file."""
        session = self._named(name)
        if session.capture is None:
            raise ImitatedError(SESSION_MISSING, name)
        session.capture.stop()
        self._files[session.path] = [
            frame for frame in session.capture.frames() if _is_wanted(frame, session)
        ]
        session.capture.close()
        session.capture = None

    def remove(self, name: str) -> None:
        """Remove a session; its file stays until its folder is removed."""
        session = self._named(name)
        if session.capture is not None:
            self.stop(name)
        self._session = None

    def forget(self, folder: str) -> None:
        """Remove the files of a folder."""
        for path in [path for path in self._files if path.startswith(folder)]:
            del self._files[path]

    def kept(self, path: str) -> list[Frame]:
        """Give the frames of a file; none if there is no such file."""
        return self._files.get(path, [])

    def events(self, path: str) -> Json:
        """Give a file's records as Microsoft-Windows-NDIS-PacketCapture writes them.

        Raises:
            ImitatedError: There is no such file, or nothing in it.
        """
        found = self.kept(path)
        if not found:
            raise ImitatedError(NO_EVENTS, path)
        return [_record(frame, layer) for frame in found for layer in _LAYERS]

    def _named(self, name: str) -> _Session:
        if self._session is None or self._session.name != name:
            raise ImitatedError(SESSION_MISSING, name)
        return self._session


def _is_wanted(frame: Frame, session: _Session) -> bool:
    packet = frame.packet
    return (
        packet is not None
        and bool({packet.source, packet.destination} & session.addresses)
        and packet.protocol in session.protocols
    )


def _record(frame: Frame, layer: int) -> Json:
    moment = datetime.fromtimestamp(frame.nanoseconds / 1_000_000_000, UTC)
    return {
        "id": _EVENT_ID,
        "time": utc_text(moment),
        "keywords": _FIRST_AND_LAST_PART,
        "miniport": _MINIPORT,
        "lower": layer,
        "size": len(frame.content),
        "fragment": base64.b64encode(frame.content).decode(),
    }
