"""A repair is a run like any other: nothing that holds an apply lets a repair through."""

from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from ipsec_orchestrator.app.confirmations import confirmations
from ipsec_orchestrator.app.run_store import run_store
from ipsec_orchestrator.engine.locking import take_lock
from ipsec_orchestrator.facts.run_lock import is_lock_dn
from ipsec_orchestrator.model.administration import (
    AdministrationSettings,
    ExtraFlow,
    NamedHost,
)
from ipsec_orchestrator.model.inventory import Inventory
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.model.rollout import Portion, Rollout
from ipsec_orchestrator.model.run_lock import RunLock
from ipsec_orchestrator.model.watch import PassOutcome, WatchPass
from ipsec_orchestrator.model.watch_rules import Handling
from tests.app.tampering import disable_link, other_methods
from tests.app.watched import Watched, watched_domain
from tests.cut_network import Cable
from tests.worlds import NOON, Counter, KilledError, MemoryDomain, SteppingClock, memory_domain


@pytest.fixture
def watched(
    howto_inventory: Inventory, howto: Playbook, domain: MemoryDomain, tmp_path: Path
) -> Watched:
    """The how-to, applied."""
    return watched_domain(howto_inventory, howto, domain, tmp_path)


def tampered(watched: Watched) -> dict[str, dict[str, frozenset[bytes]]]:
    """Change what a repair would bring back, and give the picture of that."""
    other_methods(watched.domain, watched.playbook.gpo.name)
    return watched.picture()


def is_held(watched: Watched, done: WatchPass, picture: object) -> bool:
    """Tell whether a pass left everything as it was."""
    return (
        done.outcome is PassOutcome.HELD
        and not done.run_id
        and watched.picture() == picture
        and len(run_store(watched.place).runs()) == 1
    )


def test_unproved_revert_needs_the_playbook_s_word(watched: Watched) -> None:
    """Who wants repairs confirmed has to accept what nobody has proved, as with apply."""
    picture = tampered(watched)
    done = watched.make(None, on_drift=Handling.REPAIR, confirm_within=900)

    assert "not proved" in done.reason
    assert is_held(watched, done, picture)


def confirmed_pass(watched: Watched) -> WatchPass:
    """Make a pass whose repair has to be confirmed."""
    return watched.make(
        None, on_drift=Handling.REPAIR, confirm_within=900, accept_unproved_revert=True
    )


def test_repair_waits_for_its_confirmation(watched: Watched) -> None:
    """Tasks stand on the members, and nothing more is repaired before somebody has confirmed."""
    before = watched.picture()
    tampered(watched)
    done = confirmed_pass(watched)
    (pending,) = confirmations(watched.place).all()
    repaired = watched.picture()
    tampered(watched)
    held = confirmed_pass(watched)

    assert done.outcome is PassOutcome.REPAIRED, done.reason
    assert pending.run_id == done.run_id
    assert set(pending.hosts) == {"host1", "vm1", "vm2"}
    assert repaired == before
    assert held.outcome is PassOutcome.HELD
    assert f"The run {done.run_id} waits for its confirmation" in held.reason


def test_flow_that_would_be_closed(watched: Watched) -> None:
    """A flow that administration needs by now, and the policy closes, is nobody's to give up."""
    flow = ExtraFlow(
        name="portal",
        source=IPv4Address("10.0.1.9"),
        destination=NamedHost(name="host1"),
        protocol=6,
        ports=(8080, 8080),
    )
    inventory = watched.domain.inventory
    hosts = tuple(
        replace(host, addresses=(IPv4Address("10.2.27.4"),)) if host.name == "host1" else host
        for host in inventory.hosts
    )
    watched.domain.inventory = replace(
        inventory, hosts=hosts, administration=AdministrationSettings(flows=(flow,))
    )
    picture = tampered(watched)
    done = watched.make()

    assert "portal" in done.reason
    assert is_held(watched, done, picture)


def test_lock_of_another_administrator(watched: Watched) -> None:
    """Somebody else's run on another machine is not disturbed, and is named."""
    take_lock(
        watched.domain.directory,
        SteppingClock(),
        RunLock(
            gpo=watched.playbook.gpo.name,
            run_id="20261123-115500-0a0b0c",
            owner=r"IPSECTEST\\jdoe",
            host="admin-2",
            since=NOON,
            tool_version="0.1.0",
        ),
        break_run=None,
        wait_seconds=0,
        tell=lambda _: None,
    )
    picture = tampered(watched)
    done = watched.make()

    assert "20261123-115500-0a0b0c" in done.reason
    assert "admin-2" in done.reason
    assert is_held(watched, done, picture)


def test_repair_goes_in_the_playbook_s_waves(
    howto_inventory: Inventory, howto: Playbook, domain: MemoryDomain, tmp_path: Path
) -> None:
    """Members are refreshed canary first, with the playbook's checks in between."""
    waves = replace(howto, rollout=Rollout(canaries="vm2", batches=(Portion(hosts=1),)))
    watched = watched_domain(howto_inventory, waves, domain, tmp_path)
    before = watched.picture()
    disable_link(domain, howto.gpo.name)
    done = watched.make()
    (observer,) = watched.seen
    order = [member.host for member in observer.members]

    assert done.outcome is PassOutcome.REPAIRED, done.reason
    assert order[0] == "vm2"
    assert len(order) == len(set(order)) == 3
    assert watched.picture() == before


def test_network_that_is_cut_during_the_repair(watched: Watched) -> None:
    """The pass failed, and what it found is in its record all the same."""
    tampered(watched)
    done = watched.make(counter=Cable(limit=0))
    after = watched.make()

    assert done.outcome is PassOutcome.FAILED
    assert [each.name for each in done.report.differences] == ["myEncryption"]
    assert after.outcome is PassOutcome.REPAIRED, after.reason


def test_killed_anywhere_the_next_pass_ends_it(
    howto_inventory: Inventory, howto: Playbook, tmp_path: Path
) -> None:
    """Before whatever write the process dies, the next pass leaves what the last run had left."""
    limit, count = 0, None
    while count is None or limit < count:
        folder = tmp_path / f"{limit}-{count}"
        folder.mkdir()
        watched = watched_domain(howto_inventory, howto, memory_domain(), folder)
        before = watched.picture()
        tampered(watched)
        disable_link(watched.domain, howto.gpo.name)
        if count is None:
            counter = Counter()
            watched.make(counter=counter)
            count = len(counter.writes)
            continue
        with pytest.raises(KilledError):
            watched.make(counter=Counter(limit=limit))
        done = watched.make()

        assert done.outcome in {PassOutcome.REPAIRED, PassOutcome.CLEAN}, done.reason
        # A lock that its process left at its last word is broken by the next run.
        there = {dn: entry for dn, entry in watched.picture().items() if not is_lock_dn(dn)}
        assert there == before
        assert watched.make().outcome is PassOutcome.CLEAN
        limit += 1
    assert count > 8
