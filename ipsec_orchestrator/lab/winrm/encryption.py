"""Encrypted messages over plain HTTP: ``multipart/encrypted``, [MS-WSMV] 2.2.9.1."""

import re
import struct
from dataclasses import dataclass
from typing import Final

from ipsec_orchestrator.lab.winrm.negotiate import ConnectionAuthentication, RefusedError

_SOAP_TYPE: Final = "application/soap+xml;charset=UTF-8"
_BOUNDARY: Final = "Encrypted Boundary"
_PARAMETER: Final = re.compile(r'(\w+)="([^"]*)"')
_PROTOCOLS: Final = frozenset(
    {
        "application/http-spnego-session-encrypted",
        "application/http-kerberos-session-encrypted",
    }
)
_LENGTH: Final = re.compile(rb"OriginalContent:[^\r\n]*?Length=(\d+)", re.IGNORECASE)
_OCTETS: Final = re.compile(rb"Content-Type:\s*application/octet-stream\r\n", re.IGNORECASE)
_MOST_PADDING_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Envelope:
    """A decrypted request.

    Attributes:
        content: The SOAP message.
        protocol: The encryption's media type, which the answer has to repeat; ``""`` where the
            request was not encrypted.
    """

    content: bytes
    protocol: str


def is_encrypted(content_type: str) -> bool:
    """Whether a request's body is encrypted."""
    return content_type.lower().startswith(("multipart/encrypted", "multipart/x-multi-encrypted"))


def decrypt(content_type: str, body: bytes, authentication: ConnectionAuthentication) -> Envelope:
    """Decrypt all parts of a request.

    Raises:
        RefusedError: Not encrypted by this connection's client, or malformed.
    """
    parameters = dict(_PARAMETER.findall(content_type))
    protocol = parameters.get("protocol", "")
    boundary = parameters.get("boundary", "").encode()
    if protocol.lower() not in _PROTOCOLS or not boundary:
        raise RefusedError
    delimiter = re.compile(rb"--\s*" + re.escape(boundary) + rb"(--)?\r\n")
    content = b""
    position = 0
    while (length := _LENGTH.search(body, position)) is not None:
        octets = _OCTETS.search(body, length.end())
        following = None if octets is None else delimiter.search(body, octets.end())
        if octets is None or following is None:
            raise RefusedError
        part = body[octets.end() : following.start()]
        plain = _decrypt_part(part, authentication)
        # Clients count the padding in or not; anything else is a message that was cut.
        if not 0 <= int(length[1]) - len(plain) <= _MOST_PADDING_BYTES:
            raise RefusedError
        content += plain
        position = following.end()
    if not content:
        raise RefusedError
    return Envelope(content, protocol)


def _decrypt_part(part: bytes, authentication: ConnectionAuthentication) -> bytes:
    if len(part) < 4:  # noqa: PLR2004 - the size of the length itself
        raise RefusedError
    (size,) = struct.unpack_from("<I", part)
    return authentication.unwrap(part[4 : 4 + size], part[4 + size :])


def encrypt(
    content: bytes, protocol: str, authentication: ConnectionAuthentication
) -> tuple[str, bytes]:
    """Encrypt an answer the way its request was.

    Returns:
        Content type and body.
    """
    signature, sealed, padding_bytes = authentication.wrap(content)
    head = (
        f"--{_BOUNDARY}\r\n"
        f"\tContent-Type: {protocol}\r\n"
        f"\tOriginalContent: type={_SOAP_TYPE};Length={len(content) + padding_bytes}\r\n"
        f"--{_BOUNDARY}\r\n"
        "\tContent-Type: application/octet-stream\r\n"
    )
    body = (
        head.encode()
        + struct.pack("<I", len(signature))
        + signature
        + sealed
        + f"--{_BOUNDARY}--\r\n".encode()
    )
    return f'multipart/encrypted;protocol="{protocol}";boundary="{_BOUNDARY}"', body
