"""The Sysvol port on a DC's share: files below ``<domain>/Policies/{GUID}``."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from typing_extensions import override

from ipsec_orchestrator.adapters.smb.failures import MISSING
from ipsec_orchestrator.adapters.smb.files import (
    list_folder,
    read_descriptor,
    read_file,
    write_access_list,
    write_file,
)
from ipsec_orchestrator.adapters.smb.share import Share
from ipsec_orchestrator.codec.access_control import Acl
from ipsec_orchestrator.codec.guid import braced
from ipsec_orchestrator.codec.security_descriptor import decode_descriptor
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

    @override
    def read_access(self, gpo_id: UUID) -> bytes | None:
        folder = template_path(self._domain, gpo_id)
        try:
            return self._share.read(folder, lambda tree: read_descriptor(tree, folder))
        except FileShareError as error:
            if error.status in MISSING:
                return None
            raise

    @override
    def write_access(self, gpo_id: UUID, descriptor: bytes) -> None:
        folder = template_path(self._domain, gpo_id)
        old = decode_descriptor(self.read_access(gpo_id) or descriptor).dacl
        # A server hands nothing down over SMB. The folder itself goes last: as long as it has the
        # old list, whoever repeats this finds what is still to be done.
        for path in (*reversed(self._below(folder)), folder):
            self._share.write(path, "protect", _protecting(path, descriptor, old))

    def _below(self, folder: str) -> list[str]:
        """List everything in a folder, parents before what is in them."""
        found: list[str] = []
        for child in self._share.read(folder, lambda tree: list_folder(tree, folder)):
            path = rf"{folder}\{child.name}"
            found.append(path)
            if child.is_folder:
                found += self._below(path)
        return found


def _protecting(path: str, descriptor: bytes, old: Acl | None) -> Callable[[Any], None]:
    """Give the order that sets a list where it is the old one still."""

    def order(tree: Any) -> None:  # noqa: ANN401 - smbprotocol's tree
        if decode_descriptor(read_descriptor(tree, path)).dacl == old:
            write_access_list(tree, path, descriptor)

    return order
