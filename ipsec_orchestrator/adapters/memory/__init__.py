"""Directory, SYSVOL and GPOs in memory, shipped for demonstrations where no Samba can be had.

They pass the same conformance suite as the real ones and raise the same errors.
"""

from ipsec_orchestrator.adapters.memory.directory import MemoryDirectory
from ipsec_orchestrator.adapters.memory.gpos import MemoryGpos
from ipsec_orchestrator.adapters.memory.runs import MemoryRuns
from ipsec_orchestrator.adapters.memory.seed import seeded_directory
from ipsec_orchestrator.adapters.memory.sysvol import MemorySysvol

__all__ = ["MemoryDirectory", "MemoryGpos", "MemoryRuns", "MemorySysvol", "seeded_directory"]
