"""Flows that administration needs: which they are, what becomes of them, what would help."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipsec_orchestrator.errors import (
    ControllerNeedsIpsecError,
    DomainRootLinkError,
    LockoutError,
    UnsafeInSeveralWaysError,
    UsageError,
)
from ipsec_orchestrator.model.administration import (
    AdministrationSettings,
    EndWord,
    ExtraFlow,
    NamedHost,
)
from ipsec_orchestrator.model.inventory import Address, Host, HostRole, WinrmSettings
from ipsec_orchestrator.model.plan import Consents, Danger, DangerCode, Risk, Safety
from ipsec_orchestrator.model.policy import Filter, FilterAction
from ipsec_orchestrator.planning.lockout.filters import OneWay
from ipsec_orchestrator.planning.lockout.needed import Controller, Scene, needed_flows
from ipsec_orchestrator.planning.lockout.risks import Assessment, assess
from ipsec_orchestrator.planning.lockout.safety import consented, refuse_unsafe
from tests.lockout_scene import (
    ADMIN,
    BLOCK,
    CONTROLLER,
    HOST,
    ICMP,
    NEGOTIATE,
    PERMIT,
    TCP,
    UDP,
    between,
    filters_of,
)

SOFT = replace(NEGOTIATE, name="soft", accept_unsecured=True, allow_fallback=True)
TO_CONTROLLER = ("kerberos", "ldap", "smb", "dns", "rpc", "ntp")


def host(
    name: str, *addresses: str, role: HostRole = HostRole.ON_PREMISES, port: int | None = None
) -> Host:
    """A host of the inventory."""
    return Host(
        name=name,
        role=role,
        fqdn=f"{name}.ipsectest.com",
        addresses=tuple(ip_address(address) for address in addresses),
        winrm=WinrmSettings(port=port),
    )


SERVER = host("server", str(HOST))
DC = Controller(name="dc1", fqdn="dc1.ipsectest.com", addresses=(CONTROLLER,))


def scene(
    *members: Host,
    controllers: tuple[Controller, ...] = (DC,),
    workstations: tuple[Address, ...] = (ADMIN,),
    settings: AdministrationSettings | None = None,
    others: tuple[Host, ...] = (),
) -> Scene:
    """Who is there; without members one server."""
    members = members or (SERVER,)
    return Scene(
        settings=settings or AdministrationSettings(),
        members=members,
        inventory=(*members, *others),
        controllers=controllers,
        workstations=workstations,
    )


def assessed(filters: tuple[OneWay, ...], there: Scene | None = None) -> Assessment:
    """Judge all flows of a scene."""
    return assess(needed_flows(there or scene(), filters), filters)


def risks(filters: tuple[OneWay, ...], there: Scene | None = None) -> dict[str, Risk]:
    """The risks by word."""
    return {risk.word: risk for risk in assessed(filters, there).risks}


def test_every_flow_of_a_member_is_there() -> None:
    """WinRM, the six services of each controller, DHCP and ICMP; Azure's addresses for its VMs."""
    second = Controller(name="dc2", fqdn="dc2.ipsectest.com")
    vm = host("vm", "10.0.1.21", role=HostRole.AZURE_VM)
    there = scene(SERVER, vm, controllers=(DC, second))
    words = {flow.word for flow in needed_flows(there, ())}

    expected = {"winrm:server", "dhcp:server", "icmp:server"}
    expected |= {f"{name}:server:{dc}" for name in TO_CONTROLLER for dc in ("dc1", "dc2")}
    of_vm = {word.replace("server", "vm") for word in expected}
    assert words == expected | of_vm | {"azure-platform:vm", "azure-metadata:vm"}


def test_winrm_is_judged_on_the_port_of_the_host() -> None:
    """A block of 5985 is no risk for a host that is reached on another port, and the reverse."""
    filters = filters_of((BLOCK, between("any", "me", TCP, 5985)))
    moved = filters_of((BLOCK, between("any", "me", TCP, 47_001)))
    other = scene(host("server", str(HOST), port=47_001))

    assert "winrm:server" in risks(filters)
    assert "winrm:server" not in risks(filters, other)
    assert "winrm:server" in risks(moved, other)


def test_the_article_closes_nothing() -> None:
    """Its filters leave all of administration open, even if no address is known."""
    filters = filters_of(
        (NEGOTIATE, between("10.0.1.0/24", "10.2.27.0/25", TCP, 8080)),
        (NEGOTIATE, between("10.2.27.0/25", "10.0.1.0/24", TCP, 8080)),
    )
    unknown = scene(
        host("server", role=HostRole.AZURE_VM),
        controllers=(replace(DC, addresses=()),),
        workstations=(),
    )

    assert assessed(filters, unknown).risks == ()
    found = assessed(filters, scene(host("server", "10.2.27.10")))
    assert (found.risks, found.likely) == ((), 0)


def test_a_block_of_everything_closes_everything() -> None:
    """Every flow is a risk that names rule, filter, host and a cure."""
    filters = filters_of((BLOCK, between("any", "any")))
    found = assessed(filters)

    assert len(found.risks) == found.flows == 9
    for risk in found.risks:
        assert risk.verdict == "blocked"
        assert risk.rules == ("rule 1",)
        assert risk.filters == ("any to any, any protocol",)
        assert risk.host == "server"
        assert risk.can_be_accepted
        assert "Add a rule with a permit filter" in risk.cure


def test_an_answer_that_is_blocked_closes_the_flow() -> None:
    """Example 10 as a whole: the request comes in, the answer does not get out."""
    filters = filters_of(
        (BLOCK, between("me", "any")),
        (PERMIT, between("any", "me", TCP, 5985, mirrored=False)),
    )
    risk = risks(filters)["winrm:server"]

    assert risk.verdict == "blocked"
    assert "the answer (10.0.1.20 to 10.9.0.7, tcp 5985 to" in risk.text


def test_ipsec_to_a_controller_can_never_be_accepted() -> None:
    """Example 11 as a whole: Kerberos would wait for itself."""
    found = risks(filters_of((NEGOTIATE, between("me", "any"))))

    for name in TO_CONTROLLER:
        risk = found[f"{name}:server:dc1"]
        assert (risk.verdict, risk.can_be_accepted) == ("needs IPsec", False)
    assert found["winrm:server"].can_be_accepted
    cured = filters_of((NEGOTIATE, between("me", "any")), (PERMIT, between("me", str(CONTROLLER))))
    assert not [word for word in risks(cured) if word.endswith(":dc1")]


def test_falling_back_to_clear_is_probably_open_but_not_to_a_controller() -> None:
    """With both boxes ticked a flow counts as open, and as likely only."""
    filters = filters_of((SOFT, between("me", "any")))
    found = assessed(filters)

    assert {risk.word for risk in found.risks} == {f"{name}:server:dc1" for name in TO_CONTROLLER}
    assert found.likely == found.flows - len(found.risks)


def test_one_port_in_the_middle_of_rpc_is_found() -> None:
    """A filter on a single dynamic port makes RPC a risk, and names that port."""
    found = risks(filters_of((BLOCK, between("me", str(CONTROLLER), TCP, 50_123))))

    assert set(found) == {"rpc:server:dc1"}
    assert "50123" in found["rpc:server:dc1"].text
    assert risks(filters_of((BLOCK, between("me", str(CONTROLLER), TCP, 40_123)))) == {}


def test_the_port_that_a_workstation_chooses_counts() -> None:
    """A filter on one of the ports that clients take would block an answer now and then."""
    found = risks(filters_of((BLOCK, between("me", str(ADMIN), TCP, 40_123))))

    assert set(found) == {"winrm:server"}
    assert "40123" in found["winrm:server"].text


def test_a_longer_prefix_is_counted_as_likely() -> None:
    """Example 8 as a whole: open, but said to be probable."""
    filters = filters_of(
        (BLOCK, between("me", "10.0.0.0/8")), (PERMIT, between("me", "10.9.0.0/24"))
    )
    found = assessed(filters, scene(controllers=()))

    assert "winrm:server" not in {risk.word for risk in found.risks}
    assert found.likely == 1


def test_unknown_addresses_are_undecided_where_it_depends_on_them() -> None:
    """The message says whose address is missing, and where to write it."""
    filters = filters_of(
        (NEGOTIATE, between("me", "10.2.27.10")),
    )
    there = scene(controllers=(replace(DC, addresses=()),), workstations=())
    found = risks(filters, there)

    assert found["ldap:server:dc1"].verdict == "undecided"
    assert found["ldap:server:dc1"].can_be_accepted
    assert "addresses of dc1 are not known" in found["ldap:server:dc1"].cure
    assert found["winrm:server"].verdict == "undecided"
    assert "administration.workstations" in found["winrm:server"].cure


def test_ipsec_to_a_controller_anywhere_is_certain_without_its_address() -> None:
    """What holds for every address that a controller could have needs none to be known."""
    there = scene(controllers=(replace(DC, addresses=()),))
    found = risks(filters_of((NEGOTIATE, between("me", "any", TCP))), there)

    for name in ("kerberos", "ldap", "smb", "dns", "rpc"):
        risk = found[f"{name}:server:dc1"]
        assert (risk.verdict, risk.can_be_accepted) == ("needs IPsec", False)
    port = risks(filters_of((NEGOTIATE, between("me", "any", TCP, 50_123))), there)
    assert port["rpc:server:dc1"].verdict == "needs IPsec"


def test_every_address_of_a_host_has_to_stay_open() -> None:
    """One closed address of two is a risk."""
    filters = filters_of((BLOCK, between("10.0.7.1", "any")))
    two = host("server", str(HOST), "10.0.7.1")

    assert "winrm:server" not in risks(filters)
    assert "winrm:server" in risks(filters, scene(two))


def test_ipv6_stays_as_it_is() -> None:
    """A policy without IPv6 filters does not touch a flow between IPv6 addresses."""
    filters = filters_of((BLOCK, between("any", "any")))
    there = scene(
        host("server", "2001:db8::1"), workstations=(IPv6Address("2001:db8::7"),), controllers=()
    )

    assert "winrm:server" not in risks(filters, there)


def test_a_workstation_that_gets_the_policy_is_judged_too() -> None:
    """What its own filters block closes WinRM, though the other host lets it in."""
    filters = filters_of((BLOCK, between(str(ADMIN), "any", TCP, 5985)))
    admin = host("admin", str(ADMIN))

    assert "on the workstation" not in str(risks(filters, scene(SERVER)).values())
    found = risks(filters, scene(SERVER, admin))
    assert "on the workstation" in found["winrm:server"].text


def test_a_controller_in_scope_has_to_stay_reachable_from_here() -> None:
    """With the policy on the controller itself, both its side and the way to it are judged."""
    controller = host("dc1", str(CONTROLLER), role=HostRole.DOMAIN_CONTROLLER)
    filters = filters_of((BLOCK, between("any", "me", TCP, 389)))
    found = risks(filters, scene(SERVER, controller))

    assert {"ldap:server:dc1", "ldap:workstation:dc1"} <= set(found)
    assert "on dc1" in found["ldap:server:dc1"].text


def test_esp_is_open_where_it_is_negotiated_and_undecided_where_a_block_matches_it() -> None:
    """A block of everything else may or may not see what IPsec sends."""
    port = (NEGOTIATE, between("me", "10.2.27.10", TCP, 8080))
    everything = (NEGOTIATE, between("me", "10.2.27.10"))
    block = (BLOCK, between("any", "any"))

    assert risks(filters_of(port, block))["esp:server"].verdict == "undecided"
    assert "esp:server" not in risks(filters_of(everything, block))
    assert "esp:server" not in risks(filters_of(port))


def test_dhcp_is_judged_with_the_servers_that_there_are() -> None:
    """Any address without a word; the named ones; nobody where addresses are fixed; Azure's."""
    filters = filters_of((BLOCK, between("me", "10.7.0.0/16")))
    named = AdministrationSettings(dhcp_servers=(IPv4Address("10.2.27.4"),))
    fixed = AdministrationSettings(dhcp_servers=())
    vm = host("server", str(HOST), role=HostRole.AZURE_VM)

    assert "dhcp:server" in risks(filters)
    assert "dhcp:server" not in risks(filters, scene(settings=named))
    assert "dhcp:server" not in risks(filters, scene(settings=fixed))
    assert "dhcp:server" not in risks(filters, scene(vm))


def test_azure_needs_its_platform_address_and_metadata() -> None:
    """Negotiating with everybody cuts a VM off from both."""
    vm = host("vm", str(HOST), role=HostRole.AZURE_VM)
    found = risks(filters_of((NEGOTIATE, between("me", "any"))), scene(vm))

    assert {"azure-platform:vm", "azure-metadata:vm", "dhcp:vm"} <= set(found)


def test_path_mtu_messages_from_a_router_in_a_negotiated_subnet_are_a_risk() -> None:
    """The subnet's router has no IPsec; a permit of ICMP there is the cure, and it cures."""
    rules = (NEGOTIATE, between("me", "10.2.27.0/25"))
    risk = risks(filters_of(rules))["icmp:server"]

    assert risk.verdict == "needs IPsec"
    assert "source: 10.2.27.0/25, destination: me, protocol: icmp" in risk.cure
    cured = filters_of(rules, (PERMIT, between("10.2.27.0/25", "me", ICMP)))
    assert "icmp:server" not in risks(cured)


def test_remote_desktop_only_if_wanted() -> None:
    """A block of 3389 is a risk where the inventory wants RDP."""
    filters = filters_of((BLOCK, between("any", "me", UDP, 3389)))

    assert risks(filters) == {}
    assert set(risks(filters, scene(settings=AdministrationSettings(rdp=True)))) == {"rdp:server"}


def test_flows_of_the_inventory_are_judged() -> None:
    """Members, named hosts, networks and addresses are ends; ranges are whole."""
    flows = (
        ExtraFlow(
            name="backup",
            source=ip_address("10.9.0.30"),
            destination=EndWord.MEMBERS,
            protocol=TCP,
            ports=(10_000, 10_010),
        ),
        ExtraFlow(
            name="log",
            source=NamedHost(name="server"),
            destination=ip_network("10.8.0.0/24"),
            protocol=UDP,
            ports=(514, 514),
        ),
        ExtraFlow(
            name="elsewhere",
            source=ip_address("10.9.0.30"),
            destination=NamedHost(name="nas"),
            protocol=0,
        ),
        ExtraFlow(
            name="replica", source=EndWord.CONTROLLERS, destination=EndWord.MEMBERS, protocol=0
        ),
        ExtraFlow(name="web", source=EndWord.ANY, destination=EndWord.MEMBERS, protocol=TCP),
        ExtraFlow(
            name="ssh",
            source=EndWord.WORKSTATIONS,
            destination=EndWord.MEMBERS,
            protocol=TCP,
            ports=(22, 22),
        ),
    )
    there = scene(settings=AdministrationSettings(flows=flows), others=(host("nas", "10.8.0.9"),))
    words = {flow.word for flow in needed_flows(there, ()) if flow.name in {f.name for f in flows}}

    assert words == {
        "backup:server",
        "log:server",
        "replica:dc1:server",
        "web:server",
        "ssh:server",
    }
    filters = filters_of(
        (BLOCK, between("10.9.0.0/24", "me", TCP, 10_005)),
        (BLOCK, between("me", "10.8.0.9", UDP, 514)),
    )
    assert set(risks(filters, there)) == {"backup:server", "log:server", "web:server"}


ends = st.sampled_from(("me", "any", "10.0.0.0/8", "10.9.0.0/24", str(ADMIN), str(CONTROLLER)))
some_filters = st.builds(
    lambda source, destination, protocol, port: between(
        source, destination, protocol, port if protocol in {TCP, UDP} else 0
    ),
    ends,
    ends,
    st.sampled_from((0, ICMP, TCP, UDP)),
    st.sampled_from((0, 53, 389, 5985, 50_000)),
)
some_rules = st.lists(
    st.tuples(st.sampled_from((PERMIT, BLOCK, NEGOTIATE)), some_filters), min_size=1, max_size=4
)


@given(some_rules, st.sampled_from((str(ADMIN), str(CONTROLLER), "10.2.27.10")))
def test_a_narrow_permit_never_makes_a_new_risk(
    rules: list[tuple[FilterAction, Filter]], remote: str
) -> None:
    """A permit that is narrower than everything in every field closes no open flow."""
    permit = (PERMIT, between("me", remote, TCP, 443))
    before = set(risks(filters_of(*rules)))

    assert set(risks(filters_of(*rules, permit))) <= before


@given(some_rules)
def test_what_the_cure_says_cures(rules: list[tuple[FilterAction, Filter]]) -> None:
    """Adding the suggested filter takes the packets of the message out of trouble."""
    filters = filters_of(*rules)
    for risk in assessed(filters).risks:
        if "permit filter: " not in risk.cure:
            continue
        words = dict(
            word.split(": ", 1)
            for word in risk.cure.split("permit filter: ")[1].split(", mirrored")[0].split(", ")
        )
        numbers = {"tcp": TCP, "udp": UDP, "icmp": ICMP}
        protocol = words.get("protocol", "0")
        added = between(
            words["source"],
            words["destination"],
            numbers.get(protocol) or int(protocol),
            int(words.get("destination_port", 0)),
        )
        after = risks((*filters, *filters_of((PERMIT, added))))
        # Other packets of the flow may still be in trouble, but not these.
        assert risk.word not in after or after[risk.word].text != risk.text


def _safety(*risks_: Risk, dangers: tuple[Danger, ...] = ()) -> Safety:
    return Safety(risks=risks_, dangers=dangers, flows=len(risks_))


def _risk(word: str, *, can_be_accepted: bool = True) -> Risk:
    return Risk(
        word=word,
        flow=word,
        host="vm1",
        verdict="blocked",
        rules=("r",),
        filters=("f",),
        text="It would be blocked.",
        cure="Permit it.",
        can_be_accepted=can_be_accepted,
    )


ROOT = Danger(code=DangerCode.DOMAIN_ROOT, text="the whole domain.", option="--allow-domain-root")


def test_risks_are_accepted_one_by_one() -> None:
    """One word accepts one flow; the rest is still refused, with the options that are missing."""
    safety = _safety(_risk("rdp:vm1"), _risk("rdp:vm2"))
    with pytest.raises(LockoutError) as refused:
        refuse_unsafe(consented(safety, Consents(risks=("rdp:vm1",))))

    assert refused.value.risks == ("rdp:vm2",)
    assert "--accept-risk rdp:vm2" in str(refused.value)
    refuse_unsafe(consented(safety, Consents(risks=("rdp:vm1", "rdp:vm2"))))


@pytest.mark.parametrize("word", ["*", "rdp:*", "rdp", "winrm:vm1", "RDP:VM1", ""])
def test_there_is_no_word_for_all_risks(word: str) -> None:
    """Wildcards, halves of words and other flows are wrong usage; the message lists the words."""
    with pytest.raises(UsageError, match="rdp:vm1"):
        consented(_safety(_risk("rdp:vm1")), Consents(risks=(word,)))


def test_what_can_never_be_accepted_stays_refused() -> None:
    """Naming the word of IPsec to a controller changes nothing."""
    safety = _safety(_risk("ldap:vm1:dc1", can_be_accepted=False))
    with pytest.raises(ControllerNeedsIpsecError, match="can't be accepted"):
        refuse_unsafe(consented(safety, Consents(risks=("ldap:vm1:dc1",))))


def test_dangers_have_a_class_and_an_option_each() -> None:
    """A link at the root is refused until it is confirmed; other consents do not help."""
    safety = _safety(dangers=(ROOT,))
    with pytest.raises(DomainRootLinkError, match="--allow-domain-root"):
        refuse_unsafe(consented(safety, Consents(dangers=frozenset({DangerCode.MANY_HOSTS}))))
    refuse_unsafe(consented(safety, Consents(dangers=frozenset({DangerCode.DOMAIN_ROOT}))))


def test_several_reasons_are_told_at_once() -> None:
    """Nobody has to find the second reason by running again."""
    safety = _safety(_risk("rdp:vm1"), dangers=(ROOT,))
    with pytest.raises(UnsafeInSeveralWaysError) as refused:
        refuse_unsafe(safety)

    assert [type(error) for error in refused.value.errors] == [LockoutError, DomainRootLinkError]
