"""``orchestrate apply``."""

from typing import Any

import click

from ipsec_orchestrator.cli.options import (
    accept_unproved_option,
    confirm_within_option,
    connection_of,
    connection_options,
    consent_options,
    consents_of,
    json_option,
    lock_of,
    lock_options,
    state_option,
)


@click.command()
@click.argument("playbook_or_plan", type=click.Path())
@connection_options
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--skip-check",
    "skip_checks",
    multiple=True,
    metavar="ID",
    help="Leave out this check of the prerequisites; may be repeated.",
)
@click.option(
    "--unmeasured",
    is_flag=True,
    help="Go from mode request to require although nobody has measured whether that works.",
)
@confirm_within_option
@accept_unproved_option
@click.option(
    "--signed-by",
    multiple=True,
    type=click.Path(),
    metavar="FILE",
    help="Only if one of these has signed the plan: allowed signers of OpenSSH, or a minisign "
    "public key; may be repeated.",
)
@click.option(
    "--approvals",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    help="Only if so many different people have signed the plan. Default: 1",
)
@lock_options
@consent_options
@state_option
@json_option
def apply(
    playbook_or_plan: str,
    *,
    yes: bool,
    skip_checks: tuple[str, ...],
    unmeasured: bool,
    confirm_within: int | None,
    accept_unproved_revert: bool,
    signed_by: tuple[str, ...],
    approvals: int | None,
    state: str | None,
    as_json: bool,
    **values: Any,  # noqa: ANN401 - the shared options
) -> int:
    """Plan, show, ask, carry out, and verify every member.

    With a plan that was saved by orchestrate plan --out, exactly that plan is carried out, or
    refused if the domain has changed since. Prerequisites that the plan depends on are checked
    first: orchestrate doctor shows all of them. A plan that would close something that
    administration needs is refused before anything is written.

    \b
    Example:
      orchestrate apply playbooks/azure-onpremises.yml -i inventory/
      orchestrate apply plan.json -i inventory/ --yes
    """  # noqa: D301 - \b is click's mark
    from ipsec_orchestrator.cli.carrying_out import ask_and_carry_out  # noqa: PLC0415 - lazy

    consents = consents_of(values)
    return ask_and_carry_out(
        playbook_or_plan,
        connection_of(values),
        lock=lock_of(values),
        consents=consents,
        removal=False,
        yes=yes,
        skip_checks=skip_checks,
        unmeasured=unmeasured,
        confirm_within=confirm_within,
        accept_unproved=accept_unproved_revert,
        signed_by=signed_by,
        approvals=approvals,
        state=state,
        as_json=as_json,
    )
