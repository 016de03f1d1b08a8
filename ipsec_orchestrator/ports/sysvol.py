"""The file half of Group Policy: the template folders in SYSVOL."""

from typing import Protocol
from uuid import UUID


class Sysvol(Protocol):
    """Files of a GPO's template, addressed by the GPO's id and a path such as ``gpt.ini``."""

    def read(self, gpo_id: UUID, path: str) -> bytes | None:
        """Read a file; ``None`` if it is not there."""
        ...

    def write(self, gpo_id: UUID, path: str, content: bytes) -> None:
        """Write a file whole, keeping its access control list."""
        ...
