"""Forgetting old runs, passes and proofs, but nothing that is still needed."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from ipsec_orchestrator.adapters.month_files import forget_files, old_files
from ipsec_orchestrator.app.confirmations import confirmations
from ipsec_orchestrator.app.earlier_runs import read_run
from ipsec_orchestrator.app.options import StatePlace
from ipsec_orchestrator.errors import BackendError, PlanError, RunNotFoundError
from ipsec_orchestrator.model.retention import Pruning, Retention
from ipsec_orchestrator.model.run import RunRecord, RunState
from ipsec_orchestrator.model.run_standing import later_run
from ipsec_orchestrator.planning.concerned import via_of
from ipsec_orchestrator.planning.drift.record import EVENT
from ipsec_orchestrator.planning.retention import prunable, target_of
from ipsec_orchestrator.ports import RunStore

_OPEN = {
    RunState.RUNNING: "it is going on",
    RunState.INTERRUPTED: "it can be resumed or taken back",
    RunState.INCOMPLETE: "it can be resumed or taken back",
}
_OVER = frozenset({RunState.ROLLED_BACK, RunState.SUPERSEDED})


def what_may_go(place: StatePlace, store: RunStore, retention: Retention, now: datetime) -> Pruning:
    """Look what is old and not needed any more; removes nothing.

    Args:
        place: The state folder.
        store: Its runs.
        retention: How long things are kept; passes and proofs go by age alone, in whole months.
        now: UTC.

    Raises:
        BackendError: The store can't be read.
    """
    records = store.runs()
    pending = frozenset(found.run_id for found in confirmations(place).all())
    found = prunable(records, needed_runs(records, pending, store), retention, now)
    files: tuple[str, ...] = ()
    if retention.keep is not None:
        before = now - retention.keep
        folders = (place.folder / "proofs", *sorted((place.folder / "passes").glob("*")))
        files = tuple(str(path) for folder in folders for path in old_files(folder, before))
    return Pruning(runs=found.runs, kept=found.kept, files=files)


def forget(pruning: Pruning, store: RunStore) -> None:
    """Remove what may go.

    Raises:
        JournalError: Something can't be removed.
        RunBusyError: A process is at work on one of the runs.
    """
    if pruning.runs:
        store.forget(record.run_id for record in pruning.runs)
    forget_files(pruning.files)


def needed_runs(
    records: Sequence[RunRecord], pending: Iterable[str], store: RunStore
) -> dict[str, str]:
    """Tell which runs resume, rollback, confirm and drift may still ask for, and why.

    Args:
        records: All runs, newest first, as they stand to each other.
        pending: Ids of runs that wait for a confirmation.
        store: For their journals.
    """
    pending = frozenset(pending)
    needed: dict[str, str] = {}
    targets: dict[tuple[str, str], list[RunRecord]] = {}
    for record in records:
        targets.setdefault(target_of(record), []).append(record)
        if record.state in _OPEN:
            needed[record.run_id] = _OPEN[record.state]
        if record.run_id in pending:
            needed[record.run_id] = "it waits for its confirmation"
    for runs in targets.values():
        needed |= _for_rollback(runs, store)
        compared = next((run for run in runs if _has_record(run, store)), None)
        if compared is not None:
            needed[compared.run_id] = "drift is told by what it left"
    return needed


def _for_rollback(runs: Sequence[RunRecord], store: RunStore) -> dict[str, str]:
    """Name the run that can be taken back, and one that tells how to reach the GPO's template."""
    last = next((run for run in runs if run.state not in {*_OVER, RunState.RUNNING}), None)
    if last is None or later_run(last, runs) is not None:
        return {}
    needed = {last.run_id: "it can be taken back"}
    way = next((run for run in runs[runs.index(last) :] if _knows_way(run, store)), None)
    if way is not None and way is not last:
        needed[way.run_id] = f"{last.run_id} can't be taken back without it"
    return needed


def _knows_way(run: RunRecord, store: RunStore) -> bool:
    try:
        return via_of(read_run(store, run.run_id).plan.steps) is not None
    except (BackendError, PlanError, RunNotFoundError):
        # What can't be read, or was just forgotten elsewhere, is no help for a rollback either.
        return False


def _has_record(run: RunRecord, store: RunStore) -> bool:
    try:
        return any(event.kind == EVENT for event in store.events(run.run_id))
    except (BackendError, RunNotFoundError):
        return False
