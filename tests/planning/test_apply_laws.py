"""Laws of applying and removing, on a domain in memory."""

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ipsec_orchestrator.codec import IpsecPolicy, encode, gpt_ini
from ipsec_orchestrator.codec.extension_names import IPSEC_PAIR, parse_extension_names
from ipsec_orchestrator.codec.gpo_version import GpoVersion
from ipsec_orchestrator.model.directory import Attributes
from ipsec_orchestrator.model.plan import Action
from ipsec_orchestrator.model.policy import GpoVia, Playbook
from ipsec_orchestrator.model.stages import Stage
from ipsec_orchestrator.model.steps import EntryStep
from tests.strategies import changed, playbooks
from tests.worlds import CONTAINER, DOMAIN_DN, OU, KilledError, MemoryDomain, memory_domain

FOREIGN_GPO = UUID("11111111-2222-3333-4444-555555555555")
DELETED_GPO = UUID("99999999-8888-7777-6666-555555555555")
ADOPTED_GPO = UUID("aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee")
SCRIPTS_PAIR = "[{42B5FAAE-6536-11D2-AE5A-0000F87571E3}{40B6664F-4972-11D1-A7CA-0000F87571E3}]"
# What a second way to the same end may leave different: ids and numbers that only count.
HISTORY = ("objectGUID", "uSNCreated", "whenCreated", "versionNumber")
FOREIGN_POLICY = f"CN=ipsecPolicy{{00000000-0000-0000-0000-0000000000AA}},{CONTAINER}"


def furnished(*, adopted: bool = False) -> MemoryDomain:
    """A domain that others have been using: links in mixed case, a policy, a GPO to adopt."""
    domain = memory_domain()
    domain.make_gpo("Foreign GPO", gpo_id=FOREIGN_GPO)
    domain.directory.replace(
        OU,
        Attributes.of_text(
            gPLink=f"[LDAP://cn={{{FOREIGN_GPO}}},CN=POLICIES,cn=system,dc=IPSECTEST,DC=com;2]"
            f"[ldap://CN={{{str(DELETED_GPO).upper()}}},cn=policies,cn=system,{DOMAIN_DN};01]",
        ),
    )
    foreign = Attributes.of_text(
        objectClass="ipsecPolicy",
        ipsecName="Client (Respond Only)",
        ipsecID="{00000000-0000-0000-0000-0000000000AA}",
        ipsecDataType="256",
    )
    domain.directory.add(FOREIGN_POLICY, foreign.with_values("ipsecData", [encode(IpsecPolicy())]))
    if adopted:
        version = GpoVersion(user=1, machine=4)
        domain.make_gpo(
            "GPO of the laws",
            gpo_id=ADOPTED_GPO,
            adminDescription="Owned by the server team; ask before you touch it",
            gPCMachineExtensionNames=SCRIPTS_PAIR,
            versionNumber=str(version.number),
            flags="2",
        )
        domain.sysvol.write(ADOPTED_GPO, "gpt.ini", gpt_ini.new_gpt_ini(version))
    return domain


def agrees(domain: MemoryDomain, playbook: Playbook) -> bool:
    """Whether the GPO's two versions agree and, if a policy is assigned, the extension is named."""
    dn = domain.gpo_dn(playbook.gpo.name)
    gpo_id = UUID(domain.text(dn, "cn"))
    content = domain.sysvol.read(gpo_id, "gpt.ini")
    same = content is not None and gpt_ini.version(content).number == int(
        domain.text(dn, "versionNumber") or "-1",
    )
    names = parse_extension_names(domain.text(dn, "gPCMachineExtensionNames") or "")
    return same and (playbook.assignment is None or names.has(IPSEC_PAIR))


@settings(max_examples=12)
@given(playbooks(), st.booleans())
def test_applying_twice_is_applying_once(playbook: Playbook, used: bool) -> None:  # noqa: FBT001
    """After an apply the next plan has no step and no change."""
    domain = furnished() if used else memory_domain()
    domain.apply(playbook)
    plan = domain.plan(playbook)

    assert plan.steps == ()
    assert {change.action for change in plan.changes} <= {Action.UNCHANGED, Action.FOREIGN}
    assert agrees(domain, playbook)


@settings(max_examples=12)
@given(playbooks(), st.booleans())
def test_removing_restores_the_domain(playbook: Playbook, used: bool) -> None:  # noqa: FBT001
    """Apply and remove leave every object and attribute as it was, others' links included."""
    domain = furnished() if used else memory_domain()
    before = domain.snapshot()
    domain.apply(playbook)
    assert domain.snapshot() != before
    domain.remove(playbook)

    assert domain.snapshot() == before
    assert domain.plan_removal(playbook).steps == ()


@settings(max_examples=12)
@given(playbooks(adopt=True))
def test_an_adopted_gpo_is_given_back_as_it_was(playbook: Playbook) -> None:
    """A GPO that was taken over keeps its other settings, and goes back as it came."""
    domain = furnished(adopted=True)
    before = domain.snapshot(without=["versionNumber"])
    domain.apply(playbook)
    dn = domain.gpo_dn(playbook.gpo.name)

    assert SCRIPTS_PAIR in (domain.text(dn, "gPCMachineExtensionNames") or "")
    assert domain.plan(playbook).steps == ()

    domain.remove(playbook)

    assert domain.snapshot(without=["versionNumber"]) == before
    assert domain.plan_removal(playbook).steps == ()


@pytest.mark.parametrize("linked", [True, False])
def test_an_adopted_gpo_gets_its_assignment_and_link_back(howto: Playbook, linked: bool) -> None:  # noqa: FBT001
    """What the GPO assigned before, and how it was linked, is put back; members hear of it."""
    playbook = replace(
        howto, gpo=replace(howto.gpo, name="GPO of the laws", adopt=True, enforced=True, order=1)
    )
    domain = furnished(adopted=True)
    dn = domain.gpo_dn("GPO of the laws")
    for place in ("CN=Microsoft,CN=Machine", "CN=Windows,CN=Microsoft,CN=Machine"):
        domain.directory.add(f"{place},{dn}", Attributes.of_text(objectClass="container"))
    domain.directory.add(
        f"CN=IPSEC,CN=Windows,CN=Microsoft,CN=Machine,{dn}",
        Attributes.of_text(
            objectClass="ipsecPolicy",
            ipsecOwnersReference=FOREIGN_POLICY,
            ipsecName="Client (Respond Only)",
        ),
    )
    if linked:
        text = domain.text(OU, "gPLink") or ""
        domain.directory.replace(OU, Attributes.of_text(gPLink=f"[LDAP://{dn};1]{text}"))
    before = domain.snapshot(without=["versionNumber"])
    version = int(domain.text(dn, "versionNumber") or "0")
    domain.apply(playbook)
    applied = int(domain.text(dn, "versionNumber") or "0")
    domain.remove(playbook)

    assert domain.snapshot(without=["versionNumber"]) == before
    assert version < applied < int(domain.text(dn, "versionNumber") or "0")


@settings(max_examples=12)
@given(st.data())
def test_a_change_is_built_beside_and_switched_in_one_modify(data: st.DataObject) -> None:
    """No object that members may be reading is edited; the old set goes after the switch."""
    playbook = data.draw(playbooks().filter(lambda found: found.assignment is not None))
    playbook = replace(playbook, assignment=playbook.policies[0].name)
    other = data.draw(changed(playbook))
    domain = memory_domain()
    domain.apply(playbook)
    old = {dn for dn in domain.snapshot() if dn.endswith(f",{CONTAINER}")}
    plan = domain.plan(other)
    entries = [step for step in plan.steps if isinstance(step, EntryStep)]
    place = f"CN=IPSEC,CN=Windows,CN=Microsoft,CN=Machine,{domain.gpo_dn(playbook.gpo.name)}"
    switches = [step for step in entries if step.dn == place]
    clean_up = [step for step in plan.steps if step.stage is Stage.CLEAN_UP]

    assert len(switches) == 1
    assert {step.dn for step in entries if step.before is None}.isdisjoint(old)
    assert {step.dn for step in entries if step.dn in old} == {
        step.dn for step in clean_up if isinstance(step, EntryStep)
    }
    assert plan.steps[-len(clean_up) :] == tuple(clean_up)

    domain.carry_out(plan)

    assert domain.plan(other).steps == ()
    assert agrees(domain, other)


def killed_everywhere(make: MemoryDomain, playbook: Playbook, *, removal: bool) -> int:
    """How many writes a whole run makes."""
    world, counter = make.counting()
    plan = make.plan_removal(playbook, (), world) if removal else make.plan(playbook, (), world)
    report = make.carry_out(plan, world)
    assert report.error is None, report.error
    return len(counter.writes)


def prepared(start: str, playbook: Playbook) -> MemoryDomain:
    """The domain before the run that will be killed."""
    domain = furnished(adopted="adopted" in start)
    if "changed" in start:
        policy = replace(playbook.policies[0], description="as it was before")
        domain.apply(replace(playbook, policies=(policy,)))
    if "removed" in start:
        domain.apply(playbook)
    return domain


@pytest.mark.parametrize(
    ("start", "via"),
    [
        ("new", GpoVia.WINRM),
        ("new", GpoVia.SMB),
        ("changed", GpoVia.WINRM),
        ("removed", GpoVia.WINRM),
        ("adopted", GpoVia.SMB),
        ("adopted and removed", GpoVia.SMB),
    ],
)
def test_a_run_killed_anywhere_is_taken_up(howto: Playbook, start: str, via: GpoVia) -> None:
    """Whatever write the process dies before, running again ends as if nothing had happened."""
    removal, adopt = "removed" in start, "adopted" in start
    name = "GPO of the laws"
    playbook = replace(howto, gpo=replace(howto.gpo, name=name, adopt=adopt, via=via))
    whole = prepared(start, playbook)
    count = killed_everywhere(whole, playbook, removal=removal)
    wanted = end_state(whole)
    assert count > 10
    for limit in range(count):
        domain = prepared(start, playbook)
        world, counter = domain.counting(limit=limit)
        make = domain.plan_removal if removal else domain.plan
        with pytest.raises(KilledError):
            domain.carry_out(make(playbook, (), world), world)
        assert len(counter.writes) == limit
        (domain.remove if removal else domain.apply)(playbook)

        assert end_state(domain) == wanted, f"killed before write {limit + 1}"
        assert make(playbook).steps == ()
        if not removal:
            assert agrees(domain, playbook)


def end_state(domain: MemoryDomain) -> dict[str, dict[str, frozenset[bytes]]]:
    """The directory without what only counts; announcements name a version, so without it."""
    found = domain.snapshot(without=HISTORY)
    for dn, values in found.items():
        if dn.startswith("CN=IPSEC,") and "adminDescription" in values:
            values["adminDescription"] = frozenset(
                value.partition(b" version=")[0] for value in values["adminDescription"]
            )
    return found


def test_a_switch_that_members_never_heard_of_is_announced_again(
    howto: Playbook,
    domain: MemoryDomain,
) -> None:
    """If a run dies between assignment and version, the next one raises the version."""
    domain.apply(howto)
    dn = domain.gpo_dn(howto.gpo.name)
    version = int(domain.text(dn, "versionNumber") or "0")
    policy = replace(howto.policies[0], polling_interval_seconds=60)
    other = replace(howto, policies=(policy,))
    plan = domain.plan(other)
    titles = [step.title for step in plan.steps]
    switch = titles.index("assign policy-azure-onpremises")
    world, _ = domain.counting(limit=switch + 1)
    with pytest.raises(KilledError):
        domain.carry_out(plan, world)
    domain.apply(other)

    assert int(domain.text(dn, "versionNumber") or "0") == version + 1


def test_what_somebody_altered_in_our_objects_is_put_right(
    howto: Playbook,
    domain: MemoryDomain,
) -> None:
    """A changed object of ours is shown with old and new value, repaired, and announced."""
    domain.apply(howto)
    wanted = domain.snapshot(without=["versionNumber"])
    step = next(
        s
        for s in domain.plan_removal(howto).steps
        if s.title == "delete filter list azure-onpremises-HTTP8080"
    )
    assert isinstance(step, EntryStep)
    domain.directory.replace(step.dn, Attributes.of_text(description="edited by hand"))
    plan = domain.plan(howto)
    change = next(c for c in plan.changes if c.object == step.dn)

    assert change.action is Action.CHANGE
    assert [(f.field, f.old, f.new) for f in change.fields] == [
        ("description", "edited by hand", None),
    ]

    domain.carry_out(plan)

    assert domain.snapshot(without=["versionNumber"]) == wanted
    assert domain.plan(howto).steps == ()


def test_a_deleted_object_of_ours_comes_back(howto: Playbook, domain: MemoryDomain) -> None:
    """If somebody deleted the policy or a part of it, applying makes the set whole again."""
    domain.apply(howto)
    wanted = domain.snapshot(without=HISTORY)
    for dn in [dn for dn in wanted if dn.endswith(f",{CONTAINER}")]:
        domain.directory.delete(dn)
        domain.apply(howto)
        found = domain.snapshot(without=HISTORY)
        place = next(name for name in found if name.startswith("CN=IPSEC,"))
        found[place]["adminDescription"] = wanted[place]["adminDescription"]

        assert found == wanted
