"""The plan of ``orchestrate apply``: from what is wanted and what was seen to changes and steps."""

from collections.abc import Iterable

from ipsec_orchestrator.facts.observed import Observed
from ipsec_orchestrator.model.inventory import Host, Inventory
from ipsec_orchestrator.model.plan import Basis, Plan, Purpose
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.planning.assignment_part import plan_assignment
from ipsec_orchestrator.planning.cautions import cautions, left_out_cautions
from ipsec_orchestrator.planning.desired import DesiredPolicy
from ipsec_orchestrator.planning.draft import Draft
from ipsec_orchestrator.planning.gpo_part import plan_gpo, plan_link
from ipsec_orchestrator.planning.lower import lower
from ipsec_orchestrator.planning.member_part import plan_members
from ipsec_orchestrator.planning.policy_part import plan_policies
from ipsec_orchestrator.planning.previous import plan_deletion


def plan_apply(
    playbook: Playbook,
    inventory: Inventory,
    members: Iterable[Host],
    observed: Observed,
    tool_version: str,
) -> Plan:
    """Plan everything that a playbook wants.

    Args:
        playbook: What is wanted.
        inventory: What exists.
        members: The hosts to refresh and verify.
        observed: What was read.
        tool_version: Goes into the plan's basis.

    Raises:
        ForeignObjectError: Something that is not ours is in the way.
        PlanError: The playbook can't be stored.
    """
    members = tuple(members)
    policies = lower(playbook, observed.names.domain_dn)
    assigned = assigned_policy(playbook, policies)
    target, gpo = plan_gpo(playbook, observed)
    link = plan_link(playbook, observed.ou, target)
    objects = plan_policies(policies, observed.container, playbook.name)
    assignment = plan_assignment(
        playbook,
        assigned,
        target,
        observed.container,
        repaired=objects.repaired,
    )
    directory = gpo + link + objects.draft + assignment
    refresh = plan_members(
        members,
        observed,
        assigned,
        policies,
        playbook=playbook.name,
        moved=bool(directory.steps),
    )
    # Who is left out may still have the old objects; they stay until everybody was asked.
    clean_up = (
        Draft(warnings=left_out_cautions(observed.left_out, len(objects.replaced)))
        if observed.left_out
        else plan_deletion(objects.replaced, observed)
    )
    warned = Draft(warnings=cautions(playbook, inventory, members, observed))
    whole = directory + refresh + clean_up + warned
    return Plan(
        purpose=Purpose.APPLY,
        basis=Basis(
            domain=observed.names.domain,
            dc=observed.names.dc,
            playbook=playbook.name,
            gpo=playbook.gpo.name,
            tool_version=tool_version,
        ),
        changes=whole.changes,
        steps=whole.steps,
        warnings=whole.warnings,
    )


def assigned_policy(
    playbook: Playbook,
    policies: Iterable[DesiredPolicy],
) -> DesiredPolicy | None:
    """Give the policy that the playbook assigns; the parser has checked that it is there."""
    if playbook.assignment is None:
        return None
    key = playbook.assignment.casefold()
    return next((found for found in policies if found.name.casefold() == key), None)
