"""Asks Azure for everything that the checks want to know, and has them judge it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TypeAlias, TypeVar

from ipsec_orchestrator.checks.azure import azure_out_of_reach, check_azure, without_azure
from ipsec_orchestrator.errors import BackendError, OrchestratorError
from ipsec_orchestrator.model.azure import (
    Absent,
    Answer,
    AzureFacts,
    InterfaceFacts,
    MachineFacts,
    Unanswered,
    VirtualMachine,
)
from ipsec_orchestrator.model.azure_settings import AzureResource, AzureSettings
from ipsec_orchestrator.model.finding import Finding
from ipsec_orchestrator.model.inventory import Host, HostRole, Inventory
from ipsec_orchestrator.ports import AzureReader, Clock

_Found = TypeVar("_Found")

ReaderFactory: TypeAlias = Callable[[AzureSettings, Clock], AbstractContextManager[AzureReader]]
Tell: TypeAlias = Callable[[str], None]

_NOT_NAMED = Unanswered(reason="The inventory does not name it.")


def azure_findings(
    reader_factory: ReaderFactory, inventory: Inventory, clock: Clock, tell: Tell
) -> tuple[Finding, ...]:
    """Check the Azure side; nothing is changed there.

    Whatever can't be read makes its own checks unknown, and no others. Without an ``azure``
    section nothing is asked and all checks are not applicable.

    Args:
        reader_factory: Opens a reader for the settings: ``adapters.azure.open_azure``.
        inventory: With or without an ``azure`` section.
        clock: Waits between the two reads of the circuit's counters.
        tell: Is told what is being asked, one short line each.

    Returns:
        Findings whose ids begin with ``azure.``, in the how-to's order; those of VMs name the
        host.
    """
    settings = inventory.azure
    if settings is None:
        return without_azure()
    try:
        with reader_factory(settings, clock) as reader:
            facts = _gather(reader, inventory, settings, tell)
    except OrchestratorError as error:
        # No SDK or no credential: the other topics of doctor go on.
        return azure_out_of_reach(error.message, error.cure or "")
    return check_azure(inventory, settings, facts)


def _gather(
    reader: AzureReader, inventory: Inventory, settings: AzureSettings, tell: Tell
) -> AzureFacts:
    def ask(
        what: str,
        question: Callable[[AzureResource], _Found | Absent],
        resource: AzureResource | None,
    ) -> Answer[_Found]:
        if resource is None:
            return _NOT_NAMED
        tell(f"Azure: {what} {resource.name}")
        try:
            return question(resource)
        except BackendError as error:
            return Unanswered(reason=error.message, cure=error.cure or "")

    def machine(host: Host) -> MachineFacts:
        resource = host.azure_vm or settings.resource(host.name)
        found = ask("VM", reader.virtual_machine, resource)
        if not isinstance(found, VirtualMachine):
            return MachineFacts(machine=found)
        return MachineFacts(
            machine=found,
            interfaces=tuple(interface(found, single) for single in found.interfaces),
        )

    def interface(vm: VirtualMachine, resource: AzureResource) -> InterfaceFacts:
        found = ask("network interface", reader.network_interface, resource)
        if not vm.is_running:
            asleep = Unanswered(
                reason=f"The VM {vm.resource.name} does not run ({vm.power_state or 'unknown'}): "
                "Azure knows routes and rules in force of running VMs only.",
                cure=f"Start it: az vm start -g {vm.resource.resource_group} -n {vm.resource.name}",
            )
            return InterfaceFacts(interface=found, routes=asleep, groups=asleep)
        return InterfaceFacts(
            interface=found,
            routes=ask("routes in force on", reader.effective_routes, resource),
            groups=ask("security rules in force on", reader.security_groups, resource),
        )

    return AzureFacts(
        circuit=ask("circuit", reader.circuit, settings.circuit),
        routes=ask("routes learned by", reader.learned_routes, settings.circuit),
        traffic=ask("counters of", reader.traffic, settings.circuit),
        gateway=ask("gateway", reader.gateway, settings.gateway),
        connection=ask("connection", reader.connection, settings.connection),
        virtual_network=ask("VNet", reader.virtual_network, settings.virtual_network),
        machines={
            host.name: machine(host) for host in inventory.hosts if host.role is HostRole.AZURE_VM
        },
    )
