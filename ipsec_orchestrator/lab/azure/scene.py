"""What the imitated subscription holds, as one frozen value: the how-to's scene when unchanged."""

from dataclasses import dataclass, field
from typing import Final

SUBSCRIPTION: Final = "5b1c7d52-8a3e-4f0b-9d64-1f2e3a4b5c6d"
TENANT: Final = "0e9f8a7b-6c5d-4e3f-8a1b-2c3d4e5f6a7b"
CLIENT_ID: Final = "7c6b5a49-3827-4615-8f0e-9d8c7b6a5948"
ON_PREMISES: Final = "10.2.27.0/25"
AZURE: Final = "10.0.1.0/24"


@dataclass(frozen=True, slots=True, kw_only=True)
class VmScene:
    """One VM with one network interface; ``virtual_network`` only if it is in another VNet."""

    name: str
    address: str
    os_type: str = "Windows"
    power_state: str = "running"
    virtual_network: str | None = None
    dns_servers: tuple[str, ...] = ()

    @property
    def interface(self) -> str:
        """Name of its network interface."""
        return f"{self.name}-nic"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleScene:
    """One rule of the subnet's network security group, before the default ones."""

    name: str
    priority: int
    direction: str = "Inbound"
    access: str = "Deny"
    protocol: str = "All"
    source: str = "*"
    destination: str = "*"
    ports: str = "0-65535"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRouteScene:
    """One route of the subnet's route table."""

    name: str
    prefix: str
    next_hop_type: str
    next_hop: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmFaults:
    """What is wrong with Resource Manager itself.

    Attributes:
        denied: Actions for which the caller has no right, such as
            ``Microsoft.Network/connections/read``.
        absent: Names of resources that are not there.
        group_absent: Whether the resource group is not there.
        throttled_answers: So many requests of each kind are answered with 429 first.
        retry_after_seconds: What those answers say.
        polls: How often a long-running operation is still running when it is asked about.
        poll_seconds: What is said about when to ask again; below 1 in milliseconds.
        polled_by: ``both``, ``location`` or ``async``: which headers lead to the result.
        operations_end: Whether long-running operations ever end.
    """

    denied: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()
    group_absent: bool = False
    throttled_answers: int = 0
    retry_after_seconds: int = 1
    polls: int = 1
    poll_seconds: float = 0.01
    polled_by: str = "both"
    operations_end: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AzureScene:
    """The imitated subscription; states in Azure's own words.

    Attributes:
        gateway_routes: What VMs learn from the gateway.
        bytes_in_a_read: By how much the counters into Azure rise between two reads.
        bytes_out_a_read: The same out of Azure.
        connected_circuit: What the connection leads to, if not ``circuit``.
        default_rules_expanded: Whether the default rules come with what their tags stand for.
    """

    subscription: str = SUBSCRIPTION
    tenant: str = TENANT
    client_id: str = CLIENT_ID
    resource_group: str = "rg-ipsectest"
    location: str = "westeurope"
    circuit: str = "er-ipsectest"
    gateway: str = "gw-ipsectest"
    connection: str = "gw-to-er-ipsectest"
    virtual_network: str = "vnet-ipsectest"
    security_group: str = "nsg-ipsectest"

    circuit_state: str = "Enabled"
    circuit_provisioning: str = "Succeeded"
    provider: str = "Contoso Carrier"
    provider_state: str = "Provisioned"
    has_private_peering: bool = True
    peering_state: str = "Enabled"
    peering_provisioning: str = "Succeeded"
    primary_routes: tuple[str, ...] = (ON_PREMISES, AZURE)
    secondary_routes: tuple[str, ...] = (ON_PREMISES, AZURE)
    bytes_in_a_read: int = 52_480
    bytes_out_a_read: int = 48_128
    has_counters: bool = True

    gateway_type: str = "ExpressRoute"
    gateway_provisioning: str = "Succeeded"
    gateway_sku: str = "ErGw1AZ"
    connection_type: str = "ExpressRoute"
    connection_status: str = "Connected"
    connection_provisioning: str = "Succeeded"
    connected_circuit: str | None = None
    fast_path: bool = False

    address_prefixes: tuple[str, ...] = (AZURE,)
    dns_servers: tuple[str, ...] = ("10.2.27.4",)
    vms: tuple[VmScene, ...] = (
        VmScene(name="vm1", address="10.0.1.20"),
        VmScene(name="vm2", address="10.0.1.21"),
    )
    gateway_routes: tuple[str, ...] = (ON_PREMISES,)
    user_routes: tuple[UserRouteScene, ...] = ()
    has_security_group: bool = True
    rules: tuple[RuleScene, ...] = ()
    default_rules_expanded: bool = True

    faults: ArmFaults = field(default_factory=ArmFaults)

    @property
    def group_id(self) -> str:
        """Resource ID of the resource group."""
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}"

    def network_id(self, kind: str, name: str) -> str:
        """Resource ID of something of Microsoft.Network."""
        return f"{self.group_id}/providers/Microsoft.Network/{kind}/{name}"
