"""Which DNS servers the VNet gives to its VMs."""

from collections.abc import Sequence

from ipsec_orchestrator.checks.azure_outcomes import AzureCheck, hosts_of, listed
from ipsec_orchestrator.checks.azure_vms import interface_of
from ipsec_orchestrator.model.azure import AzureFacts, NetworkInterface, VirtualNetwork
from ipsec_orchestrator.model.azure_settings import AzureSettings
from ipsec_orchestrator.model.finding import Finding
from ipsec_orchestrator.model.inventory import HostRole, Inventory


def check_dns(
    inventory: Inventory, settings: AzureSettings, facts: AzureFacts
) -> tuple[Finding, ...]:
    """Check the VNet's servers, and those of VMs whose interface has its own."""
    check = AzureCheck.DNS
    vnet = facts.virtual_network
    if settings.virtual_network is None:
        return (check.not_named("virtual_network"),)
    if not isinstance(vnet, VirtualNetwork):
        return (check.unread(vnet, "VNet", "virtual_network"),)
    where = f"DNS servers of {vnet.resource.name} in the portal"
    found = [_judge(inventory, f"The VNet {vnet.resource.name}", vnet.dns_servers, where, None)]
    for host in hosts_of(inventory, HostRole.AZURE_VM):
        own = interface_of(host, facts.machines[host.name])
        if own is None or not isinstance(own.interface, NetworkInterface):
            continue
        if own.interface.dns_servers:
            name = own.interface.resource.name
            place = f"DNS servers of the network interface {name} in the portal"
            what = f"The network interface {name}"
            found.append(_judge(inventory, what, own.interface.dns_servers, place, host.name))
    return tuple(found)


def _judge(
    inventory: Inventory, what: str, servers: Sequence[str], place: str, host: str | None
) -> Finding:
    check = AzureCheck.DNS
    known = {
        str(address)
        for controller in hosts_of(inventory, HostRole.DOMAIN_CONTROLLER)
        for address in controller.addresses
    }
    if inventory.domain.dns_server is not None:
        known.add(inventory.domain.dns_server)
    wanted = listed(sorted(known)) or "the addresses of its domain controllers"
    domain = inventory.domain.name
    if not servers:
        return check.failed(
            f"{what} uses the DNS that Azure provides, which does not know {domain}.",
            f"Name a DNS server of the domain ({wanted}): {place}; then restart the VMs.",
            host=host,
        )
    others = [server for server in servers if server not in known]
    if not others:
        return check.passed(f"{what} gives out {listed(servers)}, which knows {domain}.", host=host)
    return check.unknown(
        f"{what} gives out {listed(servers)}; whether {listed(others)} knows {domain} can't be "
        "told from here.",
        "If it is a domain controller, add its address to the inventory; the hosts' own DNS is "
        "asked by the checks of the topic dns.",
        host=host,
    )
