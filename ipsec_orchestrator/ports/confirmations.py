"""What this workstation remembers of runs that have to be confirmed."""

from typing import Protocol

from ipsec_orchestrator.model.confirmation import PendingConfirmation


class Confirmations(Protocol):
    """Survives the death of the process. All methods raise BackendError where that fails."""

    def put(self, pending: PendingConfirmation) -> None:
        """Remember a run, or anew if it is known; one without hosts is forgotten."""
        ...

    def all(self) -> tuple[PendingConfirmation, ...]:
        """Give all that are pending, in the order of their deadlines."""
        ...
