"""Carries out a plan: reads its steps, nothing else."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Final

from ipsec_orchestrator.engine.backup import look
from ipsec_orchestrator.engine.bindings import Bindings
from ipsec_orchestrator.engine.dead_man_steps import perform_dead_men
from ipsec_orchestrator.engine.dispatch import perform
from ipsec_orchestrator.engine.gates import pass_gate
from ipsec_orchestrator.engine.member_steps import perform_members
from ipsec_orchestrator.engine.observer import Observer
from ipsec_orchestrator.engine.past import Past
from ipsec_orchestrator.engine.progress import (
    Numbered,
    Progress,
    note_time,
    obstacle,
    skip,
    step_result,
)
from ipsec_orchestrator.errors import OrchestratorError
from ipsec_orchestrator.model.inventory import HostRole
from ipsec_orchestrator.model.outcome import (
    HostOutcome,
    MemberResult,
    RunReport,
    StepOutcome,
)
from ipsec_orchestrator.model.plan import Plan, Purpose
from ipsec_orchestrator.model.stages import Stage
from ipsec_orchestrator.model.steps import (
    DeadManStep,
    HealthStep,
    MemberStep,
    object_of,
)
from ipsec_orchestrator.planning.backupfile import backup_to_json
from ipsec_orchestrator.planning.planfile import plan_to_json
from ipsec_orchestrator.ports import Journal, World

_MEMBERS: Final = Stage.MEMBERS.value
# Steps of these kinds that follow on each other are performed side by side.
_TOGETHER: Final[Mapping[type, type]] = {MemberStep: MemberStep, DeadManStep: DeadManStep}


def run(
    plan: Plan,
    world: World,
    journal: Journal,
    observer: Observer,
    run_id: str,
    *,
    undoes: str | None = None,
    past: Past | None = None,
) -> RunReport:
    """Perform the steps of a plan in their order, members side by side.

    A failed step ends the run; what is done stays done, and resuming takes it from there.
    Steps after the members wait until every member is done; in waves, each next one waits for the
    gate behind the one before. The journal has an event before and after every step, and before
    the first of them what was there.

    Args:
        plan: What to do.
        world: Where.
        journal: Of this run.
        observer: Hears of everything.
        run_id: Of this run.
        undoes: The run that this one takes back.
        past: What this run has done before, if it is resumed.

    Raises:
        JournalError: The journal can't be written; nothing is done without a record.
        BackendError: What is there before the first write can't be read.
    """
    progress = Progress(
        planned=plan.steps,
        bindings=past.bindings if past else Bindings(),
        over=past.over if past else {},
        goes_back=plan.purpose is Purpose.ROLLBACK,
    )
    backed_up = past is not None and past.has_backup
    backup = None if backed_up else look(plan.steps, plan.basis.domain, world)
    if past is None:
        _begin(plan, journal, run_id, undoes)
    else:
        journal.append("run-resumes", run=run_id)
    if backup is not None:
        journal.append("backup", places=backup_to_json(backup))
    for kind, group in groupby(
        enumerate(plan.steps, 1), key=lambda numbered: _TOGETHER.get(type(numbered[1]))
    ):
        numbered = _without_over(list(group), progress, world, observer)
        if not numbered:
            continue
        # Steps that are not performed together look for an obstacle one by one.
        reason = obstacle(progress, numbered[0][1]) if kind else None
        if reason:
            skip(numbered, reason, progress, journal, observer)
        elif kind is MemberStep:
            perform_members(numbered, world, journal, observer, progress)
        elif kind is DeadManStep:
            results, progress.error = perform_dead_men(
                numbered, plan, world, journal, observer, run_id=run_id
            )
            progress.steps += results
        else:
            _perform_each(numbered, world, journal, observer, progress)
    controller = _controller(plan, world, progress)
    journal.append(
        "run-ends",
        run=run_id,
        error=progress.error,
        stopped=progress.stopped,
        members={result.host: result.outcome.value for result in progress.members},
    )
    return RunReport(
        run_id=run_id,
        steps=tuple(progress.steps),
        members=(controller, *progress.members),
        error=progress.error,
        seconds_by_phase=tuple(progress.phases.items()),
        stopped=progress.stopped,
        rollback=progress.rollback,
    )


def _begin(plan: Plan, journal: Journal, run_id: str, undoes: str | None) -> None:
    journal.append(
        "run-begins",
        run=run_id,
        command=plan.purpose.value,
        playbook=plan.basis.playbook,
        domain=plan.basis.domain,
        dc=plan.basis.dc,
        undoes=undoes,
        plan=plan_to_json(plan),
    )


def _controller(plan: Plan, world: World, progress: Progress) -> MemberResult:
    """Give the outcome of the DC: it holds what was written."""
    fqdn = plan.basis.dc.casefold()
    host = next((host for host in world.inventory.hosts if host.fqdn.casefold() == fqdn), None)
    quiet = MemberStep | DeadManStep | HealthStep
    writes = sum(not isinstance(step, quiet) for step in plan.steps)
    reason = "Everything was written and read back." if writes else "Nothing was to be written."
    return MemberResult(
        host=host.name if host else plan.basis.dc,
        role=HostRole.DOMAIN_CONTROLLER.value,
        outcome=HostOutcome.FAILED if progress.error else HostOutcome.DONE,
        policy=None,
        enforced=None,
        reason=progress.error or reason,
        seconds=sum(spent for phase, spent in progress.phases.items() if phase != _MEMBERS),
    )


def _without_over(
    numbered: Sequence[Numbered], progress: Progress, world: World, observer: Observer
) -> list[Numbered]:
    """Report what an earlier attempt has done, and give the other steps."""
    for number, step in numbered:
        over = progress.over.get(number)
        if over is None:
            continue
        result = step_result(number, progress.bindings.bind(step), over.outcome, over.reason)
        progress.steps.append(result)
        observer.step_ended(result)
        if isinstance(step, MemberStep):
            host = world.inventory.host(step.host)
            progress.members.append(
                MemberResult(
                    host=step.host,
                    role=host.role.value if host else "",
                    outcome=HostOutcome.DONE,
                    policy=None,
                    enforced=None,
                    reason=over.reason,
                    wave=step.wave,
                )
            )
    return [(number, step) for number, step in numbered if number not in progress.over]


def _perform_each(
    numbered: Sequence[Numbered],
    world: World,
    journal: Journal,
    observer: Observer,
    progress: Progress,
) -> None:
    for number, planned in numbered:
        reason = obstacle(progress, planned)
        if reason:
            skip([(number, planned)], reason, progress, journal, observer)
            continue
        step = progress.bindings.bind(planned)
        observer.step_begins(number, step)
        journal.append("step-begins", number=number, stage=step.stage.value, object=object_of(step))
        started = world.clock.monotonic_seconds()
        if isinstance(step, HealthStep):
            pass_gate((number, step), world, journal, observer, progress)
            note_time(step, started, world, progress)
            continue
        try:
            later = tuple(progress.bindings.bind(other) for other in progress.planned[number:])
            outcome, progress.bindings = perform(step, later, world, progress.bindings)
        except OrchestratorError as error:
            progress.error = str(error)
            result = step_result(number, step, StepOutcome.FAILED, str(error))
            journal.append(
                "step-failed",
                number=number,
                stage=step.stage.value,
                error=type(error).__name__,
                reason=str(error),
            )
            progress.steps.append(result)
            observer.step_ended(result)
            continue
        note_time(step, started, world, progress)
        journal.append(
            "step-ends",
            number=number,
            stage=step.stage.value,
            outcome=outcome.value,
            ids={str(old): str(new) for old, new in progress.bindings.ids.items()},
        )
        result = step_result(number, step, outcome)
        progress.steps.append(result)
        # Only a new version, written with the assignment, is news to a member: one that missed it,
        # or never noticed that a link was off for a while, would skip the GPO as unchanged.
        if outcome is StepOutcome.DONE and step.stage in {Stage.ASSIGNMENT, Stage.LINK}:
            progress.news = step.stage is Stage.ASSIGNMENT and not progress.goes_back
        observer.step_ended(result)
