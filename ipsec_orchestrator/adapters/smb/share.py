"""One share of one server: connected when needed, reads repeated, writes never."""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from ipsec_orchestrator.adapters.authentication import Credential, check_usable, for_spnego
from ipsec_orchestrator.adapters.authentication.refusals import logon_failure
from ipsec_orchestrator.adapters.retry import connecting, reading
from ipsec_orchestrator.adapters.smb.failures import error_of
from ipsec_orchestrator.adapters.smb.library import (
    LogonError,
    ResponseError,
    SmbError,
    connection,
    session,
    tree,
)
from ipsec_orchestrator.errors import (
    AuthenticationError,
    HostUnreachableError,
    OutcomeUnknownError,
)
from ipsec_orchestrator.model.inventory import AuthMethod

SMB_PORT = 445
# Only has to be the same within a process; SMB 2.1 servers tell clients apart by it.
_CLIENT = UUID("6b0f0e5e-6c1c-5e0b-9a37-0d9a5d1f4c11")

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareEndpoint:
    """A share to speak SMB with.

    Attributes:
        fqdn: DNS name of the server, for the ticket (``cifs/fqdn``) and messages.
        share: Its name, for example ``sysvol``.
        credential: Who we are.
        auth: Kerberos, NTLM, or whichever is to be had.
        address: Where to connect; ``None`` leaves it to the name.
        port: TCP port.
        connect_timeout_seconds: For connection and negotiation.
        operation_timeout_seconds: For the logon, and for each reading or writing of a file.
    """

    fqdn: str
    credential: Credential
    share: str = "sysvol"
    auth: AuthMethod = AuthMethod.NEGOTIATE
    address: str | None = None
    port: int = SMB_PORT
    connect_timeout_seconds: float = 10.0
    operation_timeout_seconds: float = 60.0

    def unc(self, path: str) -> str:
        r"""Give ``\\server\share\path``."""
        return rf"\\{self.fqdn}\{self.share}" + (rf"\{path}" if path else "")


class ConnectionBrokenError(Exception):
    """The connection ended or fell silent; internal to this package.

    Attributes:
        reason: What happened, in plain words.
        timed_out: Whether it was our deadline that ended it.
    """

    def __init__(self, reason: str, *, timed_out: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.timed_out = timed_out


class Share:
    """A connection that is made at the first use; several threads take turns."""

    def __init__(self, endpoint: ShareEndpoint) -> None:
        self.endpoint = endpoint
        self._lock = threading.RLock()
        self._connection: Any = None
        self._tree: Any = None

    def read(self, path: str, ask: Callable[[Any], T]) -> T:
        """Run a reading operation on the tree, again on a new connection if it breaks.

        Args:
            path: Of the operation, for messages; relative to the share.
            ask: Gets smbprotocol's tree.

        Raises:
            HostUnreachableError: No answer.
            AccessDeniedError: No right.
            FileShareError: Any other status.
        """

        def attempt() -> T:
            try:
                return self._once(path, "read", ask)
            except ConnectionBrokenError as error:
                if error.timed_out:
                    raise self._unreachable(error) from error
                raise

        try:
            return reading(ConnectionBrokenError)(attempt)
        except ConnectionBrokenError as error:
            raise self._unreachable(error) from error

    def write(self, path: str, word: str, order: Callable[[Any], T]) -> T:
        """Run a writing operation on the tree, once.

        Args:
            path: Of the operation, for messages; relative to the share.
            word: The operation in one word.
            order: Gets smbprotocol's tree.

        Raises:
            OutcomeUnknownError: The connection broke; it may have been carried out.
            AccessDeniedError: No right.
            ObjectExistsError: Something of that name is there.
            FileShareError: Any other status.
        """
        try:
            return self._once(path, word, order)
        except ConnectionBrokenError as error:
            raise OutcomeUnknownError(
                host=self.endpoint.fqdn,
                reason=f"{word} {self.endpoint.unc(path)}: {error.reason} after the order was given",
                cure="Look at the file before ordering again.",
            ) from error

    def close(self) -> None:
        """Close the connection; a later operation opens a new one."""
        with self._lock:
            if self._connection is not None:
                self._drop(self._connection)
            self._connection = self._tree = None

    def _once(self, path: str, word: str, work: Callable[[Any], T]) -> T:
        with self._lock:
            connected = self._connected()
            try:
                with self._deadline(self._connection):
                    return work(connected)
            except ResponseError as error:
                status = int(getattr(error, "status", 0))
                raise error_of(
                    status, server=self.endpoint.fqdn, path=self.endpoint.unc(path), order=word
                ) from error
            except ConnectionBrokenError:
                self.close()
                raise
            except (SmbError, OSError) as error:
                self.close()
                raise ConnectionBrokenError("the connection ended in the middle") from error

    def _connected(self) -> Any:  # noqa: ANN401 - smbprotocol's tree
        if self._connection is not None and not self._connection.transport.connected:
            self.close()  # the server said good-bye; nothing was asked meanwhile
        if self._tree is None:
            policy = connecting(deadline_seconds=self.endpoint.connect_timeout_seconds)
            self._connection, self._tree = policy(self._connect)
        return self._tree

    def _connect(self) -> tuple[Any, Any]:
        endpoint = self.endpoint
        check_usable(endpoint.credential, endpoint.auth, target=endpoint.fqdn)
        made: Any = connection.Connection(
            _CLIENT, endpoint.address or endpoint.fqdn, endpoint.port, require_signing=True
        )
        try:
            made.connect(timeout=endpoint.connect_timeout_seconds)
            with self._deadline(made):
                logon: Any = session.Session(
                    made,
                    username=list(for_spnego(endpoint.credential, endpoint.auth)),
                    require_encryption=bool(made.supports_encryption),
                    hostname_override=endpoint.fqdn,
                    auth_protocol=endpoint.auth.value,
                )
                logon.connect()
                connected: Any = tree.TreeConnect(logon, endpoint.unc(""))
                connected.connect()
        except LogonError as error:
            self._drop(made)
            raise logon_failure(error, target=endpoint.fqdn) from error
        except ResponseError as error:
            self._drop(made)
            status = int(getattr(error, "status", 0))
            raise error_of(
                status, server=endpoint.fqdn, path=endpoint.unc(""), order="connect"
            ) from error
        except ConnectionBrokenError as error:
            self._drop(made)
            raise self._unreachable(error) from error
        except (SmbError, OSError, ValueError) as error:
            # A ValueError is how the library says that nobody listens.
            self._drop(made)
            raise HostUnreachableError(
                host=f"{endpoint.fqdn} ({endpoint.address or endpoint.fqdn}:{endpoint.port})",
                reason="no SMB connection came up",
                cure="Check name, address and firewall (TCP 445); SMB 2 or newer, with signing.",
            ) from error
        if made.session_table and logon.session_key is None:
            self._drop(made)
            raise AuthenticationError(target=endpoint.fqdn, reason="it took us for a guest")
        return made, connected

    @contextmanager
    def _deadline(self, made: Any) -> Generator[None]:  # noqa: ANN401 - smbprotocol's connection
        """Cut the connection when the time is over: the library waits without an end."""
        over = threading.Event()

        def cut() -> None:
            over.set()
            self._drop(made)

        timer = threading.Timer(self.endpoint.operation_timeout_seconds, cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        except (SmbError, OSError) as error:
            if over.is_set():
                raise ConnectionBrokenError("no answer in time", timed_out=True) from error
            raise
        finally:
            timer.cancel()

    @staticmethod
    def _drop(made: Any) -> None:  # noqa: ANN401 - smbprotocol's connection
        if made.transport is not None:
            # Without the polite logoff, which would wait for a server that may be gone.
            made.disconnect(close=False)

    def _unreachable(self, error: ConnectionBrokenError) -> HostUnreachableError:
        return HostUnreachableError(
            host=self.endpoint.fqdn,
            reason=error.reason,
            cure="Check the DC and the network, then try again.",
        )
