"""The lock that a run holds in the directory while it changes a GPO and what hangs on it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLock:
    """Who holds a lock, and since when.

    Attributes:
        gpo: Display name of the GPO.
        run_id: The run that holds it.
        owner: Account or login name of whoever started the run.
        host: Name of the workstation.
        since: UTC, by the clock of the DC.
        tool_version: Version of this program there.
    """

    gpo: str
    run_id: str
    owner: str
    host: str
    since: datetime
    tool_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLock:
    """A lock as it stands in the directory.

    Attributes:
        dn: Its object.
        guid: objectGUID; a lock that was broken and taken anew has another one.
        lock: What it says; ``None`` if that can't be read.
        now: The DC's time when it was looked at, UTC.
    """

    dn: str
    guid: UUID
    lock: RunLock | None
    now: datetime

    @property
    def holder(self) -> str:
        """Say who holds it, since when, and for how long."""
        if self.lock is None:
            return f"somebody whose entry can't be read ({self.dn})"
        return (
            f"run {self.lock.run_id} of {self.lock.owner} on {self.lock.host}, since "
            f"{self.lock.since:%Y-%m-%d %H:%M:%S} UTC ({_ago(self.now - self.lock.since)} ago)"
        )


_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60))


def _ago(spent: timedelta) -> str:
    """Say how long, in the largest unit that fits: ``2 minutes``."""
    seconds = max(0, int(spent.total_seconds()))
    name, length = next(((n, size) for n, size in _UNITS if seconds >= size), ("second", 1))
    number = seconds // length
    return f"{number} {name}{'' if number == 1 else 's'}"
