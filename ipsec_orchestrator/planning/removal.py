"""The plan of ``orchestrate remove``: everything that the playbook brought, in the right order.

Members keep a policy that vanishes before its assignment does. So: unassign first, let every
member fetch that, then take away link, objects and GPO.
"""

from collections.abc import Iterable

from ipsec_orchestrator.codec.extension_names import IPSEC_PAIR, parse_extension_names
from ipsec_orchestrator.codec.gp_link import parse_gp_link
from ipsec_orchestrator.codec.gpo_version import GpoVersion
from ipsec_orchestrator.errors import ForeignObjectError
from ipsec_orchestrator.facts.gpo import ObservedGpo, assignment_dns
from ipsec_orchestrator.facts.observed import Observed
from ipsec_orchestrator.model.directory import Attributes, dn_key
from ipsec_orchestrator.model.inventory import Host
from ipsec_orchestrator.model.plan import Action, Basis, Caution, Change, Plan, Purpose
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.model.stages import Stage
from ipsec_orchestrator.model.steps import EntryStep, GpoStep, Step
from ipsec_orchestrator.planning.assignment_part import plan_assignment, publish
from ipsec_orchestrator.planning.desired import STAGE_OF_KIND, gpo_marker, guid_text
from ipsec_orchestrator.planning.draft import Draft, change_entry, delete_entry
from ipsec_orchestrator.planning.gpo_part import COMMENT, GpoTarget, link_attributes
from ipsec_orchestrator.planning.member_part import plan_members
from ipsec_orchestrator.planning.previous import PreviousObject, plan_deletion, previous_objects

_ASSIGNMENT_NAMES = ("ipsecOwnersReference", "ipsecName", "description")


def plan_remove(
    playbook: Playbook,
    members: Iterable[Host],
    observed: Observed,
    tool_version: str,
) -> Plan:
    """Plan taking away what :func:`~ipsec_orchestrator.planning.apply.plan_apply` brings.

    Raises:
        ForeignObjectError: The GPO of that name is not ours.
    """
    objects = previous_objects(observed.container, playbook.name, frozenset())
    unassign = Draft()
    gpo_away = Draft()
    if observed.gpo is not None:
        created = _is_created(playbook, observed.gpo)
        target = GpoTarget(
            gpo_id=observed.gpo.gpo_id,
            dn=observed.gpo.entry.dn,
            observed=observed.gpo,
        )
        if _assigns_ours(observed.gpo, objects):
            unassign = plan_assignment(
                playbook,
                None,
                target,
                observed.container,
                repaired=False,
            ).draft
        if created:
            gpo_away = _remove_gpo(playbook, observed, observed.gpo)
        else:
            gpo_away = _hand_back(playbook, target, observed.gpo, raised=bool(unassign.steps))
    anything = bool(objects or unassign.steps or gpo_away.steps)
    refresh = plan_members(members, observed, None, moved=bool(unassign.steps))
    if not anything:
        refresh = Draft()
    away = plan_deletion(objects, observed.container, stage=None)
    described = Draft(changes=tuple(_deletion(old) for old in objects))
    # Link first, then objects, then the GPO: whoever refreshes meanwhile finds no half policy.
    link = _remove_link(playbook, observed)
    whole = unassign + refresh + link + described + away + gpo_away
    return Plan(
        purpose=Purpose.REMOVE,
        basis=Basis(
            domain=observed.names.domain,
            dc=observed.names.dc,
            playbook=playbook.name,
            tool_version=tool_version,
        ),
        changes=whole.changes,
        steps=whole.steps,
        warnings=(*whole.warnings, *_unread(observed)),
    )


def _is_created(playbook: Playbook, gpo: ObservedGpo) -> bool:
    mark = gpo.entry.attributes.text("adminDescription")
    if mark == gpo_marker(playbook.name, created=True):
        return True
    if mark == gpo_marker(playbook.name, created=False):
        return False
    raise ForeignObjectError(
        object=f"The GPO {playbook.gpo.name!r} ({guid_text(gpo.gpo_id)})",
        reason=f"it is marked {mark!r}" if mark else "it has no mark of this program",
        cure="Nothing was removed. Remove it with the tool that made it, or correct gpo.name.",
    )


def _assigns_ours(gpo: ObservedGpo, objects: Iterable[PreviousObject]) -> bool:
    entry = gpo.child(assignment_dns(gpo.entry.dn)[-1])
    owner = entry.attributes.text("ipsecOwnersReference") if entry else None
    return owner is not None and dn_key(owner) in {dn_key(old.entry.dn) for old in objects}


def _remove_link(playbook: Playbook, observed: Observed) -> Draft:
    gpo = observed.gpo
    if gpo is None or not _is_created(playbook, gpo):
        return Draft()
    links = parse_gp_link(observed.ou.gp_link or "")
    if links.find(gpo.gpo_id) is None:
        return Draft()
    step = EntryStep(
        stage=Stage.LINK,
        title="unlink the GPO from the OU",
        dn=observed.ou.entry.dn,
        before=link_attributes(links),
        after=link_attributes(links.remove(gpo.gpo_id)),
    )
    change = Change(
        stage=Stage.LINK,
        action=Action.DELETE,
        kind="link",
        name=f"{playbook.gpo.name} on {playbook.gpo.ou}",
        object=observed.ou.entry.dn,
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
            steps.append(delete_entry(Stage.GPO, title, entry, without=_ASSIGNMENT_NAMES))
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


def _hand_back(playbook: Playbook, target: GpoTarget, gpo: ObservedGpo, *, raised: bool) -> Draft:
    """Give back a GPO that was taken over: without IPsec extension and without our mark."""
    attributes = gpo.entry.attributes
    names = parse_extension_names(attributes.text("gPCMachineExtensionNames") or "")
    container = GpoVersion.from_number(int(attributes.text("versionNumber") or "0"))
    template = GpoVersion.from_number(gpo.template_version or 0)
    if raised:
        # The unassignment earlier in this plan has raised both already.
        container = template = GpoVersion(
            user=max(container.user, template.user),
            machine=max(container.machine, template.machine),
        ).next_machine()
    steps: tuple[Step, ...] = ()
    changes: tuple[Change, ...] = ()
    if names.has(IPSEC_PAIR):
        quiet = publish(
            playbook,
            target,
            names=names,
            wanted=names.remove(IPSEC_PAIR),
            container=container,
            template=template,
            stage=Stage.GPO,
        )
        steps, changes = quiet.steps, quiet.changes
    unmarked = Attributes({"adminDescription": ()})
    steps = (*steps, change_entry(Stage.GPO, "let the GPO go", gpo.entry, unmarked))
    return Draft(changes=changes, steps=steps)


def _unread(observed: Observed) -> tuple[Caution, ...]:
    return tuple(
        Caution(code="member-unread", text=f"{name} could not be read: {found}")
        for name, found in sorted(observed.members.items())
        if isinstance(found, str)
    )
