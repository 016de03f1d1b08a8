"""How often, in the words of calendars: systemd's and cron's.

Both count from the hour and the day, so only spans that divide one of these come at equal distances.
"""

from datetime import UTC, datetime, timedelta
from typing import Final
from zlib import crc32

from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.model.schedule import Schedule

_MINUTE: Final = 60
_HOUR: Final = 3600
_HOURS_OF_A_DAY: Final = 24
_LARGEST_JITTER_SECONDS: Final = 300
# A Monday long ago, so that the first start is due whatever the clock shows.
_EPOCH: Final = datetime(2024, 1, 1, tzinfo=UTC)


def check_every(seconds: int) -> None:
    """Refuse a span that a calendar can't say.

    Raises:
        UsageError: It divides neither an hour nor a day.
    """
    whole_minutes = seconds % _MINUTE == 0 and seconds > 0
    if whole_minutes and (_HOUR % seconds == 0 or _divides_a_day(seconds)):
        return
    raise UsageError(
        f"--every {seconds} s can't be said in a calendar.",
        cure="Take minutes that divide an hour (5m, 10m, 15m, 20m, 30m ...), or hours that divide "
        "a day (1h, 2h, 3h, 4h, 6h, 8h, 12h, 24h).",
    )


def _divides_a_day(seconds: int) -> bool:
    return seconds % _HOUR == 0 and _HOURS_OF_A_DAY % (seconds // _HOUR) == 0


def offset_seconds(schedule: Schedule) -> int:
    """Give how long after the even time this schedule starts, in whole minutes.

    It is the same every time, and another for another schedule, so that not all of them ask the
    domain at the full hour.
    """
    words = "\n".join((schedule.name, schedule.playbook, *schedule.inventory))
    return crc32(words.encode()) % (schedule.every_seconds // _MINUTE) * _MINUTE


def cron_fields(schedule: Schedule) -> str:
    """Give the five fields of cron, which Kubernetes reads as well."""
    hours, minute = divmod(offset_seconds(schedule) // _MINUTE, 60)
    minutes = schedule.every_seconds // _MINUTE
    if minutes == 1:
        return "* * * * *"
    if schedule.every_seconds < _HOUR:
        return f"{minute}-59/{minutes} * * * *"
    every_hours = schedule.every_seconds // _HOUR
    if every_hours == 1:
        return f"{minute} * * * *"
    if every_hours == _HOURS_OF_A_DAY:
        return f"{minute} {hours} * * *"
    return f"{minute} {hours}-23/{every_hours} * * *"


def on_calendar(schedule: Schedule) -> str:
    """Give ``OnCalendar=``; in UTC, because daylight saving would skip one or do it twice."""
    if schedule.every_seconds < _HOUR:
        return f"*-*-* *:00/{schedule.every_seconds // _MINUTE:02}:00 UTC"
    every_hours = schedule.every_seconds // _HOUR
    if every_hours == _HOURS_OF_A_DAY:
        return "*-*-* 00:00:00 UTC"
    return f"*-*-* 00/{every_hours:02}:00:00 UTC"


def jitter_seconds(schedule: Schedule) -> int:
    """Give ``RandomizedDelaySec=``: a tenth of the span, at most five minutes."""
    return min(schedule.every_seconds // 10, _LARGEST_JITTER_SECONDS)


def first_start(schedule: Schedule) -> datetime:
    """Give the instant from which Windows counts; UTC."""
    return _EPOCH + timedelta(seconds=offset_seconds(schedule))
