"""What resume and rollback share: find the run, show what will be done, ask, do it."""

from ipsec_orchestrator.app.carry_out import carry_out_in
from ipsec_orchestrator.app.confirmations import with_confirmations
from ipsec_orchestrator.app.earlier_runs import (
    EarlierRun,
    check_open,
    make_rollback_plan,
    read_run,
)
from ipsec_orchestrator.app.earlier_runs import resume as go_on
from ipsec_orchestrator.app.options import LockOrder
from ipsec_orchestrator.app.run_store import run_store
from ipsec_orchestrator.cli.carrying_out import agreed, conclude, say, says_yes
from ipsec_orchestrator.cli.exit_codes import Exit
from ipsec_orchestrator.cli.options import Connection, state_place
from ipsec_orchestrator.cli.output import print_lines, talk
from ipsec_orchestrator.cli.progress import watching
from ipsec_orchestrator.cli.stopping import stopping
from ipsec_orchestrator.ports import RunStore
from ipsec_orchestrator.report.plan_report import plan_lines
from ipsec_orchestrator.report.runs_report import left_lines


def _found(store: RunStore, name: str) -> EarlierRun:
    found = read_run(store, name)
    check_open(found, store)
    return found


def ask_and_resume(
    name: str,
    connection: Connection,
    *,
    lock: LockOrder,
    yes: bool,
    state: str | None,
    as_json: bool,
) -> int:
    """Do all of ``orchestrate resume`` and give the exit code."""
    inventory = connection.read_inventory()
    place = state_place(state)
    store = run_store(place, tell=say)
    found = _found(store, name)
    print_lines(
        (*plan_lines(found.plan), *left_lines(found.record, found.steps_left)), to_stderr=as_json
    )
    if found.steps_left and not yes and not says_yes(f"Carry out these {found.steps_left} steps?"):
        talk().print("Nothing was changed.")
        return Exit.ERROR
    with stopping(), connection.open(inventory, dc=found.plan.basis.dc) as world:
        with watching(found.plan) as observer:
            ready = with_confirmations(world, place)
            report = go_on(found, ready, store, observer, lock=lock, tell=say)
        return conclude(found.plan, report, world.inventory, state=state, as_json=as_json)


def ask_and_roll_back(
    name: str,
    connection: Connection,
    *,
    lock: LockOrder,
    yes: bool,
    state: str | None,
    as_json: bool,
) -> int:
    """Do all of ``orchestrate rollback`` and give the exit code."""
    inventory = connection.read_inventory()
    place = state_place(state)
    store = run_store(place, tell=say)
    found = _found(store, name)
    with stopping(), connection.open(inventory, dc=found.plan.basis.dc) as world:
        plan = make_rollback_plan(found, world, store)
        print_lines(plan_lines(plan), to_stderr=as_json)
        if not yes and not agreed(plan):
            talk().print("Nothing was changed.")
            return Exit.ERROR
        with watching(plan) as observer:
            report = carry_out_in(
                plan,
                with_confirmations(world, place),
                store,
                observer,
                lock=lock,
                tell=say,
                undoes=found.record.run_id,
            )
        return conclude(plan, report, world.inventory, state=state, as_json=as_json)
