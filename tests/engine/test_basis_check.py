"""A plan is carried out on the world that it was made of, or not at all, and all reasons are told."""

from collections.abc import Callable
from uuid import UUID

import pytest

from ipsec_orchestrator.adapters.specification import read_playbook
from ipsec_orchestrator.app.carry_out import carry_out
from ipsec_orchestrator.app.options import StatePlace
from ipsec_orchestrator.codec.auth_method import AuthMethod
from ipsec_orchestrator.codec.blobs import encode
from ipsec_orchestrator.codec.nfa_blob import Nfa
from ipsec_orchestrator.engine.basis_check import check_basis
from ipsec_orchestrator.errors import SecretInPlanError, StalePlanError, StaleValue
from ipsec_orchestrator.model.directory import Attributes, dn_key, same_dn
from ipsec_orchestrator.model.inventory import Inventory
from ipsec_orchestrator.model.plan import BasisObject, Plan
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.model.secret import Secret
from ipsec_orchestrator.model.steps import EntryStep
from ipsec_orchestrator.planning.planfile import parse_plan, plan_text
from tests.conftest import ROOT
from tests.worlds import (
    DOMAIN_DN,
    OU,
    KilledError,
    ListObserver,
    MemoryDomain,
    memory_domain,
)

# What is neither kept by the directory nor a reference or a name of another object.
WRITABLE = ("adminDescription", "description", "gPOptions", "ipsecName", "flags")
SETTINGS = (
    f"CN=NTDS Settings,CN=DC1,CN=Servers,CN=Default-First-Site-Name,CN=Sites,"
    f"CN=Configuration,{DOMAIN_DN}"
)


@pytest.fixture(scope="module")
def weaker(howto_inventory: Inventory, tmp_path_factory: pytest.TempPathFactory) -> Playbook:
    """The how-to with another algorithm in its filter action."""
    text = (ROOT / "playbooks" / "azure-onpremises.yml").read_text(encoding="utf-8")
    path = tmp_path_factory.mktemp("weaker") / "azure-onpremises.yml"
    path.write_text(text.replace("- ESP[3DES,SHA1]", "- ESP[3DES,MD5]"), encoding="utf-8")
    return read_playbook(path, howto_inventory)


@pytest.fixture
def applied(howto: Playbook, domain: MemoryDomain) -> MemoryDomain:
    """The domain after the how-to."""
    domain.apply(howto)
    return domain


def differences(plan: Plan, domain: MemoryDomain) -> tuple[StaleValue, ...]:
    """What is told of a stale plan; nothing for one that may be carried out."""
    try:
        check_basis(plan, domain.world)
    except StalePlanError as error:
        return error.differences
    return ()


def present(plan: Plan) -> list[BasisObject]:
    """The objects of the basis that were there."""
    return [found for found in plan.basis.objects if found.attributes is not None]


def test_the_basis_has_every_object_with_its_identity(
    applied: MemoryDomain, weaker: Playbook
) -> None:
    """Everything that is touched, unchanged or stood upon: DN, GUID, USN, hash; and the DC's id."""
    plan = applied.plan(weaker)
    known = {dn_key(found.dn): found for found in plan.basis.objects}

    assert plan.basis.invocation_id is not None
    assert dn_key(OU) in known
    assert dn_key(applied.gpo_dn("IPSec-Azure-OnPremises")) in known
    for step in plan.steps:
        if isinstance(step, EntryStep):
            assert dn_key(step.dn) in known
    for found in present(plan):
        entry = applied.directory.read(found.dn, ["objectGUID", "uSNChanged"])
        assert entry is not None
        assert found.guid == UUID(bytes_le=entry.attributes["objectGUID"][0])
        assert str(found.usn) == entry.attributes.text("uSNChanged")
    assert any(found.attributes is None and found.guid is None for found in plan.basis.objects)
    assert differences(plan, applied) == ()


def test_every_attribute_that_a_plan_rests_on_is_watched(
    howto: Playbook, applied: MemoryDomain, weaker: Playbook
) -> None:
    """Whichever is changed, the refusal names object, attribute, expected and found value."""
    plans = [applied.plan(howto), applied.plan(weaker), applied.plan_removal(howto)]
    tried = 0
    for plan in plans:
        for known in present(plan):
            assert known.attributes is not None
            for name in (each for each in WRITABLE if each in known.attributes):
                before = known.attributes.values_of(name)
                applied.directory.replace(known.dn, Attributes({name: (b"12345",)}))
                (told,) = differences(plan, applied)
                applied.directory.replace(known.dn, Attributes({name: before}))
                assert same_dn(told.object, known.dn)
                assert (told.attribute, told.found) == (name, "'12345'")
                assert told.expected == (repr(before[0].decode()) if before else "absent")
                tried += 1
    assert tried > 50
    assert [differences(plan, applied) for plan in plans] == [(), (), ()]


def test_all_that_differs_is_told_at_once(applied: MemoryDomain, weaker: Playbook) -> None:
    """Three changes by three people are three lines, and nothing is written."""
    plan = applied.plan(weaker)
    gpo = applied.gpo_dn("IPSec-Azure-OnPremises")
    applied.directory.replace(OU, Attributes.of_text(gPOptions="1"))
    applied.directory.replace(gpo, Attributes.of_text(flags="3", displayName="renamed"))
    world, counter = applied.counting()
    with pytest.raises(StalePlanError) as caught:
        check_basis(plan, world)
    lines = str(caught.value).splitlines()

    assert counter.writes == []
    assert lines[0] == "The plan is stale:"
    assert lines[-1] == "Plan again and review what has changed."
    assert f"  {OU}: gPOptions was expected to be absent but is '1'" in lines
    assert f"  {gpo}: flags was expected to be '0' but is '3'" in lines
    assert any("displayName" in line and "'renamed'" in line for line in lines)
    assert len(lines) == 5


def test_an_object_that_was_made_again_is_another_one(
    howto: Playbook, applied: MemoryDomain
) -> None:
    """Equal content under the same name does not make it the object that was reviewed."""
    plan = applied.plan(howto)
    (known,) = [found for found in present(plan) if found.dn.startswith("CN=IPSEC,")]
    assert known.attributes is not None
    applied.directory.delete(known.dn)
    assert [told.found for told in differences(plan, applied)] == ["absent"]
    applied.directory.add(known.dn, known.attributes)
    (told,) = differences(plan, applied)

    assert (told.object, told.attribute) == (known.dn, "objectGUID")
    assert told.expected == str(known.guid)
    assert "deleted and made again" in told.found


def test_writes_that_change_nothing_are_no_reason(applied: MemoryDomain, weaker: Playbook) -> None:
    """The same value once more, or somebody else's setting in the GPO, counts up numbers only."""
    plan = applied.plan(weaker)
    for known in present(plan):
        assert known.attributes is not None
        for name in (each for each in WRITABLE if each in known.attributes):
            same = Attributes({name: known.attributes.values_of(name)})
            applied.directory.replace(known.dn, same)
        again = applied.directory.read(known.dn, ["uSNChanged"])
        assert again is not None
    assert differences(plan, applied) == ()
    unchanged = applied.plan(weaker)
    assert unchanged != plan
    assert plan_text(unchanged) != plan_text(plan)


def test_a_version_counts_for_who_writes_it(howto: Playbook, applied: MemoryDomain) -> None:
    """A plan that writes the GPO's version rests on it; one that does not, does not."""
    gpo = applied.gpo_dn("IPSec-Azure-OnPremises")
    nothing, removal = applied.plan(howto), applied.plan_removal(howto)
    applied.directory.replace(gpo, Attributes.of_text(versionNumber="77"))

    assert differences(nothing, applied) == ()
    assert ("versionNumber", "'77'") in {
        (told.attribute, told.found) for told in differences(removal, applied)
    }


def test_a_restored_dc_is_another_one(applied: MemoryDomain, weaker: Playbook) -> None:
    """A database from a backup has another invocationId, whatever its objects look like."""
    plan = applied.plan(weaker)
    other = UUID("11111111-2222-4333-8444-555555555555")
    applied.directory.replace(SETTINGS, Attributes({"invocationId": (other.bytes_le,)}))
    (told,) = differences(plan, applied)
    assert (told.attribute, told.expected) == ("invocationId", str(plan.basis.invocation_id))
    assert told.found == str(other)

    applied.directory.replace(SETTINGS, Attributes({"invocationId": ()}))
    assert [told.found for told in differences(plan, applied)] == ["not readable"]
    without = applied.plan(weaker)
    assert without.basis.invocation_id is None
    assert differences(without, applied) == ()


def change(domain: MemoryDomain, howto: Playbook, weaker: Playbook) -> Plan:
    """From one policy to another."""
    domain.apply(howto)
    return domain.plan(weaker)


def removal(domain: MemoryDomain, howto: Playbook, weaker: Playbook) -> Plan:
    """Take everything away."""
    del weaker
    domain.apply(howto)
    return domain.plan_removal(howto)


@pytest.mark.parametrize("make", [change, removal])
def test_what_an_earlier_run_of_the_plan_did_is_no_reason(
    howto: Playbook,
    weaker: Playbook,
    howto_inventory: Inventory,
    make: Callable[[MemoryDomain, Playbook, Playbook], Plan],
) -> None:
    """Killed after any number of its writes, the same plan may still be carried out."""
    limit, died = 0, True
    while died:
        domain = memory_domain(howto_inventory)
        plan = make(domain, howto, weaker)
        world, _ = domain.counting(limit=limit)
        try:
            domain.carry_out(plan, world)
            died = False
        except KilledError:
            limit += 1
        assert differences(plan, domain) == (), limit
    assert limit > 10


def test_a_plan_file_carries_its_basis(applied: MemoryDomain, weaker: Playbook) -> None:
    """What was read back from a file refuses for the same reasons."""
    plan = parse_plan(plan_text(applied.plan(weaker)), "plan.json")
    applied.directory.replace(OU, Attributes.of_text(gPOptions="1"))
    assert [told.attribute for told in differences(plan, applied)] == ["gPOptions"]


def with_key(domain: MemoryDomain, plan: Plan) -> str:
    """Put a pre-shared key into a rule, as somebody with a console might; give its DN."""
    (rule, *_) = [found.dn for found in present(plan) if "ipsecNFA{" in found.dn]
    blob = encode(Nfa.modern(auth_methods=(AuthMethod.pre_shared_key(Secret("hunter2-hunter2")),)))
    domain.directory.replace(rule, Attributes({"ipsecData": (blob,)}))
    return rule


def test_a_key_in_a_rule_comes_into_no_file_and_no_message(
    howto: Playbook, applied: MemoryDomain, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Neither plan nor run is written down; once the key was taken out by hand it is an apply."""
    stale = applied.plan(howto)
    rule = with_key(applied, stale)
    (told,) = differences(stale, applied)
    assert (told.object, told.attribute) == (rule, "ipsecData")
    assert told.found == "something that holds a pre-shared key"
    plan = applied.plan(howto)
    with pytest.raises(SecretInPlanError) as caught:
        plan_text(plan)
    assert rule in str(caught.value)
    hidden = "hunter2".encode("utf-16-le").hex()
    assert hidden not in str(caught.value)
    assert hidden not in repr(plan)
    place = StatePlace(folder=tmp_path_factory.mktemp("state"))
    with pytest.raises(SecretInPlanError):
        carry_out(plan, applied.world, place, ListObserver())
    assert [path for path in place.folder.rglob("*") if path.is_file()] == []
    applied.directory.replace(rule, Attributes({"ipsecData": ()}))
    report = carry_out(applied.plan(howto), applied.world, place, ListObserver())
    assert report.error is None
    assert plan_text(applied.plan(howto))
    key = "hunter2".encode("utf-16-le")
    kept = [path.read_bytes() for path in place.folder.rglob("*") if path.is_file()]
    assert kept
    assert not [content for content in kept if key in content or key.hex().encode() in content]
