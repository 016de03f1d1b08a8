"""The Azure side of the how-to's prerequisites: one function each, over what Azure said."""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from ipsec_orchestrator.checks.azure_circuit import (
    check_circuit,
    check_private_peering,
    check_provider,
    check_routes,
    check_traffic,
)
from ipsec_orchestrator.checks.azure_dns import check_dns
from ipsec_orchestrator.checks.azure_gateway import check_connection, check_gateway
from ipsec_orchestrator.checks.azure_outcomes import SECTION_CURE, AzureCheck
from ipsec_orchestrator.checks.azure_security_groups import check_security_groups
from ipsec_orchestrator.checks.azure_vms import check_effective_routes, check_vms
from ipsec_orchestrator.model.azure import AzureFacts
from ipsec_orchestrator.model.azure_settings import AzureSettings
from ipsec_orchestrator.model.finding import Finding
from ipsec_orchestrator.model.inventory import Inventory

CheckFunction: TypeAlias = Callable[[Inventory, AzureSettings, AzureFacts], tuple[Finding, ...]]

CHECKS: Final[Mapping[AzureCheck, CheckFunction]] = {
    AzureCheck.CIRCUIT: check_circuit,
    AzureCheck.PROVIDER: check_provider,
    AzureCheck.PRIVATE_PEERING: check_private_peering,
    AzureCheck.ROUTES: check_routes,
    AzureCheck.TRAFFIC: check_traffic,
    AzureCheck.GATEWAY: check_gateway,
    AzureCheck.CONNECTION: check_connection,
    AzureCheck.VMS: check_vms,
    AzureCheck.EFFECTIVE_ROUTES: check_effective_routes,
    AzureCheck.SECURITY_GROUPS: check_security_groups,
    AzureCheck.DNS: check_dns,
}


def check_azure(
    inventory: Inventory, settings: AzureSettings, facts: AzureFacts
) -> tuple[Finding, ...]:
    """Run all checks, in the how-to's order.

    Args:
        inventory: Which hosts there are on both sides, and their networks.
        settings: The inventory's ``azure`` section.
        facts: What Azure said; ``machines`` has every host with the role azure-vm.
    """
    return tuple(
        finding for check in CHECKS.values() for finding in check(inventory, settings, facts)
    )


def without_azure() -> tuple[Finding, ...]:
    """Give the findings of an inventory that has no ``azure`` section."""
    return tuple(
        check.not_applicable("The inventory has no azure section.", SECTION_CURE)
        for check in AzureCheck
    )


def azure_out_of_reach(reason: str, cure: str) -> tuple[Finding, ...]:
    """Give the findings where nothing could be asked: no SDK, no credential."""
    return tuple(check.unknown(reason, cure) for check in AzureCheck)
