"""Runs as a table and as JSON."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.run import RunRecord, RunState
from ipsec_orchestrator.report.lines import Tone

RUNS_HEADINGS: Final = ("run", "command", "playbook", "state", "started", "ended")
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


def _moment(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat(timespec="seconds")
