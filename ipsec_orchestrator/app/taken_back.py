"""Takes back what a rollout did, where its playbook wants that of a wave that failed."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from ipsec_orchestrator.app.carry_out import carry_out_in
from ipsec_orchestrator.app.confirmations import with_confirmations
from ipsec_orchestrator.app.earlier_runs import make_rollback_plan, read_run
from ipsec_orchestrator.app.options import REFUSE_IF_HELD, LockOrder, StatePlace
from ipsec_orchestrator.app.run_store import run_store
from ipsec_orchestrator.engine.observer import Observer
from ipsec_orchestrator.model.outcome import RunReport
from ipsec_orchestrator.model.plan import Plan
from ipsec_orchestrator.ports import World

Watch = Callable[[Plan], AbstractContextManager[Observer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """The run that took another one back, and its plan."""

    plan: Plan
    report: RunReport


def take_back(
    report: RunReport,
    world: World,
    place: StatePlace,
    watch: Watch,
    *,
    lock: LockOrder = REFUSE_IF_HELD,
    tell: Callable[[str], None] = lambda _: None,
) -> TakenBack | None:
    """Take a run back if it ended because too much of a wave failed and its plan wants that.

    Args:
        report: What the run came to.
        world: Where it was.
        place: Where it is recorded.
        watch: Shows the way back while it goes on.
        lock: What to do where another run is at work.
        tell: Told what is waited for.

    Raises:
        OrchestratorError: As for ``orchestrate rollback``.
    """
    if not report.rollback:
        return None
    store = run_store(place, world.clock, tell)
    plan = make_rollback_plan(read_run(store, report.run_id), world, store)
    ready = with_confirmations(world, place)
    with watch(plan) as observer:
        undone = carry_out_in(
            plan, ready, store, observer, lock=lock, tell=tell, undoes=report.run_id
        )
    return TakenBack(plan=plan, report=undone)
