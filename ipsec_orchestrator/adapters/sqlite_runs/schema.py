"""The tables of the run store, and how older stores become newer ones."""

import sqlite3
from typing import Final

MIGRATIONS: Final = (
    """
    CREATE TABLE runs (
        id TEXT PRIMARY KEY,
        command TEXT NOT NULL,
        playbook TEXT NOT NULL,
        domain TEXT NOT NULL,
        dc TEXT NOT NULL,
        state TEXT NOT NULL,
        started TEXT NOT NULL,
        ended TEXT,
        undoes TEXT,
        error TEXT,
        steps INTEGER NOT NULL,
        begun INTEGER NOT NULL,
        plan TEXT
    ) STRICT;
    CREATE TABLE backups (
        run TEXT NOT NULL,
        place TEXT NOT NULL,
        content TEXT NOT NULL,
        PRIMARY KEY (run, place)
    ) STRICT;
    CREATE TABLE steps (
        run TEXT NOT NULL,
        number INTEGER NOT NULL,
        outcome TEXT,
        changed INTEGER NOT NULL,
        reason TEXT NOT NULL,
        PRIMARY KEY (run, number)
    ) STRICT;
    CREATE TABLE hosts (
        run TEXT NOT NULL,
        host TEXT NOT NULL,
        outcome TEXT NOT NULL,
        reason TEXT NOT NULL,
        time TEXT NOT NULL,
        PRIMARY KEY (run, host)
    ) STRICT;
    """,
    # Plans make up most of a store; the list of runs neither reads them nor looks them over.
    """
    CREATE TABLE plans (
        run TEXT PRIMARY KEY,
        plan TEXT NOT NULL
    ) STRICT;
    INSERT INTO plans SELECT id, plan FROM runs WHERE plan IS NOT NULL;
    CREATE TABLE listed (
        id TEXT PRIMARY KEY,
        command TEXT NOT NULL,
        playbook TEXT NOT NULL,
        domain TEXT NOT NULL,
        dc TEXT NOT NULL,
        state TEXT NOT NULL,
        started TEXT NOT NULL,
        ended TEXT,
        undoes TEXT,
        error TEXT,
        steps INTEGER NOT NULL,
        begun INTEGER NOT NULL
    ) STRICT;
    INSERT INTO listed
        SELECT id, command, playbook, domain, dc, state, started, ended, undoes, error, steps, begun
        FROM runs;
    DROP TABLE runs;
    ALTER TABLE listed RENAME TO runs;
    """,
)
"""Number n brings a store of version n to n + 1; what has been released is never edited."""

VERSION: Final = len(MIGRATIONS)

TABLES: Final = ("runs", "plans", "backups", "steps", "hosts")
"""All of them; the first column of each is the id of a run."""


def version_of(connection: sqlite3.Connection) -> int:
    """Give the version of a store; 0 for an empty file."""
    (number,) = connection.execute("PRAGMA user_version").fetchone()
    return int(number)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a store to the present version, whole or not at all.

    Raises:
        sqlite3.Error: It can't be written.
    """
    if version_of(connection) >= VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have been quicker.
        for number in range(version_of(connection), VERSION):
            for statement in MIGRATIONS[number].split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number + 1}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
