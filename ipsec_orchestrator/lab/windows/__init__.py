r"""What is behind the WinRM listener of the lab: simulated Windows hosts.

A host is a :class:`SimulatedHost`: its registry (a JSON file that the PowerShell engine shares),
services, WMI classes, and a Group Policy client that reads the lab's directory with the host's own
account and writes what Windows writes. Its commands are :class:`WindowsCommands`; two things speak
to them: :func:`canned_answer` (no PowerShell) and, through :class:`ControlServer`, the functions of
``imitations.ps1`` in a PowerShell engine. Both give the same answers to the product's scripts.

How the lab puts it together::

    host = SimulatedHost(
        WindowsSettings(name="vm1", account="vm1$"),
        registry=RegistryFile(folder / "vm1.json"),
        open_directory=...,   # context manager giving a Directory bound with the host's account
        read_template=...,    # GPO id -> bytes of its gpt.ini, as read from SYSVOL
    )
    commands = WindowsCommands(host)                                     # a member
    commands = WindowsCommands(dc, GpoStore(open_directory, maker))      # a domain controller
    control = ControlServer(folder / "control", {"vm1": commands, ...})  # one for all hosts
    control.start()
    EngineBackend(executable=pwsh, environment=engine_environment(commands, control))
    CannedBackend(answer=canned_answer({"vm1": commands, ...}))
    control.stop(); host.wait_for_processes(timeout_seconds)

``open_directory`` of the store binds with the lab's administrator; its maker is
``SambaToolMaker`` in a Samba domain and ``GposAsMaker`` (over the ``Gpos`` port) without Samba.
"""

from ipsec_orchestrator.lab.windows.ailments import AILMENT_WORDS, WELL, Ailments
from ipsec_orchestrator.lab.windows.canned import canned_answer, canned_script
from ipsec_orchestrator.lab.windows.commands import WindowsCommands
from ipsec_orchestrator.lab.windows.control import ControlServer
from ipsec_orchestrator.lab.windows.directory_log import DirectoryLog
from ipsec_orchestrator.lab.windows.engine_environment import engine_environment
from ipsec_orchestrator.lab.windows.gpo_store import GpoMaker, GposAsMaker, GpoStore
from ipsec_orchestrator.lab.windows.network import NetworkPlace, SimulatedNetwork
from ipsec_orchestrator.lab.windows.registry_file import RegistryFile
from ipsec_orchestrator.lab.windows.samba_gpos import SambaTemplates, SambaToolMaker
from ipsec_orchestrator.lab.windows.simulated_host import SimulatedHost
from ipsec_orchestrator.lab.windows.windows_settings import AgentBehaviour, WindowsSettings

__all__ = [
    "AILMENT_WORDS",
    "WELL",
    "AgentBehaviour",
    "Ailments",
    "ControlServer",
    "DirectoryLog",
    "GpoMaker",
    "GpoStore",
    "GposAsMaker",
    "NetworkPlace",
    "RegistryFile",
    "SambaTemplates",
    "SambaToolMaker",
    "SimulatedHost",
    "SimulatedNetwork",
    "WindowsCommands",
    "WindowsSettings",
    "canned_answer",
    "canned_script",
    "engine_environment",
]
