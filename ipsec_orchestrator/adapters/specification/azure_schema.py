"""The shape of an inventory's ``azure`` section."""

import re
from typing import Annotated, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from ipsec_orchestrator.adapters.specification.fields import DnsName, Section, quoted, wrong
from ipsec_orchestrator.model.azure_settings import AzureCloud, AzureCredentialKind, AzureResource

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
# What Resource Manager allows for any of the kinds that are named here.
_RESOURCE_NAME = re.compile(r"[\w.()-]{1,90}", re.ASCII)


def _guid(value: str) -> str:
    if not _GUID.fullmatch(value):
        raise wrong(f"{quoted(value)} is not an ID such as 1f4d8a3c-0000-4000-8000-2b6e5c7d9f10.")
    return value.lower()


def _group_name(value: str) -> str:
    if not _RESOURCE_NAME.fullmatch(value):
        raise wrong(
            f"{quoted(value)} can't be a name in Azure: up to 90 letters, digits, '-', '_', '.' "
            "and parentheses."
        )
    return value


def _resource(value: str) -> str:
    if not value.startswith("/"):
        return _group_name(value)
    try:
        AzureResource.from_id(value)
    except ValueError:
        raise wrong(
            f"{quoted(value)} is no resource ID; it has the form "
            "/subscriptions/ID/resourceGroups/NAME/providers/PROVIDER/TYPE/NAME."
        ) from None
    return value


def _https_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        sound = parts.scheme == "https" and parts.hostname and parts.port != 0
    except ValueError:
        sound = False
        parts = urlsplit("")
    if not sound or "@" in parts.netloc or parts.query or parts.fragment:
        raise wrong(f"{quoted(value)} is not a base URL such as https://management.azure.com.")
    return value.rstrip("/")


Guid: TypeAlias = Annotated[str, AfterValidator(_guid)]
GroupName: TypeAlias = Annotated[str, AfterValidator(_group_name)]
Resource: TypeAlias = Annotated[str, AfterValidator(_resource)]
HttpsUrl: TypeAlias = Annotated[str, AfterValidator(_https_url)]


class AzureEndpointsSection(Section):
    """Where a cloud answers that is none of the known ones."""

    authority: HttpsUrl = Field(
        description="Base URL of Microsoft Entra ID, or of what stands in for it.",
        examples=["https://login.microsoftonline.com"],
    )
    resource_manager: HttpsUrl = Field(
        description="Base URL of Azure Resource Manager.",
        examples=["https://management.azure.com"],
    )
    audience: HttpsUrl | None = Field(
        None,
        description="What tokens are asked for. Default: the URL of Resource Manager.",
        examples=["https://management.core.usgovcloudapi.net"],
    )
    ca_file: str | None = Field(
        None,
        description="PEM file with the CA of both; default: the usual ones. A relative path "
        "counts from this file's folder.",
        examples=["azure-ca.pem"],
    )


class AzureCredentialSection(Section):
    """How Azure learns who asks. Client secrets are never written into these files."""

    kind: Annotated[AzureCredentialKind, Field(strict=False)] = Field(
        AzureCredentialKind.CLI,
        description="cli: who is logged on by 'az login'. service-principal: an application with "
        "a certificate, or with a client secret from AZURE_CLIENT_SECRET or the system keyring. "
        "managed-identity: that of the Azure VM on which this runs. workload-identity: a "
        "federated token.",
    )
    client_id: Guid | None = Field(
        None,
        description="Application (client) ID of the service principal, the workload identity or a "
        "user-assigned managed identity. Default: AZURE_CLIENT_ID.",
        examples=["1f4d8a3c-0000-4000-8000-2b6e5c7d9f10"],
    )
    certificate: str | None = Field(
        None,
        description="PEM file with certificate and RSA key of the service principal.",
        examples=["~/doctor.pem"],
    )
    keyring: str | None = Field(
        None,
        description="Service name under which the system keyring holds the client's secret; its "
        "user is the client ID.",
        examples=["ipsec-orchestrator-azure"],
    )
    token_file: str | None = Field(
        None,
        description="File with the federated token of a workload identity. Default: "
        "AZURE_FEDERATED_TOKEN_FILE.",
        examples=["/var/run/secrets/azure/tokens/azure-identity-token"],
    )


class AzureSection(Section):
    """The Azure side, for the checks of 'orchestrate doctor'; it is only read."""

    subscription: Guid = Field(
        description="ID of the subscription.",
        examples=["1f4d8a3c-0000-4000-8000-2b6e5c7d9f10"],
    )
    resource_group: GroupName = Field(
        description="Resource group of whatever is given by its bare name.",
        examples=["rg-ipsectest"],
    )
    tenant: DnsName | None = Field(
        None,
        description="Directory (tenant) ID or domain. Default: that of the login, or "
        "AZURE_TENANT_ID.",
        examples=["ipsectest.onmicrosoft.com"],
    )
    cloud: Annotated[AzureCloud, Field(strict=False)] = Field(
        AzureCloud.PUBLIC,
        description="public, usgov or china; for others write 'endpoints'.",
    )
    endpoints: AzureEndpointsSection | None = Field(
        None, description="Endpoints of any other cloud, instead of 'cloud'."
    )
    credential: AzureCredentialSection = Field(
        default_factory=lambda: AzureCredentialSection.model_validate({}),
    )
    circuit: Resource | None = Field(
        None,
        description="The ExpressRoute circuit: a name, or a resource ID if it is in another "
        "resource group or subscription.",
        examples=["er-ipsectest"],
    )
    gateway: Resource | None = Field(
        None,
        description="The virtual network gateway, by name or resource ID.",
        examples=["gw-ipsectest"],
    )
    connection: Resource | None = Field(
        None,
        description="The connection between gateway and circuit, by name or resource ID.",
        examples=["gw-ipsectest-to-er-ipsectest"],
    )
    virtual_network: Resource | None = Field(
        None,
        description="The VNet of the VMs, by name or resource ID.",
        examples=["vnet-ipsectest"],
    )


class HostAzureSection(Section):
    """The Azure VM that a host is."""

    vm: Resource = Field(
        description="Name or resource ID of the VM; needed where it is not called as the host is.",
        examples=["vm-web-1"],
    )
