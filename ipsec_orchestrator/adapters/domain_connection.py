"""One run's connection to a domain: the PDC emulator found, its directory and SYSVOL at hand."""

from collections.abc import Generator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass

from ipsec_orchestrator.adapters.authentication import Credential
from ipsec_orchestrator.adapters.domain_locator import (
    DomainController,
    confirm,
    locate,
    other_controller,
)
from ipsec_orchestrator.adapters.ldap import Endpoint, LdapDirectory
from ipsec_orchestrator.adapters.smb import Share, ShareEndpoint, SmbGpos, SmbSysvol
from ipsec_orchestrator.model.inventory import AuthMethod, Domain


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainConnection:
    """What a run speaks with; all of it on one DC.

    Attributes:
        controller: The DC and how it was found, for the plan.
        directory: Its directory.
        sysvol: Its SYSVOL; connected at the first use.
        gpos: The way to make GPOs without PowerShell on the DC.
    """

    controller: DomainController
    directory: LdapDirectory
    sysvol: SmbSysvol
    gpos: SmbGpos


@contextmanager
def connect_domain(domain: Domain, credential: Credential) -> Generator[DomainConnection]:
    """Find the PDC emulator, log on to its directory, and close everything at the end.

    Args:
        domain: The inventory's word.
        credential: Of the run; inside the block of
            :func:`~ipsec_orchestrator.adapters.secrets.open_credential`.

    Raises:
        HostUnreachableError: No DC was found or answers.
        AuthenticationError: It refused the credential.
        MissingDependencyError: Kerberos is needed and not installed.
    """
    with ExitStack() as stack:
        opened: dict[str, LdapDirectory] = {}

        def directory_of(controller: DomainController) -> LdapDirectory:
            known = opened.get(controller.fqdn)
            if known is None:
                known = opened[controller.fqdn] = stack.enter_context(
                    LdapDirectory(_endpoint(domain, controller, credential))
                )
            return known

        controller = confirm(domain, locate(domain), directory_of)
        directory = directory_of(controller)
        share = stack.enter_context(closing(_share(domain, controller, credential)))
        yield DomainConnection(
            controller=controller,
            directory=directory,
            sysvol=SmbSysvol(share, domain=domain.name),
            gpos=SmbGpos(directory, share),
        )


@contextmanager
def connect_controller(
    domain: Domain, credential: Credential, fqdn: str
) -> Generator[LdapDirectory]:
    """Log on to the directory of one more DC, and close it at the end.

    Raises:
        HostUnreachableError: It does not answer.
        AuthenticationError: It refused the credential.
    """
    controller = other_controller(domain, fqdn)
    with LdapDirectory(_endpoint(domain, controller, credential)) as directory:
        yield directory


@contextmanager
def connect_sysvol(domain: Domain, credential: Credential, fqdn: str) -> Generator[SmbSysvol]:
    """Give the SYSVOL of one more DC; connected at the first use, closed at the end.

    Raises:
        HostUnreachableError: Its address can't be found.
    """
    controller = other_controller(domain, fqdn)
    with closing(_share(domain, controller, credential)) as share:
        yield SmbSysvol(share, domain=domain.name)


def _endpoint(domain: Domain, controller: DomainController, credential: Credential) -> Endpoint:
    return Endpoint(
        fqdn=controller.fqdn,
        address=controller.address,
        credential=credential,
        settings=domain.ldap,
    )


def _share(domain: Domain, controller: DomainController, credential: Credential) -> Share:
    auth = domain.ldap.auth
    return Share(
        ShareEndpoint(
            fqdn=controller.fqdn,
            address=controller.address,
            credential=credential,
            # SMB has no simple bind.
            auth=AuthMethod.NEGOTIATE if auth is AuthMethod.SIMPLE else auth,
            connect_timeout_seconds=domain.ldap.connect_timeout_seconds,
            operation_timeout_seconds=domain.ldap.read_timeout_seconds,
        )
    )
