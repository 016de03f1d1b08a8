"""What the outside world must offer: one Protocol a file, values in, values out, typed errors."""

from ipsec_orchestrator.ports.addresses import Addresses
from ipsec_orchestrator.ports.azure import AzureReader
from ipsec_orchestrator.ports.channels import Channel, ToldRecord
from ipsec_orchestrator.ports.clock import Clock
from ipsec_orchestrator.ports.confirmations import Confirmations
from ipsec_orchestrator.ports.directory import Directory, DomainNames
from ipsec_orchestrator.ports.gpos import Gpos
from ipsec_orchestrator.ports.journal import Journal
from ipsec_orchestrator.ports.members import Members, ScriptCall
from ipsec_orchestrator.ports.passes import Passes, PassLog
from ipsec_orchestrator.ports.proofs import Proofs
from ipsec_orchestrator.ports.records import ServiceRecords
from ipsec_orchestrator.ports.run_store import RunStore
from ipsec_orchestrator.ports.runner import Runner
from ipsec_orchestrator.ports.schedules import Scheduler
from ipsec_orchestrator.ports.scripts import Scripts
from ipsec_orchestrator.ports.sysvol import Sysvol
from ipsec_orchestrator.ports.world import World

__all__ = [
    "Addresses",
    "AzureReader",
    "Channel",
    "Clock",
    "Confirmations",
    "Directory",
    "DomainNames",
    "Gpos",
    "Journal",
    "Members",
    "PassLog",
    "Passes",
    "Proofs",
    "RunStore",
    "Runner",
    "Scheduler",
    "ScriptCall",
    "Scripts",
    "ServiceRecords",
    "Sysvol",
    "ToldRecord",
    "World",
]
