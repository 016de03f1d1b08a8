"""Logging on to the directory: GSS-SPNEGO with Kerberos or NTLM, or simple bind inside TLS."""

import ssl
from typing import Any

import spnego
from spnego.exceptions import SpnegoError

from ipsec_orchestrator.adapters.authentication import (
    check_usable,
    for_spnego,
    logon_failure,
    refusal_of,
)
from ipsec_orchestrator.adapters.authentication.kerberos import ASK_FOR_PASSWORD
from ipsec_orchestrator.adapters.ldap.endpoint import Endpoint
from ipsec_orchestrator.adapters.ldap.library import ldap3, send_sasl_negotiation
from ipsec_orchestrator.adapters.ldap.results import (
    SASL_IN_PROGRESS,
    SUCCESS,
    Outcome,
    error_of,
)
from ipsec_orchestrator.adapters.ldap.sealing import SealedSocket
from ipsec_orchestrator.adapters.ldap.tls import channel_binding
from ipsec_orchestrator.errors import AuthenticationError
from ipsec_orchestrator.model.inventory import AuthMethod, LdapTransport

_SEALED = (
    spnego.ContextReq.mutual_auth
    | spnego.ContextReq.replay_detect
    | spnego.ContextReq.sequence_detect
    | spnego.ContextReq.confidentiality
    | spnego.ContextReq.integrity
)
# TLS seals already, and a DC refuses two layers; MIT Kerberos asks for integrity unless told.
_INSIDE_TLS = spnego.ContextReq.mutual_auth | spnego.ContextReq.no_integrity


def bind(connection: Any, endpoint: Endpoint) -> None:  # noqa: ANN401 - an ldap3 Connection
    """Log on, and on plain TCP seal everything from then on.

    Raises:
        AuthenticationError: The DC or the KDC refused, or simple bind was wanted without TLS.
        HostUnreachableError: No KDC.
        MissingDependencyError: Kerberos was asked for and is not installed.
    """
    if endpoint.settings.auth is AuthMethod.SIMPLE:
        _bind_simple(connection, endpoint)
    else:
        _bind_spnego(connection, endpoint)
    connection.bound = True


def _bind_simple(connection: Any, endpoint: Endpoint) -> None:  # noqa: ANN401 - as above
    if not isinstance(connection.socket, ssl.SSLSocket):
        raise AuthenticationError(
            target=endpoint.fqdn,
            reason="simple bind would send the password readable, so it was not sent",
            cure="Set transport: ldaps, or auth: negotiate.",
        )
    credential = endpoint.credential
    if not credential.user or credential.password is None or not credential.password.reveal():
        # An empty password would be an anonymous bind, which a DC answers with success.
        raise AuthenticationError(
            target=endpoint.fqdn,
            reason="simple bind needs a user and a password",
            cure=ASK_FOR_PASSWORD,
        )
    connection.authentication = ldap3.SIMPLE
    connection.user = credential.user
    connection.password = credential.password.reveal()
    try:
        connection.bind(read_server_info=False)
    finally:
        connection.password = None
    _check(connection.result, endpoint)


def _bind_spnego(connection: Any, endpoint: Endpoint) -> None:  # noqa: ANN401 - as above
    inside_tls = isinstance(connection.socket, ssl.SSLSocket)
    context = _context(
        endpoint,
        request=_INSIDE_TLS if inside_tls else _SEALED,
        bindings=channel_binding(connection.socket) if inside_tls else None,
    )
    connection.authentication = ldap3.SASL
    connection.sasl_mechanism = "GSS-SPNEGO"
    connection.sasl_in_progress = True
    token = _step(context, None, endpoint)
    while True:
        result = send_sasl_negotiation(connection, None, token)
        _check(result, endpoint, SASL_IN_PROGRESS)
        answer = result.get("saslCreds") or None
        if answer and not context.complete:
            token = _step(context, answer, endpoint)
        if result["result"] == SUCCESS:
            break
        if not token:
            raise AuthenticationError(
                target=endpoint.fqdn, reason="the logon ended without agreement"
            )
    connection.sasl_in_progress = False
    if not context.complete:
        raise AuthenticationError(
            target=endpoint.fqdn,
            reason="it did not prove who it is (mutual authentication)",
            cure="Check that the name leads to the DC itself.",
        )
    if endpoint.settings.transport is LdapTransport.SEALED:
        if not context.context_attr & spnego.ContextReq.confidentiality:
            raise AuthenticationError(
                target=endpoint.fqdn,
                reason="it did not agree to encryption",
                cure="Use transport: ldaps.",
            )
        connection.socket = SealedSocket(connection.socket, context)


def _context(
    endpoint: Endpoint,
    *,
    request: spnego.ContextReq,
    bindings: Any,  # noqa: ANN401 - GssChannelBindings or None, a class without export
) -> Any:  # noqa: ANN401 - pyspnego's context
    auth = endpoint.settings.auth
    check_usable(endpoint.credential, auth, target=endpoint.fqdn)
    try:
        return spnego.client(
            list(for_spnego(endpoint.credential, auth)),
            hostname=endpoint.fqdn,
            service="ldap",
            channel_bindings=bindings,
            context_req=request,
            # Raw Kerberos or NTLM tokens are taken by GSS-SPNEGO as well ([MS-SPNG] 3.3.5.1
            # universal receiver), so a single method needs no negotiation that could choose another.
            protocol=auth.value,
        )
    except Exception as error:
        # The krb5 package, which may not be there, raises its own class from inside pyspnego.
        if not isinstance(error, SpnegoError) and refusal_of(error) is None:
            raise
        raise logon_failure(error, target=endpoint.fqdn) from error


def _step(context: Any, token: bytes | None, endpoint: Endpoint) -> bytes | None:  # noqa: ANN401 - as above
    try:
        answer: bytes | None = context.step(token)
    except SpnegoError as error:
        raise _explained(error, endpoint) from error
    return answer


def _explained(error: SpnegoError, endpoint: Endpoint) -> Exception:
    """Find the Kerberos failure that negotiation hides behind the last method that it tried."""
    if endpoint.settings.auth is AuthMethod.NEGOTIATE and refusal_of(error) is None:
        try:
            spnego.client(
                list(for_spnego(endpoint.credential, AuthMethod.KERBEROS)),
                hostname=endpoint.fqdn,
                service="ldap",
                protocol="kerberos",
            ).step()
        except (SpnegoError, ImportError, ValueError) as hidden:
            if refusal_of(hidden):
                return logon_failure(hidden, target=endpoint.fqdn)
    return logon_failure(error, target=endpoint.fqdn)


def _check(result: Any, endpoint: Endpoint, *also: int) -> None:  # noqa: ANN401 - ldap3's result dict
    outcome = Outcome(code=int(result["result"]), diagnostic=str(result.get("message") or ""))
    if outcome.code not in {SUCCESS, *also}:
        raise error_of(outcome, server=endpoint.fqdn, dn="", order="bind")
