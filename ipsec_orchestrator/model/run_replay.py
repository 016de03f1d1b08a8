"""From the events of a journal to what became of a run: the only way from one to the other.

The run store, ``orchestrate runs`` and ``orchestrate resume`` all see the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from ipsec_orchestrator.model.outcome import HostOutcome, StepOutcome
from ipsec_orchestrator.model.run import (
    HostRecord,
    IllegalEventError,
    RunEvent,
    RunHistory,
    RunRecord,
    StepRecord,
    Trigger,
    next_state,
)


def replay(events: Iterable[RunEvent]) -> RunHistory:
    """Tell what a journal's events lead to.

    Whether the process still lives no journal can tell: a run without an end is ``RUNNING``.

    Raises:
        IllegalEventError: They do not begin with the beginning of a run, or contradict the table.
    """
    history: RunHistory | None = None
    for event in events:
        history = after(history, event)
    if history is None:
        message = "the journal is empty"
        raise IllegalEventError(message)
    return history


def after(history: RunHistory | None, event: RunEvent) -> RunHistory:
    """Give the history with one more event; ``None`` is the history of no event.

    Raises:
        IllegalEventError: It can't follow.
    """
    return _begun(event) if history is None else _after(history, event)


def _begun(event: RunEvent) -> RunHistory:
    if event.kind != "run-begins":
        message = f"a journal begins with run-begins, not with {event.kind}"
        raise IllegalEventError(message)
    plan = event.fields.get("plan")
    steps = plan.get("steps") if isinstance(plan, Mapping) else event.fields.get("steps")
    return RunHistory(
        record=RunRecord(
            run_id=str(event.fields.get("run")),
            command=str(event.fields.get("command") or event.fields.get("purpose")),
            playbook=str(event.fields.get("playbook")),
            domain=str(event.fields.get("domain")),
            dc=str(event.fields.get("dc")),
            state=next_state(None, Trigger.BEGINS),
            started=event.time,
            undoes=event.text("undoes"),
            steps=len(steps) if isinstance(steps, Sequence) and not isinstance(steps, str) else 0,
        ),
    )


def _after(history: RunHistory, event: RunEvent) -> RunHistory:
    match event.kind:
        case "run-begins":
            message = "a run begins once"
            raise IllegalEventError(message)
        case "run-resumes":
            again = replace(history, attempts=history.attempts + 1)
            found = _moved(again, Trigger.GOES_ON, ended=None)
        case "step-begins" | "step-ends" | "step-failed" | "step-skipped":
            found = _stepped(_bound(history, event), event, _outcome(event))
        case "member-ends":
            found = _met(history, event)
        case "run-ends":
            found = _ended(history, event)
        case _:
            found = history
    return found


def _outcome(event: RunEvent) -> StepOutcome | None:
    match event.kind:
        case "step-begins":
            return None
        case "step-failed":
            return StepOutcome.FAILED
        case "step-skipped":
            return StepOutcome.SKIPPED
        case _:
            return StepOutcome(str(event.fields.get("outcome")))


def _bound(history: RunHistory, event: RunEvent) -> RunHistory:
    ids = event.fields.get("ids")
    if not isinstance(ids, Mapping):
        return history
    learned = {UUID(old): UUID(str(new)) for old, new in ids.items()}
    return replace(history, ids={**history.ids, **learned})


def _moved(
    history: RunHistory,
    trigger: Trigger,
    *,
    ended: datetime | None,
    error: str | None = None,
) -> RunHistory:
    state = next_state(history.record.state, trigger)
    return replace(history, record=replace(history.record, state=state, ended=ended, error=error))


def _stepped(history: RunHistory, event: RunEvent, outcome: StepOutcome | None) -> RunHistory:
    number = int(str(event.fields.get("number")))
    before = history.steps.get(number)
    was = before.changed if before else False
    lost = before is not None and before.outcome is None
    # Found as wanted, or skipped: nothing by this attempt. Begun twice without an end between:
    # the first time may have got through.
    changed = was or (outcome is None and lost)
    if outcome in {StepOutcome.DONE, StepOutcome.FAILED}:
        changed = True
    found = StepRecord(
        number=number, outcome=outcome, changed=changed, reason=event.text("reason") or ""
    )
    record = history.record
    if outcome is not StepOutcome.SKIPPED:
        record = replace(record, begun=True)
    return replace(history, record=record, steps={**history.steps, number: found})


def _met(history: RunHistory, event: RunEvent) -> RunHistory:
    host = str(event.fields.get("host"))
    outcome = HostOutcome(str(event.fields.get("outcome")))
    reason = event.text("reason") or ""
    met = HostRecord(host=host, outcome=outcome, reason=reason, time=event.time)
    done = outcome is HostOutcome.DONE
    stepped = _stepped(history, event, StepOutcome.DONE if done else StepOutcome.FAILED)
    return replace(stepped, hosts={**history.hosts, host: met})


def _ended(history: RunHistory, event: RunEvent) -> RunHistory:
    error = event.text("error")
    if error is not None:
        trigger = Trigger.BREAKS_OFF
    else:
        trigger = Trigger.ENDS_WELL if history.is_whole else Trigger.ENDS_SHORT
    return _moved(history, trigger, ended=event.time, error=error)
