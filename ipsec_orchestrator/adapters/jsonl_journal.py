"""The journal of a run as a file: one JSON object a line, each on the disk before it counts.

Every line ends with a checksum of itself. A last line that is torn was never counted, so it is
left out when reading and cut off before the next one is written; a damaged line anywhere else
is an error.
"""

import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self, cast

from typing_extensions import override

from ipsec_orchestrator.adapters.durable_files import make_private_folder, sync_folder
from ipsec_orchestrator.adapters.file_lock import try_lock
from ipsec_orchestrator.errors import (
    BackendError,
    DamagedJournalError,
    JournalError,
    RunBusyError,
)
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.run import RunEvent
from ipsec_orchestrator.ports import Clock, Journal

_SUM_DIGITS = 16
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
        how = os.O_CREAT | os.O_EXCL if new else 0
        try:
            make_private_folder(path.parent)
            # Attribute values are in here: nobody else's business.
            descriptor = os.open(path, os.O_RDWR | os.O_APPEND | how, 0o600)
        except OSError as error:
            raise JournalError(path=str(path), reason=error.strerror or str(error)) from error
        self._file = os.fdopen(descriptor, "ab", buffering=0)
        try:
            _lock(descriptor, path.stem, clock)
            self._length = 0 if new else read_journal(path).length
            self._durably(lambda: self._prepare(new=new))
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
        return self._length == 0

    def _prepare(self, *, new: bool) -> None:
        self._file.truncate(self._length)
        os.fsync(self._file.fileno())
        if new:
            sync_folder(self.path.parent)

    @override
    def append(self, kind: str, **fields: Json) -> None:
        self.write(RunEvent(kind=kind, time=self._clock.now(), fields=fields))

    def write(self, event: RunEvent) -> None:
        """Append an event.

        Raises:
            JournalError: It is not on the disk, and the file is as it was before.
        """
        line = _line(event)

        def store() -> None:
            written = 0
            while written < len(line):
                written += self._file.write(line[written:])
            os.fsync(self._file.fileno())

        self._durably(store)
        self._length += len(line)

    def _durably(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError as error:
            # Half a line must not stand before the next one.
            with suppress(OSError):
                self._file.truncate(self._length)
            raise JournalError(
                path=str(self.path),
                reason=error.strerror or str(error),
                run_id=self.path.stem,
            ) from error


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
    lines = content.split(b"\n")
    # Behind the last line feed stands nothing, or a line that was never finished.
    for number, line in enumerate(lines[:-1], 1):
        try:
            events.append(_event(line))
        except ValueError as error:
            if number < len(lines) - 1 or lines[-1]:
                raise DamagedJournalError(path=str(path), line=number, reason=str(error)) from error
            break
        length += len(line) + 1
    return JournalContent(events=tuple(events), length=length, torn=length < len(content))


def _line(event: RunEvent) -> bytes:
    body = {"event": event.kind, "time": event.time.isoformat(), **event.fields}
    return json.dumps({**body, "sum": _sum(body)}, ensure_ascii=False).encode() + b"\n"


def _sum(body: Mapping[str, Json]) -> str:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()[:_SUM_DIGITS]


def _event(line: bytes) -> RunEvent:
    """Read one line.

    Raises:
        ValueError: It is not what was written; says what is wrong.
    """
    try:
        found = cast("Json", json.loads(line))
    except ValueError as error:
        message = "it is not JSON"
        raise ValueError(message) from error
    document: Mapping[str, Json] = found if isinstance(found, Mapping) else {}
    body = {name: value for name, value in document.items() if name != "sum"}
    if document.get("sum") != _sum(body):
        message = "its checksum does not fit"
        raise ValueError(message)
    fields = {name: value for name, value in body.items() if name not in {"event", "time"}}
    try:
        return RunEvent(
            kind=str(body["event"]), time=datetime.fromisoformat(str(body["time"])), fields=fields
        )
    except KeyError as error:
        message = f"it has no {error}"
        raise ValueError(message) from error
