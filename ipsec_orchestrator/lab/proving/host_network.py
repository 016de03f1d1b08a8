"""One member's network: its guest on the wire, and everything that Windows keeps around it."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
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
from ipsec_orchestrator.lab.proving.sockets import Sockets
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
        self.rules = FirewallRules()
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
        self.captures.is_taken = faults.capture_taken
        self.faults = faults
        self.enforce()

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
