"""Whose state is read in this pass: those who need it, and the others in turn.

Nothing is left to chance: the oldest reading comes first, then the name decides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil
from typing import Final

from ipsec_orchestrator.model.inventory import Host
from ipsec_orchestrator.model.watermark import MemberReading

MAX_AGE: Final = timedelta(hours=24)


class Turn(StrEnum):
    """Who has a turn."""

    ALL = "all"
    CHANGED = "changed"
    SAMPLE = "sample"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """Who is read, and how old a reading may become.

    Attributes:
        turn: Everybody; those who need it; or those and a share of the others.
        percent: The share of a sample, of all members.
        max_age: No clean reading is relied on for longer.
    """

    turn: Turn = Turn.ALL
    percent: float = 0.0
    max_age: timedelta = MAX_AGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Who is read in a pass.

    Attributes:
        hosts: They, in the order of the inventory.
        left_out: How many are not read.
        oldest: When the oldest of the readings was taken that are relied on instead.
        overdue: How many are read only because their reading had become too old.
        share: How many a sample is meant to take; 0 if it is none.
    """

    hosts: tuple[Host, ...]
    left_out: int = 0
    oldest: datetime | None = None
    overdue: int = 0
    share: int = 0

    @property
    def share_is_too_small(self) -> bool:
        """Tell whether the share can't keep the maximum age at the present interval."""
        return 0 < self.share < self.overdue


def choose_members(
    members: Sequence[Host],
    *,
    readings: Mapping[str, MemberReading],
    accounts: Mapping[str, str],
    basis: str,
    now: datetime,
    rotation: Rotation,
) -> Chosen:
    """Choose whose state is read.

    A member needs it if it was never read, was not clean, has another account or another place,
    is to be compared with something else than then, or if its reading is too old. A reading of
    the future counts as too old: the clock was put back, and nobody knows when it really was.

    Args:
        members: Whom the playbook means.
        readings: The last one of each, by name.
        accounts: DN and SID of each computer account in the reach of the GPO, by name.
        basis: Digest of everything that members are compared with now.
        now: The time.
        rotation: The wish.
    """
    if rotation.turn is Turn.ALL:
        return Chosen(hosts=tuple(members))
    relied: dict[str, datetime] = {}
    overdue = 0
    for host in members:
        reading = readings.get(host.name)
        if reading is None or not _still_stands(reading, accounts.get(host.name, ""), basis):
            continue
        if timedelta() <= now - reading.at < rotation.max_age:
            relied[host.name] = reading.at
        else:
            overdue += 1
    share = 0
    if rotation.turn is Turn.SAMPLE:
        share = ceil(len(members) * rotation.percent / 100)
        room = max(0, share - (len(members) - len(relied)))
        for name in sorted(relied, key=lambda name: (relied[name], name))[:room]:
            del relied[name]
    return Chosen(
        hosts=tuple(host for host in members if host.name not in relied),
        left_out=len(relied),
        oldest=min(relied.values(), default=None),
        overdue=overdue,
        share=share,
    )


def _still_stands(reading: MemberReading, account: str, basis: str) -> bool:
    return reading.clean and reading.basis == basis and bool(account) and reading.account == account
