"""HTTP to one WinRM listener: named TLS, Negotiate with message protection, the call's deadline.

Both client libraries get the same ``requests`` session, so that both check the same things.
"""

from pathlib import Path
from typing import Any, Final, cast

import requests
from pypsrp.negotiate import HTTPNegotiateAuth
from requests.adapters import HTTPAdapter
from requests.models import PreparedRequest, Response
from typing_extensions import override

from ipsec_orchestrator.adapters.authentication import Credential, for_spnego
from ipsec_orchestrator.adapters.members.deadline import Deadline, NoAnswerError
from ipsec_orchestrator.errors import HostUnreachableError
from ipsec_orchestrator.model.inventory import AuthMethod, Host, Scheme

OPERATION_TIMEOUT_SECONDS: Final = 20
"""How long a listener keeps a question for output open before it says "nothing yet"."""

# An answer has to come a little after the listener's own time-out.
_READ_TIMEOUT_SECONDS: Final = OPERATION_TIMEOUT_SECONDS + 10.0
# Every computer account owns host/<fqdn>; HTTP/<fqdn> may belong to a web server's account.
_SERVICE: Final = "host"
_UNAUTHORIZED: Final = 401


class _DeadlineAdapter(HTTPAdapter):
    """Sends one request at a time, within the deadline; expects the host's name in its certificate.

    The connection goes to the address of the URL, which may be another than the name: the name is
    told by SNI and checked in the certificate all the same.
    """

    def __init__(self, *, fqdn: str, deadline: Deadline, connect_timeout_seconds: float) -> None:
        self._fqdn = fqdn
        self._deadline = deadline
        self._connect_timeout_seconds = connect_timeout_seconds
        self._unread: list[Response] = []
        super().__init__()

    @override
    def init_poolmanager(
        self,
        connections: int,
        maxsize: int,
        block: bool = False,
        **pool_kwargs: Any,
    ) -> None:
        super().init_poolmanager(
            connections,
            maxsize,
            block,
            server_hostname=self._fqdn,
            **pool_kwargs,
        )

    @override
    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float | None, float | None] | None = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> Response:
        connect = self._deadline.left_for(self._connect_timeout_seconds)
        read = self._deadline.left_for(_READ_TIMEOUT_SECONDS)
        try:
            response = super().send(
                request,
                stream=stream,
                timeout=(connect, read),
                verify=verify,
                cert=cert,
                proxies=proxies,
            )
            if response.status_code == _UNAUTHORIZED:
                # Stays unread, since the channel binding is taken from its open socket.
                self._unread.append(response)
            else:
                # Read here and now: a body that is fetched later would raise past this place.
                _ = response.content
        except requests.ReadTimeout as error:
            # The library would wait and repeat the request; whether to repeat is decided above it.
            self._deadline.left_for(read)
            raise NoAnswerError(f"no answer within {read:.0f} seconds") from error
        return response

    @override
    def close(self) -> None:
        # Where logging on failed, the 401 still holds its connection out of the pool.
        for response in self._unread:
            response.close()
        self._unread.clear()
        super().close()


class WinrmAuth(HTTPNegotiateAuth):
    """Negotiate, Kerberos or NTLM by pyspnego, with the names that pywinrm's encryption calls."""

    def wrap_winrm(self, host: str, message: bytes) -> tuple[bytes, bytes]:
        """Seal a message; gives the sealed bytes and the signature."""
        wrapped = self.contexts[host].wrap_winrm(message)
        return wrapped.data, wrapped.header

    def unwrap_winrm(self, host: str, message: bytes, signature: bytes) -> bytes:
        """Open a sealed message."""
        opened: bytes = self.contexts[host].unwrap_winrm(signature, message)
        return opened


def server_address(host: Host) -> str:
    """Give what the connection goes to: the inventory's address, or the name."""
    return host.winrm.address or host.fqdn


def endpoint(host: Host) -> str:
    """Give the URL of the host's listener."""
    address = server_address(host)
    shown = f"[{address}]" if ":" in address else address
    return f"{host.winrm.scheme.value}://{shown}:{host.winrm.effective_port}/wsman"


def open_session(host: Host, credential: Credential, deadline: Deadline) -> requests.Session:
    """Make the session of one call; nothing is sent yet.

    Raises:
        HostUnreachableError: The inventory's ``ca_file`` is not there.
    """
    ca_file = host.winrm.ca_file
    if ca_file is not None and not Path(ca_file).is_file():
        raise HostUnreachableError(
            host=host.fqdn,
            reason=f"there is no file {ca_file}",
            cure="Correct ca_file in the inventory.",
        )
    session = requests.Session()
    # Neither proxies nor CA files nor .netrc of the environment: the inventory says it all.
    session.trust_env = False
    session.verify = ca_file or True
    # WinRM does not compress; an IIS in front of it would, and nobody here could read it.
    session.headers.update({"User-Agent": "ipsec_orchestrator", "Accept-Encoding": "identity"})
    adapter = _DeadlineAdapter(
        fqdn=host.fqdn,
        deadline=deadline,
        connect_timeout_seconds=host.winrm.connect_timeout_seconds,
    )
    session.mount(f"{host.winrm.scheme.value}://", adapter)
    session.auth = WinrmAuth(
        # pyspnego takes a list of credentials in place of a user name; the annotation lags behind.
        username=cast("str", for_spnego(credential, host.winrm.auth)),
        auth_provider=provider(host.winrm.auth),
        service=_SERVICE,
        hostname_override=host.fqdn,
        wrap_required=host.winrm.scheme is Scheme.HTTP,
    )
    return session


def provider(auth: AuthMethod) -> str:
    """Give pyspnego's word for a method; ``simple`` is none of WinRM's and means negotiate."""
    return "negotiate" if auth is AuthMethod.SIMPLE else auth.value
