"""One run, for people and as JSON."""

from typing import Final

from ipsec_orchestrator.model.backup import Backup
from ipsec_orchestrator.model.confirmation import PendingConfirmation
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.plan import Plan
from ipsec_orchestrator.model.run import RunHistory, RunRecord, StepRecord
from ipsec_orchestrator.model.steps import object_of
from ipsec_orchestrator.planning.backupfile import backup_to_json
from ipsec_orchestrator.report.lines import Line, Tone
from ipsec_orchestrator.report.runs_list import STATE_TONES, moment_text

_STEP_TONES: Final = {
    "done": Tone.GOOD,
    "already": Tone.UNCHANGED,
    "skipped": Tone.QUIET,
    "failed": Tone.BAD,
}


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
        "started": moment_text(record.started),
        "ended": moment_text(record.ended),
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
                "time": moment_text(met.time),
            }
            for met in history.hosts.values()
        ],
        "backup": list(backup_to_json(backup)) if backup else [],
        "pending": None
        if pending is None
        else {"deadline": moment_text(pending.deadline), "hosts": list(pending.hosts)},
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
        Line(f"{record.state.value}, in {record.domain} on {record.dc}", STATE_TONES[record.state]),
        Line(f"began {moment_text(record.started)}, ended {moment_text(record.ended) or '-'}"),
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
                f"waits for its confirmation until {moment_text(pending.deadline)} on "
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
