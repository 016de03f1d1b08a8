"""``orchestrate reconcile``."""

from datetime import timedelta
from typing import Any

import click

from ipsec_orchestrator.cli.duration import days_of, seconds_of
from ipsec_orchestrator.cli.economy import economy_of, economy_options
from ipsec_orchestrator.cli.options import (
    connection_of,
    connection_options,
    json_option,
    state_option,
)
from ipsec_orchestrator.cli.tell_options import audience_of, metrics_options, tell_options
from ipsec_orchestrator.errors import UsageError


@click.command()
@click.argument("playbook", type=click.Path())
@connection_options
@economy_options
@click.option("--once", is_flag=True, help="One pass, and no more; so it is without --every.")
@click.option(
    "--every",
    metavar="TIME",
    callback=seconds_of,
    help="Go on until stopped, with one pass in this time (30m, 1h), give or take a little.",
)
@click.option(
    "--mode",
    type=click.Choice(["report", "ask", "repair"]),
    help="What is done about every difference, whatever the playbook says.",
)
@click.option(
    "--plans",
    type=click.Path(file_okay=False),
    metavar="FOLDER",
    help="Folder for plans that somebody has to apply. Default: plans in the state folder",
)
@click.option(
    "--keep",
    metavar="TIME",
    callback=days_of,
    help="After each pass, remove from the record what is older (90d, 12w) and not needed any more, "
    "as runs prune does.",
)
@tell_options
@metrics_options
@state_option
@json_option
def reconcile(
    playbook: str,
    *,
    once: bool,
    every: int | None,
    mode: str | None,
    plans: str | None,
    keep: timedelta | None,
    state: str | None,
    as_json: bool,
    **values: Any,  # noqa: ANN401 - the shared options
) -> int:
    """Look for drift, and do about it what the playbook says: report, ask or repair.

    A repair brings back what the last run left, and nothing else, within the guards of every
    apply. Exit code 0 if all is as wanted, 1 if the pass failed, 2 if something still differs, 3
    if something could not be read or another process is in a pass.

    \b
    Example:
      orchestrate reconcile playbooks/azure-onpremises.yml -i inventory/
      orchestrate reconcile playbooks/azure-onpremises.yml -i inventory/ --every 30m --mode repair
    """  # noqa: D301 - \b is click's mark
    if once and every is not None:
        raise UsageError(
            "--once and --every can't stand together.",
            cure="Leave one of them out; without --every one pass is made.",
        )
    if every is None and values["metrics_port"] is not None:
        raise UsageError(
            "--metrics-port without --every: nobody could ask before the pass is over.",
            cure="Use --metrics-file, or let it go on with --every.",
        )
    from ipsec_orchestrator.cli.reconciling import Reconciling  # noqa: PLC0415 - lazy

    work = Reconciling(
        file=playbook,
        audience=audience_of(values),
        economy=economy_of(values),
        connection=connection_of(values),
        mode=mode,
        plans=plans,
        keep=keep,
        state=state,
        as_json=as_json,
    )
    return work.once() if every is None else work.go_on(every)
