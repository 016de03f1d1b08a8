"""Addresses by DNS, and this machine's own by its routing table."""

import socket
from ipaddress import ip_address

import dns.exception
import dns.rdatatype
import dns.resolver
from typing_extensions import override

from ipsec_orchestrator.model.inventory import Address, Domain
from ipsec_orchestrator.ports.addresses import Addresses

_LIFETIME_SECONDS = 10.0
_DNS_PORT = 53
# Nothing is sent there; a connected UDP socket needs some port.
_ANY_PORT = 9
_IPV6 = 6


class NetworkAddresses(Addresses):
    """Asks the inventory's DNS server, else the system; nothing is cached."""

    def __init__(self, domain: Domain, *, dns_port: int = _DNS_PORT) -> None:
        """Choose the server; nothing is asked yet.

        Args:
            domain: Its ``dns_server`` is asked, else the system.
            dns_port: Port of that server.
        """
        self._domain = domain
        self._port = dns_port

    @override
    def of(self, name: str) -> tuple[Address, ...]:
        if self._domain.dns_server is None:
            return self._of_system(name)
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = [self._domain.dns_server], self._port
        found: dict[Address, None] = {}
        for kind in (dns.rdatatype.A, dns.rdatatype.AAAA):
            try:
                answer = resolver.resolve(name, kind, lifetime=_LIFETIME_SECONDS)
            except dns.exception.DNSException:
                continue
            found |= {ip_address(record.to_text()): None for record in answer}
        return tuple(found)

    def _of_system(self, name: str) -> tuple[Address, ...]:
        try:
            answers = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
        except OSError:
            return ()
        # A link-local address comes with its zone; that is no part of the address.
        texts = [str(answer[4][0]).partition("%")[0] for answer in answers]
        return tuple(dict.fromkeys(map(ip_address, texts)))

    @override
    def own_towards(self, target: Address) -> Address | None:
        family = socket.AF_INET6 if target.version == _IPV6 else socket.AF_INET
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as chosen:
                # Connecting a UDP socket only looks up the route.
                chosen.connect((str(target), _ANY_PORT))
                return ip_address(str(chosen.getsockname()[0]).partition("%")[0])
        except OSError:
            return None
