"""What every command says while a run waits for its confirmation, and after that."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ipsec_orchestrator.adapters.confirmation_folder import ConfirmationFolder
from ipsec_orchestrator.cli.entry import run
from ipsec_orchestrator.cli.exit_codes import Exit
from ipsec_orchestrator.errors import BackendError
from ipsec_orchestrator.model.confirmation import PendingConfirmation

ROOT = Path(__file__).parents[2]
INVENTORY = str(ROOT / "inventory")
PLAYBOOK = str(ROOT / "playbooks" / "azure-onpremises.yml")
RUN = "20261126-120000-abc123"


def pending(left: timedelta, *, run_id: str = RUN) -> PendingConfirmation:
    """A run of which so much time is left."""
    return PendingConfirmation(
        run_id=run_id,
        playbook="azure-onpremises",
        domain="ipsectest.com",
        deadline=datetime.now(UTC) + left,
        hosts=("vm1", "host1"),
    )


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state folder in which a run waits, for ten minutes."""
    ConfirmationFolder(tmp_path / "confirmations").put(pending(timedelta(minutes=10)))
    return tmp_path


@pytest.mark.parametrize("words", [["--state", "{}"], ["--state={}"]])
def test_commands_tell_of_what_waits(
    state: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """On stderr, with the time left, and how to keep it or take it back; stdout is untouched."""
    code = run(["runs", "--json", *(word.format(state) for word in words)])
    said = capsys.readouterr()

    assert code == Exit.DONE
    assert json.loads(said.out) == []
    assert f"Run {RUN} waits for its confirmation: 9:" in said.err
    assert "vm1, host1" in said.err
    assert f"orchestrate confirm {RUN}" in said.err
    assert f"orchestrate rollback {RUN}" in said.err


def test_commands_without_the_option_tell_too(
    state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The environment names the folder for commands that have no such option."""
    monkeypatch.setenv("IPSEC_ORCHESTRATOR_STATE", str(state))
    code = run(["hosts", "-i", INVENTORY, "--json"])
    said = capsys.readouterr()

    assert code == Exit.DONE
    assert "waits for its confirmation" in said.err
    json.loads(said.out)


def test_after_the_deadline_commands_say_what_to_do(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run that was not confirmed is told of until members are put right."""
    folder = ConfirmationFolder(state / "confirmations")
    folder.put(pending(timedelta(minutes=-1)))
    run(["runs", "--state", str(state)])
    said = capsys.readouterr()

    assert f"Run {RUN} was not confirmed by" in said.err
    assert f"orchestrate restore-members {RUN} --keep-policy" in said.err


@pytest.mark.parametrize("words", [["--help"], ["runs", "-h"], ["completion", "bash"]])
def test_help_and_completion_stay_as_they_are(
    state: Path,
    words: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whoever asks about the program itself is told nothing else."""
    monkeypatch.setenv("IPSEC_ORCHESTRATOR_STATE", str(state))
    run(words)

    assert "confirmation:" not in capsys.readouterr().err


def test_a_confirmation_that_comes_too_late_is_refused(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """After the deadline nothing is connected to, and the way on is named."""
    ConfirmationFolder(state / "confirmations").put(pending(timedelta(minutes=-1)))
    code = run(["confirm", "last", "-i", INVENTORY, "--state", str(state), "--yes", "--json"])
    said = capsys.readouterr()

    assert code == Exit.ERROR
    assert "had to be confirmed by" in json.loads(said.out)["error"]


def test_last_needs_something_that_waits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a run that waits, ``last`` means nothing, and the message says where an id stands."""
    code = run(["confirm", "last", "-i", INVENTORY, "--state", str(tmp_path), "--yes"])

    assert code == Exit.USAGE
    assert "the name of the task on each member" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["confirm", "restore-members"])
def test_nobody_is_asked_where_nobody_is(
    state: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a terminal ``--yes`` has to be given."""
    code = run([command, RUN, "-i", INVENTORY, "--state", str(state)])

    assert code == Exit.USAGE
    assert "--yes" in capsys.readouterr().err


@pytest.mark.parametrize("words", ["15", "m", "0s", "25h", "fifteen", ""])
def test_a_time_that_is_none_is_wrong_usage(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither a bare number nor more than a day; the message shows how to write it."""
    code = run(["plan", PLAYBOOK, "-i", INVENTORY, "--confirm-within", words])

    assert code == Exit.USAGE
    assert "confirm-within" in capsys.readouterr().err


def test_a_removal_is_not_confirmed(capsys: pytest.CaptureFixture[str]) -> None:
    """What takes a policy away can't be undone by taking a policy away."""
    code = run(["plan", PLAYBOOK, "-i", INVENTORY, "--remove", "--confirm-within", "15m"])

    assert code == Exit.USAGE
    assert "not for a removal" in capsys.readouterr().err


def test_what_waits_is_kept_and_forgotten(tmp_path: Path) -> None:
    """Runs come back as they were put, soonest first; one without hosts is gone."""
    folder = ConfirmationFolder(tmp_path / "state" / "confirmations")
    late, soon = pending(timedelta(hours=2), run_id="b"), pending(timedelta(hours=1), run_id="a")
    assert folder.all() == ()
    folder.put(late)
    folder.put(soon)
    both = folder.all()
    folder.put(replace(soon, hosts=()))
    folder.put(replace(soon, hosts=()))

    assert both == (soon, late)
    assert folder.all() == (late,)
    assert [path.suffix for path in folder.folder.iterdir()] == [".json"]


def test_a_folder_that_can_not_be_written_stops_the_run(tmp_path: Path) -> None:
    """What can't be remembered must not be begun."""
    (tmp_path / "confirmations").write_text("a file stands in the way")

    with pytest.raises(BackendError, match="can't be written"):
        ConfirmationFolder(tmp_path / "confirmations").put(pending(timedelta(hours=1)))
