"""Lines in the table of a real cron: put in, found again, taken away, and nothing else touched."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from ipsec_orchestrator.adapters.schedulers.crontab import Crontab
from ipsec_orchestrator.errors import (
    MissingDependencyError,
    ScheduleNotFoundError,
    SchedulerRefusedError,
)
from ipsec_orchestrator.model.schedule import PlaceChange, Schedule
from ipsec_orchestrator.planning.schedule.cron import cron_block

OTHERS = "MAILTO=ops@example.com\n# backup\n17 3 * * * backup --all 100\\%\n"


def table(crontab: Path) -> str:
    """What cron has."""
    return subprocess.run([crontab, "-l"], capture_output=True, text=True, check=False).stdout


def given(crontab: Path, text: str) -> None:
    """Give cron a table."""
    subprocess.run([crontab, "-"], input=text, text=True, check=True)


def test_installing_twice_is_installing_once(crontab: Path, schedule: Schedule) -> None:
    """Cron takes the lines as they were made; the second time nothing changes."""
    given(crontab, OTHERS)
    cron = Crontab([str(crontab)])
    first, second = cron.install(schedule), cron.install(schedule)

    assert [place.change for place in (*first, *second)] == [
        PlaceChange.CREATED,
        PlaceChange.UNCHANGED,
    ]
    assert table(crontab) == OTHERS + cron_block(schedule)
    (found,) = cron.installed()
    assert (found.schedule, found.differences) == (schedule, ())


def test_another_span_takes_the_place_of_the_first(crontab: Path, schedule: Schedule) -> None:
    """There is one entry of a name; entries of other names stay."""
    cron = Crontab([str(crontab)])
    cron.install(schedule)
    cron.install(replace(schedule, name="ipsec-b"))
    (place,) = cron.install(replace(schedule, every_seconds=3600))

    assert place.change is PlaceChange.CHANGED
    assert [
        (found.name, found.schedule and found.schedule.every_seconds) for found in cron.installed()
    ] == [("ipsec-azure", 3600), ("ipsec-b", 1800)]


def test_lines_that_somebody_has_changed_are_told(crontab: Path, schedule: Schedule) -> None:
    """An edited line is a difference, and installing again puts it right."""
    cron = Crontab([str(crontab)])
    cron.install(schedule)
    given(crontab, table(crontab).replace("--once", "--once --mode=repair"))
    (found,) = cron.installed()

    assert found.differences == ("its lines are not as this program makes them",)
    cron.install(schedule)
    assert cron.installed()[0].differences == ()


@pytest.mark.parametrize("others", [OTHERS, ""])
def test_removing_leaves_what_was_there_before(
    crontab: Path, schedule: Schedule, others: str
) -> None:
    """The table is as it was, to the letter; an empty one is gone."""
    if others:
        given(crontab, others)
    cron = Crontab([str(crontab)])
    cron.install(schedule)
    removed = cron.remove(schedule.name)

    assert removed.removed == ("crontab, lines of ipsec-azure",)
    assert table(crontab) == others
    with pytest.raises(ScheduleNotFoundError, match="there is none"):
        cron.remove(schedule.name)


def test_a_table_that_can_not_be_read_is_not_written_over(
    tmp_path: Path, schedule: Schedule
) -> None:
    """A failure of ``crontab -l`` is no empty table."""
    broken = tmp_path / "crontab"
    broken.write_text('#!/bin/sh\necho "$@" >>"$0.asked"\necho "I/O error" >&2\nexit 1\n')
    broken.chmod(0o755)

    with pytest.raises(SchedulerRefusedError, match="I/O error"):
        Crontab([str(broken)]).install(schedule)
    assert Path(f"{broken}.asked").read_text() == "-l\n"


def test_a_machine_without_cron_says_so(schedule: Schedule) -> None:
    """The sentence names another scheduler."""
    with pytest.raises(MissingDependencyError, match="systemd"):
        Crontab(["/nowhere/crontab"]).install(schedule)
