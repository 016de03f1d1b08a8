"""Files of events: one JSON object a line, each with a checksum of itself, on the disk at once.

A last line that is torn was never counted. What a damaged line anywhere else means is for the
reader to decide.
"""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import cast

from ipsec_orchestrator.adapters.durable_files import make_private_folder, sync_folder
from ipsec_orchestrator.errors import JournalError
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.run import RunEvent

_SUM_DIGITS = 16


class LineFile:
    """A file that is only ever appended to, open for writing."""

    def __init__(self, path: Path, *, new: bool, run_id: str | None = None) -> None:
        """Open it.

        Args:
            path: The file; folders above it are made.
            new: Whether it must not be there yet, or must be there.
            run_id: Whose record it is, for the error.

        Raises:
            JournalError: It can't be opened.
        """
        self.path = path
        self.length = 0
        """How many bytes of it count."""
        self._run_id = run_id
        how = os.O_CREAT | os.O_EXCL if new else 0
        try:
            make_private_folder(path.parent)
            # Attribute values are in here: nobody else's business.
            self.descriptor = os.open(path, os.O_RDWR | os.O_APPEND | how, 0o600)
        except OSError as error:
            raise JournalError(path=str(path), reason=error.strerror or str(error)) from error
        self._file = os.fdopen(self.descriptor, "ab", buffering=0)

    def close(self) -> None:
        """Close it, which gives back a lock on it."""
        self._file.close()

    def begin_at(self, length: int) -> None:
        """Cut off what stands behind the lines that count.

        Raises:
            JournalError: That can't be done.
        """
        self.length = length

        def cut() -> None:
            self._file.truncate(length)
            os.fsync(self.descriptor)
            sync_folder(self.path.parent)

        self._durably(cut)

    def append(self, event: RunEvent) -> None:
        """Append an event.

        Raises:
            JournalError: It is not on the disk, and the file is as it was before.
        """
        line = line_of(event)

        def store() -> None:
            written = 0
            while written < len(line):
                written += self._file.write(line[written:])
            os.fsync(self.descriptor)

        self._durably(store)
        self.length += len(line)

    def _durably(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError as error:
            # Half a line must not stand before the next one.
            with suppress(OSError):
                self._file.truncate(self.length)
            raise JournalError(
                path=str(self.path),
                reason=error.strerror or str(error),
                run_id=self._run_id,
            ) from error


def events_of(content: bytes) -> Iterator[tuple[bytes, RunEvent | ValueError]]:
    """Read line by line, each with its event or with what is wrong with it.

    Behind the last line feed stands nothing, or a line that was never finished: it is left out.
    """
    for line in content.split(b"\n")[:-1]:
        try:
            yield line, event_of(line)
        except ValueError as error:
            yield line, error


def line_of(event: RunEvent) -> bytes:
    """Write one line, with its line feed."""
    body = {"event": event.kind, "time": event.time.isoformat(), **event.fields}
    return json.dumps({**body, "sum": _sum(body)}, ensure_ascii=False).encode() + b"\n"


def _sum(body: Mapping[str, Json]) -> str:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()[:_SUM_DIGITS]


def event_of(line: bytes) -> RunEvent:
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
