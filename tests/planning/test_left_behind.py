"""A removal that comes to its end without a member, and what stays for that member."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ipsec_orchestrator.app.plans import make_remove_plan
from ipsec_orchestrator.errors import HostUnreachableError, UsageError
from ipsec_orchestrator.facts.gpo import assignment_dns
from ipsec_orchestrator.lab.windows import SimulatedHost
from ipsec_orchestrator.model.inventory import Host
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.outcome import HostOutcome, RunReport
from ipsec_orchestrator.model.plan import Consents, Plan
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.model.steps import EntryStep, GpoStep
from ipsec_orchestrator.ports import ScriptCall
from tests.worlds import DOMAIN_DN, OU, MemoryDomain, with_windows_hosts

POLICIES = f"CN=IP Security,CN=System,{DOMAIN_DN}"


@dataclass(slots=True)
class Scene:
    """The how-to applied to all members; vm1 may be away."""

    domain: MemoryDomain
    playbook: Playbook
    members: tuple[Host, ...]
    hosts: dict[str, SimulatedHost]
    vm1: Callable[[ScriptCall], Json]

    def away(self, *, away: bool = True) -> None:
        """Take vm1 off the network, or bring it back."""

        def gone(call: ScriptCall) -> Json:
            raise HostUnreachableError(host=call.name, reason="no route")

        self.domain.answers = {**self.domain.answers, "vm1": gone if away else self.vm1}

    def plan(self, *left_behind: str) -> Plan:
        """Plan the removal."""
        return make_remove_plan(
            self.playbook,
            self.members,
            self.domain.world,
            lambda _: None,
            Consents(left_behind=left_behind),
        )

    def remove(self, *left_behind: str) -> RunReport:
        """Carry out the removal."""
        report = self.domain.carry_out(self.plan(*left_behind))
        assert report.error is None, report.error
        return report

    def objects(self) -> int:
        """How many policy objects are marked as ours."""
        return sum(
            "adminDescription" in attributes
            for dn, attributes in self.domain.snapshot().items()
            if dn.casefold().endswith(POLICIES.casefold())
        )

    def has_policy(self, name: str = "vm1") -> bool:
        """Whether Group Policy of a member says that it has a policy, by its registry."""
        keys = self.hosts[name].registry.read()
        key = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\IPSec\GPTIPSECPolicy"
        return keys.value(key, "DSIPSECPolicyPath") is not None


@pytest.fixture
def scene(howto: Playbook, domain: MemoryDomain, tmp_path: Path) -> Scene:
    """Everybody has the policy."""
    hosts = with_windows_hosts(domain, tmp_path)
    members = tuple(host for host in domain.inventory.hosts if host.name != "dc1")
    domain.apply(howto, members)
    return Scene(
        domain=domain,
        playbook=howto,
        members=members,
        hosts=hosts,
        vm1=domain.answers["vm1"],
    )


def test_without_being_named_it_keeps_everything(scene: Scene) -> None:
    """A member that does not answer is failed, and objects, link and GPO stay."""
    before = scene.objects()
    scene.away()
    report = scene.remove()

    assert {m.host: m.outcome for m in report.members}["vm1"] is HostOutcome.FAILED
    assert scene.objects() == before
    assert scene.domain.gpo_dn(scene.playbook.gpo.name)


def test_named_it_is_left_behind_and_the_gpo_stays_for_it(scene: Scene) -> None:
    """The policy goes; the GPO stays, linked, with nothing assigned, under a higher version."""
    gpo = scene.domain.gpo_dn(scene.playbook.gpo.name)
    version = int(scene.domain.text(gpo, "versionNumber") or "0")
    scene.away()
    plan = scene.plan("VM1")
    report = scene.remove("VM1")

    assert {member.host for member in report.members} == {"dc1", "host1", "vm2"}
    assert report.all_members_done
    (warning,) = (found for found in plan.warnings if found.code == "left-behind")
    assert "vm1 did not answer" in warning.text
    assert scene.objects() == 0
    assert scene.domain.text(assignment_dns(gpo)[-1], "ipsecOwnersReference") is None
    assert int(scene.domain.text(gpo, "versionNumber") or "0") == version + 1
    assert gpo.partition(",")[0].casefold() in (scene.domain.text(OU, "gPLink") or "").casefold()
    assert not any(isinstance(step, GpoStep) for step in plan.steps)
    assert not any(isinstance(step, EntryStep) and step.dn == OU for step in plan.steps)
    assert scene.has_policy()


def test_what_stays_is_enough_for_it_to_let_go(scene: Scene) -> None:
    """It comes back, refreshes by itself, and has no policy; the next removal takes the rest."""
    before = scene.domain.snapshot()
    scene.away()
    scene.remove("vm1")
    assert scene.plan("vm1").is_empty
    scene.away(away=False)
    scene.hosts["vm1"].refresh_policy(force=False)
    assert not scene.has_policy()
    report = scene.remove()

    assert report.all_members_done
    assert not any(scene.playbook.gpo.name in str(a) for a in scene.domain.snapshot().values())
    assert len(scene.domain.snapshot()) < len(before)


def test_one_that_comes_back_without_a_refresh_is_refreshed(scene: Scene) -> None:
    """The next removal finds the policy on it, has it let go, and only then takes the GPO."""
    scene.away()
    scene.remove("vm1")
    scene.away(away=False)
    plan = scene.plan()
    report = scene.remove()

    assert [step.host for step in plan.members] == ["vm1"]
    assert report.all_members_done
    assert not scene.has_policy()


def test_one_that_answers_is_waited_for_all_the_same(scene: Scene) -> None:
    """The option is no way around a member that can be told."""
    plan = scene.plan("vm1")

    assert "vm1" in {step.host for step in plan.members}
    assert "left-behind" not in {warning.code for warning in plan.warnings}
    assert any(isinstance(step, GpoStep) for step in plan.steps)


def test_a_stranger_can_not_be_left_behind(scene: Scene) -> None:
    """A name that means nobody is a mistake, and the sentence names who there is."""
    with pytest.raises(UsageError, match=r"vm9: this is none .* They are .*vm1"):
        scene.plan("vm9")


def test_computers_that_nobody_asks_are_told_before_the_gpo_goes(scene: Scene) -> None:
    """They let go while the unassigned GPO is linked, so the plan says how to give them time."""
    inventory = scene.domain.inventory
    known = tuple(host for host in inventory.hosts if host.name != "vm2")
    scene.domain.inventory = replace(inventory, hosts=known)
    scene.members = tuple(host for host in scene.members if host.name != "vm2")
    (warning,) = (found for found in scene.plan().warnings if found.code == "others-in-ou")

    assert "1 computers" in warning.text
    assert "VM2" in warning.text.upper()
    assert "assignment" in warning.text
