"""Finds out who asks: Azure CLI login, service principal, managed identity, workload identity.

A client secret comes from the environment or from the system's keyring, never from a file of ours
or a command line.
"""

import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeAlias, assert_never

from azure.identity import (
    AzureCliCredential,
    CertificateCredential,
    ClientAssertionCredential,
    ClientSecretCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)

from ipsec_orchestrator.errors import MissingDependencyError, UsageError
from ipsec_orchestrator.model.azure_settings import (
    AzureCredentialKind,
    AzureCredentialSource,
    AzureEndpoints,
    AzureSettings,
)
from ipsec_orchestrator.model.secret import Secret

TENANT_VARIABLE: Final = "AZURE_TENANT_ID"
CLIENT_VARIABLE: Final = "AZURE_CLIENT_ID"
CLIENT_SECRET_VARIABLE: Final = "AZURE_CLIENT_SECRET"  # noqa: S105 - a variable's name
TOKEN_FILE_VARIABLE: Final = "AZURE_FEDERATED_TOKEN_FILE"  # noqa: S105 - a variable's name
# Logon is one request or two; beyond that somebody should be told that it does not answer.
_RETRIES: Final = 2
_CONNECT_SECONDS: Final = 10
_CLI_SECONDS: Final = 30

AzureCredential: TypeAlias = (
    AzureCliCredential
    | CertificateCredential
    | ClientSecretCredential
    | ManagedIdentityCredential
    | ClientAssertionCredential  # what a WorkloadIdentityCredential is
)


@contextmanager
def open_credential(
    settings: AzureSettings, *, environment: Mapping[str, str] | None = None
) -> Generator[AzureCredential]:
    """Give the credential that the settings name; no request is made before its first use.

    Args:
        settings: The inventory's ``azure`` section.
        environment: Where to look for variables; the process's own if ``None``. The libraries of
            managed identities look into the process's own in any case.

    Raises:
        UsageError: Something of it is missing: tenant, client ID, secret, or a file.
        MissingDependencyError: No keyring on this system.
    """
    variables = os.environ if environment is None else environment
    with _credential(settings, variables) as credential:
        yield credential


def _credential(settings: AzureSettings, variables: Mapping[str, str]) -> AzureCredential:
    source = settings.credential
    tenant = settings.tenant or variables.get(TENANT_VARIABLE)
    client = source.client_id or variables.get(CLIENT_VARIABLE)
    match source.kind:
        case AzureCredentialKind.CLI:
            return AzureCliCredential(tenant_id=settings.tenant or "", process_timeout=_CLI_SECONDS)
        case AzureCredentialKind.SERVICE_PRINCIPAL:
            return _service_principal(settings, tenant, client, variables)
        case AzureCredentialKind.MANAGED_IDENTITY:
            return ManagedIdentityCredential(
                client_id=source.client_id,
                retry_total=_RETRIES,
                connection_timeout=_CONNECT_SECONDS,
                connection_verify=_verification(settings.endpoints),
            )
        case AzureCredentialKind.WORKLOAD_IDENTITY:
            token_file = source.token_file or variables.get(TOKEN_FILE_VARIABLE)
            return WorkloadIdentityCredential(
                tenant_id=_needed(tenant, "the tenant", "tenant", TENANT_VARIABLE),
                client_id=_needed(client, "the client ID", "client_id", CLIENT_VARIABLE),
                token_file_path=_existing(
                    _needed(token_file, "the token file", "token_file", TOKEN_FILE_VARIABLE),
                    "token_file",
                ),
                authority=settings.endpoints.authority,
                disable_instance_discovery=not settings.endpoints.well_known,
                retry_total=_RETRIES,
                connection_timeout=_CONNECT_SECONDS,
                connection_verify=_verification(settings.endpoints),
            )
        case _:
            assert_never(source.kind)


def _service_principal(
    settings: AzureSettings,
    tenant: str | None,
    client: str | None,
    variables: Mapping[str, str],
) -> ClientSecretCredential | CertificateCredential:
    source = settings.credential
    tenant_id = _needed(tenant, "the tenant", "tenant", TENANT_VARIABLE)
    client_id = _needed(client, "the client ID", "client_id", CLIENT_VARIABLE)
    if source.certificate is None:
        return ClientSecretCredential(
            tenant_id,
            client_id,
            _client_secret(source, client_id, variables).reveal(),
            authority=settings.endpoints.authority,
            disable_instance_discovery=not settings.endpoints.well_known,
            retry_total=_RETRIES,
            connection_timeout=_CONNECT_SECONDS,
            connection_verify=_verification(settings.endpoints),
        )
    try:
        return CertificateCredential(
            tenant_id,
            client_id,
            _existing(source.certificate, "certificate"),
            authority=settings.endpoints.authority,
            disable_instance_discovery=not settings.endpoints.well_known,
            retry_total=_RETRIES,
            connection_timeout=_CONNECT_SECONDS,
            connection_verify=_verification(settings.endpoints),
        )
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(
            f"{source.certificate} can't be used as a certificate of a service principal.",
            cure="It must hold the certificate and its RSA key, unencrypted, as PEM.",
        ) from error


def _client_secret(
    source: AzureCredentialSource, client_id: str, variables: Mapping[str, str]
) -> Secret:
    if text := variables.get(CLIENT_SECRET_VARIABLE):
        return Secret(text)
    if source.keyring_service is None:
        raise UsageError(
            f"There is neither a certificate nor a client secret of {client_id}.",
            cure=f"Set {CLIENT_SECRET_VARIABLE}, or name keyring or certificate in the "
            "inventory's azure section.",
        )
    import keyring  # noqa: PLC0415 - loads slowly, and few need it
    import keyring.errors  # noqa: PLC0415 - as above

    try:
        text = keyring.get_password(source.keyring_service, client_id)
    except keyring.errors.NoKeyringError as error:
        raise MissingDependencyError(
            "This system has no keyring that can be used.",
            cure=f"Install one (Secret Service, KWallet), or set {CLIENT_SECRET_VARIABLE}.",
        ) from error
    except keyring.errors.KeyringError as error:
        raise UsageError(
            f"The keyring did not give the client secret of {client_id}: it is locked or refused.",
            cure=f"Unlock it, or set {CLIENT_SECRET_VARIABLE}.",
        ) from error
    if text is None:
        raise UsageError(
            f"The keyring has no client secret of {client_id} under {source.keyring_service}.",
            cure=f"Store it: keyring set {source.keyring_service} {client_id}",
        )
    return Secret(text)


def _verification(endpoints: AzureEndpoints) -> bool | str:
    """Say what certificates are checked against: a CA of our own, or the usual ones."""
    return endpoints.ca_file or True


def _needed(value: str | None, what: str, key: str, variable: str) -> str:
    if not value:
        raise UsageError(
            f"For this kind of Azure credential {what} is needed.",
            cure=f"Name {key} in the inventory's azure section, or set {variable}.",
        )
    return value


def _existing(path: str, key: str) -> str:
    if not Path(path).is_file():
        raise UsageError(
            f"There is no file {path}.", cure=f"Correct {key} in the inventory's azure section."
        )
    return path
