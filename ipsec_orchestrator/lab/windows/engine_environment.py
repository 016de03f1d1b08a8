"""The environment of a PowerShell engine that plays one simulated host."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ipsec_orchestrator.lab.windows.commands import WindowsCommands
from ipsec_orchestrator.lab.windows.control import ControlServer

IMITATIONS: Final = Path(__file__).with_name("imitations.ps1")
_HEALTH: Final = Path(__file__).with_name("imitated_health.ps1")
_GROUP_POLICY: Final = Path(__file__).with_name("imitated_group_policy.ps1")
_DIRECTORY_LOG: Final = Path(__file__).with_name("imitated_directory_log.ps1")
_NETWORK: Final = Path(__file__).with_name("imitated_network.ps1")
_TASKS: Final = Path(__file__).with_name("imitated_tasks.ps1")
# What a Windows computer name may have at most (NetBIOS).
_NAME_LENGTH: Final = 15


def engine_environment(commands: WindowsCommands, control: ControlServer) -> Mapping[str, str]:
    """Give the variables that make an engine this host.

    ``PSLAB_*`` are the engine's own: its start script, its registry, and that it gives itself out
    for Windows PowerShell 5.1. The rest is read by the imitations. Locale and clock skew are given
    too; whoever changes them at run time sets the same variables anew.
    """
    settings = commands.host.settings
    environment = {
        "PSLAB_INIT": str(IMITATIONS),
        "PSLAB_REGISTRY": str(commands.host.registry.path),
        "PSLAB_PRETEND_51": "1",
        "PSLAB_COMPUTERNAME": settings.name.upper()[:_NAME_LENGTH],
        # Else it would lie in the user's own cache.
        "PSModuleAnalysisCachePath": str(commands.host.registry.path.with_name("modules.cache")),
        "SystemRoot": r"C:\Windows",
        # Its debugger's pipe would stay behind in /tmp when the host ends it.
        "POWERSHELL_DIAGNOSTICS_OPTOUT": "1",
        "IPSEC_LAB_HEALTH": str(_HEALTH),
        "IPSEC_LAB_TASKS": str(_TASKS),
        "IPSEC_LAB_LOCALE": settings.locale,
        "IPSEC_LAB_CLOCK_SKEW_SECONDS": f"{settings.clock_skew_seconds:g}",
        **control.environment(settings.name),
    }
    if commands.gpos is not None:
        environment["IPSEC_LAB_GROUP_POLICY"] = str(_GROUP_POLICY)
        environment["IPSEC_LAB_DIRECTORY_LOG"] = str(_DIRECTORY_LOG)
    if commands.wire is not None:
        environment["IPSEC_LAB_NETWORK"] = str(_NETWORK)
        environment.update(commands.wire.environment())
    return environment
