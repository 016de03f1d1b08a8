"""From the filters of a policy to those of one member, most specific first.

Windows orders filters by how specific they are, and how it weighs the fields is not published.
Every order that respects "at least as narrow in every field, and narrower in one" agrees wherever
that decides. Where it does not decide, a fixed order is taken here, and said.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from itertools import combinations

from ipsec_orchestrator.codec import FilterSpec
from ipsec_orchestrator.lab.wire.guest_policy import TCP, UDP, Direction

_ANY = IPv4Address(0)
_HOST_MASK = IPv4Address(0xFFFFFFFF)
_HOST_BITS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecificFilter:
    """One flow in one direction, as one member sees it.

    Attributes:
        direction: As seen from the member.
        local: The member's address.
        local_bits: Prefix length that the filter itself has on the member's side.
        remote: The other side.
        ip_protocol: 0 is any.
        local_port: 0 is any.
        remote_port: 0 is any.
    """

    direction: Direction
    local: IPv4Address
    local_bits: int
    remote: IPv4Network
    ip_protocol: int
    local_port: int
    remote_port: int

    @property
    def narrowness(self) -> tuple[int, ...]:
        """How narrow each field is."""
        ports = (int(bool(self.local_port)), int(bool(self.remote_port)))
        return (self.local_bits, self.remote.prefixlen, int(bool(self.ip_protocol)), *ports)

    @property
    def rank(self) -> tuple[int, int, int]:
        """Sort key that grows with every field: addresses first, then protocol, then ports."""
        local, remote, protocol, *ports = self.narrowness
        return (local + remote, protocol, sum(ports))

    def meets(self, other: "SpecificFilter") -> bool:
        """Whether a packet can match both."""
        return (
            self.direction is other.direction
            and self.local == other.local
            and self.remote.overlaps(other.remote)
            and _meet(self.ip_protocol, other.ip_protocol)
            and _meet(self.local_port, other.local_port)
            and _meet(self.remote_port, other.remote_port)
        )

    def is_decided_against(self, other: "SpecificFilter") -> bool:
        """Whether one of the two is at least as narrow in every field, and narrower in one."""
        pairs = list(zip(self.narrowness, other.narrowness, strict=True))
        narrower = any(mine > theirs for mine, theirs in pairs)
        wider = any(mine < theirs for mine, theirs in pairs)
        return narrower != wider


def _meet(first: int, second: int) -> bool:
    return first == second or 0 in {first, second}


def specific_filters(spec: FilterSpec, addresses: Sequence[IPv4Address]) -> list[SpecificFilter]:
    """Give what a filter means on a member; empty if none of its packets can match.

    Args:
        spec: The filter; what :func:`unsupported` speaks of must not be in it.
        addresses: All of the member.
    """
    sides = (
        (spec.source, spec.source_mask, spec.source_port),
        (spec.destination, spec.destination_mask, spec.destination_port),
    )
    found = list(_one_way(sides[0], sides[1], spec.protocol, addresses))
    if spec.mirrored:
        found += _one_way(sides[1], sides[0], spec.protocol, addresses)
    return list(dict.fromkeys(found))


def unsupported(spec: FilterSpec) -> str | None:
    """Say why a filter can't be carried out on the wire; ``None`` if it can."""
    if spec.is_tunnel:
        return "it is a tunnel filter"
    if spec.special:
        return "it means a server that the member looks up in its own settings"
    for mask in (spec.source_mask, spec.destination_mask):
        if not _is_prefix(mask):
            return f"its mask {mask} is not contiguous"
    return None


_Side = tuple[IPv4Address, IPv4Address, int]


def _one_way(
    source: _Side, destination: _Side, protocol: int, addresses: Sequence[IPv4Address]
) -> Iterator[SpecificFilter]:
    for direction, near, far in (
        (Direction.OUTBOUND, source, destination),
        (Direction.INBOUND, destination, source),
    ):
        for local in _own(near, addresses):
            for remote in _networks(far, addresses):
                has_ports = protocol in {TCP, UDP}
                yield SpecificFilter(
                    direction=direction,
                    local=local,
                    local_bits=_bits(near[1]),
                    remote=remote,
                    ip_protocol=protocol,
                    local_port=near[2] if has_ports else 0,
                    remote_port=far[2] if has_ports else 0,
                )


def _own(side: _Side, addresses: Sequence[IPv4Address]) -> list[IPv4Address]:
    networks = _networks(side, addresses)
    return [address for address in addresses if any(address in network for network in networks)]


def _networks(side: _Side, addresses: Sequence[IPv4Address]) -> list[IPv4Network]:
    address, mask, _ = side
    if address == _ANY and mask == _HOST_MASK:
        return [IPv4Network(own) for own in addresses]
    return [IPv4Network((int(address) & int(mask), _bits(mask)))]


def _bits(mask: IPv4Address) -> int:
    return int(mask).bit_count()


def _is_prefix(mask: IPv4Address) -> bool:
    wildcard = int(mask) ^ 0xFFFFFFFF
    return wildcard & (wildcard + 1) == 0


def undecided_pairs(
    filters: Sequence[tuple[SpecificFilter, object]],
) -> Iterator[tuple[SpecificFilter, SpecificFilter]]:
    """Give the pairs with different effects of which Windows' published order decides none.

    Args:
        filters: Each with its effect; equal effects make the order meaningless.
    """
    for (first, effect), (second, other_effect) in combinations(filters, 2):
        if effect != other_effect and first.meets(second) and not first.is_decided_against(second):
            yield first, second
