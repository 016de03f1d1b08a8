"""``orchestrate rollback``."""

from typing import Any

import click

from ipsec_orchestrator.cli.options import (
    connection_of,
    json_option,
    lock_of,
    lock_options,
    place_options,
    state_option,
)


@click.command()
@click.argument("run", metavar="RUN")
@place_options
@click.option("--yes", is_flag=True, help="Do not ask.")
@lock_options
@state_option
@json_option
def rollback(
    run: str,
    *,
    yes: bool,
    state: str | None,
    as_json: bool,
    **values: Any,  # noqa: ANN401 - the shared options
) -> int:
    """Bring back what was before a run: assignment first, members next, then what it made.

    RUN is the id of a run, the beginning of one, or last: orchestrate runs lists them.

    \b
    Example:
      orchestrate rollback last -i inventory/
    """  # noqa: D301 - \b is click's mark
    from ipsec_orchestrator.cli.going_back import ask_and_roll_back  # noqa: PLC0415 - lazy

    lock = lock_of(values)
    return ask_and_roll_back(
        run, connection_of(values), lock=lock, yes=yes, state=state, as_json=as_json
    )
