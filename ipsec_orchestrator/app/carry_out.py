"""Carrying out a plan: with a journal, on the DC that the plan names."""

from collections.abc import Callable
from contextlib import nullcontext
from secrets import token_hex

from ipsec_orchestrator.app.confirmations import with_confirmations
from ipsec_orchestrator.app.left_record import record_left
from ipsec_orchestrator.app.locked import locked
from ipsec_orchestrator.app.options import REFUSE_IF_HELD, LockOrder, StatePlace
from ipsec_orchestrator.app.run_store import run_store
from ipsec_orchestrator.engine.basis_check import check_basis
from ipsec_orchestrator.engine.observer import Observer
from ipsec_orchestrator.engine.run import run
from ipsec_orchestrator.errors import StalePlanError
from ipsec_orchestrator.model.outcome import RunReport
from ipsec_orchestrator.model.plan import Plan
from ipsec_orchestrator.model.steps import WebStep
from ipsec_orchestrator.ports import World


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
) -> RunReport:
    """Perform every step of a plan and record it, while no other run may change its GPO.

    Raises:
        LockHeldError: Another run is at work; nothing has been written then.
        StalePlanError: The plan is of another domain or DC, or something that it will touch has
            changed since; nothing has been written then.
        JournalError: The record can't be written; nothing was changed without one.
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
    run_id = new_run_id(world)
    # A web server for a proof is nothing of the GPO's.
    touches_gpo = not all(isinstance(step, WebStep) for step in plan.steps)
    with (
        locked(world, plan.basis.gpo, run_id, lock, tell) if touches_gpo else nullcontext(world)
    ) as ours:
        check_basis(plan, ours)
        with run_store(place, ours.clock).begin(run_id) as journal:
            report = run(plan, with_confirmations(ours, place), journal, observer, run_id)
            record_left(plan, report, ours, journal)
            return report
