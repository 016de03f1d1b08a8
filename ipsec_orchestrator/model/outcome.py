"""What became of a run: one outcome a step, one a host."""

from dataclasses import dataclass
from enum import StrEnum

from ipsec_orchestrator.model.stages import Stage


class HostOutcome(StrEnum):
    """Done, failed, or unknown: the order was given and nobody could see what became of it."""

    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberResult:
    """How one member came out.

    Attributes:
        host: Inventory name.
        role: Its role, for the table.
        outcome: One of three.
        policy: Name of the policy that it was seen to have, ``None`` for none.
        enforced: Whether the services that enforce it run; ``None`` if that was not seen.
        reason: Why, in a sentence.
        cure: What to do about it.
        seconds: How long it took.
        last_known: Of a member whose outcome is not what was seen at last: what was, and when.
        wave: Number of its wave, from 1; ``None`` where there are no waves.
    """

    host: str
    role: str
    outcome: HostOutcome
    policy: str | None
    enforced: bool | None
    reason: str
    cure: str | None = None
    seconds: float = 0.0
    last_known: str | None = None
    wave: int | None = None


class StepOutcome(StrEnum):
    """What a step came to."""

    DONE = "done"
    ALREADY = "already"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """One step's outcome; ``number`` counts from 1 in the order of the plan."""

    number: int
    stage: Stage
    title: str
    object: str
    outcome: StepOutcome
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """Everything that a run did, for table and JSON.

    Attributes:
        run_id: Its id.
        steps: One result a step.
        members: One result a host that it dealt with.
        error: Why the directory part broke off; ``None`` if it did not.
        seconds_by_phase: How long the stages took.
        stopped: Why the rollout ended before its last wave; ``None`` if it did not.
        rollback: Whether the plan wants what was done taken back, because too much of a wave
            failed.
    """

    run_id: str
    steps: tuple[StepResult, ...]
    members: tuple[MemberResult, ...]
    error: str | None = None
    seconds_by_phase: tuple[tuple[str, float], ...] = ()
    stopped: str | None = None
    rollback: bool = False

    @property
    def failed(self) -> bool:
        """Whether the directory part broke off."""
        return self.error is not None

    @property
    def all_members_done(self) -> bool:
        """Whether every member came out well."""
        return all(member.outcome is HostOutcome.DONE for member in self.members)
