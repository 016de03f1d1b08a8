"""Taking back a run that went on with a pilot GPO of an earlier run, or took it away.

The pilot is brought back to what it was before the run: there, narrowed to whom it reached, linked,
with the policy that it assigned. Members outside of its waves then find the main GPO last again.
What is left without the pilot's steps is an ordinary run on the main GPO.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from ipsec_orchestrator.facts.gpo import assignment_dns
from ipsec_orchestrator.model.policy import GpoVia
from ipsec_orchestrator.model.stages import Stage
from ipsec_orchestrator.model.steps import EntryStep, GpoStep, HealthStep, MemberStep, Step
from ipsec_orchestrator.planning.concerned import LINK, gpo_dn, gpos_of
from ipsec_orchestrator.planning.draft import Draft
from ipsec_orchestrator.planning.pilot_part import pilot_name
from ipsec_orchestrator.planning.rollback_gpo import gpo_again, raise_versions
from ipsec_orchestrator.planning.rollback_members import reached_members
from ipsec_orchestrator.planning.rollback_parts import Parts
from ipsec_orchestrator.planning.rollback_views import RunToUndo, check_untouched, writable
from ipsec_orchestrator.planning.rollback_waves import narrowing_back

_POLICY: Final = re.compile(r"\{[0-9A-F-]{36}\}")
_DISPLAY_NAME: Final = "displayName"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPilot:
    """The way back of a pilot that was there before the run.

    Attributes:
        main: The run as if there had been no pilot, but for the links.
        again: Makes the pilot again, and narrows it.
        back: Gives it its old assignment, whose policy is there by then.
        loud: Raises its versions.
        quiet: And once more, after the members.
        members: Refreshes whoever may have got something, until they have what they had.
    """

    main: RunToUndo
    again: tuple[Step, ...]
    back: tuple[Step, ...]
    loud: tuple[Step, ...]
    quiet: tuple[Step, ...]
    members: Draft


def known_pilot(run: RunToUndo, via: GpoVia) -> KnownPilot | None:
    """Part a run from the pilot that it found; ``None`` if it found none, or left it alone.

    Raises:
        StalePlanError: Somebody else has changed the pilot.
    """
    name = pilot_name(run.plan.basis.gpo).casefold()
    found = next(
        (each for each in gpos_of(run.plan.steps) if _name_before(run, each) == name), None
    )
    if found is None:
        return None
    own = [gpos_of([step]) == (found,) and not is_link(step) for step in run.plan.steps]
    pilot = _only(run, own)
    main = _only(
        run,
        [
            not is_own and not isinstance(step, HealthStep)
            for is_own, step in zip(own, run.plan.steps, strict=True)
        ],
    )
    check_untouched(pilot)
    parts = Parts(pilot)
    narrowing = narrowing_back(pilot, via)
    loud, quiet = (
        raise_versions(pilot, via, hidden=False, goes=False) if pilot.effective else ((), ())
    )
    return KnownPilot(
        main=main,
        again=(*gpo_again(pilot), *(narrowing.steps if narrowing else ())),
        back=(
            *_place_again(pilot),
            *parts.back,
            *parts.switch,
            *parts.place_away,
            *parts.gpo_last,
        ),
        loud=loud,
        quiet=quiet,
        members=_members(run),
    )


def _name_before(run: RunToUndo, gpo_id: UUID) -> str:
    attributes = run.before.attributes(gpo_dn(gpo_id, run.plan.basis.domain))
    return ((attributes.text(_DISPLAY_NAME) if attributes else None) or "").casefold()


def _only(run: RunToUndo, kept: list[bool]) -> RunToUndo:
    """Give a run with some of its steps only, numbered anew."""
    numbers = [number for number, keep in enumerate(kept, 1) if keep]
    return replace(
        run,
        plan=replace(run.plan, steps=tuple(run.plan.steps[number - 1] for number in numbers)),
        records={
            place: run.records[number]
            for place, number in enumerate(numbers, 1)
            if number in run.records
        },
    )


def is_link(step: Step) -> bool:
    """Tell whether a step is about the links of an OU; one attribute holds those of all GPOs."""
    return isinstance(step, EntryStep) and LINK in (step.after or ())


def _place_again(pilot: RunToUndo) -> Iterator[EntryStep]:
    """Make the place of the assignment again, which went with the GPO."""
    if not any(isinstance(step, GpoStep) and not step.after for _, step in pilot.effective):
        return
    # What the run took away one by one is brought back like any other object.
    alone = {
        step.dn.casefold()
        for step in pilot.plan.steps
        if isinstance(step, EntryStep) and step.after is None
    }
    for dn in assignment_dns(pilot.gpo_dn)[1:]:
        was = pilot.before_attributes(dn)
        if was is not None and pilot.now.entry(dn) is None and dn.casefold() not in alone:
            yield EntryStep(
                stage=Stage.ASSIGNMENT,
                title="make the place of the pilot's assignment again",
                dn=dn,
                before=None,
                after=writable(was),
            )


def _members(run: RunToUndo) -> Draft:
    """Refresh each host that may have got something until it has what it had."""
    first: dict[str, MemberStep] = {}
    for step in reached_members(run):
        first.setdefault(step.host, step)
    return Draft(
        steps=tuple(
            MemberStep(
                stage=Stage.MEMBERS,
                title=f"refresh {host} until it has "
                + (f"policy {step.before}" if step.before else "no policy"),
                host=host,
                before=step.after,
                after=step.before,
            )
            for host, step in first.items()
            if step.before is None or _POLICY.fullmatch(step.before)
        ),
    )
