"""Up, down, status, reset of a lab, as the command line asks for them."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ipsec_orchestrator.errors import LabInUseError, MissingDependencyError, UsageError
from ipsec_orchestrator.lab.azure import issue_azure_files
from ipsec_orchestrator.lab.domain.claim import claim_layout, open_layout, release_layout
from ipsec_orchestrator.lab.domain.domain import Domain
from ipsec_orchestrator.lab.domain.layout import LabLayout
from ipsec_orchestrator.lab.domain.private_files import write_file
from ipsec_orchestrator.lab.engine_check import check_powershell
from ipsec_orchestrator.lab.lab_hosts import lab_hosts
from ipsec_orchestrator.lab.lab_inventory import azure_files, inventory_text
from ipsec_orchestrator.lab.lab_settings import (
    HostFaults,
    LabSettings,
    faults_to_json,
    settings_file,
)
from ipsec_orchestrator.lab.lab_status import LabStatus, inventory_file
from ipsec_orchestrator.lab.proving.lab_wire import NOTES
from ipsec_orchestrator.lab.simulation import drives_folder, registry_folder
from ipsec_orchestrator.lab.supervision import ask, start, stop, supervisor_id
from ipsec_orchestrator.lab.wire.prerequisites import missing_prerequisites as missing_for_wire
from ipsec_orchestrator.lab.wire.wire import discard_wire

Progress = Callable[[str], None]

DEFAULT_NAME: Final = "default"


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
        if settings.powershell is not None:
            check_powershell(settings.powershell)
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
    shutil.rmtree(drives_folder(layout), ignore_errors=True)
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
    answer = ask(layout, {"verb": "faults", "host": host, "faults": faults_to_json(faults)})
    if answer is None:
        raise UsageError(f"The lab {name!r} does not run.", cure="Start it: orchestrate lab up")
    if "error" in answer:
        raise UsageError(str(answer["error"]), cure="orchestrate lab fault --help says more.")


def reboot(state_dir: Path, name: str, host: str) -> None:
    """Restart a host of a running lab.

    Raises:
        LabNotFoundError: There is no such lab.
        UsageError: It does not run, or has no such host.
    """
    answer = ask(open_layout(state_dir, name), {"verb": "reboot", "host": host})
    if answer is None:
        raise UsageError(f"The lab {name!r} does not run.", cure="Start it: orchestrate lab up")
    if "error" in answer:
        raise UsageError(str(answer["error"]), cure="orchestrate lab reboot --help says more.")
