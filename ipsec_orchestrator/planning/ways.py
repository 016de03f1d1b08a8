"""How the policy gets to the members: to all at once, by narrowing the GPO, or by a pilot GPO."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from ipsec_orchestrator.codec.gp_link import parse_gp_link
from ipsec_orchestrator.facts.gpo import assignment_dns
from ipsec_orchestrator.facts.observed import Observed
from ipsec_orchestrator.model.directory import same_dn
from ipsec_orchestrator.model.inventory import Host, Inventory
from ipsec_orchestrator.model.plan import Caution
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.model.rollout import OnFailure
from ipsec_orchestrator.model.steps import MemberStep
from ipsec_orchestrator.planning.assignment_part import plan_assignment
from ipsec_orchestrator.planning.desired import DesiredPolicy, guid_text
from ipsec_orchestrator.planning.draft import Draft
from ipsec_orchestrator.planning.gpo_part import GpoTarget, is_only_ours, plan_gpo, plan_link
from ipsec_orchestrator.planning.member_part import plan_members
from ipsec_orchestrator.planning.pilot_part import (
    ou_after,
    pilot_name,
    pilot_of,
    plan_pilot_deletion,
    plan_unlinking,
)
from ipsec_orchestrator.planning.policy_part import PolicyPart
from ipsec_orchestrator.planning.rollout_part import (
    Rolling,
    first_narrowing,
    opened,
    plan_waves,
    plan_widening,
    standing_of,
)
from ipsec_orchestrator.planning.waves import Wave

_STOPS_ONLY: Final = Caution(
    code="stops-only",
    text="This run goes on with waves of an earlier one, so a wave that fails stops the rollout and "
    "does not roll it back.",
)


class Way(Enum):
    """How the policy gets to the members."""

    AT_ONCE = "at once"
    NARROWED = "narrowed"
    PILOT = "pilot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What the ways work with.

    Attributes:
        playbook: What is wanted.
        inventory: What exists.
        members: The hosts to refresh and verify.
        observed: What was read.
        policies: All policies as objects.
        assigned: The one that is assigned.
        objects: The objects' part of the plan.
        waves: The waves, of hosts that are asked; empty without a rollout.
        wave_count: How many waves there are of all members.
    """

    playbook: Playbook
    inventory: Inventory
    members: tuple[Host, ...]
    observed: Observed
    policies: tuple[DesiredPolicy, ...]
    assigned: DesiredPolicy | None
    objects: PolicyPart
    waves: tuple[Wave, ...] = ()
    wave_count: int = 0

    def refresh(self, hosts: Sequence[Host], *, moved: bool) -> Draft:
        """Plan the refresh of some hosts."""
        return plan_members(
            hosts,
            self.observed,
            self.assigned,
            self.policies,
            playbook=self.playbook.name,
            moved=moved,
        )

    def rolling(self, target: GpoTarget) -> Rolling | None:
        """Give what the waves of a GPO share; ``None`` without waves."""
        rollout = self.playbook.rollout
        if rollout is None or not self.waves:
            return None
        return Rolling(
            rollout=rollout,
            target=target,
            via=self.playbook.gpo.via,
            waves=self.waves,
            count=self.wave_count,
            inventory=self.inventory,
            accounts=self.observed.computers,
            policy=guid_text(self.assigned.object_id) if self.assigned else None,
        )


def plan_way(scene: Scene) -> Draft:
    """Plan GPO, link, objects, assignment and members, in the way that fits.

    Raises:
        ForeignObjectError: Something that is not ours is in the way.
        PlanError: The waves can't be made.
    """
    target, gpo = plan_gpo(scene.playbook, scene.observed)
    match choose_way(scene, target):
        case Way.PILOT:
            return _by_pilot(scene, target, gpo)
        case Way.NARROWED:
            return _narrowed(scene, target, gpo)
        case Way.AT_ONCE:
            link, assignment = _link_and_assignment(scene, target)
            directory = gpo + link + scene.objects.draft + assignment
            return directory + scene.refresh(scene.members, moved=bool(directory.steps))


def choose_way(scene: Scene, target: GpoTarget) -> Way:
    """Tell how the policy gets to the members.

    A GPO that members have must not be narrowed: it would vanish from everybody outside of the
    wave. One that is narrowed already stays so until its last wave is well.
    """
    if scene.observed.pilot is not None:
        return Way.PILOT
    if standing_of(target) is not None:
        return Way.NARROWED
    if not scene.waves or scene.assigned is None or not scene.playbook.gpo.link_enabled:
        return Way.AT_ONCE
    if target.observed is None:
        return Way.NARROWED
    place = target.observed.child(assignment_dns(target.dn)[-1])
    owner = place.attributes.text("ipsecOwnersReference") if place else None
    link = parse_gp_link(scene.observed.ou.gp_link or "").find(target.gpo_id)
    linked = (link is not None and not link.disabled) or bool(scene.observed.linked_elsewhere)
    if linked and owner is not None:
        return Way.AT_ONCE if same_dn(owner, scene.assigned.dn) else Way.PILOT
    return Way.NARROWED if is_only_ours(target, scene.playbook) else Way.PILOT


def _link_and_assignment(scene: Scene, target: GpoTarget) -> tuple[Draft, Draft]:
    link = plan_link(scene.playbook, scene.observed.ou, target)
    assignment = plan_assignment(
        scene.playbook,
        scene.assigned,
        target,
        scene.observed.container,
        repaired=scene.objects.repaired,
    )
    return link, assignment


def _narrowed(scene: Scene, target: GpoTarget, gpo: Draft) -> Draft:
    link, assignment = _link_and_assignment(scene, target)
    rest = link + scene.objects.draft + assignment
    moved = bool((gpo + rest).steps)
    rolling = scene.rolling(target)
    if rolling is None:
        # The playbook has no waves any more: whoever waits for one gets the policy now.
        wide = _widened(scene, target)
        return gpo + rest + wide + scene.refresh(scene.members, moved=moved or bool(wide.steps))
    rolling, told = _ending(rolling, target)
    waves = plan_waves(rolling, lambda hosts: scene.refresh(hosts, moved=moved)) + told
    merged = _merged(rolling) if assignment.steps else Draft()
    return gpo + first_narrowing(rolling) + rest + waves + _last(scene, rolling) + merged


def _ending(rolling: Rolling, target: GpoTarget) -> tuple[Rolling, Draft]:
    """Let waves that go on with an earlier run's GPO stop where they ought to roll back."""
    if target.observed is None or rolling.rollout.on_failure is not OnFailure.ROLLBACK:
        return rolling, Draft()
    stopping = replace(rolling.rollout, on_failure=OnFailure.STOP)
    return replace(rolling, rollout=stopping), Draft(warnings=(_STOPS_ONLY,))


def _last(scene: Scene, rolling: Rolling) -> Draft:
    """Plan what comes behind the last wave; with hosts left out there is another one to come."""
    if scene.observed.left_out:
        caution = Caution(
            code="waves-limited",
            text="The GPO stays narrowed to the waves so far, because --limit leaves "
            f"{len(scene.observed.left_out)} members out; a run without --limit goes on.",
        )
        return Draft(warnings=(caution,))
    return plan_widening(rolling.target, rolling.via, opened(rolling, len(rolling.waves) - 1))


def _widened(scene: Scene, target: GpoTarget) -> Draft:
    standing = standing_of(target)
    if standing is None:
        return Draft()
    return plan_widening(target, scene.playbook.gpo.via, standing)


def _merged(rolling: Rolling) -> Draft:
    """Warn where a change of the policy reaches more than the first wave at once."""
    first = set(rolling.accounts_of(rolling.waves[0]))
    early = set(rolling.standing or ()) - first
    if not early:
        return Draft()
    caution = Caution(
        code="waves-merged",
        text=f"An earlier run has reached {len(early)} computers beyond the first wave; the change "
        "reaches them together with it.",
    )
    return Draft(warnings=(caution,))


def _by_pilot(scene: Scene, main: GpoTarget, main_gpo: Draft) -> Draft:
    observed = scene.observed
    ou = observed.ou
    known = observed.pilot.gpo_id if observed.pilot else None
    playbook = pilot_of(scene.playbook, ou, main, known)
    pilot, gpo = plan_gpo(playbook, replace(observed, gpo=observed.pilot))
    rolling = None if _has(main, scene) else scene.rolling(pilot)
    if rolling is None or scene.assigned is None:
        # What the main GPO carries is right, or there are no waves any more: the pilot goes.
        before_switch = scene.objects.draft
    else:
        link = plan_link(playbook, ou, pilot)
        ou = ou_after(ou, link.steps)
        assignment = plan_assignment(
            playbook, scene.assigned, pilot, observed.container, repaired=scene.objects.repaired
        )
        moved = bool((gpo + link + scene.objects.draft + assignment).steps)
        rolling, told = _ending(rolling, pilot)
        before_switch = gpo + first_narrowing(rolling) + link + scene.objects.draft + assignment
        before_switch += plan_waves(rolling, lambda hosts: scene.refresh(hosts, moved=moved)) + told
        if assignment.steps:
            before_switch += _merged(rolling)
        if observed.left_out:
            return before_switch + _still_piloted(scene)
    switch = plan_assignment(
        scene.playbook, scene.assigned, main, observed.container, repaired=False
    )
    link = plan_link(scene.playbook, ou, main)
    unlinking = plan_unlinking(ou_after(ou, link.steps), pilot)
    behind = main_gpo + link + switch + _widened(scene, main) + unlinking
    again = scene.refresh(scene.members, moved=bool(behind.steps))
    return (
        before_switch
        + behind
        + _in_their_waves(scene, again, shown=rolling is None)
        + (plan_pilot_deletion(playbook, pilot))
    )


def _has(main: GpoTarget, scene: Scene) -> bool:
    """Tell whether the main GPO is in force with what is wanted."""
    place = main.observed.child(assignment_dns(main.dn)[-1]) if main.observed else None
    owner = place.attributes.text("ipsecOwnersReference") if place else None
    link = parse_gp_link(scene.observed.ou.gp_link or "").find(main.gpo_id)
    return (
        owner is not None
        and scene.assigned is not None
        and same_dn(owner, scene.assigned.dn)
        and link is not None
        and not link.disabled
    )


def _in_their_waves(scene: Scene, refresh: Draft, *, shown: bool) -> Draft:
    """Give the last refresh, behind the waves: of each host in its wave, told only once."""
    numbers = {host.name: wave.number for wave in scene.waves for host in wave.hosts}
    steps = tuple(
        replace(step, wave=numbers.get(step.host)) if isinstance(step, MemberStep) else step
        for step in refresh.steps
    )
    return Draft(changes=refresh.changes if shown else (), steps=steps, warnings=refresh.warnings)


def _still_piloted(scene: Scene) -> Draft:
    caution = Caution(
        code="waves-limited",
        text=f"The change stays in {pilot_name(scene.playbook.gpo.name)}, because --limit leaves "
        f"{len(scene.observed.left_out)} members out; a run without --limit goes on.",
    )
    return Draft(warnings=(caution,))
