"""The task of Windows: by the schema, without its traps, and with arguments that come out right."""

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ipsec_orchestrator.codec.scheduled_task import parse_task, task_differences
from ipsec_orchestrator.model.schedule import Schedule, SchedulerKind, UnattendedSource
from ipsec_orchestrator.planning.schedule.mark import marked_schedule
from ipsec_orchestrator.planning.schedule.windows import (
    windows_file,
    windows_task,
    windows_word,
)
from tests.lacking import lacking
from tests.schedule_words import WORDS
from tests.task_schema import XMLNS, parsed, violations

SPLIT = r"""
param([string] $Line)
$start = New-Object System.Diagnostics.ProcessStartInfo
$start.FileName = '/usr/bin/printf'
$start.Arguments = '%s\0 ' + [IO.File]::ReadAllText($Line)
$start.UseShellExecute = $false
$start.RedirectStandardOutput = $true
$start.StandardOutputEncoding = New-Object System.Text.UTF8Encoding $false
[System.Diagnostics.Process]::Start($start).StandardOutput.ReadToEnd()
"""


@pytest.fixture
def windows(schedule: Schedule) -> Schedule:
    """A task of a group managed service account."""
    return replace(
        schedule,
        kind=SchedulerKind.WINDOWS,
        program=(r"C:\Program Files\Python\python.exe", "-P", "-m", "ipsec_orchestrator"),
        playbook=r"C:\Ops & more\azüre.yml",
        inventory=("C:\\Ops & more\\inventory\\",),
        source=UnattendedSource.GMSA,
        source_place="CORP\\ipsec-watch$",
    )


def text_of(schedule: Schedule, path: str) -> str | None:
    """The text of an element of the task."""
    found = parsed(windows_task(schedule)).find("/".join(f"{XMLNS}{n}" for n in path.split("/")))
    return None if found is None else found.text


def test_the_task_keeps_to_the_schema(windows: Schedule) -> None:
    """Every element, its place, its attributes and its values are those of [MS-TSCH] 2.5."""
    assert list(violations(parsed(windows_task(windows)))) == []


def test_the_task_is_free_of_traps(windows: Schedule) -> None:
    """It runs without anybody logged on, on battery, for ever, one at a time, and catches up."""
    wanted = {
        "Principals/Principal/UserId": "CORP\\ipsec-watch$",
        "Principals/Principal/LogonType": "Password",
        "Principals/Principal/RunLevel": "LeastPrivilege",
        "Triggers/TimeTrigger/Repetition/Interval": "PT30M",
        "Triggers/TimeTrigger/Repetition/Duration": None,
        "Triggers/TimeTrigger/EndBoundary": None,
        "Settings/StartWhenAvailable": "true",
        "Settings/MultipleInstancesPolicy": "IgnoreNew",
        "Settings/DisallowStartIfOnBatteries": "false",
        "Settings/StopIfGoingOnBatteries": "false",
        "Settings/RunOnlyIfNetworkAvailable": "false",
        "Settings/ExecutionTimeLimit": "PT0S",
        "Settings/Enabled": "true",
    }

    assert {path: text_of(windows, path) for path in wanted} == wanted


def test_the_task_can_be_known_again(windows: Schedule) -> None:
    """What was written gives back the task, and the schedule that it was made from."""
    text = windows_file(windows).text.encode("utf-16").decode("utf-16")
    found = parse_task(text)

    assert task_differences(windows_task(windows), found) == ()
    assert marked_schedule(found.documentation) == windows


def test_an_account_that_is_logged_on_otherwise_is_a_difference(windows: Schedule) -> None:
    """S4U has no credentials for the network: somebody who changes to it is found out."""
    text = windows_file(windows).text.replace(">Password<", ">S4U<")

    assert task_differences(windows_task(windows), parse_task(text)) == ("logon_type",)


@settings(max_examples=12)
@given(words=st.lists(WORDS, min_size=40, max_size=40))
@example(words=["a\\", "\\\\", 'x\\"y', '"', "\\\\srv\\share\\", "a b\\", "tab", "ünï"])
def test_arguments_come_out_as_they_went_in(
    words: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """.NET, which splits a command line by the rules of Windows everywhere, gives the words back."""
    powershell = os.environ.get("IPSEC_LAB_POWERSHELL", "")
    if not powershell:
        lacking("IPSEC_LAB_POWERSHELL does not name a PowerShell")
    folder = tmp_path_factory.mktemp("words")
    (folder / "line").write_text(" ".join(map(windows_word, words)), encoding="utf-8")
    (folder / "split.ps1").write_text(SPLIT, encoding="utf-8")
    done = _run(powershell, folder)

    assert done.split("\0")[:-1] == words


def _run(powershell: str, folder: Path) -> str:
    return subprocess.run(
        [powershell, "-NoProfile", "-File", str(folder / "split.ps1"), str(folder / "line")],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
        timeout=100,
    ).stdout
