"""Gateway and connection: what ties the VNet to the circuit."""

from ipsec_orchestrator.checks.azure_outcomes import (
    AzureCheck,
    Fault,
    cure_of_provisioning,
    is_word,
)
from ipsec_orchestrator.model.azure import AzureFacts, Connection, Gateway
from ipsec_orchestrator.model.azure_settings import AzureSettings
from ipsec_orchestrator.model.finding import Finding
from ipsec_orchestrator.model.inventory import Inventory


def check_gateway(
    _inventory: Inventory, settings: AzureSettings, facts: AzureFacts
) -> tuple[Finding, ...]:
    """Check that the gateway is one for ExpressRoute, not VPN; show its SKU."""
    check = AzureCheck.GATEWAY
    gateway = facts.gateway
    if settings.gateway is None:
        return (check.not_named("gateway"),)
    if not isinstance(gateway, Gateway):
        return (check.unread(gateway, "virtual network gateway", "gateway"),)
    name = gateway.resource.name
    sku = f" with SKU {gateway.sku}" if gateway.sku else ""
    seen = (
        f"The gateway {name} is of type {gateway.gateway_type or 'unknown'}{sku}, its "
        f"provisioning {gateway.provisioning_state or 'in no known state'}."
    )
    if not is_word(gateway.gateway_type, "ExpressRoute"):
        return (
            check.failed(
                seen,
                "A gateway of another type can't be changed into one for ExpressRoute: create one "
                "beside it in GatewaySubnet (az network vnet-gateway create --gateway-type "
                f"ExpressRoute -g {gateway.resource.resource_group} ...), or correct gateway in "
                "the inventory.",
            ),
        )
    if not is_word(gateway.provisioning_state, "Succeeded"):
        cure = cure_of_provisioning("gateway", name, gateway.provisioning_state)
        return (check.failed(seen, cure),)
    return (check.passed(seen),)


def check_connection(
    _inventory: Inventory, settings: AzureSettings, facts: AzureFacts
) -> tuple[Finding, ...]:
    """Check that the connection joins this gateway to this circuit, and is up."""
    check = AzureCheck.CONNECTION
    connection = facts.connection
    if settings.connection is None:
        return (check.not_named("connection"),)
    if not isinstance(connection, Connection):
        return (check.unread(connection, "connection", "connection"),)
    name = connection.resource.name
    seen = (
        f"The connection {name} is {connection.status or 'in no known state'}, of type "
        f"{connection.connection_type or 'unknown'}, its provisioning "
        f"{connection.provisioning_state or 'in no known state'}; FastPath is "
        f"{'on: traffic goes around the gateway' if connection.fast_path else 'off'}."
    )
    fault = _connection_fault(connection, settings, seen)
    if fault is not None:
        return (check.failed(fault.seen, fault.cure),)
    if is_word(connection.status, "Unknown") or not connection.status:
        return (
            check.unknown(seen, "Azure does not know the status yet: ask again in a few minutes."),
        )
    return (check.passed(seen),)


def _connection_fault(connection: Connection, settings: AzureSettings, seen: str) -> Fault | None:
    name = connection.resource.name
    if not is_word(connection.connection_type, "ExpressRoute"):
        return Fault(
            seen=seen,
            cure="Create a connection of type ExpressRoute between gateway and circuit (portal: "
            "Connections of the circuit), or correct connection in the inventory.",
        )
    wrong_end = _wrong_end(connection, settings)
    if wrong_end is not None:
        return wrong_end
    if connection.status and connection.status.casefold() not in {"connected", "unknown"}:
        return Fault(
            seen=seen,
            cure=f"See Overview of {name} in the portal; if circuit, provider and private peering "
            "are well, delete the connection and create it again.",
        )
    if not is_word(connection.provisioning_state, "Succeeded"):
        cure = cure_of_provisioning("connection", name, connection.provisioning_state)
        return Fault(seen=seen, cure=cure)
    return None


def _wrong_end(connection: Connection, settings: AzureSettings) -> Fault | None:
    for what, found, wanted in (
        ("circuit", connection.peer, settings.circuit),
        ("gateway", connection.gateway, settings.gateway),
    ):
        if wanted is None or (found is not None and found.is_same(wanted)):
            continue
        there = "none" if found is None else f"{found.name} (resource group {found.resource_group})"
        return Fault(
            seen=f"The {what} of the connection {connection.resource.name} is {there}, not "
            f"{wanted.name} (resource group {wanted.resource_group}).",
            cure=f"Connect the right {what}, or correct connection or {what} in the inventory.",
        )
    return None
