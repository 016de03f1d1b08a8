"""From the inventory's domain to everything that a run needs, on a real DC."""

from uuid import UUID

import pytest

from ipsec_orchestrator.adapters.authentication import Credential
from ipsec_orchestrator.adapters.domain_connection import connect_controller, connect_domain
from ipsec_orchestrator.adapters.domain_locator import FoundBy
from ipsec_orchestrator.adapters.service_records import DnsServiceRecords
from ipsec_orchestrator.errors import HostUnreachableError
from ipsec_orchestrator.lab.domain.domain import Domain as LabDomain
from ipsec_orchestrator.model.inventory import AuthMethod, Domain, LdapSettings, LdapTransport

pytestmark = pytest.mark.lab

_ID = UUID("0e0e0e0e-1111-5222-8333-444444444444")


def test_name_and_dns_server_are_enough(real_domain: LabDomain, administrator: Credential) -> None:
    """The PDC emulator is found and confirmed; a GPO can be made, read and removed there."""
    domain = Domain(name="ipsectest.com", dns_server=str(real_domain.facts.dc_address))
    with connect_domain(domain, administrator) as connected:
        assert connected.controller.fqdn == "dc1.ipsectest.com"
        assert connected.controller.found_by is FoundBy.PDC_RECORD
        assert connected.directory.names().domain == "ipsectest.com"
        connected.gpos.create(name="by connection", wished_id=_ID, comment="")
        try:
            assert connected.sysvol.read(_ID, "gpt.ini") is not None
        finally:
            connected.gpos.delete(gpo_id=_ID)


def test_an_address_in_the_inventory_needs_no_dns(
    real_domain: LabDomain, administrator: Credential
) -> None:
    """Server and address name the DC; LDAPS with simple bind leaves SYSVOL its own logon."""
    facts = real_domain.facts
    ldap = LdapSettings(
        transport=LdapTransport.LDAPS,
        auth=AuthMethod.SIMPLE,
        ca_file=str(facts.ca_file),
        server="dc1.ipsectest.com",
        address=str(facts.dc_address),
    )
    with connect_domain(Domain(name="ipsectest.com", ldap=ldap), administrator) as connected:
        assert connected.controller.found_by is FoundBy.OVERRIDE
        assert connected.directory.names().domain == "ipsectest.com"
        assert connected.sysvol.read(_ID, "gpt.ini") is None


def test_a_dc_is_reached_by_its_name(real_domain: LabDomain, administrator: Credential) -> None:
    """Any DC that the directory names can be asked; where to connect is told by DNS."""
    # The address in the inventory is that of another DC and must not count.
    ldap = LdapSettings(address="127.0.0.9")
    domain = Domain(name="ipsectest.com", dns_server=str(real_domain.facts.dc_address), ldap=ldap)
    with connect_controller(domain, administrator, "dc1.ipsectest.com") as directory:
        assert directory.names().dc == "dc1.ipsectest.com"


def test_service_records_are_told(real_domain: LabDomain) -> None:
    """A record gives its hosts, one that is not there none, and a silent server an error."""
    domain = Domain(name="ipsectest.com", dns_server=str(real_domain.facts.dc_address))
    records = DnsServiceRecords(domain)

    assert records.hosts_of("_ldap._tcp.dc._msdcs.ipsectest.com") == ("dc1.ipsectest.com",)
    assert records.hosts_of("_nothing._tcp.ipsectest.com") == ()
    with pytest.raises(HostUnreachableError, match="dns_server"):
        DnsServiceRecords(Domain(name="ipsectest.com", dns_server="127.0.0.9")).hosts_of("_x._tcp")
