"""Saved plans, stale plans, foreign links, exit codes: by a domain that others change too."""

import json
import shutil
import subprocess
from base64 import b64encode
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.lacking import lacking
from tests.system.conftest import (
    DOMAIN_DN,
    IP_SECURITY_DN,
    OU_DN,
    PLAYBOOK,
    POLICIES_DN,
    POLICY,
    Laboratory,
    document,
    playbook_for,
)

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

ONE_MEMBER = ("--limit", "vm1")


def action_dn(lab: Laboratory) -> str:
    """DN of the filter action myEncryption."""
    (dn,) = lab.search(IP_SECURITY_DN, "(ipsecName=myEncryption)", "dn", scope="one")
    return dn


def cut_blob(lab: Laboratory, dn: str) -> None:
    """Shorten somebody's filter action to plain permit, as another administrator might."""
    permit = b64encode(bytes.fromhex("b920dc80c82ed111a89e00a0248d3021040000000000000000")).decode()
    lab.modify(f"dn: {dn}\nchangetype: modify\nreplace: ipsecData\nipsecData:: {permit}\n")


def test_saved_plan_is_carried_out(lab: Laboratory, tmp_path: Path) -> None:
    """What ``--out`` saved does the same as the playbook, and then there is nothing to do."""
    saved = tmp_path / "plan.json"
    planned = lab.play("plan", "--out", saved, *ONE_MEMBER)
    assert planned.returncode == 0, planned.stderr
    said = lab.play("apply", "--yes", "--json", playbook=saved)

    assert said.returncode == 0, said.stderr
    assert document(said)["plan"] == json.loads(saved.read_text(encoding="utf-8"))
    assert lab.assigned_policy("vm1") == POLICY
    assert lab.play("plan", "--exit-code", *ONE_MEMBER).returncode == 0


def test_plan_in_words_is_the_same_every_time(lab: Laboratory) -> None:
    """Two plans for people are equal too; they name every stage and warn of weak algorithms."""
    first, again = (lab.play("plan", *ONE_MEMBER) for _ in range(2))

    assert first.stdout == again.stdout
    for words in ("1  create the GPO", "2  enable the link", "3  define the filter action"):
        assert words in first.stdout
    for words in ("4, 5  define the filter list", "6, 7  define the policy", "8  assign"):
        assert words in first.stdout
    assert "3DES and SHA-1, which are weak" in first.stdout


def test_stale_plan_is_refused(lab: Laboratory, tmp_path: Path) -> None:
    """After somebody else's change the plan names object, attribute, expected and found."""
    lab.apply(*ONE_MEMBER)
    changed = tmp_path / PLAYBOOK.name
    text = PLAYBOOK.read_text(encoding="utf-8")
    changed.write_text(text.replace("- ESP[3DES,SHA1]", "- ESP[3DES,MD5]"), encoding="utf-8")
    saved = tmp_path / "plan.json"
    assert lab.play("plan", "--out", saved, *ONE_MEMBER, playbook=changed).returncode == 0
    gpo_dn = f"CN={lab.gpo_id()},{POLICIES_DN}"
    assignment = f"CN=IPSEC,CN=Windows,CN=Microsoft,CN=Machine,{gpo_dn}"
    reference = "ipsecOwnersReference"
    before = lab.search(assignment, scope="base")[assignment][reference][0].decode()
    other = f"CN=ipsecPolicy{{72385230-70FA-11D1-864C-14A300000000}},{IP_SECURITY_DN}"
    change = f"changetype: modify\nreplace: {reference}\n{reference}: {other}\n"
    lab.modify(f"dn: {assignment}\n{change}")
    said = lab.play("apply", "--yes", playbook=saved)

    assert said.returncode == 1
    assert "Traceback" not in said.stderr
    told = said.stdout + said.stderr
    for words in ("stale", assignment, reference, before, other):
        assert words in told
    assert lab.search(assignment, scope="base")[assignment][reference] == [other.encode()]


def test_everything_that_is_stale_is_named(lab: Laboratory, tmp_path: Path) -> None:
    """Three changes, an object made again and one that is gone: each is a line, none is written."""
    lab.apply(*ONE_MEMBER)
    changed = tmp_path / PLAYBOOK.name
    text = PLAYBOOK.read_text(encoding="utf-8")
    changed.write_text(text.replace("- ESP[3DES,SHA1]", "- ESP[3DES,MD5]"), encoding="utf-8")
    saved = tmp_path / "plan.json"
    assert lab.play("plan", "--out", saved, *ONE_MEMBER, playbook=changed).returncode == 0
    basis = json.loads(saved.read_text(encoding="utf-8"))["basis"]
    gpo_dn = f"CN={lab.gpo_id()},{POLICIES_DN}"
    place = f"CN=IPSEC,CN=Windows,CN=Microsoft,CN=Machine,{gpo_dn}"
    ((_, settings),) = lab.search(
        f"CN=Configuration,{DOMAIN_DN}", "(objectClass=nTDSDSA)", "invocationId"
    ).items()
    assert basis["invocation_id"] in {
        str(UUID(bytes_le=value)) if len(value) == 16 else value.decode()
        for value in settings["invocationId"]
    }
    known = {found["dn"]: found for found in basis["objects"]}
    old = lab.search(place, "*", scope="base")[place]
    assert known[place]["usn"] == int(old["uSNChanged"][0])
    lab.modify(f"dn: {OU_DN}\nchangetype: modify\nreplace: gPOptions\ngPOptions: 1\n")
    lab.modify(f"dn: {gpo_dn}\nchangetype: modify\nreplace: flags\nflags: 3\n")
    lab.modify(f"dn: {place}\nchangetype: delete\n")
    kept = ("ipsecOwnersReference", "ipsecName", "description", "adminDescription")
    lines = [f"{name}: {value.decode()}" for name in kept for value in old.get(name, [])]
    again = "\n".join(["changetype: add", "objectClass: ipsecPolicy", *lines])
    lab.modify(f"dn: {place}\n{again}\n")
    said = lab.play("apply", "--yes", "--json", playbook=saved)
    stale = {(found["object"], found["attribute"]): found for found in document(said)["stale"]}

    assert said.returncode == 1
    assert set(stale) == {(OU_DN, "gPOptions"), (gpo_dn, "flags"), (place, "objectGUID")}
    assert stale[OU_DN, "gPOptions"]["found"] == "'1'"
    assert stale[gpo_dn, "flags"]["expected"] == "'0'"
    assert stale[place, "objectGUID"]["expected"] == known[place]["guid"]
    for dn, attribute in stale:
        assert f"  {dn}: {attribute} was expected to be " in said.stderr
    assert len(lab.search(IP_SECURITY_DN, "(ipsecName=myEncryption)", "dn", scope="one")) == 1


def test_writes_of_the_same_do_not_make_a_plan_stale(lab: Laboratory, tmp_path: Path) -> None:
    """A higher uSNChanged with equal content is no reason to refuse."""
    lab.apply(*ONE_MEMBER)
    saved = tmp_path / "plan.json"
    removal = lab.play("plan", "--remove", "--out", saved, *ONE_MEMBER)
    assert removal.returncode == 0, removal.stderr
    before = lab.highest_usn()
    lab.modify(f"dn: {OU_DN}\nchangetype: modify\nreplace: description\ndescription: x\n")
    lab.modify(f"dn: {OU_DN}\nchangetype: modify\nreplace: description\n")
    assert lab.highest_usn() > before
    said = lab.play("apply", "--yes", playbook=saved)

    assert said.returncode == 0, said.stderr


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("cut.json", b'{"format": "ipsec_orchestrator/plan", "format_ver'),
        ("bytes.json", b"\x00\xff\xfe"),
        ("foreign.json", b'{"planned_values": {}}'),
        ("empty.json", b""),
        ("old.json", b'{"format": "ipsec_orchestrator/plan", "format_version": 1}'),
    ],
)
def test_what_is_no_plan_is_refused_in_a_sentence(
    lab: Laboratory, tmp_path: Path, name: str, content: bytes
) -> None:
    """Damaged, cut short, foreign, empty, of another format: one line, exit code 1."""
    path = tmp_path / name
    path.write_bytes(content)
    said = lab.play("apply", "--yes", playbook=path)

    assert said.returncode == 1
    assert len(said.stderr.strip().splitlines()) == 1, said.stderr
    assert said.stderr.startswith(str(path))


def test_signed_plan_is_carried_out_and_an_unsigned_one_is_not(
    lab: Laboratory, tmp_path: Path
) -> None:
    """The inventory demands two people: with one signature nothing is written, with two all is."""
    if shutil.which("ssh-keygen") is None:
        lacking("there is no ssh-keygen (Debian package openssh-client)")
    allowed = ""
    for name in ("alice", "bob"):
        make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(tmp_path / name)]
        subprocess.run(make, check=True, stdin=subprocess.DEVNULL)
        allowed += f"{name}@example.com {(tmp_path / f'{name}.pub').read_text(encoding='utf-8')}"
    (tmp_path / "allowed_signers").write_text(allowed, encoding="utf-8")
    demand = {"signers": str(tmp_path / "allowed_signers"), "required": 2}
    inventory = lab.variant("approved", lambda content: content.update(approval=demand))
    saved = tmp_path / "plan.json"
    planned = lab.play("plan", "--out", saved, *ONE_MEMBER, inventory=inventory)
    assert planned.returncode == 0, planned.stderr
    assert lab.orchestrate("sign", saved, "--key", tmp_path / "alice").returncode == 0
    before = lab.highest_usn()
    for refused in (
        lab.play("apply", "--yes", playbook=saved, inventory=inventory),
        lab.play("apply", "--yes", *ONE_MEMBER, inventory=inventory),
    ):
        assert refused.returncode == 1
        assert "the inventory demands" in refused.stderr
    assert lab.highest_usn() == before
    second = lab.orchestrate("sign", saved, "--key", tmp_path / "bob", "--identity", "bob")
    assert second.returncode == 0, second.stderr
    said = lab.play("apply", "--yes", "--json", playbook=saved, inventory=inventory)

    assert said.returncode == 0, said.stderr
    found = {each["principal"]: each["file"] for each in document(said)["approvals"]}
    assert found == {
        "alice@example.com": "plan.json.sig",
        "bob@example.com": "plan.json.bob.sig",
    }
    assert lab.assigned_policy("vm1") == POLICY


def test_edited_plan_is_refused(lab: Laboratory, tmp_path: Path) -> None:
    """A plan whose text was changed by hand is not carried out, nor is any part of it."""
    saved = tmp_path / "plan.json"
    assert lab.play("plan", "--out", saved, *ONE_MEMBER).returncode == 0
    plan: dict[str, Any] = json.loads(saved.read_text(encoding="utf-8"))
    plan["steps"] = plan["steps"][:3]
    saved.write_text(json.dumps(plan), encoding="utf-8")
    said = lab.play("apply", "--yes", playbook=saved)

    assert said.returncode == 1
    assert "changed after it was made" in said.stderr
    assert lab.gpo_count() == 2


def test_apply_repairs_what_somebody_changed(lab: Laboratory) -> None:
    """A plan shows the one difference old to new, and apply writes just that."""
    lab.apply(*ONE_MEMBER)
    dn = action_dn(lab)
    before = lab.search(dn, scope="base")[dn]["ipsecData"]
    cut_blob(lab, dn)
    planned = lab.play("plan", "--exit-code", *ONE_MEMBER)
    lab.apply(*ONE_MEMBER)

    assert planned.returncode == 2
    assert "~ filter action myEncryption" in planned.stdout
    assert lab.search(dn, scope="base")[dn]["ipsecData"] == before
    assert lab.play("plan", "--exit-code", *ONE_MEMBER).returncode == 0


def test_foreign_link_stays_through_apply_and_remove(lab: Laboratory, tmp_path: Path) -> None:
    """A link of somebody else's GPO on the OU keeps its text and its place, options and all."""
    playbook = playbook_for(tmp_path, "vm1")
    foreign = f"[LDAP://CN={{6AC1786C-016F-11D2-945F-00C04FB984F9}},{POLICIES_DN};2]"
    lab.modify(f"dn: {OU_DN}\nchangetype: modify\nadd: gPLink\ngPLink: {foreign}\n")
    lab.apply(playbook=playbook)
    applied = lab.search(OU_DN, scope="base")[OU_DN]["gPLink"][0].decode()
    removed = lab.play("remove", "--yes", playbook=playbook)

    assert removed.returncode == 0, removed.stderr
    assert foreign in applied
    assert lab.gpo_count() == 2
    assert lab.search(OU_DN, scope="base")[OU_DN]["gPLink"] == [foreign.encode()]


def test_limited_removal_keeps_what_others_use(lab: Laboratory) -> None:
    """With ``--limit`` the policy goes from that member; GPO and objects stay for the others."""
    lab.apply("--limit", "vm1,vm2")
    said = lab.play("remove", "--yes", *ONE_MEMBER)

    assert said.returncode == 0, said.stderr
    assert "left out by --limit" in said.stdout
    assert lab.assigned_policy("vm1") is None
    assert lab.gpo_count() == 3
    assert lab.search(IP_SECURITY_DN, "(ipsecName=myEncryption)", "dn", scope="one")


def test_nobody_to_ask_means_nothing_is_done(lab: Laboratory) -> None:
    """Without a terminal and ``--yes`` apply ends with a usage error before any write."""
    assert lab.play("plan", *ONE_MEMBER).returncode == 0
    before = lab.highest_usn()
    said = lab.play("apply", *ONE_MEMBER)

    assert said.returncode == 64
    assert "--yes" in said.stderr
    assert lab.highest_usn() == before


def test_broken_playbook_is_told_with_line_and_column(lab: Laboratory, tmp_path: Path) -> None:
    """All mistakes of a file at once, before anything is connected."""
    broken = tmp_path / "broken.yml"
    text = PLAYBOOK.read_text(encoding="utf-8")
    text = text.replace("link_enabled: true", "link_enable: true")
    broken.write_text(text.replace("protocol: tcp", "protocol: tpc", 1), encoding="utf-8")
    said = lab.play("plan", playbook=broken)

    assert said.returncode == 1
    lines = [line for line in said.stderr.splitlines() if f"{broken}:" in line]
    assert len(lines) >= 2
    assert "link_enabled" in said.stderr
    assert "tcp" in said.stderr
