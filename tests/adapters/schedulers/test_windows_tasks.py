"""Tasks through PowerShell, on the lab's Task Scheduler, which refuses what Windows would refuse."""

import os
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from ipsec_orchestrator.adapters.clock import SystemClock
from ipsec_orchestrator.adapters.memory import seeded_directory
from ipsec_orchestrator.adapters.schedulers.windows_tasks import WindowsTasks
from ipsec_orchestrator.errors import (
    ForeignScheduleError,
    MissingDependencyError,
    ScheduleNotFoundError,
    SchedulerRefusedError,
)
from ipsec_orchestrator.lab.windows import (
    ControlServer,
    RegistryFile,
    SimulatedHost,
    WindowsCommands,
    WindowsSettings,
)
from ipsec_orchestrator.lab.windows.engine_environment import engine_environment
from ipsec_orchestrator.model.schedule import (
    PlaceChange,
    Schedule,
    SchedulerKind,
    UnattendedSource,
)
from tests.lacking import lacking

TASK = "ipsec_orchestrator.schedule.ipsec-azure"


@pytest.fixture
def windows(schedule: Schedule) -> Schedule:
    """A task of a group managed service account."""
    return replace(
        schedule,
        kind=SchedulerKind.WINDOWS,
        program=(r"C:\Python\python.exe", "-P", "-m", "ipsec_orchestrator"),
        playbook=r"C:\Ops & more\azüre.yml",
        inventory=(r"C:\Ops & more\inventory",),
        source=UnattendedSource.GMSA,
        source_place="CORP\\ipsec-watch$",
    )


@pytest.fixture
def host(tmp_path: Path) -> SimulatedHost:
    """A Windows machine."""
    directory = seeded_directory(SystemClock(), computers=[("vm1", "")])
    return SimulatedHost(
        WindowsSettings(name="vm1", account="VM1$", locale="ja-JP"),
        registry=RegistryFile(tmp_path / "vm1.json"),
        open_directory=lambda: nullcontext(directory),
        read_template=lambda _: None,
    )


@pytest.fixture
def tasks(
    host: SimulatedHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[WindowsTasks]:
    """Its Task Scheduler, as a program on it sees it."""
    powershell = os.environ.get("IPSEC_LAB_POWERSHELL", "")
    if not powershell:
        lacking("IPSEC_LAB_POWERSHELL does not name a PowerShell")
    commands = WindowsCommands(host)
    with ControlServer(tmp_path / "control", {"vm1": commands}) as control:
        for name, value in engine_environment(commands, control).items():
            monkeypatch.setenv(name, value)
        schtasks = tmp_path / "schtasks"
        schtasks.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" >'{tmp_path}/asked'\nexit 5\n")
        schtasks.chmod(0o755)
        yield WindowsTasks([powershell, "-NoProfile", "-NonInteractive"], [str(schtasks)])


def test_installing_twice_is_installing_once(
    tasks: WindowsTasks, host: SimulatedHost, windows: Schedule
) -> None:
    """The scheduler takes the definition; the second time nothing is registered."""
    (first,) = tasks.install(windows)
    registered = [task.xml for task in host.tasks.all()]
    (second,) = tasks.install(windows)

    assert (first.change, second.change) == (PlaceChange.CREATED, PlaceChange.UNCHANGED)
    assert [task.name for task in host.tasks.all()] == [TASK]
    assert [task.xml for task in host.tasks.all()] == registered
    (found,) = tasks.installed()
    assert (found.schedule, found.differences, found.enabled) == (windows, (), True)
    assert found.last_run is None


def test_another_span_is_registered_anew(tasks: WindowsTasks, windows: Schedule) -> None:
    """There is one task of a name."""
    tasks.install(windows)
    (place,) = tasks.install(replace(windows, every_seconds=3600))
    (found,) = tasks.installed()

    assert place.change is PlaceChange.CHANGED
    assert found.schedule is not None
    assert found.schedule.every_seconds == 3600


def test_what_somebody_has_changed_is_told(
    tasks: WindowsTasks, host: SimulatedHost, windows: Schedule
) -> None:
    """Another way to log on and a time limit are named; a SID in place of a name is not."""
    tasks.install(windows)
    (task,) = host.tasks.all()
    changed = task.xml
    for old, new in (
        ("<UserId>CORP\\ipsec-watch$", "<UserId>S-1-5-21-1-2-3-1105"),
        (">Password<", ">S4U<"),
        ("PT0S", "PT1H"),
    ):
        assert old in changed
        changed = changed.replace(old, new)
    host.tasks.register(TASK, changed, replacing=True)
    (found,) = tasks.installed()

    assert found.differences == (
        "logon_type is not as this program makes it",
        "settings.execution_time_limit_seconds is not as this program makes it",
    )


def test_a_task_of_somebody_else_stays(
    tasks: WindowsTasks, host: SimulatedHost, windows: Schedule
) -> None:
    """Neither installing nor removing touches it."""
    tasks.install(windows)
    (ours,) = host.tasks.all()
    begin, end = ours.xml.index("<Documentation>"), ours.xml.index("</Documentation>")
    theirs = ours.xml[:begin] + ours.xml[end + len("</Documentation>") :]
    host.tasks.register(TASK, theirs, replacing=True)

    with pytest.raises(ForeignScheduleError):
        tasks.install(windows)
    with pytest.raises(ForeignScheduleError):
        tasks.remove("ipsec-azure")
    assert tasks.installed() == ()
    assert [task.xml for task in host.tasks.all()] == [theirs]


def test_removing_takes_the_task_away(
    tasks: WindowsTasks, host: SimulatedHost, windows: Schedule
) -> None:
    """It is gone, and asking for it again names those that are there."""
    tasks.install(windows)
    tasks.install(replace(windows, name="ipsec-other"))
    removed = tasks.remove("ipsec-azure")

    assert removed.removed == (f"task {TASK}",)
    assert [task.name for task in host.tasks.all()] == ["ipsec_orchestrator.schedule.ipsec-other"]
    with pytest.raises(ScheduleNotFoundError, match="ipsec-other"):
        tasks.remove("ipsec-azure")


def test_the_password_is_asked_for_by_windows(
    tasks: WindowsTasks, windows: Schedule, tmp_path: Path
) -> None:
    """Schtasks gets an asterisk in its place; that it failed is told with what to look at."""
    account = replace(windows, source=UnattendedSource.ACCOUNT, source_place="CORP\\svc")
    with pytest.raises(SchedulerRefusedError, match="batch job"):
        tasks.install(account)
    asked = (tmp_path / "asked").read_text().splitlines()

    assert asked[-4:] == ["/RU", "CORP\\svc", "/RP", "*"]


def test_another_machine_says_so(windows: Schedule) -> None:
    """Where there is no PowerShell of Windows, the sentence says how to go on."""
    with pytest.raises(MissingDependencyError, match="--out"):
        WindowsTasks(["/nowhere/powershell.exe"]).install(windows)
