"""A lab as a table for people."""

from ipsec_orchestrator.cli.output import print_lines, print_table
from ipsec_orchestrator.lab.lab_hosts import HTTP_PORT, lab_hosts
from ipsec_orchestrator.lab.lab_status import LabStatus, inventory_file
from ipsec_orchestrator.lab.wire.topology import BRIDGE, namespace_name
from ipsec_orchestrator.report.lines import Line, Tone


def print_status(found: LabStatus) -> None:
    """Print what a lab is, its first hosts, and where its inventory lies."""
    layout = found.layout
    hosts = lab_hosts(layout, found.settings.members)
    shown = 12
    rows = [
        ((host.name, host.role.value, f"{host.address}:{HTTP_PORT}"), Tone.PLAIN)
        for host in hosts[:shown]
    ]
    if len(hosts) > shown:
        rows.append((("...", f"{len(hosts) - shown} more", ""), Tone.QUIET))
    print_table(("host", "role", "WinRM"), rows, title=f"Lab {layout.name}")
    player = found.settings.powershell or "answered without PowerShell"
    print_lines(
        [
            Line(
                f"{'Running' if found.running else 'Stopped'}: domain {layout.dc_fqdn} on "
                f"{layout.dc_address}; hosts: {player}",
                Tone.GOOD if found.running else Tone.WARNING,
            ),
            *(
                [
                    Line(
                        f"Wire: bridge {BRIDGE} in network namespace {namespace_name(layout.network)}"
                    )
                ]
                if found.settings.wire
                else []
            ),
            Line(f"Inventory: {inventory_file(layout)}"),
        ],
    )
