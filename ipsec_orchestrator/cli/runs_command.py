"""``orchestrate runs``."""

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import click

from ipsec_orchestrator.cli.duration import days_of
from ipsec_orchestrator.cli.exit_codes import Exit
from ipsec_orchestrator.cli.options import json_option, state_option, state_place
from ipsec_orchestrator.errors import UsageError

if TYPE_CHECKING:
    from ipsec_orchestrator.ports import RunStore

_SHOWN: Final = 50


@click.group(invoke_without_command=True)
@click.option(
    "--last",
    "count",
    type=click.IntRange(min=1),
    metavar="N",
    help="Only the newest N runs.  [default: 50 in the table, all with --json]",
)
@click.option("--all", "everything", is_flag=True, help="All runs, also in the table.")
@state_option
@json_option
@click.pass_context
def runs(
    context: click.Context,
    *,
    count: int | None,
    everything: bool,
    state: str | None,
    as_json: bool,
) -> int:
    """List the runs of this state folder, newest first.

    \b
    Example:
      orchestrate runs
      orchestrate runs --last 5
      orchestrate runs --json
    """  # noqa: D301 - \b is click's mark
    from ipsec_orchestrator.cli.output import print_json, print_table, talk  # noqa: PLC0415 - lazy
    from ipsec_orchestrator.report.runs_list import (  # noqa: PLC0415 - lazy
        RUNS_HEADINGS,
        runs_rows,
        runs_to_json,
    )

    if context.invoked_subcommand is not None:
        context.obj = state
        return Exit.DONE
    records = _store(state).runs()
    if count is None and not as_json:
        # Nobody reads ten thousand rows, and drawing them takes seconds.
        count = _SHOWN
    shown = records if everything else records[:count]
    if as_json:
        print_json(runs_to_json(shown))
        return Exit.DONE
    print_table(RUNS_HEADINGS, runs_rows(shown))
    if len(shown) < len(records):
        talk().print(f"{len(records) - len(shown)} older runs are not shown; --all shows them.")
    return Exit.DONE


@runs.command()
@click.argument("run", metavar="RUN")
@state_option
@json_option
@click.pass_obj
def show(outer_state: str | None, run: str, *, state: str | None, as_json: bool) -> int:
    """Show what a run did: its steps, its hosts, and what there is a backup of.

    RUN is the id of a run, the beginning of one, or last.

    \b
    Example:
      orchestrate runs show last
    """  # noqa: D301 - \b is click's mark
    from ipsec_orchestrator.app.confirmations import confirmations  # noqa: PLC0415 - lazy
    from ipsec_orchestrator.app.earlier_runs import read_run  # noqa: PLC0415 - lazy
    from ipsec_orchestrator.cli.output import print_json, print_lines  # noqa: PLC0415 - lazy
    from ipsec_orchestrator.model.run_standing import undone_by  # noqa: PLC0415 - lazy
    from ipsec_orchestrator.report.runs_report import (  # noqa: PLC0415 - lazy
        run_details,
        run_details_lines,
    )

    store = _store(state or outer_state)
    found = read_run(store, run)
    taken_back = undone_by(found.record, store.runs())
    waiting = confirmations(state_place(state or outer_state)).all()
    pending = next((each for each in waiting if each.run_id == found.record.run_id), None)
    about = (found.plan, found.history, found.before, found.record)
    if as_json:
        print_json(run_details(*about, undone_by=taken_back, pending=pending))
    else:
        print_lines(run_details_lines(*about, undone_by=taken_back, pending=pending))
    return Exit.DONE


@runs.command()
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@state_option
@json_option
@click.pass_obj
def diff(
    outer_state: str | None, first: str, second: str, *, state: str | None, as_json: bool
) -> int:
    """Show what differs between two runs: plans, outcomes, hosts, and what each left.

    A and B are ids of runs, beginnings of them, or last. Ids and times are not compared. Exit code
    2 if anything differs.

    \b
    Example:
      orchestrate runs diff 20261123 last
    """  # noqa: D301 - \b is click's mark
    from ipsec_orchestrator.app.run_diff import read_view  # noqa: PLC0415 - lazy
    from ipsec_orchestrator.cli.output import (  # noqa: PLC0415 - lazy
        print_json,
        print_lines,
        print_table,
    )
    from ipsec_orchestrator.planning.run_diff import compare_runs  # noqa: PLC0415 - lazy
    from ipsec_orchestrator.report.run_diff_report import (  # noqa: PLC0415 - lazy
        diff_headings,
        diff_lines,
        diff_rows,
        diff_to_json,
    )

    store = _store(state or outer_state)
    one, other = read_view(store, first), read_view(store, second)
    found = compare_runs(one, other)
    if as_json:
        print_json(diff_to_json(one.record, other.record, found))
    elif found:
        print_table(diff_headings(one.record, other.record), diff_rows(found))
    print_lines(diff_lines(found), to_stderr=as_json)
    return Exit.DIFFERENCES if found else Exit.DONE


@runs.command()
@click.option(
    "--keep",
    metavar="TIME",
    callback=days_of,
    help="Keep runs that ended within this time (90d, 12w), and the months of passes and proofs "
    "that it reaches into.",
)
@click.option(
    "--keep-last", type=click.IntRange(min=1), metavar="N", help="Keep N runs of each playbook."
)
@click.option("--yes", is_flag=True, help="Remove what is listed.")
@state_option
@json_option
@click.pass_obj
def prune(
    outer_state: str | None,
    *,
    keep: timedelta | None,
    keep_last: int | None,
    yes: bool,
    state: str | None,
    as_json: bool,
) -> int:
    """List old runs that nothing needs any more; with --yes, remove them.

    What resume, rollback, confirm or drift may still ask for stays, and so does what came after it.
    With both limits a run goes only if neither keeps it.

    \b
    Example:
      orchestrate runs prune --keep 90d
      orchestrate runs prune --keep 90d --keep-last 20 --yes
    """  # noqa: D301 - \b is click's mark
    if keep is None and keep_last is None:
        raise UsageError(
            "Nothing says what is to be kept.", cure="Give --keep 90d, --keep-last N, or both."
        )
    from ipsec_orchestrator.cli.pruning import prune_and_print  # noqa: PLC0415 - lazy
    from ipsec_orchestrator.model.retention import Retention  # noqa: PLC0415 - lazy

    retention = Retention(keep=keep, keep_last=keep_last)
    return prune_and_print(state_place(state or outer_state), retention, yes=yes, as_json=as_json)


def _store(state: str | None) -> "RunStore":
    from ipsec_orchestrator.app.run_store import run_store  # noqa: PLC0415 - lazy
    from ipsec_orchestrator.cli.output import talk  # noqa: PLC0415 - lazy

    return run_store(state_place(state), tell=lambda text: talk().print(text, soft_wrap=True))
