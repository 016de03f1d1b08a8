"""What the record tells of members, and the command that writes the page over all of it."""

import json
import stat
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from typing_extensions import override

from ipsec_orchestrator.adapters.memory import MemoryRuns
from ipsec_orchestrator.app.carry_out import carry_out_in
from ipsec_orchestrator.app.options import StatePlace
from ipsec_orchestrator.app.pass_store import pass_store
from ipsec_orchestrator.app.proof_store import proof_store
from ipsec_orchestrator.app.record_view import member_states, read_record
from ipsec_orchestrator.app.run_store import run_store
from ipsec_orchestrator.cli.entry import run
from ipsec_orchestrator.model.member_state import LastOutcome
from ipsec_orchestrator.model.outcome import HostOutcome
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.model.run import RunEvent
from tests.record_scene import DOMAIN, MADE, PLAYBOOK, host_name, members, passes, proofs
from tests.worlds import NOON, ListObserver, MemoryDomain, SteppingClock


class MovedClock(SteppingClock):
    """A clock that shows what it was set to.

    Attributes:
        time: What it shows.
    """

    time = NOON

    @override
    def now(self) -> datetime:
        return self.time


@pytest.fixture
def folder(tmp_path: Path, domain: MemoryDomain, howto: Playbook) -> Path:
    """A state folder with the run of the how-to, passes and proofs."""
    place = StatePlace(folder=tmp_path / "state")
    store = run_store(place, domain.clock)
    carry_out_in(domain.plan(howto), domain.world, store, ListObserver())
    for each in passes(3, ("vm1", "vm2"))[::-1]:
        with pass_store(place).begin(each.playbook, each.domain, each.started) as log:
            log.end(each)
    for proof in proofs((host_name(0), host_name(1))):
        proof_store(place).put(proof)
    return place.folder


def test_the_record_is_read_whole(folder: Path) -> None:
    """Runs, passes, proofs, and every member."""
    view = read_record(StatePlace(folder=folder), MADE)

    assert (len(view.runs), len(view.passes), len(view.proofs)) == (1, 3, 7)
    assert {each.host for each in view.members if each.read} == {"vm1", "vm2"}
    assert ("azure-onpremises", DOMAIN) in view.targets


def test_a_member_is_as_its_last_run_left_it_or_its_last_pass_found_it() -> None:
    """What is newer counts; of passes the last one that read it."""
    hosts = tuple(host_name(each) for each in range(8))
    outcomes = [each.last for each in members(8) if each.last]
    found = {each.host: each.word for each in member_states(outcomes, passes(2, hosts))}

    assert found[hosts[3]] == "unread"
    assert found[hosts[5]] == "differs"
    assert found[hosts[7]] == "as left"
    later = [replace(each, time=MADE) for each in outcomes]
    newer = {each.host: each.word for each in member_states(later, passes(2, hosts))}
    assert newer[hosts[0]] == "done"
    assert newer[hosts[7]] == "failed"


def _events(run_id: str, minute: int, outcomes: dict[str, str]) -> list[RunEvent]:
    time = NOON.replace(minute=minute)
    head = {"run": run_id, "command": "apply", "playbook": PLAYBOOK, "domain": DOMAIN}
    begins = RunEvent(kind="run-begins", time=time, fields={**head, "dc": "d", "steps": [1, 2, 3]})
    return [
        begins,
        *(
            RunEvent(
                kind="member-ends",
                time=time,
                fields={"number": number, "host": host, "outcome": outcome, "reason": run_id},
            )
            for number, (host, outcome) in enumerate(outcomes.items(), 1)
        ),
    ]


def test_both_stores_tell_how_each_member_came_out_last(tmp_path: Path) -> None:
    """Of several runs the last one that dealt with the member counts."""
    runs = {
        "r1": _events("r1", 1, {"vm1": "done", "vm2": "failed"}),
        "r2": _events("r2", 2, {"vm2": "done"}),
        "r3": _events("r3", 3, {"vm3": "unknown"}),
    }
    clock = MovedClock()
    for store in (run_store(StatePlace(folder=tmp_path), clock), MemoryRuns(clock)):
        for run_id, events in runs.items():
            with store.begin(run_id) as journal:
                for event in events:
                    clock.time = event.time
                    journal.append(event.kind, **event.fields)
        found = {each.host: each for each in store.last_outcomes()}

        assert {host: (each.run_id, each.reason) for host, each in found.items()} == {
            "vm1": ("r1", "r1"),
            "vm2": ("r2", "r2"),
            "vm3": ("r3", "r3"),
        }
        assert found["vm2"] == LastOutcome(
            playbook=PLAYBOOK,
            domain=DOMAIN,
            host="vm2",
            run_id="r2",
            outcome=HostOutcome.DONE,
            reason="r2",
            time=NOON.replace(minute=2),
        )


def test_the_command_writes_one_page(
    folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """For its owner only; one that is there is replaced."""
    out = tmp_path / "page.html"
    out.write_text("old")
    state = ["--state", str(folder), "--out", str(out)]

    assert run(["report", *state, "--json"]) == 0
    document = json.loads(capfd.readouterr().out)
    assert document["file"] == str(out)
    assert document["bytes"] == out.stat().st_size
    assert (document["runs"], document["passes"], document["proofs"]) == (1, 3, 7)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert "</html>" in out.read_text(encoding="utf-8")


def test_the_page_may_be_about_one_playbook(
    folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """By its name or its file; a name that is not known is told with those that are."""
    state = ["--state", str(folder), "--out", str(tmp_path / "page.html")]

    assert run(["report", "playbooks/azure-onpremises.yml", *state, "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["passes"] == 3
    assert run(["report", "azure-onpremise", *state]) == 64
    assert "Did you mean 'azure-onpremises'?" in capfd.readouterr().err
    assert run(["report", "--state", str(folder), "--out", str(tmp_path / "no" / "page")]) == 64
