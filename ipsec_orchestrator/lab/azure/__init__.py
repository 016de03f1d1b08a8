"""An imitation of Azure for the lab: token endpoint and Resource Manager over HTTPS on loopback.

It answers in the shapes of the public REST examples (repository Azure/azure-rest-api-specs), so
that the real SDK clients run against it unmodified, with their checks of certificates on. What it
answers is one frozen :class:`AzureScene`; ``replace()`` breaks one prerequisite at a time.
"""

from ipsec_orchestrator.lab.azure.certificates import AzureFiles, issue_azure_files
from ipsec_orchestrator.lab.azure.imitation import AzureImitation
from ipsec_orchestrator.lab.azure.lab_side import azure_section, scene_of
from ipsec_orchestrator.lab.azure.scene import (
    ArmFaults,
    AzureScene,
    RuleScene,
    UserRouteScene,
    VmScene,
)

__all__ = [
    "ArmFaults",
    "AzureFiles",
    "AzureImitation",
    "AzureScene",
    "RuleScene",
    "UserRouteScene",
    "VmScene",
    "azure_section",
    "issue_azure_files",
    "scene_of",
]
