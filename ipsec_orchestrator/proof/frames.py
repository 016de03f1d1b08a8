"""What a captured frame is: ESP, IKE, or clear packets of some flow.

Frames are cut off behind their headers, so nothing here may count on payload being there.
"""

import struct
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from typing import Final

from ipsec_orchestrator.model.inventory import Address

_IPV4_TYPE: Final = 0x0800
_IPV6_TYPE: Final = 0x86DD
_VLAN_TYPES: Final = (0x8100, 0x88A8)
_ETHERNET_SIZE: Final = 14
_VLAN_SIZE: Final = 4
_ESP: Final = 50
_AH: Final = 51
_TCP: Final = 6
_UDP: Final = 17
_IPV6_FRAGMENT: Final = 44
_IKE_PORTS: Final = (500, 4500)
_NAT_TRAVERSAL_PORT: Final = 4500
_IKE_HEADER: Final = struct.Struct(">8s8sBBBBII")
_NOTIFY_PAYLOAD: Final = 11
_NOTIFY_HEAD: Final = struct.Struct(">BBHIBBH")


class PacketKind(StrEnum):
    """What a packet is on the wire."""

    ESP = "esp"
    AH = "ah"
    IKE = "ike"
    CLEAR = "clear"
    OTHER = "other"


class Exchange(StrEnum):
    """IKEv1 exchange types (RFC 2408 3.1, RFC 2409 A)."""

    MAIN_MODE = "main mode"
    INFORMATIONAL = "informational"
    QUICK_MODE = "quick mode"
    OTHER = "other"


_EXCHANGES: Final = {
    2: Exchange.MAIN_MODE,
    5: Exchange.INFORMATIONAL,
    32: Exchange.QUICK_MODE,
}
NO_PROPOSAL_CHOSEN: Final = 14
"""Notify message type, RFC 2408 3.14.1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IkeMessage:
    """The clear part of an IKE message.

    Attributes:
        exchange: What it belongs to.
        encrypted: Whether its payloads are encrypted; in main mode that is the authentication.
        notify: Notify message type, if its first payload is a clear notification.
    """

    exchange: Exchange
    encrypted: bool
    notify: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One packet.

    Attributes:
        kind: What it is.
        source: Sender.
        destination: Receiver.
        protocol: IANA number as on the wire.
        source_port: For TCP and UDP; ``None`` for others and later fragments.
        destination_port: Likewise.
        spi: For ESP and AH; ``None`` for later fragments.
        ike: For IKE.
    """

    kind: PacketKind
    source: Address
    destination: Address
    protocol: int
    source_port: int | None = None
    destination_port: int | None = None
    spi: int | None = None
    ike: IkeMessage | None = None


def parse_frame(frame: bytes) -> Packet | None:
    """Read an Ethernet frame; ``None`` if it is no IP packet or is cut off before that shows."""
    if len(frame) < _ETHERNET_SIZE:
        return None
    offset = _ETHERNET_SIZE - 2
    (ether_type,) = struct.unpack_from(">H", frame, offset)
    while ether_type in _VLAN_TYPES and len(frame) >= offset + 2 + _VLAN_SIZE:
        offset += _VLAN_SIZE
        (ether_type,) = struct.unpack_from(">H", frame, offset)
    packet = frame[offset + 2 :]
    if ether_type == _IPV4_TYPE:
        return _ipv4(packet)
    if ether_type == _IPV6_TYPE:
        return _ipv6(packet)
    return None


def _ipv4(packet: bytes) -> Packet | None:
    size = (packet[0] & 0x0F) * 4 if packet else 0
    if len(packet) < max(size, 20) or size < 20 or packet[0] >> 4 != 4:  # noqa: PLR2004 - RFC 791 3.1
        return None
    fragment_offset = struct.unpack_from(">H", packet, 6)[0] & 0x1FFF
    source, destination = ip_address(packet[12:16]), ip_address(packet[16:20])
    first = fragment_offset == 0
    return _transport(source, destination, packet[9], packet[size:] if first else b"")


def _ipv6(packet: bytes) -> Packet | None:
    if len(packet) < 40 or packet[0] >> 4 != 6:  # noqa: PLR2004 - RFC 8200 3
        return None
    source, destination = ip_address(packet[8:24]), ip_address(packet[24:40])
    protocol, rest = packet[6], packet[40:]
    if protocol == _IPV6_FRAGMENT and len(rest) >= 8:  # noqa: PLR2004 - RFC 8200 4.5
        protocol = rest[0]
        first = struct.unpack_from(">H", rest, 2)[0] >> 3 == 0
        rest = rest[8:] if first else b""
    return _transport(source, destination, protocol, rest)


def _transport(source: Address, destination: Address, protocol: int, rest: bytes) -> Packet:
    if protocol in {_ESP, _AH}:
        at = 0 if protocol == _ESP else 4
        spi = struct.unpack_from(">I", rest, at)[0] if len(rest) >= at + 4 else None
        kind = PacketKind.ESP if protocol == _ESP else PacketKind.AH
        return Packet(
            kind=kind,
            source=source,
            destination=destination,
            protocol=protocol,
            spi=spi,
        )
    if protocol not in {_TCP, _UDP}:
        return Packet(
            kind=PacketKind.OTHER,
            source=source,
            destination=destination,
            protocol=protocol,
        )
    ports = struct.unpack_from(">HH", rest) if len(rest) >= 4 else (None, None)  # noqa: PLR2004 - two ports
    if protocol == _UDP and set(ports) & set(_IKE_PORTS):
        return _keying(source, destination, ports, rest[8:])
    return Packet(
        kind=PacketKind.CLEAR,
        source=source,
        destination=destination,
        protocol=protocol,
        source_port=ports[0],
        destination_port=ports[1],
    )


def _keying(
    source: Address,
    destination: Address,
    ports: tuple[int | None, int | None],
    payload: bytes,
) -> Packet:
    """Tell IKE from ESP in UDP: behind port 4500 IKE begins with four zero bytes (RFC 3948 2.2)."""
    kind, spi = PacketKind.IKE, None
    if _NAT_TRAVERSAL_PORT in ports:
        if payload[:4] == bytes(4):
            payload = payload[4:]
        elif len(payload) >= 4:  # noqa: PLR2004 - one SPI
            kind, spi = PacketKind.ESP, struct.unpack_from(">I", payload)[0]
    return Packet(
        kind=kind,
        source=source,
        destination=destination,
        protocol=_UDP,
        source_port=ports[0],
        destination_port=ports[1],
        spi=spi,
        ike=_ike(payload) if kind is PacketKind.IKE else None,
    )


def _ike(payload: bytes) -> IkeMessage | None:
    if len(payload) < _IKE_HEADER.size:
        return None
    _, _, next_payload, _, exchange, flags, _, _ = _IKE_HEADER.unpack_from(payload)
    encrypted = bool(flags & 1)
    notify = None
    rest = payload[_IKE_HEADER.size :]
    if not encrypted and next_payload == _NOTIFY_PAYLOAD and len(rest) >= _NOTIFY_HEAD.size:
        notify = _NOTIFY_HEAD.unpack_from(rest)[6]
    return IkeMessage(
        exchange=_EXCHANGES.get(exchange, Exchange.OTHER),
        encrypted=encrypted,
        notify=notify,
    )
