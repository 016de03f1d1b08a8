"""The record of all passes of the watch as files.

Below the state folder lie ``passes/PLAYBOOK@DOMAIN/YYYY-MM.jsonl``, by the month in which a pass
began: two lines a pass, ``pass-begins`` and ``pass-ends``. A pass without its second line is going
on, or was killed. The file ``lock`` beside them is held while a pass goes on; the system gives it
back when the process ends, however it ends.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote

from typing_extensions import override

from ipsec_orchestrator.adapters.checked_lines import LineFile
from ipsec_orchestrator.adapters.file_lock import try_lock
from ipsec_orchestrator.adapters.month_files import MonthFiles
from ipsec_orchestrator.errors import PassBusyError
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
        files = self._files(self._folder / _name(playbook, domain))
        with files.locked() as lock:
            if not try_lock(lock):
                raise PassBusyError(playbook=playbook)
            with files.opened(started) as month:
                known = frozenset(str(event.fields.get("pass")) for event in month.events)
                begun = WatchPass(
                    pass_id=_new_id(started, known),
                    playbook=playbook,
                    domain=domain,
                    started=started,
                )
                log = _FilePassLog(month.file, begun.pass_id, self._clock)
                log.write(_BEGINS, begun)
                yield log

    @override
    def passes(
        self, *, playbook: str = "", domain: str = "", since: datetime | None = None
    ) -> tuple[WatchPass, ...]:
        found = [
            each
            for folder in sorted(self._folder.glob("*"))
            for each in self._passes_of(folder, since)
            if playbook in {"", each.playbook}
            and domain.casefold() in {"", each.domain.casefold()}
            and (since is None or each.started >= since)
        ]
        return tuple(sorted(found, key=lambda each: (each.started, each.pass_id), reverse=True))

    def _files(self, folder: Path) -> MonthFiles:
        return MonthFiles(folder, self._clock, self._tell)

    def _passes_of(self, folder: Path, since: datetime | None) -> list[WatchPass]:
        found: dict[str, WatchPass] = {}
        for path, event in self._files(folder).events(since=since):
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
