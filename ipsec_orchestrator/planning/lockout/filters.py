"""The filters of a policy, one direction each, and how narrow each field of them is."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final

from ipsec_orchestrator.model.active_policy import ActivePolicy, active_policy
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

FIELDS: Final = (
    "source address",
    "destination address",
    "protocol",
    "source port",
    "destination port",
)
_ADDRESS_FIELDS: Final = 2
_PROTOCOLS: Final = {0: "any protocol", 1: "icmp", 6: "tcp", 17: "udp"}


class Direction(StrEnum):
    """Of a packet, as one host sees it."""

    OUTBOUND = "outbound"
    INBOUND = "inbound"


@dataclass(frozen=True, slots=True, kw_only=True)
class OneWay:
    """One direction of a filter, with the rule it belongs to and what happens to its traffic.

    Attributes:
        source: Where its packets come from.
        destination: Where they go.
        protocol: IANA number; 0 is any.
        source_port: 0 is any.
        destination_port: 0 is any.
        rule: The rule, which has the name, the filter list and the connection type.
        action: What happens.
        is_tunnel: Whether its rule makes a tunnel.
        doubt: Why it can't be said which packets it matches; empty if it can.
    """

    source: Endpoint
    destination: Endpoint
    protocol: int
    source_port: int
    destination_port: int
    rule: Rule
    action: FilterAction
    is_tunnel: bool = False
    doubt: str = ""

    @property
    def negotiates(self) -> bool:
        """Whether it requires security; a rule for dial-up does so on no ordinary network."""
        return (
            self.action.kind is FilterActionKind.NEGOTIATE
            and self.rule.connection_type is not ConnectionType.DIAL_UP
        )

    @property
    def effect(self) -> tuple[object, ...]:
        """Give what is done to its traffic; equal effects make the order meaningless."""
        action = self.action
        if action.kind is not FilterActionKind.NEGOTIATE:
            return (action.kind,)
        return (
            action.kind,
            action.methods,
            action.pfs,
            action.accept_unsecured,
            action.allow_fallback,
            self.rule.authentication,
        )

    @property
    def words(self) -> str:
        """Write it as a person would, for example ``me to 10.0.0.0/8 tcp any to 5985``."""
        protocol = _PROTOCOLS.get(self.protocol, f"protocol {self.protocol}")
        ports = ""
        if self.source_port or self.destination_port:
            ports = f" {self.source_port or 'any'} to {self.destination_port or 'any'}"
        return f"{_word(self.source)} to {_word(self.destination)}, {protocol}{ports}"

    def local(self, direction: Direction) -> tuple[Endpoint, int]:
        """Give address and port of the side of the host that sees a packet go that way."""
        if direction is Direction.OUTBOUND:
            return self.source, self.source_port
        return self.destination, self.destination_port

    def remote(self, direction: Direction) -> tuple[Endpoint, int]:
        """Give address and port of the other side."""
        if direction is Direction.OUTBOUND:
            return self.destination, self.destination_port
        return self.source, self.source_port

    def openness(self) -> tuple[int, ...]:
        """Give for each field how much it leaves open; 0 is one value."""
        return (
            _open_bits(self.source),
            _open_bits(self.destination),
            self.protocol == 0,
            self.source_port == 0,
            self.destination_port == 0,
        )

    def beats(self, other: "OneWay") -> bool:
        """Tell whether it is certain to come first for a packet that both match.

        The networks of two filters that match one packet hold each other, so the number of bits
        that they leave open is all there is to compare.
        """
        if not self.is_comparable(other):
            return False
        mine, theirs = self.openness(), other.openness()
        return mine != theirs and all(one <= two for one, two in zip(mine, theirs, strict=True))

    def rests_on_prefixes(self, other: "OneWay") -> bool:
        """Tell whether comparing the two weighs one subnet against a wider one.

        That a longer prefix weighs more is likely, but no text of the vendor says so.
        """
        pairs = zip((self.source, self.destination), (other.source, other.destination), strict=True)
        return any(
            isinstance(one, IPv4Network | IPv6Network)
            and isinstance(two, IPv4Network | IPv6Network)
            and one.prefixlen != two.prefixlen
            and _is_proper(one)
            and _is_proper(two)
            for one, two in pairs
        )

    def is_comparable(self, other: "OneWay") -> bool:
        """Tell whether narrowness says anything about the two."""
        return (
            not self.doubt
            and not other.doubt
            and self.is_tunnel == other.is_tunnel
            and self.rule.connection_type is other.rule.connection_type
        )


def one_ways(playbook: Playbook, policy: Policy) -> tuple[OneWay, ...]:
    """Give every direction of every filter of the policy's active rules."""
    return one_ways_of(active_policy(playbook, policy))


def one_ways_of(policy: ActivePolicy) -> tuple[OneWay, ...]:
    """Give every direction of every filter of a policy."""
    return tuple(
        OneWay(
            source=source,
            destination=destination,
            protocol=found.protocol,
            source_port=source_port,
            destination_port=destination_port,
            rule=active.rule,
            action=active.action,
        )
        for active in policy.rules
        for found in active.filters
        for source, destination, source_port, destination_port in _directions(found)
    )


def why_undecided(one: OneWay, other: OneWay) -> str:
    """Say why neither of two filters is certain to come first."""
    for found in (one, other):
        if found.doubt:
            return found.doubt
    if one.is_tunnel != other.is_tunnel:
        return "one is a tunnel filter and the other is not"
    if one.rule.connection_type is not other.rule.connection_type:
        return "their rules are for different connection types"
    narrower: list[str] = []
    wider: list[str] = []
    for field, mine, theirs in zip(FIELDS, one.openness(), other.openness(), strict=True):
        if mine < theirs:
            narrower.append(field)
        elif mine > theirs:
            wider.append(field)
    if not narrower and not wider:
        return "both match exactly the same packets"
    return (
        f"the first is narrower in {' and '.join(narrower) or 'nothing'}, "
        f"the second in {' and '.join(wider) or 'nothing'}"
    )


def _directions(found: Filter) -> Iterator[tuple[Endpoint, Endpoint, int, int]]:
    yield found.source, found.destination, found.source_port, found.destination_port
    if found.mirrored:
        yield found.destination, found.source, found.destination_port, found.source_port


def _open_bits(endpoint: Endpoint) -> int:
    """Give the number of address bits that are left open."""
    match endpoint:
        case NamedEndpoint.ANY:
            return 128
        case NamedEndpoint.ME | IPv4Address() | IPv6Address():
            return 0
        case IPv4Network() | IPv6Network():
            return endpoint.max_prefixlen - endpoint.prefixlen


def _is_proper(network: IPv4Network | IPv6Network) -> bool:
    return 0 < network.prefixlen < network.max_prefixlen


def _word(endpoint: Endpoint) -> str:
    return endpoint.value if isinstance(endpoint, NamedEndpoint) else str(endpoint)
