"""Tasks as XML: against [MS-TSCH] 2.5 by a table of its own, and read back in Windows' ways."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Final
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipsec_orchestrator.codec.scheduled_task import (
    duration_seconds,
    duration_text,
    parse_task,
    task_differences,
    task_xml,
)
from ipsec_orchestrator.errors import CodecError
from ipsec_orchestrator.model.scheduled_task import ScheduledTask
from ipsec_orchestrator.planning.dead_man_tasks import dead_man_task, twin_task
from tests.task_schema import XMLNS, parsed, violations

RUN: Final = "20261126-120000-abc123"
AT: Final = datetime(2026, 11, 26, 15, 4, 5, tzinfo=UTC)
TASKS: Final = (dead_man_task(RUN, AT), twin_task(RUN, AT))


@pytest.mark.parametrize("task", TASKS)
def test_tasks_keep_to_the_schema(task: ScheduledTask) -> None:
    """Every element, its place, its attributes and its values are those of [MS-TSCH] 2.5."""
    assert list(violations(parsed(task))) == []


def test_the_table_finds_what_is_wrong() -> None:
    """Order, unknown elements and values are really looked at."""
    root = parsed(TASKS[0])
    trigger = root.find(f"{XMLNS}Triggers/{XMLNS}TimeTrigger")
    settings = root.find(f"{XMLNS}Settings")
    priority = root.find(f"{XMLNS}Settings/{XMLNS}Priority")
    assert trigger is not None
    assert settings is not None
    assert priority is not None
    trigger[:] = list(trigger)[::-1]
    priority.text = "11"
    ET.SubElement(settings, f"{XMLNS}RunAsap")
    found = list(violations(root))

    assert len(found) == 4, found


def test_the_task_is_what_a_dead_man_s_switch_needs() -> None:
    """SYSTEM, UTC, both triggers with both boundaries, no condition, quick, in-box programs only."""
    root = parsed(TASKS[0])

    def text(path: str) -> str | None:
        found = root.find("/".join(f"{XMLNS}{name}" for name in path.split("/")))
        return None if found is None else found.text

    assert text("Principals/Principal/UserId") == "S-1-5-18"
    for trigger in ("TimeTrigger", "BootTrigger"):
        assert text(f"Triggers/{trigger}/StartBoundary") == "2026-11-26T15:04:05Z"
        assert text(f"Triggers/{trigger}/EndBoundary") == "2026-12-26T15:04:05Z"
    assert text("Triggers/TimeTrigger/Repetition/Interval") == "PT5M"
    assert text("Triggers/TimeTrigger/Repetition/Duration") == "P1D"
    wanted = {
        "MultipleInstancesPolicy": "IgnoreNew",
        "DisallowStartIfOnBatteries": "false",
        "StopIfGoingOnBatteries": "false",
        "StartWhenAvailable": "true",
        "RunOnlyIfNetworkAvailable": "false",
        "RunOnlyIfIdle": "false",
        "WakeToRun": "true",
        "Enabled": "true",
        "ExecutionTimeLimit": "PT10M",
        "Priority": "4",
    }
    assert {name: text(f"Settings/{name}") for name in wanted} == wanted
    assert text("Settings/DeleteExpiredTaskAfter") is None
    commands = [found.text or "" for found in root.iter(f"{XMLNS}Command")]
    arguments = [found.text or "" for found in root.iter(f"{XMLNS}Arguments")]
    assert [command.rpartition("\\")[2] for command in commands] == [
        *("reg.exe", "sc.exe", "netsh.exe", "sc.exe", "sc.exe"),
    ]
    assert all(command.startswith("%SystemRoot%\\System32\\") for command in commands)
    assert arguments[1:] == [
        "config PolicyAgent start= disabled",
        "ipsec dynamic delete all",
        "stop PolicyAgent",
        "config PolicyAgent start= disabled",
    ]
    assert arguments[0].endswith(rf"DeadMan\{RUN} /v Fired /t REG_DWORD /d 1 /f")


def test_the_twin_changes_nothing() -> None:
    """It leaves its mark and asks about the agent; user and settings are those of the real one."""
    twin, real = TASKS[1], TASKS[0]

    assert [program.arguments.split()[0] for program in twin.programs] == ["add", "qc"]
    assert (twin.settings, twin.user_sid) == (real.settings, real.user_sid)


Make = Callable[[str, datetime], ScheduledTask]
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1)).map(  # noqa: DTZ001 - zoned next
    lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
)


@given(MOMENTS, st.sampled_from([dead_man_task, twin_task]))
def test_reading_gives_what_was_written(moment: datetime, make: Make) -> None:
    """Decoding after encoding is identity."""
    task = make(RUN, moment)

    assert parse_task(task_xml(task)) == task


@given(st.integers(0, 10**8))
def test_durations_come_back(seconds: int) -> None:
    """Any number of seconds survives the way to text and back."""
    assert duration_seconds(duration_text(seconds)) == seconds


def test_windows_may_write_it_in_its_own_way() -> None:
    """Another order, defaults left out, an URI and other words for a time are no difference."""
    task = TASKS[1]
    text = task_xml(task)
    for old, new in (
        ("      <Enabled>true</Enabled>\n", ""),
        ("    <AllowStartOnDemand>true</AllowStartOnDemand>\n", ""),
        ("    <Enabled>true</Enabled>\n", ""),
        ("PT10M", "PT600S"),
        ("2026-11-26T15:04:05Z", "2026-11-26T16:04:05+01:00"),
        ("    <Author>", "    <URI>\\a task</URI>\n    <Author>"),
        ("<WakeToRun>true</WakeToRun>", "<WakeToRun>1</WakeToRun>"),
    ):
        assert old in text
        text = text.replace(old, new)
    found = parse_task(text)

    assert task_differences(task, found) == ()


def test_what_matters_is_a_difference() -> None:
    """Another time, user, program or setting is named."""
    task = TASKS[0]
    assert task.time_trigger is not None
    later = replace(task.time_trigger, start_at=AT + timedelta(hours=1))
    other = replace(
        task,
        time_trigger=later,
        boot_trigger=None,
        programs=task.programs[:-1],
        user_sid="S-1-5-19",
        settings=replace(task.settings, wake_to_run=False),
        description="another",
    )

    assert task_differences(task, other) == (
        *("time_trigger", "boot_trigger", "programs", "user_sid", "settings.wake_to_run"),
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<Task version", "<!DOCTYPE Task>\n<Task version"),
        ("</Task>", ""),
        ("mit/task", "mit/other"),
        ("15:04:05Z", "15:04:05"),
        ("15:04:05Z", "noon"),
        ("TimeTrigger>", "LogonTrigger>"),
        ("<Interval>PT5M", "<Interval>P1M"),
        ("Exec>", "ShowMessage>"),
        ("</BootTrigger>", "<Delay>PT1H</Delay></BootTrigger>"),
    ],
)
def test_what_is_not_ours_is_not_read(old: str, new: str) -> None:
    """A task that somebody changed to something that we never write is refused, not guessed at."""
    text = task_xml(TASKS[0])
    assert old in text

    with pytest.raises(CodecError):
        parse_task(text.replace(old, new))


@given(st.data())
def test_whatever_a_host_says_is_read_or_refused(data: st.DataObject) -> None:
    """Any text in any place gives a task or the one error of ours, never another."""
    lines = task_xml(TASKS[0]).splitlines()
    place = data.draw(st.integers(0, len(lines) - 1))
    inside = re.compile(r">[^<]*<")
    text = data.draw(
        st.text(max_size=30)
        | st.from_regex(
            r"P[0-9]{0,12}[DHMST]{0,3}|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}[Z+-]?.{0,6}"
        )
    )
    lines[place] = data.draw(
        st.sampled_from([text, inside.sub(lambda _: f">{text}<", lines[place], count=1)])
    )
    try:
        found = parse_task("\n".join(lines))
    except CodecError:
        return
    assert isinstance(task_differences(TASKS[0], found), tuple)


def test_boundaries_are_in_utc_whatever_zone_they_come_in() -> None:
    """A host's zone and its daylight saving move nothing."""
    zoned = AT.astimezone(timezone(timedelta(hours=-7)))

    assert task_xml(dead_man_task(RUN, zoned)) == task_xml(TASKS[0])
