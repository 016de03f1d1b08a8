"""The ``azure`` section -> :class:`AzureSettings`: endpoints chosen, names completed."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ipsec_orchestrator.adapters.specification.azure_schema import (
    AzureCredentialSection,
    AzureSection,
    HostAzureSection,
)
from ipsec_orchestrator.adapters.specification.document import Place
from ipsec_orchestrator.adapters.specification.examination import Examined
from ipsec_orchestrator.adapters.specification.inventory_schema import InventoryFile
from ipsec_orchestrator.adapters.specification.local_paths import resolve_path
from ipsec_orchestrator.model.azure_settings import (
    CLOUDS,
    AzureCredentialKind,
    AzureCredentialSource,
    AzureEndpoints,
    AzureResource,
    AzureSettings,
)
from ipsec_orchestrator.model.inventory import Host, HostRole

_KINDS_OF_KEYS = {
    "client_id": {
        AzureCredentialKind.SERVICE_PRINCIPAL,
        AzureCredentialKind.MANAGED_IDENTITY,
        AzureCredentialKind.WORKLOAD_IDENTITY,
    },
    "certificate": {AzureCredentialKind.SERVICE_PRINCIPAL},
    "keyring": {AzureCredentialKind.SERVICE_PRINCIPAL},
    "token_file": {AzureCredentialKind.WORKLOAD_IDENTITY},
}


def lower_azure(
    sources: Sequence[tuple[Examined[InventoryFile], Path]],
) -> AzureSettings | None:
    """Make the settings of the one file that has the section; a second one is a problem.

    Args:
        sources: The examined files, each with the folder that its relative paths count from.
    """
    settings: AzureSettings | None = None
    first = ""
    for examined, folder in sources:
        section = examined.content.azure if examined.content is not None else None
        if section is None:
            continue
        if settings is not None:
            message = f"the Azure side is already described at {first}."
            examined.add(("azure",), message, at_key=True)
            continue
        first = examined.where(("azure",))
        settings = _settings(examined, section, folder)
    return settings


def _settings(
    examined: Examined[InventoryFile], section: AzureSection, folder: Path
) -> AzureSettings:
    bare = AzureSettings(
        subscription=section.subscription,
        resource_group=section.resource_group,
        tenant=section.tenant,
        endpoints=_endpoints(examined, section, folder),
        credential=_credential(examined, section.credential, folder),
    )
    return replace(
        bare,
        circuit=_resource(bare, section.circuit),
        gateway=_resource(bare, section.gateway),
        connection=_resource(bare, section.connection),
        virtual_network=_resource(bare, section.virtual_network),
    )


def lower_vm(
    examined: Examined[InventoryFile],
    place: Place,
    section: HostAzureSection,
    host: Host,
    azure: AzureSettings | None,
) -> Host:
    """Add the VM to a host that names one."""
    if host.role is not HostRole.AZURE_VM:
        message = f"the host '{host.name}' has the role {host.role}; only azure-vm has a VM."
        examined.add(place, message, at_key=True)
        return host
    if azure is None:
        message = "there is no section 'azure' that names the subscription of this VM."
        examined.add(place, message, at_key=True)
        return host
    return replace(host, azure_vm=_resource(azure, section.vm))


def _endpoints(
    examined: Examined[InventoryFile], section: AzureSection, folder: Path
) -> AzureEndpoints:
    written = section.endpoints
    if written is None:
        return CLOUDS[section.cloud]
    if "cloud" in section.model_fields_set:
        message = "'endpoints' stands instead of 'cloud'; write one of them."
        examined.add(("azure", "endpoints"), message, at_key=True)
    ca_file = written.ca_file
    if ca_file is not None:
        place = ("azure", "endpoints", "ca_file")
        ca_file = resolve_path(examined, place, ca_file, folder)
    return AzureEndpoints(
        authority=written.authority,
        resource_manager=written.resource_manager,
        audience=written.audience or written.resource_manager,
        ca_file=ca_file,
    )


def _credential(
    examined: Examined[InventoryFile], section: AzureCredentialSection, folder: Path
) -> AzureCredentialSource:
    for key, kinds in _KINDS_OF_KEYS.items():
        if key in section.model_fields_set and section.kind not in kinds:
            named = " or ".join(kind for kind in AzureCredentialKind if kind in kinds)
            message = f"'{key}' belongs to 'kind: {named}', not to {section.kind}."
            examined.add(("azure", "credential", key), message, at_key=True)
    paths: dict[str, str | None] = {}
    for key, text in (("certificate", section.certificate), ("token_file", section.token_file)):
        place = ("azure", "credential", key)
        paths[key] = None if text is None else resolve_path(examined, place, text, folder)
    return AzureCredentialSource(
        kind=section.kind,
        client_id=section.client_id,
        certificate=paths["certificate"],
        keyring_service=section.keyring,
        token_file=paths["token_file"],
    )


def _resource(settings: AzureSettings, text: str | None) -> AzureResource | None:
    if text is None:
        return None
    return AzureResource.from_id(text) if text.startswith("/") else settings.resource(text)
