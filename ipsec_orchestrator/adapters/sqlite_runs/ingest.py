"""From the events of a journal to the rows of the index."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from ipsec_orchestrator.adapters.sqlite_runs.schema import TABLES
from ipsec_orchestrator.model.member_state import LastOutcome
from ipsec_orchestrator.model.outcome import HostOutcome
from ipsec_orchestrator.model.run import (
    IllegalEventError,
    RunEvent,
    RunHistory,
    RunRecord,
    RunState,
)
from ipsec_orchestrator.model.run_replay import replay


def ingest(connection: sqlite3.Connection, history: RunHistory, event: RunEvent) -> None:
    """Take one more event into the index.

    Args:
        connection: In a transaction.
        history: What the journal tells with this event as its last.
        event: The event.
    """
    run_id = history.record.run_id
    _put_run(connection, history.record, event)
    match event.kind:
        case "backup":
            _put_backups(connection, run_id, event)
        case "step-begins" | "step-ends" | "step-failed" | "step-skipped":
            _put_step(connection, history, int(str(event.fields.get("number"))))
        case "member-ends":
            _put_step(connection, history, int(str(event.fields.get("number"))))
            met = history.hosts[str(event.fields.get("host"))]
            connection.execute(
                "INSERT OR REPLACE INTO hosts VALUES (?, ?, ?, ?, ?)",
                (run_id, met.host, met.outcome.value, met.reason, met.time.isoformat()),
            )
        case _:
            pass


def ingest_all(connection: sqlite3.Connection, events: Sequence[RunEvent]) -> bool:
    """Take a whole journal into the index, in place of what it holds of that run.

    Returns:
        Whether there was a run in it: a journal may have been begun and nothing more.
    """
    try:
        history = replay(events)
    except IllegalEventError:
        return False
    remove(connection, [history.record.run_id])
    _put_run(connection, history.record, events[0])
    for number in history.steps:
        _put_step(connection, history, number)
    for event in events:
        if event.kind == "backup":
            _put_backups(connection, history.record.run_id, event)
    connection.executemany(
        "INSERT INTO hosts VALUES (?, ?, ?, ?, ?)",
        [
            (history.record.run_id, met.host, met.outcome.value, met.reason, met.time.isoformat())
            for met in history.hosts.values()
        ],
    )
    return True


def remove(connection: sqlite3.Connection, run_ids: Iterable[str]) -> None:
    """Take runs out of all tables; connection as for :func:`ingest`."""
    found = [(run_id,) for run_id in run_ids]
    for table in TABLES:
        key = "id" if table == "runs" else "run"
        connection.executemany(f"DELETE FROM {table} WHERE {key} = ?", found)  # noqa: S608 - ours


def _put_run(connection: sqlite3.Connection, record: RunRecord, event: RunEvent) -> None:
    connection.execute(
        """
        INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET
            state = excluded.state, ended = excluded.ended, error = excluded.error,
            begun = excluded.begun
        """,
        (
            record.run_id,
            record.command,
            record.playbook,
            record.domain,
            record.dc,
            record.state.value,
            record.started.isoformat(),
            record.ended.isoformat() if record.ended else None,
            record.undoes,
            record.error,
            record.steps,
            record.begun,
        ),
    )
    plan = event.fields.get("plan") if event.kind == "run-begins" else None
    if plan is not None:
        connection.execute(
            "INSERT OR REPLACE INTO plans VALUES (?, ?)",
            (record.run_id, json.dumps(plan, ensure_ascii=False)),
        )


def _put_backups(connection: sqlite3.Connection, run_id: str, event: RunEvent) -> None:
    places = event.fields.get("places")
    if isinstance(places, Mapping):
        connection.executemany(
            "INSERT OR REPLACE INTO backups VALUES (?, ?, ?)",
            [
                (run_id, place, json.dumps(content, ensure_ascii=False))
                for place, content in places.items()
            ],
        )


def _put_step(connection: sqlite3.Connection, history: RunHistory, number: int) -> None:
    step = history.steps[number]
    connection.execute(
        "INSERT OR REPLACE INTO steps VALUES (?, ?, ?, ?, ?)",
        (
            history.record.run_id,
            number,
            step.outcome.value if step.outcome else None,
            step.changed,
            step.reason,
        ),
    )


def read_records(connection: sqlite3.Connection) -> list[RunRecord]:
    """Give all runs of the index, each in the state that its own journal told."""
    rows = connection.execute(
        "SELECT id, command, playbook, domain, dc, state, started, ended, undoes, error, steps,"
        " begun FROM runs"
    )
    return [
        RunRecord(
            run_id=row[0],
            command=row[1],
            playbook=row[2],
            domain=row[3],
            dc=row[4],
            state=RunState(row[5]),
            started=datetime.fromisoformat(row[6]),
            ended=datetime.fromisoformat(row[7]) if row[7] else None,
            undoes=row[8],
            error=row[9],
            steps=row[10],
            begun=bool(row[11]),
        )
        for row in rows
    ]


def read_last_outcomes(connection: sqlite3.Connection) -> tuple[LastOutcome, ...]:
    """Give every member of every playbook once, as the last run that dealt with it left it."""
    rows = connection.execute(
        # The columns beside max() are those of its row.
        "SELECT playbook, domain, host, run, outcome, reason, max(time) FROM hosts"
        " JOIN runs ON id = run GROUP BY playbook, lower(domain), host"
    )
    return tuple(
        LastOutcome(
            playbook=row[0],
            domain=row[1],
            host=row[2],
            run_id=row[3],
            outcome=HostOutcome(row[4]),
            reason=row[5],
            time=datetime.fromisoformat(row[6]),
        )
        for row in rows
    )
