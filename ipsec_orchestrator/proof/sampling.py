"""Which flows of many to try."""

from collections.abc import Iterable
from hashlib import sha256
from ipaddress import ip_network

from ipsec_orchestrator.model.flow import Flow
from ipsec_orchestrator.model.inventory import Address, Subnet


def sample(flows: Iterable[Flow], count: int, subnets: Iterable[Subnet]) -> tuple[Flow, ...]:
    """Choose about ``count`` flows so that every pair of subnets is covered.

    The choice depends on the flows alone, not on their order, so that two runs try the same
    ones. Where there are more pairs of subnets, ports counted apart, than ``count``, each of
    them is kept once.

    Args:
        flows: What could be tried.
        count: About how many.
        subnets: What the pairs are made of; an address in none of them is one by itself.

    Returns:
        The chosen ones, in the order of ``flows``.
    """
    flows = tuple(flows)
    if len(flows) <= count:
        return flows
    nets = tuple(subnets)
    by_pair: dict[tuple[str, str, int, int], list[Flow]] = {}
    for flow in sorted(flows, key=_order):
        key = (
            _subnet_of(flow.source_address, nets),
            _subnet_of(flow.destination_address, nets),
            flow.protocol,
            flow.port,
        )
        by_pair.setdefault(key, []).append(flow)
    depth = max(len(members) for members in by_pair.values())
    in_turn = [
        members[level]
        for level in range(depth)
        for members in by_pair.values()
        if level < len(members)
    ]
    kept = set(in_turn[: max(count, len(by_pair))])
    return tuple(flow for flow in flows if flow in kept)


def _order(flow: Flow) -> bytes:
    """Give an order that has nothing to do with names, so that no end of the fleet is favoured."""
    text = (
        f"{flow.source}/{flow.source_address}>{flow.destination}/{flow.destination_address}"
        f":{flow.protocol}/{flow.port}"
    )
    return sha256(text.encode()).digest()


def _subnet_of(address: Address, nets: tuple[Subnet, ...]) -> str:
    fitting = [net for net in nets if address in net]
    narrowest = max(fitting, key=lambda net: net.prefixlen, default=ip_network(address))
    return str(narrowest)
