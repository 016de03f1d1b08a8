"""What apply and remove share: show the plan, ask, carry out, print what came of it."""

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from ipsec_orchestrator.app.approved_journal import approval_to_json
from ipsec_orchestrator.app.carry_out import carry_out, open_run, refuse_undecided
from ipsec_orchestrator.app.confirmations import confirmations
from ipsec_orchestrator.app.guard import guard
from ipsec_orchestrator.app.options import REFUSE_IF_HELD, LockOrder, StatePlace
from ipsec_orchestrator.app.run_store import run_store
from ipsec_orchestrator.app.safety import make_sure_again
from ipsec_orchestrator.app.taken_back import TakenBack, take_back
from ipsec_orchestrator.cli.approving import Approving
from ipsec_orchestrator.cli.exit_codes import Exit
from ipsec_orchestrator.cli.options import Connection, state_place
from ipsec_orchestrator.cli.output import print_json, print_lines, print_table, talk
from ipsec_orchestrator.cli.planning import planned
from ipsec_orchestrator.cli.progress import telling, watching
from ipsec_orchestrator.cli.stopping import stopping
from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.model.confirmation import PendingConfirmation
from ipsec_orchestrator.model.inventory import Inventory
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.outcome import RunReport
from ipsec_orchestrator.model.plan import Consents, Plan, Purpose
from ipsec_orchestrator.planning.dead_man_part import refuse_unproved
from ipsec_orchestrator.planning.plan_secrets import refuse_secrets
from ipsec_orchestrator.planning.planfile import plan_to_json
from ipsec_orchestrator.planning.tightening import Measurement, refuse_unmeasured, with_measurement
from ipsec_orchestrator.ports import World
from ipsec_orchestrator.report.confirmation_report import pending_line, pending_to_json
from ipsec_orchestrator.report.doctor_report import guard_lines
from ipsec_orchestrator.report.plan_report import plan_lines
from ipsec_orchestrator.report.run_report import (
    all_hosts,
    ending_lines,
    member_rows,
    member_to_json,
    run_to_json,
    table_headings,
)

_NOTHING: Final[Mapping[str, Json]] = {}
_NO_CONSENTS: Final = Consents()


def ask_and_carry_out(
    path: str,
    connection: Connection,
    *,
    lock: LockOrder = REFUSE_IF_HELD,
    removal: bool,
    yes: bool,
    state: str | None,
    as_json: bool,
    skip_checks: Sequence[str] = (),
    unmeasured: bool = False,
    consents: Consents = _NO_CONSENTS,
    confirm_within: int | None = None,
    accept_unproved: bool = False,
    measurement: Measurement | None = None,
    signed_by: Sequence[str] = (),
    approvals: int | None = None,
) -> int:
    """Do all of it and give the exit code."""
    approving = Approving(
        signed_by=tuple(signed_by),
        approvals=approvals,
        command="remove" if removal else "apply",
    )
    making = planned(
        Path(path),
        connection,
        removal=removal,
        lock=lock,
        consents=consents,
        confirm_within=confirm_within,
        approving=approving,
    )
    with stopping(), making as (made, world):
        plan = with_measurement(made, measurement)
        print_lines(plan_lines(plan), to_stderr=as_json)
        if as_json:
            refuse_secrets(plan)  # it will be part of the document
        report: RunReport | None = None
        back: TakenBack | None = None
        if not plan.is_empty:
            if not unmeasured:
                refuse_unmeasured(plan)
            if not accept_unproved:
                refuse_unproved(plan)
            _decided(plan, state_place(state))
            _guard(plan, world, skip_checks)
            if not yes and not agreed(plan):
                talk().print("Nothing was changed.")
                return Exit.ERROR
            with watching(plan) as observer:
                report = carry_out(
                    plan,
                    world,
                    state_place(state),
                    observer,
                    lock=lock,
                    tell=say,
                    approvals=approving.found,
                )
            back = take_back(report, world, state_place(state), watching, lock=lock, tell=say)
        elif plan.purpose is Purpose.REMOVE and open_run(plan, run_store(state_place(state))):
            # Nothing is left of a run that was interrupted: recording that decides it.
            with watching(plan) as observer:
                report = carry_out(plan, world, state_place(state), observer, lock=lock, tell=say)
        more = measurement.document if measurement else _NOTHING
        return conclude(
            plan,
            report,
            world.inventory,
            state=state,
            as_json=as_json,
            approvals=[approval_to_json(found) for found in approving.found],
            back=back,
            more=more,
        )


def conclude(
    plan: Plan,
    report: RunReport | None,
    inventory: Inventory,
    *,
    state: str | None,
    as_json: bool,
    approvals: Sequence[Json] = (),
    back: TakenBack | None = None,
    more: Mapping[str, Json] = _NOTHING,
) -> Exit:
    """Print what came of a run and give the exit code; without a report nothing was to be done."""
    hosts = all_hosts(plan, report, inventory, back.report if back else None)
    pending = _pending(report, state)
    if as_json:
        print_json(
            {
                "plan": plan_to_json(plan),
                "approvals": list(approvals),
                "run": run_to_json(report) if report else None,
                "rollback": {"plan": plan_to_json(back.plan), "run": run_to_json(back.report)}
                if back
                else None,
                "confirmation": pending_to_json(pending),
                "hosts": [member_to_json(host) for host in hosts],
                **more,
            },
        )
    else:
        headings = table_headings(hosts)
        print_table(headings, member_rows(hosts), whole=len(headings) - 3)
    if report is None:
        return Exit.DONE
    return _last_words(report, back, pending, as_json=as_json)


def _last_words(
    report: RunReport,
    back: TakenBack | None,
    pending: PendingConfirmation | None,
    *,
    as_json: bool,
) -> Exit:
    """Say how a run ended and what was done about it, and give the exit code."""
    print_lines(ending_lines(report), to_stderr=as_json)
    if back is not None:
        print_lines(ending_lines(back.report), to_stderr=as_json)
    if pending is not None:
        print_lines([pending_line(pending, datetime.now(UTC))], to_stderr=as_json)
    return Exit.ERROR if back is not None and back.report.failed else _exit_code(report)


def _pending(report: RunReport | None, state: str | None) -> PendingConfirmation | None:
    known = confirmations(state_place(state)).all() if report is not None else ()
    return next((found for found in known if report and found.run_id == report.run_id), None)


def say(text: str) -> None:
    """Tell the person at the keyboard."""
    talk().print(text, soft_wrap=True)


def _decided(plan: Plan, place: StatePlace) -> None:
    """Refuse, before anything is asked, to begin while an earlier run is half done."""
    store = run_store(place, tell=say)
    refuse_undecided(plan, store)
    found = open_run(plan, store)
    if found is not None:
        say(
            f"The run {found.run_id} ({found.command}) is {found.state.value}; "
            "removing takes away what it has left."
        )


def _guard(plan: Plan, world: World, skip_checks: Sequence[str]) -> None:
    """Refuse to begin where a prerequisite is not met; the way back is never refused."""
    if plan.purpose is Purpose.REMOVE:
        return
    make_sure_again(plan, world)
    with telling() as tell:
        checked = guard(plan, world, skip_checks, tell)
    print_lines(guard_lines(checked.findings, checked.skipped), to_stderr=True)


def agreed(plan: Plan) -> bool:
    """Ask whether a plan that was shown is to be carried out.

    Raises:
        UsageError: Nobody is there to be asked.
    """
    return says_yes(f"Carry out these {len(plan.steps)} steps?")


def says_yes(question: str) -> bool:
    """Ask.

    Raises:
        UsageError: Nobody is there to be asked.
    """
    if not sys.stdin.isatty():
        raise UsageError(
            "Nobody is there to be asked.",
            cure="Look at the plan and then use --yes.",
        )
    return click.confirm(question, err=True)


def _exit_code(report: RunReport) -> Exit:
    if report.failed:
        return Exit.ERROR
    if not report.all_members_done:
        return Exit.SOME_HOSTS
    return Exit.ERROR if report.stopped else Exit.DONE
