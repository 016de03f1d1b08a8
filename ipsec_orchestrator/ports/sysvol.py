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

    def read_access(self, gpo_id: UUID) -> bytes | None:
        """Read the security descriptor of the GPO's folder; ``None`` if it is not there.

        Self-relative, with owner, group and access control list.
        """
        ...

    def write_access(self, gpo_id: UUID, descriptor: bytes) -> None:
        """Set the access control list of the GPO's folder and of everything in it.

        Owner and group stay. What is in the folder follows as far as it had the folder's list.
        """
        ...
