"""The section ``watch`` of playbooks: everything it can say, and every mistake explained."""

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from ipsec_orchestrator.errors import Problem
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.model.watch_rules import Handling, WatchRules, WeeklyTimes

ReadPlaybook = Callable[[str], Playbook]
Problems = Callable[[str], list[Problem]]

GPO = "gpo: {name: g, ou: IPSecOU}\n"


def test_everything_that_watch_can_say(playbook_of: ReadPlaybook) -> None:
    """Words, limits, hours and the clock are read as they are written."""
    playbook = playbook_of(
        GPO
        + """
watch:
  every: 30m
  on_drift: repair
  kinds: {filter_list: ask, gpo: report, key_exchange: repair}
  repair_limit: {times: 5, within: 2h}
  time_zone: Europe/Berlin
  repair_only: ["Mon-Fri 08:00-18:00"]
  leave_alone: [Sat 20:00-24:00, "daily 22:30-04:00"]
  confirm_within: 15m
  accept_unproved_revert: true
"""
    )
    berlin = ZoneInfo("Europe/Berlin")

    assert playbook.watch == WatchRules(
        every=1800,
        on_drift=Handling.REPAIR,
        kinds={
            "filter list": Handling.ASK,
            "GPO": Handling.REPORT,
            "key exchange": Handling.REPAIR,
        },
        times=5,
        within=7200,
        repair_only=(
            WeeklyTimes(
                text="Mon-Fri 08:00-18:00",
                days=frozenset(range(5)),
                begins=480,
                lasts=600,
                zone=berlin,
            ),
        ),
        leave_alone=(
            WeeklyTimes(
                text="Sat 20:00-24:00", days=frozenset({5}), begins=1200, lasts=240, zone=berlin
            ),
            WeeklyTimes(
                text="daily 22:30-04:00",
                days=frozenset(range(7)),
                begins=1350,
                lasts=330,
                zone=berlin,
            ),
        ),
        confirm_within=900,
        accept_unproved_revert=True,
    )


def test_without_the_section_everything_is_reported(playbook_of: ReadPlaybook) -> None:
    """Nothing is repaired that nobody has asked for."""
    assert playbook_of(GPO).watch == playbook_of(GPO + "watch: {}\n").watch == WatchRules()


@pytest.mark.parametrize(
    ("watch", "place", "words"),
    [
        ("{on_drft: repair}", ":2:9", "Did you mean 'on_drift'?"),
        ("{on_drift: repare}", ":2:19", "Did you mean 'repair'?"),
        ("{kinds: {filter: ask}}", ":2:17", "unknown key 'filter'"),
        ("{kinds: {link: always}}", ":2:23", "report"),
        ("{groups: {nobody: ask}}", ":2:18", "no host of the inventory is in the group 'nobody'"),
        ("{every: 5s}", ":2:16", "allowed are 60 to"),
        ("{repair_limit: {times: 0}}", ":2:31", "1"),
        ("{time_zone: Europe/Berln}", ":2:20", "Did you mean 'Europe/Berlin'?"),
        ("{repair_only: [Monday 8-18]}", ":2:23", "are no hours of the week"),
        ("{repair_only: ['Mo 08:00-18:00']}", ":2:23", "'Mo' is no day"),
        ("{repair_only: ['Mon 08:00-25:00']}", ":2:23", "from 00:00 to 24:00"),
        ("{repair_only: ['Mon 08:60-09:00']}", ":2:23", "from 00:00 to 24:00"),
        ("{repair_only: ['Mon 08:00-08:00']}", ":2:23", "a whole day is 00:00-24:00"),
        ("{accept_unproved_revert: true}", ":2:9", "belongs to 'confirm_within'"),
    ],
)
def test_mistakes_are_explained_where_they_are(
    playbook_problems: Problems, watch: str, place: str, words: str
) -> None:
    """Line, column, what is wrong and what was probably meant."""
    (problem,) = playbook_problems(f"{GPO}watch: {watch}\n")

    assert words in str(problem)
    assert place in str(problem)


@pytest.mark.parametrize(
    ("hours", "moment", "holds"),
    [
        ("Mon-Fri 08:00-18:00", (2026, 11, 26, 7, 0), True),
        ("Mon-Fri 08:00-18:00", (2026, 11, 26, 6, 59), False),
        ("Mon-Fri 08:00-18:00", (2026, 11, 26, 17, 0), False),
        ("Mon-Fri 08:00-18:00", (2026, 11, 28, 12, 0), False),
        ("Fri-Mon 00:00-24:00", (2026, 11, 29, 12, 0), True),
        ("Fri-Mon 00:00-24:00", (2026, 11, 25, 12, 0), False),
        ("Sat 20:00-04:00", (2026, 11, 29, 2, 59), True),
        ("Sat 20:00-04:00", (2026, 11, 29, 3, 0), False),
        ("Sat 20:00-04:00", (2026, 11, 28, 2, 0), False),
        ("daily 00:00-24:00", (2026, 11, 28, 23, 59), True),
        # In summer Berlin is two hours ahead, in winter one.
        ("daily 08:00-09:00", (2026, 7, 1, 6, 30), True),
        ("daily 08:00-09:00", (2026, 12, 1, 6, 30), False),
    ],
)
def test_hours_are_those_of_the_clock_on_the_wall(
    playbook_of: ReadPlaybook, hours: str, moment: tuple[int, int, int, int, int], *, holds: bool
) -> None:
    """Days, hours over midnight and summer time mean what people mean by them."""
    text = f"{GPO}watch: {{time_zone: Europe/Berlin, leave_alone: ['{hours}']}}\n"
    (found,) = playbook_of(text).watch.leave_alone

    assert found.holds(datetime(*moment, tzinfo=UTC)) is holds
