"""The record of all proofs, as a port."""

from datetime import datetime
from typing import Protocol

from ipsec_orchestrator.model.proof_record import ProofRecord


class Proofs(Protocol):
    """That proofs were made, what came of them, and where their evidence lies.

    Safe for several processes at once. All methods raise:

    * JournalError: a file can't be written.
    * BackendError: a file can't be read.
    """

    def put(self, proof: ProofRecord) -> None:
        """Record a proof; on the disk when this returns."""
        ...

    def proofs(
        self, *, playbook: str = "", domain: str = "", since: datetime | None = None
    ) -> tuple[ProofRecord, ...]:
        """Give the proofs, newest first.

        Args:
            playbook: Only of this playbook; empty for all.
            domain: Only of this domain; empty for all.
            since: Only those that began then or later.
        """
        ...
