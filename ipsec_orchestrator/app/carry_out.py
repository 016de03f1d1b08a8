"""Carrying out a plan: with a journal, on the DC that the plan names."""

from collections.abc import Callable, Generator, Iterable
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from secrets import token_hex

from ipsec_orchestrator.app.approved_journal import ApprovedJournal
from ipsec_orchestrator.app.confirmations import with_confirmations
from ipsec_orchestrator.app.left_record import record_left
from ipsec_orchestrator.app.locked import locked
from ipsec_orchestrator.app.options import REFUSE_IF_HELD, LockOrder, StatePlace
from ipsec_orchestrator.app.run_store import run_store
from ipsec_orchestrator.engine.basis_check import check_basis
from ipsec_orchestrator.engine.observer import Observer
from ipsec_orchestrator.engine.run import run
from ipsec_orchestrator.errors import (
    RunStoppedError,
    StalePlanError,
    UnconfirmedRunError,
    UndecidedRunError,
)
from ipsec_orchestrator.facts.run_lock import read_lock
from ipsec_orchestrator.model.approval import Approval
from ipsec_orchestrator.model.outcome import RunReport
from ipsec_orchestrator.model.plan import Plan, Purpose
from ipsec_orchestrator.model.run import RunRecord, RunState
from ipsec_orchestrator.model.run_standing import undecided
from ipsec_orchestrator.model.steps import WebStep
from ipsec_orchestrator.planning.plan_secrets import refuse_secrets
from ipsec_orchestrator.ports import RunStore, World


def new_run_id(world: World) -> str:
    """Give an id that sorts by time and that two administrators do not share."""
    return f"{world.clock.now():%Y%m%d-%H%M%S}-{token_hex(3)}"


def carry_out(
    plan: Plan,
    world: World,
    place: StatePlace,
    observer: Observer,
    *,
    lock: LockOrder = REFUSE_IF_HELD,
    tell: Callable[[str], None] = lambda _: None,
    undoes: str | None = None,
    approvals: Iterable[Approval] = (),
) -> RunReport:
    """Perform every step of a plan and record it, while no other run may change its GPO.

    Args:
        plan: What to do.
        world: Where.
        place: Where the run is recorded.
        observer: Hears of everything.
        lock: What to do where another run is at work.
        tell: Told what is waited for, and of a damaged record.
        undoes: Id of the run that the plan takes back.
        approvals: Who signed the plan; goes into the record.

    Raises:
        UndecidedRunError: An earlier run of the playbook was interrupted; nothing was changed.
        UnconfirmedRunError: An earlier run of the playbook waits for its confirmation.
        LockHeldError: Another run is at work; nothing has been written then.
        StalePlanError: The plan is of another domain or DC, or something that it will touch has
            changed since; nothing has been written then.
        SecretInPlanError: The record of the run would hold a secret.
        JournalError: The record can't be written; nothing was changed without one.
        RunStoppedError: Somebody pressed Ctrl-C.
    """
    store = run_store(place, world.clock, tell)
    ready = with_confirmations(world, place)
    if undoes is None:
        refuse_unconfirmed(plan, ready)
    return carry_out_in(
        plan,
        ready,
        store,
        observer,
        lock=lock,
        tell=tell,
        undoes=undoes,
        approvals=approvals,
    )


def carry_out_in(
    plan: Plan,
    world: World,
    store: RunStore,
    observer: Observer,
    *,
    lock: LockOrder = REFUSE_IF_HELD,
    tell: Callable[[str], None] = lambda _: None,
    undoes: str | None = None,
    approvals: Iterable[Approval] = (),
) -> RunReport:
    """Do what :func:`carry_out` does, and record it in a store that is there already."""
    refuse_secrets(plan)
    check_domain(plan, world)
    if undoes is None:
        refuse_undecided(plan, store)
    run_id = new_run_id(world)
    with (
        store.begin(run_id) as journal,
        locked_for(plan, world, store, run_id=run_id, order=lock, tell=tell) as ours,
    ):
        check_basis(plan, ours)
        with stopped_as_error(run_id):
            noting = ApprovedJournal(journal, approvals)
            report = run(plan, ours, noting, observer, run_id, undoes=undoes)
        record_left(plan, report, ours, journal, store)
        return report


def check_domain(plan: Plan, world: World) -> None:
    """Make sure that the plan is of this domain and DC.

    Raises:
        StalePlanError: It is not.
    """
    names = world.directory.names()
    if names.domain.casefold() != plan.basis.domain.casefold():
        raise StalePlanError(
            object="the domain",
            attribute="DNS name",
            expected=plan.basis.domain,
            found=names.domain,
        )
    if names.dc.casefold() != plan.basis.dc.casefold():
        raise StalePlanError(
            object=plan.basis.domain,
            attribute="domain controller",
            expected=plan.basis.dc,
            found=names.dc,
        )


def open_run(plan: Plan, store: RunStore) -> RunRecord | None:
    """Give a run of the plan's playbook that was interrupted, or that is still going on."""
    return undecided(store.runs(), plan.basis.playbook, plan.basis.domain)


def refuse_undecided(plan: Plan, store: RunStore) -> None:
    """Refuse to begin while an earlier run of the playbook is half done; removing is never refused.

    Raises:
        UndecidedRunError: One is.
    """
    harmless = plan.purpose is Purpose.REMOVE or _is_web_only(plan)
    found = None if harmless else open_run(plan, store)
    if found is not None:
        raise UndecidedRunError(
            run_id=found.run_id,
            command=found.command,
            playbook=found.playbook,
            running=found.state is RunState.RUNNING,
        )


def refuse_unconfirmed(plan: Plan, world: World) -> None:
    """Refuse to build on a run whose tasks still stand; removing is never refused.

    Raises:
        UnconfirmedRunError: There is one.
    """
    if plan.purpose is Purpose.REMOVE or _is_web_only(plan) or world.confirmations is None:
        return
    for pending in world.confirmations.all():
        same = pending.playbook == plan.basis.playbook
        if same and pending.domain.casefold() == plan.basis.domain.casefold():
            raise UnconfirmedRunError(
                run_id=pending.run_id, hosts=pending.hosts, fires=pending.deadline
            )


def locked_for(
    plan: Plan,
    world: World,
    store: RunStore,
    *,
    run_id: str,
    order: LockOrder,
    tell: Callable[[str], None],
) -> AbstractContextManager[World]:
    """Hold the lock of the plan's GPO; a web server for a proof is nothing of the GPO's."""
    if _is_web_only(plan):
        return nullcontext(world)
    found = with_left_lock(plan, world, store, order)
    return locked(world, plan.basis.gpo, run_id, found, tell)


def _is_web_only(plan: Plan) -> bool:
    return bool(plan.steps) and all(isinstance(step, WebStep) for step in plan.steps)


def with_left_lock(plan: Plan, world: World, store: RunStore, order: LockOrder) -> LockOrder:
    """Break a lock that was left behind by a run of this state folder whose process is gone."""
    found = read_lock(world.directory, plan.basis.gpo) if order.break_run is None else None
    if found is None or found.lock is None or not store.is_gone(found.lock.run_id):
        return order
    return replace(order, break_run=found.lock.run_id)


@contextmanager
def stopped_as_error(run_id: str) -> Generator[None]:
    """Turn Ctrl-C into an error that says how to go on.

    Raises:
        RunStoppedError: Somebody pressed it.
    """
    try:
        yield
    except KeyboardInterrupt as stop:
        raise RunStoppedError(run_id=run_id) from stop
