"""Giving back a GPO that was taken over: as it was, but for its version, which only rises."""

from collections.abc import Iterable
from dataclasses import replace

from ipsec_orchestrator.codec.extension_names import IPSEC_PAIR, parse_extension_names
from ipsec_orchestrator.codec.gp_link import GpLinks
from ipsec_orchestrator.codec.gpo_version import GpoVersion
from ipsec_orchestrator.facts.gpo import ObservedGpo, assignment_dns
from ipsec_orchestrator.facts.ip_security_container import IpSecurityContainer
from ipsec_orchestrator.model.directory import Attributes, Entry, same_dn
from ipsec_orchestrator.model.plan import Change
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.model.stages import Stage
from ipsec_orchestrator.model.steps import EntryStep, Step
from ipsec_orchestrator.planning.adoption import ASSIGNMENT_NAMES, Adoption
from ipsec_orchestrator.planning.assignment_part import next_version, publish
from ipsec_orchestrator.planning.desired import marker
from ipsec_orchestrator.planning.draft import Draft, change_entry, delete_entry, differing
from ipsec_orchestrator.planning.gpo_part import GpoTarget

_MARK = "adminDescription"


def link_before(links: GpLinks, gpo: ObservedGpo, adoption: Adoption) -> GpLinks:
    """Give the links of the OU with that of the GPO as it was before it was taken over."""
    found = links.find(gpo.gpo_id)
    others = links.remove(gpo.gpo_id)
    if found is None or adoption.link is None:
        return others
    order, options = adoption.link
    return others.add(replace(found, options_text=options), link_order=order)


def hand_back(
    playbook: Playbook,
    target: GpoTarget,
    adoption: Adoption,
    container: IpSecurityContainer,
    unassigned: Iterable[Step],
) -> Draft:
    """Plan giving back, after the steps of this plan that unassign and raise the version."""
    unassigned = tuple(unassigned)
    gpo = target.observed
    if gpo is None:
        return Draft()
    owner = adoption.assigned.text("ipsecOwnersReference")
    assigns = owner is not None and container.entry(owner) is not None
    place = assignment_dns(gpo.entry.dn)[-1]
    cleared = [s for s in unassigned if isinstance(s, EntryStep) and same_dn(s.dn, place)]
    steps = _place_back(
        playbook,
        gpo,
        adoption,
        cleared[0] if cleared else None,
        assigns=assigns,
    )
    names = parse_extension_names(gpo.entry.attributes.text("gPCMachineExtensionNames") or "")
    changes: tuple[Change, ...] = ()
    if assigns or (names.has(IPSEC_PAIR) and not adoption.has_pair):
        quiet = publish(
            playbook,
            target,
            names=names,
            wanted=names if adoption.has_pair else names.remove(IPSEC_PAIR),
            container=next_version(target) if unassigned else _container_version(gpo),
            template=next_version(target)
            if unassigned
            else GpoVersion.from_number(gpo.template_version or 0),
            stage=Stage.GPO,
        )
        steps, changes = [*steps, *quiet.steps], quiet.changes
    after = {_MARK: adoption.description, "flags": adoption.flags}
    wanted = Attributes(
        {
            name: (text.encode(),) if text is not None else ()
            for name, text in after.items()
            if name == _MARK or text is not None
        },
    )
    wanted = wanted.only(differing(wanted, gpo.entry.attributes))
    steps.append(change_entry(Stage.GPO, "let the GPO go", gpo.entry, wanted))
    return Draft(changes=changes, steps=tuple(steps))


def _container_version(gpo: ObservedGpo) -> GpoVersion:
    return GpoVersion.from_number(int(gpo.entry.attributes.text("versionNumber") or "0"))


def _place_back(
    playbook: Playbook,
    gpo: ObservedGpo,
    adoption: Adoption,
    unassigned: EntryStep | None,
    *,
    assigns: bool,
) -> list[Step]:
    """Give the assignment object back as it was, or take it away with the containers we made."""
    *parents, dn = assignment_dns(gpo.entry.dn)
    place = gpo.child(dn)
    steps: list[Step] = []
    if place is not None and adoption.assignment is None:
        title = "delete the place of the assignment"
        steps.append(delete_entry(Stage.GPO, title, place, without=(*ASSIGNMENT_NAMES, _MARK)))
    elif place is not None:
        steps += _assignment_back(place, adoption, unassigned, assigns=assigns)
    for parent in reversed(parents):
        entry = gpo.child(parent)
        if entry is not None and entry.attributes.text(_MARK) == marker(playbook.name):
            title = "take away the room for the assignment"
            steps.append(delete_entry(Stage.GPO, title, entry))
    return steps


def _assignment_back(
    place: Entry,
    adoption: Adoption,
    unassigned: EntryStep | None,
    *,
    assigns: bool,
) -> list[Step]:
    cleared = Attributes(dict.fromkeys((*ASSIGNMENT_NAMES, _MARK), ()))
    wanted = Attributes({**cleared, **adoption.assigned}) if assigns else cleared
    found = unassigned.after if unassigned and unassigned.after else place.attributes
    before = found.only(wanted)
    if not differing(wanted, before):
        return []
    title = "put back what the GPO assigned" if assigns else "take our mark off the assignment"
    return [
        EntryStep(stage=Stage.GPO, title=title, dn=place.dn, before=before, after=wanted),
    ]
