"""The SDK's models -> values of ours. Fields that Azure leaves out become empty."""

from collections.abc import Iterable
from enum import Enum

from azure.mgmt.compute import models as compute
from azure.mgmt.network import models as network

from ipsec_orchestrator.model.azure import (
    Circuit,
    Connection,
    EffectiveRoute,
    Gateway,
    InterfaceAddress,
    LearnedRoute,
    NetworkInterface,
    Peering,
    SecurityGroup,
    SecurityRule,
    TrafficCounters,
    VirtualMachine,
    VirtualNetwork,
)
from ipsec_orchestrator.model.azure_settings import AzureResource

_POWER = "PowerState/"


def circuit(resource: AzureResource, said: network.ExpressRouteCircuit) -> Circuit:
    """Read ``expressRouteCircuits/{n}``; service and authorization keys are left behind."""
    provider = said.service_provider_properties
    return Circuit(
        resource=resource,
        circuit_state=_text(said.circuit_provisioning_state),
        provider_state=_text(said.service_provider_provisioning_state),
        provisioning_state=_text(said.provisioning_state),
        provider=_text(provider.service_provider_name) if provider else "",
        peering_location=_text(provider.peering_location) if provider else "",
        peerings=tuple(_peering(peering) for peering in said.peerings or ()),
    )


def _peering(said: network.ExpressRouteCircuitPeering) -> Peering:
    return Peering(
        peering_type=_text(said.peering_type),
        state=_text(said.state),
        provisioning_state=_text(said.provisioning_state),
        azure_asn=said.azure_asn,
        peer_asn=said.peer_asn,
        vlan_id=said.vlan_id,
        primary_prefix=_text(said.primary_peer_address_prefix),
        secondary_prefix=_text(said.secondary_peer_address_prefix),
    )


def learned_routes(
    said: network.ExpressRouteCircuitsRoutesTableListResult,
) -> tuple[LearnedRoute, ...]:
    """Read a route table of a peering."""
    return tuple(
        LearnedRoute(network=_text(row.network), next_hop=_text(row.next_hop), path=_text(row.path))
        for row in said.value or ()
    )


def counters(said: network.ExpressRouteCircuitStats) -> TrafficCounters:
    """Read ``stats`` of a circuit."""
    return TrafficCounters(
        primary_in=said.primarybytes_in,
        primary_out=said.primarybytes_out,
        secondary_in=said.secondarybytes_in,
        secondary_out=said.secondarybytes_out,
    )


def gateway(resource: AzureResource, said: network.VirtualNetworkGateway) -> Gateway:
    """Read ``virtualNetworkGateways/{n}``."""
    return Gateway(
        resource=resource,
        gateway_type=_text(said.gateway_type),
        provisioning_state=_text(said.provisioning_state),
        sku=_text(said.sku.name) if said.sku else "",
    )


def connection(
    resource: AzureResource, said: network.VirtualNetworkGatewayConnection
) -> Connection:
    """Read ``connections/{n}``; its shared key is left behind."""
    return Connection(
        resource=resource,
        connection_type=_text(said.connection_type),
        status=_text(said.connection_status),
        provisioning_state=_text(said.provisioning_state),
        peer=_resource(said.peer.id) if said.peer else None,
        gateway=_resource(said.virtual_network_gateway1.id)
        if said.virtual_network_gateway1
        else None,
        fast_path=bool(said.express_route_gateway_bypass),
    )


def virtual_network(resource: AzureResource, said: network.VirtualNetwork) -> VirtualNetwork:
    """Read ``virtualNetworks/{n}``."""
    return VirtualNetwork(
        resource=resource,
        address_prefixes=tuple(said.address_space.address_prefixes or ())
        if said.address_space
        else (),
        dns_servers=tuple(said.dhcp_options.dns_servers or ()) if said.dhcp_options else (),
    )


def virtual_machine(resource: AzureResource, said: compute.VirtualMachine) -> VirtualMachine:
    """Read ``virtualMachines/{n}`` with its instance view."""
    disk = said.storage_profile.os_disk if said.storage_profile else None
    statuses = said.instance_view.statuses if said.instance_view else None
    codes = [_text(status.code) for status in statuses or ()]
    references = (said.network_profile.network_interfaces or ()) if said.network_profile else ()
    # A single interface need not be marked: it is the primary one.
    ordered = sorted(references, key=lambda reference: not reference.primary)
    return VirtualMachine(
        resource=resource,
        os_type=_text(disk.os_type) if disk else "",
        power_state=next(
            (code.removeprefix(_POWER) for code in codes if code.startswith(_POWER)), ""
        ),
        provisioning_state=_text(said.provisioning_state),
        interfaces=tuple(
            found for found in (_resource(reference.id) for reference in ordered) if found
        ),
    )


def network_interface(resource: AzureResource, said: network.NetworkInterface) -> NetworkInterface:
    """Read ``networkInterfaces/{n}``; configurations without an address are left out."""
    return NetworkInterface(
        resource=resource,
        addresses=tuple(
            InterfaceAddress(
                address=found.private_ip_address,
                virtual_network=_resource(found.subnet.id) if found.subnet else None,
                subnet=(found.subnet.id or "").rpartition("/")[2] if found.subnet else "",
            )
            for found in said.ip_configurations or ()
            if found.private_ip_address
        ),
        dns_servers=tuple(said.dns_settings.dns_servers or ()) if said.dns_settings else (),
    )


def effective_routes(said: network.EffectiveRouteListResult) -> tuple[EffectiveRoute, ...]:
    """Read ``effectiveRouteTable``."""
    return tuple(
        EffectiveRoute(
            source=_text(row.source),
            state=_text(row.state),
            prefixes=tuple(row.address_prefix or ()),
            next_hop_type=_text(row.next_hop_type),
            next_hops=tuple(row.next_hop_ip_address or ()),
            name=_text(row.name),
        )
        for row in said.value or ()
    )


def security_groups(
    said: network.EffectiveNetworkSecurityGroupListResult, *, interface: AzureResource
) -> tuple[SecurityGroup, ...]:
    """Read ``effectiveNetworkSecurityGroups``: one group of the subnet, one of the interface."""
    return tuple(
        SecurityGroup(
            # Rules of Virtual Network Manager come without a group: name what they act on.
            resource=_resource(_id(group.network_security_group)) or interface,
            rules=tuple(_rule(rule) for rule in group.effective_security_rules or ()),
        )
        for group in said.value or ()
    )


def _rule(said: network.EffectiveNetworkSecurityRule) -> SecurityRule:
    return SecurityRule(
        name=_text(said.name),
        priority=said.priority or 0,
        direction=_text(said.direction),
        access=_text(said.access),
        protocol=_text(said.protocol),
        source_ports=_either(said.source_port_ranges, said.source_port_range),
        destination_ports=_either(said.destination_port_ranges, said.destination_port_range),
        source_prefixes=_either(said.source_address_prefixes, said.source_address_prefix),
        destination_prefixes=_either(
            said.destination_address_prefixes, said.destination_address_prefix
        ),
        expanded_source=tuple(said.expanded_source_address_prefix or ()),
        expanded_destination=tuple(said.expanded_destination_address_prefix or ()),
    )


def _either(many: Iterable[str] | None, one: str | None) -> tuple[str, ...]:
    """Azure fills the list, the single field, or both with the same."""
    return tuple(many or ()) or ((one,) if one else ("*",))


def _id(said: network.SubResource | None) -> str | None:
    return said.id if said else None


def _resource(text: str | None) -> AzureResource | None:
    try:
        return AzureResource.from_id(text or "")
    except ValueError:
        return None


def _text(value: object) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    return "" if value is None else str(value)
