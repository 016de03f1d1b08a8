"""Which simulated hosts a lab has: the four of the how-to, and as many more as wanted."""

from dataclasses import dataclass
from ipaddress import IPv4Address

from ipsec_orchestrator.lab.domain.layout import DC_NAME, DomainHost, LabLayout
from ipsec_orchestrator.model.inventory import HostRole

OU = "IPSecOU"
HTTP_PORT = 5985
HTTPS_PORT = 5986
AZURE_SUBNET = "10.0.1.0/24"
ON_PREMISES_SUBNET = "10.2.27.0/25"
# The article's own addresses: vm1 is 10.0.1.20 in its script.
_FIRST_AZURE = IPv4Address("10.0.1.20")
_FIRST_ON_PREMISES = IPv4Address("10.2.27.10")
_DC_INTERNAL = IPv4Address("10.2.27.5")
FEWEST_MEMBERS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class LabHost:
    """One simulated host.

    Attributes:
        name: Short name.
        role: Its role in the how-to.
        fqdn: Its DNS name.
        address: The loopback address where its WinRM listens.
        internal_address: The address that it has in the how-to's networks.
    """

    name: str
    role: HostRole
    fqdn: str
    address: IPv4Address
    internal_address: IPv4Address

    @property
    def is_domain_controller(self) -> bool:
        """Whether the domain itself runs there."""
        return self.role is HostRole.DOMAIN_CONTROLLER

    @property
    def domain_host(self) -> DomainHost:
        """The account that the domain is to have for it."""
        return DomainHost(name=self.name, address=self.address, ou=OU)


def lab_hosts(layout: LabLayout, members: int) -> tuple[LabHost, ...]:
    """Give dc1, host1, vm1, vm2, then host2, vm3, host3 ... up to that many members."""
    hosts = [
        LabHost(
            name=DC_NAME,
            role=HostRole.DOMAIN_CONTROLLER,
            fqdn=layout.dc_fqdn,
            address=layout.dc_address,
            internal_address=_DC_INTERNAL,
        ),
    ]
    azure = on_premises = 0
    for index in range(max(members, FEWEST_MEMBERS)):
        # One host on-premises and two VMs first, as in the article; then by turns.
        is_azure = index in {1, 2} or (index > FEWEST_MEMBERS and index % 2 == 0)
        if is_azure:
            name, internal = f"vm{azure + 1}", _FIRST_AZURE + azure
            azure += 1
        else:
            name, internal = f"host{on_premises + 1}", _FIRST_ON_PREMISES + on_premises
            on_premises += 1
        hosts.append(
            LabHost(
                name=name,
                role=HostRole.AZURE_VM if is_azure else HostRole.ON_PREMISES,
                fqdn=DomainHost(name=name, address=layout.dc_address).fqdn,
                address=layout.member_address(index),
                internal_address=internal,
            ),
        )
    return tuple(hosts)
