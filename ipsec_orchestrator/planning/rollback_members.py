"""What members had before a run, and how they get it back."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from ipsec_orchestrator.facts.gpo import read_filtering
from ipsec_orchestrator.model.directory import Entry
from ipsec_orchestrator.model.plan import Action, Caution, Change, FieldChange
from ipsec_orchestrator.model.stages import Stage
from ipsec_orchestrator.model.steps import (
    UNKNOWN_POLICY,
    DeadManStep,
    FilteringStep,
    MemberStep,
    WebStep,
)
from ipsec_orchestrator.planning.draft import Draft
from ipsec_orchestrator.planning.member_part import MEMBER
from ipsec_orchestrator.planning.rollback_parts import assigned, reached
from ipsec_orchestrator.planning.rollback_views import RunToUndo

_POLICY_DN: Final = re.compile(r"CN=ipsecPolicy(?P<id>\{[0-9a-f-]{36}\}),", re.IGNORECASE)
_GUID: Final = re.compile(r"\{[0-9A-F-]{36}\}")


def members_back(run: RunToUndo, *, hidden: bool) -> Draft:
    """Refresh every member of the run until it has what the GPO assigned before.

    Args:
        run: What is taken back.
        hidden: Whether the GPO assigns nothing while members look.
    """
    wanted = None if hidden else before_policy(run)
    changes: list[Change] = []
    steps: list[MemberStep] = []
    for step in reached_members(run):
        words = f"policy {wanted}" if wanted else "no policy"
        steps.append(
            MemberStep(
                stage=Stage.MEMBERS,
                title=f"refresh {step.host} until it has {words}",
                host=step.host,
                before=step.after,
                after=wanted,
            ),
        )
        fields = (
            (FieldChange(field="policy", old=step.after, new=wanted),)
            if step.after != wanted
            else ()
        )
        changes.append(
            Change(
                stage=Stage.MEMBERS,
                action=Action.CHANGE,
                kind=MEMBER,
                name=step.host,
                object=step.host,
                fields=fields,
            ),
        )
    return Draft(changes=tuple(changes), steps=tuple(steps), warnings=tuple(_unknown(run)))


def members_again(run: RunToUndo) -> Draft:
    """Refresh members once more that had the policy of another GPO, now that ours is gone."""
    ours = {before_policy(run), *(step.after for step in run.plan.members), None, UNKNOWN_POLICY}
    return Draft(
        steps=tuple(
            MemberStep(
                stage=Stage.MEMBERS,
                title=f"refresh {step.host} until it has policy {step.before} again",
                host=step.host,
                before=None,
                after=step.before,
            )
            for step in reached_members(run)
            if step.before not in ours
            and _GUID.fullmatch(step.before or "")
            and not _is_ours(run, step.before or "")
        ),
    )


def reached_members(run: RunToUndo) -> Iterator[MemberStep]:
    """Give the members that may have got something: in waves, those for which the GPO is open."""
    effective = {number for number, _ in run.effective}
    reaches = True
    for number, step in enumerate(run.plan.steps, 1):
        if isinstance(step, FilteringStep):
            now = run.now.entry(step.dn)
            reaches = number in effective if now is None else _is_open(step, now)
        elif isinstance(step, MemberStep) and reaches:
            yield step


def _is_open(step: FilteringStep, gpo: Entry) -> bool:
    """Tell whether a GPO is open for all that a step opens it for."""
    there = computers_of(gpo)
    return there is None or (step.after is not None and {*step.after} <= {*there})


def computers_of(gpo: Entry) -> tuple[str, ...] | None:
    """Give the SIDs of the computers that alone may apply a GPO; ``None`` if it is not narrowed."""
    found = read_filtering(gpo).computers
    return None if found is None else tuple(str(sid) for sid in found)


def tasks_away(run: RunToUndo) -> tuple[DeadManStep, ...]:
    """Take away the tasks that the run put on members; by then they have what they had before."""
    return tuple(
        replace(step, title=f"take the task off {step.host}", before=step.after, after=None)
        for _, step in run.effective
        if isinstance(step, DeadManStep) and step.after is not None
    )


def web_back(run: RunToUndo) -> tuple[WebStep, ...]:
    """Take back what the run did to web servers for a proof, last things first."""
    return tuple(
        replace(step, title=f"undo: {step.title}", before=step.after, after=step.before)
        for _, step in reversed(run.effective)
        if isinstance(step, WebStep)
    )


def before_policy(run: RunToUndo) -> str | None:
    """Give the id of the policy that members got by the GPO before the run."""
    dn = assigned(run, run.before)
    found = _POLICY_DN.match(dn) if dn else None
    return found["id"].upper() if found and reached(run, run.before) else None


def _is_ours(run: RunToUndo, policy_id: str) -> bool:
    """Tell whether a policy is one that the run made or took away."""
    mark = f"cn=ipsecpolicy{policy_id.casefold()},"
    return any(key.startswith(mark) for key in (*run.before.entries, *run.now.entries))


def _unknown(run: RunToUndo) -> Iterator[Caution]:
    names = [step.host for step in run.plan.members if step.before == UNKNOWN_POLICY]
    if names:
        yield Caution(
            code="member-before-unknown",
            text=f"What {', '.join(names)} had before the run is not known; it is to get what "
            "the GPO assigned then.",
        )
