"""Does a server of the domain answer? One small exchange each, by hand, without a client library."""

import socket
import struct
from collections.abc import Callable
from ipaddress import IPv4Address

import dns.exception
import dns.message
import dns.query
import dns.rcode

TIMEOUT_SECONDS = 2.0

LDAP_ROOT_DSE_SEARCH = bytes.fromhex(
    # [RFC4511] 4.5.1: message 1, base search of "", never deref, no limits, (objectClass=*), no attributes
    "3025020101632004000a01000a0100020100020100010100870b6f626a656374436c6173733000"
)
SMB2_NEGOTIATE = struct.pack(
    # [MS-SMB2] 2.2.1.2 header of a NEGOTIATE
    "<4sHHIHHIIQIIQ16s",
    b"\xfeSMB",
    64,
    0,
    0,
    0,
    1,
    0,
    0,
    0,
    0,
    0,
    0,
    b"",
) + struct.pack("<HHHHI16sQH", 36, 1, 1, 0, 0, b"", 0, 0x0210)  # 2.2.3, dialect 2.1 alone


def answers_ldap(address: IPv4Address, port: int) -> bool:
    """Whether the rootDSE is given to a nameless client."""
    return _answers(address, port, LDAP_ROOT_DSE_SEARCH, lambda reply: reply[:1] == b"\x30")


def answers_smb(address: IPv4Address, port: int) -> bool:
    """Whether SMB 2 is negotiated."""
    request = struct.pack(">I", len(SMB2_NEGOTIATE)) + SMB2_NEGOTIATE
    return _answers(address, port, request, lambda reply: reply[4:8] == b"\xfeSMB")


def answers_dns(address: IPv4Address, port: int, name: str) -> bool:
    """Whether the server knows the address of a name."""
    query = dns.message.make_query(name, "A")
    try:
        reply = dns.query.tcp(query, str(address), port=port, timeout=TIMEOUT_SECONDS)
    except (OSError, EOFError, dns.exception.DNSException):
        return False
    return reply.rcode() == dns.rcode.NOERROR and bool(reply.answer)


def _answers(
    address: IPv4Address, port: int, request: bytes, is_right: Callable[[bytes], bool]
) -> bool:
    try:
        with socket.create_connection((str(address), port), TIMEOUT_SECONDS) as connection:
            connection.sendall(request)
            return is_right(connection.recv(64))
    except OSError:
        return False
