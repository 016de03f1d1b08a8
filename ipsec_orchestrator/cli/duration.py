"""Spans of time as people write them on the command line: ``15m``, ``90s``, ``1h30m``."""

import re
from typing import Final

import click

_WORDS: Final = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.IGNORECASE)
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
