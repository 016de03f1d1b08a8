"""Start and end of a wire: nothing of it outlives its process."""

import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from ipsec_orchestrator.codec import constants
from ipsec_orchestrator.errors import LabProgramError, UsageError
from ipsec_orchestrator.lab.domain.claim import claim_layout, release_layout
from ipsec_orchestrator.lab.domain.layout import LabLayout
from ipsec_orchestrator.lab.lab_hosts import lab_hosts
from ipsec_orchestrator.lab.wire.frames import ESP
from ipsec_orchestrator.lab.wire.namespace import NAMED_NAMESPACES
from ipsec_orchestrator.lab.wire.prerequisites import (
    KERNEL_PACKAGE,
    best_stack,
    missing_packages,
    own_kernel_has_esp,
)
from ipsec_orchestrator.lab.wire.stack import Stack
from ipsec_orchestrator.lab.wire.wire import Wire, discard_wire, wire_folder
from tests.lab.wire.on_the_wire import TCP, Policies, exchange

pytestmark = pytest.mark.lab

# Far more than a guest takes to end, far less than what a test may take.
GONE_SECONDS = 30

START_AND_WAIT = """
import sys
from pathlib import Path
from ipsec_orchestrator.lab.domain.layout import LabLayout
from ipsec_orchestrator.lab.lab_hosts import lab_hosts
from ipsec_orchestrator.lab.wire.prerequisites import best_stack
from ipsec_orchestrator.lab.wire.stack import Stack
from ipsec_orchestrator.lab.wire.wire import Wire

layout = LabLayout(state_dir=Path(sys.argv[1]), name="life", network=int(sys.argv[2]))
wire = Wire(layout, lab_hosts(layout, 3))
wire.start()
print("up", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def layout(_wire_can_run: None, tmp_path: Path) -> Iterator[LabLayout]:
    """A claimed lab without domain."""
    claimed = claim_layout(tmp_path, "life")
    try:
        yield claimed
    finally:
        discard_wire(claimed)
        release_layout(claimed)


def guests_of(layout: LabLayout) -> list[int]:
    """The guests' processes of a lab: those that have its serial lines on their command line."""
    needle = f"{wire_folder(layout)}/".encode()
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and needle in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended in the meantime
    return found


def test_everything_is_gone_after_stop(layout: LabLayout) -> None:
    """Namespace and processes end with the wire, and it can be started again."""
    wire = Wire(layout, lab_hosts(layout, 3))
    for _ in range(2):
        with wire:
            assert (NAMED_NAMESPACES / wire.namespace).exists()
            assert sorted(wire.members) == ["host1", "vm1", "vm2"]
            assert guests_of(layout)
        assert not (NAMED_NAMESPACES / wire.namespace).exists()
        assert not guests_of(layout)
        assert not wire.members


def test_machines_own_kernel_carries_members_too(layout: LabLayout, policies: Policies) -> None:
    """Without a kernel of their own members have addresses, traffic, captures and blocks."""
    block = policies.rule(action=constants.ACTION_BLOCK, offers=())
    with Wire(layout, lab_hosts(layout, 3), stack=Stack.OWN_KERNEL) as wire:
        host1, vm1 = wire.member("host1"), wire.member("vm1")
        with host1.capture() as capture:
            assert exchange(host1, vm1, 8080, size=50_000).answer == b"z" * 50_000
            capture.stop()
            sizes = [frame.length_bytes for frame in capture.frames()]
        assert max(sizes) == 1514
        assert host1.path_mtu(vm1.address) == 1500
        wire.enforce("host1", policies.policy(block))
        assert isinstance(exchange(vm1, host1, 8080, seconds=2).error, TimeoutError)
        assert exchange(vm1, host1, 8081).answer
        assert guests_of(layout)
    assert not guests_of(layout)
    assert not (NAMED_NAMESPACES / wire.namespace).exists()


def test_machines_own_kernel_encrypts_where_it_has_esp(
    layout: LabLayout, policies: Policies, tmp_path: Path
) -> None:
    """Where it has not, a kernel for the members is asked for, and nobody takes it for one."""
    if not own_kernel_has_esp():
        assert KERNEL_PACKAGE in missing_packages(file_system=tmp_path)
        return
    with Wire(layout, lab_hosts(layout, 3), stack=Stack.OWN_KERNEL) as wire:
        host1, vm1 = wire.member("host1"), wire.member("vm1")
        for name in ("host1", "vm1"):
            wire.enforce(name, policies.policy())
        with host1.capture() as capture:
            assert exchange(host1, vm1, 8080, size=50_000).answer == b"z" * 50_000
            capture.stop()
            packets = [frame.packet for frame in capture.frames()]
    protocols = {packet.protocol for packet in packets if packet is not None}
    assert ESP in protocols
    assert TCP not in protocols


def test_nothing_survives_a_killed_process(layout: LabLayout) -> None:
    """After kill -9 of the lab's process its guests end, and the next start finds free ground."""
    process = subprocess.Popen(
        [sys.executable, "-c", START_AND_WAIT, str(layout.state_dir), str(layout.network)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd="/",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        guests = guests_of(layout)
        ends = [os.pidfd_open(number) for number in guests]
        process.send_signal(signal.SIGKILL)
        process.wait()
    try:
        for end in ends:
            assert wait_readable(end), "a guest outlived its lab"
    finally:
        for end in ends:
            os.close(end)
    assert not guests_of(layout)
    with Wire(layout, lab_hosts(layout, 3)) as wire:
        assert exchange(wire.member("vm1"), wire.member("host1"), 80).answer


def wait_readable(descriptor: int) -> bool:
    """Wait for the end of a process."""
    poller = select.poll()
    poller.register(descriptor, select.POLLIN)
    return bool(poller.poll(GONE_SECONDS * 1000))


def test_boot_failure_shows_the_console(layout: LabLayout) -> None:
    """A guest that does not boot is an error with its last words, and leaves nothing."""
    wire = Wire(layout, lab_hosts(layout, 3), memory_megabytes=10)
    with pytest.raises(LabProgramError, match="physical memory") as caught:
        wire.start()
    assert caught.value.program == "the guest host1"
    assert not (NAMED_NAMESPACES / wire.namespace).exists()
    assert not guests_of(layout)


def test_guest_that_is_killed_is_reported(layout: LabLayout) -> None:
    """Questions to a guest that died fail at once, also those that were under way."""
    caught: list[LabProgramError] = []
    with Wire(layout, lab_hosts(layout, 3)) as wire:
        host1 = wire.member("host1")
        with host1.listen(80) as listener:

            def wait() -> None:
                try:
                    listener.accept(timeout_seconds=60)
                except LabProgramError as error:
                    caught.append(error)

            thread = threading.Thread(target=wait)
            thread.start()
            lock = wire_folder(layout) / "host1.lock"
            os.kill(int(lock.read_text(encoding="ascii")), signal.SIGKILL)
            thread.join(GONE_SECONDS)
            assert caught
        with pytest.raises(LabProgramError, match="runs no more"):
            host1.ping(wire.member("vm1").address)
        assert wire.member("vm1").ping(wire.member("vm2").address) is not None


def test_guests_reach_nothing_else(layout: LabLayout) -> None:
    """There is no way out of the namespace, to the machine itself least of all."""
    with Wire(layout, lab_hosts(layout, 3)) as wire, pytest.raises(OSError, match="unreachable"):
        wire.member("host1").connect(IPv4Address("192.0.2.1"), 80)


def test_second_path_is_outside_of_the_subnets_filters(
    layout: LabLayout, policies: Policies
) -> None:
    """Another address of the same member is reached in clear; a filter with "me" covers it."""
    with Wire(layout, lab_hosts(layout, 3), stack=best_stack()) as wire:
        host1, vm1 = wire.member("host1"), wire.member("vm1")
        second = wire.add_network(IPv4Network("10.9.0.0/24"))["vm1"]
        wire.enforce("vm1", policies.policy())
        assert exchange(host1, vm1, 8080, seconds=2).error
        assert exchange(host1, vm1, 8080, address=second).answer
        wide = policies.policy(policies.rule(policies.filter("0.0.0.0/0", "me")))
        wire.enforce("vm1", wide)
        assert exchange(host1, vm1, 8080, address=second, seconds=2).error
        wire.enforce("host1", policies.policy(policies.rule(policies.filter("me", "0.0.0.0/0"))))
        assert exchange(host1, vm1, 8080, address=second).answer
        assert {main.remote for main in host1.associations().main_modes} == {second}


def test_unknown_member_is_a_mistake_with_a_cure(layout: LabLayout, policies: Policies) -> None:
    """Names that are not on the wire are refused, dc1 among them."""
    wire = Wire(layout, lab_hosts(layout, 3))
    with pytest.raises(UsageError, match="dc1"):
        wire.enforce("dc1", policies.policy())
