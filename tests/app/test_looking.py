"""Looks that ask only for changes: they find what whole looks find, and ask much less."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typing_extensions import override

from ipsec_orchestrator.adapters.memory import MemoryDirectory
from ipsec_orchestrator.app.drift import Record, find_drift
from ipsec_orchestrator.app.left_record import linked_unit, read_left
from ipsec_orchestrator.app.looking import Economy, Look, look
from ipsec_orchestrator.errors import BackendError, HostUnreachableError
from ipsec_orchestrator.facts.gpo import assignment_dns
from ipsec_orchestrator.model.directory import Attributes, Entry, Scope
from ipsec_orchestrator.model.drift import DriftReport
from ipsec_orchestrator.model.inventory import Host, Inventory
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.model.watermark import Watermark
from ipsec_orchestrator.planning.drift.rotation import Rotation, Turn
from ipsec_orchestrator.planning.drift.watermark_file import (
    watermark_from_json,
    watermark_to_json,
)
from ipsec_orchestrator.ports import Directory, DomainNames, World
from tests.worlds import CONTAINER, DOMAIN_DN, OU, MemoryDomain, memory_domain, with_windows_hosts

CHANGES = Economy(only_changes=True)
FRUGAL = Economy(only_changes=True, rotation=Rotation(turn=Turn.CHANGED))
CONFIGURATION = f"CN=Configuration,{DOMAIN_DN}"


class CountedDirectory(Directory):
    """Passes everything on and notes what was asked; may go down after so many questions."""

    def __init__(self, inner: Directory, questions: list[str], limit: int | None = None) -> None:
        self._inner = inner
        self._questions = questions
        self._limit = limit

    def _note(self, question: str) -> None:
        if self._limit is not None and len(self._questions) >= self._limit:
            raise HostUnreachableError(host="dc1", reason="the connection was closed")
        self._questions.append(question)

    @override
    def names(self) -> DomainNames:
        return self._inner.names()

    @override
    def read(self, dn: str, attributes: Sequence[str]) -> Entry | None:
        self._note(f"read {dn}")
        return self._inner.read(dn, attributes)

    @override
    def search(
        self, base: str, scope: Scope, ldap_filter: str, attributes: Sequence[str]
    ) -> Iterator[Entry]:
        self._note(f"search {base} {ldap_filter}")
        return self._inner.search(base, scope, ldap_filter, attributes)

    @override
    def deleted(self, ldap_filter: str, attributes: Sequence[str]) -> tuple[Entry, ...] | None:
        self._note(f"deleted {ldap_filter}")
        return self._inner.deleted(ldap_filter, attributes)

    @override
    def add(self, dn: str, attributes: Attributes) -> None:
        self._inner.add(dn, attributes)

    @override
    def replace(self, dn: str, attributes: Attributes) -> None:
        self._inner.replace(dn, attributes)

    @override
    def delete(self, dn: str) -> None:
        self._inner.delete(dn)


class BlindDirectory(CountedDirectory):
    """An account that may not see what was deleted."""

    @override
    def deleted(self, ldap_filter: str, attributes: Sequence[str]) -> tuple[Entry, ...] | None:
        return None


@dataclass(slots=True, kw_only=True)
class Watch:
    """The how-to, applied, with its record and the watermark of a first look."""

    domain: MemoryDomain
    playbook: Playbook
    members: tuple[Host, ...]
    record: Record
    since: Watermark | str = "there is none"
    questions: list[str] = field(default_factory=list[str])
    extra: int = 0

    @property
    def world(self) -> World:
        """The ports, with every question to the directory noted."""
        world = self.domain.world
        return replace(world, directory=CountedDirectory(world.directory, self.questions))

    def look(self, economy: Economy = CHANGES, *, world: World | None = None) -> Look:
        """Look, and keep the watermark as it comes back from its file."""
        self.questions.clear()
        found = look(
            self.playbook,
            self.members,
            world or self.world,
            self.record,
            lambda _: None,
            economy=economy,
            since=self.since,
        )
        self.since = watermark_from_json(watermark_to_json(found.watermark))
        return found

    def whole(self) -> DriftReport:
        """What a look without any economy finds."""
        return find_drift(
            self.playbook, self.members, self.domain.world, self.record, lambda _: None
        )

    @property
    def directory(self) -> MemoryDirectory:
        """The directory, as other programs see it."""
        return self.domain.directory

    @property
    def gpo(self) -> str:
        """The DN of the GPO."""
        return self.domain.gpo_dn(self.playbook.gpo.name)

    def objects(self) -> list[str]:
        """The DNs of all our objects in the container, those first that refer to others."""
        return sorted(
            entry.dn
            for entry in self.directory.search(CONTAINER, Scope.CHILDREN, "(ipsecName=*)", ["cn"])
        )

    def exists(self, dn: str) -> bool:
        """Whether there is such an object."""
        return self.directory.read(dn, ["cn"]) is not None

    def account(self, name: str, unit: str = OU, **texts: str) -> None:
        """Make a computer account."""
        self.extra += 1
        self.directory.add(
            f"CN={name},{unit}",
            Attributes.of_text(objectClass="computer", sAMAccountName=f"{name}$", **texts),
        )


def make_watch(inventory: Inventory, playbook: Playbook, folder: Path) -> Watch:
    """The how-to, applied to three simulated hosts."""
    domain = memory_domain(inventory)
    with_windows_hosts(domain, folder)
    members = tuple(host for host in inventory.hosts if host.name != "dc1")
    plan = domain.plan(playbook, members)
    report = domain.carry_out(plan)
    assert report.all_members_done, report
    left = read_left(plan, domain.world, linked_unit(plan))
    assert left is not None
    record = Record(run_id="r1", left=left)
    return Watch(domain=domain, playbook=playbook, members=members, record=record)


@pytest.fixture
def watch(howto_inventory: Inventory, howto: Playbook, tmp_path: Path) -> Watch:
    """The how-to, applied, and looked at once."""
    made = make_watch(howto_inventory, howto, tmp_path)
    first = made.look(Economy())
    assert first.report == DriftReport(record="r1")
    return made


def test_nothing_happened_costs_a_handful(watch: Watch) -> None:
    """Where nothing happened five questions are asked, and none about the objects themselves."""
    whole = watch.look(Economy())
    asked_then = len(watch.questions)
    found = watch.look()

    assert found.whole is None
    assert found.report == whole.report
    assert len(watch.questions) == 5 < asked_then / 4
    assert not [each for each in watch.questions if CONTAINER in each]


def test_first_look_reads_everything(watch: Watch) -> None:
    """Without a watermark everything is read, and the sentence says why."""
    watch.since = "there is none"
    found = watch.look()

    assert found.whole == "there is none"
    assert found.report == watch.whole()


def test_change_is_found_and_everything_is_read(watch: Watch) -> None:
    """A change of a policy's object makes a whole read, which names the object as its reason."""
    dn = watch.objects()[0]
    watch.directory.replace(dn, Attributes.of_text(description="by hand"))
    found = watch.look()

    assert found.whole == f"{dn} was changed"
    assert found.report == watch.whole()
    assert found.report.differences


def test_accounts_are_brought_up_to_date_one_by_one(watch: Watch) -> None:
    """New, changed and deleted accounts are taken into the earlier answer without reading all."""
    watch.account("VM9", dNSHostName="vm9.ipsectest.com")
    watch.directory.replace(f"CN=VM2,{OU}", Attributes.of_text(dNSHostName="other.ipsectest.com"))
    watch.directory.delete(f"CN=VM1,{OU}")
    found = watch.look()

    assert found.whole is None
    assert found.report == watch.whole()
    assert {each.name for each in found.report.differences} == {"vm1", "vm2"}
    assert not [each for each in watch.questions if CONTAINER in each]
    again = watch.look()
    assert (again.whole, again.report) == (None, found.report)


def test_another_database_is_read_whole(watch: Watch) -> None:
    """A DC with another invocationId has been restored: its numbers mean something else."""
    (settings_dn,) = (
        entry.dn
        for entry in watch.directory.search(
            CONFIGURATION, Scope.SUBTREE, "(objectClass=nTDSDSA)", ["cn"]
        )
    )
    watch.directory.replace(settings_dn, Attributes({"invocationId": (UUID(int=9).bytes_le,)}))
    found = watch.look()

    assert found.whole is not None
    assert "restored" in found.whole
    assert watch.look().whole is None


def _older(watch: Watch, *, usn: int, pin: int) -> None:
    """Let the watermark have seen later numbers than the directory has now."""
    mark = watch.since
    assert isinstance(mark, Watermark)
    assert mark.directory is not None
    assert mark.directory.pin is not None
    directory = replace(
        mark.directory,
        usn=mark.directory.usn + usn,
        pin=replace(mark.directory.pin, usn=mark.directory.pin.usn + pin),
    )
    watch.since = replace(mark, directory=directory)


def test_older_copy_of_the_database_is_read_whole(watch: Watch) -> None:
    """A lower number than before, or an object that is older than it was, shows an old copy."""
    _older(watch, usn=1, pin=0)
    lower = watch.look()
    _older(watch, usn=0, pin=-1)
    other = watch.look()

    assert "older than it was" in (lower.whole or "")
    assert "put back a copy" in (other.whole or "")
    assert lower.report == other.report == watch.whole()


def test_clock_that_jumps_does_not_fool_a_look(watch: Watch) -> None:
    """Too long after a whole read everything is read again, and also if that was in the future."""
    clock = watch.domain.clock
    clock.wait(timedelta(hours=25).total_seconds())
    late = watch.look()
    clock.wait(-timedelta(hours=3).total_seconds())
    early = watch.look(FRUGAL)
    settled = watch.look(FRUGAL)

    assert (
        late.whole == early.whole == "everything was read too long ago, or the clock was put back"
    )
    assert len(early.chosen.hosts) == 3
    assert settled.whole is None
    assert settled.chosen.hosts == ()


def test_account_without_the_right_reads_everything(watch: Watch) -> None:
    """Who may not see deleted objects gets whole looks, and is told so."""
    world = watch.domain.world
    blind = replace(world, directory=BlindDirectory(world.directory, watch.questions))
    one = watch.look(world=blind)
    two = watch.look(world=blind)

    assert "may not see deleted objects" in (one.whole or "")
    assert two.whole is not None
    assert two.watermark.directory is None
    assert one.report == two.report == DriftReport(record="r1")


@pytest.mark.parametrize("questions", range(5))
def test_directory_that_goes_down_in_the_middle(watch: Watch, questions: int) -> None:
    """A look that breaks off is an error and leaves no watermark; the earlier one still holds."""
    world = watch.domain.world
    failing = replace(
        world, directory=CountedDirectory(world.directory, watch.questions, limit=questions)
    )
    before = watch.since
    with pytest.raises(BackendError):
        watch.look(world=failing)

    assert watch.since == before
    assert watch.look().whole is None


def test_rule_with_a_key_is_not_kept(watch: Watch) -> None:
    """Answers with a rule that may hold a pre-shared key are asked for again in every look."""
    name = "ipsecNFA{00000000-0000-0000-0000-000000000001}"
    watch.directory.add(
        f"CN={name},{CONTAINER}",
        Attributes({"objectClass": (b"ipsecNFA",), "ipsecData": (b"a key, for all one knows",)}),
    )
    watch.look()
    again = watch.look()

    assert again.whole is None
    assert b"a key" not in repr(watermark_to_json(again.watermark)).encode()
    assert [each for each in watch.questions if CONTAINER in each]
    assert again.report == watch.whole()


def test_only_members_with_a_reason_are_read(watch: Watch, tmp_path: Path) -> None:
    """Members are read that differ, do not answer or have another account; a new policy means all."""
    quiet = watch.look(FRUGAL)
    (tmp_path / "vm1.json").unlink()
    with_windows_hosts(watch.domain, tmp_path)
    unseen = watch.look(FRUGAL)
    seen = watch.look(CHANGES)
    again = watch.look(FRUGAL)
    watch.directory.replace(watch.gpo, Attributes.of_text(versionNumber="77"))
    everybody = watch.look(FRUGAL)

    assert quiet.chosen.hosts == unseen.chosen.hosts == ()
    assert unseen.chosen.left_out == 3
    assert [(each.name, each.field) for each in seen.report.differences] == [("vm1", "policy")]
    assert [host.name for host in again.chosen.hosts] == ["vm1"]
    assert again.report == seen.report
    assert len(everybody.chosen.hosts) == 3


def test_flow_that_can_not_be_proved_is_unknown(watch: Watch) -> None:
    """Where no proof can be had of the wire, that is unknown, and no difference."""
    found = watch.look(Economy(flows=2))

    assert found.report.differences == ()
    assert found.report.unknown
    assert {each.object.partition(" ")[0] for each in found.report.unknown} == {"wire"}
    assert all(each.reason for each in found.report.unknown)
    assert watch.look(FRUGAL).chosen.hosts == ()


# What others may do to the domain: each takes a number to choose with.
def _touch_object(watch: Watch, number: int) -> None:
    objects = watch.objects()
    if objects:
        dn = objects[number % len(objects)]
        watch.directory.replace(dn, Attributes.of_text(description=f"by hand {number}"))


def _delete_object(watch: Watch, number: int) -> None:
    objects = watch.objects()
    if objects:
        watch.directory.delete(objects[number % len(objects)])


def _touch_gpo(watch: Watch, number: int) -> None:
    watch.directory.replace(watch.gpo, Attributes.of_text(versionNumber=str(number)))


def _links(watch: Watch, number: int) -> None:
    watch.directory.replace(OU, Attributes.of_text(gPOptions=str(number % 2)))


def _unlink(watch: Watch, number: int) -> None:
    del number
    watch.directory.replace(OU, Attributes({"gPLink": ()}))


def _unassign(watch: Watch, number: int) -> None:
    del number
    dn = assignment_dns(watch.gpo)[-1]
    watch.directory.replace(dn, Attributes({"ipsecOwnersReference": ()}))


def _link_elsewhere(watch: Watch, number: int) -> None:
    unit = f"OU=Unit{number % 3},{DOMAIN_DN}"
    if not watch.exists(unit):
        watch.directory.add(unit, Attributes.of_text(objectClass="organizationalUnit"))
    watch.directory.replace(unit, Attributes.of_text(gPLink=f"[LDAP://{watch.gpo};0]"))


def _delete_account(watch: Watch, number: int) -> None:
    dn = f"CN={('VM1', 'VM2', 'HOST1')[number % 3]},{OU}"
    if watch.exists(dn):
        watch.directory.delete(dn)


def _make_account(watch: Watch, number: int) -> None:
    name = ("VM1", "VM2", "HOST1", "OTHER")[number % 4]
    unit = (OU, f"CN=Computers,{DOMAIN_DN}")[number // 4 % 2]
    if not watch.exists(f"CN={name},{unit}"):
        watch.account(name, unit, dNSHostName=f"{name.lower()}.ipsectest.com")


def _rename_account(watch: Watch, number: int) -> None:
    dn = f"CN={('VM1', 'VM2', 'HOST1')[number % 3]},{OU}"
    if watch.exists(dn):
        watch.directory.replace(dn, Attributes.of_text(dNSHostName=f"x{number}.ipsectest.com"))


def _make_user(watch: Watch, number: int) -> None:
    dn = f"CN=User {number},CN=Users,{DOMAIN_DN}"
    if not watch.exists(dn):
        watch.directory.add(dn, Attributes.of_text(objectClass="user", sAMAccountName=f"u{number}"))


def _rival(watch: Watch, number: int) -> None:
    gpo_id = UUID(int=number + 1)
    dn = f"CN={{{str(gpo_id).upper()}}},CN=Policies,CN=System,{DOMAIN_DN}"
    if not watch.exists(dn):
        names = watch.domain.text(watch.gpo, "gPCMachineExtensionNames") or ""
        watch.domain.make_gpo(
            f"Rival {number}", gpo_id=gpo_id, gPCMachineExtensionNames=names, versionNumber="1"
        )
    link = watch.domain.text(OU, "gPLink") or ""
    watch.directory.replace(OU, Attributes.of_text(gPLink=f"{link}[LDAP://{dn};0]"))


TAMPERINGS: tuple[Callable[[Watch, int], None], ...] = (
    _touch_object,
    _delete_object,
    _touch_gpo,
    _links,
    _unlink,
    _unassign,
    _link_elsewhere,
    _delete_account,
    _make_account,
    _rename_account,
    _make_user,
    _rival,
)
STEPS = st.lists(
    st.one_of(
        st.just(None),
        st.tuples(st.integers(0, len(TAMPERINGS) - 1), st.integers(0, 7)),
    ),
    min_size=1,
    max_size=8,
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS)
def test_cheap_looks_find_what_whole_looks_find(
    howto_inventory: Inventory,
    howto: Playbook,
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[tuple[int, int] | None],
) -> None:
    """Whatever others do, and whenever one looks between, both looks find the very same."""
    watch = make_watch(howto_inventory, howto, tmp_path_factory.mktemp("hosts"))
    watch.look(Economy())
    for step in (*steps, None):
        if step is not None:
            TAMPERINGS[step[0]](watch, step[1])
            continue
        cheap = watch.look()
        assert cheap.report == watch.whole()
