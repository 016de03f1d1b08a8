"""What a captured frame is: ESP, IKE, or a clear packet of some flow.

Frames are cut off behind their headers, so nothing here may count on payload being there. What
can't be read for certain is called unreadable, never something harmless.
"""

import struct
from dataclasses import dataclass, replace
from enum import StrEnum
from ipaddress import ip_address
from typing import Final

from ipsec_orchestrator.model.inventory import Address
from ipsec_orchestrator.proof.ike import IkeMessage, parse_ike

_IPV4_TYPE: Final = 0x0800
_IPV6_TYPE: Final = 0x86DD
_VLAN_TYPES: Final = (0x8100, 0x88A8)
_ETHERNET_SIZE: Final = 14
_VLAN_SIZE: Final = 4
_IPV4_SIZE: Final = 20
_IPV6_SIZE: Final = 40
_UDP_SIZE: Final = 8
_TCP: Final = 6
_UDP: Final = 17
_ESP: Final = 50
_AUTHENTICATION_HEADER: Final = 51
_IPV6_FRAGMENT: Final = 44
# Hop-by-hop options, routing, fragment, authentication, destination options (RFC 8200 4.1).
_EXTENSIONS: Final = frozenset({0, 43, _IPV6_FRAGMENT, _AUTHENTICATION_HEADER, 60})
_EXTENSION_SIZE: Final = 8
_NAT_TRAVERSAL_PORT: Final = 4500
_IKE_PORTS: Final = frozenset({500, _NAT_TRAVERSAL_PORT})
_NO_ESP_MARKER: Final = bytes(4)


class PacketKind(StrEnum):
    """What a packet is on the wire.

    A packet that AH protects is as readable as any other, so it is what is behind the AH. A later
    fragment, and a packet cut off before its ports, is unreadable.
    """

    ESP = "esp"
    IKE = "ike"
    CLEAR = "clear"
    UNREADABLE = "unreadable"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One packet.

    Attributes:
        kind: What it is.
        source: Sender.
        destination: Receiver.
        protocol: IANA number of the innermost header that could be read.
        source_port: For TCP and UDP, where it could be read.
        destination_port: Likewise.
        spi: For ESP; ``None`` for later fragments.
        ike: For IKE, where its header could be read.
        offset: Where in the frame the innermost header that could be read begins.
    """

    kind: PacketKind
    source: Address
    destination: Address
    protocol: int
    source_port: int | None = None
    destination_port: int | None = None
    spi: int | None = None
    ike: IkeMessage | None = None
    offset: int = 0


def parse_frame(frame: bytes) -> Packet | None:
    """Read an Ethernet frame; ``None`` if it is no IP packet or is cut off before that shows."""
    offset = _ETHERNET_SIZE - 2
    if len(frame) < _ETHERNET_SIZE:
        return None
    (ether_type,) = struct.unpack_from(">H", frame, offset)
    while ether_type in _VLAN_TYPES and len(frame) >= offset + _VLAN_SIZE + 2:
        offset += _VLAN_SIZE
        (ether_type,) = struct.unpack_from(">H", frame, offset)
    begin = offset + 2
    if ether_type == _IPV4_TYPE:
        packet = _ipv4(frame[begin:])
    elif ether_type == _IPV6_TYPE:
        packet = _ipv6(frame[begin:])
    else:
        packet = None
    return replace(packet, offset=begin + packet.offset) if packet else None


def _ipv4(packet: bytes) -> Packet | None:
    if len(packet) < _IPV4_SIZE:
        return None
    size, total = (packet[0] & 15) * 4, struct.unpack_from(">H", packet, 2)[0]
    if size < _IPV4_SIZE or packet[0] >> 4 != 4:  # noqa: PLR2004 - RFC 791 3.1
        return None
    # Ethernet pads short packets. A length of 0 is what segmentation by the adapter looks like.
    rest = packet[size : total if total >= size else None]
    is_first = struct.unpack_from(">H", packet, 6)[0] & 0x1FFF == 0
    ends = (ip_address(packet[12:16]), ip_address(packet[16:20]))
    found = _inside(ends, packet[9], rest) if is_first else _fragment(ends, packet[9])
    return replace(found, offset=size + found.offset)


def _ipv6(packet: bytes) -> Packet | None:
    if len(packet) < _IPV6_SIZE or packet[0] >> 4 != 6:  # noqa: PLR2004 - RFC 8200 3
        return None
    length = struct.unpack_from(">H", packet, 4)[0]
    rest = packet[_IPV6_SIZE : _IPV6_SIZE + length if length else None]
    found = _inside((ip_address(packet[8:24]), ip_address(packet[24:40])), packet[6], rest)
    return replace(found, offset=_IPV6_SIZE + found.offset)


def _inside(ends: tuple[Address, Address], protocol: int, rest: bytes) -> Packet:
    """Read what is behind the IP header, through extension headers and AH."""
    offset = 0
    while protocol in _EXTENSIONS:
        if len(rest) < _EXTENSION_SIZE:
            return replace(_packet(PacketKind.UNREADABLE, ends, protocol), offset=offset)
        size = _EXTENSION_SIZE
        if protocol == _IPV6_FRAGMENT:
            if struct.unpack_from(">H", rest, 2)[0] >> 3:
                return replace(_fragment(ends, rest[0]), offset=offset + size)
        elif protocol == _AUTHENTICATION_HEADER:
            size = (rest[1] + 2) * 4  # RFC 4302 2.2
        else:
            size += rest[1] * 8
        protocol, rest, offset = rest[0], rest[size:], offset + size
    return replace(_innermost(ends, protocol, rest), offset=offset)


def _innermost(ends: tuple[Address, Address], protocol: int, rest: bytes) -> Packet:
    if protocol == _ESP:
        spi = struct.unpack_from(">I", rest)[0] if len(rest) >= len(_NO_ESP_MARKER) else None
        return _packet(PacketKind.ESP, ends, protocol, spi=spi)
    if protocol not in {_TCP, _UDP}:
        return _packet(PacketKind.OTHER, ends, protocol)
    if len(rest) < len(_NO_ESP_MARKER):
        return _packet(PacketKind.UNREADABLE, ends, protocol)
    ports: tuple[int, int] = struct.unpack_from(">HH", rest)
    if protocol == _UDP and _IKE_PORTS & set(ports):
        return _keying(ends, ports, rest[_UDP_SIZE:])
    return _packet(PacketKind.CLEAR, ends, protocol, ports=ports)


def _fragment(ends: tuple[Address, Address], protocol: int) -> Packet:
    """Call a later fragment ESP if its header says so; else nobody knows whose it is."""
    if protocol == _ESP:
        return _packet(PacketKind.ESP, ends, protocol)
    carries_flows = protocol in {_TCP, _UDP} or protocol in _EXTENSIONS
    return _packet(PacketKind.UNREADABLE if carries_flows else PacketKind.OTHER, ends, protocol)


def _keying(ends: tuple[Address, Address], ports: tuple[int, int], payload: bytes) -> Packet:
    """Tell IKE from ESP in UDP: behind port 4500 IKE begins with four zero bytes (RFC 3948 2.2)."""
    if _NAT_TRAVERSAL_PORT in ports:
        if payload[: len(_NO_ESP_MARKER)] == _NO_ESP_MARKER:
            payload = payload[len(_NO_ESP_MARKER) :]
        elif len(payload) >= len(_NO_ESP_MARKER):
            spi = struct.unpack_from(">I", payload)[0]
            return _packet(PacketKind.ESP, ends, _UDP, ports=ports, spi=spi)
    return _packet(PacketKind.IKE, ends, _UDP, ports=ports, ike=parse_ike(payload))


def _packet(
    kind: PacketKind,
    ends: tuple[Address, Address],
    protocol: int,
    *,
    ports: tuple[int | None, int | None] = (None, None),
    spi: int | None = None,
    ike: IkeMessage | None = None,
) -> Packet:
    return Packet(
        kind=kind,
        source=ends[0],
        destination=ends[1],
        protocol=protocol,
        source_port=ports[0],
        destination_port=ports[1],
        spi=spi,
        ike=ike,
    )
