"""Rollouts in waves on simulated hosts: who has the policy when, what stops them, how they go on."""

from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from typing_extensions import override

from ipsec_orchestrator.codec.security_descriptor import encode_descriptor
from ipsec_orchestrator.engine.precheck import check_before_writing
from ipsec_orchestrator.engine.run import run
from ipsec_orchestrator.errors import StalePlanError
from ipsec_orchestrator.facts.gpo import read_filtering
from ipsec_orchestrator.lab.windows import SimulatedHost
from ipsec_orchestrator.model.directory import Attributes
from ipsec_orchestrator.model.inventory import Host
from ipsec_orchestrator.model.outcome import HostOutcome, StepOutcome
from ipsec_orchestrator.model.policy import GpoVia, Playbook
from ipsec_orchestrator.model.rollout import HealthWish, Portion, Rollout, ServiceWish
from ipsec_orchestrator.model.stages import Stage
from ipsec_orchestrator.model.steps import FilteringStep, HealthStep
from ipsec_orchestrator.planning.pilot_part import pilot_name
from tests.worlds import (
    ListJournal,
    ListObserver,
    MemoryDomain,
    SteppingClock,
    with_windows_hosts,
)

POLICY = "policy-azure-onpremises"
WAVES = Rollout(canaries="vm1", batches=(Portion(hosts=1),), wait_seconds=600)


@pytest.fixture(params=list(GpoVia), ids=[via.value for via in GpoVia])
def playbook(howto: Playbook, request: pytest.FixtureRequest) -> Playbook:
    """The how-to in three waves, by both ways to make a GPO."""
    return replace(howto, gpo=replace(howto.gpo, via=request.param), rollout=WAVES)


def members(domain: MemoryDomain) -> list[Host]:
    """All hosts but the DC."""
    return [host for host in domain.inventory.hosts if host.name != "dc1"]


def changed(playbook: Playbook) -> Playbook:
    """The playbook with another polling interval."""
    return replace(playbook, policies=(replace(playbook.policies[0], polling_interval_seconds=60),))


def assigned(host: SimulatedHost) -> str | None:
    """The path of the policy that a host has by its own registry."""
    value = host.registry.read().value(
        r"HKLM\SOFTWARE\Policies\Microsoft\Windows\IPSec\GPTIPSECPolicy", "DSIPSECPolicyPath"
    )
    return None if value is None else str(value.content)


def having(hosts: dict[str, SimulatedHost]) -> set[str]:
    """The hosts that have a policy."""
    return {name for name, host in hosts.items() if assigned(host)}


class Background:
    """Every member refreshes by itself whenever somebody waits longer than a look."""

    def __init__(self, domain: MemoryDomain, hosts: dict[str, SimulatedHost]) -> None:
        self.seen: list[set[str]] = []
        self._hosts = hosts
        self._clock = domain.clock
        domain.clock.meanwhile.append(self)

    def __call__(self) -> None:
        """Refresh all, and note who has a policy."""
        if self._clock.waited[-1] < 60:
            return
        for host in self._hosts.values():
            host.refresh_policy(force=False)
        self.seen.append(having(self._hosts))


def test_members_outside_of_the_waves_refresh_by_themselves_and_get_nothing(
    playbook: Playbook, domain: MemoryDomain, tmp_path: Path
) -> None:
    """During each wait everybody refreshes; only the waves so far have the policy."""
    hosts = with_windows_hosts(domain, tmp_path)
    background = Background(domain, hosts)
    report = domain.apply(playbook, members(domain))

    assert background.seen == [{"vm1"}, {"vm1", "host1"}]
    assert having(hosts) == {"vm1", "vm2", "host1"}
    assert report.stopped is None
    assert {m.host: m.wave for m in report.members[1:]} == {"vm1": 1, "host1": 2, "vm2": 3}
    assert domain.plan(playbook, members(domain)).steps == ()
    assert [w for w in domain.clock.waited if w >= 60] == [600, 600]


def test_the_permissions_end_as_they_began(
    playbook: Playbook, domain: MemoryDomain, tmp_path: Path
) -> None:
    """Container and folder have the bytes of a GPO that was never narrowed, and no record stays."""
    with_windows_hosts(domain, tmp_path)
    domain.apply(playbook, members(domain))
    untouched = domain.make_gpo("Untouched", gpo_id=UUID(int=7))
    dn = domain.gpo_dn(playbook.gpo.name)
    gpo_id = UUID(domain.text(dn, "cn"))

    assert _descriptor(domain, dn) == _descriptor(domain, untouched)
    assert domain.sysvol.read_access(gpo_id) == domain.sysvol.read_access(UUID(int=7))
    assert domain.text(dn, "adminDisplayName") is None


def _descriptor(domain: MemoryDomain, dn: str) -> bytes:
    entry = domain.directory.read(dn, ["nTSecurityDescriptor"])
    assert entry is not None
    return entry.attributes["nTSecurityDescriptor"][0]


def test_without_a_rollout_the_permissions_are_nobodys_business(
    howto: Playbook, domain: MemoryDomain
) -> None:
    """A plan without waves has no step about permissions, and no gate."""
    plan = domain.plan(howto, members(domain))

    assert not any(step.stage is Stage.WAVES for step in plan.steps)


def test_a_rollout_that_stops_leaves_the_others_untouched_and_goes_on_later(
    playbook: Playbook, domain: MemoryDomain, tmp_path: Path
) -> None:
    """A canary whose services stay stopped ends the run; mended, the next run goes on from there."""
    hosts = with_windows_hosts(domain, tmp_path, stopped=["vm1"])
    background = Background(domain, hosts)
    report = domain.carry_out(domain.plan(playbook, members(domain)))

    assert report.error is None
    assert report.stopped is not None
    assert "wave 1 of 3" in report.stopped
    assert "vm1" in report.stopped
    assert having(hosts) == {"vm1"}
    skipped = [step for step in report.steps if step.outcome is StepOutcome.SKIPPED]
    assert {step.reason for step in skipped} == {report.stopped}
    assert _computers(domain, playbook) == 1

    hosts["vm1"].start_service("PolicyAgent")
    hosts["vm1"].start_service("IKEEXT")
    again = domain.plan(playbook, members(domain))
    opened = next(s.title for s in again.steps if isinstance(s, FilteringStep))
    assert opened.endswith("wave 2 of 3")
    report = domain.carry_out(again)

    assert report.stopped is None
    assert report.all_members_done
    assert having(hosts) == {"vm1", "vm2", "host1"}
    assert background.seen == [{"vm1"}, {"vm1"}, {"vm1", "host1"}]
    assert domain.plan(playbook, members(domain)).steps == ()


def _computers(domain: MemoryDomain, playbook: Playbook) -> int | None:
    entry = domain.directory.read(
        domain.gpo_dn(playbook.gpo.name), ["nTSecurityDescriptor", "adminDisplayName"]
    )
    assert entry is not None
    computers = read_filtering(entry).computers
    return None if computers is None else len(computers)


def test_a_share_of_a_wave_may_fail(
    playbook: Playbook, domain: MemoryDomain, tmp_path: Path
) -> None:
    """With half of a wave allowed to fail the run goes on, and says in the end who is not well."""
    rollout = replace(
        WAVES, canaries="", batches=(Portion(hosts=2), Portion(hosts=1)), failure_share_percent=50
    )
    hosts = with_windows_hosts(domain, tmp_path, stopped=["vm1"])
    report = domain.carry_out(domain.plan(replace(playbook, rollout=rollout), members(domain)))

    assert report.stopped is None
    assert not report.all_members_done
    assert having(hosts) == {"vm1", "vm2", "host1"}
    assert _computers(domain, playbook) is None
    failed = [m.host for m in report.members if m.outcome is not HostOutcome.DONE]
    assert failed == ["vm1"]


def test_removing_after_a_stopped_rollout_leaves_everything_as_it_was(
    playbook: Playbook, domain: MemoryDomain, tmp_path: Path
) -> None:
    """What the canaries got goes, the narrowed GPO goes, and the directory is as before."""
    before = domain.snapshot()
    hosts = with_windows_hosts(domain, tmp_path, stopped=["vm1"])
    domain.carry_out(domain.plan(playbook, members(domain)))
    assert having(hosts) == {"vm1"}
    domain.remove(playbook, members(domain))

    assert having(hosts) == set()
    assert domain.snapshot() == before


def test_a_stop_while_waiting_is_clean(
    playbook: Playbook, domain: MemoryDomain, tmp_path: Path
) -> None:
    """Ctrl-C during a wait ends the run with a report; the next run begins with the same gate."""

    class Impatient(SteppingClock):
        @override
        def wait(self, seconds: float) -> None:
            super().wait(seconds)
            if seconds >= 600:
                raise KeyboardInterrupt

    hosts = with_windows_hosts(domain, tmp_path)
    impatient = Impatient()
    impatient.meanwhile = domain.clock.meanwhile
    world = replace(domain.world, clock=impatient)
    plan = domain.plan(playbook, members(domain))
    journal = ListJournal()
    report = run(plan, world, journal, ListObserver(), "r1")

    assert report.stopped is not None
    assert "waited" in report.stopped
    assert report.all_members_done
    assert having(hosts) == {"vm1"}
    assert journal.kinds()[-1] == "run-ends"
    again = domain.plan(playbook, members(domain))
    assert isinstance(again.steps[0], HealthStep)
    assert again.steps[0].wave == 1
    domain.carry_out(again)
    assert having(hosts) == {"vm1", "vm2", "host1"}


def test_a_change_reaches_the_canaries_by_a_pilot_and_the_others_keep_what_they_have(
    playbook: Playbook, domain: MemoryDomain, tmp_path: Path
) -> None:
    """Over a GPO in force nobody is left without a policy at any time, and the pilot is gone after."""
    hosts = with_windows_hosts(domain, tmp_path)
    domain.apply(playbook, members(domain))
    old = assigned(hosts["vm1"])
    seen: list[dict[str, str | None]] = []

    def note() -> None:
        if domain.clock.waited[-1] >= 60:
            for host in hosts.values():
                host.refresh_policy(force=False)
            seen.append({name: assigned(host) for name, host in hosts.items()})

    domain.clock.meanwhile.append(note)
    plan = domain.plan(changed(playbook), members(domain))
    report = domain.carry_out(plan)
    new = assigned(hosts["vm1"])

    assert report.error is None
    assert report.all_members_done
    assert new not in {None, old}
    assert seen == [
        {"vm1": new, "vm2": old, "host1": old},
        {"vm1": new, "vm2": old, "host1": new},
    ]
    assert {assigned(host) for host in hosts.values()} == {new}
    assert domain.plan(changed(playbook), members(domain)).steps == ()
    with pytest.raises(AssertionError):
        domain.gpo_dn(pilot_name(playbook.gpo.name))
    assert _computers(domain, playbook) is None


def _stopped_in_a_pilot(
    playbook: Playbook, domain: MemoryDomain, tmp_path: Path
) -> dict[str, SimulatedHost]:
    """A change whose second wave can't be opened because its canary is ill."""
    hosts = with_windows_hosts(domain, tmp_path)
    domain.apply(playbook, members(domain))
    checked = changed(playbook)
    rollout = replace(WAVES, health=HealthWish(connections=(BROKEN,)))
    report = domain.carry_out(domain.plan(replace(checked, rollout=rollout), members(domain)))
    assert report.stopped is not None
    assert "vm1" in report.stopped
    return hosts


BROKEN = ServiceWish(name="portal", source="vm1", target="host1", port=8080)


def test_a_pilot_that_stopped_goes_on(
    playbook: Playbook, domain: MemoryDomain, tmp_path: Path
) -> None:
    """The canaries keep the new policy, the others the old one, until the next run."""
    hosts = _stopped_in_a_pilot(playbook, domain, tmp_path)
    assert assigned(hosts["vm1"]) != assigned(hosts["vm2"]) == assigned(hosts["host1"])
    domain.apply(changed(playbook), members(domain))

    assert len({assigned(host) for host in hosts.values()}) == 1
    assert domain.plan(changed(playbook), members(domain)).steps == ()


def test_the_old_playbook_takes_a_pilot_back(
    playbook: Playbook, domain: MemoryDomain, tmp_path: Path
) -> None:
    """Applying what was before gives the canaries the old policy, and the pilot is gone."""
    hosts = _stopped_in_a_pilot(playbook, domain, tmp_path)
    old = assigned(hosts["vm2"])
    domain.apply(playbook, members(domain))

    assert {assigned(host) for host in hosts.values()} == {old}
    assert domain.plan(playbook, members(domain)).steps == ()
    assert len(_gpos(domain)) == 1


def _gpos(domain: MemoryDomain) -> list[str]:
    return [dn for dn in domain.snapshot() if dn.startswith("CN={") and ",CN=Policies," in dn]


def test_removing_takes_a_pilot_along(
    playbook: Playbook, domain: MemoryDomain, tmp_path: Path
) -> None:
    """After a stop in the middle of a change nothing of either GPO is left."""
    before = domain.snapshot()
    hosts = _stopped_in_a_pilot(playbook, domain, tmp_path)
    domain.remove(playbook, members(domain))

    assert having(hosts) == set()
    assert domain.snapshot() == before


def test_a_limited_run_opens_the_gpo_for_nobody_else(
    playbook: Playbook, domain: MemoryDomain, tmp_path: Path
) -> None:
    """With --limit the GPO stays narrowed; a run without it goes on and widens it."""
    hosts = with_windows_hosts(domain, tmp_path)
    some = [host for host in members(domain) if host.name == "vm2"]
    plan = domain.plan(playbook, some)
    domain.carry_out(plan)
    for host in hosts.values():
        host.refresh_policy(force=False)

    assert having(hosts) == {"vm2"}
    assert "waves-limited" in {caution.code for caution in plan.warnings}
    domain.apply(playbook, members(domain))
    assert having(hosts) == {"vm1", "vm2", "host1"}
    assert _computers(domain, playbook) is None


def test_dropping_the_rollout_widens_a_narrowed_gpo(
    playbook: Playbook, domain: MemoryDomain, tmp_path: Path
) -> None:
    """Without waves in the playbook whoever still waits gets the policy at once."""
    hosts = with_windows_hosts(domain, tmp_path, stopped=["vm1"])
    domain.carry_out(domain.plan(playbook, members(domain)))
    domain.carry_out(domain.plan(replace(playbook, rollout=None), members(domain)))

    assert having(hosts) == {"vm1", "vm2", "host1"}
    assert _computers(domain, playbook) is None


def test_a_change_of_somebody_elses_is_refused(
    playbook: Playbook, domain: MemoryDomain, tmp_path: Path
) -> None:
    """An administrator who adds a computer to the filtering meanwhile is not overruled."""
    hosts = with_windows_hosts(domain, tmp_path, stopped=["vm1"])
    domain.carry_out(domain.plan(playbook, members(domain)))
    hosts["vm1"].start_service("PolicyAgent")
    hosts["vm1"].start_service("IKEEXT")
    plan = domain.plan(playbook, members(domain))
    dn = domain.gpo_dn(playbook.gpo.name)
    entry = domain.directory.read(dn, ["nTSecurityDescriptor", "adminDisplayName"])
    assert entry is not None
    found = read_filtering(entry)
    assert found.computers is not None
    stranger = found.computers[0].domain.child(9999)
    theirs = found.narrowed_to([*found.computers, stranger])
    domain.directory.replace(
        dn, Attributes({"nTSecurityDescriptor": [encode_descriptor(theirs.descriptor)]})
    )
    with pytest.raises(StalePlanError, match=str(stranger)):
        check_before_writing(plan.steps, domain.world)
    report = domain.carry_out(plan)

    assert report.error is not None
    assert str(stranger) in report.error
