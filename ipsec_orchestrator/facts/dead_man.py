"""What a member says of dead man's switches: the question is ``scripts/dead_man_read.ps1``."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ipsec_orchestrator.facts.answer_fields import AnswerFields
from ipsec_orchestrator.facts.member_policy import Service
from ipsec_orchestrator.model.json import Json

READ: Final = "dead_man_read"
ARM: Final = "dead_man_arm"
REMOVE: Final = "dead_man_remove"
RESTORE: Final = "dead_man_restore"
# Numbers of the Task Scheduler that are no result yet: has not run, runs, is queued.
_NO_RESULT: Final = frozenset({0x41303, 0x41301, 0x41325})
_DISABLED_STATE: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSeen:
    """One task as the scheduler shows it.

    Attributes:
        name: Its name.
        state: 1 disabled, 2 queued, 3 ready, 4 running.
        xml: Its definition as it is stored.
        last_result: Exit code of its last program, or a number of the scheduler's.
        next_run: When it is due next; ``None`` if it is not.
    """

    name: str
    state: int
    xml: str
    last_result: int
    next_run: datetime | None

    @property
    def is_enabled(self) -> bool:
        """Whether it runs at all."""
        return self.state != _DISABLED_STATE

    @property
    def result(self) -> int | None:
        """What it came to; ``None`` while it has not."""
        return None if self.last_result in _NO_RESULT else self.last_result


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadManRecord:
    """What stands in the registry about one run.

    Attributes:
        run_id: The run.
        start_mode: Of PolicyAgent before, in WMI's words; ``None`` if it is not there.
        state: Of PolicyAgent before.
        policy_path: Of the policy that was assigned before.
        policy_name: Its name.
        fired: Whether the task has run.
        twin_fired: Whether its twin has.
        deadline: When it was to be confirmed, as text.
    """

    run_id: str
    start_mode: str | None = None
    state: str | None = None
    policy_path: str | None = None
    policy_name: str | None = None
    fired: bool = False
    twin_fired: bool = False
    deadline: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadManFacts:
    """Everything that a member said.

    Attributes:
        time: Its clock.
        os_version: For example ``10.0.20348``.
        scheduler: The service Schedule; ``None`` if there is none.
        agent: The service PolicyAgent; ``None`` if there is none.
        policy_path: DSIPSECPolicyPath; ``None`` for none.
        tasks: All tasks of ours.
        records: All records of ours.
    """

    time: datetime
    os_version: str
    scheduler: Service | None
    agent: Service | None
    policy_path: str | None
    tasks: tuple[TaskSeen, ...] = ()
    records: tuple[DeadManRecord, ...] = ()

    def task(self, name: str) -> TaskSeen | None:
        """Find a task; names are case-blind."""
        key = name.casefold()
        return next((found for found in self.tasks if found.name.casefold() == key), None)

    def record(self, run_id: str) -> DeadManRecord | None:
        """Find the record of a run."""
        key = run_id.casefold()
        return next((found for found in self.records if found.run_id.casefold() == key), None)


def parse_dead_man(answer: Json) -> DeadManFacts:
    """Read the script's answer.

    Raises:
        UnexpectedAnswerError: It has another shape.
    """
    fields = AnswerFields.of(READ, answer)
    return DeadManFacts(
        time=fields.moment("time"),
        os_version=fields.text("os_version"),
        scheduler=_service(fields.optional_object("scheduler")),
        agent=_service(fields.optional_object("agent")),
        policy_path=fields.optional_text("policy_path") or None,
        tasks=tuple(_task(found) for found in fields.objects("tasks")),
        records=tuple(_record(found) for found in fields.objects("records")),
    )


def _service(fields: AnswerFields | None) -> Service | None:
    if fields is None:
        return None
    return Service(
        name=fields.text("name"), state=fields.text("state"), start_mode=fields.text("start_mode")
    )


def _task(fields: AnswerFields) -> TaskSeen:
    return TaskSeen(
        name=fields.text("name"),
        state=fields.number("state"),
        xml=fields.text("xml"),
        last_result=fields.number("last_result"),
        next_run=fields.optional_moment("next_run"),
    )


def _record(fields: AnswerFields) -> DeadManRecord:
    return DeadManRecord(
        run_id=fields.text("run"),
        start_mode=fields.optional_text("start_mode"),
        state=fields.optional_text("state"),
        policy_path=fields.optional_text("policy_path"),
        policy_name=fields.optional_text("policy_name"),
        fired=fields.flag("fired"),
        twin_fired=fields.flag("twin_fired"),
        deadline=fields.optional_text("deadline"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """What became of taking tasks away.

    Attributes:
        tasks_left: Names of tasks that are still there.
        fired: Whether the task had run before.
    """

    tasks_left: tuple[str, ...]
    fired: bool


def parse_removal(answer: Json) -> Removal:
    """Read the answer of ``dead_man_remove.ps1``.

    Raises:
        UnexpectedAnswerError: It has another shape.
    """
    fields = AnswerFields.of(REMOVE, answer)
    return Removal(tasks_left=fields.texts("tasks_left"), fired=fields.flag("fired"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Restoration:
    """How PolicyAgent stands after it was given its start type back."""

    state: str
    start_mode: str
    restored: bool


def parse_restoration(answer: Json) -> Restoration:
    """Read the answer of ``dead_man_restore.ps1``.

    Raises:
        UnexpectedAnswerError: It has another shape.
    """
    fields = AnswerFields.of(RESTORE, answer)
    return Restoration(
        state=fields.text("state"),
        start_mode=fields.text("start_mode"),
        restored=fields.flag("restored"),
    )
