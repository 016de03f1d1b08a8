"""All ports that a run needs, in one value."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

from ipsec_orchestrator.model.inventory import Inventory
from ipsec_orchestrator.model.policy import GpoVia
from ipsec_orchestrator.ports.addresses import Addresses
from ipsec_orchestrator.ports.clock import Clock
from ipsec_orchestrator.ports.confirmations import Confirmations
from ipsec_orchestrator.ports.directory import Directory
from ipsec_orchestrator.ports.gpos import Gpos
from ipsec_orchestrator.ports.members import Members
from ipsec_orchestrator.ports.records import ServiceRecords
from ipsec_orchestrator.ports.runner import Runner
from ipsec_orchestrator.ports.scripts import Scripts
from ipsec_orchestrator.ports.sysvol import Sysvol


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The outside, as the engine sees it.

    Attributes:
        inventory: What exists; tells how members are reached.
        directory: The one DC of the run.
        gpos: Each way to make a GPO.
        sysvol: Each way to reach its template.
        members: The Windows hosts.
        scripts: The texts of our scripts.
        clock: Time.
        runner: Many hosts at once.
        records: Service records in DNS; ``None`` where there is no DNS to be asked.
        open_controller: Opens the directory of another DC, by FQDN; ``None`` where there is but
            one.
        open_sysvol: Opens the SYSVOL of another DC, by FQDN; ``None`` likewise.
        account: Who we are in the domain; empty where only the system knows.
        addresses: Addresses of hosts and of this machine; ``None`` where nobody can tell.
        confirmations: What is remembered of runs that have to be confirmed; ``None`` where
            nothing is.
    """

    inventory: Inventory
    directory: Directory
    gpos: Mapping[GpoVia, Gpos]
    sysvol: Mapping[GpoVia, Sysvol]
    members: Members
    scripts: Scripts
    clock: Clock
    runner: Runner
    records: ServiceRecords | None = None
    open_controller: Callable[[str], AbstractContextManager[Directory]] | None = None
    open_sysvol: Callable[[str], AbstractContextManager[Sysvol]] | None = None
    account: str = ""
    addresses: Addresses | None = None
    confirmations: Confirmations | None = None
