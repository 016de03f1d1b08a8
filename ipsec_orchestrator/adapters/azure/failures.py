"""The SDK's exceptions -> our error tree; decided by class, status and code, never by words."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.identity import CredentialUnavailableError

from ipsec_orchestrator.errors import (
    AccessDeniedError,
    AuthenticationError,
    BackendError,
    CloudRequestError,
    HostUnreachableError,
    ThrottledError,
)
from ipsec_orchestrator.model.azure_settings import AzureEndpoints

READER_ROLE: Final = "the built-in role Reader"


@contextmanager
def translated(target: str, *, right: str, endpoints: AzureEndpoints) -> Generator[None]:
    """Raise the SDK's exceptions as ours.

    Args:
        target: What is asked for, such as ``expressRouteCircuits/er1``.
        right: The least right that the question takes, for the cure of a refusal.
        endpoints: Where the cloud answers.
    """
    try:
        yield
    except AzureError as error:
        raise _ours(error, target, right, endpoints) from error
    except ValueError as error:
        # msal says so where an authority or tenant does not exist.
        raise AuthenticationError(
            target=endpoints.authority,
            reason="it is no authority that gives out tokens for this tenant",
            cure="Check tenant, cloud and endpoints in the inventory's azure section.",
        ) from error


def _ours(error: AzureError, target: str, right: str, endpoints: AzureEndpoints) -> BackendError:
    match error:
        case CredentialUnavailableError():
            return AuthenticationError(
                target=endpoints.authority,
                reason=f"no credential of this kind can be had here: {_first_line(error)}",
                cure="Log on (az login), or choose another kind of credential in the "
                "inventory's azure section.",
            )
        # azure-identity reports a connection that failed as a failed logon; its cause knows better.
        case ClientAuthenticationError(__cause__=ServiceRequestError() | ServiceResponseError()):
            return _unreachable(error, endpoints.authority)
        case ClientAuthenticationError():
            return AuthenticationError(
                target=_refuser(error, endpoints),
                reason=_first_line(error),
                cure="Check tenant, client_id and the credential of the inventory's azure "
                "section; a certificate or client secret may have expired.",
            )
        case HttpResponseError():
            return _refusal(error, target, right)
        case ServiceRequestError() | ServiceResponseError():
            return _unreachable(error, endpoints.resource_manager)
        case _:
            return CloudRequestError(target=target, status=0, code="", reason=_first_line(error))


def _unreachable(error: AzureError, base_url: str) -> HostUnreachableError:
    return HostUnreachableError(
        host=urlsplit(base_url).netloc or base_url,
        reason=_first_line(error),
        cure="Check the network, a proxy (HTTPS_PROXY), and the endpoints and ca_file of the "
        "inventory's azure section.",
    )


def _refusal(error: HttpResponseError, target: str, right: str) -> BackendError:
    status = error.status_code or 0
    code = error.error.code if error.error is not None and error.error.code else ""
    if status == HTTPStatus.FORBIDDEN:
        return AccessDeniedError(
            target=target,
            reason=f"Azure refused the request ({code or status})",
            cure=f"Whoever asks needs {right} on it.",
        )
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return ThrottledError(target=target, wait_seconds=_wait_seconds(error))
    return CloudRequestError(
        target=target,
        status=status,
        code=code,
        reason=_first_line(error.error.message if error.error is not None else error),
    )


def _wait_seconds(error: HttpResponseError) -> float | None:
    # The SDK's two families of responses share headers, but not in their types.
    headers: Mapping[str, str] = getattr(error.response, "headers", {})
    try:
        return float(headers.get("Retry-After", ""))
    except ValueError:
        return None  # absent, or an HTTP date


def _refuser(error: ClientAuthenticationError, endpoints: AzureEndpoints) -> str:
    """Tell which side refused: tokens come from the authority, 401 from Resource Manager."""
    request = getattr(error.response, "request", None)
    url = str(getattr(request, "url", ""))
    if url.startswith(endpoints.resource_manager) and "/subscriptions/" in url:
        return endpoints.resource_manager
    return endpoints.authority


def _first_line(said: object) -> str:
    lines = str(said or "").strip().splitlines()
    return lines[0].rstrip(". ") if lines else "no reason was given"
