"""What the lab needs of this machine: a PowerShell that plays hosts, and Debian packages."""

import os
import shutil
from pathlib import Path
from typing import Final

from ipsec_orchestrator.cli.output import talk
from ipsec_orchestrator.errors import LabProgramError
from ipsec_orchestrator.lab.domain.prerequisites import (
    can_install,
    install_missing,
    install_packages,
    missing_packages,
)
from ipsec_orchestrator.lab.wire import prerequisites as wire

POWERSHELL_VARIABLE: Final = "IPSEC_LAB_POWERSHELL"


def powershell() -> str | None:
    """Give the PowerShell that plays the hosts: the one that was named, or ``pwsh``."""
    return os.environ.get(POWERSHELL_VARIABLE) or shutil.which("pwsh")


def install_for_lab(folder: Path) -> None:
    """Install the Debian packages of the lab where they are missing and that is possible.

    What can't be installed is told, and missed where it is needed: then there is another way, or
    an error that says what to do.

    Args:
        folder: The state folder; it keeps what apt said if something went wrong.
    """

    def tell(text: str) -> None:
        talk().print(text, soft_wrap=True)

    missing_of_wire = wire.missing_packages()
    if not can_install() or not (missing_packages() or missing_of_wire):
        return
    made = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "install.log"
    try:
        install_missing(log, on_progress=tell)
        install_packages(missing_of_wire, log, units=wire.UNITS, on_progress=tell)
    except LabProgramError as error:
        tell(str(error))
        return
    log.unlink(missing_ok=True)
    for parent in made:
        parent.rmdir()
