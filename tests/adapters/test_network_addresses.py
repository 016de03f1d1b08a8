"""Addresses by DNS and by the routing table, with a real DNS server on loopback."""

import threading
from collections.abc import Iterator
from ipaddress import ip_address
from socketserver import DatagramRequestHandler, UDPServer

import dns.message
import dns.rdatatype
import dns.rrset
import pytest
from typing_extensions import override

from ipsec_orchestrator.adapters.addresses import NetworkAddresses
from ipsec_orchestrator.model.inventory import Domain

RECORDS = {
    ("dc2.ipsectest.com.", dns.rdatatype.A): ("10.2.27.6", "10.2.27.7"),
    ("dc2.ipsectest.com.", dns.rdatatype.AAAA): ("2001:db8::6",),
}


class Answering(DatagramRequestHandler):
    """Answers from the records; of others it knows that there are none."""

    @override
    def handle(self) -> None:
        query = dns.message.from_wire(self.rfile.read())
        reply = dns.message.make_response(query)
        (question,) = query.question
        name, kind = question.name, question.rdtype
        if texts := RECORDS.get((name.to_text(), kind)):
            reply.answer.append(dns.rrset.from_text(name, 60, "IN", kind, *texts))
        self.wfile.write(reply.to_wire())


@pytest.fixture
def addresses() -> Iterator[NetworkAddresses]:
    """Asks a DNS server on 127.0.0.1 that knows one host."""
    with UDPServer(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        domain = Domain(name="ipsectest.com", dns_server="127.0.0.1")
        yield NetworkAddresses(domain, dns_port=server.server_address[1])
        server.shutdown()
        thread.join()


def test_all_addresses_of_both_families_are_given(addresses: NetworkAddresses) -> None:
    """The inventory's DNS server is asked for A and AAAA records."""
    found = addresses.of("dc2.ipsectest.com")

    assert set(found) == {ip_address(x) for x in ("10.2.27.6", "10.2.27.7", "2001:db8::6")}


def test_a_name_that_nobody_knows_has_none(addresses: NetworkAddresses) -> None:
    """Not finding an address is an answer."""
    assert addresses.of("dc9.ipsectest.com") == ()


def test_without_a_dns_server_the_system_is_asked() -> None:
    """The system's own resolver knows this machine, and not what can't be."""
    system = NetworkAddresses(Domain(name="ipsectest.com"))

    assert ip_address("127.0.0.1") in system.of("localhost")
    assert system.of("nobody.invalid") == ()


def test_the_own_address_is_the_one_that_leads_there() -> None:
    """Towards loopback this machine speaks from loopback; nothing has to listen there."""
    found = NetworkAddresses(Domain(name="ipsectest.com"))

    assert found.own_towards(ip_address("127.0.0.1")) == ip_address("127.0.0.1")
