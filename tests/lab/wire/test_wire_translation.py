"""From a member's policy to what its guest enforces."""

from ipaddress import IPv4Address

import pytest

from ipsec_orchestrator.codec import AuthMethod, IsakmpMethod, constants
from ipsec_orchestrator.lab.wire.daemon_text import connections_text
from ipsec_orchestrator.lab.wire.guest_policy import Direction, GuestPolicy, KernelPolicy, Level
from ipsec_orchestrator.lab.wire.member_policy import MemberPolicy
from ipsec_orchestrator.lab.wire.stand_in import KERBEROS_NOTE
from ipsec_orchestrator.lab.wire.translate import SOFT_NOTE, translate
from ipsec_orchestrator.model.secret import Secret
from tests.lab.wire.on_the_wire import FALLBACK, Policies

HOST1 = IPv4Address("10.2.27.10")
VM1 = IPv4Address("10.0.1.20")
VM2 = IPv4Address("10.0.1.21")
KEY = Secret("the lab's own")


def for_host1(policy: MemberPolicy) -> GuestPolicy:
    """What host1's guest enforces, with vm1 and vm2 on the wire."""
    return translate(policy, addresses=[HOST1], peers=[VM1, VM2], key=KEY)


def shown(found: KernelPolicy) -> tuple[str, str, int, int, str]:
    """Direction, remote end, ports and effect of a kernel policy."""
    effect = "block" if found.is_blocked else "allow"
    if found.transform is not None:
        effect = found.transform.level.value
    return (found.direction, str(found.remote), found.local_port, found.remote_port, effect)


def test_how_to_policy_protects_both_directions_with_each_peer(policies: Policies) -> None:
    """Two mirrored filters give four flows a peer, all required, and nothing else passes there."""
    result = for_host1(policies.policy())
    assert {shown(found) for found in result.kernel_policies if found.remote.prefixlen == 32} == {
        (direction, f"{peer}/32", *ports, "required")
        for peer in (VM1, VM2)
        for direction in Direction
        for ports in ((8080, 0), (0, 8080))
    }
    assert {
        shown(found)[-1] for found in result.kernel_policies if found.remote.prefixlen == 24
    } == {"block"}
    assert result.notes == (KERBEROS_NOTE,)
    assert [connection.remote for connection in result.connections] == [VM1, VM2]
    assert {connection.proposals for connection in result.connections} == {("3des-sha1-modp1024",)}
    assert {child.proposals for child in result.connections[0].children} == {("3des-sha1",)}


def test_arguments_are_those_of_iproute2(policies: Policies) -> None:
    """Ends and ports swap with the direction."""
    one = policies.filter("me", f"{VM1}/32")
    found = for_host1(policies.policy(policies.rule(one))).kernel_policies
    assert "\n".join(policy.arguments for policy in found) == (
        "dir out src 10.2.27.10/32 dst 10.0.1.20/32 proto 6 dport 8080 action allow priority 1000"
        " tmpl src 10.2.27.10 dst 10.0.1.20 proto esp reqid 1 mode transport level required\n"
        "dir in src 10.0.1.20/32 dst 10.2.27.10/32 proto 6 sport 8080 action allow priority 1002"
        " tmpl src 10.0.1.20 dst 10.2.27.10 proto esp reqid 1 mode transport level required"
    )


def test_filter_without_mirror_covers_one_direction(policies: Policies) -> None:
    """As source the member has an outbound policy only, as destination an inbound one only."""
    outbound = policies.filter("10.2.27.0/25", "10.0.1.0/24", mirrored=False)
    inbound = policies.filter("10.0.1.0/24", "me", mirrored=False)
    directions = [
        {
            found.direction
            for found in for_host1(policies.policy(policies.rule(one))).kernel_policies
        }
        for one in (outbound, inbound)
    ]
    assert directions == [{Direction.OUTBOUND}, {Direction.INBOUND}]


def test_filter_of_other_networks_means_nothing_here(policies: Policies) -> None:
    """A member in neither subnet of a filter enforces nothing of it."""
    foreign = policies.filter("192.168.1.0/24", "10.0.1.0/24")
    result = for_host1(policies.policy(policies.rule(foreign)))
    assert result == GuestPolicy()


def test_fallback_makes_protection_optional_both_ways(policies: Policies) -> None:
    """With fallback nothing is dropped, and the note says what is different from Windows."""
    result = for_host1(policies.policy(policies.rule(offers=(policies.esp(), FALLBACK))))
    assert {shown(found)[-1] for found in result.kernel_policies} == {"use", "allow"}
    assert SOFT_NOTE in result.notes


def test_accepting_clear_requests_is_optional_inbound_only(policies: Policies) -> None:
    """Inpass lets clear packets in, and requires security for what goes out."""
    rule = policies.rule(action=constants.ACTION_INBOUND_PASS_THROUGH)
    levels = {
        (found.direction, found.transform.level)
        for found in for_host1(policies.policy(rule)).kernel_policies
        if found.transform is not None
    }
    assert levels == {(Direction.OUTBOUND, Level.REQUIRED), (Direction.INBOUND, Level.OPTIONAL)}


def test_more_specific_filters_come_first(policies: Policies) -> None:
    """Order follows how specific filters are, whatever the order of rules."""
    rules = (
        policies.rule(
            policies.filter("me", "0.0.0.0/0", protocol=0, destination_port=0),
            name="block all",
            action=constants.ACTION_BLOCK,
        ),
        policies.rule(policies.filter("me", "10.0.1.0/24"), name="protect"),
        policies.rule(
            policies.filter("me", f"{VM1}/32"), name="permit", action=constants.ACTION_PERMIT
        ),
    )
    for order in (rules, tuple(reversed(rules))):
        found = for_host1(policies.policy(*order)).kernel_policies
        names = dict.fromkeys(p.rule for p in sorted(found, key=lambda p: p.priority))
        assert list(names) == ["permit", "protect", "block all"]
        assert len({p.priority for p in found if p.remote.prefixlen < 32}) == 4


def test_undecided_order_is_fixed_and_said(policies: Policies) -> None:
    """Where Windows' published order decides nothing, block goes first, and a note tells it."""
    block = policies.rule(
        policies.filter("me", "10.0.1.0/24", protocol=0, destination_port=0),
        action=constants.ACTION_BLOCK,
    )
    permit = policies.rule(
        policies.filter("10.2.27.0/25", f"{VM1}/32", protocol=0, destination_port=0),
        action=constants.ACTION_PERMIT,
    )
    first, *_ = for_host1(policies.policy(permit, block)).kernel_policies
    notes = for_host1(policies.policy(permit, block)).notes
    assert len(notes) == 2
    assert all("does not say which of two filters decides" in note for note in notes)
    assert not first.is_blocked  # 25 + 32 bits are more than 32 + 24


def test_duplicates_with_different_effects_block(policies: Policies) -> None:
    """The same filter twice: block before negotiate before permit."""
    same = policies.filter("me", f"{VM1}/32")
    rules = [
        policies.rule(same, action=action)
        for action in (
            constants.ACTION_PERMIT,
            constants.ACTION_NEGOTIATE,
            constants.ACTION_BLOCK,
        )
    ]
    found = for_host1(policies.policy(*rules)).kernel_policies
    outbound = [policy for policy in found if policy.direction is Direction.OUTBOUND]
    assert [shown(policy)[-1] for policy in outbound] == ["block", "required", "allow"]


def test_rules_of_one_name_stay_apart(policies: Policies) -> None:
    """Two rules with the same filter and name have each a child with their own methods."""
    same = policies.filter("me", f"{VM1}/32")
    rules = [policies.rule(same), policies.rule(same, offers=(policies.ah(),))]
    (connection,) = for_host1(policies.policy(*rules)).connections
    assert [child.protocol for child in connection.children] == ["esp", "ah"]


def test_rules_without_effect_are_left_out(policies: Policies) -> None:
    """Inactive rules are nothing; tunnels and dial-up rules are nothing with a note."""
    rules = (
        policies.rule(name="asleep", is_active=False),
        policies.rule(name="pipe", is_tunnel=True),
        policies.rule(name="modem", interface_type=constants.InterfaceType.DIALUP),
        policies.rule(policies.filter("me", "0.0.0.0/0", special=0x81), name="names"),
        policies.rule(policies.filter("me", "0.0.0.0/0", is_tunnel=True), name="hole"),
    )
    result = for_host1(policies.policy(*rules))
    assert not result.kernel_policies
    assert not any("asleep" in note for note in result.notes)
    for name in ("pipe", "modem", "names", "hole"):
        assert any(name in note for note in result.notes)


def test_nothing_to_negotiate_with_means_block(policies: Policies) -> None:
    """Without usable methods a negotiate rule drops its traffic and says so."""
    unknown = policies.esp(cipher=9)
    for policy in (
        policies.policy(policies.rule(offers=(unknown,))),
        policies.policy(methods=()),
    ):
        result = for_host1(policy)
        assert {shown(found)[-1] for found in result.kernel_policies} == {"block"}
        assert not result.connections
        assert any("only blocks" in note for note in result.notes)


def test_keys_agree_exactly_if_the_first_method_does(policies: Policies) -> None:
    """Kerberos meets Kerberos; another method, or another pre-shared key, meets nothing else."""

    def key(auth: AuthMethod, lab: Secret = KEY) -> Secret:
        policy = policies.policy(policies.rule(auth=auth))
        guest = translate(policy, addresses=[HOST1], peers=[VM1], key=lab)
        return guest.connections[0].key

    methods = [
        AuthMethod.kerberos(),
        AuthMethod.pre_shared_key(Secret("one")),
        AuthMethod.pre_shared_key(Secret("two")),
        AuthMethod.certificate("CN=Root"),
    ]
    assert len({key(method) for method in methods}) == len(methods)
    assert key(methods[1]) == key(AuthMethod.pre_shared_key(Secret("one")))
    assert key(methods[0]) != key(methods[0], Secret("another lab"))
    bare = AuthMethod(kind=constants.AuthKind.KERBEROS, content=b"")
    assert key(bare) == key(methods[0])


def test_keys_and_lifetimes_reach_the_file_and_nothing_else(policies: Policies) -> None:
    """The daemon's file has keys and limits; no representation shows a key."""
    offer = policies.esp(pfs=True, lifetime_seconds=600, lifetime_kilobytes=1000)
    policy = policies.policy(policies.rule(offers=(offer,)), lifetime_seconds=3000)
    result = for_host1(policy)
    text = connections_text(result)
    key = result.connections[0].key.reveal()
    assert f"secret = 0x{key}" in text
    assert key not in repr(result)
    for line in (
        "life_time = 600",
        "rekey_time = 540",
        "life_bytes = 1024000",
        "rekey_time = 2700",
        "over_time = 300",
        "esp_proposals = 3des-sha1-modp1024",
        "remote_ts = 10.0.1.20/32[6/8080]",
        "policies = no",
    ):
        assert line in text
    assert connections_text(GuestPolicy()) == ""


@pytest.mark.parametrize(
    ("method", "words"),
    [
        (IsakmpMethod(), "3des-sha1-modp1024"),
        (IsakmpMethod(oakley_group=constants.OakleyGroup.GROUP_14), "3des-sha1-modp2048"),
        (IsakmpMethod(override=constants.MethodOverride.DES_MD5_GROUP_14), "des-md5-modp2048"),
        (IsakmpMethod(encryption=constants.Cipher.DES, oakley_group=1), "des-sha1-modp768"),
    ],
)
def test_main_mode_methods(policies: Policies, method: IsakmpMethod, words: str) -> None:
    """Each stored method has its words, and New-DH goes before all of them."""
    result = for_host1(policies.policy(methods=(method,), new_dh=bytes((3, 0, 0, 0))))
    assert result.connections[0].proposals == ("3des-md5-modp2048", words)


def test_what_the_daemon_can_not_do_is_said(policies: Policies) -> None:
    """Limits and mixtures that charon lacks leave notes."""
    rule = policies.rule(offers=(policies.esp(lifetime_seconds=60), policies.ah()))
    notes = " ".join(for_host1(policies.policy(rule, quick_mode_limit=1)).notes)
    assert "master PFS" in notes
    assert "AH and ESP" in notes
    assert "one lifetime" in notes
