"""Where the Azure side is described: cloud, subscription, credential source, names of resources."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class AzureCloud(StrEnum):
    """The clouds whose endpoints are known; others are named by their endpoints."""

    PUBLIC = "public"
    US_GOVERNMENT = "usgov"
    CHINA = "china"


class AzureCredentialKind(StrEnum):
    """How Azure learns who is asking."""

    CLI = "cli"
    SERVICE_PRINCIPAL = "service-principal"
    MANAGED_IDENTITY = "managed-identity"
    WORKLOAD_IDENTITY = "workload-identity"


@dataclass(frozen=True, slots=True, kw_only=True)
class AzureEndpoints:
    """Where a cloud answers.

    Attributes:
        authority: Base URL of Microsoft Entra ID, which gives out tokens.
        resource_manager: Base URL of Azure Resource Manager.
        audience: What tokens are asked for; ``<audience>/.default`` is the scope.
        ca_file: PEM file with the CA of both; ``None`` takes the usual ones.
        well_known: Whether Entra ID itself knows the authority; others are not looked up there.
    """

    authority: str
    resource_manager: str
    audience: str
    ca_file: str | None = None
    well_known: bool = False


# The endpoints that azure-core 1.41 has for its three clouds.
CLOUDS: Final[Mapping[AzureCloud, AzureEndpoints]] = {
    AzureCloud.PUBLIC: AzureEndpoints(
        authority="https://login.microsoftonline.com",
        resource_manager="https://management.azure.com",
        audience="https://management.azure.com",
        well_known=True,
    ),
    AzureCloud.US_GOVERNMENT: AzureEndpoints(
        authority="https://login.microsoftonline.us",
        resource_manager="https://management.usgovcloudapi.net",
        audience="https://management.core.usgovcloudapi.net",
        well_known=True,
    ),
    AzureCloud.CHINA: AzureEndpoints(
        authority="https://login.chinacloudapi.cn",
        resource_manager="https://management.chinacloudapi.cn",
        audience="https://management.chinacloudapi.cn",
        well_known=True,
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AzureCredentialSource:
    """Where the credential comes from; never the credential itself.

    Attributes:
        kind: How to prove who we are.
        client_id: Application (client) ID of a service principal or a user-assigned identity.
        certificate: PEM file with the certificate and RSA key of the service principal.
        keyring_service: Service under which the system keyring holds the client secret.
        token_file: File with the federated token of a workload identity.
    """

    kind: AzureCredentialKind = AzureCredentialKind.CLI
    client_id: str | None = None
    certificate: str | None = None
    keyring_service: str | None = None
    token_file: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AzureResource:
    """Names one resource; its type is known from where it stands."""

    subscription: str
    resource_group: str
    name: str

    @classmethod
    def from_id(cls, text: str) -> "AzureResource":
        """Read ``/subscriptions/S/resourceGroups/G/providers/P/T/N``, whatever its case.

        Raises:
            ValueError: It is no ID of a resource in a resource group.
        """
        match text.strip("/").split("/"):
            case [first, subscription, second, group, third, _, _, name, *_] if (
                (first.lower(), second.lower(), third.lower())
                == ("subscriptions", "resourcegroups", "providers")
                and subscription
                and group
                and name
            ):
                return cls(subscription=subscription, resource_group=group, name=name)
            case _:
                message = f"{text!r} is not a resource ID"
                raise ValueError(message)

    def is_same(self, other: "AzureResource") -> bool:
        """Compare as Azure does, which ignores case."""
        return self.key == other.key

    @property
    def key(self) -> tuple[str, str, str]:
        """What is equal for two spellings of one resource."""
        return (
            self.subscription.casefold(),
            self.resource_group.casefold(),
            self.name.casefold(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AzureSettings:
    """The inventory's ``azure`` section.

    Attributes:
        subscription: ID of the subscription of whatever is given by its bare name.
        resource_group: Resource group of whatever is given by its bare name.
        tenant: Directory (tenant) ID or domain; ``None`` leaves it to the credential.
        endpoints: Where the cloud answers.
        credential: Where the credential comes from.
        circuit: The ExpressRoute circuit; ``None`` if it is not to be asked about.
        gateway: The virtual network gateway.
        connection: The connection between the two.
        virtual_network: The VNet of the VMs.
    """

    subscription: str
    resource_group: str
    tenant: str | None = None
    endpoints: AzureEndpoints = CLOUDS[AzureCloud.PUBLIC]
    credential: AzureCredentialSource = field(default_factory=AzureCredentialSource)
    circuit: AzureResource | None = None
    gateway: AzureResource | None = None
    connection: AzureResource | None = None
    virtual_network: AzureResource | None = None

    def resource(self, name: str) -> AzureResource:
        """Name a resource of the usual subscription and resource group."""
        return AzureResource(
            subscription=self.subscription,
            resource_group=self.resource_group,
            name=name,
        )
