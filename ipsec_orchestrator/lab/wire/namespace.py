"""The network namespace of a lab: one bridge, one port a member, and no way out."""

import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import assert_never

from ipsec_orchestrator.errors import LabProgramError
from ipsec_orchestrator.lab.wire.stack import Stack
from ipsec_orchestrator.lab.wire.topology import BRIDGE, MTU_BYTES, Station

NAMED_NAMESPACES = Path("/run/netns")
SECONDS = 30.0


def create_namespace(
    name: str, stations: Iterable[Station], *, stack: Stack = Stack.USER_MODE_LINUX
) -> None:
    """Make the namespace with bridge and ports; one of that name that is left over goes first.

    Args:
        name: Of the namespace.
        stations: Who gets a port.
        stack: What is plugged into the ports.

    Raises:
        LabProgramError: The kernel or iproute2 refused.
    """
    remove_namespace(name)
    run_program(["ip", "netns", "add", name])
    try:
        # The bridge itself would speak IPv6 into the captures.
        silence = "echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6"
        if Path("/proc/sys/net/ipv6").is_dir():
            run_program(["ip", "netns", "exec", name, "sh", "-c", silence])
        lines = [
            "link set lo up",
            f"link add {BRIDGE} type bridge stp_state 0 forward_delay 0 mcast_snooping 0",
            f"link set {BRIDGE} mtu {MTU_BYTES} up",
        ]
        for member in stations:
            lines += [
                _port(member, stack),
                f"link set {member.tap} mtu {MTU_BYTES} master {BRIDGE} up",
            ]
        run_program(["ip", "-n", name, "-batch", "-"], text="\n".join(lines) + "\n")
    except BaseException:
        remove_namespace(name)
        raise


def _port(member: Station, stack: Stack) -> str:
    match stack:
        case Stack.USER_MODE_LINUX:
            return f"tuntap add dev {member.tap} mode tap"
        case Stack.OWN_KERNEL:
            return f"link add {member.tap} type veth peer name {member.inner_port}"
        case _:
            assert_never(stack)


def remove_namespace(name: str) -> None:
    """Take the namespace away, and everything in it; without one it does nothing.

    Raises:
        LabProgramError: It can't be removed.
    """
    if (NAMED_NAMESPACES / name).exists():
        run_program(["ip", "netns", "delete", name])


def in_namespace(name: str, command: Sequence[str]) -> list[str]:
    """Give the command that runs another one in the namespace, without a process in between."""
    return ["nsenter", f"--net={NAMED_NAMESPACES / name}", "--", *command]


def run_program(command: Sequence[str], *, text: str = "") -> str:
    """Run one of the machine's programs and give its output.

    Raises:
        LabProgramError: It is missing, failed or took too long.
    """
    try:
        done = subprocess.run(
            command, input=text, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LabProgramError(program=command[0], reason=str(error)) from error
    if done.returncode != 0:
        raise LabProgramError(
            program=" ".join(command[:4]),
            reason=f"ended with exit code {done.returncode}",
            last_lines=done.stderr.splitlines()[-5:],
        )
    return done.stdout
