"""A run as its journal tells it: events, the states that they lead to, and what was done.

``replay`` is the only way from a journal to a state: the run store, ``orchestrate runs`` and
``orchestrate resume`` all see the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.outcome import HostOutcome, StepOutcome


class RunState(StrEnum):
    """How a run stands."""

    RUNNING = "running"
    INTERRUPTED = "interrupted"
    INCOMPLETE = "incomplete"
    DONE = "done"
    ROLLED_BACK = "rolled-back"
    SUPERSEDED = "superseded"


class Trigger(StrEnum):
    """What changes the state of a run."""

    BEGINS = "begins"
    GOES_ON = "goes on"
    PROCESS_GONE = "process gone"
    BREAKS_OFF = "breaks off"
    ENDS_SHORT = "ends short"
    ENDS_WELL = "ends well"
    UNDONE = "undone by a rollback"
    OVERTAKEN = "overtaken by a later run"


TRANSITIONS: Final[Mapping[RunState | None, Mapping[Trigger, RunState]]] = {
    None: {Trigger.BEGINS: RunState.RUNNING},
    RunState.RUNNING: {
        # Killed, and taken up before anybody looked.
        Trigger.GOES_ON: RunState.RUNNING,
        Trigger.PROCESS_GONE: RunState.INTERRUPTED,
        Trigger.BREAKS_OFF: RunState.INTERRUPTED,
        Trigger.ENDS_SHORT: RunState.INCOMPLETE,
        Trigger.ENDS_WELL: RunState.DONE,
    },
    RunState.INTERRUPTED: {
        Trigger.GOES_ON: RunState.RUNNING,
        Trigger.UNDONE: RunState.ROLLED_BACK,
        Trigger.OVERTAKEN: RunState.SUPERSEDED,
    },
    RunState.INCOMPLETE: {
        Trigger.GOES_ON: RunState.RUNNING,
        Trigger.UNDONE: RunState.ROLLED_BACK,
        Trigger.OVERTAKEN: RunState.SUPERSEDED,
    },
    RunState.DONE: {Trigger.UNDONE: RunState.ROLLED_BACK},
    RunState.ROLLED_BACK: {},
    RunState.SUPERSEDED: {},
}
"""State before the first event is ``None``; what is not in the table can't happen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEvent:
    """One line of a journal. A kind that ``replay`` does not know changes no state."""

    kind: str
    time: datetime
    fields: Mapping[str, Json] = field(default_factory=dict[str, Json])

    def text(self, name: str) -> str | None:
        """Give a field as text; ``None`` if it is not there."""
        value = self.fields.get(name)
        return None if value is None else str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """What the list of runs says of one.

    Attributes:
        run_id: Its id; ids sort by time.
        command: ``apply``, ``remove`` or ``rollback``.
        playbook: Name of the playbook.
        domain: DNS name of the domain.
        dc: The DC that was written to.
        state: How it stands.
        started: When it began.
        ended: When it ended last; ``None`` while it runs, and if its process died.
        undoes: Id of the run that it takes back; ``None`` if it takes none back.
        error: With what it broke off.
        steps: How many steps it has.
        begun: Whether any of them was begun.
    """

    run_id: str
    command: str
    playbook: str
    domain: str
    dc: str
    state: RunState
    started: datetime
    ended: datetime | None = None
    undoes: str | None = None
    error: str | None = None
    steps: int = 0
    begun: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """What became of one step.

    Attributes:
        number: From 1, in the order of the plan.
        outcome: The last one; ``None`` if it was begun and nobody knows how it ended.
        changed: Whether this run is known to have changed something by it, or may have in an
            attempt that was followed by another.
        reason: Why it failed or was skipped.
    """

    number: int
    outcome: StepOutcome | None
    changed: bool
    reason: str = ""

    @property
    def is_over(self) -> bool:
        """Whether there is nothing left to do in it."""
        return self.outcome in {StepOutcome.DONE, StepOutcome.ALREADY}

    @property
    def may_have_changed(self) -> bool:
        """Whether something may be different because of it."""
        return self.changed or self.outcome is None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostRecord:
    """What became of one member, as of the last time that it was dealt with."""

    host: str
    outcome: HostOutcome
    reason: str
    time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHistory:
    """Everything that a journal tells.

    Attributes:
        record: The head.
        steps: By number; steps that were neither begun nor skipped are missing.
        hosts: By inventory name.
        ids: Provisional id of a GPO -> the one that it really got.
        attempts: How often the run was begun or taken up.
    """

    record: RunRecord
    steps: Mapping[int, StepRecord] = field(default_factory=dict[int, StepRecord])
    hosts: Mapping[str, HostRecord] = field(default_factory=dict[str, HostRecord])
    ids: Mapping[UUID, UUID] = field(default_factory=dict[UUID, UUID])
    attempts: int = 1

    @property
    def is_whole(self) -> bool:
        """Whether every step came to its end."""
        over = sum(step.is_over for step in self.steps.values())
        return over == self.record.steps


class IllegalEventError(ValueError):
    """An event that can't follow on those before it."""


def next_state(state: RunState | None, trigger: Trigger) -> RunState:
    """Look the next state up.

    Raises:
        IllegalEventError: The table has none.
    """
    try:
        return TRANSITIONS[state][trigger]
    except KeyError:
        now = state.value if state else "not begun"
        message = f"a run that is {now} can't be one that {trigger.value}"
        raise IllegalEventError(message) from None


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
