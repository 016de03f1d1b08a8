"""The lab where no Samba can be had: the same story on the in-memory adapters, in one process."""

import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager, nullcontext
from ipaddress import ip_network
from pathlib import Path

from ipsec_orchestrator.adapters.clock import SystemClock
from ipsec_orchestrator.adapters.memory import (
    MemoryDirectory,
    MemoryGpos,
    MemorySysvol,
    seeded_directory,
)
from ipsec_orchestrator.adapters.memory.members import MemoryMembers
from ipsec_orchestrator.adapters.scripts import script_call
from ipsec_orchestrator.adapters.thread_runner import ThreadRunner
from ipsec_orchestrator.lab.domain.layout import DC_NAME, DNS_DOMAIN, DOMAIN_DN, LabLayout
from ipsec_orchestrator.lab.lab_hosts import (
    AZURE_SUBNET,
    FEWEST_MEMBERS,
    ON_PREMISES_SUBNET,
    OU,
    LabHost,
    lab_hosts,
)
from ipsec_orchestrator.lab.windows import (
    NetworkPlace,
    RegistryFile,
    SimulatedHost,
    SimulatedNetwork,
    WindowsCommands,
    WindowsSettings,
    canned_script,
)
from ipsec_orchestrator.model.inventory import Domain, Host, Inventory, Network
from ipsec_orchestrator.model.policy import GpoVia
from ipsec_orchestrator.ports import World

_OU_DN = f"OU={OU},{DOMAIN_DN}"


@contextmanager
def memory_world() -> Generator[World]:
    """Give a world like that of the lab, gone with the block."""
    with tempfile.TemporaryDirectory(prefix="ipsec-orchestrator-demo-") as folder:
        # No address of this layout is ever listened on; it only numbers the hosts.
        layout = LabLayout(state_dir=Path(folder), name="memory", network=50)
        hosts = lab_hosts(layout, FEWEST_MEMBERS)
        clock = SystemClock()
        directory = seeded_directory(
            clock,
            domain=DNS_DOMAIN,
            dc=DC_NAME,
            units=(OU,),
            computers=[(host.name, OU) for host in hosts if not host.is_domain_controller],
        )
        sysvol = MemorySysvol()
        gpos = MemoryGpos(directory, sysvol)
        simulated = _simulated(hosts, directory, sysvol, Path(folder))
        commands = {name: WindowsCommands(host) for name, host in simulated.items()}
        for host in simulated.values():
            host.tasks.start()
        yield World(
            inventory=_inventory(hosts),
            directory=directory,
            gpos=dict.fromkeys(GpoVia, gpos),
            sysvol=dict.fromkeys(GpoVia, sysvol),
            members=MemoryMembers({name: canned_script(found) for name, found in commands.items()}),
            scripts=script_call,
            clock=clock,
            runner=ThreadRunner(),
        )
        for host in simulated.values():
            host.tasks.stop()
            host.wait_for_processes(timeout_seconds=10.0)


def _simulated(
    hosts: Sequence[LabHost],
    directory: MemoryDirectory,
    sysvol: MemorySysvol,
    folder: Path,
) -> dict[str, SimulatedHost]:
    network = SimulatedNetwork(
        NetworkPlace(fqdn=host.fqdn, shown=host.internal_address) for host in hosts
    )
    return {
        host.name: SimulatedHost(
            WindowsSettings(
                name=host.name,
                account=f"{host.name}$",
                addresses=(host.internal_address,),
            ),
            registry=RegistryFile(folder / f"{host.name}.json"),
            open_directory=lambda: nullcontext(directory),
            read_template=lambda gpo_id: sysvol.read(gpo_id, "gpt.ini"),
            network=network,
        )
        for host in hosts
    }


def _inventory(hosts: Sequence[LabHost]) -> Inventory:
    return Inventory(
        domain=Domain(name=DNS_DOMAIN, controllers=(f"{DC_NAME}.{DNS_DOMAIN}",)),
        networks=(
            Network(name="azure", subnet=ip_network(AZURE_SUBNET)),
            Network(name="on-premises", subnet=ip_network(ON_PREMISES_SUBNET)),
        ),
        hosts=tuple(
            Host(
                name=host.name,
                role=host.role,
                fqdn=host.fqdn,
                addresses=(host.internal_address,),
                ou=None if host.is_domain_controller else _OU_DN,
            )
            for host in hosts
        ),
    )
