"""The Gpos port by LDAP and SMB, without PowerShell on the DC: ``via: smb``."""

from typing import Any
from uuid import UUID

from typing_extensions import override

from ipsec_orchestrator.adapters.gpo_container import (
    begin_container,
    delete_container,
    file_descriptor,
    finish_container,
    refuse_taken_name,
)
from ipsec_orchestrator.adapters.smb.failures import MISSING
from ipsec_orchestrator.adapters.smb.files import (
    delete,
    list_folder,
    make_folder,
    write_descriptor,
    write_file,
)
from ipsec_orchestrator.adapters.smb.share import Share
from ipsec_orchestrator.adapters.smb.sysvol import template_path
from ipsec_orchestrator.codec.gpt_ini import new_gpt_ini
from ipsec_orchestrator.ports.directory import Directory
from ipsec_orchestrator.ports.gpos import Gpos

_COMMENT_FILE = "GPO.cmt"


class SmbGpos(Gpos):
    """GPOs of one domain: container over LDAP, template folder over SMB, both on one DC.

    The order makes every interruption harmless and every repetition a continuation: a nameless
    container first, since the folder's ACL is computed from the container's; then the folder with
    its ACL and what is in it; the name and the path last.
    """

    def __init__(self, directory: Directory, share: Share) -> None:
        self._directory = directory
        self._share = share

    @override
    def create(self, *, name: str, wished_id: UUID, comment: str) -> UUID:
        refuse_taken_name(self._directory, name, but=wished_id)
        dn = begin_container(self._directory, wished_id)
        self._make_template(
            wished_id, descriptor=file_descriptor(self._directory, dn), comment=comment
        )
        finish_container(self._directory, wished_id, name=name)
        return wished_id

    @override
    def delete(self, *, gpo_id: UUID) -> None:
        delete_container(self._directory, gpo_id)
        folder = template_path(self._directory.names().domain, gpo_id)
        self._share.write(folder, "delete", lambda tree: _delete_folder(tree, folder))

    def _make_template(self, gpo_id: UUID, *, descriptor: bytes, comment: str) -> None:
        domain = self._directory.names().domain
        top = template_path(domain, gpo_id)
        # Every part gets the ACL by itself: checks compare all of them, not just the top.
        for folder in (top, rf"{top}\Machine", rf"{top}\User"):
            self._share.write(folder, "make", _folder_with(folder, descriptor))
        contents = {"GPT.INI": new_gpt_ini()}
        if comment:
            contents[_COMMENT_FILE] = comment.encode("utf-16-le")
        for file, content in contents.items():
            path = rf"{top}\{file}"
            self._share.write(path, "write", _file_with(path, content, descriptor))


def _folder_with(path: str, descriptor: bytes) -> Any:  # noqa: ANN401 - an order on smbprotocol's tree
    def order(tree: Any) -> None:  # noqa: ANN401 - smbprotocol's tree
        make_folder(tree, path)
        write_descriptor(tree, path, descriptor)

    return order


def _file_with(path: str, content: bytes, descriptor: bytes) -> Any:  # noqa: ANN401 - as above
    def order(tree: Any) -> None:  # noqa: ANN401 - smbprotocol's tree
        write_file(tree, path, content)
        write_descriptor(tree, path, descriptor)

    return order


def _delete_folder(tree: Any, path: str) -> None:  # noqa: ANN401 - smbprotocol's tree
    """Delete a folder with all in it; nothing if it is not there."""
    try:
        children = list_folder(tree, path)
    except Exception as error:
        if int(getattr(error, "status", 0)) in MISSING:
            return
        raise
    for child in children:
        below = rf"{path}\{child.name}"
        if child.is_folder:
            _delete_folder(tree, below)
        else:
            delete(tree, below, is_folder=False)
    delete(tree, path, is_folder=True)
