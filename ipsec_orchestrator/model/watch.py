"""Being on watch: one pass over a playbook's part of the domain, and what came of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from ipsec_orchestrator.model.drift import DriftReport

NOTHING_FOUND: Final = DriftReport()


class PassOutcome(StrEnum):
    """How a pass ended."""

    CLEAN = "clean"
    """Nothing differs, and everything could be read."""
    REPORTED = "reported"
    """Something differs or could not be read; told, and left alone as the playbook says."""
    ASKED = "asked"
    """A plan file was written and waits for somebody to apply it."""
    REPAIRED = "repaired"
    """What may be repaired was repaired, by the run that is named."""
    HELD = "held"
    """There is something to repair, but a guard forbids it; the reason names it."""
    FAILED = "failed"
    """The domain could not be read, or the repair failed; the reason says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPass:
    """One pass.

    Attributes:
        pass_id: Sorts by time.
        playbook: Name of the playbook.
        domain: DNS name of the domain.
        file: Absolute path of the playbook's file; empty in records of versions before that.
        started: When it began, UTC.
        ended: When it ended, UTC; ``None`` if it is still going on or was killed.
        outcome: How it ended; ``None`` like ``ended``.
        reason: Why it was held or failed, in a sentence.
        report: What was found; empty if nothing could be read.
        members_read: Inventory names of the members whose state was read in this pass.
        plan_file: Where the plan to be approved was written.
        run_id: The run that repaired.
        alarms: Objects that are left alone because they would be repaired again and again, and
            other things that somebody must look at; a sentence each.
        missed: How many passes of the schedule did not happen since the one before.
    """

    pass_id: str
    playbook: str
    domain: str
    started: datetime
    file: str = ""
    ended: datetime | None = None
    outcome: PassOutcome | None = None
    reason: str = ""
    report: DriftReport = NOTHING_FOUND
    members_read: tuple[str, ...] = ()
    plan_file: str = ""
    run_id: str = ""
    alarms: tuple[str, ...] = ()
    missed: int = 0
