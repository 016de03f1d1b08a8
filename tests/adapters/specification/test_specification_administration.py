"""The inventory's ``administration`` section: what it says, and what it refuses."""

from ipaddress import ip_address, ip_network

import pytest

from ipsec_orchestrator.model.administration import (
    AdministrationSettings,
    EndWord,
    ExtraFlow,
    NamedHost,
)
from tests.adapters.specification.conftest import Problems, ReadInventory

HEAD = """
domain: {name: ipsectest.com}
networks: {monitoring: 10.8.0.0/24}
hosts:
  vm1: {role: azure-vm, addresses: [10.0.1.20]}
"""


def test_without_the_section_nothing_is_added(inventory_of: ReadInventory) -> None:
    """The workstation is this one, RDP may be closed, anybody may be a DHCP server."""
    assert inventory_of(HEAD).administration == AdministrationSettings()


def test_everything_that_the_section_can_say(inventory_of: ReadInventory) -> None:
    """Addresses, words, hosts, networks and subnets; single ports, ranges and any port."""
    found = inventory_of(
        HEAD
        + """
administration:
  workstations: [10.9.0.7, 2001:db8::7]
  rdp: true
  dhcp_servers: []
  flows:
    - {name: backup, source: 10.9.0.30, destination: members, protocol: tcp, port: 10000}
    - {name: snmp, source: Monitoring, destination: VM1, protocol: udp, port: 161-162}
    - {name: all, source: any, destination: 10.7.0.0/16, protocol: any}
    - {name: ping, source: workstations, destination: controllers, protocol: icmp}
"""
    ).administration

    assert found.workstations == (ip_address("10.9.0.7"), ip_address("2001:db8::7"))
    assert found.rdp
    assert found.dhcp_servers == ()
    assert found.flows == (
        ExtraFlow(
            name="backup",
            source=ip_address("10.9.0.30"),
            destination=EndWord.MEMBERS,
            protocol=6,
            ports=(10_000, 10_000),
        ),
        ExtraFlow(
            name="snmp",
            source=ip_network("10.8.0.0/24"),
            destination=NamedHost(name="vm1"),
            protocol=17,
            ports=(161, 162),
        ),
        ExtraFlow(
            name="all", source=EndWord.ANY, destination=ip_network("10.7.0.0/16"), protocol=0
        ),
        ExtraFlow(
            name="ping", source=EndWord.WORKSTATIONS, destination=EndWord.CONTROLLERS, protocol=1
        ),
    )


@pytest.mark.parametrize(
    ("flow", "where", "words"),
    [
        (
            "{name: x, source: vm2, destination: members, protocol: tcp, port: 1}",
            "administration.flows[0].source",
            "Did you mean 'vm1'?",
        ),
        (
            "{name: x, source: 10.0.0.1/24, destination: members, protocol: tcp, port: 1}",
            "administration.flows[0].source",
            "is neither a host, a network, an address, a subnet",
        ),
        (
            "{name: x, source: any, destination: members, protocol: tcp, port: 20-10}",
            "administration.flows[0].port",
            "is no port",
        ),
        (
            "{name: x, source: any, destination: members, protocol: icmp, port: 20}",
            "administration.flows[0].port",
            "ports exist only with",
        ),
        (
            "{name: WinRM, source: any, destination: members, protocol: tcp, port: 20}",
            "administration.flows[0].name",
            "is taken by what is proved anyway",
        ),
        (
            "{name: x, source: any, destination: members, port: 20}",
            "administration.flows[0]",
            "protocol",
        ),
    ],
)
def test_mistakes_are_told_with_their_place(
    inventory_problems: Problems, flow: str, where: str, words: str
) -> None:
    """Each wrong key is named, with what is allowed."""
    (problem,) = inventory_problems(f"{HEAD}\nadministration:\n  flows:\n    - {flow}\n")

    assert problem.path.startswith(where)
    assert words in str(problem)


def test_two_flows_can_not_have_one_name(inventory_problems: Problems) -> None:
    """The word in --accept-risk has to mean one flow."""
    flow = "{name: x, source: any, destination: members, protocol: tcp, port: 20}"
    text = f"{HEAD}\nadministration:\n  flows:\n    - {flow}\n    - {flow.replace('x', 'X')}\n"
    (problem,) = inventory_problems(text)

    assert problem.path == "administration.flows[1].name"
    assert "inventory.yml:" in problem.message
