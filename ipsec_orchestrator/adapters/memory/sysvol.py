"""The Sysvol port in memory: paths case-blind, as on Windows."""

import threading
from uuid import UUID

from typing_extensions import override

from ipsec_orchestrator.errors import FileShareError
from ipsec_orchestrator.ports.sysvol import Sysvol

_PATH_NOT_FOUND = 0xC000003A


def _key(path: str) -> str:
    return "/".join(part for part in path.replace("\\", "/").split("/") if part).casefold()


class MemorySysvol(Sysvol):
    """The template folders of one domain."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._folders: dict[UUID, dict[str, bytes]] = {}
        self._access: dict[UUID, bytes] = {}

    @override
    def read(self, gpo_id: UUID, path: str) -> bytes | None:
        with self._lock:
            return self._folders.get(gpo_id, {}).get(_key(path))

    @override
    def write(self, gpo_id: UUID, path: str, content: bytes) -> None:
        with self._lock:
            if gpo_id not in self._folders:
                raise FileShareError(
                    path=f"{gpo_id}/{path}",
                    status=_PATH_NOT_FOUND,
                    reason="write: there is no such folder",
                )
            self._folders[gpo_id][_key(path)] = content

    @override
    def read_access(self, gpo_id: UUID) -> bytes | None:
        with self._lock:
            return self._access.get(gpo_id)

    @override
    def write_access(self, gpo_id: UUID, descriptor: bytes) -> None:
        with self._lock:
            self._access[gpo_id] = descriptor

    def folders(self) -> dict[UUID, dict[str, bytes]]:
        """Give everything, folder by folder; paths as they compare."""
        with self._lock:
            return {gpo_id: dict(files) for gpo_id, files in self._folders.items()}

    def make_folder(self, gpo_id: UUID) -> None:
        """Make the folder of a GPO unless it is there."""
        with self._lock:
            self._folders.setdefault(gpo_id, {})

    def delete_folder(self, gpo_id: UUID) -> None:
        """Delete the folder of a GPO with all in it; nothing if it is not there."""
        with self._lock:
            self._folders.pop(gpo_id, None)
            self._access.pop(gpo_id, None)
