"""A run as its journal tells it: events, the states that they lead to, and what was done.

:mod:`ipsec_orchestrator.model.run_replay` leads from one to the other.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
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
