"""One member's network: its guest on the wire, and everything that Windows keeps around it."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Final

from ipsec_orchestrator.lab.proving.captures import Captures
from ipsec_orchestrator.lab.proving.cim_classes import (
    main_mode_instances,
    quick_mode_instances,
)
from ipsec_orchestrator.lab.proving.event_log import AuditEvent, audit_events
from ipsec_orchestrator.lab.proving.keepsakes import FirewallRules
from ipsec_orchestrator.lab.proving.network_faults import SOUND, NetworkFaults
from ipsec_orchestrator.lab.proving.packet_monitor import PacketMonitor
from ipsec_orchestrator.lab.proving.sockets import SOCKET_ERROR, Sockets
from ipsec_orchestrator.lab.proving.web_server import WebServer
from ipsec_orchestrator.lab.windows.imitated_error import ImitatedError
from ipsec_orchestrator.lab.windows.network import CONNECTED, TIMED_OUT
from ipsec_orchestrator.lab.windows.policy_registry import assigned_policy_dn
from ipsec_orchestrator.lab.windows.rsop_log import CimInstance
from ipsec_orchestrator.lab.windows.services import POLICY_AGENT
from ipsec_orchestrator.lab.windows.simulated_host import SimulatedHost
from ipsec_orchestrator.lab.wire.associations import Associations
from ipsec_orchestrator.lab.wire.guest_policy import NO_POLICY, GuestPolicy
from ipsec_orchestrator.lab.wire.ike_log import IkeEvent
from ipsec_orchestrator.lab.wire.member import WireMember
from ipsec_orchestrator.lab.wire.member_policy import MemberPolicy, cached_policy
from ipsec_orchestrator.lab.wire.wire import Wire

_SUCCESS_AND_FAILURE: Final = 3
_PROBE_SECONDS: Final = 1.5
"""What ``probe_targets.ps1`` waits for an answer."""

_PREFIX_LENGTH: Final = 24
CAPTURE_CMDLETS: Final = "NetEventPacketCapture"
PKTMON: Final = "pktmon"
OTHER_METHODS: Final = ("des-md5",)
"""What a member with the fault ``other_methods`` offers in quick mode, and nothing else."""


class HostNetwork:
    """What a simulated host and its guest have in common.

    Args:
        host: The simulated host.
        wire: The started wire; the host is one of its members.
        program_data: Folder that is the host's ``%ProgramData%``.
    """

    def __init__(self, host: SimulatedHost, wire: Wire, program_data: Path) -> None:
        self.host = host
        self.member: WireMember = wire.member(host.settings.name)
        self.sockets = Sockets(self.member)
        self.captures = Captures(self.member)
        self.monitor = PacketMonitor(self.member, lambda: host.settings.locale)
        self.rules = FirewallRules()
        self.web = WebServer(self.sockets, program_data)
        self.program_data = program_data
        self.faults = SOUND
        self._wire = wire
        self._lock = threading.Lock()
        self._log: list[IkeEvent] = []
        self._log_offset = 0
        self._pretended: tuple[Associations, list[AuditEvent]] | None = None
        program_data.mkdir(mode=0o700, parents=True, exist_ok=True)

    def now(self) -> datetime:
        """Give the time by the host's clock."""
        return self.host.now()

    def is_on_wire(self, address: str) -> bool:
        """Tell whether a member of the wire, or a second path to one, has this address."""
        return any(
            address == str(found)
            for member in self._wire.members.values()
            for found in member.station.addresses
        )

    def connect(self, address: str, port: int, seconds: float) -> int:
        """Connect by TCP over the wire as the host does, and give the socket's number.

        Raises:
            ImitatedError: With the number of Winsock's error.
        """
        if port in self.host.settings.ailments.ports_blocked:
            raise ImitatedError(f"{SOCKET_ERROR}{TIMED_OUT}")
        return self.sockets.connect(address, port, seconds)

    def try_port(self, address: str, port: int) -> int:
        """Open and close a TCP connection; give 0 or the number of Winsock's error."""
        try:
            self.sockets.close(self.connect(address, port, _PROBE_SECONDS))
        except ImitatedError as error:
            return int(error.error_id.removeprefix(SOCKET_ERROR))
        return CONNECTED

    def try_ping(self, address: str, size: int) -> bool:
        """Tell whether a ping of this size that must not be cut is answered over the wire."""
        answer = self.member.ping(
            IPv4Address(address), payload_bytes=size, timeout_seconds=_PROBE_SECONDS
        )
        return answer is not None

    def enforce(self) -> None:
        """Let the guest enforce what the host has read, if its PolicyAgent runs.

        Raises:
            OrchestratorError: The guest refused it, or the cache can't be decoded.
        """
        keys = self.host.registry.read()
        runs = self.host.services.get(POLICY_AGENT).running and not self.host.rules_deleted
        policy = cached_policy(keys) if runs and assigned_policy_dn(keys) is not None else None
        self.member.apply(self._translated(policy))

    def _translated(self, policy: MemberPolicy | None) -> GuestPolicy:
        if policy is None:
            return NO_POLICY
        found = self._wire.translated(self.member.name, policy)
        if not self.faults.other_methods:
            return found
        return replace(
            found,
            connections=tuple(
                replace(
                    known,
                    children=tuple(
                        replace(child, proposals=OTHER_METHODS) for child in known.children
                    ),
                )
                for known in found.connections
            ),
        )

    def set_faults(self, faults: NetworkFaults) -> None:
        """Change what is wrong.

        Raises:
            OrchestratorError: The guest refused.
        """
        if faults.lies and self._pretended is None:
            # Before the guest ends them: what it writes about that is not told either.
            self._pretended = (self.member.associations(), self._logged())
        elif not faults.lies:
            self._pretended = None
        self.member.disobey(ignore_policy=faults.lies or faults.ignores_policy)
        self.captures.is_taken = self.monitor.is_taken = faults.capture_taken
        self.monitor.has_filter = faults.pktmon_filter
        if faults.iis_port != self.faults.iis_port:
            self.web.set_foreign(faults.iis_port)
        if faults.address != self.faults.address:
            self._readdress(self.faults.address, faults.address)
        self.faults = faults
        self.enforce()

    def _readdress(self, before: str | None, after: str | None) -> None:
        if before is not None:
            self.member.remove_address(IPv4Address(before))
        if after is not None:
            network = IPv4Network(f"{after}/{_PREFIX_LENGTH}", strict=False)
            self.member.add_address(IPv4Address(after), network)

    def absent_commands(self) -> tuple[str, ...]:
        """Name what a host may have for captures and this one lacks."""
        absent = {CAPTURE_CMDLETS: self.faults.no_capture_cmdlets, PKTMON: self.faults.no_pktmon}
        return tuple(name for name, is_absent in absent.items() if is_absent)

    def associations(self) -> Associations:
        """Give what the host says of its associations."""
        return self._pretended[0] if self._pretended else self.member.associations()

    def quick_modes(self) -> Sequence[CimInstance]:
        """Give the rows of MSFT_NetQuickModeSA."""
        return quick_mode_instances(self.associations(), self.member.policy)

    def main_modes(self) -> Sequence[CimInstance]:
        """Give the rows of MSFT_NetMainModeSA."""
        return main_mode_instances(self.associations())

    def events(self) -> list[AuditEvent]:
        """Give the security log's events about IPsec, by the host's clock; oldest first."""
        if not self.audit_setting:
            return []
        found = self._pretended[1] if self._pretended else self._logged()
        skew = timedelta(seconds=self.host.settings.clock_skew_seconds)
        return [replace(event, time=event.time + skew) for event in found]

    def _logged(self) -> list[AuditEvent]:
        with self._lock:
            piece = self.member.ike_log(self._log_offset)
            self._log += piece.events
            self._log_offset = piece.next_offset
            return list(audit_events(self._log))

    @property
    def audit_setting(self) -> int:
        """What is audited of IPsec: 0 nothing, 3 success and failure."""
        return 0 if self.host.settings.ailments.no_audit else _SUCCESS_AND_FAILURE
