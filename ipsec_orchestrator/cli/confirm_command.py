"""``orchestrate confirm``."""

from typing import Any

import click

from ipsec_orchestrator.cli.options import (
    connection_of,
    connection_options,
    json_option,
    state_option,
)


@click.command()
@click.argument("run")
@connection_options
@click.option("--yes", is_flag=True, help="Do not ask.")
@state_option
@json_option
def confirm(
    run: str,
    *,
    yes: bool,
    state: str | None,
    as_json: bool,
    **values: Any,  # noqa: ANN401 - the shared options
) -> int:
    """Keep what a run with --confirm-within did: delete its tasks on all members.

    Each member is read again afterwards. RUN is an id, or last.

    \b
    Example:
      orchestrate confirm last -i inventory/
      orchestrate confirm 20261126-141516-abc123 -i inventory/ --yes
    """  # noqa: D301 - \b is click's mark
    from ipsec_orchestrator.cli.confirming import confirm_and_print  # noqa: PLC0415 - lazy

    return confirm_and_print(run, connection_of(values), yes=yes, state=state, as_json=as_json)
