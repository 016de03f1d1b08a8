"""Signing and demanding signatures on the command line: all of it before anything is connected."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from ipsec_orchestrator.app.plans import save_plan
from ipsec_orchestrator.model.policy import Playbook
from tests.lacking import lacking
from tests.worlds import MemoryDomain

ROOT = Path(__file__).parents[2]
PLAYBOOK = str(ROOT / "playbooks" / "azure-onpremises.yml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A folder with a plan, an inventory, and the keys of two people."""

    folder: Path

    def orchestrate(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """Run the program in the folder."""
        return subprocess.run(
            [sys.executable, "-m", "ipsec_orchestrator", *map(str, words)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd=self.folder,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "IPSEC_ORCHESTRATOR_USER": "alice@NOWHERE.INVALID",
                "IPSEC_ORCHESTRATOR_PASSWORD": "x",
            },
            timeout=120,
            check=False,
        )

    def apply(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Apply something without asking."""
        return self.orchestrate("apply", *words, "-i", "inventory.yml", "--yes")


@pytest.fixture
def desk(howto: Playbook, domain: MemoryDomain, tmp_path: Path) -> Desk:
    """The desk of somebody who approves."""
    if shutil.which("ssh-keygen") is None:
        lacking("there is no ssh-keygen (Debian package openssh-client)")
    save_plan(domain.plan(howto), tmp_path / "plan.json")
    allowed = ""
    for name in ("alice", "bob"):
        make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(tmp_path / name)]
        subprocess.run(make, check=True, stdin=subprocess.DEVNULL)
        allowed += f"{name} {(tmp_path / f'{name}.pub').read_text(encoding='utf-8')}"
    (tmp_path / "allowed_signers").write_text(allowed, encoding="utf-8")
    demanding(tmp_path, "")
    return Desk(folder=tmp_path)


def demanding(folder: Path, approval: str) -> None:
    """Write an inventory of a domain that nobody answers for."""
    (folder / "inventory.yml").write_text(
        f"""
domain: {{name: nowhere.invalid, controllers: [dc1], pdc: dc1, ldap: {{address: 127.0.0.1, port: 9}}}}
networks: {{azure: 10.0.1.0/24, on-premises: 10.2.27.0/25}}
hosts:
  dc1: {{role: domain-controller}}
  vm1: {{role: azure-vm}}
  host1: {{role: on-premises}}
{approval}
""",
        encoding="utf-8",
    )


def test_what_was_signed_may_be_applied(desk: Desk) -> None:
    """Sign, demand it, and the program goes on to the domain, saying who approved."""
    signed = desk.orchestrate("sign", "plan.json", "--key", "alice", "--json")
    assert signed.returncode == 0, signed.stderr
    document = json.loads(signed.stdout)
    plan = json.loads((desk.folder / "plan.json").read_text(encoding="utf-8"))
    assert document == {
        "plan": "plan.json",
        "digest": plan["digest"],
        "signature": "plan.json.sig",
    }
    said = desk.apply("plan.json", "--signed-by", "allowed_signers")

    assert said.returncode == 1
    assert "Approved by alice (ssh key SHA256:" in said.stderr
    assert "not approved" not in said.stderr


def test_without_a_signature_nothing_is_connected(desk: Desk) -> None:
    """The refusal is about the approval alone; nobody was asked for anything."""
    said = desk.apply("plan.json", "--signed-by", "allowed_signers")
    assert said.returncode == 1
    assert said.stderr.startswith("plan.json is not approved: 0 of 1 approvals that --signed-by")
    assert len(said.stderr.splitlines()) == 1


def test_two_approvals_need_two_people(desk: Desk) -> None:
    """One signature of two is refused, two of two people are not."""
    options = ("--signed-by", "allowed_signers", "--approvals", "2")
    assert desk.orchestrate("sign", "plan.json", "--key", "alice").returncode == 0
    again = desk.orchestrate("sign", "plan.json", "--key", "alice")
    assert (again.returncode, "There is a signature already" in again.stderr) == (1, True)
    assert "1 of 2 approvals" in desk.apply("plan.json", *options).stderr
    bob = desk.orchestrate("sign", "plan.json", "--key", "bob", "--identity", "bob")
    assert bob.returncode == 0, bob.stderr
    said = desk.apply("plan.json", *options)
    assert "Approved by alice" in said.stderr
    assert "Approved by bob" in said.stderr


def test_the_inventory_can_demand_approval(desk: Desk) -> None:
    """Unsigned plans, playbooks and removals are refused then; a signed plan is not."""
    demanding(desk.folder, "approval: {signers: allowed_signers}")
    unsigned = desk.apply("plan.json")
    assert "0 of 1 approvals that the inventory demands" in unsigned.stderr
    for command in ("apply", "remove"):
        said = desk.orchestrate(command, PLAYBOOK, "-i", "inventory.yml", "--yes")
        assert said.returncode == 1
        assert said.stderr.startswith("Nothing was changed: the inventory demands 1 approval,")
        assert ("--remove" in said.stderr) is (command == "remove")
    assert desk.orchestrate("sign", "plan.json", "--key", "bob").returncode == 0
    assert "Approved by bob" in desk.apply("plan.json").stderr
    more = desk.apply("plan.json", "--approvals", "2")
    assert "1 of 2 approvals that the inventory demands" in more.stderr
    demanding(desk.folder, "approval: {signers: [allowed_signers], required: 2}")
    fewer = desk.apply("plan.json", "--approvals", "1")
    assert "1 of 2 approvals that the inventory demands" in fewer.stderr


def test_wrong_usage_is_told(desk: Desk) -> None:
    """Options that make no sense here end with 64 and a sentence."""
    for words, told in (
        (("plan.json", "--approvals", "2"), "add --signed-by FILE"),
        ((PLAYBOOK, "--signed-by", "allowed_signers"), "--signed-by is for saved plans"),
    ):
        said = desk.apply(*words)
        assert (said.returncode, told in said.stderr) == (64, True), said.stderr
    said = desk.orchestrate("sign", "plan.json", "--key", "alice", "--identity", "../bob")
    assert (said.returncode, "can't be part of a file's name" in said.stderr) == (64, True)


@pytest.mark.parametrize(
    ("approval", "told"),
    [
        ("approval: {required: 2}", "the key 'signers' is missing"),
        ("approval: {signers: []}", "the list is empty"),
        ("approval: {signers: x, required: 0}", "approval.required"),
        ("approval: {signers: x, require: 2}", "require"),
    ],
)
def test_a_demand_that_is_wrong_is_told_with_its_place(
    desk: Desk, approval: str, told: str
) -> None:
    """File, line and column, as for every mistake in an inventory."""
    demanding(desk.folder, approval)
    said = desk.apply("plan.json")
    assert said.returncode == 1
    assert "inventory.yml:8:" in said.stderr
    assert told in said.stderr
