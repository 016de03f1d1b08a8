"""What goes over the wire between members, seen by tcpdump."""

from collections import Counter
from collections.abc import Callable

import pytest

from ipsec_orchestrator.codec import IsakmpMethod, constants
from ipsec_orchestrator.lab.wire.frames import ESP
from ipsec_orchestrator.lab.wire.ike_log import IkeEventKind
from ipsec_orchestrator.lab.wire.sabotage import WireFault
from ipsec_orchestrator.lab.wire.stand_in import KERBEROS_NOTE
from ipsec_orchestrator.lab.wire.wire import Wire
from tests.lab.wire.on_the_wire import Exchange, Policies, Sniffer

pytestmark = pytest.mark.lab

Ask = Callable[..., Exchange]
Sniff = Callable[[], Sniffer]
CLEAR_8080 = "tcp port 8080"
PORT = 8080


def kinds(wire: Wire, name: str, offset: int) -> set[IkeEventKind]:
    """What a member's IKE went through since that place of its log."""
    return {event.kind for event in wire.member(name).ike_log(offset).events}


def test_without_policy_requests_are_seen_in_clear(wire: Wire, ask: Ask, sniff: Sniff) -> None:
    """The measuring instrument shows clear traffic where there is some."""
    host1, vm1 = wire.member("host1"), wire.member("vm1")
    with sniff() as sniffer:
        assert ask(host1, vm1, PORT).answer == b"z" * 20
    assert sniffer.lines(CLEAR_8080)
    assert not sniffer.lines("esp")


def test_how_to_policy_leaves_only_esp_of_the_pair(
    wire: Wire, ask: Ask, sniff: Sniff, policies: Policies
) -> None:
    """With the article's policy port 8080 goes by ESP both ways, other ports stay clear."""
    host1, vm1 = wire.member("host1"), wire.member("vm1")
    for name in ("host1", "vm1"):
        assert wire.enforce(name, policies.policy()).notes == (KERBEROS_NOTE,)
    with sniff() as sniffer:
        assert ask(host1, vm1, PORT).answer == b"z" * 20
        assert ask(vm1, host1, PORT, size=120_000).answer == b"z" * 120_000
        assert ask(host1, vm1, 8081).answer == b"z" * 20
        found = host1.associations()
    assert not sniffer.lines(CLEAR_8080)
    assert sniffer.lines("udp port 500")
    assert sniffer.lines("tcp port 8081")
    spis = {int(line.partition("spi=")[2].partition(",")[0], 16) for line in sniffer.lines("esp")}
    assert spis == {state.spi for state in found.states}
    assert spis == {spi for quick in found.quick_modes for spi in (quick.spi_in, quick.spi_out)}
    assert {(state.cipher, state.integrity, state.mode) for state in found.states} == {
        ("cbc(des3_ede)", "hmac(sha1)", "transport")
    }
    assert {(main.cipher, main.group) for main in found.main_modes} == {("3DES_CBC", "MODP_1024")}
    assert max(quick.bytes_out for quick in found.quick_modes) > 120_000


def test_own_capture_agrees_with_tcpdump(
    wire: Wire, ask: Ask, sniff: Sniff, policies: Policies
) -> None:
    """A guest's capture has the same ESP packets as the bridge, with truncated content."""
    host1, vm1 = wire.member("host1"), wire.member("vm1")
    for name in ("host1", "vm1"):
        wire.enforce(name, policies.policy())
    with sniff() as sniffer, host1.capture(kept_bytes=60) as capture:
        ask(host1, vm1, PORT)
        capture.stop()
        frames = list(capture.frames())
        assert capture.count().lost == 0
    packets = [frame.packet for frame in frames if frame.packet is not None]
    ours = Counter(packet.spi for packet in packets if packet.protocol == ESP)
    theirs = Counter(
        int(line.partition("spi=")[2].partition(",")[0], 16) for line in sniffer.lines("esp")
    )
    assert ours == theirs
    assert any(packet.is_ike for packet in packets)
    assert max(len(frame.content) for frame in frames) == 60
    assert {frame.outgoing for frame in frames} == {True, False}


def test_esp_dropped_on_the_way_means_no_answer(wire: Wire, ask: Ask, policies: Policies) -> None:
    """IKE succeeds, ESP does not arrive, other ports and later traffic are unharmed."""
    host1, vm1 = wire.member("host1"), wire.member("vm1")
    for name in ("host1", "vm1"):
        wire.enforce(name, policies.policy())
    offset = host1.ike_log().next_offset
    wire.set_faults("host1", "vm1", [WireFault.ESP_DROPPED])
    assert isinstance(ask(host1, vm1, PORT, seconds=3).error, TimeoutError)
    assert IkeEventKind.QUICK_MODE_UP in kinds(wire, "host1", offset)
    assert ask(host1, vm1, 8081).answer
    wire.set_faults("host1", "vm1", ())
    assert ask(host1, vm1, PORT).answer


def test_ike_dropped_on_the_way_is_an_unanswered_request(
    wire: Wire, ask: Ask, policies: Policies
) -> None:
    """Without IKE nothing is sent, and the log shows repeated requests."""
    host1, vm1 = wire.member("host1"), wire.member("vm1")
    for name in ("host1", "vm1"):
        wire.enforce(name, policies.policy())
    wire.set_faults("host1", "vm1", [WireFault.IKE_DROPPED])
    offset = host1.ike_log().next_offset
    assert isinstance(ask(host1, vm1, PORT, seconds=3).error, TimeoutError)
    assert IkeEventKind.RETRANSMITTED in kinds(wire, "host1", offset)
    assert not host1.associations().states


def test_cut_pair_and_black_hole_for_large_packets(wire: Wire) -> None:
    """A cut pair does not answer at all; a black hole shows as a smaller path MTU."""
    host1, vm1, vm2 = (wire.member(name) for name in ("host1", "vm1", "vm2"))
    assert host1.path_mtu(vm1.address) == 1500
    wire.set_faults("host1", "vm1", [WireFault.LARGE_DROPPED])
    assert host1.path_mtu(vm1.address) == 1300
    wire.set_faults("vm1", "host1", [WireFault.ALL_DROPPED])
    assert host1.ping(vm1.address, timeout_seconds=0.5) is None
    assert host1.ping(vm2.address) is not None


@pytest.mark.parametrize("where", ["main mode", "quick mode"])
def test_methods_that_do_not_match_are_named_in_the_log(
    wire: Wire, ask: Ask, policies: Policies, where: str
) -> None:
    """Different algorithms leave no answer, no clear packet, and NO_PROPOSAL in the log."""
    host1, vm1 = wire.member("host1"), wire.member("vm1")
    wire.enforce("host1", policies.policy())
    if where == "main mode":
        other = policies.policy(methods=(IsakmpMethod(integrity=constants.Integrity.MD5),))
    else:
        offer = policies.esp(integrity=constants.Integrity.MD5)
        other = policies.policy(policies.rule(offers=(offer,)))
    wire.enforce("vm1", other)
    offset = host1.ike_log().next_offset
    assert isinstance(ask(host1, vm1, PORT, seconds=3).error, TimeoutError)
    assert IkeEventKind.NO_COMMON_METHOD in kinds(wire, "host1", offset)


def test_one_side_without_policy_does_not_answer(wire: Wire, ask: Ask, policies: Policies) -> None:
    """A peer without policy stays silent to IKE, and its own clear requests are dropped."""
    host1, vm1 = wire.member("host1"), wire.member("vm1")
    wire.enforce("host1", policies.policy())
    offset = host1.ike_log().next_offset
    assert isinstance(ask(host1, vm1, PORT, seconds=3).error, TimeoutError)
    assert IkeEventKind.RETRANSMITTED in kinds(wire, "host1", offset)
    assert isinstance(ask(vm1, host1, PORT, seconds=2).error, TimeoutError)


def test_fallback_goes_on_in_clear(wire: Wire, ask: Ask, sniff: Sniff, policies: Policies) -> None:
    """With fallback a peer without policy is spoken to in clear."""
    host1, vm1 = wire.member("host1"), wire.member("vm1")
    soft = policies.policy(policies.rule(offers=(policies.esp(), policies.fallback)))
    wire.enforce("host1", soft)
    with sniff() as sniffer:
        assert ask(host1, vm1, PORT).answer
        assert ask(vm1, host1, PORT).answer
    assert sniffer.lines(CLEAR_8080)
    assert sniffer.lines("udp port 500")
    assert not sniffer.lines("esp")


def test_filter_without_mirror_protects_one_direction(
    wire: Wire, ask: Ask, sniff: Sniff, policies: Policies
) -> None:
    """Requests go by ESP and their answers in clear where the filter misses the way back."""
    host1, vm1 = wire.member("host1"), wire.member("vm1")
    one_way = policies.filter("10.2.27.0/25", "10.0.1.0/24", mirrored=False)
    for name in ("host1", "vm1"):
        wire.enforce(name, policies.policy(policies.rule(one_way)))
    with sniff() as sniffer:
        assert ask(host1, vm1, PORT).answer
    assert sniffer.lines("esp and src 10.2.27.10")
    assert not sniffer.lines("esp and src 10.0.1.20")
    assert sniffer.lines("tcp src port 8080 and src 10.0.1.20")
    assert not sniffer.lines("tcp dst port 8080")


def test_block_and_permit(wire: Wire, ask: Ask, policies: Policies) -> None:
    """Block drops both ways; a more specific permit opens its own flow only."""
    host1, vm1 = wire.member("host1"), wire.member("vm1")
    block = policies.rule(
        policies.filter("me", "0.0.0.0/0", protocol=0, destination_port=0),
        action=constants.ACTION_BLOCK,
        offers=(),
    )
    permit = policies.rule(
        policies.filter("me", "10.0.1.20/32"), action=constants.ACTION_PERMIT, offers=()
    )
    wire.enforce("host1", policies.policy(block, permit))
    assert ask(host1, vm1, PORT).answer
    assert isinstance(ask(host1, vm1, 8081, seconds=2).error, PermissionError)
    assert isinstance(ask(vm1, host1, PORT, seconds=2).error, TimeoutError)


def test_accepting_clear_requests_still_needs_security_for_answers(
    wire: Wire, ask: Ask, sniff: Sniff, policies: Policies
) -> None:
    """With inpass a clear request gets in, and its answer waits for an association."""
    host1, vm1 = wire.member("host1"), wire.member("vm1")
    rule = policies.rule(action=constants.ACTION_INBOUND_PASS_THROUGH)
    wire.enforce("host1", policies.policy(rule))
    with sniff() as sniffer:
        assert isinstance(ask(vm1, host1, PORT, seconds=2).error, TimeoutError)
    assert not sniffer.lines("tcp src port 8080")
    assert sniffer.lines("udp src port 500 and src 10.2.27.10")


def test_disobedient_member_sends_clear(
    wire: Wire, ask: Ask, sniff: Sniff, policies: Policies
) -> None:
    """A member that ignores its policy keeps its notes and sends everything in clear."""
    host1, vm1 = wire.member("host1"), wire.member("vm1")
    for name in ("host1", "vm1"):
        wire.enforce(name, policies.policy())
        wire.member(name).disobey(ignore_policy=True)
    with sniff() as sniffer:
        assert ask(host1, vm1, PORT).answer
    assert sniffer.lines(CLEAR_8080)
    assert host1.policy.notes == (KERBEROS_NOTE,)


def test_udp_goes_through_the_guests(wire: Wire) -> None:
    """A datagram of one member arrives at another one."""
    host1, vm1 = wire.member("host1"), wire.member("vm1")
    with host1.datagrams() as sender, vm1.datagrams(9999) as receiver:
        sender.send(b"hello", address=vm1.address, port=9999)
        found = receiver.receive(timeout_seconds=5)
    assert (found.sender, found.port, found.content) == (host1.address, sender.port, b"hello")


def test_closed_port_is_refused(wire: Wire) -> None:
    """Errors of the guest's kernel arrive as Python's own."""
    host1, vm1 = wire.member("host1"), wire.member("vm1")
    with pytest.raises(ConnectionRefusedError):
        host1.connect(vm1.address, 9)


def test_null_encryption_single_des_and_all_groups(
    wire: Wire, ask: Ask, policies: Policies
) -> None:
    """All algorithms that the format can store are really negotiated, with PFS and group 14."""
    host1, vm1 = wire.member("host1"), wire.member("vm1")
    group_14 = IsakmpMethod(override=constants.MethodOverride.TRIPLE_DES_SHA1_GROUP_14)
    group_1 = IsakmpMethod(
        encryption=constants.Cipher.DES,
        integrity=constants.Integrity.MD5,
        oakley_group=constants.OakleyGroup.GROUP_1,
    )
    seen = []
    for method, offer in (
        (group_14, policies.esp(cipher=constants.Cipher.NONE, pfs=True)),
        (IsakmpMethod(), policies.ah()),
        (group_1, policies.esp(cipher=constants.Cipher.DES, integrity=constants.Integrity.MD5)),
    ):
        wanted = policies.policy(policies.rule(offers=(offer,)), methods=(method,))
        for name in ("host1", "vm1"):
            wire.enforce(name, wanted)
        assert ask(host1, vm1, PORT).answer
        found = host1.associations()
        seen.append((found.main_modes[0].group, found.states[0].cipher, found.states[0].integrity))
    assert seen == [
        ("MODP_2048", "ecb(cipher_null)", "hmac(sha1)"),
        ("MODP_1024", "", "hmac(sha1)"),
        ("MODP_768", "cbc(des)", "hmac(md5)"),
    ]
