"""The record of passes on disk: what is in it, kills, damage, several processes."""

import signal
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipsec_orchestrator.adapters.pass_files import PassFiles
from ipsec_orchestrator.app.options import StatePlace
from ipsec_orchestrator.app.pass_store import pass_store
from ipsec_orchestrator.errors import JournalError, PassBusyError
from ipsec_orchestrator.model.drift import Difference, DriftKind, DriftReport, Unread
from ipsec_orchestrator.model.watch import PassOutcome, WatchPass
from ipsec_orchestrator.planning.drift.passfile import pass_from_json, pass_to_json
from tests.worlds import SteppingClock

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)
REPORT = DriftReport(
    differences=(
        Difference(
            kind=DriftKind.DRIFT,
            object="CN=ipsecFilter{1},CN=IP Security,CN=System,DC=corp",
            thing="filter list",
            name="web <script>alert(1)</script>",
            field="ports",
            expected="443",
            found="80\n\u2028",
            attribute="ipsecData",
            holder="CN=ipsecFilter{1},CN=IP Security,CN=System,DC=corp",
            when=NOON - timedelta(microseconds=1),
            where="dc1.corp",
            who="CORP\\Jürgen",
        ),
    ),
    unknown=(
        Unread(object="host7", reason="no answer", cure="switch it on"),
        Unread(object="host8", reason="no answer"),
    ),
    record="20260331-110000-abcdef",
)
MOMENTS = st.datetimes(timezones=st.just(UTC))
TEXTS = st.text(max_size=20)
REPORTS = st.builds(
    DriftReport,
    differences=st.lists(
        st.builds(
            Difference,
            kind=st.sampled_from(DriftKind),
            object=TEXTS,
            thing=TEXTS,
            name=TEXTS,
            field=TEXTS,
            expected=TEXTS,
            found=TEXTS,
            attribute=st.none() | TEXTS,
            holder=TEXTS,
            when=st.none() | MOMENTS,
            where=st.none() | TEXTS,
            who=st.none() | TEXTS,
        ),
        max_size=2,
    ).map(tuple),
    unknown=st.lists(
        st.builds(Unread, object=TEXTS, reason=TEXTS, cure=st.none() | TEXTS), max_size=2
    ).map(tuple),
    record=st.none() | TEXTS,
)
PASSES = st.builds(
    WatchPass,
    pass_id=TEXTS,
    playbook=TEXTS,
    domain=TEXTS,
    file=TEXTS,
    started=MOMENTS,
    ended=st.none() | MOMENTS,
    outcome=st.none() | st.sampled_from(PassOutcome),
    reason=TEXTS,
    report=REPORTS,
    members_read=st.lists(TEXTS, max_size=2).map(tuple),
    plan_file=TEXTS,
    run_id=TEXTS,
    alarms=st.lists(TEXTS, max_size=2).map(tuple),
    missed=st.integers(0, 9),
)


class Place:
    """A state folder, its record of passes, and what that said."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.store = PassFiles(folder, SteppingClock(), self.said.append)

    def one(self, started: datetime = NOON, playbook: str = "p", domain: str = "corp") -> WatchPass:
        """Record a whole pass."""
        with self.store.begin(playbook, domain, started) as log:
            done = ended(log.pass_id, started, playbook, domain)
            log.end(done)
        return done

    def file(self) -> Path:
        """Its only file."""
        (found,) = self.folder.glob("passes/*/*.jsonl")
        return found


def ended(pass_id: str, started: datetime, playbook: str = "p", domain: str = "corp") -> WatchPass:
    """A pass with something in every field."""
    return WatchPass(
        pass_id=pass_id,
        playbook=playbook,
        domain=domain,
        file="/etc/watch/p.yml",
        started=started,
        ended=started + timedelta(seconds=3),
        outcome=PassOutcome.REPAIRED,
        reason="because",
        report=REPORT,
        members_read=("vm1", "vm2"),
        plan_file="/tmp/plan.json",  # noqa: S108 - a text
        run_id="20260331-120001-abcdef",
        alarms=("look at this",),
        missed=2,
    )


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An empty state folder."""
    return Place(tmp_path / "state")


@given(done=PASSES)
def test_json_gives_a_pass_back(done: WatchPass) -> None:
    """Whatever it found, with every time to the microsecond."""
    assert pass_from_json(pass_to_json(done)) == done


def test_a_pass_of_an_earlier_version_is_read() -> None:
    """It does not say whose file it was."""
    done = ended("20260331-120000-000000", NOON)
    written = pass_to_json(done)
    del written["file"]

    assert pass_from_json(written) == replace(done, file="")


def test_looking_makes_nothing(place: Place) -> None:
    """There are no passes, and no folder comes of asking."""
    assert place.store.passes() == ()
    assert not place.folder.exists()


def test_what_was_recorded_is_read_by_the_next_process(place: Place) -> None:
    """Nothing of it is lost, and only the owner can read it."""
    done = place.one()

    assert pass_store(StatePlace(folder=place.folder)).passes() == (done,)
    kept = [path for path in place.folder.rglob("*") if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept} == {0o600}
    assert {stat.S_IMODE(path.parent.stat().st_mode) for path in kept} == {0o700}


def test_passes_are_chosen_by_playbook_domain_and_time(place: Place) -> None:
    """Newest first, over the ends of months."""
    later = NOON + timedelta(days=1)
    old = place.one(NOON)
    new = place.one(later)
    other = place.one(NOON + timedelta(minutes=1), playbook="q/../é")
    elsewhere = place.one(NOON + timedelta(minutes=2), domain="other.example")

    assert place.store.passes() == (new, elsewhere, other, old)
    assert place.store.passes(playbook="q/../é") == (other,)
    assert place.store.passes(domain="OTHER.example") == (elsewhere,)
    assert place.store.passes(playbook="p", domain="corp", since=later) == (new,)
    assert place.store.passes(since=NOON + timedelta(seconds=1)) == (new, elsewhere, other)
    assert {path.parent.parent for path in place.folder.rglob("*.jsonl")} == {
        place.folder / "passes"
    }


def test_a_pass_that_did_not_end_is_open(place: Place) -> None:
    """An exception in the middle leaves it without an end and in nobody's way."""
    with pytest.raises(ZeroDivisionError), place.store.begin("p", "corp", NOON):
        raise ZeroDivisionError
    done = place.one(NOON + timedelta(minutes=1))
    newest, killed = place.store.passes()

    assert newest == done
    assert (killed.started, killed.ended, killed.outcome) == (NOON, None, None)


def test_ids_differ_when_the_clock_is_set_back(place: Place) -> None:
    """Two passes that began at the same moment are two."""
    ids = {place.one().pass_id for _ in range(4)}

    assert len(ids) == 4
    assert len(place.store.passes()) == 4


def test_two_passes_of_a_playbook_are_never_at_once(place: Place) -> None:
    """The second one is refused; another playbook or domain is in nobody's way."""
    with place.store.begin("p", "corp", NOON):
        with pytest.raises(PassBusyError), place.store.begin("p", "CORP", NOON):
            pass
        place.one(playbook="q")
        place.one(domain="elsewhere")

    assert len(place.store.passes()) == 3


def test_a_torn_last_line_is_cut_off(place: Place) -> None:
    """It was never counted: the next pass writes in its place."""
    done = place.one()
    path = place.file()
    path.write_bytes(path.read_bytes() + b'{"event": "pass-beg')

    assert place.store.passes() == (done,)
    after = place.one(NOON + timedelta(minutes=1))
    assert place.store.passes() == (after, done)
    assert place.said == []


@given(cut=st.integers(0, 4000))
def test_a_file_cut_anywhere_keeps_its_whole_passes(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    """Whatever the power left of it, what was finished is read, and the next pass works."""
    place = Place(tmp_path_factory.mktemp("cut"))
    all_of_them = [place.one(NOON + timedelta(minutes=number)) for number in range(2)]
    path = place.file()
    kept = path.read_bytes()[:cut]
    path.write_bytes(kept)
    whole = kept.count(b"\n") // 2
    later = place.one(NOON + timedelta(minutes=9))
    found = place.store.passes()

    assert found[0] == later
    assert [each for each in found[1:] if each.ended] == all_of_them[:whole][::-1]


def test_a_damaged_line_takes_no_other_with_it(place: Place) -> None:
    """It is told by its number; the next pass sets the file aside and keeps the others."""
    first, second, third = (place.one(NOON + timedelta(minutes=number)) for number in range(3))
    path = place.file()
    lines = path.read_bytes().splitlines(keepends=True)
    lines[3] = lines[3].replace(b"because", b"Because")
    damaged = b"".join(lines)
    path.write_bytes(damaged)

    assert [each for each in place.store.passes() if each.ended] == [third, first]
    assert place.said == [f"{path} is damaged in line 4; the rest is read."]
    later = place.one(NOON + timedelta(minutes=5))
    assert "set aside" in place.said[-1]
    (aside,) = path.parent.glob("*.damaged-*")
    assert aside.read_bytes() == damaged
    place.said.clear()
    assert [each for each in place.store.passes() if each.ended] == [later, third, first]
    assert [each.started for each in place.store.passes() if not each.ended] == [second.started]
    assert place.said == []


def test_a_folder_that_can_not_be_made_is_told(tmp_path: Path) -> None:
    """A file stands where the state folder ought to be."""
    (tmp_path / "state").write_text("in the way")
    place = Place(tmp_path / "state")

    with pytest.raises(JournalError, match="--state"), place.store.begin("p", "corp", NOON):
        pass


WATCHER = """
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tests.adapters.test_pass_files import NOON, Place, ended
place = Place(Path(sys.argv[1]))
begin = NOON + timedelta(minutes=int(sys.argv[2]))
print("ready", flush=True)
for number in range(int(sys.argv[3])):
    started = begin + timedelta(seconds=number)
    with place.store.begin("p", "corp", started) as log:
        print("in", flush=True)
        log.end(ended(log.pass_id, started))
        print(started.isoformat(), flush=True)
"""


@pytest.mark.parametrize("lines", [2, 3, 4, 9, 20])
def test_a_killed_process_loses_nothing_and_blocks_nobody(place: Place, lines: int) -> None:
    """After SIGKILL every pass whose end was acknowledged is there, and the next one begins."""
    process = subprocess.Popen(
        [sys.executable, "-c", WATCHER, str(place.folder), "0", "100000"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    said = [process.stdout.readline().strip() for _ in range(lines)]
    process.send_signal(signal.SIGKILL)
    said += process.stdout.read().splitlines()
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL
    later = place.one(NOON + timedelta(days=2))
    found = place.store.passes()

    acknowledged = [word for word in said if word.startswith("2026")]
    recorded = [each.started.isoformat() for each in found if each.ended]
    assert recorded[0] == later.started.isoformat()
    assert recorded[1:][::-1][: len(acknowledged)] == acknowledged
    assert len(recorded) - 1 - len(acknowledged) in {0, 1}
    assert sum(each.ended is None for each in found) <= 1
    assert place.said == []


def test_a_process_in_a_pass_keeps_others_out_until_it_is_killed(place: Place) -> None:
    """The lock is the system's, so it goes with the process."""
    program = (
        "import sys; from pathlib import Path; from tests.adapters.test_pass_files import *\n"
        "with Place(Path(sys.argv[1])).store.begin('p', 'corp', NOON):\n"
        "    print('in', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(place.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "in\n"
        with pytest.raises(PassBusyError, match="looking after p"):
            place.one()
        process.kill()
    done = place.one(NOON + timedelta(minutes=1))

    newest, killed = place.store.passes()
    assert newest == done
    assert killed.ended is None


SHARING = """
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from ipsec_orchestrator.errors import PassBusyError
from tests.adapters.test_pass_files import NOON, Place
place = Place(Path(sys.argv[1]))
number = 0
while number < 8:
    try:
        done = place.one(NOON + timedelta(minutes=int(sys.argv[2]), seconds=number))
    except PassBusyError:
        continue
    print(done.started.isoformat(), flush=True)
    number += 1
"""


def test_processes_share_a_record(place: Place) -> None:
    """Four at once, each pass in one of them: what was acknowledged is there, no line is torn."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", SHARING, str(place.folder), str(number)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    said = [process.communicate(timeout=60)[0].split() for process in processes]

    assert [process.returncode for process in processes] == [0] * 4
    recorded = {each.started.isoformat() for each in place.store.passes() if each.ended}
    assert recorded == {word for words in said for word in words}
    assert len(recorded) == 4 * 8
    assert place.said == []
