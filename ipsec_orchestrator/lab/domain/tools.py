"""Running client programs in the lab's world: its Kerberos, its tickets, its host names.

``samba-tool``, ``smbclient`` and their like insist on the names that tickets are made out to, which
the machine's resolver does not know, and on folders with short paths for their sockets. They run in
a mount namespace of their own, where the lab's hosts file lies at ``/etc/hosts`` and a folder of the
lab at ``/run/samba``; the machine's own are never touched.
"""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from ipsec_orchestrator.errors import LabProgramError
from ipsec_orchestrator.lab.domain.layout import LabLayout
from ipsec_orchestrator.lab.domain.samba_python import SHOWN_LINES
from ipsec_orchestrator.lab.domain.smb_conf import RUNTIME_DIR

DEADLINE_SECONDS = 60.0
MOUNT_AND_RUN = 'mkdir -p "$2" && mount --bind "$0" /etc/hosts && mount --bind "$1" "$2" && shift 2 && exec "$@"'


def run_in_lab(
    layout: LabLayout,
    command: Sequence[str],
    *,
    ccache: Path | None = None,
    check: bool = True,
    deadline_seconds: float = DEADLINE_SECONDS,
) -> subprocess.CompletedProcess[str]:
    """Run a program with the lab's names and tickets, and give what it said.

    Args:
        layout: The lab; this process must be root.
        command: Program and arguments.
        ccache: Credential cache to use; the Administrator's by default.
        check: Whether a failure of the program is an error.
        deadline_seconds: When to give up.

    Raises:
        LabProgramError: It took too long, or failed although ``check`` was set.
    """
    private = ["unshare", "--mount", "sh", "-c", MOUNT_AND_RUN]
    try:
        done = subprocess.run(
            [
                *private,
                str(layout.hosts_file),
                str(layout.client_dir),
                str(RUNTIME_DIR),
                *command,
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            env={
                **os.environ,
                "KRB5_CONFIG": str(layout.krb5_conf),
                "KRB5CCNAME": f"FILE:{ccache or layout.ccache}",
                "LC_ALL": "C.UTF-8",
            },
            timeout=deadline_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise LabProgramError(
            program=command[0], reason=f"not done after {deadline_seconds:.0f} seconds"
        ) from error
    if check and done.returncode != 0:
        raise LabProgramError(
            program=command[0],
            reason=f"ended with exit code {done.returncode}",
            last_lines=done.stderr.splitlines()[-SHOWN_LINES:],
        )
    return done


def samba_client_options(layout: LabLayout, *, ccache: Path | None = None) -> list[str]:
    """Options of ``samba-tool -H``, ``smbclient`` and ``ldbsearch``: this lab, these tickets."""
    return [
        f"--configfile={layout.client_conf}",
        "--use-kerberos=required",
        f"--use-krb5-ccache={ccache or layout.ccache}",
    ]
