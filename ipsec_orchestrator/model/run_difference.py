"""One fact in which two runs differ."""

from dataclasses import dataclass
from enum import StrEnum


class RunPart(StrEnum):
    """Which part of a run a fact is about."""

    RUN = "run"
    PLAN = "plan"
    STEP = "step"
    HOST = "host"
    LEFT = "left"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDifference:
    """One fact.

    Attributes:
        part: What it is about.
        thing: Which thing, step or host.
        field: Which of its properties.
        first: What it is in the first run; ``None`` if there is no such fact.
        second: What it is in the second run, likewise.
    """

    part: RunPart
    thing: str
    field: str
    first: str | None
    second: str | None
