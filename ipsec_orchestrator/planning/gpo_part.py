"""Stages 1 and 2 of the how-to: the GPO, its link, the link enabled."""

from dataclasses import dataclass
from uuid import UUID, uuid5

from ipsec_orchestrator.codec.extension_names import IPSEC_PAIR, parse_extension_names
from ipsec_orchestrator.codec.gp_link import GpLinks, GpoLinkText, format_gp_link, parse_gp_link
from ipsec_orchestrator.codec.gpo_version import GpoVersion
from ipsec_orchestrator.errors import ForeignObjectError
from ipsec_orchestrator.facts.gpo import ObservedGpo, ObservedOu
from ipsec_orchestrator.facts.observed import Observed
from ipsec_orchestrator.model.directory import Attributes
from ipsec_orchestrator.model.plan import Action, Change, FieldChange
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.model.stages import Stage
from ipsec_orchestrator.model.steps import EntryStep, GpoStep, Step
from ipsec_orchestrator.planning.adoption import adoption_mark, adoption_of, read_adoption
from ipsec_orchestrator.planning.desired import POLICIES_CONTAINER, gpo_marker, guid_text
from ipsec_orchestrator.planning.draft import Draft, change_entry
from ipsec_orchestrator.planning.lower import NAMESPACE

# groupPolicyContainer flags, bit 1: the computer half is switched off [MS-GPOL] 2.2.4.
_COMPUTER_HALF_DISABLED = 2
COMMENT = "Made by ipsec_orchestrator from the playbook {playbook}. Change the playbook instead."


@dataclass(frozen=True, slots=True, kw_only=True)
class GpoTarget:
    """The GPO that the rest of the plan writes to; the id is provisional until it is made.

    Attributes:
        gpo_id: Its id.
        dn: Its container.
        observed: As it was read; ``None`` if it is yet to be made.
        heard: The machine version of one that was deleted. It may come back under the same id, and
            members that know that version would take no notice of it.
    """

    gpo_id: UUID
    dn: str
    observed: ObservedGpo | None
    heard: int = 0


def plan_gpo(playbook: Playbook, observed: Observed) -> tuple[GpoTarget, Draft]:
    """Plan the GPO itself.

    Raises:
        ForeignObjectError: A GPO of that name is there that is not ours.
    """
    if observed.gpo is None:
        return _new_gpo(playbook, observed)
    gpo = observed.gpo
    target = GpoTarget(gpo_id=gpo.gpo_id, dn=gpo.entry.dn, observed=gpo)
    mark = gpo.entry.attributes.text("adminDescription")
    after: dict[str, list[bytes]] = {}
    fields: list[FieldChange] = []
    if is_ours_unmarked(gpo, playbook):
        after["adminDescription"] = [gpo_marker(playbook.name, created=True).encode()]
        fields.append(FieldChange(field="marked as ours", old=None, new=playbook.name))
    elif not is_ours(mark, playbook):
        if not playbook.gpo.adopt:
            raise ForeignObjectError(
                object=f"The GPO {playbook.gpo.name!r} ({guid_text(gpo.gpo_id)})",
                reason=f"it is marked {mark!r}" if mark else "it has no mark of this program",
                cure="Choose another gpo.name, or set gpo.adopt: true in the playbook to take "
                "it over; its other settings are left alone.",
            )
        before = adoption_of(gpo, parse_gp_link(observed.ou.gp_link or ""))
        after["adminDescription"] = [
            adoption_mark(playbook.name, before, playbook.gpo.name).encode(),
        ]
        fields.append(FieldChange(field="taken over", old=mark, new=playbook.name))
    flags = int(gpo.entry.attributes.text("flags") or "0")
    if flags & _COMPUTER_HALF_DISABLED:
        after["flags"] = [str(flags & ~_COMPUTER_HALF_DISABLED).encode()]
        fields.append(FieldChange(field="computer settings", old="disabled", new="enabled"))
    steps: tuple[Step, ...] = ()
    if after:
        steps = (change_entry(Stage.GPO, "take the GPO in hand", gpo.entry, Attributes(after)),)
    change = Change(
        stage=Stage.GPO,
        action=Action.CHANGE if after else Action.UNCHANGED,
        kind="GPO",
        name=playbook.gpo.name,
        object=gpo.entry.dn,
        fields=tuple(fields),
    )
    return target, Draft(changes=(change,), steps=steps)


def is_ours(mark: str | None, playbook: Playbook) -> bool:
    """Tell whether a GPO bears this playbook's mark: made by it, or taken over."""
    return (
        mark == gpo_marker(playbook.name, created=True)
        or read_adoption(mark, playbook.name) is not None
    )


def is_ours_unmarked(gpo: ObservedGpo, playbook: Playbook) -> bool:
    """Tell whether we made a GPO in a run that ended before it was marked."""
    unmarked = not gpo.entry.attributes.values_of("adminDescription")
    return unmarked and gpo.comment == COMMENT.format(playbook=playbook.name)


def is_only_ours(target: GpoTarget, playbook: Playbook) -> bool:
    """Tell whether a GPO carries nothing but what this playbook puts into it."""
    if target.observed is None:
        return True
    attributes = target.observed.entry.attributes
    mark = attributes.text("adminDescription")
    names = parse_extension_names(attributes.text("gPCMachineExtensionNames") or "")
    others = [found for found in names.brackets if found.extension_id != IPSEC_PAIR.extension]
    version = GpoVersion.from_number(int(attributes.text("versionNumber") or "0"))
    return (
        mark in {None, gpo_marker(playbook.name, created=True)} and not others and not version.user
    )


def _new_gpo(playbook: Playbook, observed: Observed) -> tuple[GpoTarget, Draft]:
    domain_dn = observed.names.domain_dn
    gpo_id = uuid5(NAMESPACE, f"{domain_dn.casefold()}\n{playbook.name}\ngpo/{playbook.gpo.name}")
    dn = f"CN={guid_text(gpo_id)},{POLICIES_CONTAINER},{domain_dn}"
    mark = gpo_marker(playbook.name, created=True)
    make = GpoStep(
        stage=Stage.GPO,
        title=f"create the GPO {playbook.gpo.name}",
        name=playbook.gpo.name,
        gpo_id=gpo_id,
        via=playbook.gpo.via,
        comment=COMMENT.format(playbook=playbook.name),
        before=False,
        after=True,
    )
    sign = EntryStep(
        stage=Stage.GPO,
        title="mark the GPO as ours",
        dn=dn,
        before=Attributes({"adminDescription": ()}),
        after=Attributes({"adminDescription": (mark.encode(),)}),
    )
    change = Change(
        stage=Stage.GPO,
        action=Action.CREATE,
        kind="GPO",
        name=playbook.gpo.name,
        object=dn,
        fields=(FieldChange(field="made via", old=None, new=playbook.gpo.via.value),),
        reason="Windows chooses the id when it makes the GPO; the one shown is provisional."
        if playbook.gpo.via.value == "winrm"
        else "",
    )
    target = GpoTarget(gpo_id=gpo_id, dn=dn, observed=None, heard=observed.heard)
    return target, Draft(changes=(change,), steps=(make, sign))


def plan_link(playbook: Playbook, ou: ObservedOu, target: GpoTarget) -> Draft:
    """Plan the link: made disabled in stage 1, switched on in stage 2, as the article has it."""
    text = ou.gp_link or ""
    links = parse_gp_link(text)
    wish = playbook.gpo
    found = links.find(target.gpo_id)
    steps: list[Step] = []
    if found is None:
        link = GpoLinkText(dn=_link_dn(target)).with_options(disabled=True, enforced=wish.enforced)
        placed = links.add(link, link_order=wish.order)
        steps.append(_link_step(Stage.GPO, "link the GPO to the OU", ou, links, placed))
        fields: tuple[FieldChange, ...] = (
            FieldChange(field="enforced", old=None, new=_yes(value=wish.enforced)),
            FieldChange(field="order", old=None, new=str(placed.link_order(target.gpo_id))),
        )
        made = _link_change(playbook, ou, Action.CREATE, fields)
    else:
        placed = links
        if wish.order is not None:
            placed = placed.move(target.gpo_id, link_order=wish.order)
        if found.enforced != wish.enforced:
            placed = placed.with_options(
                target.gpo_id,
                disabled=found.disabled,
                enforced=wish.enforced,
            )
        fields = _differences(
            ("enforced", _yes(value=found.enforced), _yes(value=wish.enforced)),
            (
                "order",
                str(links.link_order(target.gpo_id)),
                str(placed.link_order(target.gpo_id)),
            ),
        )
        if placed != links:
            steps.append(_link_step(Stage.GPO, "change the link", ou, links, placed))
        made = _link_change(
            playbook,
            ou,
            Action.CHANGE if placed != links else Action.UNCHANGED,
            fields,
        )
    enabled = placed.with_options(
        target.gpo_id,
        disabled=not wish.link_enabled,
        enforced=wish.enforced,
    )
    was = "no" if found is None or found.disabled else "yes"
    if enabled != placed:
        title = "enable the link" if wish.link_enabled else "disable the link"
        steps.append(_link_step(Stage.LINK, title, ou, placed, enabled))
    now = _yes(value=wish.link_enabled)
    switched = Change(
        stage=Stage.LINK,
        action=Action.CHANGE if enabled != placed else Action.UNCHANGED,
        kind="link",
        name=f"{wish.name} on {wish.ou}",
        object=ou.entry.dn,
        fields=_differences(("enabled", was, now)),
    )
    others = tuple(
        Change(
            stage=Stage.GPO,
            action=Action.FOREIGN,
            kind="link",
            name=link.dn,
            object=ou.entry.dn,
            reason="Another GPO's link on the same OU; left as it is.",
        )
        for link in links.links
        if link.gpo_id != target.gpo_id
    )
    return Draft(changes=(made, switched, *others), steps=tuple(steps))


def _link_dn(target: GpoTarget) -> str:
    """Spell the DN in the link as GPMC does: its container names in lower case ``cn=``."""
    name, _, rest = target.dn.partition(",")
    head = "cn=" + name.partition("=")[2]
    rest = ",".join(
        f"{rdn.partition('=')[0].lower() if rdn[:3].casefold() == 'cn=' else rdn.partition('=')[0]}"
        f"={rdn.partition('=')[2]}"
        for rdn in rest.split(",")
    )
    return f"{head},{rest}"


def _link_step(stage: Stage, title: str, ou: ObservedOu, old: GpLinks, new: GpLinks) -> EntryStep:
    return EntryStep(
        stage=stage,
        title=title,
        dn=ou.entry.dn,
        before=link_attributes(old),
        after=link_attributes(new),
    )


def link_attributes(links: GpLinks) -> Attributes:
    """Give the ``gPLink`` attribute; without any text it is absent."""
    text = format_gp_link(links)
    return Attributes({"gPLink": (text.encode(),) if text else ()})


def _link_change(
    playbook: Playbook,
    ou: ObservedOu,
    action: Action,
    fields: tuple[FieldChange, ...],
) -> Change:
    return Change(
        stage=Stage.GPO,
        action=action,
        kind="link",
        name=f"{playbook.gpo.name} on {playbook.gpo.ou}",
        object=ou.entry.dn,
        fields=fields,
    )


def _differences(*fields: tuple[str, str, str]) -> tuple[FieldChange, ...]:
    return tuple(
        FieldChange(field=name, old=old, new=new) for name, old, new in fields if old != new
    )


def _yes(*, value: bool) -> str:
    return "yes" if value else "no"
