"""Up, down, status, reset of a lab, as the command line asks for them."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ipsec_orchestrator.errors import (
    LabInUseError,
    LabProgramError,
    MissingDependencyError,
    UsageError,
)
from ipsec_orchestrator.lab.azure import issue_azure_files
from ipsec_orchestrator.lab.domain.claim import claim_layout, open_layout, release_layout
from ipsec_orchestrator.lab.domain.domain import Domain
from ipsec_orchestrator.lab.domain.layout import LabLayout
from ipsec_orchestrator.lab.domain.private_files import write_file
from ipsec_orchestrator.lab.domain.samba_python import last_lines
from ipsec_orchestrator.lab.lab_hosts import HTTP_PORT, lab_hosts
from ipsec_orchestrator.lab.lab_inventory import azure_files, inventory_text
from ipsec_orchestrator.lab.lab_settings import (
    HostFaults,
    LabSettings,
    faults_to_json,
    settings_file,
)
from ipsec_orchestrator.lab.proving.lab_wire import NOTES
from ipsec_orchestrator.lab.simulation import registry_folder
from ipsec_orchestrator.lab.supervisor import channel_address, log_path
from ipsec_orchestrator.lab.wire.prerequisites import missing_prerequisites as missing_for_wire
from ipsec_orchestrator.lab.wire.topology import BRIDGE, namespace_name
from ipsec_orchestrator.lab.wire.wire import discard_wire
from ipsec_orchestrator.model.json import Json

Progress = Callable[[str], None]

DEFAULT_NAME: Final = "default"
_START_SECONDS: Final = 120.0
_STOP_SECONDS: Final = 40.0
_POLL_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class LabStatus:
    """What a lab is and whether it runs."""

    layout: LabLayout
    settings: LabSettings
    running: bool

    def to_json(self) -> dict[str, Json]:
        """Give the document of ``lab status --json``."""
        layout = self.layout
        facts = Domain.open(layout).facts
        return {
            "name": layout.name,
            "running": self.running,
            "realm": facts.realm,
            "domain": facts.dns_domain,
            "domain_dn": facts.domain_dn,
            "dc": {
                "fqdn": facts.dc_fqdn,
                "address": str(facts.dc_address),
                "ldap_port": facts.ldap_port,
                "ldaps_port": facts.ldaps_port,
            },
            "admin": {
                "user": facts.admin_user,
                "password": layout.admin_password_file.read_text(encoding="utf-8"),
            },
            "ca_file": str(facts.ca_file),
            "krb5_conf": str(facts.krb5_conf),
            "ccache": str(facts.ccache),
            "inventory": str(inventory_file(layout)),
            "state_dir": str(layout.state_dir),
            "powershell": self.settings.powershell,
            "wire": {"namespace": namespace_name(layout.network), "bridge": BRIDGE}
            if self.settings.wire
            else None,
            "hosts": [
                {
                    "name": host.name,
                    "fqdn": host.fqdn,
                    "role": host.role.value,
                    "address": str(host.address),
                    "port": HTTP_PORT,
                    "scheme": "http",
                    "auth": "negotiate",
                }
                for host in lab_hosts(layout, self.settings.members)
            ],
        }


def inventory_file(layout: LabLayout) -> Path:
    """Where the lab's inventory lies."""
    return layout.root / "inventory.yml"


def up(state_dir: Path, name: str, settings: LabSettings, tell: Progress) -> LabStatus:
    """Make a lab and start it; one that runs already is left as it is.

    Raises:
        MissingDependencyError: This machine lacks something; the cure says what.
        LabInUseError: It runs already with other settings.
        LabProgramError: A program of the lab failed.
    """
    layout = claim_layout(state_dir, name)
    if supervisor_id(layout) is not None:
        found = status(state_dir, name)
        if found.settings != settings:
            raise LabInUseError(
                what=f"The lab {name!r}",
                reason="it runs already, with other settings",
                cure="Take it down first: orchestrate lab down",
            )
        tell("the lab runs already")
        return found
    hosts = lab_hosts(layout, settings.members)
    unknown = sorted(set(settings.faults) - {host.name for host in hosts})
    if unknown:
        raise UsageError(
            f"The lab has no host called {unknown[0]}.",
            cure=f"It has {', '.join(host.name for host in hosts)}.",
        )
    try:
        if settings.wire:
            _check_wire(len(hosts))
        Domain.create(layout, [host.domain_host for host in hosts], on_progress=tell)
        issue_azure_files(azure_files(layout).folder, layout.dc_address)
        write_file(settings_file(layout.root), settings.to_json(), mode=0o644)
        write_file(
            inventory_file(layout),
            inventory_text(layout, hosts, NOTES if settings.wire else ()),
            mode=0o644,
        )
        tell(f"start the domain and {len(hosts)} simulated Windows hosts")
        start(layout)
    except BaseException:
        # Half a lab is no lab: nothing of it stays behind.
        _remove(layout)
        raise
    return status(state_dir, name)


def _check_wire(hosts: int) -> None:
    # The domain controller stays off the wire.
    missing = missing_for_wire(hosts - 1)
    if missing:
        raise MissingDependencyError(
            "The lab's wire can't run here: " + " ".join(found.sentence for found in missing),
            cure=" ".join(dict.fromkeys(found.cure for found in missing)),
        )


def start(layout: LabLayout) -> None:
    """Start the process that runs a lab, and return when it is ready.

    Raises:
        LabProgramError: It ended, or was not ready in time.
    """
    with log_path(layout).open("ab") as log:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "ipsec_orchestrator.lab.supervisor",
                str(layout.state_dir),
                layout.name,
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd="/",
        )
    deadline = time.monotonic() + _START_SECONDS
    while supervisor_id(layout) is None:
        code = process.poll()
        if code is not None or time.monotonic() > deadline:
            process.kill()
            process.wait()
            reason = "it was not ready in time" if code is None else f"it ended with {code}"
            raise LabProgramError(
                program="the lab",
                reason=reason,
                last_lines=last_lines(log_path(layout)),
            )
        time.sleep(_POLL_SECONDS)


def stop(layout: LabLayout) -> None:
    """End the process that runs a lab; without one it does nothing.

    Raises:
        LabProgramError: It did not end in time.
    """
    process_id = supervisor_id(layout)
    if process_id is None:
        return
    os.kill(process_id, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while _is_alive(process_id):
        if time.monotonic() > deadline:
            raise LabProgramError(
                program="the lab",
                reason=f"process {process_id} did not end on request",
                last_lines=last_lines(log_path(layout)),
            )
        time.sleep(_POLL_SECONDS)


def down(state_dir: Path, name: str) -> None:
    """Stop a lab and remove everything of it.

    Raises:
        LabNotFoundError: There is none.
    """
    layout = open_layout(state_dir, name)
    stop(layout)
    _remove(layout)


def _remove(layout: LabLayout) -> None:
    try:
        discard_wire(layout)
        Domain(layout, ()).destroy()
    finally:
        if not layout.root.exists():
            release_layout(layout)
            for folder in (layout.root.parent, layout.state_dir):
                _remove_if_empty(folder)


def _remove_if_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def reset(state_dir: Path, name: str) -> LabStatus:
    """Bring domain and hosts back to what they were when the lab was made.

    Raises:
        LabNotFoundError: There is none.
    """
    layout = open_layout(state_dir, name)
    stop(layout)
    Domain.open(layout).reset()
    folder = registry_folder(layout)
    for file in folder.iterdir() if folder.is_dir() else ():
        file.unlink()
    start(layout)
    return status(state_dir, name)


def status(state_dir: Path, name: str) -> LabStatus:
    """Tell what a lab is.

    Raises:
        LabNotFoundError: There is none.
    """
    layout = open_layout(state_dir, name)
    text = settings_file(layout.root).read_text(encoding="utf-8")
    return LabStatus(
        layout=layout,
        settings=LabSettings.from_json(text),
        running=supervisor_id(layout) is not None,
    )


def set_faults(state_dir: Path, name: str, host: str, faults: HostFaults) -> None:
    """Change what is wrong with a host of a running lab.

    Raises:
        LabNotFoundError: There is no such lab.
        UsageError: It does not run, or has no such host.
    """
    layout = open_layout(state_dir, name)
    answer = _ask(layout, {"verb": "faults", "host": host, "faults": faults_to_json(faults)})
    if answer is None:
        raise UsageError(f"The lab {name!r} does not run.", cure="Start it: orchestrate lab up")
    if "error" in answer:
        raise UsageError(str(answer["error"]))


def supervisor_id(layout: LabLayout) -> int | None:
    """Give the id of the process that runs a lab; ``None`` if none answers."""
    answer = _ask(layout, {"verb": "status"})
    return int(answer["pid"]) if answer else None


def _ask(layout: LabLayout, request: dict[str, Any]) -> dict[str, Any] | None:
    try:
        with (
            channel_address(layout) as address,
            socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel,
        ):
            channel.settimeout(10.0)
            channel.connect(address)
            channel.sendall(json.dumps(request).encode() + b"\n")
            with channel.makefile("rb") as reader:
                line = reader.readline()
    except (FileNotFoundError, ConnectionError):
        return None
    found: dict[str, Any] = json.loads(line) if line else {}
    return found or None


def _is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    try:
        # A child of ours that has ended but was not waited for still has its number.
        waited, _ = os.waitpid(process_id, os.WNOHANG)
    except ChildProcessError:
        return True
    return waited == 0
