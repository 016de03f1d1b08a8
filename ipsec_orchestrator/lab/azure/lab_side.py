"""What ties the imitation to a lab: its scene from the lab's hosts, and the inventory's section."""

from collections.abc import Sequence
from typing import Final

from ipsec_orchestrator.lab.azure.certificates import AzureFiles
from ipsec_orchestrator.lab.azure.scene import AzureScene, VmScene
from ipsec_orchestrator.lab.lab_hosts import AZURE_SUBNET, ON_PREMISES_SUBNET, LabHost
from ipsec_orchestrator.model.azure_settings import AzureCredentialKind
from ipsec_orchestrator.model.inventory import HostRole
from ipsec_orchestrator.model.json import Json

PORT: Final = 8443
"""Where it listens in a lab, on the address of the domain controller."""


def scene_of(hosts: Sequence[LabHost]) -> AzureScene:
    """Give the how-to's scene with the lab's hosts: its VMs, and its DC as DNS server."""
    return AzureScene(
        address_prefixes=(AZURE_SUBNET,),
        primary_routes=(ON_PREMISES_SUBNET, AZURE_SUBNET),
        secondary_routes=(ON_PREMISES_SUBNET, AZURE_SUBNET),
        gateway_routes=(ON_PREMISES_SUBNET,),
        dns_servers=tuple(
            str(host.internal_address) for host in hosts if host.is_domain_controller
        ),
        vms=tuple(
            VmScene(name=host.name, address=str(host.internal_address))
            for host in hosts
            if host.role is HostRole.AZURE_VM
        ),
    )


def azure_section(files: AzureFiles, base_url: str, scene: AzureScene) -> dict[str, Json]:
    """Give the inventory's ``azure`` section that leads to the imitation.

    Its credential is a service principal with a certificate: a file of the lab, and no secret in
    the environment.
    """
    return {
        "subscription": scene.subscription,
        "resource_group": scene.resource_group,
        "tenant": scene.tenant,
        "endpoints": {
            "authority": base_url,
            "resource_manager": base_url,
            "ca_file": str(files.ca_file),
        },
        "credential": {
            "kind": AzureCredentialKind.SERVICE_PRINCIPAL.value,
            "client_id": scene.client_id,
            "certificate": str(files.client_file),
        },
        "circuit": scene.circuit,
        "gateway": scene.gateway,
        "connection": scene.connection,
        "virtual_network": scene.virtual_network,
    }
