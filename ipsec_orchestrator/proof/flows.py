"""Which flows a policy protects between which hosts."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import permutations
from types import MappingProxyType
from typing import Final

from ipsec_orchestrator.model.flow import Flow
from ipsec_orchestrator.model.inventory import Address, Host
from ipsec_orchestrator.model.policy import Playbook, Policy
from ipsec_orchestrator.planning.lockout.filters import OneWay, one_ways
from ipsec_orchestrator.proof.deciding import PacketShape, first_ones, fits
from ipsec_orchestrator.proof.sampling import sample

__all__ = [
    "PROBE_PORT",
    "TCP",
    "UDP",
    "control_flows",
    "flows_of",
    "is_unmatched",
    "sample",
    "second_paths",
]

TCP: Final = 6
UDP: Final = 17
PROBE_PORT: Final = 8080
"""A filter on any port, or on any protocol, is tried on this TCP port: the article's."""

# Where another filter decides over that port, one of these may still show the wide one at work.
_PROBE_PORTS: Final = (PROBE_PORT, PROBE_PORT + 1, PROBE_PORT + 2)
# Key exchange is exempt from every filter, so no flow to it can be protected.
_KEYING_PORTS: Final[Mapping[int, frozenset[int]]] = MappingProxyType(
    {UDP: frozenset({500, 4500})},
)


def flows_of(playbook: Playbook, policy: Policy, hosts: Iterable[Host]) -> tuple[Flow, ...]:
    """Give every flow that the policy requires to be encrypted, in the order of the hosts.

    A flow that a permit or block filter may decide instead is left out, in either direction:
    only what negotiate filters decide for certain can be proved. A filter that names the
    client's port gives no flow, because clients choose theirs.

    Args:
        playbook: Where the policy's filter lists and filter actions are.
        policy: What all the hosts get.
        hosts: Those that have the policy; pairs with another host are no flows of it.
    """
    filters = one_ways(playbook, policy)
    found: dict[Flow, None] = {}
    for source, destination in permutations(tuple(hosts), 2):
        for ends in _address_pairs(source, destination):
            for wanted in filters:
                for bare in _candidates(source, destination, ends, wanted):
                    protected = _protected(bare, wanted, filters)
                    if protected is not None:
                        found[protected] = None
                        break
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


def second_paths(
    playbook: Playbook, policy: Policy, hosts: Iterable[Host], protected: Iterable[Flow]
) -> tuple[Flow, ...]:
    """Give the ways around a policy: what it protects, by addresses that none of its filters match.

    A filter that permits such traffic is a decision, so that there is no such way.

    Args:
        playbook: Where the policy's filter lists and filter actions are.
        policy: What all the hosts get.
        hosts: With all their addresses.
        protected: What :func:`flows_of` gives for them.
    """
    by_name = {host.name: host for host in hosts}
    found = {
        replace(
            flow, source_address=ends[0], destination_address=ends[1], is_second_path=True
        ): None
        for flow in protected
        for ends in _address_pairs(by_name[flow.source], by_name[flow.destination])
    }
    return tuple(flow for flow in found if is_unmatched(playbook, policy, flow))


def is_unmatched(playbook: Playbook, policy: Policy, flow: Flow) -> bool:
    """Tell whether no filter of the policy has a say over a flow, so that it can be a control."""
    filters = one_ways(playbook, policy)
    return not any(fits(found, packet) for found in filters for packet in _packets(flow))


def _address_pairs(source: Host, destination: Host) -> Iterator[tuple[Address, Address]]:
    for one in source.addresses:
        for other in destination.addresses:
            if one.version == other.version:
                yield one, other


def _candidates(
    source: Host,
    destination: Host,
    ends: tuple[Address, Address],
    wanted: OneWay,
) -> Iterator[Flow]:
    """Give what could show a filter at work: on its port, or on one of several."""
    if not wanted.negotiates or wanted.source_port or wanted.protocol not in {0, TCP, UDP}:
        return
    protocol = wanted.protocol or TCP
    ports = (wanted.destination_port,) if wanted.destination_port else _PROBE_PORTS
    for port in ports:
        packet = PacketShape(
            source=ends[0],
            destination=ends[1],
            protocol=protocol,
            destination_port=port,
        )
        if fits(wanted, packet) and port not in _KEYING_PORTS.get(protocol, frozenset()):
            yield Flow(
                source=source.name,
                destination=destination.name,
                source_address=ends[0],
                destination_address=ends[1],
                protocol=protocol,
                port=port,
            )


def _packets(flow: Flow) -> tuple[PacketShape, PacketShape]:
    """Give a request and an answer."""
    return (
        PacketShape(
            source=flow.source_address,
            destination=flow.destination_address,
            protocol=flow.protocol,
            destination_port=flow.port,
        ),
        PacketShape(
            source=flow.destination_address,
            destination=flow.source_address,
            protocol=flow.protocol,
            source_port=flow.port,
        ),
    )


def _protected(flow: Flow, wanted: OneWay, filters: tuple[OneWay, ...]) -> Flow | None:
    """Name the rule that protects a flow; ``None`` if it does not show the wanted filter at work.

    An answer that no filter matches stays a flow: that it comes back in clear is to be shown.
    """
    request, answer = (first_ones(filters, packet) for packet in _packets(flow))
    if wanted not in request or not all(found.negotiates for found in (*request, *answer)):
        return None
    # Several that nobody can order: each of them negotiates, so what any of them names is right.
    methods = dict.fromkeys(method for found in request for method in found.action.methods)
    return replace(
        flow,
        rule=request[0].rule.name,
        filter_action=request[0].action.name,
        algorithms=tuple(
            (method.esp[0].value, method.esp[1].value)
            for method in methods
            if method.esp is not None
        ),
        may_fall_back=any(found.action.allow_fallback for found in request),
    )
