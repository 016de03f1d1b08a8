"""Passes over a domain in memory: what may be done is done, and nothing else."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from ipsec_orchestrator.app.carry_out import carry_out
from ipsec_orchestrator.app.earlier_runs import make_rollback_plan, read_run
from ipsec_orchestrator.app.looking import Economy
from ipsec_orchestrator.app.plans import load_plan
from ipsec_orchestrator.app.run_store import run_store
from ipsec_orchestrator.facts.gpo import assignment_dns
from ipsec_orchestrator.model.directory import Attributes
from ipsec_orchestrator.model.inventory import Inventory
from ipsec_orchestrator.model.plan import Purpose
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.model.watch import PassOutcome, WatchPass
from ipsec_orchestrator.model.watch_rules import Handling
from ipsec_orchestrator.planning.drift.rotation import Rotation, Turn
from tests.app.tampering import (
    another_policy,
    block_inheritance,
    delete_filter_list,
    disable_link,
    disable_settings,
    drop_extensions,
    enforce_link,
    mark_as_mine,
    other_methods,
    raise_version,
    rename_policy,
    set_wmi_filter,
    unassign,
    unlink,
)
from tests.app.watched import Watched, watched_domain
from tests.worlds import OU, ListObserver, MemoryDomain, with_windows_hosts


@pytest.fixture
def watched(
    howto_inventory: Inventory, howto: Playbook, domain: MemoryDomain, tmp_path: Path
) -> Watched:
    """The how-to, applied."""
    return watched_domain(howto_inventory, howto, domain, tmp_path)


def test_clean_domain_stays_clean(watched: Watched) -> None:
    """Without a difference nothing is done, however often and in whatever mode."""
    before = watched.picture()
    passes = [watched.make(mode) for mode in (*Handling, None)]

    assert {each.outcome for each in passes} == {PassOutcome.CLEAN}
    assert watched.picture() == before
    assert len(run_store(watched.place).runs()) == 1


def test_frugal_passes_find_and_repair_the_same(watched: Watched) -> None:
    """Passes that ask only for changes repair what was changed, and read members that need it."""
    watched.economy = Economy(only_changes=True, rotation=Rotation(turn=Turn.CHANGED))
    before = watched.picture()
    first, quiet = watched.make(), watched.make()
    rename_policy(watched.domain, watched.playbook.gpo.name)
    repaired = watched.make()
    after, settled = watched.make(), watched.make()

    assert [len(each.members_read) for each in (first, quiet)] == [3, 0]
    assert repaired.outcome is PassOutcome.REPAIRED
    assert len(repaired.members_read) == len(after.members_read) == 3
    assert {each.outcome for each in (first, quiet, after, settled)} == {PassOutcome.CLEAN}
    assert settled.members_read == ()
    assert watched.picture() == before


TAMPERINGS = (
    other_methods,
    delete_filter_list,
    unlink,
    disable_link,
    enforce_link,
    unassign,
    another_policy,
    raise_version,
    set_wmi_filter,
    drop_extensions,
    disable_settings,
    rename_policy,
    mark_as_mine,
)


@pytest.mark.parametrize("tamper", TAMPERINGS, ids=lambda tamper: tamper.__name__)
def test_repair_brings_back_every_byte(
    watched: Watched, tamper: Callable[[MemoryDomain, str], None]
) -> None:
    """What somebody changed is as the last run left it, apart from counters; the next pass is clean."""
    before = watched.picture()
    tamper(watched.domain, watched.playbook.gpo.name)
    tampered = watched.picture()
    done = watched.make()
    after = watched.picture()
    next_one = watched.make()

    assert done.outcome is PassOutcome.REPAIRED, done.reason
    assert done.run_id
    assert {dn: after[dn] for dn in before} == before
    if tamper is not raise_version:
        assert tampered != before
    assert next_one.outcome is PassOutcome.CLEAN, next_one.report


@pytest.mark.parametrize("tamper", TAMPERINGS, ids=lambda tamper: tamper.__name__)
def test_report_leaves_everything_alone(
    watched: Watched, tamper: Callable[[MemoryDomain, str], None]
) -> None:
    """In mode report nothing is written, neither in the directory nor a run."""
    tamper(watched.domain, watched.playbook.gpo.name)
    before = watched.picture()
    done = watched.make(Handling.REPORT)

    assert done.outcome is PassOutcome.REPORTED
    assert done.report.differences
    assert watched.picture() == before
    assert len(run_store(watched.place).runs()) == 1


def test_asked_plan_is_applied_as_it_is(watched: Watched) -> None:
    """Mode ask writes a plan once, and only once as long as nothing changes; applying it repairs."""
    before = watched.picture()
    other_methods(watched.domain, watched.playbook.gpo.name)
    first, second = watched.make(Handling.ASK), watched.make(Handling.ASK)
    plan = load_plan(Path(first.plan_file))
    report = carry_out(plan, watched.domain.world, watched.place, ListObserver())

    assert {first.outcome, second.outcome} == {PassOutcome.ASKED}
    assert first.plan_file == second.plan_file
    assert plan.purpose is Purpose.REPAIR
    assert report.error is None
    assert watched.picture() == before
    assert watched.make(Handling.ASK).outcome is PassOutcome.CLEAN


def test_moved_playbook_holds_a_repair_and_is_asked_for(watched: Watched) -> None:
    """A repair of an old playbook's work would do more than repair; ask plans the new one."""
    disable_link(watched.domain, watched.playbook.gpo.name)
    watched.playbook = replace(
        watched.playbook,
        filter_actions=tuple(replace(a, pfs=True) for a in watched.playbook.filter_actions),
    )
    held, asked = watched.make(), watched.make(Handling.ASK)

    assert held.outcome is PassOutcome.HELD
    assert "moved on" in held.reason
    assert asked.outcome is PassOutcome.ASKED
    assert load_plan(Path(asked.plan_file)).purpose is Purpose.APPLY


def test_what_is_not_repaired_stays_different(watched: Watched) -> None:
    """A repair does not approve of what it leaves alone: the next pass tells it again."""
    block_inheritance(watched.domain, watched.playbook.gpo.name)
    disable_link(watched.domain, watched.playbook.gpo.name)
    done = watched.make()
    again = watched.make()

    assert done.outcome is PassOutcome.REPAIRED, done.reason
    assert again.outcome is PassOutcome.REPORTED
    assert [each.field for each in again.report.differences] == ["inheritance"]


def test_words_of_the_playbook_by_kind(watched: Watched) -> None:
    """A kind that may only be reported keeps the whole directory from being repaired."""
    disable_link(watched.domain, watched.playbook.gpo.name)
    repaired = watched.make(None, kinds={"link": Handling.REPAIR})
    other_methods(watched.domain, watched.playbook.gpo.name)
    disable_link(watched.domain, watched.playbook.gpo.name)
    held = watched.make(None, kinds={"link": Handling.REPAIR})

    assert repaired.outcome is PassOutcome.REPAIRED, repaired.reason
    assert held.outcome is PassOutcome.HELD
    assert "filter action myEncryption may only be reported" in held.reason


def test_members_by_group(watched: Watched, tmp_path: Path) -> None:
    """Only members of a group that may be repaired are refreshed."""
    for name in ("vm1", "host1"):
        (tmp_path / "hosts" / f"{name}.json").unlink()
    with_windows_hosts(watched.domain, tmp_path / "hosts")
    groups = {"vm1": frozenset({"canary"}), "host1": frozenset({"production"})}
    watched.members = tuple(
        replace(host, groups=groups.get(host.name, host.groups)) for host in watched.members
    )
    done = watched.make(None, groups=(("canary", Handling.REPAIR),))
    left = watched.make(None)

    assert done.outcome is PassOutcome.REPAIRED, done.reason
    assert {each.name for each in done.report.differences} == {"vm1", "host1"}
    assert {each.name for each in left.report.differences} == {"host1"}


def test_it_never_fights(watched: Watched) -> None:
    """What is changed again and again is left alone after so many repairs, with an alarm."""
    passes: list[WatchPass] = []
    for _ in range(4):
        disable_link(watched.domain, watched.playbook.gpo.name)
        passes.append(watched.make(None, on_drift=Handling.REPAIR, times=3, within=3600))
    watched.domain.clock.wait(3700)
    later = watched.make(None, on_drift=Handling.REPAIR, times=3, within=3600)

    assert [each.outcome for each in passes] == [PassOutcome.REPAIRED] * 3 + [PassOutcome.HELD]
    assert "was repaired 3 times within 1 h" in passes[-1].alarms[0]
    assert later.outcome is PassOutcome.REPAIRED, later.reason


def test_assignment_is_ours_by_the_record_only(watched: Watched) -> None:
    """Without a record nothing is repaired, since nobody can tell what was there."""
    dn = assignment_dns(watched.domain.gpo_dn(watched.playbook.gpo.name))[-1]
    watched.domain.directory.replace(dn, Attributes({"ipsecOwnersReference": ()}))
    watched.state = watched.state / "elsewhere"
    done = watched.make()

    assert done.outcome is PassOutcome.HELD
    assert {each.kind.value for each in done.report.differences} == {"pending"}


def test_deleted_gpo_comes_back(watched: Watched) -> None:
    """A GPO that somebody deleted is made anew and linked; objects and members are as before."""
    gpo = watched.domain.gpo_dn(watched.playbook.gpo.name)
    watched.domain.world.gpos[watched.playbook.gpo.via].delete(
        gpo_id=UUID(gpo.partition("{")[2].partition("}")[0])
    )
    watched.domain.directory.replace(OU, Attributes({"gPLink": ()}))
    done = watched.make()

    assert done.outcome is PassOutcome.REPAIRED, done.reason
    assert watched.make().outcome is PassOutcome.CLEAN


def test_renamed_gpo_gets_its_name_back(watched: Watched) -> None:
    """A GPO under another name is found by its id: it is no second one, and what differs is mended."""
    before = watched.picture()
    gpo = watched.domain.gpo_dn(watched.playbook.gpo.name)
    watched.domain.directory.replace(gpo, Attributes.of_text(displayName="Renamed", flags="2"))
    done = watched.make()

    assert done.outcome is PassOutcome.REPAIRED, done.reason
    assert {each.field for each in done.report.differences} == {"name", "computer settings"}
    assert watched.picture() == before


def test_lost_pass_and_silent_hours_are_told(watched: Watched) -> None:
    """Passes that did not happen are counted, and a pass that was killed is told once."""
    first = watched.make(None, every=600)
    watched.domain.clock.wait(1900)
    with watched.passes.begin(
        watched.playbook.name, watched.domain.inventory.domain.name, watched.domain.clock.now()
    ):
        pass
    watched.domain.clock.wait(600)
    after = watched.make(None, every=600)
    watched.make(None, every=600)

    assert first.missed == 0
    assert after.missed == 0
    assert len([text for text in watched.told if "was killed" in text]) == 1
    watched.domain.clock.wait(1900)
    assert watched.make(None, every=600).missed == 2


def test_after_a_rollback_its_state_is_the_record(watched: Watched) -> None:
    """What a rollback left is what the watch compares with, not what was taken back."""
    before = watched.picture()
    changed = replace(watched.playbook, gpo=replace(watched.playbook.gpo, enforced=True))
    plan = watched.domain.plan(changed, watched.members)
    run = carry_out(plan, watched.domain.world, watched.place, ListObserver())
    store = run_store(watched.place)
    back = make_rollback_plan(read_run(store, run.run_id), watched.domain.world, store)
    carry_out(back, watched.domain.world, watched.place, ListObserver(), undoes=run.run_id)

    assert watched.picture() == before
    assert watched.make().outcome is PassOutcome.CLEAN
    enforce_link(watched.domain, watched.playbook.gpo.name)
    assert watched.make().outcome is PassOutcome.REPAIRED
    assert watched.picture() == before
