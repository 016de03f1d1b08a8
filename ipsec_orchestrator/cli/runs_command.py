"""``orchestrate runs``."""

import click

from ipsec_orchestrator.cli.exit_codes import Exit
from ipsec_orchestrator.cli.options import json_option, state_option, state_place


@click.group(invoke_without_command=True)
@state_option
@json_option
@click.pass_context
def runs(context: click.Context, *, state: str | None, as_json: bool) -> int:
    """List the runs of this state folder, newest first.

    \b
    Example:
      orchestrate runs
      orchestrate runs --json
    """  # noqa: D301 - \b is click's mark
    from ipsec_orchestrator.app.run_store import run_store  # noqa: PLC0415 - lazy
    from ipsec_orchestrator.cli.output import print_json, print_table, talk  # noqa: PLC0415 - lazy
    from ipsec_orchestrator.report.runs_report import (  # noqa: PLC0415 - lazy
        RUNS_HEADINGS,
        runs_rows,
        runs_to_json,
    )

    store = run_store(state_place(state), tell=lambda text: talk().print(text, soft_wrap=True))
    if context.invoked_subcommand is not None:
        context.obj = store
        return Exit.DONE
    records = store.runs()
    if as_json:
        print_json(runs_to_json(records))
    else:
        print_table(RUNS_HEADINGS, runs_rows(records))
    return Exit.DONE
