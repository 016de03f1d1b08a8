"""``orchestrate hosts``."""

from typing import Any

import click

from ipsec_orchestrator.cli.exit_codes import Exit
from ipsec_orchestrator.cli.options import connection_of, connection_options, json_option


@click.command()
@connection_options
@json_option
def hosts(*, as_json: bool, **values: Any) -> int:  # noqa: ANN401 - the shared options
    """List the hosts that a selection means, without connecting to any.

    \b
    Example:
      orchestrate hosts -i inventory/ --limit 'role=azure-vm,!vm2'
    """  # noqa: D301 - \b is click's mark
    from ipsec_orchestrator.cli.output import print_json, print_table  # noqa: PLC0415 - lazy
    from ipsec_orchestrator.codec.selectors import select  # noqa: PLC0415 - lazy
    from ipsec_orchestrator.report.lines import Tone  # noqa: PLC0415 - lazy

    connection = connection_of(values)
    inventory = connection.read_inventory()
    chosen = select(inventory, connection.limit) if connection.limit else inventory.hosts
    if as_json:
        print_json(
            {
                "hosts": [
                    {
                        "name": host.name,
                        "role": host.role.value,
                        "fqdn": host.fqdn,
                        "addresses": [str(address) for address in host.addresses],
                        "ou": host.ou,
                        "groups": sorted(host.groups),
                        "transport": host.winrm.transport.value,
                        "port": host.winrm.effective_port,
                    }
                    for host in chosen
                ],
            },
        )
        return Exit.DONE
    rows = [
        (
            (
                host.name,
                host.role.value,
                host.fqdn,
                ", ".join(map(str, host.addresses)),
                host.ou or "",
                ", ".join(sorted(host.groups)),
            ),
            Tone.PLAIN,
        )
        for host in chosen
    ]
    print_table(("name", "role", "FQDN", "addresses", "OU", "groups"), rows)
    return Exit.DONE
