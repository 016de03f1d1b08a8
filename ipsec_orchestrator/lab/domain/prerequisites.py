"""What the embedded domain needs of the machine, and what of it is missing.

Works on every platform: the answer elsewhere is that the domain can't run there.
"""

import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ipsec_orchestrator.errors import LabProgramError

APT_DEADLINE_SECONDS = 900.0
CAP_SYS_ADMIN = 21
PROBE_DEADLINE_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DebianPackage:
    """A package that is needed, recognised by what it installs.

    Attributes:
        names: Its name; several where Debian's releases differ, the newer first.
        evidence: Glob pattern, below ``/``, of a file that it brings.
    """

    names: tuple[str, ...]
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingPrerequisite:
    """Something that this machine lacks.

    Attributes:
        sentence: What is missing.
        cure: What to do about it.
        packages: Debian packages that would cure it; empty if none can.
    """

    sentence: str
    cure: str
    packages: tuple[DebianPackage, ...] = ()


PACKAGES: tuple[DebianPackage, ...] = (
    # the domain controller moved into a package of its own with Samba 4.20
    DebianPackage(names=("samba-ad-dc", "samba"), evidence="usr/sbin/samba"),
    DebianPackage(names=("samba",), evidence="usr/sbin/smbd"),
    DebianPackage(names=("samba-ad-provision",), evidence="usr/share/samba/setup/provision.ldif"),
    DebianPackage(names=("samba-dsdb-modules",), evidence="usr/lib/*/samba/ldb/samba_dsdb.so"),
    DebianPackage(names=("samba-vfs-modules",), evidence="usr/lib/*/samba/vfs/acl_xattr.so"),
    DebianPackage(
        names=("python3-samba",), evidence="usr/lib/python3/dist-packages/samba/samdb.py"
    ),
    DebianPackage(names=("winbind",), evidence="usr/sbin/winbindd"),
    DebianPackage(names=("krb5-user",), evidence="usr/bin/kinit"),
)

UNITS = ("smbd", "nmbd", "winbind", "samba-ad-dc")
"""What the packages start by themselves: it would sit on the lab's ports on every address."""


def missing_prerequisites(
    folder: Path, *, file_system: Path = Path("/")
) -> tuple[MissingPrerequisite, ...]:
    """Look what is missing; empty means that the domain can run.

    Args:
        folder: Where the lab's files are to lie; it need not exist.
        file_system: Root of the file system in which packages are looked for.
    """
    if sys.platform != "linux":
        missing = [
            MissingPrerequisite(
                sentence=f"It needs Linux, this is {sys.platform}.",
                cure="Run the lab on Debian or Ubuntu, for example in a virtual machine.",
            )
        ]
    else:
        missing = [*_missing_rights(folder), *_missing_package_names(file_system)]
    return tuple(missing)


def _missing_rights(folder: Path) -> list[MissingPrerequisite]:
    if not _is_root():
        return [
            MissingPrerequisite(
                sentence="It needs root: Samba keeps ACLs in protected attributes of its files "
                "and listens on ports below 1024.",
                cure="Run it with sudo.",
            )
        ]
    if not _has_capability(CAP_SYS_ADMIN):
        return [
            MissingPrerequisite(
                sentence="This root lacks the capability CAP_SYS_ADMIN.",
                cure="Run the container with --privileged.",
            )
        ]
    if not _keeps_protected_attributes(folder):
        return [
            MissingPrerequisite(
                sentence=f"The file system of {folder} keeps no protected attributes "
                "(security.NTACL), which hold the ACLs of SYSVOL.",
                cure="Choose a folder on ext4, xfs or btrfs with --state.",
            )
        ]
    return []


def _missing_package_names(file_system: Path) -> list[MissingPrerequisite]:
    packages = missing_packages(file_system)
    if not packages:
        return []
    names = " ".join(package_names(packages))
    return [
        MissingPrerequisite(
            sentence=f"These Debian packages are missing: {names}.",
            cure=f"apt-get install {names}",
            packages=packages,
        )
    ]


def missing_packages(file_system: Path = Path("/")) -> tuple[DebianPackage, ...]:
    """The packages whose evidence is not there."""
    return tuple(package for package in PACKAGES if not any(file_system.glob(package.evidence)))


def package_names(packages: Sequence[DebianPackage]) -> tuple[str, ...]:
    """The names under which this Debian has them, each once; unknown to apt: the oldest name."""
    names = [next(filter(_apt_knows, package.names), package.names[-1]) for package in packages]
    return tuple(dict.fromkeys(names))


def can_install() -> bool:
    """Whether ``install_missing`` has a chance: root on a Linux with apt-get."""
    return sys.platform == "linux" and _is_root() and shutil.which("apt-get") is not None


def install_missing(log: Path, *, on_progress: Callable[[str], None]) -> None:
    """Install the missing packages without asking anything.

    The services that the packages start are stopped and disabled, if they were not there before:
    the lab starts its own Samba.

    Args:
        log: Gets everything that apt says.
        on_progress: Called with a short sentence at the begin of each part.

    Raises:
        LabProgramError: apt-get failed.
    """
    had_services = any(Path("/").glob("usr/sbin/smbd"))
    units = () if had_services else UNITS
    install_packages(missing_packages(), log, units=units, on_progress=on_progress)


def install_packages(
    packages: Sequence[DebianPackage],
    log: Path,
    *,
    units: Sequence[str],
    on_progress: Callable[[str], None],
) -> None:
    """Install packages without asking anything; nothing if there are none.

    Args:
        packages: What to install.
        log: Gets everything that apt says.
        units: Services to stop and disable afterwards.
        on_progress: Called with a short sentence at the begin of each part.

    Raises:
        LabProgramError: apt-get failed.
    """
    if not packages:
        return
    with log.open("ab") as log_file:
        on_progress("update the package lists")
        _apt(["update"], log_file.fileno(), log)
        names = package_names(packages)
        on_progress(f"install {' '.join(names)}")
        options = ["install", "--yes", "--no-install-recommends"]
        _apt([*options, *names], log_file.fileno(), log)
        if not Path("/run/systemd/system").is_dir():
            return
        for unit in units:  # one by one: a unit that is not there must not spare the others
            subprocess.run(
                ["systemctl", "disable", "--now", unit],
                stdin=subprocess.DEVNULL,
                stdout=log_file,
                stderr=log_file,
                timeout=PROBE_DEADLINE_SECONDS,
                check=False,
            )


def _apt(arguments: Sequence[str], log_descriptor: int, log: Path) -> None:
    try:
        done = subprocess.run(
            ["apt-get", "-o", "Dpkg::Use-Pty=0", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log_descriptor,
            stderr=log_descriptor,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_MODE": "l"},
            timeout=APT_DEADLINE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise LabProgramError(
            program="apt-get", reason=f"not done after {APT_DEADLINE_SECONDS:.0f} seconds"
        ) from error
    if done.returncode != 0:
        raise LabProgramError(
            program="apt-get",
            reason=f"{arguments[0]} ended with exit code {done.returncode}",
            cure=f"Everything it said is in {log}.",
        )


def _apt_knows(name: str) -> bool:
    if shutil.which("apt-cache") is None:
        return False
    done = subprocess.run(
        ["apt-cache", "show", "--no-all-versions", name],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PROBE_DEADLINE_SECONDS,
        check=False,
    )
    return done.returncode == 0 and bool(done.stdout)


def _is_root() -> bool:
    if sys.platform == "win32":
        root = False
    else:
        root = os.geteuid() == 0
    return root


def _has_capability(number: int) -> bool:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        name, _, value = line.partition(":")
        if name == "CapEff":
            return bool(int(value, 16) >> number & 1)
    return False


def _keeps_protected_attributes(folder: Path) -> bool:
    existing = next(parent for parent in (folder, *folder.absolute().parents) if parent.is_dir())
    # ctypes and not os.setxattr: type checkers know the latter on Linux only
    set_attribute = ctypes.CDLL(None, use_errno=True).fsetxattr
    with tempfile.TemporaryFile(dir=existing) as file:
        value = b"probe"
        return bool(set_attribute(file.fileno(), b"security.NTACL", value, len(value), 0) == 0)
