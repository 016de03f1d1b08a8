"""Sockets, captures and echo requests of a member's own network stack, from outside."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address
from types import TracebackType
from typing import Self

from typing_extensions import override

from ipsec_orchestrator.lab.wire.frames import Frame
from ipsec_orchestrator.lab.wire.line import Line

RECEIVE_BYTES = 65536


class _Open:
    """Something in the guest that has a number and wants to be closed."""

    def __init__(self, line: Line, number: int) -> None:
        self._line = line
        self._number = number

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close it; a second time does nothing."""
        # A guest that has ended has closed everything.
        if self._line.is_open:
            self._line.ask("close", number=self._number)


class TcpConnection(_Open):
    """A TCP connection of a member.

    Attributes:
        local_port: Of this side; 0 where it is the listener's.
        peer: Address and port of the other side.
    """

    def __init__(
        self, line: Line, number: int, *, local_port: int, peer: tuple[IPv4Address, int]
    ) -> None:
        super().__init__(line, number)
        self.local_port = local_port
        self.peer = peer

    def send(self, content: bytes, *, timeout_seconds: float = 10.0) -> None:
        """Send everything.

        Raises:
            OSError: As from a socket.
        """
        self._line.ask(
            "send",
            wait_seconds=timeout_seconds,
            connection=self._number,
            content=base64.b64encode(content).decode("ascii"),
            timeout_seconds=timeout_seconds,
        )

    def receive(self, most_bytes: int = RECEIVE_BYTES, *, timeout_seconds: float = 10.0) -> bytes:
        """Give what comes next; nothing once the other side has shut down.

        Raises:
            OSError: As from a socket, ``TimeoutError`` among them.
        """
        content = self._line.ask(
            "receive",
            wait_seconds=timeout_seconds,
            connection=self._number,
            most_bytes=most_bytes,
            timeout_seconds=timeout_seconds,
        )
        return base64.b64decode(content)

    def shut_down(self) -> None:
        """Say that nothing more will be sent."""
        self._line.ask("shut-down", connection=self._number)


class TcpListener(_Open):
    """A listening socket of a member.

    Attributes:
        port: Where it listens.
    """

    def __init__(self, line: Line, number: int, *, port: int) -> None:
        super().__init__(line, number)
        self.port = port

    def accept(self, *, timeout_seconds: float) -> TcpConnection:
        """Wait for a connection.

        Raises:
            TimeoutError: None came.
        """
        found = self._line.ask(
            "tcp-accept",
            wait_seconds=timeout_seconds,
            listener=self._number,
            timeout_seconds=timeout_seconds,
        )
        return TcpConnection(
            self._line,
            found["socket"],
            local_port=self.port,
            peer=(IPv4Address(found["address"]), found["port"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Datagram:
    """One UDP datagram: who sent it, and what."""

    sender: IPv4Address
    port: int
    content: bytes


class DatagramSocket(_Open):
    """A UDP socket of a member.

    Attributes:
        port: Of this side.
    """

    def __init__(self, line: Line, number: int, *, port: int) -> None:
        super().__init__(line, number)
        self.port = port

    def send(self, content: bytes, *, address: IPv4Address, port: int) -> None:
        """Send one datagram.

        Raises:
            OSError: As from a socket.
        """
        self._line.ask(
            "udp-send",
            datagrams=self._number,
            address=str(address),
            port=port,
            content=base64.b64encode(content).decode("ascii"),
        )

    def receive(self, *, timeout_seconds: float) -> Datagram:
        """Wait for a datagram.

        Raises:
            TimeoutError: None came.
        """
        found = self._line.ask(
            "udp-receive",
            wait_seconds=timeout_seconds,
            datagrams=self._number,
            timeout_seconds=timeout_seconds,
        )
        return Datagram(
            sender=IPv4Address(found["address"]),
            port=found["port"],
            content=base64.b64decode(found["content"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureCount:
    """How much a capture has: frames kept, left out as too many, and lost by the kernel."""

    kept: int
    left_out: int
    lost: int


class Capture(_Open):
    """A running capture at a member's adapter."""

    def frames(self, first: int = 0) -> Iterator[Frame]:
        """Give the frames from that index on, as far as there are any at the moment."""
        while True:
            page = self._line.ask("capture-read", capture=self._number, first=first)["frames"]
            if not page:
                return
            first += len(page)
            for found in page:
                yield Frame(
                    nanoseconds=found["nanoseconds"],
                    outgoing=found["outgoing"],
                    length_bytes=found["length"],
                    content=base64.b64decode(found["content"]),
                )

    def count(self) -> CaptureCount:
        """Give the numbers of frames."""
        found = self._line.ask("capture-read", capture=self._number, first=1 << 40)
        return CaptureCount(kept=found["seen"], left_out=found["left_out"], lost=found["lost"])

    def stop(self) -> None:
        """Stop watching; the frames stay until :meth:`close`."""
        self._line.ask("capture-stop", capture=self._number, forget=False)

    @override
    def close(self) -> None:
        """Stop watching and forget the frames."""
        if self._line.is_open:
            self._line.ask("capture-stop", capture=self._number, forget=True)
