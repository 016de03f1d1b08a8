"""The journal of a run as a file: one JSON object a line, each on the disk before it counts.

Every line ends with a checksum of itself. A last line that is torn was never counted, so it is
left out when reading and cut off before the next one is written; a damaged line anywhere else
is an error.
"""

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from typing_extensions import override

from ipsec_orchestrator.adapters.checked_lines import LineFile, events_of
from ipsec_orchestrator.adapters.file_lock import try_lock
from ipsec_orchestrator.errors import BackendError, DamagedJournalError, RunBusyError
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.run import RunEvent
from ipsec_orchestrator.ports import Clock, Journal

_LOOKS = 20
_LOOK_SECONDS = 0.02


class JsonlJournal(Journal):
    """Append-only. Only one process has it open; the lock goes with the process."""

    def __init__(self, path: Path, clock: Clock, *, new: bool = True) -> None:
        """Open a journal.

        Args:
            path: ``RUN-ID.jsonl``.
            clock: For the time of each event.
            new: Whether it must not be there yet, or must be there.

        Raises:
            JournalError: The file can't be made.
            RunBusyError: Another process has it open.
            DamagedJournalError: A line of it, not the last, is damaged.
        """
        self.path = path
        self._clock = clock
        self._file = LineFile(path, new=new, run_id=path.stem)
        try:
            _lock(self._file.descriptor, path.stem, clock)
            self._file.begin_at(0 if new else read_journal(path).length)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever appended."""
        return self._file.length == 0

    @override
    def append(self, kind: str, **fields: Json) -> None:
        self.write(RunEvent(kind=kind, time=self._clock.now(), fields=fields))

    def write(self, event: RunEvent) -> None:
        """Append an event.

        Raises:
            JournalError: It is not on the disk, and the file is as it was before.
        """
        self._file.append(event)


def _lock(descriptor: int, run_id: str, clock: Clock) -> None:
    """Take the lock; somebody who only looks whether it is free holds it for an instant."""
    for _ in range(_LOOKS):
        if try_lock(descriptor):
            return
        clock.wait(_LOOK_SECONDS)
    raise RunBusyError(run_id=run_id)


def is_busy(path: Path) -> bool:
    """Tell whether some process has a journal open for writing."""
    try:
        with path.open("rb") as file:
            return not try_lock(file.fileno())
    except OSError:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalContent:
    """What a journal holds.

    Attributes:
        events: In their order.
        length: Bytes up to the end of the last event that counts.
        torn: Whether something stands behind that.
    """

    events: tuple[RunEvent, ...]
    length: int
    torn: bool


def read_journal(path: Path) -> JournalContent:
    """Read a journal, also one that is being written.

    Raises:
        BackendError: It can't be read.
        DamagedJournalError: A line of it, not the last, is damaged.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BackendError(
            f"The journal {path} can't be read: {error.strerror}.",
            cure="Look at its rights; orchestrate runs lists the others.",
        ) from error
    events: list[RunEvent] = []
    length = 0
    for number, (line, found) in enumerate(events_of(content), 1):
        if isinstance(found, ValueError):
            if length + len(line) + 1 < len(content):
                raise DamagedJournalError(path=str(path), line=number, reason=str(found)) from found
            break
        events.append(found)
        length += len(line) + 1
    return JournalContent(events=tuple(events), length=length, torn=length < len(content))
