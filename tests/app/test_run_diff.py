"""What differs between two runs is told thing by thing, and nothing else."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ipsec_orchestrator.app.carry_out import carry_out_in
from ipsec_orchestrator.app.confirmations import confirmations
from ipsec_orchestrator.app.options import StatePlace
from ipsec_orchestrator.app.run_diff import read_view
from ipsec_orchestrator.app.run_store import run_store
from ipsec_orchestrator.cli.entry import run
from ipsec_orchestrator.model.confirmation import PendingConfirmation
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.model.run_difference import RunPart
from ipsec_orchestrator.planning.run_diff import compare_runs
from tests.worlds import NOON, ListObserver, MemoryDomain


def described(playbook: Playbook, words: str) -> Playbook:
    """The playbook with another description of its policies."""
    return replace(
        playbook, policies=tuple(replace(each, description=words) for each in playbook.policies)
    )


@pytest.fixture
def two_runs(domain: MemoryDomain, howto: Playbook, tmp_path: Path) -> tuple[Path, str, str]:
    """A state folder with two runs: the how-to, and a change of one description."""
    ids: list[str] = []
    for playbook in (howto, described(howto, "new <words>")):
        store = run_store(StatePlace(folder=tmp_path), domain.clock)
        report = carry_out_in(domain.plan(playbook), domain.world, store, ListObserver())
        ids.append(report.run_id)
    return tmp_path, ids[0], ids[1]


def test_a_run_does_not_differ_from_itself(
    two_runs: tuple[Path, str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    """Ids and times are the only difference, and they are left out."""
    folder, first, _ = two_runs

    assert run(["runs", "diff", first, first, "--state", str(folder)]) == 0
    assert "No difference" in capfd.readouterr().out


def test_what_was_left_is_told_in_words(two_runs: tuple[Path, str, str]) -> None:
    """The description and the version that follows from it; else at most bytes without a word."""
    folder, first, second = two_runs
    store = run_store(StatePlace(folder=folder))
    found = compare_runs(read_view(store, first), read_view(store, second))
    left = {(each.thing, each.field): each for each in found if each.part is RunPart.LEFT}

    policy = left.pop(("policy policy-azure-onpremises", "description"))
    assert policy.second == "new <words>"
    version = left.pop(("GPO", "version"))
    assert (version.first, version.second) == ("1", "2")
    assert {field for _, field in left} <= {"stored bytes"}


def test_plans_steps_and_hosts_are_compared(
    two_runs: tuple[Path, str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    """The first run creates what the second one finds; the document says the same as the table."""
    folder, first, second = two_runs

    assert run(["runs", "diff", first, second, "--state", str(folder), "--json"]) == 2
    document = json.loads(capfd.readouterr().out)
    assert (document["first"], document["second"]) == (first, second)
    found = {
        (each["part"], each["thing"], each["field"]): (each["first"], each["second"])
        for each in document["differences"]
    }
    assert found["plan", "GPO IPSec-Azure-OnPremises", "action"] == ("create", "unchanged")
    assert any(part == "step" for part, _, _ in found)
    assert run(["runs", "diff", first, second, "--state", str(folder)]) == 2
    assert f"{len(found)} differences." in capfd.readouterr().out


def test_a_run_that_left_no_record_is_said_to_have_none(
    two_runs: tuple[Path, str, str], domain: MemoryDomain
) -> None:
    """What the other one left is no difference then, but that there is no record is one."""
    folder, first, _ = two_runs
    store = run_store(StatePlace(folder=folder), domain.clock)
    view = read_view(store, first)
    found = compare_runs(view, replace(view, left=None))

    assert [(each.part, each.thing, each.first) for each in found] == [
        (RunPart.LEFT, "record", None)
    ]


def test_a_run_that_waits_says_so(
    two_runs: tuple[Path, str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    """Showing a run names the members that wait for its confirmation, and until when."""
    folder, first, second = two_runs
    pending = PendingConfirmation(
        run_id=second, playbook="p", domain="d", deadline=NOON, hosts=("vm1", "vm2")
    )
    confirmations(StatePlace(folder=folder)).put(pending)

    assert run(["runs", "show", second, "--state", str(folder)]) == 0
    assert f"waits for its confirmation until {NOON.isoformat()} on vm1, vm2" in (
        capfd.readouterr().out
    )
    assert run(["runs", "show", second, "--state", str(folder), "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["pending"]["hosts"] == ["vm1", "vm2"]
    assert run(["runs", "show", first, "--state", str(folder), "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["pending"] is None
