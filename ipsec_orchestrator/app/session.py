"""Opens the world of a run: credential, the one DC, its share, the members."""

from collections.abc import Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from functools import partial

from ipsec_orchestrator.adapters.addresses import NetworkAddresses
from ipsec_orchestrator.adapters.authentication import Credential
from ipsec_orchestrator.adapters.clock import SystemClock
from ipsec_orchestrator.adapters.domain_connection import (
    connect_controller,
    connect_domain,
    connect_sysvol,
)
from ipsec_orchestrator.adapters.domain_locator import DomainController
from ipsec_orchestrator.adapters.members import WindowsMembers
from ipsec_orchestrator.adapters.scripts import script_call
from ipsec_orchestrator.adapters.secrets import GivenCredential, open_credential
from ipsec_orchestrator.adapters.service_records import DnsServiceRecords
from ipsec_orchestrator.adapters.thread_runner import ThreadRunner
from ipsec_orchestrator.adapters.unreachable_directory import UnreachableDirectory
from ipsec_orchestrator.adapters.winrm_gpos import WinrmGpos
from ipsec_orchestrator.adapters.winrm_sysvol import WinrmSysvol
from ipsec_orchestrator.app.options import ConnectOptions
from ipsec_orchestrator.errors import BackendError
from ipsec_orchestrator.model.inventory import Domain, Host, HostRole, Inventory
from ipsec_orchestrator.model.policy import GpoVia
from ipsec_orchestrator.ports import Directory, Sysvol, World


@contextmanager
def connected(
    inventory: Inventory,
    options: ConnectOptions,
    *,
    dc: str | None = None,
) -> Generator[World]:
    """Give the world while the block runs; connections are made when they are first used.

    Args:
        inventory: What exists.
        options: Who we are, where we go.
        dc: The DC of a saved plan; it goes before the PDC emulator, but after ``options.dc``.

    Raises:
        UsageError: No credentials.
        BackendError: No DC, or it refuses us.
    """
    domain = _domain(inventory.domain, options.dc or dc)
    with ExitStack() as stack:
        credential = stack.enter_context(_credential(domain, options))
        connection = stack.enter_context(connect_domain(domain, credential))
        host = _controller_host(inventory, connection.controller)
        world = _world(
            stack, inventory, options, domain, credential=credential, directory=connection.directory
        )
        yield replace(
            world,
            gpos={
                GpoVia.WINRM: WinrmGpos(world.members, controller=host, domain=domain.name),
                GpoVia.SMB: connection.gpos,
            },
            sysvol={
                GpoVia.WINRM: WinrmSysvol(world.members, controller=host, domain=domain.name),
                GpoVia.SMB: connection.sysvol,
            },
        )


@contextmanager
def examined(inventory: Inventory, options: ConnectOptions) -> Generator[World]:
    """Give the world to somebody who wants to know what is wrong with it.

    Where the domain can't be had its directory raises that error at every question, and there is
    neither SYSVOL nor a way to make GPOs; the hosts can be asked all the same.

    Raises:
        UsageError: No credentials.
    """
    domain = _domain(inventory.domain, options.dc)
    with ExitStack() as stack:
        credential = stack.enter_context(_credential(domain, options))
        directory: Directory
        sysvol: dict[GpoVia, Sysvol]
        try:
            connection = stack.enter_context(connect_domain(domain, credential))
        except BackendError as error:
            directory, sysvol = UnreachableDirectory(error), {}
        else:
            # Members read templates over SMB, whichever way GPOs are made.
            directory, sysvol = connection.directory, {GpoVia.SMB: connection.sysvol}
        world = _world(
            stack, inventory, options, domain, credential=credential, directory=directory
        )
        yield replace(world, sysvol=sysvol)


def _credential(domain: Domain, options: ConnectOptions) -> AbstractContextManager[Credential]:
    return open_credential(
        domain.credentials,
        domain=domain.name,
        auth=domain.ldap.auth,
        given=GivenCredential(user=options.user, password=options.password),
    )


def _world(
    stack: ExitStack,
    inventory: Inventory,
    options: ConnectOptions,
    domain: Domain,
    *,
    credential: Credential,
    directory: Directory,
) -> World:
    """Put together what does not depend on the DC's share."""
    clock = SystemClock()
    stack.callback(clock.stop)
    return World(
        inventory=inventory,
        directory=directory,
        gpos={},
        sysvol={},
        members=WindowsMembers(credential),
        scripts=script_call,
        clock=clock,
        runner=ThreadRunner(threads=options.threads),
        records=DnsServiceRecords(domain),
        open_controller=partial(connect_controller, domain, credential),
        open_sysvol=partial(connect_sysvol, domain, credential),
        account=credential.user or "",
        addresses=NetworkAddresses(domain),
    )


def _domain(domain: Domain, dc: str | None) -> Domain:
    """Put the DC that the user or the plan names in place of the inventory's."""
    if dc is None:
        return domain
    return replace(domain, pdc=dc, ldap=replace(domain.ldap, server=dc))


def _controller_host(inventory: Inventory, controller: DomainController) -> Host:
    """Give the inventory's host of the DC; one that is not listed gets the usual settings."""
    key = controller.fqdn.casefold()
    return next(
        (host for host in inventory.hosts if host.fqdn.casefold() == key),
        Host(
            name=controller.fqdn,
            role=HostRole.DOMAIN_CONTROLLER,
            fqdn=controller.fqdn,
        ),
    )
