"""Stages 3 to 7 of the how-to: filter actions, filter lists, policies and rules.

A policy that changed is written as a new set of objects beside the old; nothing that members
may be reading is edited. Only what somebody else has altered in our own objects is put right in
place, because their ids are derived from what they ought to hold.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ipsec_orchestrator.facts.ip_security_container import (
    OBJECT_ATTRIBUTES,
    IpSecurityContainer,
)
from ipsec_orchestrator.model.directory import Attributes, Entry, dn_key
from ipsec_orchestrator.model.plan import Action, Change, FieldChange
from ipsec_orchestrator.model.steps import EntryStep, Step
from ipsec_orchestrator.planning.describe import describe
from ipsec_orchestrator.planning.desired import (
    STAGE_OF_KIND,
    DesiredObject,
    DesiredPolicy,
    ObjectKind,
    marker,
)
from ipsec_orchestrator.planning.draft import Draft, change_entry, differing
from ipsec_orchestrator.planning.previous import PreviousObject, previous_objects

_OWNERS = "ipsecOwnersReference"
# The order of adding [MS-GPIPSEC] 2.2.1: owners first, so that every reference finds its target.
_ORDER = (
    ObjectKind.POLICY,
    ObjectKind.KEY_EXCHANGE,
    ObjectKind.RULE,
    ObjectKind.FILTER_ACTION,
    ObjectKind.FILTER_LIST,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyPart:
    """What came of planning the objects.

    Attributes:
        draft: Changes and steps.
        repaired: Whether objects that may be in use are put right in place.
        replaced: Our objects of an earlier specification, now superseded.
    """

    draft: Draft
    repaired: bool
    replaced: tuple[PreviousObject, ...]


def plan_policies(
    policies: Iterable[DesiredPolicy],
    container: IpSecurityContainer,
    playbook: str,
) -> PolicyPart:
    """Plan the objects of all policies."""
    wanted = [thing for policy in policies for thing in policy.objects]
    previous = previous_objects(container, playbook, {dn_key(thing.dn) for thing in wanted})
    by_name = {(old.kind, old.name.casefold()): old for old in previous}
    changes: list[Change] = []
    additions: list[tuple[int, Step]] = []
    references: list[tuple[int, Step]] = []
    repairs: list[Step] = []
    for thing in wanted:
        found = container.entry(thing.dn)
        place = _ORDER.index(thing.kind)
        if found is None:
            old = by_name.get((thing.kind, thing.name.casefold()))
            changes.append(_new_change(thing, old))
            additions.append((place, _addition(thing)))
            if thing.references:
                references.append((place, _reference(thing)))
            continue
        whole = _expected(thing, found, container, playbook)
        names = differing(whole, found.attributes)
        changes.append(_repair_change(thing, found, whole.only(names)))
        if names:
            after = whole.only(names)
            repairs.append(
                change_entry(STAGE_OF_KIND[thing.kind], _title("put right", thing), found, after),
            )
    kept = {(thing.kind, thing.name.casefold()) for thing in wanted}
    changes += [
        _dropped_change(old) for old in previous if (old.kind, old.name.casefold()) not in kept
    ]
    # Python's sort is stable: within one class the playbook's order stays.
    ordered = [step for _, step in sorted(additions, key=lambda pair: pair[0])]
    ordered += [step for _, step in sorted(references, key=lambda pair: pair[0])]
    return PolicyPart(
        draft=Draft(changes=tuple(changes), steps=(*ordered, *repairs)),
        repaired=bool(repairs),
        replaced=previous,
    )


def _expected(
    thing: DesiredObject,
    found: Entry,
    container: IpSecurityContainer,
    playbook: str,
) -> Attributes:
    """Give every attribute of an object of ours; those that we don't write have no values.

    Owners that others have added because they use the object as well are theirs and stay.
    """
    absent = Attributes({name: () for name in OBJECT_ATTRIBUTES if name != "objectClass"})
    others = [
        text.encode()
        for text in found.attributes.texts(_OWNERS)
        if (owner := container.entry(text)) is not None
        and owner.attributes.text("adminDescription") != marker(playbook)
    ]
    whole = Attributes({**absent, **thing.complete})
    return whole.with_values(_OWNERS, [*whole.values_of(_OWNERS), *others])


def _title(verb: str, thing: DesiredObject) -> str:
    return f"{verb} {thing.kind.value} {thing.name}"


def _addition(thing: DesiredObject) -> EntryStep:
    return EntryStep(
        stage=STAGE_OF_KIND[thing.kind],
        title=_title("write", thing),
        dn=thing.dn,
        before=None,
        after=thing.attributes,
    )


def _reference(thing: DesiredObject) -> EntryStep:
    return EntryStep(
        stage=STAGE_OF_KIND[thing.kind],
        title=_title("join the parts of", thing),
        dn=thing.dn,
        before=Attributes(dict.fromkeys(thing.references, ())),
        after=thing.references,
    )


def _new_change(thing: DesiredObject, old: PreviousObject | None) -> Change:
    now = describe(thing.complete)
    if old is None:
        fields = tuple(FieldChange(field=name, old=None, new=text) for name, text in now)
        return _change(thing, Action.CREATE, fields)
    fields = field_changes(describe(old.entry.attributes), now)
    if fields:
        return _change(thing, Action.CHANGE, fields)
    return _change(
        thing,
        Action.UNCHANGED,
        reason="Its settings stay; a copy is written for the new policy, because nothing that "
        "members may be reading is edited.",
    )


def _repair_change(thing: DesiredObject, found: Entry, wanted: Attributes) -> Change:
    if not wanted:
        return _change(thing, Action.UNCHANGED)
    fields = field_changes(describe(found.attributes), describe(thing.complete))
    named = {name.casefold() for name in wanted} - {"ipsecdata", "description"}
    fields += tuple(
        FieldChange(
            field=name,
            old=", ".join(found.attributes.texts(name)) or None,
            new=", ".join(wanted.texts(name)) or None,
        )
        for name in wanted
        if name.casefold() in named
    )
    return _change(thing, Action.CHANGE, fields, reason="Somebody has changed our object.")


def _dropped_change(old: PreviousObject) -> Change:
    return Change(
        stage=STAGE_OF_KIND[old.kind],
        action=Action.DELETE,
        kind=old.kind.value,
        name=old.name,
        object=old.entry.dn,
        fields=tuple(
            FieldChange(field=name, old=text, new=None)
            for name, text in describe(old.entry.attributes)
        ),
        reason="The playbook does not have it any more.",
    )


def _change(
    thing: DesiredObject,
    action: Action,
    fields: tuple[FieldChange, ...] = (),
    reason: str = "",
) -> Change:
    return Change(
        stage=STAGE_OF_KIND[thing.kind],
        action=action,
        kind=thing.kind.value,
        name=thing.name,
        object=thing.dn,
        fields=fields,
        reason=reason,
    )


def field_changes(
    old: Iterable[tuple[str, str]],
    new: Iterable[tuple[str, str]],
) -> tuple[FieldChange, ...]:
    """Compare two descriptions field by field; equal fields are left out."""
    was, now = dict(old), dict(new)
    names = [*was, *(name for name in now if name not in was)]
    return tuple(
        FieldChange(field=name, old=was.get(name), new=now.get(name))
        for name in names
        if was.get(name) != now.get(name)
    )
