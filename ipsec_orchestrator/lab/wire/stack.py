"""Whose network stack a member gets: a kernel of its own, or a part of the machine's."""

from enum import StrEnum
from pathlib import Path

from ipsec_orchestrator.lab.domain.samba_python import PYTHON
from ipsec_orchestrator.lab.wire.guest import boot
from ipsec_orchestrator.lab.wire.topology import Station

PROGRAM = "linux.uml"
MEMORY_MEGABYTES = 96
PRIVATE_FOLDER = Path("/run/ipsec-lab-wire")
"""Where the guest's process sees the wire's folder: sockets need a short path."""


class Stack(StrEnum):
    """The two ways.

    User-mode-linux works on any kernel, one without ESP included; a namespace of the machine's
    own kernel is lighter and needs that kernel to have ESP.
    """

    USER_MODE_LINUX = "user-mode-linux"
    OWN_KERNEL = "own kernel"


def user_mode_linux(member: Station, descriptor: int, memory_megabytes: int) -> list[str]:
    """Give the command line of a guest with its own kernel.

    Args:
        member: Whose guest it is; its port is a tap.
        descriptor: The line, which becomes a serial port of the guest.
        memory_megabytes: Of the guest.
    """
    return [
        PROGRAM,
        f"mem={memory_megabytes}M",
        f"umid={member.name}",
        f"uml_dir={PRIVATE_FOLDER}",
        "root=/dev/root",
        "rootfstype=hostfs",
        "rootflags=/",
        "ro",
        "quiet",
        "selinux=0",
        "con=null",
        "con0=null,fd:1",
        f"ssl1=fd:{descriptor}",
        # The newer vector driver merges packets beyond the MTU, which no wire carries.
        f"eth0=tuntap,{member.tap},{member.hardware_address}",
        f"init={PYTHON}",
        "--",
        "-I",
        "-S",
        # The kernel takes its command line apart at blanks.
        f'"{Path(boot.__file__)}"',
    ]


def own_kernel(member: Station, descriptor: int) -> list[str]:
    """Give the command line of a guest in a network namespace of this machine's kernel.

    Args:
        member: Whose guest it is; the inner end of its port becomes its adapter.
        descriptor: The line.
    """
    return [
        str(PYTHON),
        "-I",
        "-S",
        str(Path(boot.__file__)),
        boot.IN_NAMESPACE,
        member.inner_port,
        member.hardware_address,
        str(descriptor),
    ]
