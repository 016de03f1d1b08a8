"""Does the PowerShell that is to play the hosts start at all?"""

import subprocess
from typing import Final

from ipsec_orchestrator.errors import MissingDependencyError

# The first start may have to unpack it.
_SECONDS: Final = 120.0


def check_powershell(executable: str) -> None:
    """Start it once and let it end.

    Raises:
        MissingDependencyError: It can't be started, or does not end well.
    """
    try:
        done = subprocess.run(
            [executable, "-NoProfile", "-NonInteractive", "-NoLogo", "-Command", "exit 0"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _does_not_start(executable, str(error)) from error
    if done.returncode != 0:
        said = done.stdout.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise _does_not_start(executable, said[0])


def _does_not_start(executable: str, reason: str) -> MissingDependencyError:
    return MissingDependencyError(
        f"The PowerShell {executable} does not start: {reason}.",
        cure="Mend it, or name another one in IPSEC_LAB_POWERSHELL; with an empty value and no "
        "pwsh on the path the hosts answer without PowerShell.",
    )
