"""Members that do not do what they are told, are slow, or speak other languages and protocols."""

import os
import time
from pathlib import Path
from typing import Any

import pytest

from tests.system.conftest import POLICY, Laboratory, document, outcomes, playbook_for

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

DEADLINE = 6
MEMBER_DEADLINES = {"deadline": DEADLINE, "connect_timeout": 2}


def impatient(content: dict[str, Any]) -> None:
    """Give members up after a few seconds."""
    content["defaults"]["winrm"] |= MEMBER_DEADLINES


@pytest.fixture
def well_lab(lab: Laboratory) -> Laboratory:
    """The fast lab after a reset, with no fault left by another test."""
    for host in lab.members:
        lab.fault(host)
    return lab


def test_ill_members_do_not_keep_the_others(well_lab: Laboratory) -> None:
    """Each fault has its own outcome, all others are done, and a later apply ends the work."""
    lab = well_lab
    faults = {
        "vm1": "hang",
        "vm2": "refused",
        "vm3": "access-denied",
        "vm4": "reset-after=1",
        "host2": "reset-after=0",
        "host3": "latency=0.1",
    }
    inventory = lab.variant("impatient", impatient)
    for host, fault in faults.items():
        lab.fault(host, fault)
    started = time.monotonic()
    said = lab.play("apply", "--yes", "--json", inventory=inventory)
    spent = time.monotonic() - started
    members = outcomes(document(said))
    for host in faults:
        lab.fault(host)
    again = lab.play("apply", "--yes", "--json", inventory=inventory)

    assert said.returncode == 3, said.stderr
    assert "Traceback" not in said.stderr
    # Members are looked at for the plan and again for the run, each within their deadline.
    assert spent < 90
    for host, member in members.items():
        if faults.get(host, "latency").startswith("latency"):
            assert member["outcome"] == "done", member
        else:
            assert member["outcome"] in {"failed", "unknown"}, member
            assert member["reason"]
            assert member["cure"]
    assert "denied" in members["vm3"]["reason"].casefold()
    assert again.returncode == 0, again.stderr
    run = document(again)["run"]
    assert {step["stage"] for step in run["steps"]} == {"members"}
    assert all(lab.assigned_policy(host) == POLICY for host in lab.members)


def test_removal_waits_for_ill_members(well_lab: Laboratory, tmp_path: Path) -> None:
    """While a member can't be seen to have let go, the policy objects stay; later all goes."""
    lab = well_lab
    pair = playbook_for(tmp_path, "vm1,vm2")
    lab.apply(playbook=pair)
    inventory = lab.variant("impatient", impatient)
    lab.fault("vm1", "refused")
    first = lab.play("remove", "--yes", "--json", playbook=pair, inventory=inventory)
    kept = lab.gpo_count()
    lab.fault("vm1")
    second = lab.play("remove", "--yes", "--json", playbook=pair, inventory=inventory)

    assert first.returncode == 3, first.stderr
    assert kept == 3
    assert outcomes(document(first))["vm2"]["outcome"] == "done"
    assert second.returncode == 0, second.stderr
    assert lab.gpo_count() == 2
    assert lab.assigned_policy("vm1") is None


def test_stopped_service_is_assigned_and_not_enforced(well_lab: Laboratory) -> None:
    """Where PolicyAgent does not run, the table says so, and how to cure it."""
    lab = well_lab
    lab.fault("vm1", "policyagent-stopped")
    said = lab.play("apply", "--yes", "--json", "--limit", "vm1,host1")
    members = outcomes(document(said))

    assert said.returncode == 0, said.stderr
    assert members["vm1"]["policy"] == POLICY
    assert members["vm1"]["enforced"] is False
    assert "ssigned, not enforced" in members["vm1"]["reason"]
    assert "Start-Service PolicyAgent" in members["vm1"]["cure"]
    assert members["host1"]["outcome"] == "done"


def test_languages_and_clocks_make_no_difference(powershell_lab: Laboratory) -> None:
    """A German, a Japanese and a late Windows, each in PowerShell, come out like any other."""
    lab = powershell_lab
    lab.reset()
    oddities = {"vm1": "locale=de-DE", "vm2": "locale=ja-JP", "host1": "clock-skew=-7200"}
    try:
        for host, fault in oddities.items():
            lab.fault(host, fault)
        found = lab.apply()
        shown = lab.orchestrate("show", "-i", lab.inventory, "--host", "vm1", "--json")
        lab.fault("vm1", "locale=de-DE", "access-denied")
        refused = lab.play("plan", "--limit", "vm1")
    finally:
        for host in oddities:
            lab.fault(host)

    members = outcomes(found)
    assert {member["outcome"] for member in members.values()} == {"done"}
    assert document(shown)["culture"] == "de-DE"
    assert "Traceback" not in refused.stderr
    assert "denied" in (refused.stdout + refused.stderr).casefold()


def test_every_way_to_a_member(well_lab: Laboratory) -> None:
    """PSRP and WinRS, HTTP and HTTPS, Kerberos and NTLM: each combination does the same."""
    lab = well_lab
    ways: dict[str, dict[str, object]] = {
        "vm1": {"transport": "psrp", "auth": "kerberos"},
        "vm2": {"transport": "winrm", "auth": "kerberos"},
        "vm3": {"transport": "psrp", "scheme": "https", "port": 5986},
        "vm4": {"transport": "winrm", "scheme": "https", "port": 5986},
        "host1": {"transport": "winrm", "auth": "negotiate"},
    }

    def change(content: dict[str, Any]) -> None:
        for host, way in ways.items():
            content["hosts"][host]["winrm"] |= way

    said = lab.play(
        "apply",
        "--yes",
        "--json",
        "--limit",
        ",".join(ways),
        inventory=lab.variant("ways", change),
    )

    assert said.returncode == 0, said.stderr
    assert {name for name in lab.members if lab.assigned_policy(name)} == set(ways)


def test_members_in_powershell_by_both_transports(powershell_lab: Laboratory) -> None:
    """The scripts run in a PowerShell over PSRP and over WinRS, with TLS and without."""
    lab = powershell_lab
    lab.reset()
    ways: dict[str, dict[str, object]] = {
        "vm1": {"transport": "winrm"},
        "vm2": {"transport": "winrm", "scheme": "https", "port": 5986},
        "host1": {"transport": "psrp", "scheme": "https", "port": 5986},
    }

    def change(content: dict[str, Any]) -> None:
        for host, way in ways.items():
            content["hosts"][host]["winrm"] |= way

    members = outcomes(lab.apply(inventory=lab.variant("mixed", change)))

    assert {member["outcome"] for member in members.values()} == {"done"}
    assert all(lab.assigned_policy(host) == POLICY for host in ways)


def test_wrong_certificates_are_refused(well_lab: Laboratory) -> None:
    """A host whose certificate is for another name, and one of an unknown CA, get nothing."""
    lab = well_lab
    lab.fault("vm1", "wrong-certificate")

    def change(content: dict[str, Any]) -> None:
        impatient(content)
        for host in ("vm1", "vm2"):
            content["hosts"][host]["winrm"] |= {"scheme": "https", "port": 5986}
        del content["defaults"]["winrm"]["ca_file"]
        content["hosts"]["vm1"]["winrm"]["ca_file"] = str(lab.layout.ca_file)

    said = lab.play(
        "apply",
        "--yes",
        "--json",
        "--limit",
        "vm1,vm2,host1",
        inventory=lab.variant("certificates", change),
    )
    members = outcomes(document(said))

    assert said.returncode == 3, said.stderr
    for host in ("vm1", "vm2"):
        assert members[host]["outcome"] == "failed"
        assert "certificate" in members[host]["reason"].casefold()
        assert lab.assigned_policy(host) is None
    assert members["host1"]["outcome"] == "done"


def test_fifty_members(make_lab: Any) -> None:  # noqa: ANN401 - a fixture's callable
    """Fifty hosts are refreshed side by side, and each is read back."""
    lab = make_lab("fifty", "--members", "50")
    try:
        members = outcomes(lab.apply("--allow-many-hosts"))
        assert len(lab.members) == 50
        assert {members[host]["outcome"] for host in lab.members} == {"done"}
        assert {lab.assigned_policy(host) for host in lab.members} == {POLICY}
    finally:
        down = lab.orchestrate("lab", "down")
    assert down.returncode == 0, down.stderr
    assert not os.path.lexists(lab.state_dir / "lab")
