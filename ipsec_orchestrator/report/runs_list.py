"""All runs as a table and as JSON; it stands alone, so that a list does not load what a plan is."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.run import RunRecord, RunState
from ipsec_orchestrator.report.lines import Tone

RUNS_HEADINGS: Final = ("run", "command", "playbook", "state", "started", "ended")
STATE_TONES: Final = {
    RunState.RUNNING: Tone.CHANGE,
    RunState.INTERRUPTED: Tone.BAD,
    RunState.INCOMPLETE: Tone.WARNING,
    RunState.DONE: Tone.GOOD,
    RunState.ROLLED_BACK: Tone.QUIET,
    RunState.SUPERSEDED: Tone.QUIET,
}
"""How each state is to be taken."""


def runs_rows(records: Iterable[RunRecord]) -> list[tuple[tuple[str, ...], Tone]]:
    """Give the table of runs: cells and the meaning of each row."""
    return [
        (
            (
                record.run_id,
                record.command if record.undoes is None else f"rollback of {record.undoes}",
                record.playbook,
                record.state.value,
                moment_text(record.started) or "",
                moment_text(record.ended) or "",
            ),
            STATE_TONES[record.state],
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
            "started": moment_text(record.started),
            "ended": moment_text(record.ended),
        }
        for record in records
    ]


def moment_text(time: datetime | None) -> str | None:
    """Give a time to the second; ``None`` for none."""
    return None if time is None else time.isoformat(timespec="seconds")
