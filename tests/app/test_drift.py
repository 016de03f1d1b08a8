"""Looking for drift in a domain in memory: every kind of tampering gets its word, and only that."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ipsec_orchestrator.app.drift import Record, find_drift
from ipsec_orchestrator.app.left_record import linked_unit, read_left
from ipsec_orchestrator.lab.windows import RegistryFile
from ipsec_orchestrator.lab.windows.health_registry import LAST_RUN_KEY, write_last_run
from ipsec_orchestrator.model.directory import Attributes
from ipsec_orchestrator.model.drift import Difference, DriftReport
from ipsec_orchestrator.model.inventory import Host, Inventory
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.planning.drift.record import left_from_json, left_to_json
from tests.app.tampering import (
    another_policy,
    block_inheritance,
    delete_account,
    delete_filter_list,
    disable_link,
    disable_settings,
    drop_extensions,
    enforce_link,
    other_methods,
    raise_version,
    rename_policy,
    set_wmi_filter,
    unassign,
    unlink,
)
from tests.worlds import OU, MemoryDomain, with_windows_hosts


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
    left = read_left(plan, domain.world, linked_unit(plan))
    assert left is not None
    # As it comes back from a journal.
    record = Record(run_id="r1", left=left_from_json(left_to_json(left)))
    return Watch(domain=domain, playbook=howto, members=members, record=record)


def test_nothing_is_reported_of_a_clean_domain(watch: Watch) -> None:
    """Right after an apply there is no difference and nothing unknown, a hundred times in a row."""
    reports = {watch.look() for _ in range(100)}

    assert reports == {DriftReport(record="r1")}


def test_without_a_record_a_clean_domain_is_clean_as_well(watch: Watch) -> None:
    """A look without a record compares with the playbook alone."""
    watch.record = None

    assert watch.look() == DriftReport()


LISTED = "filter list azure-onpremises-HTTP8080"
GPO = "GPO IPSec-Azure-OnPremises"
LINK = f"link IPSec-Azure-OnPremises on {OU}"
ASSIGNMENT = "assignment IPSec-Azure-OnPremises"


@pytest.mark.parametrize(
    ("tamper", "expected"),
    [
        pytest.param(other_methods, {("filter action myEncryption", "methods")}, id="methods"),
        pytest.param(delete_filter_list, {(LISTED, "the object")}, id="filter list gone"),
        pytest.param(unlink, {(LINK, "the object")}, id="unlinked"),
        pytest.param(disable_link, {(LINK, "enabled")}, id="link disabled"),
        pytest.param(enforce_link, {(LINK, "enforced")}, id="link enforced"),
        pytest.param(unassign, {(ASSIGNMENT, "policy")}, id="unassigned"),
        pytest.param(another_policy, {(ASSIGNMENT, "policy")}, id="another policy"),
        pytest.param(block_inheritance, {(LINK, "inheritance")}, id="inheritance blocked"),
        pytest.param(raise_version, {(GPO, "version"), (GPO, "versions")}, id="version"),
        pytest.param(set_wmi_filter, {(GPO, "WMI filter")}, id="WMI filter"),
        pytest.param(drop_extensions, {(GPO, "IPsec extension")}, id="extension names"),
        pytest.param(disable_settings, {(GPO, "computer settings")}, id="computer half off"),
        pytest.param(rename_policy, {("policy policy-azure-onpremises", "description")}, id="text"),
        pytest.param(delete_account, {("computer account vm1", "place")}, id="account gone"),
    ],
)
def test_tampering_is_drift_and_nothing_else_is_reported(
    watch: Watch, tamper: Callable[[MemoryDomain, str], None], expected: set[tuple[str, str]]
) -> None:
    """What somebody changed is found under its own name, and nothing beside it."""
    tamper(watch.domain, watch.playbook.gpo.name)
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
    enforce_link(watch.domain, watch.playbook.gpo.name)
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


def test_member_that_ran_no_group_policy_for_long_is_drift(watch: Watch) -> None:
    """A day after its last successful run a member differs; the inventory may allow it longer."""
    watch.domain.clock.wait(27 * 3600)
    domain = watch.domain.inventory.domain
    found = watch.look().differences
    patient = replace(domain, policy_age_seconds=48 * 3600)
    watch.domain.inventory = replace(watch.domain.inventory, domain=patient)

    assert [(each.kind.value, each.thing, each.field) for each in found] == [
        ("drift", "member", "last Group Policy run")
    ] * len(watch.members)
    assert {each.expected for each in found} == {"succeeded at most 24 h ago"}
    assert {each.found for each in found} == {"27 h ago"}
    assert watch.look().differences == ()


def test_failed_run_of_group_policy_is_drift(watch: Watch, tmp_path: Path) -> None:
    """A run that ended with an error counts as none, with the error's number."""
    with RegistryFile(tmp_path / "vm1.json").change() as keys:
        write_last_run(keys, ended_at=watch.domain.clock.now(), status=1355)
    (found,) = watch.look().differences

    assert (found.name, found.field) == ("vm1", "last Group Policy run")
    assert found.found == "failed, error 0x0000054B"


def test_member_without_a_record_of_a_run_is_unknown(watch: Watch, tmp_path: Path) -> None:
    """Where Windows tells nothing of its last run, that alone is unknown."""
    with RegistryFile(tmp_path / "vm1.json").change() as keys:
        keys.delete_key(LAST_RUN_KEY)
    report = watch.look()

    assert report.differences == ()
    assert [each.object for each in report.unknown] == ["vm1"]
    assert "No run of Group Policy" in report.unknown[0].reason


def test_every_difference_says_what_it_is_about(watch: Watch) -> None:
    """Object, expected and found are never empty."""
    delete_filter_list(watch.domain, watch.playbook.gpo.name)
    disable_link(watch.domain, watch.playbook.gpo.name)
    found: tuple[Difference, ...] = watch.look().differences

    assert len(found) == 2
    assert all(each.object and each.expected and each.found for each in found)


def test_blocked_inheritance_on_the_way_to_a_member(watch: Watch) -> None:
    """An OU below ours that blocks keeps the GPO from the accounts in it, unless the link passes."""
    below = f"OU=Below,{OU}"
    account = watch.domain.directory.read(f"CN=VM1,{OU}", ["*"])
    assert account is not None
    kept = ("objectClass", "sAMAccountName", "dNSHostName", "userAccountControl", "objectSid")
    watch.domain.directory.add(below, Attributes.of_text(objectClass="organizationalUnit"))
    watch.domain.directory.delete(account.dn)
    watch.domain.directory.add(f"CN=VM1,{below}", account.attributes.only(kept))
    reached = watch.differences()
    watch.set(below, gPOptions="1")
    (blocked,) = watch.look().differences
    enforce_link(watch.domain, watch.playbook.gpo.name)
    passed = watch.differences()

    assert reached == []
    assert (blocked.name, blocked.field) == ("vm1", "place")
    assert blocked.found == f"below {below}, which blocks inheritance"
    assert (blocked.attribute, blocked.holder) == ("gPOptions", below)
    assert passed == [("drift", LINK, "enforced")]
