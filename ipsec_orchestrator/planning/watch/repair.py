"""The plan that brings back what the last run left: the plan of an apply, and nothing more.

On some of what keeps a GPO in force a playbook has no opinion: the record alone knows it. That is
put back first, in one step; what remains is planned as apply plans it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from ipsec_orchestrator.codec.gp_link import parse_gp_link
from ipsec_orchestrator.codec.gpo_filtering import is_record
from ipsec_orchestrator.codec.gpo_version import GpoVersion
from ipsec_orchestrator.errors import MoreThanRepairError
from ipsec_orchestrator.facts.gpo import ObservedGpo
from ipsec_orchestrator.facts.observed import Observed
from ipsec_orchestrator.model.directory import Attributes, dn_key
from ipsec_orchestrator.model.drift import Difference
from ipsec_orchestrator.model.inventory import Host, Inventory
from ipsec_orchestrator.model.plan import Action, Change, FieldChange, Plan, Purpose
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.model.stages import Stage
from ipsec_orchestrator.model.steps import EntryStep
from ipsec_orchestrator.planning.apply import plan_apply
from ipsec_orchestrator.planning.basis import basis_of
from ipsec_orchestrator.planning.draft import Draft, change_entry, differing
from ipsec_orchestrator.planning.drift.compare import WHOLE
from ipsec_orchestrator.planning.drift.group_policy import ASSIGNMENT, GPO, LINK
from ipsec_orchestrator.planning.drift.record import Left
from ipsec_orchestrator.planning.gpo_part import is_ours
from ipsec_orchestrator.planning.pilot_part import pilot_name
from ipsec_orchestrator.planning.watch.handling import DIRECTORY

WMI_FILTER: Final = "gPCWQLFilter"
_DESCRIPTOR: Final = "nTSecurityDescriptor"
_RECORDED: Final = {
    "adminDescription": "mark",
    "displayName": "name",
    "flags": "settings",
    "gPCMachineExtensionNames": "extensions",
    WMI_FILTER: "WMI filter",
    _DESCRIPTOR: "permissions",
}
_SAID: Final = frozenset({Action.UNCHANGED, Action.FOREIGN})
_COUNTED: Final = "GPO version"


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """What a repair is planned from.

    Attributes:
        playbook: What is wanted.
        inventory: What exists.
        members: The hosts to refresh and verify.
        observed: What was read; its GPO with ``gPCWQLFilter``.
        left: What the last run left.
        differences: Those that are to be repaired.
    """

    playbook: Playbook
    inventory: Inventory
    members: tuple[Host, ...]
    observed: Observed
    left: Left
    differences: tuple[Difference, ...]


def plan_repair(repair: Repair, tool_version: str) -> Plan:
    """Plan it.

    Raises:
        MoreThanRepairError: The plan would change something else as well.
        ForeignObjectError: Something that is not ours is in the way.
        PlanError: The playbook can't be stored.
    """
    back = _recorded_part(repair)
    observed = _after(replace(repair.observed, heard=_heard(repair)), back)
    plan = plan_apply(
        _as_left(repair),
        repair.inventory,
        repair.members,
        observed,
        tool_version,
        repaired=bool(back.steps),
    )
    changes, steps = back.changes + plan.changes, back.steps + plan.steps
    _refuse_more(repair, changes)
    return replace(
        plan,
        purpose=Purpose.REPAIR,
        changes=changes,
        steps=steps,
        basis=basis_of(repair.playbook, repair.observed, changes, steps, tool_version),
    )


def _recorded_part(repair: Repair) -> Draft:
    """Put back what the record alone knows of the GPO."""
    gpo, sight = repair.observed.gpo, repair.left.sight
    if gpo is None or sight is None or gpo.gpo_id != sight.gpo.gpo_id:
        return Draft()
    if not any(each.thing == GPO for each in repair.differences):
        return Draft()
    then = sight.gpo.entry.attributes
    filter_then = sight.guards.wmi_filter
    wanted = Attributes(
        {
            name: ([filter_then.encode()] if filter_then else [])
            if name == WMI_FILTER
            else then.values_of(name)
            for name in _RECORDED
            if name != _DESCRIPTOR or not _is_narrowed(gpo, sight.gpo)
        },
    )
    now = gpo.entry.attributes
    names = [
        name
        for name in differing(wanted, now)
        if name != WMI_FILTER or (now.text(name) or "").strip() != (filter_then or "")
    ]
    if not names:
        return Draft()
    after = wanted.only(names)
    change = Change(
        stage=Stage.GPO,
        action=Action.CHANGE,
        kind=GPO,
        name=repair.playbook.gpo.name,
        object=gpo.entry.dn,
        fields=tuple(_field(name, now, after) for name in names),
        reason="As the last run left it.",
    )
    step = change_entry(Stage.GPO, "put the GPO back as the last run left it", gpo.entry, after)
    return Draft(changes=(change,), steps=(step,))


def _heard(repair: Repair) -> int:
    """Give the version that members know of a GPO that is gone."""
    sight = repair.left.sight
    if repair.observed.gpo is not None or sight is None:
        return 0
    number = int(sight.gpo.entry.attributes.text("versionNumber") or "0")
    return GpoVersion.from_number(number).machine


def _is_narrowed(*gpos: ObservedGpo) -> bool:
    """Tell whether waves decide over the permissions at present, or did."""
    return any(is_record(gpo.entry.attributes.text("adminDisplayName")) for gpo in gpos)


def _field(name: str, now: Attributes, after: Attributes) -> FieldChange:
    if name == _DESCRIPTOR:
        return FieldChange(field=_RECORDED[name], old="changed", new="as the last run left them")
    return FieldChange(field=_RECORDED[name], old=now.text(name), new=after.text(name))


def _after(observed: Observed, back: Draft) -> Observed:
    """Give the domain as it is once the GPO is back."""
    gpo = observed.gpo
    if gpo is None or not back.steps:
        return observed
    attributes = gpo.entry.attributes
    for step in back.steps:
        if isinstance(step, EntryStep):
            attributes = Attributes({**attributes, **(step.after or {})})
    return replace(observed, gpo=replace(gpo, entry=replace(gpo.entry, attributes=attributes)))


def _as_left(repair: Repair) -> Playbook:
    """Give the playbook with an opinion on what the record alone knows of link and assignment."""
    playbook, sight = repair.playbook, repair.left.sight
    wish = playbook.gpo
    drifted = {(each.thing, each.field) for each in repair.differences}
    if sight is None:
        return playbook
    if wish.order is None and drifted & {(LINK, "order"), (LINK, WHOLE)}:
        links = parse_gp_link(repair.left.ou.attributes.text("gPLink") or "")
        if links.find(sight.gpo.gpo_id) is not None:
            wish = replace(wish, order=links.link_order(sight.gpo.gpo_id))
    mark = sight.gpo.entry.attributes.text("adminDescription")
    if any(thing == ASSIGNMENT for thing, _ in drifted) and is_ours(mark, playbook):
        # The last run left our policy there: whoever assigned another one took it from us.
        wish = replace(wish, adopt=True)
    return replace(playbook, gpo=wish)


def _refuse_more(repair: Repair, changes: Iterable[Change]) -> None:
    """Make sure that every change answers a difference.

    Raises:
        MoreThanRepairError: One does not.
    """
    objects = {dn_key(each.object) for each in repair.differences}
    names = {(each.thing, each.name.casefold()) for each in repair.differences}
    things = {each.thing for each in repair.differences}
    whole = any(each.thing == GPO and each.field == WHOLE for each in repair.differences)
    left = {dn_key(entry.dn) for entry in repair.left.objects}
    pilot = pilot_name(repair.playbook.gpo.name)
    for change in changes:
        answers = (
            change.action in _SAID
            or dn_key(change.object) in objects
            or (change.kind, change.name.casefold()) in names
            # What only followed from another object being gone is no difference of its own.
            or dn_key(change.object) in left
            # These follow from any change of the directory.
            or (change.kind not in DIRECTORY - {GPO})
            or change.kind == _COUNTED
            or (change.kind == ASSIGNMENT and bool(things & {ASSIGNMENT, "policy"}))
            # Without the GPO there is no link and no assignment either.
            or (whole and change.kind in {GPO, LINK, ASSIGNMENT})
            or change.name.startswith(pilot)
        )
        # One that is there under another name is not to get a twin.
        is_twin = change.kind == GPO and change.action is Action.CREATE and not whole
        if not answers or (is_twin and not change.name.startswith(pilot)):
            raise MoreThanRepairError(kind=change.kind, name=change.name)
