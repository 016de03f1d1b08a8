"""First process of a guest: mounts, kernel modules, then the line until it ends.

Started by path with ``python3 -I -S boot.py DEVICE LOG_FOLDER``: the kernel of the guest runs it
as its init. When the line ends, or says so, the guest switches itself off.
"""

import os
import sys
import traceback
import tty
from pathlib import Path

PACKAGE_FOLDER = Path(__file__).resolve().parents[4]
SERIAL_DEVICE = "/dev/ttyS1"


def main() -> None:
    """Bring the guest up and serve; never returns while the kernel runs."""
    sys.path.insert(0, str(PACKAGE_FOLDER))
    from ipsec_orchestrator.lab.wire.guest.machine import (  # noqa: PLC0415 - the path is set above
        load_modules,
        mount_all,
        power_off,
    )

    try:
        mount_all()
        load_modules()
        from ipsec_orchestrator.lab.wire.guest.agent import Agent  # noqa: PLC0415 - as above

        descriptor = os.open(SERIAL_DEVICE, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(descriptor)
        Agent(descriptor).serve()
    except BaseException:  # noqa: BLE001 - a first process that ends makes the kernel panic
        # The console is all that there is to report to; the lab shows its last lines.
        traceback.print_exc()
    power_off()


if __name__ == "__main__":
    main()
