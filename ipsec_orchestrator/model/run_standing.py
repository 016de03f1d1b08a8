"""How runs stand to each other: which was taken back, which was overtaken, which is in the way."""

from collections.abc import Iterable
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
    # Of the later runs: what they took back, and which playbooks they brought to an end.
    undone: set[str] = set()
    ended: set[tuple[str, str]] = set()
    for record in newest_first:
        state = record.state
        target = record.playbook, record.domain.casefold()
        if state is not RunState.RUNNING and record.run_id in undone:
            state = next_state(state, Trigger.UNDONE)
        elif state in {RunState.INTERRUPTED, RunState.INCOMPLETE} and target in ended:
            state = next_state(state, Trigger.OVERTAKEN)
        found.append(record if state is record.state else replace(record, state=state))
        if record.undoes is None:
            if state is RunState.DONE:
                ended.add(target)
        elif state in _OVER:
            # It was not taken back itself.
            undone.add(record.undoes)
    return tuple(found)


def same_target(one: RunRecord, other: RunRecord) -> bool:
    """Tell whether two runs are about the same playbook in the same domain."""
    return one.playbook == other.playbook and one.domain.casefold() == other.domain.casefold()


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
