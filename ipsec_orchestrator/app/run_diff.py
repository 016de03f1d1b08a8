"""Reading runs of the record for comparing them."""

from ipsec_orchestrator.app.earlier_runs import read_run
from ipsec_orchestrator.planning.drift.record import EVENT, Left, left_from_json
from ipsec_orchestrator.planning.run_diff import RunView
from ipsec_orchestrator.ports import RunStore


def read_view(store: RunStore, name: str) -> RunView:
    """Read a run; ``name`` is its id, the beginning of one, or ``last``.

    Raises:
        RunNotFoundError: None, or more than one, is meant.
        RunRefusedError: Its record has no plan.
        BackendError: It can't be read.
    """
    found = read_run(store, name)
    return RunView(
        record=found.record,
        plan=found.plan,
        history=found.history,
        left=_left(store, found.record.run_id),
    )


def _left(store: RunStore, run_id: str) -> Left | None:
    for event in reversed(store.events(run_id)):
        if event.kind == EVENT:
            left = event.fields.get("left")
            return left_from_json(left) if left else None
    return None
