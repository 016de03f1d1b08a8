"""The last stage: which members are refreshed, and what they ought to have afterwards."""

from collections.abc import Iterable

from ipsec_orchestrator.facts.assigned_set import assigned_set
from ipsec_orchestrator.facts.ip_security_container import IpSecurityContainer
from ipsec_orchestrator.facts.member_policy import MemberObservation
from ipsec_orchestrator.facts.member_verdict import (
    MemberOutcome,
    MemberVerdict,
    WantedOnMember,
    judge_member,
)
from ipsec_orchestrator.facts.observed import Observed
from ipsec_orchestrator.model.directory import Entry, dn_key
from ipsec_orchestrator.model.inventory import Host
from ipsec_orchestrator.model.plan import Action, Change, FieldChange
from ipsec_orchestrator.model.stages import Stage
from ipsec_orchestrator.model.steps import UNKNOWN_POLICY, MemberStep
from ipsec_orchestrator.planning.desired import DesiredPolicy, guid_text, marker
from ipsec_orchestrator.planning.draft import Draft

MEMBER = "member"


def plan_members(
    members: Iterable[Host],
    observed: Observed,
    policy: DesiredPolicy | None,
    policies: Iterable[DesiredPolicy] = (),
    *,
    playbook: str,
    moved: bool,
) -> Draft:
    """Plan a refresh of every member that has something new to fetch, or that can't be read.

    Args:
        members: The hosts that the playbook names.
        observed: What was read, members included.
        policy: What they ought to have; ``None`` for none.
        policies: All policies of the playbook; they may share parts.
        playbook: Its name, by which our policies are marked.
        moved: Whether the directory changes in this plan; then everybody who is to have a policy
            is refreshed.
    """
    wanted = _wanted(policy, policies) if policy else None
    changes: list[Change] = []
    steps: list[MemberStep] = []
    for host in members:
        found = observed.members.get(host.name)
        if policy is None and isinstance(found, MemberObservation):
            other = _policy_of_others(found, observed.container, playbook)
            if other is not None:
                changes.append(_left_alone(host, other))
                continue
        verdict = (
            judge_member(found, wanted, None) if isinstance(found, MemberObservation) else None
        )
        # Without a policy to fetch, a member that has none has nothing to do: the extension
        # would not even be called, and waiting for it would only end at the deadline.
        news = moved and policy is not None
        needed = news or verdict is None or verdict.outcome is not MemberOutcome.DONE
        if verdict is None or needed:
            changes.append(_change(host, found, policy))
        else:
            changes.append(_unchanged(host, policy, verdict))
        if needed:
            title = f"refresh {host.name} until it has {policy.name if policy else 'no policy'}"
            steps.append(
                MemberStep(
                    stage=Stage.MEMBERS,
                    title=title,
                    host=host.name,
                    before=_id_of(found),
                    after=guid_text(policy.object_id) if policy else None,
                ),
            )
    return Draft(changes=tuple(changes), steps=tuple(steps))


def _wanted(policy: DesiredPolicy, policies: Iterable[DesiredPolicy]) -> WantedOnMember:
    entries = {
        dn_key(thing.dn): Entry(dn=thing.dn, attributes=thing.complete)
        for each in policies
        for thing in each.objects
    }
    return assigned_set(entries, policy.dn)


def _policy_of_others(
    found: MemberObservation,
    container: IpSecurityContainer,
    playbook: str,
) -> str | None:
    """Name the policy of another GPO that a member has instead of ours, if it has one."""
    entry = container.entry(found.assigned.policy_dn) if found.assigned else None
    if entry is None or entry.attributes.text("adminDescription") == marker(playbook):
        return None
    return entry.attributes.text("ipsecName") or entry.dn


def _left_alone(host: Host, other: str) -> Change:
    return Change(
        stage=Stage.MEMBERS,
        action=Action.UNCHANGED,
        kind="member",
        name=host.name,
        object=host.fqdn,
        reason=f"It has {other}, which another GPO assigns; ours does not reach it.",
    )


def _id_of(found: MemberObservation | str | None) -> str | None:
    if not isinstance(found, MemberObservation):
        return UNKNOWN_POLICY
    if found.assigned is None:
        return None
    policy_id = found.assigned.policy_id
    return guid_text(policy_id) if policy_id else found.assigned.path


def _change(
    host: Host,
    found: MemberObservation | str | None,
    policy: DesiredPolicy | None,
) -> Change:
    if isinstance(found, MemberObservation):
        old = (found.assigned.name or found.assigned.path) if found.assigned else None
        reason = ""
    else:
        old, reason = UNKNOWN_POLICY, f"It could not be read: {found}" if found else ""
    new = policy.name if policy else None
    return Change(
        stage=Stage.MEMBERS,
        action=Action.CHANGE,
        kind=MEMBER,
        name=host.name,
        object=host.fqdn,
        fields=(FieldChange(field="policy", old=old, new=new),) if old != new else (),
        reason=reason,
    )


def _unchanged(host: Host, policy: DesiredPolicy | None, verdict: MemberVerdict) -> Change:
    """Tell how a member stands that needs nothing; equal old and new are what it has."""
    name = policy.name if policy else None
    enforced = "yes" if verdict.enforced else "no"
    return Change(
        stage=Stage.MEMBERS,
        action=Action.UNCHANGED,
        kind=MEMBER,
        name=host.name,
        object=host.fqdn,
        fields=(
            FieldChange(field="policy", old=name, new=name),
            FieldChange(field="enforced", old=enforced, new=enforced),
        ),
        reason=f"{verdict.reason} {verdict.cure}" if verdict.cure else verdict.reason,
    )
