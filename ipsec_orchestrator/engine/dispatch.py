"""Which function performs which kind of step."""

from collections.abc import Sequence
from typing import assert_never

from ipsec_orchestrator.engine.bindings import Bindings
from ipsec_orchestrator.engine.filtering import perform_filtering, perform_template_access
from ipsec_orchestrator.engine.perform import (
    perform_entry,
    perform_gpo,
    perform_template_version,
)
from ipsec_orchestrator.engine.web import perform_web
from ipsec_orchestrator.model.outcome import StepOutcome
from ipsec_orchestrator.model.steps import (
    DeadManStep,
    EntryStep,
    FilteringStep,
    GpoStep,
    HealthStep,
    MemberStep,
    Step,
    TemplateAccessStep,
    TemplateVersionStep,
    WebStep,
)
from ipsec_orchestrator.ports import World


def perform(
    step: Step,
    later: Sequence[Step],
    world: World,
    bindings: Bindings,
) -> tuple[StepOutcome, Bindings]:
    """Perform a step that is performed alone, and learn the ids that come of it.

    Raises:
        PlanError: The step is stale, or reads back differently.
        BackendError: The other side refused.
    """
    match step:
        case EntryStep():
            return perform_entry(step, world, later), bindings
        case TemplateVersionStep():
            return perform_template_version(step, world, later), bindings
        case GpoStep():
            outcome, real = perform_gpo(step, world)
            return outcome, bindings.with_id(step.gpo_id, real)
        case FilteringStep():
            return perform_filtering(step, world, later), bindings
        case TemplateAccessStep():
            return perform_template_access(step, world), bindings
        case WebStep():
            return perform_web(step, world), bindings
        case MemberStep() | DeadManStep() | HealthStep():
            message = "members are dealt with together, and gates are passed"
            raise AssertionError(message)
        case _:
            assert_never(step)
