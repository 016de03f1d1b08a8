"""The Azure VMs: Windows, running, in the VNet, at the inventory's address, routed on-premises."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_address

from ipsec_orchestrator.checks.azure_outcomes import (
    AzureCheck,
    Fault,
    holds,
    hosts_of,
    is_word,
    listed,
    on_premises_prefixes,
    subnets,
)
from ipsec_orchestrator.model.azure import (
    AzureFacts,
    EffectiveRoute,
    InterfaceAddress,
    InterfaceFacts,
    MachineFacts,
    NetworkInterface,
    VirtualMachine,
)
from ipsec_orchestrator.model.azure_settings import AzureResource, AzureSettings
from ipsec_orchestrator.model.finding import Finding
from ipsec_orchestrator.model.inventory import Host, HostRole, Inventory, Subnet

_GATEWAY = "VirtualNetworkGateway"
_KEY = "the host's azure.vm"


def no_vms(check: AzureCheck) -> Finding:
    """Say that the inventory has no VM that could be checked."""
    return check.not_applicable(
        "The inventory has no host with the role azure-vm.",
        "Add the VMs to the hosts of the inventory with role: azure-vm.",
    )


def interface_of(host: Host, machine: MachineFacts) -> InterfaceFacts | None:
    """Give the interface that holds an address of the host; else the primary one."""
    for facts in machine.interfaces:
        if isinstance(facts.interface, NetworkInterface) and any(
            ip_address(found.address) in host.addresses for found in facts.interface.addresses
        ):
            return facts
    return machine.interfaces[0] if machine.interfaces else None


def check_vms(
    inventory: Inventory, settings: AzureSettings, facts: AzureFacts
) -> tuple[Finding, ...]:
    """Check each VM of the inventory."""
    hosts = hosts_of(inventory, HostRole.AZURE_VM)
    if not hosts:
        return (no_vms(AzureCheck.VMS),)
    return tuple(_vm(host, settings, facts.machines[host.name]) for host in hosts)


def _vm(host: Host, settings: AzureSettings, machine: MachineFacts) -> Finding:
    check = AzureCheck.VMS
    vm = machine.machine
    if not isinstance(vm, VirtualMachine):
        return check.unread(vm, "VM", _KEY, host=host.name)
    fault = _machine_fault(vm)
    if fault is not None:
        return check.failed(fault.seen, fault.cure, host=host.name)
    places: list[InterfaceAddress] = []
    for facts in machine.interfaces:
        if not isinstance(facts.interface, NetworkInterface):
            return check.unread(facts.interface, "network interface", _KEY, host=host.name)
        places += facts.interface.addresses
    fault = _vnet_fault(vm, places, settings.virtual_network) or _address_fault(vm, places, host)
    if fault is not None:
        return check.failed(fault.seen, fault.cure, host=host.name)
    subnet = listed(dict.fromkeys(place.subnet for place in places))
    vnet = f" of {settings.virtual_network.name}" if settings.virtual_network else ""
    addresses = listed(place.address for place in places)
    return check.passed(
        f"{vm.resource.name}: {vm.os_type}, {vm.power_state}, {addresses} in subnet {subnet}{vnet}.",
        host=host.name,
    )


def _machine_fault(vm: VirtualMachine) -> Fault | None:
    name = vm.resource.name
    if not is_word(vm.os_type, "Windows"):
        return Fault(
            seen=f"The VM {name} runs {vm.os_type or 'an unknown system'}, not Windows.",
            cure=f"Correct {_KEY} in the inventory, or take the host out of it.",
        )
    if not vm.is_running:
        return Fault(
            seen=f"The VM {name} is {vm.power_state or 'in no known power state'}.",
            cure=f"Start it: az vm start -g {vm.resource.resource_group} -n {name}",
        )
    return None


def _vnet_fault(
    vm: VirtualMachine, places: Sequence[InterfaceAddress], vnet: AzureResource | None
) -> Fault | None:
    found = [place.virtual_network for place in places if place.virtual_network is not None]
    if vnet is None or any(other.is_same(vnet) for other in found):
        return None
    others = listed(sorted({other.name for other in found})) or "no VNet"
    return Fault(
        seen=f"The VM {vm.resource.name} is in {others}, not in {vnet.name}.",
        cure="Correct virtual_network in the inventory; a VM can't be moved to another VNet, only "
        "deployed again there.",
    )


def _address_fault(
    vm: VirtualMachine, places: Sequence[InterfaceAddress], host: Host
) -> Fault | None:
    addresses = [ip_address(place.address) for place in places]
    if all(address in addresses for address in host.addresses):
        return None
    return Fault(
        seen=f"The VM {vm.resource.name} has {listed(addresses) or 'no address'}, but the "
        f"inventory says {listed(host.addresses)}.",
        cure="Correct addresses of the host in the inventory, or the private address (portal: IP "
        "configurations of the network interface).",
    )


def check_effective_routes(
    inventory: Inventory, _settings: AzureSettings, facts: AzureFacts
) -> tuple[Finding, ...]:
    """Check that each VM's packets to on-premises go to the gateway."""
    check = AzureCheck.EFFECTIVE_ROUTES
    hosts = hosts_of(inventory, HostRole.AZURE_VM)
    if not hosts:
        return (no_vms(check),)
    prefixes = on_premises_prefixes(inventory)
    if not prefixes:
        return (
            check.unknown(
                "The inventory has no on-premises host with an address.",
                "Add addresses to the hosts with the role on-premises.",
            ),
        )
    return tuple(_routes(host, facts.machines[host.name], prefixes) for host in hosts)


def _routes(host: Host, machine: MachineFacts, prefixes: tuple[Subnet, ...]) -> Finding:
    check = AzureCheck.EFFECTIVE_ROUTES
    interface = interface_of(host, machine)
    if interface is None:
        return check.unknown(
            "The VM's network interface is not known.", "See the check azure.vms.", host=host.name
        )
    if not isinstance(interface.routes, tuple):
        return check.unread(interface.routes, "network interface", _KEY, host=host.name)
    for prefix in prefixes:
        fault = _route_fault(prefix, interface.routes)
        if fault is not None:
            return check.failed(fault.seen, fault.cure, host=host.name)
    return check.passed(f"{listed(prefixes)} by the virtual network gateway.", host=host.name)


def _route_fault(prefix: Subnet, routes: tuple[EffectiveRoute, ...]) -> Fault | None:
    """Say what is wrong where a prefix, or part of it, does not go to the gateway."""
    active = [
        (found, route) for route in routes if route.is_active for found in subnets(route.prefixes)
    ]
    inside = [(found, route) for found, route in active if found != prefix and holds(prefix, found)]
    stray = next((pair for pair in inside if not is_word(pair[1].next_hop_type, _GATEWAY)), None)
    if stray is not None:
        return _stray_words(f"{stray[0]}, a part of {prefix},", stray[1])
    if _is_made_of(prefix, [found for found, _ in inside]):
        return None  # on-premises announces it in pieces
    around = [(found, route) for found, route in active if holds(found, prefix)]
    if not around:
        return _nothing_words(prefix)
    # The longest prefix wins; of two as long, the one that a person has written.
    found, best = max(around, key=lambda pair: (pair[0].prefixlen, is_word(pair[1].source, "User")))
    if is_word(best.next_hop_type, _GATEWAY):
        return None
    if is_word(best.source, "Default"):
        return _nothing_words(prefix)
    return _stray_words(f"{prefix} (by the route to {found})", best)


def _is_made_of(prefix: Subnet, parts: Sequence[Subnet]) -> bool:
    if isinstance(prefix, IPv4Network):
        whole = collapse_addresses(part for part in parts if isinstance(part, IPv4Network))
        return prefix in list(whole)
    return prefix in list(
        collapse_addresses(part for part in parts if isinstance(part, IPv6Network))
    )


def _nothing_words(prefix: Subnet) -> Fault:
    return Fault(
        seen=f"No route to {prefix} leads to the virtual network gateway.",
        cure="Check azure.routes and azure.connection; if both are well, the subnet's route table "
        "has 'Propagate gateway routes' off: turn it on (portal: Configuration of the route "
        "table).",
    )


def _stray_words(what: str, route: EffectiveRoute) -> Fault:
    name = f" {route.name}" if route.name else ""
    hops = f" {listed(route.next_hops)}" if route.next_hops else ""
    if is_word(route.next_hop_type, "None"):
        return Fault(
            seen=f"{what} is dropped by the {route.source} route{name} (next hop None).",
            cure="Take the route out of the subnet's route table, or give it the next hop "
            "'Virtual network gateway'.",
        )
    return Fault(
        seen=f"{what} goes to {route.next_hop_type}{hops} by the {route.source} route{name}.",
        cure="Give the route the next hop 'Virtual network gateway', or let the appliance pass "
        "UDP 500, UDP 4500 and ESP both ways without changing addresses.",
    )
