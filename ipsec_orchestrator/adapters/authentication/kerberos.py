"""Kerberos tickets: whether the library is there, the process's environment, private caches."""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from ipsec_orchestrator.adapters.authentication.credential import Credential
from ipsec_orchestrator.adapters.authentication.refusals import raise_for_kerberos
from ipsec_orchestrator.errors import AuthenticationError, MissingDependencyError
from ipsec_orchestrator.model.inventory import AuthMethod
from ipsec_orchestrator.model.secret import Secret

INSTALL_KERBEROS = (
    'Install it with: pip install "ipsec_orchestrator[kerberos]" '
    "(on Debian first: apt-get install gcc python3-dev libkrb5-dev)"
)
_CURE = f"{INSTALL_KERBEROS}, or use NTLM (auth: ntlm)."


ASK_FOR_PASSWORD = "Give them by prompt, environment or keyring."  # noqa: S105 - a sentence


def has_sspi() -> bool:
    """Tell whether Windows itself logs on: with Kerberos built in, and the logged-on user."""
    return sys.platform == "win32"


def require_kerberos() -> Any:  # noqa: ANN401 - krb5 is an optional package without a place in the type checkers' world
    """Give the ``krb5`` module.

    Raises:
        MissingDependencyError: ``gssapi`` or ``krb5`` is not installed.
    """
    try:
        import_module("gssapi")
        return import_module("krb5")
    except ImportError as error:
        raise MissingDependencyError(
            "Kerberos needs the Python packages gssapi and krb5, which are not installed.",
            cure=_CURE,
        ) from error


def kerberos_installed() -> bool:
    """Tell whether ``gssapi`` and ``krb5`` can be loaded."""
    try:
        require_kerberos()
    except MissingDependencyError:
        return False
    return True


def check_usable(credential: Credential, auth: AuthMethod, *, target: str) -> None:
    """Refuse at once what can't succeed, in better words than a library would.

    SSPI has the logged-on user and Kerberos built in; negotiation does without Kerberos if there
    is a password for NTLM.

    Raises:
        AuthenticationError: NTLM without user and password.
        MissingDependencyError: Kerberos is needed and not installed.
    """
    if has_sspi():
        return
    has_password = bool(credential.user) and credential.password is not None
    if auth is AuthMethod.NTLM and not has_password:
        raise AuthenticationError(
            target=target, reason="NTLM needs a user and a password", cure=ASK_FOR_PASSWORD
        )
    if auth is AuthMethod.KERBEROS or (auth is AuthMethod.NEGOTIATE and not has_password):
        require_kerberos()


@contextmanager
def kerberos_environment(*, krb5_conf: str | None, ccache: str | None) -> Generator[None]:
    """Set KRB5_CONFIG and KRB5CCNAME for as long as the block runs, then restore them.

    The Kerberos libraries read these two from the environment of the process and know no other
    way, so the effect is process-wide: every thread, and every child process started meanwhile.
    One run, one environment; two of them at once in one process would overwrite each other. This
    is the only place of the program that sets environment variables.

    Args:
        krb5_conf: Path of a krb5.conf; ``None`` leaves what is set.
        ccache: Credential cache as ``TYPE:residual``; ``None`` leaves what is set.
    """
    wanted = {"KRB5_CONFIG": krb5_conf, "KRB5CCNAME": ccache}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update({name: value for name, value in wanted.items() if value is not None})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def default_cache() -> str | None:
    """Give the default credential cache as ``TYPE:residual`` if it holds tickets of somebody."""
    if not kerberos_installed():
        return None
    krb5 = require_kerberos()
    try:
        context = krb5.init_context()
        cache = krb5.cc_default(context)
        if cache.principal is None:
            return None
        return f"{cache.cache_type.decode()}:{cache.name.decode()}"
    except krb5.Krb5Error:
        return None  # there is none: that is the answer, not a failure


def principal_of(user: str, domain: str) -> str:
    r"""Give the Kerberos principal of a user name.

    Args:
        user: ``DOMAIN\user``, ``user@realm`` or ``user``.
        domain: DNS name of the domain: the realm where the name has none. A NetBIOS domain name
            says nothing about the realm, so it is replaced too.
    """
    name = user.rpartition("\\")[2]
    account, _, realm = name.rpartition("@")
    return f"{account or name}@{(realm if account else domain).upper()}"


def ticket_from_password(*, principal: str, password: Secret, cache: Path) -> str:
    """Get a ticket granting ticket by password into a cache file of our own.

    Returns:
        The cache as ``FILE:path``.

    Raises:
        MissingDependencyError: Kerberos is not installed.
        AuthenticationError: The KDC refused.
        HostUnreachableError: No KDC was found or answered.
    """
    krb5 = require_kerberos()
    try:
        context = krb5.init_context()
        client = krb5.parse_name_flags(context, principal.encode())
        options = krb5.get_init_creds_opt_alloc(context)
        ticket = krb5.get_init_creds_password(
            context, client, options, password=password.reveal().encode()
        )
        return _store(krb5, context, ticket, cache)
    except krb5.Krb5Error as error:
        raise_for_kerberos(error, target=f"the KDC ({principal})")


def ticket_from_keytab(*, principal: str | None, keytab: str, cache: Path) -> str:
    """Get a ticket granting ticket by keytab into a cache file of our own.

    Args:
        principal: Whose; ``None`` takes the keytab's first entry.
        keytab: Path of the keytab.
        cache: Path of the cache file to write.

    Returns:
        The cache as ``FILE:path``.

    Raises:
        MissingDependencyError: Kerberos is not installed.
        AuthenticationError: The KDC refused, or the keytab has no such key.
        HostUnreachableError: No KDC was found or answered.
    """
    krb5 = require_kerberos()
    try:
        context = krb5.init_context()
        keys = krb5.kt_resolve(context, keytab.encode())
        if principal is None:
            # The name belongs to its entry: keep the entry alive for as long as the name is used.
            first = next(iter(keys))
            client = krb5.parse_name_flags(context, first.principal.name)
        else:
            client = krb5.parse_name_flags(context, principal.encode())
        options = krb5.get_init_creds_opt_alloc(context)
        ticket = krb5.get_init_creds_keytab(context, client, options, keytab=keys)
        return _store(krb5, context, ticket, cache)
    except krb5.Krb5Error as error:
        raise_for_kerberos(error, target=f"the KDC ({principal or keytab})")


def _store(krb5: Any, context: Any, ticket: Any, cache: Path) -> str:  # noqa: ANN401 - as above
    name = f"FILE:{cache}"
    store = krb5.cc_resolve(context, name.encode())
    krb5.cc_initialize(context, store, ticket.client)
    krb5.cc_store_cred(context, store, ticket)
    return name
