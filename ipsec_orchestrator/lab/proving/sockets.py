"""Sockets of a member's guest, by number, for imitated .NET sockets."""

import errno
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from ipaddress import IPv4Address
from typing import Final

from ipsec_orchestrator.errors import LabProgramError
from ipsec_orchestrator.lab.windows.imitated_error import ImitatedError
from ipsec_orchestrator.lab.wire.member import WireMember
from ipsec_orchestrator.lab.wire.traffic import DatagramSocket, TcpConnection, TcpListener

SOCKET_ERROR: Final = "ipsec_orchestrator.lab.Socket:"
"""Followed by the number that Windows gives that error (winsock2.h)."""

_TIMED_OUT: Final = 10060
_NUMBERS: Final[Mapping[int, int]] = {
    errno.EACCES: 10013,
    errno.EPERM: 10013,
    errno.EADDRINUSE: 10048,
    errno.EADDRNOTAVAIL: 10049,
    errno.ENETUNREACH: 10051,
    errno.ECONNRESET: 10054,
    errno.EPIPE: 10053,
    errno.ETIMEDOUT: _TIMED_OUT,
    errno.ECONNREFUSED: 10061,
    errno.EHOSTUNREACH: 10065,
}
_OTHER: Final = 10022

_Socket = TcpConnection | TcpListener | DatagramSocket


@contextmanager
def windows_errors() -> Generator[None]:
    """Turn errors of the guest's sockets into those of Windows."""
    try:
        yield
    except TimeoutError as error:
        raise ImitatedError(f"{SOCKET_ERROR}{_TIMED_OUT}") from error
    except OSError as error:
        number = _NUMBERS.get(error.errno or 0, _OTHER)
        raise ImitatedError(f"{SOCKET_ERROR}{number}") from error
    except LabProgramError as error:
        raise ImitatedError(f"{SOCKET_ERROR}{_OTHER}", str(error)) from error


class Sockets:
    """All open sockets of one member. Safe for several threads."""

    def __init__(self, member: WireMember) -> None:
        self._member = member
        self._lock = threading.Lock()
        self._open: dict[int, _Socket] = {}
        self._next = 1
        self._owners: dict[int, int] = {}
        self._tcp_ports: dict[int, int] = {}
        self._udp_ports: dict[int, int] = {}

    @property
    def listening_ports(self) -> frozenset[int]:
        """TCP ports that something listens on."""
        return frozenset(self._tcp_ports.values())

    @property
    def datagram_ports(self) -> frozenset[int]:
        """UDP ports that are bound."""
        return frozenset(self._udp_ports.values())

    def connect(self, address: str, port: int, seconds: float) -> int:
        """Connect by TCP and give the socket's number."""
        with windows_errors():
            found = self._member.connect(IPv4Address(address), port, timeout_seconds=seconds)
        return self._keep(found)

    def listen(self, address: str, port: int) -> int:
        """Listen for TCP and give the socket's number."""
        with windows_errors():
            found = self._member.listen(port, address=IPv4Address(address))
        number = self._keep(found)
        self._tcp_ports[number] = found.port
        return number

    def accept(self, number: int, seconds: float) -> int | None:
        """Give the number of a connection that came in; ``None`` if none came in time."""
        listener = self._open[number]
        assert isinstance(listener, TcpListener)  # noqa: S101 - numbers come from listen()
        try:
            return self._keep(listener.accept(timeout_seconds=seconds))
        except TimeoutError:
            return None

    def send(self, number: int, content: bytes, seconds: float) -> None:
        """Send everything."""
        connection = self._open[number]
        assert isinstance(connection, TcpConnection)  # noqa: S101 - numbers come from connect()
        with windows_errors():
            connection.send(content, timeout_seconds=seconds)

    def receive(self, number: int, most_bytes: int, seconds: float) -> bytes:
        """Give what comes next; nothing at the end."""
        connection = self._open[number]
        assert isinstance(connection, TcpConnection)  # noqa: S101 - numbers come from connect()
        with windows_errors():
            return connection.receive(most_bytes, timeout_seconds=seconds)

    def datagrams(self, address: str, port: int) -> int:
        """Open a UDP socket and give its number."""
        with windows_errors():
            found = self._member.datagrams(port, address=IPv4Address(address))
        number = self._keep(found)
        if port:
            self._udp_ports[number] = found.port
        return number

    def send_datagram(self, number: int, content: bytes, address: str, port: int) -> None:
        """Send one datagram."""
        datagrams = self._open[number]
        assert isinstance(datagrams, DatagramSocket)  # noqa: S101 - numbers come from datagrams()
        with windows_errors():
            datagrams.send(content, address=IPv4Address(address), port=port)

    def receive_datagram(self, number: int, seconds: float) -> tuple[bytes, str, int] | None:
        """Give the next datagram with its sender; ``None`` if none came in time."""
        datagrams = self._open[number]
        assert isinstance(datagrams, DatagramSocket)  # noqa: S101 - numbers come from datagrams()
        try:
            found = datagrams.receive(timeout_seconds=seconds)
        except TimeoutError:
            return None
        return found.content, str(found.sender), found.port

    def close(self, number: int) -> None:
        """Close a socket; a second time does nothing."""
        with self._lock:
            found = self._open.pop(number, None)
            self._tcp_ports.pop(number, None)
            self._udp_ports.pop(number, None)
            self._owners.pop(number, None)
        if found is not None:
            found.close()

    def own(self, number: int, process_id: int) -> None:
        """Say which process a socket belongs to; it does not outlive that."""
        self._owners[number] = process_id

    def close_of(self, process_id: int) -> None:
        """Close everything that a process has left open."""
        for number in [found for found, owner in self._owners.items() if owner == process_id]:
            self.close(number)

    def _keep(self, found: _Socket) -> int:
        with self._lock:
            number = self._next
            self._next += 1
            self._open[number] = found
        return number
