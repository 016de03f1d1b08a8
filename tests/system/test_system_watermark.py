"""Looks that ask a real DC for changes only: the same answers, whatever happens to the DC."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ipsec_orchestrator.lab.domain.server import SambaServer, server_process, stop_server_of
from tests.system.common_tamperings import CASES, modify, object_dn
from tests.system.conftest import (
    DOMAIN_DN,
    OU_DN,
    PLAYBOOK,
    PROGRAM,
    Laboratory,
    MakeLab,
)
from tests.system.test_system_drift import ONE, drift

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

SINCE = ("--since-last", "--members", "changed")


@pytest.fixture(scope="module")
def watched(make_lab: MakeLab) -> Laboratory:
    """A lab of its own where the how-to was applied."""
    made = make_lab("watermark")
    made.apply(*ONE)
    return made


@contextmanager
def stopped(lab: Laboratory) -> Iterator[SambaServer]:
    """Stop the DC while the block runs, and let it run again afterwards."""
    stop_server_of(lab.layout)
    server = SambaServer(lab.layout)
    yield server
    server.start()


def copy_database(source: Path, target: Path) -> None:
    """Copy the directory's database: its own file, one a partition, and the counter of changes."""
    (target / "sam.ldb.d").mkdir(parents=True, exist_ok=True)
    shutil.copy2(source / "sam.ldb", target / "sam.ldb")
    for path in (source / "sam.ldb.d").iterdir():
        shutil.copy2(path, target / "sam.ldb.d" / path.name)


def differences(found: dict[str, Any]) -> list[tuple[str, ...]]:
    """All differences, without what only says when and by whom."""
    keys = ("kind", "object", "thing", "name", "field", "expected", "found")
    return [tuple(str(each[key]) for key in keys) for each in found["differences"]]


def same_as_whole(lab: Laboratory) -> dict[str, Any]:
    """Look for changes only, then at everything; both must find the same. The first one's."""
    code, cheap = drift(lab, "--since-last")
    whole_code, whole = drift(lab)

    assert (code, differences(cheap)) == (whole_code, differences(whole))
    assert cheap["unknown"] == whole["unknown"]
    return cheap


def test_quiet_domain_and_tamperings(watched: Laboratory) -> None:
    """Where nothing happened only changes are read; after each change both looks agree."""
    drift(watched)
    quiet = same_as_whole(watched)
    again = drift(watched, *SINCE)[1]
    found: list[list[tuple[str, ...]]] = []
    for case in ("filter's port", "unassigned", "link disabled", "version in the directory"):
        CASES[case][0](watched)
        found.append(differences(same_as_whole(watched)))

    assert quiet["read"]["directory"] == "changes", quiet["read"]
    assert quiet["differences"] == []
    assert (again["read"]["members"], again["read"]["members_relied_on"]) == (0, 1)
    assert [len(each) for each in found] == sorted({len(each) for each in found})


def test_accounts_that_come_change_and_go(make_lab: MakeLab) -> None:
    """Accounts are brought up to date one by one, moves by ``modrdn`` included."""
    lab = make_lab("watermark-accounts")
    lab.apply(*ONE)
    drift(lab)
    lab.samba_tool("user", "create", "somebody", "Pa55word-of-nobody")
    lab.samba_tool("computer", "create", "other", "--computerou=OU=IPSecOU")
    other = same_as_whole(lab)
    move = "changetype: modrdn\nnewrdn: CN=VM1\ndeleteoldrdn: 1\nnewsuperior: "
    lab.modify(f"dn: CN=VM1,{OU_DN}\n{move}CN=Computers,{DOMAIN_DN}\n")
    away = same_as_whole(lab)
    lab.modify(f"dn: CN=VM1,CN=Computers,{DOMAIN_DN}\n{move}{OU_DN}\n")
    back = same_as_whole(lab)
    lab.modify(f"dn: CN=VM1,{OU_DN}\nchangetype: delete\n")
    gone = same_as_whole(lab)

    for look in (other, away, back, gone):
        assert look["read"]["directory"] == "changes", look["read"]
    assert other["differences"] == back["differences"] == []
    for look in (away, gone):
        assert [(each["thing"], each["field"]) for each in look["differences"]] == [
            ("computer account", "place")
        ]
    renamed = f"dn: {OU_DN}\nchangetype: modrdn\nnewrdn: OU=Renamed\ndeleteoldrdn: 1\n"
    lab.modify(renamed)
    said = lab.play("drift", "--json", "--since-last", *ONE)
    assert said.returncode == 1
    assert "There is no OU=IPSecOU" in said.stderr


def test_older_copy_of_the_database(make_lab: MakeLab, tmp_path: Path) -> None:
    """A DC whose database was put back from a copy is read whole, before and after it catches up."""
    lab = make_lab("watermark-restored")
    lab.apply(*ONE)
    copy = tmp_path / "copy"
    with stopped(lab) as first:
        copy_database(lab.layout.samba_dir / "private", copy)
    drift(lab)
    before = lab.highest_usn()
    for number in range(30):
        lab.samba_tool("contact", "create", f"contact{number}")
    modify(lab, object_dn(lab, "ipsecFilter", "azure-onpremises-HTTP8080"), "description", b"late")
    tampered = same_as_whole(lab)
    after = lab.highest_usn()
    first.stop()
    with stopped(lab) as second:
        copy_database(copy, lab.layout.samba_dir / "private")
    try:
        assert lab.highest_usn() < after
        lower = same_as_whole(lab)
        assert "older than it was" in lower["read"]["why"], lower["read"]
        assert lower["differences"] == []
        assert tampered["differences"] != []
        assert before < after
    finally:
        second.stop()


def test_copy_that_has_caught_up(make_lab: MakeLab, tmp_path: Path) -> None:
    """A copy whose counter has passed the old one is known by what it lacks."""
    lab = make_lab("watermark-caught-up")
    lab.apply(*ONE)
    copy = tmp_path / "copy"
    with stopped(lab) as first:
        copy_database(lab.layout.samba_dir / "private", copy)
    modify(lab, object_dn(lab, "ipsecFilter", "azure-onpremises-HTTP8080"), "description", b"late")
    assert drift(lab)[0] == 2
    after = lab.highest_usn()
    first.stop()
    with stopped(lab) as second:
        copy_database(copy, lab.layout.samba_dir / "private")
    try:
        number = 0
        while lab.highest_usn() <= after:
            lab.samba_tool("contact", "create", f"contact{number}")
            number += 1
        found = same_as_whole(lab)
        assert "put back a copy" in found["read"]["why"], found["read"]
        assert found["differences"] == []
    finally:
        second.stop()


def test_dc_that_is_killed_in_the_middle(make_lab: MakeLab) -> None:
    """A look whose DC dies ends with 1 and its name, keeps the watermark, and goes on from there."""
    lab = make_lab("watermark-killed")
    lab.apply("--limit", "vm1,vm2")
    drift(lab)
    (mark,) = (lab.state_dir / "watermarks").iterdir()
    before = mark.read_bytes()
    lab.fault("vm2", "latency=2")
    command = [str(PROGRAM), "drift", str(PLAYBOOK), "-i", str(lab.inventory), "--json"]
    with subprocess.Popen(
        [*command, "--limit", "vm1,vm2", "--since-last"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**lab.environment, "IPSEC_ORCHESTRATOR_STATE": str(lab.state_dir)},
    ) as look:
        assert look.stderr is not None
        said = ""
        while "read vm1" not in said:
            line = look.stderr.readline()
            assert line, said
            said += line
        guard = server_process(lab.layout)
        assert guard is not None
        os.kill(guard, signal.SIGKILL)
        output, rest = look.communicate(timeout=120)
    server = SambaServer(lab.layout)
    lab.fault("vm2")
    try:
        assert look.returncode == 1, said + rest
        error = json.loads(output)["error"]
        assert error.startswith(f"{lab.layout.dc_fqdn} (")
        assert "can't be reached" in error
        assert "Traceback" not in rest
        assert mark.read_bytes() == before
        server.start()
        code, found = drift(lab, "--since-last")
        assert (code, found["read"]["directory"]) == (0, "changes")
    finally:
        server.stop()
