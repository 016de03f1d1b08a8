"""``orchestrate promote``."""

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

_LONGEST_HOURS = 168


@click.command()
@click.argument("playbook", type=click.Path())
@connection_options
@click.option(
    "--hours",
    type=click.IntRange(1, _LONGEST_HOURS),
    default=24,
    show_default=True,
    help="How far back members are asked.",
)
@click.option(
    "--accept-unknown",
    "accepted",
    metavar="A:B,...",
    help="Take the risk of these pairs, of which it could not be found out.",
)
@click.option("--out", type=click.Path(dir_okay=False), help="Save the plan for apply.")
@click.option("--yes", is_flag=True, help="Carry out the plan, if nothing speaks against it.")
@click.option(
    "--skip-check",
    "skip_checks",
    multiple=True,
    metavar="ID",
    help="Leave out this check of the prerequisites; may be repeated.",
)
@confirm_within_option
@accept_unproved_option
@lock_options
@consent_options
@state_option
@json_option
def promote(
    playbook: str,
    *,
    hours: int,
    accepted: str | None,
    out: str | None,
    yes: bool,
    skip_checks: tuple[str, ...],
    confirm_within: int | None,
    accept_unproved_revert: bool,
    state: str | None,
    as_json: bool,
    **values: Any,  # noqa: ANN401 - the shared options
) -> int:
    """Measure whether IPsec works between all members, then require it.

    For a playbook whose policy is in the domain in mode request. Every member is asked which
    associations it has, and what it wrote down during the last hours; a pair that still falls
    back to clear is refused. Write mode: require into the playbook yourself: with mode: request
    in it, this only measures. Exit code 0: nothing speaks against it; 2: some pairs fall back;
    3: some are unknown.

    \b
    Example:
      orchestrate promote playbooks/azure-onpremises.yml -i inventory/
      orchestrate promote playbooks/azure-onpremises.yml -i inventory/ --out plan.json
      orchestrate promote playbooks/azure-onpremises.yml -i inventory/ --yes
    """  # noqa: D301 - \b is click's mark
    from ipsec_orchestrator.cli.promoting import PromotionWish, promote_and_print  # noqa: PLC0415 - lazy

    wish = PromotionWish(
        playbook=playbook,
        hours=hours,
        accepted=accepted,
        out=out,
        yes=yes,
        skip_checks=skip_checks,
        confirm_within=confirm_within,
        accept_unproved=accept_unproved_revert,
        lock=lock_of(values),
        consents=consents_of(values),
        state=state,
        as_json=as_json,
    )
    return promote_and_print(wish, connection_of(values))
