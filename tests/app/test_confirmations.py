"""Which run and which members a confirmation is about."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ipsec_orchestrator.adapters.thread_runner import ThreadRunner
from ipsec_orchestrator.app.confirmations import (
    confirm_members,
    confirmations,
    waiting_run,
    with_confirmations,
)
from ipsec_orchestrator.app.options import StatePlace
from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.model.confirmation import PendingConfirmation
from ipsec_orchestrator.model.outcome import HostOutcome, MemberResult
from tests.worlds import NOON, MemoryDomain, with_windows_hosts


def pending(run_id: str, *hosts: str) -> PendingConfirmation:
    """A run that waits."""
    return PendingConfirmation(
        run_id=run_id,
        playbook="p",
        domain="ipsectest.com",
        deadline=NOON + timedelta(minutes=10),
        hosts=hosts,
    )


@pytest.fixture
def place(tmp_path: Path) -> StatePlace:
    """A state folder in which two runs wait."""
    found = StatePlace(folder=tmp_path)
    confirmations(found).put(pending("20261126-120000-aaaaaa", "vm1"))
    confirmations(found).put(pending("20261126-130000-bbbbbb", "vm2", "host1"))
    return found


def names(place: StatePlace, domain: MemoryDomain, run: str, limit: str | None = None) -> list[str]:
    """The members that a command about a run is for."""
    return [host.name for host in waiting_run(run, domain.inventory, place, limit).hosts]


def test_the_last_run_is_the_newest(place: StatePlace, domain: MemoryDomain) -> None:
    """Ids sort by time, and the members are those that still wait."""
    assert names(place, domain, "last") == ["vm2", "host1"]
    assert names(place, domain, "20261126-120000-aaaaaa") == ["vm1"]
    assert names(place, domain, "last", "vm2") == ["vm2"]


def test_a_run_of_somebody_else_may_be_on_any_member(
    place: StatePlace, domain: MemoryDomain
) -> None:
    """Nothing is remembered of it here, so all but domain controllers are looked at."""
    found = names(place, domain, "20261126-140000-cccccc")

    assert "dc1" not in found
    assert {"vm1", "vm2", "host1"} <= set(found)


def test_a_member_that_the_inventory_lost_is_named(place: StatePlace, domain: MemoryDomain) -> None:
    """It still has a task, so nobody may believe that all are confirmed."""
    confirmations(place).put(pending("20261126-150000-dddddd", "vm9"))

    with pytest.raises(UsageError, match="vm9"):
        waiting_run("last", domain.inventory, place, None)


def test_a_limit_that_leaves_nobody_is_refused(place: StatePlace, domain: MemoryDomain) -> None:
    """A selection has to mean one of the members that wait."""
    with pytest.raises(UsageError, match="No member is left"):
        waiting_run("last", domain.inventory, place, "vm1")


def test_an_id_that_nobody_knows_is_no_success(
    place: StatePlace, domain: MemoryDomain, tmp_path: Path
) -> None:
    """A mistyped id is not confirmed; a known run whose tasks are gone already is."""
    with_windows_hosts(domain, tmp_path)
    world = with_confirmations(replace(domain.world, runner=ThreadRunner(threads=1)), place)
    told: list[MemberResult] = []
    unknown = waiting_run("20261126-140000-cccccc", domain.inventory, place, "vm1,vm2")
    with pytest.raises(UsageError, match="No member has a task"):
        confirm_members(unknown, world, told.append)
    known = waiting_run("last", domain.inventory, place, None)
    results = confirm_members(known, world, told.append)

    assert [result.outcome for result in results] == [HostOutcome.DONE] * 2
    assert [found.run_id for found in confirmations(place).all()] == ["20261126-120000-aaaaaa"]
    assert [result.host for result in results] == ["vm2", "host1"]
