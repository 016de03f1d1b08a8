"""The gate behind a wave: wait, look at its members, and decide whether the run goes on."""

from ipsec_orchestrator.engine.health import check_wave
from ipsec_orchestrator.engine.observer import Observer
from ipsec_orchestrator.engine.progress import Progress, skip, step_result
from ipsec_orchestrator.engine.waves import INTERRUPTED, judge_refresh, judge_wave
from ipsec_orchestrator.model.outcome import StepOutcome
from ipsec_orchestrator.model.rollout import OnFailure
from ipsec_orchestrator.model.steps import HealthStep
from ipsec_orchestrator.ports import Journal, World


def pass_gate(
    numbered: tuple[int, HealthStep],
    world: World,
    journal: Journal,
    observer: Observer,
    progress: Progress,
) -> None:
    """Wait, look at a wave, and note whether the run goes on."""
    number, step = numbered
    known = {result.host: result for result in progress.members}
    verdict = judge_refresh(step, known)
    if verdict.stop is None:
        try:
            world.clock.wait(step.wait_seconds)
        except KeyboardInterrupt:
            progress.stopped = INTERRUPTED
            skip([(number, step)], INTERRUPTED, progress, journal, observer)
            return
        verdict = judge_wave(step, check_wave(step, world, observer), known, world.inventory)
    for member in verdict.members:
        known[member.host] = member
        journal.append(
            "member-ends",
            number=number,
            stage=step.stage.value,
            host=member.host,
            outcome=member.outcome.value,
            reason=member.reason,
        )
        observer.member_ended(member)
    progress.members = list(known.values())
    outcome = StepOutcome.FAILED if verdict.stop else StepOutcome.DONE
    if verdict.stop:
        progress.stopped = verdict.stop
        progress.rollback = step.on_failure is OnFailure.ROLLBACK
    journal.append(
        "step-ends",
        number=number,
        stage=step.stage.value,
        outcome=outcome.value,
        reason=verdict.reason,
    )
    result = step_result(number, step, outcome, verdict.reason)
    progress.steps.append(result)
    observer.step_ended(result)
