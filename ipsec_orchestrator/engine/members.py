"""Refreshes members side by side and looks until each has what it ought to have.

The order to refresh is given once. A connection that breaks afterwards is expected, because
IPsec coming up resets it: the member is read again on a new connection until the deadline.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, repeat
from uuid import UUID

from ipsec_orchestrator.engine.observer import Observer
from ipsec_orchestrator.errors import (
    AccessDeniedError,
    AuthenticationError,
    HostUnreachableError,
    OrchestratorError,
    OutcomeUnknownError,
)
from ipsec_orchestrator.facts.assigned_set import read_assigned_set
from ipsec_orchestrator.facts.member_policy import MemberObservation, parse_member_policy
from ipsec_orchestrator.facts.member_verdict import (
    MemberOutcome,
    MemberVerdict,
    WantedOnMember,
    judge_member,
)
from ipsec_orchestrator.model.inventory import Host
from ipsec_orchestrator.model.outcome import HostOutcome, MemberResult
from ipsec_orchestrator.model.steps import MemberStep
from ipsec_orchestrator.ports import World

# Seconds between two looks: quick at first, because most members need a second or two.
_PAUSES = (0.2, 0.3, 0.5, 1.0, 2.0, 3.0, 5.0)
_LAST_PAUSE = 10.0
_LOOK_SECONDS = 60.0
# PolicyAgent fills its cache after the extension has ended; what is wrong has to stay wrong for
# that long before it counts.
_GRACE_SECONDS = 3.0

_Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Visit:
    """One member on its way."""

    host: Host
    wanted: WantedOnMember | None
    deadline: float
    say: _Say
    force: bool


def refresh_members(
    steps: Iterable[MemberStep],
    world: World,
    observer: Observer,
    *,
    force: bool = False,
) -> Iterator[MemberResult]:
    """Refresh and verify members; results come as they are ready.

    Args:
        steps: Who is to have what.
        world: How they are reached.
        observer: Hears of every look.
        force: Have the settings applied although no GPO has a new version. Windows skips
            unchanged GPOs, so a member that lost its policy would never get it back otherwise.

    Raises:
        PlanError: The policy that members ought to have is not in the directory.
        CodecError: One of its objects can't be decoded.
        BackendError: The directory can't be read.
    """
    steps = list(steps)
    wanted = {
        after: read_assigned_set(world.directory, UUID(after.strip("{}"))) if after else None
        for after in {step.after for step in steps}
    }

    def visit(step: MemberStep) -> MemberResult:
        host = world.inventory.host(step.host)
        if host is None:
            return _lost(step)

        def say(text: str) -> None:
            observer.member_says(step.host, text)

        started = world.clock.monotonic_seconds()
        deadline = started + host.winrm.deadline_seconds
        result = _visit(_Visit(host, wanted[step.after], deadline, say, force), world)
        spent = world.clock.monotonic_seconds() - started
        return replace(result, seconds=spent)

    for _, result in world.runner.each(visit, steps):
        yield result


def _lost(step: MemberStep) -> MemberResult:
    return MemberResult(
        host=step.host,
        role="",
        outcome=HostOutcome.FAILED,
        policy=None,
        enforced=None,
        reason="The inventory does not have this host any more.",
        cure="Use the inventory that the plan was made with.",
    )


def _visit(visit: _Visit, world: World) -> MemberResult:
    before: MemberObservation | None = None
    try:
        before = _first_look(visit, world)
        _order(visit, world)
    except OrchestratorError as error:
        return _ended(visit, HostOutcome.FAILED, None, str(error), before)
    return _look_until_done(visit, before, world)


def _order(visit: _Visit, world: World) -> None:
    """Order the refresh, once.

    Raises:
        OrchestratorError: The member could not be ordered to do anything.
    """
    visit.say("ordering the refresh")
    call = world.scripts("start_refresh", {"Force": visit.force}, deadline_seconds=_LOOK_SECONDS)
    try:
        world.members.run(visit.host, call)
    except OutcomeUnknownError as error:
        # It may have been taken. Looking tells; ordering twice would tell nothing more.
        visit.say(f"connection lost after the order: {error.reason}")


def _first_look(visit: _Visit, world: World) -> MemberObservation:
    """Read the member before anything is ordered, with patience for one that is restarting."""
    patience = visit.host.winrm.connect_timeout_seconds
    until = min(visit.deadline, world.clock.monotonic_seconds() + patience)
    for pause in chain(_PAUSES, repeat(_LAST_PAUSE)):
        try:
            return _look(visit, world)
        except HostUnreachableError as error:
            if world.clock.monotonic_seconds() + pause > until:
                raise
            visit.say(f"not reached yet: {error.reason}")
            world.clock.wait(pause)
    raise AssertionError


def _look(visit: _Visit, world: World) -> MemberObservation:
    left = max(1.0, visit.deadline - world.clock.monotonic_seconds())
    call = world.scripts("member_policy", deadline_seconds=min(_LOOK_SECONDS, left))
    return parse_member_policy(world.members.run(visit.host, call))


def _look_until_done(visit: _Visit, before: MemberObservation, world: World) -> MemberResult:
    last: tuple[MemberVerdict, MemberObservation] | None = None
    trouble: str | None = None
    failing_since: float | None = None
    for pause in chain(_PAUSES, repeat(_LAST_PAUSE)):
        try:
            observation = _look(visit, world)
            verdict = judge_member(observation, visit.wanted, before.time)
            last, trouble = (verdict, observation), None
            now = world.clock.monotonic_seconds()
            if verdict.outcome is MemberOutcome.DONE:
                return _judged(visit, verdict, observation)
            if verdict.outcome is MemberOutcome.FAILED:
                failing_since = now if failing_since is None else failing_since
                if now - failing_since >= _GRACE_SECONDS:
                    return _judged(visit, verdict, observation)
            else:
                failing_since = None
            visit.say(verdict.reason)
        except (AuthenticationError, AccessDeniedError) as error:
            return _ended(visit, HostOutcome.UNKNOWN, last, str(error), before)
        except OrchestratorError as error:
            trouble = str(error)
            visit.say(f"looking again: {trouble}")
        if world.clock.monotonic_seconds() + pause >= visit.deadline:
            break
        world.clock.wait(pause)
    if trouble is None and last is not None and last[0].outcome is MemberOutcome.PENDING:
        reason = f"It did not take the policy before the deadline: {last[0].reason}"
    else:
        reason = trouble or (last[0].reason if last else "It was never read.")
    return _ended(visit, HostOutcome.UNKNOWN, last, reason, before)


def _judged(
    visit: _Visit,
    verdict: MemberVerdict,
    observation: MemberObservation,
) -> MemberResult:
    done = verdict.outcome is MemberOutcome.DONE
    return MemberResult(
        host=visit.host.name,
        role=visit.host.role.value,
        outcome=HostOutcome.DONE if done else HostOutcome.FAILED,
        policy=_policy_name(observation),
        enforced=verdict.enforced,
        reason=verdict.reason,
        cure=verdict.cure,
    )


def _ended(
    visit: _Visit,
    outcome: HostOutcome,
    last: tuple[MemberVerdict, MemberObservation] | None,
    reason: str,
    before: MemberObservation | None,
) -> MemberResult:
    """Give the outcome of a member of which nobody knows how it is now."""
    return MemberResult(
        host=visit.host.name,
        role=visit.host.role.value,
        outcome=outcome,
        policy=_policy_name(last[1]) if last else None,
        enforced=last[0].enforced if last else None,
        reason=reason,
        cure=f"Find out with: orchestrate show --host {visit.host.name}",
        last_known=_last_known(last, before),
    )


def _last_known(
    last: tuple[MemberVerdict, MemberObservation] | None,
    before: MemberObservation | None,
) -> str:
    """Say what was seen at last, and when by the member's own clock."""
    if last is not None:
        verdict, seen = last
        enforced = "enforced" if verdict.enforced else "not enforced"
        when = f"after the order, at {seen.time:%Y-%m-%d %H:%M:%S} UTC by its clock"
    elif before is not None:
        seen, enforced = before, "as it was"
        when = f"before the order, at {seen.time:%Y-%m-%d %H:%M:%S} UTC by its clock"
    else:
        return "Last known: nothing; it was never read in this run."
    name = _policy_name(seen)
    return f"Last known, {when}: " + (f"policy {name}, {enforced}." if name else "no policy.")


def _policy_name(observation: MemberObservation) -> str | None:
    if observation.assigned is None:
        return None
    return observation.assigned.name or observation.assigned.path
