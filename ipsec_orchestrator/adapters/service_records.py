"""SRV records by dnspython, asked of the inventory's DNS server or the system's."""

import dns.exception
import dns.rdatatype
import dns.resolver
from typing_extensions import override

from ipsec_orchestrator.errors import HostUnreachableError
from ipsec_orchestrator.model.inventory import Domain
from ipsec_orchestrator.ports.records import ServiceRecords

_LIFETIME_SECONDS = 10.0
_PORT = 53


class DnsServiceRecords(ServiceRecords):
    """Answers as they are at the moment; nothing is cached."""

    def __init__(self, domain: Domain, *, dns_port: int = _PORT) -> None:
        """Choose the server; nothing is asked yet.

        Args:
            domain: Its ``dns_server`` is asked, else the system's.
            dns_port: Port of that server.
        """
        self._domain = domain
        self._port = dns_port

    @override
    def hosts_of(self, name: str) -> tuple[str, ...]:
        server = self._domain.dns_server
        try:
            resolver = dns.resolver.Resolver(configure=server is None)
            if server is not None:
                resolver.nameservers, resolver.port = [server], self._port
            answer = resolver.resolve(name, dns.rdatatype.SRV, lifetime=_LIFETIME_SECONDS)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return ()
        except dns.exception.DNSException as error:
            raise HostUnreachableError(
                host=server or "the system's DNS server",
                reason=f"it gives no answer about {name} ({type(error).__name__})",
                cure="Set dns_server of the domain to a DNS server that knows the domain.",
            ) from error
        records = sorted(
            (r.priority, -r.weight, r.target.to_text(omit_final_dot=True)) for r in answer
        )
        return tuple(host for _, _, host in records)
