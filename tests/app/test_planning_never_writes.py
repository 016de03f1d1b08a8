"""Planning and showing read only: every write through any port is counted."""

from pathlib import Path

from ipsec_orchestrator.app.show import HostPolicies, asked, domain_policies
from ipsec_orchestrator.model.directory import Attributes
from ipsec_orchestrator.model.inventory import Host
from ipsec_orchestrator.model.policy import Playbook
from tests.worlds import MemoryDomain, with_windows_hosts


def members(domain: MemoryDomain) -> list[Host]:
    """All hosts but the DC."""
    return [host for host in domain.inventory.hosts if host.name != "dc1"]


def test_planning_writes_nothing_whatever_there_is_to_do(
    howto: Playbook,
    domain: MemoryDomain,
    tmp_path: Path,
) -> None:
    """First apply, unchanged, drifted and removal: no plan writes or starts anything."""
    with_windows_hosts(domain, tmp_path)
    world, counter = domain.counting()
    assert len(domain.plan(howto, members(domain), world).steps) > 20
    assert domain.plan_removal(howto, members(domain), world).steps == ()
    domain.apply(howto, members(domain))
    assert domain.plan(howto, members(domain), world).steps == ()
    assert len(domain.plan_removal(howto, members(domain), world).steps) > 10
    dn = domain.gpo_dn(howto.gpo.name)
    domain.directory.replace(dn, Attributes.of_text(flags="2"))
    assert len(domain.plan(howto, members(domain), world).steps) > 0

    assert counter.writes == []


def test_an_apply_is_counted(howto: Playbook, domain: MemoryDomain, tmp_path: Path) -> None:
    """The counter counts: an apply of the how-to makes a write a step, scripts included."""
    with_windows_hosts(domain, tmp_path)
    world, counter = domain.counting()
    plan = domain.plan(howto, members(domain), world)
    report = domain.carry_out(plan, world)

    assert report.all_members_done
    assert len(counter.writes) == len(plan.steps)
    assert counter.writes[0] == f"create GPO {howto.gpo.name}"
    assert sorted(counter.writes[-3:]) == [
        f"run start_refresh on {name}" for name in ("host1", "vm1", "vm2")
    ]


def test_applying_an_unchanged_domain_writes_nothing(
    howto: Playbook,
    domain: MemoryDomain,
    tmp_path: Path,
) -> None:
    """The second apply does not write, start or refresh anything."""
    with_windows_hosts(domain, tmp_path)
    domain.apply(howto, members(domain))
    world, counter = domain.counting()
    report = domain.carry_out(domain.plan(howto, members(domain), world), world)

    assert counter.writes == []
    assert report.steps == ()
    assert report.members[0].reason == "Nothing was to be written."


def test_showing_reads_the_same_words_from_domain_and_member(
    howto: Playbook,
    domain: MemoryDomain,
    tmp_path: Path,
) -> None:
    """A member's cache says in the playbook's words what the directory says, and nobody writes."""
    with_windows_hosts(domain, tmp_path)
    domain.apply(howto, members(domain))
    world, counter = domain.counting()
    (found,) = domain_policies(world)
    host = domain.inventory.host("vm1")
    assert host is not None
    answer = asked(host, world)
    assert isinstance(answer, HostPolicies)
    (cached,) = answer.policies

    assert counter.writes == []
    assert found.gpos == (howto.gpo.name,)
    assert answer.observation.assigned is not None
    assert cached.policy.name == found.policy.policy.name == "policy-azure-onpremises"
    assert cached.missing == found.policy.missing == ()
    assert [rule.rule.fields for rule in cached.rules] == [
        rule.rule.fields for rule in found.policy.rules
    ]
    named = next(rule for rule in cached.rules if rule.rule.name)
    assert named.filter_action is not None
    assert ("methods", "ESP[3DES,SHA1]") in named.filter_action.fields
