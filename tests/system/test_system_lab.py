"""Labs come, stand side by side, are stopped half-way, and go without a trace."""

import ipaddress
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.system.conftest import (
    DEADLINE_SECONDS,
    PLAYBOOK,
    POLICY,
    PROGRAM,
    Laboratory,
    MakeLab,
    clean_environment,
    document,
)

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

CLAIMS = [
    Path(parent) / "ipsec-orchestrator-lab" for parent in ("/run/lock", tempfile.gettempdir())
]


def processes_of(folder: Path) -> list[str]:
    """Command lines of the processes that have to do with a state folder."""
    found: list[str] = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            line = (path / "cmdline").read_bytes() + (path / "environ").read_bytes()
        except OSError:  # it has just ended
            continue
        if str(folder).encode() in line and int(path.name) != os.getpid():
            found.append(line.replace(b"\0", b" ").decode(errors="replace"))
    return found


def claims_of(folder: Path) -> list[Path]:
    """Loopback networks that are claimed by labs of a state folder."""
    return [
        claim
        for place in CLAIMS
        if place.is_dir()
        for claim in place.iterdir()
        if str(folder) in claim.read_text(encoding="utf-8")
    ]


def listens(address: str, port: int) -> bool:
    """Whether somebody accepts connections there."""
    try:
        socket.create_connection((address, port), timeout=5).close()
    except OSError:
        return False
    return True


def interrupted(
    command: Sequence[str | Path], environment: dict[str, str], words: str, seconds: float = 0.0
) -> tuple[int, str]:
    """Press Ctrl-C so long after the program has said something: exit code, all it said."""
    with subprocess.Popen(
        [str(PROGRAM), *map(str, command)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
        start_new_session=True,
    ) as process:
        said = ""
        assert process.stdout is not None
        for line in process.stdout:
            said += line
            if words in line:
                time.sleep(seconds)
                os.killpg(process.pid, signal.SIGINT)
                break
        rest, _ = process.communicate(timeout=DEADLINE_SECONDS)
    return process.returncode, said + rest


def test_status_has_the_agreed_shape(lab: Laboratory) -> None:
    """``lab status --json`` has every key that other programs rely on, and they are true."""
    said = lab.orchestrate("lab", "status", "--json")
    found = document(said)

    assert found["realm"] == "IPSECTEST.COM"
    assert found["domain_dn"] == "DC=ipsectest,DC=com"
    assert set(found["dc"]) == {"fqdn", "address", "ldap_port", "ldaps_port"}
    assert set(found["admin"]) == {"user", "password"}
    assert found["state_dir"] == str(lab.state_dir)
    assert all(Path(found[key]).is_file() for key in ("ca_file", "krb5_conf", "inventory"))
    assert [host["name"] for host in found["hosts"]][:4] == ["dc1", "host1", "vm1", "vm2"]
    for host in found["hosts"]:
        assert set(host) == {"name", "fqdn", "role", "address", "port", "scheme", "auth"}
        assert ipaddress.ip_address(host["address"]).is_loopback
        assert listens(host["address"], host["port"])
        assert listens(host["address"], 5986)
    dc = found["dc"]
    password_file = lab.state_dir.parent / "password"
    password_file.write_text(found["admin"]["password"], encoding="utf-8")
    bound = subprocess.run(
        [
            *("ldapsearch", "-x", "-H", f"ldaps://{dc['address']}:{dc['ldaps_port']}"),
            *("-D", f"{found['admin']['user']}@{found['realm']}", "-y", str(password_file)),
            *("-b", found["domain_dn"], "-s", "base", "dn"),
        ],
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "LDAPTLS_CACERT": found["ca_file"]},
        timeout=60,
        check=False,
    )
    password_file.unlink()
    assert f"dn: {found['domain_dn']}" in bound.stdout


def test_life_of_a_second_lab(lab: Laboratory, make_lab: MakeLab) -> None:
    """It runs beside the first, stays as it is when asked for again, and leaves nothing."""
    second = make_lab("second")
    status = document(second.orchestrate("lab", "status", "--json"))
    again = second.orchestrate("lab", "up", "--json")
    other = second.orchestrate("lab", "up", "--members", "7")
    second.apply("--limit", "vm1")
    addresses = [host["address"] for host in status["hosts"]]
    claimed = claims_of(second.state_dir)
    down = second.orchestrate("lab", "down")

    assert again.returncode == 0
    assert document(again) == status
    assert other.returncode == 1
    assert "lab down" in other.stderr
    assert claimed
    assert lab.gpo_count() == 2
    assert lab.assigned_policy("vm1") is None
    assert down.returncode == 0, down.stderr
    assert claims_of(second.state_dir) == []
    assert processes_of(second.state_dir) == []
    assert not (second.state_dir / "lab").exists()
    assert not [address for address in addresses if listens(address, 5985)]
    assert not [port for port in (53, 88, 389, 445, 636) if listens(addresses[0], port)]
    assert second.orchestrate("lab", "down").returncode == 1


def test_reset_brings_the_beginning_back(lab: Laboratory) -> None:
    """GPO, policy objects and the registries of members are gone after it."""
    lab.apply("--limit", "vm1")
    before = (lab.gpo_count(), lab.assigned_policy("vm1"))
    said = lab.orchestrate("lab", "reset")

    assert said.returncode == 0, said.stderr
    assert before == (3, POLICY)
    assert lab.gpo_count() == 2
    assert lab.assigned_policy("vm1") is None
    assert lab.play("plan", "--exit-code", "--limit", "vm1").returncode == 2


@pytest.mark.parametrize(
    ("words", "seconds"),
    [("provision", 0.0), ("start the domain", 0.0), ("start the domain", 0.005)],
)
def test_interrupted_start_leaves_nothing(
    lab: Laboratory, tmp_path: Path, words: str, seconds: float
) -> None:
    """Ctrl-C during ``lab up`` takes away what was there of it, and says how to go on."""
    state = tmp_path / "state"
    environment = clean_environment(tmp_path, PATH=lab.environment["PATH"])
    code, said = interrupted(("lab", "up", "--state", state), environment, words, seconds)

    assert code not in {0, None}
    assert "Traceback" not in said
    assert "again" in said
    assert not (state / "lab").exists()
    assert claims_of(state) == []
    assert processes_of(state) == []


def runs_of(lab: Laboratory) -> list[dict[str, Any]]:
    """What ``orchestrate runs`` lists."""
    found: list[dict[str, Any]] = json.loads(lab.orchestrate("runs", "--json").stdout)
    return found


def test_interrupted_apply_is_gone_on_with(lab: Laboratory) -> None:
    """Ctrl-C in the middle names the command that goes on, apply insists, and resume does it."""
    environment = {**lab.environment, "IPSEC_ORCHESTRATOR_STATE": str(lab.state_dir)}
    options = ("-i", lab.inventory, "--limit", "vm1", "--yes")
    lab.used = True
    code, said = interrupted(("apply", PLAYBOOK, *options), environment, "[5/")
    listed = runs_of(lab)
    refused = lab.play("apply", "--yes", "--limit", "vm1")
    resumed = lab.orchestrate("resume", "last", "-i", lab.inventory, "--yes", "--json")

    assert code == 1, said
    assert "Traceback" not in said
    run_id = listed[0]["id"]
    assert listed[0]["state"] == "interrupted"
    assert f"orchestrate resume {run_id}" in said
    assert refused.returncode == 1
    assert f"orchestrate resume {run_id}" in refused.stderr
    assert f"orchestrate rollback {run_id}" in refused.stderr
    assert resumed.returncode == 0, resumed.stderr
    assert document(resumed)["run"]["run"] == run_id
    assert lab.assigned_policy("vm1") == POLICY
    assert lab.play("plan", "--exit-code", "--limit", "vm1").returncode == 0
    assert runs_of(lab)[0]["state"] == "done"


def test_absent_lab_is_told(lab: Laboratory, tmp_path: Path) -> None:
    """Commands on a lab that is not there end with one sentence, and make no folder."""
    for verb in ("status", "down", "reset"):
        said = lab.orchestrate("lab", verb, "--state", tmp_path / "none")
        assert said.returncode == 1
        assert "Traceback" not in said.stderr
        assert said.stderr.strip()
    assert not (tmp_path / "none").exists()
