"""The shape of a playbook's ``watch``: what may be done about differences, and when."""

import re
from typing import Annotated, TypeAlias

from pydantic import Field, PlainValidator, WithJsonSchema

from ipsec_orchestrator.adapters.specification.fields import (
    Deadline,
    Label,
    PassInterval,
    Section,
    quoted,
    wrong,
)
from ipsec_orchestrator.model.watch_rules import DAY_MINUTES, Handling

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(
    r"(?P<days>[a-z,\s-]+?)\s+(?P<fh>\d{1,2}):(?P<fm>\d\d)\s*-\s*(?P<th>\d{1,2}):(?P<tm>\d\d)",
    re.ASCII | re.IGNORECASE,
)
_HOW = "write it as 'Mon-Fri 08:00-18:00', 'Sat,Sun 00:00-24:00' or 'daily 22:00-04:00'."

HandlingWord: TypeAlias = Annotated[Handling, Field(strict=False)]
Hours: TypeAlias = tuple[str, frozenset[int], int, int]
"""The text, days, minute of the day at which they begin, minutes that they last."""


def parse_hours(value: object) -> Hours:
    """Read ``Mon-Fri 08:00-18:00``."""
    found = _HOURS.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise wrong(f"{quoted(value)} are no hours of the week: {_HOW}")
    begins = _minute(found["fh"], found["fm"])
    ends = _minute(found["th"], found["tm"])
    if begins is None or ends is None or begins == DAY_MINUTES:
        raise wrong(f"{quoted(value)}: hours go from 00:00 to 24:00.")
    if begins == ends:
        raise wrong(
            f"{quoted(value)} begin and end at the same minute; a whole day is 00:00-24:00."
        )
    return str(value), _days(found["days"]), begins, (ends - begins) % DAY_MINUTES or DAY_MINUTES


def _minute(hour: str, minute: str) -> int | None:
    total = int(hour) * 60 + int(minute)
    return total if int(minute) < 60 and total <= DAY_MINUTES else None  # noqa: PLR2004 - an hour


def _days(text: str) -> frozenset[int]:
    if text.strip().casefold() == "daily":
        return frozenset(range(len(_DAYS)))
    days: set[int] = set()
    for part in text.split(","):
        first, dash, last = (word.strip() for word in part.partition("-"))
        one, other = _day(first), _day(last if dash else first)
        days.update((one + step) % len(_DAYS) for step in range((other - one) % len(_DAYS) + 1))
    return frozenset(days)


def _day(word: str) -> int:
    try:
        return _DAYS.index(word.casefold())
    except ValueError:
        raise wrong(
            f"{quoted(word)} is no day; days are Mon, Tue, Wed, Thu, Fri, Sat, Sun."
        ) from None


HoursText: TypeAlias = Annotated[
    Hours,
    PlainValidator(parse_hours),
    WithJsonSchema({"type": "string", "examples": ["Mon-Fri 08:00-18:00"]}),
]


class KindsSection(Section):
    """What is done about differences of one kind of thing."""

    gpo: HandlingWord | None = Field(None, description="The GPO itself and its version.")
    link: HandlingWord | None = Field(None, description="Its link to the OU.")
    assignment: HandlingWord | None = Field(None, description="The policy that it assigns.")
    policy: HandlingWord | None = Field(None, description="Policies.")
    key_exchange: HandlingWord | None = Field(None, description="Key exchange settings.")
    rule: HandlingWord | None = Field(None, description="Rules.")
    filter_action: HandlingWord | None = Field(None, description="Filter actions.")
    filter_list: HandlingWord | None = Field(None, description="Filter lists.")
    member: HandlingWord | None = Field(None, description="Members that lack the policy.")


class RepairLimitSection(Section):
    """How often the same thing is repaired before it is left alone and an alarm raised."""

    times: Annotated[int, Field(ge=1, le=100)] = Field(3, description="So many repairs ...")
    within: PassInterval = Field(86_400, description="... within this time.", examples=["24h"])


class WatchSection(Section):
    """What orchestrate reconcile does about differences."""

    every: PassInterval | None = Field(
        None,
        description="Time from one pass to the next; a pass that does not happen is reported.",
        examples=["30m"],
    )
    on_drift: HandlingWord = Field(
        Handling.REPORT,
        description="report: tell it. ask: write a plan that somebody has to apply. repair: bring "
        "back what the last run left.",
        examples=["repair"],
    )
    kinds: KindsSection = Field(
        default_factory=lambda: KindsSection.model_validate({}),
        description="Other words for some kinds of things.",
        examples=[{"filter_list": "ask"}],
    )
    groups: dict[Label, HandlingWord] = Field(
        {},
        description="Other words for the members of some groups of the inventory; of several "
        "the first that is written counts.",
        examples=[{"production": "ask"}],
    )
    repair_limit: RepairLimitSection = Field(
        default_factory=lambda: RepairLimitSection.model_validate({}),
        description="The same thing is not repaired again and again.",
    )
    time_zone: str = Field(
        "UTC",
        description="Where the clock for the hours below hangs: a name of the IANA data base.",
        examples=["Europe/Berlin"],
    )
    repair_only: list[HoursText] = Field(
        [],
        description="Nothing is repaired outside of these hours. Default: always.",
        examples=[["Mon-Fri 08:00-18:00"]],
    )
    leave_alone: list[HoursText] = Field(
        [],
        description="Nothing is repaired within these hours: somebody is at work then.",
        examples=[["Sat 20:00-24:00", "Sun 00:00-06:00"]],
    )
    confirm_within: Deadline | None = Field(
        None,
        description="Somebody has to confirm each repair within this time, as with apply "
        "--confirm-within.",
        examples=["15m"],
    )
    accept_unproved_revert: bool = Field(
        default=False,
        description="Rely on the local undo of confirm_within, although nobody has proved it on "
        "Windows.",
    )
