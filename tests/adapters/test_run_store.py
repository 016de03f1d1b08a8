"""The run store on disk: journals, index, damage, several processes."""

import json
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipsec_orchestrator.adapters.jsonl_journal import JsonlJournal, read_journal
from ipsec_orchestrator.adapters.sqlite_runs import SqliteRuns
from ipsec_orchestrator.adapters.sqlite_runs.opening import (
    DamagedStoreError,
    check,
    opened,
    salvage,
)
from ipsec_orchestrator.adapters.sqlite_runs.schema import MIGRATIONS, TABLES, VERSION, version_of
from ipsec_orchestrator.errors import (
    BackendError,
    DamagedJournalError,
    JournalError,
    RunBusyError,
    RunNotFoundError,
)
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.run import RunState
from ipsec_orchestrator.ports import Journal
from tests.worlds import NOON, SteppingClock

PLAN: dict[str, Json] = {"steps": [{}, {}]}


class Place:
    """A state folder, its store, and what the store said."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.store = SqliteRuns(folder, SteppingClock(), self.said.append)

    @property
    def index(self) -> Path:
        """The SQLite file."""
        return self.folder / "runs.sqlite"

    def journal(self, run_id: str) -> Path:
        """The journal of a run."""
        return self.folder / "runs" / f"{run_id}.jsonl"

    def run(self, run_id: str, *, whole: bool = True) -> None:
        """Record a run of two steps, or the first half of one."""
        with self.store.begin(run_id) as journal:
            begin(journal, run_id)
            journal.append("backup", places={"CN=a": {"cn": ["a"]}})
            for number in (1, 2) if whole else (1,):
                journal.append("step-begins", number=number, stage="gpo", object="o")
                journal.append("step-ends", number=number, outcome="done", ids={})
            if whole:
                journal.append("run-ends", error=None)

    def rows(self, table: str) -> list[tuple[object, ...]]:
        """All rows of a table of the index."""
        connection = sqlite3.connect(self.index)
        try:
            return list(connection.execute(f"SELECT * FROM {table}"))  # noqa: S608 - of this file
        finally:
            connection.close()

    def content(self) -> dict[str, list[tuple[object, ...]]]:
        """Everything in the index."""
        return {table: sorted(self.rows(table)) for table in TABLES}


def begin(journal: Journal, run_id: str) -> None:
    """Write the first event of a run."""
    journal.append(
        "run-begins", run=run_id, command="apply", playbook="p", domain="d", dc="dc1", plan=PLAN
    )


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An empty state folder."""
    return Place(tmp_path / "state")


def test_looking_makes_nothing(place: Place) -> None:
    """A list of no runs is empty, and no folder comes of asking."""
    assert place.store.runs() == ()
    assert not place.folder.exists()


def test_runs_are_listed_newest_first(place: Place) -> None:
    """With the state that their journals lead to."""
    place.run("20260101-000000-aaaaaa")
    place.run("20260102-000000-bbbbbb", whole=False)
    newest, oldest = place.store.runs()

    assert (newest.run_id, newest.state) == ("20260102-000000-bbbbbb", RunState.INTERRUPTED)
    assert (oldest.run_id, oldest.state) == ("20260101-000000-aaaaaa", RunState.DONE)
    assert oldest.ended is not None
    assert newest.ended is None


def test_plan_and_backup_are_in_the_index(place: Place) -> None:
    """Whoever looks for them needs no journal."""
    place.run("r1")
    ((run_id, plan),) = place.rows("plans")

    assert (run_id, json.loads(str(plan))) == ("r1", PLAN)
    assert place.rows("backups") == [("r1", "CN=a", '{"cn": ["a"]}')]
    assert [(number, outcome) for _, number, outcome, *_ in place.rows("steps")] == [
        (1, "done"),
        (2, "done"),
    ]


def test_files_are_for_their_owner_only(place: Place) -> None:
    """Attribute values and security descriptors lie in them."""
    with place.store.begin("r1") as journal:
        begin(journal, "r1")
        files = [path for path in place.folder.rglob("*") if path.is_file()]
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in files}

    assert set(modes.values()) == {0o600}
    assert {"runs.sqlite", "runs.sqlite-wal", "r1.jsonl"} <= set(modes)
    assert stat.S_IMODE(place.folder.stat().st_mode) == 0o700


def test_a_run_is_found_by_the_beginning_of_its_id_or_as_the_last(place: Place) -> None:
    """What could be two, or none, is told."""
    for run_id in ("20260101-1", "20260101-12", "20260202-1"):
        place.run(run_id)

    assert place.store.find("last").run_id == "20260202-1"
    assert place.store.find("20260202").run_id == "20260202-1"
    assert place.store.find("20260101-1").run_id == "20260101-1"
    with pytest.raises(RunNotFoundError, match="20260101-12, 20260101-1"):
        place.store.find("2026010")
    for name in ("1999", ""):
        with pytest.raises(RunNotFoundError):
            place.store.find(name)


def test_a_run_at_work_is_running_and_nobody_else_may_take_it_up(place: Place) -> None:
    """The lock goes with the process, so a run whose process is gone is interrupted."""
    with place.store.begin("r1") as journal:
        begin(journal, "r1")
        assert place.store.runs()[0].state is RunState.RUNNING
        with pytest.raises(RunBusyError), place.store.go_on("r1"):
            pass

    assert place.store.runs()[0].state is RunState.INTERRUPTED


def test_a_run_that_is_taken_up_goes_on_in_the_same_journal(place: Place) -> None:
    """Events follow on those before, in journal and index."""
    place.run("r1", whole=False)
    with place.store.go_on("r1") as journal:
        journal.append("run-resumes")
        journal.append("step-begins", number=2, stage="gpo", object="o")
        journal.append("step-ends", number=2, outcome="done", ids={})
        journal.append("run-ends", error=None)

    assert place.store.runs()[0].state is RunState.DONE
    assert [event.kind for event in place.store.events("r1")].count("step-ends") == 2


def test_a_torn_last_line_is_left_out_and_cut_off(place: Place) -> None:
    """It never counted: the next line takes its place."""
    place.run("r1", whole=False)
    path = place.journal("r1")
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"event":"step-beg')

    assert read_journal(path).torn
    assert len(place.store.events("r1")) == 4
    with place.store.go_on("r1") as journal:
        journal.append("run-resumes")
    assert path.read_bytes().startswith(whole + b'{"event": "run-resumes"')
    assert not read_journal(path).torn


@given(cut=st.integers(0, 2000))
def test_a_journal_cut_anywhere_gives_its_whole_lines(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    """Whatever the power left of the file, what was finished is read and no more."""
    place = Place(tmp_path_factory.mktemp("cut"))
    place.run("r1")
    path = place.journal("r1")
    content = path.read_bytes()
    kept = content[: min(cut, len(content))]
    path.write_bytes(kept)

    assert len(read_journal(path).events) == kept.count(b"\n")


@pytest.mark.parametrize("change", [b"done", b'"number"', b"\n"])
def test_a_damaged_line_in_the_middle_is_named(place: Place, change: bytes) -> None:
    """One error with file and number of the line; the list says so and goes on."""
    place.run("r1")
    place.run("r2")
    path = place.journal("r1")
    path.write_bytes(path.read_bytes().replace(change, b"x", 1))
    place.index.unlink()
    damaged = 1 if change == b"\n" else (4 if change == b"done" else 3)

    with pytest.raises(DamagedJournalError, match=f"in line {damaged}:") as caught:
        place.store.events("r1")
    assert str(path) in str(caught.value)
    assert [record.run_id for record in place.store.runs()] == ["r2"]
    assert any(f"line {damaged}" in text for text in place.said)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "overwritten": lambda path: path.write_bytes(b"this is no database" * 300),
    "cut": lambda path: os.truncate(path, path.stat().st_size // 2),
    "holes": lambda path: path.write_bytes(
        path.read_bytes()[:4096] + b"\xff" * 23000 + path.read_bytes()[27096:]
    ),
    "header": lambda path: path.write_bytes(b"\0" * 100 + path.read_bytes()[100:]),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_store_is_set_aside_and_built_anew(place: Place, damage: str) -> None:
    """From the journals comes the same content, and what happened is said."""
    place.run("r1")
    place.run("r2", whole=False)
    place.store.runs()
    before = place.content()
    DAMAGES[damage](place.index)
    again = Place(place.folder)

    assert [record.run_id for record in again.store.runs()] == ["r2", "r1"]
    assert again.content() == before
    assert any("set aside as runs.sqlite.damaged-" in text for text in again.said)
    assert len(list(place.folder.glob("runs.sqlite.damaged-*"))) >= 1


def test_a_missing_store_is_built_anew(place: Place) -> None:
    """The journals are the truth."""
    place.run("r1")
    before = place.content()
    place.index.unlink()

    assert len(place.store.runs()) == 1
    assert place.content() == before


def test_runs_without_a_journal_are_saved_from_a_damaged_store(place: Place) -> None:
    """What can still be read of them is taken along."""
    place.run("r1")
    place.run("r2")
    place.journal("r1").unlink()
    connection = sqlite3.connect(place.index)
    (root,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name='hosts'").fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    with place.index.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * size)

    with opened(place.index) as opened_store:
        # A list of a large store looks over no more than it reads.
        check(opened_store, "runs")
        with pytest.raises(DamagedStoreError):
            check(opened_store)
    assert [record.run_id for record in place.store.runs()] == ["r2", "r1"]
    assert any("without their journals: r1" in text for text in place.said)


def test_a_store_behind_its_journals_is_put_right(place: Place) -> None:
    """A process may die between the line in the journal and the row in the index."""
    place.run("r1", whole=False)
    with JsonlJournal(place.journal("r1"), SteppingClock(), new=False) as journal:
        journal.append("step-begins", number=2, stage="gpo", object="o")
        journal.append("step-ends", number=2, outcome="done", ids={})
        journal.append("run-ends", error=None)

    assert place.store.runs()[0].state is RunState.DONE
    assert len(place.rows("steps")) == 2


def test_an_older_store_is_brought_up_to_date(place: Place) -> None:
    """Every version on the way leads to the present tables."""
    place.folder.mkdir()
    for version in range(VERSION):
        place.index.unlink(missing_ok=True)
        connection = sqlite3.connect(place.index)
        for script in MIGRATIONS[:version]:
            connection.executescript(script)
        connection.execute(f"PRAGMA user_version = {version}")
        connection.close()
        with opened(place.index) as found:
            assert version_of(found) == VERSION
            assert found.execute("SELECT count(*) FROM runs").fetchone() == (0,)


OLD_RUN = (
    *("r0", "apply", "p", "d", "dc1", "done", NOON.isoformat(), NOON.isoformat(), None, None),
    *(2, 1, json.dumps(PLAN)),
)


def make_store_of_version_1(index: Path) -> None:
    """Make an index as the first version did, with one run in it."""
    connection = sqlite3.connect(index)
    connection.executescript(MIGRATIONS[0])
    connection.execute("INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", OLD_RUN)
    connection.execute("INSERT INTO hosts VALUES ('r0', 'vm1', 'done', '', ?)", (NOON.isoformat(),))
    connection.execute("PRAGMA user_version = 1")
    connection.commit()
    connection.close()


def test_an_older_store_keeps_its_runs(place: Place) -> None:
    """Runs, plans and hosts of a store of version 1 are there after the first look."""
    place.folder.mkdir()
    make_store_of_version_1(place.index)
    (found,) = place.store.runs()

    assert (found.run_id, found.state, found.steps) == ("r0", RunState.DONE, 2)
    assert place.rows("plans") == [("r0", json.dumps(PLAN))]
    assert place.rows("hosts") == [("r0", "vm1", "done", "", NOON.isoformat())]


def test_runs_without_a_journal_are_saved_from_a_damaged_older_store(place: Place) -> None:
    """Also where plans stood in another table."""
    place.folder.mkdir()
    make_store_of_version_1(place.index)
    aside = place.index.with_name("aside")
    place.index.rename(aside)
    with opened(place.index) as connection:
        salvage(aside, connection, (), place.said.append)

    assert [record.run_id for record in place.store.runs()] == ["r0"]
    assert place.rows("plans") == [("r0", json.dumps(PLAN))]
    assert len(place.rows("hosts")) == 1


def test_a_newer_store_is_left_alone(place: Place) -> None:
    """It is neither read wrong nor set aside."""
    place.run("r1")
    connection = sqlite3.connect(place.index)
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    before = place.index.read_bytes()

    with pytest.raises(BackendError, match="newer version"):
        place.store.runs()
    assert place.index.read_bytes() == before


WRITER = """
import sys
from pathlib import Path
from tests.adapters.test_run_store import Place
place = Place(Path(sys.argv[1]))
for number in range(8):
    place.run(f"{sys.argv[2]}{number}")
    place.store.runs()
"""


def test_processes_share_a_store(place: Place) -> None:
    """Four at once record runs and read the list, also while the store is made: nothing is lost."""
    processes = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(place.folder), name]) for name in "abcd"
    ]
    codes = [process.wait(timeout=60) for process in processes]

    assert codes == [0] * 4
    assert {record.run_id for record in place.store.runs()} == {
        f"{name}{number}" for name in "abcd" for number in range(8)
    }
    assert len(place.rows("steps")) == 64


def test_a_folder_that_can_not_be_made_is_told(tmp_path: Path) -> None:
    """A file stands where the state folder ought to be."""
    (tmp_path / "state").write_text("in the way")
    place = Place(tmp_path / "state")

    with pytest.raises(JournalError, match="--state"), place.store.begin("r1"):
        pass
