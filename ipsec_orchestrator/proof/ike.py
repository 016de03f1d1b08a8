"""The clear part of IKE messages: what stage a negotiation reached, and whether it was refused."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

# Cookies, next payload, version, exchange type, flags, message id, length: RFC 2408 3.1.
_HEADER: Final = struct.Struct(">8s8sBBBBII")
_PAYLOAD_HEAD: Final = struct.Struct(">BBH")
# DOI, protocol, size of the SPI, message type: RFC 2408 3.14.
_NOTIFY: Final = struct.Struct(">IBBH")
_NOTIFY_PAYLOAD: Final = 11
_MAJOR_VERSION: Final = 1


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
ATTRIBUTES_NOT_SUPPORTED: Final = 13
NO_PROPOSAL_CHOSEN: Final = 14
AUTHENTICATION_FAILED: Final = 24
"""Notify message types, RFC 2408 3.14.1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IkeMessage:
    """The clear part of an IKE message.

    Attributes:
        exchange: What it belongs to.
        encrypted: Whether its payloads are encrypted; in main mode that is the authentication.
        notify: Notify message type, if a clear notification is in it.
    """

    exchange: Exchange
    encrypted: bool
    notify: int | None = None


def parse_ike(message: bytes) -> IkeMessage | None:
    """Read an IKE message; ``None`` if it is cut off within its header."""
    if len(message) < _HEADER.size:
        return None
    _, _, next_payload, version, exchange, flags, _, _ = _HEADER.unpack_from(message)
    if version >> 4 != _MAJOR_VERSION:
        return IkeMessage(exchange=Exchange.OTHER, encrypted=False)
    encrypted = bool(flags & 1)
    notify = None if encrypted else next(_notifications(next_payload, message), None)
    return IkeMessage(
        exchange=_EXCHANGES.get(exchange, Exchange.OTHER),
        encrypted=encrypted,
        notify=notify,
    )


def _notifications(kind: int, message: bytes) -> Iterator[int]:
    """Walk along the payloads as far as the capture kept them."""
    offset = _HEADER.size
    while kind and len(message) >= offset + _PAYLOAD_HEAD.size:
        following, _, length = _PAYLOAD_HEAD.unpack_from(message, offset)
        content = offset + _PAYLOAD_HEAD.size
        if kind == _NOTIFY_PAYLOAD and len(message) >= content + _NOTIFY.size:
            yield _NOTIFY.unpack_from(message, content)[3]
        if length < _PAYLOAD_HEAD.size:
            return
        kind, offset = following, offset + length
