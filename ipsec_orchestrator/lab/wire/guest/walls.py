"""A network stack of one's own inside the machine's kernel."""

import ctypes
import os

from ipsec_orchestrator.lab.wire.guest.machine import mount_all
from ipsec_orchestrator.lab.wire.guest.network import ADAPTER
from ipsec_orchestrator.lab.wire.guest.programs import run

CLONE_NEWNET = 0x40000000


def enter(port: str, hardware_address: str) -> None:
    """Move into a new network namespace and take the inner end of a port along.

    The guard that started us has made process and mount namespaces already; the latter is why
    what is mounted here is seen by nobody else.

    Args:
        port: The inner end, in the namespace that we are leaving.
        hardware_address: What it is to have.

    Raises:
        OSError: The kernel refused.
    """
    outside = os.open("/proc/self/ns/net", os.O_RDONLY)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "unshare the network")
    mount_all()
    mine = str(os.getpid())
    run(
        [
            *("nsenter", f"--net=/proc/{mine}/fd/{outside}", "--"),
            *("ip", "link", "set", "dev", port, "address", hardware_address),
            *("netns", mine, "name", ADAPTER),
        ]
    )
    os.close(outside)
