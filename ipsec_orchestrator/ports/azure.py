"""Reading the Azure side; nothing here changes anything there."""

from typing import Protocol

from ipsec_orchestrator.model.azure import (
    Absent,
    Circuit,
    Connection,
    EffectiveRoute,
    Gateway,
    NetworkInterface,
    RouteTables,
    SecurityGroup,
    Traffic,
    VirtualMachine,
    VirtualNetwork,
)
from ipsec_orchestrator.model.azure_settings import AzureResource


class AzureReader(Protocol):
    """Safe to use from several threads at once.

    All methods give :class:`~ipsec_orchestrator.model.azure.Absent` for a resource that is not
    there, and raise:

    * AuthenticationError: no token was given out.
    * AccessDeniedError: the token lacks a right; the cure names the least one.
    * HostUnreachableError: no connection.
    * ThrottledError: too many requests, also after waiting as told.
    * CloudRequestError: refused with a code that has no class of its own.
    * OutcomeUnknownError: a long-running read did not end in time.
    """

    def circuit(self, resource: AzureResource) -> Circuit | Absent:
        """Give a circuit with its peerings."""
        ...

    def learned_routes(self, circuit: AzureResource) -> RouteTables | Absent:
        """Give what both links of the private peering have learned; takes seconds."""
        ...

    def traffic(self, circuit: AzureResource) -> Traffic | Absent:
        """Read the counters of a circuit twice."""
        ...

    def gateway(self, resource: AzureResource) -> Gateway | Absent:
        """Give a virtual network gateway."""
        ...

    def connection(self, resource: AzureResource) -> Connection | Absent:
        """Give a connection with its status."""
        ...

    def virtual_network(self, resource: AzureResource) -> VirtualNetwork | Absent:
        """Give a VNet."""
        ...

    def virtual_machine(self, resource: AzureResource) -> VirtualMachine | Absent:
        """Give a VM with its power state."""
        ...

    def network_interface(self, resource: AzureResource) -> NetworkInterface | Absent:
        """Give a network interface."""
        ...

    def effective_routes(self, interface: AzureResource) -> tuple[EffectiveRoute, ...] | Absent:
        """Give the routes in force on an interface of a running VM; takes seconds."""
        ...

    def security_groups(self, interface: AzureResource) -> tuple[SecurityGroup, ...] | Absent:
        """Give the rules in force on an interface of a running VM; takes seconds."""
        ...
