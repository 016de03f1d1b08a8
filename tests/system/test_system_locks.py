"""Two administrators at once: real processes, with state folders of their own, on one real DC."""

import json
import re
import signal
import subprocess
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.system.conftest import (
    IP_SECURITY_DN,
    PLAYBOOK,
    POLICY,
    PROGRAM,
    Laboratory,
    playbook_for,
)
from tests.system.test_system_story import dump, samba_checks

pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]

ROUNDS = 12
ONE_MEMBER = ("--limit", "vm1")
LOCK_FILTER = "(&(objectClass=container)(cn=orchestrateLock*))"


@dataclass(slots=True, kw_only=True)
class Run:
    """One process that was started, and what became of it."""

    process: subprocess.Popen[str]
    state: Path
    said: str = ""

    def end(self) -> int:
        """Wait for it and give its exit code."""
        self.said, _ = self.process.communicate(timeout=240)
        return self.process.returncode

    def events(self) -> list[dict[str, Any]]:
        """Everything in the journals of its state folder, in order."""
        found: list[dict[str, Any]] = []
        for path in sorted(self.state.rglob("*.jsonl")):
            # Who looks while the run is at work may see the half of a line.
            whole, _, _ = path.read_text(encoding="utf-8").rpartition("\n")
            found += [json.loads(line) for line in whole.splitlines()]
        return found

    def times(self) -> list[datetime]:
        """When it journaled anything about a step."""
        return [
            datetime.fromisoformat(event["time"])
            for event in self.events()
            if event["event"].startswith(("step-", "member-"))
        ]


def start(lab: Laboratory, state: Path, command: str, playbook: Path, *options: str) -> Run:
    """Start the program as an administrator with a machine of his own would."""
    lab.used = True
    # Whoever is killed leaves his temporary files behind, so they get a place of their own.
    scratch = state.with_name(f"{state.name}-scratch")
    scratch.mkdir()
    arguments = [command, playbook, "-i", lab.inventory, "--yes", "--state", state, *options]
    process = subprocess.Popen(
        [str(PROGRAM), *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**lab.environment, "TMPDIR": str(scratch)},
    )
    return Run(process=process, state=state)


def locks(lab: Laboratory) -> dict[str, dict[str, list[bytes]]]:
    """The locks in the directory, by Samba's own client."""
    return lab.search(IP_SECURITY_DN, LOCK_FILTER, scope="one")


def other_playbook(folder: Path) -> Path:
    """The how-to's playbook with another algorithm, so that the two really contradict."""
    path = folder / "other" / PLAYBOOK.name
    path.parent.mkdir()
    text = playbook_for(folder, "vm1").read_text(encoding="utf-8")
    path.write_text(text.replace("- ESP[3DES,SHA1]", "- ESP[3DES,MD5]"), encoding="utf-8")
    return path


def assert_apart(first: Run, second: Run) -> None:
    """No step of one was journaled between the first and the last of the other."""
    one, other = first.times(), second.times()
    if one and other:
        assert max(one) <= min(other) or max(other) <= min(one)


def test_of_two_that_start_together_one_goes_through(lab: Laboratory, tmp_path: Path) -> None:
    """Each round one run writes; the other is refused before its first step, never mixed in."""
    one, other = playbook_for(tmp_path, "vm1"), other_playbook(tmp_path)
    refused = 0
    for turn in range(ROUNDS):
        pair = [
            start(lab, tmp_path / f"{turn}-{name}", "apply", playbook)
            for name, playbook in (("one", one), ("other", other))
        ]
        codes = [run.end() for run in pair]
        assert_apart(*pair)
        assert 0 in codes, pair[0].said + pair[1].said
        for run, code in zip(pair, codes, strict=True):
            if code == 0:
                continue
            assert code == 1, run.said
            # It came while the other was at work, or had planned before the other was done.
            held = "Nothing was changed, because another run is at work" in run.said
            assert held or "The plan is stale" in run.said, run.said
            assert run.events() == []
            refused += 1
        assert locks(lab) == {}
        assert lab.play("plan", "--exit-code", playbook=one).returncode in {0, 2}
    assert refused


def test_who_waits_goes_through_afterwards(lab: Laboratory, tmp_path: Path) -> None:
    """With --wait-lock both runs end well, one after the other, each with a plan of its own."""
    one, other = playbook_for(tmp_path, "vm1"), other_playbook(tmp_path)
    for turn in range(4):
        lab.fault("vm1", "latency=0.15")
        first = start(lab, tmp_path / f"{turn}-one", "apply", one)
        wait_for_lock(lab, first)
        second = start(lab, tmp_path / f"{turn}-other", "apply", other, "--wait-lock", "60")
        assert first.end() == 0, first.said
        assert second.end() == 0, second.said
        assert "waiting for run " in second.said
        assert_apart(first, second)
        assert max(first.times()) < min(second.times())
    assert locks(lab) == {}


def wait_for_lock(lab: Laboratory, run: Run) -> None:
    """Look until the run has its lock."""
    while not locks(lab):
        assert run.process.poll() is None, run.end()


@pytest.fixture
def killed(lab: Laboratory, tmp_path: Path) -> Run:
    """A run that was killed with -9 while it waited for a member."""
    lab.fault("vm1", "latency=0.5")
    run = start(lab, tmp_path / "killed", "apply", playbook_for(tmp_path, "vm1"), *ONE_MEMBER)
    try:
        wait_for_lock(lab, run)
        while not any(event["event"] == "step-ends" for event in run.events()):
            assert run.process.poll() is None, run.end()
    finally:
        run.process.kill()
        ended = run.end()
    assert ended == -signal.SIGKILL, run.said
    lab.fault("vm1")
    return run


def test_a_killed_run_leaves_its_lock(lab: Laboratory, killed: Run, tmp_path: Path) -> None:
    """The next run is told who, where, since when; only naming the run breaks its lock."""
    (run_id,) = {event["run"] for event in killed.events() if event["event"] == "run-begins"}
    playbook = playbook_for(tmp_path, "vm1")
    shown = lab.orchestrate("show", "-i", lab.inventory)
    planned = lab.play("plan", playbook=playbook)
    listed = json.loads(lab.orchestrate("show", "-i", lab.inventory, "--json").stdout)
    refused = lab.play("apply", "--yes", playbook=playbook)
    wrong = lab.play("apply", "--yes", "--break-lock", "20200101-000000-abcdef", playbook=playbook)
    ((dn, _),) = locks(lab).items()

    assert refused.returncode == wrong.returncode == 1
    assert re.search(
        rf"run {run_id} of \S+ on \S+, since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d UTC \(\d+ \w+ ago\)",
        refused.stderr,
    )
    assert f"--break-lock {run_id}" in refused.stderr
    assert "not that of run 20200101-000000-abcdef" in wrong.stderr
    assert f"run {run_id}" in planned.stderr
    assert f"run {run_id}" in shown.stdout
    assert [lock["run"] for lock in listed["locks"]] == [run_id]
    assert listed["locks"][0]["object"] == dn
    broken = lab.play("apply", "--yes", "--break-lock", run_id, playbook=playbook)
    assert "stale" in broken.stderr or broken.returncode == 0, broken.stderr
    assert locks(lab) == {}


@pytest.mark.parametrize("command", ["resume", "rollback"])
def test_going_on_with_a_killed_run_takes_its_lock_over(
    lab: Laboratory, killed: Run, command: str
) -> None:
    """Nothing has to be broken by whoever finishes or takes back that very run."""
    (run_id,) = {event["run"] for event in killed.events() if event["event"] == "run-begins"}
    assert len(locks(lab)) == 1
    said = lab.orchestrate(command, run_id, "-i", lab.inventory, "--yes", "--state", killed.state)

    assert said.returncode == 0, said.stderr
    assert locks(lab) == {}
    assert lab.assigned_policy("vm1") == (POLICY if command == "resume" else None)
    assert lab.gpo_count() == (3 if command == "resume" else 2)


def test_a_stopped_run_releases_its_lock(lab: Laboratory, tmp_path: Path) -> None:
    """A service manager's stop and Ctrl-C end a run in order."""
    playbook = playbook_for(tmp_path, "vm1")
    for number in (signal.SIGTERM, signal.SIGINT):
        lab.reset()
        lab.fault("vm1", "latency=0.5")
        run = start(lab, tmp_path / number.name, "apply", playbook)
        wait_for_lock(lab, run)
        run.process.send_signal(number)
        assert run.end() == 1, run.said
        assert "Stopped." in run.said
        assert locks(lab) == {}


def test_samba_and_a_reset_do_not_mind_a_lock(lab: Laboratory, killed: Run) -> None:
    """Samba's checks pass while a lock is there, and a reset lab has none."""
    assert killed.process.returncode == -signal.SIGKILL
    assert len(locks(lab)) == 1
    assert samba_checks(lab) == ("", "")
    checked = lab.run(
        "samba-tool", "dbcheck", f"--configfile={lab.layout.smb_conf}", IP_SECURITY_DN, check=False
    )
    assert "(0 errors)" in checked.stdout, checked.stdout + checked.stderr
    lab.reset()
    assert locks(lab) == {}


def test_nothing_of_a_lock_stays(lab: Laboratory, tmp_path: Path) -> None:
    """After apply and remove the directory is bit for bit as it was, as to locks as well."""
    before = dump(lab)
    playbook = playbook_for(tmp_path, "vm1")
    lab.apply(playbook=playbook)
    assert lab.play("remove", "--yes", playbook=playbook).returncode == 0
    assert dump(lab) == before
