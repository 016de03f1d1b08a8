"""Waves over a GPO that is in force already: a second GPO carries the new policy meanwhile.

Narrowing a GPO that members have would take it from everybody outside of the wave. So the main GPO
stays as it is, and a pilot GPO, linked right before it and narrowed to the waves, carries the new
policy. When every wave is well the main GPO is switched, the pilot's link goes, and last the pilot.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final
from uuid import UUID

from ipsec_orchestrator.codec.gp_link import parse_gp_link
from ipsec_orchestrator.facts.gpo import ObservedOu
from ipsec_orchestrator.model.directory import Attributes, Entry, same_dn
from ipsec_orchestrator.model.plan import Action, Change
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.model.stages import Stage
from ipsec_orchestrator.model.steps import EntryStep, GpoStep, Step
from ipsec_orchestrator.planning.draft import Draft
from ipsec_orchestrator.planning.gpo_part import COMMENT, GpoTarget, link_attributes

_SUFFIX: Final = " (rollout)"
_LONGEST_NAME: Final = 255


def pilot_name(gpo: str) -> str:
    """Give the display name of the pilot of a GPO."""
    return gpo[: _LONGEST_NAME - len(_SUFFIX)] + _SUFFIX


def pilot_of(playbook: Playbook, ou: ObservedOu, main: GpoTarget, pilot: UUID | None) -> Playbook:
    """Give the playbook as the pilot GPO carries it: linked right before the main GPO."""
    links = parse_gp_link(ou.gp_link or "")
    link, order = links.find(main.gpo_id), links.link_order(main.gpo_id)
    here = links.link_order(pilot) if pilot is not None else None
    wish = playbook.gpo
    if order is None:
        order = wish.order
    elif here is not None and here < order:
        order = None  # it is in its place
    return replace(
        playbook,
        gpo=replace(
            wish,
            name=pilot_name(wish.name),
            adopt=False,
            order=order,
            enforced=wish.enforced or (link is not None and link.enforced),
        ),
    )


def ou_after(ou: ObservedOu, steps: Iterable[Step]) -> ObservedOu:
    """Give the OU as steps leave its links."""
    text = ou.gp_link
    for step in steps:
        if isinstance(step, EntryStep) and same_dn(step.dn, ou.entry.dn) and step.after:
            text = step.after.text("gPLink")
    attributes = ou.entry.attributes.with_values("gPLink", [text.encode()] if text else [])
    return ObservedOu(entry=Entry(dn=ou.entry.dn, attributes=Attributes(attributes)))


def plan_unlinking(ou: ObservedOu, pilot: GpoTarget) -> Draft:
    """Plan taking the pilot's link away; members then find the policy in the main GPO."""
    links = parse_gp_link(ou.gp_link or "")
    if links.find(pilot.gpo_id) is None:
        return Draft()
    step = EntryStep(
        stage=Stage.WAVES,
        title="unlink the pilot GPO",
        dn=ou.entry.dn,
        before=link_attributes(links),
        after=link_attributes(links.remove(pilot.gpo_id)),
    )
    return Draft(steps=(step,))


def plan_pilot_deletion(playbook: Playbook, pilot: GpoTarget) -> Draft:
    """Plan deleting the pilot, with everything below it.

    Args:
        playbook: As :func:`pilot_of` gives it.
        pilot: The GPO.
    """
    step = GpoStep(
        stage=Stage.CLEAN_UP,
        title=f"delete the pilot GPO {playbook.gpo.name}",
        name=playbook.gpo.name,
        gpo_id=pilot.gpo_id,
        via=playbook.gpo.via,
        comment=COMMENT.format(playbook=playbook.name),
        before=True,
        after=False,
    )
    change = Change(
        stage=Stage.CLEAN_UP,
        action=Action.DELETE,
        kind="pilot GPO",
        name=playbook.gpo.name,
        object=pilot.dn,
        reason="It carries the policy only as long as the waves last.",
    )
    return Draft(changes=(change,), steps=(step,))
