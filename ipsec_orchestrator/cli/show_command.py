"""``orchestrate show``."""

from typing import Any

import click

from ipsec_orchestrator.cli.options import connection_of, connection_options, json_option


@click.command()
@connection_options
@click.option("--host", "host_name", metavar="NAME", help="What this host has, asked over WinRM.")
@click.option("--policy", "policy_name", metavar="NAME", help="Only the policy of this name.")
@json_option
def show(
    *,
    host_name: str | None,
    policy_name: str | None,
    as_json: bool,
    **values: Any,  # noqa: ANN401 - the shared options
) -> int:
    """Show the IPsec policies of the domain in the playbook's words, or what hosts have.

    With --host or --limit hosts are asked over WinRM instead of the directory.

    \b
    Example:
      orchestrate show -i inventory/
      orchestrate show -i inventory/ --host vm1
    """  # noqa: D301 - \b is click's mark
    from ipsec_orchestrator.cli.showing import show_domain, show_hosts  # noqa: PLC0415 - lazy

    connection = connection_of(values)
    if host_name is not None or connection.limit is not None:
        return show_hosts(connection, host_name, as_json=as_json)
    return show_domain(connection, policy_name, as_json=as_json)
