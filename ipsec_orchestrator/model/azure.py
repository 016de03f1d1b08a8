"""What Azure said: frozen values in Azure's own words, and the two ways of having no answer.

Names are those of the REST answers in snake_case; states are kept as Azure spells them, because
new ones come up without notice. Secrets that some answers carry (shared keys, service keys,
authorization keys) have no place here on purpose.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from ipsec_orchestrator.model.azure_settings import AzureResource

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """Azure answered that there is no such resource."""

    resource: AzureResource


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """The question was not answered: no right, throttled, unreachable, or not asked at all.

    Attributes:
        reason: A sentence.
        cure: How to get an answer; empty if nobody can say.
    """

    reason: str
    cure: str = ""


Answer: TypeAlias = Found | Absent | Unanswered


@dataclass(frozen=True, slots=True, kw_only=True)
class Peering:
    """One peering of a circuit, ``expressRouteCircuits/{n}/peerings/{p}``.

    Attributes:
        peering_type: ``AzurePrivatePeering`` or ``MicrosoftPeering``.
        state: ``Enabled`` or ``Disabled``.
        provisioning_state: ``Succeeded`` when the last change is done.
        azure_asn: Autonomous system number of Azure's side.
        peer_asn: That of the customer's side.
        vlan_id: IEEE 802.1Q tag.
        primary_prefix: The /30 of the primary link.
        secondary_prefix: The /30 of the secondary link.
    """

    peering_type: str
    state: str
    provisioning_state: str
    azure_asn: int | None = None
    peer_asn: int | None = None
    vlan_id: int | None = None
    primary_prefix: str = ""
    secondary_prefix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """``expressRouteCircuits/{n}``; ``provider`` is empty for ExpressRoute Direct."""

    resource: AzureResource
    circuit_state: str
    provider_state: str
    provisioning_state: str
    provider: str = ""
    peering_location: str = ""
    peerings: tuple[Peering, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnedRoute:
    """One row of a peering's route table; ``network`` is a prefix such as ``10.2.27.0/25``."""

    network: str
    next_hop: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteTables:
    """What both links of a peering have learned by BGP."""

    primary: tuple[LearnedRoute, ...]
    secondary: tuple[LearnedRoute, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficCounters:
    """Bytes since the circuit was made, as seen by Azure; ``None`` where it gave none."""

    primary_in: int | None
    primary_out: int | None
    secondary_in: int | None
    secondary_out: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Two reads of a circuit's counters, so many seconds apart."""

    before: TrafficCounters
    after: TrafficCounters
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """``virtualNetworkGateways/{n}``; ``gateway_type`` is ``ExpressRoute`` or ``Vpn``."""

    resource: AzureResource
    gateway_type: str
    provisioning_state: str
    sku: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """``connections/{n}``.

    Attributes:
        resource: Its name.
        connection_type: ``ExpressRoute``, ``IPsec`` or ``Vnet2Vnet``.
        status: ``Connected``, ``Connecting``, ``NotConnected`` or ``Unknown``.
        provisioning_state: ``Succeeded`` when the last change is done.
        peer: The circuit; ``None`` for connections that have none.
        gateway: The gateway.
        fast_path: Whether traffic goes around the gateway (``expressRouteGatewayBypass``).
    """

    resource: AzureResource
    connection_type: str
    status: str
    provisioning_state: str
    peer: AzureResource | None = None
    gateway: AzureResource | None = None
    fast_path: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualNetwork:
    """``virtualNetworks/{n}``; no DNS servers means the ones that Azure provides."""

    resource: AzureResource
    address_prefixes: tuple[str, ...]
    dns_servers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualMachine:
    """``virtualMachines/{n}?$expand=instanceView``.

    Attributes:
        resource: Its name.
        os_type: ``Windows`` or ``Linux``.
        power_state: What follows ``PowerState/``: ``running``, ``deallocated``, ...
        provisioning_state: ``Succeeded`` when the last change is done.
        interfaces: Its network interfaces, the primary one first.
    """

    resource: AzureResource
    os_type: str
    power_state: str
    provisioning_state: str
    interfaces: tuple[AzureResource, ...] = ()

    @property
    def is_running(self) -> bool:
        """Whether it runs: only then does Azure know effective routes and rules."""
        return self.power_state.casefold() == "running"


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceAddress:
    """One IP configuration of a network interface."""

    address: str
    virtual_network: AzureResource | None
    subnet: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkInterface:
    """``networkInterfaces/{n}``; its own DNS servers, if any, go before the VNet's."""

    resource: AzureResource
    addresses: tuple[InterfaceAddress, ...]
    dns_servers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveRoute:
    """One row of ``effectiveRouteTable``.

    Attributes:
        source: ``Default``, ``User``, ``VirtualNetworkGateway`` or ``Unknown``.
        state: ``Active`` or ``Invalid``.
        prefixes: Where it leads.
        next_hop_type: ``VnetLocal``, ``VirtualNetworkGateway``, ``VirtualAppliance``, ``None``, ...
        next_hops: Addresses of the next hops.
        name: Name of a user-defined route.
    """

    source: str
    state: str
    prefixes: tuple[str, ...]
    next_hop_type: str
    next_hops: tuple[str, ...] = ()
    name: str = ""

    @property
    def is_active(self) -> bool:
        """Whether it is in force."""
        return self.state.casefold() == "active"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityRule:
    """One effective rule of a network security group.

    Prefixes are CIDR, addresses, ``*`` or tags; the expanded ones, where Azure gives them, say
    what a tag stands for. Ports are ``*``, ``500`` or ``0-65535``.
    """

    name: str
    priority: int
    direction: str
    access: str
    protocol: str
    source_ports: tuple[str, ...] = ("*",)
    destination_ports: tuple[str, ...] = ("*",)
    source_prefixes: tuple[str, ...] = ("*",)
    destination_prefixes: tuple[str, ...] = ("*",)
    expanded_source: tuple[str, ...] = ()
    expanded_destination: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityGroup:
    """The effective rules of one network security group on one network interface."""

    resource: AzureResource
    rules: tuple[SecurityRule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceFacts:
    """A network interface of a VM with what is in force on it."""

    interface: Answer[NetworkInterface]
    routes: Answer[tuple[EffectiveRoute, ...]]
    groups: Answer[tuple[SecurityGroup, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineFacts:
    """What was learned of one VM of the inventory."""

    machine: Answer[VirtualMachine]
    interfaces: tuple[InterfaceFacts, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AzureFacts:
    """All answers of one round; ``machines`` by the host's name in the inventory."""

    circuit: Answer[Circuit]
    routes: Answer[RouteTables]
    traffic: Answer[Traffic]
    gateway: Answer[Gateway]
    connection: Answer[Connection]
    virtual_network: Answer[VirtualNetwork]
    machines: Mapping[str, MachineFacts] = field(default_factory=dict[str, MachineFacts])
