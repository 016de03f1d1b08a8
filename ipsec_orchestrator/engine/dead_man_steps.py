"""Performs the steps of a dead man's switch, all of a plan together."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from ipsec_orchestrator.codec.scheduled_task import boundary_text
from ipsec_orchestrator.engine.dead_man import arm
from ipsec_orchestrator.engine.dead_man_end import failed_releases, release
from ipsec_orchestrator.engine.observer import Observer
from ipsec_orchestrator.errors import OrchestratorError
from ipsec_orchestrator.model.outcome import HostOutcome, MemberResult, StepOutcome, StepResult
from ipsec_orchestrator.model.plan import Plan
from ipsec_orchestrator.model.steps import DeadManStep, Step
from ipsec_orchestrator.ports import Journal, World


def perform_dead_men(
    numbered: Sequence[tuple[int, Step]],
    plan: Plan,
    world: World,
    journal: Journal,
    observer: Observer,
    *,
    run_id: str,
) -> tuple[list[StepResult], str | None]:
    """Put the tasks there, or take them away; give the results and what went wrong.

    Args:
        numbered: The steps with their numbers in the plan.
        plan: The plan, for its basis.
        world: Where.
        journal: Is told before and after, with the state of each member from before.
        observer: Hears what is done.
        run_id: Names the tasks.
    """
    steps = {number: step for number, step in numbered if isinstance(step, DeadManStep)}
    begun = False

    def begins() -> None:
        nonlocal begun
        begun = True
        for number, step in steps.items():
            journal.append("step-begins", number=number, stage=step.stage.value, object=step.host)

    for number, step in steps.items():
        observer.step_begins(number, step)
    if any(step.after is not None for step in steps.values()):
        error = _armed(
            tuple(steps.values()), plan, world, journal, observer, run_id=run_id, begins=begins
        )
        reasons = {step.host: error for step in steps.values()} if error else {}
    else:
        begins()
        released = _released(tuple(steps.values()), world, observer)
        error = failed_releases(released)
        reasons = {
            result.host: result.reason
            for result in released
            if result.outcome is not HostOutcome.DONE
        }
    results: list[StepResult] = []
    for number, step in steps.items():
        reason = reasons.get(step.host)
        outcome = StepOutcome.DONE if reason is None else StepOutcome.FAILED
        result = StepResult(
            number=number,
            stage=step.stage,
            title=step.title,
            object=step.host,
            outcome=outcome,
            reason=reason or "",
        )
        if reason is None:
            journal.append(
                "step-ends",
                number=number,
                stage=step.stage.value,
                outcome=outcome.value,
                ids={},
            )
        elif not begun:
            # Only harmless tasks were tried: the run has done nothing that had to be taken back.
            journal.append("step-skipped", number=number, stage=step.stage.value, reason=reason)
        else:
            journal.append(
                "step-failed",
                number=number,
                stage=step.stage.value,
                error="DeadManError",
                reason=reason,
            )
        results.append(result)
        observer.step_ended(result)
    return results, error


def _armed(
    steps: Sequence[DeadManStep],
    plan: Plan,
    world: World,
    journal: Journal,
    observer: Observer,
    *,
    run_id: str,
    begins: Callable[[], None],
) -> str | None:
    try:
        deadline, guarded = arm(
            steps,
            world,
            observer,
            run_id=run_id,
            playbook=plan.basis.playbook,
            domain=plan.basis.domain,
            begins=begins,
        )
    except OrchestratorError as error:
        return str(error)
    journal.append(
        "dead-man-armed",
        run=run_id,
        deadline=boundary_text(deadline),
        hosts={member.host: member.to_json() for member in guarded},
    )
    return None


def _released(steps: Sequence[DeadManStep], world: World, observer: Observer) -> list[MemberResult]:
    found = {step.host: world.inventory.host(step.host) for step in steps}
    results = [_lost(name) for name, host in found.items() if host is None]
    for result in release([host for host in found.values() if host is not None], world):
        observer.member_says(result.host, result.reason)
        results.append(result)
    forget_hosts((r.host for r in results if r.outcome is HostOutcome.DONE), world)
    return results


def _lost(name: str) -> MemberResult:
    return MemberResult(
        host=name,
        role="",
        outcome=HostOutcome.FAILED,
        policy=None,
        enforced=None,
        reason="The inventory does not have this host any more.",
    )


def forget_hosts(hosts: Iterable[str], world: World, run_id: str | None = None) -> None:
    """Stop remembering members as ones that wait; of one run, or of all.

    Raises:
        BackendError: What is remembered can't be written.
    """
    if world.confirmations is None:
        return
    gone = set(hosts)
    for pending in world.confirmations.all():
        if run_id in {None, pending.run_id} and gone & set(pending.hosts):
            left = tuple(host for host in pending.hosts if host not in gone)
            world.confirmations.put(replace(pending, hosts=left))
