"""Schedules as lines for people and as JSON."""

from collections.abc import Sequence
from datetime import datetime

from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.schedule import (
    InstalledPlace,
    InstalledSchedule,
    PlaceChange,
    RemovedSchedule,
    Schedule,
    SchedulerKind,
    UnattendedSource,
)
from ipsec_orchestrator.planning.schedule.credential_names import KEYTAB, NOTIFY, PASSWORD
from ipsec_orchestrator.report.lines import Line, Tone

_TONES = {
    PlaceChange.CREATED: Tone.CREATE,
    PlaceChange.CHANGED: Tone.CHANGE,
    PlaceChange.UNCHANGED: Tone.UNCHANGED,
}
_NEVER = "not told"


def hints(schedule: Schedule) -> tuple[str, ...]:
    """Give what has to be known or done besides, a sentence each."""
    found: list[str] = []
    match schedule.kind:
        case SchedulerKind.SYSTEMD:
            if not schedule.state:
                found.append(
                    f"It keeps its own record in /var/lib/{schedule.name} and knows nothing of runs "
                    "that are recorded elsewhere, so it repairs none of theirs: to share one, give "
                    "--state and --run-as."
                )
        case SchedulerKind.SYSTEMD_USER:
            found.append(
                "Without a session of yours it runs only if loginctl enable-linger was given."
            )
        case SchedulerKind.CRON:
            found.append("cron does not make up for what was due while the machine was off.")
        case SchedulerKind.KUBERNETES:
            keys = f"{KEYTAB} or {PASSWORD}" + (
                f", and {NOTIFY} (your {schedule.notify_config})" if schedule.notify_config else ""
            )
            found.append(
                f"The Secret {schedule.source_place} is yours to make, with the key {keys}; "
                "then kubectl apply -f the manifest."
            )
        case SchedulerKind.WINDOWS:
            if schedule.source is UnattendedSource.GMSA:
                found.append(
                    f"{schedule.source_place} has to be installed here (Install-ADServiceAccount) "
                    'and needs the right "Log on as a batch job".'
                )
    if schedule.kind in {SchedulerKind.SYSTEMD_USER, SchedulerKind.CRON} and (
        schedule.source is UnattendedSource.INVENTORY
    ):
        found.append("A keyring that the inventory names has to be unlocked at that time.")
    return tuple(found)


def install_lines(
    places: Sequence[InstalledPlace], schedule: Schedule, *, started: bool
) -> list[Line]:
    """Give what installing did, and what is left to do."""
    lines = [Line(f"{each.change.value}: {each.place}", _TONES[each.change]) for each in places]
    lines += [Line(text, Tone.WARNING) for text in hints(schedule)]
    if not started:
        lines.append(Line("Nothing was started: these files are for review.", Tone.PLAIN))
    return lines


def install_to_json(
    places: Sequence[InstalledPlace],
    schedule: Schedule,
    command: Sequence[str],
    *,
    started: bool,
) -> dict[str, Json]:
    """Give the document of ``schedule install --json``."""
    return {
        "name": schedule.name,
        "as": schedule.kind.value,
        "started": started,
        "places": [{"place": each.place, "change": each.change.value} for each in places],
        "command": list(command),
        "every_seconds": schedule.every_seconds,
        "credentials": {"source": schedule.source.value, "place": schedule.source_place},
        "hints": list(hints(schedule)),
    }


def installed_lines(found: Sequence[InstalledSchedule]) -> list[Line]:
    """Give what is installed."""
    if not found:
        return [Line("No schedule of this program is here.", Tone.PLAIN)]
    lines: list[Line] = []
    for each in found:
        lines.append(Line(f"{each.name} ({each.kind.value})", Tone.HEADING))
        lines += [Line(f"  {place}", Tone.PLAIN) for place in each.places]
        if each.schedule is not None:
            lines.append(
                Line(
                    f"  every {each.schedule.every_seconds // 60} min: {each.schedule.playbook}",
                    Tone.PLAIN,
                )
            )
        last = f"  last {_told(each.last_run)}, next {_told(each.next_run)}"
        lines.append(Line(f"{last}{f', {each.last_result}' * bool(each.last_result)}", Tone.PLAIN))
        if each.enabled is False:
            lines.append(Line("  not enabled: it will not be started", Tone.BAD))
        lines += [Line(f"  {text}", Tone.BAD) for text in each.differences]
        if as_made(each):
            lines.append(Line("  as this program makes it", Tone.GOOD))
    return lines


def as_made(found: InstalledSchedule) -> bool:
    """Tell whether a schedule is as this program makes it, and will be started."""
    return not found.differences and found.enabled is not False


def installed_to_json(found: Sequence[InstalledSchedule]) -> dict[str, Json]:
    """Give the document of ``schedule show --json``."""
    return {"schedules": [_installed_to_json(each) for each in found]}


def _installed_to_json(found: InstalledSchedule) -> dict[str, Json]:
    made = found.schedule
    return {
        "name": found.name,
        "as": found.kind.value,
        "places": list(found.places),
        "as_made": as_made(found),
        "differences": list(found.differences),
        "enabled": found.enabled,
        "last_run": _moment(found.last_run),
        "next_run": _moment(found.next_run),
        "last_result": found.last_result or None,
        "playbook": None if made is None else made.playbook,
        "every_seconds": None if made is None else made.every_seconds,
        "mode": None if made is None else made.mode or None,
    }


def removed_lines(removed: RemovedSchedule) -> list[Line]:
    """Give what was taken away, and what was left."""
    return [
        *(Line(f"removed: {place}", Tone.DELETE) for place in removed.removed),
        *(
            Line(f"left, because it is not the schedule's alone: {p}", Tone.QUIET)
            for p in removed.left
        ),
    ]


def removed_to_json(removed: RemovedSchedule) -> dict[str, Json]:
    """Give the document of ``schedule remove --json``."""
    return {
        "name": removed.name,
        "as": removed.kind.value,
        "removed": list(removed.removed),
        "left": list(removed.left),
    }


def _told(moment: datetime | None) -> str:
    return _moment(moment) or _NEVER


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")
