"""The Directory port on a real DC: repeats reads on a broken connection, never writes."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Self, TypeVar

from typing_extensions import override

from ipsec_orchestrator.adapters.ldap.connection import (
    ConnectionBrokenError,
    LdapConnection,
    Page,
    RawEntry,
)
from ipsec_orchestrator.adapters.ldap.endpoint import Endpoint
from ipsec_orchestrator.adapters.ldap.ranges import open_ranges, range_request
from ipsec_orchestrator.adapters.ldap.results import (
    ACCESS_DENIED,
    NO_SUCH_OBJECT,
    SUCCESS,
    Outcome,
    error_of,
)
from ipsec_orchestrator.adapters.retry import connecting, reading
from ipsec_orchestrator.errors import DirectoryError, HostUnreachableError, OutcomeUnknownError
from ipsec_orchestrator.model.directory import (
    Attributes,
    Entry,
    Scope,
    deleted_objects_dn,
    dn_key,
    domain_dns_name,
)
from ipsec_orchestrator.ports.directory import Directory, DomainNames

PAGE_SIZE = 500
_EVERY_OBJECT = "(objectClass=*)"
_OBJECT_CLASS_VIOLATION = 65

T = TypeVar("T")


class LdapDirectory(Directory):
    """One DC. Connects at the first request; safe to use from several threads, one at a time."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._lock = threading.RLock()
        self._connection: LdapConnection | None = None
        self._names: DomainNames | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def dc(self) -> str:
        """FQDN of the DC."""
        return self._endpoint.fqdn

    def close(self) -> None:
        """Close the connection; a later request opens a new one."""
        with self._lock:
            if self._connection:
                self._connection.close()
            self._connection = None

    @override
    def names(self) -> DomainNames:
        if self._names is None:
            wanted = ("dnsHostName", "defaultNamingContext", "configurationNamingContext")
            root = self.read("", wanted)
            found = [root.attributes.text(name) if root else None for name in wanted]
            dc, domain, configuration = found
            if not (dc and domain and configuration):
                raise DirectoryError(
                    dn="", code=SUCCESS, reason=f"{self.dc} does not name a domain of its own"
                )
            self._names = DomainNames(
                dc=dc,
                domain_dn=domain,
                configuration_dn=configuration,
                domain=domain_dns_name(domain),
            )
        return self._names

    @override
    def read(self, dn: str, attributes: Sequence[str]) -> Entry | None:
        page = self._read(
            lambda connection: connection.search(dn, Scope.BASE, _EVERY_OBJECT, attributes)
        )
        if page.outcome.code == NO_SUCH_OBJECT:
            return None
        self._check(page.outcome, dn, "read")
        return self._complete(page.entries[0]) if page.entries else None

    @override
    def search(
        self,
        base: str,
        scope: Scope,
        ldap_filter: str,
        attributes: Sequence[str],
    ) -> Iterator[Entry]:
        return self._pages(base, scope, ldap_filter, attributes)

    @override
    def deleted(self, ldap_filter: str, attributes: Sequence[str]) -> tuple[Entry, ...] | None:
        base = deleted_objects_dn(self.names().domain_dn)
        place = self._read(
            lambda connection: connection.search(
                base, Scope.BASE, _EVERY_OBJECT, ("cn",), deleted=True
            )
        )
        if place.outcome.code in {NO_SUCH_OBJECT, ACCESS_DENIED} or not place.entries:
            return None
        self._check(place.outcome, base, "read")
        return tuple(self._pages(base, Scope.CHILDREN, ldap_filter, attributes, deleted=True))

    def _pages(
        self,
        base: str,
        scope: Scope,
        ldap_filter: str,
        attributes: Sequence[str],
        *,
        deleted: bool = False,
    ) -> Iterator[Entry]:
        given: set[str] = set()
        cookie = b""
        connection_of_cookie: LdapConnection | None = None

        def next_page(connection: LdapConnection) -> Page:
            # A cookie means something on its own connection only. On another one the search
            # starts again, and what was given already is left out.
            valid = cookie if connection is connection_of_cookie else b""
            return connection.search(
                base,
                scope,
                ldap_filter,
                attributes,
                page_size=PAGE_SIZE,
                cookie=valid,
                deleted=deleted,
            )

        while True:
            with self._lock:
                page = self._read(next_page)
                connection_of_cookie = self._connection
            if page.outcome.code == NO_SUCH_OBJECT:
                return
            self._check(page.outcome, base, "search")
            for raw in page.entries:
                key = dn_key(raw.dn)
                if key not in given:
                    given.add(key)
                    yield self._complete(raw)
            cookie = page.cookie
            if not cookie:
                return

    @override
    def add(self, dn: str, attributes: Attributes) -> None:
        present = {name: values for name, values in attributes.items() if values}
        if not attributes.values_of("objectClass"):
            raise DirectoryError(
                dn=dn, code=_OBJECT_CLASS_VIOLATION, reason="add: objectClass is missing"
            )
        self._write(lambda connection: connection.add(dn, present), dn, "add")

    @override
    def replace(self, dn: str, attributes: Attributes) -> None:
        if attributes:
            changes: Mapping[str, tuple[bytes, ...]] = dict(attributes.items())
            self._write(lambda connection: connection.replace(dn, changes), dn, "replace")

    @override
    def delete(self, dn: str) -> None:
        self._write(lambda connection: connection.delete(dn), dn, "delete")

    def _connected(self) -> LdapConnection:
        """Give a connection that stands, a new one if need be; nothing has been asked on it."""
        if self._connection and not self._connection.is_alive():
            self.close()
        if self._connection is None:
            policy = connecting(deadline_seconds=self._endpoint.settings.connect_timeout_seconds)
            self._connection = policy(LdapConnection, self._endpoint)
        return self._connection

    def _read(self, ask: Callable[[LdapConnection], T]) -> T:
        """Ask, and again on a new connection if it breaks; a silent DC is not asked again."""

        def attempt() -> T:
            with self._lock:
                try:
                    return ask(self._connected())
                except ConnectionBrokenError as error:
                    self.close()
                    if error.timed_out:
                        raise self._unreachable(error) from error
                    raise

        try:
            return reading(ConnectionBrokenError)(attempt)
        except ConnectionBrokenError as error:
            raise self._unreachable(error) from error

    def _write(self, order: Callable[[LdapConnection], Outcome], dn: str, word: str) -> None:
        """Give the order once."""
        with self._lock:
            connection = self._connected()
            try:
                outcome = order(connection)
            except ConnectionBrokenError as error:
                self.close()
                raise OutcomeUnknownError(
                    host=self.dc,
                    reason=f"{word} {dn}: {error.reason} after the order was given",
                    cure="Read the object before ordering again.",
                ) from error
        self._check(outcome, dn, word)

    def _check(self, outcome: Outcome, dn: str, order: str) -> None:
        if outcome.code != SUCCESS:
            raise error_of(outcome, server=self.dc, dn=dn, order=order)

    def _unreachable(self, error: ConnectionBrokenError) -> HostUnreachableError:
        return HostUnreachableError(
            host=self.dc, reason=error.reason, cure="Check the DC and the network, then try again."
        )

    def _complete(self, raw: RawEntry) -> Entry:
        """Fetch the rest of attributes that came in part, and give the entry whole."""
        values, pending = open_ranges(raw.values)
        while pending:
            page = self._read(_rest_of(raw.dn, pending))
            self._check(page.outcome, raw.dn, "read")
            more, pending = open_ranges(page.entries[0].values if page.entries else {})
            for name, added in more.items():
                values[name] = (*values.get(name, ()), *added)
        return Entry(dn=raw.dn, attributes=Attributes(values))


def _rest_of(dn: str, pending: Mapping[str, int]) -> Callable[[LdapConnection], Page]:
    """Give the question for the values that are still missing."""
    wanted = [range_request(name, start) for name, start in pending.items()]
    return lambda connection: connection.search(dn, Scope.BASE, _EVERY_OBJECT, wanted)
