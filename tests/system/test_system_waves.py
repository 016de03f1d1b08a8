"""Waves in a real domain: who may apply the GPO when, judged by Samba, and who has the policy.

Members refresh by themselves while the rollout waits: a plain ``gpupdate`` there, ordered by hand.
"""

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final

import pytest

from ipsec_orchestrator.adapters.authentication import Credential
from ipsec_orchestrator.adapters.members import WindowsMembers
from ipsec_orchestrator.adapters.scripts import script_call
from ipsec_orchestrator.adapters.specification import read_inventory
from ipsec_orchestrator.facts.host_health import HostHealth, parse_host_health
from ipsec_orchestrator.model.inventory import AuthMethod, Host
from ipsec_orchestrator.model.secret import Secret
from tests.system.conftest import (
    DOMAIN_DN,
    POLICIES_DN,
    POLICY,
    PROGRAM,
    Laboratory,
    Said,
    document,
    outcomes,
)
from tests.system.test_system_story import dump, samba_checks, tree

pytestmark = [pytest.mark.lab, pytest.mark.timeout(500)]

EXAMPLE: Final = Path(__file__).parents[2] / "playbooks" / "azure-onpremises-waves.yml"
WAYS: Final = ("winrm-powershell", "winrm-canned", "smb-canned")
CONTENT: Final = ("", "")
_PATIENCE_SECONDS: Final = 120.0


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> str:
    """How the GPO is made, and what answers on the hosts."""
    return str(request.param)


@pytest.fixture
def waves_lab(way: str, request: pytest.FixtureRequest) -> Laboratory:
    """A fresh lab for the way."""
    name = "powershell_lab" if way.endswith("powershell") else "canned_lab"
    lab: Laboratory = request.getfixturevalue(name)
    lab.reset()
    return lab


@pytest.fixture
def playbook(way: str, tmp_path: Path) -> Path:
    """The example for three members, one a wave: vm1, then host1, then vm2."""
    return written(tmp_path, way)


def written(folder: Path, way: str, **changes: str) -> Path:
    """The example, changed: text that is replaced -> text in its place."""
    text = EXAMPLE.read_text(encoding="utf-8")
    for old, new in {
        "members: role=azure-vm,role=on-premises": "members: vm1,vm2,host1",
        "batches: [25%, 100%]": "batches: [1]",
        "wait: 10m": "wait: 30s",
        "  health:\n": "  health:\n    patience: 3s\n",
        "\ngpo:\n": f"\ngpo:\n  via: {way.partition('-')[0]}\n",
        **changes,
    }.items():
        assert old in text
        text = text.replace(old, new)
    path = folder / "waves.yml"
    path.write_text(text, encoding="utf-8")
    return path


@dataclass(slots=True, kw_only=True)
class Rollout:
    """An apply that is under way."""

    process: subprocess.Popen[str]

    def ended(self) -> Said:
        """Wait for its end."""
        out, err = self.process.communicate(timeout=300)
        return subprocess.CompletedProcess(self.process.args, self.process.returncode, out, err)


@contextmanager
def rolling(lab: Laboratory, playbook: Path) -> Iterator[Rollout]:
    """Apply in the background; nothing is left of it behind the block."""
    lab.used = True
    order = [str(PROGRAM), "apply", str(playbook), "-i", str(lab.inventory), "--yes", "--json"]
    process = subprocess.Popen(
        order,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**lab.environment, "IPSEC_ORCHESTRATOR_STATE": str(lab.state_dir)},
    )
    try:
        yield Rollout(process=process)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def until(condition: Callable[[], bool], rollout: Rollout | None = None) -> None:
    """Look until something is so; a rollout that ended meanwhile is told."""
    end = monotonic() + _PATIENCE_SECONDS
    while not condition():
        assert monotonic() < end, "it did not come"
        if rollout is not None and rollout.process.poll() is not None:
            raise AssertionError(rollout.process.communicate())
        sleep(0.2)


def refresh(lab: Laboratory, name: str) -> None:
    """Do a plain ``gpupdate`` on a host, as its own timer would, and wait for its end."""
    host, members = _reached(lab, name)
    before = _health(host, members).last_run
    members.run(host, script_call("start_refresh", {"Force": False}))

    def ended() -> bool:
        now = _health(host, members).last_run
        return now is not None and (before is None or now.ended_at > before.ended_at)

    until(ended)


def _reached(lab: Laboratory, name: str) -> tuple[Host, WindowsMembers]:
    host = read_inventory([lab.inventory]).host(name)
    assert host is not None
    credential = Credential(user=r"IPSECTEST\Administrator", password=Secret(lab.admin_password))
    return (
        replace(host, winrm=replace(host.winrm, auth=AuthMethod.NTLM)),
        WindowsMembers(credential),
    )


def _health(host: Host, members: WindowsMembers) -> HostHealth:
    return parse_host_health(members.run(host, script_call("host_health")))


def descriptor(lab: Laboratory) -> bytes:
    """The permissions of the GPO's container, as Samba's client reads them."""
    dn = f"CN={lab.gpo_id()},{POLICIES_DN}"
    found = lab.search(
        dn, "nTSecurityDescriptor", scope="base", controls=["--controls=sd_flags:1:7"]
    )
    return found[dn]["nTSecurityDescriptor"][0]


def folder_lists(lab: Laboratory) -> dict[str, bytes]:
    """Owner, group and access control list of the GPO's folder and of what is in it.

    Without the control word, in which ``samba-tool`` announces auditing and has no entry for it.
    """
    below = f"ipsectest.com/Policies/{lab.gpo_id()}"
    return {
        path.removeprefix(below): access[:2] + access[4:]
        for path, (_, access) in tree(lab.sysvol).items()
        if path.startswith(below)
    }


def having(lab: Laboratory) -> set[str]:
    """Which hosts have the policy, by their own registries."""
    return {host for host in ("vm1", "vm2", "host1") if lab.assigned_policy(host) == POLICY}


def waves_of(run: dict[str, Any]) -> dict[str, int]:
    """The wave of each host in the document of ``--json``."""
    return {host["host"]: host["wave"] for host in run["hosts"] if host["wave"] is not None}


def test_nobody_gets_the_policy_before_its_wave(
    waves_lab: Laboratory, playbook: Path, tmp_path: Path
) -> None:
    """Who refreshes by itself meanwhile gets nothing; in the end permissions are as never touched."""
    lab = waves_lab
    plain = tmp_path / "plain"
    plain.mkdir()
    text = playbook.read_text(encoding="utf-8").partition("\nrollout:\n")[0]
    (plain / "azure-onpremises.yml").write_text(text + "\n", encoding="utf-8")
    pristine = dump(lab)
    lab.apply(playbook=plain / "azure-onpremises.yml")
    untouched, untouched_folder = descriptor(lab), folder_lists(lab)
    assert lab.play("remove", "--yes", playbook=plain / "azure-onpremises.yml").returncode == 0

    with rolling(lab, playbook) as rollout:
        until(lambda: having(lab) == {"vm1"}, rollout)
        for name in ("host1", "vm2"):
            refresh(lab, name)
        during = (having(lab), samba_checks(lab), descriptor(lab) != untouched)
        until(lambda: "host1" in having(lab), rollout)
        refresh(lab, "vm2")
        later = (having(lab), samba_checks(lab))
        said = rollout.ended()

    run = document(said)
    assert said.returncode == 0, said.stderr
    assert during == ({"vm1"}, CONTENT, True)
    assert later == ({"vm1", "host1"}, CONTENT)
    assert having(lab) == {"vm1", "vm2", "host1"}
    assert waves_of(run) == {"vm1": 1, "host1": 2, "vm2": 3}
    assert run["run"]["stopped"] is None
    assert samba_checks(lab) == CONTENT
    assert descriptor(lab) == untouched
    assert folder_lists(lab) == untouched_folder
    assert "wait 30s, then look whether wave 1 of 3 (canaries) is well" in said.stderr
    assert lab.play("plan", "--exit-code", playbook=playbook).returncode == 0
    assert lab.play("remove", "--yes", playbook=playbook).returncode == 0
    assert dump(lab) == pristine


def test_a_rollout_that_stops_can_be_taken_back_whole(
    waves_lab: Laboratory, way: str, tmp_path: Path
) -> None:
    """An ill canary ends the run with 3; the others stay untouched; remove leaves all as it was."""
    lab = waves_lab
    playbook = written(tmp_path, way, **{"wait: 30s": "wait: 1s"})
    pristine, pristine_sysvol = dump(lab), tree(lab.sysvol)
    lab.fault("vm1", "policyagent-stopped")
    said = lab.play("apply", "--yes", "--json", playbook=playbook)
    run = document(said)
    for name in ("host1", "vm2"):
        refresh(lab, name)

    assert said.returncode == 3, said.stderr
    assert "wave 1 of 3" in run["run"]["stopped"]
    assert outcomes(run)["vm1"]["outcome"] == "failed"
    assert having(lab) == {"vm1"}
    assert samba_checks(lab) == CONTENT
    assert "Run the same command again to go on from there" in said.stderr
    lab.fault("vm1")
    removed = lab.play("remove", "--yes", playbook=playbook)
    assert removed.returncode == 0, removed.stderr
    assert having(lab) == set()
    assert dump(lab) == pristine
    assert tree(lab.sysvol) == pristine_sysvol


def test_a_change_reaches_the_canary_first_and_nobody_is_without_a_policy(
    waves_lab: Laboratory, way: str, tmp_path: Path
) -> None:
    """Over a GPO in force a pilot carries the change; a refresh of the others leaves them the old one."""
    lab = waves_lab
    quick = written(tmp_path, way, **{"wait: 30s": "wait: 0"})
    lab.apply(playbook=quick)
    old = _paths(lab)["vm1"]
    changed = written(
        tmp_path,
        way,
        **{"  - name: policy-azure-onpremises\n": _CHANGED, "batches: [1]": "batches: [100%]"},
    )

    with rolling(lab, changed) as rollout:
        until(lambda: _paths(lab)["vm1"] != old, rollout)
        for name in ("host1", "vm2"):
            refresh(lab, name)
        during, checks = _paths(lab), samba_checks(lab)
        said = rollout.ended()
    new = _paths(lab)["vm1"]

    assert said.returncode == 0, said.stderr
    assert None not in {old, new}
    assert during == {"vm1": new, "host1": old, "vm2": old}
    assert checks == samba_checks(lab) == CONTENT
    assert set(_paths(lab).values()) == {new}
    assert lab.play("plan", "--exit-code", playbook=changed).returncode == 0
    gpos = lab.search(POLICIES_DN, "(objectClass=groupPolicyContainer)", "displayName", scope="one")
    names = [entry["displayName"][0].decode() for entry in gpos.values()]
    assert [name for name in names if "rollout" in name] == []


_CHANGED: Final = "  - name: policy-azure-onpremises\n    polling_interval: 2h\n"


def _paths(lab: Laboratory) -> dict[str, str | None]:
    return {
        host: lab.registry(host).below("GPTIPSECPolicy").values.get("DSIPSECPolicyPath")
        for host in ("vm1", "host1", "vm2")
    }


def test_ctrl_c_while_waiting_ends_cleanly(lab: Laboratory, tmp_path: Path) -> None:
    """The run tells what it has done and how to go on, the lock is free, and it does go on."""
    way = "smb-canned"
    with rolling(lab, written(tmp_path, way, **{"wait: 30s": "wait: 10m"})) as rollout:
        until(lambda: having(lab) == {"vm1"}, rollout)
        sleep(3)
        rollout.process.send_signal(signal.SIGINT)
        said = rollout.ended()
    run = document(said)

    assert said.returncode == 1, said.stderr
    assert "stopped the run while it waited" in run["run"]["stopped"]
    assert outcomes(run)["vm1"]["outcome"] == "done"
    assert having(lab) == {"vm1"}
    lab.apply(playbook=written(tmp_path, way, **{"wait: 30s": "wait: 0"}))
    assert having(lab) == {"vm1", "vm2", "host1"}


def test_a_connection_that_fails_stops_the_rollout(lab: Laboratory, tmp_path: Path) -> None:
    """A port that nobody listens on, tried from the canary itself, ends it behind the first wave."""
    playbook = written(tmp_path, "smb-canned", **{"tcp: 5985": "tcp: 8080", "wait: 30s": "wait: 0"})
    said = lab.play("apply", "--yes", "--json", playbook=playbook)
    run = document(said)

    assert said.returncode == 3
    assert "from vm1 to host1 port 8080" in outcomes(run)["vm1"]["reason"]
    assert having(lab) == {"vm1"}
    assert f"CN={lab.gpo_id()},{POLICIES_DN}".endswith(DOMAIN_DN)


@pytest.mark.parametrize("via", ["winrm", "smb"])
def test_a_wave_that_fails_is_taken_back_by_itself(
    lab: Laboratory, tmp_path: Path, via: str
) -> None:
    """With ``on_failure: rollback`` hosts, directory and SYSVOL are as before the run."""
    playbook = written(
        tmp_path,
        f"{via}-canned",
        **{"on_failure: stop": "on_failure: rollback", "wait: 30s": "wait: 0"},
    )
    pristine, pristine_sysvol = dump(lab), tree(lab.sysvol)
    lab.fault("host1", "policyagent-stopped")
    said = lab.play("apply", "--yes", "--json", playbook=playbook)
    found = document(said)
    states = [run["state"] for run in json.loads(lab.orchestrate("runs", "--json").stdout)[:2]]

    assert said.returncode == 3, said.stderr
    assert "wave 2 of 3" in found["run"]["stopped"]
    assert found["rollback"]["run"]["error"] is None
    assert "taken back" in said.stderr
    assert having(lab) == set()
    assert dump(lab) == pristine
    assert tree(lab.sysvol) == pristine_sysvol
    assert states == ["done", "rolled-back"]


def test_a_change_that_fails_is_taken_back_with_its_pilot(lab: Laboratory, tmp_path: Path) -> None:
    """Over a policy in force too: hosts have the earlier one, and only versions have moved."""
    at_once = {"tcp: 5985": "tcp: 8080", "wait: 30s": "wait: 0"}
    named = "  - name: policy-azure-onpremises\n"
    changed = {
        named: f"{named}    description: another one\n",
        "on_failure: stop": "on_failure: rollback",
    }
    text = written(tmp_path, "smb-canned").read_text(encoding="utf-8")
    whole = tmp_path / "waves.yml"
    whole.write_text(text[: text.index("\nrollout:")], encoding="utf-8")
    lab.apply(playbook=whole)
    had = {host: policy_path(lab, host) for host in lab.members}
    before, files = without_versions(lab), set(tree(lab.sysvol))
    said = lab.play(
        "apply",
        "--yes",
        "--json",
        playbook=written(tmp_path, "smb-canned", **at_once, **changed),
    )
    found = document(said)

    assert said.returncode == 3, said.stderr
    assert "wave 1 of 3" in found["run"]["stopped"]
    assert found["rollback"]["run"]["error"] is None
    assert {host: policy_path(lab, host) for host in lab.members} == had
    assert without_versions(lab) == before
    assert set(tree(lab.sysvol)) == files
    assert samba_checks(lab) == CONTENT


def policy_path(lab: Laboratory, host: str) -> object:
    """The policy object that a host was assigned, by its registry."""
    return lab.registry(host).below("GPTIPSECPolicy").values.get("DSIPSECPolicyPath")


def without_versions(lab: Laboratory) -> dict[str, dict[str, list[bytes]]]:
    """The directory without what only counts."""
    return {
        dn: {name: values for name, values in entry.items() if name != "versionNumber"}
        for dn, entry in dump(lab).items()
    }
