"""Runs as a table and as JSON."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from ipsec_orchestrator.model.backup import Backup
from ipsec_orchestrator.model.confirmation import PendingConfirmation
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.plan import Plan
from ipsec_orchestrator.model.run import RunHistory, RunRecord, RunState, StepRecord
from ipsec_orchestrator.model.steps import object_of
from ipsec_orchestrator.planning.backupfile import backup_to_json
from ipsec_orchestrator.report.lines import Line, Tone

RUNS_HEADINGS: Final = ("run", "command", "playbook", "state", "started", "ended")
_STEP_TONES: Final = {
    "done": Tone.GOOD,
    "already": Tone.UNCHANGED,
    "skipped": Tone.QUIET,
    "failed": Tone.BAD,
}
_TONES: Final = {
    RunState.RUNNING: Tone.CHANGE,
    RunState.INTERRUPTED: Tone.BAD,
    RunState.INCOMPLETE: Tone.WARNING,
    RunState.DONE: Tone.GOOD,
    RunState.ROLLED_BACK: Tone.QUIET,
    RunState.SUPERSEDED: Tone.QUIET,
}


def runs_rows(records: Iterable[RunRecord]) -> list[tuple[tuple[str, ...], Tone]]:
    """Give the table of runs: cells and the meaning of each row."""
    return [
        (
            (
                record.run_id,
                record.command if record.undoes is None else f"rollback of {record.undoes}",
                record.playbook,
                record.state.value,
                _moment(record.started) or "",
                _moment(record.ended) or "",
            ),
            _TONES[record.state],
        )
        for record in records
    ]


def runs_to_json(records: Iterable[RunRecord]) -> list[Json]:
    """Give the document of ``runs --json``."""
    return [
        {
            "id": record.run_id,
            "command": record.command,
            "state": record.state.value,
            "started": _moment(record.started),
            "ended": _moment(record.ended),
        }
        for record in records
    ]


def run_details(
    plan: Plan,
    history: RunHistory,
    backup: Backup | None,
    record: RunRecord,
    *,
    undone_by: str | None,
    pending: PendingConfirmation | None,
) -> dict[str, Json]:
    """Give the document of ``runs show --json``.

    Args:
        plan: The run's plan.
        history: What became of it.
        backup: What was there before the first write.
        record: How it stands.
        undone_by: The run that took it back.
        pending: What waits for its confirmation.
    """
    return {
        "id": record.run_id,
        "command": record.command,
        "state": record.state.value,
        "started": _moment(record.started),
        "ended": _moment(record.ended),
        "playbook": record.playbook,
        "domain": record.domain,
        "dc": record.dc,
        "error": record.error,
        "undoes": record.undoes,
        "undone_by": undone_by,
        "attempts": history.attempts,
        "steps": [
            {
                "number": number,
                "stage": step.stage.value,
                "title": step.title,
                "object": object_of(step),
                "outcome": _outcome(history.steps.get(number)),
                "reason": found.reason if (found := history.steps.get(number)) else "",
            }
            for number, step in enumerate(plan.steps, 1)
        ],
        "members": [
            {
                "host": met.host,
                "outcome": met.outcome.value,
                "reason": met.reason,
                "time": _moment(met.time),
            }
            for met in history.hosts.values()
        ],
        "backup": list(backup_to_json(backup)) if backup else [],
        "pending": None
        if pending is None
        else {"deadline": _moment(pending.deadline), "hosts": list(pending.hosts)},
    }


_UNKNOWN: Final = "unknown"


def _outcome(step: StepRecord | None) -> str | None:
    """Name a step's outcome: ``None`` if it was not begun, unknown if nobody saw its end."""
    if step is None:
        return None
    return step.outcome.value if step.outcome else _UNKNOWN


def run_details_lines(
    plan: Plan,
    history: RunHistory,
    backup: Backup | None,
    record: RunRecord,
    *,
    undone_by: str | None,
    pending: PendingConfirmation | None,
) -> list[Line]:
    """Write what :func:`run_details` gives, for people."""
    lines = [
        Line(f"Run {record.run_id}: {record.command} of {record.playbook}", Tone.HEADING),
        Line(f"{record.state.value}, in {record.domain} on {record.dc}", _TONES[record.state]),
        Line(f"began {_moment(record.started)}, ended {_moment(record.ended) or '-'}"),
    ]
    if record.error:
        lines.append(Line(f"broke off: {record.error}", Tone.BAD))
    if record.undoes:
        lines.append(Line(f"takes back the run {record.undoes}"))
    if undone_by:
        lines.append(Line(f"is taken back by the run {undone_by}"))
    if pending:
        lines.append(
            Line(
                f"waits for its confirmation until {_moment(pending.deadline)} on "
                f"{', '.join(pending.hosts)}: orchestrate confirm {record.run_id}",
                Tone.WARNING,
            )
        )
    lines.append(Line())
    for number, step in enumerate(plan.steps, 1):
        outcome = _outcome(history.steps.get(number))
        tone = Tone.QUIET if outcome is None else _STEP_TONES.get(outcome, Tone.WARNING)
        lines.append(Line(f"{number:4}  {outcome or 'not begun':9}  {step.title}", tone))
    lines += [
        Line(f"{met.host}: {met.outcome.value}: {met.reason}") for met in history.hosts.values()
    ]
    places = list(backup_to_json(backup)) if backup else []
    lines += [
        Line(),
        Line(f"Backup of {len(places)} places from before the first write", Tone.HEADING),
    ]
    lines += [Line(f"  {place}", Tone.QUIET) for place in places]
    return lines


def left_lines(record: RunRecord, steps_left: int) -> list[Line]:
    """Say how far a run got that is to be resumed."""
    if not steps_left:
        return [Line(f"The run {record.run_id} is done: nothing is left to do.", Tone.GOOD)]
    return [
        Line(
            f"The run {record.run_id} is {record.state.value}: {record.steps - steps_left} steps "
            f"are over, {steps_left} are left.",
            Tone.HEADING,
        )
    ]


def _moment(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat(timespec="seconds")
