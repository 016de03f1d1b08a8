"""A run that has to be confirmed, as this workstation remembers it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingConfirmation:
    """Tasks that wait on members.

    Attributes:
        run_id: The run that put them there.
        playbook: Name of its playbook.
        domain: DNS name of its domain.
        deadline: When they run, UTC.
        hosts: Members that have one, by inventory name.
    """

    run_id: str
    playbook: str
    domain: str
    deadline: datetime
    hosts: tuple[str, ...]
