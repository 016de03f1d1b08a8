"""What ``apply`` makes sure of before it writes: the checks that are marked as guarding it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ipsec_orchestrator.app.check_list import all_checks, needs_of
from ipsec_orchestrator.app.examination import examine_domain
from ipsec_orchestrator.errors import PrerequisiteError, UsageError
from ipsec_orchestrator.facts.health import HealthFacts
from ipsec_orchestrator.model.finding import CheckOutcome, Finding
from ipsec_orchestrator.model.plan import Plan
from ipsec_orchestrator.ports import World

Tell = Callable[[str], None]
_GPO = "GPO"
_LINK = "link"


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardReport:
    """What was made sure of.

    Attributes:
        findings: Outcomes of the checks that were run.
        skipped: Ids of those that somebody did not want.
    """

    findings: tuple[Finding, ...]
    skipped: tuple[str, ...]


def guard(plan: Plan, world: World, skip: Iterable[str], tell: Tell) -> GuardReport:
    """Run the checks that guard a plan; they ask the domain, not the members.

    Members are asked by the plan and verified afterwards, each by itself: one that is not fit
    does not keep the others from their policy.

    Args:
        plan: What is about to be carried out.
        world: Where.
        skip: Ids of checks to leave out.
        tell: Is told what is being read.

    Raises:
        UsageError: An id to skip is none of a guarding check.
        PrerequisiteError: A check failed.
    """
    guards = tuple(check for check in all_checks() if check.guards_apply)
    unwanted = tuple(dict.fromkeys(skip))
    for word in unwanted:
        if word not in {check.check_id for check in guards}:
            raise UsageError(
                f"{word!r} is no check that guards apply.",
                cure=f"There are {', '.join(check.check_id for check in guards)}.",
            )
    chosen = tuple(check for check in guards if check.check_id not in unwanted)
    gpo = next((change.name for change in plan.changes if change.kind == _GPO), None)
    units = [change.object for change in plan.changes if change.kind == _LINK]
    domain = examine_domain(world, units, gpo, needs_of(chosen), tell)
    facts = HealthFacts(
        inventory=world.inventory,
        playbook=None,
        members=(),
        records=domain.records,
        directory=domain.directory,
        directory_clock=domain.directory_clock,
        controllers=domain.controllers,
    )
    findings = tuple(finding for check in chosen for finding in check.examine(facts))
    failures = [found for found in findings if found.outcome is CheckOutcome.FAILED]
    if failures:
        raise PrerequisiteError(failures=tuple((f.check_id, f.seen, f.cure) for f in failures))
    return GuardReport(findings=findings, skipped=unwanted)
