"""Lines for cron: what the shell gets from it, when they are due, and whose lines they are."""

import re
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice, pairwise

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.model.schedule import Schedule
from ipsec_orchestrator.planning.schedule.cron import blocks, cron_block, cron_word, with_block
from ipsec_orchestrator.planning.schedule.mark import marked_schedule
from ipsec_orchestrator.planning.schedule.timing import check_every, cron_fields, first_start
from tests.schedule_words import WORDS

SPANS = [1, 2, 5, 12, 20, 30, 60, 120, 180, 360, 720, 1440]


def through_cron(line: str) -> str:
    """What crontab(5) says of the command: an escaped percent sign is one, another ends it."""
    assert not re.search(r"(?<!\\)%", line)
    return line.replace(r"\%", "%")


def shell_words(line: str) -> list[str]:
    """What a real shell makes of a line."""
    done = subprocess.run(
        ["/bin/sh", "-c", f"printf '%s\\0' {line}"], capture_output=True, check=True
    )
    return done.stdout.decode().split("\0")[:-1]


@settings(max_examples=100)
@given(st.lists(WORDS, min_size=1, max_size=5))
def test_the_shell_gets_what_was_meant(words: list[str]) -> None:
    """With a cron that takes the backslash before a percent sign away, and with one that does not."""
    line = " ".join(map(cron_word, words))

    assert shell_words(through_cron(line)) == words
    assert shell_words(line) == words


@pytest.mark.parametrize("minutes", SPANS)
@pytest.mark.parametrize("name", ["ipsec-a", "ipsec-b", "ipsec-azure"])
def test_starts_are_equally_far_apart(schedule: Schedule, minutes: int, name: str) -> None:
    """A program that reads cron's fields finds the same distance between any two starts."""
    made = replace(schedule, every_seconds=minutes * 60, name=name)
    begin = datetime(2026, 3, 27, 23, 50, tzinfo=UTC)
    times = list(islice(CronSim(cron_fields(made), begin), 60))

    assert {(b - a).total_seconds() for a, b in pairwise(times)} == {minutes * 60}


def test_not_all_start_at_the_full_hour(schedule: Schedule) -> None:
    """Schedules of different names start at different minutes, and always at the same one."""
    made = [replace(schedule, name=f"ipsec-{number}") for number in range(30)]
    found = {cron_fields(each) for each in made}

    assert len(found) > 10
    assert found == {cron_fields(each) for each in made}


@pytest.mark.parametrize("minutes", SPANS)
def test_windows_starts_at_the_same_minutes(schedule: Schedule, minutes: int) -> None:
    """The first start for the Task Scheduler is one of those that cron would have."""
    made = replace(schedule, every_seconds=minutes * 60)
    first = first_start(made)
    following = next(CronSim(cron_fields(made), first))

    assert (following - first).total_seconds() == minutes * 60


@pytest.mark.parametrize("seconds", [0, 30, 90, 7 * 60, 45 * 60, 90 * 60, 5 * 3600, 48 * 3600])
def test_spans_that_no_calendar_knows_are_refused(seconds: int) -> None:
    """What divides neither an hour nor a day is refused, with those that do."""
    with pytest.raises(UsageError, match="15m"):
        check_every(seconds)


def test_other_lines_of_the_table_stay(schedule: Schedule) -> None:
    """Putting in, replacing and taking away touches nothing but our lines, twice is once."""
    other = replace(schedule, name="ipsec-other")
    table = "MAILTO=me\n# mine\n0 5 * * * backup 100\\%"
    both = with_block(
        with_block(table, schedule.name, cron_block(schedule)), other.name, cron_block(other)
    )
    later = replace(schedule, every_seconds=3600)
    changed = with_block(both, schedule.name, cron_block(later))

    assert set(blocks(both)) == {"ipsec-azure", "ipsec-other"}
    assert with_block(both, schedule.name, cron_block(schedule)) == both
    assert marked_schedule(blocks(changed)["ipsec-azure"]) == later
    assert blocks(changed)["ipsec-other"] == blocks(both)["ipsec-other"]
    gone = with_block(with_block(changed, "ipsec-azure", ""), "ipsec-other", "")
    assert gone == f"{table}\n"


def test_what_cron_would_cut_off_is_refused(schedule: Schedule) -> None:
    """A command that is too long is refused before it is written."""
    with pytest.raises(UsageError, match="systemd"):
        cron_block(replace(schedule, playbook=f"/{'x' * 1000}"))
