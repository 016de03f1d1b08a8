"""The plan of ``orchestrate remove``: everything that the playbook brought, in the right order.

Members keep a policy that vanishes before its assignment does. So: unassign first, let every
member fetch that, then take away link, objects and GPO.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ipsec_orchestrator.codec.gp_link import parse_gp_link
from ipsec_orchestrator.errors import ForeignObjectError
from ipsec_orchestrator.facts.gpo import ObservedGpo, ObservedOu, assignment_dns
from ipsec_orchestrator.facts.member_policy import MemberObservation
from ipsec_orchestrator.facts.observed import Observed
from ipsec_orchestrator.model.directory import dn_key
from ipsec_orchestrator.model.inventory import Host
from ipsec_orchestrator.model.plan import Action, Caution, Change, Plan, Purpose
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.model.stages import Stage
from ipsec_orchestrator.model.steps import EntryStep, GpoStep, Step
from ipsec_orchestrator.planning.adoption import ASSIGNMENT_NAMES, Adoption, read_adoption
from ipsec_orchestrator.planning.assignment_part import is_unheard, plan_assignment
from ipsec_orchestrator.planning.basis import basis_of
from ipsec_orchestrator.planning.cautions import left_behind_cautions, left_out_cautions
from ipsec_orchestrator.planning.desired import (
    STAGE_OF_KIND,
    announced_version,
    gpo_marker,
    guid_text,
)
from ipsec_orchestrator.planning.draft import Draft, delete_entry
from ipsec_orchestrator.planning.gpo_part import (
    COMMENT,
    GpoTarget,
    is_ours,
    is_ours_unmarked,
    link_attributes,
)
from ipsec_orchestrator.planning.hand_back import hand_back, link_before
from ipsec_orchestrator.planning.member_part import plan_members
from ipsec_orchestrator.planning.pilot_part import ou_after, pilot_name
from ipsec_orchestrator.planning.previous import PreviousObject, plan_deletion, previous_objects

# What unassigning changes in the assignment object before it goes.
_CHANGED = (*ASSIGNMENT_NAMES, "adminDescription")


def plan_remove(
    playbook: Playbook,
    members: Iterable[Host],
    observed: Observed,
    tool_version: str,
    left_behind: Iterable[str] = (),
) -> Plan:
    """Plan taking away what :func:`~ipsec_orchestrator.planning.apply.plan_apply` brings.

    Args:
        playbook: What was wanted.
        members: The hosts that have to let go first.
        observed: What was read.
        tool_version: Goes into the plan's basis.
        left_behind: Members that are not waited for if they did not answer. For them the GPO
            stays, unassigned and linked: it is all that can tell them.

    Raises:
        ForeignObjectError: The GPO of that name is not ours.
    """
    objects = previous_objects(observed.container, playbook.name, frozenset())
    unassign, link, gpo_away = Draft(), Draft(), Draft()
    ou = observed.ou
    for each, gpo, where in _gpos(playbook, observed):
        target = GpoTarget(gpo_id=gpo.gpo_id, dn=gpo.entry.dn, observed=gpo)
        adoption = _adoption(each, gpo)
        cleared = _unassign(each, target, gpo, where, objects)
        unlinked = _link_back(each, ou, gpo, adoption)
        ou = ou_after(ou, unlinked.steps)
        unassign, link = unassign + cleared, link + unlinked
        gpo_away += (
            _remove_gpo(each, where, gpo)
            if adoption is None
            else hand_back(each, target, adoption, observed.container, cleared.steps)
        )
    anything = bool(objects or unassign.steps or gpo_away.steps)
    named = set(left_behind)
    members = tuple(members)
    behind = [
        host.name
        for host in members
        if host.name in named and not isinstance(observed.members.get(host.name), MemberObservation)
    ]
    refresh = plan_members(
        [host for host in members if host.name not in behind] if anything else (),
        observed,
        None,
        playbook=playbook.name,
        moved=bool(unassign.steps),
    )
    away = plan_deletion(objects, observed, stage=None)
    described = Draft(changes=tuple(_deletion(old) for old in objects))
    # Link first, then objects, then the GPO: whoever refreshes meanwhile finds no half policy.
    rest = described + away if behind else link + described + away + gpo_away
    if observed.left_out and rest.steps:
        # They keep a policy that vanishes before they have let go of it.
        rest = Draft(warnings=left_out_cautions(observed.left_out, len(rest.steps)))
    whole = unassign + refresh + rest
    return Plan(
        purpose=Purpose.REMOVE,
        basis=basis_of(playbook, observed, whole.changes, whole.steps, tool_version),
        changes=whole.changes,
        steps=whole.steps,
        warnings=(
            *whole.warnings,
            *left_behind_cautions(behind, playbook.gpo.name),
            *_unread(observed),
        ),
    )


def _gpos(
    playbook: Playbook, observed: Observed
) -> Iterator[tuple[Playbook, ObservedGpo, Observed]]:
    """Give each GPO that carries the playbook's policy, with the playbook as it carries it.

    The pilot of waves that did not come to their end is the second one.
    """
    if observed.gpo is not None and not _is_given_back(playbook, observed.gpo):
        yield playbook, observed.gpo, observed
    if observed.pilot is not None:
        wish = replace(playbook.gpo, name=pilot_name(playbook.gpo.name), adopt=False)
        where = replace(observed, gpo=observed.pilot, linked_elsewhere=())
        yield replace(playbook, gpo=wish), observed.pilot, where


def _is_given_back(playbook: Playbook, gpo: ObservedGpo) -> bool:
    """Tell whether the playbook may take a GPO over, but has not, or has let it go again."""
    return (
        playbook.gpo.adopt
        and not is_ours(gpo.entry.attributes.text("adminDescription"), playbook)
        and not is_ours_unmarked(gpo, playbook)
    )


def _adoption(playbook: Playbook, gpo: ObservedGpo) -> Adoption | None:
    """Tell how a GPO was before we took it over; ``None`` for one that we made."""
    mark = gpo.entry.attributes.text("adminDescription")
    if mark == gpo_marker(playbook.name, created=True) or is_ours_unmarked(gpo, playbook):
        return None
    adoption = read_adoption(mark, playbook.name)
    if adoption is not None:
        return adoption
    raise ForeignObjectError(
        object=f"The GPO {playbook.gpo.name!r} ({guid_text(gpo.gpo_id)})",
        reason=f"it is marked {mark!r}" if mark else "it has no mark of this program",
        cure="Nothing was removed. Remove it with the tool that made it, or correct gpo.name.",
    )


def _unassign(
    playbook: Playbook,
    target: GpoTarget,
    gpo: ObservedGpo,
    observed: Observed,
    objects: Iterable[PreviousObject],
) -> Draft:
    entry = gpo.child(assignment_dns(gpo.entry.dn)[-1])
    owner = entry.attributes.text("ipsecOwnersReference") if entry else None
    mark = entry.attributes.text("adminDescription") if entry else None
    if owner is None:
        # An earlier run may have cleared it and ended before members were told.
        needed = is_unheard(playbook, target)
    elif observed.container.entry(owner) is None:
        needed = announced_version(mark, playbook.name) is not None
    else:
        needed = dn_key(owner) in {dn_key(old.entry.dn) for old in objects}
    if not needed:
        return Draft()
    return plan_assignment(playbook, None, target, observed.container, repaired=False)


def _link_back(
    playbook: Playbook,
    ou: ObservedOu,
    gpo: ObservedGpo,
    adoption: Adoption | None,
) -> Draft:
    links = parse_gp_link(ou.gp_link or "")
    restored = link_before(links, gpo, adoption or Adoption())
    if restored == links:
        return Draft()
    gone = restored.find(gpo.gpo_id) is None
    step = EntryStep(
        stage=Stage.LINK,
        title="unlink the GPO from the OU" if gone else "put the link back as it was",
        dn=ou.entry.dn,
        before=link_attributes(links),
        after=link_attributes(restored),
    )
    change = Change(
        stage=Stage.LINK,
        action=Action.DELETE if gone else Action.CHANGE,
        kind="link",
        name=f"{playbook.gpo.name} on {playbook.gpo.ou}",
        object=ou.entry.dn,
    )
    return Draft(changes=(change,), steps=(step,))


def _deletion(old: PreviousObject) -> Change:
    return Change(
        stage=STAGE_OF_KIND[old.kind],
        action=Action.DELETE,
        kind=old.kind.value,
        name=old.name,
        object=old.entry.dn,
    )


def _remove_gpo(playbook: Playbook, observed: Observed, gpo: ObservedGpo) -> Draft:
    """Delete a GPO that we made, our objects below it first."""
    steps: list[Step] = []
    for dn in reversed(assignment_dns(gpo.entry.dn)[1:]):
        entry = gpo.child(dn)
        if entry is not None:
            title = "delete the place of the assignment"
            steps.append(delete_entry(Stage.GPO, title, entry, without=_CHANGED))
    steps.append(
        GpoStep(
            stage=Stage.GPO,
            title=f"delete the GPO {playbook.gpo.name}",
            name=playbook.gpo.name,
            gpo_id=gpo.gpo_id,
            via=playbook.gpo.via,
            comment=COMMENT.format(playbook=playbook.name),
            before=True,
            after=False,
        ),
    )
    change = Change(
        stage=Stage.GPO,
        action=Action.DELETE,
        kind="GPO",
        name=playbook.gpo.name,
        object=gpo.entry.dn,
    )
    return Draft(changes=(change,), steps=tuple(steps), warnings=_elsewhere(playbook, observed))


def _elsewhere(playbook: Playbook, observed: Observed) -> tuple[Caution, ...]:
    return tuple(
        Caution(
            code="linked-elsewhere",
            text=f"The GPO {playbook.gpo.name} is also linked to {dn}; that link will point to "
            "nothing. Unlink it there first.",
        )
        for dn in observed.linked_elsewhere
    )


def _unread(observed: Observed) -> tuple[Caution, ...]:
    return tuple(
        Caution(code="member-unread", text=f"{name} could not be read: {found}")
        for name, found in sorted(observed.members.items())
        if isinstance(found, str)
    )
