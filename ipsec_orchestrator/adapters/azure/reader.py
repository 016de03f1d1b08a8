"""Asks Azure Resource Manager, one question a method."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final, TypeVar

from azure.core.exceptions import ResourceNotFoundError
from azure.core.polling import LROPoller
from typing_extensions import override

from ipsec_orchestrator.adapters.azure import translation
from ipsec_orchestrator.adapters.azure.clients import ArmClients
from ipsec_orchestrator.adapters.azure.failures import READER_ROLE, translated
from ipsec_orchestrator.errors import CloudRequestError, OutcomeUnknownError
from ipsec_orchestrator.model.azure import (
    Absent,
    Circuit,
    Connection,
    EffectiveRoute,
    Gateway,
    LearnedRoute,
    NetworkInterface,
    RouteTables,
    SecurityGroup,
    Traffic,
    TrafficCounters,
    VirtualMachine,
    VirtualNetwork,
)
from ipsec_orchestrator.model.azure_settings import AzureResource
from ipsec_orchestrator.ports import AzureReader, Clock

_Result = TypeVar("_Result")

PRIVATE_PEERING: Final = "AzurePrivatePeering"
# Azure refreshes the counters every few seconds.
PAUSE_SECONDS: Final = 5.0
DEADLINE_SECONDS: Final = 180.0
ROUTES_RIGHT: Final = "Microsoft.Network/expressRouteCircuits/peerings/routeTables/action"
EFFECTIVE_ROUTES_RIGHT: Final = "Microsoft.Network/networkInterfaces/effectiveRouteTable/action"
EFFECTIVE_RULES_RIGHT: Final = (
    "Microsoft.Network/networkInterfaces/effectiveNetworkSecurityGroups/action"
)
# 404 with one of these codes is about something larger than the resource that was asked for.
_SCOPE_CODES: Final = {
    "ResourceGroupNotFound": "Check resource_group in the inventory's azure section.",
    "SubscriptionNotFound": "Check subscription in the inventory's azure section.",
    "InvalidSubscriptionId": "Check subscription in the inventory's azure section.",
}


class SdkAzureReader(AzureReader):
    """The reader on azure-mgmt-network and azure-mgmt-compute."""

    def __init__(
        self,
        clients: ArmClients,
        clock: Clock,
        *,
        pause_seconds: float = PAUSE_SECONDS,
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> None:
        """Ask nothing yet.

        Args:
            clients: The SDK's clients.
            clock: Waits between the two reads of a circuit's counters.
            pause_seconds: How long.
            deadline_seconds: When a long-running read is given up.
        """
        self._clients = clients
        self._clock = clock
        self._pause_seconds = pause_seconds
        self._deadline_seconds = deadline_seconds

    @override
    def circuit(self, resource: AzureResource) -> Circuit | Absent:
        operations = self._clients.network(resource.subscription).express_route_circuits
        return self._ask(
            resource,
            "expressRouteCircuits",
            lambda: translation.circuit(
                resource, operations.get(resource.resource_group, resource.name)
            ),
        )

    @override
    def learned_routes(self, circuit: AzureResource) -> RouteTables | Absent:
        operations = self._clients.network(circuit.subscription).express_route_circuits

        def table(path: str) -> tuple[LearnedRoute, ...]:
            poller = operations.begin_list_routes_table(
                circuit.resource_group, circuit.name, PRIVATE_PEERING, path
            )
            return translation.learned_routes(self._result(poller, circuit, "routeTables"))

        return self._ask(
            circuit,
            "expressRouteCircuits",
            lambda: RouteTables(primary=table("primary"), secondary=table("secondary")),
            right=f"{READER_ROLE} and {ROUTES_RIGHT}",
        )

    @override
    def traffic(self, circuit: AzureResource) -> Traffic | Absent:
        operations = self._clients.network(circuit.subscription).express_route_circuits

        def read() -> TrafficCounters:
            return translation.counters(operations.get_stats(circuit.resource_group, circuit.name))

        def twice() -> Traffic:
            before = read()
            started = self._clock.monotonic_seconds()
            self._clock.wait(self._pause_seconds)
            after = read()
            seconds = self._clock.monotonic_seconds() - started
            return Traffic(before=before, after=after, seconds=seconds)

        return self._ask(circuit, "expressRouteCircuits", twice)

    @override
    def gateway(self, resource: AzureResource) -> Gateway | Absent:
        operations = self._clients.network(resource.subscription).virtual_network_gateways
        return self._ask(
            resource,
            "virtualNetworkGateways",
            lambda: translation.gateway(
                resource, operations.get(resource.resource_group, resource.name)
            ),
        )

    @override
    def connection(self, resource: AzureResource) -> Connection | Absent:
        client = self._clients.network(resource.subscription)
        operations = client.virtual_network_gateway_connections
        return self._ask(
            resource,
            "connections",
            lambda: translation.connection(
                resource, operations.get(resource.resource_group, resource.name)
            ),
        )

    @override
    def virtual_network(self, resource: AzureResource) -> VirtualNetwork | Absent:
        operations = self._clients.network(resource.subscription).virtual_networks
        return self._ask(
            resource,
            "virtualNetworks",
            lambda: translation.virtual_network(
                resource, operations.get(resource.resource_group, resource.name)
            ),
        )

    @override
    def virtual_machine(self, resource: AzureResource) -> VirtualMachine | Absent:
        operations = self._clients.compute(resource.subscription).virtual_machines
        return self._ask(
            resource,
            "virtualMachines",
            lambda: translation.virtual_machine(
                resource,
                operations.get(resource.resource_group, resource.name, expand="instanceView"),
            ),
        )

    @override
    def network_interface(self, resource: AzureResource) -> NetworkInterface | Absent:
        operations = self._clients.network(resource.subscription).network_interfaces
        return self._ask(
            resource,
            "networkInterfaces",
            lambda: translation.network_interface(
                resource, operations.get(resource.resource_group, resource.name)
            ),
        )

    @override
    def effective_routes(self, interface: AzureResource) -> tuple[EffectiveRoute, ...] | Absent:
        operations = self._clients.network(interface.subscription).network_interfaces

        def read() -> tuple[EffectiveRoute, ...]:
            poller = operations.begin_get_effective_route_table(
                interface.resource_group, interface.name
            )
            said = self._result(poller, interface, "effectiveRouteTable")
            return translation.effective_routes(said)

        right = f"{READER_ROLE} and {EFFECTIVE_ROUTES_RIGHT}"
        return self._ask(interface, "networkInterfaces", read, right=right)

    @override
    def security_groups(self, interface: AzureResource) -> tuple[SecurityGroup, ...] | Absent:
        operations = self._clients.network(interface.subscription).network_interfaces

        def read() -> tuple[SecurityGroup, ...]:
            poller = operations.begin_list_effective_network_security_groups(
                interface.resource_group, interface.name
            )
            said = self._result(poller, interface, "effectiveNetworkSecurityGroups")
            return translation.security_groups(said, interface=interface)

        right = f"{READER_ROLE} and {EFFECTIVE_RULES_RIGHT}"
        return self._ask(interface, "networkInterfaces", read, right=right)

    def _ask(
        self,
        resource: AzureResource,
        kind: str,
        question: Callable[[], _Result],
        *,
        right: str = READER_ROLE,
    ) -> _Result | Absent:
        target = f"{kind}/{resource.name}"
        with translated(target, right=right, endpoints=self._clients.endpoints):
            try:
                return question()
            except ResourceNotFoundError as error:
                code = (error.error.code if error.error is not None else None) or ""
                if code in _SCOPE_CODES:
                    raise CloudRequestError(
                        target=target,
                        status=error.status_code or 0,
                        code=code,
                        reason=f"neither is resource group {resource.resource_group} or "
                        f"subscription {resource.subscription} to be seen",
                        cure=_SCOPE_CODES[code],
                    ) from error
                return Absent(resource=resource)

    def _result(self, poller: LROPoller[_Result], resource: AzureResource, what: str) -> _Result:
        """Wait for a long-running read, though not forever."""
        poller.wait(self._deadline_seconds)
        if not poller.done():
            raise OutcomeUnknownError(
                host=f"{resource.name}/{what}",
                reason=f"Azure did not finish it within {self._deadline_seconds:g} seconds",
                cure="Try again later; nothing was changed.",
            )
        result = poller.result()
        if getattr(result, "value", None) is None:
            # No rows are an empty list; an answer without a list is none at all.
            raise CloudRequestError(
                target=f"{resource.name}/{what}",
                status=HTTPStatus.OK,
                code="",
                reason="the answer of the long-running operation holds no rows",
                cure="Try again later; if it stays so, Azure's answer has changed its shape.",
            )
        return result
