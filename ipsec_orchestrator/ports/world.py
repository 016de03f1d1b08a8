"""All ports that a run needs, in one value."""

from dataclasses import dataclass

from ipsec_orchestrator.ports.clock import Clock
from ipsec_orchestrator.ports.directory import Directory
from ipsec_orchestrator.ports.gpos import Gpos
from ipsec_orchestrator.ports.members import Members
from ipsec_orchestrator.ports.sysvol import Sysvol


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The outside, as the engine sees it."""

    directory: Directory
    gpos: Gpos
    sysvol: Sysvol
    members: Members
    clock: Clock
