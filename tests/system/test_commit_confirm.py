"""Runs that have to be confirmed, by the real program against the lab's own task schedulers.

Whether a task is there, has fired, and what it did is read from the registries and services of the
simulated hosts; time is waited for until something is seen, never for luck.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from ipsec_orchestrator.lab.wire.prerequisites import missing_prerequisites
from tests.lacking import lacking
from tests.system.conftest import (
    NEW_DOMAIN_GPOS,
    POLICY,
    PROGRAM,
    Laboratory,
    MakeLab,
    RegistryKey,
    document,
    outcomes,
    playbook_for,
)

pytestmark = [pytest.mark.lab, pytest.mark.timeout(400)]

PAIR: Final = ("vm1", "host1")
SEEN_WITHIN_SECONDS: Final = 120.0
ACCEPTED: Final = ("--yes", "--accept-unproved-revert")


def within(seconds: int) -> tuple[str, ...]:
    """The options of a run that has to be confirmed."""
    return ("--confirm-within", f"{seconds}s", *ACCEPTED)


@pytest.fixture
def well_lab(lab: Laboratory) -> Iterator[Laboratory]:
    """The fast lab, with nothing that waits from before, and nothing left for others."""
    for host in lab.members:
        lab.fault(host)
    yield lab
    for host in lab.members:
        lab.fault(host)
    forget(lab)


def forget(lab: Laboratory) -> None:
    """Leave no run behind that waits, or that was killed and stands in the way of others."""
    for folder in ("confirmations", "runs"):
        shutil.rmtree(lab.state_dir / folder, ignore_errors=True)
    for file in lab.state_dir.glob("runs.sqlite*"):
        file.unlink()


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """The how-to's playbook for a member of each side."""
    return playbook_for(tmp_path, ",".join(PAIR))


def records(lab: Laboratory, host: str) -> RegistryKey:
    """What the host's registry has of runs that have to be confirmed."""
    return lab.registry(host, "SOFTWARE", "ipsec_orchestrator", "DeadMan")


def fired(lab: Laboratory, host: str) -> bool:
    """Whether a task has left its mark on a host."""
    found = records(lab, host)
    return any("Fired" in found.below(run).values for run in found.names())


def until(seen: Callable[[], object], what: str) -> None:
    """Look until something is so; fail if it never is."""
    deadline = time.monotonic() + SEEN_WITHIN_SECONDS
    while not seen():
        assert time.monotonic() < deadline, f"it never came that {what}"
        time.sleep(0.3)


def until_both_have_fired(lab: Laboratory) -> None:
    """Wait for the marks of the tasks."""
    until(lambda: all(fired(lab, host) for host in PAIR), "both have fired")


def agent(lab: Laboratory, host: str) -> tuple[str, str]:
    """Start type and state of PolicyAgent, as the host's WMI says."""
    said = lab.orchestrate("show", "-i", lab.inventory, "--host", host, "--json")
    assert said.returncode == 0, said.stderr
    service = document(said)["services"]["PolicyAgent"]
    return service["start_mode"], service["state"]


def confirm(lab: Laboratory, *options: str | Path, command: str = "confirm") -> Any:  # noqa: ANN401 - as play
    """Give the command about the last run."""
    return lab.orchestrate(command, "last", "-i", lab.inventory, "--yes", "--json", *options)


def test_a_confirmed_run_stays(well_lab: Laboratory, pair: Path) -> None:
    """Tasks stand while it waits, are gone when it is confirmed, and nothing happens after that."""
    lab = well_lab
    found = lab.apply(*within(30), playbook=pair)
    waiting = [records(lab, host).names() for host in PAIR]
    told = lab.orchestrate("hosts", "-i", lab.inventory)
    said = confirm(lab)
    gone = [records(lab, host).names() for host in PAIR]
    silent = lab.orchestrate("hosts", "-i", lab.inventory)
    run_id, deadline = found["run"]["run"], found["confirmation"]["deadline"]
    over = datetime.fromisoformat(deadline) + timedelta(seconds=2)
    until(lambda: datetime.now(UTC) > over, "the deadline passes")

    assert {outcome["outcome"] for outcome in outcomes(found).values()} == {"done"}
    assert sorted(found["confirmation"]["hosts"]) == sorted(PAIR)
    assert waiting == [[run_id], [run_id]]
    assert f"Run {run_id} waits for its confirmation" in told.stderr
    assert said.returncode == 0, said.stderr
    assert {host["outcome"] for host in document(said)["hosts"]} == {"done"}
    assert gone == [[], []]
    assert "confirmation" not in silent.stderr
    for host in PAIR:
        assert agent(lab, host) == ("Manual", "Running")


def test_nothing_is_built_on_an_unconfirmed_run(well_lab: Laboratory, pair: Path) -> None:
    """Its tasks would take the next change's effect away as well; once it is confirmed all goes on."""
    lab = well_lab
    run_id = lab.apply(*within(60), playbook=pair)["run"]["run"]
    pair.write_text(
        pair.read_text(encoding="utf-8").replace("link_enabled: true", "enforced: true"),
        encoding="utf-8",
    )
    before = lab.highest_usn()
    refused = lab.play("apply", "--yes", "--json", playbook=pair)
    after = lab.highest_usn()
    confirm(lab)
    allowed = lab.play("apply", "--yes", "--json", playbook=pair)

    assert refused.returncode == 1
    assert f"orchestrate confirm {run_id}" in document(refused)["error"]
    assert after == before
    assert allowed.returncode == 0, allowed.stderr


def test_an_unconfirmed_run_goes(well_lab: Laboratory, pair: Path) -> None:
    """On both members PolicyAgent is disabled and stopped; afterwards they can be put right."""
    lab = well_lab
    found = lab.apply(*within(12), playbook=pair)
    run_id = found["run"]["run"]
    until_both_have_fired(lab)
    until(lambda: agent(lab, "vm1")[1] == "Stopped", "the agent stops")
    after = [agent(lab, host) for host in PAIR]
    late = confirm(lab)
    shown = lab.orchestrate("show", "-i", lab.inventory, "--host", "vm1")
    ill = lab.orchestrate("doctor", "-i", lab.inventory, "--only", "ipsec.dead-man", "--json")
    careful = confirm(lab, command="restore-members")
    still = [agent(lab, host) for host in PAIR]
    kept = confirm(lab, "--keep-policy", command="restore-members")
    silent = lab.orchestrate("hosts", "-i", lab.inventory)

    assert after == [("Disabled", "Stopped")] * 2
    assert late.returncode == 1
    assert "had to be confirmed by" in document(late)["error"]
    assert f"run {run_id} was not confirmed in time" in shown.stdout
    assert f"Run {run_id} was not confirmed by" in shown.stderr
    assert ill.returncode == 2
    assert document(ill)["counts"]["failed"] == len(PAIR)
    assert careful.returncode == 3
    assert still == after
    assert kept.returncode == 0, kept.stderr
    assert [agent(lab, host) for host in PAIR] == [("Manual", "Running")] * 2
    assert [records(lab, host).names() for host in PAIR] == [[], []]
    assert "confirmed" not in silent.stderr


def test_the_directory_is_put_right_first(well_lab: Laboratory, pair: Path) -> None:
    """After a removal members are given back what they had before the run."""
    lab = well_lab
    lab.apply(*within(12), playbook=pair)
    until_both_have_fired(lab)
    removed = lab.play("remove", "--yes", "--json", playbook=pair)
    said = confirm(lab, command="restore-members")

    assert removed.returncode == 0, removed.stderr
    assert said.returncode == 0, said.stderr + said.stdout
    assert [agent(lab, host) for host in PAIR] == [("Manual", "Stopped")] * 2
    assert [lab.assigned_policy(host) for host in PAIR] == [None, None]


def test_a_rollback_puts_everything_right(well_lab: Laboratory, pair: Path) -> None:
    """After the tasks have fired, one command brings directory and members to what they were."""
    lab = well_lab
    lab.apply(*within(12), playbook=pair)
    until_both_have_fired(lab)
    said = confirm(lab, command="rollback")
    silent = lab.orchestrate("hosts", "-i", lab.inventory)

    assert said.returncode == 0, said.stderr
    assert lab.gpo_count() == NEW_DOMAIN_GPOS
    assert [agent(lab, host) for host in PAIR] == [("Manual", "Stopped")] * 2
    assert [lab.assigned_policy(host) for host in PAIR] == [None, None]
    assert [records(lab, host).names() for host in PAIR] == [[], []]
    assert "confirmed" not in silent.stderr


def test_a_dead_workstation_does_not_matter(well_lab: Laboratory, pair: Path) -> None:
    """Killed after the policy came, the program is not needed for the undo any more."""
    lab = well_lab
    lab.used = True
    command = [PROGRAM, "apply", pair, "-i", lab.inventory, *within(25)]
    with subprocess.Popen(
        list(map(str, command)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**lab.environment, "IPSEC_ORCHESTRATOR_STATE": str(lab.state_dir)},
        start_new_session=True,
    ) as process:
        until(lambda: lab.assigned_policy("vm1") == POLICY, "vm1 gets the policy")
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    told = lab.orchestrate("hosts", "-i", lab.inventory)
    until_both_have_fired(lab)

    assert "waits for its confirmation" in told.stderr
    until(lambda: agent(lab, "host1") == ("Disabled", "Stopped"), "host1's agent is off")


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("tasks-blocked", "the task that was tried ended with 0x800704EC"),
        ("service-disabled=Schedule", "Task Scheduler (service Schedule) does not run"),
        ("clock-skew=120", "its clock is 1"),
        ("refused", "can't be reached"),
    ],
)
def test_one_member_that_can_not_be_guarded_stops_all(
    well_lab: Laboratory, pair: Path, fault: str, reason: str
) -> None:
    """Nothing is written to the directory, and no other member keeps a task or a record."""
    lab = well_lab
    lab.fault("host1", fault)
    patience = {"deadline": 6, "connect_timeout": 2}
    inventory = lab.variant(
        "impatient", lambda content: content["defaults"]["winrm"].update(patience)
    )
    said = lab.play("apply", *within(60), "--json", playbook=pair, inventory=inventory)

    assert said.returncode == 1, said.stderr
    assert (
        f"host1: {reason}" in document(said)["run"]["error"]
        or reason in (document(said)["run"]["error"])
    )
    assert lab.gpo_count() == NEW_DOMAIN_GPOS
    assert records(lab, "vm1").names() == []
    assert document(said)["confirmation"] is None
    assert "Traceback" not in said.stderr


def test_without_consent_nothing_happens(well_lab: Laboratory, pair: Path) -> None:
    """What is not proved is said, and refused before any member is touched."""
    lab = well_lab
    said = lab.play("apply", "--yes", "--json", "--confirm-within", "5m", playbook=pair)

    assert said.returncode == 1
    assert "--accept-unproved-revert" in document(said)["error"]
    assert lab.gpo_count() == NEW_DOMAIN_GPOS
    assert records(lab, "vm1").names() == []


def test_a_member_that_is_not_seen_is_named(well_lab: Laboratory, pair: Path) -> None:
    """Exit code 3 until every member was seen; what was confirmed stays so."""
    lab = well_lab
    lab.apply(*within(240), playbook=pair)
    lab.fault("vm1", "refused")
    first = confirm(lab)
    told = lab.orchestrate("hosts", "-i", lab.inventory)
    lab.fault("vm1")
    second = confirm(lab)

    assert first.returncode == 3, first.stderr
    hosts = {host["host"]: host for host in document(first)["hosts"]}
    assert hosts["host1"]["outcome"] == "done"
    assert hosts["vm1"]["outcome"] == "unknown"
    assert "then PolicyAgent is disabled on vm1." in told.stderr
    assert second.returncode == 0, second.stderr
    assert [host["host"] for host in document(second)["hosts"]] == ["vm1"]
    assert records(lab, "vm1").names() == []


def test_somebody_else_confirms(well_lab: Laboratory, pair: Path, tmp_path: Path) -> None:
    """From a workstation that knows nothing of the run, its id is enough."""
    lab = well_lab
    run_id = lab.apply(*within(240), playbook=pair)["run"]["run"]
    said = lab.orchestrate(
        *("confirm", run_id, "-i", lab.inventory, "--yes", "--json"),
        *("--limit", ",".join(PAIR), "--state", tmp_path / "elsewhere"),
    )

    assert said.returncode == 0, said.stderr
    assert [records(lab, host).names() for host in PAIR] == [[], []]


def test_a_saved_plan_keeps_that_it_has_to_be_confirmed(
    well_lab: Laboratory, pair: Path, tmp_path: Path
) -> None:
    """The tasks are steps of the plan; apply neither adds nor forgets them."""
    lab = well_lab
    plan = tmp_path / "plan.json"
    saved = lab.play("plan", "--confirm-within", "4m", "--out", plan, playbook=pair)
    twice = lab.play("apply", *within(60), playbook=plan)
    said = lab.play("apply", *ACCEPTED, "--json", playbook=plan)
    waiting = [records(lab, host).names() for host in PAIR]
    confirmed = confirm(lab)

    assert saved.returncode == 0, saved.stderr
    assert twice.returncode == 64
    assert said.returncode == 0, said.stderr
    assert all(len(found) == 1 for found in waiting)
    assert confirmed.returncode == 0, confirmed.stderr


def test_a_member_that_starts_after_the_deadline_fires(well_lab: Laboratory, pair: Path) -> None:
    """A restart brings the policy back as Windows does, and the task takes it away again."""
    lab = well_lab
    lab.apply(*within(12), playbook=pair)
    until(lambda: fired(lab, "vm1"), "vm1 fires")
    until(lambda: agent(lab, "vm1") == ("Disabled", "Stopped"), "vm1's agent is off")
    said = lab.orchestrate("lab", "reboot", "vm1")

    assert said.returncode == 0, said.stderr
    assert agent(lab, "vm1") == ("Disabled", "Stopped")


def test_real_powershell_does_the_same(powershell_lab: Laboratory, pair: Path) -> None:
    """With the scripts run by the engine: one run is confirmed, the next one goes."""
    lab = powershell_lab
    lab.reset()
    try:
        lab.apply(*within(240), playbook=pair)
        confirmed = confirm(lab)
        lab.reset()
        lab.apply(*within(30), playbook=pair)
        until_both_have_fired(lab)
        until(lambda: agent(lab, "vm1") == ("Disabled", "Stopped"), "vm1's agent is off")
        kept = confirm(lab, "--keep-policy", command="restore-members")
        after = [agent(lab, host) for host in PAIR]
    finally:
        forget(lab)

    assert confirmed.returncode == 0, confirmed.stderr
    assert kept.returncode == 0, kept.stderr + kept.stdout
    assert after == [("Manual", "Running")] * 2


def test_clear_traffic_passes_again(make_lab: MakeLab, pair: Path) -> None:
    """On the real wire: encrypted while it waits, clear after both ends have undone it."""
    missing = missing_prerequisites(3)
    if missing:
        lacking("; ".join(item.sentence for item in missing))
    lab = make_lab("wired-confirm", "--wire")
    flow = ("--pairs", "vm1:host1", "--timeout", "4")
    lab.apply(*within(60), playbook=pair)
    secured = lab.play("prove", *flow, playbook=pair)
    until_both_have_fired(lab)
    until(lambda: agent(lab, "host1") == ("Disabled", "Stopped"), "host1's agent is off")
    clear = lab.play("prove", *flow, "--control", "--port", "8080", playbook=pair)

    assert secured.returncode == 0, secured.stdout + secured.stderr
    assert clear.returncode == 0, clear.stdout + clear.stderr
