"""The wire of a lab: its namespace, its bridge, and a guest for each member."""

import fcntl
import os
import secrets
import threading
import time
from collections.abc import Collection, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from ipsec_orchestrator.errors import LabInUseError, UsageError
from ipsec_orchestrator.lab.domain.layout import LabLayout
from ipsec_orchestrator.lab.domain.private_files import make_private_folder
from ipsec_orchestrator.lab.lab_hosts import AZURE_SUBNET, ON_PREMISES_SUBNET, LabHost
from ipsec_orchestrator.lab.wire.guest_policy import NO_POLICY, GuestPolicy
from ipsec_orchestrator.lab.wire.guest_process import Guest
from ipsec_orchestrator.lab.wire.member import WireMember
from ipsec_orchestrator.lab.wire.member_policy import MemberPolicy
from ipsec_orchestrator.lab.wire.namespace import create_namespace, remove_namespace
from ipsec_orchestrator.lab.wire.sabotage import PairFault, WireFault, set_pair_faults
from ipsec_orchestrator.lab.wire.stack import MEMORY_MEGABYTES, Stack
from ipsec_orchestrator.lab.wire.topology import (
    BRIDGE,
    MTU_BYTES,
    Station,
    namespace_name,
    station,
)
from ipsec_orchestrator.lab.wire.translate import translate
from ipsec_orchestrator.model.secret import Secret

NETWORKS: Final = (IPv4Network(AZURE_SUBNET), IPv4Network(ON_PREMISES_SUBNET))
START_SECONDS: Final = 90.0
"""A guest boots in 2 to 3 s; the rest is for machines that are busy."""

LEFTOVER_SECONDS: Final = 15.0
_POLL_SECONDS: Final = 0.05
_KEY_BYTES: Final = 32


def wire_folder(layout: LabLayout) -> Path:
    """Give the folder with the guests' consoles."""
    return layout.root / "wire"


def discard_wire(layout: LabLayout) -> None:
    """Remove what is left of a wire whose process was killed; without one it does nothing.

    Raises:
        LabProgramError: The namespace can't be removed.
    """
    remove_namespace(namespace_name(layout.network))


class Wire:
    """The members of a lab as stations of a real network. Not started yet.

    Args:
        layout: The lab.
        hosts: All of its hosts; the domain controller stays off the wire.
        stack: Whose kernels the members have; ``prerequisites.best_stack`` tells what works here.
        memory_megabytes: Of each guest with a kernel of its own.

    Raises:
        UsageError: A host's address is in none of the two networks.
    """

    def __init__(
        self,
        layout: LabLayout,
        hosts: Sequence[LabHost],
        *,
        stack: Stack = Stack.USER_MODE_LINUX,
        memory_megabytes: int = MEMORY_MEGABYTES,
    ) -> None:
        self._stack = stack
        self._memory_megabytes = memory_megabytes
        self._folder = wire_folder(layout)
        self._stations: Mapping[str, Station] = {
            host.name: station(host.name, (host.internal_address,), NETWORKS)
            for host in hosts
            if not host.is_domain_controller
        }
        self._key = Secret(secrets.token_hex(_KEY_BYTES))
        self._guests: list[Guest] = []
        self._members: dict[str, WireMember] = {}
        self._turn = threading.Lock()
        self._faults: dict[tuple[str, str], frozenset[WireFault]] = {}
        self.namespace = namespace_name(layout.network)
        self.bridge = BRIDGE

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def members(self) -> Mapping[str, WireMember]:
        """All members by name, once it has started."""
        return dict(self._members)

    def member(self, name: str) -> WireMember:
        """Give one member.

        Raises:
            UsageError: There is none of that name, or the wire has not started.
        """
        if name not in self._members:
            raise UsageError(
                f"The wire has no member {name!r}.",
                cure=f"It has {', '.join(self._members) or 'none'}.",
            )
        return self._members[name]

    def start(self) -> None:
        """Make the namespace and boot all guests at once; about 3 s for three of them.

        Raises:
            LabInUseError: Guests of an earlier start are still there.
            LabProgramError: A guest did not come up; with the last lines of its console.
        """
        make_private_folder(self._folder)
        for member in self._stations.values():
            _wait_for_lock(self._folder / f"{member.name}.lock")
        create_namespace(self.namespace, self._stations.values(), stack=self._stack)
        try:
            for member in self._stations.values():
                guest = Guest(
                    member,
                    self.namespace,
                    self._folder,
                    stack=self._stack,
                    memory_megabytes=self._memory_megabytes,
                )
                self._guests.append(guest)
            deadline = time.monotonic() + START_SECONDS
            for member, guest in zip(self._stations.values(), self._guests, strict=True):
                guest.wait_until_ready(max(0.0, deadline - time.monotonic()))
                self._members[member.name] = _connected(member, guest)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Switch everything off and remove the namespace; a second time does nothing.

        Raises:
            LabProgramError: The namespace can't be removed.
        """
        self._members.clear()
        for guest in self._guests:
            guest.ask_to_end()
        while self._guests:
            self._guests.pop().end()
        self._faults.clear()
        remove_namespace(self.namespace)

    def enforce(self, name: str, policy: MemberPolicy | None) -> GuestPolicy:
        """Let a member enforce the policy that it has read; ``None`` takes it away.

        The result's notes say where the guest differs from a Windows.

        Raises:
            UsageError: There is no such member.
            LabProgramError: charon or iproute2 refused it.
        """
        member = self.member(name)
        wanted = NO_POLICY if policy is None else self.translated(name, policy)
        member.apply(wanted)
        return wanted

    def translated(self, name: str, policy: MemberPolicy) -> GuestPolicy:
        """Give what a member would enforce, without any effect.

        Raises:
            UsageError: There is no such member.
        """
        own = self.member(name)
        others = [other.station for other in self._members.values() if other is not own]
        return translate(
            policy,
            addresses=own.station.addresses,
            peers=[address for other in others for address in other.addresses],
            key=self._key,
        )

    def add_network(self, network: IPv4Network) -> Mapping[str, IPv4Address]:
        """Open a second path: one more network on the bridge, with an address for each member.

        Filters that say "me" cover it once :meth:`enforce` is called again; it lasts until the
        wire stops.

        Args:
            network: One that is not on the wire yet.

        Returns:
            The new addresses by member.

        Raises:
            LabProgramError: A kernel refused.
        """
        found = dict(zip(self._members, network.hosts(), strict=False))
        for name, address in found.items():
            self._members[name].add_address(address, network)
        return found

    def set_faults(self, first: str, second: str, faults: Collection[WireFault]) -> None:
        """Say what is broken between two members from now on; nothing makes it whole.

        Raises:
            UsageError: There is no such member.
            LabProgramError: nft refused.
        """
        ends = (self.member(first), self.member(second))
        names = sorted(end.name for end in ends)
        with self._turn:
            wanted = {**self._faults, (names[0], names[1]): frozenset(faults)}
            set_pair_faults(
                self.namespace,
                [
                    PairFault(
                        first=self.member(one).address,
                        second=self.member(other).address,
                        fault=fault,
                    )
                    for (one, other), found in wanted.items()
                    for fault in sorted(found)
                ],
            )
            self._faults = wanted

    def faults(self) -> Mapping[tuple[str, str], frozenset[WireFault]]:
        """What is broken between which two members, names in alphabetical order."""
        return {pair: found for pair, found in self._faults.items() if found}


def _connected(member: Station, guest: Guest) -> WireMember:
    others = [network for network in NETWORKS if network not in member.networks]
    guest.line.ask(
        "network-up",
        addresses=[str(interface) for interface in member.interfaces],
        on_link=[str(network) for network in others],
        mtu_bytes=MTU_BYTES,
    )
    return WireMember(member, guest.line)


def _wait_for_lock(path: Path) -> None:
    """Wait for a guest whose lab was killed: it is on its way out, and its lock with it."""
    deadline = time.monotonic() + LEFTOVER_SECONDS
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise LabInUseError(
                        what=f"The guest {path.stem}", reason="another process runs it"
                    ) from error
                time.sleep(_POLL_SECONDS)
            else:
                return
    finally:
        os.close(descriptor)
