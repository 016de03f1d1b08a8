"""The guest's adapter: addresses, the other side's network, kernel switches."""

import contextlib
import ctypes
import fcntl
import socket
import struct
from collections.abc import Sequence
from pathlib import Path

from ipsec_orchestrator.lab.wire.guest.programs import run

ADAPTER = "eth0"

SWITCHES = {
    # The simulated networks are IPv4; silence makes captures readable.
    "net/ipv6/conf/all/disable_ipv6": "1",
    "net/ipv6/conf/default/disable_ipv6": "1",
    # Packets wait for the security association instead of being dropped while IKE runs.
    "net/core/xfrm_larval_drop": "0",
}

SIOCETHTOOL = 0x8946
ETHTOOL_SET = (0x2C, 0x24, 0x1F, 0x19, 0x17)
"""Generic receive, generic segmentation, TCP segmentation, scatter and gather, checksums."""


def network_up(addresses: Sequence[str], on_link: Sequence[str], mtu_bytes: int) -> None:
    """Give the adapter its addresses and switch it on.

    Args:
        addresses: With prefix length, for example ``10.0.1.20/24``.
        on_link: Networks besides those of the addresses that are reached without a router.
        mtu_bytes: Largest packet.
    """
    for name, value in SWITCHES.items():
        switch = Path("/proc/sys", name)
        # A kernel without IPv6 has none of its switches.
        if switch.exists():
            switch.write_text(value, encoding="ascii")
    # What a capture shows must be what went over the wire: whole packets, real checksums.
    _no_offload()
    run(["ip", "link", "set", "lo", "up"])
    run(["ip", "link", "set", ADAPTER, "mtu", str(mtu_bytes), "up"])
    for address in addresses:
        run(["ip", "address", "add", address, "dev", ADAPTER])
    for network in on_link:
        run(["ip", "route", "replace", network, "dev", ADAPTER])


def address_add(address: str) -> None:
    """Give the adapter one more address, with the route to its network."""
    run(["ip", "address", "replace", address, "dev", ADAPTER])


def address_remove(address: str) -> None:
    """Take an address away, with the route to its network."""
    run(["ip", "address", "delete", address, "dev", ADAPTER])


def _no_offload() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for command in ETHTOOL_SET:
            off = ctypes.create_string_buffer(struct.pack("=II", command, 0))
            request = struct.pack("16sP16x", ADAPTER.encode("ascii"), ctypes.addressof(off))
            # An adapter without that feature has nothing to switch off.
            with contextlib.suppress(OSError):
                fcntl.ioctl(probe.fileno(), SIOCETHTOOL, request)
