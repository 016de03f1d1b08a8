"""Making and carrying out the plan that brings back what the last run left."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from ipsec_orchestrator import __version__
from ipsec_orchestrator.app.carry_out import carry_out
from ipsec_orchestrator.app.drift import Record, with_renamed
from ipsec_orchestrator.app.guard import guard
from ipsec_orchestrator.app.options import StatePlace
from ipsec_orchestrator.app.plans import observed_for_plan
from ipsec_orchestrator.app.safety import make_sure, make_sure_again
from ipsec_orchestrator.app.taken_back import Watch, take_back
from ipsec_orchestrator.facts.observed import Observed
from ipsec_orchestrator.model.drift import Difference
from ipsec_orchestrator.model.inventory import Host
from ipsec_orchestrator.model.outcome import HostOutcome, RunReport
from ipsec_orchestrator.model.plan import Consents, Plan
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.planning.dead_man_part import refuse_unproved, with_dead_man
from ipsec_orchestrator.planning.lockout.pairs import refuse_incomparable
from ipsec_orchestrator.planning.watch.repair import WMI_FILTER, Repair, plan_repair
from ipsec_orchestrator.ports import World

Tell = Callable[[str], None]
_NO_CONSENTS: Final = Consents()


def make_repair_plan(
    playbook: Playbook,
    members: tuple[Host, ...],
    differences: tuple[Difference, ...],
    *,
    record: Record,
    world: World,
    tell: Tell,
) -> Plan:
    """Read everything and plan bringing back what differs; writes nothing.

    Nobody is there who could take a risk upon them: a plan that needs that is refused when it is
    carried out.

    Raises:
        MoreThanRepairError: The plan would change something else as well.
        PlanError: Something is in the way.
        BackendError: The directory can't be read.
    """
    refuse_incomparable(playbook)
    observed = observed_for_plan(playbook, members, world, tell)
    observed = _with_wmi_filter(with_renamed(observed, playbook, record, world), world)
    plan = plan_repair(
        Repair(
            playbook=playbook,
            inventory=world.inventory,
            members=members,
            observed=observed,
            left=record.left,
            differences=differences,
        ),
        __version__,
    )
    safe = replace(plan, safety=make_sure(plan, playbook, observed, world, _NO_CONSENTS))
    seconds = playbook.watch.confirm_within
    return safe if seconds is None else with_dead_man(safe, seconds)


def carry_out_repair(
    plan: Plan, playbook: Playbook, world: World, *, place: StatePlace, watch: Watch, tell: Tell
) -> RunReport:
    """Carry a repair out within the guards of every apply, and take it back where waves want that.

    Raises:
        UnsafePlanError, PrerequisiteError, UnprovedRevertError: Somebody would have to decide.
        PlanError, LockHeldError: Something is in the way; nothing was changed.
        BackendError: The directory can't be read.
    """
    make_sure_again(plan, world)
    if not playbook.watch.accept_unproved_revert:
        refuse_unproved(plan)
    guard(plan, world, (), tell)
    with watch(plan) as observer:
        report = carry_out(plan, world, place, observer, tell=tell)
    take_back(report, world, place, watch, tell=tell)
    return report


def trouble_of(report: RunReport) -> str:
    """Say in a sentence what went wrong in a run; empty if nothing did."""
    ill = [result for result in report.members if result.outcome is not HostOutcome.DONE]
    told = report.error or report.stopped
    if told:
        return f"The run {report.run_id} did not come to its end: {told}"
    if ill:
        first = ill[0]
        return (
            f"The run {report.run_id} left {len(ill)} of {len(report.members)} hosts undone: "
            f"{first.host}: {first.reason}"
        )
    return ""


def _with_wmi_filter(observed: Observed, world: World) -> Observed:
    """Add the one attribute of the GPO that plans have no use for."""
    gpo = observed.gpo
    entry = world.directory.read(gpo.entry.dn, (WMI_FILTER,)) if gpo else None
    if gpo is None or entry is None:
        return observed
    values = entry.attributes.values_of(WMI_FILTER)
    attributes = gpo.entry.attributes.with_values(WMI_FILTER, values)
    return replace(observed, gpo=replace(gpo, entry=replace(gpo.entry, attributes=attributes)))
