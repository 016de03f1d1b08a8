"""Opens a reader of Azure, or says which package is missing."""

from collections.abc import Generator
from contextlib import contextmanager

from ipsec_orchestrator.errors import MissingDependencyError
from ipsec_orchestrator.model.azure_settings import AzureSettings
from ipsec_orchestrator.ports import AzureReader, Clock

INSTALL_AZURE = 'Install it: pip install "ipsec_orchestrator[azure]"'


@contextmanager
def open_azure(settings: AzureSettings, clock: Clock) -> Generator[AzureReader]:
    """Give a reader; its connections are made when they are first used, and closed at the end.

    Args:
        settings: The inventory's ``azure`` section.
        clock: Waits between the two reads of a circuit's counters.

    Raises:
        MissingDependencyError: The extra ``[azure]`` is not installed.
        UsageError: The credential that the settings name is not there, or half of it.
    """
    try:
        # Loads slowly, and only who has an Azure side needs it.
        from ipsec_orchestrator.adapters.azure.clients import ArmClients  # noqa: PLC0415
        from ipsec_orchestrator.adapters.azure.credentials import open_credential  # noqa: PLC0415
        from ipsec_orchestrator.adapters.azure.reader import SdkAzureReader  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith(("azure", "msal")):
            raise
        raise MissingDependencyError(
            "The clients of Azure are not installed.",
            cure=f"{INSTALL_AZURE}.",
        ) from error
    with (
        open_credential(settings) as credential,
        ArmClients(credential, settings.endpoints) as clients,
    ):
        yield SdkAzureReader(clients, clock)
