"""A domain as it is right after its making, for the shipped directory."""

from collections.abc import Iterable
from uuid import NAMESPACE_DNS, uuid5

from ipsec_orchestrator.adapters.memory.directory import MemoryDirectory
from ipsec_orchestrator.adapters.memory.schema import DOMAIN_SID
from ipsec_orchestrator.codec.sid import Sid
from ipsec_orchestrator.model.directory import Attributes, domain_dn
from ipsec_orchestrator.ports.clock import Clock
from ipsec_orchestrator.ports.directory import DomainNames

# Relative ids below are those of built-in accounts and groups.
_FIRST_ACCOUNT = 1103
_SITE = "CN=Default-First-Site-Name,CN=Sites"


def seeded_directory(
    clock: Clock,
    *,
    domain: str = "ipsectest.com",
    dc: str = "dc1",
    units: Iterable[str] = (),
    computers: Iterable[tuple[str, str]] = (),
) -> MemoryDirectory:
    """Make a directory with the containers that this tool works in.

    Args:
        clock: For the times of change.
        domain: DNS name.
        dc: Host name of the only DC, which holds all roles.
        units: Names of organizational units below the domain.
        computers: Pairs of host name and unit (empty: ``CN=Computers``).
    """
    top = domain_dn(domain)
    names = DomainNames(
        dc=f"{dc}.{domain}",
        domain_dn=top,
        configuration_dn=f"CN=Configuration,{top}",
        domain=domain,
    )
    directory = MemoryDirectory(names, clock)

    def make(dn: str, object_class: str, **texts: str) -> None:
        directory.add(dn, Attributes.of_text(objectClass=object_class, **texts))

    make(top, "domainDNS")
    for path in (
        "CN=System",
        "CN=Policies,CN=System",
        "CN=IP Security,CN=System",
        "CN=Users",
        "CN=Computers",
        "CN=Configuration",
        "CN=Sites,CN=Configuration",
        f"{_SITE},CN=Configuration",
        f"CN=Servers,{_SITE},CN=Configuration",
    ):
        make(f"{path},{top}", "container")
    make(f"OU=Domain Controllers,{top}", "organizationalUnit")
    server = f"CN={dc.upper()},CN=Servers,{_SITE},CN=Configuration,{top}"
    settings = f"CN=NTDS Settings,{server}"
    make(server, "server", dNSHostName=names.dc)
    make(settings, "nTDSDSA")
    invocation = uuid5(NAMESPACE_DNS, names.dc)
    directory.replace(settings, Attributes({"invocationId": (invocation.bytes_le,)}))
    directory.replace(top, Attributes.of_text(fSMORoleOwner=settings))
    for unit in units:
        make(f"OU={unit},{top}", "organizationalUnit")
    accounts = Sid.parse(DOMAIN_SID)
    for number, (host, unit) in enumerate(((dc, "Domain Controllers"), *computers), _FIRST_ACCOUNT):
        container = f"OU={unit}" if unit else "CN=Computers"
        attributes = Attributes.of_text(
            objectClass="computer",
            dNSHostName=f"{host}.{domain}",
            sAMAccountName=f"{host.upper()}$",
        )
        directory.add(
            f"CN={host.upper()},{container},{top}",
            attributes.with_values("objectSid", [accounts.child(number).to_bytes()]),
        )
    return directory
