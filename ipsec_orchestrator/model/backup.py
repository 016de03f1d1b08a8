"""What was in the places that a run touches: whole objects and files, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from ipsec_orchestrator.model.directory import Attributes, Entry, dn_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """Objects and files as they were at one time; what was not looked at is missing.

    Attributes:
        entries: Comparable form of the DN -> the object with all of its attributes, the security
            descriptor included where it may be read; ``None`` if there was none.
        files: (id of the GPO, path in its template) -> content; ``None`` if there was none.
    """

    entries: Mapping[str, Entry | None] = field(default_factory=dict[str, Entry | None])
    files: Mapping[tuple[UUID, str], bytes | None] = field(
        default_factory=dict[tuple[UUID, str], bytes | None]
    )

    def entry(self, dn: str) -> Entry | None:
        """Give an object; ``None`` if it was absent or not looked at."""
        return self.entries.get(dn_key(dn))

    def attributes(self, dn: str) -> Attributes | None:
        """Give an object's attributes; ``None`` if it was absent or not looked at."""
        entry = self.entry(dn)
        return None if entry is None else entry.attributes

    def file(self, gpo_id: UUID, path: str) -> bytes | None:
        """Give a file of a template; ``None`` if it was absent or not looked at."""
        return self.files.get((gpo_id, path))
