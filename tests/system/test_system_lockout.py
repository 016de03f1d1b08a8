"""A playbook that would cut everybody off, on a real directory: refused, then taken upon oneself."""

from pathlib import Path

import pytest

from tests.system.conftest import IP_SECURITY_DN, MakeLab, document

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

BLOCK_EVERYTHING = """
gpo: {name: Block-Everything, ou: IPSecOU}
filter_actions:
  - {name: drop, action: block}
filter_lists:
  - name: everything
    filters:
      - {source: any, destination: any}
policies:
  - name: nothing-passes
    rules:
      - {filter_list: everything, filter_action: drop}
assignment: nothing-passes
"""


def test_block_of_everything_is_refused_before_any_write(make_lab: MakeLab, tmp_path: Path) -> None:
    """The DC's own count of writes stands still until every single flow is accepted."""
    lab = make_lab("lockout")
    playbook = tmp_path / "block.yml"
    playbook.write_text(BLOCK_EVERYTHING, encoding="utf-8")
    planned = lab.play("plan", "--json", playbook=playbook)
    risks = document(planned)["risks"]
    words = [risk["risk"] for risk in risks]
    before = lab.highest_usn(), lab.gpo_count()
    refused = lab.play("apply", "--yes", playbook=playbook)
    options = [part for word in words for part in ("--accept-risk", word)]
    all_but_one = lab.play("apply", "--yes", *options[2:], playbook=playbook)
    wholesale = lab.play("apply", "--yes", "--accept-risk", "*", playbook=playbook)
    after = lab.highest_usn(), lab.gpo_count()

    assert planned.returncode == 1
    assert "Administration would not stay open" in planned.stderr
    services = ("kerberos", "ldap", "smb", "dns", "rpc", "ntp")
    for host in ("host1", "vm1", "vm2"):
        expected = {f"winrm:{host}", f"dhcp:{host}", f"icmp:{host}"}
        assert expected | {f"{name}:{host}:dc1" for name in services} <= set(words)
    assert {risk["verdict"] for risk in risks} == {"blocked"}
    for said in (refused, all_but_one):
        assert said.returncode == 1, said.stderr
        assert "rule everything, filter list everything, filter action drop" in said.stderr
        assert "Traceback" not in said.stderr
    assert f"--accept-risk {words[0]}" in all_but_one.stderr
    assert wholesale.returncode == 64
    assert before == after

    accepted = lab.play("apply", "--yes", "--json", *options, playbook=playbook)

    assert accepted.returncode == 0, accepted.stderr
    assert all(risk["accepted"] for risk in document(accepted)["plan"]["risks"])
    assert lab.gpo_count() == before[1] + 1
    assert lab.search(IP_SECURITY_DN, "(ipsecName=nothing-passes)", "dn", scope="one")
    assert {lab.assigned_policy(host) for host in lab.members} == {"nothing-passes"}

    removed = lab.play("remove", "--yes", playbook=playbook)

    assert removed.returncode == 0, removed.stderr
    assert lab.gpo_count() == before[1]
