"""What a simulated Task Scheduler makes of a definition: refused as Windows does, or understood.

Written after [MS-TSCH] 2.5 and independent of what the product writes, so that the two can
disagree. Elements that the lab has no use for are known by name, so that they are not refused.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from xml.etree import ElementTree as ET

from ipsec_orchestrator.lab.windows.imitated_error import ImitatedError

BAD_TASK: Final = "HRESULT 0x80041319,Register-ScheduledTask"
"""SCHED_E_MISSINGNODE: something that is needed is not there."""
MALFORMED_TASK: Final = "HRESULT 0x8004131a,Register-ScheduledTask"
"""SCHED_E_MALFORMEDXML: not XML, or with something in it that the schema does not have."""
OUT_OF_RANGE: Final = "HRESULT 0x80041318,Register-ScheduledTask"
"""SCHED_E_INVALIDVALUE: a value that the schema does not allow."""

_NAMESPACE: Final = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
_DECLARATION: Final = re.compile(r"^\s*<\?xml[^>]*\?>")
_DURATION: Final = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_TRIGGER: Final = frozenset(
    {"Enabled", "StartBoundary", "EndBoundary", "Repetition", "ExecutionTimeLimit"}
)
# Element -> the elements that may stand in it.
_CHILDREN: Final = {
    "Task": {"RegistrationInfo", "Triggers", "Principals", "Settings", "Data", "Actions"},
    "RegistrationInfo": {
        *("Author", "Date", "Description", "Documentation", "SecurityDescriptor", "Source"),
        *("URI", "Version"),
    },
    "Triggers": {"BootTrigger", "TimeTrigger"},
    "TimeTrigger": {*_TRIGGER, "RandomDelay"},
    "BootTrigger": {*_TRIGGER, "Delay"},
    "Repetition": {"Interval", "Duration", "StopAtDurationEnd"},
    "Principals": {"Principal"},
    "Principal": {"UserId", "LogonType", "GroupId", "DisplayName", "RunLevel"},
    "Settings": {
        *("AllowHardTerminate", "AllowStartOnDemand", "DeleteExpiredTaskAfter"),
        *("DisallowStartIfOnBatteries", "Enabled", "ExecutionTimeLimit", "Hidden"),
        *("IdleSettings", "MultipleInstancesPolicy", "NetworkSettings", "Priority"),
        *("RestartOnFailure", "RunOnlyIfIdle", "RunOnlyIfNetworkAvailable"),
        *("StartWhenAvailable", "StopIfGoingOnBatteries", "WakeToRun"),
    },
    "Actions": {"Exec"},
    "Exec": {"Command", "Arguments", "WorkingDirectory"},
}
_MINUTE: Final = timedelta(minutes=1)
_LOWEST_PRIORITY: Final = 10
_POLICIES: Final = ("IgnoreNew", "Parallel", "Queue", "StopExisting")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """When a task is started.

    Attributes:
        at_boot: At a start of the host, else at ``start``.
        start: Not before; aware.
        end: Not after; ``None`` for ever.
        every: Time between two starts; ``None`` for one start.
        lasting: How long it is repeated; ``None`` for ever.
    """

    at_boot: bool
    start: datetime
    end: datetime | None
    every: timedelta | None = None
    lasting: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDefinition:
    """What was understood.

    Attributes:
        triggers: Those that are enabled.
        programs: Command and arguments of each action, in order.
        enabled: Whether it runs at all.
        needs_network: It waits for a network, for which a member in trouble can wait long.
    """

    triggers: tuple[Trigger, ...]
    programs: tuple[tuple[str, str], ...]
    enabled: bool
    needs_network: bool


def parse_definition(name: str, definition: str, local: timedelta = timedelta()) -> TaskDefinition:
    """Read the XML of a task.

    Args:
        name: Of the task, for errors.
        definition: The XML.
        local: How far local time is ahead of UTC: a boundary without zone is local.

    Raises:
        ImitatedError: Windows would not register it.
    """
    try:
        # The engine hands it over as text; what encoding it would be as bytes does not matter.
        root = ET.fromstring(_DECLARATION.sub("", definition))  # noqa: S314 - the lab's own machine
    except ET.ParseError as error:
        raise ImitatedError(MALFORMED_TASK, name) from error
    if root.tag != f"{_NAMESPACE}Task":
        raise ImitatedError(MALFORMED_TASK, name)
    _check_names(root, name)
    if _find(root, "Settings/DeleteExpiredTaskAfter") is not None and not any(
        found.tag == f"{_NAMESPACE}EndBoundary" for found in root.iter()
    ):
        raise ImitatedError(BAD_TASK, name)
    programs = tuple(
        (_text(action, "Command"), _text(action, "Arguments"))
        for action in _all(root, "Actions/Exec")
    )
    if not programs or not all(command for command, _ in programs):
        raise ImitatedError(BAD_TASK, name)
    _check_values(root, name)
    return TaskDefinition(
        triggers=tuple(
            _trigger(name, found, local)
            for kind in ("TimeTrigger", "BootTrigger")
            for found in _all(root, f"Triggers/{kind}")
            if _text(found, "Enabled") != "false"
        ),
        programs=programs,
        enabled=_text(root, "Settings/Enabled") != "false",
        needs_network=_text(root, "Settings/RunOnlyIfNetworkAvailable") == "true",
    )


def _check_names(element: ET.Element, name: str) -> None:
    own = element.tag.removeprefix(_NAMESPACE)
    allowed = _CHILDREN.get(own)
    for child in element:
        if not child.tag.startswith(_NAMESPACE):
            raise ImitatedError(MALFORMED_TASK, name)
        if allowed is not None and child.tag.removeprefix(_NAMESPACE) not in allowed:
            raise ImitatedError(MALFORMED_TASK, name)
        _check_names(child, name)


def _check_values(root: ET.Element, name: str) -> None:
    priority = _text(root, "Settings/Priority")
    if priority and not (priority.isdigit() and int(priority) <= _LOWEST_PRIORITY):
        raise ImitatedError(OUT_OF_RANGE, name)
    policy = _text(root, "Settings/MultipleInstancesPolicy")
    if policy and policy not in _POLICIES:
        raise ImitatedError(OUT_OF_RANGE, name)
    for path in ("Settings/ExecutionTimeLimit", "Settings/DeleteExpiredTaskAfter"):
        if _find(root, path) is not None:
            _duration(_text(root, path), name)


def _trigger(name: str, element: ET.Element, local: timedelta) -> Trigger:
    at_boot = element.tag == f"{_NAMESPACE}BootTrigger"
    start, end = (_boundary(element, which, local, name) for which in ("Start", "End"))
    if start is None:
        if not at_boot:
            raise ImitatedError(BAD_TASK, name)
        start = datetime.min.replace(tzinfo=UTC)
    repetition = _find(element, "Repetition")
    every = lasting = None
    if repetition is not None:
        every = _duration(_text(repetition, "Interval"), name)
        if every < _MINUTE:
            raise ImitatedError(OUT_OF_RANGE, name)
        text = _text(repetition, "Duration")
        lasting = _duration(text, name) if text else None
    return Trigger(at_boot=at_boot, start=start, end=end, every=every, lasting=lasting)


def _boundary(element: ET.Element, which: str, local: timedelta, name: str) -> datetime | None:
    text = _text(element, f"{which}Boundary")
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ImitatedError(OUT_OF_RANGE, name) from None
    return moment.replace(tzinfo=UTC) - local if moment.tzinfo is None else moment


def _duration(text: str, name: str) -> timedelta:
    match = _DURATION.fullmatch(text)
    if match is None or text in {"P", "PT", ""}:
        raise ImitatedError(OUT_OF_RANGE, name)
    days, hours, minutes, seconds = (int(found or 0) for found in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def _find(element: ET.Element, path: str) -> ET.Element | None:
    return element.find("/".join(f"{_NAMESPACE}{part}" for part in path.split("/")))


def _all(element: ET.Element, path: str) -> list[ET.Element]:
    return element.findall("/".join(f"{_NAMESPACE}{part}" for part in path.split("/")))


def _text(element: ET.Element, path: str) -> str:
    found = _find(element, path)
    return "" if found is None else (found.text or "").strip()
