"""Captured frames, and what can be read off them without any key. Pure."""

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address

_ETHERNET_BYTES = 14
_IPV4 = 0x0800
_LEAST_IPV4_BYTES = 20
_PORT_PROTOCOLS = {6, 17}
_FRAGMENT_OFFSET = 0x1FFF
ESP = 50
AH = 51
UDP = 17
IKE_PORTS = frozenset({500, 4500})


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One Ethernet frame at a member's adapter, as it was on the wire.

    Attributes:
        nanoseconds: Since 1970, UTC, by the guest's kernel.
        outgoing: The member sent it.
        length_bytes: On the wire.
        content: From the Ethernet header on; cut where the capture was told to.
    """

    nanoseconds: int
    outgoing: bool
    length_bytes: int
    content: bytes

    @property
    def packet(self) -> "Packet | None":
        """Its IPv4 packet; ``None`` if it carries another protocol or was cut too early."""
        return read_packet(self.content)


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """The readable part of an IPv4 packet.

    Attributes:
        source: Sender.
        destination: Receiver.
        protocol: IP protocol number.
        source_port: Of TCP and UDP; 0 for others and for later fragments.
        destination_port: As ``source_port``.
        spi: Of ESP and AH.
        payload: What follows the IP header, as far as it was kept.
    """

    source: IPv4Address
    destination: IPv4Address
    protocol: int
    source_port: int = 0
    destination_port: int = 0
    spi: int | None = None
    payload: bytes = b""

    @property
    def is_ike(self) -> bool:
        """Whether it is IKE, or what travels on its ports."""
        return self.protocol == UDP and bool(IKE_PORTS & {self.source_port, self.destination_port})


def read_packet(frame: bytes) -> Packet | None:
    """Read an Ethernet frame; ``None`` if no IPv4 packet can be read."""
    if len(frame) < _ETHERNET_BYTES + _LEAST_IPV4_BYTES or _word(frame, 12) != _IPV4:
        return None
    packet = frame[_ETHERNET_BYTES:]
    payload = packet[(packet[0] & 15) * 4 :]
    protocol = packet[9]
    is_first = _word(packet, 6) & _FRAGMENT_OFFSET == 0
    ports, spi = (0, 0), None
    if is_first and protocol in _PORT_PROTOCOLS and len(payload) >= struct.calcsize(">HH"):
        ports = (_word(payload, 0), _word(payload, 2))
    if is_first and protocol in {ESP, AH}:
        place = 0 if protocol == ESP else 4
        field = payload[place : place + 4]
        spi = int.from_bytes(field, "big") if len(field) == struct.calcsize(">I") else None
    return Packet(
        source=IPv4Address(packet[12:16]),
        destination=IPv4Address(packet[16:20]),
        protocol=protocol,
        source_port=ports[0],
        destination_port=ports[1],
        spi=spi,
        payload=payload,
    )


def _word(content: bytes, offset: int) -> int:
    return int.from_bytes(content[offset : offset + 2], "big")
