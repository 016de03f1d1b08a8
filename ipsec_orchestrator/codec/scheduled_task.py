"""Tasks of the Windows Task Scheduler: values <-> XML, [MS-TSCH] 2.5.

Written in the order of the published schema. Read in any order, because Windows gives a task back
in an order of its own, leaves out what is the default, and adds where the task is registered.
"""

import re
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime
from typing import Final
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from ipsec_orchestrator.errors import CodecError
from ipsec_orchestrator.model.scheduled_task import (
    BootTrigger,
    Program,
    ScheduledTask,
    TaskSettings,
    TimeTrigger,
)

NAMESPACE: Final = "http://schemas.microsoft.com/windows/2004/02/mit/task"
_FORMAT: Final = "scheduled task"
# 1.2 is what Windows Vista and Server 2008 began with; nothing newer is used.
_VERSION: Final = "1.2"
_AUTHOR: Final = "ipsec_orchestrator"
_DECLARATION: Final = re.compile(r"^\s*<\?xml[^>]*\?>")
# xs:duration without years and months, whose length nobody knows.
_DURATION: Final = re.compile(
    r"P(?:(?P<days>[0-9]{1,9})D)?"
    r"(?:T(?:(?P<hours>[0-9]{1,9})H)?(?:(?P<minutes>[0-9]{1,9})M)?(?:(?P<seconds>[0-9]{1,9})S)?)?"
)
_PRIORITY: Final = re.compile(r"[0-9]{1,2}")
_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86_400
# Field of TaskSettings -> element, in the order in which Windows writes them.
_SETTINGS: Final = {
    "multiple_instances": "MultipleInstancesPolicy",
    "disallow_start_if_on_batteries": "DisallowStartIfOnBatteries",
    "stop_if_going_on_batteries": "StopIfGoingOnBatteries",
    "start_when_available": "StartWhenAvailable",
    "run_only_if_network_available": "RunOnlyIfNetworkAvailable",
    "run_only_if_idle": "RunOnlyIfIdle",
    "wake_to_run": "WakeToRun",
    "allow_start_on_demand": "AllowStartOnDemand",
    "enabled": "Enabled",
    "execution_time_limit_seconds": "ExecutionTimeLimit",
    "priority": "Priority",
}


def task_xml(task: ScheduledTask) -> str:
    """Give the text for ``Register-ScheduledTask -Xml``."""
    run_level = "HighestAvailable" if task.highest_privileges else "LeastPrivilege"
    lines = [
        # A .NET string is UTF-16, and the scheduler compares that with what is written here.
        '<?xml version="1.0" encoding="UTF-16"?>',
        f'<Task version="{_VERSION}" xmlns="{NAMESPACE}">',
        "  <RegistrationInfo>",
        f"    <Author>{_AUTHOR}</Author>",
        f"    <Description>{escape(task.description)}</Description>",
        *_optional_line("    ", "Documentation", task.documentation),
        "  </RegistrationInfo>",
        "  <Triggers>",
        *_trigger_lines(task),
        "  </Triggers>",
        "  <Principals>",
        '    <Principal id="Author">',
        f"      <UserId>{escape(task.user_sid)}</UserId>",
        *_optional_line("      ", "LogonType", task.logon_type),
        f"      <RunLevel>{run_level}</RunLevel>",
        "    </Principal>",
        "  </Principals>",
        "  <Settings>",
        *_setting_lines(task.settings),
        "  </Settings>",
        '  <Actions Context="Author">',
        *_program_lines(task),
        "  </Actions>",
        "</Task>",
    ]
    return "\n".join(lines) + "\n"


def _optional_line(indent: str, element: str, text: str) -> Iterator[str]:
    if text:
        yield f"{indent}<{element}>{escape(text)}</{element}>"


def _trigger_lines(task: ScheduledTask) -> Iterator[str]:
    # [MS-TSCH] 2.5.3.1: Enabled, StartBoundary, EndBoundary, Repetition, in this order.
    timed, boot = task.time_trigger, task.boot_trigger
    if timed is not None:
        yield "    <TimeTrigger>"
        yield from _boundary_lines(timed)
        if timed.repeat_every_seconds is not None:
            yield "      <Repetition>"
            yield f"        <Interval>{duration_text(timed.repeat_every_seconds)}</Interval>"
            if timed.repeat_for_seconds is not None:
                yield f"        <Duration>{duration_text(timed.repeat_for_seconds)}</Duration>"
            yield "      </Repetition>"
        yield "    </TimeTrigger>"
    if boot is not None:
        yield "    <BootTrigger>"
        yield from _boundary_lines(boot)
        yield "    </BootTrigger>"


def _boundary_lines(trigger: TimeTrigger | BootTrigger) -> Iterator[str]:
    yield f"      <Enabled>{_flag_text(trigger.enabled)}</Enabled>"
    yield f"      <StartBoundary>{boundary_text(trigger.start_at)}</StartBoundary>"
    if trigger.end_at is not None:
        yield f"      <EndBoundary>{boundary_text(trigger.end_at)}</EndBoundary>"


def _setting_lines(settings: TaskSettings) -> Iterator[str]:
    for name, element in _SETTINGS.items():
        value: object = getattr(settings, name)
        if isinstance(value, bool):
            text = _flag_text(value)
        elif element == "ExecutionTimeLimit":
            text = duration_text(settings.execution_time_limit_seconds)
        else:
            text = str(value)
        yield f"    <{element}>{text}</{element}>"


def _program_lines(task: ScheduledTask) -> Iterator[str]:
    for program in task.programs:
        yield "    <Exec>"
        yield f"      <Command>{escape(program.command)}</Command>"
        if program.arguments:
            yield f"      <Arguments>{escape(program.arguments)}</Arguments>"
        yield "    </Exec>"


def boundary_text(moment: datetime) -> str:
    """Write an instant so that neither time zone nor daylight saving of the host moves it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def duration_text(seconds: int) -> str:
    """Write a duration as xs:duration, for example ``PT10M`` or ``P1D``."""
    days, rest = divmod(seconds, _DAY)
    hours, rest = divmod(rest, _HOUR)
    minutes, rest = divmod(rest, _MINUTE)
    date = f"{days}D" if days else ""
    time = "".join(
        f"{count}{unit}" for count, unit in ((hours, "H"), (minutes, "M"), (rest, "S")) if count
    )
    if not date and not time:
        return "PT0S"
    return f"P{date}T{time}" if time else f"P{date}"


def _flag_text(flag: bool) -> str:  # noqa: FBT001 - a value that is written, no switch
    return "true" if flag else "false"


def parse_task(text: str) -> ScheduledTask:
    """Read a task as ``Export-ScheduledTask`` gives it.

    Raises:
        CodecError: It is no task, or has something in it that this program never puts there.
    """
    # Entities can be made to grow without end; a task has no need of a document type.
    if "<!DOCTYPE" in text:
        raise _error("Task", "a document type is not expected")
    try:
        root = ET.fromstring(_DECLARATION.sub("", text))  # noqa: S314 - no document type, see above
    except (ET.ParseError, ValueError) as error:
        # A text with half a character in it can't even be handed to the parser.
        raise _error("Task", f"not XML: {error}") from error
    if root.tag != _tag("Task"):
        raise _error("Task", f"the root is {root.tag}")
    return ScheduledTask(
        description=_text(root, "RegistrationInfo", "Description") or "",
        time_trigger=_time_trigger(_only(root, "TimeTrigger")),
        boot_trigger=_boot_trigger(_only(root, "BootTrigger")),
        programs=tuple(_programs(root)),
        settings=_settings(root.find(_tag("Settings"))),
        user_sid=_text(root, "Principals", "Principal", "UserId") or "",
        highest_privileges=_text(root, "Principals", "Principal", "RunLevel") == "HighestAvailable",
        logon_type=_text(root, "Principals", "Principal", "LogonType") or "",
        documentation=_text(root, "RegistrationInfo", "Documentation") or "",
    )


def _only(root: ET.Element, name: str) -> ET.Element | None:
    triggers = root.find(_tag("Triggers"))
    children = [] if triggers is None else list(triggers)
    for child in children:
        if child.tag not in {_tag("TimeTrigger"), _tag("BootTrigger")}:
            raise _error("Triggers", f"{child.tag} was not put there by us")
    found = [child for child in children if child.tag == _tag(name)]
    if len(found) > 1:
        raise _error("Triggers", f"{len(found)} of {name}")
    return found[0] if found else None


def _time_trigger(element: ET.Element | None) -> TimeTrigger | None:
    if element is None:
        return None
    every, lasting = (
        _text(element, "Repetition", "Interval"),
        _text(element, "Repetition", "Duration"),
    )
    ended = element.find(_tag("EndBoundary")) is not None
    return TimeTrigger(
        start_at=_moment(element, "StartBoundary"),
        end_at=_moment(element, "EndBoundary") if ended else None,
        repeat_every_seconds=None if every is None else duration_seconds(every),
        repeat_for_seconds=None if lasting is None else duration_seconds(lasting),
        enabled=_flag(_text(element, "Enabled"), default=True),
    )


def _boot_trigger(element: ET.Element | None) -> BootTrigger | None:
    if element is None:
        return None
    if element.find(_tag("Delay")) is not None:
        raise _error("BootTrigger", "a delay was not put there by us")
    return BootTrigger(
        start_at=_moment(element, "StartBoundary"),
        end_at=_moment(element, "EndBoundary"),
        enabled=_flag(_text(element, "Enabled"), default=True),
    )


def _programs(root: ET.Element) -> Iterator[Program]:
    actions = root.find(_tag("Actions"))
    for action in () if actions is None else actions:
        if action.tag != _tag("Exec"):
            raise _error("Actions", f"{action.tag} was not put there by us")
        yield Program(
            command=_text(action, "Command") or "",
            arguments=_text(action, "Arguments") or "",
        )


def _settings(element: ET.Element | None) -> TaskSettings:
    found: dict[str, str | int | bool] = {}
    defaults = TaskSettings()
    for field in fields(TaskSettings):
        text = None if element is None else _text(element, _SETTINGS[field.name])
        default: str | int | bool = getattr(defaults, field.name)
        if text is None:
            found[field.name] = default
        elif isinstance(default, bool):
            found[field.name] = _flag(text, default=default)
        elif field.name == "priority":
            found[field.name] = int(text) if _PRIORITY.fullmatch(text) else -1
        elif isinstance(default, int):
            found[field.name] = duration_seconds(text)
        else:
            found[field.name] = text
    return TaskSettings(**found)  # type: ignore[arg-type]  # each as its default's type


def _text(element: ET.Element, *path: str) -> str | None:
    found = element.find("/".join(_tag(name) for name in path))
    return None if found is None else (found.text or "").strip()


def _flag(text: str | None, *, default: bool) -> bool:
    # xs:boolean has two spellings of each.
    return default if text is None else text in {"true", "1"}


def _moment(element: ET.Element, name: str) -> datetime:
    text = _text(element, name)
    try:
        moment = datetime.fromisoformat(text or "")
        if moment.tzinfo is None:
            raise _error(name, f"{text!r} has no zone, so it would move with the host's")
        return moment.astimezone(UTC)
    except CodecError:
        raise
    except (ValueError, OverflowError):
        raise _error(name, f"{text!r} is no time") from None


def duration_seconds(text: str) -> int:
    """Read an xs:duration.

    Raises:
        CodecError: It is none, or has years or months in it.
    """
    match = _DURATION.fullmatch(text)
    if match is None or text in {"P", "PT"}:
        raise _error("duration", f"{text!r} is no duration of days to seconds")
    count = {name: int(value or 0) for name, value in match.groupdict().items()}
    return (
        count["days"] * _DAY
        + count["hours"] * _HOUR
        + count["minutes"] * _MINUTE
        + count["seconds"]
    )


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _error(field: str, reason: str) -> CodecError:
    return CodecError(format=_FORMAT, field=field, offset=0, reason=reason)


def task_differences(wanted: ScheduledTask, found: ScheduledTask) -> tuple[str, ...]:
    """Name what a task that was read back has otherwise.

    Words about it do not count, nor does a logon type that was left to the scheduler.
    """
    passed_over = {"description", "documentation", "settings"}
    if not wanted.logon_type:
        passed_over.add("logon_type")
    names = [
        field.name
        for field in fields(ScheduledTask)
        if field.name not in passed_over
        and getattr(wanted, field.name) != getattr(found, field.name)
    ]
    names += [
        f"settings.{field.name}"
        for field in fields(TaskSettings)
        if getattr(wanted.settings, field.name) != getattr(found.settings, field.name)
    ]
    return tuple(names)
