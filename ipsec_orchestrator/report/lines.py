"""Text for people as lines with a meaning; the command line gives the meanings colours."""

from dataclasses import dataclass
from enum import StrEnum


class Tone(StrEnum):
    """What a line means."""

    PLAIN = "plain"
    HEADING = "heading"
    CREATE = "create"
    CHANGE = "change"
    DELETE = "delete"
    UNCHANGED = "unchanged"
    FOREIGN = "foreign"
    WARNING = "warning"
    GOOD = "good"
    BAD = "bad"
    QUIET = "quiet"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text and its meaning."""

    text: str = ""
    tone: Tone = Tone.PLAIN


def plain_text(lines: "list[Line]") -> str:
    """Give the lines as text without colours, each ended."""
    return "".join(f"{line.text}\n" for line in lines)
