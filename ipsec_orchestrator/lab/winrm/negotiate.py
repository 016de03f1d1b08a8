"""Authentication of one connection: Kerberos and NTLM, bare or inside SPNEGO.

As on Windows the state belongs to the connection: once authenticated, its later requests need no
header. Which accounts there are is said by the process-wide variables ``NTLM_USER_FILE`` and
``KRB5_KTNAME``, the only form that the libraries below take.
"""

import base64
import binascii
import logging
import struct
from typing import Final

import spnego
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import NegotiateOptions, SpnegoError

from ipsec_orchestrator.errors import BackendError

_LOG: Final = logging.getLogger(__name__)
_SCHEMES: Final = frozenset({"negotiate", "kerberos", "ntlm"})
_NTLM_AUTHENTICATE: Final = b"NTLMSSP\x00\x03\x00\x00\x00"
_NT_RESPONSE_FIELD: Final = 20  # [MS-NLMP] 2.2.1.3: NtChallengeResponseFields
_PAIRS_OFFSET: Final = 44  # [MS-NLMP] 2.2.2.8, 2.2.2.7: proof, then the pairs of the challenge
_CHANNEL_BINDINGS_PAIR: Final = 10  # [MS-NLMP] 2.2.2.1: MsvAvChannelBindings


class RefusedError(BackendError):
    """A token or a message was refused; the next token starts from the beginning."""

    def __init__(self) -> None:
        super().__init__("The client's token or message was refused.")


class ConnectionAuthentication:
    """The security context of one connection; used by one thread."""

    def __init__(self, host_names: frozenset[str], certificate_binding: bytes | None) -> None:
        """Begin unauthenticated.

        Args:
            host_names: The host's names in lower case; tickets for other hosts are refused.
            certificate_binding: ``tls-server-end-point`` data of an HTTPS listener.
        """
        self._host_names = host_names
        self._bindings = (
            None
            if certificate_binding is None
            else GssChannelBindings(application_data=certificate_binding)
        )
        self._context: spnego.ContextProxy | None = None
        self._pending: spnego.ContextProxy | None = None
        self.user = ""

    @property
    def authenticated(self) -> bool:
        """Whether requests on this connection are somebody's."""
        return self._context is not None

    def step(self, header: str) -> str:
        """Take an ``Authorization`` header.

        Returns:
            The value for ``WWW-Authenticate``, ``""`` where there is none to send.

        Raises:
            RefusedError: Wrong credentials, wrong channel binding, no token, unknown scheme.
        """
        scheme, _, text = header.strip().partition(" ")
        if scheme.lower() not in _SCHEMES:
            raise RefusedError
        self._context = None
        self.user = ""
        pending, self._pending = self._pending, None
        try:
            token = base64.b64decode(text, validate=True)
            if pending is None:
                pending = spnego.server(
                    protocol="negotiate", options=NegotiateOptions.use_negotiate
                )
            bindings = self._bindings if _carries_binding(token) else None
            answer = pending.step(token, channel_bindings=bindings)
        except (SpnegoError, binascii.Error, struct.error, LookupError, ValueError) as error:
            # The reason stays here: Windows tells a refused client nothing either.
            _LOG.info("A token was refused: %s", error)
            raise RefusedError from error
        if pending.complete:
            target = _ticket_host(pending)
            if target and target not in self._host_names:
                # The keytab holds the keys of all hosts; a real one could not decrypt this.
                _LOG.info("A ticket for %s was refused", target)
                raise RefusedError
            self._context = pending
            self.user = pending.client_principal or ""
        else:
            self._pending = pending
        return "" if answer is None else f"{scheme} {base64.b64encode(answer).decode()}"

    def unwrap(self, signature: bytes, sealed: bytes) -> bytes:
        """Decrypt one message.

        Raises:
            RefusedError: It was not encrypted by this connection's client.
        """
        if self._context is None:
            raise RefusedError
        try:
            return self._context.unwrap_winrm(signature, sealed)
        except (SpnegoError, struct.error, LookupError, ValueError) as error:
            _LOG.info("A message could not be decrypted: %s", error)
            raise RefusedError from error

    def wrap(self, content: bytes) -> tuple[bytes, bytes, int]:
        """Encrypt one message: signature, sealed bytes, and how many of them are padding."""
        if self._context is None:
            raise RefusedError
        wrapped = self._context.wrap_winrm(content)
        return wrapped.header, wrapped.data, wrapped.padding_length


def _carries_binding(token: bytes) -> bool:
    """Whether the client bound its token to the TLS channel.

    Windows checks a binding that is there and forgives a missing one (CbtHardeningLevel
    Relaxed). Kerberos libraries forgive by themselves; for NTLM it has to be looked up.
    """
    start = token.find(_NTLM_AUTHENTICATE)
    if start < 0:
        return True
    length, _, offset = struct.unpack_from("<HHI", token, start + _NT_RESPONSE_FIELD)
    position, end = start + offset + _PAIRS_OFFSET, start + offset + length
    while position + 4 <= end:
        kind, size = struct.unpack_from("<HH", token, position)
        if kind == _CHANNEL_BINDINGS_PAIR:
            return any(token[position + 4 : position + 4 + size])
        if kind == 0:
            return False
        position += 4 + size
    return False


def _ticket_host(context: object) -> str:
    """Name the host that a Kerberos ticket was made out to; ``""`` for NTLM.

    pyspnego does not tell, so the name is taken from the GSSAPI context that it wraps: of
    ``HTTP/vm1.example.com@REALM`` the host, of ``VM1$@REALM`` the account's name, lower case.
    """
    inner: object | None = context
    while inner is not None and not hasattr(inner, "target_name"):
        inner = getattr(inner, "_context", None)
    principal = str(getattr(inner, "target_name", "")).partition("@")[0]
    return principal.rpartition("/")[2].removesuffix("$").lower()
