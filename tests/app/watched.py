"""A domain in memory where the how-to was applied, and what looks after it."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

from ipsec_orchestrator.adapters.memory.passes import MemoryPasses
from ipsec_orchestrator.app.carry_out import carry_out
from ipsec_orchestrator.app.look_after import PassOrder
from ipsec_orchestrator.app.looking import Economy
from ipsec_orchestrator.app.options import StatePlace
from ipsec_orchestrator.app.reconcile import make_pass
from ipsec_orchestrator.engine.observer import Observer
from ipsec_orchestrator.model.inventory import Host, Inventory
from ipsec_orchestrator.model.plan import Plan
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.model.watch import WatchPass
from ipsec_orchestrator.model.watch_rules import Handling, WatchRules
from tests.worlds import Counter, ListObserver, MemoryDomain, counted, with_windows_hosts

BORN = ("objectGUID", "whenCreated", "uSNCreated")
"""What a deleted object can't get back."""


@dataclass(slots=True, kw_only=True)
class Watched:
    """The how-to, applied, and what looks after it."""

    domain: MemoryDomain
    playbook: Playbook
    members: tuple[Host, ...]
    state: Path
    passes: MemoryPasses = field(default_factory=MemoryPasses)
    told: list[str] = field(default_factory=list)
    economy: Economy = field(default_factory=Economy)
    seen: list[ListObserver] = field(default_factory=list)

    @property
    def place(self) -> StatePlace:
        """The state folder."""
        return StatePlace(folder=self.state)

    def make(
        self,
        mode: Handling | None = Handling.REPAIR,
        *,
        counter: Counter | None = None,
        **rules: object,
    ) -> WatchPass:
        """Make a pass; with a counter everything goes through it."""
        playbook = self.playbook
        if rules:
            playbook = replace(playbook, watch=WatchRules(**rules))  # type: ignore[arg-type]
        order = PassOrder(
            playbook=playbook,
            file=str(self.state / "playbook.yml"),
            inventory=self.domain.inventory,
            members=self.members,
            place=self.place,
            plans=self.state / "plans",
            mode=mode,
            open_world=lambda: nullcontext(
                counted(self.domain.world, counter) if counter else self.domain.world
            ),
            watch=self._observed,
            economy=self.economy,
        )
        return make_pass(order, self.passes, self.domain.clock, self.told.append)

    def _observed(self, plan: Plan) -> AbstractContextManager[Observer]:
        del plan
        self.seen.append(ListObserver())
        return nullcontext(self.seen[-1])

    def picture(self) -> dict[str, dict[str, frozenset[bytes]]]:
        """Everything in the directory apart from counters."""
        found = self.domain.snapshot(without=["versionNumber", *BORN])
        for dn, attributes in found.items():
            if dn.startswith("CN=IPSEC,"):
                # The mark of the assignment says which version announced it.
                attributes.pop("adminDescription", None)
        return found


def watched_domain(
    inventory: Inventory, playbook: Playbook, domain: MemoryDomain, folder: Path
) -> Watched:
    """Apply a playbook to three simulated Windows hosts, and keep the record that the run left."""
    hosts = folder / "hosts"
    hosts.mkdir()
    with_windows_hosts(domain, hosts)
    members = tuple(host for host in inventory.hosts if host.name != "dc1")
    found = Watched(domain=domain, playbook=playbook, members=members, state=folder / "state")
    plan = domain.plan(playbook, members)
    report = carry_out(plan, domain.world, found.place, ListObserver())
    assert report.error is None
    assert report.all_members_done, report.members
    return found
