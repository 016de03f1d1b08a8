"""What administration needs beside what every domain needs, as the inventory says it."""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final, TypeAlias

FLOW_NAMES: Final = (
    "winrm",
    "rdp",
    "kerberos",
    "ldap",
    "smb",
    "dns",
    "rpc",
    "ntp",
    "dhcp",
    "icmp",
    "esp",
    "azure-platform",
    "azure-metadata",
)
"""Names of the flows that are proved without being asked for; no other flow may have one."""


class EndWord(StrEnum):
    """Ends of a flow that are words; each member, workstation or DC makes a flow of its own."""

    MEMBERS = "members"
    WORKSTATIONS = "workstations"
    CONTROLLERS = "controllers"
    ANY = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedHost:
    """A host of the inventory, by its name there."""

    name: str


FlowEnd: TypeAlias = EndWord | NamedHost | IPv4Address | IPv6Address | IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtraFlow:
    """A flow that has to stay open because the inventory says so.

    Attributes:
        name: Its word in ``--accept-risk``.
        source: Who begins.
        destination: Who answers.
        protocol: IANA number; 0 is any.
        ports: First and last port of the destination; all of them without a word.
    """

    name: str
    source: FlowEnd
    destination: FlowEnd
    protocol: int
    ports: tuple[int, int] = (0, 65_535)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdministrationSettings:
    """From where hosts are administered, and what for.

    Attributes:
        workstations: Addresses from which hosts are administered; empty means the one where this
            program runs.
        rdp: Whether Remote Desktop from there has to stay open.
        dhcp_servers: The only DHCP servers of hosts that are no Azure VMs; ``None`` means that
            any address may be one, an empty tuple that the hosts have fixed addresses.
        flows: What else has to stay open.
    """

    workstations: tuple[IPv4Address | IPv6Address, ...] = ()
    rdp: bool = False
    dhcp_servers: tuple[IPv4Address | IPv6Address, ...] | None = None
    flows: tuple[ExtraFlow, ...] = ()
