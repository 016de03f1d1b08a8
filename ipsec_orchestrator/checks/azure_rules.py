"""Network security rules, evaluated as Azure does: by priority, first match decides.

What a tag stands for is not always known; a match then is neither yes nor no, and if the outcome
hangs on it, the decision is open.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ipsec_orchestrator.checks.azure_outcomes import is_word, subnets
from ipsec_orchestrator.model.azure import SecurityRule
from ipsec_orchestrator.model.inventory import Address, Subnet

# IANA protocol numbers, which some rules have instead of names.
_PROTOCOL_NUMBERS: Final = {"17": "udp", "50": "esp", "6": "tcp", "51": "ah", "1": "icmp"}
_ANY_PROTOCOL: Final = frozenset({"*", "all", "any"})
_ALL_PORTS: Final = frozenset({"*", "0-65535", "1-65535"})
_AZURE_HOST: Final = subnets(["168.63.129.16/32"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One packet at a network interface; ``port`` is that of both ends, ``None`` for ESP."""

    direction: str
    protocol: str
    source: Address
    destination: Address
    port: int | None = None

    @property
    def words(self) -> str:
        """Protocol and port for a sentence."""
        return self.protocol.upper() if self.port is None else f"UDP {self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TagKnowledge:
    """What the tag VirtualNetwork stands for.

    Attributes:
        virtual_network: Prefixes that certainly belong to it.
        is_complete: Whether nothing else does; without the effective routes nobody knows.
    """

    virtual_network: tuple[Subnet, ...]
    is_complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What happens to a packet; ``allowed`` is ``None`` if it hangs on ``rule``, a tag of it."""

    allowed: bool | None
    rule: SecurityRule | None


def decide(packet: Packet, rules: Sequence[SecurityRule], tags: TagKnowledge) -> Decision:
    """Find the first rule that matches; rules that may match count if they decide otherwise."""
    applicable = sorted(
        (rule for rule in rules if is_word(rule.direction, packet.direction)),
        key=lambda rule: rule.priority,
    )
    doubtful: list[SecurityRule] = []
    for rule in applicable:
        match = _matches(packet, rule, tags)
        if match is None:
            doubtful.append(rule)
        elif match:
            return _decided(rule, doubtful)
    return _decided(None, doubtful)


def _decided(last: SecurityRule | None, doubtful: Sequence[SecurityRule]) -> Decision:
    # What no rule matches is dropped; in practice the default rules match everything.
    allowed = last is not None and _allows(last)
    against = next((rule for rule in doubtful if _allows(rule) != allowed), None)
    if against is not None:
        return Decision(allowed=None, rule=against)
    return Decision(allowed=allowed, rule=last)


def _allows(rule: SecurityRule) -> bool:
    return is_word(rule.access, "Allow")


def _matches(packet: Packet, rule: SecurityRule, tags: TagKnowledge) -> bool | None:
    if not _matches_protocol(packet, rule):
        return False
    if not all(
        _matches_port(packet, ports) for ports in (rule.source_ports, rule.destination_ports)
    ):
        return False
    ends = (
        _matches_address(packet.source, rule.source_prefixes, rule.expanded_source, tags),
        _matches_address(
            packet.destination, rule.destination_prefixes, rule.expanded_destination, tags
        ),
    )
    if False in ends:
        return False
    return None if None in ends else True


def _matches_protocol(packet: Packet, rule: SecurityRule) -> bool:
    said = rule.protocol.casefold()
    return said in _ANY_PROTOCOL or _PROTOCOL_NUMBERS.get(said, said) == packet.protocol.casefold()


def _matches_port(packet: Packet, ranges: Sequence[str]) -> bool:
    if any(text in _ALL_PORTS for text in ranges):
        return True
    if packet.port is None:
        return False  # a packet without ports meets no rule about some of them
    for text in ranges:
        first, _, last = text.partition("-")
        if first.isdecimal() and int(first) <= packet.port <= int(last or first):
            return True
    return False


def _matches_address(
    address: Address, prefixes: Sequence[str], expanded: Sequence[str], tags: TagKnowledge
) -> bool | None:
    if expanded:
        return _within(address, subnets(expanded))
    found = [_matches_prefix(address, prefix, tags) for prefix in prefixes]
    if True in found:
        return True
    return None if None in found else False


def _matches_prefix(address: Address, prefix: str, tags: TagKnowledge) -> bool | None:
    if prefix in {"*", "Any"}:
        return True
    if networks := subnets([prefix]):
        return _within(address, networks)
    match prefix.casefold():
        case "virtualnetwork":
            return _in_virtual_network(address, tags)
        case "azureloadbalancer":
            return _within(address, _AZURE_HOST)
        case "internet":
            # All that is outside of the virtual network and reachable from the Internet.
            return False if address.is_private or _in_virtual_network(address, tags) else None
        case _:
            return None


def _in_virtual_network(address: Address, tags: TagKnowledge) -> bool | None:
    if _within(address, tags.virtual_network) or _within(address, _AZURE_HOST):
        return True
    return False if tags.is_complete else None


def _within(address: Address, networks: Sequence[Subnet]) -> bool:
    return any(address in network for network in networks if network.version == address.version)
