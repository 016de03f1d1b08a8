"""``prove --service iis``: a web server is planned, shown, made, and taken away at the end."""

from collections.abc import Generator
from contextlib import contextmanager

from ipsec_orchestrator.app.carry_out import carry_out
from ipsec_orchestrator.app.prove import ProofWish
from ipsec_orchestrator.app.web_service import make_web_plans
from ipsec_orchestrator.cli.carrying_out import agreed
from ipsec_orchestrator.cli.options import state_place
from ipsec_orchestrator.cli.output import print_lines
from ipsec_orchestrator.cli.progress import telling, watching
from ipsec_orchestrator.errors import OrchestratorError, PlanError, UsageError
from ipsec_orchestrator.model.flow import Flow
from ipsec_orchestrator.model.plan import Plan
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.ports import World
from ipsec_orchestrator.report.lines import Line, Tone
from ipsec_orchestrator.report.plan_report import plan_lines


@contextmanager
def web_service(
    flows: tuple[Flow, ...],
    playbook: Playbook,
    wish: ProofWish,
    world: World,
    *,
    yes: bool,
    state: str | None,
) -> Generator[None]:
    """Let every destination have a web site while the block runs.

    Raises:
        UsageError: Nobody agreed, or a host can't have one.
        PlanError: It could not be made; what was made is taken away again.
    """
    with telling() as tell:
        plan, ways_back = make_web_plans(flows, playbook, wish.limits, world, tell)
    print_lines(plan_lines(plan), to_stderr=True)
    if not plan.is_empty and not yes and not agreed(plan):
        raise UsageError(
            "Nothing was changed, and nothing proved.",
            cure="Say yes to the web servers, or prove without them.",
        )
    try:
        if not plan.is_empty:
            error = _carried_out(plan, world, state)
            if error is not None:
                raise PlanError(
                    f"The web server could not be made: {error}",
                    cure="What was made is taken away again; prove without --service iis.",
                )
        yield
    finally:
        # One host that can't be reached must not keep the others from being left as they were.
        for way_back in ways_back:
            print_lines(plan_lines(way_back), to_stderr=True)
            try:
                error = _carried_out(way_back, world, state)
            except OrchestratorError as refused:
                error = str(refused)
            if error is not None:
                text = (
                    f"Not everything could be taken away: {error} The same command with --service "
                    "iis takes it away at its end."
                )
                print_lines([Line(text, Tone.BAD)], to_stderr=True)


def _carried_out(plan: Plan, world: World, state: str | None) -> str | None:
    """Carry it out, with a journal; give the error that ended it."""
    with watching(plan) as observer:
        return carry_out(plan, world, state_place(state), observer).error
