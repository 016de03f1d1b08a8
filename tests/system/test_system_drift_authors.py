"""Who it was: the author of a change, out of the DC's own security log, or why nobody can tell."""

from pathlib import Path
from typing import Any

import pytest

from tests.system.conftest import IP_SECURITY_DN, OU_DN, PLAYBOOK, Laboratory, document

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

ONE = ("--limit", "vm1")
LIST = "azure-onpremises-HTTP8080"
# For a domain that ends with the test.
PASSWORD = "For-this-Lab-0nly"  # noqa: S105 - made up here


def drift(lab: Laboratory, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - as play
    """The document of ``orchestrate drift``; there is a difference."""
    said = lab.play("drift", "--json", *ONE, **options)
    assert said.returncode == 2, said.stderr
    return document(said)


def filter_list(lab: Laboratory) -> str:
    """The DN of our filter list."""
    wanted = f"(&(ipsecName={LIST})(adminDescription=*))"
    (dn,) = lab.search(IP_SECURITY_DN, f"(&(objectClass=ipsecFilter){wanted})")
    return dn


def block_inheritance(lab: Laboratory, *login: str) -> None:
    """Block inheritance at the OU, as the Administrator or somebody else."""
    ldif = f"dn: {OU_DN}\nchangetype: modify\nreplace: gPOptions\ngPOptions: 1\n"
    if not login:
        lab.modify(ldif)
        return
    file = lab.state_dir.parent / "by-somebody.ldif"
    file.write_text(ldif, encoding="utf-8")
    lab.run("ldbmodify", "-H", f"ldap://{lab.layout.dc_fqdn}", *login, str(file))


def test_the_user_who_did_it_is_named(lab: Laboratory) -> None:
    """Another administrator's change bears that name, and the Administrator's deletion this one."""
    lab.apply(*ONE)
    lab.samba_tool("user", "create", "carol", PASSWORD)
    lab.samba_tool("group", "addmembers", "Domain Admins", "carol")
    block_inheritance(lab, "-U", f"IPSECTEST\\carol%{PASSWORD}", "-k", "no")
    lab.modify(f"dn: {filter_list(lab)}\nchangetype: delete\n")
    found = drift(lab)["differences"]

    assert {(each["thing"], each["field"]): each["who"] for each in found} == {
        ("link", "inheritance"): r"IPSECTEST\carol",
        ("filter list", "the object"): r"IPSECTEST\Administrator",
    }
    assert {each["why_unknown"] for each in found} == {None}
    assert {each["where"] for each in found} == {lab.layout.dc_fqdn}
    assert all(each["when"] for each in found)


def test_without_auditing_nobody_knows_and_the_reason_is_told(lab: Laboratory) -> None:
    """Time and place are known all the same; people read the reason below the table."""
    lab.apply(*ONE)
    lab.fault("dc1", "no-audit")
    block_inheritance(lab)
    (found,) = drift(lab)["differences"]
    said = lab.play("drift", *ONE)
    lab.fault("dc1")

    assert (found["who"], found["where"]) == ("unknown", lab.layout.dc_fqdn)
    assert "does not audit" in found["why_unknown"]
    assert f"Who it was is unknown for 1: {found['why_unknown']}" in said.stdout


def test_a_dc_that_can_not_be_asked_is_no_failure(lab: Laboratory, tmp_path: Path) -> None:
    """A DC that refuses WinRM, or is not in the inventory, leaves the author unknown."""
    playbook = tmp_path / PLAYBOOK.name
    text = PLAYBOOK.read_text(encoding="utf-8")
    playbook.write_text(text.replace("\ngpo:\n", "\ngpo:\n  via: smb\n"), encoding="utf-8")
    lab.apply(*ONE, playbook=playbook)
    block_inheritance(lab)
    lab.fault("dc1", "refused")
    (refused,) = drift(lab, playbook=playbook)["differences"]
    lab.fault("dc1")
    inventory = lab.variant("without-dc", without_dc)
    (absent,) = drift(lab, playbook=playbook, inventory=inventory)["differences"]

    assert (refused["who"], absent["who"]) == ("unknown", "unknown")
    assert lab.layout.dc_fqdn in refused["why_unknown"]
    assert "is not in the inventory" in absent["why_unknown"]


def without_dc(content: dict[str, Any]) -> None:
    """Take the DC out of the hosts."""
    content["domain"]["controllers"] = [f"dc1.{content['domain']['name']}"]
    content["hosts"] = {name: host for name, host in content["hosts"].items() if name != "dc1"}


def test_a_move_has_time_and_place(lab: Laboratory) -> None:
    """An account in another OU is told with the moment of the move, though Samba notes no author."""
    lab.apply(*ONE)
    lab.modify(
        f"dn: CN=VM1,{OU_DN}\nchangetype: modrdn\nnewrdn: CN=VM1\ndeleteoldrdn: 1\n"
        f"newsuperior: CN=Computers,{OU_DN.partition(',')[2]}\n"
    )
    (found,) = drift(lab)["differences"]

    assert (found["thing"], found["field"]) == ("computer account", "place")
    assert (found["where"], found["who"]) == (lab.layout.dc_fqdn, "unknown")
    assert found["when"]
    assert found["why_unknown"]


def test_the_script_itself_tells_the_same(powershell_lab: Laboratory) -> None:
    """Run by a PowerShell, the real script finds the author in the events' own fields."""
    powershell_lab.reset()
    powershell_lab.apply(*ONE)
    block_inheritance(powershell_lab)
    powershell_lab.modify(f"dn: {filter_list(powershell_lab)}\nchangetype: delete\n")
    found = drift(powershell_lab)["differences"]
    powershell_lab.fault("dc1", "no-audit")
    silent = drift(powershell_lab)["differences"]
    powershell_lab.fault("dc1")

    assert [each["who"] for each in found] == [r"IPSECTEST\Administrator"] * 2
    assert all("does not audit" in each["why_unknown"] for each in silent)
