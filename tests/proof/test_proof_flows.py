"""Which flows a policy protects, which it leaves open, and which of many are tried."""

from collections.abc import Sequence
from ipaddress import IPv4Network, ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipsec_orchestrator.app.plans import members_of
from ipsec_orchestrator.model.flow import Flow
from ipsec_orchestrator.model.inventory import Host, HostRole, Inventory
from ipsec_orchestrator.model.policy import (
    Cipher,
    ConnectionType,
    Filter,
    FilterAction,
    FilterActionKind,
    FilterList,
    GpoWish,
    Integrity,
    NamedEndpoint,
    Playbook,
    Policy,
    Rule,
    SecurityMethod,
)
from ipsec_orchestrator.proof.flows import control_flows, flows_of, is_unmatched, second_paths
from ipsec_orchestrator.proof.sampling import sample

AZURE = IPv4Network("10.0.1.0/24")
SITE = IPv4Network("10.2.27.0/25")
ME, ANY = NamedEndpoint.ME, NamedEndpoint.ANY
SECURE = FilterAction(
    name="secure",
    methods=(
        SecurityMethod(esp=(Cipher.TRIPLE_DES, Integrity.SHA1)),
        SecurityMethod(ah=Integrity.SHA1),
        SecurityMethod(esp=(Cipher.DES, Integrity.MD5)),
    ),
)
SOFT = FilterAction(
    name="soft",
    allow_fallback=True,
    methods=(SecurityMethod(esp=(Cipher.DES, Integrity.SHA1)),),
)
PERMIT = FilterAction(name="permit", kind=FilterActionKind.PERMIT)
BLOCK = FilterAction(name="block", kind=FilterActionKind.BLOCK)


def _host(name: str, *addresses: str) -> Host:
    return Host(
        name=name,
        role=HostRole.ON_PREMISES,
        fqdn=f"{name}.ipsectest.com",
        addresses=tuple(ip_address(address) for address in addresses),
    )


VM = _host("vm", "10.0.1.20")
SERVER = _host("server", "10.2.27.10")


def _playbook(*parts: tuple[Filter, FilterAction], **rule: Any) -> Playbook:  # noqa: ANN401 - any field of it
    """One rule for each part; ``rule`` changes the first one."""
    rules = [
        Rule(name=f"rule{number}", filter_list=f"list{number}", filter_action=action.name)
        for number, (_, action) in enumerate(parts)
    ]
    first = Rule(
        **{"name": "rule0", "filter_list": "list0", "filter_action": parts[0][1].name, **rule}
    )
    return Playbook(
        name="test",
        gpo=GpoWish(name="g", ou="o"),
        filter_actions=tuple({action.name: action for _, action in parts}.values()),
        filter_lists=tuple(
            FilterList(name=f"list{number}", filters=(found,))
            for number, (found, _) in enumerate(parts)
        ),
        policies=(Policy(name="p", rules=(first, *rules[1:])),),
        assignment="p",
    )


def _flows(playbook: Playbook, *hosts: Host) -> tuple[Flow, ...]:
    return flows_of(playbook, playbook.policies[0], hosts or (VM, SERVER))


def _short(flows: Sequence[Flow]) -> list[str]:
    names = {6: "tcp", 17: "udp"}
    return [f"{f.source}>{f.destination}:{names[f.protocol]}/{f.port}" for f in flows]


def _tcp(source: Any, destination: Any, port: int = 8080, **more: Any) -> Filter:  # noqa: ANN401 - endpoints, fields
    return Filter(source=source, destination=destination, protocol=6, destination_port=port, **more)


def test_the_how_to_protects_exactly_its_four_flows(
    howto: Playbook,
    howto_inventory: Inventory,
) -> None:
    """HTTP from each side to the other, and nothing between hosts of one side."""
    flows = flows_of(howto, howto.policies[0], members_of(howto, howto_inventory, None))

    assert set(_short(flows)) == {
        "vm1>host1:tcp/8080",
        "vm2>host1:tcp/8080",
        "host1>vm1:tcp/8080",
        "host1>vm2:tcp/8080",
    }
    assert len(flows) == 4
    assert {flow.filter_action for flow in flows} == {"myEncryption"}
    assert {flow.algorithms for flow in flows} == {(("3DES", "SHA1"),)}
    assert not any(flow.may_fall_back for flow in flows)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (_tcp(AZURE, SITE), ["vm>server:tcp/8080"]),
        (_tcp(AZURE, SITE, mirrored=False), ["vm>server:tcp/8080"]),
        (_tcp(ip_address("10.0.1.20"), ip_address("10.2.27.10")), ["vm>server:tcp/8080"]),
        (_tcp(ip_address("10.0.1.99"), SITE), []),
        (_tcp(IPv4Network("10.0.2.0/24"), SITE), []),
        (_tcp(ME, ANY), ["vm>server:tcp/8080", "server>vm:tcp/8080"]),
        (_tcp(ANY, ANY, 443), ["vm>server:tcp/443", "server>vm:tcp/443"]),
        (_tcp(ME, SITE), ["vm>server:tcp/8080"]),
        (Filter(source=AZURE, destination=SITE), ["vm>server:tcp/8080", "server>vm:tcp/8080"]),
        (Filter(source=AZURE, destination=SITE, mirrored=False), ["vm>server:tcp/8080"]),
        (
            Filter(source=AZURE, destination=SITE, protocol=17, destination_port=53),
            ["vm>server:udp/53"],
        ),
        (Filter(source=AZURE, destination=SITE, protocol=17, destination_port=500), []),
        (Filter(source=AZURE, destination=SITE, protocol=1), []),
        (
            Filter(source=AZURE, destination=SITE, protocol=6, source_port=8080),
            ["server>vm:tcp/8080"],
        ),
        (_tcp(AZURE, SITE, source_port=8080), []),
    ],
    ids=[
        "subnets",
        "not mirrored",
        "addresses",
        "another address",
        "another subnet",
        "me",
        "any",
        "me and a subnet",
        "any protocol",
        "any protocol, not mirrored",
        "udp",
        "key exchange is exempt",
        "icmp has no port",
        "the service's port on the source side",
        "both ports",
    ],
)
def test_each_kind_of_filter_gives_its_flows(wanted: Filter, expected: list[str]) -> None:
    """Endpoints, ports, protocols and mirroring mean what Windows makes of them."""
    assert _short(_flows(_playbook((wanted, SECURE)))) == expected


def test_every_address_pair_of_one_family_is_a_flow() -> None:
    """A host with several addresses has as many flows; families never mix."""
    server = _host("server", "10.2.27.10", "10.2.27.11", "fd00::1")

    flows = _flows(_playbook((_tcp(AZURE, SITE), SECURE)), VM, server)

    assert [str(flow.destination_address) for flow in flows] == ["10.2.27.10", "10.2.27.11"]


def test_any_and_me_say_nothing_of_ipv6() -> None:
    """The stored form of both words is an IPv4 address, so IPv6 stays as it is."""
    hosts = (_host("one", "fd00::1"), _host("two", "fd00::2"))

    assert not _flows(_playbook((_tcp(ME, ANY), SECURE)), *hosts)


def test_an_inactive_or_dial_up_rule_protects_nothing() -> None:
    """Only what is in force on an ordinary network has to be encrypted."""
    part = (_tcp(AZURE, SITE), SECURE)

    assert not _flows(_playbook(part, active=False))
    assert not _flows(_playbook(part, connection_type=ConnectionType.DIAL_UP))


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (_tcp(ip_address("10.0.1.20"), SITE), []),
        (_tcp(ME, ANY), []),
        (_tcp(AZURE, SITE), []),
        (_tcp(ANY, ANY), ["vm>server:tcp/8080"]),
        (Filter(source=AZURE, destination=SITE), ["vm>server:tcp/8080"]),
        (_tcp(AZURE, SITE, 443), ["vm>server:tcp/8080"]),
        (
            Filter(source=SITE, destination=AZURE, protocol=6, source_port=8080, mirrored=False),
            [],
        ),
        (Filter(source=AZURE, destination=SITE, protocol=17), ["vm>server:tcp/8080"]),
    ],
    ids=[
        "narrower",
        "cannot be compared",
        "equal",
        "wider addresses",
        "wider ports",
        "another port",
        "the answers only",
        "another protocol",
    ],
)
@pytest.mark.parametrize("action", [PERMIT, BLOCK], ids=["permit", "block"])
def test_what_another_filter_may_decide_is_left_out(
    other: Filter,
    action: FilterAction,
    expected: list[str],
) -> None:
    """Only a permit or block that is certain to come later leaves the flow to be proved."""
    playbook = _playbook((_tcp(AZURE, SITE), SECURE), (other, action))

    assert _short(_flows(playbook)) == expected


def test_a_wide_filter_is_tried_where_it_decides() -> None:
    """With a permit on the usual port the next one shows the wide filter at work."""
    playbook = _playbook(
        (Filter(source=AZURE, destination=SITE, mirrored=False), SECURE),
        (_tcp(AZURE, SITE), PERMIT),
    )

    assert _short(_flows(playbook)) == ["vm>server:tcp/8081"]


def test_the_narrower_of_two_rules_names_the_algorithms() -> None:
    """A flow belongs to the rule that decides, also where a wider rule matches."""
    playbook = _playbook(
        (Filter(source=AZURE, destination=SITE, mirrored=False), SECURE),
        (_tcp(AZURE, SITE, mirrored=False), SOFT),
    )

    flows = {flow.port: flow for flow in _flows(playbook)}

    assert flows[8080].rule == "rule1"
    assert flows[8080].algorithms == (("DES", "SHA1"),)
    assert flows[8080].may_fall_back
    assert flows[8081].rule == "rule0"
    assert flows[8081].algorithms == (("3DES", "SHA1"), ("DES", "MD5"))


def test_control_flows_are_the_same_pairs_without_a_rule() -> None:
    """A control has the hosts and addresses of the flows, and no filter that matches it."""
    playbook = _playbook((_tcp(AZURE, SITE), SECURE))
    flows = _flows(playbook)

    controls = control_flows([*flows, *flows], 8081)

    assert _short(controls) == ["vm>server:tcp/8081"]
    assert not controls[0].is_protected
    assert is_unmatched(playbook, playbook.policies[0], controls[0])
    assert not is_unmatched(playbook, playbook.policies[0], control_flows(flows, 8080)[0])


def test_other_addresses_of_the_same_hosts_are_second_paths() -> None:
    """What is protected between two hosts is tried by their other addresses too, both families."""
    playbook = _playbook((_tcp(AZURE, SITE), SECURE))
    hosts = (
        _host("vm", "10.0.1.20", "192.168.7.20", "fd00::1"),
        _host("server", "10.2.27.10", "192.168.7.10", "fd00::2"),
    )
    around = second_paths(playbook, playbook.policies[0], hosts, _flows(playbook, *hosts))

    assert {(str(flow.source_address), str(flow.destination_address)) for flow in around} == {
        ("10.0.1.20", "192.168.7.10"),
        ("192.168.7.20", "10.2.27.10"),
        ("192.168.7.20", "192.168.7.10"),
        ("fd00::1", "fd00::2"),
    }
    assert all(flow.is_second_path and flow.port == 8080 for flow in around)
    assert _short(around[:1]) == ["vm>server:tcp/8080"]


def test_what_a_filter_permits_is_no_second_path() -> None:
    """Whoever permits traffic by other addresses has decided so."""
    other = IPv4Network("192.168.7.0/24")
    playbook = _playbook((_tcp(AZURE, SITE), SECURE), (_tcp(other, other), PERMIT))
    hosts = (
        _host("vm", "10.0.1.20", "192.168.7.20"),
        _host("server", "10.2.27.10", "192.168.7.10"),
    )
    around = second_paths(playbook, playbook.policies[0], hosts, _flows(playbook, *hosts))

    assert ("192.168.7.20", "192.168.7.10") not in {
        (str(flow.source_address), str(flow.destination_address)) for flow in around
    }


def _fleet(sizes: Sequence[int]) -> list[Flow]:
    """Every host of each subnet with every host of every other one."""
    hosts = [
        (f"h{net}-{number}", ip_address(f"10.{net}.0.{number + 1}"))
        for net, size in enumerate(sizes)
        for number in range(size)
    ]
    return [
        Flow(
            source=source,
            destination=destination,
            source_address=here,
            destination_address=there,
            protocol=6,
            port=8080,
        )
        for source, here in hosts
        for destination, there in hosts
        if str(here).split(".")[1] != str(there).split(".")[1]
    ]


@given(
    st.lists(st.integers(min_value=1, max_value=5), min_size=2, max_size=4),
    st.integers(min_value=1, max_value=60),
    st.randoms(use_true_random=False),
)
def test_a_sample_covers_every_pair_of_subnets(sizes: list[int], count: int, chance: Any) -> None:  # noqa: ANN401 - hypothesis' Random
    """Each pair of subnets is in it, it is as large as wished, and any order gives the same."""
    flows = _fleet(sizes)
    subnets = [ip_network(f"10.{net}.0.0/16") for net in range(len(sizes))]
    shuffled = list(flows)
    chance.shuffle(shuffled)

    chosen = sample(flows, count, subnets)

    pairs = {(f.source.split("-")[0], f.destination.split("-")[0]) for f in flows}
    assert {(f.source.split("-")[0], f.destination.split("-")[0]) for f in chosen} == pairs
    assert len(chosen) == min(len(flows), max(count, len(pairs)))
    assert set(sample(shuffled, count, subnets)) == set(chosen)
    assert list(chosen) == [flow for flow in flows if flow in set(chosen)]


def test_an_address_in_no_network_is_a_subnet_of_its_own() -> None:
    """Hosts that the inventory has no network for are never merged into one."""
    flows = _fleet([2, 2])

    assert len(sample(flows, 1, [])) == len(flows)
