"""The credential of a run as one frozen value, and its forms for the libraries that log on."""

from dataclasses import dataclass
from typing import TypeAlias

import spnego

from ipsec_orchestrator.model.inventory import AuthMethod
from ipsec_orchestrator.model.secret import Secret

SpnegoCredential: TypeAlias = (
    spnego.CredentialCache | spnego.KerberosCCache | spnego.KerberosKeytab | spnego.Password
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    r"""Who we are. All fields empty: the default ticket cache, or on Windows the logged-on user.

    Attributes:
        user: ``DOMAIN\user`` or ``user@REALM``; with a ticket only, its client principal if known.
        password: For NTLM, for simple bind, and for Kerberos where there is no ``ccache``.
        ccache: Kerberos credential cache as ``TYPE:residual``, for example ``FILE:/tmp/x``.
        origin: Where it came from, for messages: ``prompt``, ``environment``, ``keytab`` ...
    """

    user: str | None = None
    password: Secret | None = None
    ccache: str | None = None
    origin: str = "default ticket cache"


def for_spnego(credential: Credential, auth: AuthMethod) -> list[SpnegoCredential]:
    """Give pyspnego's credentials, in the order in which it shall try them.

    The library skips those that do not serve the protocol: a ticket is first, a password stands
    behind it for NTLM. With NTLM asked for, the ticket is left out.
    """
    found: list[SpnegoCredential] = []
    if credential.ccache and auth is not AuthMethod.NTLM:
        found.append(spnego.KerberosCCache(ccache=credential.ccache))
    if credential.user and credential.password is not None:
        found.append(
            spnego.Password(username=credential.user, password=credential.password.reveal()),
        )
    return found or [spnego.CredentialCache(username=credential.user)]


def user_and_password(credential: Credential) -> tuple[str | None, Secret | None]:
    """Give the pair for clients that take a name and a password (pypsrp, pywinrm).

    With a ticket the password stays away, so that such a client takes the ticket from KRB5CCNAME,
    where ``kerberos_environment`` has put it, instead of asking the KDC once per connection.
    """
    if credential.ccache:
        return None, None
    return credential.user, credential.password
