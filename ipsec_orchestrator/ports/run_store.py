"""The record of all runs, as a port."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from ipsec_orchestrator.model.member_state import LastOutcome
from ipsec_orchestrator.model.run import RunEvent, RunRecord
from ipsec_orchestrator.ports.journal import Journal


class RunStore(Protocol):
    """Journals, one a run, and an index over them. Safe for several processes at once.

    All methods raise:

    * JournalError: a file can't be written; what was being recorded does not count.
    * BackendError: a file can't be read, or the store was made by a newer version.
    """

    def begin(self, run_id: str) -> AbstractContextManager[Journal]:
        """Open the journal of a new run; while the block lasts nobody else can open it.

        If nothing was appended in the block, there was no run.
        """
        ...

    def go_on(self, run_id: str) -> AbstractContextManager[Journal]:
        """Open the journal of a run to append to it.

        Raises:
            RunBusyError: Another process has it open.
            DamagedJournalError: A line of it, not the last, is damaged.
        """
        ...

    def runs(self) -> tuple[RunRecord, ...]:
        """Give all runs, newest first, as they stand to each other."""
        ...

    def find(self, name: str) -> RunRecord:
        """Give the run that is meant by an id, the beginning of one, or ``last``.

        Raises:
            RunNotFoundError: None, or more than one.
        """
        ...

    def events(self, run_id: str) -> Sequence[RunEvent]:
        """Read a run's journal.

        Raises:
            RunNotFoundError: There is none.
            DamagedJournalError: A line of it, not the last, is damaged.
        """
        ...

    def last_outcomes(self) -> tuple[LastOutcome, ...]:
        """Give every member of every playbook once, as the last run that dealt with it left it."""
        ...

    def forget(self, run_ids: Iterable[str]) -> None:
        """Remove runs with everything that is recorded of them.

        Raises:
            RunBusyError: A process is at work on one of them; those before it are gone.
        """
        ...

    def is_gone(self, run_id: str) -> bool:
        """Tell whether a run was begun here and no process is at work on it any more."""
        ...
