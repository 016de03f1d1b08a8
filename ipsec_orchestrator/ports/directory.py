"""Active Directory, as a port: one DC, every read and write of a run goes there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from ipsec_orchestrator.model.directory import Attributes, Entry, Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainNames:
    """What the rootDSE of the DC in use says.

    Attributes:
        dc: FQDN of the DC.
        domain_dn: defaultNamingContext.
        configuration_dn: configurationNamingContext.
        domain: DNS name of the domain.
    """

    dc: str
    domain_dn: str
    configuration_dn: str
    domain: str


class Directory(Protocol):
    """Reads are repeatable; a write is attempted once.

    Errors raised by every method: AuthenticationError, AccessDeniedError,
    HostUnreachableError (nothing was done), OutcomeUnknownError (a write may have been done),
    DirectoryError for any other result code.
    """

    def names(self) -> DomainNames:
        """Give the names that the rootDSE tells."""
        ...

    def read(self, dn: str, attributes: Sequence[str]) -> Entry | None:
        """Read one object; ``None`` if there is none.

        Must ask for exactly these attributes (``*`` and ``+`` are allowed), follow range
        retrieval to the end, and give every attribute that has values.
        """
        ...

    def search(
        self,
        base: str,
        scope: Scope,
        ldap_filter: str,
        attributes: Sequence[str],
    ) -> Iterator[Entry]:
        """Search page by page; nothing if the base does not exist."""
        ...

    def deleted(self, ldap_filter: str, attributes: Sequence[str]) -> tuple[Entry, ...] | None:
        """Search what the domain keeps of its deleted objects: tombstones and recycled ones.

        Of most attributes nothing is kept ([MS-ADTS] 3.1.1.5.5.1.1). ``None`` if this account may
        not see the container in which they lie; without a special grant only administrators may.
        """
        ...

    def add(self, dn: str, attributes: Attributes) -> None:
        """Add an object.

        Raises:
            ObjectExistsError: There is one of that DN.
        """
        ...

    def replace(self, dn: str, attributes: Attributes) -> None:
        """Replace the named attributes in one modify; one without values is removed.

        Of a security descriptor only the access control list (DACL) is replaced.
        """
        ...

    def delete(self, dn: str) -> None:
        """Delete one object that has no children.

        ``<GUID=...>`` in place of the DN means that very object, whatever its name is, and no
        other that has come to bear the name since.
        """
        ...
