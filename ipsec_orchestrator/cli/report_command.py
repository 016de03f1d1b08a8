"""``orchestrate report``."""

import click

from ipsec_orchestrator.cli.options import json_option, state_option, state_place


@click.command()
@click.argument("playbook", required=False, default="")
@click.option(
    "--out",
    type=click.Path(dir_okay=False),
    default="report.html",
    show_default=True,
    help="File to write; one that is there is replaced.",
)
@state_option
@json_option
def report(playbook: str, *, out: str, state: str | None, as_json: bool) -> int:
    """Write one HTML page over everything that is recorded in this state folder.

    PLAYBOOK is the name of a playbook, or its file; without it the page is about all of them. The
    page needs no network. Nothing is connected to.

    \b
    Example:
      orchestrate report
      orchestrate report azure-onpremises --out azure-onpremises.html
    """  # noqa: D301 - \b is click's mark
    from ipsec_orchestrator.cli.reporting import write_report  # noqa: PLC0415 - lazy

    return write_report(playbook, out, state_place(state), as_json=as_json)
