"""The record of what a run left, taken at its end for the next look for drift."""

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
from ipsec_orchestrator.planning.watch.afterwards import left_after_repair
from ipsec_orchestrator.ports import Journal, RunStore, World

_LEFT = "left"


def record_left(
    plan: Plan, report: RunReport, world: World, journal: Journal, store: RunStore
) -> None:
    """Note in a run's journal what it left; a run that broke off leaves no record.

    What can't be read any more is noted as such: the run itself has ended well. A repair changes
    the record of the run before it as little as it can.

    Raises:
        JournalError: The journal can't be written.
    """
    if report.error is not None:
        return
    try:
        left = read_left(plan, world)
        if left is not None and plan.purpose is Purpose.REPAIR:
            before = last_record(store, plan.basis.playbook, plan.basis.domain)
            left = left_after_repair(before.left, left) if before else None
    except (BackendError, PlanError, CodecError) as error:
        journal.append(EVENT, left=None, problem=str(error))
        return
    if left is not None:
        journal.append(EVENT, left=left_to_json(left))


def read_left(plan: Plan, world: World) -> Left | None:
    """Read what is there of a plan's playbook.

    Returns:
        ``None`` if the plan names no OU, so that it is not one of a whole playbook.

    Raises:
        BackendError: The directory can't be read.
        PlanError: The OU is gone, or the GPO's name is ambiguous.
        CodecError: What is stored can't be read.
    """
    unit = next((change.object for change in plan.changes if change.kind == LINK), None)
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
