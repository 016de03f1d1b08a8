"""The wire of a running lab and the simulated hosts on it, joined."""

import logging
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from ipsec_orchestrator.errors import CodecError, OrchestratorError, UsageError
from ipsec_orchestrator.lab.domain.layout import LabLayout
from ipsec_orchestrator.lab.lab_hosts import LabHost
from ipsec_orchestrator.lab.proving.cim_classes import ROOT_STANDARD
from ipsec_orchestrator.lab.proving.commands import NetworkCommands
from ipsec_orchestrator.lab.proving.host_network import HostNetwork
from ipsec_orchestrator.lab.proving.network_faults import SOUND, NetworkFaults
from ipsec_orchestrator.lab.proving.processes import Processes
from ipsec_orchestrator.lab.windows.cim import ROOT_CIMV2
from ipsec_orchestrator.lab.windows.commands import WindowsCommands
from ipsec_orchestrator.lab.windows.control import ControlServer
from ipsec_orchestrator.lab.windows.engine_environment import engine_environment
from ipsec_orchestrator.lab.wire.prerequisites import best_stack
from ipsec_orchestrator.lab.wire.sabotage import WireFault
from ipsec_orchestrator.lab.wire.wire import Wire

_POWERSHELL: Final = r"c:\windows\system32\windowspowershell\v1.0\powershell.exe"
_LOG: Final = logging.getLogger(__name__)
NOTES: Final = (
    "This is a lab: its members are Linux guests with strongSwan, doing real IKE and real ESP.",
    "No IKE implementation on Linux can authenticate by Kerberos: a pre-shared key stands in.",
)
"""What every proof about a member of the lab has to carry."""


class LabWire:
    """The wire while it runs.

    Args:
        layout: The lab.
        hosts: All its hosts; the domain controller stays off the wire.
        powershell: What plays detached PowerShell processes; ``None`` for canned members.
    """

    def __init__(
        self, layout: LabLayout, hosts: Sequence[LabHost], powershell: Path | None
    ) -> None:
        self._wire = Wire(layout, hosts, stack=best_stack())
        self._folder = layout.root / "programdata"
        self._powershell = powershell
        self._commands: dict[str, NetworkCommands] = {}
        self._faults: dict[str, NetworkFaults] = {}

    @property
    def namespace(self) -> str:
        """The network namespace."""
        return self._wire.namespace

    @property
    def bridge(self) -> str:
        """The bridge in it, where everything passes exactly once."""
        return self._wire.bridge

    def start(self, hosts: Mapping[str, WindowsCommands], control: ControlServer) -> None:
        """Boot the guests and join each with its simulated host.

        Raises:
            OrchestratorError: A guest did not come up; nothing is left running then.
        """
        self._wire.start()
        try:
            for name in self._wire.members:
                self._join(hosts[name], control)
        except BaseException:
            self.stop()
            raise

    def _join(self, commands: WindowsCommands, control: ControlServer) -> None:
        host = commands.host
        name = host.settings.name
        network = HostNetwork(host, self._wire, self._folder / name)
        processes = Processes(
            self._powershell,
            lambda: engine_environment(commands, control),
            network.sockets.close_of,
        )
        found = NetworkCommands(network, processes)
        self._commands[name] = found
        commands.wire = found
        host.programs.others[_POWERSHELL] = lambda line: _started(processes, line)
        commands.health.wire = network
        host.cim.extend(
            ROOT_STANDARD,
            {
                "MSFT_NetQuickModeSA": network.quick_modes,
                "MSFT_NetMainModeSA": network.main_modes,
                # The guests' adapter does nothing itself.
                "MSFT_NetAdapterIPsecOffloadV2SettingData": tuple,
            },
        )
        host.cim.extend(ROOT_CIMV2, {"Win32_Process": processes.instances})
        host.on_policy = lambda: _enforce(network)
        network.enforce()

    def has(self, name: str) -> bool:
        """Tell whether a host is on the wire."""
        return name in self._commands

    def set_faults(self, name: str, faults: NetworkFaults) -> None:
        """Change what is wrong with a member's network.

        Raises:
            UsageError: There is no such member.
            OrchestratorError: The guest or the bridge refused.
        """
        found = self._commands.get(name)
        if found is None:
            raise UsageError(
                f"{name} is not on the wire.", cure="orchestrate lab status lists who is."
            )
        others = {other for _, other in (*faults.broken, *self._faults.get(name, SOUND).broken)}
        for other in others:
            wanted: set[WireFault] = {fault for fault, where in faults.broken if where == other}
            self._wire.set_faults(name, other, wanted)
        found.network.set_faults(faults)
        self._faults[name] = faults

    def stop(self) -> None:
        """Switch everything off; a second time does nothing.

        Raises:
            LabProgramError: The namespace can't be removed.
        """
        for found in self._commands.values():
            found.stop()
        self._commands.clear()
        self._wire.stop()
        shutil.rmtree(self._folder, ignore_errors=True)


def _started(processes: Processes, command_line: str) -> int:
    """Start a detached PowerShell for a task; its exit code is not waited for."""
    processes.start(command_line)
    return 0


def _enforce(network: HostNetwork) -> None:
    """Hand a policy to the guest as Group Policy brings it; a refusal is the host's own log."""
    try:
        network.enforce()
    except (OrchestratorError, CodecError) as error:
        _LOG.warning("%s: the policy is not enforced: %s", network.member.name, error)
