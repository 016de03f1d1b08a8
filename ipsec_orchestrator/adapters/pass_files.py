"""The record of all passes of the watch as files.

Below the state folder lie ``passes/PLAYBOOK@DOMAIN/YYYY-MM.jsonl``, by the month in which a pass
began: two lines a pass, ``pass-begins`` and ``pass-ends``. A pass without its second line is going
on, or was killed. The file ``lock`` beside them is held while a pass goes on; the system gives it
back when the process ends, however it ends.

Every line stands for itself, so a damaged one takes no other with it: it is left out and told, and
the next pass sets the damaged file aside.
"""

import os
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote

from typing_extensions import override

from ipsec_orchestrator.adapters.checked_lines import LineFile, events_of
from ipsec_orchestrator.adapters.durable_files import make_private_folder, sync_folder
from ipsec_orchestrator.adapters.file_lock import try_lock
from ipsec_orchestrator.adapters.private_file import replace_file
from ipsec_orchestrator.errors import BackendError, JournalError, PassBusyError
from ipsec_orchestrator.model.run import RunEvent
from ipsec_orchestrator.model.watch import WatchPass
from ipsec_orchestrator.planning.drift.passfile import pass_from_json, pass_to_json
from ipsec_orchestrator.ports import Clock, Passes, PassLog

Tell = Callable[[str], None]
_BEGINS: Final = "pass-begins"
_ENDS: Final = "pass-ends"


class PassFiles(Passes):
    """Passes below a state folder; nothing is made before the first one begins."""

    def __init__(self, folder: Path, clock: Clock, tell: Tell) -> None:
        """Nothing is opened yet.

        Args:
            folder: The state folder.
            clock: For the times of events.
            tell: Hears of damage and what was done about it.
        """
        self._folder = folder / "passes"
        self._clock = clock
        self._tell = tell

    @override
    @contextmanager
    def begin(self, playbook: str, domain: str, started: datetime) -> Generator[PassLog]:
        folder = self._folder / _name(playbook, domain)
        with _held(folder, playbook):
            path = folder / f"{_month(started)}.jsonl"
            length, known = self._prepared(path)
            begun = WatchPass(
                pass_id=_new_id(started, known),
                playbook=playbook,
                domain=domain,
                started=started,
            )
            with closing(LineFile(path, new=not path.exists())) as file:
                file.begin_at(length)
                log = _FilePassLog(file, begun.pass_id, self._clock)
                log.write(_BEGINS, begun)
                yield log

    def _prepared(self, path: Path) -> tuple[int, frozenset[str]]:
        """Set a damaged file aside; give the length of what counts, and the passes in it."""
        if not path.exists():
            return 0, frozenset()
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
        return len(read.good), frozenset(str(event.fields.get("pass")) for event in read.events)

    @override
    def passes(
        self, *, playbook: str = "", domain: str = "", since: datetime | None = None
    ) -> tuple[WatchPass, ...]:
        found = [
            each
            for path in self._files()
            if since is None or path.stem >= _month(since)
            for each in self._passes_of(path)
            if playbook in {"", each.playbook}
            and domain.casefold() in {"", each.domain.casefold()}
            and (since is None or each.started >= since)
        ]
        return tuple(sorted(found, key=lambda each: (each.started, each.pass_id), reverse=True))

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("*/*.jsonl"))

    def _passes_of(self, path: Path) -> list[WatchPass]:
        read = _read(path)
        if read.damaged:
            self._tell(f"{path} is damaged in {_lines(read.damaged)}; the rest is read.")
        found: dict[str, WatchPass] = {}
        for event in read.events:
            if event.kind not in {_BEGINS, _ENDS}:
                continue
            try:
                each = pass_from_json(event.fields)
            except (KeyError, TypeError, ValueError) as error:
                self._tell(f"{path} has a pass that can't be read: {error}.")
            else:
                found[each.pass_id] = each
        return list(found.values())


class _FilePassLog(PassLog):
    def __init__(self, file: LineFile, pass_id: str, clock: Clock) -> None:
        self._file = file
        self._pass_id = pass_id
        self._clock = clock

    @property
    @override
    def pass_id(self) -> str:
        return self._pass_id

    @override
    def end(self, done: WatchPass) -> None:
        self.write(_ENDS, replace(done, pass_id=self._pass_id))

    def write(self, kind: str, content: WatchPass) -> None:
        self._file.append(
            RunEvent(kind=kind, time=self._clock.now(), fields=pass_to_json(content)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What a file holds: all of it, the lines that count, their events, numbers of the others."""

    content: bytes
    good: bytes
    events: tuple[RunEvent, ...]
    damaged: tuple[int, ...]


def _read(path: Path) -> _Read:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BackendError(
            f"The record of passes {path} can't be read: {error.strerror}.",
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


@contextmanager
def _held(folder: Path, playbook: str) -> Generator[None]:
    """Hold the lock of a playbook while the block runs."""
    path = folder / "lock"
    try:
        make_private_folder(folder)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise JournalError(path=str(path), reason=error.strerror or str(error)) from error
    with os.fdopen(descriptor, "rb"):
        if not try_lock(descriptor):
            raise PassBusyError(playbook=playbook)
        yield


def _new_id(started: datetime, known: frozenset[str]) -> str:
    """Give an id that sorts by time; a clock that was set back must not give one twice."""
    stem = f"{started.astimezone(UTC):%Y%m%d-%H%M%S-%f}"
    if stem not in known:
        return stem
    return next(
        each for number in range(1, len(known) + 1) if (each := f"{stem}-{number}") not in known
    )


def _name(playbook: str, domain: str) -> str:
    """Give a name for a folder that every file system takes."""
    return quote(f"{playbook}@{domain.casefold()}", safe="@")


def _month(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m}"


def _lines(numbers: tuple[int, ...]) -> str:
    word = "line" if len(numbers) == 1 else "lines"
    return f"{word} {', '.join(map(str, numbers))}"
