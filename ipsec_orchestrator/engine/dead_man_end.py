"""The ends of a dead man's switch: confirmed, taken back, or fired and put right again.

Each member is dealt with by itself and read afterwards. What could not be seen is unknown, and the
command can be given again: a task that is gone already counts as success.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from ipsec_orchestrator.engine.dead_man import read_dead_man
from ipsec_orchestrator.errors import (
    HostUnreachableError,
    OrchestratorError,
    OutcomeUnknownError,
)
from ipsec_orchestrator.facts.dead_man import (
    REMOVE,
    RESTORE,
    DeadManFacts,
    DeadManRecord,
    parse_removal,
    parse_restoration,
)
from ipsec_orchestrator.model.inventory import Host
from ipsec_orchestrator.model.outcome import HostOutcome, MemberResult
from ipsec_orchestrator.planning.dead_man_tasks import task_name
from ipsec_orchestrator.ports import World

NOTHING_THERE: Final = "It has nothing of this run."
"""The reason of a member that was done before anything was begun."""

_CALL_SECONDS: Final = 60.0
_LOOKS: Final = 20
_PAUSE_SECONDS: Final = 1.0
# WMI's words for start types -> those of Set-Service.
_START_TYPES: Final = {"auto": "Automatic", "manual": "Manual", "disabled": "Disabled"}


@dataclass(frozen=True, slots=True)
class _End:
    """What became of one member."""

    outcome: HostOutcome
    reason: str
    cure: str | None = None


def confirm(run_id: str, hosts: Iterable[Host], world: World) -> Iterator[MemberResult]:
    """Take the tasks of a run away, so that what it did stays.

    A member where the task has fired already is not confirmed by that: it needs its services back.
    """
    return _each(hosts, world, lambda host: _confirm(run_id, host, world))


def restore(
    run_id: str, hosts: Iterable[Host], world: World, *, keep_policy: bool
) -> Iterator[MemberResult]:
    """Give members their services back after the task has fired, and take it away.

    Args:
        run_id: The run.
        hosts: Its members.
        world: Where.
        keep_policy: Let the policy of the run come into force again. Else a member that still has
            it is left as it is, because enabling its agent would bring back what cut it off.
    """
    return _each(hosts, world, lambda host: _restore(run_id, host, world, keep_policy=keep_policy))


def release(hosts: Iterable[Host], world: World) -> Iterator[MemberResult]:
    """Take every task of ours away and give services back where one has fired.

    For the inverse of the step that put them there: by then the directory has been put right and
    the members have fetched that.
    """
    return _each(hosts, world, lambda host: _release(host, world))


def _each(
    hosts: Iterable[Host], world: World, work: Callable[[Host], _End]
) -> Iterator[MemberResult]:
    def visit(host: Host) -> MemberResult:
        started = world.clock.monotonic_seconds()
        try:
            end = work(host)
        except (HostUnreachableError, OutcomeUnknownError) as error:
            end = _End(HostOutcome.UNKNOWN, str(error), "Give the command again.")
        except OrchestratorError as error:
            end = _End(HostOutcome.FAILED, str(error), "Give the command again.")
        return MemberResult(
            host=host.name,
            role=host.role.value,
            outcome=end.outcome,
            policy=None,
            enforced=None,
            reason=end.reason,
            cure=end.cure,
            seconds=world.clock.monotonic_seconds() - started,
        )

    for _, result in world.runner.each(visit, hosts):
        yield result


def _confirm(run_id: str, host: Host, world: World) -> _End:
    facts = read_dead_man(host, world)
    record = facts.record(run_id)
    if record is not None and record.fired:
        return _fired(run_id)
    if record is None and facts.task(task_name(run_id)) is None:
        return _End(HostOutcome.DONE, NOTHING_THERE)
    removed = _remove(run_id, host, world)
    if removed is not None:
        return removed
    again = read_dead_man(host, world)
    if again.task(task_name(run_id)) is not None:
        return _End(HostOutcome.FAILED, "Its task is there again.", "Give the command again.")
    return _End(HostOutcome.DONE, "Confirmed: its task is gone.")


def _fired(run_id: str) -> _End:
    return _End(
        HostOutcome.FAILED,
        "Its task has fired already, so its PolicyAgent is disabled.",
        f"orchestrate restore-members {run_id} gives the service back.",
    )


def _remove(run_id: str, host: Host, world: World) -> _End | None:
    """Take the tasks away; ``None`` if they are gone and had not fired."""
    call = world.scripts(REMOVE, {"RunId": run_id}, deadline_seconds=_CALL_SECONDS)
    removal = parse_removal(world.members.run(host, call))
    if removal.tasks_left:
        return _End(
            HostOutcome.FAILED, "Its task could not be deleted.", "Delete it there, or try again."
        )
    return _fired(run_id) if removal.fired else None


def _restore(run_id: str, host: Host, world: World, *, keep_policy: bool) -> _End:
    facts = read_dead_man(host, world)
    record = facts.record(run_id)
    if record is None:
        if facts.task(task_name(run_id)) is None:
            return _End(HostOutcome.DONE, NOTHING_THERE)
        record = DeadManRecord(run_id=run_id)
    if not keep_policy:
        facts = _after_refresh(record, host, world)
        if not _is_as_before(record, facts):
            return _End(
                HostOutcome.FAILED,
                "It still has the policy of the run, which would come into force again.",
                f"orchestrate rollback {run_id} takes it out of the directory; "
                "--keep-policy keeps it.",
            )
    return _give_back(record, host, world, facts)


def _after_refresh(record: DeadManRecord, host: Host, world: World) -> DeadManFacts:
    """Have the member fetch what the directory says now, and look until that has come."""
    call = world.scripts("start_refresh", {"Force": True}, deadline_seconds=_CALL_SECONDS)
    facts = read_dead_man(host, world)
    if _is_as_before(record, facts):
        return facts
    world.members.run(host, call)
    for _ in range(_LOOKS):
        facts = read_dead_man(host, world)
        if _is_as_before(record, facts):
            break
        world.clock.wait(_PAUSE_SECONDS)
    return facts


def _is_as_before(record: DeadManRecord, facts: DeadManFacts) -> bool:
    """Tell whether a member has no policy, or the one that it had before the run."""
    if facts.policy_path is None:
        return True
    before = record.policy_path or ""
    return facts.policy_path.casefold() == before.casefold()


def _release(host: Host, world: World) -> _End:
    facts = read_dead_man(host, world)
    records = {record.run_id: record for record in facts.records}
    for task in facts.tasks:
        run_id = task.name.removeprefix(task_name("")).removesuffix(".twin")
        records.setdefault(run_id, DeadManRecord(run_id=run_id))
    end = _End(HostOutcome.DONE, "It has no task.")
    for record in records.values():
        end = _give_back(record, host, world, facts)
        if end.outcome is not HostOutcome.DONE:
            return end
    return end


def _give_back(record: DeadManRecord, host: Host, world: World, facts: DeadManFacts) -> _End:
    """Take the task away, and give the agent back what it had if the task has fired."""
    removed = _remove(record.run_id, host, world)
    if removed is None:
        return _End(HostOutcome.DONE, "Its task is gone; it had not fired.")
    again = read_dead_man(host, world)
    if again.task(task_name(record.run_id)) is not None:
        return removed
    mode = _START_TYPES.get((record.start_mode or "").casefold())
    if mode is None:
        return _End(
            HostOutcome.FAILED,
            "Its task has fired, and what its PolicyAgent was before is not known.",
            "Set its start type there; without a policy Windows has it at Manual.",
        )
    # With a policy the agent has to run, whatever it did before there was one.
    running = mode != "Disabled" and (
        facts.policy_path is not None or (record.state or "").casefold() == "running"
    )
    call = world.scripts(
        RESTORE,
        {"RunId": record.run_id, "StartType": mode, "Running": running},
        deadline_seconds=_CALL_SECONDS,
    )
    restored = parse_restoration(world.members.run(host, call))
    if not restored.restored:
        return _End(
            HostOutcome.FAILED,
            f"PolicyAgent is {restored.start_mode} and {restored.state} instead of {mode}.",
            "Something else sets it there, for example a GPO.",
        )
    return _End(
        HostOutcome.DONE,
        f"PolicyAgent is {restored.start_mode} and {restored.state} again; its task is gone.",
    )


def failed_releases(results: Iterable[MemberResult]) -> str | None:
    """Say which members could not be released; ``None`` if all were."""
    failed = [result for result in results if result.outcome is not HostOutcome.DONE]
    if not failed:
        return None
    told = " ".join(f"{result.host}: {result.reason}" for result in failed)
    return f"The task could not be taken away everywhere. {told}"
