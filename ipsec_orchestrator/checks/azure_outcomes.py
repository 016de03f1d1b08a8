"""What the checks of the Azure side share: their names, and findings where nothing was seen."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from ipaddress import ip_network
from typing import Final

from ipsec_orchestrator.model.azure import Absent, Unanswered
from ipsec_orchestrator.model.finding import CheckOutcome, Finding
from ipsec_orchestrator.model.inventory import Host, HostRole, Inventory, Subnet

SECTION_CURE: Final = (
    "To have the Azure side checked, add to the inventory a section azure with subscription, "
    "resource_group, circuit, gateway, connection and virtual_network."
)


class AzureCheck(Enum):
    """The checks, in the order of the how-to's prerequisites: id and title."""

    CIRCUIT = ("azure.circuit", "the ExpressRoute circuit is enabled")
    PROVIDER = ("azure.provider", "the provider has provisioned the circuit")
    PRIVATE_PEERING = ("azure.private-peering", "private peering is configured")
    ROUTES = ("azure.routes", "routes are exchanged on both links")
    TRAFFIC = ("azure.traffic", "the circuit carries traffic")
    GATEWAY = ("azure.gateway", "the gateway is of type ExpressRoute and provisioned")
    CONNECTION = ("azure.connection", "the gateway is connected to the circuit")
    VMS = ("azure.vms", "the VM is deployed to the VNet and runs")
    EFFECTIVE_ROUTES = ("azure.effective-routes", "the VM's routes lead on-premises")
    SECURITY_GROUPS = ("azure.security-groups", "network security groups let IPsec through")
    DNS = ("azure.dns", "VMs ask a DNS server that knows the domain")

    @property
    def check_id(self) -> str:
        """Stable id such as ``azure.circuit``."""
        return self.value[0]

    @property
    def title(self) -> str:
        """What is checked, in words."""
        return self.value[1]

    def finding(
        self, outcome: CheckOutcome, seen: str, cure: str = "", *, host: str | None = None
    ) -> Finding:
        """Make a finding of this check."""
        return Finding(
            check_id=self.check_id,
            title=self.title,
            outcome=outcome,
            seen=seen,
            cure=cure,
            host=host,
        )

    def passed(self, seen: str, *, host: str | None = None) -> Finding:
        """Make a good finding."""
        return self.finding(CheckOutcome.PASSED, seen, host=host)

    def failed(self, seen: str, cure: str, *, host: str | None = None) -> Finding:
        """Make a bad finding."""
        return self.finding(CheckOutcome.FAILED, seen, cure, host=host)

    def unknown(self, seen: str, cure: str = "", *, host: str | None = None) -> Finding:
        """Make a finding that says what is missing."""
        return self.finding(CheckOutcome.UNKNOWN, seen, cure, host=host)

    def not_applicable(self, seen: str, cure: str = "", *, host: str | None = None) -> Finding:
        """Make a finding about something that is not there to be checked."""
        return self.finding(CheckOutcome.NOT_APPLICABLE, seen, cure, host=host)

    def not_named(self, key: str) -> Finding:
        """Say that the inventory does not name what would be checked."""
        return self.not_applicable(
            f"The inventory's azure section names no {key.replace('_', ' ')}.",
            f"To have it checked, add {key} to the azure section of the inventory.",
        )

    def unread(
        self, answer: Absent | Unanswered, what: str, key: str, *, host: str | None = None
    ) -> Finding:
        """Say why there is nothing to judge.

        Args:
            answer: What came instead of a value.
            what: Kind of the resource, such as ``ExpressRoute circuit``.
            key: Where the inventory names it.
            host: The host that it is about.
        """
        if isinstance(answer, Unanswered):
            return self.unknown(answer.reason, answer.cure, host=host)
        resource = answer.resource
        return self.failed(
            f"There is no {what} {resource.name} in resource group {resource.resource_group}.",
            f"Correct {key} in the inventory, or create the {what}.",
            host=host,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong, and what to do."""

    seen: str
    cure: str


def cure_of_provisioning(what: str, name: str, state: str) -> str:
    """Give the cure for a provisioning state other than ``Succeeded``."""
    if is_word(state, "Failed"):
        return (
            f"The last change of the {what} failed: see Activity log of {name} in the portal, "
            "then repeat the change."
        )
    return f"A change of the {what} is under way: wait until it is done."


def is_word(said: str, wanted: str) -> bool:
    """Compare states as Azure means them: without case."""
    return said.casefold() == wanted.casefold()


def hosts_of(inventory: Inventory, role: HostRole) -> tuple[Host, ...]:
    """Give the hosts of a role."""
    return tuple(host for host in inventory.hosts if host.role is role)


def on_premises_prefixes(inventory: Inventory) -> tuple[Subnet, ...]:
    """Give the named networks that on-premises hosts are in, and addresses outside of all."""
    found: dict[Subnet, None] = {}
    for host in hosts_of(inventory, HostRole.ON_PREMISES):
        for address in host.addresses:
            around = [net.subnet for net in inventory.networks if address in net.subnet]
            for subnet in around or [ip_network(address)]:
                found[subnet] = None
    return tuple(found)


def subnets(texts: Iterable[str]) -> tuple[Subnet, ...]:
    """Read prefixes; what is none (a service tag) is left out."""
    found: list[Subnet] = []
    for text in texts:
        try:
            found.append(ip_network(text, strict=False))
        except ValueError:
            continue
    return tuple(found)


def holds(outer: Subnet, inner: Subnet) -> bool:
    """Tell whether a prefix holds another of the same IP version."""
    return (
        outer.version == inner.version
        and outer.prefixlen <= inner.prefixlen
        and inner.network_address in outer
    )


def listed(items: Iterable[object], *, most: int = 4) -> str:
    """Join for a sentence; of many only the first are named."""
    texts = [str(item) for item in items]
    if len(texts) > most:
        return f"{', '.join(texts[:most])} and {len(texts) - most} more"
    return ", ".join(texts)
