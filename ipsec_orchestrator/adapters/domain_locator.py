"""Finds the one DC that a run speaks with: the PDC emulator, unless the inventory says otherwise.

First DNS (``_ldap._tcp.pdc._msdcs.<domain>``, [MS-ADTS] 6.3.2.3), then, where DNS names any DC,
the directory's own word: ``fSMORoleOwner`` of the domain object.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from ipaddress import ip_address

import dns.exception
import dns.rdatatype
import dns.resolver

from ipsec_orchestrator.errors import HostUnreachableError
from ipsec_orchestrator.model.directory import parent_dn
from ipsec_orchestrator.model.inventory import Domain
from ipsec_orchestrator.ports.directory import Directory

_PDC_RECORD = "_ldap._tcp.pdc._msdcs."
_DC_RECORD = "_ldap._tcp.dc._msdcs."
_DNS_PORT = 53
_DNS_LIFETIME_SECONDS = 10.0


class FoundBy(StrEnum):
    """How the DC was found, in words for the plan."""

    OVERRIDE = "named in the inventory"
    PDC_RECORD = "DNS record of the PDC emulator"
    DC_RECORD = "DNS record of the DCs"
    CONTROLLERS = "first of the inventory's controllers"
    ROLE_OWNER = "fSMORoleOwner of the domain"


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainController:
    """A DC.

    Attributes:
        fqdn: DNS name.
        address: Where to connect; ``None`` leaves it to the system's name resolution.
        found_by: How it was found.
    """

    fqdn: str
    address: str | None
    found_by: FoundBy


def locate(domain: Domain, *, dns_port: int = _DNS_PORT) -> DomainController:
    """Find the DC to begin with.

    The inventory's word goes first (``ldap.server``, then ``pdc``), then DNS for the PDC
    emulator, then DNS for any DC, then the inventory's list of controllers.

    Args:
        domain: The domain.
        dns_port: Port of ``domain.dns_server``.

    Raises:
        HostUnreachableError: Nothing names a DC.
    """
    resolver = _resolver(domain, dns_port)
    named = domain.ldap.server or domain.pdc
    if named:
        return _with_address(named, FoundBy.OVERRIDE, domain, resolver)
    for record, found_by in (
        (_PDC_RECORD, FoundBy.PDC_RECORD),
        (_DC_RECORD, FoundBy.DC_RECORD),
    ):
        target = _first_target(record + domain.name, resolver)
        if target:
            return _with_address(target, found_by, domain, resolver)
    if domain.controllers:
        return _with_address(domain.controllers[0], FoundBy.CONTROLLERS, domain, resolver)
    raise HostUnreachableError(
        host=domain.name,
        reason="DNS names no domain controller of it",
        cure="Set dns_server to a DNS server of the domain, or name the PDC emulator as pdc.",
    )


def role_owner(directory: Directory) -> str | None:
    """Give the FQDN of the PDC emulator as the directory knows it.

    ``fSMORoleOwner`` of the domain object names the NTDS Settings object, whose parent is the
    server object with ``dNSHostName`` ([MS-ADTS] 6.1.5.3).
    """
    domain = directory.read(directory.names().domain_dn, ["fSMORoleOwner"])
    settings = domain.attributes.text("fSMORoleOwner") if domain else None
    if not settings:
        return None
    server = directory.read(parent_dn(settings), ["dNSHostName"])
    return server.attributes.text("dNSHostName") if server else None


def confirm(
    domain: Domain,
    found: DomainController,
    directory_of: Callable[[DomainController], Directory],
    *,
    dns_port: int = _DNS_PORT,
) -> DomainController:
    """Ask the DC that was found whether it is the PDC emulator; if not, give the one that is.

    What the inventory names is taken as it is, though it may be another DC.

    Args:
        domain: The domain.
        found: What :func:`locate` gave.
        directory_of: Opens the directory of a DC; the caller closes it.
        dns_port: Port of ``domain.dns_server``.
    """
    if found.found_by is FoundBy.OVERRIDE:
        return found
    owner = role_owner(directory_of(found))
    if owner is None or owner.casefold() == found.fqdn.casefold():
        return found
    # The address in the inventory belongs to the DC that was found first, not to this one.
    return other_controller(domain, owner, dns_port=dns_port)


def other_controller(domain: Domain, fqdn: str, *, dns_port: int = _DNS_PORT) -> DomainController:
    """Give a DC that the directory names, with where to connect.

    Args:
        domain: The domain; its address is that of another DC and does not count.
        fqdn: DNS name of the DC.
        dns_port: Port of ``domain.dns_server``.
    """
    elsewhere = replace(domain, ldap=replace(domain.ldap, address=None))
    return _with_address(fqdn, FoundBy.ROLE_OWNER, elsewhere, _resolver(domain, dns_port))


def _resolver(domain: Domain, dns_port: int) -> dns.resolver.Resolver | None:
    """Give a resolver that asks the inventory's server, else the system's; ``None``: has none."""
    try:
        resolver = dns.resolver.Resolver(configure=domain.dns_server is None)
    except dns.resolver.NoResolverConfiguration:
        return None
    if domain.dns_server:
        resolver.nameservers = [domain.dns_server]
        resolver.port = dns_port
    resolver.lifetime = _DNS_LIFETIME_SECONDS
    return resolver


def _first_target(name: str, resolver: dns.resolver.Resolver | None) -> str | None:
    """Give the host of an SRV record: lowest priority, then highest weight, then by name."""
    if resolver is None:
        return None
    try:
        answer = resolver.resolve(name, dns.rdatatype.SRV)
    except dns.exception.DNSException:
        return None  # no such record, or no such server: the next source is asked
    records = sorted(
        (record.priority, -record.weight, record.target.to_text(omit_final_dot=True))
        for record in answer
    )
    return records[0][2] if records else None


def _with_address(
    host: str, found_by: FoundBy, domain: Domain, resolver: dns.resolver.Resolver | None
) -> DomainController:
    """Add where to connect: the inventory's address, else what its DNS server says."""
    fqdn = host if "." in host else f"{host}.{domain.name}"
    address = domain.ldap.address
    if address is None and domain.dns_server and resolver is not None:
        address = _address(fqdn, resolver)
    return DomainController(fqdn=fqdn, address=address, found_by=found_by)


def _address(fqdn: str, resolver: dns.resolver.Resolver) -> str | None:
    for kind in (dns.rdatatype.A, dns.rdatatype.AAAA):
        try:
            answer = resolver.resolve(fqdn, kind)
        except dns.exception.DNSException:
            continue
        for record in answer:
            return str(ip_address(record.to_text()))
    return None
