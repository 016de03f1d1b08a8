"""``orchestrate drift``."""

from typing import Any

import click

from ipsec_orchestrator.cli.economy import economy_of, economy_options
from ipsec_orchestrator.cli.options import (
    connection_of,
    connection_options,
    json_option,
    state_option,
)


@click.command()
@click.argument("playbook", type=click.Path())
@connection_options
@economy_options
@state_option
@json_option
def drift(
    playbook: str,
    *,
    state: str | None,
    as_json: bool,
    **values: Any,  # noqa: ANN401 - the shared options
) -> int:
    """Compare what the playbook wants, what the last run left, and what is there. Changes nothing.

    Every difference has one word: drift (somebody changed it), pending (the playbook has moved
    on), adopted (somebody else did the work) or foreign (not ours). Exit code 2 with any
    difference, 3 if something could not be read.

    \b
    Example:
      orchestrate drift playbooks/azure-onpremises.yml -i inventory/
      orchestrate drift playbooks/azure-onpremises.yml --since-last --members sample:5%
    """  # noqa: D301 - \b is click's mark
    from ipsec_orchestrator.cli.watching_drift import look_and_print  # noqa: PLC0415 - lazy

    economy = economy_of(values)
    return look_and_print(playbook, connection_of(values), state, economy, as_json=as_json)
