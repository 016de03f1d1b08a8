"""One member on the wire: what it enforces, what it knows about it, and its traffic."""

import threading
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from typing import Final

from ipsec_orchestrator.lab.wire.associations import Associations, parse_associations
from ipsec_orchestrator.lab.wire.daemon_text import DAEMON_SETTINGS, connections_text
from ipsec_orchestrator.lab.wire.guest_policy import NO_POLICY, GuestPolicy
from ipsec_orchestrator.lab.wire.ike_log import IkeEvent, IkeLog, parse_log
from ipsec_orchestrator.lab.wire.line import Line
from ipsec_orchestrator.lab.wire.topology import Station
from ipsec_orchestrator.lab.wire.traffic import (
    Capture,
    DatagramSocket,
    TcpConnection,
    TcpListener,
)

EVERY_ADDRESS: Final = IPv4Address(0)
KEPT_BYTES: Final = 256
MOST_FRAMES: Final = 20_000
LARGEST_MTU_BYTES: Final = 1500
_PROBES: Final = 12
"""How many sizes a search for the path MTU tries at most."""


class WireMember:
    """A member's network stack. Safe for several threads.

    Args:
        station: Who it is.
        line: To its first process.
    """

    def __init__(self, station: Station, line: Line) -> None:
        self.station = station
        self._line = line
        self._turn = threading.Lock()
        self._wanted = NO_POLICY
        self._enforced = NO_POLICY
        self._disobeys = False

    @property
    def name(self) -> str:
        """Its short name."""
        return self.station.name

    @property
    def address(self) -> IPv4Address:
        """The address that it is known by."""
        return self.station.addresses[0]

    @property
    def policy(self) -> GuestPolicy:
        """What it was told to enforce last; its notes belong into every output."""
        return self._wanted

    def add_address(self, address: IPv4Address, network: IPv4Network) -> None:
        """Give it one more address, and the route to that address's network.

        Raises:
            LabProgramError: The kernel refused.
        """
        self._line.ask("address-add", address=f"{address}/{network.prefixlen}")
        self.station = replace(
            self.station,
            addresses=(*self.station.addresses, address),
            networks=(*self.station.networks, network),
        )

    def remove_address(self, address: IPv4Address) -> None:
        """Take an address away that :meth:`add_address` gave it, and the route that came with it.

        Raises:
            LabProgramError: The kernel refused.
        """
        kept = [
            (own, network)
            for own, network in zip(self.station.addresses, self.station.networks, strict=True)
            if own != address
        ]
        for own, network in zip(self.station.addresses, self.station.networks, strict=True):
            if own == address:
                self._line.ask("address-remove", address=f"{own}/{network.prefixlen}")
        self.station = replace(
            self.station,
            addresses=tuple(own for own, _ in kept),
            networks=tuple(network for _, network in kept),
        )

    def apply(self, policy: GuestPolicy) -> None:
        """Enforce a policy; one that is in force already keeps its security associations.

        Takes about half a second; for some milliseconds of it packets may pass in clear.

        Raises:
            LabProgramError: charon or iproute2 refused it.
        """
        with self._turn:
            self._wanted = policy
            self._enforce()

    def disobey(self, *, ignore_policy: bool) -> None:
        """Make it ignore its policy and send everything in clear, or obey again.

        Raises:
            LabProgramError: charon or iproute2 refused.
        """
        with self._turn:
            self._disobeys = ignore_policy
            self._enforce()

    def _enforce(self) -> None:
        policy = NO_POLICY if self._disobeys else self._wanted
        if policy == self._enforced:
            return
        # What is in force after a failure is unknown, and the next call is to try again.
        self._enforced = NO_POLICY
        if policy.kernel_policies:
            self._line.ask(
                "apply-policy",
                daemon_settings=DAEMON_SETTINGS,
                connections=connections_text(policy),
                kernel_policies=[found.arguments for found in policy.kernel_policies],
            )
        else:
            self._line.ask("clear-policy")
        self._enforced = policy

    def associations(self) -> Associations:
        """Give its security associations at this moment."""
        found = self._line.ask("associations")
        return parse_associations(found["states"], found["daemon"])

    def kernel_policies_text(self) -> str:
        """Give the kernel's policies with their counters, as iproute2 shows them; for people."""
        return str(self._line.ask("associations")["policies"])

    def ike_log(self, offset: int = 0) -> IkeLog:
        """Give what charon wrote from that place of its log on; 0 is the guest's start."""
        events: list[IkeEvent] = []
        while True:
            found = self._line.ask("ike-log", offset=offset)
            if not found["text"]:
                return IkeLog(events=tuple(events), next_offset=offset)
            events += parse_log(found["text"])
            offset = found["next"]

    def capture(self, *, most_frames: int = MOST_FRAMES, kept_bytes: int = KEPT_BYTES) -> Capture:
        """Watch its adapter from now on: ESP as it is on the wire, and everything else.

        Args:
            most_frames: Further frames are counted only; 64 MB hold some 50 000 short ones.
            kept_bytes: Of each frame.
        """
        number = self._line.ask("capture-start", most_frames=most_frames, kept_bytes=kept_bytes)
        return Capture(self._line, number)

    def listen(self, port: int, *, address: IPv4Address = EVERY_ADDRESS) -> TcpListener:
        """Listen for TCP; port 0 takes a free one.

        Raises:
            OSError: As from a socket.
        """
        found = self._line.ask("tcp-listen", address=str(address), port=port)
        return TcpListener(self._line, found["socket"], port=found["port"])

    def connect(
        self,
        address: IPv4Address,
        port: int,
        *,
        source_port: int = 0,
        timeout_seconds: float = 10.0,
    ) -> TcpConnection:
        """Connect by TCP.

        Raises:
            OSError: As from a socket: ``TimeoutError``, ``ConnectionRefusedError``, or
                ``PermissionError`` where a policy blocks.
        """
        found = self._line.ask(
            "tcp-connect",
            wait_seconds=timeout_seconds,
            address=str(address),
            port=port,
            source_port=source_port,
            timeout_seconds=timeout_seconds,
        )
        return TcpConnection(
            self._line, found["socket"], local_port=found["port"], peer=(address, port)
        )

    def datagrams(self, port: int = 0, *, address: IPv4Address = EVERY_ADDRESS) -> DatagramSocket:
        """Open a UDP socket; port 0 takes a free one.

        Raises:
            OSError: As from a socket.
        """
        found = self._line.ask("udp-open", address=str(address), port=port)
        return DatagramSocket(self._line, found["socket"], port=found["port"])

    def ping(
        self, address: IPv4Address, *, payload_bytes: int = 56, timeout_seconds: float = 2.0
    ) -> float | None:
        """Send an echo request; give the seconds until its answer, ``None`` if there was none."""
        found = self._line.ask(
            "ping",
            wait_seconds=timeout_seconds,
            address=str(address),
            payload_bytes=payload_bytes,
            timeout_seconds=timeout_seconds,
        )
        seconds: float | None = found["seconds"]
        return seconds

    def path_mtu(self, address: IPv4Address, *, timeout_seconds: float = 0.5) -> int | None:
        """Find the largest packet in bytes that is answered; ``None`` if none is.

        Args:
            address: Of the other side.
            timeout_seconds: For each size that is tried.
        """
        found = self._line.ask(
            "path-mtu",
            wait_seconds=timeout_seconds * _PROBES,
            address=str(address),
            largest_bytes=LARGEST_MTU_BYTES,
            timeout_seconds=timeout_seconds,
        )
        mtu: int | None = found["mtu_bytes"]
        return mtu
