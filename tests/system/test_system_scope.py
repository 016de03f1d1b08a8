"""Which members a GPO reaches is decided by the real directory: links, inheritance, filtering."""

from pathlib import Path
from typing import Any

import pytest

from tests.system.conftest import DOMAIN_DN, OU_DN, PLAYBOOK, POLICY, Laboratory, document, outcomes

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

PAIR = ("--limit", "vm1,host1")
INNER_OU = f"OU=Inner,{OU_DN}"


def impatient(content: dict[str, Any]) -> None:
    """Give members up after a few seconds."""
    content["defaults"]["winrm"] |= {"deadline": 6, "connect_timeout": 2}


def move_to_inner_ou(lab: Laboratory, *, blocks_inheritance: bool) -> None:
    """Put vm1 into an OU below the one that the GPO is linked to."""
    lab.modify(
        f"dn: {INNER_OU}\nchangetype: add\nobjectClass: organizationalUnit\n"
        f"gPOptions: {int(blocks_inheritance)}\n\n"
        f"dn: CN=VM1,{OU_DN}\nchangetype: modrdn\nnewrdn: CN=VM1\ndeleteoldrdn: 1\n"
        f"newsuperior: {INNER_OU}\n",
    )


def test_member_without_the_right_to_apply_gets_nothing(lab: Laboratory) -> None:
    """Denied Apply Group Policy by the GPO's ACL, vm1 is not done, and host1 is."""
    lab.apply("--limit", "host1")
    gpo_dn = f"CN={lab.gpo_id()},CN=Policies,CN=System,{DOMAIN_DN}"
    account = lab.search(DOMAIN_DN, "(sAMAccountName=VM1$)", "objectSid")
    (sid,) = next(entry["objectSid"] for entry in account.values() if entry)
    apply_right = "edacfd8f-ffb3-11d1-b41d-00a0c968f939"
    ace = f"(OD;;CR;{apply_right};;{sid.decode()})"
    lab.samba_tool("dsacl", "set", f"--objectdn={gpo_dn}", f"--sddl={ace}")
    said = lab.play("apply", "--yes", "--json", *PAIR, inventory=lab.variant("brief", impatient))
    run = document(said)

    assert said.returncode == 3
    assert outcomes(run)["vm1"]["outcome"] != "done"
    assert lab.assigned_policy("vm1") is None
    assert lab.assigned_policy("host1") == POLICY


def test_disabled_link_is_enabled_again(lab: Laboratory) -> None:
    """After somebody disabled the link the plan shows that alone, and apply sets it right."""
    lab.apply("--limit", "host1")
    link = lab.search(OU_DN, scope="base")[OU_DN]["gPLink"][0].decode()
    disabled = link.replace(";0]", ";1]")
    lab.modify(f"dn: {OU_DN}\nchangetype: modify\nreplace: gPLink\ngPLink: {disabled}\n")
    planned = lab.play("plan", "--exit-code", "--limit", "host1")
    lab.apply(*PAIR)

    assert planned.returncode == 2
    assert "enabled: no -> yes" in planned.stdout
    assert lab.search(OU_DN, scope="base")[OU_DN]["gPLink"] == [link.encode()]
    assert lab.assigned_policy("vm1") == POLICY


def test_blocked_inheritance_is_told(lab: Laboratory) -> None:
    """A member in an OU that blocks inheritance is not done, and the reason says why it may be."""
    move_to_inner_ou(lab, blocks_inheritance=True)
    inventory = lab.variant("impatient", impatient)
    said = lab.play("apply", "--yes", "--json", *PAIR, inventory=inventory)
    members = outcomes(document(said))

    assert said.returncode == 3
    assert members["vm1"]["outcome"] != "done"
    assert members["host1"]["outcome"] == "done"
    assert lab.assigned_policy("vm1") is None


def test_enforced_link_passes_blocked_inheritance(lab: Laboratory, tmp_path: Path) -> None:
    """With ``enforced`` the same member gets the policy all the same."""
    move_to_inner_ou(lab, blocks_inheritance=True)
    playbook = tmp_path / "enforced.yml"
    text = PLAYBOOK.read_text(encoding="utf-8")
    playbook.write_text(
        text.replace("  link_enabled: true\n", "  link_enabled: true\n  enforced: true\n"),
        encoding="utf-8",
    )
    lab.apply(*PAIR, playbook=playbook)

    assert lab.search(OU_DN, scope="base")[OU_DN]["gPLink"][0].endswith(b";2]")
    assert lab.assigned_policy("vm1") == POLICY
