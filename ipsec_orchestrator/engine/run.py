"""Carries out a plan: reads its steps, nothing else."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Final, assert_never

from ipsec_orchestrator.engine.backup import look
from ipsec_orchestrator.engine.bindings import Bindings
from ipsec_orchestrator.engine.dead_man_steps import perform_dead_men
from ipsec_orchestrator.engine.filtering import perform_filtering, perform_template_access
from ipsec_orchestrator.engine.health import check_wave
from ipsec_orchestrator.engine.members import refresh_members
from ipsec_orchestrator.engine.observer import Observer
from ipsec_orchestrator.engine.past import Over, Past
from ipsec_orchestrator.engine.perform import (
    perform_entry,
    perform_gpo,
    perform_template_version,
)
from ipsec_orchestrator.engine.waves import INTERRUPTED, in_waves, judge_refresh, judge_wave
from ipsec_orchestrator.engine.web import perform_web
from ipsec_orchestrator.errors import OrchestratorError
from ipsec_orchestrator.model.inventory import HostRole
from ipsec_orchestrator.model.outcome import (
    HostOutcome,
    MemberResult,
    RunReport,
    StepOutcome,
    StepResult,
)
from ipsec_orchestrator.model.plan import Plan, Purpose
from ipsec_orchestrator.model.rollout import OnFailure
from ipsec_orchestrator.model.stages import Stage
from ipsec_orchestrator.model.steps import (
    DeadManStep,
    EntryStep,
    FilteringStep,
    GpoStep,
    HealthStep,
    MemberStep,
    Step,
    TemplateAccessStep,
    TemplateVersionStep,
    WebStep,
    object_of,
)
from ipsec_orchestrator.planning.backupfile import backup_to_json
from ipsec_orchestrator.planning.planfile import plan_to_json
from ipsec_orchestrator.ports import Journal, World

_WAITS_FOR_MEMBERS = (
    "not every member is done, and they keep a policy that vanishes before they have let go of it"
)
_MEMBERS = Stage.MEMBERS.value
_AFTER_FAILURE = "an earlier step failed"
# Steps of these kinds that follow on each other are performed side by side.
_TOGETHER: Final[Mapping[type, type]] = {MemberStep: MemberStep, DeadManStep: DeadManStep}

_Numbered = tuple[int, Step]


@dataclass(slots=True)
class _Progress:
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
    progress = _Progress(
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
        reason = _obstacle(progress, numbered[0][1]) if kind else None
        if reason:
            _skip(numbered, reason, progress, journal, observer)
        elif kind is MemberStep:
            _perform_members(numbered, world, journal, observer, progress)
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


def _controller(plan: Plan, world: World, progress: _Progress) -> MemberResult:
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


def _obstacle(progress: _Progress, step: Step) -> str | None:
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


def _without_over(
    numbered: Sequence[_Numbered], progress: _Progress, world: World, observer: Observer
) -> list[_Numbered]:
    """Report what an earlier attempt has done, and give the other steps."""
    for number, step in numbered:
        over = progress.over.get(number)
        if over is None:
            continue
        result = _result(number, progress.bindings.bind(step), over.outcome, over.reason)
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


def _skip(
    numbered: Sequence[_Numbered],
    reason: str,
    progress: _Progress,
    journal: Journal,
    observer: Observer,
) -> None:
    for number, step in numbered:
        result = _result(number, step, StepOutcome.SKIPPED, reason)
        journal.append("step-skipped", number=number, stage=step.stage.value, reason=reason)
        progress.steps.append(result)
        observer.step_ended(result)


def _perform_each(
    numbered: Sequence[_Numbered],
    world: World,
    journal: Journal,
    observer: Observer,
    progress: _Progress,
) -> None:
    for number, planned in numbered:
        reason = _obstacle(progress, planned)
        if reason:
            _skip([(number, planned)], reason, progress, journal, observer)
            continue
        step = progress.bindings.bind(planned)
        observer.step_begins(number, step)
        journal.append("step-begins", number=number, stage=step.stage.value, object=object_of(step))
        started = world.clock.monotonic_seconds()
        if isinstance(step, HealthStep):
            _pass_gate((number, step), world, journal, observer, progress)
            _note_time(step, started, world, progress)
            continue
        try:
            later = tuple(progress.bindings.bind(other) for other in progress.planned[number:])
            outcome, progress.bindings = _perform(step, later, world, progress.bindings)
        except OrchestratorError as error:
            progress.error = str(error)
            result = _result(number, step, StepOutcome.FAILED, str(error))
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
        _note_time(step, started, world, progress)
        journal.append(
            "step-ends",
            number=number,
            stage=step.stage.value,
            outcome=outcome.value,
            ids={str(old): str(new) for old, new in progress.bindings.ids.items()},
        )
        result = _result(number, step, outcome)
        progress.steps.append(result)
        # Only a new version, written with the assignment, is news to a member: one that missed it,
        # or never noticed that a link was off for a while, would skip the GPO as unchanged.
        if outcome is StepOutcome.DONE and step.stage in {Stage.ASSIGNMENT, Stage.LINK}:
            progress.news = step.stage is Stage.ASSIGNMENT and not progress.goes_back
        observer.step_ended(result)


def _note_time(step: Step, started: float, world: World, progress: _Progress) -> None:
    spent = world.clock.monotonic_seconds() - started
    progress.phases[step.stage.value] = progress.phases.get(step.stage.value, 0.0) + spent


def _pass_gate(
    numbered: tuple[int, HealthStep],
    world: World,
    journal: Journal,
    observer: Observer,
    progress: _Progress,
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
            _skip([(number, step)], INTERRUPTED, progress, journal, observer)
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
    result = _result(number, step, outcome, verdict.reason)
    progress.steps.append(result)
    observer.step_ended(result)


def _perform(
    step: Step,
    later: Sequence[Step],
    world: World,
    bindings: Bindings,
) -> tuple[StepOutcome, Bindings]:
    match step:
        case EntryStep():
            return perform_entry(step, world, later), bindings
        case TemplateVersionStep():
            return perform_template_version(step, world, later), bindings
        case GpoStep():
            outcome, real = perform_gpo(step, world)
            return outcome, bindings.with_id(step.gpo_id, real)
        case FilteringStep():
            return perform_filtering(step, world, later), bindings
        case TemplateAccessStep():
            return perform_template_access(step, world), bindings
        case WebStep():
            return perform_web(step, world), bindings
        case MemberStep() | DeadManStep() | HealthStep():
            message = "members are dealt with together, and gates are passed"
            raise AssertionError(message)
        case _:
            assert_never(step)


def _member_steps(numbered: Sequence[_Numbered]) -> Iterator[tuple[int, MemberStep]]:
    for number, step in numbered:
        if isinstance(step, MemberStep):
            yield number, step


def _perform_members(
    numbered: Sequence[_Numbered],
    world: World,
    journal: Journal,
    observer: Observer,
    progress: _Progress,
) -> None:
    by_host = {step.host: (number, step) for number, step in _member_steps(numbered)}
    if not by_host:
        return
    for number, step in by_host.values():
        observer.step_begins(number, step)
        journal.append("step-begins", number=number, stage=step.stage.value, object=step.host)
    started = world.clock.monotonic_seconds()
    try:
        for refreshed in _refreshed(by_host, world, observer, progress):
            number, step = by_host[refreshed.host]
            member = replace(refreshed, wave=step.wave)
            journal.append(
                "member-ends",
                number=number,
                stage=step.stage.value,
                host=member.host,
                outcome=member.outcome.value,
                reason=member.reason,
            )
            done = member.outcome is HostOutcome.DONE
            result = _result(
                number,
                step,
                StepOutcome.DONE if done else StepOutcome.FAILED,
                member.reason,
            )
            # A later refresh of the same host says how it stands.
            progress.members = [m for m in progress.members if m.host != member.host] + [member]
            progress.steps.append(result)
            observer.member_ended(member)
            observer.step_ended(result)
    except OrchestratorError as error:
        progress.error = str(error)
        ended = {result.number for result in progress.steps}
        for number, step in by_host.values():
            if number not in ended:
                result = _result(number, step, StepOutcome.FAILED, str(error))
                progress.steps.append(result)
                observer.step_ended(result)
        journal.append(
            "members-failed",
            stage=_MEMBERS,
            error=type(error).__name__,
            reason=str(error),
        )
    spent = world.clock.monotonic_seconds() - started
    progress.phases[_MEMBERS] = progress.phases.get(_MEMBERS, 0.0) + spent
    # They end in any order; people look for them in that of the plan. Who was refreshed twice is
    # as it was left the second time.
    latest = {member.host: member for member in progress.members}
    planned = [step.host for step in progress.planned if isinstance(step, MemberStep)]
    progress.members = [latest[host] for host in dict.fromkeys(planned) if host in latest]


def _refreshed(
    by_host: Mapping[str, tuple[int, MemberStep]],
    world: World,
    observer: Observer,
    progress: _Progress,
) -> Iterator[MemberResult]:
    steps = [step for _, step in by_host.values()]
    return refresh_members(steps, world, observer, force=not progress.news)


def _result(number: int, step: Step, outcome: StepOutcome, reason: str = "") -> StepResult:
    return StepResult(
        number=number,
        stage=step.stage,
        title=step.title,
        object=object_of(step),
        outcome=outcome,
        reason=reason,
    )
