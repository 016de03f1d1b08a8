"""What the client libraries raise, to our own errors: one place for both of them."""

from collections.abc import Mapping
from typing import Final

import pypsrp.exceptions
import requests
import spnego.exceptions
import urllib3.exceptions
import winrm.exceptions

from ipsec_orchestrator.adapters.authentication import logon_failure
from ipsec_orchestrator.adapters.members.deadline import DeadlinePassedError, NoAnswerError
from ipsec_orchestrator.errors import (
    AccessDeniedError,
    AuthenticationError,
    BackendError,
    HostUnreachableError,
    OutcomeUnknownError,
)
from ipsec_orchestrator.model.inventory import Host
from ipsec_orchestrator.ports import ScriptCall

# WSManFault codes (winerror.h, wsman.h); the texts beside them are localized.
_ACCESS_DENIED: Final = 5
_QUOTAS: Final = frozenset({2150859173, 2150859174, 2150858778})
_FORBIDDEN: Final = 403
_QUOTA_CURE: Final = (
    "Wait until other sessions of this account have ended, or raise MaxShellsPerUser."
)
_PASSWORD_CURE: Final = "Check the user's name and password."  # noqa: S105 - a sentence

# The first kind that fits counts.
_WORDS: Final[Mapping[type[Exception], str]] = {
    requests.exceptions.SSLError: "its certificate was not accepted",
    requests.ConnectTimeout: "no connection within the time-out",
    requests.RequestException: "no connection was made",
    OSError: "the connection failed",
}

LIBRARY_ERRORS: Final = (
    requests.RequestException,
    pypsrp.exceptions.WinRMError,
    winrm.exceptions.WinRMError,
    winrm.exceptions.WinRMTransportError,
    spnego.exceptions.SpnegoError,
    DeadlinePassedError,
    NoAnswerError,
    OSError,
    # Both libraries raise these for answers that are no WS-Management.
    ValueError,
    SyntaxError,
    AttributeError,
    KeyError,
    StopIteration,
)
"""What a call may raise for reasons that are not ours."""


class TransientError(Exception):
    """The connection failed before an order was given, in a way that may pass at once."""

    def __init__(self, error: HostUnreachableError) -> None:
        super().__init__(str(error))
        self.error = error


def translate(
    error: Exception,
    *,
    host: Host,
    call: ScriptCall,
    order_given: bool,
) -> BackendError | TransientError:
    """Make our error out of a library's.

    Args:
        error: One of LIBRARY_ERRORS.
        host: The host that was spoken to.
        call: What was to be run.
        order_given: Whether the order to run it may have arrived.
    """
    settled = _settled(error, host)
    if settled is not None:
        return settled
    reason = _reason(error)
    if order_given and call.changes:
        return OutcomeUnknownError(
            host=host.fqdn,
            reason=f"{reason}, after {call.name} had been ordered",
            cure="See what the host has now before you repeat it.",
        )
    unreachable = HostUnreachableError(host=host.fqdn, reason=reason, cure=_cure(error, host))
    return TransientError(unreachable) if _is_connection_error(error) else unreachable


def _settled(error: Exception, host: Host) -> BackendError | None:
    """Give the error for a clear refusal, which says that nothing was carried out."""
    if isinstance(error, spnego.exceptions.SpnegoError):
        return logon_failure(error, target=host.fqdn)
    if isinstance(
        error,
        (pypsrp.exceptions.AuthenticationError, winrm.exceptions.AuthenticationError),
    ):
        return AuthenticationError(
            target=host.fqdn,
            reason="the user name, password or ticket was not accepted",
            cure=_PASSWORD_CURE,
        )
    if fault_code(error) == _ACCESS_DENIED or _http_status(error) == _FORBIDDEN:
        return AccessDeniedError(
            target=host.fqdn,
            reason="this account may not run remote commands there",
            cure="Use a member of its Administrators or Remote Management Users.",
        )
    if fault_code(error) in _QUOTAS:
        return HostUnreachableError(
            host=host.fqdn,
            reason="a quota of its WinRM service is used up",
            cure=_QUOTA_CURE,
        )
    return None


def fault_code(error: Exception) -> int | None:
    """Give the WSManFault code of an error of either library, if it has one."""
    if isinstance(error, pypsrp.exceptions.WSManFaultError):
        code = error.code
        return code if isinstance(code, int) else None
    if isinstance(error, winrm.exceptions.WSManFaultError):
        return error.wsman_fault_code
    return None


def _http_status(error: Exception) -> int | None:
    if isinstance(
        error,
        (pypsrp.exceptions.WinRMTransportError, winrm.exceptions.WinRMTransportError),
    ):
        code = error.code
        return code if isinstance(code, int) else None
    return None


def _is_connection_error(error: Exception) -> bool:
    return isinstance(
        error,
        (requests.ConnectionError, requests.exceptions.ChunkedEncodingError),
    ) and not isinstance(error, (requests.exceptions.SSLError, requests.ConnectTimeout))


def _reason(error: Exception) -> str:
    status, fault = _http_status(error), fault_code(error)
    if status is not None:
        return f"its WinRM service answered with HTTP status {status}"
    if fault is not None:
        return f"its WinRM service answered with fault {fault}"
    if _is_connection_error(error) and _was_made(error):
        return "the connection was cut"
    return next(
        (words for kind, words in _WORDS.items() if isinstance(error, kind)),
        str(error)
        if isinstance(error, (DeadlinePassedError, NoAnswerError))
        else f"its answer is no WS-Management ({type(error).__name__})",
    )


def _was_made(error: BaseException) -> bool:
    """Tell whether there had been a connection: whether none of the causes is a failed attempt."""
    queue: list[object] = [error]
    seen: set[int] = set()
    while queue:
        link = queue.pop()
        if not isinstance(link, BaseException) or id(link) in seen:
            continue
        if isinstance(link, urllib3.exceptions.NewConnectionError):
            return False
        seen.add(id(link))
        queue += [link.__cause__, link.__context__, getattr(link, "reason", None), *link.args]
    return True


def _cure(error: Exception, host: Host) -> str | None:
    if isinstance(error, requests.exceptions.SSLError):
        return (
            f"It has to be issued to {host.fqdn} by an authority in "
            f"{host.winrm.ca_file or 'the public list (ca_file is not set)'}."
        )
    if isinstance(error, requests.ConnectTimeout) or (
        _is_connection_error(error) and not _was_made(error)
    ):
        return (
            f"Check its name, address and port {host.winrm.effective_port}, the firewalls between, "
            "and that PowerShell remoting is enabled there (Enable-PSRemoting)."
        )
    return None
