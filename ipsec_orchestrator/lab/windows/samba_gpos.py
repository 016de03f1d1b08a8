"""Making and deleting GPOs with ``samba-tool`` in the lab's Samba domain."""

import re
from contextlib import closing
from typing import Final
from uuid import UUID

from typing_extensions import override

from ipsec_orchestrator.adapters.authentication import Credential
from ipsec_orchestrator.adapters.smb import Share, ShareEndpoint, SmbSysvol
from ipsec_orchestrator.codec.guid import GUID_PATTERN, braced, parse_braced
from ipsec_orchestrator.errors import LabProgramError
from ipsec_orchestrator.lab.domain.layout import (
    ADMINISTRATOR,
    DNS_DOMAIN,
    NETBIOS_DOMAIN,
    LabLayout,
)
from ipsec_orchestrator.lab.domain.tools import run_in_lab, samba_client_options
from ipsec_orchestrator.lab.windows.gpo_store import GpoMaker, TemplateAccess
from ipsec_orchestrator.model.inventory import AuthMethod
from ipsec_orchestrator.model.secret import Secret

_DEADLINE_SECONDS: Final = 120.0
# Of the GUIDs in braces that it prints, the last is the GPO's: its name may look like one too.
_GUID: Final = re.compile(GUID_PATTERN)


class SambaToolMaker(GpoMaker):
    """Runs ``samba-tool gpo create`` and ``gpo del`` with the lab's tickets."""

    def __init__(self, layout: LabLayout) -> None:
        """Take the lab whose domain is meant; its administrator's ticket has to be valid."""
        self._layout = layout

    @override
    def create(self, name: str, comment: str) -> UUID:
        layout = self._layout
        said = self._run("create", name, "--tmpdir", str(layout.client_dir))
        found = _GUID.findall(said)
        if not found:
            raise LabProgramError(program="samba-tool gpo create", reason="it gave no GUID")
        gpo_id = parse_braced(found[-1], field="GPO")
        # The hosts' scripts look into the folder itself, not through SMB, and Linux tells gpt.ini
        # from GPT.INI: they would make a second file.
        folder = layout.samba_dir / "state" / "sysvol" / DNS_DOMAIN / "Policies" / braced(gpo_id)
        (folder / "GPT.INI").rename(folder / "gpt.ini")
        gpo_id = parse_braced(found[-1], field="GPO")
        if comment:
            # GPMC keeps the comment beside gpt.ini, in UTF-16.
            sysvol = self._layout.samba_dir / "state" / "sysvol" / DNS_DOMAIN
            folder = sysvol / "Policies" / braced(gpo_id)
            (folder / "GPO.cmt").write_bytes(comment.encode("utf-16-le"))
        # What samba-tool leaves in SYSVOL has inherited ACLs; New-GPO sets the GPO's own.
        reset = ["samba-tool", "ntacl", "sysvolreset", f"--configfile={layout.smb_conf}"]
        run_in_lab(layout, reset, deadline_seconds=_DEADLINE_SECONDS)
        return gpo_id

    @override
    def delete(self, gpo_id: UUID) -> None:
        self._run("del", braced(gpo_id))

    def _run(self, verb: str, argument: str, *options: str) -> str:
        layout = self._layout
        # "--" keeps a name that begins with a dash from being an option.
        command = [
            "samba-tool",
            "gpo",
            verb,
            *options,
            *samba_client_options(layout),
            "-H",
            f"ldap://{layout.dc_fqdn}",
            "--",
            argument,
        ]
        return run_in_lab(layout, command, deadline_seconds=_DEADLINE_SECONDS).stdout


class SambaTemplates(TemplateAccess):
    """Permissions of the folders in SYSVOL, over SMB with the administrator's password.

    That is where they are: Samba keeps what Windows calls an ACL beside the file's own mode.
    """

    def __init__(self, layout: LabLayout) -> None:
        self._layout = layout

    @override
    def read_access(self, gpo_id: UUID) -> bytes | None:
        with closing(self._share()) as share:
            return SmbSysvol(share, domain=DNS_DOMAIN).read_access(gpo_id)

    @override
    def write_access(self, gpo_id: UUID, descriptor: bytes) -> None:
        with closing(self._share()) as share:
            SmbSysvol(share, domain=DNS_DOMAIN).write_access(gpo_id, descriptor)

    def _share(self) -> Share:
        layout = self._layout
        password = Secret(layout.admin_password_file.read_text(encoding="utf-8"))
        return Share(
            ShareEndpoint(
                fqdn=layout.dc_fqdn,
                address=str(layout.dc_address),
                port=layout.ports.smb,
                auth=AuthMethod.NTLM,
                credential=Credential(user=f"{NETBIOS_DOMAIN}\\{ADMINISTRATOR}", password=password),
            )
        )
