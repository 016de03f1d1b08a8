"""Connections of the guest's own stack, used from outside by number."""

import base64
import socket
import threading
from collections.abc import Mapping

BACKLOG = 32


class Sockets:
    """All open sockets of this guest, by number."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sockets: dict[int, socket.socket] = {}
        self._next = 1

    def _keep(self, opened: socket.socket) -> int:
        with self._lock:
            number = self._next
            self._next += 1
            self._sockets[number] = opened
        return number

    def tcp_listen(self, address: str, port: int) -> Mapping[str, int]:
        """Listen; port 0 takes a free one."""
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, port))
            listener.listen(BACKLOG)
        except BaseException:
            listener.close()
            raise
        return {"socket": self._keep(listener), "port": listener.getsockname()[1]}

    # The name `socket` is that of the argument on the line.
    def tcp_accept(self, listener: int, timeout_seconds: float) -> Mapping[str, str | int]:
        """Wait for a connection."""
        waiting = self._sockets[listener]
        waiting.settimeout(timeout_seconds)
        connection, (address, port) = waiting.accept()
        return {"socket": self._keep(connection), "address": address, "port": port}

    def tcp_connect(
        self, address: str, port: int, source_port: int, timeout_seconds: float
    ) -> Mapping[str, int]:
        """Connect; source port 0 takes a free one."""
        connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if source_port:
                connection.bind(("", source_port))
            connection.settimeout(timeout_seconds)
            connection.connect((address, port))
        except BaseException:
            connection.close()
            raise
        return {"socket": self._keep(connection), "port": connection.getsockname()[1]}

    def send(self, connection: int, content: str, timeout_seconds: float) -> None:
        """Send everything."""
        found = self._sockets[connection]
        found.settimeout(timeout_seconds)
        found.sendall(base64.b64decode(content))

    def receive(self, connection: int, most_bytes: int, timeout_seconds: float) -> bytes:
        """Give what comes next; nothing at the end."""
        found = self._sockets[connection]
        found.settimeout(timeout_seconds)
        return found.recv(most_bytes)

    def shut_down(self, connection: int) -> None:
        """Say that nothing more will be sent."""
        self._sockets[connection].shutdown(socket.SHUT_WR)

    def udp_open(self, address: str, port: int) -> Mapping[str, int]:
        """Open a datagram socket; port 0 takes a free one."""
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            opened.bind((address, port))
        except BaseException:
            opened.close()
            raise
        return {"socket": self._keep(opened), "port": opened.getsockname()[1]}

    def udp_send(self, datagrams: int, address: str, port: int, content: str) -> None:
        """Send one datagram."""
        self._sockets[datagrams].sendto(base64.b64decode(content), (address, port))

    def udp_receive(
        self, datagrams: int, timeout_seconds: float
    ) -> Mapping[str, str | int | bytes]:
        """Wait for a datagram."""
        found = self._sockets[datagrams]
        found.settimeout(timeout_seconds)
        content, (address, port) = found.recvfrom(65535)
        return {"content": content, "address": address, "port": port}

    def close(self, number: int) -> None:
        """Close a socket; a second time does nothing."""
        with self._lock:
            found = self._sockets.pop(number, None)
        if found is not None:
            found.close()
