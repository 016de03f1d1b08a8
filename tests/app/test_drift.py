"""Looking for drift in a domain in memory: every kind of tampering gets its word, and only that."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ipsec_orchestrator.app.drift import Record, find_drift
from ipsec_orchestrator.app.left_record import read_left
from ipsec_orchestrator.facts.gpo import assignment_dns
from ipsec_orchestrator.model.directory import Attributes, Scope
from ipsec_orchestrator.model.drift import Difference, DriftReport
from ipsec_orchestrator.model.inventory import Host, Inventory
from ipsec_orchestrator.model.policy import Cipher, Integrity, Playbook, SecurityMethod
from ipsec_orchestrator.planning.drift.record import left_from_json, left_to_json
from tests.worlds import CONTAINER, OU, MemoryDomain, with_windows_hosts

DEFAULT_POLICY = "{72385236-70FA-11D1-864C-14A300000000}"


@dataclass(slots=True, kw_only=True)
class Watch:
    """The how-to, applied, with the record that the run left."""

    domain: MemoryDomain
    playbook: Playbook
    members: tuple[Host, ...]
    record: Record | None = None

    def look(self, playbook: Playbook | None = None) -> DriftReport:
        """Look for drift."""
        return find_drift(
            playbook or self.playbook, self.members, self.domain.world, self.record, lambda _: None
        )

    def differences(self, playbook: Playbook | None = None) -> list[tuple[str, str, str]]:
        """Word, thing and field of every difference."""
        return [
            (each.kind.value, f"{each.thing} {each.name}", each.field)
            for each in self.look(playbook).differences
        ]

    def object(self, object_class: str, name: str | None = None) -> str:
        """The DN of the one object of a class, by name, that bears our mark."""
        return next(
            entry.dn
            for entry in self.domain.directory.search(
                CONTAINER, Scope.CHILDREN, f"(objectClass={object_class})", ["*"]
            )
            if (entry.attributes.text("adminDescription") or "").startswith("ipsec_orchestrator")
            and entry.attributes.text("ipsecName") == name
        )

    def set(self, dn: str, **texts: str) -> None:
        """Change an object as somebody with another tool does."""
        self.domain.directory.replace(dn, Attributes.of_text(**texts))

    @property
    def gpo(self) -> str:
        """The DN of the GPO."""
        return self.domain.gpo_dn(self.playbook.gpo.name)


@pytest.fixture
def watch(
    howto_inventory: Inventory, howto: Playbook, domain: MemoryDomain, tmp_path: Path
) -> Watch:
    """The how-to, applied to three simulated Windows hosts."""
    with_windows_hosts(domain, tmp_path)
    members = tuple(host for host in howto_inventory.hosts if host.name != "dc1")
    plan = domain.plan(howto, members)
    report = domain.carry_out(plan)
    assert report.error is None
    assert report.all_members_done, report.members
    left = read_left(plan, domain.world)
    assert left is not None
    # As it comes back from a journal.
    record = Record(run_id="r1", left=left_from_json(left_to_json(left)))
    return Watch(domain=domain, playbook=howto, members=members, record=record)


def test_nothing_is_reported_of_a_clean_domain(watch: Watch) -> None:
    """Right after an apply there is no difference and nothing unknown, however often one looks."""
    reports = {watch.look() for _ in range(5)}

    assert reports == {DriftReport(record="r1")}


def test_without_a_record_a_clean_domain_is_clean_as_well(watch: Watch) -> None:
    """A look without a record compares with the playbook alone."""
    watch.record = None

    assert watch.look() == DriftReport()


def _filter_action(watch: Watch) -> None:
    """Give the filter action the bytes of another one, as MMC would."""
    other = replace(
        watch.playbook,
        name="other",
        filter_actions=tuple(
            replace(action, methods=(SecurityMethod(esp=(Cipher.DES, Integrity.MD5)),))
            for action in watch.playbook.filter_actions
        ),
    )
    from ipsec_orchestrator.planning.lower import lower  # noqa: PLC0415 - one place

    (policy,) = lower(other, "DC=ipsectest,DC=com")
    blob = next(
        thing.attributes.values_of("ipsecData")
        for thing in policy.objects
        if thing.name == "myEncryption"
    )
    dn = watch.object("ipsecNegotiationPolicy", "myEncryption")
    watch.domain.directory.replace(dn, Attributes({"ipsecData": blob}))


def _delete_filter_list(watch: Watch) -> None:
    watch.domain.directory.delete(watch.object("ipsecFilter", "azure-onpremises-HTTP8080"))


def _unlink(watch: Watch) -> None:
    watch.domain.directory.replace(OU, Attributes({"gPLink": ()}))


def _disable_link(watch: Watch) -> None:
    text = watch.domain.text(OU, "gPLink") or ""
    watch.set(OU, gPLink=text.replace(";0]", ";1]"))


def _enforce_link(watch: Watch) -> None:
    text = watch.domain.text(OU, "gPLink") or ""
    watch.set(OU, gPLink=text.replace(";0]", ";2]"))


def _unassign(watch: Watch) -> None:
    dn = assignment_dns(watch.gpo)[-1]
    watch.domain.directory.replace(dn, Attributes({"ipsecOwnersReference": ()}))


def _another_policy(watch: Watch) -> None:
    dn = assignment_dns(watch.gpo)[-1]
    default = f"CN=ipsecPolicy{DEFAULT_POLICY},{CONTAINER}"
    watch.domain.directory.add(
        default, Attributes.of_text(objectClass="ipsecPolicy", ipsecName="Client (Respond Only)")
    )
    watch.set(dn, ipsecOwnersReference=default)


def _block_inheritance(watch: Watch) -> None:
    watch.set(OU, gPOptions="1")


def _raise_version(watch: Watch) -> None:
    number = int(watch.domain.text(watch.gpo, "versionNumber") or "0")
    watch.set(watch.gpo, versionNumber=str(number + 1))


def _wmi_filter(watch: Watch) -> None:
    watch.set(watch.gpo, gPCWQLFilter="[ipsectest.com;{00000000-0000-0000-0000-000000000001};0]")


def _extensions(watch: Watch) -> None:
    watch.domain.directory.replace(watch.gpo, Attributes({"gPCMachineExtensionNames": ()}))


def _computer_half(watch: Watch) -> None:
    watch.set(watch.gpo, flags="2")


def _rename_rule(watch: Watch) -> None:
    watch.set(watch.object("ipsecPolicy", "policy-azure-onpremises"), description="by hand")


def _move_member(watch: Watch) -> None:
    dn = f"CN=VM1,{OU}"
    entry = watch.domain.directory.read(dn, ["*"])
    assert entry is not None
    watch.domain.directory.delete(entry.dn)


LISTED = "filter list azure-onpremises-HTTP8080"
GPO = "GPO IPSec-Azure-OnPremises"
LINK = f"link IPSec-Azure-OnPremises on {OU}"
ASSIGNMENT = "assignment IPSec-Azure-OnPremises"


@pytest.mark.parametrize(
    ("tamper", "expected"),
    [
        pytest.param(_filter_action, {("filter action myEncryption", "methods")}, id="methods"),
        pytest.param(_delete_filter_list, {(LISTED, "the object")}, id="filter list gone"),
        pytest.param(_unlink, {(LINK, "the object")}, id="unlinked"),
        pytest.param(_disable_link, {(LINK, "enabled")}, id="link disabled"),
        pytest.param(_enforce_link, {(LINK, "enforced")}, id="link enforced"),
        pytest.param(_unassign, {(ASSIGNMENT, "policy")}, id="unassigned"),
        pytest.param(_another_policy, {(ASSIGNMENT, "policy")}, id="another policy"),
        pytest.param(_block_inheritance, {(LINK, "inheritance")}, id="inheritance blocked"),
        pytest.param(_raise_version, {(GPO, "version"), (GPO, "versions")}, id="version"),
        pytest.param(_wmi_filter, {(GPO, "WMI filter")}, id="WMI filter"),
        pytest.param(_extensions, {(GPO, "IPsec extension")}, id="extension names"),
        pytest.param(_computer_half, {(GPO, "computer settings")}, id="computer half off"),
        pytest.param(_rename_rule, {("policy policy-azure-onpremises", "description")}, id="text"),
        pytest.param(_move_member, {("computer account vm1", "place")}, id="account gone"),
    ],
)
def test_tampering_is_drift_and_nothing_else_is_reported(
    watch: Watch, tamper: Callable[[Watch], None], expected: set[tuple[str, str]]
) -> None:
    """What somebody changed is found under its own name, and nothing beside it."""
    tamper(watch)
    found = watch.differences()

    assert {word for word, _, _ in found} == {"drift"}
    assert {(thing, field) for _, thing, field in found} == expected


def test_changed_playbook_is_pending(watch: Watch) -> None:
    """What only the playbook has changed is pending, with the new value as the expected one."""
    changed = replace(
        watch.playbook,
        filter_actions=tuple(replace(a, pfs=True) for a in watch.playbook.filter_actions),
    )
    found = watch.look(changed).differences

    assert {each.kind.value for each in found} == {"pending"}
    assert [(each.name, each.field, each.expected, each.found) for each in found] == [
        ("myEncryption", "session key PFS", "yes", "no")
    ]


def test_work_of_somebody_else_is_adopted(watch: Watch) -> None:
    """What the playbook wants by now and somebody else has done already is adopted."""
    changed = replace(watch.playbook, gpo=replace(watch.playbook.gpo, enforced=True))
    _enforce_link(watch)
    found = watch.differences(changed)

    assert found == [("adopted", LINK, "enforced")]


def test_winning_gpo_is_foreign(watch: Watch) -> None:
    """Another GPO with IPsec settings that comes first is foreign, by its name."""
    from uuid import UUID  # noqa: PLC0415 - one place

    names = watch.domain.text(watch.gpo, "gPCMachineExtensionNames") or ""
    rival = watch.domain.make_gpo(
        "Rival", gpo_id=UUID(int=7), gPCMachineExtensionNames=names, versionNumber="1"
    )
    text = watch.domain.text(OU, "gPLink") or ""
    watch.set(OU, gPLink=f"{text}[LDAP://{rival};0]")
    found = watch.differences()

    assert ("foreign", "GPO Rival", "precedence") in found


def test_member_without_the_policy_is_drift(watch: Watch, tmp_path: Path) -> None:
    """A member whose registry lost the policy is found, and no object of the directory."""
    (tmp_path / "vm1.json").unlink()
    with_windows_hosts(watch.domain, tmp_path)
    found = watch.differences()

    assert found == [("drift", "member vm1", "policy")]


def test_stopped_service_is_drift(watch: Watch, tmp_path: Path) -> None:
    """A member that has the policy and does not enforce it is found."""
    with_windows_hosts(watch.domain, tmp_path, stopped={"vm1"})
    found = watch.look().differences

    assert [(each.name, each.field) for each in found] == [("vm1", "enforced")]


def test_member_that_can_not_be_read_is_unknown(watch: Watch) -> None:
    """A member that does not answer is no difference, but unknown, with the reason."""
    watch.domain.answers = {
        name: answer for name, answer in watch.domain.answers.items() if name != "vm2"
    }
    report = watch.look()

    assert report.differences == ()
    assert [each.object for each in report.unknown] == ["vm2"]
    assert report.unknown[0].reason


def test_every_difference_says_what_it_is_about(watch: Watch) -> None:
    """Object, expected and found are never empty."""
    _delete_filter_list(watch)
    _disable_link(watch)
    found: tuple[Difference, ...] = watch.look().differences

    assert len(found) == 2
    assert all(each.object and each.expected and each.found for each in found)
