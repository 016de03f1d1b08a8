"""What confirm and restore-members share: find the run, ask, do it, print what came of it."""

import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import click

from ipsec_orchestrator.app.confirmations import (
    Waiting,
    confirm_members,
    restore_members,
    waiting_run,
    with_confirmations,
)
from ipsec_orchestrator.cli.exit_codes import Exit
from ipsec_orchestrator.cli.options import Connection, state_place
from ipsec_orchestrator.cli.output import print_json, print_table, talk
from ipsec_orchestrator.errors import ExpiredConfirmationError, UsageError
from ipsec_orchestrator.model.outcome import HostOutcome, MemberResult
from ipsec_orchestrator.ports import World
from ipsec_orchestrator.report.confirmation_report import (
    HEADINGS,
    confirmation_to_json,
    result_rows,
)

_Act = Callable[[Waiting, World], list[MemberResult]]


def confirm_and_print(
    name: str, connection: Connection, *, yes: bool, state: str | None, as_json: bool
) -> int:
    """Confirm a run and give the exit code."""

    def refuse_expired(waiting: Waiting) -> None:
        pending = waiting.pending
        if pending is not None and pending.deadline <= datetime.now(UTC):
            raise ExpiredConfirmationError(run_id=waiting.run_id, deadline=pending.deadline)

    return _act(
        name,
        connection,
        lambda waiting, world: confirm_members(waiting, world, _tell),
        question="Keep what run {run} did on {hosts}?",
        yes=yes,
        state=state,
        as_json=as_json,
        check=refuse_expired,
    )


def restore_and_print(
    name: str,
    connection: Connection,
    *,
    keep_policy: bool,
    yes: bool,
    state: str | None,
    as_json: bool,
) -> int:
    """Put members right and give the exit code."""
    kept = "with the policy of the run in force again" if keep_policy else "without its policy"
    return _act(
        name,
        connection,
        lambda waiting, world: restore_members(waiting, world, _tell, keep_policy=keep_policy),
        question=f"Give {{hosts}} their PolicyAgent back, {kept}?",
        yes=yes,
        state=state,
        as_json=as_json,
    )


def _act(
    name: str,
    connection: Connection,
    act: _Act,
    *,
    question: str,
    yes: bool,
    state: str | None,
    as_json: bool,
    check: Callable[[Waiting], None] = lambda _: None,
) -> int:
    inventory = connection.read_inventory()
    place = state_place(state)
    waiting = waiting_run(name, inventory, place, connection.limit)
    check(waiting)
    hosts = ", ".join(host.name for host in waiting.hosts)
    if not yes and not _agreed(question.format(run=waiting.run_id, hosts=hosts)):
        talk().print("Nothing was changed.")
        return Exit.ERROR
    with connection.open_to_examine(inventory) as world:
        results = act(waiting, with_confirmations(world, place))
    if as_json:
        print_json(confirmation_to_json(waiting.run_id, results))
    else:
        print_table(HEADINGS, result_rows(results))
    return _exit_code(results)


def _agreed(question: str) -> bool:
    if not sys.stdin.isatty():
        raise UsageError("Nobody is there to be asked.", cure="Use --yes.")
    return click.confirm(question, err=True)


def _tell(result: MemberResult) -> None:
    talk().print(f"{result.host}: {result.outcome.value}: {result.reason}", soft_wrap=True)


def _exit_code(results: Sequence[MemberResult]) -> Exit:
    done = all(result.outcome is HostOutcome.DONE for result in results)
    return Exit.DONE if done else Exit.SOME_HOSTS
