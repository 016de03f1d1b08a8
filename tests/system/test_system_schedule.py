"""What a schedule starts, in a real domain: with nothing of a user's session but its credentials."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ipsec_orchestrator.lab.domain.tools import run_in_lab
from tests.system.conftest import PLAYBOOK, Laboratory, MakeLab, document

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

ONE = ("--limit", "vm1")


def without_cache(content: dict[str, Any]) -> None:
    """Take the lab's credential cache out of the inventory."""
    del content["domain"]["credentials"]["ccache"]


@pytest.fixture(scope="module")
def applied(make_lab: MakeLab) -> Laboratory:
    """A lab of its own where the how-to was applied."""
    made = make_lab("schedule")
    made.apply(*ONE)
    return made


@pytest.fixture
def inventory(applied: Laboratory) -> Path:
    """Its inventory, without anything to log on with."""
    return applied.variant("nobody", without_cache)


@pytest.fixture
def keytab(applied: Laboratory, tmp_path: Path) -> Path:
    """The Administrator's keytab, which nobody else may read."""
    path = tmp_path / "watch.keytab"
    conf = str(applied.layout.smb_conf)
    words = ["samba-tool", "domain", "exportkeytab", str(path), "--principal=Administrator"]
    run_in_lab(applied.layout, [*words, "-s", conf])
    path.chmod(0o600)
    return path


def install(lab: Laboratory, inventory: Path, *words: str | Path) -> dict[str, Any]:
    """Write a schedule for review."""
    place = ("-i", inventory, "--state", lab.state_dir, *ONE, "--mode", "report", "--json")
    said = lab.orchestrate("schedule", "install", PLAYBOOK, *place, *words)
    assert said.returncode == 0, said.stderr
    return document(said)


def as_a_scheduler(*words: str, home: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Start a command with as little around it as cron leaves."""
    return subprocess.run(
        list(words),
        cwd=home,
        env={"PATH": "/usr/bin:/bin", "HOME": str(home), **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def outcomes(lab: Laboratory) -> list[str]:
    """How every pass that is recorded ended."""
    lines = [
        json.loads(line)
        for file in sorted((lab.state_dir / "passes").rglob("*.jsonl"))
        for line in file.read_text(encoding="utf-8").splitlines()
    ]
    return [line["outcome"] for line in lines if line.get("outcome")]


def test_the_line_of_cron_makes_a_pass(
    applied: Laboratory, inventory: Path, keytab: Path, tmp_path: Path
) -> None:
    """The shell that cron would start logs on with the keytab, looks, and leaves a record."""
    before = outcomes(applied)
    out = tmp_path / "out"
    install(applied, inventory, "--as", "cron", "--keytab", keytab, "--out", out)
    (file,) = out.iterdir()
    line = file.read_text(encoding="utf-8").splitlines()[2].split(" ", 5)[5]
    done = as_a_scheduler("/bin/sh", "-c", line, home=tmp_path)

    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert outcomes(applied) == [*before, "clean"]


@pytest.mark.parametrize("kind", ["password", "keytab"])
def test_what_is_handed_over_in_a_folder_is_enough(
    applied: Laboratory, inventory: Path, keytab: Path, tmp_path: Path, kind: str
) -> None:
    """With the folder that systemd and Kubernetes make, the same command makes a pass."""
    before = outcomes(applied)
    folder = tmp_path / "credentials"
    folder.mkdir()
    content = keytab.read_bytes() if kind == "keytab" else applied.admin_password.encode() + b"\n"
    (folder / f"ipsec-orchestrator.{kind}").write_bytes(content)
    made = install(
        *(applied, inventory, "--as", "systemd-user", "--keytab", keytab),
        *("--user", "Administrator@IPSECTEST.COM", "--out", tmp_path / "out"),
    )
    done = as_a_scheduler(
        *made["command"],
        home=tmp_path,
        CREDENTIALS_DIRECTORY=str(folder),
        IPSEC_ORCHESTRATOR_USER="Administrator@IPSECTEST.COM",
    )

    assert done.returncode == 0, done.stderr
    assert outcomes(applied) == [*before, "clean"]


def test_without_credentials_the_pass_fails_with_a_cure(
    applied: Laboratory, inventory: Path, keytab: Path, tmp_path: Path
) -> None:
    """Nobody is asked for anything: it ends, and says which ways there are."""
    made = install(
        *(applied, inventory, "--as", "systemd-user", "--keytab", keytab),
        *("--out", tmp_path / "out"),
    )
    done = as_a_scheduler(*made["command"], home=tmp_path, KRB5CCNAME=f"FILE:{tmp_path}/none")

    assert done.returncode == 1
    assert "keytab" in done.stdout
    assert "Traceback" not in done.stderr


def test_what_went_wrong_is_left_for_cron_to_mail(
    applied: Laboratory, inventory: Path, keytab: Path, tmp_path: Path
) -> None:
    """A pass that fails says why, where cron takes it from."""
    out = tmp_path / "out"
    install(applied, inventory, "--as", "cron", "--keytab", keytab, "--out", out)
    (file,) = out.iterdir()
    line = file.read_text(encoding="utf-8").splitlines()[2].split(" ", 5)[5]
    keytab.unlink()
    done = as_a_scheduler("/bin/sh", "-c", line, home=tmp_path)

    assert f"There is no keytab {keytab}" in done.stdout
