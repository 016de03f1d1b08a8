"""The schema of tasks, [MS-TSCH] 2.5, as a table that knows nothing of what the product writes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as ET

from ipsec_orchestrator.codec.scheduled_task import task_xml
from ipsec_orchestrator.model.scheduled_task import ScheduledTask

XMLNS: Final = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"


@dataclass(frozen=True)
class Kind:
    """What the specification says of an element.

    Attributes:
        children: Elements that may stand in it; ``None`` for text.
        ordered: Whether they have to come in this order (xs:sequence) or may in any (xs:all).
        needed: Those that must be there.
        many: Those that may be there more than once.
        values: Texts that are allowed; empty for any.
        attributes: Attributes that may be there.
    """

    children: tuple[str, ...] | None = None
    ordered: bool = False
    needed: frozenset[str] = frozenset()
    many: frozenset[str] = frozenset()
    values: tuple[str, ...] = ()
    attributes: frozenset[str] = frozenset()


BOOLEAN: Final = Kind(values=("true", "false", "1", "0"))
TEXT: Final = Kind()
TRIGGER: Final = ("Enabled", "StartBoundary", "EndBoundary", "Repetition", "ExecutionTimeLimit")
# Written down from the clauses that are named, not from what the product makes.
SCHEMA: Final = {
    # 2.5.1: xs:all, only Actions is needed.
    "Task": Kind(
        children=("RegistrationInfo", "Triggers", "Settings", "Data", "Principals", "Actions"),
        needed=frozenset({"Actions"}),
        attributes=frozenset({"version"}),
    ),
    # 2.5.2
    "RegistrationInfo": Kind(
        children=(
            *("URI", "SecurityDescriptor", "Source", "Date", "Author", "Version"),
            *("Description", "Documentation"),
        ),
    ),
    "Author": TEXT,
    "Description": TEXT,
    "Documentation": TEXT,
    # 2.5.3: a choice, any number.
    "Triggers": Kind(
        children=("BootTrigger", "TimeTrigger"), many=frozenset({"BootTrigger", "TimeTrigger"})
    ),
    # 2.5.3.1 is a sequence, 2.5.3.3 and 2.5.3.8 extend it at its end.
    "TimeTrigger": Kind(
        children=(*TRIGGER, "RandomDelay"), ordered=True, attributes=frozenset({"id"})
    ),
    "BootTrigger": Kind(children=(*TRIGGER, "Delay"), ordered=True, attributes=frozenset({"id"})),
    "StartBoundary": TEXT,
    "EndBoundary": TEXT,
    "Enabled": BOOLEAN,
    # 2.5.3.1: Interval between PT1M and P31D.
    "Repetition": Kind(
        children=("Interval", "Duration", "StopAtDurationEnd"), needed=frozenset({"Interval"})
    ),
    "Interval": TEXT,
    "Duration": TEXT,
    # 2.5.6
    "Principals": Kind(children=("Principal",), needed=frozenset({"Principal"})),
    "Principal": Kind(
        children=("UserId", "LogonType", "GroupId", "DisplayName", "RunLevel"),
        attributes=frozenset({"id"}),
    ),
    "UserId": TEXT,
    "LogonType": Kind(
        values=(
            *("S4U", "Password", "InteractiveToken", "InteractiveTokenOrPassword"),
            *("Group", "ServiceAccount", "None"),
        )
    ),
    "RunLevel": Kind(values=("LeastPrivilege", "HighestAvailable")),
    # 2.5.4: xs:all.
    "Settings": Kind(
        children=(
            *("AllowStartOnDemand", "RestartOnFailure", "MultipleInstancesPolicy"),
            *("DisallowStartIfOnBatteries", "StopIfGoingOnBatteries", "AllowHardTerminate"),
            *("StartWhenAvailable", "NetworkProfileName", "RunOnlyIfNetworkAvailable"),
            *("WakeToRun", "Enabled", "Hidden", "DeleteExpiredTaskAfter", "IdleSettings"),
            *("NetworkSettings", "ExecutionTimeLimit", "Priority", "RunOnlyIfIdle"),
        ),
    ),
    "MultipleInstancesPolicy": Kind(values=("Parallel", "Queue", "IgnoreNew", "StopExisting")),
    "AllowStartOnDemand": BOOLEAN,
    "DisallowStartIfOnBatteries": BOOLEAN,
    "StopIfGoingOnBatteries": BOOLEAN,
    "StartWhenAvailable": BOOLEAN,
    "RunOnlyIfNetworkAvailable": BOOLEAN,
    "RunOnlyIfIdle": BOOLEAN,
    "WakeToRun": BOOLEAN,
    "ExecutionTimeLimit": TEXT,
    "Priority": Kind(values=tuple(map(str, range(11)))),
    # 2.5.7: a choice, up to 32.
    "Actions": Kind(
        children=("Exec",),
        needed=frozenset({"Exec"}),
        many=frozenset({"Exec"}),
        attributes=frozenset({"Context"}),
    ),
    "Exec": Kind(
        children=("Command", "Arguments", "WorkingDirectory"), needed=frozenset({"Command"})
    ),
    "Command": TEXT,
    "Arguments": TEXT,
}


def violations(element: ET.Element) -> Iterator[str]:
    """What an element and all below it do against the table."""
    name = element.tag.removeprefix(XMLNS)
    kind = SCHEMA.get(name)
    if kind is None or not element.tag.startswith(XMLNS):
        yield f"{element.tag} is not in the schema"
        return
    yield from (f"{name} has no attribute {at}" for at in set(element.keys()) - kind.attributes)
    if kind.children is None:
        if len(element):
            yield f"{name} holds text"
        if kind.values and element.text not in kind.values:
            yield f"{name} can't be {element.text}"
        return
    below = [child.tag.removeprefix(XMLNS) for child in element]
    yield from (f"{name} has no {child}" for child in set(below) - set(kind.children))
    yield from (f"{name} needs {child}" for child in kind.needed - set(below))
    yield from (
        f"{name} has one {child} only" for child in set(below) - kind.many if below.count(child) > 1
    )
    if kind.ordered and below != [child for child in kind.children if child in below]:
        yield f"{name} wants {kind.children}, not {below}"
    for child in element:
        yield from violations(child)


def parsed(task: ScheduledTask) -> ET.Element:
    """The text as XML; the declaration is for a string of UTF-16, which this is not."""
    text = task_xml(task)
    declaration, _, rest = text.partition("\n")
    assert declaration == '<?xml version="1.0" encoding="UTF-16"?>'
    return ET.fromstring(rest)  # noqa: S314 - what the line above made
