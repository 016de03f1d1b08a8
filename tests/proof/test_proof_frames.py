"""Frames of every shape are recognised, and none is taken for something harmless."""

from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, TCP, UDP, IPOption_Router_Alert, fragment
from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop, fragment6
from scapy.layers.ipsec import AH, ESP
from scapy.layers.isakmp import ISAKMP, ISAKMP_payload_Notify, ISAKMP_payload_SA
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.packet import Packet as ScapyPacket
from scapy.packet import Raw

from ipsec_orchestrator.proof.frames import PacketKind, parse_frame
from ipsec_orchestrator.proof.ike import NO_PROPOSAL_CHOSEN, Exchange, parse_ike

ENDS: dict[str, Any] = {"src": "10.0.1.20", "dst": "10.2.27.10"}
ENDS6: dict[str, Any] = {"src": "fd00::20", "dst": "fd00:27::10"}
REQUEST = TCP(sport=50_000, dport=8080) / Raw(b"POST / HTTP/1.1\r\n")

# A DNS query of a Server 2022, as its NDIS-PacketCapture event gave it, as far as published.
WINDOWS_SAMPLE = bytes.fromhex(
    "BC2411225B57BC241141F25808004500004FBF3E0000801100000A020A0B0A020AFEE5600035003B2959"
)


def test_a_frame_that_windows_captured_is_read() -> None:
    """The published event of a Server 2022 is a clear UDP packet to port 53."""
    packet = parse_frame(WINDOWS_SAMPLE)

    assert packet is not None
    assert packet.kind is PacketKind.CLEAR
    assert (str(packet.source), str(packet.destination)) == ("10.2.10.11", "10.2.10.254")
    assert (packet.protocol, packet.source_port, packet.destination_port) == (17, 0xE560, 53)


@pytest.mark.parametrize(
    "below",
    [
        Ether() / IP(**ENDS),
        Ether() / Dot1Q(vlan=7) / IP(**ENDS),
        Ether(type=0x88A8) / Dot1Q(vlan=7, type=0x8100) / Dot1Q(vlan=8) / IP(**ENDS),
        Ether() / IP(**ENDS, options=[IPOption_Router_Alert()]),
        Ether() / IPv6(**ENDS6),
        Ether() / IPv6(**ENDS6) / IPv6ExtHdrHopByHop(),
        Ether() / IP(**ENDS) / AH(nh=6, payloadlen=4, spi=7, icv=bytes(12)),
    ],
    ids=["plain", "vlan", "two vlans", "options", "ipv6", "hop-by-hop", "ah"],
)
def test_a_clear_packet_is_clear_behind_every_header(below: ScapyPacket) -> None:
    """VLAN tags, IPv4 options, IPv6 extensions and AH hide no clear packet."""
    packet = parse_frame(bytes(below / REQUEST))

    assert packet is not None
    assert packet.kind is PacketKind.CLEAR
    assert (packet.protocol, packet.source_port, packet.destination_port) == (6, 50_000, 8080)


@pytest.mark.parametrize(
    "below",
    [
        Ether() / IP(**ENDS),
        Ether() / Dot1Q(vlan=7) / IP(**ENDS),
        Ether() / IPv6(**ENDS6),
        Ether() / IP(**ENDS) / AH(nh=50, payloadlen=4, spi=7, icv=bytes(12)),
        Ether() / IP(**ENDS) / UDP(sport=4500, dport=4500),
    ],
    ids=["plain", "vlan", "ipv6", "ah", "nat-t"],
)
def test_esp_is_read_with_its_spi(below: ScapyPacket) -> None:
    """ESP is known with its SPI, also behind AH and in UDP."""
    packet = parse_frame(bytes(below / ESP(spi=0xC0FFEE01, seq=3, data=bytes(40))))

    assert packet is not None
    assert (packet.kind, packet.spi) == (PacketKind.ESP, 0xC0FFEE01)


def test_fragments_are_never_taken_for_something_harmless() -> None:
    """A later fragment of TCP or UDP is unreadable, one of ESP is ESP, in IPv4 and IPv6."""
    large = Raw(bytes(4000))
    clear = fragment(IP(**ENDS) / UDP(sport=50_000, dport=9000) / large, fragsize=1400)  # type: ignore[no-untyped-call]  # scapy
    clear6 = fragment6(IPv6(**ENDS6) / IPv6ExtHdrFragment() / UDP(dport=9000) / large, 1400)  # type: ignore[no-untyped-call]  # scapy
    secured = fragment(IP(**ENDS) / ESP(spi=5, data=bytes(4000)), fragsize=1400)  # type: ignore[no-untyped-call]  # scapy

    for pieces in (clear, clear6):
        kinds = [parse_frame(bytes(Ether() / piece)) for piece in pieces]
        assert [packet and packet.kind for packet in kinds] == [
            PacketKind.CLEAR,
            *[PacketKind.UNREADABLE] * (len(kinds) - 1),
        ]
        assert len(kinds) > 1
    found = [parse_frame(bytes(Ether() / piece)) for piece in secured]
    assert {packet and packet.kind for packet in found} == {PacketKind.ESP}
    assert [packet and packet.spi for packet in found][:2] == [5, None]


@pytest.mark.parametrize(
    "frame",
    [
        Ether() / IP(**ENDS) / REQUEST,
        Ether() / IPv6(**ENDS6) / IPv6ExtHdrHopByHop() / REQUEST,
        Ether() / IP(**ENDS) / AH(nh=6, payloadlen=4, spi=7, icv=bytes(12)) / REQUEST,
    ],
    ids=["ipv4", "ipv6", "ah"],
)
def test_a_clear_packet_cut_off_anywhere_is_never_called_esp(frame: ScapyPacket) -> None:
    """Truncated at every length it is no IP packet, unreadable, or clear; nothing else."""
    whole = bytes(frame)
    cut = [parse_frame(whole[:size]) for size in range(len(whole) + 1)]

    kinds = [packet.kind for packet in cut if packet is not None]
    assert set(kinds) == {PacketKind.UNREADABLE, PacketKind.CLEAR}
    assert kinds == sorted(kinds, key=[PacketKind.UNREADABLE, PacketKind.CLEAR].index)


@given(st.binary(max_size=200))
def test_no_bytes_are_a_reason_to_stop(noise: bytes) -> None:
    """Whatever is captured can be looked at without an error, as a frame and as IKE."""
    for start in (
        b"",
        bytes(12) + b"\x08\x00\x45",
        bytes(12) + b"\x86\xdd\x60",
        bytes(12) + b"\x81\x00",
    ):
        parse_frame(start + noise)
    parse_ike(noise)


@pytest.mark.parametrize(
    ("message", "exchange", "encrypted", "notify"),
    [
        (ISAKMP(exch_type=2) / ISAKMP_payload_SA(), Exchange.MAIN_MODE, False, None),
        (
            ISAKMP(exch_type=2, flags=1, next_payload=5) / Raw(bytes(40)),
            Exchange.MAIN_MODE,
            True,
            None,
        ),
        (
            ISAKMP(exch_type=32, flags=1, next_payload=8) / Raw(bytes(9)),
            Exchange.QUICK_MODE,
            True,
            None,
        ),
        (
            ISAKMP(exch_type=5) / ISAKMP_payload_Notify(notify_msg_type=14),
            Exchange.INFORMATIONAL,
            False,
            NO_PROPOSAL_CHOSEN,
        ),
        (
            ISAKMP(exch_type=2) / ISAKMP_payload_SA() / ISAKMP_payload_Notify(notify_msg_type=14),
            Exchange.MAIN_MODE,
            False,
            NO_PROPOSAL_CHOSEN,
        ),
        (ISAKMP(exch_type=34, version=0x20), Exchange.OTHER, False, None),
    ],
    ids=["main mode", "authentication", "quick mode", "refusal", "refusal behind", "IKEv2"],
)
@pytest.mark.parametrize("marker", [b"", bytes(4)], ids=["500", "4500"])
def test_ike_messages_tell_their_stage(
    message: ScapyPacket,
    exchange: Exchange,
    encrypted: bool,  # noqa: FBT001 - a column of the table
    notify: int | None,
    marker: bytes,
) -> None:
    """Exchange, encryption and a clear refusal are read, on port 500 and behind 4500's marker."""
    port = 4500 if marker else 500
    frame = Ether() / IP(**ENDS) / UDP(sport=port, dport=port) / Raw(marker + bytes(message))

    packet = parse_frame(bytes(frame))

    assert packet is not None
    assert packet.kind is PacketKind.IKE
    assert packet.ike is not None
    assert (packet.ike.exchange, packet.ike.encrypted) == (exchange, encrypted)
    assert packet.ike.notify == notify


def test_a_keepalive_with_ethernet_padding_is_no_esp() -> None:
    """The one byte that keeps a NAT open is not an SPI, though Ethernet fills the frame up."""
    alive = Ether() / IP(**ENDS) / UDP(sport=4500, dport=4500) / Raw(b"\xff")

    packet = parse_frame(bytes(alive) + bytes(17))

    assert packet is not None
    assert packet.kind is PacketKind.IKE


def test_what_is_no_ip_is_no_packet() -> None:
    """ARP and other Ethernet traffic is passed over."""
    assert parse_frame(bytes(Ether() / ARP())) is None


def test_addresses_are_those_of_the_header() -> None:
    """Both ends are read in both families."""
    four, six = (
        parse_frame(bytes(Ether() / layer / REQUEST)) for layer in (IP(**ENDS), IPv6(**ENDS6))
    )

    assert four is not None
    assert six is not None
    assert (four.source, four.destination) == (ip_address(ENDS["src"]), ip_address(ENDS["dst"]))
    assert (six.source, six.destination) == (ip_address(ENDS6["src"]), ip_address(ENDS6["dst"]))
