"""Events in files by month, ``YYYY-MM.jsonl``: what is looked for by time, and grows for years.

Every line stands for itself, so a damaged one takes no other with it: it is left out and told, and
whoever appends next sets the damaged file aside.
"""

import os
from collections.abc import Callable, Generator, Iterable
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ipsec_orchestrator.adapters.checked_lines import LineFile, events_of
from ipsec_orchestrator.adapters.durable_files import make_private_folder, sync_folder
from ipsec_orchestrator.adapters.private_file import replace_file
from ipsec_orchestrator.errors import BackendError, JournalError
from ipsec_orchestrator.model.run import RunEvent
from ipsec_orchestrator.ports import Clock

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenMonth:
    """A file that events may be appended to.

    Attributes:
        file: The file.
        events: Those that are in it already.
    """

    file: LineFile
    events: tuple[RunEvent, ...]


class MonthFiles:
    """The files of one folder; they are made with the first event."""

    def __init__(self, folder: Path, clock: Clock, tell: Tell) -> None:
        """Nothing is opened yet.

        Args:
            folder: Where they lie.
            clock: For the name of what is set aside.
            tell: Hears of damage and what was done about it.
        """
        self._folder = folder
        self._clock = clock
        self._tell = tell

    @contextmanager
    def locked(self) -> Generator[int]:
        """Give the descriptor of the file that is locked by whoever appends; not locked yet.

        Raises:
            JournalError: It can't be made.
        """
        path = self._folder / "lock"
        try:
            make_private_folder(self._folder)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise JournalError(path=str(path), reason=error.strerror or str(error)) from error
        with os.fdopen(descriptor, "rb"):
            yield descriptor

    @contextmanager
    def opened(self, when: datetime) -> Generator[OpenMonth]:
        """Open the file of a month to append to it; only one process at a time may do so.

        Raises:
            JournalError: It can't be written.
            BackendError: It can't be read.
        """
        path = self._folder / f"{_month(when)}.jsonl"
        new = not path.exists()
        read = _NOTHING if new else self._repaired(path)
        with closing(LineFile(path, new=new)) as file:
            file.begin_at(len(read.good))
            yield OpenMonth(file=file, events=read.events)

    def events(self, *, since: datetime | None = None) -> Generator[tuple[Path, RunEvent]]:
        """Read all files from a month on, each event with the file that it stands in.

        Raises:
            BackendError: One can't be read.
        """
        for path in sorted(self._folder.glob("*.jsonl")):
            if since is not None and path.stem < _month(since):
                continue
            read = _read(path)
            if read.damaged:
                self._tell(f"{path} is damaged in {_lines(read.damaged)}; the rest is read.")
            for event in read.events:
                yield path, event

    def _repaired(self, path: Path) -> "_Read":
        read = _read(path)
        if read.damaged:
            aside = path.with_name(f"{path.name}.damaged-{self._clock.now():%Y%m%d-%H%M%S-%f}")
            try:
                replace_file(aside, read.content)
                replace_file(path, read.good)
                sync_folder(path.parent)
            except OSError as error:
                raise JournalError(path=str(path), reason=error.strerror or str(error)) from error
            self._tell(
                f"{path} was damaged in {_lines(read.damaged)}. It was set aside as {aside.name}; "
                "all other lines were kept."
            )
        return read


def old_files(folder: Path, before: datetime) -> tuple[Path, ...]:
    """Give the files of whole months before a time, but for the newest file of the folder."""
    return tuple(path for path in sorted(folder.glob("*.jsonl"))[:-1] if path.stem < _month(before))


def forget_files(paths: Iterable[str]) -> None:
    """Remove files; those that are gone already are none.

    Raises:
        JournalError: One can't be removed.
    """
    for path in paths:
        try:
            Path(path).unlink(missing_ok=True)
        except OSError as error:
            raise JournalError(path=path, reason=error.strerror or str(error)) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What a file holds: all of it, the lines that count, their events, numbers of the others."""

    content: bytes = b""
    good: bytes = b""
    events: tuple[RunEvent, ...] = ()
    damaged: tuple[int, ...] = ()


_NOTHING = _Read()


def _read(path: Path) -> _Read:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BackendError(
            f"The record {path} can't be read: {error.strerror}.",
            cure="Look at its rights, or name another state folder with --state.",
        ) from error
    good = bytearray()
    events: list[RunEvent] = []
    damaged: list[int] = []
    for number, (line, found) in enumerate(events_of(content), 1):
        if isinstance(found, ValueError):
            damaged.append(number)
        else:
            good += line + b"\n"
            events.append(found)
    return _Read(content=content, good=bytes(good), events=tuple(events), damaged=tuple(damaged))


def _month(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m}"


def _lines(numbers: tuple[int, ...]) -> str:
    word = "line" if len(numbers) == 1 else "lines"
    return f"{word} {', '.join(map(str, numbers))}"
