"""The guest as a machine: file systems, kernel modules, power."""

import ctypes
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

FINIT_MODULE = 313
"""System call number on x86-64; the C library has no function for it."""

RB_POWER_OFF = 0x4321FEDC

MODULES = (
    "cryptomgr",
    "sha512_generic",
    "drbg",
    "xfrm_user",
    "esp4",
    "ah4",
    "des_generic",
    # Since Linux 6.7 CBC is made of ECB.
    "ecb",
    "cbc",
    "hmac",
    "md5",
    "sha1_generic",
    "authenc",
    "echainiv",
    "seqiv",
    "crypto_null",
)
"""What IPsec with the algorithms of these policies needs; those built in are no files."""

OPTIONAL_MODULES = ("jitterentropy_rng",)
"""A source of randomness that the kernel does without where the clock is too coarse for it."""

MODULE_FOLDERS = ("/usr/lib/uml/modules", "/lib/modules")


def mount_all() -> None:
    """Mount what a running system has; everything writable lies below /run."""
    _mount("proc", "/proc", "proc")
    _mount("sysfs", "/sys", "sysfs")
    _mount("tmpfs", "/run", "tmpfs")


def _mount(source: str, target: str, kind: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(source.encode(), target.encode(), kind.encode(), 0, None) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"mount {target}: {os.strerror(number)}")


def load_modules() -> None:
    """Load the kernel modules; Debian's kmod may be missing, so it is done by hand.

    Raises:
        OSError: The kernel refused one.
    """
    folder = _module_folder()
    if folder is None:
        raise OSError(f"no modules for kernel {os.uname().release}")
    needs = _dependencies(folder)
    loaded: set[str] = set()
    for name in MODULES:
        # Each line lists what has to come before, the farthest last.
        for file in reversed(needs.get(name, ())):
            if file not in loaded:
                loaded.add(file)
                _load(folder / file)
    for name in OPTIONAL_MODULES:
        for file in needs.get(name, ())[:1]:
            try:
                _load(folder / file)
            except OSError as error:
                sys.stderr.write(f"going on without {name}: {error.strerror}\n")


def _module_folder() -> Path | None:
    for parent in MODULE_FOLDERS:
        folder = Path(parent) / os.uname().release
        if (folder / "modules.dep").is_file():
            return folder
    return None


def _dependencies(folder: Path) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for line in (folder / "modules.dep").read_text(encoding="utf-8").splitlines():
        file, _, others = line.partition(":")
        found[Path(file).name.partition(".")[0].replace("-", "_")] = (file, *others.split())
    return found


def _load(file: Path) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(file, os.O_RDONLY)
    try:
        if libc.syscall(FINIT_MODULE, descriptor, b"", 0) != 0:
            number = ctypes.get_errno()
            raise OSError(number, f"{file}: {os.strerror(number)}")
    finally:
        os.close(descriptor)


def power_off() -> None:
    """Switch the guest off."""
    os.sync()
    ctypes.CDLL(None).reboot(RB_POWER_OFF)
    time.sleep(60.0)
