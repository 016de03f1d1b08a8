"""The run store on disk."""

import os
import sqlite3
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import TypeVar

from typing_extensions import override

from ipsec_orchestrator.adapters.chosen_run import chosen_run
from ipsec_orchestrator.adapters.jsonl_journal import JsonlJournal, is_busy, read_journal
from ipsec_orchestrator.adapters.sqlite_runs.ingest import (
    ingest,
    ingest_all,
    read_last_outcomes,
    read_records,
    remove,
)
from ipsec_orchestrator.adapters.sqlite_runs.opening import (
    NAME,
    DamagedStoreError,
    alone,
    check,
    opened,
    salvage,
    set_aside,
    table_to_check,
    transaction,
)
from ipsec_orchestrator.errors import BackendError, JournalError, RunBusyError, RunNotFoundError
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.member_state import LastOutcome
from ipsec_orchestrator.model.run import (
    RunEvent,
    RunHistory,
    RunRecord,
    RunState,
    Trigger,
    next_state,
)
from ipsec_orchestrator.model.run_replay import after
from ipsec_orchestrator.model.run_standing import standing
from ipsec_orchestrator.ports import Clock, Journal, RunStore

Tell = Callable[[str], None]
_AT_ONCE = 100
_ENDING = ".jsonl"
_Result = TypeVar("_Result")


class SqliteRuns(RunStore):
    """Journals and index below a state folder; neither is made before something is recorded."""

    def __init__(self, folder: Path, clock: Clock, tell: Tell) -> None:
        """Nothing is opened yet.

        Args:
            folder: The state folder.
            clock: For the times of events.
            tell: Hears of damage and what was done about it.
        """
        self._journals = folder / "runs"
        self._index = folder / NAME
        self._clock = clock
        self._tell = tell

    @override
    @contextmanager
    def begin(self, run_id: str) -> Generator[Journal]:
        # A store that can't be written is found out before there is a journal.
        self._using(check)
        with (
            JsonlJournal(self._path(run_id), self._clock) as journal,
            opened(self._index) as connection,
        ):
            try:
                yield RecordedJournal(journal, connection, self._clock)
            finally:
                if journal.is_empty:
                    self._path(run_id).unlink(missing_ok=True)

    @override
    @contextmanager
    def go_on(self, run_id: str) -> Generator[Journal]:
        self.events(run_id)
        self._using(check)
        with (
            JsonlJournal(self._path(run_id), self._clock, new=False) as journal,
            opened(self._index) as connection,
        ):
            # Nobody else can write to it any more.
            events = read_journal(self._path(run_id)).events
            with transaction(connection):
                ingest_all(connection, events)
            yield RecordedJournal(journal, connection, self._clock, events)

    @override
    def runs(self) -> tuple[RunRecord, ...]:
        names = self._names()
        if not names and not self._index.exists():
            return ()
        return standing(self._using(self._catch_up))

    @override
    def find(self, name: str) -> RunRecord:
        return chosen_run(self.runs(), name)

    @override
    def events(self, run_id: str) -> tuple[RunEvent, ...]:
        path = self._path(run_id)
        if not path.is_file():
            raise RunNotFoundError(name=run_id)
        return read_journal(path).events

    @override
    def last_outcomes(self) -> tuple[LastOutcome, ...]:
        return self._using(read_last_outcomes) if self._index.exists() else ()

    @override
    def forget(self, run_ids: Iterable[str]) -> None:
        run_ids = tuple(run_ids)
        free = tuple(takewhile(lambda name: not is_busy(self._path(name)), run_ids))

        def out_of_index(connection: sqlite3.Connection) -> None:
            with transaction(connection):
                remove(connection, free)
            # Room for what comes is not enough: what is to be forgotten must not be readable.
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

        # A journal without a row is taken into the index again: killed here, they are still there.
        self._using(out_of_index)
        for name in free:
            path = self._path(name)
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise JournalError(path=str(path), reason=error.strerror or str(error)) from error
        gone = frozenset(free)

        def out_again(connection: sqlite3.Connection) -> None:
            if not gone.isdisjoint(record.run_id for record in read_records(connection)):
                out_of_index(connection)

        # Another process may have read a journal just before, and taken it in just now.
        self._using(out_again)
        if free != run_ids:
            raise RunBusyError(run_id=run_ids[len(free)])

    @override
    def is_gone(self, run_id: str) -> bool:
        path = self._path(run_id)
        return path.is_file() and not is_busy(path)

    def _path(self, run_id: str) -> Path:
        return self._journals / f"{run_id}{_ENDING}"

    def _names(self) -> set[str]:
        try:
            names = os.listdir(self._journals)  # noqa: PTH208 - ten thousand paths take their time
        except FileNotFoundError:
            return set()
        return {name.removesuffix(_ENDING) for name in names if name.endswith(_ENDING)}

    def _catch_up(self, connection: sqlite3.Connection) -> list[RunRecord]:
        """Read the index, after taking in what it has missed: runs whose process is gone."""
        check(connection, table_to_check(connection))
        records = read_records(connection)
        known = {record.run_id: record.state for record in records}
        gone = [
            name
            for name in sorted(self._names())
            if known.get(name, RunState.RUNNING) is RunState.RUNNING
            and not is_busy(self._path(name))
        ]
        if gone:
            self._take_in(connection, gone)
            records = read_records(connection)
        return [
            replace(record, state=next_state(record.state, Trigger.PROCESS_GONE))
            if record.state is RunState.RUNNING and record.run_id in gone
            else record
            for record in records
        ]

    def _take_in(self, connection: sqlite3.Connection, names: Iterable[str]) -> None:
        waiting = sorted(names)
        # Each transaction waits for the disk; a store that is built anew has thousands of runs.
        for first in range(0, len(waiting), _AT_ONCE):
            with transaction(connection):
                for events in self._journals_of(waiting[first : first + _AT_ONCE]):
                    ingest_all(connection, events)

    def _journals_of(self, names: Iterable[str]) -> Iterator[tuple[RunEvent, ...]]:
        for name in names:
            path = self._path(name)
            try:
                yield read_journal(path).events
            except BackendError as error:
                # One that is not there any more has just been forgotten by another process.
                if path.exists():
                    self._tell(str(error))

    def _using(self, work: Callable[[sqlite3.Connection], _Result]) -> _Result:
        """Work with the index; a damaged one is replaced first."""
        try:
            with opened(self._index) as connection:
                return work(connection)
        except DamagedStoreError as damage:
            self._replace(str(damage))
        with opened(self._index) as connection:
            return work(connection)

    def _replace(self, damage: str) -> None:
        with alone(self._index):
            try:
                with opened(self._index) as connection:
                    check(connection)
            except DamagedStoreError:
                aside = set_aside(self._index, f"{self._clock.now():%Y%m%d-%H%M%S-%f}")
            else:
                # Another process was quicker.
                return
            with opened(self._index) as connection:
                names = self._names()
                self._take_in(connection, sorted(names))
                with transaction(connection):
                    salvage(aside, connection, names, self._tell)
            self._tell(
                f"The run store {self._index} was damaged ({damage}). It was set aside as "
                f"{aside.name} and built anew from {len(names)} journals."
            )


class RecordedJournal(Journal):
    """Writes to the journal first, then to the index."""

    def __init__(
        self,
        journal: JsonlJournal,
        connection: sqlite3.Connection,
        clock: Clock,
        events: Iterable[RunEvent] = (),
    ) -> None:
        """Take the events that are in both already."""
        self._journal = journal
        self._connection = connection
        self._clock = clock
        self._history: RunHistory | None = None
        for event in events:
            self._history = after(self._history, event)

    @override
    def append(self, kind: str, **fields: Json) -> None:
        event = RunEvent(kind=kind, time=self._clock.now(), fields=fields)
        history = after(self._history, event)
        self._journal.write(event)
        self._history = history
        try:
            with transaction(self._connection):
                ingest(self._connection, history, event)
        except sqlite3.Error as error:
            raise JournalError(
                path=str(self._journal.path.parent.with_name(NAME)),
                reason=str(error),
                run_id=history.record.run_id,
            ) from error
