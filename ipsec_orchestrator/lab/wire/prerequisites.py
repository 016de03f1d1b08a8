"""What the wire needs of the machine beyond the embedded domain, and what of it is missing."""

import os
import platform
import subprocess
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from ipsec_orchestrator.lab.domain.prerequisites import (
    DebianPackage,
    MissingPrerequisite,
    package_names,
)
from ipsec_orchestrator.lab.wire.stack import MEMORY_MEGABYTES, Stack

KERNEL_PACKAGE: Final = DebianPackage(names=("user-mode-linux",), evidence="usr/bin/linux.uml")
"""Needed unless the machine's own kernel has ESP."""

IP_PACKAGE: Final = DebianPackage(names=("iproute2",), evidence="bin/ip")
PACKAGES: Final = (
    KERNEL_PACKAGE,
    DebianPackage(names=("charon-systemd",), evidence="usr/sbin/charon-systemd"),
    DebianPackage(names=("strongswan-swanctl",), evidence="usr/sbin/swanctl"),
    DebianPackage(
        names=("libstrongswan-standard-plugins",),
        evidence="usr/lib/ipsec/plugins/libstrongswan-openssl.so",
    ),
    DebianPackage(names=("nftables",), evidence="usr/sbin/nft"),
    IP_PACKAGE,
    DebianPackage(names=("python3",), evidence="usr/bin/python3"),
)
"""To be installed with ``--no-install-recommends``; 45 MB to fetch, nearly all of it the kernel."""

UNITS: Final = ("strongswan",)
"""What the packages start by themselves: it would do IKE for the machine itself."""

TUN_DEVICE: Final = Path("/dev/net/tun")
OLDEST_CHARON: Final = (5, 9)
_NAMESPACE: Final = "ipsec-lab-probe"
_SECONDS: Final = 20.0
_MEGABYTE: Final = 1024 * 1024


def missing_prerequisites(
    members: int, *, file_system: Path = Path("/")
) -> tuple[MissingPrerequisite, ...]:
    """Look what is missing; empty means that the wire can run, with :func:`best_stack`.

    Args:
        members: How many guests are wanted.
        file_system: Root of the file system in which packages are looked for.
    """
    if sys.platform != "linux":
        return (
            MissingPrerequisite(
                sentence=f"The wire needs Linux, this is {sys.platform}.",
                cure="Run the lab without --wire, or on Debian or Ubuntu.",
            ),
        )
    packages = list(missing_packages(file_system=file_system))
    if KERNEL_PACKAGE in packages and platform.machine() != "x86_64":
        return (
            MissingPrerequisite(
                sentence="This kernel has no ESP, and user-mode-linux exists on x86-64 only.",
                cure="Run the lab without --wire, or on a kernel with the module esp4.",
            ),
        )
    if packages:
        names = " ".join(package_names(packages))
        return (
            MissingPrerequisite(
                sentence=f"These Debian packages are missing: {names}.",
                cure=f"apt-get install --no-install-recommends {names}",
                packages=tuple(packages),
            ),
        )
    return tuple(_missing_here(members))


def missing_packages(*, file_system: Path = Path("/")) -> tuple[DebianPackage, ...]:
    """Give the packages whose evidence is not there; the kernel only where it is needed."""
    packages = [found for found in PACKAGES if not any(file_system.glob(found.evidence))]
    if KERNEL_PACKAGE in packages and _own_kernel_serves(packages):
        packages.remove(KERNEL_PACKAGE)
    return tuple(packages)


def best_stack(*, file_system: Path = Path("/")) -> Stack:
    """Choose whose kernels the members get: their own wherever user-mode-linux is installed.

    A kernel of their own is the same on every machine; the machine's may lack old algorithms.
    """
    has_kernel = any(file_system.glob(KERNEL_PACKAGE.evidence))
    return Stack.USER_MODE_LINUX if has_kernel else Stack.OWN_KERNEL


def own_kernel_has_esp() -> bool:
    """Try to set up ESP with 3DES and SHA-1 in a namespace of this machine's kernel; as root."""
    state = (
        *("xfrm", "state", "add", "src", "127.0.0.1", "dst", "127.0.0.2"),
        *("proto", "esp", "spi", "0x1000", "mode", "transport"),
        *("enc", "cbc(des3_ede)", f"0x{bytes(range(24)).hex()}"),
        *("auth-trunc", "hmac(sha1)", f"0x{bytes(range(20)).hex()}", "96"),
    )
    try:
        _run(["ip", "netns", "add", _NAMESPACE])
        return _run(["ip", "-n", _NAMESPACE, *state]).returncode == 0
    finally:
        _run(["ip", "netns", "delete", _NAMESPACE])


def _own_kernel_serves(missing: Collection[DebianPackage]) -> bool:
    return IP_PACKAGE not in missing and os.geteuid() == 0 and own_kernel_has_esp()


def _missing_here(members: int) -> Iterator[MissingPrerequisite]:
    if os.geteuid() != 0:
        yield MissingPrerequisite(
            sentence="The wire needs root: it makes a network namespace.", cure="Run it with sudo."
        )
        return
    if not TUN_DEVICE.exists():
        yield MissingPrerequisite(
            sentence=f"{TUN_DEVICE} is missing, by which the guests reach their bridge.",
            cure="modprobe tun; for a container: --device /dev/net/tun",
        )
    reason = _namespace_refused()
    if reason:
        yield MissingPrerequisite(
            sentence=f"This machine allows no network namespace with a bridge: {reason}.",
            cure="Run the container with --privileged.",
        )
    version = _charon_version()
    if version is None or version < OLDEST_CHARON:
        yield MissingPrerequisite(
            sentence="strongSwan 5.9 or newer is needed; this one is older or does not start.",
            cure="Run it on Debian 12 or newer, or on Ubuntu 22.04 or newer.",
        )
    needed = members * MEMORY_MEGABYTES
    available = _available_megabytes()
    if available < needed:
        yield MissingPrerequisite(
            sentence=f"{members} guests need {needed} MB of memory, {available} MB are free.",
            cure="Ask for fewer members.",
        )


def _namespace_refused() -> str:
    """Try a namespace with bridge, port and packet filter; give the reason if one is refused."""
    try:
        for command in (
            ["ip", "netns", "add", _NAMESPACE],
            ["ip", "-n", _NAMESPACE, "link", "add", "probe0", "type", "bridge"],
            ["ip", "-n", _NAMESPACE, "tuntap", "add", "dev", "probe1", "mode", "tap"],
            ["ip", "netns", "exec", _NAMESPACE, "nft", "add", "table", "bridge", "probe"],
        ):
            done = _run(command)
            if done.returncode != 0:
                return f"{' '.join(command)}: {done.stderr.strip()}"
    finally:
        _run(["ip", "netns", "delete", _NAMESPACE])
    return ""


def _charon_version() -> tuple[int, int] | None:
    # swanctl is of the same version and says so without a running daemon.
    words = _run(["swanctl", "--help"]).stdout.split()
    if "strongSwan" not in words[:2]:
        return None
    major, minor, *_ = words[words.index("strongSwan") + 1].split(".")
    return int(major), int(minor)


def _available_megabytes() -> int:
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        name, _, rest = line.partition(":")
        if name == "MemAvailable":
            return int(rest.split()[0]) * 1024 // _MEGABYTE
    return 0


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
