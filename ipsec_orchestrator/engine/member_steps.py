"""The steps of a run that refresh members, performed side by side."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ipsec_orchestrator.engine.members import refresh_members
from ipsec_orchestrator.engine.observer import Observer
from ipsec_orchestrator.engine.progress import Numbered, Progress, step_result
from ipsec_orchestrator.errors import OrchestratorError
from ipsec_orchestrator.model.outcome import HostOutcome, MemberResult, StepOutcome
from ipsec_orchestrator.model.stages import Stage
from ipsec_orchestrator.model.steps import MemberStep
from ipsec_orchestrator.ports import Journal, World

_MEMBERS = Stage.MEMBERS.value


def _member_steps(numbered: Sequence[Numbered]) -> Iterator[tuple[int, MemberStep]]:
    for number, step in numbered:
        if isinstance(step, MemberStep):
            yield number, step


def perform_members(
    numbered: Sequence[Numbered],
    world: World,
    journal: Journal,
    observer: Observer,
    progress: Progress,
) -> None:
    """Refresh them, and record what became of each."""
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
            result = step_result(
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
                result = step_result(number, step, StepOutcome.FAILED, str(error))
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
    progress: Progress,
) -> Iterator[MemberResult]:
    steps = [step for _, step in by_host.values()]
    return refresh_members(steps, world, observer, force=not progress.news)
