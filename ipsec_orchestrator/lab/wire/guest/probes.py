"""Echo requests of our own: whether a host answers, and how large a packet may be."""

import os
import socket
import struct
import time
from collections.abc import Mapping

ECHO_REQUEST = 8
ECHO_REPLY = 0
IP_MTU_DISCOVER = 10
IP_PMTUDISC_PROBE = 3
HEADER_BYTES = 28
SMALLEST_MTU_BYTES = 576


def ping(address: str, payload_bytes: int, timeout_seconds: float) -> Mapping[str, float | None]:
    """Send one echo request and wait for the answer; ``None`` if there was none."""
    return {"seconds": _echo(address, payload_bytes, timeout_seconds)}


def path_mtu(address: str, largest_bytes: int, timeout_seconds: float) -> Mapping[str, int | None]:
    """Find the largest packet that is answered, by halving; ``None`` if none is.

    Packets are sent with "don't fragment" and whatever size is tried, so that a hop that swallows
    large packets without a word is found too.
    """
    if _echo(address, SMALLEST_MTU_BYTES - HEADER_BYTES, timeout_seconds) is None:
        return {"mtu_bytes": None}
    good, bad = SMALLEST_MTU_BYTES, largest_bytes + 1
    while bad - good > 1:
        tried = bad - 1 if bad == largest_bytes + 1 else (good + bad) // 2
        if _echo(address, tried - HEADER_BYTES, timeout_seconds) is None:
            bad = tried
        else:
            good = tried
    return {"mtu_bytes": good}


def _echo(address: str, payload_bytes: int, timeout_seconds: float) -> float | None:
    identifier = int.from_bytes(os.urandom(2), "big")
    payload = os.urandom(payload_bytes)
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
        raw.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE)
        started = time.monotonic()
        try:
            raw.sendto(_message(identifier, payload), (address, 0))
        except OSError:
            # Larger than the adapter allows, or refused by a policy: no answer either way.
            return None
        while (left := started + timeout_seconds - time.monotonic()) > 0:
            raw.settimeout(left)
            try:
                packet = raw.recv(65535)
            except TimeoutError:
                break
            message = packet[(packet[0] & 15) * 4 :]
            if message[0] == ECHO_REPLY and message[8:] == payload:
                return time.monotonic() - started
    return None


def _message(identifier: int, payload: bytes) -> bytes:
    bare = struct.pack(">BBHHH", ECHO_REQUEST, 0, 0, identifier, 1) + payload
    return bare[:2] + struct.pack(">H", _checksum(bare)) + bare[4:]


def _checksum(content: bytes) -> int:
    padded = content + b"\0" * (len(content) % 2)
    total = 0
    for word in struct.unpack(f">{len(padded) // 2}H", padded):
        total += int(word)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
