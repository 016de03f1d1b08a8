"""Finds out who we are: prompt, environment, what a scheduler hands over, the inventory's, ours.

A password never comes from a command line or a file of ours, and never goes into one.
"""

import os
import tempfile
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ipsec_orchestrator.adapters.authentication import (
    Credential,
    has_sspi,
    kerberos_environment,
    kerberos_installed,
    principal_of,
    refusal_of,
    require_kerberos,
    ticket_from_keytab,
    ticket_from_password,
)
from ipsec_orchestrator.adapters.authentication.kerberos import INSTALL_KERBEROS, default_cache
from ipsec_orchestrator.adapters.handed_over import handed_over
from ipsec_orchestrator.errors import (
    AuthenticationError,
    HostUnreachableError,
    MissingDependencyError,
    UsageError,
)
from ipsec_orchestrator.model.inventory import AuthMethod, CredentialSource
from ipsec_orchestrator.model.secret import Secret

USER_VARIABLE = "IPSEC_ORCHESTRATOR_USER"
PASSWORD_VARIABLE = "IPSEC_ORCHESTRATOR_PASSWORD"  # noqa: S105 - a variable's name
CLIENT_KEYTAB_VARIABLE = "KRB5_CLIENT_KTNAME"
"""MIT's own name for a keytab that tickets are fetched with; honoured here by ourselves."""

_WAYS = (
    f"Give --user and be asked, or set {USER_VARIABLE} and {PASSWORD_VARIABLE}, or name ccache, "
    "keytab or keyring in the inventory, or run kinit."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenCredential:
    """What the person at the keyboard gave; the password from a prompt, never from an option."""

    user: str | None = None
    password: Secret | None = None


NOTHING_GIVEN = GivenCredential()


@contextmanager
def open_credential(
    source: CredentialSource,
    *,
    domain: str,
    auth: AuthMethod = AuthMethod.NEGOTIATE,
    given: GivenCredential = NOTHING_GIVEN,
    environment: Mapping[str, str] | None = None,
) -> Generator[Credential]:
    """Give the credential of a run, ready for LDAP, SMB and WinRM while the block runs.

    A keytab or password is exchanged for a ticket in a cache of this run's own, in a folder that
    only this user can enter and that goes away with the block; the user's own cache is not
    touched. ``krb5_conf`` and the cache apply to the whole process meanwhile, see
    :func:`~ipsec_orchestrator.adapters.authentication.kerberos.kerberos_environment`.

    Args:
        source: Where the inventory says that credentials come from.
        domain: DNS name of the domain: the realm of a user name without one.
        auth: What they are for; NTLM and simple bind need no ticket.
        given: From the command line's prompt.
        environment: Where to look for the two variables; the process's own if ``None``.

    Raises:
        UsageError: There are none, or half of a pair.
        AuthenticationError: The KDC refused.
        HostUnreachableError: No KDC, and Kerberos was demanded.
        MissingDependencyError: No Kerberos library, or no keyring on this system.
    """
    variables = os.environ if environment is None else environment
    with (
        kerberos_environment(krb5_conf=source.krb5_conf, ccache=None),
        ExitStack() as stack,
    ):

        def new_cache() -> Path:
            folder = tempfile.TemporaryDirectory(prefix="ipsec-orchestrator-")
            return Path(stack.enter_context(folder)) / "tickets"

        found = _find(source, domain, given, variables)
        credential = _with_ticket(found, domain, auth, new_cache)
        with kerberos_environment(krb5_conf=None, ccache=credential.ccache):
            yield credential


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A credential, and the keytab that it has to be exchanged with; whose cure if it is not there.

    Attributes:
        credential: What is known of it.
        keytab: Path of a keytab; ``None`` for none.
        named_by: Who named the keytab, for the person who has to correct it.
    """

    credential: Credential
    keytab: str | None = None
    named_by: str = ""


def _find(
    source: CredentialSource, domain: str, given: GivenCredential, variables: Mapping[str, str]
) -> _Found:
    """Take the first source that has something; a keytab comes out as user without password."""
    user = _qualified(given.user or variables.get(USER_VARIABLE) or source.user, domain)
    if given.password is not None:
        return _Found(credential=_pair(user, given.password, "prompt"))
    found = _from_around(user, variables) or _from_inventory(user, source)
    if found is not None:
        return found
    if client_keytab := variables.get(CLIENT_KEYTAB_VARIABLE):
        path = client_keytab.removeprefix("FILE:")
        return _from_keytab(user, path, CLIENT_KEYTAB_VARIABLE)
    return _Found(credential=_of_this_session())


def _from_around(user: str | None, variables: Mapping[str, str]) -> _Found | None:
    """Look into the environment, and into the folder that a scheduler makes."""
    if password := variables.get(PASSWORD_VARIABLE):
        return _Found(credential=_pair(user, Secret(password), "environment"))
    handed = handed_over(variables)
    if handed.password is not None:
        return _Found(credential=_pair(user, handed.password, "handed over"))
    if handed.keytab:
        return _from_keytab(user, handed.keytab, "what the scheduler hands over")
    return None


def _from_inventory(user: str | None, source: CredentialSource) -> _Found | None:
    """Take what the inventory names."""
    if source.ccache:
        cache = _cache_name(source.ccache)
        return _Found(credential=Credential(user=user, ccache=cache, origin="ccache"))
    if source.keytab:
        return _from_keytab(user, source.keytab, "keytab in the inventory")
    if source.keyring_service:
        password = _from_keyring(source.keyring_service, user)
        return _Found(credential=_pair(user, password, "keyring"))
    return None


def _from_keytab(user: str | None, keytab: str, named_by: str) -> _Found:
    credential = Credential(user=user, origin="keytab")
    return _Found(credential=credential, keytab=keytab, named_by=named_by)


def _qualified(user: str | None, domain: str) -> str | None:
    """Add the domain to a bare name: simple bind takes none, NTLM would mean the host's own."""
    if user is None or "@" in user or "\\" in user:
        return user
    return f"{user}@{domain}"


def _of_this_session() -> Credential:
    """Take what the logged-on user has: SSPI on Windows, elsewhere the default ticket cache."""
    if has_sspi():
        return Credential(origin="logged-on user")
    cache = default_cache()
    if cache is None:
        raise UsageError("No credentials were found.", cure=_ways())
    return Credential(ccache=cache)


def _ways() -> str:
    """Name the ways to give credentials, and what the last of them still lacks here."""
    if kerberos_installed():
        return _WAYS
    return f"{_WAYS} A ticket of kinit needs Kerberos, which is not here. {INSTALL_KERBEROS}."


def _pair(user: str | None, password: Secret, origin: str) -> Credential:
    if not user:
        raise UsageError(f"There is a password ({origin}), but no user.", cure=_WAYS)
    return Credential(user=user, password=password, origin=origin)


def _from_keyring(service: str, user: str | None) -> Secret:
    if not user:
        raise UsageError(
            f"The keyring entry {service} needs a user.",
            cure=f"Give --user, set {USER_VARIABLE}, or name user in the inventory.",
        )
    import keyring  # noqa: PLC0415 - loads slowly, and most runs have a ticket
    import keyring.errors  # noqa: PLC0415 - as above

    try:
        password = keyring.get_password(service, user)
    except keyring.errors.NoKeyringError as error:
        raise MissingDependencyError(
            "This system has no keyring that can be used.",
            cure="Install one (Secret Service, KWallet), or give the password by prompt, "
            "environment or Kerberos.",
        ) from error
    except keyring.errors.KeyringError as error:
        raise UsageError(
            f"The keyring did not give the password of {user}: it is locked or refused.",
            cure="Unlock it, or give the password another way.",
        ) from error
    if password is None:
        raise UsageError(
            f"The keyring has no password of {user} under {service}.",
            cure=f"Store it: keyring set {service} '{user}'",
        )
    return Secret(password)


def _cache_name(ccache: str) -> str:
    """Give ``TYPE:residual``; a plain path (also ``C:...`` of Windows) is a file."""
    kind, colon, _ = ccache.partition(":")
    return ccache if colon and len(kind) > 1 else f"FILE:{Path(ccache).absolute()}"


def _with_ticket(
    source: _Found, domain: str, auth: AuthMethod, new_cache: Callable[[], Path]
) -> Credential:
    """Exchange a keytab or password for a ticket where Kerberos may be used."""
    found = source.credential
    if source.keytab:
        if has_sspi():
            raise UsageError(
                "Windows logs on without keytabs.",
                cure=f"Take it out ({source.named_by}): then you are who is logged on; or give "
                "--user.",
            )
        if not Path(source.keytab).is_file():
            raise UsageError(
                f"There is no keytab {source.keytab}.", cure=f"Correct {source.named_by}."
            )
        principal = principal_of(found.user, domain) if found.user else None
        ticket = ticket_from_keytab(principal=principal, keytab=source.keytab, cache=new_cache())
        return replace(found, ccache=ticket)
    if found.ccache and auth in {AuthMethod.NEGOTIATE, AuthMethod.KERBEROS} and not has_sspi():
        require_kerberos()  # said here, before any host is looked for
    if (
        found.password is None
        or not found.user
        or auth in {AuthMethod.NTLM, AuthMethod.SIMPLE}
        or has_sspi()  # which does it by itself
        or (auth is AuthMethod.NEGOTIATE and not kerberos_installed())
    ):
        return found
    principal = principal_of(found.user, domain)
    try:
        ticket = ticket_from_password(
            principal=principal, password=found.password, cache=new_cache()
        )
    except (AuthenticationError, HostUnreachableError) as error:
        refusal = refusal_of(error)
        if auth is AuthMethod.KERBEROS or refusal is None or refusal.verdict:
            raise
        return found  # no KDC in reach, or a name that is no principal of this realm: NTLM
    return replace(found, ccache=ticket)
