"""How runs stand to each other: which was taken back, which was overtaken, which is in the way."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ipsec_orchestrator.model.run import RunRecord, RunState, Trigger, next_state

_OPEN = frozenset({RunState.RUNNING, RunState.INTERRUPTED})
_OVER = frozenset({RunState.DONE, RunState.INCOMPLETE, RunState.SUPERSEDED})


def standing(records: Iterable[RunRecord]) -> tuple[RunRecord, ...]:
    """Give the runs, newest first, in the states that the others leave them in.

    Args:
        records: All runs, each in the state that its own journal tells.
    """
    newest_first = sorted(records, key=lambda run: (run.started, run.run_id), reverse=True)
    found: list[RunRecord] = []
    for record in newest_first:
        state = record.state
        if _undone(record, found):
            state = next_state(state, Trigger.UNDONE)
        elif state in {RunState.INTERRUPTED, RunState.INCOMPLETE} and _overtaken(record, found):
            state = next_state(state, Trigger.OVERTAKEN)
        found.append(replace(record, state=state))
    return tuple(found)


def same_target(one: RunRecord, other: RunRecord) -> bool:
    """Tell whether two runs are about the same playbook in the same domain."""
    return one.playbook == other.playbook and one.domain.casefold() == other.domain.casefold()


def _undone(record: RunRecord, later: Sequence[RunRecord]) -> bool:
    """Tell whether a later run took it back and was not taken back itself."""
    return record.state is not RunState.RUNNING and any(
        other.undoes == record.run_id and other.state in _OVER for other in later
    )


def undone_by(record: RunRecord, records: Iterable[RunRecord]) -> str | None:
    """Give the id of the run that took a run back, or is about to; the newest if several did."""
    return next(
        (
            other.run_id
            for other in records
            if other.undoes == record.run_id and other.state is not RunState.ROLLED_BACK
        ),
        None,
    )


def _overtaken(record: RunRecord, later: Sequence[RunRecord]) -> bool:
    return any(
        other.undoes is None and other.state is RunState.DONE and same_target(other, record)
        for other in later
    )


def undecided(records: Iterable[RunRecord], playbook: str, domain: str) -> RunRecord | None:
    """Give the newest run of a playbook that has to be finished or taken back before another.

    Args:
        records: As :func:`standing` gives them.
        playbook: Its name.
        domain: DNS name.
    """
    return next(
        (
            record
            for record in records
            if record.state in _OPEN
            and (record.begun or record.state is RunState.RUNNING)
            and record.playbook == playbook
            and record.domain.casefold() == domain.casefold()
        ),
        None,
    )


def later_run(record: RunRecord, records: Iterable[RunRecord]) -> RunRecord | None:
    """Give a run that has built on ``record``, so that it can't be resumed or taken back alone.

    Args:
        record: The run in question.
        records: All runs, as :func:`standing` gives them.
    """
    return next(
        (
            other
            for other in records
            if (other.started, other.run_id) > (record.started, record.run_id)
            and same_target(other, record)
            and other.begun
            and other.state is not RunState.ROLLED_BACK
            # Taking back what came later than this run left nothing of it.
            and not (other.undoes is not None and other.state in _OVER)
        ),
        None,
    )
