"""Looking for drift: what the playbook wants, what the last run left, what is there now."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from ipsec_orchestrator.app.drift_copies import other_copies
from ipsec_orchestrator.app.drift_origins import with_origins
from ipsec_orchestrator.app.observe import observe, observe_members, with_template
from ipsec_orchestrator.facts.gpo import read_gpo_by_id
from ipsec_orchestrator.facts.gpo_guards import read_gpo_guards
from ipsec_orchestrator.facts.observed import Observed
from ipsec_orchestrator.model.drift import DriftReport
from ipsec_orchestrator.model.inventory import Host
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.planning.apply import assigned_policy
from ipsec_orchestrator.planning.drift.compare import compare
from ipsec_orchestrator.planning.drift.group_policy import (
    GpoSight,
    assigned_in,
    found_group_policy,
    wanted_group_policy,
)
from ipsec_orchestrator.planning.drift.ip_security import (
    found_objects,
    wanted_objects,
    without_consequences,
)
from ipsec_orchestrator.planning.drift.members import found_members, ideal_members, unread_members
from ipsec_orchestrator.planning.drift.picture import Picture
from ipsec_orchestrator.planning.drift.record import Left, left_picture
from ipsec_orchestrator.planning.drift.rivals import rival_differences
from ipsec_orchestrator.planning.lower import lower
from ipsec_orchestrator.ports import World

Tell = Callable[[str], None]
Choose = Callable[[Observed], Iterable[Host]]
"""Tells from the directory's part of what was read whose own state is to be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What the last run of a playbook left.

    Attributes:
        run_id: That run.
        left: What it left.
    """

    run_id: str
    left: Left


def find_drift(
    playbook: Playbook,
    members: Iterable[Host],
    world: World,
    record: Record | None,
    tell: Tell,
    *,
    choose: Choose | None = None,
) -> DriftReport:
    """Compare all three; writes nothing.

    A member or a DC that can't be read is part of the report, not an error. Of a member that is
    not chosen nothing is said but where its account is.

    Args:
        playbook: What is wanted.
        members: Whom it means.
        world: Where to look.
        record: What the last run left.
        tell: Hears what is going on.
        choose: Who of the members is read; without it everybody is.

    Raises:
        BackendError: The directory, or the GPO's template, can't be read.
        PlanError: The OU does not exist, or the GPO's name is ambiguous.
    """
    members = tuple(members)
    observed = with_renamed(observe(playbook, (), world, tell), playbook, record, world)
    asked = members if choose is None else choose(observed)
    observed = replace(observed, members=observe_members(asked, world, tell))
    wanted, left, found = _pictures(playbook, members, observed, record, world)
    differences = [
        *without_consequences(compare(wanted, left, found)),
        *rival_differences(playbook, observed),
    ]
    elsewhere, unknown = other_copies(observed, world, tell)
    differences += elsewhere
    unknown += unread_members(members, observed)
    return DriftReport(
        differences=with_origins(differences, world, tell),
        unknown=tuple(unknown),
        record=record.run_id if record else None,
    )


def with_renamed(
    observed: Observed, playbook: Playbook, record: Record | None, world: World
) -> Observed:
    """Find a GPO that the last run left and that bears another name by now."""
    left = record.left.sight if record and observed.gpo is None else None
    gpo = read_gpo_by_id(world.directory, left.gpo.gpo_id) if left else None
    return observed if gpo is None else replace(observed, gpo=with_template(gpo, playbook, world))


def _pictures(
    playbook: Playbook,
    members: tuple[Host, ...],
    observed: Observed,
    record: Record | None,
    world: World,
) -> tuple[Picture, Picture | None, Picture]:
    """Draw what is wanted, what was left and what is there."""
    policies = lower(playbook, observed.names.domain_dn)
    assigned = assigned_policy(playbook, policies)
    objects = wanted_objects(policies)
    sight = gpo_sight(observed, world)
    most = timedelta(seconds=world.inventory.domain.policy_age_seconds)
    found = found_members(members, observed, assigned, policies, most)
    left = left_picture(record.left, playbook, observed, objects) if record else None
    if left is not None:
        left += ideal_members(members, assigned_in(left), observed, most)
    wanted = wanted_group_policy(playbook, assigned) + objects
    return (
        wanted + ideal_members(members, assigned_in(wanted), observed, most),
        left,
        found_group_policy(playbook, observed, sight)
        + found_objects(observed.container, playbook.name, objects)
        + found,
    )


def gpo_sight(observed: Observed, world: World) -> GpoSight | None:
    """Read what keeps the playbook's GPO from members."""
    gpo = observed.gpo
    if gpo is None:
        return None
    return GpoSight(gpo=gpo, guards=read_gpo_guards(world.directory, gpo.entry.dn))
