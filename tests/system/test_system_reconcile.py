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

from tests.system.conftest import PLAYBOOK, PROGRAM, Entry, Laboratory, MakeLab, Said, document
from tests.system.mending import Scene
from tests.system.tamperings import TAMPERINGS, Tampering

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

ONE = ("--limit", "vm1")
COUNTERS = frozenset({"whenChanged", "uSNChanged", "versionNumber", "dSCorePropagationData"})
LOGONS = frozenset({"lastLogon", "lastLogonTimestamp", "logonCount", "badPwdCount", "lastLogoff"})
BORN = frozenset({"objectGUID", "whenCreated", "uSNCreated"})
"""What a deleted object can't get back."""
NOT_OURS = frozenset(
    {
        "inheritance blocked",
        "rival enforced above",
        "PolicyAgent disabled",
        "account disabled",
        "account moved",
    }
)
"""Found and told, and left to whoever they belong to."""
ORDER = "another GPO linked before"
"""Our link comes first again; the other one stays."""


@pytest.fixture(scope="module")
def applied(make_lab: MakeLab) -> Laboratory:
    """A lab of its own where the how-to was applied."""
    made = make_lab("reconcile")
    made.apply(*ONE)
    return made


def picture(scene: Scene) -> dict[str, Entry]:
    """Everything that a repair may touch, apart from counters, as ldbsearch reads it."""
    return {
        dn: {
            name: sorted(values)
            for name, values in entry.items()
            if name not in COUNTERS | LOGONS | BORN
            # The mark of the assignment says which version announced it.
            and not (dn.startswith("CN=IPSEC,") and name == "adminDescription")
        }
        for dn, entry in scene.entries().items()
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
            str(patient(lab)),
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
def scene(applied: Laboratory) -> Iterator[Scene]:
    """The lab, with its picture; a repair leaves it so, or the next test would fail."""
    scene = Scene.of(applied)
    before = picture(scene)
    yield scene
    assert differing(picture(scene), before) == []


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Repair every fourth kind of tampering, and with ``--every-point`` all of them."""
    if "repaired" in metafunc.fixturenames:
        ours = [each for each in TAMPERINGS if each.name not in NOT_OURS | {ORDER}]
        step = 1 if metafunc.config.getoption("--every-point") else 4
        metafunc.parametrize("repaired", ours[::step], ids=lambda each: each.name)


def test_repair_is_bit_for_bit(scene: Scene, repaired: Tampering) -> None:
    """After a repair the directory is what it was, apart from counters; nothing else was done."""
    repaired.do(scene)
    done = reconcile(scene.lab, "--mode", "repair")

    assert done.returncode == 0, done.stdout + done.stderr
    assert document(done)["outcome"] == "repaired"


@pytest.mark.parametrize(
    "tampering", [each for each in TAMPERINGS if each.name in NOT_OURS], ids=lambda each: each.name
)
def test_what_belongs_to_others_is_left_alone(scene: Scene, tampering: Tampering) -> None:
    """It is told, and not touched."""
    tampering.do(scene)
    tampered = picture(scene)
    done = reconcile(scene.lab, "--mode", "repair")
    now = picture(scene)
    scene.mend()

    assert done.returncode == 2, done.stdout + done.stderr
    assert document(done)["outcome"] == "reported"
    assert differing(now, tampered) == []


def test_our_link_comes_first_again(scene: Scene) -> None:
    """A link that somebody put before ours stays, behind it."""
    (tampering,) = [each for each in TAMPERINGS if each.name == ORDER]
    tampering.do(scene)
    done = reconcile(scene.lab, "--mode", "repair")
    again = reconcile(scene.lab, "--mode", "repair")
    scene.mend()

    assert document(done)["outcome"] == "repaired"
    assert document(again)["outcome"] == "clean"


def test_next_pass_is_clean(scene: Scene) -> None:
    """After all of these repairs nothing differs, also when everything is read."""
    done = reconcile(scene.lab, "--mode", "repair")
    whole = scene.lab.play("drift", "--json", *ONE)

    assert document(done)["outcome"] == "clean", done.stdout
    assert whole.returncode == 0, whole.stdout


def named(name: str) -> Tampering:
    """One of the tamperings."""
    return next(each for each in TAMPERINGS if each.name == name)


def test_asked_plan_is_applied_by_hand(scene: Scene) -> None:
    """Mode ask changes nothing; the plan that it names repairs, as the command line applies it."""
    lab = scene.lab
    named("destination port").do(scene)
    tampered = picture(scene)
    asked = reconcile(lab, "--mode", "ask")
    left = differing(picture(scene), tampered)
    plan = document(asked)["plan_file"]
    applied = lab.orchestrate("apply", plan, "-i", lab.inventory, "--yes", "--json")
    after = reconcile(lab)

    assert (asked.returncode, left) == (2, []), asked.stdout
    assert applied.returncode == 0, applied.stderr
    assert document(after)["outcome"] == "clean", after.stdout


def test_two_services_do_one_repair(scene: Scene) -> None:
    """Of two passes at once one is made and the other one says so; one run repairs."""
    lab = scene.lab
    runs = len(json.loads(lab.orchestrate("runs", "--json").stdout))
    named("link disabled").do(scene)
    both = [watching(lab, "--mode", "repair") for _ in range(2)]
    said = [process.communicate(timeout=120) for process in both]
    after = len(json.loads(lab.orchestrate("runs", "--json").stdout))

    assert after == runs + 1, said
    codes = sorted(process.returncode for process in both)
    assert codes in ([0, 0], [0, 3]), said
    assert 3 not in codes or any("Another process" in error for _, error in said)


def test_service_repairs_and_stops_cleanly(scene: Scene) -> None:
    """A service finds what was changed between its passes, and a stop of the system ends it."""
    lab = scene.lab
    service = watching(lab, "--mode", "repair", "--every", "4s")
    assert service.stdout is not None
    first = json.loads(service.stdout.readline())
    named("destination port").do(scene)
    outcomes: list[str] = []
    while "repaired" not in outcomes and len(outcomes) < 10:
        outcomes.append(json.loads(service.stdout.readline())["outcome"])
    service.send_signal(signal.SIGTERM)
    _, error = service.communicate(timeout=60)

    assert first["outcome"] == "clean", first
    assert "repaired" in outcomes
    assert service.returncode == 0, error
    assert "the same command goes on" in error


def _runs(lab: Laboratory) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(lab.orchestrate("runs", "--json").stdout)
    return found


@pytest.mark.parametrize("seconds", [0.8, 1.4, 2.0])
def test_killed_repair_is_finished_by_the_next_pass(scene: Scene, seconds: float) -> None:
    """Kill -9 at any point: the next pass finishes what was begun, or does it from the start."""
    lab = scene.lab
    named("destination port").do(scene)
    named("link disabled").do(scene)
    service = watching(lab, "--mode", "repair")
    time.sleep(seconds)
    os.kill(service.pid, signal.SIGKILL)
    service.communicate(timeout=30)
    done = reconcile(lab, "--mode", "repair")

    assert done.returncode == 0, done.stdout + done.stderr
    assert {run["state"] for run in _runs(lab)} <= {"done", "superseded"}
