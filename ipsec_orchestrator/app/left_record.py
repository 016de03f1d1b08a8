"""The record of what a run left, taken at its end for the next look for drift."""

import json

from ipsec_orchestrator.app.drift import Record
from ipsec_orchestrator.errors import BackendError, CodecError, PlanError
from ipsec_orchestrator.facts.gpo import read_gpo, read_ou
from ipsec_orchestrator.facts.gpo_guards import read_gpo_guards
from ipsec_orchestrator.facts.ip_security_container import read_ip_security_container
from ipsec_orchestrator.model.outcome import RunReport
from ipsec_orchestrator.model.plan import Plan, Purpose
from ipsec_orchestrator.planning.desired import marker
from ipsec_orchestrator.planning.drift.group_policy import LINK, GpoSight
from ipsec_orchestrator.planning.drift.record import EVENT, Left, left_from_json, left_to_json
from ipsec_orchestrator.planning.planfile import parse_plan
from ipsec_orchestrator.planning.watch.afterwards import left_after_repair
from ipsec_orchestrator.ports import Journal, RunStore, World

_LEFT = "left"


def record_left(
    plan: Plan, report: RunReport, world: World, journal: Journal, store: RunStore
) -> None:
    """Note in a run's journal what it left; a run that broke off leaves no record.

    What can't be read any more is noted as such: the run itself has ended well. A repair changes
    the record of the run before it as little as it can, and a rollback leaves what the run that it
    takes back was about.

    Raises:
        JournalError: The journal can't be written.
    """
    if report.error is not None:
        return
    try:
        left = read_left(plan, world, _unit(plan, store))
        if left is not None and plan.purpose is Purpose.REPAIR:
            before = last_record(store, plan.basis.playbook, plan.basis.domain)
            left = left_after_repair(before.left, left) if before else None
    except (BackendError, PlanError, CodecError) as error:
        journal.append(EVENT, left=None, problem=str(error))
        return
    if left is not None:
        journal.append(EVENT, left=left_to_json(left))


def _unit(plan: Plan, store: RunStore) -> str | None:
    """Give the OU that a plan's playbook is about.

    A rollback names it only if it touches the link; then the runs before know.
    """
    found = linked_unit(plan)
    if found is not None or plan.purpose is not Purpose.ROLLBACK:
        return found
    for run in store.runs():
        if run.playbook == plan.basis.playbook and run.domain == plan.basis.domain:
            begun = next(iter(store.events(run.run_id)), None)
            told = begun.fields.get("plan") if begun else None
            if told is not None:
                found = linked_unit(parse_plan(json.dumps(told), run.run_id))
                if found is not None:
                    return found
    return None


def linked_unit(plan: Plan) -> str | None:
    """Give the OU whose link a plan looks at."""
    return next((change.object for change in plan.changes if change.kind == LINK), None)


def read_left(plan: Plan, world: World, unit: str | None) -> Left | None:
    """Read what is there of a plan's playbook.

    Args:
        plan: What was carried out.
        world: Where.
        unit: The OU that its GPO is linked to, if it is known.

    Returns:
        ``None`` without an OU: then the plan is not one of a whole playbook.

    Raises:
        BackendError: The directory can't be read.
        PlanError: The OU is gone, or the GPO's name is ambiguous.
        CodecError: What is stored can't be read.
    """
    if unit is None:
        return None
    directory = world.directory
    gpo = read_gpo(directory, plan.basis.gpo)
    sight = None
    if gpo is not None:
        sight = GpoSight(gpo=gpo, guards=read_gpo_guards(directory, gpo.entry.dn))
    return Left(
        objects=read_ip_security_container(directory).marked(marker(plan.basis.playbook)),
        ou=read_ou(directory, unit).entry,
        sight=sight,
    )


def last_record(store: RunStore, playbook: str, domain: str) -> Record | None:
    """Give what the last run of a playbook left; ``None`` if no run here left a record.

    Raises:
        BackendError: The store can't be read.
    """
    for run in store.runs():
        if run.playbook != playbook or run.domain.casefold() != domain.casefold():
            continue
        for event in reversed(store.events(run.run_id)):
            if event.kind == EVENT:
                left = event.fields.get(_LEFT)
                return Record(run_id=run.run_id, left=left_from_json(left)) if left else None
    return None
