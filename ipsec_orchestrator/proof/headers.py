"""Frames without what people said in them: headers only."""

from dataclasses import replace
from typing import Final, assert_never

from ipsec_orchestrator.model.evidence import Frame
from ipsec_orchestrator.proof.frames import Packet, PacketKind, parse_frame

_ETHERNET_SIZE: Final = 14
_TCP: Final = 6
_UDP: Final = 17
_UDP_SIZE: Final = 8
_ESP_HEAD: Final = 8
"""SPI and sequence number, RFC 4303 2."""

_TCP_OFFSET_PLACE: Final = 12


def without_payload(frame: Frame) -> Frame:
    """Cut a frame off behind its headers; IKE stays, because all of it is the negotiation.

    What can't be read is cut off where that begins.
    """
    packet = parse_frame(frame.content)
    if packet is None:
        return replace(frame, content=frame.content[:_ETHERNET_SIZE])
    return replace(frame, content=frame.content[: _end_of_headers(packet, frame.content)])


def _end_of_headers(packet: Packet, content: bytes) -> int:
    begin = packet.offset
    match packet.kind:
        case PacketKind.IKE:
            return len(content)
        case PacketKind.ESP:
            in_udp = packet.protocol == _UDP
            return begin + _ESP_HEAD + (_UDP_SIZE if in_udp else 0)
        case PacketKind.CLEAR if packet.protocol == _TCP:
            place = begin + _TCP_OFFSET_PLACE
            return begin + (content[place] >> 4) * 4 if len(content) > place else place
        case PacketKind.CLEAR:
            return begin + _UDP_SIZE
        case PacketKind.UNREADABLE | PacketKind.OTHER:
            return begin
        case _:
            assert_never(packet.kind)
