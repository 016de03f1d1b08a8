"""A domain of many members in memory: what one simulated host has answered, all of them answer."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from bench_lab import CHECKOUT, PLAYBOOK
from typing_extensions import override

from ipsec_orchestrator.adapters.clock import SystemClock
from ipsec_orchestrator.adapters.memory import (
    MemoryDirectory,
    MemoryGpos,
    MemorySysvol,
    seeded_directory,
)
from ipsec_orchestrator.adapters.memory.members import MemoryMembers
from ipsec_orchestrator.adapters.memory.schema import DOMAIN_SID
from ipsec_orchestrator.adapters.scripts import script_call
from ipsec_orchestrator.adapters.specification import read_inventory, read_playbook
from ipsec_orchestrator.adapters.thread_runner import ThreadRunner
from ipsec_orchestrator.app.plans import make_apply_plan
from ipsec_orchestrator.codec.sid import Sid
from ipsec_orchestrator.engine.observer import Observer
from ipsec_orchestrator.engine.run import run
from ipsec_orchestrator.lab.windows import (
    RegistryFile,
    SimulatedHost,
    WindowsCommands,
    WindowsSettings,
    canned_script,
)
from ipsec_orchestrator.model.directory import Attributes, Entry, Scope
from ipsec_orchestrator.model.inventory import Host, HostRole
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.outcome import MemberResult, StepResult
from ipsec_orchestrator.model.policy import GpoVia, Playbook
from ipsec_orchestrator.model.steps import Step
from ipsec_orchestrator.ports import Directory, DomainNames, Journal, World

MEMBERS = 10_000
PAGE = 500
OU = "OU=IPSecOU,DC=ipsectest,DC=com"
_FIRST_RID = 50_000


class CountingDirectory(Directory):
    """Counts what an LDAP connection would carry: requests, pages of answers, their contents."""

    def __init__(self, inner: MemoryDirectory) -> None:
        self._inner = inner
        self.requests = 0
        self.pages = 0
        self.bytes = 0

    def _count(self, entries: Sequence[Entry]) -> None:
        pages = max(1, -(-len(entries) // PAGE))
        self.requests += pages
        self.pages += pages
        for entry in entries:
            self.bytes += len(entry.dn)
            for name, values in entry.attributes.items():
                self.bytes += len(name) + sum(map(len, values))

    @override
    def names(self) -> DomainNames:
        return self._inner.names()

    @override
    def read(self, dn: str, attributes: Sequence[str]) -> Entry | None:
        found = self._inner.read(dn, attributes)
        self._count([found] if found else [])
        return found

    @override
    def search(
        self, base: str, scope: Scope, ldap_filter: str, attributes: Sequence[str]
    ) -> Iterator[Entry]:
        found = list(self._inner.search(base, scope, ldap_filter, attributes))
        self._count(found)
        return iter(found)

    @override
    def deleted(self, ldap_filter: str, attributes: Sequence[str]) -> tuple[Entry, ...] | None:
        found = self._inner.deleted(ldap_filter, attributes)
        self._count(found or ())
        return found

    @override
    def add(self, dn: str, attributes: Attributes) -> None:
        self._inner.add(dn, attributes)

    @override
    def replace(self, dn: str, attributes: Attributes) -> None:
        self._inner.replace(dn, attributes)

    @override
    def delete(self, dn: str) -> None:
        self._inner.delete(dn)


@dataclass(slots=True, kw_only=True)
class BigDomain:
    """The how-to, applied, with many members.

    Attributes:
        world: Its ports.
        directory: Counts.
        memory: The directory behind it, where others write.
        playbook: The how-to's.
        members: All of them.
        renewed: How many accounts have been made anew.
    """

    world: World
    directory: CountingDirectory
    memory: MemoryDirectory
    playbook: Playbook
    members: tuple[Host, ...]
    renewed: int = 0

    def renew(self, count: int) -> None:
        """Make some accounts anew, as machines that join the domain again; others each time."""
        for _ in range(count):
            host = self.members[self.renewed % len(self.members)]
            self.memory.delete(f"CN={host.name.upper()},{OU}")
            self.renewed += 1
            make_account(self.memory, host, _FIRST_RID + len(self.members) + self.renewed)


def make_account(directory: MemoryDirectory, host: Host, rid: int) -> None:
    """Make a computer account in the OU."""
    attributes = Attributes.of_text(
        objectClass="computer",
        dNSHostName=host.fqdn,
        sAMAccountName=f"{host.name.upper()}$",
    )
    sid = Sid.parse(DOMAIN_SID).child(rid).to_bytes()
    directory.add(f"CN={host.name.upper()},{OU}", attributes.with_values("objectSid", [sid]))


class _Nobody(Observer):
    """Watches a run and says nothing."""

    @override
    def step_begins(self, number: int, step: Step) -> None:
        pass

    @override
    def step_ended(self, result: StepResult) -> None:
        pass

    @override
    def member_says(self, host: str, text: str) -> None:
        pass

    @override
    def member_ended(self, result: MemberResult) -> None:
        pass


class _NoJournal(Journal):
    @override
    def append(self, kind: str, **fields: Json) -> None:
        pass


@contextmanager
def big_domain(folder: Path) -> Iterator[BigDomain]:
    """Give it while the block runs."""
    clock = SystemClock()
    memory = seeded_directory(clock, units=["IPSecOU"])
    members = tuple(
        Host(
            name=f"vm{number:05}",
            role=(HostRole.AZURE_VM, HostRole.ON_PREMISES)[number % 2],
            fqdn=f"vm{number:05}.ipsectest.com",
            ou=OU,
        )
        for number in range(MEMBERS)
    )
    for number, host in enumerate(members):
        make_account(memory, host, _FIRST_RID + number)
    listed = read_inventory([CHECKOUT / "inventory"])
    playbook = read_playbook(PLAYBOOK, listed)
    sysvol = MemorySysvol()
    gpos = MemoryGpos(memory, sysvol)
    one = SimulatedHost(
        WindowsSettings(name=members[0].name, account=f"{members[0].name.upper()}$"),
        registry=RegistryFile(folder / "host.json"),
        open_directory=lambda: nullcontext(memory),
        read_template=lambda gpo_id: sysvol.read(gpo_id, "gpt.ini"),
    )
    one.tasks.start()
    answer = canned_script(WindowsCommands(one))
    directory = CountingDirectory(memory)
    world = World(
        inventory=replace(listed, hosts=members),
        directory=directory,
        gpos=dict.fromkeys(GpoVia, gpos),
        sysvol=dict.fromkeys(GpoVia, sysvol),
        members=MemoryMembers({host.name: answer for host in members}),
        scripts=script_call,
        clock=clock,
        runner=ThreadRunner(),
    )
    try:
        plan = make_apply_plan(playbook, members[:1], world, lambda _: None)
        report = run(plan, world, _NoJournal(), _Nobody(), "bench")
        if report.error is not None or not report.all_members_done:
            raise RuntimeError(f"the how-to could not be applied: {report}")
        said = answer(script_call("member_policy"))
        told = MemoryMembers({host.name: lambda _: said for host in members})
        yield BigDomain(
            world=replace(world, members=told),
            directory=directory,
            memory=memory,
            playbook=playbook,
            members=members,
        )
    finally:
        one.tasks.stop()
        one.wait_for_processes(timeout_seconds=10.0)
