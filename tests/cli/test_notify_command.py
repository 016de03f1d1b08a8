"""``orchestrate notify`` as a process: who got the trial, and nothing of where it went."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.receivers import web_receiver

ROOT = Path(__file__).parents[2]


def notify(
    *words: str | Path, folder: Path, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "ipsec_orchestrator", "notify", *map(str, words)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
        timeout=120,
        check=False,
    )


@pytest.fixture
def receivers(tmp_path: Path) -> Path:
    """An empty list of receivers that only its owner can read."""
    path = tmp_path / "notify.conf"
    path.touch(mode=0o600)
    return path


def test_everybody_gets_the_trial(tmp_path: Path, receivers: Path) -> None:
    """People and logs, each named without its address."""
    with web_receiver(None) as web:
        receivers.write_text(f"json://u:T0PSECRET@127.0.0.1:{web.port}/x\n", encoding="utf-8")
        done = notify(
            "--notify-config", receivers, "--event-log", "ecs:log.json", "--json", folder=tmp_path
        )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "channels": [
            {"channel": "receiver 1 (JSON)", "delivered": True, "error": ""},
            {"channel": "the log log.json", "delivered": True, "error": ""},
        ]
    }
    assert web.taken[0]["title"] == "Note: ipsec_orchestrator: a trial"
    assert json.loads((tmp_path / "log.json").read_text(encoding="utf-8"))["event.code"] == "718"
    assert "T0PSECRET" not in done.stdout + done.stderr


def test_who_does_not_get_it_is_said(tmp_path: Path) -> None:
    """Exit code 1, the reason in words, and nothing of the address that is secret."""
    with web_receiver(None) as web:
        web.status = 403
        address = f"json://u:T0PSECRET@127.0.0.1:{web.port}/T0PSECRET"
        done = notify(folder=tmp_path, environment={"IPSEC_ORCHESTRATOR_NOTIFY": address})

    assert done.returncode == 1
    assert "receiver 1 (JSON) could not be told: it answered with status 403" in done.stdout
    assert "T0PSECRET" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "mode", "said"),
    [
        ([], 0o600, "There is nobody to tell."),
        (["--notify-config", "notify.conf"], 0o644, "may be read by others (mode 0644)"),
        (["--notify-config", "none.conf"], 0o600, "none.conf can't be read"),
        (["--notify-config", "notify.conf"], 0o600, "line 1"),
        (["--event-log", "nonsense"], 0o600, "there is no such log"),
    ],
)
def test_what_cannot_be_used_is_a_wrong_usage(
    words: list[str], mode: int, said: str, tmp_path: Path, receivers: Path
) -> None:
    """Exit code 64, one sentence with a cure, and never the content of the file."""
    receivers.write_text("nope://T0PSECRET\n", encoding="utf-8")
    receivers.chmod(mode)
    done = notify(*words, folder=tmp_path, environment={"IPSEC_ORCHESTRATOR_NOTIFY": ""})

    assert done.returncode == 64
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "T0PSECRET" not in done.stdout + done.stderr
