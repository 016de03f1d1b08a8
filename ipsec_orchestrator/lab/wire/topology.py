"""Who is on the wire and how it is cabled: addresses, adapters, names. Pure values."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from ipsec_orchestrator.errors import UsageError

BRIDGE = "wire0"
MTU_BYTES = 1500
_LONGEST_INTERFACE_NAME = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """One member on the wire.

    Attributes:
        name: Short name, for example ``vm1``.
        addresses: Its addresses; the first is the one that it is known by.
        networks: The network of each address.
    """

    name: str
    addresses: tuple[IPv4Address, ...]
    networks: tuple[IPv4Network, ...]

    @property
    def interfaces(self) -> tuple[IPv4Interface, ...]:
        """Addresses with their prefix lengths."""
        return tuple(
            IPv4Interface((address, network.prefixlen))
            for address, network in zip(self.addresses, self.networks, strict=True)
        )

    @property
    def tap(self) -> str:
        """The bridge's port that leads to it."""
        return f"tap-{self.name}"

    @property
    def inner_port(self) -> str:
        """The port's other end, where the machine's own kernel is the member's."""
        return f"in-{self.name}"

    @property
    def hardware_address(self) -> str:
        """Made of the first address, so that a person can read it in a capture."""
        return ":".join(f"{byte:02x}" for byte in (2, 0, *self.addresses[0].packed))


def station(
    name: str, addresses: Sequence[IPv4Address], networks: Sequence[IPv4Network]
) -> Station:
    """Put a member into the networks that its addresses are in.

    Args:
        name: Short name of the member.
        addresses: Its addresses.
        networks: All networks of the wire.

    Raises:
        UsageError: An address is in none of the networks, or the name is too long for an adapter.
    """
    if not addresses or len(f"tap-{name}") > _LONGEST_INTERFACE_NAME:
        raise UsageError(
            f"{name!r} can't be on the wire: it needs an address and a short name.",
            cure="Change it in the inventory, or make the lab without --wire.",
        )
    own: list[IPv4Network] = []
    for address in addresses:
        found = next((network for network in networks if address in network), None)
        if found is None:
            raise UsageError(
                f"{name}: {address} is in no network of the wire.",
                cure=f"Its networks are {', '.join(map(str, networks))}.",
            )
        own.append(found)
    return Station(name=name, addresses=tuple(addresses), networks=tuple(own))


def namespace_name(network: int) -> str:
    """Give the network namespace of the lab with that number, which no two labs share."""
    return f"ipsec-lab-{network}"
