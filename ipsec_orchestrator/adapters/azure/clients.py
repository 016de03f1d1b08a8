"""The SDK's clients, one pair a subscription, and how patient they are."""

import threading
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from azure.core.pipeline.policies import RetryPolicy
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.network import NetworkManagementClient
from typing_extensions import override

from ipsec_orchestrator.model.azure_settings import AzureEndpoints

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.core.pipeline import PipelineResponse

RETRIES: Final = 3
LONGEST_WAIT_SECONDS: Final = 30.0
POLL_SECONDS: Final = 2
_CONNECT_SECONDS: Final = 10
_READ_SECONDS: Final = 60


class PatientRetryPolicy(RetryPolicy[Any, Any]):
    """Waits as long as Azure says, unless that is longer than anybody would wait for a check."""

    @override
    def is_retry(self, settings: dict[str, Any], response: "PipelineResponse[Any, Any]") -> bool:
        wait_seconds = self.get_retry_after(response)
        if wait_seconds is not None and wait_seconds > LONGEST_WAIT_SECONDS:
            return False
        return super().is_retry(settings, response)


class ArmClients:
    """Clients for the subscriptions that are asked about, made when they are first needed."""

    def __init__(self, credential: "TokenCredential", endpoints: AzureEndpoints) -> None:
        """Connect nothing yet.

        Args:
            credential: Gives the tokens.
            endpoints: Where the cloud answers, and the CA that vouches for it.
        """
        self._credential = credential
        self._endpoints = endpoints
        self._lock = threading.Lock()
        self._network: dict[str, NetworkManagementClient] = {}
        self._compute: dict[str, ComputeManagementClient] = {}

    @property
    def endpoints(self) -> AzureEndpoints:
        """Where the cloud answers."""
        return self._endpoints

    def network(self, subscription: str) -> NetworkManagementClient:
        """Give the client for ``Microsoft.Network``."""
        with self._lock:
            found = self._network.get(subscription)
            if found is None:
                found = NetworkManagementClient(self._credential, subscription, **self._options())
                self._network[subscription] = found
            return found

    def compute(self, subscription: str) -> ComputeManagementClient:
        """Give the client for ``Microsoft.Compute``."""
        with self._lock:
            found = self._compute.get(subscription)
            if found is None:
                found = ComputeManagementClient(self._credential, subscription, **self._options())
                self._compute[subscription] = found
            return found

    def _options(self) -> dict[str, Any]:
        return {
            "base_url": self._endpoints.resource_manager,
            "credential_scopes": [f"{self._endpoints.audience.rstrip('/')}/.default"],
            "connection_verify": self._endpoints.ca_file or True,
            "connection_timeout": _CONNECT_SECONDS,
            "read_timeout": _READ_SECONDS,
            "retry_policy": PatientRetryPolicy(retry_total=RETRIES, retry_status=RETRIES),
            "polling_interval": POLL_SECONDS,
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for network in self._network.values():
            network.close()
        for compute in self._compute.values():
            compute.close()
