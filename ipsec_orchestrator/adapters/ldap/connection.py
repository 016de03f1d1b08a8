"""One bound connection to a DC: requests in, outcomes and raw values out; no repetition here."""

import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from ipsec_orchestrator.adapters.ldap.binding import bind
from ipsec_orchestrator.adapters.ldap.endpoint import Endpoint
from ipsec_orchestrator.adapters.ldap.library import (
    LDAPCommunicationError,
    LDAPExceptionError,
    LDAPInvalidFilterError,
    LDAPResponseTimeoutError,
    Tls,
    build_control,
    ldap3,
    security_descriptor_control,
)
from ipsec_orchestrator.adapters.ldap.results import Outcome
from ipsec_orchestrator.adapters.ldap.tls import client_context, tls_failure
from ipsec_orchestrator.errors import DirectoryError, HostUnreachableError
from ipsec_orchestrator.model.directory import Scope
from ipsec_orchestrator.model.inventory import LdapTransport

_SCOPES: Mapping[Scope, str] = {
    Scope.BASE: ldap3.BASE,
    Scope.CHILDREN: ldap3.LEVEL,
    Scope.SUBTREE: ldap3.SUBTREE,
}
_PAGED = "1.2.840.113556.1.4.319"
# [MS-ADTS] 3.1.1.3.4.1.26: LDAP_SERVER_SHOW_RECYCLED_OID; tombstones are shown as well.
_SHOW_RECYCLED = "1.2.840.113556.1.4.2064"
_DESCRIPTOR = "ntsecuritydescriptor"
# [MS-ADTS] 3.1.1.3.4.1.11: owner, group and DACL; the SACL needs a privilege and is not ours.
_OWNER_GROUP_DACL = 0x7
# Nobody gives a GPO another owner here, and taking what is there needs no right to set it.
_DACL = 0x4
_BAD_FILTER = 87
_BREAKS = (LDAPCommunicationError, LDAPResponseTimeoutError, OSError)


class ConnectionBrokenError(Exception):
    """The connection ended while an answer was awaited, or the answer made no sense.

    Internal to this package: the directory turns it into a repeated read or into an error.

    Attributes:
        timed_out: Whether the DC was silent for longer than the read time-out.
    """

    def __init__(self, reason: str, *, timed_out: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.timed_out = timed_out


@dataclass(frozen=True, slots=True, kw_only=True)
class RawEntry:
    """An entry as received; attribute names may carry range options."""

    dn: str
    values: Mapping[str, tuple[bytes, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a search; ``cookie`` is empty on the last one."""

    outcome: Outcome
    entries: tuple[RawEntry, ...]
    cookie: bytes


class _CheckedTls(Tls):
    """What ldap3 asks for TLS: in place of its own, which checks nothing unless told."""

    def __init__(self, fqdn: str, ca_file: str | None) -> None:
        # By name, not by super(): the stub's signature is unknown to the type checkers.
        ldap3.Tls.__init__(self, validate=ssl.CERT_REQUIRED, sni=fqdn)
        self._fqdn = fqdn
        self._context = client_context(ca_file)
        self.failure: ssl.SSLError | None = None

    @override
    def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:
        try:
            connection.socket = self._context.wrap_socket(
                connection.socket, server_hostname=self._fqdn
            )
        except ssl.SSLError as error:
            # ldap3 rebuilds exceptions from their text; keep the real one for the sentence.
            self.failure = error
            raise


class LdapConnection:
    """A connection that is bound for as long as it lives. Not safe for several threads."""

    def __init__(self, endpoint: Endpoint) -> None:
        """Connect and log on.

        Raises:
            HostUnreachableError: No connection, or TLS did not come up.
            AuthenticationError: The DC refused, or its KDC.
            MissingDependencyError: Kerberos was asked for and is not installed.
        """
        self._endpoint = endpoint
        settings = endpoint.settings
        use_tls = settings.transport is LdapTransport.LDAPS
        tls = _CheckedTls(endpoint.fqdn, settings.ca_file) if use_tls else None
        server = ldap3.Server(
            endpoint.connect_to,
            port=settings.effective_port,
            use_ssl=use_tls,
            tls=tls,
            get_info=ldap3.NONE,
            connect_timeout=settings.connect_timeout_seconds,
        )
        self._connection: Any = ldap3.Connection(
            server,
            auto_referrals=False,
            auto_range=False,
            check_names=False,
            raise_exceptions=False,
            return_empty_attributes=False,
        )
        try:
            self._connection.open(read_server_info=False)
            self._connection.socket.settimeout(settings.read_timeout_seconds)
            self._wire: socket.socket = self._connection.socket
            bind(self._connection, endpoint)
        except (LDAPExceptionError, OSError) as error:
            self.close()
            if tls and tls.failure:
                raise tls_failure(tls.failure, fqdn=endpoint.fqdn) from tls.failure
            raise HostUnreachableError(
                host=_named(endpoint),
                reason=_plain(error),
                cure="Check name, address, port and firewall; is it a DC, and is it running?",
            ) from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection; a second time does nothing."""
        self._connection.strategy.close()
        if self._connection.socket is not None:
            # A socket whose connecting failed is left open by ldap3.
            self._connection.socket.close()
            self._connection.socket = None

    def is_alive(self) -> bool:
        """Tell whether the connection still stands, as far as this side can know.

        Between two requests a DC has nothing to say but good-bye (idle for 15 minutes, shutdown),
        so any byte that waits means the end. TLS may have a session ticket waiting, which its
        layer swallows.
        """
        if self._connection.closed:
            return False
        self._wire.settimeout(0)
        try:
            self._wire.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            return False
        else:
            return False
        finally:
            self._wire.settimeout(self._endpoint.settings.read_timeout_seconds)

    def search(
        self,
        base: str,
        scope: Scope,
        ldap_filter: str,
        attributes: Sequence[str],
        *,
        page_size: int | None = None,
        cookie: bytes = b"",
        deleted: bool = False,
    ) -> Page:
        """Ask for one page (or, without ``page_size``, for everything at once).

        With ``deleted``, objects that are deleted are found as well.

        Raises:
            ConnectionBrokenError: No or half an answer.
            DirectoryError: The filter is malformed.
        """
        controls: list[Any] = []
        if any(name.casefold() == _DESCRIPTOR for name in attributes):
            controls += _descriptor_control()
        if deleted:
            controls.append(build_control(_SHOW_RECYCLED, criticality=True, value=None))
        try:
            self._connection.search(
                base,
                ldap_filter,
                search_scope=_SCOPES[scope],
                dereference_aliases=ldap3.DEREF_NEVER,
                attributes=list(attributes) or ["1.1"],
                paged_size=page_size,
                paged_cookie=cookie or None,
                controls=controls or None,
            )
        except LDAPInvalidFilterError as error:
            raise DirectoryError(
                dn=base, code=_BAD_FILTER, reason=f"the search filter is malformed: {ldap_filter}"
            ) from error
        except _BREAKS as error:
            raise self._broken(error) from error
        result: Any = self._connection.result
        answers: list[Any] = self._connection.response or []
        found = [
            RawEntry(
                dn=str(item["dn"]),
                values={
                    str(name): tuple(bytes(value) for value in values)
                    for name, values in item["raw_attributes"].items()
                },
            )
            for item in answers
            if item["type"] == "searchResEntry"  # references to other domains are not followed
        ]
        answered: Any = result.get("controls") or {}
        next_cookie: Any = answered.get(_PAGED, {}).get("value", {}).get("cookie") or b""
        return Page(outcome=_outcome(result), entries=tuple(found), cookie=bytes(next_cookie))

    def add(self, dn: str, attributes: Mapping[str, Sequence[bytes]]) -> Outcome:
        """Order an add.

        Raises:
            ConnectionBrokenError: It may have been carried out.
        """
        return self._order(
            lambda: self._connection.add(
                dn, attributes={name: list(values) for name, values in attributes.items()}
            )
        )

    def replace(self, dn: str, attributes: Mapping[str, Sequence[bytes]]) -> Outcome:
        """Order a modify that replaces the named attributes, empty ones by nothing.

        Of a security descriptor only the access control list is replaced.

        Raises:
            ConnectionBrokenError: It may have been carried out.
        """
        changes = {
            name: [(ldap3.MODIFY_REPLACE, list(values))] for name, values in attributes.items()
        }
        touches_descriptor = any(name.casefold() == _DESCRIPTOR for name in attributes)
        controls = _descriptor_control(_DACL) if touches_descriptor else None
        return self._order(lambda: self._connection.modify(dn, changes, controls=controls))

    def delete(self, dn: str) -> Outcome:
        """Order a delete.

        Raises:
            ConnectionBrokenError: It may have been carried out.
        """
        return self._order(lambda: self._connection.delete(dn))

    def _order(self, send: Any) -> Outcome:  # noqa: ANN401 - a bound ldap3 call
        try:
            send()
        except _BREAKS as error:
            raise self._broken(error) from error
        return _outcome(self._connection.result)

    def _broken(self, error: Exception) -> ConnectionBrokenError:
        self.close()
        return ConnectionBrokenError(_plain(error), timed_out=isinstance(error, TimeoutError))


def _descriptor_control(parts: int = _OWNER_GROUP_DACL) -> Any:  # noqa: ANN401 - ldap3's list of controls
    return security_descriptor_control(sdflags=parts)


def _outcome(result: Any) -> Outcome:  # noqa: ANN401 - ldap3's result dict
    return Outcome(code=int(result["result"]), diagnostic=str(result.get("message") or ""))


def _named(endpoint: Endpoint) -> str:
    if endpoint.connect_to == endpoint.fqdn:
        return f"{endpoint.fqdn}:{endpoint.settings.effective_port}"
    return f"{endpoint.fqdn} ({endpoint.connect_to}:{endpoint.settings.effective_port})"


def _plain(error: BaseException) -> str:
    """Put a network failure into words, by class and never by its (localized) text."""
    for kind, words in _FAILURES:
        if isinstance(error, kind):
            return words
    return "the connection failed"


_FAILURES: tuple[tuple[type[BaseException], str], ...] = (
    (TimeoutError, "no answer in time"),
    (ConnectionRefusedError, "nothing listens there"),
    (ConnectionResetError, "the connection was reset"),
    (BrokenPipeError, "the connection was closed"),
    (socket.gaierror, "the name does not resolve"),
    (ConnectionError, "the connection ended in the middle"),
    (LDAPCommunicationError, "the connection was closed"),
)
