"""pktmon of a member, over captures of its guest's adapter: one capture, without a name."""

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ipsec_orchestrator.adapters.evidence_captures import pcapng_of
from ipsec_orchestrator.lab.wire.frames import Frame
from ipsec_orchestrator.lab.wire.member import WireMember
from ipsec_orchestrator.lab.wire.traffic import Capture
from ipsec_orchestrator.model.evidence import Frame as Captured

FOREIGN_FILE: Final = "C:\\Windows\\system32\\PktMon.etl"
_FAILED: Final = 1
_START_HELP: Final = (
    "pktmon start [--capture] [--trace]",
    "    -c, --capture          --comp <selection>       --type <type>",
    "    --pkt-size <bytes>     --file-name <name>       --file-size <size>",
)
# A host says it in its own language; only the number of lines and the paths are the same.
_TEXTS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "stopped": "Packet Monitor is not running.",
        "running": "Packet Monitor is running.",
        "file": "    File name:          ",
        "filters": "Packet Filters:",
        "none": "    None",
    },
    "de": {
        "stopped": "Der Paketmonitor wird nicht ausgeführt.",
        "running": "Der Paketmonitor wird ausgeführt.",
        "file": "    Dateiname:          ",
        "filters": "Paketfilter:",
        "none": "    Keine",
    },
}


class PacketMonitor:
    """What ``pktmon.exe`` does on one member.

    Args:
        member: Its guest.
        locale: Gives the host's language, for example ``de-DE``.
    """

    def __init__(self, member: WireMember, locale: Callable[[], str]) -> None:
        self._member = member
        self._locale = locale
        self._lock = threading.Lock()
        self._capture: Capture | None = None
        self._file: str | None = None
        self._files: dict[str, list[Frame]] = {}
        self.is_taken = False
        self.has_filter = False

    @property
    def file(self) -> str | None:
        """Where the capture goes that runs; ``None`` if none does."""
        return FOREIGN_FILE if self.is_taken else self._file

    def run(self, words: Sequence[str]) -> tuple[int, list[str]]:  # noqa: PLR0911 - one a command
        """Carry out a command line; give the exit code and the lines of its output."""
        texts = _TEXTS.get(self._locale()[:2], _TEXTS["en"])
        with self._lock:
            match [word.casefold() for word in words[:2]]:
                case ["status", *_]:
                    return 0, self._status(texts)
                case ["filter", "list"]:
                    return 0, [texts["filters"], *self._filters(texts)]
                case ["start", "help"]:
                    return 0, list(_START_HELP)
                case ["start", *_]:
                    return self._start(words), []
                case ["stop", *_]:
                    return self._stop(), []
                case ["etl2pcap", *_] if len(words) > 1:
                    return self._convert(words), []
                case _:
                    return _FAILED, []

    def kept(self, path: str) -> list[Frame]:
        """Give the packets of a file; none if there is no such file."""
        return self._files.get(path, [])

    def forget(self, folder: str) -> None:
        """Remove the files of a folder."""
        for path in [path for path in self._files if path.startswith(folder)]:
            del self._files[path]

    def _status(self, texts: Mapping[str, str]) -> list[str]:
        if self.file is None:
            return [texts["stopped"]]
        return [texts["running"], "", f"{texts['file']}{self.file}"]

    def _filters(self, texts: Mapping[str, str]) -> list[str]:
        if not self.has_filter:
            return [texts["none"]]
        return [
            "     # Name    Protocol Port",
            "     - ----    -------- ----",
            "     1 theirs  TCP        25",
        ]

    def _start(self, words: Sequence[str]) -> int:
        file = _after(words, "--file-name")
        if self.file is not None or "--capture" not in words or file is None:
            return _FAILED
        kept = int(_after(words, "--pkt-size") or 128)
        self._capture = self._member.capture(kept_bytes=kept or 65_535)
        self._file = file
        return 0

    def _stop(self) -> int:
        if self.is_taken:
            # It asks nobody whose capture it is.
            self.is_taken = False
            return 0
        if self._capture is None or self._file is None:
            return _FAILED
        self._capture.stop()
        self._files[self._file] = list(self._capture.frames())
        # Only the file's name is of use: what is in it is no ETL.
        Path(self._file).touch()
        self._capture.close()
        self._capture = self._file = None
        return 0

    def _convert(self, words: Sequence[str]) -> int:
        frames, target = self._files.get(words[1]), _after(words, "--out")
        if frames is None or target is None:
            return _FAILED
        captured = [
            Captured(
                captured_at=datetime.fromtimestamp(frame.nanoseconds / 1e9, UTC),
                content=frame.content,
                original_length=frame.length_bytes,
            )
            for frame in frames
        ]
        # Several points of one adapter log a packet, and the format can't tell them apart.
        twice = [frame for frame in captured for _ in range(2)]
        Path(target).write_bytes(pcapng_of(self._member.name, twice, "pktmon"))
        return 0


def _after(words: Sequence[str], option: str) -> str | None:
    place = words.index(option) + 1 if option in words else len(words)
    return words[place] if place < len(words) else None
