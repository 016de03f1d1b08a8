"""The record of all passes, as a port."""

from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from ipsec_orchestrator.model.watch import WatchPass


class PassLog(Protocol):
    """A pass that is going on; while it is open no other process begins one of the same playbook."""

    @property
    def pass_id(self) -> str:
        """Give its id."""
        ...

    def end(self, done: WatchPass) -> None:
        """Record what came of it; on the disk when this returns.

        Raises:
            JournalError: It can't be recorded.
        """
        ...


class Passes(Protocol):
    """What every pass found and did. Safe for several processes at once.

    All methods raise:

    * JournalError: a file can't be written.
    * BackendError: a file can't be read.
    """

    def begin(
        self, playbook: str, domain: str, started: datetime
    ) -> AbstractContextManager[PassLog]:
        """Begin a pass; one that is left without ``end`` counts as killed.

        Raises:
            PassBusyError: Another process is in a pass of the same playbook.
        """
        ...

    def passes(
        self, *, playbook: str = "", domain: str = "", since: datetime | None = None
    ) -> tuple[WatchPass, ...]:
        """Give the passes, newest first.

        Args:
            playbook: Only of this playbook; empty for all.
            domain: Only of this domain; empty for all.
            since: Only those that began then or later.
        """
        ...
