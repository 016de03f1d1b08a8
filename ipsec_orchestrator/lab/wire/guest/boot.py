"""First process of a guest: mounts, kernel modules, then the line until it ends.

Started by path with ``python3 -I -S boot.py``, as the init of a kernel of its own; when the line
ends, or says so, the guest switches itself off. Where the machine's own kernel does the work, it
is started with ``in-namespace PORT HARDWARE_ADDRESS DESCRIPTOR`` and simply ends.
"""

import os
import sys
import traceback
import tty
from pathlib import Path

PACKAGE_FOLDER = Path(__file__).resolve().parents[4]
SERIAL_DEVICE = "/dev/ttyS1"
IN_NAMESPACE = "in-namespace"


def main(arguments: list[str]) -> None:
    """Bring the guest up and serve; with a kernel of its own it never returns."""
    sys.path.insert(0, str(PACKAGE_FOLDER))
    if arguments[:1] == [IN_NAMESPACE]:
        port, hardware_address, descriptor = arguments[1:]
        serve_in_namespace(port, hardware_address, int(descriptor))
    else:
        serve_as_init()


def serve_as_init() -> None:
    """Be the first process of a kernel."""
    from ipsec_orchestrator.lab.wire.guest import machine  # noqa: PLC0415 - needs the path

    try:
        machine.mount_all()
        machine.load_modules()
        from ipsec_orchestrator.lab.wire.guest.agent import Agent  # noqa: PLC0415 - needs mounts

        descriptor = os.open(SERIAL_DEVICE, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(descriptor)
        Agent(descriptor).serve()
    except BaseException:  # noqa: BLE001 - a first process that ends makes the kernel panic
        # The console is all that there is to report to; the lab shows its last lines.
        traceback.print_exc()
    machine.power_off()


def serve_in_namespace(port: str, hardware_address: str, descriptor: int) -> None:
    """Serve with the machine's own kernel, behind walls."""
    from ipsec_orchestrator.lab.wire.guest import walls  # noqa: PLC0415 - needs the path

    walls.enter(port, hardware_address)
    from ipsec_orchestrator.lab.wire.guest.agent import Agent  # noqa: PLC0415 - needs mounts

    Agent(descriptor).serve()


if __name__ == "__main__":
    main(sys.argv[1:])
