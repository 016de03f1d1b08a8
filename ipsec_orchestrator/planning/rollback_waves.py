"""Taking back a run that went on with waves: the GPO is narrowed again to whom it reached before.

Computers that a GPO does not reach any more keep what they have from it. So the assignment is hidden
while those that the run has reached let go of the policy; then the GPO is narrowed, assigns what it
did before, and those of the earlier waves are refreshed until they have that.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ipsec_orchestrator.errors import StalePlanError
from ipsec_orchestrator.model.plan import Caution
from ipsec_orchestrator.model.policy import GpoVia
from ipsec_orchestrator.model.stages import Stage
from ipsec_orchestrator.model.steps import (
    UNKNOWN_POLICY,
    FilteringStep,
    MemberStep,
    Step,
    TemplateAccessStep,
)
from ipsec_orchestrator.planning.draft import Draft
from ipsec_orchestrator.planning.rollback_members import (
    before_policy,
    computers_of,
    members_back,
    reached_members,
)
from ipsec_orchestrator.planning.rollback_views import RunToUndo

_FILTERING = "security filtering"


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """How a GPO that was narrowed before the run becomes so again.

    Attributes:
        steps: Narrow the container and its folder.
        late: Refreshes of those that the run has reached, until they have no policy.
        early: Refreshes of those that had the policy before, until they have it again.
        warnings: Whom nobody can tell.
    """

    steps: tuple[Step, ...]
    late: Draft
    early: Draft
    warnings: tuple[Caution, ...]


def narrowing_back(run: RunToUndo, via: GpoVia) -> Narrowing | None:
    """Plan it; ``None`` where the run did not open a GPO that was narrowed before it.

    Raises:
        StalePlanError: Somebody else has changed the filtering.
        PlanError: The permissions of the GPO can't be read.
    """
    steps = [step for _, step in run.effective if isinstance(step, FilteringStep)]
    was, now = run.before.entry(run.gpo_dn), run.now.entry(run.gpo_dn)
    if not steps or was is None or now is None or run.gpo_id is None:
        return None
    before, there = computers_of(was), computers_of(now)
    if there not in {before, *(side for step in steps for side in (step.before, step.after))}:
        raise StalePlanError(
            object=run.gpo_dn,
            attribute=_FILTERING,
            expected=_shown(steps[-1].after),
            found=_shown(there),
        )
    if there == before:
        # Nobody new was reached.
        return None
    title = "narrow the GPO again to whom it reached before"
    # The folder may be a step behind its container, and hold entries of any wave.
    waves = {sid for step in steps for side in (step.before, step.after) for sid in side or ()}
    back: tuple[Step, ...] = (
        FilteringStep(stage=Stage.WAVES, title=title, dn=run.gpo_dn, before=there, after=before),
        TemplateAccessStep(
            stage=Stage.WAVES,
            title="the same in SYSVOL",
            dn=run.gpo_dn,
            gpo_id=run.gpo_id,
            via=via,
            before=tuple(sorted(waves)),
            after=before,
        ),
    )
    hosts = {step.host: step.before for step in reversed(list(reached_members(run)))}
    new = {host for host, had in hosts.items() if had in {None, UNKNOWN_POLICY}}
    return Narrowing(
        steps=back,
        late=_only(members_back(run, hidden=True), new),
        early=_early(run, hosts.keys() - new),
        warnings=tuple(_untold(there)),
    )


def _shown(computers: tuple[str, ...] | None) -> str:
    return "for everybody" if computers is None else f"{len(computers)} computers"


def _only(draft: Draft, hosts: set[str]) -> Draft:
    seen: set[str] = set()
    steps: list[Step] = []
    for step in draft.steps:
        if isinstance(step, MemberStep) and step.host in hosts and step.host not in seen:
            seen.add(step.host)
            steps.append(step)
    changes = {change.name: change for change in draft.changes if change.name in hosts}
    return Draft(changes=tuple(changes.values()), steps=tuple(steps), warnings=draft.warnings)


def _early(run: RunToUndo, hosts: set[str]) -> Draft:
    wanted = before_policy(run)
    words = f"policy {wanted}" if wanted else "no policy"
    return Draft(
        steps=tuple(
            MemberStep(
                stage=Stage.MEMBERS,
                title=f"refresh {host} until it has {words} again",
                host=host,
                before=None,
                after=wanted,
            )
            for host in sorted(hosts)
        ),
    )


def _untold(there: tuple[str, ...] | None) -> Iterator[Caution]:
    if there is None:
        yield Caution(
            code="others-keep",
            text="The GPO reached everybody for a while. Computers that are not members of the "
            "playbook and fetched the policy by themselves keep it: orchestrate show --host tells.",
        )
