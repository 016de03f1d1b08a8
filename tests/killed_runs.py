"""Runs that are killed at any action, and what becomes of the domain in memory."""

from dataclasses import dataclass, replace
from uuid import UUID

from ipsec_orchestrator.adapters.memory import MemoryGpos, MemoryRuns
from ipsec_orchestrator.app.carry_out import carry_out_in
from ipsec_orchestrator.app.earlier_runs import check_open, make_rollback_plan, read_run, resume
from ipsec_orchestrator.codec import gpt_ini
from ipsec_orchestrator.codec.gpo_version import GpoVersion
from ipsec_orchestrator.model.outcome import RunReport
from ipsec_orchestrator.model.plan import Plan
from ipsec_orchestrator.model.policy import GpoVia
from ipsec_orchestrator.ports import World
from tests.worlds import Counter, ListObserver, MemoryDomain

# Who an object is and how often it was touched, which nobody can bring back.
COUNTED = ("objectGUID", "uSNCreated", "whenCreated")

Snapshot = dict[str, dict[str, frozenset[bytes]]]


@dataclass(slots=True)
class Machine:
    """A workstation whose process can be killed: a domain, a run store, and how far it may go.

    Attributes:
        domain: What it works on.
        counter: Every write and every event of a journal is one action.
        store: Outlives the process, as does the domain.
    """

    domain: MemoryDomain
    counter: Counter
    store: MemoryRuns

    @classmethod
    def of(cls, domain: MemoryDomain) -> "Machine":
        """A machine with an empty store."""
        counter = Counter()
        store = MemoryRuns(domain.clock, lambda kind: counter.note(f"event {kind}"))
        return cls(domain, counter, store)

    def world(self, limit: int | None = None) -> World:
        """The world of a new process, which dies before the action after ``limit`` of them."""
        self.counter.writes.clear()
        self.counter.limit = limit
        world, inner = self.domain.counting()
        inner.writes = self.counter.writes
        inner.limit = limit
        # A GPO made over LDAP and SMB is several writes.
        small = MemoryGpos(world.directory, self.domain.sysvol)
        return replace(world, gpos={**world.gpos, GpoVia.SMB: small})

    def apply(self, plan: Plan, limit: int | None = None) -> RunReport:
        """Carry a plan out."""
        return carry_out_in(plan, self.world(limit), self.store, ListObserver())

    def resume(self, limit: int | None = None, name: str = "last") -> RunReport | None:
        """Go on with a run."""
        world = self.world(limit)
        found = read_run(self.store, name)
        check_open(found, self.store)
        return resume(found, world, self.store, ListObserver())

    def rollback(self, limit: int | None = None, name: str = "last") -> RunReport:
        """Take a run back."""
        world = self.world(limit)
        found = read_run(self.store, name)
        check_open(found, self.store)
        plan = make_rollback_plan(found, world, self.store)
        return carry_out_in(plan, world, self.store, ListObserver(), undoes=found.record.run_id)

    def state(self, *, versions: bool = False) -> tuple[Snapshot, dict[tuple[UUID, str], bytes]]:
        """All of the directory and of SYSVOL but what only counts.

        Args:
            versions: Whether versions are part of it.
        """
        without = COUNTED if versions else (*COUNTED, "versionNumber")
        files = {
            (gpo, path): gpt_ini.with_version(content, GpoVersion())
            if path == "gpt.ini" and not versions
            else content
            for gpo, folder in self.domain.sysvol.folders().items()
            for path, content in {"": b"", **folder}.items()
        }
        return self.domain.snapshot(without=without), files
