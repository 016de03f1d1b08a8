"""The Gpos port on the directory and SYSVOL in memory; works on any Directory."""

from uuid import UUID

from typing_extensions import override

from ipsec_orchestrator.adapters.gpo_container import (
    begin_container,
    delete_container,
    file_descriptor,
    finish_container,
    refuse_taken_name,
)
from ipsec_orchestrator.adapters.memory.sysvol import MemorySysvol
from ipsec_orchestrator.codec.gpt_ini import new_gpt_ini
from ipsec_orchestrator.ports.directory import Directory
from ipsec_orchestrator.ports.gpos import Gpos


class MemoryGpos(Gpos):
    """Makes and removes GPOs in the order of the real ways."""

    def __init__(self, directory: Directory, sysvol: MemorySysvol) -> None:
        self._directory = directory
        self._sysvol = sysvol

    @override
    def create(self, *, name: str, wished_id: UUID, comment: str) -> UUID:
        refuse_taken_name(self._directory, name, but=wished_id)
        dn = begin_container(self._directory, wished_id)
        self._sysvol.make_folder(wished_id)
        self._sysvol.write_access(wished_id, file_descriptor(self._directory, dn))
        self._sysvol.write(wished_id, "GPT.INI", new_gpt_ini())
        if comment:
            self._sysvol.write(wished_id, "GPO.cmt", comment.encode("utf-16-le"))
        finish_container(self._directory, wished_id, name=name)
        return wished_id

    @override
    def delete(self, *, gpo_id: UUID) -> None:
        delete_container(self._directory, gpo_id)
        self._sysvol.delete_folder(gpo_id)
