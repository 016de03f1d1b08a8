"""The guard's promises, with a harmless program in Samba's place."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ipsec_orchestrator.lab.domain import guard
from ipsec_orchestrator.lab.domain.prerequisites import missing_prerequisites
from tests.lacking import lacking

pytestmark = pytest.mark.lab

READ_ALL = "import sys; print('up', flush=True); sys.stdin.read(); sys.exit(3)"
STUBBORN = "import signal, sys; print('up', flush=True); signal.pause()"


@pytest.fixture(autouse=True)
def _namespaces_are_allowed(tmp_path: Path) -> None:
    missing = [item for item in missing_prerequisites(tmp_path) if not item.packages]
    if missing:
        lacking(missing[0].sentence)


def start(tmp_path: Path, code: str, target: Path | None = None) -> subprocess.Popen[bytes]:
    """Start a Python program under guard, with ``tmp_path`` mounted at ``target``."""
    command = [sys.executable, "-I", str(Path(guard.__file__)), str(tmp_path / "lock")]
    mount = [str(tmp_path), str(target or tmp_path)]
    program = [sys.executable, "-I", "-c", code]
    return subprocess.Popen(
        [*command, *mount, *program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


def test_end_of_input_ends_the_program(tmp_path: Path) -> None:
    """Closing the guard's input closes the program's, whose exit code becomes the guard's."""
    with start(tmp_path, READ_ALL) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == b"up\n"
        assert (tmp_path / "lock").read_text(encoding="ascii") == str(running.pid)
        running.communicate(timeout=20)

    assert running.returncode == 3


def test_sigterm_ends_the_program(tmp_path: Path) -> None:
    """SIGTERM to the guard ends the program in the same gentle way."""
    with start(tmp_path, READ_ALL) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == b"up\n"
        os.kill(running.pid, signal.SIGTERM)

        assert running.wait(20) == 3


def test_program_that_will_not_end_is_killed(tmp_path: Path) -> None:
    """After the grace period the namespace is killed, and the guard says so by its exit code."""
    with start(tmp_path, STUBBORN) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == b"up\n"
        running.communicate(timeout=guard.GRACE_SECONDS + 20)

    assert running.returncode == -signal.SIGKILL & 0xFF


def test_second_guard_of_the_same_lock_is_refused(tmp_path: Path) -> None:
    """While one guard lives a second one leaves at once with its own exit code."""
    with start(tmp_path, READ_ALL) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"up\n"
        with start(tmp_path, READ_ALL) as second:
            second.communicate(timeout=20)

        assert second.returncode == guard.EXIT_LOCKED
        first.communicate(timeout=20)


def test_folder_is_mounted_for_the_program_alone(tmp_path: Path) -> None:
    """The program sees the folder at the other place; outside of it there is none."""
    target = tmp_path / "target"
    target.mkdir()
    (tmp_path / "file").touch()
    code = f"import os; print(sorted(os.listdir({str(target)!r})), flush=True)"
    with start(tmp_path, code, target) as running:
        seen = running.communicate(timeout=20)[0]

    assert seen.strip() == b"['file', 'lock', 'target']"
    assert list(target.iterdir()) == []


def test_program_that_does_not_exist_is_told(tmp_path: Path) -> None:
    """A program that can't be started gives the exit code for that and a sentence."""
    command = [sys.executable, "-I", str(Path(guard.__file__)), str(tmp_path / "lock")]
    done = subprocess.run(
        [*command, str(tmp_path), str(tmp_path), "/does/not/exist"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=20,
        check=False,
    )

    assert done.returncode == guard.EXIT_FAILED
    assert b"No such file" in done.stderr
