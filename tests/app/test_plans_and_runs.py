"""Making, saving and carrying out plans, as the command line asks for it."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ipsec_orchestrator.app.carry_out import carry_out
from ipsec_orchestrator.app.options import StatePlace
from ipsec_orchestrator.app.plans import load_plan, members_of, save_plan
from ipsec_orchestrator.errors import PlanFileError, StalePlanError, UsageError
from ipsec_orchestrator.model.approval import Approval, SignatureKind
from ipsec_orchestrator.model.inventory import Inventory
from ipsec_orchestrator.model.policy import Playbook
from tests.lacking import lacking
from tests.worlds import ListObserver, MemoryDomain


@pytest.mark.parametrize(
    ("selection", "limit", "names"),
    [
        ("", None, ["host1", "vm1", "vm2"]),
        ("role=azure-vm", None, ["vm1", "vm2"]),
        ("role=azure-vm", "vm2", ["vm2"]),
        ("", "!vm1", ["host1", "vm2"]),
    ],
)
def test_members_are_those_of_the_playbook_within_the_limit(
    howto: Playbook,
    howto_inventory: Inventory,
    selection: str,
    limit: str | None,
    names: list[str],
) -> None:
    """Without a selection everybody in the OU but DCs; ``--limit`` only ever takes away."""
    playbook = replace(howto, members=selection)

    assert [h.name for h in members_of(playbook, howto_inventory, limit)] == names


def test_a_limit_that_leaves_nobody_is_wrong_usage(
    howto: Playbook,
    howto_inventory: Inventory,
) -> None:
    """A limit outside the playbook's members is refused, naming them."""
    with pytest.raises(UsageError, match="leaves none of the playbook's members: vm1, vm2"):
        members_of(replace(howto, members="role=azure-vm"), howto_inventory, "host1")


def test_a_plan_is_saved_and_loaded(
    howto: Playbook,
    domain: MemoryDomain,
    tmp_path: Path,
) -> None:
    """What is loaded is what was saved."""
    plan = domain.plan(howto)
    save_plan(plan, tmp_path / "plan.json")

    assert load_plan(tmp_path / "plan.json") == plan


def test_a_plan_file_is_its_owners_and_whole(
    howto: Playbook, domain: MemoryDomain, tmp_path: Path
) -> None:
    """Nobody else may read it; an old one is replaced at once, and nothing else is left."""
    if os.name != "posix":
        lacking("no modes of files here")
    path = tmp_path / "plan.json"
    path.write_text("old", encoding="utf-8")
    path.chmod(0o644)
    save_plan(domain.plan(howto), path)

    assert path.stat().st_mode & 0o777 == 0o600
    assert [found.name for found in tmp_path.iterdir()] == ["plan.json"]
    (tmp_path / "link.json").symlink_to(path)
    save_plan(domain.plan_removal(howto), tmp_path / "link.json")
    assert (tmp_path / "link.json").is_symlink()
    assert load_plan(path) == domain.plan_removal(howto)


def test_files_that_can_not_be_used_are_plan_file_errors(
    howto: Playbook,
    domain: MemoryDomain,
    tmp_path: Path,
) -> None:
    """A missing file, a folder and bytes that are no text are told in a sentence."""
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "missing", tmp_path, tmp_path / "bytes"):
        with pytest.raises(PlanFileError, match="can't be read"):
            load_plan(path)
    with pytest.raises(PlanFileError, match="can't be written"):
        save_plan(domain.plan(howto), tmp_path)


def test_a_run_is_recorded(howto: Playbook, domain: MemoryDomain, tmp_path: Path) -> None:
    """The journal of a run is a file of JSON lines in the state folder."""
    report = carry_out(
        domain.plan(howto), domain.world, StatePlace(folder=tmp_path), ListObserver()
    )
    (path,) = (tmp_path / "runs").glob("*.jsonl")
    events = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    assert path.name == f"{report.run_id}.jsonl"
    assert len(events) == 4 + 2 * len(report.steps)
    assert [event["event"] for event in events[:2]] == ["run-begins", "backup"]


def test_the_record_says_who_approved(
    howto: Playbook, domain: MemoryDomain, tmp_path: Path
) -> None:
    """Principal, key and file of every signature stand where the run begins."""
    alice = Approval(
        principal="alice", key="SHA256:x", kind=SignatureKind.SSH, file="plan.json.sig"
    )
    place = StatePlace(folder=tmp_path)
    report = carry_out(domain.plan(howto), domain.world, place, ListObserver(), approvals=[alice])
    path = tmp_path / "runs" / f"{report.run_id}.jsonl"
    begins = json.loads(path.read_text(encoding="utf-8").splitlines()[0])

    assert begins["event"] == "run-begins"
    assert begins["approvals"] == [
        {"principal": "alice", "kind": "ssh", "key": "SHA256:x", "file": "plan.json.sig"}
    ]


@pytest.mark.parametrize(
    ("changed", "attribute", "expected"),
    [
        ({"domain": "other.com"}, "DNS name", "other.com"),
        ({"dc": "dc9.ipsectest.com"}, "domain controller", "dc9.ipsectest.com"),
    ],
)
def test_a_plan_of_another_domain_or_dc_is_stale(  # noqa: PLR0917 - a table of cases
    howto: Playbook,
    domain: MemoryDomain,
    tmp_path: Path,
    changed: dict[str, Any],
    attribute: str,
    expected: str,
) -> None:
    """Everything was read on one DC, so it is written there or not at all."""
    plan = domain.plan(howto)
    other = replace(plan, basis=replace(plan.basis, **changed))
    world, counter = domain.counting()
    with pytest.raises(StalePlanError) as caught:
        carry_out(other, world, StatePlace(folder=tmp_path), ListObserver())

    assert (caught.value.attribute, caught.value.expected) == (attribute, expected)
    assert counter.writes == []
    assert not list(tmp_path.iterdir())
