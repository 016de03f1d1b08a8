"""What is ours and what is not: refusing, taking over, leaving alone."""

from dataclasses import replace
from uuid import UUID

import pytest

from ipsec_orchestrator.errors import ForeignObjectError, PlanError
from ipsec_orchestrator.model.directory import Attributes, Scope
from ipsec_orchestrator.model.plan import Action
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.planning.adoption import Adoption, adoption_mark, read_adoption
from tests.worlds import CONTAINER, OU, MemoryDomain

GPO_ID = UUID("aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee")
RULE = "{00000000-0000-0000-0000-0000000000CC}"


def adopting(playbook: Playbook) -> Playbook:
    """The playbook with leave to take over."""
    return replace(playbook, gpo=replace(playbook.gpo, adopt=True))


def test_a_foreign_gpo_of_that_name_is_refused(howto: Playbook, domain: MemoryDomain) -> None:
    """A GPO that is not ours is never written to unasked; the message says how to go on."""
    domain.make_gpo(howto.gpo.name, gpo_id=GPO_ID)
    with pytest.raises(ForeignObjectError) as caught:
        domain.plan(howto)

    assert str(caught.value) == (
        f"The GPO '{howto.gpo.name}' ({{{str(GPO_ID).upper()}}}) is not ours: it has no mark of "
        "this program. Choose another gpo.name, or set gpo.adopt: true in the playbook to take "
        "it over; its other settings are left alone."
    )


def test_another_playbooks_gpo_is_refused(howto: Playbook, domain: MemoryDomain) -> None:
    """Two playbooks do not share a GPO by accident."""
    domain.apply(howto)
    with pytest.raises(ForeignObjectError, match="created playbook=azure-onpremises") as caught:
        domain.plan(replace(howto, name="other"))

    assert "gpo.adopt" in str(caught.value)


def test_a_foreign_assignment_in_our_gpo_is_refused(howto: Playbook, domain: MemoryDomain) -> None:
    """Somebody assigned another policy to our GPO: that is not undone unasked."""
    domain.apply(howto)
    dn = f"CN=ipsecPolicy{RULE},{CONTAINER}"
    domain.directory.add(
        dn,
        Attributes.of_text(objectClass="ipsecPolicy", ipsecName="theirs", ipsecID=RULE),
    )
    place = f"CN=IPSEC,CN=Windows,CN=Microsoft,CN=Machine,{domain.gpo_dn(howto.gpo.name)}"
    domain.directory.replace(
        place,
        Attributes.of_text(ipsecOwnersReference=dn, ipsecName="theirs"),
    )
    with pytest.raises(ForeignObjectError, match="it assigns 'theirs'") as caught:
        domain.plan(howto)

    assert "gpo.adopt" in str(caught.value)
    domain.apply(adopting(howto))
    assert domain.text(place, "ipsecName") == howto.assignment


def test_taking_over_says_so(howto: Playbook, domain: MemoryDomain) -> None:
    """An adopted GPO is shown as taken over, with its old mark."""
    domain.make_gpo(howto.gpo.name, gpo_id=GPO_ID, adminDescription="server team")
    plan = domain.plan(adopting(howto))
    gpo = next(change for change in plan.changes if change.kind == "GPO")

    assert gpo.action is Action.CHANGE
    assert [(f.field, f.old, f.new) for f in gpo.fields] == [
        ("taken over", "server team", howto.name),
    ]


def test_a_mark_that_can_not_hold_the_past_is_refused(
    howto: Playbook,
    domain: MemoryDomain,
) -> None:
    """A GPO is not taken over if it could not be given back."""
    domain.make_gpo(howto.gpo.name, gpo_id=GPO_ID, adminDescription="x" * 1000)

    with pytest.raises(PlanError, match=r"can't be taken over.*Shorten its adminDescription"):
        domain.plan(adopting(howto))


def test_what_was_before_is_read_back_from_the_mark() -> None:
    """The mark of an adopted GPO tells how it was; another playbook's mark tells nothing."""
    before = Adoption(
        description='she said "no"',
        flags="2",
        link=(3, "01"),
        has_pair=True,
        assignment=(("ipsecOwnersReference", CONTAINER), ("ipsecName", "ä")),
    )
    mark = adoption_mark("mine", before, "G")

    assert read_adoption(mark, "mine") == before
    assert read_adoption(mark, "min") is None
    assert read_adoption(None, "mine") is None


@pytest.mark.parametrize("tail", ["{", "[]", '{"description":1}'])
def test_a_spoiled_mark_is_reported_with_a_cure(tail: str) -> None:
    """If somebody edited the mark, giving back is refused and the way out is named."""
    mark = adoption_mark("mine", Adoption(), "G").partition("before=")[0] + "before=" + tail
    with pytest.raises(PlanError, match="can't be read") as caught:
        read_adoption(mark, "mine")

    assert "adminDescription" in str(caught.value)


def foreign_rule(domain: MemoryDomain, filter_list: str) -> None:
    """Somebody's own rule that uses our filter list, as the snap-in makes it."""
    domain.directory.add(
        f"CN=ipsecNFA{RULE},{CONTAINER}",
        Attributes.of_text(
            objectClass="ipsecNFA",
            ipsecName="their rule",
            ipsecID=RULE,
            ipsecFilterReference=filter_list,
        ),
    )


def object_dn(domain: MemoryDomain, object_class: str, name: str) -> str:
    """The DN of one of our objects."""
    found = [
        entry.dn
        for entry in domain.directory.search(
            CONTAINER,
            Scope.CHILDREN,
            f"(&(objectClass={object_class})(ipsecName={name}))",
            ["cn"],
        )
    ]
    assert len(found) == 1, found
    return found[0]


def test_what_others_refer_to_stays_with_a_warning(howto: Playbook, domain: MemoryDomain) -> None:
    """Our filter list that somebody's rule uses is kept, without references into the void."""
    domain.apply(howto)
    kept = object_dn(domain, "ipsecFilter", "azure-onpremises-HTTP8080")
    foreign_rule(domain, kept)
    plan = domain.plan_removal(howto)

    assert [warning.text for warning in plan.warnings if warning.code == "still-referenced"] == [
        (
            "filter list azure-onpremises-HTTP8080 stays, because their rule, which is not ours, "
            "needs it."
        ),
    ]

    domain.carry_out(plan)
    left = [dn for dn in domain.snapshot() if dn.endswith(f",{CONTAINER}")]

    assert sorted(left) == sorted([kept, f"CN=ipsecNFA{RULE},{CONTAINER}"])
    assert domain.text(kept, "ipsecOwnersReference") is None
    assert domain.plan_removal(howto).steps == ()


def test_what_a_kept_object_needs_is_kept_too(howto: Playbook, domain: MemoryDomain) -> None:
    """If somebody's policy uses our rule, its filter list and filter action stay with it."""
    domain.apply(howto)
    rule = object_dn(domain, "ipsecNFA", "azure-onpremises-HTTP8080")
    domain.directory.add(
        f"CN=ipsecPolicy{RULE},{CONTAINER}",
        Attributes.of_text(
            objectClass="ipsecPolicy",
            ipsecName="their policy",
            ipsecID=RULE,
            ipsecNFAReference=rule,
        ),
    )
    domain.remove(howto)
    values = domain.snapshot()

    assert domain.text(rule, "ipsecOwnersReference") is None
    assert domain.text(rule, "ipsecFilterReference") in values
    assert domain.text(rule, "ipsecNegotiationPolicyReference") in values
    assert not [v for found in values.values() for vs in found.values() for v in vs if b"DEL:" in v]


def test_a_policy_that_another_gpo_assigns_stays(howto: Playbook, domain: MemoryDomain) -> None:
    """Somebody assigned our policy to a GPO of their own: it is kept whole, with a warning."""
    domain.apply(howto)
    policy = object_dn(domain, "ipsecPolicy", "policy-azure-onpremises")
    dn = domain.make_gpo("Theirs", gpo_id=GPO_ID)
    for place in ("CN=Microsoft,CN=Machine", "CN=Windows,CN=Microsoft,CN=Machine"):
        domain.directory.add(f"{place},{dn}", Attributes.of_text(objectClass="container"))
    domain.directory.add(
        f"CN=IPSEC,CN=Windows,CN=Microsoft,CN=Machine,{dn}",
        Attributes.of_text(objectClass="ipsecPolicy", ipsecOwnersReference=policy),
    )
    whole = {name for name in domain.snapshot() if name.endswith(f",{CONTAINER}")}
    plan = domain.plan_removal(howto)
    texts = [warning.text for warning in plan.warnings if warning.code == "still-referenced"]

    assert len(texts) == len(whole)
    assert "policy policy-azure-onpremises stays, because the GPO Theirs needs it." in texts
    domain.carry_out(plan)
    assert whole <= set(domain.snapshot())


def test_owners_that_others_added_stay(howto: Playbook, domain: MemoryDomain) -> None:
    """The snap-in notes its own rule as an owner of a shared list; that is no drift."""
    domain.apply(howto)
    shared = object_dn(domain, "ipsecFilter", "azure-onpremises-HTTP8080")
    foreign_rule(domain, shared)
    entry = domain.directory.read(shared, ["ipsecOwnersReference"])
    assert entry is not None
    owners = [*entry.attributes.texts("ipsecOwnersReference"), f"CN=ipsecNFA{RULE},{CONTAINER}"]
    domain.directory.replace(shared, Attributes.of_text(ipsecOwnersReference=owners))

    assert domain.plan(howto).steps == ()


def test_removing_a_foreign_gpo_is_refused(howto: Playbook, domain: MemoryDomain) -> None:
    """Remove never takes away a GPO that is not ours, and says that nothing was done."""
    domain.make_gpo(howto.gpo.name, gpo_id=GPO_ID, adminDescription="server team")
    before = domain.snapshot()
    with pytest.raises(ForeignObjectError, match="marked 'server team'") as caught:
        domain.plan_removal(howto)

    assert "Nothing was removed." in str(caught.value)
    assert domain.snapshot() == before


def test_removing_what_was_never_taken_over_has_nothing_to_do(
    howto: Playbook,
    domain: MemoryDomain,
) -> None:
    """A playbook that may adopt, but has not, has nothing to give back."""
    domain.make_gpo(howto.gpo.name, gpo_id=GPO_ID)

    assert domain.plan_removal(adopting(howto)).steps == ()


def test_links_of_others_are_shown_as_foreign(howto: Playbook, domain: MemoryDomain) -> None:
    """Other GPOs' links on the OU are seen and left."""
    link = "cn={11111111-2222-3333-4444-555555555555},cn=policies,cn=system,DC=ipsectest,DC=com"
    domain.directory.replace(OU, Attributes.of_text(gPLink=f"[LDAP://{link};0]"))
    plan = domain.plan(howto)

    assert [c.name for c in plan.changes if c.action is Action.FOREIGN] == [link]


def test_a_missing_ou_is_a_plan_error(howto: Playbook, domain: MemoryDomain) -> None:
    """An OU that does not exist is named with the cure."""
    elsewhere = replace(howto, gpo=replace(howto.gpo, ou="OU=Nowhere,DC=ipsectest,DC=com"))

    with pytest.raises(PlanError, match=r"There is no OU=Nowhere.*Correct gpo\.ou"):
        domain.plan(elsewhere)


def test_two_gpos_of_one_name_are_a_plan_error(howto: Playbook, domain: MemoryDomain) -> None:
    """An ambiguous name is refused, naming both."""
    domain.make_gpo(howto.gpo.name, gpo_id=GPO_ID)
    dn = domain.make_gpo("another", gpo_id=UUID(int=5))
    domain.directory.replace(dn, Attributes.of_text(displayName=howto.gpo.name))

    with pytest.raises(PlanError, match="2 GPOs are called"):
        domain.plan(howto)
