"""``orchestrate runs``."""

from typing import TYPE_CHECKING, Final

import click

from ipsec_orchestrator.cli.exit_codes import Exit
from ipsec_orchestrator.cli.options import json_option, state_option, state_place

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
    from ipsec_orchestrator.report.runs_report import (  # noqa: PLC0415 - lazy
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
    about = (found.plan, found.history, found.before, found.record, taken_back)
    if as_json:
        print_json(run_details(*about))
    else:
        print_lines(run_details_lines(*about))
    return Exit.DONE


def _store(state: str | None) -> "RunStore":
    from ipsec_orchestrator.app.run_store import run_store  # noqa: PLC0415 - lazy
    from ipsec_orchestrator.cli.output import talk  # noqa: PLC0415 - lazy

    return run_store(state_place(state), tell=lambda text: talk().print(text, soft_wrap=True))
