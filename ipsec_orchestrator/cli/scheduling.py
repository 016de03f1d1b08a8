"""What ``orchestrate schedule`` does: make the value, check, put there, look, print."""

import os
import sys
from pathlib import Path
from typing import Any, Final

import platformdirs

from ipsec_orchestrator.app.schedules import (
    check,
    command_of,
    files_for_review,
    scheduler,
    this_program,
    write_for_review,
)
from ipsec_orchestrator.cli.exit_codes import Exit
from ipsec_orchestrator.cli.options import DEFAULT_INVENTORY, Connection
from ipsec_orchestrator.cli.output import print_json, print_lines
from ipsec_orchestrator.errors import ScheduleNotFoundError, UsageError
from ipsec_orchestrator.model.schedule import Schedule, SchedulerKind, UnattendedSource
from ipsec_orchestrator.planning.schedule.checking import name_for
from ipsec_orchestrator.planning.schedule.command import LOG_FILE
from ipsec_orchestrator.ports import Scheduler
from ipsec_orchestrator.report.schedule_report import (
    as_made,
    install_lines,
    install_to_json,
    installed_lines,
    installed_to_json,
    removed_lines,
    removed_to_json,
)

# Option -> source, and whether it names a file.
_SOURCES: Final = {
    "keytab": (UnattendedSource.KEYTAB, True),
    "password_file": (UnattendedSource.PASSWORD_FILE, True),
    "environment_file": (UnattendedSource.ENVIRONMENT_FILE, True),
    "secret": (UnattendedSource.SECRET, False),
    "gmsa": (UnattendedSource.GMSA, False),
}
_DEFAULT_THREADS: Final = 50


def install_and_print(
    playbook: str, connection: Connection, values: dict[str, Any], *, out: str | None, as_json: bool
) -> int:
    """Do all of ``install`` and give the exit code."""
    inventory = connection.read_inventory()
    schedule = _schedule(playbook, connection, values)
    check(schedule, inventory)
    command = command_of(schedule)
    if out is None and schedule.kind is SchedulerKind.KUBERNETES:
        return _print_manifest(schedule, command, as_json=as_json)
    started = out is None
    if out is not None:
        places = write_for_review(schedule, Path(out).absolute())
    else:
        places = _scheduler(schedule.kind).install(schedule)
    if as_json:
        print_json(install_to_json(places, schedule, command, started=started))
    print_lines(install_lines(places, schedule, started=started), to_stderr=as_json)
    return Exit.DONE


def _print_manifest(schedule: Schedule, command: tuple[str, ...], *, as_json: bool) -> int:
    """Print the manifest itself, for a pipe into kubectl."""
    (file,) = files_for_review(schedule)
    if as_json:
        document = install_to_json((), schedule, command, started=False)
        print_json({**document, "manifest": file.text})
    else:
        sys.stdout.write(file.text)
    print_lines(install_lines((), schedule, started=False), to_stderr=True)
    return Exit.DONE


def show_and_print(name: str | None, kind: str | None, *, as_json: bool) -> int:
    """Do all of ``show`` and give the exit code."""
    wanted = _kind(kind)
    found = _scheduler(wanted).installed()
    if name is not None:
        known = [each.name for each in found]
        found = tuple(each for each in found if each.name == name)
        if not found:
            raise ScheduleNotFoundError(name=name, scheduler=wanted.value, known=known)
    if as_json:
        print_json(installed_to_json(found))
    else:
        print_lines(installed_lines(found))
    return Exit.DONE if all(map(as_made, found)) else Exit.DIFFERENCES


def remove_and_print(name: str, kind: str | None, *, as_json: bool) -> int:
    """Do all of ``remove`` and give the exit code."""
    removed = _scheduler(_kind(kind)).remove(name)
    if as_json:
        print_json(removed_to_json(removed))
    print_lines(removed_lines(removed), to_stderr=as_json)
    return Exit.DONE


def _scheduler(kind: SchedulerKind) -> Scheduler:
    return scheduler(kind, Path(platformdirs.user_config_path()))


def _kind(given: str | None) -> SchedulerKind:
    """Give whose schedule is meant; where nobody says so, that of this machine and user."""
    if given:
        return SchedulerKind(given)
    if sys.platform == "win32":
        kind = SchedulerKind.WINDOWS
    elif sys.platform == "linux":
        kind = SchedulerKind.SYSTEMD if os.geteuid() == 0 else SchedulerKind.SYSTEMD_USER
    else:
        kind = SchedulerKind.CRON
    return kind


def _schedule(playbook: str, connection: Connection, values: dict[str, Any]) -> Schedule:
    kind = _kind(values["kind"])
    source, place = _source(values, kind)
    return Schedule(
        name=values["name"] or name_for(playbook),
        kind=kind,
        program=this_program(kind),
        playbook=_absolute(playbook),
        inventory=tuple(map(_absolute, connection.inventory or (str(DEFAULT_INVENTORY),))),
        every_seconds=values["every_seconds"],
        mode=values["mode"] or "",
        limit=connection.limit or "",
        dc=connection.dc or "",
        threads=0 if connection.threads == _DEFAULT_THREADS else connection.threads,
        state=_absolute(values["state"]),
        notify_config=_absolute_after(values["notify_source"] or "", ("keyring:", "credential:")),
        event_logs=tuple(_absolute_log(log) for log in values["event_logs"]),
        metrics_file=_absolute(values["metrics_file"]),
        user=connection.user or "",
        source=source,
        source_place=place,
        encrypted=values["encrypted"],
        run_as=(values["run_as"] or "") if kind is not SchedulerKind.WINDOWS else "",
        image=values["image"] or "",
    )


def _source(values: dict[str, Any], kind: SchedulerKind) -> tuple[UnattendedSource, str]:
    """Find out which way of credentials was chosen; at most one may be."""
    given = [name for name in _SOURCES if values[name]]
    run_as = values["run_as"]
    if kind is SchedulerKind.WINDOWS and run_as:
        given.append("run_as")
    if len(given) > 1:
        options = " and ".join(f"--{name.replace('_', '-')}" for name in given)
        raise UsageError(
            f"{options} are two ways to the same credentials.", cure="Choose one of them."
        )
    if not given:
        return UnattendedSource.INVENTORY, ""
    if given == ["run_as"]:
        return UnattendedSource.ACCOUNT, str(run_as)
    source, is_file = _SOURCES[given[0]]
    place = str(values[given[0]])
    return source, _absolute(place) if is_file else place


def _absolute(path: str | None) -> str:
    return str(Path(path).absolute()) if path else ""


def _absolute_after(text: str, others: tuple[str, ...]) -> str:
    """Make a path absolute, unless the text is one of other ways, by its beginning."""
    return text if text.startswith(others) else _absolute(text)


def _absolute_log(log: str) -> str:
    """Make the path of a log that is a file absolute."""
    if not log.startswith(LOG_FILE):
        return log
    return f"{LOG_FILE}{_absolute(log.removeprefix(LOG_FILE))}"
