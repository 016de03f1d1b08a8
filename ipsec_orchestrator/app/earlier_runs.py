"""Runs of the past, for going on with them and for taking them back."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from ipsec_orchestrator import __version__
from ipsec_orchestrator.app.carry_out import (
    check_domain,
    locked_for,
    stopped_as_error,
    with_left_lock,
)
from ipsec_orchestrator.app.left_record import record_left
from ipsec_orchestrator.app.locked import locked
from ipsec_orchestrator.app.options import REFUSE_IF_HELD, LockOrder
from ipsec_orchestrator.engine.backup import look
from ipsec_orchestrator.engine.observer import Observer
from ipsec_orchestrator.engine.past import bindings_of, check_before_resuming, past_of
from ipsec_orchestrator.engine.run import run
from ipsec_orchestrator.errors import RunBusyError, RunRefusedError
from ipsec_orchestrator.model.backup import Backup
from ipsec_orchestrator.model.outcome import RunReport
from ipsec_orchestrator.model.plan import Plan
from ipsec_orchestrator.model.policy import GpoVia
from ipsec_orchestrator.model.run import RunEvent, RunHistory, RunRecord, RunState
from ipsec_orchestrator.model.run_replay import replay
from ipsec_orchestrator.model.run_standing import later_run, same_target
from ipsec_orchestrator.model.steps import TemplateVersionStep
from ipsec_orchestrator.planning.backupfile import backup_from_json
from ipsec_orchestrator.planning.concerned import via_of
from ipsec_orchestrator.planning.planfile import parse_plan
from ipsec_orchestrator.planning.rollback import plan_rollback
from ipsec_orchestrator.planning.rollback_views import RunToUndo
from ipsec_orchestrator.planning.stepfile import mapping
from ipsec_orchestrator.ports import RunStore, World

Tell = Callable[[str], None]

_OVER_AND_DONE: Final = {
    RunState.ROLLED_BACK: "was rolled back already",
    RunState.SUPERSEDED: "is moot: a later run of the same playbook came to its end",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierRun:
    """A run as it was recorded.

    Attributes:
        record: How it stands.
        plan: Its plan.
        history: What became of it.
        before: What was there before its first write; ``None`` if it did not get that far.
    """

    record: RunRecord
    plan: Plan
    history: RunHistory
    before: Backup | None

    @property
    def steps_left(self) -> int:
        """How many steps are not over."""
        return len(self.plan.steps) - sum(s.is_over for s in self.history.steps.values())


def read_run(store: RunStore, name: str) -> EarlierRun:
    """Read a run; ``name`` is its id, the beginning of one, or ``last``.

    Raises:
        RunNotFoundError: None, or more than one, is meant.
        RunRefusedError: Its record has no plan.
        BackendError: It can't be read.
    """
    record = store.find(name)
    events = store.events(record.run_id)
    plan = events[0].fields.get("plan") if events else None
    if plan is None:
        raise RunRefusedError(
            f"The record of the run {record.run_id} has no plan: an earlier version made it.",
            cure="Plan again, or use orchestrate remove.",
        )
    return EarlierRun(
        record=record,
        plan=parse_plan(json.dumps(plan), f"the plan of the run {record.run_id}"),
        history=replay(events),
        before=_backup(events),
    )


def _backup(events: Iterable[RunEvent]) -> Backup | None:
    for event in events:
        if event.kind == "backup":
            return backup_from_json(mapping(event.fields["places"]))
    return None


def check_open(found: EarlierRun, store: RunStore) -> None:
    """Make sure that a run is the last word, so that it can be resumed or rolled back.

    Raises:
        RunBusyError: It is still going on.
        RunRefusedError: It was rolled back, or later runs have built on it.
    """
    record = found.record
    if record.state is RunState.RUNNING:
        raise RunBusyError(run_id=record.run_id)
    if record.state in _OVER_AND_DONE:
        raise RunRefusedError(
            f"Nothing was changed. The run {record.run_id} {_OVER_AND_DONE[record.state]}.",
            cure="`orchestrate runs` shows how the runs stand.",
        )
    later = later_run(record, store.runs())
    if later is not None:
        finish = "" if later.state is RunState.DONE else f"`orchestrate resume {later.run_id}`, or "
        raise RunRefusedError(
            f"Nothing was changed. The later run {later.run_id} ({later.command}, "
            f"{later.state.value}) has built on {record.run_id}.",
            cure=f"First {finish}`orchestrate rollback {later.run_id}`.",
        )


def resume(
    found: EarlierRun,
    world: World,
    store: RunStore,
    observer: Observer,
    *,
    lock: LockOrder = REFUSE_IF_HELD,
    tell: Tell = lambda _: None,
) -> RunReport | None:
    """Go on with a run under its own id, from the first step that is not over.

    Returns:
        What it came to; ``None`` if it was done already.

    Raises:
        StalePlanError: Somebody else has changed what the run has left behind; nothing was
            written then.
        RunBusyError: Another process goes on with it already.
        LockHeldError: Another run is at work; nothing has been written then.
        JournalError: The record can't be written; nothing was changed without one.
        RunStoppedError: Somebody pressed Ctrl-C.
    """
    plan, run_id = found.plan, found.record.run_id
    check_domain(plan, world)
    if found.record.state is RunState.DONE:
        order = with_left_lock(plan, world, store, lock)
        if order.break_run == run_id:
            # It died after its last word, and before it gave the lock back.
            with locked(world, plan.basis.gpo, run_id, order, tell):
                pass
        return None
    with (
        store.go_on(run_id) as journal,
        locked_for(plan, world, store, run_id=run_id, order=lock, tell=tell) as ours,
    ):
        history = replay(store.events(run_id))
        bindings = bindings_of(history, plan.steps, ours)
        past = past_of(history, bindings, has_backup=found.before is not None)
        bound = [bindings.bind(step) for step in plan.steps]
        check_before_resuming(bound, history.steps, ours)
        with stopped_as_error(run_id):
            report = run(plan, ours, journal, observer, run_id, past=past)
        record_left(plan, report, ours, journal, store)
        return report


def make_rollback_plan(found: EarlierRun, world: World, store: RunStore) -> Plan:
    """Read what is there and plan taking a run back; writes nothing.

    Raises:
        StalePlanError: Somebody else has changed what the run touched.
        BackendError: Something can't be read.
    """
    check_domain(found.plan, world)
    bindings = bindings_of(found.history, found.plan.steps, world)
    plan = found.plan
    steps = tuple(bindings.bind(step) for step in plan.steps)
    via = via_of(steps) or _via_of_earlier(found, store)
    undo = RunToUndo(
        plan=replace(plan, steps=steps),
        records=found.history.steps,
        before=found.before or Backup(),
        now=look(steps, plan.basis.domain, world, via=via),
        later_versions=_later_versions(found, store),
    )
    return plan_rollback(undo, __version__, via)


def _later_versions(found: EarlierRun, store: RunStore) -> frozenset[int]:
    """Give the versions that later runs of the playbook wrote; all of them were taken back."""
    return frozenset(
        step.after
        for record in store.runs()
        if record.started > found.record.started and same_target(record, found.record)
        for step in read_run(store, record.run_id).plan.steps
        if isinstance(step, TemplateVersionStep)
    )


def _via_of_earlier(found: EarlierRun, store: RunStore) -> GpoVia | None:
    """Find out how the GPO's template is reached from the runs before."""
    for record in store.runs():
        if record.started < found.record.started and same_target(record, found.record):
            via = via_of(read_run(store, record.run_id).plan.steps)
            if via is not None:
                return via
    return None
