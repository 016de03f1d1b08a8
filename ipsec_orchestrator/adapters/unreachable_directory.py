"""A directory that could not be had: whatever is asked of it ends with the reason."""

from collections.abc import Iterator, Sequence

from typing_extensions import override

from ipsec_orchestrator.errors import BackendError
from ipsec_orchestrator.model.directory import Attributes, Entry, Scope
from ipsec_orchestrator.ports.directory import Directory, DomainNames


class UnreachableDirectory(Directory):
    """For those who go on without: the error comes where it can be reported with the rest."""

    def __init__(self, error: BackendError) -> None:
        self._error = error

    @override
    def names(self) -> DomainNames:
        raise self._error

    @override
    def read(self, dn: str, attributes: Sequence[str]) -> Entry | None:
        raise self._error

    @override
    def search(
        self,
        base: str,
        scope: Scope,
        ldap_filter: str,
        attributes: Sequence[str],
    ) -> Iterator[Entry]:
        raise self._error

    @override
    def deleted(self, ldap_filter: str, attributes: Sequence[str]) -> tuple[Entry, ...] | None:
        raise self._error

    @override
    def add(self, dn: str, attributes: Attributes) -> None:
        raise self._error

    @override
    def replace(self, dn: str, attributes: Attributes) -> None:
        raise self._error

    @override
    def delete(self, dn: str) -> None:
        raise self._error
