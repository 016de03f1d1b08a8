"""The network as simulated hosts see it: the how-to's addresses, laid over the lab's loopback.

A host of the lab has an address of the how-to (10.0.1.20) and one where it really listens
(127.x.y.z). Names are asked of the lab's DNS and connections are made on the loopback; what goes to
or comes from a host is shown by its address of the how-to. Nothing leaves the machine.
"""

import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from ipaddress import IPv4Address, ip_address
from typing import Final

import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver
import dns.reversename

from ipsec_orchestrator.lab.windows.imitated_error import (
    DNS_NAME_ERROR,
    DNS_TIMEOUT,
    ImitatedError,
)
from ipsec_orchestrator.model.inventory import Address

CONNECTED: Final = 0
REFUSED: Final = 10061
TIMED_OUT: Final = 10060
_LIFETIME_SECONDS: Final = 5.0
_CONNECT_SECONDS: Final = 1.0
# TEST-NET-1 [RFC5737]: what a host that asks the wrong DNS server gets for every name.
_WRONG_ADDRESS: Final = IPv4Address("192.0.2.77")


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkPlace:
    """Where one host is.

    Attributes:
        fqdn: Its name.
        shown: Its address in the how-to.
        real: Where it listens; ``None`` where nothing really listens.
    """

    fqdn: str
    shown: Address
    real: Address | None = None


class SimulatedNetwork:
    """Names, connections and pings of all hosts of a lab."""

    def __init__(
        self,
        places: Iterable[NetworkPlace] = (),
        *,
        dns_server: str | None = None,
        dns_port: int = 53,
    ) -> None:
        """Set it up.

        Args:
            places: The hosts.
            dns_server: The lab's real DNS; ``None`` answers from ``places``.
            dns_port: Its port.
        """
        self._places = tuple(places)
        self._by_shown: Mapping[Address, NetworkPlace] = {p.shown: p for p in self._places}
        self._by_real = {p.real: p for p in self._places if p.real is not None}
        self._server = (dns_server, dns_port) if dns_server else None

    def addresses_of(self, name: str, *, wrong: bool = False) -> tuple[Address, ...]:
        """Give the addresses of a name, or what a wrong DNS server says.

        Raises:
            ImitatedError: There is no such name, or no DNS server.
        """
        if wrong:
            return (_WRONG_ADDRESS,)
        if self._server is None:
            key = name.casefold()
            found = tuple(p.shown for p in self._places if p.fqdn.casefold() == key)
        else:
            found = tuple(
                self._shown(ip_address(text))
                for text in self._ask(dns.name.from_text(name), dns.rdatatype.A)
            )
        if not found:
            raise ImitatedError(DNS_NAME_ERROR, name)
        return found

    def names_of(self, text: str, *, wrong: bool = False) -> tuple[str, ...]:
        """Give the names of an address.

        Raises:
            ImitatedError: It has none, or there is no DNS server.
        """
        place = self._by_shown.get(ip_address(text))
        if wrong or place is None:
            raise ImitatedError(DNS_NAME_ERROR, text)
        if self._server is None or place.real is None:
            return (place.fqdn,)
        question = dns.reversename.from_address(str(place.real))
        found = tuple(name.rstrip(".") for name in self._ask(question, dns.rdatatype.PTR))
        if not found:
            raise ImitatedError(DNS_NAME_ERROR, text)
        return found

    def connect(self, text: str, port: int) -> int:
        """Open and close a TCP connection; give 0 or the number of Winsock's error."""
        place = self._by_shown.get(ip_address(text))
        if place is None:
            return TIMED_OUT
        if place.real is None:
            return REFUSED
        try:
            with socket.create_connection((str(place.real), port), timeout=_CONNECT_SECONDS):
                return CONNECTED
        except TimeoutError:
            return TIMED_OUT
        except OSError:
            return REFUSED

    def http_status(self, text: str, port: int, path: str) -> int | None:
        """Ask a web server in clear; ``None`` if what answers is none."""
        place = self._by_shown.get(ip_address(text))
        if place is None or place.real is None:
            return None
        asking = HTTPConnection(str(place.real), port, timeout=_CONNECT_SECONDS)
        try:
            asking.request("GET", path, headers={"Connection": "close"})
            return asking.getresponse().status
        except (HTTPException, OSError):
            return None
        finally:
            asking.close()

    def is_there(self, text: str) -> bool:
        """Tell whether a host has this address, so that it could answer a ping."""
        return ip_address(text) in self._by_shown

    def _shown(self, address: Address) -> Address:
        place = self._by_real.get(address)
        return address if place is None else place.shown

    def _ask(self, question: dns.name.Name, kind: dns.rdatatype.RdataType) -> tuple[str, ...]:
        resolver = dns.resolver.Resolver(configure=False)
        if self._server is not None:
            resolver.nameservers, resolver.port = [self._server[0]], self._server[1]
        try:
            answer = resolver.resolve(question, kind, lifetime=_LIFETIME_SECONDS)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return ()
        except dns.exception.DNSException as error:
            raise ImitatedError(DNS_TIMEOUT, str(question)) from error
        return tuple(record.to_text() for record in answer)
