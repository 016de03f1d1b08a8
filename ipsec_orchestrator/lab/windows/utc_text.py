"""Times as .NET's round-trip format has them."""

from datetime import UTC, datetime

_MICROSECOND_DIGITS = 6


def utc_text(moment: datetime) -> str:
    """Write a time as .NET's round-trip format does."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")


def moment_of(text: str) -> datetime:
    """Read such a time; it has a digit more than Python takes."""
    head, _, fraction = text.removesuffix("Z").partition(".")
    return datetime.fromisoformat(f"{head}.{fraction[:_MICROSECOND_DIGITS] or '0'}+00:00")
