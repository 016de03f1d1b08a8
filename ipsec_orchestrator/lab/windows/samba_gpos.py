"""Making and deleting GPOs with ``samba-tool`` in the lab's Samba domain.

What ``samba-tool gpo create`` leaves in SYSVOL differs from what Windows makes in two ways that are
set right here: the files do not have the GPO's access control list, and ``GPT.INI`` is spelled as
no program of Windows looks for it, which matters to whoever reads the folder itself and not SMB.
"""

import re
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from typing_extensions import override

from ipsec_orchestrator.codec.guid import braced
from ipsec_orchestrator.errors import LabProgramError
from ipsec_orchestrator.lab.domain.layout import DNS_DOMAIN, LabLayout
from ipsec_orchestrator.lab.domain.tools import run_in_lab, samba_client_options
from ipsec_orchestrator.lab.windows.gpo_store import GpoMaker

_DEADLINE_SECONDS: Final = 120.0
# samba-tool prints no other GUID in braces; its words are English always.
_GUID: Final = re.compile(r"\{([0-9A-Fa-f-]{36})\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SambaToolMaker(GpoMaker):
    """Runs ``samba-tool gpo create`` and ``gpo del`` against the lab's DC."""

    layout: LabLayout

    @override
    def create(self, name: str) -> UUID:
        said = self._run("create", name, "--tmpdir", str(self.layout.client_dir))
        match = _GUID.search(said)
        if match is None:
            raise LabProgramError(program="samba-tool gpo create", reason="it gave no GUID")
        gpo_id = UUID(match[1])
        self._complete(gpo_id)
        return gpo_id

    @override
    def delete(self, gpo_id: UUID) -> None:
        self._run("del", braced(gpo_id))

    def _complete(self, gpo_id: UUID) -> None:
        sysvol = self.layout.samba_dir / "state" / "sysvol"
        folder = sysvol / DNS_DOMAIN / "Policies" / braced(gpo_id)
        (folder / "GPT.INI").rename(folder / "gpt.ini")
        command = ["samba-tool", "ntacl", "sysvolreset", f"--configfile={self.layout.smb_conf}"]
        run_in_lab(self.layout, command, deadline_seconds=_DEADLINE_SECONDS)

    def _run(self, *arguments: str) -> str:
        command = ["samba-tool", "gpo", *arguments, "-H", f"ldap://{self.layout.dc_fqdn}"]
        options = samba_client_options(self.layout)
        done = run_in_lab(self.layout, [*command, *options], deadline_seconds=_DEADLINE_SECONDS)
        return done.stdout
