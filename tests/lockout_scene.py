"""Policies in few words, and the packets that tests ask about."""

from ipaddress import IPv4Address, ip_address, ip_network

from ipsec_orchestrator.model.policy import (
    ConnectionType,
    Endpoint,
    Filter,
    FilterAction,
    FilterActionKind,
    FilterList,
    GpoWish,
    NamedEndpoint,
    Playbook,
    Policy,
    Rule,
)
from ipsec_orchestrator.planning.lockout.deciding import Decision
from ipsec_orchestrator.planning.lockout.filters import Direction, OneWay, one_ways
from ipsec_orchestrator.planning.lockout.regions import Region, answers

ICMP, TCP, UDP = 1, 6, 17
ME, ANY = NamedEndpoint.ME, NamedEndpoint.ANY
HOST = IPv4Address("10.0.1.20")
ADMIN = IPv4Address("10.9.0.7")
CONTROLLER = IPv4Address("10.0.0.4")
PERMIT, BLOCK, NEGOTIATE = (
    FilterAction(name=kind.value, kind=kind)
    for kind in (FilterActionKind.PERMIT, FilterActionKind.BLOCK, FilterActionKind.NEGOTIATE)
)


def end(word: str) -> Endpoint:
    """``me``, ``any``, an address or a subnet."""
    if word in {"me", "any"}:
        return NamedEndpoint(word)
    if "/" in word:
        network = ip_network(word)
        return network.network_address if network.prefixlen == 32 else network
    return ip_address(word)


def between(
    source: str, destination: str, protocol: int = 0, to: int = 0, *, mirrored: bool = True
) -> Filter:
    """A filter."""
    return Filter(
        source=end(source),
        destination=end(destination),
        protocol=protocol,
        destination_port=to,
        mirrored=mirrored,
    )


def playbook_of(*rules: tuple[FilterAction, Filter]) -> Playbook:
    """A playbook with one policy of one rule a filter, assigned."""
    numbers = range(1, len(rules) + 1)
    actions = dict.fromkeys(action for action, _ in rules)
    return Playbook(
        name="test",
        gpo=GpoWish(name="test", ou="OU=IPSecOU,DC=ipsectest,DC=com"),
        filter_actions=tuple(actions),
        filter_lists=tuple(
            FilterList(name=f"list {number}", filters=(found,))
            for number, (_, found) in zip(numbers, rules, strict=True)
        ),
        policies=(
            Policy(
                name="policy",
                rules=tuple(
                    Rule(
                        name=f"rule {number}",
                        filter_list=f"list {number}",
                        filter_action=action.name,
                        connection_type=ConnectionType.ALL,
                    )
                    for number, (action, _) in zip(numbers, rules, strict=True)
                ),
            ),
        ),
        assignment="policy",
    )


def filters_of(*rules: tuple[FilterAction, Filter]) -> tuple[OneWay, ...]:
    """The filters of such a policy, one direction each."""
    playbook = playbook_of(*rules)
    return one_ways(playbook, playbook.policies[0])


def packet(
    filters: tuple[OneWay, ...],
    direction: Direction,
    remote: str | IPv4Address,
    protocol: int = TCP,
    *,
    local: str | IPv4Address = HOST,
    local_port: int = 50_001,
    remote_port: int = 50_001,
) -> Decision:
    """What happens to one packet of a host."""
    near, far = int(IPv4Address(local)), int(IPv4Address(remote))
    if protocol not in {TCP, UDP}:
        local_port = remote_port = 0
    numbers = (near, far, protocol, local_port, remote_port)
    region = Region(direction=direction, box=tuple((number, number) for number in numbers))
    (found,) = answers(filters, region)
    return found.decision
