"""What is known of a member from the record alone."""

from dataclasses import dataclass
from datetime import datetime

from ipsec_orchestrator.model.outcome import HostOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class LastOutcome:
    """How a member came out of the last run that dealt with it.

    Attributes:
        playbook: Name of the playbook.
        domain: DNS name of the domain.
        host: Inventory name.
        run_id: That run.
        outcome: One of three.
        reason: Why, in a sentence.
        time: When that was seen, UTC.
    """

    playbook: str
    domain: str
    host: str
    run_id: str
    outcome: HostOutcome
    reason: str
    time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberState:
    """One member of one playbook.

    Attributes:
        playbook: Name of the playbook.
        domain: DNS name of the domain.
        host: Inventory name.
        last: How it came out of the last run; ``None`` if no run dealt with it.
        read: When a pass of the watch read it last, UTC; ``None`` if none did.
        differences: How many differences that pass found in it.
        unread: Why a later pass could not read it; empty if none failed to.
    """

    playbook: str
    domain: str
    host: str
    last: LastOutcome | None = None
    read: datetime | None = None
    differences: int = 0
    unread: str = ""

    @property
    def word(self) -> str:
        """How it stands, in one word."""
        if self.differences:
            return "differs"
        if self.unread:
            return "unread"
        if self.last is None or (self.read is not None and self.read > self.last.time):
            return "as left"
        return self.last.outcome.value
