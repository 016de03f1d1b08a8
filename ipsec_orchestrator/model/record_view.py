"""Everything that the record tells, for one page."""

from dataclasses import dataclass
from datetime import datetime

from ipsec_orchestrator.model.confirmation import PendingConfirmation
from ipsec_orchestrator.model.member_state import MemberState
from ipsec_orchestrator.model.proof_record import ProofRecord
from ipsec_orchestrator.model.run import RunRecord
from ipsec_orchestrator.model.watch import WatchPass


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordView:
    """The record at one moment; everything newest first.

    Attributes:
        made: When it was read, UTC.
        tool_version: Of this program.
        folder: The state folder.
        runs: As they stand to each other.
        passes: Of the watch.
        proofs: With their verdicts.
        pending: What waits for a confirmation.
        members: By playbook, domain and name.
    """

    made: datetime
    tool_version: str
    folder: str
    runs: tuple[RunRecord, ...] = ()
    passes: tuple[WatchPass, ...] = ()
    proofs: tuple[ProofRecord, ...] = ()
    pending: tuple[PendingConfirmation, ...] = ()
    members: tuple[MemberState, ...] = ()

    @property
    def targets(self) -> tuple[tuple[str, str], ...]:
        """Every playbook with its domain that anything is recorded of, in alphabetical order."""
        known = {
            (each.playbook, each.domain.casefold())
            for group in (self.runs, self.passes, self.proofs, self.members)
            for each in group
        }
        return tuple(sorted(known))
