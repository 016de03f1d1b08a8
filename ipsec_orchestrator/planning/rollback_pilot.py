"""Taking back waves over a GPO that was in force: the pilot that the run made goes again.

What is left without the pilot's steps is an ordinary run on the main GPO, and taken back like one.
Members that had the change by the pilot let go of it when its link is gone: the main GPO, which
assigns what they had before, is then the last one again.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ipsec_orchestrator.codec.gp_link import parse_gp_link
from ipsec_orchestrator.errors import PlanError, StalePlanError
from ipsec_orchestrator.model.directory import Attributes
from ipsec_orchestrator.model.stages import Stage
from ipsec_orchestrator.model.steps import (
    EntryStep,
    FilteringStep,
    GpoStep,
    HealthStep,
    MemberStep,
    Step,
    TemplateAccessStep,
    TemplateVersionStep,
)
from ipsec_orchestrator.planning.concerned import LINK, gpo_dn, gpo_of_dn, gpos_of
from ipsec_orchestrator.planning.gpo_part import link_attributes
from ipsec_orchestrator.planning.pilot_part import pilot_name
from ipsec_orchestrator.planning.rollback_members import reached_members
from ipsec_orchestrator.planning.rollback_views import VERSION_NUMBER, RunToUndo, versions_of_steps

_CURE = (
    "`orchestrate resume` goes on with it; an `apply` of the earlier playbook, or "
    "`orchestrate remove`, is the way back."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PilotUndo:
    """A run on two GPOs, taken apart.

    Attributes:
        main: The run as if there had been no pilot; its members are those that may have got
            something by either GPO.
        unlink: Takes the pilot's link away; empty if it is not linked.
        away: Deletes the pilot; empty if there is none.
    """

    main: RunToUndo
    unlink: tuple[EntryStep, ...] = ()
    away: tuple[GpoStep, ...] = ()


def take_apart(run: RunToUndo) -> PilotUndo:
    """Part a run from its pilot; a run without one comes out as it is.

    Raises:
        PlanError: The run is about two GPOs in another way: that can't be taken back exactly.
        StalePlanError: Somebody else has changed the pilot.
    """
    name = pilot_name(run.plan.basis.gpo)
    made = next(
        (s for s in run.plan.steps if isinstance(s, GpoStep) and s.after and s.name == name), None
    )
    if made is None:
        _refuse_two(run)
        return PilotUndo(main=run)
    dn = gpo_dn(made.gpo_id, run.plan.basis.domain)
    _check_pilot(run, made, dn)
    kept = [
        (number, step)
        for number, step in enumerate(run.plan.steps, 1)
        if not _is_of_pilot(step, made) and not isinstance(step, HealthStep)
    ]
    members = {id(step) for step in _first_of_each_host(run)}
    kept = [(n, s) for n, s in kept if not isinstance(s, MemberStep) or id(s) in members]
    main = replace(
        run,
        plan=replace(run.plan, steps=tuple(step for _, step in kept)),
        records={
            place: run.records[number]
            for place, (number, _) in enumerate(kept, 1)
            if number in run.records
        },
    )
    _refuse_two(main)
    return PilotUndo(main=main, unlink=tuple(_unlinking(run, made)), away=_away(run, made, dn))


def _refuse_two(run: RunToUndo) -> None:
    if len(gpos_of(run.plan.steps)) > 1:
        raise PlanError(
            "Nothing was changed. A run that went on with a pilot GPO of an earlier one, or took it "
            "away, can't be rolled back.",
            cure=_CURE,
        )


def _is_of_pilot(step: Step, pilot: GpoStep) -> bool:
    """Tell whether a step is about the pilot alone.

    Raises:
        PlanError: It is about its link and about another one.
    """
    match step:
        case GpoStep() | TemplateVersionStep() | TemplateAccessStep():
            return step.gpo_id == pilot.gpo_id
        case FilteringStep():
            return gpo_of_dn(step.dn) == pilot.gpo_id
        case EntryStep():
            return gpo_of_dn(step.dn) == pilot.gpo_id or _links_pilot(step, pilot)
        case _:
            return False


def _links_pilot(step: EntryStep, pilot: GpoStep) -> bool:
    if step.before is None or step.after is None or LINK not in step.after:
        return False
    before, after = (parse_gp_link(side.text(LINK) or "") for side in (step.before, step.after))
    if before.find(pilot.gpo_id) == after.find(pilot.gpo_id):
        return False
    if before.remove(pilot.gpo_id) != after.remove(pilot.gpo_id):
        raise PlanError(
            "Nothing was changed. A run that changed two links at once can't be rolled back.",
            cure=_CURE,
        )
    return True


def _first_of_each_host(run: RunToUndo) -> Iterator[MemberStep]:
    """Give the members that may have got something, by their first refresh: it knows what was."""
    seen: set[str] = set()
    for step in reached_members(run):
        if step.host not in seen:
            seen.add(step.host)
            yield step


def _check_pilot(run: RunToUndo, pilot: GpoStep, dn: str) -> None:
    """Refuse to delete a pilot that somebody has edited since the run made it."""
    found = run.now.attributes(dn)
    if run.before.entry(dn) is not None or found is None:
        return
    own = replace(
        run,
        plan=replace(run.plan, steps=tuple(s for s in run.plan.steps if _is_of_pilot(s, pilot))),
    )
    known = {"0", *(str(number) for number in versions_of_steps(own))}
    version = found.text(VERSION_NUMBER) or "0"
    if version not in known:
        raise StalePlanError(
            object=dn,
            attribute=VERSION_NUMBER,
            expected=" or ".join(sorted(known)),
            found=version,
        )


def _unlinking(run: RunToUndo, pilot: GpoStep) -> Iterator[EntryStep]:
    units = {
        step.dn: None
        for step in run.plan.steps
        if isinstance(step, EntryStep) and _links_pilot(step, pilot)
    }
    for unit in units:
        links = parse_gp_link((run.now.attributes(unit) or Attributes()).text(LINK) or "")
        if links.find(pilot.gpo_id) is not None:
            yield EntryStep(
                stage=Stage.WAVES,
                title="unlink the pilot GPO",
                dn=unit,
                before=link_attributes(links),
                after=link_attributes(links.remove(pilot.gpo_id)),
            )


def _away(run: RunToUndo, pilot: GpoStep, dn: str) -> tuple[GpoStep, ...]:
    if run.now.entry(dn) is None or run.before.entry(dn) is not None:
        return ()
    return (replace(pilot, title=f"delete the pilot GPO {pilot.name}", before=True, after=False),)
