"""Making and deleting GPOs with ``samba-tool`` in the lab's Samba domain."""

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from typing_extensions import override

from ipsec_orchestrator.codec.guid import braced
from ipsec_orchestrator.errors import LabProgramError
from ipsec_orchestrator.lab.windows.gpo_store import GpoMaker

_DEADLINE_SECONDS: Final = 120.0
_SHOWN_LINES: Final = 12
# samba-tool prints no other GUID in braces; its words are English always.
_GUID: Final = re.compile(r"\{([0-9A-Fa-f-]{36})\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SambaToolMaker(GpoMaker):
    """Runs ``samba-tool gpo create`` and ``gpo del`` against the lab's DC.

    Attributes:
        dc: DNS name of the DC; it has to resolve for Samba's programs, see ``smb_conf``.
        smb_conf: Configuration of the lab's domain.
        ccache: Kerberos credential cache of an administrator, ``FILE:...`` or a path.
        krb5_conf: The lab's krb5.conf.
        folder: Where samba-tool may keep temporary files.
    """

    dc: str
    smb_conf: Path
    ccache: str
    krb5_conf: Path
    folder: Path

    @override
    def create(self, name: str) -> UUID:
        said = self._run("create", name, "--tmpdir", str(self.folder))
        match = _GUID.search(said)
        if match is None:
            raise LabProgramError(program="samba-tool gpo create", reason="it gave no GUID")
        return UUID(match[1])

    @override
    def delete(self, gpo_id: UUID) -> None:
        self._run("del", braced(gpo_id))

    def _run(self, verb: str, *arguments: str) -> str:
        # No password on the command line, where every user of the machine could read it.
        command: Sequence[str] = (
            "samba-tool",
            "gpo",
            verb,
            *arguments,
            "-H",
            f"ldap://{self.dc}",
            "-s",
            str(self.smb_conf),
            f"--use-krb5-ccache={self.ccache}",
        )
        try:
            done = subprocess.run(
                command,
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "KRB5_CONFIG": str(self.krb5_conf)},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_DEADLINE_SECONDS,
                check=False,
                text=True,
                errors="replace",
            )
        except subprocess.TimeoutExpired as error:
            raise LabProgramError(
                program=f"samba-tool gpo {verb}",
                reason=f"not done after {_DEADLINE_SECONDS:.0f} seconds",
            ) from error
        except OSError as error:
            raise LabProgramError(program="samba-tool", reason=str(error)) from error
        if done.returncode != 0:
            raise LabProgramError(
                program=f"samba-tool gpo {verb}",
                reason=f"ended with exit code {done.returncode}",
                last_lines=(done.stdout + done.stderr).splitlines()[-_SHOWN_LINES:],
            )
        return done.stdout
