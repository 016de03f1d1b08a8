"""``orchestrate restore-members``."""

from typing import Any

import click

from ipsec_orchestrator.cli.options import (
    connection_of,
    connection_options,
    json_option,
    state_option,
)


@click.command("restore-members")
@click.argument("run")
@connection_options
@click.option(
    "--keep-policy",
    is_flag=True,
    help="Let the policy of the run come into force again.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@state_option
@json_option
def restore_members(
    run: str,
    *,
    keep_policy: bool,
    yes: bool,
    state: str | None,
    as_json: bool,
    **values: Any,  # noqa: ANN401 - the shared options
) -> int:
    """Give members their PolicyAgent back after a run was not confirmed in time.

    Members that still have the policy of the run are left alone: take it out of the directory
    first, with orchestrate rollback or remove, or keep it with --keep-policy. RUN is an id, or
    last.

    \b
    Example:
      orchestrate restore-members last -i inventory/
      orchestrate restore-members last -i inventory/ --keep-policy
    """  # noqa: D301 - \b is click's mark
    from ipsec_orchestrator.cli.confirming import restore_and_print  # noqa: PLC0415 - lazy

    return restore_and_print(
        run,
        connection_of(values),
        keep_policy=keep_policy,
        yes=yes,
        state=state,
        as_json=as_json,
    )
