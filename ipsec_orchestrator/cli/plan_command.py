"""``orchestrate plan``."""

from pathlib import Path
from typing import Any

import click

from ipsec_orchestrator.cli.options import (
    confirm_within_option,
    connection_of,
    connection_options,
    consent_options,
    consents_of,
    json_option,
    leave_behind_option,
)


@click.command()
@click.argument("playbook", type=click.Path())
@connection_options
@click.option("--out", type=click.Path(dir_okay=False), help="Save the plan for apply.")
@click.option("--remove", "removal", is_flag=True, help="Plan orchestrate remove instead.")
@consent_options
@leave_behind_option
@click.option("--exit-code", is_flag=True, help="Exit with 2 if there is something to do.")
@confirm_within_option
@json_option
def plan(
    playbook: str,
    *,
    out: str | None,
    removal: bool,
    exit_code: bool,
    confirm_within: int | None,
    as_json: bool,
    **values: Any,  # noqa: ANN401 - the shared options
) -> int:
    """Show what apply would change, and write nothing.

    A plan that would close something that administration needs is shown, but not saved, and the
    exit code is 1; --accept-risk and the other options for that belong here, so that they stand
    in the saved plan.

    \b
    Example:
      orchestrate plan playbooks/azure-onpremises.yml -i inventory/ --out plan.json
    """  # noqa: D301 - \b is click's mark
    from ipsec_orchestrator.cli.plan_showing import show_plan  # noqa: PLC0415 - lazy

    consents = consents_of(values)
    return show_plan(
        Path(playbook),
        connection_of(values),
        removal=removal,
        consents=consents,
        confirm_within=confirm_within,
        out=Path(out) if out else None,
        exit_code=exit_code,
        as_json=as_json,
    )
