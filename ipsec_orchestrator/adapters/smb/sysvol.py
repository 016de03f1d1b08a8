"""The Sysvol port on a DC's share: files below ``<domain>/Policies/{GUID}``."""

from uuid import UUID

from typing_extensions import override

from ipsec_orchestrator.adapters.smb.failures import MISSING
from ipsec_orchestrator.adapters.smb.files import read_file, write_file
from ipsec_orchestrator.adapters.smb.share import Share
from ipsec_orchestrator.codec.guid import braced
from ipsec_orchestrator.errors import FileShareError
from ipsec_orchestrator.ports.sysvol import Sysvol


def template_path(domain: str, gpo_id: UUID, path: str = "") -> str:
    r"""Give ``<domain>\Policies\{GUID}\path``, relative to the share.

    Args:
        domain: DNS name.
        gpo_id: The GPO.
        path: Below its folder, with slashes of either kind; never up.

    Raises:
        ValueError: The path tries to leave the folder.
    """
    parts = [part for part in path.replace("/", "\\").split("\\") if part]
    if ".." in parts:
        message = f"{path} leaves the folder of the GPO"
        raise ValueError(message)
    return "\\".join([domain, "Policies", braced(gpo_id), *parts])


class SmbSysvol(Sysvol):
    """Group Policy templates on one DC."""

    def __init__(self, share: Share, *, domain: str) -> None:
        self._share = share
        self._domain = domain

    @override
    def read(self, gpo_id: UUID, path: str) -> bytes | None:
        where = template_path(self._domain, gpo_id, path)
        try:
            return self._share.read(where, lambda tree: read_file(tree, where))
        except FileShareError as error:
            if error.status in MISSING:
                return None
            raise

    @override
    def write(self, gpo_id: UUID, path: str, content: bytes) -> None:
        where = template_path(self._domain, gpo_id, path)
        self._share.write(where, "write", lambda tree: write_file(tree, where, content))
