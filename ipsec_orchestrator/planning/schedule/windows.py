r"""Windows: a task that runs whether somebody is logged on or not.

``LogonType`` is ``Password`` for an account whose password the Task Scheduler keeps, and for a
group managed service account, whose password Windows itself knows. ``S4U``, which needs none, is
not offered: such a task has no credentials for the network, and the domain would not know it.
"""

import re
from typing import Final

from ipsec_orchestrator.codec.scheduled_task import task_xml
from ipsec_orchestrator.model.schedule import Schedule, ScheduleFile
from ipsec_orchestrator.model.scheduled_task import (
    Program,
    ScheduledTask,
    TaskSettings,
    TimeTrigger,
)
from ipsec_orchestrator.planning.schedule.command import pass_arguments
from ipsec_orchestrator.planning.schedule.mark import mark
from ipsec_orchestrator.planning.schedule.timing import first_start

_SETTINGS: Final = TaskSettings(
    multiple_instances="IgnoreNew",
    # The defaults would keep the task back on battery and end it on a UPS.
    disallow_start_if_on_batteries=False,
    stop_if_going_on_batteries=False,
    start_when_available=True,
    # It waits for "a network" by Windows' own idea of one; a pass says better what it can't reach.
    run_only_if_network_available=False,
    # None: the default would end a long repair after three days, in the middle.
    execution_time_limit_seconds=0,
)
_PLAIN: Final = re.compile(r"[^\s\"]+")


def windows_task(schedule: Schedule) -> ScheduledTask:
    """Give the task."""
    program, *arguments = pass_arguments(schedule)
    return ScheduledTask(
        description=f"One pass of the IPsec policy watch {schedule.name}",
        documentation=mark(schedule),
        time_trigger=TimeTrigger(
            start_at=first_start(schedule), repeat_every_seconds=schedule.every_seconds
        ),
        boot_trigger=None,
        programs=(Program(command=program, arguments=" ".join(map(windows_word, arguments))),),
        settings=_SETTINGS,
        user_sid=schedule.source_place,
        logon_type="Password",
        highest_privileges=False,
    )


def windows_file(schedule: Schedule) -> ScheduleFile:
    """Give the definition for ``Register-ScheduledTask -Xml`` and ``schtasks /XML``.

    The text says UTF-16, so that is how it has to be written.
    """
    return ScheduleFile(name=f"{schedule.name}.xml", text=task_xml(windows_task(schedule)))


def windows_word(word: str) -> str:
    r"""Quote one argument by the rules of ``CommandLineToArgvW``.

    Backslashes mean themselves but before a quotation mark, where each has to be doubled.
    """
    if _PLAIN.fullmatch(word):
        return word
    doubled = re.sub(r'(\\*)"', r'\1\1\\"', word)
    ended = re.sub(r"(\\+)$", r"\1\1", doubled)
    return f'"{ended}"'
