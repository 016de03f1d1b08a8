"""How a rollout in waves reads: the plan, the table, the document, the last words."""

from dataclasses import replace
from pathlib import Path

import pytest

from ipsec_orchestrator.model.outcome import HostOutcome, MemberResult
from ipsec_orchestrator.model.policy import GpoVia, Playbook
from ipsec_orchestrator.model.rollout import Portion, Rollout
from ipsec_orchestrator.report.lines import plain_text
from ipsec_orchestrator.report.plan_report import plan_lines
from ipsec_orchestrator.report.run_report import (
    all_hosts,
    ending_lines,
    member_rows,
    member_to_json,
    run_to_json,
    table_headings,
)
from tests.worlds import MemoryDomain, with_windows_hosts


@pytest.fixture
def playbook(howto: Playbook) -> Playbook:
    """The how-to in three waves: vm1, host1, vm2."""
    rollout = Rollout(canaries="vm1", batches=(Portion(hosts=1),), wait_seconds=5400)
    return replace(howto, gpo=replace(howto.gpo, via=GpoVia.SMB), rollout=rollout)


def test_the_plan_tells_each_wave(playbook: Playbook, domain: MemoryDomain) -> None:
    """Who is in it, what happens behind it, and how the permissions end."""
    plan = domain.plan(playbook, domain.inventory.hosts[1:])
    text = plain_text(plan_lines(plan))

    assert "+ wave 1 of 3 (canaries)\n      hosts: vm1\n" in text
    assert "then: wait 1h30m, look at policy, services, management port\n" in text
    assert "if more than 0% of it fails: stop, the waves so far keep it\n" in text
    assert "+ wave 3 of 3\n      hosts: vm2\n      then: look at" in text
    assert "may apply the GPO: the waves -> as before the waves" in text


def test_table_and_document_group_hosts_by_wave(
    playbook: Playbook, domain: MemoryDomain, tmp_path: Path
) -> None:
    """The DC comes first, then wave by wave; without waves the table has no such column."""
    with_windows_hosts(domain, tmp_path)
    members = domain.inventory.hosts[1:]
    plan = domain.plan(playbook, members)
    report = domain.carry_out(plan)
    hosts = all_hosts(plan, report, domain.inventory)

    assert table_headings(hosts)[:2] == ("wave", "host")
    assert [cells[:2] for cells, _ in member_rows(hosts)] == [
        ("", "dc1"),
        ("1", "vm1"),
        ("2", "host1"),
        ("3", "vm2"),
    ]
    assert [member_to_json(host)["wave"] for host in hosts] == [None, 1, 2, 3]
    assert run_to_json(report)["stopped"] is None
    plain = [replace(host, wave=None) for host in hosts]
    assert table_headings(plain)[0] == "host"
    assert len(member_rows(plain)[0][0]) == len(table_headings(plain))


def test_hosts_that_needed_nothing_have_their_wave(
    playbook: Playbook, domain: MemoryDomain, tmp_path: Path
) -> None:
    """After a stop the next plan says of those that were reached in which wave they are."""
    hosts = with_windows_hosts(domain, tmp_path, stopped=["vm1"])
    members = domain.inventory.hosts[1:]
    domain.carry_out(domain.plan(playbook, members))
    hosts["vm1"].start_service("PolicyAgent")
    hosts["vm1"].start_service("IKEEXT")
    plan = domain.plan(playbook, members)
    found = {host.host: host.wave for host in all_hosts(plan, None, domain.inventory)}

    assert found["vm1"] == 1
    assert "= wave 1" not in plain_text(plan_lines(plan))


def test_the_last_words_of_a_stop_say_how_to_go_on(
    playbook: Playbook, domain: MemoryDomain, tmp_path: Path
) -> None:
    """What failed, what stays, who was not reached, and the two ways on."""
    with_windows_hosts(domain, tmp_path, stopped=["vm1"])
    report = domain.carry_out(domain.plan(playbook, domain.inventory.hosts[1:]))
    text = plain_text(ending_lines(report))

    assert "The rollout stopped: wave 1 of 3: 0 of 1 hosts are well; not well: vm1." in text
    assert "vm1: failed: Assigned, not enforced" in text
    assert "Run the same command again to go on from there, or orchestrate remove" in text
    assert run_to_json(report)["stopped"] == report.stopped
    failed = next(host for host in report.members if host.host == "vm1")
    assert isinstance(failed, MemberResult)
    assert failed.outcome is HostOutcome.FAILED
