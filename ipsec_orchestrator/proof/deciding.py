"""Which filters decide over a packet of a flow, seen from both ends at once.

What comes first is decided by :mod:`ipsec_orchestrator.planning.lockout`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final

from ipsec_orchestrator.model.inventory import Address
from ipsec_orchestrator.model.policy import Endpoint, NamedEndpoint
from ipsec_orchestrator.planning.lockout.deciding import undefeated
from ipsec_orchestrator.planning.lockout.filters import OneWay

# Windows takes the ports of its own side of a connection from here on (RFC 6335 6).
_FIRST_CLIENT_PORT: Final = 49_152
_IPV4: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketShape:
    """One packet of a flow; a port of ``None`` is one that the client chooses."""

    source: Address
    destination: Address
    protocol: int
    source_port: int | None = None
    destination_port: int | None = None


def fits(found: OneWay, packet: PacketShape) -> bool:
    """Tell whether a filter matches at one end or the other; every end has the policy."""
    return (
        found.protocol in {0, packet.protocol}
        and _holds(found.source, packet.source)
        and _holds(found.destination, packet.destination)
        and _is_port(found.source_port, packet.source_port)
        and _is_port(found.destination_port, packet.destination_port)
    )


def first_ones(filters: Iterable[OneWay], packet: PacketShape) -> tuple[OneWay, ...]:
    """Give those of the matching filters that no other one is certain to come before."""
    return undefeated(found for found in filters if fits(found, packet))


def _holds(endpoint: Endpoint, address: Address) -> bool:
    match endpoint:
        case NamedEndpoint():
            # "me" is each host's own address. The stored form of both words is that of IPv4.
            return address.version == _IPV4
        case IPv4Network() | IPv6Network():
            return address in endpoint
        case IPv4Address() | IPv6Address():
            return address == endpoint


def _is_port(wanted: int, port: int | None) -> bool:
    if port is None:
        return wanted == 0 or wanted >= _FIRST_CLIENT_PORT
    return wanted in {0, port}
