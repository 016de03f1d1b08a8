"""Spans of time as people write them on the command line: ``15m``, ``90s``, ``1h30m``, ``90d``."""

import re
from datetime import timedelta
from typing import Final

import click

_WORDS: Final = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.IGNORECASE)
_DAYS: Final = re.compile(r"(\d{1,5})([dw])", re.IGNORECASE)
_WEEK_DAYS: Final = 7
_HOUR_SECONDS: Final = 3600
_MINUTE_SECONDS: Final = 60
_LONGEST_SECONDS: Final = 24 * _HOUR_SECONDS


def seconds_of(context: click.Context, option: click.Parameter, value: str | None) -> int | None:
    """Read a span of at least a second and at most a day, as the callback of an option.

    Raises:
        BadParameter: It is none.
    """
    if value is None:
        return None
    match = _WORDS.fullmatch(value.strip())
    if match is None or not any(match.groups()):
        raise click.BadParameter(
            f"{value!r} is no time; write it as 15m, 90s or 1h30m.", context, option
        )
    hours, minutes, seconds = (int(found or 0) for found in match.groups())
    total = hours * _HOUR_SECONDS + minutes * _MINUTE_SECONDS + seconds
    if not 0 < total <= _LONGEST_SECONDS:
        raise click.BadParameter(f"{value!r} is not between 1s and 24h.", context, option)
    return total


def days_of(context: click.Context, option: click.Parameter, value: str | None) -> timedelta | None:
    """Read a span of days or weeks, as the callback of an option.

    Raises:
        BadParameter: It is none.
    """
    if value is None:
        return None
    match = _DAYS.fullmatch(value.strip())
    if match is None:
        raise click.BadParameter(f"{value!r} is no time; write it as 90d or 12w.", context, option)
    number, unit = match.groups()
    return timedelta(days=int(number) * (_WEEK_DAYS if unit in "wW" else 1))
