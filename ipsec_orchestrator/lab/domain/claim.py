"""Each lab gets its own loopback block 127.N.0.0/16: claimed on this machine, kept until given up.

Claims lie in one folder per machine, not per state folder, since two labs that know nothing of
each other share the addresses. A claim is a file that names the lab's folder; it is stale once
that folder is no longer a lab of that network.
"""

import errno
import fcntl
import json
import os
import socket
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from ipsec_orchestrator.errors import LabInUseError, LabNotFoundError
from ipsec_orchestrator.lab.domain.layout import (
    FIRST_NETWORK,
    LAST_NETWORK,
    DomainPorts,
    LabLayout,
    check_lab_name,
    lab_root,
)

LOCK_DIR = Path("/run/lock")
ALL_NETWORKS = range(FIRST_NETWORK, LAST_NETWORK + 1)


def claim_layout(
    state_dir: Path, name: str, *, networks: Sequence[int] = ALL_NETWORKS
) -> LabLayout:
    """Open the lab of that name, or make its folder and claim a free network for it.

    Args:
        state_dir: The state folder of the program.
        name: Name of the lab.
        networks: Second octets to choose from for a new lab, in this order.

    Raises:
        LabInUseError: No network is free, or the lab's own one was taken by somebody else.
        UsageError: The name is none.
    """
    check_lab_name(name)
    state_dir = state_dir.absolute()
    root = lab_root(state_dir, name)
    known = _network_of(root)
    candidates = networks if known is None else (known,)
    taken: list[str] = []
    with _claims() as folder:
        for network in candidates:
            layout = LabLayout(state_dir=state_dir, name=name, network=network)
            claim = folder / str(network)
            owner = _owner(claim)
            if owner == root:
                return layout
            if owner is not None and _is_lab_of(owner, network):
                taken.append(f"127.{network}.0.0/16 by the lab in {owner}")
                continue
            busy = _busy_port(layout)
            if busy is not None:
                taken.append(f"{layout.dc_address}:{busy} by another program")
                continue
            if not _write_claim(claim, root):
                taken.append(f"127.{network}.0.0/16 by another user")
                continue
            root.mkdir(parents=True, exist_ok=True)
            root.chmod(0o755)
            layout.layout_file.write_text(json.dumps({"network": network}), encoding="utf-8")
            return layout
    raise LabInUseError(
        what="Every loopback network that the lab may have",
        reason="; ".join(taken[:3]),
        cure="Take other labs down, and stop servers that listen on these ports of all addresses.",
    )


def open_layout(state_dir: Path, name: str) -> LabLayout:
    """Open an existing lab without claiming anything.

    Raises:
        LabNotFoundError: There is none of that name.
    """
    check_lab_name(name)
    state_dir = state_dir.absolute()
    network = _network_of(lab_root(state_dir, name))
    if network is None:
        raise LabNotFoundError(name=name, state_dir=str(state_dir))
    return LabLayout(state_dir=state_dir, name=name, network=network)


def release_layout(layout: LabLayout) -> None:
    """Give the lab's network back; the caller has removed or is about to remove the folder."""
    with _claims() as folder:
        claim = folder / str(layout.network)
        if _owner(claim) == layout.root:
            claim.unlink()


@contextmanager
def _claims() -> Generator[Path]:
    parent = LOCK_DIR if os.access(LOCK_DIR, os.W_OK) else Path(tempfile.gettempdir())
    folder = parent / "ipsec-orchestrator-lab"
    descriptor = _lock_folder(folder)
    try:
        yield folder
        if not any(folder.iterdir()):  # the last lab leaves nothing behind
            with suppress(PermissionError):
                folder.rmdir()
    finally:
        os.close(descriptor)


def _lock_folder(folder: Path) -> int:
    # The folder itself is locked: a lock file in a sticky folder could not be opened by
    # everybody (fs.protected_regular).
    while True:
        folder.mkdir(exist_ok=True)
        with suppress(FileNotFoundError):  # another lab has just removed it: make a new one
            if folder.stat().st_uid == os.geteuid():
                folder.chmod(0o1777)
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                if os.path.samestat(folder.stat(), os.fstat(descriptor)):
                    return descriptor
            except BaseException:
                os.close(descriptor)
                raise
            os.close(descriptor)


def _write_claim(claim: Path, root: Path) -> bool:
    try:
        claim.unlink(missing_ok=True)
        with claim.open("x", encoding="utf-8") as file:
            file.write(str(root))
    except PermissionError:  # stale, but made by another user in a sticky folder
        return False
    return True


def _owner(claim: Path) -> Path | None:
    try:
        return Path(claim.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def _is_lab_of(root: Path, network: int) -> bool:
    try:
        return _network_of(root) == network
    except PermissionError:  # in the home of another user: leave it alone
        return True


def _network_of(root: Path) -> int | None:
    try:
        text = (root / "layout.json").read_text(encoding="utf-8")
        document: object = json.loads(text)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    match document:
        case {"network": int(network)}:
            return network
        case _:
            return None


def _busy_port(layout: LabLayout, ports: DomainPorts | None = None) -> int | None:
    for port in (ports or layout.ports).all():
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((str(layout.dc_address), port))
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    return port
    return None
