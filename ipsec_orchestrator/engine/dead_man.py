"""Puts a dead man's switch on all members of a run, or on none.

First a harmless twin is tried everywhere; only when it has run, and been read back, on every
member, the deadline is set, and the tasks themselves are registered and read back. Whatever goes
wrong until then, everything is taken away again and nothing of the plan has been carried out.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, TypeVar

from ipsec_orchestrator.codec.scheduled_task import boundary_text, task_xml
from ipsec_orchestrator.engine.observer import Observer
from ipsec_orchestrator.errors import DeadManError, OrchestratorError
from ipsec_orchestrator.facts.dead_man import (
    ARM,
    READ,
    REMOVE,
    DeadManFacts,
    DeadManRecord,
    parse_dead_man,
    parse_removal,
)
from ipsec_orchestrator.model.confirmation import PendingConfirmation
from ipsec_orchestrator.model.inventory import Host
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.steps import DeadManStep
from ipsec_orchestrator.planning.dead_man_tasks import dead_man_task, twin_task
from ipsec_orchestrator.planning.dead_man_verdict import (
    obstacle,
    read_back_problem,
    twin_is_over,
    twin_problem,
)
from ipsec_orchestrator.ports import World

# The twin is due that long after it was ordered, beside what the order takes; a member that was too
# slow to register it in time gets a second one.
_TWIN_DELAYS: Final = (timedelta(seconds=2), timedelta(seconds=20))
_TWIN_PATIENCE: Final = timedelta(seconds=30)
_PAUSE_SECONDS: Final = 1.0
_CALL_SECONDS: Final = 60.0
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """A member with its task, and how it was before.

    Attributes:
        host: Inventory name.
        os_version: Of its Windows.
        record: Its state from before the run, as it stands in its registry too.
    """

    host: str
    os_version: str
    record: DeadManRecord

    def to_json(self) -> dict[str, Json]:
        """Give it for the journal."""
        return {
            "os_version": self.os_version,
            "start_mode": self.record.start_mode,
            "state": self.record.state,
            "policy_path": self.record.policy_path,
            "policy_name": self.record.policy_name,
        }


@dataclass(frozen=True, slots=True)
class _Surveyed:
    """A member that was asked: how far its clock is ahead, and how long an answer takes."""

    host: Host
    facts: DeadManFacts
    ahead: timedelta
    round_trip: timedelta


def arm(
    steps: Sequence[DeadManStep],
    world: World,
    observer: Observer,
    *,
    run_id: str,
    playbook: str,
    domain: str,
    begins: Callable[[], None] = lambda: None,
) -> tuple[datetime, tuple[Guarded, ...]]:
    """Put the tasks on all members; give the deadline and how the members were before.

    Args:
        steps: One for each member; all with the same time.
        world: Where. What it remembers of confirmations is told before the first task is there.
        observer: Hears what is done.
        run_id: Names the tasks.
        playbook: Name of the playbook, to be remembered.
        domain: DNS name of the domain, to be remembered.
        begins: Called when all members have been tried, before the first task is there.

    Raises:
        DeadManError: A member can't be guarded. No task is left then, or it is named.
        BackendError: What is to be remembered can't be written.
    """
    hosts, problems = _hosts(steps, world)
    if problems:
        raise DeadManError(failures=problems)
    surveyed = _each(partial(_survey, world=world, observer=observer, run_id=run_id), hosts, world)
    tried = _each(
        partial(_try_twin, world=world, observer=observer, run_id=run_id),
        surveyed,
        world,
        undo=lambda: _take_away(hosts, world, run_id),
    )
    deadline = _whole_second(world.clock.now() + timedelta(seconds=_seconds(steps)))
    pending = PendingConfirmation(
        run_id=run_id,
        playbook=playbook,
        domain=domain,
        deadline=deadline,
        hosts=tuple(host.name for host in hosts),
    )
    begins()
    # Before the first task: a workstation that dies now must still know of them.
    _remember(pending, world)

    def undo() -> Mapping[str, str]:
        left = _take_away(hosts, world, run_id)
        _remember(replace(pending, hosts=tuple(left)), world)
        return left

    guarded = _each(
        partial(_register, world=world, observer=observer, run_id=run_id, deadline=deadline),
        tried,
        world,
        undo=undo,
    )
    return deadline, tuple(guarded)


def _hosts(
    steps: Iterable[DeadManStep], world: World
) -> tuple[tuple[Host, ...], tuple[tuple[str, str], ...]]:
    found = {step.host: world.inventory.host(step.host) for step in steps}
    lost = tuple((name, "the inventory has it no more") for name, host in found.items() if not host)
    return tuple(host for host in found.values() if host), lost


def _seconds(steps: Sequence[DeadManStep]) -> int:
    times = {step.after for step in steps if step.after is not None}
    if len(times) != 1:
        raise DeadManError(
            failures=tuple(
                (step.host, f"{step.after} s, and others have another") for step in steps
            )
        )
    return times.pop()


def _remember(pending: PendingConfirmation, world: World) -> None:
    if world.confirmations is not None:
        world.confirmations.put(pending)


@dataclass(frozen=True, slots=True)
class _Failure:
    host: str
    reason: str


def _each(
    work: Callable[[_Item], _Result | _Failure],
    items: Sequence[_Item],
    world: World,
    undo: Callable[[], Mapping[str, str]] = dict,
) -> list[_Result]:
    """Do the same on all members; all have to succeed, else everything is undone."""

    def numbered(item: tuple[int, _Item]) -> _Result | _Failure:
        return work(item[1])

    found = sorted(
        ((place, result) for (place, _), result in world.runner.each(numbered, enumerate(items))),
        key=lambda numbered: numbered[0],
    )
    failures = [result for _, result in found if isinstance(result, _Failure)]
    if failures:
        raise DeadManError(
            failures=tuple((failure.host, failure.reason) for failure in failures),
            left=tuple(undo().items()),
        )
    return [result for _, result in found if not isinstance(result, _Failure)]


def _survey(host: Host, world: World, observer: Observer, run_id: str) -> _Surveyed | _Failure:
    before, started = world.clock.now(), world.clock.monotonic_seconds()
    try:
        facts = read_dead_man(host, world)
    except OrchestratorError as error:
        return _Failure(host.name, str(error))
    took = timedelta(seconds=world.clock.monotonic_seconds() - started)
    ahead = facts.time - (before + took / 2)
    # An answer that took long says less exactly when it was given.
    doubt = min(abs(ahead), took / 2)
    certain = ahead - doubt if ahead > timedelta() else ahead + doubt
    reason = obstacle(facts, run_id, certain.total_seconds())
    if reason is not None:
        return _Failure(host.name, reason)
    observer.member_says(host.name, f"Windows {facts.os_version}: trying a harmless task")
    return _Surveyed(host, facts, ahead, took)


def read_dead_man(host: Host, world: World) -> DeadManFacts:
    """Ask a member for everything about dead man's switches.

    Raises:
        BackendError: As ``Members.run``.
    """
    call = world.scripts(READ, deadline_seconds=_CALL_SECONDS)
    return parse_dead_man(world.members.run(host, call))


def _try_twin(
    member: _Surveyed, world: World, observer: Observer, run_id: str
) -> _Surveyed | _Failure:
    host = member.host
    reason: str | None = None
    for delay in _TWIN_DELAYS:
        due = _whole_second(world.clock.now() + member.ahead + 2 * member.round_trip + delay)
        try:
            facts = _twin_result(host, world, run_id, due)
        except OrchestratorError as error:
            return _Failure(host.name, str(error))
        reason = twin_problem(facts, run_id)
        if reason is None or twin_is_over(facts, run_id):
            break
    if reason is not None:
        return _Failure(host.name, reason)
    observer.member_says(host.name, "the harmless task ran; registering the real one")
    return member


def _twin_result(host: Host, world: World, run_id: str, due: datetime) -> DeadManFacts:
    """Register the twin, and look until it has run or nobody waits any longer."""
    definition = task_xml(twin_task(run_id, due))
    _order(host, world, {"RunId": run_id, "Definition": definition, "Twin": True})
    facts = read_dead_man(host, world)
    while not twin_is_over(facts, run_id) and facts.time < due + _TWIN_PATIENCE:
        world.clock.wait(_PAUSE_SECONDS)
        facts = read_dead_man(host, world)
    return facts


def _order(host: Host, world: World, parameters: Mapping[str, Json]) -> None:
    call = world.scripts(ARM, {"Deadline": "", **parameters}, deadline_seconds=_CALL_SECONDS)
    world.members.run(host, call)


def _register(
    member: _Surveyed, world: World, observer: Observer, run_id: str, deadline: datetime
) -> Guarded | _Failure:
    host = member.host
    # The same instant for all, in the words of the clock that will be looked at.
    start_at = deadline + timedelta(seconds=round(member.ahead.total_seconds()))
    task = dead_man_task(run_id, start_at)
    order: Mapping[str, Json] = {
        "RunId": run_id,
        "Definition": task_xml(task),
        "Deadline": boundary_text(deadline),
        "Twin": False,
    }
    try:
        _order(host, world, order)
        facts = read_dead_man(host, world)
        world.members.run(
            host,
            world.scripts(
                REMOVE, {"RunId": run_id, "TwinOnly": True}, deadline_seconds=_CALL_SECONDS
            ),
        )
    except OrchestratorError as error:
        return _Failure(host.name, str(error))
    if facts.time >= start_at:
        return _Failure(host.name, "the deadline passed before its task was there")
    reason = read_back_problem(facts, run_id, task, start_at)
    record = facts.record(run_id)
    if reason is not None or record is None:
        return _Failure(host.name, reason or "its state was not saved in its registry")
    observer.member_says(host.name, f"guarded: its task is due {boundary_text(start_at)}")
    return Guarded(host=host.name, os_version=facts.os_version, record=record)


def _take_away(hosts: Iterable[Host], world: World, run_id: str) -> dict[str, str]:
    """Take everything of a run away; give the members where that failed, and why."""

    def remove(host: Host) -> str | None:
        call = world.scripts(REMOVE, {"RunId": run_id}, deadline_seconds=_CALL_SECONDS)
        try:
            removal = parse_removal(world.members.run(host, call))
        except OrchestratorError as error:
            return str(error)
        return "its task is still there" if removal.tasks_left else None

    return {
        host.name: reason for host, reason in world.runner.each(remove, hosts) if reason is not None
    }


def _whole_second(moment: datetime) -> datetime:
    """Give the next whole second: the scheduler knows no parts."""
    return datetime.fromtimestamp(math.ceil(moment.timestamp()), tz=UTC)
