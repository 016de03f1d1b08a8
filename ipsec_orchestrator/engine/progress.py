"""What a run has come to: the outcomes so far, and what keeps a step from being performed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ipsec_orchestrator.engine.bindings import Bindings
from ipsec_orchestrator.engine.observer import Observer
from ipsec_orchestrator.engine.past import Over
from ipsec_orchestrator.engine.waves import in_waves
from ipsec_orchestrator.model.outcome import (
    HostOutcome,
    MemberResult,
    StepOutcome,
    StepResult,
)
from ipsec_orchestrator.model.stages import Stage
from ipsec_orchestrator.model.steps import Step, object_of
from ipsec_orchestrator.ports import Journal, World

_WAITS_FOR_MEMBERS: Final = (
    "not every member is done, and they keep a policy that vanishes before they have let go of it"
)
_AFTER_FAILURE: Final = "an earlier step failed"

Numbered = tuple[int, Step]


@dataclass(slots=True)
class Progress:
    """What a run has come to so far.

    Attributes:
        planned: All steps of the plan.
        bindings: Ids that were learned.
        steps: What became of those that are over.
        members: What became of members.
        phases: Seconds by stage.
        over: Steps that an earlier attempt of this run has done.
        news: Whether this attempt has written what members will notice by themselves.
        goes_back: Whether the run takes another back. A member may remember a version of a GPO of
            the same id that was deleted since, so it is not left to it what is new.
        error: With what it broke off.
        stopped: Why it ended early without an error: a gate, or Ctrl-C at one.
        rollback: Whether the gate that stopped it wants the run taken back.
    """

    planned: Sequence[Step]
    bindings: Bindings = field(default_factory=Bindings)
    steps: list[StepResult] = field(default_factory=list[StepResult])
    members: list[MemberResult] = field(default_factory=list[MemberResult])
    phases: dict[str, float] = field(default_factory=dict[str, float])
    over: Mapping[int, Over] = field(default_factory=dict[int, Over])
    news: bool = False
    goes_back: bool = False
    error: str | None = None
    stopped: str | None = None
    rollback: bool = False


def obstacle(progress: Progress, step: Step) -> str | None:
    """Tell why a step must not be performed; ``None`` if it may."""
    if progress.error is not None:
        return _AFTER_FAILURE
    if progress.stopped is not None:
        return progress.stopped
    if step.stage is not Stage.CLEAN_UP and in_waves(progress.planned):
        # How many of a wave may fail is for its gate to say.
        return None
    if any(result.outcome is not HostOutcome.DONE for result in progress.members):
        return _WAITS_FOR_MEMBERS
    return None


def skip(
    numbered: Sequence[Numbered],
    reason: str,
    progress: Progress,
    journal: Journal,
    observer: Observer,
) -> None:
    """Record that steps are not performed."""
    for number, step in numbered:
        result = step_result(number, step, StepOutcome.SKIPPED, reason)
        journal.append("step-skipped", number=number, stage=step.stage.value, reason=reason)
        progress.steps.append(result)
        observer.step_ended(result)


def note_time(step: Step, started: float, world: World, progress: Progress) -> None:
    """Count the time that a step took to its stage."""
    spent = world.clock.monotonic_seconds() - started
    progress.phases[step.stage.value] = progress.phases.get(step.stage.value, 0.0) + spent


def step_result(number: int, step: Step, outcome: StepOutcome, reason: str = "") -> StepResult:
    """Give the outcome of a step."""
    return StepResult(
        number=number,
        stage=step.stage,
        title=step.title,
        object=object_of(step),
        outcome=outcome,
        reason=reason,
    )
