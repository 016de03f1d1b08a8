"""Which flows a policy protects between which hosts, and which to try."""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from itertools import permutations
from typing import Final

from ipsec_orchestrator.model.flow import Flow
from ipsec_orchestrator.model.inventory import Address, Host, Subnet
from ipsec_orchestrator.model.policy import (
    Endpoint,
    Filter,
    FilterAction,
    FilterActionKind,
    NamedEndpoint,
    Playbook,
    Policy,
    Rule,
)

TCP: Final = 6
UDP: Final = 17
# A filter on any port, or on any protocol, is tried on this TCP port: the article's.
PROBE_PORT: Final = 8080

_Matching = tuple[Rule, Filter, FilterAction]


def flows_of(playbook: Playbook, policy: Policy, hosts: Iterable[Host]) -> tuple[Flow, ...]:
    """Give every flow that the policy requires to be encrypted, in inventory order.

    A flow that a permit or block filter may decide instead is left out: only what a negotiate
    filter decides for certain can be proved.
    """
    found: dict[Flow, None] = {}
    for source, destination in permutations(tuple(hosts), 2):
        for source_address, destination_address in _address_pairs(source, destination):
            for rule, wanted, action in _filters(playbook, policy):
                if action.kind is not FilterActionKind.NEGOTIATE:
                    continue
                if not _matches(wanted, source_address, destination_address):
                    continue
                flow = _flow(source, destination, source_address, destination_address, wanted)
                if flow is not None and _decides(wanted, flow, playbook, policy):
                    found[_protected(flow, rule, action)] = None
    return tuple(found)


def control_flows(flows: Iterable[Flow], port: int) -> tuple[Flow, ...]:
    """Give the same pairs on a port that no filter protects: they must go on saying "clear"."""
    found = {
        Flow(
            source=flow.source,
            destination=flow.destination,
            source_address=flow.source_address,
            destination_address=flow.destination_address,
            protocol=TCP,
            port=port,
        ): None
        for flow in flows
    }
    return tuple(found)


def sample(flows: Iterable[Flow], count: int, subnets: Iterable[Subnet]) -> tuple[Flow, ...]:
    """Choose about ``count`` flows so that every pair of subnets is covered.

    The choice depends on the flows alone, so that two runs try the same ones; where there are
    more pairs of subnets than ``count``, all pairs are kept.
    """
    flows = tuple(flows)
    if len(flows) <= count:
        return flows
    nets = tuple(subnets)
    by_pair: dict[tuple[str, str, int, int], list[Flow]] = {}
    for flow in flows:
        key = (
            _subnet_of(flow.source_address, nets),
            _subnet_of(flow.destination_address, nets),
            flow.protocol,
            flow.port,
        )
        by_pair.setdefault(key, []).append(flow)
    for members in by_pair.values():
        members.sort(key=_order)
    chosen: list[Flow] = []
    depth = 0
    while len(chosen) < count or depth == 0:
        chosen += [members[depth] for members in by_pair.values() if depth < len(members)]
        depth += 1
    kept = set(chosen[: max(count, len(by_pair))])
    return tuple(flow for flow in flows if flow in kept)


def _order(flow: Flow) -> bytes:
    return sha256(f"{flow.source}>{flow.destination}:{flow.protocol}/{flow.port}".encode()).digest()


def _subnet_of(address: Address, nets: tuple[Subnet, ...]) -> str:
    fitting = [net for net in nets if address in net]
    narrowest = max(fitting, key=lambda net: net.prefixlen, default=ip_network(address))
    return str(narrowest)


def _address_pairs(source: Host, destination: Host) -> Iterator[tuple[Address, Address]]:
    for one in source.addresses:
        for other in destination.addresses:
            if one.version == other.version:
                yield one, other


def _filters(playbook: Playbook, policy: Policy) -> Iterator[_Matching]:
    for rule in policy.rules:
        if rule.active:
            action = playbook.filter_action(rule.filter_action)
            for wanted in playbook.filter_list(rule.filter_list).filters:
                yield rule, wanted, action


def _matches(wanted: Filter, source: Address, destination: Address) -> bool:
    return _fits(wanted.source, source) and _fits(wanted.destination, destination)


def _fits(endpoint: Endpoint, address: Address) -> bool:
    match endpoint:
        case NamedEndpoint():
            # "me" is each host's own address: the policy is on both ends.
            return True
        case IPv4Network() | IPv6Network():
            return address in endpoint
        case IPv4Address() | IPv6Address():
            return address == endpoint


def _flow(
    source: Host,
    destination: Host,
    source_address: Address,
    destination_address: Address,
    wanted: Filter,
) -> Flow | None:
    if wanted.protocol not in {0, TCP, UDP}:
        return None
    return Flow(
        source=source.name,
        destination=destination.name,
        source_address=source_address,
        destination_address=destination_address,
        protocol=wanted.protocol or TCP,
        port=wanted.destination_port or PROBE_PORT,
    )


def _protected(flow: Flow, rule: Rule, action: FilterAction) -> Flow:
    return Flow(
        source=flow.source,
        destination=flow.destination,
        source_address=flow.source_address,
        destination_address=flow.destination_address,
        protocol=flow.protocol,
        port=flow.port,
        rule=rule.name,
        filter_action=action.name,
        algorithms=tuple(
            (method.esp[0].value, method.esp[1].value) for method in action.methods if method.esp
        ),
    )


def _decides(mine: Filter, flow: Flow, playbook: Playbook, policy: Policy) -> bool:
    """Tell whether no permit or block filter can come before this one for this flow."""
    for _, other, action in _filters(playbook, policy):
        if action.kind is FilterActionKind.NEGOTIATE:
            continue
        forward = _matches(other, flow.source_address, flow.destination_address) and (
            other.destination_port in {0, flow.port}
        )
        backward = other.mirrored and (
            _matches(other, flow.destination_address, flow.source_address)
            and other.source_port in {0, flow.port}
        )
        same_protocol = other.protocol in {0, flow.protocol}
        if same_protocol and (forward or backward) and not _is_narrower(mine, other):
            return False
    return True


def _is_narrower(mine: Filter, other: Filter) -> bool:
    """Tell whether ``mine`` is at least as narrow in every field; only then it comes first."""
    return (
        _width(mine.source) <= _width(other.source)
        and _width(mine.destination) <= _width(other.destination)
        and (other.protocol in (mine.protocol, 0))
        and (other.source_port in (mine.source_port, 0))
        and (other.destination_port in (mine.destination_port, 0))
    )


def _width(endpoint: Endpoint) -> int:
    """Give the number of address bits that are left open."""
    match endpoint:
        case NamedEndpoint.ANY:
            return 128
        case NamedEndpoint.ME | IPv4Address() | IPv6Address():
            return 0
        case IPv4Network() | IPv6Network():
            return endpoint.max_prefixlen - endpoint.prefixlen
