"""Making and removing a Group Policy Object, container and template together."""

from typing import Protocol
from uuid import UUID


class Gpos(Protocol):
    """Two ways exist: the GroupPolicy cmdlets on a DC, and LDAP with SMB."""

    def create(self, *, name: str, wished_id: UUID, comment: str) -> UUID:
        """Create an empty GPO and give the id that it really got.

        The cmdlet chooses the id itself; the other way takes ``wished_id``.

        Raises:
            ObjectExistsError: The display name is taken in this domain.
        """
        ...

    def delete(self, *, gpo_id: UUID) -> None:
        """Delete a GPO with its template; its links are not touched."""
        ...
