"""The watch in a real directory: what other programs tampered with is as it was, and nothing else."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.system.common_tamperings import CASES, gpo_dn, modify, port_9090, swap_link
from tests.system.conftest import (
    IP_SECURITY_DN,
    OU_DN,
    PLAYBOOK,
    POLICIES_DN,
    PROGRAM,
    Entry,
    Laboratory,
    MakeLab,
    Said,
    document,
)
from tests.system.tamperings import GPO_NAME

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

ONE = ("--limit", "vm1")
COUNTERS = frozenset({"whenChanged", "uSNChanged", "versionNumber", "dSCorePropagationData"})
NOT_OURS = frozenset({"inheritance blocked", "another GPO linked before"})
"""Settings of the OU: found, told, and left to their owner."""


@pytest.fixture(scope="module")
def applied(make_lab: MakeLab) -> Laboratory:
    """A lab of its own where the how-to was applied."""
    made = make_lab("reconcile")
    made.apply(*ONE)
    return made


def picture(lab: Laboratory) -> dict[str, Entry]:
    """Everything that a repair may touch, apart from counters, as ldbsearch reads it."""
    bases = (IP_SECURITY_DN, OU_DN, f"CN={lab.gpo_id(GPO_NAME)},{POLICIES_DN}")
    return {
        dn: {
            name: sorted(values)
            for name, values in entry.items()
            if name not in COUNTERS
            # The mark of the assignment says which version announced it.
            and not (dn.startswith("CN=IPSEC,") and name == "adminDescription")
        }
        for base in bases
        for dn, entry in lab.search(base, "*", "nTSecurityDescriptor").items()
        if not dn.startswith("CN=orchestrateLock")
    }


def differing(now: dict[str, Entry], before: dict[str, Entry]) -> list[tuple[str, str]]:
    """Name what differs: object and attribute."""
    return [
        (dn, name)
        for dn in sorted(now.keys() | before.keys())
        for name in sorted(now.get(dn, {}).keys() | before.get(dn, {}).keys())
        if now.get(dn, {}).get(name) != before.get(dn, {}).get(name)
    ]


def patient(lab: Laboratory) -> Path:
    """The how-to, with so many repairs of one thing allowed as these tests need."""
    path = lab.state_dir.parent / PLAYBOOK.name
    watch = "\nwatch: {repair_limit: {times: 100}}\n"
    path.write_text(PLAYBOOK.read_text(encoding="utf-8") + watch, encoding="utf-8")
    return path


def reconcile(lab: Laboratory, *options: str) -> Said:
    """Make a pass."""
    lab.used = True
    return lab.play("reconcile", "--json", *ONE, *options, playbook=patient(lab))


def watching(lab: Laboratory, *options: str) -> "subprocess.Popen[str]":
    """A service."""
    lab.used = True
    return subprocess.Popen(
        [
            str(PROGRAM),
            "reconcile",
            str(PLAYBOOK),
            "-i",
            str(lab.inventory),
            "--json",
            *ONE,
            *options,
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**lab.environment, "IPSEC_ORCHESTRATOR_STATE": str(lab.state_dir)},
    )


@pytest.fixture
def as_before(applied: Laboratory) -> Iterator[tuple[Laboratory, dict[str, Entry]]]:
    """The lab and how it was; the test leaves it so, or the next ones would fail."""
    before = picture(applied)
    yield applied, before
    assert differing(picture(applied), before) == []


@pytest.mark.parametrize("case", [case for case in CASES if case not in NOT_OURS])
def test_repair_is_bit_for_bit(as_before: tuple[Laboratory, dict[str, Entry]], case: str) -> None:
    """After a repair the directory is what it was, apart from counters, and the next pass is clean."""
    lab, before = as_before
    tamper, _ = CASES[case]
    tamper(lab)
    done = reconcile(lab, "--mode", "repair")

    assert done.returncode == 0, done.stdout + done.stderr
    assert document(done)["outcome"] == "repaired"
    assert differing(picture(lab), before) == []


def test_next_pass_is_clean(applied: Laboratory) -> None:
    """After all of these repairs nothing differs."""
    done = reconcile(applied, "--mode", "repair")

    assert done.returncode == 0, done.stdout
    assert document(done)["outcome"] == "clean"


@pytest.mark.parametrize("case", sorted(NOT_OURS))
def test_settings_of_others_are_left_alone(applied: Laboratory, case: str) -> None:
    """What is the OU's own affair is told and not touched."""
    before = applied.search(OU_DN, scope="base")[OU_DN]
    CASES[case][0](applied)
    tampered = picture(applied)
    done = reconcile(applied, "--mode", "repair")
    now = picture(applied)
    for name in ("gPLink", "gPOptions"):
        modify(applied, OU_DN, name, next(iter(before.get(name, [])), None))
    after = reconcile(applied, "--mode", "repair")

    assert document(done)["differences"]
    assert case == "another GPO linked before" or differing(now, tampered) == []
    assert document(after)["outcome"] == "clean"


def test_permissions_of_the_gpo(as_before: tuple[Laboratory, dict[str, Entry]]) -> None:
    """Permissions that samba-tool took away are there again, byte by byte."""
    lab, before = as_before
    lab.samba_tool("dsacl", "set", f"--objectdn={gpo_dn(lab)}", "--sddl=(D;;CR;;;AU)")
    done = reconcile(lab, "--mode", "repair")

    assert done.returncode == 0, done.stdout + done.stderr
    assert differing(picture(lab), before) == []


def test_two_services_do_one_repair(as_before: tuple[Laboratory, dict[str, Entry]]) -> None:
    """Of two passes at once one is made and the other one says so; one run repairs."""
    lab, before = as_before
    runs = len(json.loads(lab.orchestrate("runs", "--json").stdout))
    swap_link(lab, ";1]")
    both = [watching(lab, "--mode", "repair") for _ in range(2)]
    said = [process.communicate(timeout=120) for process in both]
    after = len(json.loads(lab.orchestrate("runs", "--json").stdout))

    assert differing(picture(lab), before) == []
    assert after == runs + 1
    codes = sorted(process.returncode for process in both)
    assert codes in ([0, 0], [0, 3]), said
    assert 3 not in codes or any("Another process" in error for _, error in said)


def test_service_repairs_and_stops_cleanly(as_before: tuple[Laboratory, dict[str, Entry]]) -> None:
    """A service finds what was changed between its passes, and a stop of the system ends it."""
    lab, before = as_before
    service = watching(lab, "--mode", "repair", "--every", "4s")
    assert service.stdout is not None
    first = json.loads(service.stdout.readline())
    port_9090(lab)
    outcomes: list[str] = []
    while "repaired" not in outcomes and len(outcomes) < 10:
        outcomes.append(json.loads(service.stdout.readline())["outcome"])
    service.send_signal(signal.SIGTERM)
    _, error = service.communicate(timeout=60)

    assert first["outcome"] == "clean"
    assert "repaired" in outcomes
    assert service.returncode == 0, error
    assert "the same command goes on" in error
    assert differing(picture(lab), before) == []


def _runs(lab: Laboratory) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(lab.orchestrate("runs", "--json").stdout)
    return found


@pytest.mark.parametrize("seconds", [0.8, 1.4, 2.0])
def test_killed_repair_is_finished_by_the_next_pass(
    as_before: tuple[Laboratory, dict[str, Entry]], seconds: float
) -> None:
    """Kill -9 at any point: the next pass finishes what was begun, or does it from the start."""
    lab, before = as_before
    port_9090(lab)
    swap_link(lab, ";1]")
    service = watching(lab, "--mode", "repair")
    time.sleep(seconds)
    os.kill(service.pid, signal.SIGKILL)
    service.communicate(timeout=30)
    done = reconcile(lab, "--mode", "repair")

    assert done.returncode == 0, done.stdout + done.stderr
    assert differing(picture(lab), before) == []
    assert {run["state"] for run in _runs(lab)} <= {"done", "superseded"}
