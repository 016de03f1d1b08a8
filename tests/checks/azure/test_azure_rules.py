"""Network security rules by priority, ports, protocols and tags."""

from ipaddress import ip_address, ip_network

import pytest

from ipsec_orchestrator.checks.azure_rules import Packet, TagKnowledge, decide
from ipsec_orchestrator.model.azure import SecurityRule

ESP = Packet(
    direction="Inbound",
    protocol="Esp",
    source=ip_address("10.2.27.10"),
    destination=ip_address("10.0.1.20"),
)
IKE = Packet(
    direction="Inbound",
    protocol="Udp",
    source=ip_address("10.2.27.10"),
    destination=ip_address("10.0.1.20"),
    port=500,
)
NOTHING_KNOWN = TagKnowledge(virtual_network=(), is_complete=False)
ALL_KNOWN = TagKnowledge(
    virtual_network=(ip_network("10.0.1.0/24"), ip_network("10.2.27.0/25")), is_complete=True
)
VNET_ONLY = TagKnowledge(virtual_network=(ip_network("10.0.1.0/24"),), is_complete=True)


def rule(priority: int, access: str, **fields: str | tuple[str, ...]) -> SecurityRule:
    """Make an inbound rule about everything, but for what is given."""
    known: dict[str, str | tuple[str, ...]] = {"direction": "Inbound", "protocol": "All", **fields}
    return SecurityRule(name=f"r{priority}", priority=priority, access=access, **known)  # type: ignore[arg-type] # by name


def test_lowest_number_decides() -> None:
    """The order of the answer does not matter, the priority does."""
    rules = [rule(200, "Allow"), rule(100, "Deny")]

    decision = decide(ESP, rules, ALL_KNOWN)

    assert decision.allowed is False
    assert decision.rule == rules[1]


def test_nothing_matches() -> None:
    """What no rule allows is denied."""
    decision = decide(ESP, [rule(100, "Allow", direction="Outbound")], ALL_KNOWN)

    assert decision.allowed is False
    assert decision.rule is None


@pytest.mark.parametrize(
    ("protocol", "matches"),
    [("*", True), ("All", True), ("Esp", True), ("50", True), ("Udp", False), ("Ah", False)],
)
def test_protocols(protocol: str, *, matches: bool) -> None:
    """ESP is met by its name, its number, and by rules about everything."""
    decision = decide(ESP, [rule(100, "Allow", protocol=protocol)], ALL_KNOWN)

    assert decision.allowed is matches


@pytest.mark.parametrize(
    ("ports", "packet", "matches"),
    [
        (("500",), IKE, True),
        (("400-600",), IKE, True),
        (("0-65535",), IKE, True),
        (("80", "443"), IKE, False),
        (("501-600",), IKE, False),
        (("500",), ESP, False),
        (("*",), ESP, True),
    ],
)
def test_ports(ports: tuple[str, ...], packet: Packet, *, matches: bool) -> None:
    """Ports and ranges are met by UDP; ESP has none, and meets only rules about all."""
    decision = decide(packet, [rule(100, "Allow", destination_ports=ports)], ALL_KNOWN)

    assert decision.allowed is matches


@pytest.mark.parametrize(
    ("prefix", "tags", "allowed"),
    [
        ("10.2.27.10", ALL_KNOWN, True),
        ("10.2.0.0/16", ALL_KNOWN, True),
        ("10.3.0.0/16", ALL_KNOWN, False),
        ("VirtualNetwork", ALL_KNOWN, True),
        ("VirtualNetwork", VNET_ONLY, False),
        ("VirtualNetwork", NOTHING_KNOWN, None),
        ("AzureLoadBalancer", NOTHING_KNOWN, False),
        ("Internet", ALL_KNOWN, False),
        ("Storage.WestEurope", ALL_KNOWN, None),
    ],
)
def test_source(prefix: str, tags: TagKnowledge, *, allowed: bool | None) -> None:
    """Addresses and known tags decide; a tag of which nothing is known leaves it open."""
    rules = [rule(100, "Allow", source_prefixes=(prefix,)), rule(65500, "Deny")]

    assert decide(ESP, rules, tags).allowed is allowed


def test_expansion_goes_before_the_tag() -> None:
    """Where Azure says what a tag stands for nothing is left open."""
    rules = [
        rule(100, "Deny", source_prefixes=("Corp",), expanded_source=("10.2.0.0/16",)),
        rule(65000, "Allow"),
    ]

    assert decide(ESP, rules, NOTHING_KNOWN).allowed is False


def test_doubt_that_changes_nothing() -> None:
    """A rule that may match but decides the same leaves nothing open."""
    rules = [rule(100, "Allow", source_prefixes=("Corp",)), rule(200, "Allow")]

    decision = decide(ESP, rules, NOTHING_KNOWN)

    assert decision.allowed is True
    assert decision.rule == rules[1]


def test_public_address_and_internet() -> None:
    """Whether a public address is of the Internet is not known: it may be routed privately."""
    packet = Packet(
        direction="Inbound",
        protocol="Esp",
        source=ip_address("8.8.8.8"),
        destination=ip_address("10.0.1.20"),
    )
    rules = [rule(100, "Deny", source_prefixes=("Internet",)), rule(200, "Allow")]

    assert decide(packet, rules, ALL_KNOWN).allowed is None
