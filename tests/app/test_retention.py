"""Old runs, passes and proofs go; what may still be asked for stays."""

import json
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ipsec_orchestrator.app.carry_out import carry_out_in
from ipsec_orchestrator.app.confirmations import confirmations
from ipsec_orchestrator.app.earlier_runs import check_open, make_rollback_plan, read_run
from ipsec_orchestrator.app.left_record import last_record
from ipsec_orchestrator.app.looking import Economy
from ipsec_orchestrator.app.options import StatePlace
from ipsec_orchestrator.app.pass_store import pass_store
from ipsec_orchestrator.app.proof_store import proof_store
from ipsec_orchestrator.app.retention import forget, needed_runs, what_may_go
from ipsec_orchestrator.app.run_store import run_store
from ipsec_orchestrator.cli.entry import run
from ipsec_orchestrator.cli.options import Connection
from ipsec_orchestrator.cli.reconciling import Reconciling
from ipsec_orchestrator.errors import RunBusyError
from ipsec_orchestrator.model.confirmation import PendingConfirmation
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.model.proof_record import ProofRecord
from ipsec_orchestrator.model.retention import Retention
from ipsec_orchestrator.model.run import RunState
from ipsec_orchestrator.ports import RunStore
from tests.adapters.test_run_store import WRITER
from tests.worlds import ListObserver, MemoryDomain, SteppingClock


class Place:
    """A state folder and the domain that its runs are about."""

    def __init__(self, folder: Path, domain: MemoryDomain) -> None:
        self.place = StatePlace(folder=folder)
        self.domain = domain

    @property
    def store(self) -> RunStore:
        """The store, opened anew."""
        return run_store(self.place, self.domain.clock)

    def apply(self, playbook: Playbook) -> str:
        """Apply and give the id of the run."""
        plan = self.domain.plan(playbook)
        return carry_out_in(plan, self.domain.world, self.store, ListObserver()).run_id

    def rollback(self) -> str:
        """Take the last run back and give the id of the run that did."""
        found = read_run(self.store, "last")
        check_open(found, self.store)
        plan = make_rollback_plan(found, self.domain.world, self.store)
        done = carry_out_in(
            plan, self.domain.world, self.store, ListObserver(), undoes=found.record.run_id
        )
        return done.run_id

    def ids(self) -> list[str]:
        """All runs, oldest first."""
        return [record.run_id for record in self.store.runs()][::-1]

    def prune(self, retention: Retention) -> list[str]:
        """Remove what may go and give what is left."""
        forget(what_may_go(self.place, self.store, retention, self.domain.clock.now()), self.store)
        return self.ids()


@pytest.fixture
def place(tmp_path: Path, domain: MemoryDomain) -> Place:
    """An empty state folder beside the how-to's domain."""
    return Place(tmp_path / "state", domain)


def described(playbook: Playbook, words: str) -> Playbook:
    """The playbook with another description of its policies."""
    return replace(
        playbook, policies=tuple(replace(each, description=words) for each in playbook.policies)
    )


def days(number: float) -> Retention:
    """Keep so many days."""
    return Retention(keep=timedelta(days=number))


def test_old_runs_go_and_the_last_one_stays(place: Place, howto: Playbook) -> None:
    """With the last one, drift still has its record, and rollback works as before."""
    before = place.domain.snapshot()
    first = place.apply(howto)
    between = place.domain.snapshot()
    place.domain.clock.wait(100 * 86400)
    second = place.apply(described(howto, "new words"))
    assert place.ids() == [first, second]

    assert place.prune(days(90)) == [second]
    place.domain.clock.wait(1000 * 86400)
    assert place.prune(days(1)) == [second]
    record = last_record(place.store, howto.name, "ipsectest.com")
    assert record is not None
    assert record.run_id == second
    undoing = place.rollback()
    assert place.ids() == [second, undoing]
    assert between.keys() == place.domain.snapshot().keys() != before.keys()
    place.domain.clock.wait(1000 * 86400)
    # What it left is the record for drift by then, so the run that was taken back may go.
    assert place.prune(days(1)) == [undoing]


def test_what_stays_is_told_with_the_reason(place: Place, howto: Playbook) -> None:
    """Rollback and drift need the last run."""
    first = place.apply(howto)
    place.domain.clock.wait(100 * 86400)
    found = what_may_go(place.place, place.store, days(1), place.domain.clock.now())

    assert found.runs == ()
    assert [kept.record.run_id for kept in found.kept] == [first]
    assert "drift" in found.kept[0].reason


def test_a_journal_that_was_just_removed_elsewhere_stops_nothing(
    place: Place, howto: Playbook
) -> None:
    """Another process prunes as well: what this one still has in its list is not there any more."""
    first = place.apply(howto)
    second = place.apply(described(howto, "two"))
    records = place.store.runs()
    (place.place.folder / "runs" / f"{second}.jsonl").unlink()
    needed = needed_runs(records, (), place.store)

    assert [record.run_id for record in records] == [second, first]
    assert needed == {second: "it can be taken back", first: "drift is told by what it left"}


def test_an_interrupted_run_stays(place: Place, howto: Playbook) -> None:
    """It can be resumed or taken back, however old it is; what drift needs stays with it."""
    first = place.apply(howto)
    second = place.apply(described(howto, "two"))
    begins, *_ = place.store.events(second)
    killed = "20990101-000000-abcdef"
    with place.store.begin(killed) as journal:
        journal.append("run-begins", **{**begins.fields, "run": killed})
        journal.append("step-begins", number=1, stage="gpo", object="o")
    place.domain.clock.wait(100 * 86400)

    assert place.store.find(killed).state is RunState.INTERRUPTED
    assert place.prune(days(1)) == [second, killed]
    assert first not in place.ids()


def test_a_run_that_waits_for_its_confirmation_stays(place: Place, howto: Playbook) -> None:
    """The members' tasks bear its id."""
    first = place.apply(howto)
    second = place.apply(described(howto, "two"))
    pending = PendingConfirmation(
        run_id=first,
        playbook=howto.name,
        domain="ipsectest.com",
        deadline=place.domain.clock.now(),
        hosts=("vm1",),
    )
    confirmations(place.place).put(pending)
    place.domain.clock.wait(100 * 86400)

    assert place.prune(days(1)) == [first, second]
    confirmations(place.place).put(replace(pending, hosts=()))
    assert place.prune(days(1)) == [second]


def test_so_many_runs_of_each_playbook_stay(place: Place, howto: Playbook) -> None:
    """With both limits a run goes only if neither keeps it."""
    ids = [place.apply(described(howto, f"number {number}")) for number in range(4)]
    assert place.prune(Retention(keep_last=3, keep=timedelta(days=1))) == ids
    assert place.prune(Retention(keep_last=3)) == ids[1:]
    assert place.prune(Retention()) == ids[1:]
    place.domain.clock.wait(2 * 86400)
    assert place.prune(Retention(keep_last=2, keep=timedelta(days=1))) == ids[2:]


def test_a_run_at_work_is_not_forgotten(place: Place, howto: Playbook) -> None:
    """Its journal is locked by the process that writes to it."""
    first = place.apply(howto)
    with place.store.go_on(first), pytest.raises(RunBusyError):
        place.store.forget([first])

    assert place.ids() == [first]


def test_a_run_that_is_forgotten_leaves_nothing(place: Place, howto: Playbook) -> None:
    """Neither a file nor a row; the index built anew does not know it either."""
    first = place.apply(howto)
    second = place.apply(described(howto, "two"))
    place.prune(Retention(keep_last=1))
    files = [path for path in place.place.folder.rglob("*") if first in path.name]
    index = place.place.folder / "runs.sqlite"

    assert files == []
    assert first.encode() not in index.read_bytes()
    index.unlink()
    assert place.ids() == [second]


KILLED = """
import os, signal, sys
from pathlib import Path
from ipsec_orchestrator.app.options import StatePlace
from ipsec_orchestrator.app.run_store import run_store
remove, left = Path.unlink, [int(sys.argv[2])]
def dying(path, *rest, **more):
    left[0] -= 1
    if left[0] < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    remove(path, *rest, **more)
Path.unlink = dying
run_store(StatePlace(folder=Path(sys.argv[1]))).forget(sys.argv[3:])
"""


@pytest.mark.parametrize("removed", [0, 1, 2])
def test_a_prune_that_is_killed_leaves_whole_runs(
    place: Place, howto: Playbook, removed: int
) -> None:
    """Each run is there with its journal or not at all, and the next prune ends the work."""
    ids = [place.apply(described(howto, f"number {number}")) for number in range(4)]
    words = [str(place.place.folder), str(removed), *ids[:3]]
    killed = subprocess.run([sys.executable, "-c", KILLED, *words], check=False)

    assert killed.returncode == -signal.SIGKILL
    assert place.ids() == ids[removed:]
    assert all(read_run(place.store, run_id).plan for run_id in place.ids())
    assert place.prune(Retention(keep_last=1)) == ids[3:]


def test_old_months_of_passes_and_proofs_go(place: Place) -> None:
    """Whole months, and never the newest one."""
    now = place.domain.clock.now()
    old = now - timedelta(days=100)
    for began in (old, now):
        with pass_store(place.place).begin("p", "corp", began):
            pass
    with pass_store(place.place).begin("q", "corp", old):
        pass
    proof_store(place.place).put(_proof(old))
    proof_store(place.place).put(_proof(now))
    place.prune(days(90))
    assert len(pass_store(place.place).passes()) == 3
    place.prune(days(30))

    assert [(each.playbook, each.started) for each in pass_store(place.place).passes()] == [
        ("p", now),
        ("q", old),
    ]
    assert [proof.began for proof in proof_store(place.place).proofs()] == [now]


def _proof(began: datetime) -> ProofRecord:
    return ProofRecord(
        proof_id=began.isoformat(), playbook="p", domain="corp", began=began, ended=began
    )


def test_the_command_shows_first_and_removes_if_told_to(
    place: Place, howto: Playbook, capfd: pytest.CaptureFixture[str]
) -> None:
    """Without --yes nothing goes; without a limit the usage is wrong."""
    first = place.apply(howto)
    second = place.apply(described(howto, "two"))
    state = ["--state", str(place.place.folder)]

    assert run(["runs", "prune", *state]) == 64
    assert run(["runs", "prune", "--keep", "soon", *state]) == 64
    capfd.readouterr()
    assert run(["runs", "prune", "--keep-last", "1", *state]) == 0
    shown = capfd.readouterr().out
    assert first in shown
    assert "--yes removes" in shown
    assert place.ids() == [first, second]
    assert run(["runs", "prune", "--keep-last", "1", "--yes", "--json", *state]) == 0
    assert json.loads(capfd.readouterr().out) == {
        "removed": True,
        "runs": [first],
        "kept": [],
        "files": [],
    }
    assert place.ids() == [second]


def test_the_watch_removes_what_is_old(place: Place, howto: Playbook) -> None:
    """With --keep after each pass, and without it never."""
    place.domain.clock.wait(-6 * 365 * 86400)
    first = place.apply(howto)
    second = place.apply(described(howto, "two"))
    connection = Connection(
        inventory=(), limit="vm1", user=None, dc=None, threads=1, world=place.domain.world
    )
    work = Reconciling(
        economy=Economy(),
        file=howto.file,
        connection=connection,
        mode="report",
        plans=None,
        state=str(place.place.folder),
        as_json=False,
    )
    work.once()
    assert place.ids() == [first, second]
    replace(work, keep=timedelta(days=30)).once()

    assert place.ids() == [second]
    assert len(pass_store(place.place).passes()) == 2


def test_runs_are_recorded_while_others_are_removed(tmp_path: Path) -> None:
    """Two processes record, this one prunes: no run that was just made is lost, none stays half."""
    place = StatePlace(folder=tmp_path)
    store = run_store(place)
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), name]) for name in "ab"
    ]
    try:
        while any(writer.poll() is None for writer in writers):
            now = SteppingClock().now()
            forget(what_may_go(place, store, Retention(keep_last=3), now), store)
    finally:
        codes = [writer.wait() for writer in writers]
    left = {record.run_id for record in store.runs()}

    assert codes == [0, 0]
    assert {"a7", "b7"} <= left
    assert {path.stem for path in (tmp_path / "runs").iterdir()} == left
    assert all(store.events(run_id)[-1].kind == "run-ends" for run_id in left)
