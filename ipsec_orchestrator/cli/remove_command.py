"""``orchestrate remove``."""

from typing import Any

import click

from ipsec_orchestrator.cli.options import (
    connection_of,
    connection_options,
    consents_of,
    json_option,
    leave_behind_option,
    lock_of,
    lock_options,
    state_option,
)


@click.command()
@click.argument("playbook", type=click.Path())
@connection_options
@click.option("--yes", is_flag=True, help="Do not ask.")
@leave_behind_option
@lock_options
@state_option
@json_option
def remove(
    playbook: str,
    *,
    yes: bool,
    state: str | None,
    as_json: bool,
    **values: Any,  # noqa: ANN401 - the shared options
) -> int:
    """Unassign, let every member fetch that, then take away link, objects and GPO.

    A member that can't be seen to have let go keeps everything in its place. One that will never
    come back is named with --leave-behind: then the policy goes, and the GPO stays, unassigned
    and linked, so that the member learns of it if it comes back after all.

    \b
    Example:
      orchestrate remove playbooks/azure-onpremises.yml -i inventory/
    """  # noqa: D301 - \b is click's mark
    from ipsec_orchestrator.cli.carrying_out import ask_and_carry_out  # noqa: PLC0415 - lazy

    consents = consents_of(values)
    return ask_and_carry_out(
        playbook,
        connection_of(values),
        lock=lock_of(values),
        consents=consents,
        removal=True,
        yes=yes,
        state=state,
        as_json=as_json,
    )
