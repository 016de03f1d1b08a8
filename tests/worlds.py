"""A whole domain in memory, for tests of everything above the adapters."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar
from uuid import UUID, uuid5

from typing_extensions import override

from ipsec_orchestrator.adapters.memory import (
    MemoryDirectory,
    MemoryGpos,
    MemorySysvol,
    seeded_directory,
)
from ipsec_orchestrator.adapters.memory.members import AnswerCall, MemoryMembers
from ipsec_orchestrator.adapters.scripts import script_call
from ipsec_orchestrator.adapters.thread_runner import ThreadRunner
from ipsec_orchestrator.app.observe import observe
from ipsec_orchestrator.app.plans import make_apply_plan, make_remove_plan
from ipsec_orchestrator.engine.run import run
from ipsec_orchestrator.lab.windows import (
    AgentBehaviour,
    RegistryFile,
    SimulatedHost,
    WindowsCommands,
    WindowsSettings,
    canned_script,
)
from ipsec_orchestrator.model.directory import Attributes, Entry, Scope
from ipsec_orchestrator.model.inventory import Domain, Host, HostRole, Inventory
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.outcome import MemberResult, RunReport, StepResult
from ipsec_orchestrator.model.plan import Plan
from ipsec_orchestrator.model.policy import GpoVia, Playbook
from ipsec_orchestrator.model.steps import Step
from ipsec_orchestrator.planning.apply import plan_apply
from ipsec_orchestrator.planning.removal import plan_remove
from ipsec_orchestrator.ports import (
    Clock,
    Directory,
    DomainNames,
    Gpos,
    Journal,
    Members,
    ScriptCall,
    Sysvol,
    World,
)

DOMAIN_DN = "DC=ipsectest,DC=com"
OU = f"OU=IPSecOU,{DOMAIN_DN}"
CONTAINER = f"CN=IP Security,CN=System,{DOMAIN_DN}"
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
COUNTERS = frozenset({"whenchanged", "usnchanged"})


class SteppingClock(Clock):
    """Every look at the wall clock is a little later; a wait passes at once.

    Attributes:
        waited: All waits, in seconds.
        meanwhile: What the world does while somebody waits.
    """

    def __init__(self) -> None:
        self._seconds = 0.0
        self.waited: list[float] = []
        self.meanwhile: list[Callable[[], object]] = []

    @override
    def now(self) -> datetime:
        self._seconds += 0.001
        return NOON + timedelta(seconds=self._seconds)

    @override
    def monotonic_seconds(self) -> float:
        return self._seconds

    @override
    def wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        self._seconds += seconds
        for work in self.meanwhile:
            work()


class ChoosingGpos(MemoryGpos):
    """Chooses the id of a new GPO itself, as ``New-GPO`` does."""

    @override
    def create(self, *, name: str, wished_id: UUID, comment: str) -> UUID:
        chosen = uuid5(wished_id, "chosen by Windows")
        return super().create(name=name, wished_id=chosen, comment=comment)


class ListJournal(Journal):
    """Events in a list."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, Json]]] = []

    @override
    def append(self, kind: str, **fields: Json) -> None:
        self.events.append((kind, fields))

    def kinds(self) -> list[str]:
        """The kinds of all events."""
        return [kind for kind, _ in self.events]


class ListObserver:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.ended: list[StepResult] = []
        self.said: list[tuple[str, str]] = []
        self.members: list[MemberResult] = []

    def step_begins(self, number: int, step: Step) -> None:
        """Nothing to remember."""

    def step_ended(self, result: StepResult) -> None:
        """Remember it."""
        self.ended.append(result)

    def member_says(self, host: str, text: str) -> None:
        """Remember it."""
        self.said.append((host, text))

    def member_ended(self, result: MemberResult) -> None:
        """Remember it."""
        self.members.append(result)


Answer = TypeVar("Answer")


@dataclass(slots=True)
class Counter:
    """Counts writes, by what was written.

    Attributes:
        writes: One text a write.
        limit: After that many writes the process "dies": everything raises.
    """

    writes: list[str] = field(default_factory=list[str])
    limit: int | None = None

    def note(self, text: str) -> None:
        """Count a write, or die before it.

        Raises:
            KilledError: The limit was reached.
        """
        if self.limit is not None and len(self.writes) >= self.limit:
            raise KilledError(text)
        self.writes.append(text)

    def ask(self, question: Callable[[], Answer]) -> Answer:
        """Read something."""
        return question()

    def order(self, text: str, write: Callable[[], Answer]) -> Answer:
        """Write something, and count it."""
        self.note(text)
        return write()


class KilledError(Exception):
    """The process ended here; no error of the program's own, so nothing handles it."""


class CountingDirectory(Directory):
    """Everything goes through the counter."""

    def __init__(self, inner: Directory, counter: Counter) -> None:
        self._inner = inner
        self._counter = counter

    @override
    def names(self) -> DomainNames:
        return self._counter.ask(self._inner.names)

    @override
    def read(self, dn: str, attributes: Sequence[str]) -> Entry | None:
        return self._counter.ask(lambda: self._inner.read(dn, attributes))

    @override
    def search(
        self,
        base: str,
        scope: Scope,
        ldap_filter: str,
        attributes: Sequence[str],
    ) -> Iterator[Entry]:
        return self._counter.ask(lambda: self._inner.search(base, scope, ldap_filter, attributes))

    @override
    def deleted(self, ldap_filter: str, attributes: Sequence[str]) -> tuple[Entry, ...] | None:
        return self._counter.ask(lambda: self._inner.deleted(ldap_filter, attributes))

    @override
    def add(self, dn: str, attributes: Attributes) -> None:
        self._counter.order(f"add {dn}", lambda: self._inner.add(dn, attributes))

    @override
    def replace(self, dn: str, attributes: Attributes) -> None:
        words = f"replace {dn}: {', '.join(attributes)}"
        self._counter.order(words, lambda: self._inner.replace(dn, attributes))

    @override
    def delete(self, dn: str) -> None:
        self._counter.order(f"delete {dn}", lambda: self._inner.delete(dn))


class CountingSysvol(Sysvol):
    """Everything goes through the counter."""

    def __init__(self, inner: Sysvol, counter: Counter) -> None:
        self._inner = inner
        self._counter = counter

    @override
    def read(self, gpo_id: UUID, path: str) -> bytes | None:
        return self._counter.ask(lambda: self._inner.read(gpo_id, path))

    @override
    def write(self, gpo_id: UUID, path: str, content: bytes) -> None:
        words = f"write {gpo_id}/{path}"
        self._counter.order(words, lambda: self._inner.write(gpo_id, path, content))

    @override
    def read_access(self, gpo_id: UUID) -> bytes | None:
        return self._counter.ask(lambda: self._inner.read_access(gpo_id))

    @override
    def write_access(self, gpo_id: UUID, descriptor: bytes) -> None:
        words = f"protect {gpo_id}"
        self._counter.order(words, lambda: self._inner.write_access(gpo_id, descriptor))


class CountingGpos(Gpos):
    """Everything goes through the counter."""

    def __init__(self, inner: Gpos, counter: Counter) -> None:
        self._inner = inner
        self._counter = counter

    @override
    def create(self, *, name: str, wished_id: UUID, comment: str) -> UUID:
        return self._counter.order(
            f"create GPO {name}",
            lambda: self._inner.create(name=name, wished_id=wished_id, comment=comment),
        )

    @override
    def delete(self, *, gpo_id: UUID) -> None:
        self._counter.order(f"delete GPO {gpo_id}", lambda: self._inner.delete(gpo_id=gpo_id))


class CountingMembers(Members):
    """Everything goes through the counter; scripts that change something are counted."""

    def __init__(self, inner: Members, counter: Counter) -> None:
        self._inner = inner
        self._counter = counter

    @override
    def run(self, host: Host, call: ScriptCall) -> Json:
        if call.changes:
            words = f"run {call.name} on {host.name}"
            return self._counter.order(words, lambda: self._inner.run(host, call))
        return self._counter.ask(lambda: self._inner.run(host, call))


def counted(world: World, counter: Counter) -> World:
    """Give the world in which everything goes through a counter."""
    return replace(
        world,
        directory=CountingDirectory(world.directory, counter),
        gpos={via: CountingGpos(gpos, counter) for via, gpos in world.gpos.items()},
        sysvol={via: CountingSysvol(files, counter) for via, files in world.sysvol.items()},
        members=CountingMembers(world.members, counter),
    )


@dataclass(slots=True, kw_only=True)
class MemoryDomain:
    """Everything of one domain, and shortcuts for what tests do with it."""

    directory: MemoryDirectory
    sysvol: MemorySysvol
    clock: SteppingClock
    inventory: Inventory
    answers: Mapping[str, AnswerCall] = field(default_factory=dict[str, AnswerCall])

    @property
    def world(self) -> World:
        """The ports."""
        return World(
            inventory=self.inventory,
            directory=self.directory,
            gpos={
                GpoVia.WINRM: ChoosingGpos(self.directory, self.sysvol),
                GpoVia.SMB: MemoryGpos(self.directory, self.sysvol),
            },
            sysvol={GpoVia.WINRM: self.sysvol, GpoVia.SMB: self.sysvol},
            members=MemoryMembers(self.answers),
            scripts=script_call,
            clock=self.clock,
            runner=ThreadRunner(threads=4),
        )

    def counting(self, *, limit: int | None = None) -> tuple[World, Counter]:
        """The ports, with every write counted; the process dies after ``limit`` of them."""
        counter = Counter(limit=limit)
        return counted(self.world, counter), counter

    def plan(
        self,
        playbook: Playbook,
        members: Iterable[Host] = (),
        world: World | None = None,
    ) -> Plan:
        """Plan an apply; without members, as if the playbook had none."""
        world, members = world or self.world, tuple(members)
        if members:
            return make_apply_plan(playbook, members, world, _silent)
        observed = observe(playbook, (), world, _silent)
        return plan_apply(playbook, self.inventory, (), observed, "test")

    def plan_removal(
        self,
        playbook: Playbook,
        members: Iterable[Host] = (),
        world: World | None = None,
    ) -> Plan:
        """Plan a removal; without members, as if the playbook had none."""
        world, members = world or self.world, tuple(members)
        if members:
            return make_remove_plan(playbook, members, world, _silent)
        return plan_remove(playbook, (), observe(playbook, (), world, _silent), "test")

    def carry_out(self, plan: Plan, world: World | None = None) -> RunReport:
        """Carry a plan out."""
        return run(plan, world or self.world, ListJournal(), ListObserver(), "test")

    def apply(self, playbook: Playbook, members: Iterable[Host] = ()) -> RunReport:
        """Plan and carry out; the directory part must succeed."""
        report = self.carry_out(self.plan(playbook, members))
        assert report.error is None, report.error
        return report

    def remove(self, playbook: Playbook, members: Iterable[Host] = ()) -> RunReport:
        """Plan the removal and carry it out; the directory part must succeed."""
        report = self.carry_out(self.plan_removal(playbook, members))
        assert report.error is None, report.error
        return report

    def snapshot(self, *, without: Iterable[str] = ()) -> dict[str, dict[str, frozenset[bytes]]]:
        """Everything in the directory but counters, by DN."""
        hidden = COUNTERS | {name.casefold() for name in without}
        return {
            entry.dn: {
                name: frozenset(values)
                for name, values in entry.attributes.items()
                if name.casefold() not in hidden
            }
            for entry in self.directory.search(DOMAIN_DN, Scope.SUBTREE, "(objectClass=*)", ["*"])
        }

    def make_gpo(self, name: str, *, gpo_id: UUID, **texts: str) -> str:
        """Make a GPO that is not ours and give its DN."""
        gpos = MemoryGpos(self.directory, self.sysvol)
        gpos.create(name=name, wished_id=gpo_id, comment="")
        dn = f"CN={{{str(gpo_id).upper()}}},CN=Policies,CN=System,{DOMAIN_DN}"
        if texts:
            self.directory.replace(dn, Attributes.of_text(**texts))
        return dn

    def gpo_dn(self, name: str) -> str:
        """The DN of a GPO by display name."""
        found = [
            entry.dn
            for entry in self.directory.search(
                f"CN=Policies,CN=System,{DOMAIN_DN}",
                Scope.CHILDREN,
                "(objectClass=groupPolicyContainer)",
                ["displayName"],
            )
            if entry.attributes.text("displayName") == name
        ]
        assert len(found) == 1, found
        return found[0]

    def text(self, dn: str, attribute: str) -> str | None:
        """One attribute as text."""
        entry = self.directory.read(dn, [attribute])
        assert entry is not None, f"{dn} is not there"
        return entry.attributes.text(attribute)


def _silent(text: str) -> None:
    del text


HOSTS = (
    ("dc1", HostRole.DOMAIN_CONTROLLER, None),
    ("host1", HostRole.ON_PREMISES, OU),
    ("vm1", HostRole.AZURE_VM, OU),
    ("vm2", HostRole.AZURE_VM, OU),
)


def memory_domain(inventory: Inventory | None = None) -> MemoryDomain:
    """The how-to's domain, fresh: OU, computers, no GPO, no policy."""
    clock = SteppingClock()
    directory = seeded_directory(
        clock,
        units=["IPSecOU"],
        computers=[(name, "IPSecOU") for name, _, ou in HOSTS if ou],
    )
    hosts = tuple(
        Host(name=name, role=role, fqdn=f"{name}.ipsectest.com", ou=ou) for name, role, ou in HOSTS
    )
    return MemoryDomain(
        directory=directory,
        sysvol=MemorySysvol(),
        clock=clock,
        inventory=inventory or Inventory(domain=Domain(name="ipsectest.com"), hosts=hosts),
    )


def with_windows_hosts(
    domain: MemoryDomain,
    folder: Path,
    *,
    stopped: Iterable[str] = (),
) -> dict[str, SimulatedHost]:
    """Put simulated Windows hosts behind the members of a domain; they work while we wait."""
    stopped = set(stopped)
    hosts = {
        host.name: SimulatedHost(
            WindowsSettings(
                name=host.name,
                account=f"{host.name.upper()}$",
                policy_agent=AgentBehaviour.STAYS_STOPPED
                if host.name in stopped
                else AgentBehaviour.STARTS,
            ),
            registry=RegistryFile(folder / f"{host.name}.json"),
            open_directory=lambda: nullcontext(domain.directory),
            read_template=lambda gpo_id: domain.sysvol.read(gpo_id, "gpt.ini"),
            clock=domain.clock.now,
        )
        for host in domain.inventory.hosts
        if host.role is not HostRole.DOMAIN_CONTROLLER
    }
    domain.answers = {name: canned_script(WindowsCommands(host)) for name, host in hosts.items()}
    domain.clock.meanwhile.append(
        lambda: [host.wait_for_processes(10.0) for host in hosts.values()],
    )
    domain.clock.meanwhile += [host.tasks.run_due for host in hosts.values()]
    return hosts
