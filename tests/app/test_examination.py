"""What ``doctor`` reads of the domain, and what ``apply`` makes sure of, on a domain in memory."""

from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

import pytest
from typing_extensions import override

from ipsec_orchestrator.adapters.clock import SystemClock
from ipsec_orchestrator.adapters.memory import MemoryDirectory, seeded_directory
from ipsec_orchestrator.adapters.unreachable_directory import UnreachableDirectory
from ipsec_orchestrator.app.doctor import diagnose, hosts_to_examine, units_of
from ipsec_orchestrator.app.examination import examine_domain
from ipsec_orchestrator.app.guard import guard
from ipsec_orchestrator.app.host_examination import protected_ports
from ipsec_orchestrator.checks.check import Need
from ipsec_orchestrator.errors import HostUnreachableError, PrerequisiteError, UsageError
from ipsec_orchestrator.facts.controllers import ControllerState
from ipsec_orchestrator.facts.health import NotRead, Trouble
from ipsec_orchestrator.lab.memory_lab import memory_world
from ipsec_orchestrator.model.directory import Attributes
from ipsec_orchestrator.model.finding import CheckOutcome
from ipsec_orchestrator.model.inventory import Inventory
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.ports import Directory, ServiceRecords, World
from tests.worlds import DOMAIN_DN, OU, MemoryDomain

SITE = f"CN=Servers,CN=Default-First-Site-Name,CN=Sites,CN=Configuration,{DOMAIN_DN}"
DC2 = "dc2.ipsectest.com"
NEIGHBOUR = """<DS_REPL_NEIGHBOR>
    <pszNamingContext>DC=ipsectest,DC=com</pszNamingContext>
    <pszSourceDsaDN>CN=NTDS Settings,CN=DC1,CN=Servers</pszSourceDsaDN>
    <cNumConsecutiveSyncFailures>7</cNumConsecutiveSyncFailures>
    <dwLastSyncResult>1722</dwLastSyncResult>
</DS_REPL_NEIGHBOR>"""


def silence(_: str) -> None:
    """Nobody listens."""


class NoRecords(ServiceRecords):
    """A DNS server that does not answer."""

    @override
    def hosts_of(self, name: str) -> tuple[str, ...]:
        raise HostUnreachableError(host="10.2.27.5", reason=f"it gives no answer about {name}")


def add_controller(directory: Directory, name: str) -> None:
    """Make the configuration know one more DC."""
    server = f"CN={name.upper()},{SITE}"
    directory.add(
        server, Attributes.of_text(objectClass="server", dNSHostName=f"{name}.ipsectest.com")
    )
    directory.add(f"CN=NTDS Settings,{server}", Attributes.of_text(objectClass="nTDSDSA"))


def opener(
    directories: Mapping[str, Directory],
) -> Callable[[str], AbstractContextManager[Directory]]:
    """Give the way to other DCs; one that is not there can't be reached."""

    @contextmanager
    def open_controller(fqdn: str) -> Generator[Directory]:
        if fqdn not in directories:
            raise HostUnreachableError(host=fqdn, reason="no connection was made")
        yield directories[fqdn]

    return open_controller


def controllers(world: World) -> tuple[ControllerState, ...]:
    """What is said of all DCs."""
    found = examine_domain(world, (), None, frozenset({Need.CONTROLLERS}), silence).controllers
    assert not isinstance(found, NotRead)
    return found


def test_a_lone_controller_has_nobody_to_be_compared_with(domain: MemoryDomain) -> None:
    """With one DC nothing is read but its name."""
    assert controllers(domain.world) == (ControllerState(fqdn="dc1.ipsectest.com"),)


def test_every_controller_is_asked(domain: MemoryDomain) -> None:
    """Each DC tells from whom it replicates and what it has; one that is off is told as such."""
    add_controller(domain.directory, "dc2")
    add_controller(domain.directory, "dc3")
    other = seeded_directory(SystemClock(), units=["IPSecOU"])
    other.replace(DOMAIN_DN, Attributes.of_text(**{"msDS-NCReplInboundNeighbors": NEIGHBOUR}))
    found = controllers(replace(domain.world, open_controller=opener({DC2: other})))

    assert [state.fqdn for state in found] == ["dc1.ipsectest.com", DC2, "dc3.ipsectest.com"]
    assert found[1].partners is not None
    assert (found[1].partners[0].failures, found[1].partners[0].last_result) == (7, 1722)
    assert found[2].problem is not None
    assert "no connection" in found[2].problem


def test_what_can_not_be_read_is_an_answer(domain: MemoryDomain) -> None:
    """A directory and a DNS server that are out of reach are told with reason and cure."""
    error = HostUnreachableError(host="dc1", reason="no route", cure="Plug it in.")
    world = replace(domain.world, directory=UnreachableDirectory(error), records=NoRecords())
    found = examine_domain(world, (OU,), None, frozenset(Need), silence)

    assert found.directory == NotRead(
        trouble=Trouble.UNREACHABLE,
        reason="dc1 can't be reached: no route.",
        cure="Plug it in.",
    )
    assert isinstance(found.controllers, NotRead)
    assert isinstance(found.records, NotRead)


def test_hosts_are_judged_without_a_domain() -> None:
    """What the hosts say is judged although the directory is out of reach."""
    error = HostUnreachableError(host="dc1", reason="no route")
    with memory_world() as simulated:
        world = replace(simulated, directory=UnreachableDirectory(error))
        hosts = hosts_to_examine(world.inventory, None, None)
        findings = diagnose(world, None, hosts, ["hosts", "audit", "dns"], silence)

    assert {found.outcome for found in findings} == {CheckOutcome.PASSED}
    assert {found.host for found in findings} == {host.name for host in hosts}


def test_hosts_and_units_come_from_playbook_or_inventory(
    howto: Playbook, howto_inventory: Inventory
) -> None:
    """The playbook's members and OU; without one every host but the DCs, and their OUs."""
    hosts = hosts_to_examine(howto_inventory, None, None)

    assert "dc1" not in {host.name for host in hosts}
    assert units_of(howto, hosts) == (howto.gpo.ou,)
    assert units_of(None, hosts) == (OU,)
    assert protected_ports(howto) == (8080,)
    with pytest.raises(UsageError):
        hosts_to_examine(howto_inventory, howto, "dc1")


def test_what_can_not_be_told_does_not_hold_apply_up(domain: MemoryDomain, howto: Playbook) -> None:
    """A directory that does not compute rights leaves those checks unknown; apply may begin."""
    report = guard(domain.plan(howto), domain.world, (), silence)
    outcomes = {found.check_id: found.outcome for found in report.findings}

    assert outcomes["ad.right-gpo"] is CheckOutcome.UNKNOWN
    assert outcomes["ad.bind"] is CheckOutcome.PASSED
    assert outcomes["ou.exists"] is CheckOutcome.PASSED
    assert CheckOutcome.FAILED not in outcomes.values()


def test_a_failed_guard_names_itself(domain: MemoryDomain, howto: Playbook) -> None:
    """DCs that differ keep apply from beginning, unless that check is left out."""
    plan = domain.plan(howto)
    add_controller(domain.directory, "dc2")
    world = replace(domain.world, open_controller=opener({DC2: _with_gpo()}))
    with pytest.raises(PrerequisiteError, match=r"--skip-check ad\.replication"):
        guard(plan, world, (), silence)
    report = guard(plan, world, ("ad.replication",), silence)

    assert report.skipped == ("ad.replication",)
    assert "ad.replication" not in {found.check_id for found in report.findings}


def _with_gpo() -> MemoryDirectory:
    other = seeded_directory(SystemClock(), units=["IPSecOU"])
    dn = f"CN={{31B2F340-016D-11D2-945F-00C04FB984F9}},CN=Policies,CN=System,{DOMAIN_DN}"
    other.add(dn, Attributes.of_text(objectClass="groupPolicyContainer", versionNumber="3"))
    return other


def test_an_id_that_guards_nothing_is_refused(domain: MemoryDomain, howto: Playbook) -> None:
    """A misspelt id would leave the check in: it is wrong usage."""
    with pytest.raises(UsageError, match=r"ad\.replication"):
        guard(domain.plan(howto), domain.world, ("ad.replicaton",), silence)
