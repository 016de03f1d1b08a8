"""Which filters decide over a packet, as far as that is certain.

Windows orders filters from most specific to least by a formula that is not published. Only where
one filter is at least as narrow as another in every field, and narrower in one, it is certain to
come first, whatever the formula.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final

from ipsec_orchestrator.model.inventory import Address
from ipsec_orchestrator.model.policy import (
    ConnectionType,
    Endpoint,
    Filter,
    FilterAction,
    FilterActionKind,
    NamedEndpoint,
    Playbook,
    Policy,
    Rule,
)

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


@dataclass(frozen=True, slots=True, kw_only=True)
class OneWay:
    """One direction of a filter, with the rule it belongs to and what happens to its traffic."""

    source: Endpoint
    destination: Endpoint
    protocol: int
    source_port: int
    destination_port: int
    rule: Rule
    action: FilterAction

    @property
    def negotiates(self) -> bool:
        """Whether it requires security; a rule for dial-up does so on no ordinary network."""
        return (
            self.action.kind is FilterActionKind.NEGOTIATE
            and self.rule.connection_type is not ConnectionType.DIAL_UP
        )

    def fits(self, packet: PacketShape) -> bool:
        """Tell whether it matches at one end or the other; every end has the policy."""
        return (
            self.protocol in {0, packet.protocol}
            and _holds(self.source, packet.source)
            and _holds(self.destination, packet.destination)
            and _is_port(self.source_port, packet.source_port)
            and _is_port(self.destination_port, packet.destination_port)
        )

    def beats(self, other: "OneWay") -> bool:
        """Tell whether it is certain to come first for a packet that both match."""
        mine, theirs = self.openness(), other.openness()
        return mine != theirs and all(one <= two for one, two in zip(mine, theirs, strict=True))

    def openness(self) -> tuple[int, ...]:
        """Give for each field how much it leaves open; 0 is one value."""
        return (
            _open_bits(self.source),
            _open_bits(self.destination),
            self.protocol == 0,
            self.source_port == 0,
            self.destination_port == 0,
        )


def one_ways(playbook: Playbook, policy: Policy) -> tuple[OneWay, ...]:
    """Give every direction of every filter of the policy's active rules."""
    return tuple(
        OneWay(
            source=source,
            destination=destination,
            protocol=found.protocol,
            source_port=source_port,
            destination_port=destination_port,
            rule=rule,
            action=playbook.filter_action(rule.filter_action),
        )
        for rule in policy.rules
        if rule.active
        for found in playbook.filter_list(rule.filter_list).filters
        for source, destination, source_port, destination_port in _directions(found)
    )


def first_ones(filters: Iterable[OneWay], packet: PacketShape) -> tuple[OneWay, ...]:
    """Give those of the matching filters that no other one is certain to come before."""
    fitting = [found for found in filters if found.fits(packet)]
    return tuple(found for found in fitting if not any(other.beats(found) for other in fitting))


def _directions(found: Filter) -> Iterator[tuple[Endpoint, Endpoint, int, int]]:
    yield found.source, found.destination, found.source_port, found.destination_port
    if found.mirrored:
        yield found.destination, found.source, found.destination_port, found.source_port


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


def _open_bits(endpoint: Endpoint) -> int:
    """Give the number of address bits that are left open."""
    match endpoint:
        case NamedEndpoint.ANY:
            return 128
        case NamedEndpoint.ME | IPv4Address() | IPv6Address():
            return 0
        case IPv4Network() | IPv6Network():
            return endpoint.max_prefixlen - endpoint.prefixlen
