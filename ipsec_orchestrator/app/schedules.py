"""Handing the watch to somebody else's schedule: checked, made, put there, looked at, taken away."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import ipsec_orchestrator
from ipsec_orchestrator.adapters.monitoring.exposition import check_metrics_file
from ipsec_orchestrator.adapters.schedulers.crontab import Crontab
from ipsec_orchestrator.adapters.schedulers.given_files import (
    check_private,
    check_readable_by_anybody,
)
from ipsec_orchestrator.adapters.schedulers.schedule_files import write_files
from ipsec_orchestrator.adapters.schedulers.systemd_units import SYSTEM_FOLDER, SystemdUnits
from ipsec_orchestrator.adapters.schedulers.windows_tasks import WindowsTasks
from ipsec_orchestrator.adapters.specification import read_playbook
from ipsec_orchestrator.adapters.specification.files import files_of
from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.model.inventory import Inventory
from ipsec_orchestrator.model.schedule import (
    InstalledPlace,
    Schedule,
    ScheduleFile,
    SchedulerKind,
    UnattendedSource,
)
from ipsec_orchestrator.planning.schedule.checking import check_schedule
from ipsec_orchestrator.planning.schedule.command import pass_arguments
from ipsec_orchestrator.planning.schedule.cron import cron_block
from ipsec_orchestrator.planning.schedule.kubernetes import (
    MountedFile,
    inventory_place,
    kubernetes_file,
    playbook_place,
    pod_arguments,
)
from ipsec_orchestrator.planning.schedule.systemd import state_of, systemd_files
from ipsec_orchestrator.planning.schedule.windows import windows_file
from ipsec_orchestrator.ports import Scheduler

_WITH_A_FILE: Final = {
    UnattendedSource.KEYTAB,
    UnattendedSource.PASSWORD_FILE,
    UnattendedSource.ENVIRONMENT_FILE,
}


def check(schedule: Schedule, inventory: Inventory) -> None:
    """Refuse a schedule that could not work here, before anything is written.

    Raises:
        UsageError: It could not.
        SpecificationError: The playbook can't be used.
    """
    read_playbook(Path(schedule.playbook), inventory)
    check_schedule(schedule, inventory.domain.credentials)
    if schedule.source in _WITH_A_FILE and not schedule.encrypted:
        check_private(Path(schedule.source_place))
    if schedule.notify_config and not schedule.notify_config.startswith("keyring:"):
        check_private(Path(schedule.notify_config))
    if schedule.metrics_file:
        check_metrics_file(Path(schedule.metrics_file))
    if schedule.kind is SchedulerKind.SYSTEMD and not schedule.run_as:
        check_readable_by_anybody(_read_by_the_service(schedule))


def _read_by_the_service(schedule: Schedule) -> Iterator[Path]:
    yield Path(schedule.program[0])
    yield Path(ipsec_orchestrator.__file__)
    yield Path(schedule.playbook)
    for name in schedule.inventory:
        path = Path(name)
        yield path
        yield from files_of(path)


def command_of(schedule: Schedule) -> tuple[str, ...]:
    """Give the command line of a pass as it will be run there, before any quoting."""
    match schedule.kind:
        case SchedulerKind.KUBERNETES:
            return pod_arguments(schedule)
        case SchedulerKind.SYSTEMD:
            return pass_arguments(replace(schedule, state=state_of(schedule)))
        case SchedulerKind.SYSTEMD_USER | SchedulerKind.CRON | SchedulerKind.WINDOWS:
            return pass_arguments(schedule)


def files_for_review(schedule: Schedule) -> tuple[ScheduleFile, ...]:
    """Make the files of a schedule, without putting them where they would be started.

    Raises:
        UsageError: A scheduler can't be told so.
        AccessDeniedError: A file for Kubernetes can't be read.
    """
    match schedule.kind:
        case SchedulerKind.SYSTEMD | SchedulerKind.SYSTEMD_USER:
            return systemd_files(schedule)
        case SchedulerKind.CRON:
            return (ScheduleFile(name=f"{schedule.name}.cron", text=cron_block(schedule)),)
        case SchedulerKind.WINDOWS:
            return (windows_file(schedule),)
        case SchedulerKind.KUBERNETES:
            return (kubernetes_file(schedule, tuple(_mounted(schedule))),)


def _mounted(schedule: Schedule) -> Iterator[MountedFile]:
    """Read playbook and inventory; they were checked, so no secret is in them."""
    playbook = Path(schedule.playbook)
    yield MountedFile(path=playbook_place(schedule), text=playbook.read_text(encoding="utf-8"))
    for number, name in enumerate(schedule.inventory):
        path = Path(name)
        for file in files_of(path):
            inside = file.name if path.is_dir() else None
            yield MountedFile(
                path=inventory_place(number, inside), text=file.read_text(encoding="utf-8")
            )


def write_for_review(schedule: Schedule, folder: Path) -> tuple[InstalledPlace, ...]:
    """Write the files into a folder.

    Raises:
        ForeignScheduleError: One is there and not ours.
        AccessDeniedError: One can't be written.
    """
    return write_files(folder, files_for_review(schedule))


def scheduler(kind: SchedulerKind, config_folder: Path) -> Scheduler:
    """Give what speaks to a scheduler of this machine.

    Args:
        kind: Which.
        config_folder: The folder of this user's settings, where his systemd has its units.

    Raises:
        UsageError: It is none of this machine.
    """
    match kind:
        case SchedulerKind.SYSTEMD:
            return SystemdUnits(kind=kind, folder=SYSTEM_FOLDER)
        case SchedulerKind.SYSTEMD_USER:
            return SystemdUnits(kind=kind, folder=config_folder / "systemd" / "user")
        case SchedulerKind.CRON:
            return Crontab()
        case SchedulerKind.WINDOWS:
            return WindowsTasks()
        case SchedulerKind.KUBERNETES:
            raise UsageError(
                "No cluster is spoken to: schedule install writes a manifest.",
                cure="Use kubectl: kubectl get cronjob,job, and kubectl delete -f the manifest.",
            )


def this_program(kind: SchedulerKind) -> tuple[str, ...]:
    """Give how this program is started without a shell, a PATH or a folder to be in.

    In a container it is the image's business where the program lies.
    """
    if kind is SchedulerKind.KUBERNETES:
        return ("orchestrate",)
    # -P: no module is taken from the folder in which the scheduler happens to start it.
    return (sys.executable, "-P", "-m", "ipsec_orchestrator")
