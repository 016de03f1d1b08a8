"""Units put into an installation that is not running, by the real ``systemctl``.

What a running manager adds (reload, start, the times of the timer) needs one, and is not tried here.
"""

import os
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ipsec_orchestrator.adapters.schedulers.systemd_units import SystemdUnits, instant
from ipsec_orchestrator.errors import (
    ForeignScheduleError,
    ScheduleNotFoundError,
    SchedulerRefusedError,
)
from ipsec_orchestrator.model.schedule import PlaceChange, Schedule, SchedulerKind
from tests.lacking import lacking

FOLDER = Path("etc/systemd/system")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """The root of an installation."""
    if shutil.which("systemctl") is None:
        lacking("there is no systemctl (Debian package systemd)")
    (tmp_path / FOLDER).mkdir(parents=True)
    return tmp_path


@pytest.fixture
def units(image: Path) -> SystemdUnits:
    """Its units."""
    return SystemdUnits(kind=SchedulerKind.SYSTEMD, folder=image / FOLDER, image=image)


@pytest.fixture
def service(schedule: Schedule) -> Schedule:
    """The schedule as a service."""
    return replace(schedule, kind=SchedulerKind.SYSTEMD)


def everything(image: Path) -> dict[str, str]:
    """Every file and link of the installation, with content or target."""
    return {
        str(path.relative_to(image)): str(path.readlink())
        if path.is_symlink()
        else path.read_text()
        for path in sorted(image.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def test_installing_twice_is_installing_once(
    units: SystemdUnits, image: Path, service: Schedule
) -> None:
    """The timer is enabled, not the service; the second time nothing changes."""
    first = units.install(service)
    before = everything(image)
    second = units.install(service)

    assert {place.change for place in first} == {PlaceChange.CREATED}
    assert {place.change for place in second} == {PlaceChange.UNCHANGED}
    assert everything(image) == before
    assert set(before) == {
        f"{FOLDER}/ipsec-azure.service",
        f"{FOLDER}/ipsec-azure.timer",
        f"{FOLDER}/timers.target.wants/ipsec-azure.timer",
    }
    (found,) = units.installed()
    assert (found.schedule, found.differences, found.enabled) == (service, (), True)


def test_what_somebody_has_changed_is_told(
    units: SystemdUnits, image: Path, service: Schedule
) -> None:
    """An edited file, a missing one, a drop-in and a timer that was disabled are each named."""
    units.install(service)
    folder = image / FOLDER
    with (folder / "ipsec-azure.timer").open("a") as timer:
        timer.write("# mine\n")
    (folder / "ipsec-azure.service").unlink()
    (folder / "ipsec-azure.timer.d").mkdir()
    command = ["systemctl", f"--root={image}", "disable", "ipsec-azure.timer"]
    subprocess.run(command, check=True, capture_output=True)
    (found,) = units.installed()

    assert found.enabled is False
    assert set(found.differences) == {
        "ipsec-azure.service is missing",
        "ipsec-azure.timer is not as this program makes it",
        "ipsec-azure.timer.d changes it",
    }
    units.install(service)
    assert units.installed()[0].differences == ("ipsec-azure.timer.d changes it",)


def test_a_unit_of_somebody_else_stays(units: SystemdUnits, image: Path, service: Schedule) -> None:
    """Neither installing nor removing touches it, and nothing is written beside it."""
    theirs = image / FOLDER / "ipsec-azure.timer"
    theirs.write_text("[Timer]\nOnCalendar=daily\n")
    before = everything(image)

    with pytest.raises(ForeignScheduleError, match="--name"):
        units.install(service)
    with pytest.raises(ForeignScheduleError):
        units.remove("ipsec-azure")
    assert everything(image) == before
    assert units.installed() == ()


def test_removing_takes_away_what_installing_made(
    units: SystemdUnits, image: Path, service: Schedule
) -> None:
    """Files and link are gone, the state and other units stay; what is left is named."""
    other = replace(service, name="ipsec-other")
    units.install(other)
    before = everything(image)
    units.install(service)
    state = image / "var/lib/ipsec-azure"
    state.mkdir(parents=True)
    removed = units.remove("ipsec-azure")

    assert everything(image) == before
    assert {Path(place).name for place in removed.removed} == {
        "ipsec-azure.service",
        "ipsec-azure.timer",
    }
    assert removed.left == (str(state),)
    with pytest.raises(ScheduleNotFoundError, match="ipsec-other"):
        units.remove("ipsec-azure")


def test_without_a_manager_nothing_is_written(tmp_path: Path, service: Schedule) -> None:
    """Where systemd does not run for this user, that is told before there are files."""
    if shutil.which("systemctl") is None:
        lacking("there is no systemctl (Debian package systemd)")
    units = SystemdUnits(kind=SchedulerKind.SYSTEMD_USER, folder=tmp_path / "units")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "none"))
        patch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
        with pytest.raises(SchedulerRefusedError, match="systemctl"):
            units.install(replace(service, kind=SchedulerKind.SYSTEMD_USER))

    assert not (tmp_path / "units").exists()


def test_units_can_be_read_and_hold_no_secret(
    units: SystemdUnits, image: Path, service: Schedule
) -> None:
    """Everybody may read them, and the keytab is only named."""
    units.install(service)
    path = image / FOLDER / "ipsec-azure.service"

    assert path.stat().st_mode & 0o777 == 0o644
    assert "LoadCredential=ipsec-orchestrator.keytab:/etc" in path.read_text()


def test_instants_are_read_as_systemd_writes_them() -> None:
    """The form is taken from systemd itself; what is no instant is none."""
    if shutil.which("systemd-analyze") is None:
        lacking("there is no systemd-analyze (Debian package systemd)")
    said = subprocess.run(
        ["systemd-analyze", "timestamp", "2026-11-26 18:00:05 UTC"],
        env={**os.environ, "TZ": "UTC", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    (text,) = [line.partition(":")[2] for line in said.splitlines() if "Normalized form" in line]

    assert instant(text) == datetime(2026, 11, 26, 18, 0, 5, tzinfo=UTC)
    assert [instant(text) for text in ("", "n/a", "0", "infinity")] == [None] * 4
