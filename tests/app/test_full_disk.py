"""A disk that is really full: a file system of a few pages, or a limit on the size of files."""

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ipsec_orchestrator.app.carry_out import carry_out, carry_out_in
from ipsec_orchestrator.app.earlier_runs import make_rollback_plan, read_run, resume
from ipsec_orchestrator.app.options import StatePlace
from ipsec_orchestrator.app.run_store import run_store
from ipsec_orchestrator.errors import JournalError
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.model.run import RunState
from tests.lacking import lacking
from tests.worlds import ListObserver, MemoryDomain

SMALL_KIB = 1600


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system that has hardly any room."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SMALL_KIB}k", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if not mounted or mounted.returncode:
        lacking("no right to mount a small file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def filled(folder: Path, *, but: int) -> Path:
    """Fill a file system, but for some bytes."""
    path = folder / "filler"
    free = os.statvfs(folder)
    path.write_bytes(b"\0" * max(0, free.f_bavail * free.f_frsize - but))
    return path


@pytest.mark.parametrize("room", [0, 110_000, 150_000, 190_000])
def test_a_full_disk_stops_the_run_before_its_next_write(
    howto: Playbook, domain: MemoryDomain, small_disk: Path, room: int
) -> None:
    """The error says so; with room again the run is resumed, or taken back, exactly."""
    pristine = domain.snapshot()
    place = StatePlace(folder=small_disk / "state")
    filler = filled(small_disk, but=room)
    world, whole = domain.counting()
    with pytest.raises(JournalError, match=r"can't be written: .*(space|full)"):
        carry_out(domain.plan(howto), world, place, ListObserver())
    written = [text for text in whole.writes if "run lock" not in text.casefold()]
    filler.unlink()
    store = run_store(place, domain.clock)
    runs = store.runs()
    if not runs or not runs[0].begun:
        assert domain.snapshot() == pristine
        return

    assert runs[0].state is RunState.INTERRUPTED
    begun = sum(event.kind == "step-begins" for event in store.events(runs[0].run_id))
    assert len(written) <= begun + 2  # the lock is taken and released
    found = read_run(store, "last")
    report = resume(found, domain.world, store, ListObserver())
    assert report is not None
    assert report.error is None
    assert domain.plan(howto).steps == ()
    again = read_run(store, "last")
    plan = make_rollback_plan(again, domain.world, store)
    carry_out_in(plan, domain.world, store, ListObserver(), undoes=again.record.run_id)
    assert domain.snapshot() == pristine


LIMITED = """
import resource, sys
from pathlib import Path
from ipsec_orchestrator.adapters.jsonl_journal import JsonlJournal, read_journal
from ipsec_orchestrator.errors import JournalError
from tests.worlds import SteppingClock
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
path = Path(sys.argv[1])
with JsonlJournal(path, SteppingClock()) as journal:
    written = 0
    try:
        while True:
            journal.append("step-begins", number=written, object="o" * 90)
            written += 1
    except JournalError as error:
        print(error)
    assert not read_journal(path).torn
    assert len(read_journal(path).events) == written > 2
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    journal.append("step-ends", number=written)
assert len(read_journal(path).events) == written + 1
"""


def test_half_a_line_is_taken_back(tmp_path: Path) -> None:
    """Where only part of a line found room the file is as before it, and goes on from there."""
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 1000
    said = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path / "r1.jsonl")],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert said.returncode == 0, said.stderr
    assert "can't be written: File too large" in said.stdout
