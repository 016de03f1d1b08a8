"""The plan of ``orchestrate apply``: from what is wanted and what was seen to changes and steps."""

from collections.abc import Iterable
from dataclasses import replace

from ipsec_orchestrator.facts.observed import Observed
from ipsec_orchestrator.model.inventory import Host, Inventory
from ipsec_orchestrator.model.plan import Plan, Purpose
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.planning.basis import basis_of
from ipsec_orchestrator.planning.cautions import cautions, left_out_cautions
from ipsec_orchestrator.planning.desired import DesiredPolicy
from ipsec_orchestrator.planning.draft import Draft
from ipsec_orchestrator.planning.lower import lower
from ipsec_orchestrator.planning.policy_part import plan_policies
from ipsec_orchestrator.planning.previous import plan_deletion
from ipsec_orchestrator.planning.waves import waves_of
from ipsec_orchestrator.planning.ways import Scene, plan_way


def plan_apply(
    playbook: Playbook,
    inventory: Inventory,
    members: Iterable[Host],
    observed: Observed,
    tool_version: str,
    *,
    repaired: bool = False,
) -> Plan:
    """Plan everything that a playbook wants.

    Args:
        playbook: What is wanted.
        inventory: What exists.
        members: The hosts to refresh and verify.
        observed: What was read.
        tool_version: Goes into the plan's basis.
        repaired: Whether something that members go by is put back besides, so that they have to
            hear of it.

    Raises:
        ForeignObjectError: Something that is not ours is in the way.
        PlanError: The playbook can't be stored.
    """
    members = tuple(members)
    policies = tuple(lower(playbook, observed.names.domain_dn))
    assigned = assigned_policy(playbook, policies)
    objects = plan_policies(policies, observed.container, playbook.name)
    objects = replace(objects, repaired=objects.repaired or repaired)
    waves = waves_of(playbook, inventory)
    scene = Scene(
        playbook=playbook,
        inventory=inventory,
        members=members,
        observed=observed,
        policies=policies,
        assigned=assigned,
        objects=objects,
        waves=tuple(left for wave in waves if (left := wave.among(members)).hosts),
        wave_count=len(waves),
    )
    way = plan_way(scene)
    # Who is left out may still have the old objects; they stay until everybody was asked.
    clean_up = (
        Draft(warnings=left_out_cautions(observed.left_out, len(objects.replaced)))
        if observed.left_out
        else plan_deletion(objects.replaced, observed)
    )
    warned = Draft(warnings=cautions(playbook, inventory, members, observed))
    whole = way + clean_up + warned
    return Plan(
        purpose=Purpose.APPLY,
        basis=basis_of(playbook, observed, whole.changes, whole.steps, tool_version),
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
