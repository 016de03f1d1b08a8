"""Whether network security groups let IKE and ESP through, both ways, between each pair."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ipsec_orchestrator.checks.azure_outcomes import AzureCheck, hosts_of, is_word, listed, subnets
from ipsec_orchestrator.checks.azure_rules import Decision, Packet, TagKnowledge, decide
from ipsec_orchestrator.checks.azure_vms import interface_of, no_vms
from ipsec_orchestrator.model.azure import (
    AzureFacts,
    EffectiveRoute,
    MachineFacts,
    SecurityGroup,
    VirtualNetwork,
)
from ipsec_orchestrator.model.azure_settings import AzureSettings
from ipsec_orchestrator.model.finding import Finding
from ipsec_orchestrator.model.inventory import Address, Host, HostRole, Inventory, Subnet

_INBOUND: Final = "Inbound"
_OUTBOUND: Final = "Outbound"
# IKE, IKE behind address translation, and what is encrypted (protocol 50).
_IPSEC: Final[tuple[tuple[str, int | None], ...]] = (("Udp", 500), ("Udp", 4500), ("Esp", None))
# Next hops whose prefixes the tag VirtualNetwork stands for.
_VNET_HOPS: Final = frozenset({"vnetlocal", "vnetpeering", "virtualnetworkgateway"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trouble:
    """A packet that a group does not let through, or perhaps not."""

    packet: Packet
    peer: Host
    group: SecurityGroup
    decision: Decision

    def words(self) -> str:
        inbound = self.packet.direction == _INBOUND
        address = self.packet.source if inbound else self.packet.destination
        end = f"{'from' if inbound else 'to'} {self.peer.name} ({address})"
        rule = self.decision.rule
        which = "the lack of a rule" if rule is None else f"rule {rule.name} ({rule.priority})"
        verb = "is denied by" if self.decision.allowed is False else "depends on the tags of"
        return f"{self.packet.words} {end} {verb} {which} of {self.group.resource.name}"


def check_security_groups(
    inventory: Inventory, _settings: AzureSettings, facts: AzureFacts
) -> tuple[Finding, ...]:
    """Check each VM against each on-premises host."""
    check = AzureCheck.SECURITY_GROUPS
    hosts = hosts_of(inventory, HostRole.AZURE_VM)
    if not hosts:
        return (no_vms(check),)
    peers = [host for host in hosts_of(inventory, HostRole.ON_PREMISES) if host.addresses]
    if not peers:
        return (
            check.unknown(
                "The inventory has no on-premises host with an address.",
                "Add addresses to the hosts with the role on-premises.",
            ),
        )
    return tuple(_vm(host, peers, facts, facts.machines[host.name]) for host in hosts)


def _vm(host: Host, peers: list[Host], facts: AzureFacts, machine: MachineFacts) -> Finding:
    check = AzureCheck.SECURITY_GROUPS
    interface = interface_of(host, machine)
    if interface is None:
        return check.unknown(
            "The VM's network interface is not known.", "See the check azure.vms.", host=host.name
        )
    groups = interface.groups
    if not isinstance(groups, tuple):
        return check.unread(groups, "network interface", "the host's azure.vm", host=host.name)
    if groups and not host.addresses:
        return check.unknown(
            "The inventory has no address of the host.",
            "Add addresses to the host in the inventory.",
            host=host.name,
        )
    tags = _tags(facts, interface.routes if isinstance(interface.routes, tuple) else None)
    return _judge(host, peers, groups, tags)


def _judge(
    host: Host, peers: list[Host], groups: tuple[SecurityGroup, ...], tags: TagKnowledge
) -> Finding:
    check = AzureCheck.SECURITY_GROUPS
    if not groups:
        return check.passed("No network security group is in force on the VM.", host=host.name)
    troubles = list(_troubles(host, peers, groups, tags))
    denied = [trouble for trouble in troubles if trouble.decision.allowed is False]
    if denied:
        seen = listed((trouble.words() for trouble in denied), most=3)
        return check.failed(f"{seen}.", _cure(denied[0]), host=host.name)
    if troubles:
        seen = listed((trouble.words() for trouble in troubles), most=3)
        return check.unknown(
            f"{seen}; what they stand for is not known.",
            "See Effective security rules of the network interface in the portal, or write a rule "
            "with addresses before them.",
            host=host.name,
        )
    names = listed(dict.fromkeys(group.resource.name for group in groups))
    return check.passed(
        f"UDP 500, UDP 4500 and ESP pass {names} both ways to and from "
        f"{listed(peer.name for peer in peers)}.",
        host=host.name,
    )


def _troubles(
    host: Host, peers: list[Host], groups: tuple[SecurityGroup, ...], tags: TagKnowledge
) -> Iterator[_Trouble]:
    for peer, packet in _packets(host, peers):
        # A packet must pass all groups: that of the subnet and that of the interface.
        for group in groups:
            decision = decide(packet, group.rules, tags)
            if not decision.allowed:
                yield _Trouble(packet=packet, peer=peer, group=group, decision=decision)


def _packets(host: Host, peers: list[Host]) -> Iterator[tuple[Host, Packet]]:
    for peer in peers:
        for ours in host.addresses:
            for theirs in peer.addresses:
                if ours.version != theirs.version:
                    continue
                for protocol, port in _IPSEC:
                    yield peer, _packet(_INBOUND, protocol, port, theirs, ours)
                    yield peer, _packet(_OUTBOUND, protocol, port, ours, theirs)


def _packet(
    direction: str, protocol: str, port: int | None, source: Address, destination: Address
) -> Packet:
    return Packet(
        direction=direction, protocol=protocol, port=port, source=source, destination=destination
    )


def _tags(facts: AzureFacts, routes: tuple[EffectiveRoute, ...] | None) -> TagKnowledge:
    vnet = facts.virtual_network
    known = subnets(vnet.address_prefixes) if isinstance(vnet, VirtualNetwork) else ()
    learned = tuple(
        prefix
        for route in routes or ()
        if route.is_active and _belongs_to_vnet(route)
        for prefix in subnets(route.prefixes)
        if prefix.prefixlen > 0
    )
    prefixes: tuple[Subnet, ...] = (*known, *learned)
    return TagKnowledge(virtual_network=prefixes, is_complete=routes is not None)


def _belongs_to_vnet(route: EffectiveRoute) -> bool:
    return route.next_hop_type.casefold() in _VNET_HOPS or is_word(route.source, "User")


def _cure(trouble: _Trouble) -> str:
    packet = trouble.packet
    rule = trouble.decision.rule
    group = trouble.group.resource
    below = "" if rule is None else f" below {rule.priority}"
    port = "'*'" if packet.port is None else str(packet.port)
    return (
        f"Allow it before that, with a priority{below}: az network nsg rule create "
        f"-g {group.resource_group} --nsg-name {group.name} "
        f"-n allow-{packet.words.lower().replace(' ', '-')}-{packet.direction.lower()} "
        f"--priority NUMBER --direction {packet.direction} --access Allow "
        f"--protocol {packet.protocol} --source-address-prefixes {packet.source} "
        f"--destination-address-prefixes {packet.destination} --destination-port-ranges {port}. "
        "Once traffic is encrypted, rules for its own port no longer see it: ESP is what counts."
    )
