"""Opening the index: made for its owner only, migrated, and set aside if it is damaged."""

import os
import sqlite3
from collections.abc import Callable, Generator, Iterable
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from ipsec_orchestrator.adapters.durable_files import make_private_folder, sync_folder
from ipsec_orchestrator.adapters.file_lock import wait_for_lock
from ipsec_orchestrator.adapters.sqlite_runs.schema import TABLES, VERSION, migrate, version_of
from ipsec_orchestrator.errors import BackendError, JournalError

NAME: Final = "runs.sqlite"
_WAIT_SECONDS: Final = 20.0
# Some hundredths of a second.
_QUICKLY_CHECKED_BYTES: Final = 1 << 26
# What SQLite keeps beside the file.
_BESIDE: Final = ("", "-wal", "-shm")


class DamagedStoreError(Exception):
    """The file is no store any more; handled by whoever can build it anew."""


@contextmanager
def alone(path: Path) -> Generator[None]:
    """Hold what only one process may do with a store: putting another in its place.

    Raises:
        JournalError: The lock's own file can't be made.
    """
    lock = path.with_name(f"{path.name}.lock")
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise JournalError(path=str(lock), reason=error.strerror or str(error)) from error
    with os.fdopen(descriptor, "rb"):
        wait_for_lock(descriptor)
        yield


@contextmanager
def opened(path: Path) -> Generator[sqlite3.Connection]:
    """Give a connection in which every commit is on the disk before it counts.

    Raises:
        DamagedStoreError: The file is damaged.
        JournalError: It can't be made or written.
        BackendError: A newer version made it.
    """
    try:
        make_private_folder(path.parent)
        if not path.exists():
            # SQLite gives the files beside it the mode of this one.
            with suppress(FileExistsError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
            sync_folder(path.parent)
    except OSError as error:
        raise JournalError(path=str(path), reason=error.strerror or str(error)) from error
    with translated(path):
        connection = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None)
    with closing(connection), translated(path):
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        if version_of(connection) > VERSION:
            raise BackendError(
                f"The run store {path} was made by a newer version of this program.",
                cure="Use that version, or another state folder (--state).",
            )
        migrate(connection)
        yield connection


@contextmanager
def translated(path: Path) -> Generator[None]:
    """Turn SQLite's errors into ours.

    Raises:
        DamagedStoreError: The file is damaged.
        JournalError: Any other.
    """
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
            raise DamagedStoreError(str(error)) from error
        raise JournalError(path=str(path), reason=str(error)) from error
    except sqlite3.DatabaseError as error:
        raise DamagedStoreError(str(error)) from error


@contextmanager
def transaction(connection: sqlite3.Connection) -> Generator[None]:
    """Do all of the block or nothing, with no other process writing meanwhile."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
        raise


def check(connection: sqlite3.Connection, table: str = "") -> None:
    """Look over the whole file, or one table where nothing else is read.

    Args:
        connection: To the store.
        table: Its name; empty for the whole file.

    Raises:
        DamagedStoreError: Something in it is damaged.
    """
    (verdict,) = connection.execute(f"PRAGMA quick_check({table or 1})").fetchone()
    if verdict != "ok":
        raise DamagedStoreError(str(verdict))


def table_to_check(connection: sqlite3.Connection) -> str:
    """Give what a list of runs looks over: the whole file while that takes no time to speak of.

    Whoever records a run looks over the whole file in any case.
    """
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    return "" if pages * size <= _QUICKLY_CHECKED_BYTES else "runs"


def set_aside(path: Path, stamp: str) -> Path:
    """Rename a damaged store, with what lies beside it, and give its new path.

    Raises:
        JournalError: It can't be renamed.
    """
    aside = path.with_name(f"{path.name}.damaged-{stamp}")
    try:
        for ending in _BESIDE:
            with suppress(FileNotFoundError):
                Path(f"{path}{ending}").rename(f"{aside}{ending}")
        sync_folder(path.parent)
    except OSError as error:
        raise JournalError(path=str(path), reason=error.strerror or str(error)) from error
    return aside


def salvage(
    aside: Path, into: sqlite3.Connection, known: Iterable[str], tell: Callable[[str], None]
) -> None:
    """Copy what can be read of runs whose journals are gone from a damaged store."""
    known = set(known)
    saved: set[str] = set()
    for table in TABLES:
        with (
            suppress(sqlite3.Error),
            closing(sqlite3.connect(f"file:{aside}?mode=ro", uri=True)) as damaged,
        ):
            # It may be of an older version, which had other columns.
            there = _columns(damaged, table)
            columns = ", ".join(name for name in _columns(into, table) if name in there)
            question = f"SELECT {columns} FROM {table}"  # noqa: S608 - ours
            if table == "plans" and not there:
                columns, question = "run, plan", "SELECT id, plan FROM runs WHERE plan IS NOT NULL"
            for row in damaged.execute(question):
                if row[0] in known:
                    continue
                marks = ", ".join("?" * len(row))
                into.execute(
                    f"INSERT OR IGNORE INTO {table} ({columns}) VALUES ({marks})",  # noqa: S608 - ours
                    row,
                )
                saved.add(row[0])
    if saved:
        tell(f"Saved from the damaged store without their journals: {', '.join(sorted(saved))}.")


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [str(row[1]) for row in connection.execute(f"PRAGMA table_info({table})")]
