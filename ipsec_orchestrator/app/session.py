"""Opens the world of a run: credential, the one DC, its share, the members."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from ipsec_orchestrator.adapters.clock import SystemClock
from ipsec_orchestrator.adapters.domain_connection import connect_domain
from ipsec_orchestrator.adapters.domain_locator import DomainController
from ipsec_orchestrator.adapters.members import WindowsMembers
from ipsec_orchestrator.adapters.scripts import script_call
from ipsec_orchestrator.adapters.secrets import GivenCredential, open_credential
from ipsec_orchestrator.adapters.thread_runner import ThreadRunner
from ipsec_orchestrator.adapters.winrm_gpos import WinrmGpos
from ipsec_orchestrator.adapters.winrm_sysvol import WinrmSysvol
from ipsec_orchestrator.app.options import ConnectOptions
from ipsec_orchestrator.model.inventory import Domain, Host, HostRole, Inventory
from ipsec_orchestrator.model.policy import GpoVia
from ipsec_orchestrator.ports import World


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
        credential = stack.enter_context(
            open_credential(
                domain.credentials,
                domain=domain.name,
                auth=domain.ldap.auth,
                given=GivenCredential(user=options.user, password=options.password),
            ),
        )
        clock = SystemClock()
        stack.callback(clock.stop)
        connection = stack.enter_context(connect_domain(domain, credential))
        members = WindowsMembers(credential)
        host = _controller_host(inventory, connection.controller)
        yield World(
            inventory=inventory,
            directory=connection.directory,
            gpos={
                GpoVia.WINRM: WinrmGpos(members, controller=host, domain=domain.name),
                GpoVia.SMB: connection.gpos,
            },
            sysvol={
                GpoVia.WINRM: WinrmSysvol(members, controller=host, domain=domain.name),
                GpoVia.SMB: connection.sysvol,
            },
            members=members,
            scripts=script_call,
            clock=clock,
            runner=ThreadRunner(threads=options.threads),
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
