"""What is left of a domain when it, its supervisor or its guard ends: nothing."""

import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ipsec_orchestrator.lab.domain.claim import claim_layout
from ipsec_orchestrator.lab.domain.domain import Domain
from ipsec_orchestrator.lab.domain.keytab import read_keytab
from ipsec_orchestrator.lab.domain.layout import LabLayout
from ipsec_orchestrator.lab.domain.server import server_process

pytestmark = pytest.mark.lab

SUPERVISOR = """
import sys
from pathlib import Path
from ipsec_orchestrator.lab.domain.claim import open_layout
from ipsec_orchestrator.lab.domain.domain import Domain
Domain.open(open_layout(Path(sys.argv[1]), sys.argv[2])).start()
print("up", flush=True)
sys.stdin.read()
"""


def namespace_members(guard: int) -> list[int]:
    """Host process ids of everything in the process namespace that a guard made."""
    namespace = Path(f"/proc/{guard}/ns/pid_for_children").readlink()
    found: list[int] = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "ns" / "pid").readlink() == namespace:
                found.append(int(entry.name))
        except OSError:
            continue  # it has ended meanwhile
    return found


def wait_until_gone(pids: list[int], seconds: float = 20.0) -> list[int]:
    """Wait for processes to end; give those that did not."""
    left: list[int] = []
    for pid in pids:
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            if not select.select([descriptor], [], [], seconds)[0]:
                left.append(pid)
        finally:
            os.close(descriptor)
    return left


def open_ports(layout: LabLayout) -> list[int]:
    """The domain's ports on which somebody listens."""
    busy: list[int] = []
    for port in layout.ports.all():
        with socket.socket() as probe:
            if probe.connect_ex((str(layout.dc_address), port)) == 0:
                busy.append(port)
    return busy


def mounted() -> list[str]:
    """Give what is mounted, but for the network namespaces of other labs, which come and go."""
    lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if " /run/netns/" not in line]


def files_outside() -> set[str]:
    """What stands in the folders that a Samba of the machine would use."""
    folders = ("/run/samba", "/var/lib/samba", "/var/cache/samba", "/etc/samba")
    return {str(path) for folder in folders for path in Path(folder).rglob("*")}


def start_supervisor(domain: Domain) -> subprocess.Popen[bytes]:
    """Start the domain as the child of another process, and return when it is up."""
    layout = domain.layout
    supervisor = subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, str(layout.state_dir), layout.name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert supervisor.stdout is not None
    assert supervisor.stdout.readline() == b"up\n"
    return supervisor


def dismiss(supervisor: subprocess.Popen[bytes]) -> None:
    """End a supervisor, whatever it does, and close what we hold of it."""
    supervisor.kill()
    supervisor.wait()
    for stream in (supervisor.stdin, supervisor.stdout):
        if stream is not None:
            stream.close()


def test_killed_supervisor_leaves_no_process(fresh_domain: Domain) -> None:
    """After kill -9 of the process that started it, neither Samba nor its guard is there."""
    supervisor = start_supervisor(fresh_domain)
    guard = server_process(fresh_domain.layout)
    assert guard is not None
    members = namespace_members(guard)
    dismiss(supervisor)

    assert len(members) > 10
    assert wait_until_gone([guard, *members]) == []
    assert open_ports(fresh_domain.layout) == []
    assert not fresh_domain.is_running


def test_killed_guard_leaves_no_process(fresh_domain: Domain) -> None:
    """After kill -9 of the guard no process of Samba is there, and the domain can start again."""
    fresh_domain.start()
    guard = server_process(fresh_domain.layout)
    assert guard is not None
    members = namespace_members(guard)
    os.kill(guard, signal.SIGKILL)

    assert wait_until_gone(members) == []
    fresh_domain.start()
    assert fresh_domain.is_running


def test_domain_is_stopped_from_another_process(fresh_domain: Domain) -> None:
    """Who opens a domain can stop it, although another process started it."""
    supervisor = start_supervisor(fresh_domain)
    try:
        assert server_process(fresh_domain.layout) is not None
        fresh_domain.stop()

        assert server_process(fresh_domain.layout) is None
        assert open_ports(fresh_domain.layout) == []
    finally:
        dismiss(supervisor)


def test_two_labs_side_by_side(samba_domain: Domain, fresh_domain: Domain) -> None:
    """Two domains run at once on addresses of their own, and have passwords and keys of their own.

    Both started from the same kept domain.
    """
    fresh_domain.start()
    one, other = samba_domain.layout, fresh_domain.layout
    keys = [{entry.key for entry in read_keytab(it.keytab.read_bytes())} for it in (one, other)]

    assert one.network != other.network
    assert open_ports(one) == list(one.ports.all())
    assert open_ports(other) == list(other.ports.all())
    assert keys[0].isdisjoint(keys[1])
    assert samba_domain.admin_password != fresh_domain.admin_password


@pytest.mark.usefixtures("_lab_can_run")
def test_destroyed_domain_leaves_nothing(tmp_path: Path) -> None:
    """After destroy there is no file, process, mount or port, and the network is free again."""
    outside = files_outside()
    mounts = mounted()
    layout = claim_layout(tmp_path, "short-lived")
    domain = Domain.create(layout, [])
    domain.start()
    guard = server_process(layout)
    assert guard is not None
    members = namespace_members(guard)
    domain.destroy()

    assert wait_until_gone([guard, *members]) == []
    assert not layout.root.exists()
    assert open_ports(layout) == []
    assert files_outside() == outside
    assert mounted() == mounts
    again = claim_layout(tmp_path, "short-lived", networks=[layout.network])
    Domain(again, []).destroy()
    assert again.network == layout.network
