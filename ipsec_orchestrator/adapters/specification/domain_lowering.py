"""The domain section -> :class:`Domain`: controllers resolved, paths made absolute."""

import re
from collections.abc import Sequence
from pathlib import Path

from ipsec_orchestrator.adapters.specification.document import Place
from ipsec_orchestrator.adapters.specification.examination import Examined
from ipsec_orchestrator.adapters.specification.inventory_schema import (
    DomainSection,
    InventoryFile,
    LdapSection,
)
from ipsec_orchestrator.adapters.specification.local_paths import resolve_path
from ipsec_orchestrator.model.inventory import (
    AuthMethod,
    CredentialSource,
    Domain,
    Host,
    HostRole,
    LdapSettings,
    LdapTransport,
)
from ipsec_orchestrator.model.suggestion import did_you_mean

# Kerberos names caches that are no files by their kind: KEYRING:..., KCM:, API:..., MSLSA:.
_CACHE_ELSEWHERE = re.compile(r"(?!FILE:)[A-Z]{2,}:")


def lower_domain(
    examined: Examined[InventoryFile],
    section: DomainSection,
    folder: Path,
    hosts: Sequence[Host],
    names: Sequence[str],
) -> Domain:
    """Make the domain; problems are added to its file.

    Args:
        examined: The file that describes the domain.
        section: The description.
        folder: Where the file is.
        hosts: The hosts of all files.
        names: The names of all hosts as written, also of those that could not be read.
    """
    controllers = [
        _controller(examined, ("domain", "controllers", index), name, hosts, names)
        for index, name in enumerate(section.controllers)
    ] or [host.fqdn for host in hosts if host.role is HostRole.DOMAIN_CONTROLLER]
    pdc = None
    if section.pdc is not None:
        pdc = _controller(examined, ("domain", "pdc"), section.pdc, hosts, names)
    return Domain(
        name=section.name,
        controllers=tuple(dict.fromkeys(controllers)),
        pdc=pdc,
        dns_server=section.dns_server,
        ldap=_ldap(examined, section.ldap, folder, pdc),
        credentials=_credentials(examined, section, folder),
        policy_age_seconds=section.policy_age,
    )


def _controller(
    examined: Examined[InventoryFile],
    place: Place,
    name: str,
    hosts: Sequence[Host],
    names: Sequence[str],
) -> str:
    """Give the FQDN of a domain controller named by host name or FQDN."""
    key = name.casefold()
    host = next(
        (host for host in hosts if key in (host.name.casefold(), host.fqdn.casefold())), None
    )
    if host is None:
        if "." not in name and key not in map(str.casefold, names):
            controllers = [host.name for host in hosts if host.role is HostRole.DOMAIN_CONTROLLER]
            message = (
                f"there is no host '{name}'; name a host with the role domain-controller, or an "
                f"FQDN.{did_you_mean(name, controllers)}"
            )
            examined.add(place, message)
        return name
    if host.role is not HostRole.DOMAIN_CONTROLLER:
        examined.add(place, f"the host '{host.name}' has the role {host.role}.")
    return host.fqdn


def _ldap(
    examined: Examined[InventoryFile],
    section: LdapSection,
    folder: Path,
    pdc: str | None,
) -> LdapSettings:
    if section.auth is AuthMethod.SIMPLE and section.transport is not LdapTransport.LDAPS:
        message = (
            "a simple bind sends the password as it is; it is allowed with 'transport: ldaps' only."
        )
        examined.add(("domain", "ldap", "auth"), message)
    ca_file = section.ca_file
    if ca_file is not None:
        ca_file = resolve_path(examined, ("domain", "ldap", "ca_file"), ca_file, folder)
    return LdapSettings(
        transport=section.transport,
        auth=section.auth,
        port=section.port,
        ca_file=ca_file,
        server=pdc,
        address=section.address,
        connect_timeout_seconds=section.connect_timeout,
        read_timeout_seconds=section.read_timeout,
    )


def _credentials(
    examined: Examined[InventoryFile],
    section: DomainSection,
    folder: Path,
) -> CredentialSource:
    written = section.credentials
    paths: dict[str, str | None] = {}
    for key, text in (
        ("ccache", written.ccache),
        ("keytab", written.keytab),
        ("krb5_conf", written.krb5_conf),
    ):
        place = ("domain", "credentials", key)
        if text is None or _CACHE_ELSEWHERE.match(text):
            paths[key] = text
        else:
            path = text.removeprefix("FILE:")
            paths[key] = resolve_path(examined, place, path, folder)
    for key, other in (("keytab", written.keytab), ("keyring", written.keyring)):
        if other is not None and written.user is None:
            message = f"'{key}' needs 'user': whose key or password is it?"
            examined.add(("domain", "credentials", key), message, at_key=True)
    return CredentialSource(
        user=written.user,
        ccache=paths["ccache"],
        keytab=paths["keytab"],
        krb5_conf=paths["krb5_conf"],
        keyring_service=written.keyring,
    )
